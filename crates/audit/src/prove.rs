//! Making proofs from stored tiles (RFC 9162 §2.1.3.1 and §2.1.4.1), for a tree of any earlier size too.

use std::collections::BTreeMap;

use crate::hash::{HASH_BYTES, Hash, LEAVES_MAX, fold_peaks};
use crate::tile::{TILE_HEIGHT, TileStore, TreeError, fold_complete, place_in_tile, read_tile};

/// Proves that leaf `index` is in the tree of `size` leaves: the hashes beside the path from it to the root, the
/// lowest first (RFC 9162 `PATH(m, D_n)`).
///
/// # Errors
/// When the leaf is not in a tree of that size, or a tile is missing or damaged.
pub fn inclusion_proof(index: u64, size: u64, store: &impl TileStore) -> Result<Vec<Hash>, TreeError> {
    if size > LEAVES_MAX {
        return Err(TreeError::TooLarge(size));
    }
    if index >= size {
        return Err(TreeError::NoLeaf { index, size });
    }
    let mut nodes = Nodes { store, read: BTreeMap::new() };
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + left_size(end - start);
        if index < middle {
            proof.push(nodes.range(middle, end)?);
            end = middle;
        } else {
            proof.push(nodes.range(start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of `new` leaves begins with that of `old` leaves (RFC 9162 `PROOF(m, D_n)`). Nothing needs
/// to be proven, and the proof is empty, when `old` is 0 or equals `new`.
///
/// # Errors
/// When `old` is larger than `new`, or a tile is missing or damaged.
pub fn consistency_proof(old: u64, new: u64, store: &impl TileStore) -> Result<Vec<Hash>, TreeError> {
    if new > LEAVES_MAX {
        return Err(TreeError::TooLarge(new));
    }
    if old > new {
        return Err(TreeError::Order { old, new });
    }
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    let mut nodes = Nodes { store, read: BTreeMap::new() };
    let (mut start, mut end) = (0, new);
    while old != end {
        let middle = start + left_size(end - start);
        if old <= middle {
            proof.push(nodes.range(middle, end)?);
            end = middle;
        } else {
            proof.push(nodes.range(start, middle)?);
            start = middle;
        }
    }
    // The old tree itself, unless it is the whole left side and the verifier has it as the old root.
    if start != 0 {
        proof.push(nodes.range(start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Leaves of the left side of a tree of `size` > 1 leaves: the largest power of two below `size`.
fn left_size(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Nodes of the tree, computed from tiles; each tile is read once.
struct Nodes<'a, S> {
    store: &'a S,
    read: BTreeMap<(u8, u64), Vec<u8>>,
}

impl<S: TileStore> Nodes<'_, S> {
    /// The hash over the leaves from `start` to before `end`, where `start` is a place at which the tree puts a
    /// subtree of at least that size.
    fn range(&mut self, start: u64, end: u64) -> Result<Hash, TreeError> {
        let mut peaks = Vec::new();
        let mut from = start;
        while from < end {
            let height = (end - from).ilog2();
            peaks.push(self.complete(height, from >> height)?);
            from += 1 << height;
        }
        Ok(fold_peaks(&peaks))
    }

    /// The hash over the complete subtree of 2^height leaves that is number `index` of its kind.
    fn complete(&mut self, height: u32, index: u64) -> Result<Hash, TreeError> {
        let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
        let inner_height = height % TILE_HEIGHT;
        let first_hash = index << inner_height;
        let tile_index = first_hash >> TILE_HEIGHT;
        let first = place_in_tile(first_hash);
        let end = first + (1 << inner_height);
        let missing = TreeError::Missing { level, index: tile_index, needed: end };
        let bytes = match self.read.entry((level, tile_index)) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(unknown) => {
                unknown.insert(read_tile(self.store, level, tile_index, end)?)
            }
        };
        bytes.get(first * HASH_BYTES..end * HASH_BYTES).map(fold_complete).ok_or(missing)
    }
}
