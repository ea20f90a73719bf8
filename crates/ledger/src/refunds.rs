//! Refunds: what was given back of what earlier commands moved, and never more than that.

use std::collections::BTreeMap;

use money::Money;

use crate::undo::Undo;
use crate::units::{Sum, Units};
use crate::{AccountId, BookFault, Ledger, Number, Outcome, Refusal};

/// The refunds of one command. Kept for as long as the book, since a refund may come at any time: some 80 bytes
/// for each command ever refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refunds {
    /// The payee of the original, who gives back.
    pub(crate) debit: AccountId,
    /// The payer of the original, who gets back.
    pub(crate) credit: AccountId,
    /// What the original moved.
    pub(crate) of: Money,
    /// What was given back of it by now: more than nothing, at most `of`.
    pub(crate) refunded: Units,
}

impl Ledger {
    /// Gives back `amount` of what `original` moved, which is `facts` by the caller's records.
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
        let (of, units) = (Units::positive(facts.of)?, Units::positive(amount)?);
        if facts.of.currency() != amount.currency() {
            return Err(Refusal::CurrencyMismatch(facts.debit));
        }
        let before = self.refunds.get(&original).copied();
        let so_far = before.map_or(Units::NONE, |before| before.refunded);
        if before.is_some_and(|before| before != Refunds { refunded: so_far, ..facts }) {
            return Err(Refusal::RefundDiffers(original));
        }
        let left = of.minus(so_far).expect("no more is refunded than was moved");
        let exceeds = Refusal::RefundExceeds { original, left: left.signed() };
        let rest = left.minus(units).ok_or(exceeds)?;
        let (debit_balance, credit_balance) = self.transfer::<LINKED>(facts.debit, facts.credit, amount)?;
        // By subtraction, so that it is within the original whatever happens.
        let refunded = of.minus(rest).expect("the rest is part of it");
        assert!(refunded > so_far, "a refund adds to what is refunded");
        self.refunds.insert(original, Refunds { refunded, ..facts });
        if LINKED {
            self.undo.push(Undo::Refunded(original, before));
        }
        Ok(Outcome::Refunded { refunded: refunded.signed(), debit_balance, credit_balance })
    }

    /// The part of [`Ledger::check`] about refunds.
    pub(crate) fn check_refunds(&self) -> Result<(), BookFault> {
        // By account: what it gave back, what it got back.
        let mut sums: BTreeMap<AccountId, (Sum, Sum)> = BTreeMap::new();
        for (&original, refunds) in &self.refunds {
            if let Some(what) = self.refunds_fault(original, refunds) {
                return Err(BookFault::Refunds(original, what));
            }
            sums.entry(refunds.debit).or_default().0.add_units(refunds.refunded);
            sums.entry(refunds.credit).or_default().1.add_units(refunds.refunded);
        }
        for account in &self.accounts {
            let (given, got) = sums.get(&account.id).copied().unwrap_or_default();
            if given.get() > u128::from(account.debits.posted())
                || got.get() > u128::from(account.credits.posted())
            {
                return Err(BookFault::Account(account.id, "more is refunded than it ever moved"));
            }
        }
        Ok(())
    }

    fn refunds_fault(&self, original: Number, refunds: &Refunds) -> Option<&'static str> {
        if original.0 == 0 || original.0 >= self.next_number {
            return Some("the number was not given out yet");
        }
        if refunds.refunded == Units::NONE || Units::of(refunds.of).is_none_or(|of| refunds.refunded > of) {
            return Some("nothing is refunded, or more than it moved");
        }
        self.sides_fault(refunds.debit, refunds.credit, refunds.of.currency())
    }
}
