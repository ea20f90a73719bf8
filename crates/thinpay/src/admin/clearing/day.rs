//! A day's clearing, made from the book: the same book gives the same clearing.

use std::collections::BTreeSet;

use accounts::Timestamp;
use anyhow::{Context as _, Result, bail};
use clearing::{Clearing, ClearingInput, Day, Line, Obligation, Participant, ParticipantId};
use tokio::task::block_in_place;

use super::log::{CutOff, Log};
use super::parties::Parties;
use crate::directory::Books;

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// A day's clearing, and what it was made of.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) clearing: Clearing,
    pub(super) carried_in: Vec<Obligation>,
    /// An earlier day that has something to settle and was not given out.
    pub(super) earlier_open: Option<Day>,
}

/// Clears a day: the cycle that was given out last, or the next one.
pub(super) async fn clear(books: &Books, log: &Log, day: Day, new_cycle: bool) -> Result<Cleared> {
    let place = log.place(day)?;
    let carried = |place: usize| -> Option<&Vec<Obligation>> {
        log.export(log.cut_offs.get(place)?.day)?.detail.carried_out.as_ref()
    };
    // What an earlier day carried out is known once its files were given out; from there on, day by day.
    let known = (0..place).rev().find(|earlier| carried(*earlier).is_some());
    let mut carried_in = known.and_then(carried).cloned().unwrap_or_default();
    let mut earlier_open = None;
    for earlier in known.map_or(0, |known| known.saturating_add(1))..place {
        let cut_off = log.cut_offs.get(earlier).context("There is no such cut-off.")?;
        let (cleared, _) = clear_place(books, log, earlier, false, carried_in).await?;
        let open = !(cleared.obligations.is_empty() && cleared.carried_out.is_empty());
        if open && log.export(cut_off.day).is_none() {
            earlier_open.get_or_insert(cut_off.day);
        }
        carried_in = cleared.carried_out;
    }
    let (clearing, carried_in) = clear_place(books, log, place, new_cycle, carried_in).await?;
    Ok(Cleared { clearing, carried_in, earlier_open })
}

async fn clear_place(
    books: &Books,
    log: &Log,
    place: usize,
    new_cycle: bool,
    mut carried_in: Vec<Obligation>,
) -> Result<(Clearing, Vec<Obligation>)> {
    let cut_off = log.cut_offs.get(place).context("There is no such cut-off.")?;
    let export = log.export(cut_off.day);
    // A cycle that was given out stays as it was: what was done after it counts for the next one.
    let (cycle, before) = match export {
        None => (1, None),
        Some(export) if new_cycle => (export.detail.cycle.saturating_add(1), None),
        Some(export) => (export.detail.cycle, Some(export.number)),
    };
    carried_in.extend(log.refused_before(place).map(|refused| refused.detail.obligation.clone()));
    let mut parties = Parties::at(books, cut_off.at).await?;
    let lines = lines_at(books, log, place, &parties).await?;
    add_former(books, log, place, &mut parties.list, &carried_in).await?;
    let mut held_out = log.held_out(cut_off.day, before);
    held_out.retain(|id| parties.list.iter().any(|one| one.id == *id));
    let calendar = books.services.accounts.registry().effective(cut_off.at).calendar;
    let day: parameters::Day = cut_off.day.to_string().parse().map_err(anyhow::Error::msg)?;
    let input = ClearingInput {
        day: cut_off.day,
        cycle,
        cut_off_at: end(cut_off, &lines),
        settlement_day: calendar.next_business(day).to_string().parse()?,
        lines,
        participants: parties.list,
        held_out,
        carried_in: carried_in.clone(),
    };
    let cleared = block_in_place(|| clearing::clear(&input));
    let day = cut_off.day;
    let cannot = || format!("{day} cannot be cleared with the participants in effect at its cut-off.");
    Ok((cleared.with_context(cannot)?, carried_in))
}

/// Adds the participants that something is carried in for although they take part no more, as they last were.
async fn add_former(
    books: &Books,
    log: &Log,
    place: usize,
    list: &mut Vec<Participant>,
    carried_in: &[Obligation],
) -> Result<()> {
    let sides = carried_in.iter().flat_map(|obligation| [&obligation.debtor, &obligation.creditor]);
    let mut missing: BTreeSet<&ParticipantId> = sides.collect();
    missing.retain(|id| list.iter().all(|one| one.id != **id));
    for earlier in log.cut_offs.iter().take(place).rev() {
        if missing.is_empty() {
            break;
        }
        for former in Parties::at(books, earlier.at).await?.list {
            if missing.remove(&former.id) {
                list.push(former);
            }
        }
    }
    Ok(())
}

/// The lines of a day.
pub(super) async fn lines(books: &Books, log: &Log, day: Day) -> Result<Vec<Line>> {
    let place = log.place(day)?;
    let cut_off = log.cut_offs.get(place).context("There is no such cut-off.")?;
    let parties = Parties::at(books, cut_off.at).await?;
    lines_at(books, log, place, &parties).await
}

async fn lines_at(books: &Books, log: &Log, place: usize, parties: &Parties) -> Result<Vec<Line>> {
    let accounts = &books.services.accounts;
    let from = match place.checked_sub(1).and_then(|earlier| log.cut_offs.get(earlier)) {
        Some(earlier) => earlier.number,
        None => accounts.number_at(Timestamp(0)).await?,
    };
    let Some(cut_off) = log.cut_offs.get(place) else { bail!("There is no such cut-off.") };
    let movements = accounts.movements(from, cut_off.number).await?;
    Ok(movements.into_iter().filter_map(|movement| parties.line(movement)).collect())
}

/// The first whole second after the cut-off and every line of the day: files tell whole seconds.
fn end(cut_off: &CutOff, lines: &[Line]) -> Timestamp {
    let last = lines.iter().map(|line| line.at).max().unwrap_or(cut_off.at).max(cut_off.at);
    let second = (last.0 / NANOSECONDS_PER_SECOND).saturating_add(1);
    Timestamp(second.saturating_mul(NANOSECONDS_PER_SECOND))
}
