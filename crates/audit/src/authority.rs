//! The operator's CA certificate: that it is whole. Whether it is the right one, only the checker can know.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use thiserror::Error;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

/// Why the operator's certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuthorityError {
    /// Not a certificate.
    #[error("the operator's certificate is not a P-256 certificate in canonical DER; it was cut or changed")]
    Malformed,
    /// Its own signature does not verify.
    #[error("the operator's certificate was changed: its own signature does not verify")]
    Signature,
}

/// Checks that a certificate is signed with its own key, so that no byte of it was changed by somebody who has not
/// got that key. What a CA certificate has to be beyond that, [`identity::TerminalCertificate::verify`] checks.
pub(crate) fn check_authority(der: &[u8]) -> Result<(), AuthorityError> {
    use AuthorityError::{Malformed, Signature};
    if der.len() > identity::certificate::CERTIFICATE_BYTES_MAX {
        return Err(Malformed);
    }
    let certificate = Certificate::from_der(der).map_err(|_| Malformed)?;
    // The signature is checked over our own encoding, so that must be the one we were given.
    if certificate.to_der().map_err(|_| Malformed)? != der {
        return Err(Malformed);
    }
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(Malformed);
    }
    let signed = certificate.tbs_certificate.to_der().map_err(|_| Malformed)?;
    let point = certificate.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes();
    let key = VerifyingKey::from_sec1_bytes(point.ok_or(Malformed)?).map_err(|_| Malformed)?;
    let signature = DerSignature::from_bytes(certificate.signature.as_bytes().ok_or(Malformed)?);
    key.verify(&signed, &signature.map_err(|_| Malformed)?).map_err(|_| Signature)
}
