//! The one algorithm suite there is so far, and its parameters.
//!
//! Suite `0x0001` ([`crate::SUITE_P256`]): OPAQUE-3DH (RFC 9807) with OPRF(P-256, SHA-256) (RFC 9497),
//! SHA-256, HKDF-SHA-256, HMAC-SHA-256 and Argon2id; agreement by ECDH on P-256; sealing by
//! AES-256-GCM. P-256 because the secure element's keys are on it anyway, and because every token,
//! browser and SIM knows it.

use argon2::{Algorithm, Argon2, Params, Version};
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use zeroize::Zeroizing;

/// Argon2id: memory, KiB. Above the second choice of OWASP's password storage recommendations
/// (19 MiB, 2 passes), and a size that a phone's browser still gives.
pub const STRETCH_MEMORY_KIB: u32 = 32 * 1024;
/// Argon2id: passes over the memory.
pub const STRETCH_ITERATIONS: u32 = 3;
/// Argon2id: lanes. One, since WebAssembly has one thread.
pub const STRETCH_LANES: u32 = 1;

/// OPAQUE's parameters.
pub(crate) struct Suite;

impl opaque_ke::CipherSuite for Suite {
    type OprfCs = p256::NistP256;
    type KeyExchange = opaque_ke::TripleDh<p256::NistP256, sha2::Sha256>;
    type Ksf = Stretching;
}

/// OPAQUE's key-stretching function: Argon2id with the constants above and a salt of 16 zero bytes.
/// The salt may be constant, since its input is the OPRF's output, which differs by account and by
/// server (RFC 9807 §7).
#[derive(Default)]
pub(crate) struct Stretching;

impl Ksf for Stretching {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let input = Zeroizing::new(input);
        let mut output = GenericArray::default();
        stretch(&input, &[0; argon2::RECOMMENDED_SALT_LEN], &mut output).ok_or(InternalError::KsfError)?;
        Ok(output)
    }
}

/// Argon2id version 1.3 (RFC 9106) with the crate's parameters; `None` only for unusable lengths.
pub(crate) fn stretch(secret: &[u8], salt: &[u8], output: &mut [u8]) -> Option<()> {
    let params = Params::new(STRETCH_MEMORY_KIB, STRETCH_ITERATIONS, STRETCH_LANES, None).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(secret, salt, output).ok()
}

/// Runs the password stretching once on a fixed input, so that a program can measure what one login
/// costs its machine.
#[must_use]
pub fn stretch_for_measurement() -> [u8; 32] {
    let mut output = [0; 32];
    stretch(b"a fixed input", &[0; argon2::RECOMMENDED_SALT_LEN], &mut output)
        .expect("the parameters are constants within Argon2's bounds");
    output
}
