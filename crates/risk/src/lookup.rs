//! The table that finds an account's history. It is never iterated, so its order cannot reach any result.

#[expect(clippy::disallowed_types, reason = "looked up and never iterated, so its order cannot leak")]
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// From account to place. Account numbers are given out by the operator, so a fixed hash is safe here.
#[expect(clippy::disallowed_types, reason = "looked up and never iterated, so its order cannot leak")]
pub(crate) type Lookup = HashMap<u64, u32, BuildHasherDefault<Folding>>;

/// Hashes by folded multiplication.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Folding(u64);

/// The fraction of the golden ratio: odd, with bits all over.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const LOW: u128 = 0xFFFF_FFFF_FFFF_FFFF;

impl Hasher for Folding {
    fn write_u64(&mut self, value: u64) {
        // 64 by 64 bits are 128: nothing is lost.
        let wide = u128::from(self.0.rotate_left(23) ^ value ^ MULTIPLIER)
            .wrapping_mul(u128::from(MULTIPLIER.rotate_left(32)));
        self.0 = u64::try_from((wide ^ (wide >> 64)) & LOW).unwrap_or(0);
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // The length too: the text must not be confused with the same text and zeros behind it.
        self.write_u64(u64::from_le_bytes(last));
        self.write_u64(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Digest of bytes: the same on every machine and in every version, since histories store it. It is not
/// cryptographic.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut folding = Folding::default();
    folding.write(bytes);
    folding.finish()
}
