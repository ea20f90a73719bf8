//! The projections: the journal turned into ordinary tables that people and programs can query. Made by
//! applying rows of the journal in order, each once; thrown away and made anew whenever there is doubt.

mod changes;
mod entries;
mod tables;
mod tiles;

use std::path::Path;

use audit::Appender;
use ledger::{Answer, Content, Expired, Key, Limits, Timestamp};
use rusqlite::{Connection, OptionalExtension};

pub(crate) use tiles::{SqlTiles, record};

use crate::book::Book;
use crate::entry::Recorded;
use crate::journal::{signed, unsigned};
use crate::key_runs::{self, KeyReader, KeyRuns};
use crate::legs::{self, Legs};
use crate::{Error, PaymentId, answers};
use changes::Changes;

/// One applied row of the journal, on its way into the tables.
#[derive(Debug)]
pub(crate) struct Projected {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) expired: Vec<Expired>,
    pub(crate) entries: Vec<Recorded>,
    pub(crate) answers: Vec<Answer>,
    /// The row's bytes.
    pub(crate) batch: Vec<u8>,
}

/// The tables and how far they have followed.
#[derive(Debug)]
pub(crate) struct Projection {
    connection: Connection,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    /// The audit log's tree.
    tree: Appender,
    keys: KeyRuns,
    legs: Legs,
}

impl Projection {
    /// Opens the tables in this file; makes new ones if there are none of this version.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        match Self::open_existing(path)? {
            Some(projection) => Ok(projection),
            None => {
                discard(path)?;
                let connection = connect(path)?;
                connection.execute_batch("BEGIN")?;
                for tables in [tables::CREATE, legs::TABLES, answers::TABLES, key_runs::TABLES] {
                    connection.execute_batch(tables)?;
                }
                KeyRuns::create(&connection)?;
                connection.execute("INSERT INTO position VALUES (0, 0, zeroblob(32), 0)", [])?;
                connection.pragma_update(None, "user_version", tables::VERSION)?;
                connection.execute_batch("COMMIT")?;
                let (tree, keys) = (Appender::new(), KeyRuns::open(&connection)?);
                Ok(Self { connection, sequence: 0, hash: [0; 32], tree, keys, legs: Legs::default() })
            }
        }
    }

    /// What a posted payment moved, from whom, to whom: amount in minor units, currency, both accounts.
    pub(crate) fn moved(&self, payment: PaymentId) -> Result<Option<(i64, String, i64, i64)>, Error> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT amount, currency, from_account, to_account FROM payments WHERE number = ?1 AND state = 'posted'",
            )?
            .query_row([payment.sql()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        Ok(found)
    }

    /// For tables that nobody needs after a power cut.
    pub(crate) fn forget_syncs(&self) -> Result<(), Error> {
        Ok(self.connection.pragma_update(None, "synchronous", "OFF")?)
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
            if version != tables::VERSION {
                return Ok(None);
            }
            let (sequence, hash, records) =
                connection.query_row("SELECT sequence, hash, records FROM position", [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?))
                })?;
            // A tree or an index that does not read is made anew with all the rest.
            let tree = Appender::from_tiles(unsigned(records), &SqlTiles(&connection));
            let (Ok(tree), Ok(keys)) = (tree, KeyRuns::open(&connection)) else { return Ok(None) };
            let (sequence, legs) = (unsigned(sequence), Legs::default());
            Ok(Some(Self { connection, sequence, hash, tree, keys, legs }))
        };
        match read() {
            Ok(found) => Ok(found),
            Err(error) if is_damage(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest snapshot of the book, with its row of the journal. A snapshot that does not read is no
    /// snapshot.
    pub(crate) fn snapshot(&self, limits: Limits) -> Result<Option<(u64, [u8; 32], Book)>, Error> {
        snapshot(&self.connection, limits)
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
        let mut changes = Changes::new(&transaction, &mut self.legs, &mut self.keys)?;
        for row in rows {
            let first_record = self.tree.size();
            tiles::grow(&mut self.tree, row);
            entries::project(&transaction, row, first_record, &mut changes)?;
        }
        changes.write(&transaction)?;
        tiles::store(&transaction, &mut self.tree)?;
        transaction
            .prepare_cached("UPDATE position SET sequence = ?1, hash = ?2, records = ?3")?
            .execute((signed(last.sequence), last.hash, signed(self.tree.size())))?;
        transaction.commit()?;
        self.keys.publish();
        (self.sequence, self.hash) = (last.sequence, last.hash);
        Ok(())
    }

    /// Somebody who looks idempotency keys up.
    pub(crate) fn key_reader(&self) -> KeyReader {
        self.keys.reader()
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

/// The newest snapshot of the book in these tables.
pub(crate) fn snapshot(
    connection: &Connection,
    limits: Limits,
) -> Result<Option<(u64, [u8; 32], Book)>, Error> {
    let found = connection
        .query_row("SELECT sequence, hash, book FROM snapshot ORDER BY sequence DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    Ok(found
        .and_then(|(sequence, hash, book)| Some((unsigned(sequence), hash, Book::decode(&book, limits)?))))
}

/// What an older key was answered, for keys that the ledger has forgotten.
pub(crate) fn recall(
    connection: &Connection,
    keys: &KeyReader,
    key: Key,
) -> Result<Option<(Content, Answer)>, Error> {
    let Some(number) = keys.find(connection, key.0)? else { return Ok(None) };
    answers::find(connection, number).map(Some)
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
