//! What is remembered of one account: enough for the rules, and bounded.

use std::collections::VecDeque;

use ledger::Timestamp;
use money::Currency;

use crate::Payment;
use crate::lookup::digest;

/// How many of an account's last payments are remembered one by one.
pub const RECENT_MAX: usize = 64;

/// How many payees of an account are remembered: those paid most recently.
pub const PAYEES_MAX: usize = 256;

/// How many terminals of an account are remembered: those used most recently.
pub const TERMINALS_MAX: usize = 16;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Whole seconds since 1970; the end of time is in 2106.
pub(crate) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.0 / NS_PER_SECOND).unwrap_or(u32::MAX)
}

/// One of the last payments. 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recent {
    /// Seconds since 1970, never less than that of the one before.
    pub(crate) at: u32,
    pub(crate) currency: Currency,
    pub(crate) amount: i64,
    pub(crate) payee: u64,
}

/// A terminal that was used. The name is kept as its digest. 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) terminal: u64,
    /// Seconds since 1970.
    pub(crate) first: u32,
}

/// What is remembered of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct History {
    /// The last [`RECENT_MAX`] payments, oldest first.
    pub(crate) recent: VecDeque<Recent>,
    /// The last [`PAYEES_MAX`] different payees, the last paid first.
    pub(crate) payees: Vec<u64>,
    /// The last [`TERMINALS_MAX`] different terminals, the last used first.
    pub(crate) terminals: Vec<Seen>,
    /// How many payments there ever were.
    pub(crate) payments: u64,
    /// When the latest of those that are no longer among `recent` was made, in seconds.
    pub(crate) forgotten: Option<u32>,
}

impl History {
    pub(crate) fn record(&mut self, payment: &Payment<'_>) {
        let at = self.now(payment.at);
        if self.recent.len() >= RECENT_MAX {
            self.forgotten = self.recent.pop_front().map(|oldest| oldest.at);
        }
        self.recent.push_back(Recent {
            at,
            currency: payment.amount.currency(),
            amount: payment.amount.minor_units(),
            payee: payment.payee,
        });
        to_front(&mut self.payees, PAYEES_MAX, payment.payee, |payee| *payee == payment.payee);
        let terminal = digest(payment.terminal.as_bytes());
        let seen = Seen { terminal, first: at };
        to_front(&mut self.terminals, TERMINALS_MAX, seen, |seen| seen.terminal == terminal);
        self.payments = self.payments.saturating_add(1);
    }

    /// The moment in seconds, or that of the last payment when it is later.
    pub(crate) fn now(&self, at: Timestamp) -> u32 {
        seconds(at).max(self.recent.back().map_or(0, |last| last.at))
    }

    /// The remembered payments of the last so many seconds before `now`, the latest first: a short window
    /// ends after one look, mostly.
    pub(crate) fn within(&self, now: u32, window: u32) -> impl Iterator<Item = &Recent> {
        self.recent.iter().rev().take_while(move |payment| is_within(payment.at, now, window))
    }

    /// Whether payments of the last so many seconds before `now` have been forgotten already.
    pub(crate) fn forgot_within(&self, now: u32, window: u32) -> bool {
        self.forgotten.is_some_and(|at| is_within(at, now, window))
    }

    /// Whether the payee is among those remembered.
    pub(crate) fn has_paid(&self, payee: u64) -> bool {
        self.payees.contains(&payee)
    }

    /// When the terminal was first seen, in seconds; none when it is not among those remembered.
    pub(crate) fn first_seen(&self, terminal: &str) -> Option<u32> {
        let terminal = digest(terminal.as_bytes());
        self.terminals.iter().find(|seen| seen.terminal == terminal).map(|seen| seen.first)
    }

    /// The last so many remembered payments in a currency: how many there are, their sum, the largest.
    pub(crate) fn last_of(&self, currency: Currency, last: usize) -> (usize, i128, i64) {
        let of_currency = self.recent.iter().rev().filter(|payment| payment.currency == currency);
        of_currency.take(last).fold((0, 0, i64::MIN), |(count, sum, largest), payment| {
            (
                count.saturating_add(1),
                sum.saturating_add(i128::from(payment.amount)),
                largest.max(payment.amount),
            )
        })
    }

    /// Memory behind it, in bytes, itself not included.
    pub(crate) fn memory_bytes(&self) -> usize {
        let recent = self.recent.capacity().saturating_mul(size_of::<Recent>());
        let payees = self.payees.capacity().saturating_mul(size_of::<u64>());
        let terminals = self.terminals.capacity().saturating_mul(size_of::<Seen>());
        recent.saturating_add(payees).saturating_add(terminals)
    }
}

/// Whether a moment is less than so many seconds before `now`.
const fn is_within(at: u32, now: u32, window: u32) -> bool {
    now.saturating_sub(at) < window
}

/// Moves the entry that is the same to the front, or puts the new one there; the last one gives way.
fn to_front<T: Copy>(list: &mut Vec<T>, most: usize, new: T, same: impl Fn(&T) -> bool) {
    if let Some(place) = list.iter().position(same) {
        if let Some(head) = list.get_mut(..=place) {
            head.rotate_right(1);
        }
        return;
    }
    if list.len() >= most {
        list.pop();
    }
    list.insert(0, new);
}
