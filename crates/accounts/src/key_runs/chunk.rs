//! The rows that runs are made of. A run's keys are divided among its chunks by value, evenly since they are
//! scattered: which chunk a key is in is computed, and one row of a page is read to find it.
//!
//! A row begins with a checksum of its place and its content: one that was changed, or is in the wrong place,
//! is an error and never an absent key.

use rusqlite::{Connection, OptionalExtension};

use super::damaged;
use super::scatter::high;
use crate::Error;

/// A scattered key and its number.
pub(super) type Entry = (u128, u64);

const CHECKSUM_BYTES: usize = 8;
const ENTRY_BYTES: usize = 24;
/// Entries in a chunk on average, so that hardly one in a hundred is too many for a page of 4 KiB.
pub(super) const ENTRIES_MEAN: usize = 136;

/// Rows of a run's filter come after its chunks.
const FILTER: i64 = 1 << 31;
const PLACES_PER_RUN: i64 = 1 << 32;

fn place(run: u32, chunk: u32) -> i64 {
    i64::from(run).saturating_mul(PLACES_PER_RUN).saturating_add(i64::from(chunk))
}

/// A place that no chunk has, for the checksum of a step of the tail.
pub(super) fn tail_place(step: i64) -> i64 {
    !step
}

/// How many chunks so many entries are divided among.
pub(super) fn chunks_for(entries: u64) -> u32 {
    let mean = u64::try_from(ENTRIES_MEAN).unwrap_or(u64::MAX);
    // Those above half the places are the filter's.
    u32::try_from(entries.div_ceil(mean)).unwrap_or(u32::MAX).clamp(1, 1 << 31)
}

/// Which of so many equal parts of all 64-bit values this one falls into.
pub(super) fn share(value: u64, parts: u64) -> u64 {
    high(u128::from(value) * u128::from(parts))
}

pub(super) fn chunk_of(key: u128, chunks: u32) -> u32 {
    u32::try_from(share(high(key), u64::from(chunks))).unwrap_or(u32::MAX)
}

/// Four words at a time, so that the multiplications overlap. Finds accidents, not forgeries: who can write
/// the file can write anything.
fn checksum(place: i64, body: &[u8]) -> u64 {
    const FACTORS: [u64; 4] =
        [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB, 0xD6E8_FEB8_6659_FD93];
    let mut lanes = FACTORS.map(|factor| factor ^ u64::from_le_bytes(place.to_le_bytes()));
    let (words, rest) = body.as_chunks::<8>();
    for words in words.chunks(4) {
        for ((lane, word), factor) in lanes.iter_mut().zip(words).zip(FACTORS) {
            *lane = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(factor);
            *lane ^= *lane >> 32;
        }
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    lanes.iter().zip(FACTORS).fold(u64::from_le_bytes(last) ^ length, |sum, (lane, factor)| {
        let sum = (sum ^ lane).wrapping_mul(factor);
        sum ^ (sum >> 29)
    })
}

fn seal(place: i64, bytes: &mut [u8]) {
    let Some((head, body)) = bytes.split_first_chunk_mut::<CHECKSUM_BYTES>() else { return };
    *head = checksum(place, body).to_le_bytes();
}

fn unseal(place: i64, bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = bytes.split_first_chunk::<CHECKSUM_BYTES>()?;
    (checksum(place, body).to_le_bytes() == *head).then_some(body)
}

pub(super) fn encode(place: i64, entries: &[Entry], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(CHECKSUM_BYTES + entries.len() * ENTRY_BYTES);
    out.extend_from_slice(&[0; CHECKSUM_BYTES]);
    for (key, number) in entries {
        out.extend_from_slice(&key.to_be_bytes());
        out.extend_from_slice(&number.to_le_bytes());
    }
    seal(place, out);
}

fn read_entry(bytes: &[u8; ENTRY_BYTES]) -> Option<Entry> {
    let (key, rest) = bytes.split_first_chunk()?;
    Some((u128::from_be_bytes(*key), u64::from_le_bytes(*rest.first_chunk()?)))
}

/// Appends the entries; none if these are not the bytes that were written at this place.
pub(super) fn decode(place: i64, bytes: &[u8], out: &mut Vec<Entry>) -> Option<()> {
    let (entries, rest) = unseal(place, bytes)?.as_chunks::<ENTRY_BYTES>();
    out.extend(entries.iter().filter_map(read_entry));
    rest.is_empty().then_some(())
}

pub(super) fn store(
    connection: &Connection,
    run: u32,
    chunk: u32,
    entries: &[Entry],
    buffer: &mut Vec<u8>,
) -> Result<(), Error> {
    let place = place(run, chunk);
    encode(place, entries, buffer);
    insert(connection, place, buffer)
}

fn insert(connection: &Connection, place: i64, bytes: &[u8]) -> Result<(), Error> {
    connection.prepare_cached("INSERT INTO key_chunks VALUES (?1, ?2)")?.execute((place, bytes))?;
    Ok(())
}

fn with_row<T>(
    connection: &Connection,
    run: u32,
    chunk: u32,
    read: impl FnOnce(i64, &[u8]) -> Option<T>,
) -> Result<T, Error> {
    let place = place(run, chunk);
    connection
        .prepare_cached("SELECT bytes FROM key_chunks WHERE place = ?1")?
        .query_row([place], |row| Ok(row.get_ref(0)?.as_blob().ok().and_then(|bytes| read(place, bytes))))
        .optional()?
        .flatten()
        .ok_or_else(|| damaged("a chunk of keys"))
}

/// Reads a chunk in place of what is in `out`.
pub(super) fn load(connection: &Connection, run: u32, chunk: u32, out: &mut Vec<Entry>) -> Result<(), Error> {
    out.clear();
    with_row(connection, run, chunk, |place, bytes| decode(place, bytes, out))
}

/// The number of a key in a run.
pub(super) fn find(connection: &Connection, run: u32, chunks: u32, key: u128) -> Result<Option<u64>, Error> {
    with_row(connection, run, chunk_of(key, chunks), |place, bytes| {
        let (entries, rest) = unseal(place, bytes)?.as_chunks::<ENTRY_BYTES>();
        let first = entries.partition_point(|entry| read_entry(entry).is_some_and(|(found, _)| found < key));
        let found = entries.get(first).and_then(read_entry).filter(|(found, _)| *found == key);
        rest.is_empty().then_some(found.map(|(_, number)| number))
    })
}

pub(super) fn store_filter_row(
    connection: &Connection,
    run: u32,
    row: usize,
    mut body: Vec<u8>,
) -> Result<(), Error> {
    let place = place(run, 0).saturating_add(FILTER).saturating_add(i64::try_from(row).unwrap_or(i64::MAX));
    body.splice(..0, [0; CHECKSUM_BYTES]);
    seal(place, &mut body);
    insert(connection, place, &body)
}

/// Hands out the rows of a run's filter in order, as long as they are accepted.
pub(super) fn filter_rows(
    connection: &Connection,
    run: u32,
    mut accept: impl FnMut(&[u8]) -> bool,
) -> Result<(), Error> {
    let first = place(run, 0).saturating_add(FILTER);
    let last = place(run, u32::MAX);
    let mut statement = connection
        .prepare_cached("SELECT place, bytes FROM key_chunks WHERE place BETWEEN ?1 AND ?2 ORDER BY place")?;
    let mut rows = statement.query((first, last))?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
        if !unseal(row.get(0)?, bytes).is_some_and(&mut accept) {
            return Err(damaged("a filter"));
        }
    }
    Ok(())
}

/// The runs that have rows, whole ones and others.
pub(super) fn runs_present(connection: &Connection) -> Result<Vec<u32>, Error> {
    let mut runs = Vec::new();
    let mut from = 0;
    let mut next =
        connection.prepare("SELECT place FROM key_chunks WHERE place >= ?1 ORDER BY place LIMIT 1")?;
    while let Some(found) = next.query_row([from], |row| row.get::<_, i64>(0)).optional()? {
        let run = u32::try_from(found / PLACES_PER_RUN).map_err(|_| damaged("a place"))?;
        runs.push(run);
        from = place(run, 0).saturating_add(PLACES_PER_RUN);
    }
    Ok(runs)
}

/// Deletes at most so many rows of a run; returns how many.
pub(super) fn delete_some(connection: &Connection, run: u32, most: usize) -> Result<usize, Error> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(place) FROM (SELECT place FROM key_chunks WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3)")?
        .query_row((place(run, 0), place(run, u32::MAX), i64::try_from(most).unwrap_or(i64::MAX)), |row| row.get(0))?;
    let Some(last) = last else { return Ok(0) };
    Ok(connection
        .prepare_cached("DELETE FROM key_chunks WHERE place BETWEEN ?1 AND ?2")?
        .execute((place(run, 0), last))?)
}
