//! Statements, trial balance, day end and reconciliation, as CSV, JSON and printable pages.
//!
//! Values in, text out. Whoever keeps the books fills in a [`Statement`], a [`TrialBalance`] or a [`DayEnd`];
//! each writes itself as CSV (RFC 4180, for spreadsheets and programs), as JSON and as one self-contained HTML
//! page (A4, no script, nothing loaded) in English or Chinese. [`import()`] reads a bank's or provider's file and
//! [`reconcile()`] compares it with our own records.
//!
//! What is printed has been checked first: a statement whose balances do not follow from its lines is refused,
//! a trial balance or a clearing that does not come out at nothing says so above everything else. The same
//! input gives the same bytes. Nothing in here reads a clock or a file; all foreign text is escaped for HTML
//! and made harmless for spreadsheets.
#![forbid(unsafe_code)]

mod amount;
mod csv;
mod day_end;
mod error;
mod html;
mod import;
mod json;
mod moment;
mod reconciliation;
mod statement;
mod trial_balance;
mod words;

pub use amount::Total;
pub use csv::with_byte_order_mark;
pub use day_end::{
    AuditHead, ClearingCycle, ClearingPosition, DayEnd, DeclineTotal, FeeTotal, HoldTotal, OperationTotal,
    ReviewQueue, SettlementState,
};
pub use error::ReportError;
pub use import::{
    AmountColumns, Column, CurrencySource, DayFormat, IMPORT_BYTES_MAX, IMPORT_CELL_BYTES_MAX,
    IMPORT_CELLS_MAX, IMPORT_ROWS_MAX, ImportError, ImportFault, Mapping, import,
};
pub use moment::{Day, Zone};
pub use reconciliation::{
    Difference, Pair, RECORDS_MAX, ReconcileError, Reconciliation, Record, TOLERANCE_DAYS_MAX, reconcile,
};
pub use statement::{Statement, StatementLine};
pub use trial_balance::{CurrencyTotals, TrialBalance, TrialBalanceRow};
pub use words::{AccountKind, EntryKind, Language};

use ledger::Timestamp;

/// Most lines of a statement, and most rows of a trial balance or a day end's tables.
pub const LINES_MAX: usize = 1_000_000;

/// Most lines of a printed page: a thousand sheets of paper, and about what a browser still lays out.
pub const PAGE_LINES_MAX: usize = 50_000;

/// Refuses what is longer than a report may be.
pub(crate) const fn within(lines: usize, max: usize) -> Result<(), ReportError> {
    if lines > max { Err(ReportError::TooManyLines { lines, max }) } else { Ok(()) }
}

/// What stands on every report, whatever it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// The operator's name, as its customers know it.
    pub operator: String,
    /// The language of the printed page. CSV and JSON are for programs and keep to one set of words.
    pub language: Language,
    /// Where days begin and end, and what clocks show: the operator's time zone.
    pub zone: Zone,
    /// When the report was made.
    pub issued: Timestamp,
}
