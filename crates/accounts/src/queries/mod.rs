//! Questions to the projections, and the threads that answer them. Reading never blocks posting: it has its
//! own connections, and SQLite's write-ahead log lets them read while the projections move on.

pub(crate) mod days;
pub(crate) mod figures;
pub(crate) mod log;
pub(crate) mod past;
pub(crate) mod payments;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use ledger::Timestamp;
use money::{Currency, Money};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use crate::history::PAGE_ENTRIES_MAX;
use crate::journal::unsigned;
use crate::{Account, AccountId, EntryKind, Error, HolderId, Kind, PaymentId};

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

/// Most accounts of one holder in an answer: the operator has four for each currency.
const HOLDER_ACCOUNTS_MAX: u32 = 1000;

const ACCOUNT_COLUMNS: &str = "id, holder, kind, name, currency, coalesce(credits - debits, 0), coalesce(held, 0), opened, \
                               closed, tier";
/// An account that nothing has happened to has no balance.
const ACCOUNT_TABLES: &str = "accounts LEFT JOIN balances ON account = id";

pub(crate) fn account(connection: &Connection, id: AccountId) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_TABLES} WHERE id = ?1"))?
        .query_row([id.sql()], read_account)
        .optional()
}

pub(crate) fn accounts_of(connection: &Connection, holder: &HolderId) -> rusqlite::Result<Vec<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_TABLES} WHERE holder = ?1 ORDER BY id LIMIT {HOLDER_ACCOUNTS_MAX}"
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
            "SELECT {ACCOUNT_COLUMNS} FROM {ACCOUNT_TABLES}
             WHERE (id = ?1 OR name LIKE ?2 ESCAPE '\\' OR holder LIKE ?2 ESCAPE '\\')
               AND (?3 IS NULL OR kind = ?3) AND closed = 0
             ORDER BY name, id LIMIT {PAGE_ENTRIES_MAX}"
        ))?
        .query_map((number, format!("%{escaped}%"), kind.map(Kind::word)), read_account)?
        .collect()
}

/// The account that was opened by the command of this number.
pub(crate) fn opened_by(connection: &Connection, number: PaymentId) -> rusqlite::Result<Option<AccountId>> {
    connection
        .prepare_cached("SELECT id FROM accounts WHERE number = ?1")?
        .query_row([number.sql()], |row| row.get(0).map(AccountId::from_sql))
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
        tier: row.get(9)?,
    })
}

pub(super) fn currency(row: &Row<'_>, column: usize) -> rusqlite::Result<Currency> {
    let code: String = row.get(column)?;
    Currency::new(&code).map_err(|_| unreadable(column, &code))
}

pub(super) fn entry_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    let word: String = row.get(column)?;
    EntryKind::from_word(&word).ok_or_else(|| unreadable(column, &word))
}

pub(super) fn unreadable(column: usize, word: &str) -> rusqlite::Error {
    let reason = format!("{word:?} is not what this version writes there: rebuild the projections");
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
}
