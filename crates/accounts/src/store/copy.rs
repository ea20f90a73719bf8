//! Copies of a journal, while it is written: to a file, to another schema, from one kind of store to the
//! other. The copy is checked as it is made, and a copy that was made before is brought up to date.

use super::{Chain, End, Location, Row, StoredRow};
use crate::Error;

/// Bytes of rows in one transaction of the copy, about.
const COPY_BYTES: usize = 4 << 20;
/// Rows in one transaction of the copy.
const COPY_ROWS: usize = 4096;

/// Copies the rows of one journal that another has not got yet, up to where the first ends now; returns where
/// that is. `progress` is told how many rows the copy has and how many it will have.
///
/// # Errors
/// [`Error::Damaged`] when either is not a sound journal; [`Error::Store`] when the copy holds another
/// journal, and nothing was changed.
pub(crate) fn copy(from: &Location, to: &Location, progress: &mut dyn FnMut(u64, u64)) -> Result<End, Error> {
    let mut source = from.open_to_read()?;
    let until = source.end()?.unwrap_or(End::START).sequence;
    let mut target = to.open()?;
    let had = target.end()?.unwrap_or(End::START);
    let other = || {
        Error::Store(
            "the place to copy to holds another journal, or one that went on by itself: choose an empty place"
                .to_owned(),
        )
    };
    if had.sequence > until {
        return Err(other());
    }
    let mut chain = Chain::after(End::START);
    let mut pending: Vec<StoredRow> = Vec::new();
    let mut bytes = 0_usize;
    let mut previous = End::START;
    progress(had.sequence, until);
    source.read(0, until, &mut |stored| {
        let Row { sequence, hash, at, batch } = chain.accept(stored)?;
        if sequence == had.sequence && hash != had.hash {
            return Err(other());
        }
        if sequence > had.sequence {
            bytes = bytes.saturating_add(batch.len());
            pending.push(StoredRow { sequence, previous: previous.hash, hash, at, batch });
        }
        previous = chain.end;
        if bytes >= COPY_BYTES || pending.len() >= COPY_ROWS {
            target.append_all(&pending)?;
            pending.clear();
            bytes = 0;
            progress(sequence, until);
        }
        Ok(())
    })?;
    if !pending.is_empty() {
        target.append_all(&pending)?;
    }
    if chain.end.sequence != until {
        return Err(Error::Damaged(format!("it ends before row {until}")));
    }
    // The copy as it stands there, read back.
    let mut copied = Chain::after(End::START);
    target.read(0, until, &mut |stored| copied.accept(stored).map(|_| ()))?;
    if copied.end != chain.end {
        return Err(Error::Damaged("the copy does not read back as what was copied".to_owned()));
    }
    progress(until, until);
    Ok(chain.end)
}
