//! Signed tree heads: what the operator says the whole log was at a moment.

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::encoding::{Reader, array_from_base64, to_base64};
use crate::hash::{Hash, LEAVES_MAX};
use crate::key::LogKey;

/// The version of a head's bytes and of its JSON.
pub const HEAD_VERSION: u8 = 1;
/// Bytes of a head.
pub const HEAD_BYTES: usize = 4 + 1 + 32 + 8 + 32 + 8;
/// Bytes of a head's signature: `r || s`, big-endian, 32 bytes each.
pub const HEAD_SIGNATURE_BYTES: usize = 64;
/// Bytes of a signed head.
pub const SIGNED_HEAD_BYTES: usize = HEAD_BYTES + HEAD_SIGNATURE_BYTES;

const MAGIC: &[u8; 4] = b"TPTH";
/// What is signed begins with it, so that the signature can be of nothing else.
const LABEL: &[u8] = b"thinpay tree head v1";

/// Why a head cannot be made, read or believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeadError {
    /// Not the layout of a signed head.
    #[error("this is not a signed tree head ({0}); it was cut or changed")]
    Malformed(&'static str),
    /// Another version.
    #[error("the tree head is of version {0}; this program knows version {HEAD_VERSION}")]
    UnknownVersion(u32),
    /// The key is another log's.
    #[error("the tree head is of another log than the key's; ask the operator for this log's key")]
    AnotherLog,
    /// The signature does not verify.
    #[error("the tree head's signature was not made by the log's key; the head was changed or invented")]
    Signature,
    /// The library refused an operation that cannot fail.
    #[error("the P-256 library failed; this is a fault of this program")]
    Internal,
}

/// What the log was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Which log: [`LogKey::id`].
    pub log: Hash,
    /// How many records it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When the head was made: nanoseconds since 1970 UTC.
    pub at: u64,
}

impl TreeHead {
    /// The one encoding: magic `TPTH`, version, log, size, root, moment. Big-endian.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIGNED_HEAD_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.push(HEAD_VERSION);
        bytes.extend_from_slice(&self.log);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.at.to_be_bytes());
        bytes
    }

    /// What a signer that hashes for itself is given: label and canonical bytes.
    #[must_use]
    pub fn signed_message(&self) -> Vec<u8> {
        [LABEL, &self.canonical_bytes()].concat()
    }

    fn digest(&self) -> Hash {
        Sha256::digest(self.signed_message()).into()
    }

    /// Signs it, deterministically (RFC 6979) and with the lower of the two values of `s`.
    ///
    /// # Errors
    /// [`HeadError::AnotherLog`] when the key is not this log's; [`HeadError::Malformed`] when the size is beyond
    /// [`LEAVES_MAX`].
    pub fn sign(&self, key: &SigningKey) -> Result<SignedTreeHead, HeadError> {
        if self.log != LogKey::of(key).id() {
            return Err(HeadError::AnotherLog);
        }
        if self.size > LEAVES_MAX {
            return Err(HeadError::Malformed("its size is beyond every log's"));
        }
        let signature: Signature = key.sign_prehash(&self.digest()).map_err(|_| HeadError::Internal)?;
        let signature = signature.normalize_s().unwrap_or(signature);
        Ok(SignedTreeHead { head: *self, signature: signature.to_bytes().into() })
    }
}

/// A head with its signature, not yet believed.
///
/// As JSON it is an object of `thinpay-tree-head` (the version), `log`, `size`, `root`, `at` and `signature`;
/// bytes in base64, the moment as decimal text since it does not fit every reader's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "HeadText", try_from = "HeadText")]
pub struct SignedTreeHead {
    /// What was signed.
    pub head: TreeHead,
    /// `r || s`.
    pub signature: [u8; HEAD_SIGNATURE_BYTES],
}

impl SignedTreeHead {
    /// Verifies the signature. A high `s` is refused: a head has one signature, and nobody else can vary it.
    ///
    /// # Errors
    /// When the head is another log's, or the signature does not verify.
    pub fn verify(&self, key: &LogKey) -> Result<(), HeadError> {
        if self.head.log != key.id() {
            return Err(HeadError::AnotherLog);
        }
        let signature = Signature::from_slice(&self.signature).map_err(|_| HeadError::Signature)?;
        if signature.normalize_s().is_some() {
            return Err(HeadError::Signature);
        }
        key.verifying().verify_prehash(&self.head.digest(), &signature).map_err(|_| HeadError::Signature)
    }

    /// Canonical bytes and signature: [`SIGNED_HEAD_BYTES`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.canonical_bytes();
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// Reads a signed head; whatever is accepted encodes to the same bytes again.
    ///
    /// # Errors
    /// When the bytes are not a signed head of a known version.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeadError> {
        use HeadError::Malformed;
        let mut reader = Reader(bytes);
        if reader.array::<4>().as_ref() != Some(MAGIC) {
            return Err(Malformed("it does not begin as a head does"));
        }
        let version = reader.u8().ok_or(Malformed("no version"))?;
        if version != HEAD_VERSION {
            return Err(HeadError::UnknownVersion(version.into()));
        }
        if bytes.len() != SIGNED_HEAD_BYTES {
            return Err(Malformed("its length"));
        }
        let log = reader.array().ok_or(Malformed("log"))?;
        let size = reader.u64().filter(|size| *size <= LEAVES_MAX).ok_or(Malformed("size"))?;
        let root = reader.array().ok_or(Malformed("root"))?;
        let at = reader.u64().ok_or(Malformed("moment"))?;
        let signature = reader.array().ok_or(Malformed("signature"))?;
        Ok(Self { head: TreeHead { log, size, root, at }, signature })
    }
}

/// A signed head as JSON has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    #[serde(rename = "thinpay-tree-head")]
    version: u32,
    log: String,
    size: u64,
    root: String,
    at: String,
    signature: String,
}

impl From<SignedTreeHead> for HeadText {
    fn from(signed: SignedTreeHead) -> Self {
        Self {
            version: HEAD_VERSION.into(),
            log: to_base64(&signed.head.log),
            size: signed.head.size,
            root: to_base64(&signed.head.root),
            at: signed.head.at.to_string(),
            signature: to_base64(&signed.signature),
        }
    }
}

impl TryFrom<HeadText> for SignedTreeHead {
    type Error = HeadError;

    fn try_from(text: HeadText) -> Result<Self, HeadError> {
        use HeadError::Malformed;
        if text.version != u32::from(HEAD_VERSION) {
            return Err(HeadError::UnknownVersion(text.version));
        }
        if text.size > LEAVES_MAX {
            return Err(Malformed("size"));
        }
        let at: u64 = text.at.parse().map_err(|_| Malformed("moment"))?;
        if at.to_string() != text.at {
            return Err(Malformed("moment"));
        }
        let head = TreeHead {
            log: array_from_base64(&text.log).ok_or(Malformed("log"))?,
            size: text.size,
            root: array_from_base64(&text.root).ok_or(Malformed("root"))?,
            at,
        };
        Ok(Self { head, signature: array_from_base64(&text.signature).ok_or(Malformed("signature"))? })
    }
}
