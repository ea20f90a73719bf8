//! Opening a book: the lock, the journal with its hash chain, the snapshot, and the projections brought up to
//! date.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use ledger::Limits;

use crate::Error;
use crate::book::Book;
use crate::entry::{Entry, decode_batch};
use crate::journal::{self, CHAIN_START, Journal};
use crate::projection::{self, Projected, Projection};
use crate::store::{Location, StoreChoice};

/// Rows replayed into the projections in one transaction.
const REPLAY_ROWS: usize = 256;
/// Requests replayed into the projections in one transaction, about.
const REPLAY_ENTRIES: usize = 16_384;

/// Rows replayed between two words about how far it is.
const REPLAY_PROGRESS_ROWS: u64 = 256;

/// The files of a book in its folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
    journal: Location,
}

impl Files {
    /// With the journal in the folder too.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), journal: Location::Sqlite(journal_file(folder)) }
    }

    /// With the journal where it is chosen to be.
    pub(crate) fn with_store(folder: &Path, store: &StoreChoice) -> Result<Self, Error> {
        let journal = Location::new(store, &journal_file(folder))?;
        Ok(Self { folder: folder.to_owned(), journal })
    }

    /// The truth.
    pub(crate) fn journal(&self) -> &Location {
        &self.journal
    }

    /// What is made from it. A file of its own, so that both are written at the same time: SQLite has one
    /// writer a file.
    pub(crate) fn projections(&self) -> PathBuf {
        self.folder.join("projections.sqlite")
    }

    /// Makes the folder, and takes the lock that lets one process write. The system lets it go when the
    /// process ends, however it ends.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        std::fs::create_dir_all(&self.folder)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(self.folder.display().to_string())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

fn journal_file(folder: &Path) -> PathBuf {
    folder.join("journal.sqlite")
}

/// A book as it was found, ready to go on.
pub(crate) struct Recovered {
    pub(crate) book: Book,
    pub(crate) journal: Journal,
    pub(crate) projection: Projection,
}

/// Opens the book: checks the whole chain, starts from the snapshot if there is one, replays the rest, and
/// lets the projections follow.
/// `progress` is told now and then which row has been read, of how many.
pub(crate) fn recover(
    files: &Files,
    limits: Limits,
    progress: &dyn Fn(u64, u64),
) -> Result<Recovered, Error> {
    let journal = Journal::open(files.journal())?;
    let mut projection = Projection::open(&files.projections())?;
    if projection.sequence > journal.sequence {
        return Err(Error::Damaged(format!(
            "it ends at row {}, and the projections have followed it to row {}: rows were removed, or it is an older copy",
            journal.sequence, projection.sequence
        )));
    }
    let mut snapshot = projection.snapshot(limits)?;
    if snapshot.as_ref().is_some_and(|(sequence, _, _)| *sequence > projection.sequence) {
        snapshot = None;
    }
    let (from, from_hash, mut book) = snapshot.unwrap_or_else(|| (0, CHAIN_START, Book::new(limits)));
    let mut replay = Replay { pending: Vec::new(), entries: 0 };
    let (followed, followed_hash) = (projection.sequence, projection.hash);
    journal::read(files.journal(), journal.sequence, |row| {
        if row.sequence == from && row.hash != from_hash {
            return Err(Error::Damaged(format!("row {from} is not the one the snapshot was made after")));
        }
        if row.sequence == followed && row.hash != followed_hash {
            return Err(Error::Damaged(format!("row {followed} is not the one the projections followed")));
        }
        if row.sequence <= from {
            return Ok(());
        }
        let (sequence, hash) = (row.sequence, row.hash);
        if sequence.is_multiple_of(REPLAY_PROGRESS_ROWS) {
            progress(sequence, journal.sequence);
        }
        let projected = apply(&mut book, row)?;
        debug_assert_eq!((projected.sequence, projected.hash), (sequence, hash));
        if sequence > followed {
            replay.push(projected, &mut projection)?;
        }
        Ok(())
    })?;
    replay.write(&mut projection)?;
    book.check()?;
    progress(journal.sequence, journal.sequence);
    Ok(Recovered { book, journal, projection })
}

/// Applies a row of the journal to the book.
pub(crate) fn apply(book: &mut Book, row: journal::Row) -> Result<Projected, Error> {
    let journal::Row { sequence, hash, at, batch } = row;
    let entries = decode_batch(sequence, &batch).ok_or_else(|| {
        Error::Damaged(format!("row {sequence} does not read as a batch of a known version"))
    })?;
    let expired = book.advance(at);
    let answers = entries
        .iter()
        .map(|recorded| {
            if let Entry::Parameter(change) = &recorded.entry {
                book.controls.check_step(change, at).map_err(|why| {
                    Error::Damaged(format!("row {sequence} changes a parameter as it cannot be: {why}"))
                })?;
            }
            Ok(book.apply(&recorded.entry, recorded.content, recorded.decision.as_deref()))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Projected { sequence, hash, at, expired, entries, answers, batch })
}

/// Makes the projections anew from the journal: throws them away; opening the book makes them again.
pub(crate) fn discard_projections(files: &Files) -> Result<(), Error> {
    let _lock = files.lock()?;
    projection::discard(&files.projections())
}

struct Replay {
    pending: Vec<Projected>,
    entries: usize,
}

impl Replay {
    fn push(&mut self, row: Projected, projection: &mut Projection) -> Result<(), Error> {
        self.entries = self.entries.saturating_add(row.entries.len());
        self.pending.push(row);
        if self.pending.len() >= REPLAY_ROWS || self.entries >= REPLAY_ENTRIES {
            self.write(projection)?;
        }
        Ok(())
    }

    fn write(&mut self, projection: &mut Projection) -> Result<(), Error> {
        projection.project(&self.pending)?;
        self.pending.clear();
        self.entries = 0;
        Ok(())
    }
}
