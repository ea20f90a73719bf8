//! Questions to the projections, and the threads that answer them. Reading never blocks posting: it has its
//! own connections, and SQLite's write-ahead log lets them read while the projections move on.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use ledger::Timestamp;
use money::{Currency, Money};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use crate::journal::unsigned;
use crate::operation::PAGE_ENTRIES_MAX;
use crate::{
    Account, AccountId, Cursor, Entry, EntryKind, Error, HolderId, Kind, Page, PaymentId, PaymentRecord,
};

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The threads that read. They end when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Readers {
    questions: mpsc::Sender<Question>,
}

impl Readers {
    pub(crate) fn start(path: &Path, count: usize) -> Result<Self, Error> {
        let (questions, asked) = mpsc::channel::<Question>();
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..count.max(1) {
            let connection = connect(path)?;
            let asked = Arc::clone(&asked);
            std::thread::Builder::new().name("accounts-reader".to_owned()).spawn(move || {
                loop {
                    let question = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(question) = question else { break };
                    question(&connection);
                }
            })?;
        }
        Ok(Self { questions })
    }

    pub(crate) fn ask(&self, question: Question) -> Result<(), Error> {
        self.questions.send(question).map_err(|_| Error::Stopped)
    }
}

/// A connection that only reads.
pub(crate) fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

const ACCOUNT_COLUMNS: &str = "id, holder, kind, name, currency, balance, held, opened, closed";

pub(crate) fn account(connection: &Connection, id: AccountId) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = ?1"))?
        .query_row([id.sql()], read_account)
        .optional()
}

pub(crate) fn accounts_of(connection: &Connection, holder: &HolderId) -> rusqlite::Result<Vec<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE holder = ?1 ORDER BY id LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map([&holder.0], read_account)?
        .collect()
}

pub(crate) fn find(
    connection: &Connection,
    query: &str,
    kind: Option<Kind>,
) -> rusqlite::Result<Vec<Account>> {
    let escaped = query.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let number = query.parse::<AccountId>().map_or(0, AccountId::sql);
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM accounts
             WHERE (id = ?1 OR name LIKE ?2 ESCAPE '\\' OR holder LIKE ?2 ESCAPE '\\')
               AND (?3 IS NULL OR kind = ?3) AND closed = 0
             ORDER BY name, id LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map((number, format!("%{escaped}%"), kind.map(Kind::word)), read_account)?
        .collect()
}

pub(crate) fn history(
    connection: &Connection,
    account: AccountId,
    before: Option<Cursor>,
    limit: u32,
) -> rusqlite::Result<Page> {
    let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
    let before = before.map_or(i64::MAX, |cursor| cursor.number);
    let mut entries: Vec<(i64, Entry)> = connection
        .prepare_cached(
            "SELECT h.number, h.payment, h.operation, h.counterparty, a.name, h.amount, p.currency, h.balance_after,
                    p.at, p.memo
             FROM history h JOIN payments p ON p.number = h.payment JOIN accounts a ON a.id = h.counterparty
             WHERE h.account = ?1 AND h.number < ?2
             ORDER BY h.number DESC LIMIT ?3",
        )?
        .query_map((account.sql(), before, limit.saturating_add(1)), |row| {
            let currency = currency(row, 6)?;
            let entry = Entry {
                payment: PaymentId::from_sql(row.get(1)?),
                operation: entry_kind(row, 2)?,
                counterparty: AccountId::from_sql(row.get(3)?),
                counterparty_name: row.get(4)?,
                amount: Money::new(row.get(5)?, currency),
                balance_after: Money::new(row.get(7)?, currency),
                at: Timestamp(unsigned(row.get(8)?)),
                memo: row.get(9)?,
            };
            Ok((row.get(0)?, entry))
        })?
        .collect::<rusqlite::Result<_>>()?;
    // One more was asked for, to learn whether there are older ones.
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = entries.len() > wanted;
    entries.truncate(wanted);
    let next = entries.last().filter(|_| more).map(|&(number, _)| Cursor { number });
    Ok(Page { entries: entries.into_iter().map(|(_, entry)| entry).collect(), next })
}

pub(crate) fn payment(connection: &Connection, id: PaymentId) -> rusqlite::Result<Option<PaymentRecord>> {
    connection
        .prepare_cached(
            "SELECT p.operation, p.from_account, f.name, p.to_account, t.name, p.amount, p.fee, p.currency, p.at,
                    p.memo, p.evidence, p.hold
             FROM payments p JOIN accounts f ON f.id = p.from_account JOIN accounts t ON t.id = p.to_account
             WHERE p.number = ?1 AND p.refusal IS NULL",
        )?
        .query_row([id.sql()], |row| {
            let currency = currency(row, 7)?;
            Ok(PaymentRecord {
                payment: id,
                operation: entry_kind(row, 0)?,
                from: (AccountId::from_sql(row.get(1)?), row.get(2)?),
                to: (AccountId::from_sql(row.get(3)?), row.get(4)?),
                amount: Money::new(row.get(5)?, currency),
                fee: Money::new(row.get(6)?, currency),
                at: Timestamp(unsigned(row.get(8)?)),
                memo: row.get(9)?,
                evidence: row.get(10)?,
                hold: row.get::<_, Option<i64>>(11)?.map(PaymentId::from_sql),
            })
        })
        .optional()
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let currency = currency(row, 4)?;
    let (balance, held): (i64, i64) = (row.get(5)?, row.get(6)?);
    let word: String = row.get(2)?;
    Ok(Account {
        id: AccountId::from_sql(row.get(0)?),
        holder: HolderId(row.get(1)?),
        kind: Kind::from_word(&word).ok_or_else(|| unreadable(2, &word))?,
        name: row.get(3)?,
        balance: Money::new(balance, currency),
        available: Money::new(balance.saturating_sub(held), currency),
        opened: Timestamp(unsigned(row.get(7)?)),
        closed: row.get(8)?,
    })
}

fn currency(row: &Row<'_>, column: usize) -> rusqlite::Result<Currency> {
    let code: String = row.get(column)?;
    Currency::new(&code).map_err(|_| unreadable(column, &code))
}

fn entry_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    let word: String = row.get(column)?;
    EntryKind::from_word(&word).ok_or_else(|| unreadable(column, &word))
}

fn unreadable(column: usize, word: &str) -> rusqlite::Error {
    let reason = format!("{word:?} is not what this version writes there: rebuild the projections");
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
}
