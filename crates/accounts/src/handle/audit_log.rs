//! The audit log: heads, and the proof of a payment.

use std::path::Path;

use audit::{
    Appender, Hash, LogKey, Outcome, Record, SignedTreeHead, TreeError, TreeHead, consistency_proof,
    inclusion_proof,
};
use ledger::{Limits, Timestamp};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::Accounts;
use crate::entry::{Entry, decode_batch};
use crate::journal;
use crate::projection::SqlTiles;
use crate::queries::log;
use crate::recovery::Files;
use crate::store::StoreChoice;
use crate::verify;
use crate::writer::Message;
use crate::{Error, LogCheck, LogReport, PaymentId};

/// The record of a payment, and the proof that it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordProof {
    /// The record's bytes.
    pub record: Vec<u8>,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The way from the record to the head's root.
    pub proof: Vec<Hash>,
    /// A signed head that covers it.
    pub head: SignedTreeHead,
}

impl Accounts {
    /// Rows of the journal that have been acknowledged: each was synced once.
    #[must_use]
    pub fn journal_rows(&self) -> u64 {
        self.inner.shared.progress.acknowledged()
    }

    /// The key that the heads of the audit log are signed with, if there is one.
    #[must_use]
    pub fn log_key(&self) -> Option<LogKey> {
        self.inner.log_key.as_deref().map(LogKey::of)
    }

    /// Signs the audit log as it stands, and puts the head into the book. When nothing has been logged since the
    /// last head, that one is returned.
    ///
    /// # Errors
    /// [`Error::Store`] when the book was opened without a key, or the log does not read; [`Error::Stopped`].
    pub async fn sign_head(&self) -> Result<SignedTreeHead, Error> {
        let Some(key) = self.inner.log_key.clone() else {
            return Err(Error::Store("the book was opened without the audit log's key".to_owned()));
        };
        let (size, root, last) = self
            .read(|connection| {
                let size = log::size(connection)?;
                let tree = Appender::from_tiles(size, &SqlTiles(connection)).map_err(unreadable)?;
                Ok((size, tree.root(), log::last_head(connection)?))
            })
            .await?;
        let last = last.and_then(|bytes| SignedTreeHead::parse(&bytes).ok());
        // The head itself is the only record after it.
        if let Some(last) = last.filter(|last| last.head.size.saturating_add(1) >= size) {
            return Ok(last);
        }
        let Timestamp(at) = (self.inner.clock)();
        let head = TreeHead { log: LogKey::of(&key).id(), size, root, at };
        let signed = head.sign(&key).map_err(|error| Error::Store(error.to_string()))?;
        let bytes = signed.to_bytes();
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let (half, _) = digest.split_first_chunk::<16>().expect("32 bytes have 16 first ones");
        self.noted(Entry::Head { key: *half, bytes }).await?;
        Ok(signed)
    }

    /// All signed heads, the smallest first.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn heads(&self) -> Result<Vec<SignedTreeHead>, Error> {
        let heads = self.read(log::heads).await?;
        let parsed = heads.iter().map(|bytes| SignedTreeHead::parse(bytes));
        parsed.collect::<Result<_, _>>().map_err(|error| Error::Damaged(error.to_string()))
    }

    /// Proves that the log of `new` records extends the one of `old` records.
    ///
    /// # Errors
    /// [`Error::Store`] when the log has no such sizes or does not read; [`Error::Stopped`].
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        self.read(move |connection| consistency_proof(old, new, &SqlTiles(connection)).map_err(unreadable))
            .await
    }

    /// The record of a payment with the proof that it is in the log, under a head that is signed now if need be.
    ///
    /// # Errors
    /// [`Error::Store`] when there is no such payment or no key;
    /// [`Error::Stopped`].
    pub async fn prove(&self, payment: PaymentId) -> Result<RecordProof, Error> {
        let head = self.sign_head().await?;
        let source = self.inner.files.journal().clone();
        let size = head.head.size;
        let found = self
            .read(move |connection| {
                let Some((sequence, index, first)) = log::place(connection, payment)? else {
                    return Ok(None);
                };
                let leaf = leaf(connection, index)?;
                let proof = inclusion_proof(index, size, &SqlTiles(connection)).map_err(unreadable)?;
                Ok(Some((sequence, index, first, leaf, proof)))
            })
            .await?;
        let Some((sequence, index, first, leaf, proof)) = found else {
            return Err(Error::Store(format!("there is no payment {payment} in the books")));
        };
        let (reply, answer) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("accounts-record".to_owned()).spawn(move || {
            let row = journal::row(&source, sequence);
            let _ = reply.send(row.and_then(|row| record(&row, payment, index.saturating_sub(first), leaf)));
        })?;
        let record = answer.await.map_err(|_| Error::Stopped)??;
        Ok(RecordProof { record, index, proof, head })
    }

    /// Verifies the audit log and the book beneath it: every row as it stands, every record against the stored
    /// tree, the tree against every signed head, and the replay of the book as [`Accounts::verify`] does. Posting
    /// goes on meanwhile. `progress` is told how many rows are done, of how many. Memory: that of a second book
    /// and 150 bytes a head.
    ///
    /// What is wrong with the book is in the report.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read at all; [`Error::Stopped`].
    pub async fn verify_log(
        &self,
        mut check: LogCheck,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<LogReport, Error> {
        check.operator_key = self.log_key();
        // What was answered before is in the projections by then, as far as they get.
        self.settled().await?;
        let (reply, copy) = tokio::sync::oneshot::channel();
        self.send(Message::Copy(reply)).await?;
        let copy = copy.await.map_err(|_| Error::Stopped)?;
        let (files, limits) = (self.inner.files.clone(), self.inner.limits);
        let (reply, verified) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("accounts-verify".to_owned()).spawn(move || {
            let _ = reply.send(verify::verify_log(&files, Some(&copy), limits, &check, &mut progress));
        })?;
        verified.await.map_err(|_| Error::Stopped)?
    }

    /// Verifies the audit log of a book that nobody has open, also of one that does not open any more. Changes
    /// nothing. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`] when it is open; [`Error::Store`] when it cannot be read at all, or has no projections:
    /// opening it makes them.
    pub fn verify_closed_log(
        path: &Path,
        store: &StoreChoice,
        check: &LogCheck,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<LogReport, Error> {
        let files = Files::with_store(path, store)?;
        let _lock = files.lock()?;
        verify::verify_log(&files, None, Limits::default(), check, &mut progress)
    }
}

/// The bytes of a record of this row, the one with this leaf hash.
fn record(row: &journal::Row, payment: PaymentId, place: u64, leaf: Hash) -> Result<Vec<u8>, Error> {
    let damaged = || Error::Damaged(format!("row {} is not what the audit log was made of", row.sequence));
    let entries = decode_batch(row.sequence, &row.batch).ok_or_else(damaged)?;
    let recorded = entries.get(usize::try_from(place).unwrap_or(usize::MAX)).ok_or_else(damaged)?;
    let (start, end) = recorded.range;
    let entry = row.batch.get(start..end).ok_or_else(damaged)?;
    [Outcome::Done, Outcome::Refused]
        .into_iter()
        .map(|outcome| Record { at: row.at.0, number: payment.0, outcome, entry })
        .find(|record| record.leaf_hash() == leaf)
        .map(|record| record.encode())
        .ok_or_else(damaged)
}

fn leaf(connection: &Connection, index: u64) -> rusqlite::Result<Hash> {
    use audit::TileStore as _;
    let missing = || unreadable(TreeError::Missing { level: 0, index: index / 256, needed: 1 });
    let tile = SqlTiles(connection).tile(0, index / 256).ok_or_else(missing)?;
    let start = usize::try_from(index % 256).unwrap_or(0).saturating_mul(32);
    let hash = tile.get(start..start.saturating_add(32)).and_then(|hash| hash.try_into().ok());
    hash.ok_or_else(missing)
}

fn unreadable(error: TreeError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
}
