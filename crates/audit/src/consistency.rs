//! Two heads and the proof that the newer log begins with the older: what an auditor keeps from visit to visit.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::encoding::{array_from_base64, to_base64};
use crate::hash::Hash;
use crate::head::{HeadError, SignedTreeHead};
use crate::key::LogKey;
use crate::prove::consistency_proof;
use crate::tile::{TileStore, TreeError};
use crate::verify::{ProofError, verify_consistency};

/// The version of the file.
pub const CONSISTENCY_VERSION: u32 = 1;
/// Longest such file, in bytes.
pub const CONSISTENCY_BYTES_MAX: usize = 16 * 1024;
/// Most hashes of a consistency proof: one for each level of the largest tree, and the one it begins from.
pub const CONSISTENCY_HASHES_MAX: usize = 54;

/// Why two heads are not shown to be of one history.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConsistencyError {
    /// Not such a file.
    #[error("this file is not a consistency proof ({0}); it was cut or changed, or is another file")]
    Malformed(String),
    /// Another version.
    #[error("the consistency proof is of version {0}; this program knows version {CONSISTENCY_VERSION}")]
    UnknownVersion(u64),
    /// A head does not hold.
    #[error("the {0} head proves nothing: {1}")]
    Head(&'static str, HeadError),
    /// Both heads are genuine and of one size, and not of one log.
    #[error("the operator signed two different logs of {0} records: keep both heads, together they prove it")]
    TwoLogs(u64),
    /// The proof does not hold.
    #[error("the newer log is not shown to begin with the older one: {0}")]
    Proof(#[from] ProofError),
    /// The proof cannot be made.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Two heads and a proof, not yet believed. As a file it is JSON: `thinpay-consistency` (the version), `older`,
/// `newer` (signed heads) and `proof` (hashes in base64).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The head that the auditor had.
    pub older: SignedTreeHead,
    /// The head that the auditor is given.
    pub newer: SignedTreeHead,
    /// [`consistency_proof`] between their sizes.
    pub proof: Vec<Hash>,
}

impl Consistency {
    /// Makes the proof from the log's tiles.
    ///
    /// # Errors
    /// When the older head is over more records, or the tiles are missing or damaged.
    pub fn new(
        older: SignedTreeHead,
        newer: SignedTreeHead,
        store: &impl TileStore,
    ) -> Result<Self, ConsistencyError> {
        Ok(Self { proof: consistency_proof(older.head.size, newer.head.size, store)?, older, newer })
    }

    /// Proves that both heads are this log's and that nothing below the older one was changed since.
    ///
    /// # Errors
    /// When a head or the proof does not hold.
    pub fn check(&self, key: &LogKey) -> Result<(), ConsistencyError> {
        self.older.verify(key).map_err(|error| ConsistencyError::Head("older", error))?;
        self.newer.verify(key).map_err(|error| ConsistencyError::Head("newer", error))?;
        let (older, newer) = (&self.older.head, &self.newer.head);
        if older.size == newer.size && older.root != newer.root {
            return Err(ConsistencyError::TwoLogs(older.size));
        }
        verify_consistency(older.size, newer.size, &older.root, &newer.root, &self.proof)?;
        Ok(())
    }

    /// The file's text.
    ///
    /// # Panics
    /// Never: every field has a form in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = ConsistencyText {
            thinpay_consistency: CONSISTENCY_VERSION,
            older: self.older,
            newer: self.newer,
            proof: self.proof.iter().map(|hash| to_base64(hash)).collect(),
        };
        let mut json =
            serde_json::to_string_pretty(&text).expect("strings, numbers and lists have a form in JSON");
        json.push('\n');
        json
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not a consistency proof of a known version within the bounds.
    pub fn parse(file: &[u8]) -> Result<Self, ConsistencyError> {
        use ConsistencyError::Malformed;
        if file.len() > CONSISTENCY_BYTES_MAX {
            return Err(Malformed(format!("it is longer than {CONSISTENCY_BYTES_MAX} bytes")));
        }
        let malformed = |error: serde_json::Error| Malformed(error.to_string());
        let Version { version } = serde_json::from_slice(file).map_err(malformed)?;
        if version != u64::from(CONSISTENCY_VERSION) {
            return Err(ConsistencyError::UnknownVersion(version));
        }
        let text: ConsistencyText = serde_json::from_slice(file).map_err(malformed)?;
        let proof: Option<Vec<Hash>> = text.proof.iter().map(|base64| array_from_base64(base64)).collect();
        let proof = proof
            .filter(|hashes| hashes.len() <= CONSISTENCY_HASHES_MAX)
            .ok_or_else(|| Malformed("its proof is not a list of hashes".to_owned()))?;
        Ok(Self { older: text.older, newer: text.newer, proof })
    }
}

/// The version alone, to be read before the rest.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "thinpay-consistency")]
    version: u64,
}

/// The fields of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConsistencyText {
    thinpay_consistency: u32,
    older: SignedTreeHead,
    newer: SignedTreeHead,
    proof: Vec<String>,
}
