//! The growing edge of the tree: takes leaves, gives the tiles that changed and the root. The hot path.
//!
//! It keeps the hashes of the complete subtrees that make up the tree (one for each set bit of its size), so that
//! a leaf costs one node hash on average, and the unfinished tile of each level.

use crate::hash::{HASH_BYTES, Hash, LEAVES_MAX, fold_peaks, node_hash};
use crate::tile::{
    LEVELS_MAX, TILE_BYTES_MAX, TILE_HEIGHT, Tile, TileStore, TreeError, fold_complete, place_in_tile,
    read_tile,
};

/// Adds leaves to a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appender {
    size: u64,
    /// The complete subtrees, the largest first.
    peaks: Vec<Hash>,
    /// The last tile of each level.
    edges: [Edge; LEVELS_MAX as usize],
    /// Tiles that became full and were not taken yet.
    full: Vec<Tile>,
}

/// The last tile of a level: fewer than [`crate::tile::TILE_HASHES`] hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Edge {
    index: u64,
    bytes: Vec<u8>,
    /// Whether it differs from what was taken.
    changed: bool,
}

impl Default for Appender {
    fn default() -> Self {
        Self::new()
    }
}

impl Appender {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self { size: 0, peaks: Vec::new(), edges: Default::default(), full: Vec::new() }
    }

    /// The tree of `size` leaves whose tiles are stored; reads at most one tile of each level.
    ///
    /// Tiles that have grown beyond `size` are read as they were then, so a tree can be taken back to an earlier
    /// size. Whether the tiles are the right ones is seen by comparing [`Appender::root`] with the signed head.
    ///
    /// # Errors
    /// When a tile is missing, too short or damaged, or the size is beyond [`LEAVES_MAX`].
    pub fn from_tiles(size: u64, store: &impl TileStore) -> Result<Self, TreeError> {
        if size > LEAVES_MAX {
            return Err(TreeError::TooLarge(size));
        }
        let mut tree = Self { size, ..Self::new() };
        for (level, edge) in (0_u8..).zip(&mut tree.edges) {
            let hashes = size >> (TILE_HEIGHT * u32::from(level));
            edge.index = hashes >> TILE_HEIGHT;
            // As many hashes as are left over from full tiles.
            let width = place_in_tile(hashes);
            if width > 0 {
                edge.bytes = read_tile(store, level, edge.index, width)?;
                edge.bytes.truncate(width * HASH_BYTES);
            }
        }
        // From the top: the set bits of each level's width are its complete subtrees, the largest first.
        for edge in tree.edges.iter().rev() {
            let mut rest = edge.bytes.as_slice();
            while !rest.is_empty() {
                let largest = 1_usize << (rest.len() / HASH_BYTES).ilog2();
                let (subtree, after) = rest.split_at(largest * HASH_BYTES);
                tree.peaks.push(fold_complete(subtree));
                rest = after;
            }
        }
        Ok(tree)
    }

    /// How many leaves the tree has; the next one gets this index.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf ([`crate::leaf_hash`], [`crate::Record::leaf_hash`]).
    ///
    /// # Panics
    /// When the tree has [`LEAVES_MAX`] leaves, which no log lives to see.
    pub fn push(&mut self, leaf: Hash) {
        assert!(self.size < LEAVES_MAX, "a log has at most {LEAVES_MAX} records");
        let mut hash = leaf;
        let mut level = 0;
        self.keep(level, &hash);
        // Every trailing set bit of the size is a subtree that this leaf completes to one of twice its size.
        for height in 1..=self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is a peak for each set bit of the size");
            hash = node_hash(&left, &hash);
            if height % TILE_HEIGHT == 0 {
                level += 1;
                self.keep(level, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    fn keep(&mut self, level: u8, hash: &Hash) {
        let edge =
            self.edges.get_mut(usize::from(level)).expect("a tree within its bound has no more levels");
        if edge.bytes.capacity() == 0 {
            edge.bytes.reserve_exact(TILE_BYTES_MAX);
        }
        edge.bytes.extend_from_slice(hash);
        edge.changed = true;
        if edge.bytes.len() == TILE_BYTES_MAX {
            let bytes = std::mem::take(&mut edge.bytes);
            self.full.push(Tile { level, index: edge.index, bytes });
            edge.index += 1;
            edge.changed = false;
        }
    }

    /// The tiles that changed since they were last taken, to be stored in place of what is there. Until they are
    /// taken, full ones pile up in memory: 8 KiB for 256 leaves.
    #[must_use = "tiles that are taken and not stored are lost"]
    pub fn take_changed(&mut self) -> Vec<Tile> {
        let mut changed = std::mem::take(&mut self.full);
        for (level, edge) in (0_u8..).zip(&mut self.edges) {
            if std::mem::take(&mut edge.changed) {
                changed.push(Tile { level, index: edge.index, bytes: edge.bytes.clone() });
            }
        }
        changed
    }

    /// Drops the full tiles that nobody will take: for a tree of which only the root is wanted.
    pub(crate) fn forget_full(&mut self) {
        self.full.clear();
    }

    /// The root (RFC 9162 §2.1.1), of no more than 53 hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks)
    }
}
