//! What reports and clearing ask: movements between two numbers, totals of all accounts, declines.

use std::collections::BTreeMap;

use ledger::Timestamp;
use money::Money;
use rusqlite::{Connection, OptionalExtension as _, Row};

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
    // Payments that were posted out of review moved when they were, later than their number says.
    connection
        .prepare_cached(
            "SELECT l.payment, coalesce((SELECT at FROM acts WHERE number = p.resolved), p.at), l.kind, g.id, g.holder, g.kind, t.id, t.holder, t.kind, l.amount, g.currency,
                    p.terminal, p.app, p.reference
             FROM legs l JOIN payments p ON p.number = l.payment JOIN accounts g ON g.id = l.debit
                  JOIN accounts t ON t.id = l.credit
             WHERE l.number >= ?1 AND l.number < ?2 ORDER BY l.number",
        )?
        .query_map((from.sql(), until.sql()), |row| {
            Ok(Movement {
                payment: PaymentId::from_sql(row.get(0)?),
                at: Timestamp(unsigned(row.get(1)?)),
                operation: entry_kind(row, 2)?,
                from: side(row, 3)?,
                to: side(row, 6)?,
                amount: Money::new(row.get(9)?, currency(row, 10)?),
                terminal: row.get(11)?,
                app: row.get(12)?,
                reference: row.get(13)?,
            })
        })?
        .collect()
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
            "SELECT a.id, a.holder, a.name, a.kind, a.currency, coalesce(d.units, 0), coalesce(c.units, 0)
             FROM accounts a
                  LEFT JOIN (SELECT debit account, sum(amount) units FROM legs WHERE number < ?1 GROUP BY 1) d
                  ON d.account = a.id
                  LEFT JOIN (SELECT credit account, sum(amount) units FROM legs WHERE number < ?1 GROUP BY 1) c
                  ON c.account = a.id
             WHERE a.number < ?1 ORDER BY a.id",
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

/// Which settlement instructions have been posted: by reference, the payment that did.
pub(crate) fn settlements(
    connection: &Connection,
    references: &[String],
) -> rusqlite::Result<BTreeMap<String, PaymentId>> {
    let mut found = connection.prepare_cached(
        "SELECT number FROM payments WHERE reference = ?1 AND reference <> '' AND operation = 'settlement'
         AND state = 'posted' ORDER BY number LIMIT 1",
    )?;
    let mut settlements = BTreeMap::new();
    for reference in references {
        let number = found.query_row([reference], |row| row.get(0)).optional()?;
        if let Some(number) = number {
            settlements.insert(reference.clone(), PaymentId::from_sql(number));
        }
    }
    Ok(settlements)
}
