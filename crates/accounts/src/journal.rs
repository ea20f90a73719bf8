//! The journal: one row for each batch, each with the hash of the one before. It is the truth; everything
//! else can be made from it.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::progress::Progress;

/// What the hashes of this journal are hashes of; changes with the meaning of a row.
const CHAIN_LABEL: &[u8] = b"thinpay journal v1";

/// Hash that the first row names as the one before it.
pub(crate) const CHAIN_START: [u8; 32] = [0; 32];

/// Pages of 4 KiB in the write-ahead log at which the writer itself copies what is left of them into the
/// file, so that the log starts over: 128 MiB. Long before that, the checkpointer has copied nearly all of
/// them.
const CHECKPOINT_PAGES: u32 = 32_768;

/// How often the checkpointer looks whether there is something to copy.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// The end of the journal, and the connection that adds to it.
#[derive(Debug)]
pub(crate) struct Journal {
    connection: Connection,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) batch: Vec<u8>,
}

impl Journal {
    /// Opens the journal in this file, or makes a new one.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Every commit is synced before it returns: what was answered is on disk.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS journal (
                sequence INTEGER PRIMARY KEY,
                previous BLOB NOT NULL,
                hash BLOB NOT NULL,
                at INTEGER NOT NULL,
                batch BLOB NOT NULL
            ) STRICT;",
        )?;
        let end = connection
            .query_row("SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
            })
            .optional()?;
        let (sequence, hash) = end.map_or((0, CHAIN_START), |(sequence, hash)| (unsigned(sequence), hash));
        Ok(Self { connection, sequence, hash })
    }

    /// Adds a row; when this returns, it is on disk.
    pub(crate) fn append(&mut self, at: Timestamp, batch: &[u8]) -> Result<(), Error> {
        let sequence = self.sequence.saturating_add(1);
        let hash = row_hash(sequence, &self.hash, at, batch);
        self.connection
            .prepare_cached(
                "INSERT INTO journal (sequence, previous, hash, at, batch) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((signed(sequence), self.hash, hash, signed(at.0), batch))?;
        self.sequence = sequence;
        self.hash = hash;
        Ok(())
    }
}

/// Copies the write-ahead log into the journal's file in the background, on a connection and a thread of its
/// own: the copying syncs the file, which may take a hundred times as long as a commit, and nobody should
/// wait for that. Ends when the sender of `until` is dropped. A failure here costs only time: the writer
/// copies in the end.
pub(crate) fn start_checkpointer(
    path: &Path,
    progress: Arc<Progress>,
    until: mpsc::Receiver<()>,
) -> Result<JoinHandle<()>, Error> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let run = move || {
        let mut copied = 0;
        while until.recv_timeout(CHECKPOINT_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            let written = progress.acknowledged();
            if written != copied {
                let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                if done.is_ok() {
                    copied = written;
                }
            }
        }
    };
    Ok(std::thread::Builder::new().name("accounts-checkpoint".to_owned()).spawn(run)?)
}

/// Reads a journal from its start to its end, checking the chain, and hands out each row. Another connection
/// may be adding to it meanwhile; rows beyond `until` are left alone.
pub(crate) fn read(
    path: &Path,
    until: u64,
    mut each: impl FnMut(Row) -> Result<(), Error>,
) -> Result<[u8; 32], Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    let mut statement = connection.prepare(
        "SELECT sequence, previous, hash, at, batch FROM journal WHERE sequence <= ?1 ORDER BY sequence",
    )?;
    let mut rows = statement.query([signed(until)])?;
    let mut last = CHAIN_START;
    let mut expected = 1;
    let mut at_last = Timestamp(0);
    while let Some(row) = rows.next().map_err(|error| Error::Damaged(error.to_string()))? {
        let sequence = unsigned(row.get(0)?);
        let damaged = |what: &str| Error::Damaged(format!("row {sequence} {what}"));
        let column = |_| damaged("has a value of the wrong shape");
        if sequence != expected {
            return Err(Error::Damaged(format!("row {expected} is missing")));
        }
        let (previous, hash): ([u8; 32], [u8; 32]) =
            (row.get(1).map_err(column)?, row.get(2).map_err(column)?);
        let at = Timestamp(unsigned(row.get(3).map_err(column)?));
        let batch: Vec<u8> = row.get(4).map_err(column)?;
        if previous != last {
            return Err(damaged("does not follow the row before it"));
        }
        if hash != row_hash(sequence, &previous, at, &batch) {
            return Err(damaged("does not match its hash"));
        }
        if at < at_last {
            return Err(damaged("is earlier than the row before it"));
        }
        each(Row { sequence, hash, at, batch })?;
        last = hash;
        at_last = at;
        expected = expected.saturating_add(1);
    }
    if until != u64::MAX && expected != until.saturating_add(1) {
        return Err(Error::Damaged(format!("it ends before row {until}")));
    }
    Ok(last)
}

/// One row, its hash checked.
pub(crate) fn row(path: &Path, sequence: u64) -> Result<Row, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let (previous, hash, at, batch): ([u8; 32], [u8; 32], i64, Vec<u8>) = connection.query_row(
        "SELECT previous, hash, at, batch FROM journal WHERE sequence = ?1",
        [signed(sequence)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let at = Timestamp(unsigned(at));
    if hash != row_hash(sequence, &previous, at, &batch) {
        return Err(Error::Damaged(format!("row {sequence} does not match its hash")));
    }
    Ok(Row { sequence, hash, at, batch })
}

fn row_hash(sequence: u64, previous: &[u8; 32], at: Timestamp, batch: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(CHAIN_LABEL)
        .chain_update(sequence.to_le_bytes())
        .chain_update(previous)
        .chain_update(at.0.to_le_bytes())
        .chain_update(batch)
        .finalize()
        .into()
}

/// SQLite's integers are signed; ours of this kind stay below 2^63 (292 years of nanoseconds).
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
