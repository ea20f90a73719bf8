//! Records against the heads that were signed over time: since when, and until when, the history is as it was.

use thiserror::Error;

use crate::appender::Appender;
use crate::hash::Hash;
use crate::head::{HeadError, SignedTreeHead};
use crate::key::LogKey;

/// Where the records stop being what the heads say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeadsFault {
    /// A head is not this log's own.
    #[error("the kept tree head over {size} records proves nothing: {error}")]
    Head {
        /// The head's size.
        size: u64,
        /// What is wrong with it.
        error: HeadError,
    },
    /// A head is over fewer records than the one before it.
    #[error("a tree head over {size} records is kept after one over {before}: the kept heads were reordered")]
    Order {
        /// Size of the head before.
        before: u64,
        /// The head's size.
        size: u64,
    },
    /// Records were removed from the end.
    #[error(
        "a head was signed over {size} records, but there are only {records}: the last ones were deleted"
    )]
    Shorter {
        /// How many records there are.
        records: u64,
        /// How many the head is over.
        size: u64,
    },
    /// The records are not those that the head was signed over.
    #[error(
        "records {unproven} to {last} are not those that the operator signed: the head over {unproven} records is still right, the next one is not. One of them was edited, deleted, added or moved"
    )]
    Changed {
        /// How many records the last right head is over: these are proven unchanged, and this is the index of the
        /// first that is not.
        unproven: u64,
        /// Index of the last record of the first wrong head.
        last: u64,
    },
}

/// Computes the log again from all its leaves, and compares it with every head that was ever signed, in the order
/// of signing. Returns how many records the last head proves.
///
/// # Errors
/// The first disagreement: everything below [`HeadsFault::Changed`]'s `unproven` is proven unchanged.
pub fn check_heads(
    leaves: impl IntoIterator<Item = Hash>,
    heads: &[SignedTreeHead],
    key: &LogKey,
) -> Result<u64, HeadsFault> {
    let mut leaves = leaves.into_iter();
    let mut tree = Appender::new();
    let mut proven = 0;
    for signed in heads {
        let head = &signed.head;
        signed.verify(key).map_err(|error| HeadsFault::Head { size: head.size, error })?;
        if head.size < proven {
            return Err(HeadsFault::Order { before: proven, size: head.size });
        }
        while tree.size() < head.size {
            let leaf = leaves.next().ok_or(HeadsFault::Shorter { records: tree.size(), size: head.size })?;
            tree.push(leaf);
            tree.forget_full();
        }
        if tree.root() != head.root {
            return Err(HeadsFault::Changed { unproven: proven, last: head.size.saturating_sub(1) });
        }
        proven = head.size;
    }
    Ok(proven)
}
