//! What several rows of the journal add to the tables whose cost must not grow: written at the end of a step,
//! in the order that is cheapest.

use money::Money;
use rusqlite::{CachedStatement, Transaction};

use super::tables;
use crate::answers::Answers;
use crate::key_runs::KeyRuns;
use crate::legs::{Leg, Legs};
use crate::{AccountId, EntryKind, Error, PaymentId};

/// One step's.
pub(super) struct Changes<'a> {
    /// Inserts a payment: prepared once, since most entries are payments.
    pub(super) payments: CachedStatement<'a>,
    legs: &'a mut Legs,
    keys: &'a mut KeyRuns,
    new_keys: Vec<(u128, u64)>,
    answers: Answers,
}

/// One amount from one account to another, with the balances right after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) number: PaymentId,
    /// The payment it belongs to.
    pub(super) payment: PaymentId,
    pub(super) kind: EntryKind,
    pub(super) from: AccountId,
    pub(super) to: AccountId,
    pub(super) amount: Money,
    pub(super) from_balance: i64,
    pub(super) to_balance: i64,
}

impl<'a> Changes<'a> {
    pub(super) fn new(
        transaction: &'a Transaction<'_>,
        legs: &'a mut Legs,
        keys: &'a mut KeyRuns,
    ) -> Result<Self, Error> {
        let payments = transaction.prepare_cached(tables::INSERT_PAYMENT)?;
        Ok(Self { payments, legs, keys, new_keys: Vec::new(), answers: Answers::default() })
    }

    /// Remembers what a request was answered, for ever.
    pub(super) fn answered(&mut self, key: ledger::Key, content: ledger::Content, answer: &ledger::Answer) {
        self.new_keys.push((key.0, answer.number.0));
        self.answers.push(content, answer);
    }

    pub(super) fn held(&mut self, account: AccountId, units: i64) {
        self.legs.hold(account, units);
    }

    pub(super) fn moved(&mut self, moved: Move) {
        let Move { number, payment, kind, from, to, amount, from_balance, to_balance } = moved;
        self.legs.push(Leg {
            number: number.sql(),
            payment: payment.sql(),
            kind: kind.word(),
            debit: from,
            credit: to,
            amount: amount.minor_units(),
            debit_balance: from_balance,
            credit_balance: to_balance,
        });
    }

    pub(super) fn write(self, transaction: &Transaction<'_>) -> Result<(), Error> {
        self.keys.add(transaction, self.new_keys)?;
        self.answers.write(transaction)?;
        self.legs.write(transaction)
    }
}
