//! The log's tree computed again, compared with the stored one and with every signed head.

use audit::{Appender, HeadsFault, SignedTreeHead};

use super::logged::Logged;

/// Leaves between two looks at the stored tiles.
const LOOK_EVERY: u64 = 4096;

/// A tree that grows leaf by leaf beside the heads, the smallest first. Their signatures are verified already.
pub(super) struct TreeCheck<'a> {
    tree: Appender,
    heads: &'a [SignedTreeHead],
    /// How many records the largest head that agrees is over.
    pub(super) proven: u64,
    /// The first head that does not.
    pub(super) fault: Option<HeadsFault>,
    /// The first stored tile above the leaves that is another one: level and index.
    pub(super) tile: Option<(u8, u64)>,
}

impl<'a> TreeCheck<'a> {
    pub(super) fn new(heads: &'a [SignedTreeHead]) -> Self {
        let mut check = Self { tree: Appender::new(), heads, proven: 0, fault: None, tile: None };
        check.compare();
        check
    }

    /// Adds a leaf. `logged`: also compares with the stored tiles.
    pub(super) fn push(&mut self, leaf: audit::Hash, logged: Option<&Logged<'_>>) {
        self.tree.push(leaf);
        self.compare();
        if self.tree.size().is_multiple_of(LOOK_EVERY) {
            self.look(logged);
        }
    }

    /// Compares what is left: the last tiles, and heads over more records than there are.
    pub(super) fn finish(&mut self, logged: Option<&Logged<'_>>) {
        self.look(logged);
        if let (None, Some(next)) = (self.fault, self.heads.first()) {
            self.fault = Some(HeadsFault::Shorter { records: self.tree.size(), size: next.head.size });
        }
    }

    fn look(&mut self, logged: Option<&Logged<'_>>) {
        for tile in self.tree.take_changed() {
            let (Some(logged), true, None) = (logged, tile.level > 0, self.tile) else { continue };
            // A stored tile may have grown since.
            let same =
                logged.tile(tile.level, tile.index).is_some_and(|stored| stored.starts_with(&tile.bytes));
            if !same {
                self.tile = Some((tile.level, tile.index));
            }
        }
    }

    fn compare(&mut self) {
        while let Some((next, later)) = self.heads.split_first() {
            if next.head.size != self.tree.size() {
                return;
            }
            self.heads = later;
            if self.fault.is_some() {
                continue;
            }
            if self.tree.root() == next.head.root {
                self.proven = next.head.size;
            } else {
                let last = next.head.size.saturating_sub(1);
                self.fault = Some(HeadsFault::Changed { unproven: self.proven, last });
            }
        }
    }
}
