//! The histories of all accounts.

use ledger::Timestamp;
use money::Money;

use crate::Payment;
use crate::history::{History, RECENT_MAX};
use crate::lookup::Lookup;

/// What is remembered of every account that paid. Built by [`Histories::record`] alone, in the order in which
/// payments were posted: the same payments make the same histories.
///
/// Memory is bounded per account: about 4.1 KB for one that has paid 64 times, 256 payees and at 16
/// terminals; about 0.6 KB for one that has paid 10 times, 5 payees and at 2 terminals. See
/// [`Histories::memory_bytes`].
#[derive(Debug, Clone, Default)]
pub struct Histories {
    /// In the order of the first payment.
    pub(crate) accounts: Vec<(u64, History)>,
    pub(crate) places: Lookup,
}

impl PartialEq for Histories {
    fn eq(&self, other: &Self) -> bool {
        // The table follows from the accounts.
        self.accounts == other.accounts
    }
}

impl Eq for Histories {}

impl Histories {
    /// Takes a posted payment into its payer's history. Call it for payments that were posted, in that order,
    /// and for no other: what was refused or waits for a review is not part of a customer's habits.
    pub fn record(&mut self, payment: &Payment<'_>) {
        if let Some(place) = self.places.get(&payment.payer)
            && let Some((_, history)) = self.accounts.get_mut(usize::try_from(*place).unwrap_or(usize::MAX))
        {
            return history.record(payment);
        }
        let mut history = History::default();
        history.record(payment);
        // Beyond four billion accounts new ones have no history.
        self.put(payment.payer, history);
    }

    /// Adds an account; false when it is there already.
    pub(crate) fn put(&mut self, account: u64, history: History) -> bool {
        let Ok(place) = u32::try_from(self.accounts.len()) else { return false };
        if self.places.contains_key(&account) {
            return false;
        }
        self.places.insert(account, place);
        self.accounts.push((account, history));
        true
    }

    pub(crate) fn of(&self, account: u64) -> Option<&History> {
        let place = usize::try_from(*self.places.get(&account)?).ok()?;
        self.accounts.get(place).map(|(_, history)| history)
    }

    /// How many accounts have a history.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether no account has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// An account's habits, for the risk desk to look at beside a payment in review; none when it has not
    /// paid yet.
    #[must_use]
    pub fn profile(&self, account: u64) -> Option<Profile> {
        let history = self.of(account)?;
        let last = history.recent.back()?;
        let (count, sum, largest) = history.last_of(last.currency, RECENT_MAX);
        let count = i128::try_from(count).ok().filter(|count| *count > 0)?;
        let mean = i64::try_from(sum.checked_div(count)?).ok()?;
        Some(Profile {
            payments: history.payments,
            last: Timestamp(u64::from(last.at).saturating_mul(1_000_000_000)),
            mean: Money::new(mean, last.currency),
            largest: Money::new(largest, last.currency),
            payees: history.payees.len(),
            terminals: history.terminals.len(),
        })
    }

    /// Memory that the histories take, in bytes, without the allocator's own.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let table = self.places.capacity().saturating_mul(size_of::<(u64, u32)>().saturating_add(1));
        let accounts = self.accounts.capacity().saturating_mul(size_of::<(u64, History)>());
        self.accounts
            .iter()
            .map(|(_, history)| history.memory_bytes())
            .fold(table.saturating_add(accounts), usize::saturating_add)
    }
}

/// An account's habits in a few figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// How many payments it ever made.
    pub payments: u64,
    /// When it last paid, to the second.
    pub last: Timestamp,
    /// Mean of its last [`RECENT_MAX`] payments in the currency of the last one, cut to a whole minor unit.
    pub mean: Money,
    /// The largest of them.
    pub largest: Money,
    /// How many different payees are remembered.
    pub payees: usize,
    /// How many different terminals are remembered.
    pub terminals: usize,
}
