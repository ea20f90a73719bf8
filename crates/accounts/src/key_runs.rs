//! The index of idempotency keys, for keys of any age: which key was spent on which number.
//!
//! Keys are random, so a B-tree of them touches another page at every insert, and costs more the more there
//! are. This is log-structured instead: new keys gather in a *tail*, the tail becomes a sorted *run* that is
//! never changed, and every four runs of a level are merged into one of the next. A key is written once in the
//! tail and once for each level, in order, whatever the number of keys; there are some six runs for ten million
//! of them. Each run has a [`Filter`](filter::Filter) in memory, two bytes a key, that says for nearly every
//! absent key that it is not in there.
//!
//! All of it lies in ordinary tables and is written in the transaction of whoever adds the keys, so it is
//! always of the same moment as the tables beside it. Merging is spread over those transactions in proportion
//! to what they add. Keys are *scattered* first, by a bijection whose parameters are drawn at random for each
//! file: in there they are evenly spread, whatever callers choose, and a key's place in a run can be computed.
//!
//! One thread adds ([`KeyRuns`]); others look up ([`KeyReader`]) on connections of their own.

mod chunk;
mod filter;
mod merge;
mod scatter;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::Connection;

use crate::Error;
use crate::journal::unsigned;
use chunk::Entry;
use filter::{Filter, Probe};
use merge::{Growing, Merge};
use scatter::Scatter;

/// `key_chunks` holds the runs' entries and filters, a page of the file each; see [`chunk::place`].
pub(crate) const TABLES: &str = "
    CREATE TABLE key_seed (only INTEGER PRIMARY KEY CHECK (only = 0), seed BLOB NOT NULL) STRICT;
    CREATE TABLE key_tail (step INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
    CREATE TABLE key_runs (
        run INTEGER PRIMARY KEY, level INTEGER NOT NULL, entries INTEGER NOT NULL, chunks INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE key_chunks (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
";

/// Entries in the tail at which it becomes a run.
const TAIL_MAX: usize = 1 << 16;
/// Runs of one level that are merged into one of the next.
const FAN: usize = 4;
/// Entries merged for each one added: more than there are levels, so that merging keeps up.
const MERGED_PER_ADDED: usize = 8;
/// Entries merged in each step besides.
const MERGED_PER_STEP: usize = 1024;
/// New entries that others are kept waiting for at most.
const PUBLISH_STRIDE: usize = 512;

/// A finished run.
#[derive(Debug)]
struct Run {
    id: u32,
    level: u32,
    entries: u64,
    chunks: u32,
    filter: Filter,
}

/// What the one who adds and those who look up share.
#[derive(Debug)]
struct Shared {
    scatter: Scatter,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    tail: HashMap<u128, u64, BuildHasherDefault<Scattered>>,
    /// Oldest first.
    runs: Vec<Arc<Run>>,
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Scattered keys are their own hashes.
#[derive(Debug, Default)]
struct Scattered(u64);

impl Hasher for Scattered {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = scatter::low(value);
    }
}

/// The index as the one who adds to it sees it.
#[derive(Debug)]
pub(crate) struct KeyRuns {
    shared: Arc<Shared>,
    /// The tail as it will be when the transaction under way is committed.
    tail: Vec<Entry>,
    /// How many of the tail others know.
    tail_published: usize,
    tail_step: i64,
    runs: Vec<Arc<Run>>,
    runs_changed: bool,
    next_run: u32,
    /// By the level of the runs merged.
    merges: BTreeMap<u32, Merge>,
    retired: Vec<Retired>,
}

/// A run that is not part of the index any more and whose chunks are still there: somebody may be reading.
#[derive(Debug)]
struct Retired {
    id: u32,
    /// None: nobody can know it, since it never was whole or is of an earlier process.
    run: Option<Arc<Run>>,
}

impl KeyRuns {
    /// Puts what a new, empty index needs into its tables.
    pub(crate) fn create(connection: &Connection) -> Result<(), Error> {
        connection.execute("INSERT INTO key_seed VALUES (0, ?1)", [Scatter::draw_seed()])?;
        Ok(())
    }

    /// Reads the index: the filters and the tail, not the keys.
    pub(crate) fn open(connection: &Connection) -> Result<Self, Error> {
        let seed: Vec<u8> = connection.query_row("SELECT seed FROM key_seed", [], |row| row.get(0))?;
        let scatter = Scatter::new(&seed).ok_or_else(|| damaged("the seed"))?;
        let mut runs = Vec::new();
        let mut listed =
            connection.prepare("SELECT run, level, entries, chunks FROM key_runs ORDER BY run")?;
        let mut rows = listed.query([])?;
        while let Some(row) = rows.next()? {
            let (id, level, chunks): (u32, u32, u32) = (row.get(0)?, row.get(1)?, row.get(3)?);
            let entries = unsigned(row.get(2)?);
            let filter = Filter::load(connection, id, entries)?;
            runs.push(Arc::new(Run { id, level, entries, chunks, filter }));
        }
        let mut tail = Vec::new();
        let mut tail_step = 0;
        let mut listed = connection.prepare("SELECT step, entries FROM key_tail ORDER BY step")?;
        let mut rows = listed.query([])?;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(1)?;
            tail_step = row.get(0)?;
            chunk::decode(chunk::tail_place(tail_step), &bytes, &mut tail)
                .ok_or_else(|| damaged("its tail"))?;
        }
        let retired: Vec<_> = chunk::runs_present(connection)?
            .into_iter()
            .filter(|id| runs.iter().all(|run| run.id != *id))
            .map(|id| Retired { id, run: None })
            .collect();
        let last =
            runs.iter().map(|run| run.id).chain(retired.iter().map(|retired| retired.id)).max().unwrap_or(0);
        let state = State { tail: tail.iter().copied().collect(), runs: runs.clone() };
        Ok(Self {
            shared: Arc::new(Shared { scatter, state: RwLock::new(state) }),
            tail_published: tail.len(),
            tail,
            tail_step,
            runs,
            runs_changed: false,
            next_run: last.saturating_add(1),
            merges: BTreeMap::new(),
            retired,
        })
    }

    /// Somebody who looks keys up.
    pub(crate) fn reader(&self) -> KeyReader {
        KeyReader { shared: Arc::clone(&self.shared) }
    }

    /// Adds keys with their numbers, in the transaction that is under way on the connection, and merges a bit.
    /// Keys are added once. When the transaction is committed, [`KeyRuns::publish`] must follow; when it is
    /// not, or after an error, the index must be opened anew.
    pub(crate) fn add(
        &mut self,
        connection: &Connection,
        keys: impl IntoIterator<Item = (u128, u64)>,
    ) -> Result<(), Error> {
        let before = self.tail.len();
        let scatter = self.shared.scatter;
        self.tail.extend(keys.into_iter().map(|(key, number)| (scatter.scatter(key), number)));
        let added = self.tail.len() - before;
        if self.tail.len() >= TAIL_MAX {
            self.tail.sort_unstable();
            let entries = u64::try_from(self.tail.len()).unwrap_or(u64::MAX);
            let mut run = Growing::new(self.take_id(), 0, entries);
            for entry in self.tail.drain(..) {
                run.push(connection, entry)?;
            }
            let run = run.finish(connection)?;
            self.runs.push(Arc::new(run));
            self.runs_changed = true;
            self.tail_published = 0;
            connection.prepare_cached("DELETE FROM key_tail")?.execute([])?;
        } else if added > 0 {
            self.tail_step = self.tail_step.saturating_add(1);
            let mut bytes = Vec::new();
            let new = self.tail.get(before..).unwrap_or_default();
            chunk::encode(chunk::tail_place(self.tail_step), new, &mut bytes);
            connection
                .prepare_cached("INSERT INTO key_tail VALUES (?1, ?2)")?
                .execute((self.tail_step, bytes))?;
        }
        self.merge(connection, added * MERGED_PER_ADDED + MERGED_PER_STEP)
    }

    /// Lets those who look up see what has been committed.
    pub(crate) fn publish(&mut self) {
        if std::mem::take(&mut self.runs_changed) {
            let mut state = self.shared.write();
            let mut runs = self.runs.clone();
            std::mem::swap(&mut state.runs, &mut runs);
            // With a new run, or after the tail was emptied into one.
            let tail = (self.tail_published == 0).then(|| std::mem::take(&mut state.tail));
            drop(state);
            drop((runs, tail));
        }
        for new in self.tail.get(self.tail_published..).unwrap_or_default().chunks(PUBLISH_STRIDE) {
            self.shared.write().tail.extend(new.iter().copied());
        }
        self.tail_published = self.tail.len();
    }

    fn take_id(&mut self) -> u32 {
        let id = self.next_run;
        self.next_run = id.saturating_add(1);
        id
    }

    /// Merges about so many entries: small runs first, so that there are never many.
    fn merge(&mut self, connection: &Connection, mut budget: usize) -> Result<(), Error> {
        self.delete_retired(connection, budget / chunk::ENTRIES_MEAN)?;
        let mut level = 0;
        while let Some(highest) = self.runs.iter().map(|run| run.level).max()
            && level <= highest
        {
            if !self.merges.contains_key(&level) {
                let oldest: Vec<_> =
                    self.runs.iter().filter(|run| run.level == level).take(FAN).cloned().collect();
                if oldest.len() == FAN {
                    let id = self.take_id();
                    self.merges.insert(level, Merge::new(id, level, oldest));
                }
            }
            if let Some(merge) = self.merges.get_mut(&level)
                && merge.step(connection, &mut budget)?
                && let Some(merge) = self.merges.remove(&level)
            {
                let (merged, run) = merge.into_runs();
                for merged in merged {
                    self.runs.retain(|run| run.id != merged.id);
                    connection.prepare_cached("DELETE FROM key_runs WHERE run = ?1")?.execute([merged.id])?;
                    self.retired.push(Retired { id: merged.id, run: Some(merged) });
                }
                self.runs.push(Arc::new(run));
                self.runs_changed = true;
            }
            level += 1;
        }
        Ok(())
    }

    /// Deletes at most so many chunks of runs that nobody reads any more.
    fn delete_retired(&mut self, connection: &Connection, mut budget: usize) -> Result<(), Error> {
        while budget > 0
            && let Some(place) = self
                .retired
                .iter()
                .position(|retired| retired.run.as_ref().is_none_or(|run| Arc::strong_count(run) == 1))
            && let Some(retired) = self.retired.get(place)
        {
            let deleted = chunk::delete_some(connection, retired.id, budget)?;
            if deleted < budget {
                self.retired.remove(place);
            }
            budget -= deleted.min(budget);
        }
        Ok(())
    }
}

/// The index as those see it who look keys up.
#[derive(Debug, Clone)]
pub(crate) struct KeyReader {
    shared: Arc<Shared>,
}

impl KeyReader {
    /// The number that this key was spent on. The connection is one to the same file, with no transaction
    /// open: what has been published must be visible on it.
    pub(crate) fn find(&self, connection: &Connection, key: u128) -> Result<Option<u64>, Error> {
        let key = self.shared.scatter.scatter(key);
        let probe = Probe::new(key);
        let state = self.shared.read();
        if let Some(number) = state.tail.get(&key) {
            return Ok(Some(*number));
        }
        // Nearly always none, and then nothing is allocated. Having them keeps their chunks from being deleted.
        let candidates: Vec<Arc<Run>> =
            state.runs.iter().filter(|run| run.filter.may_contain(probe)).map(Arc::clone).collect();
        drop(state);
        for run in candidates {
            if let Some(number) = chunk::find(connection, run.id, run.chunks, key)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Bytes of memory that the filters and the tail take.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        let state = self.shared.read();
        let filters: usize = state.runs.iter().map(|run| run.filter.memory()).sum();
        filters + state.tail.capacity() * (size_of::<Entry>() + 1)
    }

    #[cfg(test)]
    fn runs(&self) -> usize {
        self.shared.read().runs.len()
    }
}

fn damaged(what: &str) -> Error {
    Error::Store(format!(
        "the index of idempotency keys is damaged ({what}); the journal is not: rebuild the projections"
    ))
}
