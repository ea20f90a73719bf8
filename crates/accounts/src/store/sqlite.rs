//! The journal in a SQLite file: for one node, nothing to set up.
//!
//! Write-ahead log, full sync: a commit is one append to the log and one `fdatasync`. The log is copied into
//! the file in the background, on a connection and a thread of its own: the copying syncs the file, which may
//! take a hundred times as long as a commit, and nobody should wait for that.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::{AppendError, End, NewRow, Store, StoredRow, newer_version, signed, unsigned, wrong_shape};
use crate::Error;

/// Pages of 4 KiB in the write-ahead log at which the writer itself copies what is left of them into the
/// file, so that the log starts over: 128 MiB. Long before that, the checkpointer has copied nearly all of
/// them.
const CHECKPOINT_PAGES: u32 = 32_768;

/// Size that the write-ahead log is given at once, as zeros, which end it: a sync then writes what is new and
/// has not to find and record room for it too, which takes as long again. What a second or two of payments
/// needs; a log that outgrows it keeps its size.
const LOG_BYTES: u64 = 32 << 20;
/// Rows appended before that is done: who opens a journal to write little need not wait for it.
const LOG_AFTER_ROWS: u32 = 256;

/// How often the checkpointer looks whether there is something to copy.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// How long somebody else's lock on the file is waited for.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Faults that are named when a file is damaged.
const FAULTS_NAMED_MAX: u32 = 5;

const INSERT: &str = "INSERT INTO journal (sequence, previous, hash, at, batch) VALUES (?1, ?2, ?3, ?4, ?5)";

/// What makes version N + 1 of the tables from version N.
const MIGRATIONS: &[&str] = &[
    // 1: the rows. The first releases had this table and no record of the version.
    "CREATE TABLE IF NOT EXISTS journal (
        sequence INTEGER PRIMARY KEY,
        previous BLOB NOT NULL,
        hash BLOB NOT NULL,
        at INTEGER NOT NULL,
        batch BLOB NOT NULL
    ) STRICT;",
    // 2: the version is kept with the rows, not known from the program.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
     INSERT INTO meta VALUES ('format', 'thinpay journal'), ('version', '2');",
];

/// Version of the tables that this program makes.
pub(super) const VERSION: u32 = 2;

/// An open file.
#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
    /// Last row appended, for the checkpointer.
    appended: Arc<AtomicU64>,
    /// Rows appended since it was opened, until the log has its size.
    rows: u32,
    /// When the journal is written.
    checkpointer: Option<Checkpointer>,
}

/// Ends with its sender.
#[derive(Debug)]
struct Checkpointer {
    until: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.until.take());
        if let Some(thread) = self.thread.take() {
            // One that ended badly has cost time only: the writer copies in the end.
            let _ = thread.join();
        }
    }
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let named = |error: rusqlite::Error| fault(path, &error);
        let connection = Connection::open(path).map_err(named)?;
        let mut store = Self {
            path: path.to_owned(),
            connection,
            appended: Arc::new(AtomicU64::new(0)),
            rows: 0,
            checkpointer: None,
        };
        store.prepare().map_err(|error| store.diagnose(error))?;
        store.checkpointer = Some(start_checkpointer(path, Arc::clone(&store.appended))?);
        Ok(store)
    }

    pub(super) fn open_to_read(path: &Path) -> Result<Self, Error> {
        let named = |error: rusqlite::Error| fault(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(named)?;
        connection.pragma_update(None, "query_only", true).map_err(named)?;
        connection.busy_timeout(BUSY_MAX).map_err(named)?;
        let appended = Arc::new(AtomicU64::new(0));
        Ok(Self { path: path.to_owned(), connection, appended, rows: 0, checkpointer: None })
    }

    fn prepare(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        let named = |error: rusqlite::Error| fault(&path, &error);
        self.connection.busy_timeout(BUSY_MAX).map_err(named)?;
        self.connection.pragma_update(None, "journal_mode", "WAL").map_err(named)?;
        // Every commit is synced before it returns: what was answered is on disk.
        self.connection.pragma_update(None, "synchronous", "FULL").map_err(named)?;
        self.connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(named)?;
        if self.version()? == VERSION {
            return Ok(());
        }
        // The version is looked at again where nobody else can bring it up to date meanwhile.
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(named)?;
        let found = self.version()?;
        if found > VERSION {
            return Err(newer_version(found, VERSION));
        }
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        for migration in MIGRATIONS.iter().skip(done) {
            self.connection.execute_batch(migration).map_err(named)?;
        }
        self.connection.execute_batch("COMMIT").map_err(named)
    }

    /// Gives the write-ahead log its size. Without it, syncs only take longer: a full disk, or whatever else is
    /// in the way, will be named by who needs it.
    fn extend_log(&self) {
        // Nobody else may write to the log meanwhile.
        if self.connection.execute_batch("BEGIN IMMEDIATE").is_err() {
            return;
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push("-wal");
        let _ = (|| {
            let mut log = File::options().write(true).open(&name)?;
            let size = log.seek(SeekFrom::End(0))?;
            std::io::copy(&mut std::io::repeat(0).take(LOG_BYTES.saturating_sub(size)), &mut log)?;
            log.sync_all()
        })();
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    fn has_table(&self, name: &str) -> Result<bool, Error> {
        self.connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
                [name],
                |row| row.get::<_, i64>(0),
            )
            .map(|count| count > 0)
            .map_err(|error| fault(&self.path, &error))
    }

    /// Adds to a fault what SQLite's own check finds.
    fn diagnose(&mut self, error: Error) -> Error {
        match error {
            Error::Damaged(what) => match self.check() {
                Err(Error::Damaged(found)) if found != what => Error::Damaged(format!("{what}; {found}")),
                _ => Error::Damaged(what),
            },
            other => other,
        }
    }

    fn append_error(&self, sequence: u64, error: &rusqlite::Error) -> AppendError {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => AppendError::Fenced(sequence),
            // The commit's last page may or may not have got to the disk.
            Some(ErrorCode::SystemIoFailure) => AppendError::Unknown(fault(&self.path, error).to_string()),
            _ => AppendError::Failed(fault(&self.path, error).to_string()),
        }
    }
}

impl Store for Sqlite {
    fn end(&mut self) -> Result<Option<End>, Error> {
        let end = self
            .connection
            .query_row("SELECT sequence, hash, at FROM journal ORDER BY sequence DESC LIMIT 1", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()
            .map_err(|error| fault(&self.path, &error))
            .map_err(|error| self.diagnose(error))?;
        end.map(|(sequence, hash, at)| {
            let sequence = unsigned(sequence);
            let hash = hash.try_into().map_err(|_| wrong_shape(sequence))?;
            Ok(End { sequence, hash, at: Timestamp(unsigned(at)) })
        })
        .transpose()
    }

    fn append(&mut self, row: &NewRow<'_>) -> Result<(), AppendError> {
        self.connection
            .prepare_cached(INSERT)
            .and_then(|mut insert| {
                insert.execute((signed(row.sequence), row.previous, row.hash, signed(row.at.0), row.batch))
            })
            .map_err(|error| self.append_error(row.sequence, &error))?;
        self.appended.store(row.sequence, Ordering::Release);
        self.rows = self.rows.saturating_add(1);
        if self.rows == LOG_AFTER_ROWS {
            self.extend_log();
        }
        Ok(())
    }

    fn append_all(&mut self, rows: &[StoredRow]) -> Result<(), AppendError> {
        let mut at = rows.first().map_or(0, |row| row.sequence);
        let added = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare_cached(INSERT)?;
                for row in rows {
                    at = row.sequence;
                    insert.execute((
                        signed(row.sequence),
                        row.previous,
                        row.hash,
                        signed(row.at.0),
                        &row.batch,
                    ))?;
                }
            }
            transaction.commit()
        })();
        added.map_err(|error| self.append_error(at, &error))?;
        self.appended.store(at, Ordering::Release);
        Ok(())
    }

    fn read(
        &mut self,
        after: u64,
        until: u64,
        each: &mut dyn FnMut(StoredRow) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let read = read(&self.connection, &self.path, after, until, each);
        read.map_err(|error| self.diagnose(error))
    }

    fn version(&mut self) -> Result<u32, Error> {
        if !self.has_table("meta")? {
            return Ok(u32::from(self.has_table("journal")?));
        }
        let value: String = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = 'version'", [], |row| row.get(0))
            .map_err(|error| fault(&self.path, &error))?;
        value.parse().map_err(|_| Error::Damaged(format!("its version reads {value:?}")))
    }

    fn check(&mut self) -> Result<(), Error> {
        let found: Result<Vec<String>, rusqlite::Error> = self
            .connection
            .prepare(&format!("PRAGMA integrity_check({FAULTS_NAMED_MAX})"))
            .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect());
        match found {
            Ok(lines) if lines.iter().all(|line| line == "ok") => Ok(()),
            Ok(lines) => {
                let lines: Vec<&str> = lines.iter().flat_map(|line| line.lines()).collect();
                Err(Error::Damaged(format!("SQLite's own check says: {}", lines.join("; "))))
            }
            Err(error) => Err(fault(&self.path, &error)),
        }
    }

    fn reconnect(&mut self) -> Result<bool, Error> {
        // A failed sync is not mended by looking again: the next start reads what the disk has.
        Ok(false)
    }
}

fn read(
    connection: &Connection,
    path: &Path,
    after: u64,
    until: u64,
    each: &mut dyn FnMut(StoredRow) -> Result<(), Error>,
) -> Result<(), Error> {
    let named = |error: rusqlite::Error| fault(path, &error);
    let mut statement = connection
        .prepare(
            "SELECT sequence, previous, hash, at, batch FROM journal
             WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence",
        )
        .map_err(named)?;
    let mut rows = statement.query([signed(after), signed(until)]).map_err(named)?;
    let mut last = after;
    loop {
        let next = rows.next().map_err(|error| match fault(path, &error) {
            Error::Damaged(what) => Error::Damaged(format!("what follows row {last} cannot be read: {what}")),
            other => other,
        })?;
        let Some(row) = next else { return Ok(()) };
        let sequence = unsigned(row.get(0).map_err(|_| wrong_shape(last))?);
        let column = |_| wrong_shape(sequence);
        each(StoredRow {
            sequence,
            previous: row.get(1).map_err(column)?,
            hash: row.get(2).map_err(column)?,
            at: Timestamp(unsigned(row.get(3).map_err(column)?)),
            batch: row.get(4).map_err(column)?,
        })?;
        last = sequence;
    }
}

fn start_checkpointer(path: &Path, appended: Arc<AtomicU64>) -> Result<Checkpointer, Error> {
    let named = |error: rusqlite::Error| fault(path, &error);
    let connection = Connection::open(path).map_err(named)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(named)?;
    let (until, ended) = mpsc::channel::<()>();
    let run = move || {
        let mut copied = 0;
        while ended.recv_timeout(CHECKPOINT_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            let written = appended.load(Ordering::Acquire);
            if written != copied {
                let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                if done.is_ok() {
                    copied = written;
                }
            }
        }
    };
    let thread = std::thread::Builder::new().name("accounts-checkpoint".to_owned()).spawn(run)?;
    Ok(Checkpointer { until: Some(until), thread: Some(thread) })
}

/// What an error of SQLite's means, and what to do.
fn fault(path: &Path, error: &rusqlite::Error) -> Error {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Damaged(format!("{path}: {error}"))
        }
        Some(ErrorCode::DiskFull) => {
            Error::Store(format!("the disk that {path} is on is full: make room on it and start again"))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::Store(format!(
                "{path} cannot be written ({error}): the folder and the files in it must belong to the user that runs this program"
            ))
        }
        Some(ErrorCode::SystemIoFailure) => Error::Store(format!(
            "reading or writing {path} failed ({error}): look at the disk, its free space and the limits of this process"
        )),
        _ => Error::Store(format!("{path}: {error}")),
    }
}
