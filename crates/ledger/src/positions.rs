//! Where the remembered keys stand: an open table that is made once and never grows, moves or leaves gaps.
//! (A general hash table marks what was removed and is rebuilt when the marks fill it: with one key in and one
//! out at every request that comes sooner or later, and stalls the writer.)

use std::hash::BuildHasher;

use crate::Key;
use crate::lookup::Seeded;

/// Most keys that a table finds.
pub(crate) const POSITIONS_MAX: usize = 1 << 30;

/// A place of the table: 32 bits of the key's hash, of which the lowest is set, and 32 of its position.
type Slot = u64;
const EMPTY: Slot = 0;
const LOW: u64 = 0xFFFF_FFFF;

/// Positions by key, at most half full. A key stands at the place its hash names or, where that is taken,
/// in the run of taken places right behind it.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    seed: Seeded,
    slots: Vec<Slot>,
    mask: usize,
    len: usize,
}

impl Positions {
    /// A table for this many keys, at most [`POSITIONS_MAX`].
    pub(crate) fn new(keys_max: usize) -> Self {
        let places = keys_max.min(POSITIONS_MAX).saturating_mul(2).next_power_of_two().max(2);
        // Zeroes come from the system as they are used.
        Self { seed: Seeded::default(), slots: vec![EMPTY; places], mask: places.saturating_sub(1), len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The position under the key's hash that `is_it` says is the key's.
    pub(crate) fn find(&self, key: Key, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = self.tag(key);
        let mut place = self.home(tag);
        loop {
            let slot = self.at(place);
            if slot == EMPTY {
                return None;
            }
            if slot >> 32 == tag && is_it(position(slot)) {
                return Some(position(slot));
            }
            place = self.after(place);
        }
    }

    /// Puts in a key that is not there.
    pub(crate) fn insert(&mut self, key: Key, position: u32) {
        assert!(self.len < self.slots.len() / 2, "the table is made for as many keys as are remembered");
        self.len = self.len.saturating_add(1);
        let tag = self.tag(key);
        let mut place = self.home(tag);
        while self.at(place) != EMPTY {
            place = self.after(place);
        }
        self.set(place, tag << 32 | u64::from(position));
    }

    /// Takes out a key that stands at this position.
    pub(crate) fn remove(&mut self, key: Key, position: u32) {
        let tag = self.tag(key);
        let sought = tag << 32 | u64::from(position);
        let mut gap = self.home(tag);
        while self.at(gap) != sought {
            assert_ne!(self.at(gap), EMPTY, "a remembered key stands in the table");
            gap = self.after(gap);
        }
        self.len = self.len.saturating_sub(1);
        // Whatever stands behind the gap in the same run and may stand in it, moves up.
        let mut place = gap;
        loop {
            place = self.after(place);
            let slot = self.at(place);
            if slot == EMPTY {
                break;
            }
            let from_home = place.wrapping_sub(self.home(slot >> 32)) & self.mask;
            if from_home >= place.wrapping_sub(gap) & self.mask {
                self.set(gap, slot);
                gap = place;
            }
        }
        self.set(gap, EMPTY);
    }

    fn tag(&self, key: Key) -> u64 {
        let hash = self.seed.hash_one(key);
        (hash ^ hash >> 32) & LOW | 1
    }

    fn home(&self, tag: u64) -> usize {
        usize::try_from(tag >> 1).unwrap_or(0) & self.mask
    }

    const fn after(&self, place: usize) -> usize {
        place.wrapping_add(1) & self.mask
    }

    fn at(&self, place: usize) -> Slot {
        *self.slots.get(place).expect("the mask keeps places within the table")
    }

    fn set(&mut self, place: usize, slot: Slot) {
        *self.slots.get_mut(place).expect("the mask keeps places within the table") = slot;
    }
}

fn position(slot: Slot) -> u32 {
    u32::try_from(slot & LOW).expect("32 bits")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            steps in proptest::collection::vec((0_u128..40, any::<u32>()), 0..200),
            wide in any::<bool>(),
        ) {
            let mut table = Positions::new(20);
            let mut map: BTreeMap<u128, u32> = BTreeMap::new();
            // Distinct positions, as in use.
            for (count, (key, _)) in (0_u32..).zip(&steps) {
                let key = if wide { key << 90 } else { *key };
                if let Some(position) = map.remove(&key) {
                    table.remove(Key(key), position);
                } else if map.len() < 20 {
                    table.insert(Key(key), count);
                    map.insert(key, count);
                }
                prop_assert_eq!(table.len(), map.len());
                for key in 0..40 {
                    let key = if wide { key << 90 } else { key };
                    let expected = map.get(&key).copied();
                    prop_assert_eq!(table.find(Key(key), |found| Some(found) == expected), expected);
                    prop_assert_eq!(table.find(Key(key), |_| false), None);
                }
            }
            let taken = table.slots.iter().filter(|slot| **slot != EMPTY).count();
            prop_assert_eq!(taken, map.len());
        }
    }
}
