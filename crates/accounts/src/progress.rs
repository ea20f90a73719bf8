//! How far the journal has been written and how far the projections have followed: what readers wait on, and
//! what holds the writer back when the projections fall too far behind.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Error;

/// Most bytes of requests that wait for the projections before the writer waits for them too.
const LAG_BYTES_MAX: usize = 64 << 20;

/// Part of what may wait for the projections that is worth following at once.
const LINGER_SHARE: usize = 16;

#[derive(Debug)]
pub(crate) struct Progress {
    /// Most requests that wait for the projections before the writer waits for them too.
    lag_entries_max: usize,
    /// The latest row of the journal that anybody was told of.
    acknowledged: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    projected: u64,
    lag_entries: usize,
    lag_bytes: usize,
    /// The latest row that somebody waits for.
    awaited: u64,
    /// The projections will not follow any more.
    ended: Option<Error>,
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Progress of a book that stands, with its projections, at this row of the journal.
    pub(crate) fn new(sequence: u64, lag_entries_max: usize) -> Self {
        Self {
            lag_entries_max,
            acknowledged: AtomicU64::new(sequence),
            state: Mutex::new(State { projected: sequence, ..State::default() }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn acknowledge(&self, sequence: u64) {
        self.acknowledged.store(sequence, Ordering::Release);
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// The writer announces a batch, having waited for room.
    pub(crate) fn wait_for_room(&self, entries: usize, bytes: usize) -> Result<(), Error> {
        let mut state = self.state();
        while state.ended.is_none()
            && state.lag_entries > 0
            && (state.lag_entries.saturating_add(entries) > self.lag_entries_max
                || state.lag_bytes.saturating_add(bytes) > LAG_BYTES_MAX)
        {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(error) = &state.ended {
            return Err(error.clone());
        }
        state.lag_entries = state.lag_entries.saturating_add(entries);
        state.lag_bytes = state.lag_bytes.saturating_add(bytes);
        let many = self.is_urgent(&state);
        drop(state);
        if many {
            self.changed.notify_all();
        }
        Ok(())
    }

    /// A batch that was announced did not come to be.
    pub(crate) fn give_back(&self, entries: usize, bytes: usize) {
        let mut state = self.state();
        state.lag_entries = state.lag_entries.saturating_sub(entries);
        state.lag_bytes = state.lag_bytes.saturating_sub(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether the projections should follow now and not wait for more.
    fn is_urgent(&self, state: &State) -> bool {
        state.awaited > state.projected
            || state.ended.is_some()
            || state.lag_entries > self.lag_entries_max / LINGER_SHARE
            || state.lag_bytes > LAG_BYTES_MAX / LINGER_SHARE
    }

    /// Lets the projections wait for more to follow at once, as long as nobody waits for them.
    pub(crate) fn linger(&self, time: Duration) {
        let waited = self.changed.wait_timeout_while(self.state(), time, |state| !self.is_urgent(state));
        drop(waited);
    }

    /// Everything is to be followed at once from now on.
    pub(crate) fn hurry(&self) {
        self.state().awaited = u64::MAX;
        self.changed.notify_all();
    }

    /// The projections stand at this row, having followed so many requests of so many bytes.
    pub(crate) fn projected(&self, sequence: u64, entries: usize, bytes: usize) {
        let mut state = self.state();
        state.projected = sequence;
        state.lag_entries = state.lag_entries.saturating_sub(entries);
        state.lag_bytes = state.lag_bytes.saturating_sub(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// The projections follow no more.
    pub(crate) fn end(&self, error: Error) {
        self.state().ended.get_or_insert(error);
        self.changed.notify_all();
    }

    /// Waits until the projections stand at this row.
    pub(crate) fn wait_for(&self, sequence: u64) -> Result<(), Error> {
        let mut state = self.state();
        if state.projected < sequence && state.awaited < sequence {
            state.awaited = sequence;
            self.changed.notify_all();
        }
        while state.projected < sequence {
            if let Some(error) = &state.ended {
                return Err(error.clone());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }
}
