//! A terminal's certificate, checked offline against the operator's CA (RFC 5280, a strict profile).
//!
//! Only what this operator issues is accepted: X.509 version 3, P-256 keys, ecdsa-with-SHA256, one
//! step from the CA to the terminal, DER that encodes to itself again. The subject holds the
//! terminal's identity (common name) and the customer's account (user id, RFC 4519 §2.39).

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use thiserror::Error;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

use crate::device::DevicePublicKey;
use crate::name::{AccountName, TerminalId};
use crate::time::UnixTime;

/// No certificate is longer, in bytes of DER.
pub const CERTIFICATE_BYTES_MAX: usize = 4096;

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const USER_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1");
/// Extensions that this check understands; any other critical one is refused (RFC 5280 §4.2).
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// Not a certificate of the accepted profile.
    #[error("the {0} is not a certificate of the accepted form ({1})")]
    Malformed(&'static str, &'static str),
    /// The operator's certificate may not issue certificates.
    #[error("the operator's certificate is not that of a certification authority; use the operator's own")]
    NotAuthority,
    /// The terminal's certificate was issued by somebody else.
    #[error("the terminal's certificate was not issued by this operator")]
    Issuer,
    /// The CA's signature does not verify.
    #[error("the operator's signature on the terminal's certificate does not verify")]
    Signature,
    /// One of the two was not valid at the moment asked about.
    #[error("the {0} was not valid at that time")]
    Validity(&'static str),
}

/// What a terminal's certificate says, once it has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalCertificate {
    /// The terminal.
    pub terminal: TerminalId,
    /// The customer whose contract it was enrolled under.
    pub account: AccountName,
    /// The public half of the secure element's signing key.
    pub signing_public: DevicePublicKey,
    /// First moment of validity.
    pub not_before: UnixTime,
    /// Last moment of validity.
    pub not_after: UnixTime,
}

const CA: &str = "operator's certificate";
const TERMINAL: &str = "terminal's certificate";

impl TerminalCertificate {
    /// Verifies a terminal's certificate against the operator's CA certificate, both DER, at a moment.
    ///
    /// Revocation is not part of it: the server asks its own list when it accepts a signature.
    ///
    /// # Errors
    /// When either is not of the accepted profile, was not valid at `at`, or the chain does not hold.
    pub fn verify(certificate: &[u8], operator_ca: &[u8], at: UnixTime) -> Result<Self, CertificateError> {
        let authority = read(CA, operator_ca)?;
        let leaf = read(TERMINAL, certificate)?;
        let (ca_constraints, ca_usage) = extensions(CA, &authority)?;
        if !ca_constraints.is_some_and(|c| c.ca) || !ca_usage.is_some_and(|u| u.key_cert_sign()) {
            return Err(CertificateError::NotAuthority);
        }
        let (constraints, usage) = extensions(TERMINAL, &leaf)?;
        if constraints.is_some_and(|c| c.ca) || !usage.is_some_and(|u| u.digital_signature()) {
            return Err(CertificateError::Malformed(TERMINAL, "it is not for signing statements"));
        }
        if leaf.tbs_certificate.issuer != authority.tbs_certificate.subject {
            return Err(CertificateError::Issuer);
        }
        verify_signature(&leaf, &public_key(CA, &authority)?)?;
        let (ca_not_before, ca_not_after) = validity(&authority);
        if at < ca_not_before || at > ca_not_after {
            return Err(CertificateError::Validity(CA));
        }
        let (not_before, not_after) = validity(&leaf);
        if at < not_before || at > not_after {
            return Err(CertificateError::Validity(TERMINAL));
        }
        let subject = &leaf.tbs_certificate.subject;
        let terminal = attribute(subject, COMMON_NAME)
            .and_then(|text| text.parse().ok())
            .ok_or(CertificateError::Malformed(TERMINAL, "its common name is no terminal"))?;
        let account = attribute(subject, USER_ID)
            .and_then(|text| AccountName::from_canonical(text).ok())
            .ok_or(CertificateError::Malformed(TERMINAL, "its user id is no account"))?;
        let signing_public = public_key(TERMINAL, &leaf)?;
        Ok(Self { terminal, account, signing_public, not_before, not_after })
    }
}

fn read(whose: &'static str, der: &[u8]) -> Result<Certificate, CertificateError> {
    let malformed = |why| CertificateError::Malformed(whose, why);
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(malformed("it is too long"));
    }
    let certificate = Certificate::from_der(der).map_err(|_| malformed("it is no X.509 DER"))?;
    // The signature is checked over our own encoding, so that must be the one we were given.
    if certificate.to_der().map_err(|_| malformed("it is no X.509 DER"))? != der {
        return Err(malformed("its DER is not canonical"));
    }
    let tbs = &certificate.tbs_certificate;
    if tbs.version != x509_cert::Version::V3 {
        return Err(malformed("it is not of version 3"));
    }
    if certificate.signature_algorithm != tbs.signature
        || tbs.signature.oid != ECDSA_WITH_SHA256
        || tbs.signature.parameters.is_some()
    {
        return Err(malformed("it is not signed with ECDSA and SHA-256"));
    }
    Ok(certificate)
}

fn extensions(
    whose: &'static str,
    certificate: &Certificate,
) -> Result<(Option<BasicConstraints>, Option<KeyUsage>), CertificateError> {
    let malformed = |why| CertificateError::Malformed(whose, why);
    let tbs = &certificate.tbs_certificate;
    for extension in tbs.extensions.iter().flatten() {
        if extension.critical && ![BASIC_CONSTRAINTS, KEY_USAGE].contains(&extension.extn_id) {
            return Err(malformed("it has a critical extension that is not known"));
        }
    }
    let constraints = tbs.get().map_err(|_| malformed("its basic constraints"))?.map(|(_, value)| value);
    let usage = tbs.get().map_err(|_| malformed("its key usage"))?.map(|(_, value)| value);
    Ok((constraints, usage))
}

fn public_key(whose: &'static str, certificate: &Certificate) -> Result<DevicePublicKey, CertificateError> {
    let malformed = || CertificateError::Malformed(whose, "its key is not on P-256");
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(PRIME256V1) {
        return Err(malformed());
    }
    let bytes = info.subject_public_key.as_bytes().ok_or_else(malformed)?;
    DevicePublicKey::from_sec1(bytes).map_err(|_| malformed())
}

fn verify_signature(leaf: &Certificate, authority: &DevicePublicKey) -> Result<(), CertificateError> {
    let signed = leaf.tbs_certificate.to_der().map_err(|_| CertificateError::Signature)?;
    let bytes = leaf.signature.as_bytes().ok_or(CertificateError::Signature)?;
    let signature = DerSignature::from_bytes(bytes).map_err(|_| CertificateError::Signature)?;
    VerifyingKey::from(authority.inner()).verify(&signed, &signature).map_err(|_| CertificateError::Signature)
}

fn validity(certificate: &Certificate) -> (UnixTime, UnixTime) {
    let validity = &certificate.tbs_certificate.validity;
    let moment = |time: &x509_cert::time::Time| UnixTime::from_seconds(time.to_unix_duration().as_secs());
    // The last second counts in full.
    let end = UnixTime::from_milliseconds(moment(&validity.not_after).milliseconds().saturating_add(999));
    (moment(&validity.not_before), end)
}

/// The one attribute of that type, as text; `None` when it is missing or there twice.
fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<&str> {
    let mut found = name.0.iter().flat_map(|set| set.0.iter()).filter(|attribute| attribute.oid == oid);
    let value = &found.next()?.value;
    if found.next().is_some() {
        return None;
    }
    std::str::from_utf8(value.value()).ok()
}
