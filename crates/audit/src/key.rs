//! The log's public key, by which auditors know the log.

use std::fmt;

use p256::ecdsa::{SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::encoding::{array_from_base64, to_base64};
use crate::hash::Hash;

/// Bytes of the key as DER.
pub const LOG_KEY_BYTES: usize = SPKI_HEAD.len() + POINT_BYTES;

/// Bytes of an uncompressed point of P-256.
const POINT_BYTES: usize = 65;
/// What stands before the point in a `SubjectPublicKeyInfo` of P-256: the only form accepted (RFC 5480 §2).
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// RFC 7468 §13.
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";
const PEM_LINE_CHARACTERS: usize = 64;
/// Longest text looked at for a key.
const PEM_BYTES_MAX: usize = 1024;

/// Why a key was not accepted. Whoever passed it is to pass another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not such a key.
    #[error("this is not a log's public key: it takes a P-256 key as SubjectPublicKeyInfo, in DER or PEM")]
    Malformed,
}

/// The public half of the key that signs a log's heads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogKey(VerifyingKey);

impl LogKey {
    /// The public half of `signing`.
    #[must_use]
    pub fn of(signing: &SigningKey) -> Self {
        Self(*signing.verifying_key())
    }

    pub(crate) const fn verifying(&self) -> &VerifyingKey {
        &self.0
    }

    /// From DER (`SubjectPublicKeyInfo`, P-256, uncompressed point).
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let point = der
            .strip_prefix(SPKI_HEAD.as_slice())
            .filter(|point| point.len() == POINT_BYTES)
            .ok_or(KeyError::Malformed)?;
        VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| KeyError::Malformed)
    }

    /// As DER.
    #[must_use]
    pub fn to_der(&self) -> [u8; LOG_KEY_BYTES] {
        let point = self.0.to_encoded_point(false);
        let mut der = [0; LOG_KEY_BYTES];
        let (head, tail) = der.split_at_mut(SPKI_HEAD.len());
        head.copy_from_slice(&SPKI_HEAD);
        tail.copy_from_slice(point.as_bytes());
        der
    }

    /// From PEM, as [`LogKey::to_pem`] or `openssl pkey -pubout` writes it; white space does not matter.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.len() > PEM_BYTES_MAX {
            return Err(KeyError::Malformed);
        }
        let body = pem.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let text: String = body.ok_or(KeyError::Malformed)?.split_ascii_whitespace().collect();
        let der: [u8; LOG_KEY_BYTES] = array_from_base64(&text).ok_or(KeyError::Malformed)?;
        Self::from_der(&der)
    }

    /// As PEM, for publishing it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let mut pem = format!("{PEM_BEGIN}\n");
        for (place, character) in to_base64(&self.to_der()).chars().enumerate() {
            if place > 0 && place % PEM_LINE_CHARACTERS == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push('\n');
        pem.push_str(PEM_END);
        pem.push('\n');
        pem
    }

    /// The log's identity: SHA-256 of the key's DER.
    #[must_use]
    pub fn id(&self) -> Hash {
        Sha256::digest(self.to_der()).into()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogKey(")?;
        self.id().iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str(")")
    }
}
