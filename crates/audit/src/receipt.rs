//! A receipt: everything that proves one payment to somebody who has nothing else, in one file.
//!
//! It holds the record, the customer's consent (statement, the terminal's signature and certificate), the proof that
//! the record is in the log, the signed head that the proof leads to, and the two keys that all of it hangs on: the
//! operator's CA certificate and the log's public key. A checker who has those two from elsewhere passes them as
//! [`Trust`]; then nothing in the file has to be believed.

use thiserror::Error;

use crate::authority::AuthorityError;
use crate::hash::Hash;
use crate::head::{HeadError, SignedTreeHead};
use crate::key::LogKey;
use crate::receipt_check::{Checked, RecordReader, Trust, check_parts};
use crate::record::RecordError;
use crate::summary::Summary;
use crate::verify::ProofError;

/// The version of a receipt's file.
pub const RECEIPT_VERSION: u32 = 1;
/// Longest receipt, in bytes of its file.
pub const RECEIPT_BYTES_MAX: usize = 160 * 1024;
/// Longest record in a receipt, in bytes.
pub const RECEIPT_RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most hashes of an inclusion proof: one for each level of the largest tree.
pub const PROOF_HASHES_MAX: usize = 53;

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// Not a receipt's file.
    #[error("this file is not a receipt ({0}); it was cut or changed, or is another file")]
    Malformed(String),
    /// A field does not hold what it has to.
    #[error("the receipt's field {0:?} is unreadable or too long; it was cut or changed")]
    Field(&'static str),
    /// Another version.
    #[error("the receipt is of version {0}; this program knows version {RECEIPT_VERSION}")]
    UnknownVersion(u64),
    /// The record cannot be read.
    #[error("the receipt proves nothing: {0}")]
    Record(#[from] RecordError),
    /// The entry inside the record cannot be read, or is not about a payment.
    #[error("the entry in the receipt's record cannot be read: {0}")]
    Entry(String),
    /// The record is about a payment that was refused.
    #[error("the record says that the payment was refused; no money moved")]
    Refused,
    /// A part of the receipt is not what the record says.
    #[error(
        "the receipt's {0} is not that of the record in the log; the receipt was put together wrongly or changed"
    )]
    Differs(&'static str),
    /// The customer agreed to something else than was recorded.
    #[error(
        "the customer signed another {0} than the record in the log has; ask the operator for an explanation"
    )]
    Disagrees(&'static str),
    /// The evidence does not hold.
    #[error("the receipt proves nothing: {0}")]
    Evidence(#[from] identity::EvidenceError),
    /// The CA certificate does not hold.
    #[error("the receipt proves nothing: {0}")]
    Authority(#[from] AuthorityError),
    /// Another CA than the trusted one.
    #[error("the receipt names another operator's certificate than the one you trust")]
    OtherAuthority,
    /// Another log key than the trusted one.
    #[error("the receipt is of another log than the one you trust")]
    OtherLog,
    /// The head does not hold.
    #[error("the receipt proves nothing: {0}")]
    Head(#[from] HeadError),
    /// The proof does not hold.
    #[error("the receipt proves nothing: {0}")]
    Proof(#[from] ProofError),
}

/// What a receipt is put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptParts {
    /// The payment's number as people see it.
    pub payment: String,
    /// The record ([`crate::Record::encode`]): the leaf's bytes.
    pub record: Vec<u8>,
    /// [`identity::Evidence`] as it is kept with the payment; none for a payment that no terminal signed.
    pub evidence: Option<Vec<u8>>,
    /// Which leaf the record is, from 0.
    pub index: u64,
    /// [`crate::inclusion_proof`] of that leaf in the head's tree.
    pub proof: Vec<Hash>,
    /// A signed head over at least that leaf.
    pub head: SignedTreeHead,
    /// The key that signed the head.
    pub log_key: LogKey,
    /// The operator's CA certificate, DER.
    pub operator_ca: Vec<u8>,
}

/// A receipt. [`Receipt::parse`] reads one without believing it; [`Receipt::check`] proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub(crate) parts: ReceiptParts,
    pub(crate) summary: Summary,
}

impl Receipt {
    /// Puts a receipt together, checks it, and writes its summary.
    ///
    /// # Errors
    /// What [`Receipt::check`] would say: no receipt is made that would not hold.
    pub fn new(parts: ReceiptParts, reader: &impl RecordReader) -> Result<Self, ReceiptError> {
        let checked = check_parts(&parts, &Trust::default(), reader)?;
        Ok(Self { summary: Summary::of(&checked), parts })
    }

    /// Proves it: the evidence holds against the CA certificate; the record contains exactly that evidence and
    /// agrees with the statement in key, operation, accounts, amount, fee and memo; the proof leads from the record
    /// to the head's root; the log's key signed the head; the summary is what all that says.
    ///
    /// # Errors
    /// The first part that does not hold.
    pub fn check(&self, trust: &Trust<'_>, reader: &impl RecordReader) -> Result<Checked, ReceiptError> {
        let checked = check_parts(&self.parts, trust, reader)?;
        if Summary::of(&checked) != self.summary {
            return Err(ReceiptError::Differs("summary"));
        }
        Ok(checked)
    }

    /// The parts, not yet believed.
    #[must_use]
    pub const fn parts(&self) -> &ReceiptParts {
        &self.parts
    }

    /// What it says in words, not yet believed.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }
}
