//! The secure element's file back end: the two private keys in a file, encrypted under the element's
//! PIN. **For development**: a copy of the file can be searched for its PIN at leisure, which a real
//! secure element prevents; the file, the program and the server's records all say so.
//!
//! The file is text: a label, the format's version, the parameters of Argon2id with its salt, the
//! nonce, and the box (AES-256-GCM; everything above it is authenticated with it).

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rand_core::CryptoRngCore;
use terminal::payment_module::{Assurance, ElementError, SecureElement};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The first line of every element file.
pub const LABEL: &str = "ThinPay secure element, file back end: FOR DEVELOPMENT ONLY";
/// The longest element file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 64 * 1024;
/// The longest single part inside, in bytes.
pub const PART_BYTES_MAX: usize = 16 * 1024;
/// The shortest PIN.
pub const PIN_CHARACTERS_MIN: usize = 4;
/// The longest PIN, in bytes.
pub const PIN_BYTES_MAX: usize = 128;
/// Argon2id memory of files that this program writes, in KiB.
const MEMORY_KIB: u32 = 32 * 1024;
/// Argon2id passes of files that this program writes.
const PASSES: u32 = 2;
/// The most Argon2id memory a file may ask for, in KiB.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// The most Argon2id passes a file may ask for.
const PASSES_MAX: u32 = 16;

/// What the file holds.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Content {
    /// The terminal's identity, as the operator wrote it into the bundle.
    pub terminal: Vec<u8>,
    /// The account the terminal was enrolled for.
    pub account: String,
    /// The name in the server's TLS certificate.
    pub server_name: String,
    /// The operator's CA certificate (DER): the only root this terminal trusts.
    pub operator_ca: Vec<u8>,
    /// The signing key's certificate (DER).
    pub certificate: Vec<u8>,
    /// The private signing key, a P-256 scalar, big-endian.
    pub signing_key: [u8; 32],
    /// The private agreement key.
    pub agreement_key: [u8; 32],
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Content(account {:?}, keys not shown)", self.account)
    }
}

/// Why an element file was not opened or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not such a file, or cut short, or of another version.
    #[error("this is no element file that can be read ({0}): import the enrolment bundle again")]
    Malformed(&'static str),
    /// The PIN is wrong, or somebody changed the file: the cipher cannot tell which.
    #[error("wrong PIN (or the element file was changed)")]
    WrongPin,
    /// A PIN that cannot be set.
    #[error("a PIN has at least {PIN_CHARACTERS_MIN} characters and at most {PIN_BYTES_MAX} bytes")]
    UnfitPin,
    /// A key in it is no key.
    #[error("the bundle holds a number that is no P-256 private key: ask the operator for a new one")]
    NotAKey,
    /// The program's own failure.
    #[error("the element file could not be encrypted: {0}")]
    Internal(&'static str),
}

/// An open element file.
pub struct FileElement {
    content: Content,
    signing: p256::ecdsa::SigningKey,
    agreement: p256::NonZeroScalar,
}

impl fmt::Debug for FileElement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FileElement({:?})", self.content)
    }
}

impl FileElement {
    /// Takes the keys into use.
    ///
    /// # Errors
    /// [`FileError::NotAKey`].
    pub fn new(content: Content) -> Result<Self, FileError> {
        let signing =
            p256::ecdsa::SigningKey::from_slice(&content.signing_key).map_err(|_| FileError::NotAKey)?;
        let agreement = p256::SecretKey::from_slice(&content.agreement_key)
            .map_err(|_| FileError::NotAKey)?
            .to_nonzero_scalar();
        Ok(Self { content, signing, agreement })
    }

    /// Opens the text of an element file with its PIN.
    ///
    /// # Errors
    /// [`FileError::WrongPin`] when the PIN does not open it; [`FileError::Malformed`] for the rest.
    pub fn open(text: &str, pin: &str) -> Result<Self, FileError> {
        Self::new(SealedFile::parse(text)?.open(pin)?)
    }

    /// What else the operator put into the element.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }
}

impl SecureElement for FileElement {
    fn assurance(&self) -> Assurance {
        Assurance::Development
    }

    fn agree(&self, server_public: &[u8; 65]) -> Result<[u8; 32], ElementError> {
        let server = p256::PublicKey::from_sec1_bytes(server_public).map_err(|_| ElementError::NotAPoint)?;
        let shared = p256::ecdh::diffie_hellman(self.agreement, server.as_affine());
        Ok((*shared.raw_secret_bytes()).into())
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<[u8; 64], ElementError> {
        let signature: p256::ecdsa::Signature =
            self.signing.sign_prehash(digest).map_err(|error| ElementError::Failed(error.to_string()))?;
        Ok(signature.to_bytes().into())
    }
}

/// Writes the text of an element file.
///
/// # Errors
/// [`FileError::UnfitPin`], [`FileError::NotAKey`], or a part that is too long.
pub fn seal(content: &Content, pin: &str, rng: &mut impl CryptoRngCore) -> Result<String, FileError> {
    if pin.chars().count() < PIN_CHARACTERS_MIN || pin.len() > PIN_BYTES_MAX {
        return Err(FileError::UnfitPin);
    }
    FileElement::new(content.clone())?;
    let mut salt = [0; 16];
    let mut nonce = [0; 12];
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut nonce);
    let head = format!(
        "{LABEL}\nversion 1\nargon2id {MEMORY_KIB} {PASSES} {}\nnonce {}\n",
        BASE64.encode(salt),
        BASE64.encode(nonce)
    );
    let key = derive(pin, &salt, MEMORY_KIB, PASSES)?;
    let plain = encode(content)?;
    let cipher = Aes256Gcm::new_from_slice(&*key).map_err(|_| FileError::Internal("key length"))?;
    let payload = Payload { msg: &plain, aad: head.as_bytes() };
    let sealed =
        cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| FileError::Internal("encryption"))?;
    Ok(format!("{head}box {}\n", BASE64.encode(sealed)))
}

/// An element file that was read but not opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// Everything above the box: authenticated with it.
    head: String,
    memory_kib: u32,
    passes: u32,
    salt: [u8; 16],
    nonce: [u8; 12],
    sealed: Vec<u8>,
}

impl SealedFile {
    /// Reads the text of an element file, without opening it.
    ///
    /// # Errors
    /// [`FileError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, FileError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(FileError::Malformed("too long"));
        }
        let Some((head, sealed)) = text.split_once("box ") else {
            return Err(FileError::Malformed("no box"));
        };
        let lines: Vec<&str> = head.split('\n').collect();
        let [LABEL, "version 1", argon2, nonce, ""] = lines.as_slice() else {
            return Err(FileError::Malformed("no head of version 1"));
        };
        let words: Vec<&str> = argon2.split(' ').collect();
        let ["argon2id", memory, passes, salt] = words.as_slice() else {
            return Err(FileError::Malformed("no Argon2id line"));
        };
        let memory_kib: u32 = memory.parse().map_err(|_| FileError::Malformed("Argon2id memory"))?;
        let passes: u32 = passes.parse().map_err(|_| FileError::Malformed("Argon2id passes"))?;
        if !(8..=MEMORY_KIB_MAX).contains(&memory_kib) || !(1..=PASSES_MAX).contains(&passes) {
            return Err(FileError::Malformed("Argon2id parameters out of bounds"));
        }
        let decode = |text: &str, what| BASE64.decode(text).map_err(|_| FileError::Malformed(what));
        let salt = decode(salt, "salt")?.try_into().map_err(|_| FileError::Malformed("salt"))?;
        let nonce = nonce.strip_prefix("nonce ").ok_or(FileError::Malformed("no nonce"))?;
        let nonce = decode(nonce, "nonce")?.try_into().map_err(|_| FileError::Malformed("nonce"))?;
        let sealed = sealed.strip_suffix('\n').ok_or(FileError::Malformed("cut short"))?;
        let sealed = decode(sealed, "box")?;
        Ok(Self { head: head.to_owned(), memory_kib, passes, salt, nonce, sealed })
    }

    /// Opens it with its PIN. Stretches the PIN: tens of milliseconds.
    ///
    /// # Errors
    /// [`FileError::WrongPin`] when the PIN does not open it.
    pub fn open(&self, pin: &str) -> Result<Content, FileError> {
        if pin.len() > PIN_BYTES_MAX {
            return Err(FileError::WrongPin);
        }
        let key = derive(pin, &self.salt, self.memory_kib, self.passes)?;
        let cipher = Aes256Gcm::new_from_slice(&*key).map_err(|_| FileError::Internal("key length"))?;
        let payload = Payload { msg: &self.sealed, aad: self.head.as_bytes() };
        let plain =
            cipher.decrypt(Nonce::from_slice(&self.nonce), payload).map_err(|_| FileError::WrongPin)?;
        Content::from_bytes(&Zeroizing::new(plain))
    }
}

fn derive(pin: &str, salt: &[u8; 16], memory: u32, passes: u32) -> Result<Zeroizing<[u8; 32]>, FileError> {
    let params =
        Params::new(memory, passes, 1, Some(32)).map_err(|_| FileError::Malformed("Argon2id parameters"))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, &mut *key)
        .map_err(|_| FileError::Internal("Argon2id"))?;
    Ok(key)
}

/// Seven parts, each a 32-bit big-endian length and that many bytes.
fn encode(content: &Content) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let parts: [&[u8]; 7] = [
        &content.terminal,
        content.account.as_bytes(),
        content.server_name.as_bytes(),
        &content.operator_ca,
        &content.certificate,
        &content.signing_key,
        &content.agreement_key,
    ];
    let mut out = Zeroizing::new(Vec::new());
    for part in parts {
        let length = u32::try_from(part.len()).ok().filter(|_| part.len() <= PART_BYTES_MAX);
        out.extend_from_slice(&length.ok_or(FileError::Malformed("a part is too long"))?.to_be_bytes());
        out.extend_from_slice(part);
    }
    Ok(out)
}

impl Content {
    /// Reads what was in the box.
    ///
    /// # Errors
    /// [`FileError::Malformed`]: another program wrote it.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, FileError> {
        const WRONG: FileError = FileError::Malformed("its content");
        let mut part = || {
            let (length, rest) = bytes.split_first_chunk::<4>().ok_or(WRONG)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| WRONG)?;
            if length > PART_BYTES_MAX {
                return Err(WRONG);
            }
            let (part, rest) = rest.split_at_checked(length).ok_or(WRONG)?;
            bytes = rest;
            Ok(part)
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| WRONG);
        let key = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| WRONG);
        let content = Self {
            terminal: part()?.to_vec(),
            account: text(part()?)?,
            server_name: text(part()?)?,
            operator_ca: part()?.to_vec(),
            certificate: part()?.to_vec(),
            signing_key: key(part()?)?,
            agreement_key: key(part()?)?,
        };
        if bytes.is_empty() { Ok(content) } else { Err(WRONG) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    use proptest::prelude::*;
    use rand_core::OsRng;
    use std::sync::LazyLock;

    fn content() -> Content {
        Content {
            terminal: b"t-1".to_vec(),
            account: "mei".into(),
            server_name: "pay.example".into(),
            operator_ca: vec![1; 400],
            certificate: vec![2; 300],
            signing_key: p256::SecretKey::random(&mut OsRng).to_bytes().into(),
            agreement_key: p256::SecretKey::random(&mut OsRng).to_bytes().into(),
        }
    }

    static FILE: LazyLock<String> = LazyLock::new(|| seal(&content(), "2580", &mut OsRng).unwrap());

    #[test]
    fn what_was_sealed_is_opened_by_the_pin_alone() {
        let content = content();
        let text = seal(&content, "2580", &mut OsRng).unwrap();
        assert!(text.starts_with(LABEL));
        let element = FileElement::open(&text, "2580").unwrap();
        assert_eq!(element.content(), &content);
        assert_eq!(FileElement::open(&text, "2581").unwrap_err(), FileError::WrongPin);
        assert_eq!(seal(&content, "123", &mut OsRng).unwrap_err(), FileError::UnfitPin);
        assert!(!format!("{element:?}").contains(&format!("{:?}", content.signing_key)));
    }

    #[test]
    fn it_agrees_and_signs() {
        let element = FileElement::new(content()).unwrap();
        let server = p256::SecretKey::random(&mut OsRng);
        let public: [u8; 65] = p256::EncodedPoint::from(server.public_key()).as_bytes().try_into().unwrap();
        let device = p256::SecretKey::from_slice(&element.content().agreement_key).unwrap().public_key();
        let expected = p256::ecdh::diffie_hellman(server.to_nonzero_scalar(), device.as_affine());
        assert_eq!(element.agree(&public).unwrap().as_slice(), expected.raw_secret_bytes().as_slice());
        assert_eq!(element.agree(&[4; 65]).unwrap_err(), ElementError::NotAPoint);

        let signature = p256::ecdsa::Signature::from_slice(&element.sign(&[7; 32]).unwrap()).unwrap();
        let verifier = p256::ecdsa::VerifyingKey::from(
            p256::ecdsa::SigningKey::from_slice(&element.content().signing_key).unwrap(),
        );
        verifier.verify_prehash(&[7; 32], &signature).unwrap();
    }

    #[test]
    fn a_number_that_is_no_key_is_refused() {
        let mut content = content();
        content.signing_key = [0; 32];
        assert_eq!(seal(&content, "2580", &mut OsRng).unwrap_err(), FileError::NotAKey);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_changed_file_is_refused(position in any::<prop::sample::Index>(), with in 0x20u8..0x7f) {
            let mut bytes = FILE.as_bytes().to_vec();
            let index = position.index(bytes.len());
            prop_assume!(bytes[index] != with);
            bytes[index] = with;
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(FileElement::open(&text, "2580").is_err());
        }

        #[test]
        fn a_file_cut_short_is_refused(position in any::<prop::sample::Index>()) {
            let text = FILE.get(..position.index(FILE.len())).unwrap();
            prop_assert!(FileElement::open(text, "2580").is_err());
        }

        #[test]
        fn any_content_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Content::from_bytes(&bytes);
        }

        #[test]
        fn any_text_is_refused(text in "(?s).{0,200}") {
            prop_assert!(FileElement::open(&text, "2580").is_err());
        }
    }
}
