//! A reconciliation for programs: CSV and JSON.

use money::Money;
use serde::Serialize;

use super::{Reconciliation, Record};
use crate::csv::{Cell, Csv};
use crate::{Day, Total};

impl Reconciliation {
    /// The reconciliation as CSV: what needs attention first, then what matched.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = Csv::new(&[
            "outcome",
            "reference",
            "our_date",
            "our_amount",
            "our_currency",
            "their_date",
            "their_amount",
            "their_currency",
            "their_line",
        ]);
        let mut row = |outcome: &str, ours: Option<&Record>, theirs: Option<&Record>| {
            let reference = ours.or(theirs).map(|record| record.reference.trim()).unwrap_or_default();
            let mut cells = vec![Cell::own(outcome), Cell::Foreign(reference)];
            for side in [ours, theirs] {
                cells.extend(match side {
                    Some(record) => [
                        Cell::own(record.day),
                        Cell::own(record.amount.decimal()),
                        Cell::own(record.amount.currency()),
                    ],
                    None => [Cell::empty(), Cell::empty(), Cell::empty()],
                });
            }
            let line = theirs.and_then(|record| record.line);
            cells.push(Cell::Own(line.map(|line| line.to_string()).unwrap_or_default()));
            csv.row(&cells);
        };
        for (pair, difference) in &self.differs {
            row(difference.word(), Some(&pair.ours), Some(&pair.theirs));
        }
        for record in &self.missing_here {
            row("missing-here", None, Some(record));
        }
        for record in &self.missing_there {
            row("missing-there", Some(record), None);
        }
        for pair in &self.matched {
            row("matched", Some(&pair.ours), Some(&pair.theirs));
        }
        csv.finish()
    }

    /// The reconciliation as JSON; `clean` comes first.
    #[must_use]
    pub fn json(&self) -> String {
        let counts = Counts {
            matched: self.matched.len(),
            differs: self.differs.len(),
            missing_here: self.missing_here.len(),
            missing_there: self.missing_there.len(),
        };
        crate::json::text(&Document {
            report: "reconciliation",
            version: 1,
            clean: self.is_clean(),
            counts,
            totals: self
                .totals()
                .into_iter()
                .map(|(ours, theirs)| Totals { ours, theirs, difference: ours.less(theirs) })
                .collect(),
            differs: self
                .differs
                .iter()
                .map(|(pair, difference)| Differing {
                    difference: difference.word(),
                    ours: (&pair.ours).into(),
                    theirs: (&pair.theirs).into(),
                })
                .collect(),
            missing_here: self.missing_here.iter().map(Into::into).collect(),
            missing_there: self.missing_there.iter().map(Into::into).collect(),
            matched: self
                .matched
                .iter()
                .map(|pair| Matched { ours: (&pair.ours).into(), theirs: (&pair.theirs).into() })
                .collect(),
        })
    }
}

#[derive(Serialize)]
struct Counts {
    matched: usize,
    differs: usize,
    missing_here: usize,
    missing_there: usize,
}

#[derive(Serialize)]
struct Totals {
    ours: Total,
    theirs: Total,
    difference: Total,
}

#[derive(Serialize)]
struct Entry<'a> {
    reference: &'a str,
    amount: Money,
    day: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl<'a> From<&'a Record> for Entry<'a> {
    fn from(record: &'a Record) -> Self {
        Self { reference: &record.reference, amount: record.amount, day: record.day, line: record.line }
    }
}

#[derive(Serialize)]
struct Matched<'a> {
    ours: Entry<'a>,
    theirs: Entry<'a>,
}

#[derive(Serialize)]
struct Differing<'a> {
    difference: &'static str,
    ours: Entry<'a>,
    theirs: Entry<'a>,
}

#[derive(Serialize)]
struct Document<'a> {
    report: &'static str,
    version: u32,
    clean: bool,
    counts: Counts,
    totals: Vec<Totals>,
    differs: Vec<Differing<'a>>,
    missing_here: Vec<Entry<'a>>,
    missing_there: Vec<Entry<'a>>,
    matched: Vec<Matched<'a>>,
}
