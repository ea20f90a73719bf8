//! The operator's certification authority and what it issues: terminals' and the server's certificates.
//!
//! P-256 throughout, signatures deterministic (RFC 6979), serial numbers drawn from the random source
//! that is passed in. The CA's key lies in the authentication file; an HSM is its proper place.

use std::net::IpAddr;

use identity::{AccountName, DevicePrivateKey, DevicePublicKey, TerminalId, UnixTime};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use rand_core::{CryptoRng, RngCore};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SignatureAlgorithm,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::store::{Auth, get_secret, put_secret};

const DAY_SECONDS: u64 = 86_400;
/// How long the CA is valid: twenty years.
const AUTHORITY_SECONDS: u64 = 20 * 365 * DAY_SECONDS;
/// How long a terminal's certificate is valid: five years.
const TERMINAL_SECONDS: u64 = 5 * 365 * DAY_SECONDS;
/// How long the server's certificate is valid; it is renewed by itself.
const TLS_SECONDS: u64 = 397 * DAY_SECONDS;
/// The server's certificate is renewed when less than this is left.
const TLS_RENEWAL_SECONDS: u64 = 30 * DAY_SECONDS;
/// Validity begins this much earlier, for peers whose clock is behind.
const BACKDATE_SECONDS: u64 = DAY_SECONDS;
/// X.520's upper bound for an organisation's name.
const ORGANISATION_CHARACTERS_MAX: usize = 64;
/// `uid`, RFC 4519 §2.39.
const USER_ID: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 1];
const ALWAYS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a TLS listener needs.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The server's certificate, then the CA's; DER.
    pub certificate_chain: Vec<Vec<u8>>,
    /// The server's private key, PKCS#8 DER.
    pub private_key_pkcs8: Zeroizing<Vec<u8>>,
    /// When the certificate stops being valid; ask again before that.
    pub not_after: UnixTime,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsIdentity").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// A P-256 key as the certificate library wants it.
struct Signing {
    key: SigningKey,
    public: [u8; 65],
}

impl Signing {
    fn new(key: &DevicePrivateKey) -> Result<Self, AuthError> {
        let signing = SigningKey::from_slice(key.to_bytes().as_ref())
            .map_err(|_| AuthError::Damaged("the operator's key"))?;
        Ok(Self { key: signing, public: key.public().to_sec1() })
    }
}

impl PublicKeyData for Signing {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Signing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self.key.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_bytes().to_vec())
    }
}

struct Public([u8; 65]);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The operator's certification authority.
pub(crate) struct Authority {
    key: DevicePrivateKey,
    issuer: Issuer<'static, Signing>,
    certificate: Vec<u8>,
}

impl Authority {
    pub(crate) fn generate(
        server_name: &str,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Self, AuthError> {
        let key = DevicePrivateKey::generate(rng);
        let mut params = authority_params(server_name, &key.public());
        params.serial_number = Some(serial(rng));
        set_validity(&mut params, now, AUTHORITY_SECONDS)?;
        let certificate = params.self_signed(&Signing::new(&key)?)?.der().to_vec();
        Self::restore_from(server_name, key, certificate)
    }

    pub(crate) fn restore(
        server_name: &str,
        private_key: &[u8],
        certificate: Vec<u8>,
    ) -> Result<Self, AuthError> {
        let number = Zeroizing::new(
            <[u8; 32]>::try_from(private_key).map_err(|_| AuthError::Damaged("the operator's key"))?,
        );
        let key =
            DevicePrivateKey::from_bytes(&number).map_err(|_| AuthError::Damaged("the operator's key"))?;
        Self::restore_from(server_name, key, certificate)
    }

    fn restore_from(
        server_name: &str,
        key: DevicePrivateKey,
        certificate: Vec<u8>,
    ) -> Result<Self, AuthError> {
        let params = authority_params(server_name, &key.public());
        let issuer = Issuer::new(params, Signing::new(&key)?);
        Ok(Self { key, issuer, certificate })
    }

    pub(crate) fn private_key(&self) -> Zeroizing<[u8; 32]> {
        self.key.to_bytes()
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate of a terminal's signing key.
    pub(crate) fn issue_terminal(
        &self,
        terminal: TerminalId,
        account: &AccountName,
        signing_public: &DevicePublicKey,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Vec<u8>, AuthError> {
        let mut params = base_params(signing_public);
        params.distinguished_name.push(DnType::CommonName, terminal.to_string());
        params.distinguished_name.push(DnType::CustomDnType(USER_ID.to_vec()), account.as_str());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial(rng));
        set_validity(&mut params, now, TERMINAL_SECONDS)?;
        Ok(params.signed_by(&Public(signing_public.to_sec1()), &self.issuer)?.der().to_vec())
    }

    fn issue_tls(
        &self,
        server_name: &str,
        names: &[String],
        key: &DevicePrivateKey,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Vec<u8>, AuthError> {
        let mut params = base_params(&key.public());
        params.distinguished_name.push(DnType::CommonName, "ThinPay server");
        let configured = std::iter::once(server_name).chain(names.iter().map(String::as_str));
        for name in ALWAYS.into_iter().chain(configured) {
            let alternative = alternative_name(name)?;
            if !params.subject_alt_names.contains(&alternative) {
                params.subject_alt_names.push(alternative);
            }
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial(rng));
        set_validity(&mut params, now, TLS_SECONDS)?;
        Ok(params.signed_by(&Public(key.public().to_sec1()), &self.issuer)?.der().to_vec())
    }
}

impl Auth {
    /// The server's TLS certificate and key for its listeners, issued by the operator's CA: for
    /// `localhost`, `127.0.0.1`, `::1`, the server's name and the configured names. Issued at the first
    /// call, and again when less than thirty days are left.
    ///
    /// # Errors
    /// When the disk or the file fails.
    pub fn tls_identity(
        &self,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<TlsIdentity, AuthError> {
        self.change(|transaction| {
            let kept = (
                get_secret(transaction, "tls-key")?,
                get_secret(transaction, "tls-certificate")?,
                get_secret(transaction, "tls-not-after")?,
            );
            if let (Some(key), Some(certificate), Some(end)) = kept {
                let end = <[u8; 8]>::try_from(end.as_slice())
                    .map(|bytes| UnixTime::from_milliseconds(u64::from_be_bytes(bytes)))
                    .map_err(|_| AuthError::Damaged("the server's certificate"))?;
                if now.plus_seconds(TLS_RENEWAL_SECONDS) < end {
                    let certificate_chain = vec![certificate.to_vec(), self.operator_ca().to_vec()];
                    return Ok(TlsIdentity { certificate_chain, private_key_pkcs8: key, not_after: end });
                }
            }
            let key = DevicePrivateKey::generate(rng);
            let certificate = self.authority().issue_tls(self.server_name(), self.names(), &key, now, rng)?;
            let private_key_pkcs8 = key.to_pkcs8_der()?;
            let not_after = now.plus_seconds(TLS_SECONDS);
            put_secret(transaction, "tls-key", &private_key_pkcs8)?;
            put_secret(transaction, "tls-certificate", &certificate)?;
            put_secret(transaction, "tls-not-after", &not_after.milliseconds().to_be_bytes())?;
            let certificate_chain = vec![certificate, self.operator_ca().to_vec()];
            Ok(TlsIdentity { certificate_chain, private_key_pkcs8, not_after })
        })
    }
}

/// Checks a host name (RFC 1123) or an IP address, as a TLS certificate may carry it.
///
/// # Errors
/// [`AuthError::HostName`] when it is neither.
pub fn check_host_name(name: &str) -> Result<(), AuthError> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label)) {
        Ok(())
    } else {
        Err(AuthError::HostName(name.to_owned()))
    }
}

fn alternative_name(name: &str) -> Result<SanType, AuthError> {
    check_host_name(name)?;
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into()?),
    })
}

fn authority_params(server_name: &str, public: &DevicePublicKey) -> CertificateParams {
    let mut params = base_params(public);
    let organisation: String = server_name.chars().take(ORGANISATION_CHARACTERS_MAX).collect();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.distinguished_name.push(DnType::CommonName, "ThinPay operator CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn base_params(public: &DevicePublicKey) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    // RFC 7093 §2, method 1.
    let identifier = Sha256::digest(public.to_sec1()).iter().copied().take(20).collect();
    params.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
    params
}

/// 127 random bits, positive (RFC 5280 §4.1.2.2).
fn serial(rng: &mut (impl CryptoRng + RngCore)) -> SerialNumber {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    bytes[0] = bytes[0] & 0x3f | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn set_validity(params: &mut CertificateParams, now: UnixTime, seconds: u64) -> Result<(), AuthError> {
    let moment = |at: u64| {
        i64::try_from(at)
            .ok()
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
            .ok_or(AuthError::Damaged("the clock is outside the calendar"))
    };
    params.not_before = moment(now.seconds().saturating_sub(BACKDATE_SECONDS))?;
    params.not_after = moment(now.seconds().saturating_add(seconds))?;
    Ok(())
}
