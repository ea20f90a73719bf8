//! From records with their places in the log to named changes, in memory that grows with the changes and not
//! with the log.
//!
//! Records that follow one another here as they were logged make a run. Long runs are cut down to their ends
//! before both sides are compared: what lies between two cuts decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Change, Hash, find_changes};

use super::align::Aligned;
use super::logged::Logged;

/// Leaves that are kept of each end of a run.
const RUN_END_LEAVES: u64 = 32;
/// Records that are compared one by one because they are no logged record, or are gone.
const CHANGES_MAX: usize = 1 << 18;

/// Records that are here in the order in which they were logged.
#[derive(Debug, Clone, Copy)]
struct Run {
    found: u64,
    logged: u64,
    length: u64,
    /// The row that it begins in.
    row: u64,
}

/// A record that was not logged as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strange {
    found: u64,
    leaf: Hash,
    pub(super) row: u64,
    pub(super) number: u64,
    pub(super) word: &'static str,
}

/// What has been seen of the journal's records.
#[derive(Debug, Default)]
pub(super) struct Differences {
    runs: Vec<Run>,
    strange: Vec<Strange>,
    /// Logged records that the finished runs cover: first, and the one after the last.
    covered: BTreeMap<u64, u64>,
    found: u64,
    /// Records that are not compared, because there are too many.
    pub(super) more: u64,
}

/// One change, with the strange record behind it or the row where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) change: Change,
    pub(super) strange: Option<Strange>,
    pub(super) row: Option<u64>,
}

impl Differences {
    /// Takes the next record of the journal.
    pub(super) fn push(&mut self, aligned: &Aligned, row: u64, word: &'static str) {
        let found = self.found;
        self.found = self.found.saturating_add(1);
        let logged = aligned.logged.filter(|logged| !self.is_covered(*logged));
        match (logged, self.runs.last_mut()) {
            (Some(logged), Some(run))
                if run.logged.saturating_add(run.length) == logged
                    && run.found.saturating_add(run.length) == found =>
            {
                run.length = run.length.saturating_add(1);
            }
            (Some(logged), _) => {
                self.cover();
                self.runs.push(Run { found, logged, length: 1, row });
            }
            (None, _) if self.strange.len() < CHANGES_MAX => {
                let (leaf, number) = (aligned.leaf, aligned.number);
                self.strange.push(Strange { found, leaf, row, number, word });
            }
            (None, _) => self.more = self.more.saturating_add(1),
        }
    }

    /// Whether the journal is the log so far.
    pub(super) fn is_none(&self) -> bool {
        self.strange.is_empty()
            && self.more == 0
            && match self.runs.as_slice() {
                [] => true,
                [run] => (run.found, run.logged) == (0, 0),
                _ => false,
            }
    }

    fn is_covered(&self, logged: u64) -> bool {
        let before = self.covered.range(..=logged).next_back();
        before.is_some_and(|(_, end)| logged < *end)
            || self
                .runs
                .last()
                .is_some_and(|run| (run.logged..run.logged.saturating_add(run.length)).contains(&logged))
    }

    fn cover(&mut self) {
        if let Some(run) = self.runs.last() {
            self.covered.insert(run.logged, run.logged.saturating_add(run.length));
        }
    }

    /// Every change, in the order of the log. Leaves of the log that do not read are left out.
    pub(super) fn finish(&mut self, logged: &mut Logged<'_>) -> Vec<Named> {
        self.cover();
        if self.is_none() && self.found >= logged.records {
            return Vec::new();
        }
        let (mut leaves, mut places) = (Vec::new(), Vec::new());
        let mut put = |record: u64, logged: &mut Logged<'_>| {
            if let Some(leaf) = logged.leaf(record) {
                leaves.push(leaf);
                places.push(record);
            }
        };
        let mut gone = 0_usize;
        let mut next = 0;
        let records = logged.records;
        for (&start, &end) in self.covered.iter().chain([(&records, &records)]) {
            for record in next..start {
                if gone >= CHANGES_MAX {
                    self.more = self.more.saturating_add(start.saturating_sub(record));
                    break;
                }
                gone = gone.saturating_add(1);
                put(record, logged);
            }
            ends(start, end).for_each(|record| put(record, logged));
            next = end;
        }
        let (mut found_leaves, mut found_places) = (Vec::new(), Vec::new());
        let mut strange = self.strange.iter().peekable();
        for run in &self.runs {
            while let Some(strange) = strange.next_if(|strange| strange.found < run.found) {
                found_leaves.push(strange.leaf);
                found_places.push(strange.found);
            }
            for record in ends(run.logged, run.logged.saturating_add(run.length)) {
                if let Some(leaf) = logged.leaf(record) {
                    found_leaves.push(leaf);
                    found_places.push(run.found.saturating_add(record.saturating_sub(run.logged)));
                }
            }
        }
        for strange in strange {
            found_leaves.push(strange.leaf);
            found_places.push(strange.found);
        }
        let at = |places: &[u64], index: u64, end: u64| {
            usize::try_from(index).ok().and_then(|index| places.get(index)).copied().unwrap_or(end)
        };
        let mut moved = BTreeSet::new();
        let mut named = Vec::new();
        for change in find_changes(&leaves, &found_leaves) {
            let index = at(&places, change.index(), logged.records);
            let now = |now: u64| at(&found_places, now, self.found);
            match change {
                Change::Moved { .. } => {
                    moved.insert(index);
                }
                Change::Edited { now: there, .. } => {
                    let now = now(there);
                    named.push(self.named(Change::Edited { index, now }, Some(now)));
                }
                Change::Added { now: there, .. } => {
                    let now = now(there);
                    named.push(self.named(Change::Added { index, now }, Some(now)));
                }
                Change::Deleted { .. } => named.push(self.named(Change::Deleted { index }, None)),
            }
        }
        self.name_moved(&moved, &mut named);
        named.sort_by_key(|named| named.change.index());
        named
    }

    fn named(&self, change: Change, now: Option<u64>) -> Named {
        let strange = now.and_then(|now| {
            let place = self.strange.binary_search_by_key(&now, |strange| strange.found).ok()?;
            self.strange.get(place).copied()
        });
        Named { change, strange, row: strange.map(|strange| strange.row) }
    }

    /// A run of which a part was found to have moved has moved whole.
    fn name_moved(&mut self, moved: &BTreeSet<u64>, named: &mut Vec<Named>) {
        for run in &self.runs {
            let records = run.logged..run.logged.saturating_add(run.length);
            if moved.range(records.clone()).next().is_none() {
                continue;
            }
            for (record, now) in records.zip(run.found..) {
                if named.len() >= CHANGES_MAX {
                    self.more = self.more.saturating_add(1);
                    continue;
                }
                let change = Change::Moved { index: record, now };
                // Known of its first record; the others follow it.
                let row = (record == run.logged).then_some(run.row);
                named.push(Named { change, strange: None, row });
            }
        }
    }
}

/// A run's first and last records.
fn ends(start: u64, end: u64) -> impl Iterator<Item = u64> {
    let first = start.saturating_add(RUN_END_LEAVES).min(end);
    let last = end.saturating_sub(RUN_END_LEAVES).max(first);
    (start..first).chain(last..end)
}
