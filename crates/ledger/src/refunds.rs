//! Refunds: what was given back of what earlier commands moved, and never more than that.

use std::collections::BTreeMap;

use money::Money;

use crate::book::{Undo, positive_units};
use crate::{AccountId, BookFault, Ledger, Number, Outcome, Refusal};

/// The refunds of one command. Kept for as long as the book: some 80 bytes for each command ever refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refunds {
    /// The payee of the original, who gives back.
    pub(crate) debit: AccountId,
    /// The payer of the original, who gets back.
    pub(crate) credit: AccountId,
    /// What the original moved.
    pub(crate) of: Money,
    /// What was given back of it by now, in minor units: more than nothing, at most `of`.
    pub(crate) refunded: i64,
}

impl Ledger {
    /// Gives back `amount` of what `original` moved, according to the caller's `facts` of it.
    pub(crate) fn refund<const LINKED: bool>(
        &mut self,
        number: Number,
        original: Number,
        facts: Refunds,
        amount: Money,
    ) -> Result<Outcome, Refusal> {
        if original.0 == 0 || original >= number {
            return Err(Refusal::UnknownOriginal(original));
        }
        positive_units(facts.of)?;
        positive_units(amount)?;
        if facts.of.currency() != amount.currency() {
            return Err(Refusal::CurrencyMismatch(facts.debit));
        }
        let before = self.refunds.get(&original).copied();
        let so_far = before.unwrap_or(facts);
        if (Refunds { refunded: so_far.refunded, ..facts }) != so_far {
            return Err(Refusal::RefundDiffers(original));
        }
        let left = facts.of.minor_units().saturating_sub(so_far.refunded);
        if amount.minor_units() > left {
            return Err(Refusal::RefundExceeds { original, left });
        }
        let (debit_balance, credit_balance) = self.transfer::<LINKED>(facts.debit, facts.credit, amount)?;
        // At most `of`, which fits.
        let refunded = so_far.refunded.saturating_add(amount.minor_units());
        assert!(refunded <= facts.of.minor_units(), "no more is refunded than was moved");
        self.refunds.insert(original, Refunds { refunded, ..facts });
        if LINKED {
            self.undo.push(Undo::Refunded(original, before));
        }
        Ok(Outcome::Refunded { refunded, debit_balance, credit_balance })
    }

    /// The part of [`Ledger::check`] about refunds.
    pub(crate) fn check_refunds(&self) -> Result<(), BookFault> {
        let mut sums: BTreeMap<AccountId, (u128, u128)> = BTreeMap::new();
        for (&original, refunds) in &self.refunds {
            let fault = |what| Err(BookFault::Refunds(original, what));
            if original.0 == 0 || original.0 >= self.next_number {
                return fault("its number was not given out yet");
            }
            if refunds.refunded <= 0 || refunds.refunded > refunds.of.minor_units() {
                return fault("nothing was refunded, or more than it moved");
            }
            if refunds.debit == refunds.credit {
                return fault("both sides are one account");
            }
            for id in [refunds.debit, refunds.credit] {
                match self.account(id) {
                    None => return fault("an account is unknown"),
                    Some(account) if account.currency != refunds.of.currency() => {
                        return fault("an account has another currency");
                    }
                    Some(_) => {}
                }
            }
            let units = u128::from(refunds.refunded.unsigned_abs());
            let debit = sums.entry(refunds.debit).or_default();
            debit.0 = debit.0.saturating_add(units);
            let credit = sums.entry(refunds.credit).or_default();
            credit.1 = credit.1.saturating_add(units);
        }
        for (&original, refunds) in &self.refunds {
            let beyond = |id: AccountId| {
                let (given, got) = sums.get(&id).copied().unwrap_or_default();
                self.account(id).is_none_or(|account| {
                    given > u128::from(account.debits_posted) || got > u128::from(account.credits_posted)
                })
            };
            if beyond(refunds.debit) || beyond(refunds.credit) {
                return Err(BookFault::Refunds(original, "an account was refunded more than it ever moved"));
            }
        }
        Ok(())
    }
}
