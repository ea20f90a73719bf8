//! How a store keeps the tree: as tiles of up to 256 hashes.
//!
//! Level 0 holds the leaf hashes in order, 256 to a tile; level 1 holds the hash over each full tile of level 0,
//! and so on: a hash of level `l` stands for 256^l leaves. The nodes in between are computed when they are needed,
//! from at most one tile each. A full tile never changes again; only the last tile of each level grows. (The same
//! division as that of the transparency logs that serve tiles, C2SP tlog-tiles.)

use std::collections::BTreeMap;

use thiserror::Error;

use crate::hash::{HASH_BYTES, Hash, LEAVES_MAX, node_hash};

/// Levels of the tree within a tile: 2^8 hashes.
pub(crate) const TILE_HEIGHT: u32 = 8;
/// Hashes of a full tile.
pub const TILE_HASHES: usize = 1 << TILE_HEIGHT;
/// Bytes of a full tile.
pub const TILE_BYTES_MAX: usize = TILE_HASHES * HASH_BYTES;
/// Levels of tiles that a tree of [`LEAVES_MAX`] leaves can have.
pub const LEVELS_MAX: u8 = 7;

/// Why the tree cannot be read from its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The store has not got a tile, or fewer hashes in it than the size asks for.
    #[error(
        "the tree's store does not hold {needed} hashes in tile {index} of level {level}; rebuild the tree from the journal"
    )]
    Missing {
        /// Level of the tile.
        level: u8,
        /// Its place in the level.
        index: u64,
        /// How many of its hashes were needed.
        needed: usize,
    },
    /// A tile's bytes are no whole hashes, or too many.
    #[error(
        "tile {index} of level {level} in the tree's store is damaged: {bytes} bytes are not 1 to 256 hashes; rebuild the tree from the journal"
    )]
    Damaged {
        /// Level of the tile.
        level: u8,
        /// Its place in the level.
        index: u64,
        /// How long it is.
        bytes: usize,
    },
    /// A leaf was asked for that the tree of that size has not got.
    #[error("a tree of {size} records has no record {index}; they count from 0")]
    NoLeaf {
        /// The leaf asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger than the newer.
    #[error("a log of {old} records cannot be the beginning of one of {new}; pass the smaller size first")]
    Order {
        /// Size of the tree said to be older.
        old: u64,
        /// Size of the tree said to be newer.
        new: u64,
    },
    /// The size is beyond [`LEAVES_MAX`].
    #[error("a log has at most {LEAVES_MAX} records, not {0}")]
    TooLarge(u64),
}

/// A tile as it is to be stored: under (`level`, `index`), in place of what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// 0 for leaf hashes.
    pub level: u8,
    /// Place in the level, from 0.
    pub index: u64,
    /// 1 to [`TILE_HASHES`] hashes, one after the other.
    pub bytes: Vec<u8>,
}

/// Where tiles are kept. A tile may hold more hashes than were asked for: it may have grown since.
pub trait TileStore {
    /// The tile's bytes; `None` when there is no such tile.
    fn tile(&self, level: u8, index: u64) -> Option<Vec<u8>>;
}

impl<F: Fn(u8, u64) -> Option<Vec<u8>>> TileStore for F {
    fn tile(&self, level: u8, index: u64) -> Option<Vec<u8>> {
        self(level, index)
    }
}

/// Tiles in memory: for tests, and for a tree that is rebuilt to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryTiles(BTreeMap<(u8, u64), Vec<u8>>);

impl MemoryTiles {
    /// Stores tiles, in place of those of the same level and index.
    pub fn put(&mut self, tiles: impl IntoIterator<Item = Tile>) {
        self.0.extend(tiles.into_iter().map(|tile| ((tile.level, tile.index), tile.bytes)));
    }
}

impl TileStore for MemoryTiles {
    fn tile(&self, level: u8, index: u64) -> Option<Vec<u8>> {
        self.0.get(&(level, index)).cloned()
    }
}

/// The place of a level's hash within its tile: its number's lowest byte, since a tile holds 256.
pub(crate) fn place_in_tile(hash: u64) -> usize {
    let [lowest, ..] = hash.to_le_bytes();
    usize::from(lowest)
}

/// At least the first `needed` hashes of a tile, and no broken one.
pub(crate) fn read_tile(
    store: &impl TileStore,
    level: u8,
    index: u64,
    needed: usize,
) -> Result<Vec<u8>, TreeError> {
    let bytes = store.tile(level, index).ok_or(TreeError::Missing { level, index, needed })?;
    if bytes.len() > TILE_BYTES_MAX || bytes.len() % HASH_BYTES != 0 {
        return Err(TreeError::Damaged { level, index, bytes: bytes.len() });
    }
    if bytes.len() / HASH_BYTES < needed {
        return Err(TreeError::Missing { level, index, needed });
    }
    Ok(bytes)
}

/// The hash over a complete subtree of which `bytes` are the lowest hashes; their count is a power of two.
pub(crate) fn fold_complete(bytes: &[u8]) -> Hash {
    let (whole, _) = bytes.as_chunks::<HASH_BYTES>();
    let mut hashes = whole.to_vec();
    while hashes.len() > 1 {
        let (pairs, _) = hashes.as_chunks::<2>();
        hashes = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied().unwrap_or(crate::hash::EMPTY_ROOT)
}
