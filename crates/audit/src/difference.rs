//! Which records were edited, deleted, added or moved, when what the records hash to is not what the tree holds.
//!
//! A record carries its number, so no two leaves are alike and each can be found again wherever it went. First both
//! sides are walked together; where they part, they are joined again at the next run of equal leaves close by. What
//! lies between is a stretch. A leaf in one stretch here and in another there was moved. Within a stretch, the longest
//! sequence of leaves in the same order on both sides is the frame; what is on both sides outside the frame was moved;
//! between two leaves of the frame, as many as were lost and as many as are new face each other: those were edited, the
//! rest deleted or added.

use std::ops::Range;

use crate::hash::Hash;

/// How far ahead, on each side, the two are joined again after they parted.
const REJOIN_LEAVES_MAX: usize = 64;
/// So many equal leaves join them.
const REJOIN_RUN_LEAVES: usize = 16;

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
/// Costs a comparison while both agree, and sorting the stretches in which they do not, with about as much memory again
/// as the hashes there take. Which of the two is right, the signed head says: the one whose root it has.
#[must_use]
pub fn find_changes(logged: &[Hash], found: &[Hash]) -> Vec<Change> {
    let stretches = stretches(logged, found);
    let places = |side: fn(&Stretch) -> &Range<usize>| -> Vec<usize> {
        stretches.iter().flat_map(|stretch| side(stretch).clone()).collect()
    };
    let pairs =
        same_leaves(logged, places(|stretch| &stretch.logged), found, places(|stretch| &stretch.found));
    let mut changes = Vec::new();
    let mut pairs = pairs.into_iter().peekable();
    let mut arrived: Vec<usize> = Vec::new();
    let mut within = Vec::with_capacity(stretches.len());
    for stretch in &stretches {
        let mut stayed = Vec::new();
        let mut left = Vec::new();
        while let Some((index, now)) = pairs.next_if(|(index, _)| *index < stretch.logged.end) {
            if stretch.found.contains(&now) {
                stayed.push((index, now));
            } else {
                left.push(index);
                arrived.push(now);
                changes.push(Change::Moved { index: position(index), now: position(now) });
            }
        }
        within.push((stayed, left));
    }
    arrived.sort_unstable();
    for (stretch, (stayed, left)) in stretches.iter().zip(within) {
        changes_within(stretch, &stayed, left, &arrived, &mut changes);
    }
    changes.sort_unstable_by_key(|change| (change.index(), *change));
    changes
}

/// Where the two sides do not agree, between stretches where they do.
struct Stretch {
    logged: Range<usize>,
    found: Range<usize>,
}

fn stretches(logged: &[Hash], found: &[Hash]) -> Vec<Stretch> {
    let same_at_end = logged.iter().rev().zip(found.iter().rev()).take_while(|(a, b)| a == b).count();
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut here, mut there) = (0, 0);
    loop {
        let (rest, other_rest) =
            (logged.get(here..).unwrap_or_default(), found.get(there..).unwrap_or_default());
        let same = rest.iter().zip(other_rest).take_while(|(a, b)| a == b).count();
        (here, there) = (here + same, there + same);
        if here == logged.len() && there == found.len() {
            return stretches;
        }
        // Without a place to join again, all of the rest is one stretch, but for what agrees at the end.
        let (end, other_end) = rejoin(logged, found, here, there).unwrap_or_else(|| {
            let same_at_end = same_at_end.min(logged.len() - here).min(found.len() - there);
            (logged.len() - same_at_end, found.len() - same_at_end)
        });
        stretches.push(Stretch { logged: here..end, found: there..other_end });
        (here, there) = (end, other_end);
    }
}

/// The nearest places ahead from which both sides agree for a while.
fn rejoin(logged: &[Hash], found: &[Hash], here: usize, there: usize) -> Option<(usize, usize)> {
    for distance in 1..=2 * REJOIN_LEAVES_MAX {
        for ahead in distance.saturating_sub(REJOIN_LEAVES_MAX)..=distance.min(REJOIN_LEAVES_MAX) {
            let (end, other_end) = (here + ahead, there + distance - ahead);
            let same = logged.get(end).is_some_and(|leaf| found.get(other_end) == Some(leaf));
            let run = |leaves, from| <[Hash]>::get(leaves, from..from + REJOIN_RUN_LEAVES);
            if same && run(logged, end).is_some_and(|leaves| run(found, other_end) == Some(leaves)) {
                return Some((end, other_end));
            }
        }
    }
    None
}

/// The changes of one stretch: `stayed` are the pairs within it, `left` the leaves that are in another stretch now,
/// `arrived` (of all stretches) those that came from another.
fn changes_within(
    stretch: &Stretch,
    stayed: &[(usize, usize)],
    mut left: Vec<usize>,
    arrived: &[usize],
    changes: &mut Vec<Change>,
) {
    let frame = longest_rising(stayed);
    let mut came: Vec<usize> = Vec::new();
    let mut in_frame = frame.iter().peekable();
    for pair @ &(index, now) in stayed {
        if in_frame.next_if_eq(&pair).is_none() {
            changes.push(Change::Moved { index: position(index), now: position(now) });
            left.push(index);
            came.push(now);
        }
    }
    left.sort_unstable();
    came.sort_unstable();
    let gone = |index: &usize| left.binary_search(index).is_err();
    let fresh = |now: &usize| came.binary_search(now).is_err() && arrived.binary_search(now).is_err();
    let (mut start, mut start_now) = (stretch.logged.start, stretch.found.start);
    for (end, end_now) in frame.into_iter().chain([(stretch.logged.end, stretch.found.end)]) {
        let mut new = (start_now..end_now).filter(fresh);
        for index in (start..end).filter(gone) {
            changes.push(match new.next() {
                Some(now) => Change::Edited { index: position(index), now: position(now) },
                None => Change::Deleted { index: position(index) },
            });
        }
        changes.extend(new.map(|now| Change::Added { index: position(end), now: position(now) }));
        (start, start_now) = (end + 1, end_now + 1);
    }
}

fn position(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

/// Pairs of places, among those given, that hold the same leaf, in the order of `logged`. Should a leaf be there several times, its
/// first occurrences are paired, then its second ones, and so on.
fn same_leaves(
    logged: &[Hash],
    mut logged_places: Vec<usize>,
    found: &[Hash],
    mut found_places: Vec<usize>,
) -> Vec<(usize, usize)> {
    logged_places.sort_unstable_by_key(|&place| (logged.get(place), place));
    found_places.sort_unstable_by_key(|&place| (found.get(place), place));
    let mut right = found_places.into_iter().map(|now| (found.get(now), now)).peekable();
    let mut pairs = Vec::new();
    for index in logged_places {
        let leaf = logged.get(index);
        while right.next_if(|(other, _)| *other < leaf).is_some() {}
        if let Some((_, now)) = right.next_if(|(other, _)| *other == leaf) {
            pairs.push((index, now));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// A longest sequence of `pairs` whose second members rise (patience sorting).
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
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
        sequence.extend(pairs.get(place));
        next = before.get(place).copied().flatten();
    }
    sequence.reverse();
    sequence
}
