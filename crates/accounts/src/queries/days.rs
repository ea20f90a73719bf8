//! What reports and clearing ask: movements between two numbers, totals of all accounts, declines.

use std::collections::BTreeMap;

use ledger::Timestamp;
use money::Money;
use rusqlite::{Connection, Row};

use super::payments::number_at;
use super::{currency, entry_kind, unreadable};
use crate::journal::unsigned;
use crate::{AccountId, HolderId, Kind, Movement, PaymentId, TrialRow};

/// Every movement of money from one number, inclusive, until another, exclusive, in order.
pub(crate) fn movements(
    connection: &Connection,
    from: PaymentId,
    until: PaymentId,
) -> rusqlite::Result<Vec<Movement>> {
    // History is ordered by account, payments by number: the payments lead, each movement is read from the side
    // that gave. Payments that were posted out of review moved later than their number says.
    let mut found: Vec<(i64, Movement)> = connection
        .prepare_cached(
            "SELECT h.number, h.payment, p.at, h.operation, g.id, g.holder, g.kind, t.id, t.holder, t.kind, -h.amount,
                    g.currency, p.terminal, p.app, p.reference
             FROM accounts g JOIN history h ON h.account = g.id JOIN payments p ON p.number = h.payment
                  JOIN accounts t ON t.id = h.counterparty
             WHERE h.number >= ?1 AND h.number < ?2 AND h.amount < 0",
        )?
        .query_map((from.sql(), until.sql()), |row| {
            let movement = Movement {
                payment: PaymentId::from_sql(row.get(1)?),
                at: Timestamp(unsigned(row.get(2)?)),
                operation: entry_kind(row, 3)?,
                from: side(row, 4)?,
                to: side(row, 7)?,
                amount: Money::new(row.get(10)?, currency(row, 11)?),
                terminal: row.get(12)?,
                app: row.get(13)?,
                reference: row.get(14)?,
            };
            Ok((row.get(0)?, movement))
        })?
        .collect::<rusqlite::Result<_>>()?;
    found.sort_unstable_by_key(|&(number, _)| number);
    Ok(found.into_iter().map(|(_, movement)| movement).collect())
}

fn side(row: &Row<'_>, first: usize) -> rusqlite::Result<(AccountId, HolderId, Kind)> {
    let kind = kind(row, first.saturating_add(2))?;
    Ok((AccountId::from_sql(row.get(first)?), HolderId(row.get(first.saturating_add(1))?), kind))
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    let word: String = row.get(column)?;
    Kind::from_word(&word).ok_or_else(|| unreadable(column, &word))
}

/// The totals of every account as of a moment, exclusive.
pub(crate) fn trial_balance(connection: &Connection, as_of: Timestamp) -> rusqlite::Result<Vec<TrialRow>> {
    let end = number_at(connection, as_of)?;
    connection
        .prepare_cached(
            "SELECT a.id, a.holder, a.name, a.kind, a.currency,
                    coalesce(sum(CASE WHEN h.amount < 0 THEN -h.amount END), 0),
                    coalesce(sum(CASE WHEN h.amount > 0 THEN h.amount END), 0)
             FROM accounts a LEFT JOIN history h ON h.account = a.id AND h.number < ?1
             WHERE a.number < ?1
             GROUP BY a.id ORDER BY a.id",
        )?
        .query_map([end], |row| {
            let currency = currency(row, 4)?;
            Ok(TrialRow {
                account: AccountId::from_sql(row.get(0)?),
                holder: HolderId(row.get(1)?),
                name: row.get(2)?,
                kind: kind(row, 3)?,
                currency,
                debits: Money::new(row.get(5)?, currency),
                credits: Money::new(row.get(6)?, currency),
            })
        })?
        .collect()
}

/// How many payments were refused between two numbers, by the control that refused them.
pub(crate) fn declines(
    connection: &Connection,
    from: PaymentId,
    until: PaymentId,
) -> rusqlite::Result<BTreeMap<String, u64>> {
    connection
        .prepare_cached(
            "SELECT coalesce(control, 'ledger'), count(*) FROM payments
             WHERE state = 'refused' AND number >= ?1 AND number < ?2 GROUP BY 1",
        )?
        .query_map((from.sql(), until.sql()), |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?
        .collect()
}
