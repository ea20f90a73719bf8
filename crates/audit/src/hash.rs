//! The two hashes of the tree (RFC 9162 §2.1.1): leaves and nodes begin with different bytes, so that neither can
//! pass for the other.

use sha2::{Digest, Sha256};

/// A SHA-256 hash: of a leaf, of a node, or a root.
pub type Hash = [u8; HASH_BYTES];
/// Bytes of a [`Hash`].
pub const HASH_BYTES: usize = 32;
/// Most leaves of a tree: numbers up to here are exact in every JSON reader. A thousand records in every
/// millisecond reach it after 285 years.
pub const LEAVES_MAX: u64 = (1 << 53) - 1;

/// The byte before a leaf's bytes.
pub const LEAF_PREFIX: u8 = 0;
/// The byte before a node's two children.
pub const NODE_PREFIX: u8 = 1;

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// `SHA-256(0x00 || bytes)`.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([LEAF_PREFIX]).chain_update(bytes).finalize().into()
}

/// `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE_PREFIX; 1 + 2 * HASH_BYTES];
    let (_, children) = bytes.split_at_mut(1);
    let (first, second) = children.split_at_mut(HASH_BYTES);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// The root over complete subtrees that lie side by side, the largest first: how a tree whose size is no power of
/// two is put together.
pub(crate) fn fold_peaks(peaks: &[Hash]) -> Hash {
    let mut from_right = peaks.iter().rev();
    let Some(last) = from_right.next() else { return EMPTY_ROOT };
    from_right.fold(*last, |right, left| node_hash(left, &right))
}
