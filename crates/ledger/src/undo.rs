//! Linked commands happen all or none: how each step is taken back when a later one is refused.

use money::Currency;

use crate::check::Running;
use crate::refunds::Refunds;
use crate::{Account, Hold, Ledger, Number};

/// How to take back one step of a linked request.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    /// The account was like this.
    Account(usize, Account),
    /// The currency's totals were like this, if it had any.
    Totals(Currency, Option<Running>),
    /// This hold was made.
    Made(Number),
    /// This hold was open, with this much.
    Held(Number, Hold),
    /// Of this command, that much was refunded.
    Refunded(Number, Option<Refunds>),
    /// The newest account was opened.
    Opened,
}

impl Ledger {
    /// Takes back the linked commands before the refused one, newest first.
    pub(crate) fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Account(slot, before) => *self.at_mut(slot) = before,
                Undo::Totals(currency, Some(before)) => {
                    before.assert_balanced();
                    self.totals.insert(currency, before);
                }
                // A currency first touched by the refused request leaves no empty line behind.
                Undo::Totals(currency, None) => {
                    self.totals.remove(&currency);
                }
                Undo::Made(number) => self.take_hold(number),
                Undo::Held(number, before) => self.put_hold(number, before),
                Undo::Refunded(original, Some(before)) => {
                    self.refunds.insert(original, before);
                }
                Undo::Refunded(original, None) => {
                    self.refunds.remove(&original);
                }
                Undo::Opened => {
                    let newest = self.accounts.pop().expect("it was opened within this request");
                    self.slots.remove(&newest.id);
                }
            }
        }
    }
}
