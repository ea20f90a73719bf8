//! One account: its two sides and its rule. Every posting passes through here, one side at a time.

use money::{Currency, Money};

use crate::units::{Phase, Side, Units, difference};
use crate::{AccountId, BalanceRule, Refusal};

/// An account. What it gave and got only grows (holds aside), so a balance is always the difference of two
/// counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub(crate) id: AccountId,
    pub(crate) currency: Currency,
    pub(crate) rule: BalanceRule,
    pub(crate) code: u16,
    pub(crate) closed: bool,
    /// What it gave.
    pub(crate) debits: Side,
    /// What it got.
    pub(crate) credits: Side,
}

impl Account {
    pub(crate) fn new(id: AccountId, currency: Currency, rule: BalanceRule, code: u16) -> Self {
        let (debits, credits) = (Side::default(), Side::default());
        Self { id, currency, rule, code, closed: false, debits, credits }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Its balance rule.
    #[must_use]
    pub const fn rule(&self) -> BalanceRule {
        self.rule
    }

    /// The classification given at opening.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// Whether it was closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Credits less debits: what the book owes the holder; negative where the holder owes the book.
    #[must_use]
    pub fn balance(&self) -> Money {
        Money::new(self.balance_units(), self.currency)
    }

    /// The balance less what is held to be given.
    #[must_use]
    pub fn available(&self) -> Money {
        Money::new(self.available_units(), self.currency)
    }

    /// What is held to be given, more than or equal to nothing.
    #[must_use]
    pub fn held(&self) -> Money {
        Money::new(difference(self.debits.held(), 0), self.currency)
    }

    pub(crate) const fn balance_units(&self) -> i64 {
        difference(self.credits.posted(), self.debits.posted())
    }

    pub(crate) const fn available_units(&self) -> i64 {
        difference(self.credits.posted(), self.debits.committed())
    }

    /// The debit side after `units` more, if the account may give them now or set them aside.
    pub(crate) fn debited(&self, phase: Phase, units: Units, currency: Currency) -> Result<Side, Refusal> {
        self.may_post(currency)?;
        let after = self.debits.grown(phase, units).ok_or(Refusal::TurnoverExhausted(self.id))?;
        if self.rule == BalanceRule::DebitsWithinCredits && after.committed() > self.credits.posted() {
            return Err(Refusal::InsufficientFunds { account: self.id, available: self.available_units() });
        }
        Ok(after)
    }

    /// The credit side after `units` more, if the account may get them now or later.
    pub(crate) fn credited(&self, phase: Phase, units: Units, currency: Currency) -> Result<Side, Refusal> {
        self.may_post(currency)?;
        let after = self.credits.grown(phase, units).ok_or(Refusal::TurnoverExhausted(self.id))?;
        if self.rule == BalanceRule::CreditsWithinDebits && after.committed() > self.debits.posted() {
            return Err(Refusal::CreditsExceedDebits(self.id));
        }
        Ok(after)
    }

    fn may_post(&self, currency: Currency) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::AccountClosed(self.id));
        }
        if self.currency != currency {
            return Err(Refusal::CurrencyMismatch(self.id));
        }
        Ok(())
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.balance_units() != 0 || self.debits.held() != 0 || self.credits.held() != 0
    }

    /// What is wrong with this account on its own, if anything is: asserted after every change, and part of the
    /// whole-book check. (Its turnover cannot be beyond the limit: [`Side`] has no such value.)
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let kept = match self.rule {
            BalanceRule::DebitsWithinCredits => self.debits.committed() <= self.credits.posted(),
            BalanceRule::CreditsWithinDebits => self.credits.committed() <= self.debits.posted(),
            BalanceRule::Free => true,
        };
        if !kept {
            return Some("its balance rule is broken");
        }
        if self.closed && self.is_in_use() {
            return Some("it is closed and not empty");
        }
        None
    }
}
