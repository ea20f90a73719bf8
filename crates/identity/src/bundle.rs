//! The enrolment bundle: how a terminal's keys get from the operator into its secure element (R22, R34).
//!
//! A text file, encrypted under an activation code that travels another way. Whoever has only the file
//! faces 80 random bits behind Argon2id. Layout: `docs/login.md`.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::certificate::CERTIFICATE_BYTES_MAX;
use crate::codec::{Reader, put_long, put_short};
use crate::device::DevicePrivateKey;
use crate::name::{AccountName, TerminalId};
use crate::secret::ActivationCode;
use crate::suite::stretch;

/// The version of the bundle.
pub const BUNDLE_VERSION: u8 = 1;
/// No bundle is longer, in characters of its armoured text.
pub const BUNDLE_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest hardware profile in a bundle, in canonical bytes.
pub const PROFILE_BYTES_MAX: usize = 16 * 1024;
/// Longest server name, in bytes.
pub const SERVER_NAME_BYTES_MAX: usize = 253;

const MAGIC: &[u8; 8] = b"TNPYENRL";
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = MAGIC.len() + 1 + SALT_BYTES + NONCE_BYTES;
const BEGIN: &str = "-----BEGIN THINPAY ENROLMENT-----";
const END: &str = "-----END THINPAY ENROLMENT-----";
const LINE_CHARACTERS: usize = 64;

/// Why a bundle cannot be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The text is not a bundle.
    #[error("this is not an enrolment bundle ({0}); ask the operator for the file again")]
    Malformed(&'static str),
    /// The bundle is of a version that this program does not know.
    #[error("the enrolment bundle is of version {0}; this program knows version {BUNDLE_VERSION}; update it")]
    UnknownVersion(u8),
    /// The activation code is not this bundle's, or the bundle was changed.
    #[error("the activation code does not open this bundle, or the bundle was changed; check both")]
    WrongCode,
    /// A field is too long to be put into a bundle.
    #[error("the {0} does not fit into an enrolment bundle")]
    TooLong(&'static str),
    /// A cryptographic library refused what cannot be refused.
    #[error("the cryptographic library failed; this is a fault of this program")]
    Internal,
}

/// What a terminal is given when it is enrolled.
#[derive(Clone)]
pub struct EnrolmentBundle {
    /// The terminal's identity.
    pub terminal: TerminalId,
    /// The customer whose contract it is enrolled under.
    pub account: AccountName,
    /// The name that the server's TLS certificate must carry; 1 to [`SERVER_NAME_BYTES_MAX`] bytes.
    pub server_name: String,
    /// The operator's CA certificate, DER: what the terminal trusts.
    pub operator_ca: Vec<u8>,
    /// The certificate of the signing key, DER.
    pub certificate: Vec<u8>,
    /// The key that signs statements.
    pub signing_key: DevicePrivateKey,
    /// The key that agrees on roots.
    pub agreement_key: DevicePrivateKey,
    /// The hardware profile as recorded at the server, canonical bytes. For comparison: what enters
    /// the root is the terminal's own.
    pub profile: Vec<u8>,
}

impl std::fmt::Debug for EnrolmentBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolmentBundle")
            .field("terminal", &self.terminal)
            .field("account", &self.account)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl EnrolmentBundle {
    /// Encrypts the bundle under an activation code: armoured text, ASCII.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] when a field is outside its bounds.
    pub fn seal(
        &self,
        rng: &mut (impl CryptoRng + RngCore),
        code: &ActivationCode,
    ) -> Result<String, BundleError> {
        let plain = self.encode()?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        sealed.extend_from_slice(MAGIC);
        sealed.push(BUNDLE_VERSION);
        let mut salt_and_nonce = [0; SALT_BYTES + NONCE_BYTES];
        rng.fill_bytes(&mut salt_and_nonce);
        sealed.extend_from_slice(&salt_and_nonce);
        let (salt, nonce) = salt_and_nonce.split_at(SALT_BYTES);
        let cipher = cipher(code, salt)?;
        let ciphertext = cipher
            .encrypt(Nonce::from_slice(nonce), Payload { msg: &plain, aad: &sealed })
            .map_err(|_| BundleError::Internal)?;
        sealed.extend_from_slice(&ciphertext);
        Ok(armour(&sealed))
    }

    /// Opens armoured text. Stretches the code: tens of milliseconds.
    ///
    /// # Errors
    /// [`BundleError::WrongCode`] when the code is not this bundle's or a byte was changed; otherwise
    /// the text is no bundle.
    pub fn open(text: &str, code: &ActivationCode) -> Result<Self, BundleError> {
        let sealed = dearmour(text)?;
        let header = sealed.get(..HEADER_BYTES).ok_or(BundleError::Malformed("it is cut off"))?;
        let mut reader = Reader::new(&sealed);
        if reader.array::<8>().as_ref() != Some(MAGIC) {
            return Err(BundleError::Malformed("it does not begin as a bundle does"));
        }
        let version = reader.u8().ok_or(BundleError::Malformed("it is cut off"))?;
        if version != BUNDLE_VERSION {
            return Err(BundleError::UnknownVersion(version));
        }
        let salt = reader.take(SALT_BYTES).ok_or(BundleError::Malformed("it is cut off"))?;
        let nonce = reader.take(NONCE_BYTES).ok_or(BundleError::Malformed("it is cut off"))?;
        let plain = cipher(code, salt)?
            .decrypt(Nonce::from_slice(nonce), Payload { msg: reader.rest(), aad: header })
            .map(Zeroizing::new)
            .map_err(|_| BundleError::WrongCode)?;
        Self::decode(&plain)
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, BundleError> {
        if self.server_name.is_empty() || self.server_name.len() > SERVER_NAME_BYTES_MAX {
            return Err(BundleError::TooLong("server's name"));
        }
        // Sized beforehand, so that growing leaves no copies of the keys behind.
        let capacity = 1024 + self.operator_ca.len() + self.certificate.len() + self.profile.len();
        let mut out = Zeroizing::new(Vec::with_capacity(capacity));
        out.extend_from_slice(self.terminal.as_bytes());
        put_short(&mut out, self.account.as_str().as_bytes()).ok_or(BundleError::TooLong("account"))?;
        put_short(&mut out, self.server_name.as_bytes()).ok_or(BundleError::TooLong("server's name"))?;
        put_long(&mut out, &self.operator_ca, CERTIFICATE_BYTES_MAX)
            .ok_or(BundleError::TooLong("operator's certificate"))?;
        put_long(&mut out, &self.certificate, CERTIFICATE_BYTES_MAX)
            .ok_or(BundleError::TooLong("terminal's certificate"))?;
        out.extend_from_slice(self.signing_key.to_bytes().as_ref());
        out.extend_from_slice(self.agreement_key.to_bytes().as_ref());
        put_long(&mut out, &self.profile, PROFILE_BYTES_MAX)
            .ok_or(BundleError::TooLong("hardware profile"))?;
        Ok(out)
    }

    fn decode(plain: &[u8]) -> Result<Self, BundleError> {
        use BundleError::Malformed;
        let mut reader = Reader::new(plain);
        let terminal = reader.array().map(TerminalId::from_bytes).ok_or(Malformed("terminal"))?;
        let account = utf8(reader.short())
            .and_then(|text| AccountName::from_canonical(text).ok())
            .ok_or(Malformed("account"))?;
        let server_name = utf8(reader.short())
            .filter(|name| !name.is_empty() && name.len() <= SERVER_NAME_BYTES_MAX)
            .ok_or(Malformed("server's name"))?
            .to_owned();
        let operator_ca =
            reader.long(CERTIFICATE_BYTES_MAX).ok_or(Malformed("operator's certificate"))?.to_vec();
        let certificate = reader.long(CERTIFICATE_BYTES_MAX).ok_or(Malformed("certificate"))?.to_vec();
        let mut key = || {
            let number = Zeroizing::new(reader.array::<32>()?);
            DevicePrivateKey::from_bytes(&number).ok()
        };
        let signing_key = key().ok_or(Malformed("signing key"))?;
        let agreement_key = key().ok_or(Malformed("agreement key"))?;
        let profile = reader.long(PROFILE_BYTES_MAX).ok_or(Malformed("hardware profile"))?.to_vec();
        reader.end().ok_or(Malformed("bytes are left over"))?;
        Ok(Self {
            terminal,
            account,
            server_name,
            operator_ca,
            certificate,
            signing_key,
            agreement_key,
            profile,
        })
    }
}

fn utf8(bytes: Option<&[u8]>) -> Option<&str> {
    std::str::from_utf8(bytes?).ok()
}

fn cipher(code: &ActivationCode, salt: &[u8]) -> Result<Aes256Gcm, BundleError> {
    let mut key = Zeroizing::new([0; 32]);
    stretch(code.as_bytes(), salt, key.as_mut()).ok_or(BundleError::Internal)?;
    Ok(Aes256Gcm::new(key.as_ref().into()))
}

fn armour(sealed: &[u8]) -> String {
    let base64 = STANDARD.encode(sealed);
    let mut text = String::with_capacity(base64.len() + base64.len() / LINE_CHARACTERS + 80);
    text.push_str(BEGIN);
    for (index, character) in base64.chars().enumerate() {
        if index % LINE_CHARACTERS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

fn dearmour(text: &str) -> Result<Vec<u8>, BundleError> {
    if text.len() > BUNDLE_TEXT_BYTES_MAX {
        return Err(BundleError::Malformed("it is too long"));
    }
    let body = text
        .trim()
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or(BundleError::Malformed("its first or last line is missing"))?;
    let base64: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    STANDARD.decode(base64).map_err(|_| BundleError::Malformed("it is not base64"))
}
