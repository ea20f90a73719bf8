//! What was logged, as the projections keep it: leaf hashes, and where each row's records begin.

use audit::{Hash, TileStore as _};
use rusqlite::{Connection, OptionalExtension as _};

use crate::journal::{signed, unsigned};
use crate::projection::SqlTiles;
use crate::{Error, PaymentId};

/// Rows of one moment that are looked at.
const ROWS_OF_A_MOMENT_MAX: u32 = 64;

/// The log in the projections, at one moment.
pub(super) struct Logged<'a> {
    connection: &'a Connection,
    /// How many records there are.
    pub(super) records: u64,
    /// How far the projections have followed the journal.
    pub(super) sequence: u64,
    /// The tile that was read last.
    tile: Option<(u64, Vec<u8>)>,
}

/// Where a row's records begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// In the log, from 0.
    pub(super) record: u64,
    /// The number.
    pub(super) number: u64,
}

/// What is known of a record that was logged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The row of the journal that it was in.
    pub(super) row: Option<u64>,
    pub(super) number: Option<PaymentId>,
}

impl<'a> Logged<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Error> {
        let (sequence, records) =
            connection.query_row("SELECT sequence, records FROM position", [], |row| {
                Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
            })?;
        Ok(Self { connection, records, sequence, tile: None })
    }

    /// A tile of the tree as it is stored.
    pub(super) fn tile(&self, level: u8, index: u64) -> Option<Vec<u8>> {
        SqlTiles(self.connection).tile(level, index)
    }

    /// The leaf of a record; none when there is no such record, or the tile does not read.
    pub(super) fn leaf(&mut self, record: u64) -> Option<Hash> {
        if record >= self.records {
            return None;
        }
        let index = record / 256;
        if self.tile.as_ref().is_none_or(|(at, _)| *at != index) {
            self.tile = Some((index, self.tile(0, index).unwrap_or_default()));
        }
        let (_, tile) = self.tile.as_ref()?;
        let start = usize::try_from(record % 256).ok()?.checked_mul(32)?;
        tile.get(start..start.checked_add(32)?)?.try_into().ok()
    }

    /// Where the records of the rows of a moment, and of the row of a sequence, began.
    pub(super) fn places(&self, at: u64, sequence: u64) -> Result<Vec<Place>, Error> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Place { record: unsigned(row.get(0)?), number: unsigned(row.get(1)?) })
        };
        let mut of_moment = self.connection.prepare_cached(
            "SELECT first_record, first_number FROM rows WHERE at = ?1 AND first_number IS NOT NULL
             ORDER BY sequence LIMIT ?2",
        )?;
        let mut places =
            of_moment.query_map((signed(at), ROWS_OF_A_MOMENT_MAX), read)?.collect::<Result<Vec<_>, _>>()?;
        let mut of_row = self.connection.prepare_cached(
            "SELECT first_record, first_number FROM rows WHERE sequence = ?1 AND first_number IS NOT NULL",
        )?;
        places.extend(of_row.query_row([signed(sequence)], read).optional()?);
        Ok(places)
    }

    /// Which row a record was in, and its number, as far as the tables say. They are guarded by nothing but
    /// their agreement with the tree.
    pub(super) fn known(&self, record: u64) -> Result<Known, Error> {
        // Rows lie in order, so the last that begins at the record or before it has it.
        let (mut low, mut high) = (0, self.sequence);
        while low < high {
            let middle = low.saturating_add(high.saturating_sub(low).div_ceil(2));
            let begins = self.row(middle)?.map(|(record, _)| record);
            if begins.is_some_and(|begins| begins <= record) {
                low = middle;
            } else {
                high = middle.saturating_sub(1);
            }
        }
        let Some((_, first)) = self.row(low)? else { return Ok(Known::default()) };
        let Some(first) = first else { return Ok(Known { row: Some(low), number: None }) };
        let mut number = None;
        for table in ["payments", "acts"] {
            if number.is_none() {
                number = self
                    .connection
                    .prepare_cached(&format!(
                        "SELECT number FROM (SELECT number, record FROM {table} WHERE number >= ?1 ORDER BY number
                         LIMIT 8192) WHERE record = ?2"
                    ))?
                    .query_row((signed(first), signed(record)), |row| row.get(0).map(PaymentId::from_sql))
                    .optional()?;
            }
        }
        Ok(Known { row: Some(low), number })
    }

    fn row(&self, sequence: u64) -> Result<Option<(u64, Option<u64>)>, Error> {
        let mut row = self
            .connection
            .prepare_cached("SELECT first_record, first_number FROM rows WHERE sequence = ?1")?;
        let found = row.query_row([signed(sequence)], |row| {
            Ok((unsigned(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(unsigned)))
        });
        Ok(found.optional()?)
    }
}
