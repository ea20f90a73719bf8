//! The terminal's two P-256 keys: one signs statements, one agrees on the root of a login.
//!
//! The private halves live in a secure element. [`DevicePrivateKey`] is for the operator, who makes
//! them at enrolment, and for software secure elements labelled as such; a hardware element keeps its
//! own and answers the same two questions, agree and sign.

use std::fmt;

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of an uncompressed P-256 point: `04 || x || y` (SEC 1 §2.3.3).
pub const PUBLIC_KEY_BYTES: usize = 65;
/// Bytes of a signature: `r || s`, big-endian, 32 bytes each.
pub const SIGNATURE_BYTES: usize = 64;

/// Why a key or a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DeviceKeyError {
    /// The bytes are no point of the curve, or the point at infinity.
    #[error("the public key is not an uncompressed point of P-256")]
    PublicKey,
    /// The bytes are no private key.
    #[error("the private key is not a number from 1 to the order of P-256")]
    PrivateKey,
    /// The signature does not belong to the key and the digest.
    #[error("the signature was not made by this key over this digest")]
    Signature,
    /// The library refused an operation that cannot fail.
    #[error("the P-256 library failed; this is a fault of this program")]
    Internal,
}

/// The public half of a terminal's key. Always a valid point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DevicePublicKey(p256::PublicKey);

impl DevicePublicKey {
    /// From an uncompressed SEC 1 point.
    ///
    /// # Errors
    /// When the bytes are not a valid uncompressed point.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, DeviceKeyError> {
        if bytes.len() != PUBLIC_KEY_BYTES {
            return Err(DeviceKeyError::PublicKey);
        }
        p256::PublicKey::from_sec1_bytes(bytes).map(Self).map_err(|_| DeviceKeyError::PublicKey)
    }

    /// As an uncompressed SEC 1 point, `04 || x || y`.
    #[must_use]
    pub fn to_sec1(&self) -> [u8; PUBLIC_KEY_BYTES] {
        let mut bytes = [0; PUBLIC_KEY_BYTES];
        let point = self.0.to_encoded_point(false);
        // An uncompressed point of P-256 always has this length.
        assert_eq!(point.as_bytes().len(), bytes.len(), "an uncompressed point has 65 bytes");
        bytes.copy_from_slice(point.as_bytes());
        bytes
    }

    /// Verifies an ECDSA signature `r || s` over a SHA-256 digest (FIPS 186-5 §6.4.2).
    ///
    /// Both forms of `s` are accepted, high and low: browsers and PKCS#11 tokens make either. So a
    /// signature proves who signed, but is not itself an identifier; nothing here uses it as one.
    ///
    /// # Errors
    /// [`DeviceKeyError::Signature`] when it does not verify.
    pub fn verify(&self, digest: &[u8; 32], signature: &[u8; SIGNATURE_BYTES]) -> Result<(), DeviceKeyError> {
        let signature = Signature::from_slice(signature).map_err(|_| DeviceKeyError::Signature)?;
        VerifyingKey::from(self.0).verify_prehash(digest, &signature).map_err(|_| DeviceKeyError::Signature)
    }

    pub(crate) fn inner(&self) -> &p256::PublicKey {
        &self.0
    }
}

impl fmt::Debug for DevicePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevicePublicKey(")?;
        self.to_sec1().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// The private half of a terminal's key. Redacted, wiped on drop.
#[derive(Clone)]
pub struct DevicePrivateKey(p256::SecretKey);

impl DevicePrivateKey {
    /// Draws a key.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        Self(p256::SecretKey::random(rng))
    }

    /// From its 32-byte big-endian number.
    ///
    /// # Errors
    /// When the number is 0 or not below the order of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, DeviceKeyError> {
        p256::SecretKey::from_slice(bytes).map(Self).map_err(|_| DeviceKeyError::PrivateKey)
    }

    /// Its 32-byte big-endian number.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// As PKCS#8 (RFC 5958), the form that WebCrypto imports as a non-extractable key.
    ///
    /// # Errors
    /// [`DeviceKeyError::Internal`]: a fault of this program.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        let document = self.0.to_pkcs8_der().map_err(|_| DeviceKeyError::Internal)?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.public_key())
    }

    /// The x-coordinate of the agreement with a peer's public key (SEC 1 §3.3.1).
    ///
    /// # Errors
    /// [`DeviceKeyError::PublicKey`] when the peer's bytes are no valid point.
    pub fn agree(&self, peer_sec1: &[u8; PUBLIC_KEY_BYTES]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        Ok(self.agree_with(&DevicePublicKey::from_sec1(peer_sec1)?))
    }

    pub(crate) fn agree_with(&self, peer: &DevicePublicKey) -> Zeroizing<[u8; 32]> {
        let shared = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), peer.inner().as_affine());
        Zeroizing::new((*shared.raw_secret_bytes()).into())
    }

    /// Signs a SHA-256 digest, deterministically (RFC 6979): `r || s`.
    ///
    /// # Errors
    /// [`DeviceKeyError::Internal`]: a fault of this program.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; SIGNATURE_BYTES], DeviceKeyError> {
        let signature: Signature =
            SigningKey::from(&self.0).sign_prehash(digest).map_err(|_| DeviceKeyError::Internal)?;
        Ok(signature.to_bytes().into())
    }
}

impl fmt::Debug for DevicePrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevicePrivateKey(redacted)")
    }
}
