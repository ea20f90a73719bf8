//! Matching the day's lines with what acceptance terminals counted.

use std::collections::BTreeMap;

use money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::csv::{CELL_BYTES_MAX, CELLS_MAX, RowError, Rows};
use crate::{Line, LineKind};

/// Largest table of totals that is read, in bytes.
pub const TOTALS_BYTES_MAX: usize = 16 << 20;

/// Most rows of a table of totals.
pub const TOTALS_ROWS_MAX: usize = 200_000;

/// The header of a table of totals.
const HEADER: [&str; 5] = ["terminal", "batch", "currency", "count", "amount"];

/// What one terminal counted in one batch and currency: payments and captures add to the amount, refunds take
/// away from it, each counts one. Other lines (fees, transfers) are not seen by a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalTotals {
    /// The terminal.
    pub terminal: String,
    /// Its batch; may be empty.
    pub batch: String,
    /// How many.
    pub count: u64,
    /// How much in sum; may be negative.
    pub amount: Money,
}

/// One way in which totals do not fit. `ours` are counted from the lines, `theirs` are the terminal's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "discrepancy", rename_all = "kebab-case")]
pub enum TotalsDiscrepancy {
    /// The terminal counted something where we have nothing.
    MissingHere {
        /// The terminal's totals.
        theirs: TerminalTotals,
    },
    /// We have lines where the terminal reported nothing.
    MissingThere {
        /// Our totals.
        ours: TerminalTotals,
    },
    /// The numbers of lines differ.
    CountDiffers {
        /// Our totals.
        ours: TerminalTotals,
        /// The terminal's totals.
        theirs: TerminalTotals,
    },
    /// The numbers agree, the sums differ.
    AmountDiffers {
        /// Our totals.
        ours: TerminalTotals,
        /// The terminal's totals.
        theirs: TerminalTotals,
    },
}

/// The comparison of all terminals' totals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsMatch {
    /// Totals that agree, by terminal, batch and currency.
    pub matched: Vec<TerminalTotals>,
    /// Totals that do not, in the same order.
    pub discrepancies: Vec<TotalsDiscrepancy>,
}

/// Why totals were not read or matched. For whoever made the file to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotalsError {
    /// The file is too large.
    #[error("the table of terminal totals is larger than {TOTALS_BYTES_MAX} bytes; split it by terminal")]
    TooLarge,
    /// There are too many rows.
    #[error("the table of terminal totals has more than {TOTALS_ROWS_MAX} rows; split it by terminal")]
    TooManyRows,
    /// The file is not UTF-8.
    #[error("the table of terminal totals is not UTF-8 text; save it as \"CSV UTF-8\"")]
    NotText,
    /// The header is not ours.
    #[error("line 1 of the table of terminal totals must be: terminal,batch,currency,count,amount")]
    Header,
    /// A row is not well formed.
    #[error("line {line} of the table of terminal totals {why}")]
    Row {
        /// Its line.
        line: u64,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A cell is not what its column says.
    #[error("line {line} of the table of terminal totals, column {column}: {why}")]
    Cell {
        /// Its line.
        line: u64,
        /// Its column's name.
        column: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// One terminal, batch and currency has two totals.
    #[error("terminal {terminal:?} batch {batch:?} has two totals in {currency}; leave one out")]
    Twice {
        /// The terminal.
        terminal: String,
        /// The batch.
        batch: String,
        /// The currency.
        currency: Currency,
    },
    /// Our own sums do not fit.
    #[error("the lines of terminal {terminal:?} do not fit 64 bits of minor units; match fewer days at once")]
    Overflow {
        /// The terminal.
        terminal: String,
    },
}

/// Reads totals from CSV with the header `terminal,batch,currency,count,amount`; amounts like `1234.50`.
///
/// # Errors
/// [`TotalsError`] with line and column.
pub fn read_totals(bytes: &[u8]) -> Result<Vec<TerminalTotals>, TotalsError> {
    if bytes.len() > TOTALS_BYTES_MAX {
        return Err(TotalsError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| TotalsError::NotText)?;
    let mut rows = Rows::new(text);
    match rows.next() {
        Some((_, Ok(header))) if header.iter().map(|name| name.trim()).eq(HEADER) => {}
        _ => return Err(TotalsError::Header),
    }
    let mut totals = Vec::new();
    for (line, row) in rows {
        if totals.len() >= TOTALS_ROWS_MAX {
            return Err(TotalsError::TooManyRows);
        }
        totals.push(read_row(line, row)?);
    }
    Ok(totals)
}

fn read_row(line: u64, row: Result<Vec<String>, RowError>) -> Result<TerminalTotals, TotalsError> {
    let wrong = |why: &str| TotalsError::Row { line, why: why.to_owned() };
    let cells = row.map_err(|error| match error {
        RowError::Quotes => {
            wrong("has a quote in the wrong place; quote whole cells, and double quotes inside")
        }
        RowError::CellTooLong => {
            wrong(&format!("has a cell of more than {CELL_BYTES_MAX} bytes; shorten it"))
        }
        RowError::TooManyCells => wrong(&format!("has more than {CELLS_MAX} cells; it should have five")),
    })?;
    let Ok([terminal, batch, currency, count, amount]) = <[String; 5]>::try_from(cells) else {
        return Err(wrong("does not have five cells: terminal,batch,currency,count,amount"));
    };
    let cell = |column: &'static str, why: String| TotalsError::Cell { line, column, why };
    let terminal = terminal.trim().to_owned();
    if terminal.is_empty() {
        return Err(cell("terminal", "it is empty; write the terminal's identifier".to_owned()));
    }
    let currency = Currency::new(currency.trim()).map_err(|error| cell("currency", error.to_string()))?;
    let count = count
        .trim()
        .parse()
        .map_err(|_| cell("count", "this is not a number; write digits only".to_owned()))?;
    let amount =
        Money::from_decimal(amount.trim(), currency).map_err(|error| cell("amount", error.to_string()))?;
    Ok(TerminalTotals { terminal, batch: batch.trim().to_owned(), count, amount })
}

/// Which way a line changes a terminal's amount; `None` if a terminal does not count it.
const fn sign(kind: LineKind) -> Option<i64> {
    match kind {
        LineKind::Pay | LineKind::Capture => Some(1),
        LineKind::Refund => Some(-1),
        _ => None,
    }
}

/// Compares the lines made at terminals with the terminals' totals, by terminal, batch and currency. Lines
/// without a terminal are not compared.
///
/// # Errors
/// [`TotalsError::Twice`] or [`TotalsError::Overflow`].
pub fn match_totals(lines: &[Line], totals: &[TerminalTotals]) -> Result<TotalsMatch, TotalsError> {
    type Key<'a> = (&'a str, &'a str, Currency);
    let mut theirs: BTreeMap<Key<'_>, &TerminalTotals> = BTreeMap::new();
    for total in totals {
        let currency = total.amount.currency();
        if theirs.insert((&total.terminal, &total.batch, currency), total).is_some() {
            let (terminal, batch) = (total.terminal.clone(), total.batch.clone());
            return Err(TotalsError::Twice { terminal, batch, currency });
        }
    }
    let mut ours: BTreeMap<Key<'_>, TerminalTotals> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.terminal.is_empty()) {
        let Some(sign) = sign(line.kind) else { continue };
        let overflow = |_| TotalsError::Overflow { terminal: line.terminal.clone() };
        let currency = line.amount.currency();
        let total = ours.entry((&line.terminal, &line.batch, currency)).or_insert_with(|| TerminalTotals {
            terminal: line.terminal.clone(),
            batch: line.batch.clone(),
            count: 0,
            amount: Money::zero(currency),
        });
        total.count = total.count.saturating_add(1);
        total.amount = if sign > 0 {
            total.amount.checked_add(line.amount).map_err(overflow)?
        } else {
            total.amount.checked_sub(line.amount).map_err(overflow)?
        };
    }
    let mut result = TotalsMatch::default();
    let mut keys: Vec<Key<'_>> = ours.keys().chain(theirs.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        match (ours.remove(&key), theirs.get(&key).copied().cloned()) {
            (Some(ours), Some(theirs)) if ours.count != theirs.count => {
                result.discrepancies.push(TotalsDiscrepancy::CountDiffers { ours, theirs });
            }
            (Some(ours), Some(theirs)) if ours.amount != theirs.amount => {
                result.discrepancies.push(TotalsDiscrepancy::AmountDiffers { ours, theirs });
            }
            (Some(ours), Some(_)) => result.matched.push(ours),
            (Some(ours), None) => result.discrepancies.push(TotalsDiscrepancy::MissingThere { ours }),
            // A terminal that counted nothing agrees with lines that are not there.
            (None, Some(theirs)) if theirs.count == 0 && theirs.amount.is_zero() => {
                result.matched.push(theirs)
            }
            (None, Some(theirs)) => result.discrepancies.push(TotalsDiscrepancy::MissingHere { theirs }),
            (None, None) => {}
        }
    }
    Ok(result)
}
