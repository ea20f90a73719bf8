//! Backups: copies of the journal, from which everything else can be made. They are made while the book is
//! open and written, and each row is checked on the way.

use std::path::Path;

use crate::projection::discard;
use crate::recovery::Files;
use crate::store::{Location, StoreChoice, copy};
use crate::{Accounts, Error};

/// A copy of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Rows in it.
    pub rows: u64,
    /// Hash of the last one: it stands for the whole journal.
    pub hash: [u8; 32],
}

impl Accounts {
    /// Copies the journal of the book in a folder, or of the PostgreSQL that is chosen, to a file; when the
    /// file holds an earlier copy, to bring it up to date. The book may be open and written meanwhile. Blocks;
    /// `progress` is told how many rows the copy has, of how many.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the journal, or the copy, is not sound; [`Error::Store`] when the file holds
    /// another book.
    pub fn backup(
        path: &Path,
        store: &StoreChoice,
        to: &Path,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Backup, Error> {
        let files = Files::with_store(path, store)?;
        copied(files.journal(), &Location::Sqlite(to.to_owned()), &mut progress)
    }

    /// Copies a backup to where a book is to be: a folder without a book, or an empty schema of a PostgreSQL.
    /// Nobody may have the book open. Opening it makes all the rest from the journal. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`] when the book is open; as for [`Accounts::backup`].
    pub fn restore(
        from: &Path,
        path: &Path,
        store: &StoreChoice,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Backup, Error> {
        let files = Files::with_store(path, store)?;
        let _lock = files.lock()?;
        let from = Location::Sqlite(from.to_owned());
        let Location::Sqlite(journal) = files.journal() else {
            return copied(&from, files.journal(), &mut progress);
        };
        if journal.exists() {
            return copied(&from, files.journal(), &mut progress);
        }
        // Made beside its place and moved there whole: a restore that was interrupted leaves no book that would
        // open with a part of the payments.
        let unfinished = journal.with_extension("unfinished");
        discard(&unfinished)?;
        let made = copied(&from, &Location::Sqlite(unfinished.clone()), &mut progress)?;
        std::fs::rename(&unfinished, journal)?;
        std::fs::File::open(path)?.sync_all()?;
        Ok(made)
    }
}

fn copied(from: &Location, to: &Location, progress: &mut dyn FnMut(u64, u64)) -> Result<Backup, Error> {
    let end = copy(from, to, progress)?;
    Ok(Backup { rows: end.sequence, hash: end.hash })
}
