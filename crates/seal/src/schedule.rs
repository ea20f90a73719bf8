//! The key schedule: one root of a session, one key for each stream (DESIGN "Sealing").

use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::SUITE;
use crate::aead::Cipher;

const ROOT_INFO: &[u8] = b"thinpay seal v1";
const STREAM_INFO: &[u8] = b"thinpay seal v1 stream ";

/// The secret of one session, known to the server and to the one terminal only.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Root([u8; 32]);

impl std::fmt::Debug for Root {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Root(redacted)")
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Root {}

impl Root {
    /// `HKDF-SHA-256(salt = transcript, ikm = session_key || agreement, info = "thinpay seal v1" ||
    /// profile_digest)`, 32 bytes.
    ///
    /// `transcript` is the hash of the login's messages, `session_key` what OPAQUE gave both ends (32
    /// bytes in suite 0x0001), `agreement` the 32-byte x-coordinate of the ECDH between the secure element's
    /// agreement key and the server's ephemeral key, `profile_digest` the digest of the terminal's **own**
    /// profile. Any one of them different, and the root is another: the rest of the session is noise.
    #[must_use]
    pub fn derive(
        transcript: &[u8; 32],
        session_key: &[u8],
        agreement: &[u8],
        profile_digest: &[u8; 32],
    ) -> Self {
        let material = Zeroizing::new([session_key, agreement].concat());
        let mut root = Self([0; 32]);
        expand_sha256(Some(transcript), &material, &[ROOT_INFO, profile_digest], &mut root.0);
        root
    }

    /// The key of one stream: an SFrame base key expanded from the root, then RFC 9605 §4.4.2.
    pub(crate) fn stream(&self, stream: Stream) -> StreamKey {
        let mut base = Zeroizing::new([0; 32]);
        // The root is an HKDF pseudo-random key already; extracting again costs little and keeps one shape.
        expand_sha256(None, &self.0, &[STREAM_INFO, stream.name().as_bytes()], &mut base);
        StreamKey::from_base(&*base, stream.key_id())
    }
}

#[expect(clippy::expect_used, reason = "HKDF refuses only outputs above 255 hashes, and ours is 32 bytes")]
fn expand_sha256(salt: Option<&[u8]>, material: &[u8], info: &[&[u8]], out: &mut [u8; 32]) {
    Hkdf::<Sha256>::new(salt, material)
        .expand_multi_info(info, out)
        .expect("32 bytes are within HKDF-SHA-256's reach");
}

/// One stream of sealed units. Each has its own key; media and signalling never share one (R41).
///
/// Numbers 4 to 7 are kept for voice, video, the camera and the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Pictures from the server to the terminal (media).
    Display,
    /// Signalling from the server to the terminal.
    Control,
    /// Signalling from the terminal to the server: keys, touches, signatures.
    Input,
}

impl Stream {
    /// The stream's SFrame key identifier: 1 display, 2 control, 3 input.
    #[must_use]
    pub const fn key_id(self) -> u64 {
        match self {
            Self::Display => 1,
            Self::Control => 2,
            Self::Input => 3,
        }
    }

    /// The stream's name in the key schedule.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Control => "control",
            Self::Input => "input",
        }
    }
}

/// An SFrame key: cipher key and salt.
pub(crate) struct StreamKey {
    key: Zeroizing<[u8; 32]>,
    salt: Zeroizing<[u8; 12]>,
    pub(crate) cipher: Cipher,
}

impl StreamKey {
    /// RFC 9605 §4.4.2 with suite 0x0005: HKDF-SHA-512, labels "SFrame 1.0 Secret key " and
    /// "SFrame 1.0 Secret salt ".
    #[expect(
        clippy::expect_used,
        reason = "HKDF refuses only outputs above 255 hashes, and ours are 32 and 12 bytes"
    )]
    pub(crate) fn from_base(base: &[u8], key_id: u64) -> Self {
        let secret = Hkdf::<Sha512>::new(Some(&[]), base);
        let mut key = Zeroizing::new([0; 32]);
        let mut salt = Zeroizing::new([0; 12]);
        let (id, suite) = (key_id.to_be_bytes(), SUITE.to_be_bytes());
        secret
            .expand_multi_info(&[b"SFrame 1.0 Secret key ", &id, &suite], key.as_mut())
            .expect("32 bytes are within HKDF-SHA-512's reach");
        secret
            .expand_multi_info(&[b"SFrame 1.0 Secret salt ", &id, &suite], salt.as_mut())
            .expect("12 bytes are within HKDF-SHA-512's reach");
        let cipher = Cipher::new(&key);
        Self { key, salt, cipher }
    }

    /// The unit's nonce: salt XOR counter, big-endian at the end (RFC 9605 §4.4.3).
    pub(crate) fn nonce(&self, counter: u64) -> [u8; 12] {
        let mut nonce = *self.salt;
        for (byte, count) in nonce.iter_mut().skip(4).zip(counter.to_be_bytes()) {
            *byte ^= count;
        }
        nonce
    }

    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::string_slice, reason = "hexadecimal digits are ASCII")]
    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 9605 appendix C.3, suite 0x0005.
    #[test]
    fn rfc_9605_key_salt_nonce_and_ciphertext() {
        let stream = StreamKey::from_base(&hex("000102030405060708090a0b0c0d0e0f"), 0x123);
        assert_eq!(stream.key[..], hex("d3e27b0d4a5ae9e55df01a70e6d4d28d969b246e2936f4b7a5d9b494da6b9633"));
        assert_eq!(stream.salt[..], hex("84991c167b8cd23c93708ec7"));
        assert_eq!(stream.nonce(0x4567)[..], hex("84991c167b8cd23c9370cba0"));
        let mut unit = Vec::new();
        crate::Header { key_id: 0x123, counter: 0x4567 }.write(&mut unit);
        let associated = [unit.as_slice(), &hex("4945544620534672616d65205747")].concat();
        assert_eq!(associated, hex("99012345674945544620534672616d65205747"));
        let mut text = hex("64726166742d696574662d736672616d652d656e63");
        let tag = stream.cipher.seal(stream.nonce(0x4567), &associated, &mut text).unwrap();
        unit.extend(text);
        unit.extend(tag);
        let expect = "990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca21353c1cc24d56ceabced279";
        assert_eq!(unit, hex(expect));
    }

    #[test]
    fn every_part_of_the_root_matters() {
        let parts = |t: u8, s: u8, a: u8, p: u8| Root::derive(&[t; 32], &[s; 32], &[a; 32], &[p; 32]);
        let root = parts(1, 2, 3, 4);
        assert_eq!(root, parts(1, 2, 3, 4));
        for other in [parts(0, 2, 3, 4), parts(1, 0, 3, 4), parts(1, 2, 0, 4), parts(1, 2, 3, 0)] {
            assert_ne!(root, other);
        }
        let keys = [Stream::Display, Stream::Control, Stream::Input].map(|stream| *root.stream(stream).key());
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert_eq!(format!("{root:?}"), "Root(redacted)");
    }
}
