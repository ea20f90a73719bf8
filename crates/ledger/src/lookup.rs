//! The hash tables that the book is looked up by. They are never iterated, so their order cannot reach any
//! result.

#[expect(clippy::disallowed_types, reason = "looked up and never iterated, so its order cannot leak")]
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A table that is only looked up.
#[expect(clippy::disallowed_types, reason = "looked up and never iterated, so its order cannot leak")]
pub(crate) type Lookup<K, V> = HashMap<K, V, Seeded>;

/// Hashes integers by folded multiplication from a secret start. The start differs from process to process
/// (it is the standard library's own), so whoever chooses keys cannot know which of them collide. A third of
/// the cost of the standard hasher, for keys that are integers.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    seed: u64,
}

impl Default for Seeded {
    fn default() -> Self {
        Self { seed: RandomState::new().hash_one(0_u8) }
    }
}

impl BuildHasher for Seeded {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding(self.seed)
    }
}

pub(crate) struct Folding(u64);

/// The fraction of the golden ratio: odd, with bits all over.
const MULTIPLIER: u128 = 0x9E37_79B9_7F4A_7C15;
const LOW: u128 = 0xFFFF_FFFF_FFFF_FFFF;

impl Hasher for Folding {
    fn write_u64(&mut self, value: u64) {
        // 64 by 64 bits are 128: nothing is lost.
        let wide = u128::from(self.0 ^ value).wrapping_mul(MULTIPLIER);
        self.0 = u64::try_from((wide ^ (wide >> 64)) & LOW).unwrap_or(0);
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(u64::try_from(value & LOW).unwrap_or(0));
        // The halves must not cancel each other, whatever the seed.
        self.0 = self.0.rotate_left(23);
        self.write_u64(u64::try_from(value >> 64).unwrap_or(0));
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
