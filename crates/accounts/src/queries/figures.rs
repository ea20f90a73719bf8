//! What reports count, and what belongs to one payment.

use ledger::Timestamp;
use money::Money;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::payments::{PAYMENT, read_payment};
use super::{currency, entry_kind};
use crate::history::PAGE_ENTRIES_MAX;
use crate::journal::{signed, unsigned};
use crate::{AccountId, DayFigures, EntryKind, Figure, HeldAt, HoldRecord, PaymentId, Related};

/// What was posted from one number, inclusive, until another, exclusive.
pub(crate) fn day(
    connection: &Connection,
    from: PaymentId,
    until: PaymentId,
) -> rusqlite::Result<DayFigures> {
    let (from, until) = (from.sql(), until.sql());
    let figures = |sql: &str| -> rusqlite::Result<Vec<Figure>> {
        connection
            .prepare_cached(sql)?
            .query_map((from, until), |row| {
                Ok(Figure {
                    operation: entry_kind(row, 0)?,
                    count: unsigned(row.get(2)?),
                    amount: Money::new(row.get(3)?, currency(row, 1)?),
                })
            })?
            .collect()
    };
    let mut operations = figures(
        "SELECT l.kind, g.currency, count(*), sum(l.amount) FROM legs l JOIN accounts g ON g.id = l.debit
         WHERE l.number >= ?1 AND l.number < ?2 AND l.kind NOT IN ('fee', 'exchange') GROUP BY 1, 2",
    )?;
    // An exchange is two movements; the payer's is the one that was asked for.
    operations.extend(figures(
        "SELECT l.kind, g.currency, count(*), sum(l.amount)
         FROM legs l JOIN accounts g ON g.id = l.debit JOIN payments p ON p.number = l.payment
         WHERE l.number >= ?1 AND l.number < ?2 AND l.kind = 'exchange' AND l.debit = p.from_account GROUP BY 1, 2",
    )?);
    operations.sort_by_key(|figure| (figure.operation, figure.amount.currency()));
    let mut fees = figures(
        "SELECT p.operation, g.currency, count(*), sum(l.amount)
         FROM legs l JOIN accounts g ON g.id = l.debit JOIN payments p ON p.number = l.payment
         WHERE l.number >= ?1 AND l.number < ?2 AND l.kind = 'fee' GROUP BY 1, 2",
    )?;
    fees.sort_by_key(|figure| (figure.operation, figure.amount.currency()));
    let acts = |action: &str| -> rusqlite::Result<u64> {
        connection
            .prepare_cached("SELECT count(*) FROM acts WHERE action = ?1 AND number >= ?2 AND number < ?3")?
            .query_row((action, from, until), |row| row.get(0).map(unsigned))
    };
    Ok(DayFigures { operations, fees, released: acts("review-post")?, refused: acts("review-refuse")? })
}

/// What was set aside at a moment: what was made before it and had not ended, less what had been captured.
pub(crate) fn held_at(
    connection: &Connection,
    account: Option<AccountId>,
    at: Timestamp,
) -> rusqlite::Result<HeldAt> {
    let mut held = HeldAt::default();
    let mut found = connection.prepare_cached(
        "SELECT h.currency, count(*), sum(h.original - coalesce((SELECT sum(p.amount) FROM payments p
                                                                 WHERE p.hold = h.number AND p.at < ?1), 0)),
                sum(h.review), min(CASE WHEN h.review THEN h.at END)
         FROM (SELECT * FROM holds WHERE state = 'open' UNION ALL SELECT * FROM holds WHERE ended >= ?1) h
         WHERE h.at < ?1 AND (?2 IS NULL OR h.from_account = ?2) GROUP BY 1",
    )?;
    let mut rows = found.query((signed(at.0), account.map(AccountId::sql)))?;
    while let Some(row) = rows.next()? {
        held.totals.push((unsigned(row.get(1)?), Money::new(row.get(2)?, currency(row, 0)?)));
        held.waiting = held.waiting.saturating_add(unsigned(row.get(3)?));
        let oldest = row.get::<_, Option<i64>>(4)?.map(|at| Timestamp(unsigned(at)));
        held.oldest = [held.oldest, oldest].into_iter().flatten().min();
    }
    Ok(held)
}

const HOLD: &str =
    "SELECT h.number, h.from_account, f.name, h.to_account, t.name, h.original, h.amount, h.currency, h.at,
            h.expires, h.ended, h.state, h.memo, h.reference, h.review
     FROM holds h JOIN accounts f ON f.id = h.from_account JOIN accounts t ON t.id = h.to_account";

fn read_hold(row: &Row<'_>) -> rusqlite::Result<HoldRecord> {
    let currency = currency(row, 7)?;
    let moment = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(|at| Timestamp(unsigned(at))))
    };
    Ok(HoldRecord {
        hold: PaymentId::from_sql(row.get(0)?),
        from: (AccountId::from_sql(row.get(1)?), row.get(2)?),
        to: (AccountId::from_sql(row.get(3)?), row.get(4)?),
        original: Money::new(row.get(5)?, currency),
        left: Money::new(row.get(6)?, currency),
        at: Timestamp(unsigned(row.get(8)?)),
        expires: moment(9)?,
        ended: moment(10)?,
        state: row.get(11)?,
        memo: row.get(12)?,
        reference: row.get(13)?,
        in_review: row.get(14)?,
    })
}

/// Open holds with a number after this one, oldest first; of one account, or of all.
pub(crate) fn holds_after(
    connection: &Connection,
    account: Option<AccountId>,
    after: Option<PaymentId>,
) -> rusqlite::Result<Vec<HoldRecord>> {
    connection
        .prepare_cached(&format!(
            "{HOLD} WHERE h.state = 'open' AND h.number > ?1 AND (?2 IS NULL OR ?2 IN (h.from_account, h.to_account))
             ORDER BY h.number LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map((after.map_or(0, PaymentId::sql), account.map(AccountId::sql)), read_hold)?
        .collect()
}

/// What belongs to a payment, or to a hold, beside its record.
pub(crate) fn related(connection: &Connection, number: PaymentId) -> rusqlite::Result<Related> {
    let list = |column: &str| {
        connection
            .prepare_cached(&format!(
                "{PAYMENT} WHERE p.{column} = ?1 ORDER BY p.number LIMIT {PAGE_ENTRIES_MAX}"
            ))?
            .query_map([number.sql()], read_payment)?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    let hold = connection
        .prepare_cached(&format!("{HOLD} WHERE h.number = ?1"))?
        .query_row([number.sql()], read_hold)
        .optional()?;
    let related = Related { hold, captures: list("hold")?, refunds: list("original")?, ..Related::default() };
    let told = connection
        .prepare_cached(
            "SELECT p.converted, t.currency, p.rate, p.control, p.resolved, p.operation, p.state, p.currency,
                    (SELECT coalesce(sum(r.amount), 0) FROM payments r
                     WHERE r.original = p.number AND r.state = 'posted')
             FROM payments p JOIN accounts t ON t.id = p.to_account WHERE p.number = ?1",
        )?
        .query_row([number.sql()], |row| {
            let (got, paid) = (currency(row, 1)?, currency(row, 7)?);
            let refundable = entry_kind(row, 5)?.is_refundable() && row.get::<_, String>(6)? == "posted";
            let refunded = Money::new(row.get(8)?, paid);
            Ok(Related {
                converted: row.get::<_, Option<i64>>(0)?.map(|units| Money::new(units, got)),
                rate: row.get(2)?,
                control: row.get(3)?,
                resolved: row.get::<_, Option<i64>>(4)?.map(PaymentId::from_sql),
                refunded: Some(refunded).filter(|_| refundable),
                ..Related::default()
            })
        })
        .optional()?;
    Ok(match told {
        None => related,
        Some(told) => {
            Related { hold: related.hold, captures: related.captures, refunds: related.refunds, ..told }
        }
    })
}

impl EntryKind {
    /// Whether a payment of this kind can be given back.
    pub(crate) const fn is_refundable(self) -> bool {
        matches!(self, Self::Pay | Self::Transfer | Self::Capture | Self::TopUp | Self::Withdrawal)
    }
}
