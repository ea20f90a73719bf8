//! What the bank reports: one movement on an account.

use ledger::Timestamp;
use money::Money;
use serde::{Deserialize, Serialize};

use super::report::{Direction, EntryStatus};
use crate::{Day, moment};

/// References of an entry; those that the bank did not give are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// `NtryRef`: the entry within the account.
    pub entry: String,
    /// `AcctSvcrRef`: the bank's own, of the transaction or else of the entry.
    pub servicer: String,
    /// `MsgId`: the message that instructed the payment.
    pub message: String,
    /// `InstrId`: the instruction, as whoever instructed this bank named it.
    pub instruction: String,
    /// `EndToEndId`: the payment, as its debtor named it.
    pub end_to_end: String,
    /// `TxId`: the payment, as the first bank named it.
    pub transaction: String,
}

impl References {
    /// The references that may be an identifier of ours, the most telling first.
    pub fn ours(&self) -> impl Iterator<Item = &str> {
        [&self.end_to_end, &self.instruction, &self.transaction, &self.entry]
            .into_iter()
            .map(String::as_str)
            .filter(|reference| !reference.is_empty() && *reference != "NOTPROVIDED")
    }
}

/// When an entry was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingDate {
    /// The day the bank names.
    pub day: Day,
    /// The instant, if it names one.
    #[serde(with = "moment::optional_nanoseconds")]
    pub at: Option<Timestamp>,
}

/// One movement that the bank reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankEntry {
    /// The account it is on; empty if the bank gave none.
    pub account: String,
    /// Its references.
    pub references: References,
    /// How much.
    pub amount: Money,
    /// Which way.
    pub direction: Direction,
    /// Whether it takes back an earlier entry.
    pub reversal: bool,
    /// Whether it is in the bank's books.
    pub status: EntryStatus,
    /// When it was booked, if it says.
    pub booked: Option<BookingDate>,
    /// Why the payment came back: a code or a word; empty if it did not.
    pub return_reason: String,
    /// What the payer wrote: the first line.
    pub information: String,
}

impl BankEntry {
    /// The bank's reference of the booking: its own, or else the entry's.
    #[must_use]
    pub fn bank_reference(&self) -> &str {
        if self.references.servicer.is_empty() { &self.references.entry } else { &self.references.servicer }
    }

    /// Whether it says that a payment was not made or came back: a reversal, one with a return reason, or one
    /// with a status that begins like "rejected" (`RJCT`).
    #[must_use]
    pub fn is_rejection(&self) -> bool {
        let rejected = match &self.status {
            EntryStatus::Other(word) => {
                let word = word.to_ascii_uppercase();
                word.starts_with("RJCT") || word.starts_with("REJECT")
            }
            _ => false,
        };
        self.reversal || !self.return_reason.is_empty() || rejected
    }
}
