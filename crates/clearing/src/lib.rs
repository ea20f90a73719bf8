//! Clearing and settlement: what participants owe each other after a day of payments, and how it is paid.
//!
//! Values in, values and file bytes out. [`clear`] turns the day's [`Line`]s into positions, bilateral
//! obligations and the few payments that settle them; [`iso20022`] writes those payments (pacs.009 between
//! institutions, pacs.008 to and from merchants), statements (camt.053) and notifications (camt.054), and reads
//! the bank's camt.054; [`confirm`] compares what the bank booked with what was instructed; [`match_totals`]
//! compares the day's lines with what acceptance terminals counted.
//!
//! There is no clock, file, socket or random choice in here. Identifiers and times inside files come from the
//! day, the cycle and the cut-off alone, so clearing a day again gives the same bytes.
//!
//! Two invariants are asserted before a [`Clearing`] is returned: in every currency the nets of all
//! participants sum to zero, and the instructions move exactly the nets.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod clear;
mod confirm;
mod csv;
mod day;
mod identifiers;
pub mod iso20022;
mod line;
mod moment;
mod netting;
mod participant;
mod tables;
mod totals;

pub use clear::{
    Clearing, ClearingError, ClearingInput, INSTRUCTIONS_MAX, Instruction, Position, Posting, clear,
};
pub use confirm::{Confirmation, Confirmed, Discrepancy, confirm};
pub use day::{Day, DayError};
pub use identifiers::{
    BankAccount, Bic, Iban, IdentifierError, OTHER_ACCOUNT_CHARS_MAX, OtherAccount, PARTICIPANT_ID_BYTES_MAX,
    ParticipantId,
};
pub use line::{Line, LineKind, Obligation};
pub use participant::{Participant, ParticipantKind};
pub use tables::{instructions_csv, lines_csv, obligations_csv, positions_csv};
pub use totals::{
    TOTALS_BYTES_MAX, TOTALS_ROWS_MAX, TerminalTotals, TotalsDiscrepancy, TotalsError, TotalsMatch,
    match_totals, read_totals,
};
