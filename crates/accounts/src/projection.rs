//! The projections: the journal turned into ordinary tables that people and programs can query. Made by
//! applying rows of the journal in order, each once; thrown away and made anew whenever there is doubt.

use std::collections::BTreeMap;
use std::path::Path;

use ledger::{Answer, Applied, Content, Key, Ledger, Limits, Outcome};
use money::Money;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::entry::{Entry, PaymentEntry};
use crate::journal::{signed, unsigned};
use crate::{AccountId, EntryKind, Error, Operation, PaymentId};

/// Version of the tables. With another one in the file, they are made anew from the journal.
const TABLES_VERSION: i64 = 1;

/// Amounts are in minor units of the row's currency, moments in nanoseconds since 1970. Numbers of accounts
/// and payments are running numbers; what people see is derived from them.
const TABLES: &str = "
    CREATE TABLE position (
        only INTEGER PRIMARY KEY CHECK (only = 0), sequence INTEGER NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY, holder TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL,
        balance INTEGER NOT NULL, held INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX accounts_by_holder ON accounts (holder, id);
    CREATE TABLE payments (
        number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, operation TEXT NOT NULL,
        from_account INTEGER NOT NULL, to_account INTEGER NOT NULL, amount INTEGER NOT NULL, fee INTEGER NOT NULL,
        currency TEXT NOT NULL, memo TEXT NOT NULL, hold INTEGER, refusal TEXT, evidence BLOB NOT NULL
    ) STRICT;
    CREATE TABLE history (
        account INTEGER NOT NULL, number INTEGER NOT NULL, payment INTEGER NOT NULL, operation TEXT NOT NULL,
        counterparty INTEGER NOT NULL, amount INTEGER NOT NULL, balance_after INTEGER NOT NULL,
        PRIMARY KEY (account, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE holds (
        number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, from_account INTEGER NOT NULL,
        to_account INTEGER NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, expires INTEGER,
        state TEXT NOT NULL, memo TEXT NOT NULL, evidence BLOB NOT NULL
    ) STRICT;
    CREATE TABLE keys (
        key BLOB PRIMARY KEY, content BLOB NOT NULL, answer BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshot (
        sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, book BLOB NOT NULL
    ) STRICT;
";

/// One applied row of the journal, on its way into the tables.
#[derive(Debug)]
pub(crate) struct Projected {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) entries: Vec<Entry>,
    pub(crate) keys: Vec<(Option<Key>, Content)>,
    pub(crate) applied: Applied,
    /// Size of the batch in the journal.
    pub(crate) bytes: usize,
}

/// The tables and how far they have followed.
#[derive(Debug)]
pub(crate) struct Projection {
    connection: Connection,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

impl Projection {
    /// Opens the tables in this file; makes new ones if there are none of this version.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        match Self::open_existing(path)? {
            Some(projection) => Ok(projection),
            None => {
                discard(path)?;
                let connection = connect(path)?;
                connection.execute_batch(&format!(
                    "BEGIN; {TABLES} INSERT INTO position VALUES (0, 0, zeroblob(32));
                     PRAGMA user_version = {TABLES_VERSION}; COMMIT;"
                ))?;
                Ok(Self { connection, sequence: 0, hash: [0; 32] })
            }
        }
    }

    /// The tables in this file, unless there are none, or not of this version, or the file is unreadable: all
    /// of which the journal heals.
    fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        let read = || -> rusqlite::Result<Option<Self>> {
            let connection = connect(path)?;
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            if version != TABLES_VERSION {
                return Ok(None);
            }
            let (sequence, hash) =
                connection.query_row("SELECT sequence, hash FROM position", [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get(1)?))
                })?;
            Ok(Some(Self { connection, sequence: unsigned(sequence), hash }))
        };
        match read() {
            Ok(found) => Ok(found),
            Err(error) if is_damage(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest snapshot of the book, with its row of the journal. A snapshot that does not read is no
    /// snapshot.
    pub(crate) fn snapshot(&self, limits: Limits) -> Result<Option<(u64, [u8; 32], Ledger)>, Error> {
        let found = self
            .connection
            .query_row(
                "SELECT sequence, hash, book FROM snapshot ORDER BY sequence DESC LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)),
            )
            .optional()?;
        Ok(found.and_then(|(sequence, hash, book)| {
            let ledger = Ledger::decode(&book, limits).ok()?;
            Some((unsigned(sequence), hash, ledger))
        }))
    }

    /// Stores a snapshot of the book as it was at this row, in place of older ones.
    pub(crate) fn keep_snapshot(&mut self, sequence: u64, hash: &[u8; 32], book: &[u8]) -> Result<(), Error> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM snapshot", [])?;
        transaction.execute("INSERT INTO snapshot VALUES (?1, ?2, ?3)", (signed(sequence), hash, book))?;
        transaction.commit()?;
        Ok(())
    }

    /// Follows these rows, in one transaction.
    pub(crate) fn project(&mut self, rows: &[Projected]) -> Result<(), Error> {
        let Some(last) = rows.last() else { return Ok(()) };
        let transaction = self.connection.transaction()?;
        let mut changes = Changes::default();
        for row in rows {
            project_row(&transaction, row, &mut changes)?;
        }
        changes.write(&transaction)?;
        transaction
            .prepare_cached("UPDATE position SET sequence = ?1, hash = ?2")?
            .execute((signed(last.sequence), last.hash))?;
        transaction.commit()?;
        (self.sequence, self.hash) = (last.sequence, last.hash);
        Ok(())
    }
}

/// Removes the tables' file; they will be made anew from the journal.
pub(crate) fn discard(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// What an older key was answered, for keys that the ledger has forgotten.
pub(crate) fn recall(connection: &Connection, key: Key) -> Result<Option<(Content, Answer)>, Error> {
    let found = connection
        .prepare_cached("SELECT content, answer FROM keys WHERE key = ?1")?
        .query_row([key.0.to_be_bytes()], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((content, answer)) = found else { return Ok(None) };
    let answer = Answer::decode(&answer).map_err(|error| Error::Store(error.to_string()))?;
    Ok(Some((Content(u128::from_be_bytes(content)), answer)))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Not synced at every commit: after a power cut the tables are whole and a little behind, and follow
    // again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -64_000)?;
    // Copied into the file every 64 MiB, by the projector: seldom, since the disk is shared with the journal.
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
        || matches!(error, rusqlite::Error::QueryReturnedNoRows)
}

/// What several rows change in tables that are ordered by something else than time, collected and written in
/// that order: neighbours fall on the same page, and each account is updated once.
#[derive(Debug, Default)]
struct Changes {
    /// Balance and held amount, in minor units, to be added.
    amounts: BTreeMap<AccountId, (i64, i64)>,
    history: Vec<HistoryLine>,
    keys: Vec<([u8; 16], [u8; 16], Vec<u8>)>,
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

impl Changes {
    fn balance(&mut self, account: AccountId, units: i64) {
        let change = self.amounts.entry(account).or_default();
        change.0 = change.0.saturating_add(units);
    }

    fn held(&mut self, account: AccountId, units: i64) {
        let change = self.amounts.entry(account).or_default();
        change.1 = change.1.saturating_add(units);
    }

    fn write(&mut self, transaction: &Transaction<'_>) -> Result<(), Error> {
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
        let mut update = transaction
            .prepare_cached("UPDATE accounts SET balance = balance + ?2, held = held + ?3 WHERE id = ?1")?;
        for (account, (balance, held)) in &self.amounts {
            update.execute((account.sql(), balance, held))?;
        }
        Ok(())
    }
}

fn project_row(transaction: &Transaction<'_>, row: &Projected, changes: &mut Changes) -> Result<(), Error> {
    for expired in &row.applied.expired {
        end_hold(transaction, PaymentId(expired.hold.0), "expired")?;
        changes.held(AccountId(expired.debit.0), expired.amount.saturating_neg());
    }
    for ((entry, (key, content)), answer) in row.entries.iter().zip(&row.keys).zip(&row.applied.answers) {
        if answer.duplicate {
            // Its first time has been projected, and nothing has happened now.
            continue;
        }
        if let Some(key) = key {
            changes.keys.push((key.0.to_be_bytes(), content.0.to_be_bytes(), answer.encode()));
        }
        project_entry(transaction, row.sequence, entry, answer, changes)?;
    }
    Ok(())
}

fn project_entry(
    transaction: &Transaction<'_>,
    sequence: u64,
    entry: &Entry,
    answer: &Answer,
    changes: &mut Changes,
) -> Result<(), Error> {
    let number = PaymentId(answer.number.0);
    let at = signed(answer.at.0);
    match entry {
        Entry::Open { account, holder, kind, name, currency } if answer.result.is_ok() => {
            transaction
                .prepare_cached("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, 0)")?
                .execute((account.sql(), &holder.0, kind.word(), name, currency.code(), at))?;
        }
        Entry::Close { account } if answer.result.is_ok() => {
            transaction
                .prepare_cached("UPDATE accounts SET closed = 1 WHERE id = ?1")?
                .execute([account.sql()])?;
        }
        Entry::Payment(payment) => {
            payment_row(transaction, sequence, number, at, payment, answer)?;
            if let Ok(outcomes) = &answer.result {
                payment_history(number, payment, outcomes.as_slice(), changes);
            }
        }
        Entry::Hold(hold) if answer.result.is_ok() => {
            transaction
                .prepare_cached("INSERT INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?10)")?
                .execute(rusqlite::params![
                    number.sql(),
                    signed(sequence),
                    at,
                    hold.from.sql(),
                    hold.to.sql(),
                    hold.amount.minor_units(),
                    hold.amount.currency().code(),
                    hold.expires.map(|at| signed(at.0)),
                    hold.memo,
                    hold.evidence,
                ])?;
            changes.held(hold.from, hold.amount.minor_units());
        }
        Entry::Capture { hold, amount, evidence, .. } => {
            if let Ok(outcomes) = &answer.result
                && let [Outcome::Captured { debit, credit, released, debit_balance, credit_balance, .. }] =
                    outcomes.as_slice()
            {
                let (from, to) = (AccountId(debit.0), AccountId(credit.0));
                transaction
                    .prepare_cached(
                        "INSERT INTO payments
                         SELECT ?1, ?2, ?3, 'capture', from_account, to_account, ?4, 0, currency, memo, number, NULL, ?5
                         FROM holds WHERE number = ?6",
                    )?
                    .execute(rusqlite::params![
                        number.sql(),
                        signed(sequence),
                        at,
                        amount.minor_units(),
                        evidence,
                        hold.sql()
                    ])?;
                end_hold(transaction, *hold, "captured")?;
                changes.held(from, amount.minor_units().saturating_add(*released).saturating_neg());
                let leg =
                    Leg { number, payment: number, kind: EntryKind::Capture, from, to, amount: *amount };
                leg.write(*debit_balance, *credit_balance, changes);
            }
        }
        Entry::Release { hold, .. } => {
            if let Ok(outcomes) = &answer.result
                && let [Outcome::Released { debit, amount, .. }] = outcomes.as_slice()
            {
                end_hold(transaction, *hold, "released")?;
                changes.held(AccountId(debit.0), amount.saturating_neg());
            }
        }
        Entry::Open { .. } | Entry::Close { .. } | Entry::Hold(_) => {}
    }
    Ok(())
}

fn end_hold(transaction: &Transaction<'_>, hold: PaymentId, state: &str) -> Result<(), Error> {
    transaction
        .prepare_cached("UPDATE holds SET state = ?2 WHERE number = ?1")?
        .execute((hold.sql(), state))?;
    Ok(())
}

fn payment_row(
    transaction: &Transaction<'_>,
    sequence: u64,
    number: PaymentId,
    at: i64,
    payment: &PaymentEntry,
    answer: &Answer,
) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, ?11, ?12)",
        )?
        .execute(rusqlite::params![
            number.sql(),
            signed(sequence),
            at,
            payment.operation.word(),
            payment.from.sql(),
            payment.to.sql(),
            payment.amount.minor_units(),
            payment.fee.map_or(0, |(fee, _)| fee.minor_units()),
            payment.amount.currency().code(),
            payment.memo,
            answer.result.as_ref().err().map(ToString::to_string),
            payment.evidence,
        ])?;
    Ok(())
}

fn payment_history(number: PaymentId, payment: &PaymentEntry, outcomes: &[Outcome], changes: &mut Changes) {
    let kind = match payment.operation {
        Operation::Pay => EntryKind::Pay,
        Operation::Transfer => EntryKind::Transfer,
        Operation::TopUp => EntryKind::TopUp,
    };
    let main =
        Leg { number, payment: number, kind, from: payment.from, to: payment.to, amount: payment.amount };
    let fee = payment.fee.map(|(amount, to)| Leg {
        // The second of two linked commands, so the next number.
        number: PaymentId(number.0.saturating_add(1)),
        payment: number,
        kind: EntryKind::Fee,
        from: payment.from,
        to,
        amount,
    });
    for (leg, outcome) in std::iter::once(main).chain(fee).zip(outcomes) {
        if let Outcome::Transferred { debit_balance, credit_balance } = *outcome {
            leg.write(debit_balance, credit_balance, changes);
        }
    }
}

/// One amount from one account to another.
struct Leg {
    number: PaymentId,
    payment: PaymentId,
    kind: EntryKind,
    from: AccountId,
    to: AccountId,
    amount: Money,
}

impl Leg {
    fn write(&self, debit_balance: i64, credit_balance: i64, changes: &mut Changes) {
        let units = self.amount.minor_units();
        let sides = [
            (self.from, self.to, units.saturating_neg(), debit_balance),
            (self.to, self.from, units, credit_balance),
        ];
        for (account, counterparty, units, balance_after) in sides {
            changes.balance(account, units);
            let Self { number, payment, kind, .. } = *self;
            changes.history.push(HistoryLine {
                account,
                number,
                payment,
                kind,
                counterparty,
                units,
                balance_after,
            });
        }
    }
}
