//! How money moves: what a posting needs is checked first, then both sides are written and asserted.

use money::Money;

use crate::undo::Undo;
use crate::units::{Phase, Side, Units};
use crate::{Account, AccountId, Ledger, Refusal};

/// Both sides of a posting that was found to be allowed: where they are, and how they stand after it.
pub(crate) struct Posting {
    pub(crate) debit: usize,
    pub(crate) debits: Side,
    pub(crate) credit: usize,
    pub(crate) credits: Side,
}

impl Ledger {
    /// Moves an amount from one account to another; the balances of both after it.
    pub(crate) fn transfer<const LINKED: bool>(
        &mut self,
        debit: AccountId,
        credit: AccountId,
        amount: Money,
    ) -> Result<(i64, i64), Refusal> {
        let posting = self.allow(Phase::Post, debit, credit, amount)?;
        self.write::<LINKED>(&posting);
        Ok((self.at(posting.debit).balance_units(), self.at(posting.credit).balance_units()))
    }

    /// Checks everything that a transfer or hold needs, and changes nothing.
    pub(crate) fn allow(
        &self,
        phase: Phase,
        debit: AccountId,
        credit: AccountId,
        amount: Money,
    ) -> Result<Posting, Refusal> {
        let units = Units::positive(amount)?;
        if debit == credit {
            return Err(Refusal::SameAccount(debit));
        }
        let (debit, credit) = (self.slot(debit)?, self.slot(credit)?);
        // The receiving side first: whoever pays learns of a wrong payee rather than of an empty purse.
        let credits = self.at(credit).credited(phase, units, amount.currency())?;
        let debits = self.at(debit).debited(phase, units, amount.currency())?;
        Ok(Posting { debit, debits, credit, credits })
    }

    /// Writes both sides. The running totals take from each account what changed in that account, so that a
    /// posting whose sides differ shows at once.
    pub(crate) fn write<const LINKED: bool>(&mut self, posting: &Posting) {
        if LINKED {
            self.note_before(posting);
        }
        let account = self.at_mut(posting.debit);
        let debits_before = std::mem::replace(&mut account.debits, posting.debits);
        assert!(account.fault().is_none(), "account {:?} after a debit: {:?}", account.id, account.fault());
        let currency = account.currency;
        let account = self.at_mut(posting.credit);
        let credits_before = std::mem::replace(&mut account.credits, posting.credits);
        assert!(account.fault().is_none(), "account {:?} after a credit: {:?}", account.id, account.fault());
        assert_eq!(account.currency, currency, "both sides of a posting have one currency");
        let totals = self.totals.entry(currency).or_default();
        totals.debits.replace(debits_before, posting.debits);
        totals.credits.replace(credits_before, posting.credits);
        totals.assert_balanced();
    }

    /// Notes how both sides stand before a linked command changes them.
    fn note_before(&mut self, posting: &Posting) {
        for slot in [posting.debit, posting.credit] {
            let before = self.at(slot).clone();
            self.undo.push(Undo::Account(slot, before));
        }
        let currency = self.at(posting.debit).currency;
        self.undo.push(Undo::Totals(currency, self.totals.get(&currency).copied()));
    }

    pub(crate) fn slot(&self, id: AccountId) -> Result<usize, Refusal> {
        self.slots.get(&id).copied().ok_or(Refusal::UnknownAccount(id))
    }

    pub(crate) fn at(&self, slot: usize) -> &Account {
        self.accounts.get(slot).expect("a slot handed out stays")
    }

    pub(crate) fn at_mut(&mut self, slot: usize) -> &mut Account {
        self.accounts.get_mut(slot).expect("a slot handed out stays")
    }
}
