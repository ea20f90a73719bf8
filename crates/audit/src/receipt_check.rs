//! Checking a receipt's parts against each other, and against what the checker trusts.

use identity::{Evidence, Operation, VerifiedEvidence};
use money::Money;

use crate::authority::check_authority;
use crate::hash::leaf_hash;
use crate::head::TreeHead;
use crate::key::LogKey;
use crate::receipt::{RECEIPT_RECORD_BYTES_MAX, ReceiptError, ReceiptParts};
use crate::record::{Outcome, Record};
use crate::verify::verify_inclusion;

/// What the checker knows from elsewhere. What is left out is taken from the receipt itself, which then proves only
/// that it is whole, not whose it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust<'a> {
    /// The operator's CA certificate, DER.
    pub operator_ca: Option<&'a [u8]>,
    /// The key of the operator's log.
    pub log_key: Option<LogKey>,
}

/// What a record's entry says about a payment, as far as a receipt is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFacts {
    /// The payment's number as people see it, from the record's number.
    pub payment: String,
    /// What it was, in a word: `pay`, `transfer`, `top-up`, `refund` ...
    pub operation: String,
    /// The operation of the statement by which a customer agrees to such an entry; none when nobody signs for it.
    pub agreed: Option<Operation>,
    /// The idempotency key, which is the statement's payment key.
    pub key: [u8; 16],
    /// Number of the payer's account, as a statement writes it.
    pub from: String,
    /// Number of the payee's account.
    pub to: String,
    /// What the payee was to get, before a fee of the payee's own.
    pub amount: Money,
    /// What the payer paid on top.
    pub fee: Money,
    /// The purpose; may be empty.
    pub memo: String,
    /// The evidence in the entry; empty when there is none.
    pub evidence: Vec<u8>,
}

/// Understands the entries of the journal, which are opaque to this crate.
pub trait RecordReader {
    /// What the record's entry says.
    ///
    /// # Errors
    /// In words for people, when the entry cannot be read or is not about a payment.
    fn read(&self, record: &Record<'_>) -> Result<PaymentFacts, String>;
}

impl<F: Fn(&Record<'_>) -> Result<PaymentFacts, String>> RecordReader for F {
    fn read(&self, record: &Record<'_>) -> Result<PaymentFacts, String> {
        self(record)
    }
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What the log says was done.
    pub facts: PaymentFacts,
    /// Who agreed to exactly that, and with which terminal; none for a payment that no terminal signed.
    pub consent: Option<VerifiedEvidence>,
    /// When it was posted: nanoseconds since 1970 UTC.
    pub at: u64,
    /// The record's number in the journal.
    pub number: u64,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The head that covers it.
    pub head: TreeHead,
    /// The key that signed the head.
    pub log_key: LogKey,
    /// Whether the CA certificate is the one that the checker trusts; else it was taken from the receipt.
    pub authority_trusted: bool,
    /// Whether the log's key is the one that the checker trusts; else it was taken from the receipt.
    pub log_trusted: bool,
}

pub(crate) fn check_parts(
    parts: &ReceiptParts,
    trust: &Trust<'_>,
    reader: &impl RecordReader,
) -> Result<Checked, ReceiptError> {
    if trust.operator_ca.is_some_and(|trusted| trusted != parts.operator_ca) {
        return Err(ReceiptError::OtherAuthority);
    }
    if trust.log_key.is_some_and(|trusted| trusted != parts.log_key) {
        return Err(ReceiptError::OtherLog);
    }
    check_authority(&parts.operator_ca)?;

    parts.head.verify(&parts.log_key)?;
    let head = parts.head.head;
    verify_inclusion(&leaf_hash(&parts.record), parts.index, head.size, &parts.proof, &head.root)?;

    if parts.record.len() > RECEIPT_RECORD_BYTES_MAX {
        return Err(ReceiptError::Field("record"));
    }
    let record = Record::parse(&parts.record)?;
    let facts = reader.read(&record).map_err(ReceiptError::Entry)?;
    if record.outcome != Outcome::Done {
        return Err(ReceiptError::Refused);
    }
    if facts.payment != parts.payment {
        return Err(ReceiptError::Differs("payment number"));
    }
    if parts.evidence.as_deref().unwrap_or_default() != facts.evidence
        || parts.evidence.as_deref() == Some(&[])
    {
        return Err(ReceiptError::Differs("evidence"));
    }
    let consent = match &parts.evidence {
        None => None,
        Some(bytes) => Some(check_consent(bytes, &parts.operator_ca, &facts)?),
    };
    Ok(Checked {
        facts,
        consent,
        at: record.at,
        number: record.number,
        index: parts.index,
        head,
        log_key: parts.log_key,
        authority_trusted: trust.operator_ca.is_some(),
        log_trusted: trust.log_key.is_some(),
    })
}

/// That the customer's terminal signed exactly what was done.
fn check_consent(
    evidence: &[u8],
    operator_ca: &[u8],
    facts: &PaymentFacts,
) -> Result<VerifiedEvidence, ReceiptError> {
    let proven = Evidence::parse(evidence)?.verify(operator_ca)?;
    let agreed = proven.statement.fields();
    for (same, what) in [
        (agreed.payment_key == facts.key, "payment key"),
        (Some(agreed.operation) == facts.agreed, "operation"),
        (agreed.payer.account == facts.from, "payer's account"),
        (agreed.payee.account == facts.to, "payee's account"),
        (agreed.amount == facts.amount, "amount"),
        (agreed.fee == facts.fee, "fee"),
        (agreed.memo == facts.memo, "memo"),
    ] {
        if !same {
            return Err(ReceiptError::Disagrees(what));
        }
    }
    Ok(proven)
}
