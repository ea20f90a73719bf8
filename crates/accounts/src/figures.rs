//! Figures for reports, and all that belongs to one payment: plain values.

use ledger::Timestamp;
use money::Money;

use crate::{AccountId, EntryKind, PaymentId, PaymentRecord};

/// Movements of one kind and currency, counted and summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What they were; of fees, what was charged for.
    pub operation: EntryKind,
    /// How many.
    pub count: u64,
    /// How much in all.
    pub amount: Money,
}

/// What was posted between two numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayFigures {
    /// What moved, fees aside. Of an exchange, what was sold.
    pub operations: Vec<Figure>,
    /// The fees, by what they were charged for.
    pub fees: Vec<Figure>,
    /// Payments that were posted out of the review queue.
    pub released: u64,
    /// Payments that were refused in the review queue.
    pub refused: u64,
}

/// What was set aside at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldAt {
    /// For each currency, how many amounts and how much, those in review among them.
    pub totals: Vec<(u64, Money)>,
    /// How many payments waited for review.
    pub waiting: u64,
    /// Since when the oldest of those had waited.
    pub oldest: Option<Timestamp>,
}

/// A hold, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRecord {
    /// Its number.
    pub hold: PaymentId,
    /// Who will pay, and the name.
    pub from: (AccountId, String),
    /// Who will be paid, and the name.
    pub to: (AccountId, String),
    /// What was set aside at first.
    pub original: Money,
    /// What is still set aside.
    pub left: Money,
    /// When it was made.
    pub at: Timestamp,
    /// When it is given back by itself.
    pub expires: Option<Timestamp>,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// `open`, `captured`, `released` or `expired`.
    pub state: String,
    /// The memo.
    pub memo: String,
    /// The reference.
    pub reference: String,
    /// Whether it is a payment's that waits, or waited, for the operator's review.
    pub in_review: bool,
}

/// All that belongs to a payment beside its record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Related {
    /// The hold of this number, if it is one's.
    pub hold: Option<HoldRecord>,
    /// What was captured of that hold, oldest first, at most [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    pub captures: Vec<PaymentRecord>,
    /// What was given back of the payment, oldest first, at most
    /// [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    pub refunds: Vec<PaymentRecord>,
    /// How much was given back in all, if the payment can be refunded.
    pub refunded: Option<Money>,
    /// What the payee of an exchange got.
    pub converted: Option<Money>,
    /// The rate of an exchange, as a decimal number.
    pub rate: Option<String>,
    /// What refused it: `price`, `limit`, `risk`, `step-up`, `funds` or `ledger`.
    pub control: Option<String>,
    /// The number of the decision about it in the review queue.
    pub resolved: Option<PaymentId>,
}
