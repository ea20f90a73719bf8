//! The day end, made from the books.

use accounts::{Figure, PaymentId, Timestamp};
use anyhow::{Context as _, Result};
use parameters::{Day, Zone};
use reports::{
    AuditHead, ClearingCycle, ClearingPosition, DayEnd, DeclineTotal, FeeTotal, HoldTotal, Letterhead,
    OperationTotal, ReviewQueue,
};
use serde_json::Value;

use super::reported;
use crate::admin::actor::{Actor, hex};
use crate::admin::clearing;
use crate::directory::Books;

/// What cut-offs are called among the acts.
const CUT_OFF: &str = "cut-off";
/// Acts read at once.
const PAGE: u32 = 1000;

/// What a day is made of.
#[derive(Debug)]
struct Bounds {
    /// The first number of the day, and the first that is not any more.
    numbers: (PaymentId, PaymentId),
    /// When it ended, or will have ended.
    end: Timestamp,
    /// `cut-off`, `midnight`, or `not-yet`.
    by: &'static str,
}

/// The day end of a day, and what ended it. A day that was cut off is what was posted between its cut-off and the
/// one before; another one goes from the cut-off of the day before, or from midnight, until midnight or now.
pub(super) async fn make(
    books: &Books,
    zone: &Zone,
    letterhead: Letterhead,
    day: Day,
    actor: &Actor,
) -> Result<(DayEnd, &'static str)> {
    let accounts = &books.services.accounts;
    let now = letterhead.issued;
    let Bounds { numbers: (from, until), end, by } = bounds(books, zone, day, now).await?;
    let figures = accounts.day_figures(from, until).await?;
    let declines = accounts.declines(from, until).await?;
    let held = accounts.held_at(None, end).await?;
    let Figures { operations, fees } = Figures::of(figures.operations, figures.fees);
    let day_end = DayEnd {
        letterhead,
        day: reported(day)?,
        cut_off: end,
        operations,
        fees,
        declines: declines.into_iter().map(|(reason, count)| DeclineTotal { reason, count }).collect(),
        holds: held.totals.into_iter().map(|(count, amount)| HoldTotal { count, amount }).collect(),
        review: ReviewQueue {
            waiting: held.waiting,
            oldest: held.oldest,
            released: figures.released,
            refused: figures.refused,
        },
        clearing: if by == CUT_OFF { cycles(books, day, end, actor).await? } else { Vec::new() },
        audit: head(books, end, by).await?,
    };
    Ok((day_end, by))
}

struct Figures {
    operations: Vec<OperationTotal>,
    fees: Vec<FeeTotal>,
}

impl Figures {
    /// The books keep what a fee was charged for, not the name of its schedule.
    fn of(operations: Vec<Figure>, fees: Vec<Figure>) -> Self {
        Self {
            operations: operations
                .into_iter()
                .map(|Figure { operation, count, amount }| OperationTotal {
                    operation: operation.word().into(),
                    count,
                    amount,
                })
                .collect(),
            fees: fees
                .into_iter()
                .map(|Figure { operation, count, amount }| FeeTotal {
                    schedule: operation.word().to_owned(),
                    count,
                    amount,
                })
                .collect(),
        }
    }
}

async fn bounds(books: &Books, zone: &Zone, day: Day, now: Timestamp) -> Result<Bounds> {
    let accounts = &books.services.accounts;
    let first = accounts.number_at(Timestamp(0)).await?;
    // The newest cut-off of an earlier day, and the day's own.
    let mut own = None;
    let mut before = None;
    let mut last = None;
    'acts: loop {
        let page = accounts.acts(Some(CUT_OFF), last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            last = Some(record.number);
            let Ok(of) = record.act.subject.parse::<Day>() else { continue };
            if of == day {
                own = Some(record);
            } else if of < day {
                before = Some((of, record.number));
                break 'acts;
            }
        }
    }
    if let Some(own) = own {
        let from = before.map_or(first, |(_, number)| number);
        return Ok(Bounds { numbers: (from, own.number), end: own.at, by: CUT_OFF });
    }
    let from = match before {
        Some((of, number)) if of == day.yesterday() => number,
        _ => accounts.number_at(zone.start_of(day)).await?,
    };
    let midnight = zone.start_of(day.tomorrow());
    let until = accounts.number_at(midnight).await?;
    if midnight <= now {
        return Ok(Bounds { numbers: (from, until), end: midnight, by: "midnight" });
    }
    Ok(Bounds { numbers: (from, until), end: now, by: "not-yet" })
}

/// The first head of the audit log that was signed after the day; signed now if there is none. Of a day that is
/// not over, the newest head.
async fn head(books: &Books, end: Timestamp, by: &str) -> Result<Option<AuditHead>> {
    let accounts = &books.services.accounts;
    if accounts.log_key().is_none() {
        return Ok(None);
    }
    let heads = accounts.heads().await?;
    let head = if by == "not-yet" {
        heads.last().cloned()
    } else {
        match heads.into_iter().find(|head| head.head.at >= end.0) {
            Some(head) => Some(head),
            None => Some(accounts.sign_head().await?),
        }
    };
    Ok(head.map(|signed| AuditHead {
        size: signed.head.size,
        root: hex(&signed.head.root),
        at: Timestamp(signed.head.at),
    }))
}

/// The day's clearing as it stands.
async fn cycles(books: &Books, day: Day, end: Timestamp, actor: &Actor) -> Result<Vec<ClearingCycle>> {
    let request = clearing::Request::Run { day: day.to_string().parse()?, tables: false, new_cycle: false };
    let run = clearing::carry_out(books, request, actor).await?;
    let participants = books.services.accounts.registry().effective(end).participants;
    let name = |id: &str| participants.find(id).map(|one| one.name.clone()).unwrap_or_default();
    Ok(vec![cycle(&run, name).context("The day's clearing is not told as the day end reads it.")?])
}

fn cycle(run: &Value, name: impl Fn(&str) -> String) -> Option<ClearingCycle> {
    let positions = run.get("positions")?.as_array()?.iter().map(|position| {
        let money = |field: &str| serde_json::from_value(position.get(field)?.clone()).ok();
        let participant = position.get("participant")?.as_str()?.to_owned();
        Some(ClearingPosition {
            name: name(&participant),
            participant,
            gross_debit: money("debit")?,
            gross_credit: money("credit")?,
            net: money("net")?,
        })
    });
    let instructions = run.get("instructions")?.as_array()?;
    let count = |state: &str| {
        let of_state = |one: &&Value| one.get("state").and_then(Value::as_str) == Some(state);
        u64::try_from(instructions.iter().filter(of_state).count()).unwrap_or(u64::MAX)
    };
    let held_out = run.get("held_out")?.as_array()?.iter().filter_map(|id| id.as_str().map(str::to_owned));
    Some(ClearingCycle {
        cycle: u32::try_from(run.get("cycle")?.as_u64()?).ok()?,
        positions: positions.collect::<Option<_>>()?,
        instructions: u64::try_from(instructions.len()).unwrap_or(u64::MAX),
        confirmed: count("confirmed"),
        discrepancies: count("refused"),
        held_out: held_out.collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cycle_is_read_from_the_clearing_s_answer() {
        let money = |units: i64| json!({ "minor_units": units, "currency": "CNY" });
        let run = json!({
            "cycle": 2,
            "held_out": ["acme"],
            "positions": [
                { "participant": "luckin", "debit": money(0), "credit": money(2350), "net": money(2350) },
                { "participant": "operator", "debit": money(2350), "credit": money(0), "net": money(-2350) },
            ],
            "instructions": [{ "state": "confirmed" }, { "state": "refused" }, { "state": "open" }],
        });
        let cycle = cycle(&run, str::to_uppercase).expect("reads");
        assert_eq!((cycle.cycle, cycle.instructions, cycle.confirmed, cycle.discrepancies), (2, 3, 1, 1));
        assert_eq!(
            cycle.positions.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["LUCKIN", "OPERATOR"]
        );
        assert_eq!(cycle.held_out, ["acme"]);
        assert!(super::cycle(&json!({}), str::to_owned).is_none());
    }
}
