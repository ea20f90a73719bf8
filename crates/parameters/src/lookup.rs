//! The hash tables that counters are looked up by. They are never iterated where order could reach a result:
//! what is encoded is sorted first.

#[expect(clippy::disallowed_types, reason = "looked up, or sorted first: its order cannot leak")]
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A table that is looked up.
#[expect(clippy::disallowed_types, reason = "looked up, or sorted first: its order cannot leak")]
pub(crate) type Lookup<K, V> = HashMap<K, V, Seeded>;

/// Hashes by folded multiplication from a secret start, which differs from process to process (it is the
/// standard library's own), so that whoever chooses names cannot know which of them collide.
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

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
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
        // The length keeps a short end apart from one with zeros.
        self.write_u64(u64::from_le_bytes(last).rotate_left(u32::from(!rest.is_empty())));
        self.0 = self.0.rotate_left(23);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
