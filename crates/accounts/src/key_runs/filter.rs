//! A blocked Bloom filter: all bits of a key are in one cache line, so that asking costs one miss. At 16 bits a
//! key it is wrong about one absent key in a thousand (measured in the tests).
//!
//! F. Putze, P. Sanders, J. Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007.

use rusqlite::Connection;

use super::chunk;
use super::scatter::{high, low};
use crate::Error;

const BITS_PER_KEY: u64 = 16;
const WORDS: usize = 8;
const BLOCK_BYTES: usize = WORDS * 8;
/// Blocks in one row of the table: a page.
const ROW_BLOCKS: usize = 63;

/// Eight words, of which a key sets one bit each.
type Block = [u64; WORDS];

#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<Block>,
}

/// What is asked of every filter about one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    high: u64,
    mask: Block,
}

impl Probe {
    pub(super) fn new(key: u128) -> Self {
        let mut bits = low(key);
        let mask = std::array::from_fn(|_| {
            let bit = 1 << (bits & 63);
            bits >>= 6;
            bit
        });
        Self { high: high(key), mask }
    }
}

impl Filter {
    pub(super) fn new(entries: u64) -> Self {
        Self { blocks: vec![[0; WORDS]; Self::blocks_for(entries)] }
    }

    fn blocks_for(entries: u64) -> usize {
        let bits_per_block = 64 * u64::try_from(WORDS).unwrap_or(u64::MAX);
        let blocks = entries.saturating_mul(BITS_PER_KEY).div_ceil(bits_per_block).max(1);
        usize::try_from(blocks).unwrap_or(usize::MAX)
    }

    /// Keys in order fall into blocks in order: a run's filter is written from its start to its end.
    fn block_of(&self, high: u64) -> usize {
        chunk::share(high, u64::try_from(self.blocks.len()).unwrap_or(u64::MAX))
            .try_into()
            .unwrap_or(usize::MAX)
    }

    pub(super) fn insert(&mut self, key: u128) {
        let probe = Probe::new(key);
        let block = self.block_of(probe.high);
        if let Some(block) = self.blocks.get_mut(block) {
            for (word, bit) in block.iter_mut().zip(probe.mask) {
                *word |= bit;
            }
        }
    }

    pub(super) fn may_contain(&self, probe: Probe) -> bool {
        self.blocks.get(self.block_of(probe.high)).is_none_or(|block| {
            block.iter().zip(probe.mask).fold(0, |missing, (word, bit)| missing | (!word & bit)) == 0
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.blocks.len().div_ceil(ROW_BLOCKS)
    }

    /// Writes one of its rows.
    pub(super) fn store(&self, connection: &Connection, run: u32, row: usize) -> Result<(), Error> {
        let mut body = Vec::with_capacity(ROW_BLOCKS * BLOCK_BYTES);
        for word in self.blocks.iter().skip(row * ROW_BLOCKS).take(ROW_BLOCKS).flatten() {
            body.extend_from_slice(&word.to_le_bytes());
        }
        chunk::store_filter_row(connection, run, row, body)
    }

    pub(super) fn load(connection: &Connection, run: u32, entries: u64) -> Result<Self, Error> {
        let wanted = Self::blocks_for(entries);
        let mut blocks: Vec<Block> = Vec::new();
        chunk::filter_rows(connection, run, |body| {
            let (words, rest) = body.as_chunks::<8>();
            let (found, other) = words.as_chunks::<WORDS>();
            blocks.extend(found.iter().map(|block| block.map(u64::from_le_bytes)));
            rest.is_empty() && other.is_empty() && blocks.len() <= wanted
        })?;
        if blocks.len() != wanted {
            return Err(super::damaged("a filter is not whole"));
        }
        Ok(Self { blocks })
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.blocks.capacity() * BLOCK_BYTES
    }
}
