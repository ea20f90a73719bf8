//! Scattering: a bijection of 128-bit keys that nobody outside can predict, so that keys chosen by callers lie
//! as evenly as random ones. It hides nothing; it keeps the index even.

use std::hash::{BuildHasher, Hasher, RandomState};

pub(super) const SEED_BYTES: usize = 48;

/// Odd, so that multiplying by them can be undone; otherwise without pattern (from the digits of pi).
const FACTORS: [u128; 3] = [
    0x243F_6A88_85A3_08D3_1319_8A2E_0370_7345,
    0xA409_3822_299F_31D0_082E_FA98_EC4E_6C89,
    0x4528_21E6_38D0_1377_BE54_66CF_34E9_0C6D,
];

#[derive(Debug, Clone, Copy)]
pub(super) struct Scatter {
    secrets: [u128; 3],
}

impl Scatter {
    /// A seed from the random state that the standard library draws for its hash tables.
    pub(super) fn draw_seed() -> [u8; SEED_BYTES] {
        let mut seed = [0; SEED_BYTES];
        for word in seed.chunks_exact_mut(8) {
            word.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
        seed
    }

    pub(super) fn new(seed: &[u8]) -> Option<Self> {
        let (words, []) = seed.as_chunks::<16>() else { return None };
        let secrets: [[u8; 16]; 3] = words.try_into().ok()?;
        Some(Self { secrets: secrets.map(u128::from_le_bytes) })
    }

    /// Every step can be undone, so no two keys become one.
    pub(super) fn scatter(&self, mut key: u128) -> u128 {
        for (secret, factor) in self.secrets.iter().zip(FACTORS) {
            key = (key ^ secret).wrapping_mul(factor);
            // Only the high half depends on all bits: it is folded into the low one and then takes its place.
            key = (key ^ (key >> 64)).rotate_left(64);
        }
        key
    }
}

pub(super) fn high(key: u128) -> u64 {
    u64::try_from(key >> 64).unwrap_or(u64::MAX)
}

pub(super) fn low(key: u128) -> u64 {
    high(key << 64)
}
