//! The idempotency keys remembered, with the answers they got. The oldest are forgotten first, by count, so
//! that what is remembered depends on the requests alone and memory is bounded.

use std::collections::VecDeque;

use crate::positions::{POSITIONS_MAX, Positions};
use crate::{Answer, Content, Key, Timestamp};

/// One remembered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) key: Key,
    pub(crate) content: Content,
    pub(crate) answer: Answer,
}

/// The newest keys.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    keys_max: usize,
    /// Oldest first.
    remembered: VecDeque<Remembered>,
    /// How many were forgotten: what makes a place in `remembered` out of a position.
    forgotten: u64,
    /// Key to position (place + forgotten), of which the low 32 bits say enough.
    positions: Positions,
}

impl Keys {
    pub(crate) fn new(keys_max: usize) -> Self {
        let keys_max = keys_max.min(POSITIONS_MAX);
        // Room for all of them from the start: growing later would stall the writer while a large table is
        // copied. Pages that are not used yet cost nothing.
        Self {
            keys_max,
            remembered: VecDeque::with_capacity(keys_max),
            forgotten: 0,
            positions: Positions::new(keys_max),
        }
    }

    pub(crate) fn find(&self, key: Key) -> Option<&Remembered> {
        let stands = |position| self.at(position).is_some_and(|remembered| remembered.key == key);
        self.at(self.positions.find(key, stands)?)
    }

    /// Remembers a key that [`Keys::find`] does not know.
    pub(crate) fn remember(&mut self, remembered: Remembered) {
        if self.keys_max == 0 {
            // Forgotten at once; counted, so that nobody takes an unknown key for one never used.
            self.forgotten = self.forgotten.saturating_add(1);
            return;
        }
        if self.remembered.len() >= self.keys_max
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.positions.remove(oldest.key, low(self.forgotten));
            self.forgotten = self.forgotten.saturating_add(1);
        }
        let place = u64::try_from(self.remembered.len()).expect("a length fits 64 bits");
        self.positions.insert(remembered.key, low(self.forgotten.saturating_add(place)));
        self.remembered.push_back(remembered);
    }

    fn at(&self, position: u32) -> Option<&Remembered> {
        // Fewer than 2^32 are remembered, so the low bits tell them apart, also where they wrap.
        self.remembered.get(usize::try_from(position.wrapping_sub(low(self.forgotten))).ok()?)
    }

    /// Those remembered, oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Remembered> {
        self.remembered.iter()
    }

    /// How many keys were remembered once and are forgotten now.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(crate) fn set_forgotten(&mut self, forgotten: u64) {
        assert!(self.remembered.is_empty(), "the count is restored before the keys");
        self.forgotten = forgotten;
    }

    /// What is wrong with them in a book whose next command gets this number at this moment or later.
    pub(crate) fn fault(&self, next_number: u64, now: Timestamp) -> Option<&'static str> {
        if self.positions.len() != self.remembered.len() || self.remembered.len() > self.keys_max {
            return Some("the keys and their positions differ in count");
        }
        if !self.remembered.iter().all(|remembered| self.find(remembered.key) == Some(remembered)) {
            return Some("a remembered key is not found");
        }
        if !self.remembered.iter().is_sorted_by(|earlier, later| {
            earlier.answer.number < later.answer.number && earlier.answer.at <= later.answer.at
        }) {
            return Some("the keys are out of order");
        }
        let first = self.remembered.front().map_or(next_number, |oldest| oldest.answer.number.0);
        // Whatever is forgotten took a number before the oldest one remembered.
        if self.forgotten >= first {
            return Some("more keys were forgotten than there were requests");
        }
        match self.remembered.back() {
            Some(newest) if newest.answer.number.0 >= next_number || newest.answer.at > now => {
                Some("a remembered answer was not given yet")
            }
            _ => None,
        }
    }
}

/// The low half of a position.
fn low(position: u64) -> u32 {
    u32::try_from(position & 0xFFFF_FFFF).expect("32 bits")
}
