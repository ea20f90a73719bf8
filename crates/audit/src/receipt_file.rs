//! A receipt as a file: JSON, one field to a line, the summary for people first.

use identity::certificate::CERTIFICATE_BYTES_MAX;
use identity::evidence::EVIDENCE_BYTES_MAX;
use serde::{Deserialize, Serialize};

use crate::encoding::{array_from_base64, from_base64, to_base64};
use crate::hash::LEAVES_MAX;
use crate::head::SignedTreeHead;
use crate::key::{LOG_KEY_BYTES, LogKey};
use crate::receipt::{
    PROOF_HASHES_MAX, RECEIPT_BYTES_MAX, RECEIPT_RECORD_BYTES_MAX, RECEIPT_VERSION, Receipt, ReceiptError,
    ReceiptParts,
};
use crate::summary::Summary;

/// The version alone, to be read before the rest.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "thinpay-receipt")]
    version: u64,
}

/// The fields of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ReceiptText {
    thinpay_receipt: u32,
    summary: Summary,
    payment: String,
    record: String,
    evidence: Option<String>,
    index: u64,
    proof: Vec<String>,
    head: SignedTreeHead,
    log_key: String,
    operator_ca: String,
}

/// A payment's number is no longer, in bytes.
const PAYMENT_TEXT_BYTES_MAX: usize = 64;

impl Receipt {
    /// The file's text.
    ///
    /// # Panics
    /// Never: every field has a form in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let parts = &self.parts;
        let text = ReceiptText {
            thinpay_receipt: RECEIPT_VERSION,
            summary: self.summary.clone(),
            payment: parts.payment.clone(),
            record: to_base64(&parts.record),
            evidence: parts.evidence.as_deref().map(to_base64),
            index: parts.index,
            proof: parts.proof.iter().map(|hash| to_base64(hash)).collect(),
            head: parts.head,
            log_key: to_base64(&parts.log_key.to_der()),
            operator_ca: to_base64(&parts.operator_ca),
        };
        let mut json =
            serde_json::to_string_pretty(&text).expect("strings, numbers and lists have a form in JSON");
        json.push('\n');
        json
    }

    /// Reads a file. White space between the fields does not matter; anything else that this program would not
    /// write does.
    ///
    /// # Errors
    /// When it is not a receipt of a known version within the bounds.
    pub fn parse(file: &[u8]) -> Result<Self, ReceiptError> {
        use ReceiptError::{Field, Malformed};
        if file.len() > RECEIPT_BYTES_MAX {
            return Err(Malformed(format!("it is longer than {RECEIPT_BYTES_MAX} bytes")));
        }
        let malformed = |error: serde_json::Error| Malformed(error.to_string());
        let Version { version } = serde_json::from_slice(file).map_err(malformed)?;
        if version != u64::from(RECEIPT_VERSION) {
            return Err(ReceiptError::UnknownVersion(version));
        }
        let text: ReceiptText = serde_json::from_slice(file).map_err(malformed)?;
        if text.payment.len() > PAYMENT_TEXT_BYTES_MAX {
            return Err(Field("payment"));
        }
        if text.index >= LEAVES_MAX {
            return Err(Field("index"));
        }
        if text.proof.len() > PROOF_HASHES_MAX {
            return Err(Field("proof"));
        }
        let evidence = match &text.evidence {
            None => None,
            Some(base64) => Some(from_base64(base64, EVIDENCE_BYTES_MAX).ok_or(Field("evidence"))?),
        };
        let proof: Option<Vec<_>> = text.proof.iter().map(|base64| array_from_base64(base64)).collect();
        let log_key = array_from_base64::<LOG_KEY_BYTES>(&text.log_key)
            .and_then(|der| LogKey::from_der(&der).ok())
            .ok_or(Field("log-key"))?;
        let parts = ReceiptParts {
            record: from_base64(&text.record, RECEIPT_RECORD_BYTES_MAX).ok_or(Field("record"))?,
            evidence,
            index: text.index,
            proof: proof.ok_or(Field("proof"))?,
            head: text.head,
            log_key,
            operator_ca: from_base64(&text.operator_ca, CERTIFICATE_BYTES_MAX).ok_or(Field("operator-ca"))?,
            payment: text.payment,
        };
        Ok(Self { parts, summary: text.summary })
    }
}
