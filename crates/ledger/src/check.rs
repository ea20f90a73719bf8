//! The whole-book check: every invariant, computed anew from the accounts, holds and keys.

use std::collections::BTreeMap;
use std::fmt;

use money::Currency;

use crate::units::{Side, Sum};
use crate::{AccountId, Hold, Ledger, NUMBER_MAX, Number};

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

/// Sums over one side of all accounts of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SideSums {
    posted: Sum,
    held: Sum,
}

impl SideSums {
    pub(crate) fn add(&mut self, side: Side) {
        self.posted.add(side.posted());
        self.held.add(side.held());
    }

    /// Follows one account from how its side was to how it is.
    pub(crate) fn replace(&mut self, before: Side, after: Side) {
        self.posted.replace(before.posted(), after.posted());
        self.held.replace(before.held(), after.held());
    }
}

/// Sums over both sides of all accounts of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Running {
    pub(crate) debits: SideSums,
    pub(crate) credits: SideSums,
}

impl Running {
    /// Debits equal credits, or the program is wrong and must not go on.
    pub(crate) fn assert_balanced(&self) {
        assert_eq!(self.debits, self.credits, "debits equal credits, posted and held alike");
    }

    const fn totals(&self) -> Totals {
        Totals {
            debits_posted: self.debits.posted.get(),
            credits_posted: self.credits.posted.get(),
            debits_held: self.debits.held.get(),
            credits_held: self.credits.held.get(),
        }
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
    /// The refunds of a command are not sound, or do not agree with the accounts.
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
        if self.next_number == 0 || self.next_number > NUMBER_MAX {
            return Err(BookFault::Index("the next command's number is impossible"));
        }
        let mut sums: BTreeMap<Currency, Running> = BTreeMap::new();
        for (slot, account) in self.accounts.iter().enumerate() {
            if let Some(what) = account.fault() {
                return Err(BookFault::Account(account.id, what));
            }
            if self.slots.get(&account.id) != Some(&slot) {
                return Err(BookFault::Index("an account is not found under its number"));
            }
            let sum = sums.entry(account.currency).or_default();
            sum.debits.add(account.debits);
            sum.credits.add(account.credits);
        }
        if self.slots.len() != self.accounts.len() {
            return Err(BookFault::Index("the accounts and their numbers differ in count"));
        }
        for (&currency, &accounts) in &sums {
            let running = self.totals.get(&currency).copied().unwrap_or_default();
            if accounts.debits != accounts.credits || accounts != running {
                return Err(BookFault::Unbalanced {
                    currency,
                    accounts: Box::new(accounts.totals()),
                    running: Box::new(running.totals()),
                });
            }
        }
        if self.totals.keys().any(|currency| !sums.contains_key(currency)) {
            return Err(BookFault::Index("a currency has totals and no account"));
        }
        self.check_holds()?;
        self.check_refunds()?;
        if let Some(what) = self.keys.fault(self.next_number, self.now) {
            return Err(BookFault::Index(what));
        }
        Ok(sums.into_iter().map(|(currency, sums)| (currency, sums.totals())).collect())
    }

    fn check_holds(&self) -> Result<(), BookFault> {
        // By account: what its holds will take from it, what they will bring.
        let mut held: BTreeMap<AccountId, (Sum, Sum)> = BTreeMap::new();
        for (&number, hold) in &self.holds {
            if let Some(what) = self.hold_fault(number, hold) {
                return Err(BookFault::Hold(number, what));
            }
            let units = hold.amount.minor_units().unsigned_abs();
            held.entry(hold.debit).or_default().0.add(units);
            held.entry(hold.credit).or_default().1.add(units);
        }
        let expiring = self.holds.values().filter(|hold| hold.expires.is_some()).count();
        if expiring != self.expiries.len() {
            return Err(BookFault::Index("the holds and their expiries differ in count"));
        }
        for account in &self.accounts {
            let (give, get) = held.get(&account.id).copied().unwrap_or_default();
            if give.get() != u128::from(account.debits.held())
                || get.get() != u128::from(account.credits.held())
            {
                return Err(BookFault::HeldAmounts(account.id));
            }
        }
        Ok(())
    }

    fn hold_fault(&self, number: Number, hold: &Hold) -> Option<&'static str> {
        if number.0 == 0 || number.0 >= self.next_number {
            return Some("its number was not given out yet");
        }
        if !hold.amount.is_positive() {
            return Some("it is of nothing");
        }
        if let Some(at) = hold.expires {
            if !self.expiries.contains(&(at, number)) {
                return Some("its expiry is not listed");
            }
            if at <= self.now {
                return Some("it has expired and was not given back");
            }
        }
        self.sides_fault(hold.debit, hold.credit, hold.amount.currency())
    }

    /// What is wrong with two accounts as the sides of something in this currency.
    pub(crate) fn sides_fault(
        &self,
        debit: AccountId,
        credit: AccountId,
        currency: Currency,
    ) -> Option<&'static str> {
        if debit == credit {
            return Some("both its sides are one account");
        }
        [debit, credit].into_iter().find_map(|id| match self.account(id) {
            None => Some("it names an unknown account"),
            Some(account) if account.currency != currency => Some("it has another currency than its account"),
            Some(_) => None,
        })
    }
}
