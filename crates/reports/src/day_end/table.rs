//! The day end for programs: CSV and JSON.

use money::Money;
use serde::Serialize;

use super::{ClearingFinding, DayEnd};
use crate::csv::{Cell, Csv};
use crate::{Day, Total};

pub(super) fn csv(day_end: &DayEnd) -> String {
    let mut csv = Csv::new(&["day", "section", "item", "detail", "count", "currency", "amount"]);
    let day = day_end.day;
    let mut row = |section: &str, item: &str, detail: &str, count: Option<u64>, amount: Option<Total>| {
        csv.row(&[
            Cell::own(day),
            Cell::own(section),
            Cell::Foreign(item),
            Cell::Foreign(detail),
            Cell::Own(count.map(|count| count.to_string()).unwrap_or_default()),
            Cell::Own(amount.map(|amount| amount.currency().to_string()).unwrap_or_default()),
            Cell::Own(amount.map(Total::decimal).unwrap_or_default()),
        ]);
    };
    for finding in day_end.findings() {
        match finding {
            ClearingFinding::NetsDoNotCancel { cycle, by } => {
                row("ALARM", "nets-do-not-cancel", &cycle.to_string(), None, Some(by));
            }
            ClearingFinding::NetDoesNotFollow { cycle, participant, by } => {
                row("ALARM", "net-does-not-follow", &format!("{cycle}/{participant}"), None, Some(by));
            }
        }
    }
    let zone = &day_end.letterhead.zone;
    row("day", "cut-off", &zone.clock(day_end.cut_off).rfc3339(), None, None);
    for total in &day_end.operations {
        row("operation", total.operation.word(), "", Some(total.count), Some(total.amount.into()));
    }
    for total in &day_end.fees {
        row("fee", &total.schedule, "", Some(total.count), Some(total.amount.into()));
    }
    for total in &day_end.declines {
        row("decline", &total.reason, "", Some(total.count), None);
    }
    for total in &day_end.holds {
        row("hold", "open", "", Some(total.count), Some(total.amount.into()));
    }
    let review = day_end.review;
    let oldest = review.oldest.map(|at| zone.clock(at).rfc3339()).unwrap_or_default();
    row("review", "waiting", &oldest, Some(review.waiting), None);
    row("review", "released", "", Some(review.released), None);
    row("review", "refused", "", Some(review.refused), None);
    for cycle in &day_end.clearing {
        let number = cycle.cycle.to_string();
        for position in &cycle.positions {
            let participant = &position.participant;
            row("position-debit", participant, &number, None, Some(position.gross_debit.into()));
            row("position-credit", participant, &number, None, Some(position.gross_credit.into()));
            row("position-net", participant, &number, None, Some(position.net.into()));
        }
        for participant in &cycle.held_out {
            row("held-out", participant, &number, None, None);
        }
        row("settlement", cycle.state().word(), &number, None, None);
        row("settlement", "instructions", &number, Some(cycle.instructions), None);
        row("settlement", "confirmed", &number, Some(cycle.confirmed), None);
        row("settlement", "discrepancies", &number, Some(cycle.discrepancies), None);
    }
    if let Some(head) = &day_end.audit {
        row("audit", "root", &head.root, Some(head.size), None);
        row("audit", "signed-at", &zone.clock(head.at).rfc3339(), None, None);
    }
    csv.finish()
}

#[derive(Serialize)]
struct Operation<'a> {
    operation: &'a str,
    count: u64,
    amount: Money,
}

#[derive(Serialize)]
struct Fee<'a> {
    schedule: &'a str,
    count: u64,
    amount: Money,
}

#[derive(Serialize)]
struct Decline<'a> {
    reason: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Hold {
    count: u64,
    amount: Money,
}

#[derive(Serialize)]
struct Review {
    waiting: u64,
    oldest: Option<String>,
    released: u64,
    refused: u64,
}

#[derive(Serialize)]
struct Cycle<'a> {
    cycle: u32,
    settlement: &'static str,
    instructions: u64,
    confirmed: u64,
    discrepancies: u64,
    held_out: &'a [String],
    positions: Vec<Position<'a>>,
}

#[derive(Serialize)]
struct Position<'a> {
    participant: &'a str,
    name: &'a str,
    gross_debit: Money,
    gross_credit: Money,
    net: Money,
}

#[derive(Serialize)]
struct Audit<'a> {
    size: u64,
    root: &'a str,
    at: String,
}

#[derive(Serialize)]
struct Document<'a> {
    report: &'static str,
    version: u32,
    clearing_balances: bool,
    operator: &'a str,
    issued: String,
    time_zone: &'a str,
    day: Day,
    cut_off: String,
    operations: Vec<Operation<'a>>,
    fees: Vec<Fee<'a>>,
    declines: Vec<Decline<'a>>,
    holds: Vec<Hold>,
    review: Review,
    clearing: Vec<Cycle<'a>>,
    audit: Option<Audit<'a>>,
}

pub(super) fn json(day_end: &DayEnd) -> String {
    let zone = &day_end.letterhead.zone;
    let at = |at| zone.clock(at).rfc3339();
    let operations = day_end.operations.iter().map(|total| Operation {
        operation: total.operation.word(),
        count: total.count,
        amount: total.amount,
    });
    let fees = day_end.fees.iter().map(|total| Fee {
        schedule: &total.schedule,
        count: total.count,
        amount: total.amount,
    });
    let clearing = day_end.clearing.iter().map(|cycle| Cycle {
        cycle: cycle.cycle,
        settlement: cycle.state().word(),
        instructions: cycle.instructions,
        confirmed: cycle.confirmed,
        discrepancies: cycle.discrepancies,
        held_out: &cycle.held_out,
        positions: cycle
            .positions
            .iter()
            .map(|position| Position {
                participant: &position.participant,
                name: &position.name,
                gross_debit: position.gross_debit,
                gross_credit: position.gross_credit,
                net: position.net,
            })
            .collect(),
    });
    let review = day_end.review;
    crate::json::text(&Document {
        report: "day-end",
        version: 1,
        clearing_balances: day_end.clearing_balances(),
        operator: &day_end.letterhead.operator,
        issued: at(day_end.letterhead.issued),
        time_zone: zone.name(),
        day: day_end.day,
        cut_off: at(day_end.cut_off),
        operations: operations.collect(),
        fees: fees.collect(),
        declines: day_end
            .declines
            .iter()
            .map(|total| Decline { reason: &total.reason, count: total.count })
            .collect(),
        holds: day_end.holds.iter().map(|total| Hold { count: total.count, amount: total.amount }).collect(),
        review: Review {
            waiting: review.waiting,
            oldest: review.oldest.map(at),
            released: review.released,
            refused: review.refused,
        },
        clearing: clearing.collect(),
        audit: day_end.audit.as_ref().map(|head| Audit {
            size: head.size,
            root: &head.root,
            at: at(head.at),
        }),
    })
}
