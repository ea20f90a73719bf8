//! The audit log's tree in the tables.

use audit::{Appender, Outcome, Record, TileStore};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::Projected;
use crate::Error;
use crate::journal::signed;

/// The stored tiles.
#[derive(Debug)]
pub(crate) struct SqlTiles<'a>(pub(crate) &'a Connection);

impl TileStore for SqlTiles<'_> {
    fn tile(&self, level: u8, index: u64) -> Option<Vec<u8>> {
        self.0
            .prepare_cached("SELECT hashes FROM tiles WHERE level = ?1 AND tile = ?2")
            .and_then(|mut statement| {
                statement.query_row((level, signed(index)), |row| row.get(0)).optional()
            })
            // A tile that cannot be read is a tile that is missing: the tree says so.
            .unwrap_or(None)
    }
}

/// The record of an entry of this row, by its place in the row.
pub(crate) fn record(row: &Projected, place: usize) -> Option<Record<'_>> {
    let (recorded, answer) = (row.entries.get(place)?, row.answers.get(place)?);
    let (start, end) = recorded.range;
    let outcome = if is_done(row, place) { Outcome::Done } else { Outcome::Refused };
    Some(Record { at: row.at.0, number: answer.number.0, outcome, entry: row.batch.get(start..end)? })
}

/// Whether an entry did what it asked for.
fn is_done(row: &Projected, place: usize) -> bool {
    use crate::decision::Verdict;
    let refused = row
        .entries
        .get(place)
        .and_then(|recorded| recorded.decision.as_deref())
        .is_some_and(|decision| matches!(decision.verdict, Verdict::Refuse(_)));
    !refused && row.answers.get(place).is_some_and(|answer| answer.result.is_ok() && !answer.duplicate)
}

/// Adds the row's records to the tree.
pub(super) fn grow(tree: &mut Appender, row: &Projected) {
    for place in 0..row.entries.len() {
        let record = record(row, place).expect("an entry of a row has its bytes and its answer");
        tree.push(record.leaf_hash());
    }
}

/// Stores what has changed of the tree.
pub(super) fn store(transaction: &Transaction<'_>, tree: &mut Appender) -> Result<(), Error> {
    let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO tiles VALUES (?1, ?2, ?3)")?;
    for tile in tree.take_changed() {
        put.execute((tile.level, signed(tile.index), tile.bytes))?;
    }
    Ok(())
}
