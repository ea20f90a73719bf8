//! Batches: the rows of the journal.

use ledger::Content;

use super::{Entry, version_one};
use crate::codec::Reader;
use crate::decision::Decision;

/// Version of the batch format that is written: the first byte of each.
const BATCH_VERSION: u8 = 2;

/// A request on its way to the writer.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) content: Content,
    /// The entry's bytes.
    pub(crate) encoded: Vec<u8>,
}

impl Item {
    pub(crate) fn new(entry: Entry) -> Self {
        let mut encoded = Vec::with_capacity(128);
        let content = entry.encode(&mut encoded);
        Self { entry, content, encoded }
    }
}

/// An entry as it stands in a row: with its decision, and its bytes, which are what the audit log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) entry: Entry,
    pub(crate) content: Content,
    pub(crate) decision: Option<Box<Decision>>,
    /// Where its bytes begin and end in the batch.
    pub(crate) range: (usize, usize),
}

/// The start of a batch's bytes; each entry with its decision follows.
pub(crate) fn batch_header(count: usize) -> [u8; 5] {
    let [a, b, c, d] = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    [BATCH_VERSION, a, b, c, d]
}

/// Reads the batch in this row back. `None` when the bytes are no batch of a known version.
pub(crate) fn decode_batch(sequence: u64, bytes: &[u8]) -> Option<Vec<Recorded>> {
    let mut from = Reader(bytes);
    let version = from.u8().filter(|version| (1..=BATCH_VERSION).contains(version))?;
    let count = usize::try_from(from.u32()?).ok()?;
    if count > from.0.len() {
        return None;
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let start = bytes.len().checked_sub(from.0.len())?;
        let (entry, content, decision) = match version {
            1 => version_one::decode(&mut from, sequence, start)?,
            BATCH_VERSION => {
                let (entry, content) = Entry::decode(&mut from)?;
                (entry, content, Decision::decode(&mut from)?)
            }
            _ => return None,
        };
        let end = bytes.len().checked_sub(from.0.len())?;
        entries.push(Recorded { entry, content, decision, range: (start, end) });
    }
    from.0.is_empty().then_some(entries)
}

/// Requests as one node passes them on to another: like a batch, but nothing is decided yet.
pub(crate) fn encode_items<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> Vec<u8> {
    let mut bytes = batch_header(items.clone().count()).to_vec();
    items.for_each(|item| bytes.extend_from_slice(&item.encoded));
    bytes
}

/// Reads what another node has passed on. `None` when it is not of this version.
pub(crate) fn decode_items(bytes: &[u8]) -> Option<Vec<Item>> {
    let mut from = Reader(bytes);
    if from.u8()? != BATCH_VERSION {
        return None;
    }
    let count = usize::try_from(from.u32()?).ok()?;
    if count > from.0.len() {
        return None;
    }
    let items = (0..count).map(|_| Entry::decode(&mut from).map(|(entry, _)| Item::new(entry)));
    let items = items.collect::<Option<Vec<_>>>()?;
    from.0.is_empty().then_some(items)
}

/// Reads one entry with its decision: what a record of the audit log holds.
pub(crate) fn decode_entry(bytes: &[u8]) -> Option<(Entry, Option<Box<Decision>>)> {
    let mut from = Reader(bytes);
    let (entry, _) = Entry::decode(&mut from)?;
    let decision = Decision::decode(&mut from)?;
    from.0.is_empty().then_some((entry, decision))
}
