//! Which records were edited, deleted, added or moved, when what the records hash to is not what the tree holds.
//!
//! A record carries its number, so no two leaves are alike and each can be found again wherever it went. Leaves on
//! both sides in the same order are the frame (the longest such sequence); a leaf on both sides outside the frame
//! was moved; between two leaves of the frame, as many as were lost and as many as are new face each other: those
//! were edited, the rest deleted or added.

use crate::hash::Hash;

/// One change, told from the tree's point of view: `index` counts the records that were logged, `now` those that
/// are there now, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The record has other content than was logged.
    Edited {
        /// Where it was logged.
        index: u64,
        /// Where it is now.
        now: u64,
    },
    /// The record is gone.
    Deleted {
        /// Where it was logged.
        index: u64,
    },
    /// A record is there that was never logged.
    Added {
        /// The place before which it was put, among the logged records.
        index: u64,
        /// Where it is now.
        now: u64,
    },
    /// The record is at another place than it was logged at.
    Moved {
        /// Where it was logged.
        index: u64,
        /// Where it is now.
        now: u64,
    },
}

impl Change {
    /// The place in the log: of the record, or before which one was added.
    #[must_use]
    pub const fn index(&self) -> u64 {
        match self {
            Self::Edited { index, .. }
            | Self::Deleted { index }
            | Self::Added { index, .. }
            | Self::Moved { index, .. } => *index,
        }
    }
}

/// Names every change from the leaf hashes that the tree holds (`logged`) to those of the records that are there
/// now (`found`), in the order of the log; none when they agree.
///
/// Costs a comparison while both agree, and sorting what lies between the first and the last disagreement. Which
/// of the two is right, the signed head says: the one whose root it has.
#[must_use]
pub fn find_changes(logged: &[Hash], found: &[Hash]) -> Vec<Change> {
    let common = |pairs: &mut dyn Iterator<Item = (&Hash, &Hash)>| pairs.take_while(|(a, b)| a == b).count();
    let front = common(&mut logged.iter().zip(found));
    let (logged, found) = (logged.get(front..).unwrap_or_default(), found.get(front..).unwrap_or_default());
    let back = common(&mut logged.iter().rev().zip(found.iter().rev()));
    let logged = logged.get(..logged.len() - back).unwrap_or_default();
    let found = found.get(..found.len() - back).unwrap_or_default();

    let pairs = same_leaves(logged, found);
    let frame = longest_rising(&pairs);
    let mut changes = Vec::new();
    let mut moved_from = vec![false; logged.len()];
    let mut moved_to = vec![false; found.len()];
    let mut in_frame = frame.iter().copied().peekable();
    for (place, &(index, now)) in pairs.iter().enumerate() {
        if in_frame.next_if_eq(&place).is_none() {
            changes.push(Change::Moved { index: position(front, index), now: position(front, now) });
            mark(&mut moved_from, index);
            mark(&mut moved_to, now);
        }
    }
    let ends = frame.iter().filter_map(|&place| pairs.get(place).copied());
    let (mut start, mut start_now) = (0, 0);
    for (end, end_now) in ends.chain([(logged.len(), found.len())]) {
        let unmoved = |moved: &[bool], from: usize, to: usize| -> Vec<usize> {
            (from..to).filter(|&place| moved.get(place) == Some(&false)).collect()
        };
        let lost = unmoved(&moved_from, start, end);
        let new = unmoved(&moved_to, start_now, end_now);
        let edited = lost.len().min(new.len());
        for (place, &index) in lost.iter().enumerate() {
            changes.push(match new.get(place) {
                Some(&now) => Change::Edited { index: position(front, index), now: position(front, now) },
                None => Change::Deleted { index: position(front, index) },
            });
        }
        for &now in new.iter().skip(edited) {
            changes.push(Change::Added { index: position(front, end), now: position(front, now) });
        }
        (start, start_now) = (end + 1, end_now + 1);
    }
    changes.sort_unstable_by_key(|change| (change.index(), *change));
    changes
}

fn position(front: usize, place: usize) -> u64 {
    u64::try_from(front + place).unwrap_or(u64::MAX)
}

fn mark(places: &mut [bool], place: usize) {
    if let Some(place) = places.get_mut(place) {
        *place = true;
    }
}

/// Pairs of places that hold the same leaf, in the order of `logged`. Should a leaf be there several times, its
/// first occurrences are paired, then its second ones, and so on.
fn same_leaves(logged: &[Hash], found: &[Hash]) -> Vec<(usize, usize)> {
    let sorted = |hashes: &[Hash]| {
        let mut sorted: Vec<(Hash, usize)> = hashes.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        sorted
    };
    let (logged, found) = (sorted(logged), sorted(found));
    let mut right = found.iter().peekable();
    let mut pairs = Vec::new();
    for (hash, index) in &logged {
        while right.next_if(|(other, _)| other < hash).is_some() {}
        if let Some((_, now)) = right.next_if(|(other, _)| other == hash) {
            pairs.push((*index, *now));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Places in `pairs` of a longest sequence whose second members rise (patience sorting).
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<usize> {
    // `tails[l]` is the pair with the lowest second member that ends a rising sequence of l + 1.
    let mut tails: Vec<(usize, usize)> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (place, &(_, now)) in pairs.iter().enumerate() {
        let length = tails.partition_point(|(tail, _)| *tail < now);
        before.push(length.checked_sub(1).and_then(|shorter| tails.get(shorter)).map(|(_, place)| *place));
        match tails.get_mut(length) {
            Some(tail) => *tail = (now, place),
            None => tails.push((now, place)),
        }
    }
    let mut sequence = Vec::with_capacity(tails.len());
    let mut next = tails.last().map(|(_, place)| *place);
    while let Some(place) = next {
        sequence.push(place);
        next = before.get(place).copied().flatten();
    }
    sequence.reverse();
    sequence
}
