//! One account: its four totals and its rule. Every posting passes through here, one side at a time.

use money::{Currency, Money};

use crate::{AccountId, BalanceRule, Refusal, TURNOVER_MAX};

/// An account. Totals only grow (holds aside), so a balance is always the difference of two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub(crate) id: AccountId,
    pub(crate) currency: Currency,
    pub(crate) rule: BalanceRule,
    pub(crate) code: u16,
    pub(crate) closed: bool,
    /// Minor units given and got. Posted and held of one side together are at most [`TURNOVER_MAX`], so that
    /// the difference of any two fits `i64` and a capture never fails for want of room.
    pub(crate) debits_posted: u64,
    pub(crate) credits_posted: u64,
    pub(crate) debits_held: u64,
    pub(crate) credits_held: u64,
}

impl Account {
    pub(crate) const fn new(id: AccountId, currency: Currency, rule: BalanceRule, code: u16) -> Self {
        Self {
            id,
            currency,
            rule,
            code,
            closed: false,
            debits_posted: 0,
            credits_posted: 0,
            debits_held: 0,
            credits_held: 0,
        }
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
        Money::new(difference(self.debits_held, 0), self.currency)
    }

    pub(crate) fn balance_units(&self) -> i64 {
        difference(self.credits_posted, self.debits_posted)
    }

    pub(crate) fn available_units(&self) -> i64 {
        difference(self.credits_posted, self.debits_side())
    }

    pub(crate) fn debits_side(&self) -> u64 {
        self.debits_posted.saturating_add(self.debits_held)
    }

    pub(crate) fn credits_side(&self) -> u64 {
        self.credits_posted.saturating_add(self.credits_held)
    }

    /// Whether `units` more may be debited, now or by a hold.
    pub(crate) fn may_debit(&self, units: u64, currency: Currency) -> Result<(), Refusal> {
        self.may_post(currency)?;
        let after = room(self.debits_side(), units).ok_or(Refusal::TurnoverExhausted(self.id))?;
        if self.rule == BalanceRule::DebitsWithinCredits && after > self.credits_posted {
            return Err(Refusal::InsufficientFunds { account: self.id, available: self.available_units() });
        }
        Ok(())
    }

    /// Whether `units` more may be credited, now or by a hold.
    pub(crate) fn may_credit(&self, units: u64, currency: Currency) -> Result<(), Refusal> {
        self.may_post(currency)?;
        let after = room(self.credits_side(), units).ok_or(Refusal::TurnoverExhausted(self.id))?;
        if self.rule == BalanceRule::CreditsWithinDebits && after > self.debits_posted {
            return Err(Refusal::CreditsExceedDebits(self.id));
        }
        Ok(())
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
        self.debits_posted != self.credits_posted || self.debits_held != 0 || self.credits_held != 0
    }

    /// What is wrong with this account on its own, if anything is: part of the whole-book check.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let fits =
            |posted: u64, held: u64| posted.checked_add(held).is_some_and(|total| total <= TURNOVER_MAX);
        if !fits(self.debits_posted, self.debits_held) || !fits(self.credits_posted, self.credits_held) {
            return Some("its turnover is beyond the limit");
        }
        let kept = match self.rule {
            BalanceRule::DebitsWithinCredits => self.debits_side() <= self.credits_posted,
            BalanceRule::CreditsWithinDebits => self.credits_side() <= self.debits_posted,
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

/// The total after `units` more, if that is within the limit.
fn room(total: u64, units: u64) -> Option<u64> {
    total.checked_add(units).filter(|&after| after <= TURNOVER_MAX)
}

/// Difference of two totals, both at most [`TURNOVER_MAX`].
fn difference(left: u64, right: u64) -> i64 {
    let signed =
        |total: u64| i64::try_from(total).expect("totals are at most i64::MAX: checked at every posting");
    signed(left).checked_sub(signed(right)).expect("the difference of two non-negative integers fits")
}
