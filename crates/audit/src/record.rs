//! A record: one entry of the journal as a leaf of the tree, with what became of it.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::encoding::Reader;
use crate::hash::{Hash, LEAF_PREFIX};

/// The version of a record's bytes.
pub const RECORD_VERSION: u8 = 1;
/// Bytes before the entry: magic, version, moment, number, outcome.
pub const RECORD_HEADER_BYTES: usize = 4 + 1 + 8 + 8 + 1;
/// Longest entry in a record: a parameter document is the largest thing that a journal holds.
pub const ENTRY_BYTES_MAX: usize = 1 << 20;

const MAGIC: &[u8; 4] = b"TPAR";

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not the layout of a record.
    #[error("these bytes are not a record of the audit log ({0}); they were cut or changed")]
    Malformed(&'static str),
    /// Another version.
    #[error("the record is of version {0}; this program knows version {RECORD_VERSION}")]
    UnknownVersion(u8),
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was refused and changed nothing.
    Refused,
    /// It was done.
    Done,
}

/// A record. Its leaf is the hash of exactly these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The moment of the batch that it was journaled in: nanoseconds since 1970 UTC.
    pub at: u64,
    /// The entry's number in the journal.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The entry as it was journaled, with the decision taken about it. At most [`ENTRY_BYTES_MAX`].
    pub entry: &'a [u8],
}

impl<'a> Record<'a> {
    fn header(&self) -> [u8; RECORD_HEADER_BYTES] {
        let [m0, m1, m2, m3] = *MAGIC;
        let [a0, a1, a2, a3, a4, a5, a6, a7] = self.at.to_be_bytes();
        let [n0, n1, n2, n3, n4, n5, n6, n7] = self.number.to_be_bytes();
        let outcome = match self.outcome {
            Outcome::Refused => 0,
            Outcome::Done => 1,
        };
        [
            m0,
            m1,
            m2,
            m3,
            RECORD_VERSION,
            a0,
            a1,
            a2,
            a3,
            a4,
            a5,
            a6,
            a7,
            n0,
            n1,
            n2,
            n3,
            n4,
            n5,
            n6,
            n7,
            outcome,
        ]
    }

    /// The one encoding: magic `TPAR`, version, moment, number, outcome, entry. Big-endian.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(RECORD_HEADER_BYTES + self.entry.len());
        bytes.extend_from_slice(&self.header());
        bytes.extend_from_slice(self.entry);
        bytes
    }

    /// Reads a record; whatever is accepted encodes to the same bytes again.
    ///
    /// # Errors
    /// When the bytes are not a record of a known version within the bounds.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        use RecordError::Malformed;
        let mut reader = Reader(bytes);
        if reader.array::<4>().as_ref() != Some(MAGIC) {
            return Err(Malformed("it does not begin as a record does"));
        }
        let version = reader.u8().ok_or(Malformed("no version"))?;
        if version != RECORD_VERSION {
            return Err(RecordError::UnknownVersion(version));
        }
        let at = reader.u64().ok_or(Malformed("no moment"))?;
        let number = reader.u64().ok_or(Malformed("no number"))?;
        let outcome = match reader.u8() {
            Some(0) => Outcome::Refused,
            Some(1) => Outcome::Done,
            _ => return Err(Malformed("its outcome is neither done nor refused")),
        };
        let entry = bytes.get(RECORD_HEADER_BYTES..).unwrap_or_default();
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(Malformed("its entry is too long"));
        }
        Ok(Self { at, number, outcome, entry })
    }

    /// The leaf: [`crate::leaf_hash`] of [`Record::encode`], without making a copy.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        let mut front = [LEAF_PREFIX; 1 + RECORD_HEADER_BYTES];
        let (_, header) = front.split_at_mut(1);
        header.copy_from_slice(&self.header());
        Sha256::new().chain_update(front).chain_update(self.entry).finalize().into()
    }
}
