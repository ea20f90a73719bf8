//! Merging runs into a larger one, a little at a time. What is written of it before it is whole belongs to no
//! run: after a crash it is deleted and merged again.

use std::sync::Arc;

use rusqlite::Connection;

use super::Run;
use super::chunk::{self, Entry};
use super::filter::Filter;
use crate::Error;
use crate::journal::signed;

/// A run that is being written, in the order of its keys.
#[derive(Debug)]
pub(super) struct Growing {
    id: u32,
    level: u32,
    chunks: u32,
    /// The chunk being filled.
    chunk: u32,
    filling: Vec<Entry>,
    buffer: Vec<u8>,
    entries: u64,
    filter: Filter,
    filter_rows: usize,
}

impl Growing {
    pub(super) fn new(id: u32, level: u32, entries: u64) -> Self {
        let chunks = chunk::chunks_for(entries);
        Self {
            id,
            level,
            chunks,
            chunk: 0,
            filling: Vec::new(),
            buffer: Vec::new(),
            entries,
            filter: Filter::new(entries),
            filter_rows: 0,
        }
    }

    pub(super) fn push(&mut self, connection: &Connection, entry: Entry) -> Result<(), Error> {
        let chunk = chunk::chunk_of(entry.0, self.chunks);
        while self.chunk < chunk {
            self.store_chunk(connection)?;
        }
        self.filling.push(entry);
        self.filter.insert(entry.0);
        Ok(())
    }

    fn store_chunk(&mut self, connection: &Connection) -> Result<(), Error> {
        chunk::store(connection, self.id, self.chunk, &self.filling, &mut self.buffer)?;
        self.filling.clear();
        self.chunk += 1;
        Ok(())
    }

    /// Writes what is left after the last entry, at most about so much; whether that was all.
    fn finish_some(&mut self, connection: &Connection, budget: &mut usize) -> Result<bool, Error> {
        while self.chunk < self.chunks {
            self.store_chunk(connection)?;
        }
        while self.filter_rows < self.filter.rows() {
            if *budget == 0 {
                return Ok(false);
            }
            self.filter.store(connection, self.id, self.filter_rows)?;
            self.filter_rows += 1;
            *budget = budget.saturating_sub(chunk::ENTRIES_MEAN);
        }
        connection.prepare_cached("INSERT INTO key_runs VALUES (?1, ?2, ?3, ?4)")?.execute((
            self.id,
            self.level,
            signed(self.entries),
            self.chunks,
        ))?;
        Ok(true)
    }

    fn into_run(self) -> Run {
        Run {
            id: self.id,
            level: self.level,
            entries: self.entries,
            chunks: self.chunks,
            filter: self.filter,
        }
    }

    pub(super) fn finish(mut self, connection: &Connection) -> Result<Run, Error> {
        let mut unbounded = usize::MAX;
        self.finish_some(connection, &mut unbounded)?;
        Ok(self.into_run())
    }
}

/// Where a merge stands in one of the runs it reads.
#[derive(Debug)]
struct Input {
    run: Arc<Run>,
    next_chunk: u32,
    entries: Vec<Entry>,
    /// The next of them.
    at: usize,
}

impl Input {
    fn new(run: Arc<Run>) -> Self {
        Self { run, next_chunk: 0, entries: Vec::new(), at: 0 }
    }

    /// The entry that is next; none is left when all chunks were read.
    fn head(&mut self, connection: &Connection) -> Result<Option<Entry>, Error> {
        while self.at == self.entries.len() && self.next_chunk < self.run.chunks {
            chunk::load(connection, self.run.id, self.next_chunk, &mut self.entries)?;
            self.at = 0;
            self.next_chunk += 1;
        }
        Ok(self.entries.get(self.at).copied())
    }
}

/// A merge under way.
#[derive(Debug)]
pub(super) struct Merge {
    inputs: Vec<Input>,
    output: Growing,
}

impl Merge {
    /// Of runs of one level, into a run of the next.
    pub(super) fn new(id: u32, level: u32, runs: Vec<Arc<Run>>) -> Self {
        let entries = runs.iter().map(|run| run.entries).sum();
        Self {
            inputs: runs.into_iter().map(Input::new).collect(),
            output: Growing::new(id, level + 1, entries),
        }
    }

    /// Merges at most about so many entries; whether that was the end.
    pub(super) fn step(&mut self, connection: &Connection, budget: &mut usize) -> Result<bool, Error> {
        while *budget > 0 {
            let mut first: Option<(Entry, usize)> = None;
            for (place, input) in self.inputs.iter_mut().enumerate() {
                if let Some(entry) = input.head(connection)?
                    && first.is_none_or(|(least, _)| entry < least)
                {
                    first = Some((entry, place));
                }
            }
            let Some((entry, place)) = first else { return self.output.finish_some(connection, budget) };
            if let Some(input) = self.inputs.get_mut(place) {
                input.at += 1;
            }
            self.output.push(connection, entry)?;
            *budget -= 1;
        }
        Ok(false)
    }

    /// The runs that were merged, and the one they were merged into.
    pub(super) fn into_runs(self) -> (impl Iterator<Item = Arc<Run>>, Run) {
        (self.inputs.into_iter().map(|input| input.run), self.output.into_run())
    }
}
