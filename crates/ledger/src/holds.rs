//! Two-phase transfers: an amount is set aside, then captured (at once or bit by bit), released, or given back
//! when it expires.

use money::Money;

use crate::posting::Posting;
use crate::undo::Undo;
use crate::units::{Phase, Units};
use crate::{AccountId, Expired, Ledger, Number, Outcome, Refusal, Timestamp};

/// An amount set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The account that will give.
    pub debit: AccountId,
    /// The account that will get.
    pub credit: AccountId,
    /// How much at most, in the currency of both: what was set aside less what was captured since.
    pub amount: Money,
    /// When it is given back by itself.
    pub expires: Option<Timestamp>,
}

impl Ledger {
    pub(crate) fn set_aside<const LINKED: bool>(
        &mut self,
        number: Number,
        mut hold: Hold,
    ) -> Result<Outcome, Refusal> {
        // The end of time is never.
        hold.expires = hold.expires.filter(|at| at.0 != u64::MAX);
        if hold.expires.is_some_and(|expires| expires <= self.now) {
            return Err(Refusal::ExpiryPast);
        }
        let posting = self.allow(Phase::Hold, hold.debit, hold.credit, hold.amount)?;
        self.write::<LINKED>(&posting);
        self.put_hold(number, hold);
        if LINKED {
            self.undo.push(Undo::Made(number));
        }
        Ok(Outcome::Held { debit_available: self.at(posting.debit).available_units() })
    }

    pub(crate) fn capture<const LINKED: bool>(
        &mut self,
        number: Number,
        amount: Money,
        last: bool,
    ) -> Result<Outcome, Refusal> {
        let hold = *self.holds.get(&number).ok_or(Refusal::HoldNotOpen(number))?;
        let units = Units::positive(amount)?;
        if amount.currency() != hold.amount.currency() {
            return Err(Refusal::CurrencyMismatch(hold.debit));
        }
        let exceeds = Refusal::CaptureExceedsHold { hold: number, held: hold.amount.minor_units() };
        let rest = held_units(&hold).minus(units).ok_or(exceeds)?;
        let (released, left) = if last { (rest, Units::NONE) } else { (Units::NONE, rest) };
        let posting = self.settle::<LINKED>(number, hold, units, released);
        Ok(Outcome::Captured {
            debit: hold.debit,
            credit: hold.credit,
            released: released.signed(),
            left: left.signed(),
            debit_balance: self.at(posting.debit).balance_units(),
            credit_balance: self.at(posting.credit).balance_units(),
        })
    }

    pub(crate) fn release<const LINKED: bool>(&mut self, number: Number) -> Result<Outcome, Refusal> {
        let hold = *self.holds.get(&number).ok_or(Refusal::HoldNotOpen(number))?;
        let posting = self.settle::<LINKED>(number, hold, Units::NONE, held_units(&hold));
        Ok(Outcome::Released {
            debit: hold.debit,
            amount: hold.amount.minor_units(),
            debit_available: self.at(posting.debit).available_units(),
        })
    }

    /// Gives back every hold that has expired by now, the soonest first.
    pub(crate) fn expire(&mut self) -> Vec<Expired> {
        let mut expired = Vec::new();
        while let Some(&(at, number)) = self.expiries.first()
            && at <= self.now
        {
            let hold = *self.holds.get(&number).expect("an expiry belongs to an open hold");
            self.settle::<false>(number, hold, Units::NONE, held_units(&hold));
            let amount = hold.amount.minor_units();
            expired.push(Expired { hold: number, debit: hold.debit, credit: hold.credit, amount });
        }
        expired
    }

    /// Moves `captured` of a hold and gives `released` of it back; the hold ends when nothing is left of it.
    fn settle<const LINKED: bool>(
        &mut self,
        number: Number,
        hold: Hold,
        captured: Units,
        released: Units,
    ) -> Posting {
        let debit = self.slot(hold.debit).expect("the account of an open hold stays");
        let credit = self.slot(hold.credit).expect("the account of an open hold stays");
        let after = "what an account holds covers each of its holds";
        let posting = Posting {
            debit,
            debits: self.at(debit).debits.settled(captured, released).expect(after),
            credit,
            credits: self.at(credit).credits.settled(captured, released).expect(after),
        };
        self.write::<LINKED>(&posting);
        let left = held_units(&hold).minus(captured).and_then(|rest| rest.minus(released));
        let left = left.expect("no more is captured and released than is held");
        if left == Units::NONE {
            self.take_hold(number);
        } else {
            self.holds.insert(number, Hold { amount: left.money(hold.amount.currency()), ..hold });
        }
        if LINKED {
            self.undo.push(Undo::Held(number, hold));
        }
        posting
    }

    pub(crate) fn put_hold(&mut self, number: Number, hold: Hold) {
        if let Some(at) = hold.expires {
            self.expiries.insert((at, number));
        }
        self.holds.insert(number, hold);
    }

    pub(crate) fn take_hold(&mut self, number: Number) {
        let hold = self.holds.remove(&number).expect("the hold that ends is open");
        if let Some(at) = hold.expires {
            self.expiries.remove(&(at, number));
        }
    }
}

fn held_units(hold: &Hold) -> Units {
    Units::positive(hold.amount).expect("a hold is of more than nothing")
}
