//! Which logged record each record of the journal is.
//!
//! A leaf is the hash of a moment, a number, an outcome and the entry. The journal has moment and entry; number
//! and outcome come from the replay, and behind a change every number is another one. So a row's records are
//! tried at the places where they may have been logged: after the row before, where a row of the same moment or
//! sequence was logged, and, one by one, close by. What the tree has there proves each guess: nothing rests on
//! the hints.

use audit::{Hash, Outcome, Record};

use super::logged::{Logged, Place};
use crate::Error;
use crate::entry::{Entry, Recorded};

/// How far around a record is looked for one that an entry was inserted or deleted before.
const NEAR_RECORDS: u64 = 16;
/// How far its number may be from the one expected.
const NEAR_NUMBERS: u64 = 64;
/// Hashes computed to find records again that are not where they are expected, in all.
const TRIALS_MAX: u64 = 1 << 22;

/// An entry as it stands in a row.
#[derive(Debug)]
pub(super) struct Found {
    range: (usize, usize),
    /// How many numbers it takes.
    numbers: u64,
    /// Number and outcome, as the replay has them.
    replayed: Option<(u64, Outcome)>,
    /// What it is.
    pub(super) word: &'static str,
}

impl Found {
    pub(super) fn new(recorded: &Recorded, replayed: Option<(u64, Outcome)>) -> Self {
        let commands = recorded.entry.request(recorded.content, recorded.decision.as_deref()).commands;
        let numbers = commands.as_slice().len().clamp(1, ledger::LINKED_COMMANDS_MAX);
        Self {
            range: recorded.range,
            numbers: u64::try_from(numbers).unwrap_or(1),
            replayed,
            word: word(&recorded.entry),
        }
    }
}

fn word(entry: &Entry) -> &'static str {
    match entry {
        Entry::Open { .. } => "open-account",
        Entry::Close { .. } => "close-account",
        Entry::Payment(payment) => payment.operation.word(),
        Entry::Hold(_) => "hold",
        Entry::Capture(_) => "capture",
        Entry::Release(_) => "release",
        Entry::Refund(_) => "refund",
        Entry::Exchange(_) => "exchange",
        Entry::Resolve(_) => "resolution",
        Entry::Act(_) => "act",
        Entry::Parameter(_) => "parameter",
        Entry::Tier { .. } => "tier",
        Entry::Head { .. } => "head",
    }
}

/// A record with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aligned {
    pub(super) leaf: Hash,
    pub(super) number: u64,
    /// Which logged record it is; none: it is none.
    pub(super) logged: Option<u64>,
}

/// Goes through the journal beside the log.
pub(super) struct Aligner {
    expected: Place,
    trials: u64,
}

impl Aligner {
    pub(super) const fn new() -> Self {
        Self { expected: Place { record: 0, number: 1 }, trials: 0 }
    }

    /// The records of a row.
    pub(super) fn row(
        &mut self,
        (sequence, at, batch): (u64, u64, &[u8]),
        found: &[Found],
        logged: &mut Logged<'_>,
    ) -> Result<Vec<Aligned>, Error> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let row = Tried { at, batch };
        // Nearly always, the row follows the one before it.
        let count = |place: Place, logged: &mut Logged<'_>| {
            let mut place = place;
            let tried = found.iter().filter(|found| {
                let matches = row.at(place, found, logged).is_some();
                place.advance(found);
                matches
            });
            tried.count()
        };
        let first = found.first().is_some_and(|first| row.at(self.expected, first, logged).is_some());
        if !first && count(self.expected, logged) == 0 {
            let mut best = 0;
            for place in logged.places(at, sequence)? {
                let matches = count(place, logged);
                if matches > best {
                    (best, self.expected) = (matches, place);
                }
            }
        }
        let mut aligned = Vec::with_capacity(found.len());
        for found in found {
            let place = self.expected;
            if let Some(leaf) = row.at(place, found, logged) {
                aligned.push(Aligned { leaf, number: place.number, logged: Some(place.record) });
            } else if let Some((leaf, place)) =
                self.near(place, |number, outcome| row.leaf(found, number, outcome), logged)
            {
                aligned.push(Aligned { leaf, number: place.number, logged: Some(place.record) });
                self.expected = place;
            } else {
                let (number, outcome) = found.replayed.unwrap_or((place.number, Outcome::Done));
                aligned.push(Aligned { leaf: row.leaf(found, number, outcome), number, logged: None });
            }
            self.expected.advance(found);
        }
        Ok(aligned)
    }

    /// Looks for a record close to where it is expected.
    fn near(
        &mut self,
        place: Place,
        leaf: impl Fn(u64, Outcome) -> Hash,
        logged: &mut Logged<'_>,
    ) -> Option<(Hash, Place)> {
        let records = place.record.saturating_sub(NEAR_RECORDS)..place.record.saturating_add(NEAR_RECORDS);
        let around: Vec<(u64, Hash)> =
            records.filter_map(|record| Some((record, logged.leaf(record)?))).collect();
        if around.is_empty() {
            return None;
        }
        let numbers = place.number.saturating_sub(NEAR_NUMBERS)..place.number.saturating_add(NEAR_NUMBERS);
        for number in numbers {
            for outcome in [Outcome::Done, Outcome::Refused] {
                if self.trials >= TRIALS_MAX {
                    return None;
                }
                self.trials = self.trials.saturating_add(1);
                let tried = leaf(number, outcome);
                if let Some((record, _)) = around.iter().find(|(_, there)| *there == tried) {
                    return Some((tried, Place { record: *record, number }));
                }
            }
        }
        None
    }
}

/// A row whose records are tried.
struct Tried<'a> {
    at: u64,
    batch: &'a [u8],
}

impl Tried<'_> {
    fn leaf(&self, found: &Found, number: u64, outcome: Outcome) -> Hash {
        let (start, end) = found.range;
        let entry = self.batch.get(start..end).unwrap_or_default();
        Record { at: self.at, number, outcome, entry }.leaf_hash()
    }

    /// The record's leaf, when it is the one that was logged at this place.
    fn at(&self, place: Place, found: &Found, logged: &mut Logged<'_>) -> Option<Hash> {
        let there = logged.leaf(place.record)?;
        let replayed = found.replayed.map_or(Outcome::Done, |(_, outcome)| outcome);
        let other = if replayed == Outcome::Done { Outcome::Refused } else { Outcome::Done };
        [replayed, other]
            .into_iter()
            .map(|outcome| self.leaf(found, place.number, outcome))
            .find(|leaf| *leaf == there)
    }
}

impl Place {
    fn advance(&mut self, found: &Found) {
        self.record = self.record.saturating_add(1);
        self.number = self.number.saturating_add(found.numbers);
    }
}
