//! What several rows change in tables that are ordered by something else than time, collected and written in
//! that order: neighbours fall on the same page, and each account is updated once.

use std::collections::BTreeMap;

use money::Money;
use rusqlite::Transaction;

use crate::{AccountId, EntryKind, Error, PaymentId};

#[derive(Debug, Default)]
pub(super) struct Changes {
    amounts: BTreeMap<AccountId, Amounts>,
    history: Vec<HistoryLine>,
    pub(super) keys: Vec<([u8; 16], [u8; 16], Vec<u8>)>,
}

/// Minor units to be added to an account's totals.
#[derive(Debug, Default)]
struct Amounts {
    debits: i64,
    credits: i64,
    held: i64,
}

#[derive(Debug)]
struct HistoryLine {
    account: AccountId,
    number: PaymentId,
    payment: PaymentId,
    kind: EntryKind,
    counterparty: AccountId,
    units: i64,
    balance_after: i64,
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

impl Changes {
    pub(super) fn held(&mut self, account: AccountId, units: i64) {
        let change = self.amounts.entry(account).or_default();
        change.held = change.held.saturating_add(units);
    }

    pub(super) fn moved(&mut self, moved: Move) {
        let Move { number, payment, kind, from, to, amount, from_balance, to_balance } = moved;
        let units = amount.minor_units();
        let giver = self.amounts.entry(from).or_default();
        giver.debits = giver.debits.saturating_add(units);
        let getter = self.amounts.entry(to).or_default();
        getter.credits = getter.credits.saturating_add(units);
        let sides = [(from, to, units.saturating_neg(), from_balance), (to, from, units, to_balance)];
        for (account, counterparty, units, balance_after) in sides {
            let line = HistoryLine { account, number, payment, kind, counterparty, units, balance_after };
            self.history.push(line);
        }
    }

    pub(super) fn write(&mut self, transaction: &Transaction<'_>) -> Result<(), Error> {
        self.keys.sort_unstable();
        let mut insert =
            transaction.prepare_cached("INSERT INTO keys (key, content, answer) VALUES (?1, ?2, ?3)")?;
        for key in self.keys.drain(..) {
            insert.execute(key)?;
        }
        self.history.sort_unstable_by_key(|line| (line.account, line.number));
        let mut insert =
            transaction.prepare_cached("INSERT INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for line in self.history.drain(..) {
            insert.execute((
                line.account.sql(),
                line.number.sql(),
                line.payment.sql(),
                line.kind.word(),
                line.counterparty.sql(),
                line.units,
                line.balance_after,
            ))?;
        }
        let mut update = transaction.prepare_cached(
            "UPDATE accounts SET debits = debits + ?2, credits = credits + ?3, held = held + ?4 WHERE id = ?1",
        )?;
        for (account, change) in std::mem::take(&mut self.amounts) {
            update.execute((account.sql(), change.debits, change.credits, change.held))?;
        }
        Ok(())
    }
}
