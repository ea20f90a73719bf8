//! Where the journal is kept: the interface that both stores have, and the chain that its rows make.
//!
//! A store keeps rows and nothing more. It promises that a row that was appended is on disk, that no two rows
//! have the same sequence - whoever comes second is **fenced** - and that it hands rows out in order. That a
//! row is the one that was written, the chain of hashes shows ([`Chain`]).

mod copy;
mod postgres;
mod sqlite;
mod words;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod faults;

use std::fmt;
use std::path::{Path, PathBuf};

use ledger::Timestamp;
use sha2::{Digest, Sha256};

use crate::Error;

pub(crate) use copy::copy;
pub(crate) use postgres::{Place, Session, apart, fault};

/// What the hashes of this journal are hashes of; changes with the meaning of a row.
const CHAIN_LABEL: &[u8] = b"thinpay journal v1";

/// Hash that the first row names as the one before it.
pub(crate) const CHAIN_START: [u8; 32] = [0; 32];

/// Where the journal is to be kept.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreChoice {
    /// In a SQLite file in the book's folder: one node.
    #[default]
    Sqlite,
    /// In a PostgreSQL database (15 or later): one node or several. What to connect to, in PostgreSQL's own
    /// words: `host=db.example user=thinpay password=... dbname=books`. Two words are ours: `schema=NAME`
    /// (the schema in that database, `thinpay` when none is said), and `sslrootcert=FILE`, the certificates
    /// in PEM that the server's must lead to. A server on another machine is spoken to over TLS, and its name
    /// is checked, unless `sslmode=disable` is said.
    Postgres(String),
}

impl fmt::Debug for StoreChoice {
    /// Without the words: a password may be among them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres",
        })
    }
}

/// A store that can be opened, as often as is wanted.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    Postgres(Box<Place>),
}

impl Location {
    /// The chosen store; `file` is where SQLite's goes.
    pub(crate) fn new(choice: &StoreChoice, file: &Path) -> Result<Self, Error> {
        Ok(match choice {
            StoreChoice::Sqlite => Self::Sqlite(file.to_owned()),
            StoreChoice::Postgres(words) => Self::Postgres(Box::new(words::place(words)?)),
        })
    }

    /// Opens it to read and write: makes it when there is nothing, and brings an older one's tables to this
    /// version.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Error> {
        Ok(match self {
            Self::Sqlite(file) => Box::new(sqlite::Sqlite::open(file)?),
            Self::Postgres(place) => Box::new(postgres::Postgres::open(place)?),
        })
    }

    /// Opens what must be there already, to read.
    pub(crate) fn open_to_read(&self) -> Result<Box<dyn Store>, Error> {
        Ok(match self {
            Self::Sqlite(file) => Box::new(sqlite::Sqlite::open_to_read(file)?),
            Self::Postgres(place) => Box::new(postgres::Postgres::open_to_read(place)?),
        })
    }
}

/// What keeps a journal. A journal is a table of rows, and a version of the tables.
pub(crate) trait Store: fmt::Debug + Send {
    /// The last row's sequence, hash and time; none in an empty journal.
    fn end(&mut self) -> Result<Option<End>, Error>;

    /// Adds a row in one synced transaction: when this returns, it is on disk.
    fn append(&mut self, row: &NewRow<'_>) -> Result<(), AppendError>;

    /// Adds many rows in one synced transaction: for copies.
    fn append_all(&mut self, rows: &[StoredRow]) -> Result<(), AppendError>;

    /// Hands out the rows after `after`, up to and with `until`, in order, as they stand there. Rows may be
    /// added meanwhile.
    fn read(
        &mut self,
        after: u64,
        until: u64,
        each: &mut dyn FnMut(StoredRow) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// Version of the tables.
    fn version(&mut self) -> Result<u32, Error>;

    /// Has the engine check its own structures; a fault names what is damaged.
    fn check(&mut self) -> Result<(), Error>;

    /// Makes the connection anew after it was lost. `false` from a store that has none: what failed there is
    /// not mended by asking again.
    fn reconnect(&mut self) -> Result<bool, Error>;
}

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
}

impl End {
    /// Before the first row.
    pub(crate) const START: Self = Self { sequence: 0, hash: CHAIN_START, at: Timestamp(0) };
}

/// A row to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRow<'a> {
    pub(crate) sequence: u64,
    pub(crate) previous: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) batch: &'a [u8],
}

impl<'a> NewRow<'a> {
    /// The row that follows this end.
    pub(crate) fn after(end: &End, at: Timestamp, batch: &'a [u8]) -> Self {
        let sequence = end.sequence.saturating_add(1);
        let hash = row_hash(sequence, &end.hash, at, batch);
        Self { sequence, previous: end.hash, hash, at, batch }
    }
}

/// A row as it stands in the store; nothing is known of it but its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRow {
    pub(crate) sequence: u64,
    pub(crate) previous: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) batch: Vec<u8>,
}

/// A row that follows the one before it and is the one that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) batch: Vec<u8>,
}

/// Why a row was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    /// Another node has written this sequence. Nothing was added. What is in memory is stale.
    #[error("another node has written row {0}: this one must follow it first")]
    Fenced(u64),
    /// It may be there and may not: the connection was lost, or the disk failed while it synced.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// It is not there.
    #[error("{0}")]
    Failed(String),
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        Self::Store(error.to_string())
    }
}

/// The chain of hashes, followed row by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    pub(crate) end: End,
}

impl Chain {
    /// Follows what comes after this row.
    pub(crate) fn after(end: End) -> Self {
        Self { end }
    }

    /// The row, when it is the next one.
    pub(crate) fn accept(&mut self, row: StoredRow) -> Result<Row, Error> {
        let StoredRow { sequence, previous, hash, at, batch } = row;
        let damaged = |what: &str| Err(Error::Damaged(format!("row {sequence} {what}")));
        let expected = self.end.sequence.saturating_add(1);
        if sequence != expected {
            return Err(Error::Damaged(format!("row {expected} is missing")));
        }
        if previous != self.end.hash {
            return damaged("does not follow the row before it");
        }
        if hash != row_hash(sequence, &previous, at, &batch) {
            return damaged("does not match its hash");
        }
        if at < self.end.at {
            return damaged("is earlier than the row before it");
        }
        self.end = End { sequence, hash, at };
        Ok(Row { sequence, hash, at, batch })
    }
}

/// Reads the rows after `after` up to and with `until`, checks that they follow, and hands each out; returns
/// where it got to. With `until` at its largest, that is the end; otherwise a journal that ends before is
/// damaged.
pub(crate) fn follow(
    store: &mut dyn Store,
    after: End,
    until: u64,
    mut each: impl FnMut(Row) -> Result<(), Error>,
) -> Result<End, Error> {
    let mut chain = Chain::after(after);
    store.read(after.sequence, until, &mut |row| each(chain.accept(row)?))?;
    if until != u64::MAX && chain.end.sequence < until {
        return Err(Error::Damaged(format!("it ends before row {until}")));
    }
    Ok(chain.end)
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

/// A column of a row had another shape than this version writes.
fn wrong_shape(sequence: u64) -> Error {
    Error::Damaged(format!("row {sequence} has a value of the wrong shape"))
}

/// The tables are of a version that this program does not know.
fn newer_version(found: u32, known: u32) -> Error {
    Error::Store(format!(
        "the journal's tables are of version {found}, made by a newer program; this one knows version {known}: start the newer one"
    ))
}

/// The stores' integers are signed; ours of this kind stay below 2^63 (292 years of nanoseconds).
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
