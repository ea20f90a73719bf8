//! The whole-book check: every invariant, computed anew from the accounts, holds and keys.

use std::collections::BTreeMap;
use std::fmt;

use money::Currency;

use crate::{AccountId, Ledger, Number};

/// Sums over all accounts of one currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Given.
    pub debits_posted: u128,
    /// Got.
    pub credits_posted: u128,
    /// Held to be given.
    pub debits_held: u128,
    /// Held to be got.
    pub credits_held: u128,
}

impl Totals {
    /// Debits equal credits, or the program is wrong and must not go on.
    pub(crate) fn assert_balanced(&self) {
        assert_eq!(self.debits_posted, self.credits_posted, "posted debits equal posted credits");
        assert_eq!(self.debits_held, self.credits_held, "held debits equal held credits");
    }
}

/// What the whole-book check found wrong: our bug, or a damaged snapshot. A book with a fault must not be
/// written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookFault {
    /// Debits and credits of a currency differ, or differ from the running totals.
    Unbalanced {
        /// The currency.
        currency: Currency,
        /// Summed over the accounts.
        accounts: Box<Totals>,
        /// As kept while posting.
        running: Box<Totals>,
    },
    /// An account is beyond its rule or its limits.
    Account(AccountId, &'static str),
    /// A hold does not agree with its accounts.
    Hold(Number, &'static str),
    /// What was refunded of a command does not agree with the accounts.
    Refunds(Number, &'static str),
    /// An account holds other amounts than its open holds make.
    HeldAmounts(AccountId),
    /// The book's own indexes disagree.
    Index(&'static str),
}

impl fmt::Display for BookFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the book is broken and must not be written to: ")?;
        match self {
            Self::Unbalanced { currency, accounts, running } => {
                write!(
                    formatter,
                    "{currency} sums to {accounts:?} over the accounts, {running:?} while posting"
                )
            }
            Self::Account(AccountId(id), what) => write!(formatter, "account {id}: {what}"),
            Self::Hold(Number(number), what) => write!(formatter, "hold {number}: {what}"),
            Self::Refunds(Number(number), what) => write!(formatter, "refunds of command {number}: {what}"),
            Self::HeldAmounts(AccountId(id)) => {
                write!(formatter, "account {id} holds other amounts than its open holds make")
            }
            Self::Index(what) => formatter.write_str(what),
        }
    }
}

impl std::error::Error for BookFault {}

impl Ledger {
    /// Checks the whole book and returns its totals by currency. Takes time in proportion to its accounts,
    /// holds and keys.
    ///
    /// # Errors
    /// The first [`BookFault`] found.
    pub fn check(&self) -> Result<BTreeMap<Currency, Totals>, BookFault> {
        let mut sums: BTreeMap<Currency, Totals> = BTreeMap::new();
        for (slot, account) in self.accounts.iter().enumerate() {
            if let Some(what) = account.fault() {
                return Err(BookFault::Account(account.id, what));
            }
            if self.slots.get(&account.id) != Some(&slot) {
                return Err(BookFault::Index("an account is not found under its number"));
            }
            let sum = sums.entry(account.currency).or_default();
            // Saturation cannot hide an imbalance: 2^64 accounts at their limit fit 128 bits.
            sum.debits_posted = sum.debits_posted.saturating_add(u128::from(account.debits_posted));
            sum.credits_posted = sum.credits_posted.saturating_add(u128::from(account.credits_posted));
            sum.debits_held = sum.debits_held.saturating_add(u128::from(account.debits_held));
            sum.credits_held = sum.credits_held.saturating_add(u128::from(account.credits_held));
        }
        if self.slots.len() != self.accounts.len() {
            return Err(BookFault::Index("the accounts and their numbers differ in count"));
        }
        for (&currency, &accounts) in &sums {
            let running = self.totals.get(&currency).copied().unwrap_or_default();
            let balanced = accounts.debits_posted == accounts.credits_posted
                && accounts.debits_held == accounts.credits_held;
            if !balanced || accounts != running {
                return Err(BookFault::Unbalanced {
                    currency,
                    accounts: Box::new(accounts),
                    running: Box::new(running),
                });
            }
        }
        if self.totals.keys().any(|currency| !sums.contains_key(currency)) {
            return Err(BookFault::Index("a currency has totals and no account"));
        }
        self.check_holds()?;
        self.check_refunds()?;
        if let Some(what) = self.keys.fault() {
            return Err(BookFault::Index(what));
        }
        Ok(sums)
    }

    fn check_holds(&self) -> Result<(), BookFault> {
        let mut held: BTreeMap<AccountId, (u64, u64)> = BTreeMap::new();
        for (&number, hold) in &self.holds {
            if number.0 >= self.next_number {
                return Err(BookFault::Hold(number, "its number was not given out yet"));
            }
            let units = u64::try_from(hold.amount.minor_units()).unwrap_or(0);
            if units == 0 {
                return Err(BookFault::Hold(number, "it is of nothing"));
            }
            if hold.debit == hold.credit {
                return Err(BookFault::Hold(number, "both its sides are one account"));
            }
            for id in [hold.debit, hold.credit] {
                match self.account(id) {
                    None => return Err(BookFault::Hold(number, "it names an unknown account")),
                    Some(account) if account.currency != hold.amount.currency() => {
                        return Err(BookFault::Hold(number, "it has another currency than its account"));
                    }
                    Some(_) => {}
                }
            }
            let debit = held.entry(hold.debit).or_default();
            debit.0 = debit.0.saturating_add(units);
            let credit = held.entry(hold.credit).or_default();
            credit.1 = credit.1.saturating_add(units);
            let listed = hold.expires.is_none_or(|at| self.expiries.contains(&(at, number)));
            if !listed {
                return Err(BookFault::Hold(number, "its expiry is not listed"));
            }
        }
        let expiring = self.holds.values().filter(|hold| hold.expires.is_some()).count();
        if expiring != self.expiries.len() {
            return Err(BookFault::Index("the holds and their expiries differ in count"));
        }
        for account in &self.accounts {
            let expected = held.get(&account.id).copied().unwrap_or_default();
            if (account.debits_held, account.credits_held) != expected {
                return Err(BookFault::HeldAmounts(account.id));
            }
        }
        Ok(())
    }
}
