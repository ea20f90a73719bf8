//! The end of a day: an act in the book, whose number tells which payments are of the day. Nothing stops.

use accounts::{Act, Timestamp};
use anyhow::{Result, bail};
use clearing::Day;
use serde_json::{Value, json};

use super::log::{self, Log};
use super::{derived_key, moment};
use crate::clock;
use crate::directory::Books;

/// Who ends days by itself.
const PROGRAM: &str = "thinpay";

/// The day that is over by the parameters and has no cut-off yet.
pub(super) async fn due(books: &Books, now: Timestamp) -> Result<Option<Day>> {
    let accounts = &books.services.accounts;
    let parameters = accounts.registry().effective(now).cut_off;
    let ended = parameters.clearing_day(now).yesterday();
    let day = read_day(ended)?;
    let newest = accounts.acts(Some(log::CUT_OFF), None, 1).await?.pop();
    // Numbers begin where nothing was before: a book that was made after the day ended had no such day.
    let after = accounts.number_at(parameters.ends(ended)).await?;
    let due = match newest {
        Some(newest) => newest.act.subject.parse::<Day>()? < day && newest.number < after,
        None => accounts.number_at(Timestamp(0)).await? < after,
    };
    Ok(due.then_some(day))
}

/// Ends a day: the one named, or the one that is due.
pub(super) async fn make(books: &Books, day: Option<Day>, actor: &str) -> Result<Value> {
    let now = clock::timestamp();
    let parameters = books.services.accounts.registry().effective(now).cut_off;
    let running = parameters.clearing_day(now);
    let (time, zone) = (parameters.time, parameters.zone.name().to_owned());
    let day = match day {
        Some(day) => day,
        None => match due(books, now).await? {
            Some(day) => day,
            None => bail!(
                "No day waits for its cut-off: {running} runs until {time} {zone}. To end it now: thinpay clearing cut-off --day {running}"
            ),
        },
    };
    if day > read_day(running)? {
        bail!("{day} has not begun: it is {running} until {time} {zone}.");
    }
    let log = Log::read(&books.services.accounts).await?;
    if let Some(last) = log.cut_offs.last() {
        if log.cut_offs.iter().any(|cut_off| cut_off.day == day) {
            bail!("{day} has its cut-off already. `thinpay clearing list` shows the days that have.");
        }
        if day < last.day {
            bail!("{day} is before {}, which has its cut-off already: days end in their order.", last.day);
        }
    }
    let ends = parameters.ends(day.to_string().parse().map_err(anyhow::Error::msg)?);
    let act = Act {
        key: derived_key(log::CUT_OFF, &day.to_string()),
        actor: actor.to_owned(),
        action: log::CUT_OFF.to_owned(),
        subject: day.to_string(),
        detail: json!({ "ends_at": moment(ends), "zone": zone }).to_string(),
    };
    let number = books.services.accounts.act(act).await?;
    let log = Log::read(&books.services.accounts).await?;
    let at = log.cut_offs.iter().find(|cut_off| cut_off.number == number).map(|cut_off| moment(cut_off.at));
    Ok(json!({ "day": day, "number": number.to_string(), "at": at, "ends_at": moment(ends) }))
}

/// Ends the day that is due, if one is; says which, and how long to wait before looking again at the latest.
pub(crate) async fn make_due(books: &Books) -> Result<Option<String>> {
    let _one_at_a_time = books.changing.lock().await;
    let Some(day) = due(books, clock::timestamp()).await? else { return Ok(None) };
    make(books, Some(day), PROGRAM).await?;
    Ok(Some(day.to_string()))
}

/// How long the running day still runs.
pub(crate) fn runs_for(books: &Books) -> std::time::Duration {
    let now = clock::timestamp();
    let parameters = books.services.accounts.registry().effective(now).cut_off;
    let ends = parameters.ends(parameters.clearing_day(now));
    std::time::Duration::from_nanos(ends.0.saturating_sub(now.0))
}

/// A day of the parameters as a day of clearing.
pub(super) fn read_day(day: parameters::Day) -> Result<Day> {
    Ok(day.to_string().parse()?)
}
