//! What is cleared: lines of a day, and the obligations they add up to.

use ledger::Timestamp;
use money::Money;
use serde::{Deserialize, Serialize};

use crate::{Day, ParticipantId, moment};

/// What kind of movement a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// A customer paid a merchant.
    Pay,
    /// One customer sent another money.
    Transfer,
    /// An amount held before was taken.
    Capture,
    /// Money was given back.
    Refund,
    /// A fee.
    Fee,
    /// Money came in from outside.
    TopUp,
    /// Money went out.
    Withdrawal,
    /// One leg of an exchange of currencies.
    Exchange,
    /// A correction by an operator.
    Correction,
}

impl LineKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Pay,
        Self::Transfer,
        Self::Capture,
        Self::Refund,
        Self::Fee,
        Self::TopUp,
        Self::Withdrawal,
        Self::Exchange,
        Self::Correction,
    ];

    /// The word in files and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Transfer => "transfer",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Fee => "fee",
            Self::TopUp => "top-up",
            Self::Withdrawal => "withdrawal",
            Self::Exchange => "exchange",
            Self::Correction => "correction",
        }
    }
}

impl std::fmt::Display for LineKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.word())
    }
}

/// One movement of money between customers of participants (or participants themselves).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Number of the payment, as people read it.
    pub payment: String,
    /// When it was posted.
    #[serde(with = "moment::nanoseconds")]
    pub at: Timestamp,
    /// What it is.
    pub kind: LineKind,
    /// Whose customer paid.
    pub debtor: ParticipantId,
    /// Whose customer was paid.
    pub creditor: ParticipantId,
    /// How much, more than nothing.
    pub amount: Money,
    /// The acceptance terminal it was made at; empty if at none.
    pub terminal: String,
    /// The terminal's batch; empty if it has none.
    pub batch: String,
    /// The payer's or merchant's reference; may be empty.
    pub reference: String,
}

/// What one participant owes another from the lines of one day and cycle: gross, one way. Two participants
/// usually have one in each direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// The day of its lines; stays when it is carried to a later one.
    pub day: Day,
    /// The cycle of its lines.
    pub cycle: u32,
    /// Who owes.
    pub debtor: ParticipantId,
    /// Who is owed.
    pub creditor: ParticipantId,
    /// How much, more than nothing.
    pub amount: Money,
    /// Of how many lines; 0 if it stands for an instruction that was not carried out
    /// ([`Clearing::unsettled`](crate::Clearing::unsettled)).
    pub lines: u64,
}
