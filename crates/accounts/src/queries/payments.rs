//! Payments, histories and holds.

use ledger::Timestamp;
use money::Money;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{currency, entry_kind, unreadable};
use crate::history::PAGE_ENTRIES_MAX;
use crate::journal::{signed, unsigned};
use crate::legs::{self, Line};
use crate::{
    AccountId, Cursor, Entry, EntryKind, OpenHold, Origin, Page, PaymentId, PaymentRecord, PaymentState,
    Period,
};

/// Most lines of a period that are read at once.
const PERIOD_LINES_MAX: usize = 1_000_000;

pub(crate) fn history(
    connection: &Connection,
    account: AccountId,
    before: Option<Cursor>,
    limit: u32,
) -> rusqlite::Result<Page> {
    let limit = usize::try_from(limit.clamp(1, PAGE_ENTRIES_MAX)).unwrap_or(1);
    let before = before.map_or(i64::MAX, |cursor| cursor.number);
    // One more is asked for, to learn whether there are older ones.
    let mut lines = legs::lines(connection, account, before, |so_far, _| so_far <= limit)?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines.last().filter(|_| more).map(|line| Cursor { number: line.number });
    Ok(Page { entries: entries(connection, account, &lines)?, next })
}

/// The account from one moment, inclusive, until another, exclusive.
pub(crate) fn period(
    connection: &Connection,
    account: AccountId,
    from: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<Option<Period>> {
    let code = connection
        .prepare_cached("SELECT currency FROM accounts WHERE id = ?1")?
        .query_row([account.sql()], |row| currency(row, 0))
        .optional()?;
    let Some(currency) = code else { return Ok(None) };
    let (first, end) = (number_at(connection, from)?, number_at(connection, until)?);
    let opening = Money::new(balance_before(connection, account, first)?, currency);
    let mut lines = legs::lines(connection, account, end, |so_far, line| {
        so_far <= PERIOD_LINES_MAX && line.number >= first
    })?;
    if lines.len() > PERIOD_LINES_MAX {
        let reason = format!("the period has more than {PERIOD_LINES_MAX} lines: ask for a shorter one");
        return Err(rusqlite::Error::ToSqlConversionFailure(reason.into()));
    }
    lines.reverse();
    let entries = entries(connection, account, &lines)?;
    let closing = Money::new(balance_before(connection, account, end)?, currency);
    Ok(Some(Period { opening, entries, closing }))
}

/// The first number that was given out at this moment or later.
pub(crate) fn number_at(connection: &Connection, at: Timestamp) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached(
            "SELECT first_number FROM rows WHERE at >= ?1 AND first_number IS NOT NULL ORDER BY at, sequence LIMIT 1",
        )?
        .query_row([signed(at.0)], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(i64::MAX))
}

/// The account's balance before the command of this number, in minor units.
pub(crate) fn balance_before(
    connection: &Connection,
    account: AccountId,
    number: i64,
) -> rusqlite::Result<i64> {
    let last = legs::lines(connection, account, number, |so_far, _| so_far == 0)?;
    Ok(last.first().map_or(0, |line| line.balance_after))
}

/// The lines with what their payments and accounts say of them.
fn entries(connection: &Connection, account: AccountId, lines: &[Line]) -> rusqlite::Result<Vec<Entry>> {
    let mut details = connection.prepare_cached(
        "SELECT o.currency, a.name, coalesce((SELECT at FROM acts WHERE number = p.resolved), p.at), p.memo, p.reference
         FROM payments p, accounts a, accounts o
         WHERE p.number = ?1 AND a.id = ?2 AND o.id = ?3",
    )?;
    let read = |line: &Line| {
        let operation = EntryKind::from_word(&line.kind).ok_or_else(|| unreadable(0, &line.kind))?;
        details.query_row((line.payment, line.counterparty.sql(), account.sql()), |row| {
            let currency = currency(row, 0)?;
            Ok(Entry {
                payment: PaymentId::from_sql(line.payment),
                operation,
                counterparty: line.counterparty,
                counterparty_name: row.get(1)?,
                amount: Money::new(line.units, currency),
                balance_after: Money::new(line.balance_after, currency),
                at: Timestamp(unsigned(row.get(2)?)),
                memo: row.get(3)?,
                reference: row.get(4)?,
            })
        })
    };
    lines.iter().map(read).collect()
}

pub(super) const PAYMENT: &str = "SELECT p.number, p.operation, p.from_account, f.name, p.to_account, t.name, p.amount, p.fee, \
     p.payee_fee, p.currency, p.at, p.memo, p.reference, p.app, p.terminal, p.region, p.evidence, p.hold, p.original, \
     p.state, p.refusal, p.reasons \
     FROM payments p JOIN accounts f ON f.id = p.from_account JOIN accounts t ON t.id = p.to_account";

pub(crate) fn payment(connection: &Connection, id: PaymentId) -> rusqlite::Result<Option<PaymentRecord>> {
    connection
        .prepare_cached(&format!("{PAYMENT} WHERE p.number = ?1"))?
        .query_row([id.sql()], read_payment)
        .optional()
}

/// Payments with this reference, oldest first.
pub(crate) fn by_reference(connection: &Connection, reference: &str) -> rusqlite::Result<Vec<PaymentRecord>> {
    connection
        .prepare_cached(&format!(
            "{PAYMENT} WHERE p.reference = ?1 AND p.reference <> '' ORDER BY p.number LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map([reference], read_payment)?
        .collect()
}

/// Payments that wait for the operator, oldest first.
pub(crate) fn in_review(connection: &Connection) -> rusqlite::Result<Vec<PaymentRecord>> {
    connection
        .prepare_cached(&format!(
            "{PAYMENT} WHERE p.state = 'review' ORDER BY p.number LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map([], read_payment)?
        .collect()
}

/// Payments of all states after this number, oldest first.
pub(crate) fn after(
    connection: &Connection,
    number: PaymentId,
    limit: u32,
) -> rusqlite::Result<Vec<PaymentRecord>> {
    connection
        .prepare_cached(&format!("{PAYMENT} WHERE p.number > ?1 ORDER BY p.number LIMIT ?2"))?
        .query_map((number.sql(), limit), read_payment)?
        .collect()
}

pub(super) fn read_payment(row: &Row<'_>) -> rusqlite::Result<PaymentRecord> {
    let currency = currency(row, 9)?;
    let state: String = row.get(19)?;
    let state = match state.as_str() {
        "posted" => PaymentState::Posted,
        "review" => PaymentState::InReview,
        "refused" => PaymentState::Refused(row.get::<_, Option<String>>(20)?.unwrap_or_default()),
        _ => return Err(unreadable(19, &state)),
    };
    Ok(PaymentRecord {
        payment: PaymentId::from_sql(row.get(0)?),
        operation: entry_kind(row, 1)?,
        from: (AccountId::from_sql(row.get(2)?), row.get(3)?),
        to: (AccountId::from_sql(row.get(4)?), row.get(5)?),
        amount: Money::new(row.get(6)?, currency),
        fee: Money::new(row.get(7)?, currency),
        payee_fee: Money::new(row.get(8)?, currency),
        at: Timestamp(unsigned(row.get(10)?)),
        memo: row.get(11)?,
        reference: row.get(12)?,
        origin: Origin { app: row.get(13)?, terminal: row.get(14)?, region: row.get(15)? },
        evidence: row.get(16)?,
        hold: row.get::<_, Option<i64>>(17)?.map(PaymentId::from_sql),
        original: row.get::<_, Option<i64>>(18)?.map(PaymentId::from_sql),
        state,
        reasons: row
            .get::<_, Option<String>>(21)?
            .map(|reasons| reasons.lines().map(str::to_owned).collect())
            .unwrap_or_default(),
    })
}

/// What a repeated request is told beyond its first answer.
#[derive(Debug)]
pub(crate) struct Retold {
    pub(crate) record: PaymentRecord,
    pub(crate) control: Option<String>,
    /// What the payee got in another currency.
    pub(crate) converted: Option<Money>,
    /// Balances right after it, if it moved money.
    pub(crate) from_balance: i64,
    pub(crate) to_balance: i64,
}

pub(crate) fn retold(connection: &Connection, id: PaymentId) -> rusqlite::Result<Option<Retold>> {
    let Some(record) = payment(connection, id)? else { return Ok(None) };
    let (control, converted, code, moved) = connection.query_row(
        "SELECT p.control, p.converted, t.currency, coalesce(p.resolved, p.number)
         FROM payments p JOIN accounts t ON t.id = p.to_account WHERE p.number = ?1",
        [id.sql()],
        |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?, currency(row, 2)?, row.get(3)?)),
    )?;
    let last = |account| legs::balance_after(connection, account, id.sql(), moved);
    Ok(Some(Retold {
        control,
        converted: converted.map(|units| Money::new(units, code)),
        from_balance: last(record.from.0)?,
        to_balance: last(record.to.0)?,
        record,
    }))
}

/// Amounts that are set aside, oldest first; of one account, or of all.
pub(crate) fn open_holds(
    connection: &Connection,
    account: Option<AccountId>,
) -> rusqlite::Result<Vec<OpenHold>> {
    connection
        .prepare_cached(&format!(
            "SELECT number, from_account, to_account, amount, currency, at, expires, reference, review FROM holds
             WHERE state = 'open' AND (?1 IS NULL OR from_account = ?1 OR to_account = ?1)
             ORDER BY number LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map([account.map(AccountId::sql)], |row| {
            let currency = currency(row, 4)?;
            Ok(OpenHold {
                hold: PaymentId::from_sql(row.get(0)?),
                from: AccountId::from_sql(row.get(1)?),
                to: AccountId::from_sql(row.get(2)?),
                left: Money::new(row.get(3)?, currency),
                at: Timestamp(unsigned(row.get(5)?)),
                expires: row.get::<_, Option<i64>>(6)?.map(|at| Timestamp(unsigned(at))),
                reference: row.get(7)?,
                in_review: row.get(8)?,
            })
        })?
        .collect()
}
