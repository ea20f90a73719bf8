//! The evidence that is kept with a posting: proof, for later and for others, of who agreed to what.
//!
//! It holds the canonical statement, the secure element's signature over it and the terminal's
//! certificate. With the operator's CA certificate alone, offline, an auditor proves that this
//! terminal's key signed exactly this statement, and for whom the terminal was enrolled.

use thiserror::Error;

use crate::certificate::{CERTIFICATE_BYTES_MAX, CertificateError, TerminalCertificate};
use crate::codec::{Reader, put_long};
use crate::device::SIGNATURE_BYTES;
use crate::statement::{STATEMENT_BYTES_MAX, Statement, StatementError};

/// The version of the evidence's bytes.
pub const EVIDENCE_VERSION: u8 = 1;
/// No evidence is longer, in bytes.
pub const EVIDENCE_BYTES_MAX: usize =
    5 + 2 + STATEMENT_BYTES_MAX + SIGNATURE_BYTES + 2 + CERTIFICATE_BYTES_MAX;

const MAGIC: &[u8; 4] = b"TPEV";

/// Why evidence proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// The bytes are not evidence.
    #[error("these bytes are not evidence ({0}); they were cut or changed")]
    Malformed(&'static str),
    /// Another version.
    #[error("the evidence is of version {0}; this program knows version {EVIDENCE_VERSION}")]
    UnknownVersion(u8),
    /// The statement inside cannot be read, or its signature does not verify.
    #[error("the evidence proves nothing: {0}")]
    Statement(#[from] StatementError),
    /// The certificate inside does not hold.
    #[error("the evidence proves nothing: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate belongs to another terminal or another customer than the statement names.
    #[error(
        "the evidence proves nothing: the certificate is not that of the statement's terminal and customer"
    )]
    AnotherTerminal,
}

/// Evidence, read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    statement: Statement,
    signature: [u8; SIGNATURE_BYTES],
    certificate: Vec<u8>,
}

/// What evidence proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEvidence {
    /// What was agreed to.
    pub statement: Statement,
    /// By which terminal's key, enrolled for whom.
    pub certificate: TerminalCertificate,
}

impl Evidence {
    /// Puts evidence together.
    ///
    /// # Errors
    /// When the certificate is longer than [`CERTIFICATE_BYTES_MAX`].
    pub fn new(
        statement: Statement,
        signature: [u8; SIGNATURE_BYTES],
        certificate: Vec<u8>,
    ) -> Result<Self, EvidenceError> {
        if certificate.len() > CERTIFICATE_BYTES_MAX {
            return Err(EvidenceError::Malformed("the certificate is too long"));
        }
        Ok(Self { statement, signature, certificate })
    }

    /// For keeping: magic `TPEV`, version, statement and its length, signature, certificate and its length.
    ///
    /// # Panics
    /// Never: the bounds were checked when the evidence was put together.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(MAGIC);
        out.push(EVIDENCE_VERSION);
        put_long(&mut out, &self.statement.canonical_bytes(), STATEMENT_BYTES_MAX)
            .expect("a statement is bounded");
        out.extend_from_slice(&self.signature);
        put_long(&mut out, &self.certificate, CERTIFICATE_BYTES_MAX)
            .expect("the certificate's length was checked");
        out
    }

    /// Reads evidence; whatever is accepted encodes to the same bytes again.
    ///
    /// # Errors
    /// When the bytes are not evidence of a known version within the bounds.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        use EvidenceError::Malformed;
        let mut reader = Reader::new(bytes);
        if reader.array::<4>().as_ref() != Some(MAGIC) {
            return Err(Malformed("it does not begin as evidence does"));
        }
        let version = reader.u8().ok_or(Malformed("no version"))?;
        if version != EVIDENCE_VERSION {
            return Err(EvidenceError::UnknownVersion(version));
        }
        let statement = reader.long(STATEMENT_BYTES_MAX).ok_or(Malformed("statement"))?;
        let signature = reader.array().ok_or(Malformed("signature"))?;
        let certificate = reader.long(CERTIFICATE_BYTES_MAX).ok_or(Malformed("certificate"))?.to_vec();
        reader.end().ok_or(Malformed("bytes are left over"))?;
        Ok(Self { statement: Statement::parse(statement)?, signature, certificate })
    }

    /// The statement, not yet believed.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Proves it against the operator's CA certificate (DER), as of the statement's own time.
    ///
    /// # Errors
    /// When certificate, signature, terminal or customer do not fit together.
    pub fn verify(&self, operator_ca: &[u8]) -> Result<VerifiedEvidence, EvidenceError> {
        let fields = self.statement.fields();
        let certificate = TerminalCertificate::verify(&self.certificate, operator_ca, fields.at)?;
        if certificate.terminal != fields.terminal || certificate.account != fields.customer {
            return Err(EvidenceError::AnotherTerminal);
        }
        self.statement.verify(&self.signature, &certificate.signing_public)?;
        Ok(VerifiedEvidence { statement: self.statement.clone(), certificate })
    }
}
