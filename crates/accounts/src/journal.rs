//! The journal: one row for each batch, each with the hash of the one before. It is the truth; everything
//! else can be made from it. What keeps it is in `store`.

use std::time::{Duration, Instant};

use ledger::Timestamp;

use crate::Error;
use crate::store::{self, AppendError, Chain, End, Location, NewRow, Store, StoredRow};

pub(crate) use crate::store::{CHAIN_START, Row, signed, unsigned};

/// How long the outcome of a lost commit is asked for before it stays unknown.
const RESOLVE_MAX: Duration = Duration::from_secs(3);
/// How long to wait before asking again.
const RESOLVE_EVERY: Duration = Duration::from_millis(20);

/// The end of the journal, and the store that adds to it.
#[derive(Debug)]
pub(crate) struct Journal {
    store: Box<dyn Store>,
    at: Timestamp,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

impl Journal {
    /// Opens the journal at this place, or makes a new one.
    pub(crate) fn open(location: &Location) -> Result<Self, Error> {
        let mut store = location.open()?;
        let End { sequence, hash, at } = store.end()?.unwrap_or(End::START);
        Ok(Self { store, at, sequence, hash })
    }

    fn end(&self) -> End {
        End { sequence: self.sequence, hash: self.hash, at: self.at }
    }

    /// Adds a row; when this returns, it is on disk. When the connection is lost meanwhile, it is made anew
    /// and the same row is tried again: either it gets in, or the one that stands there in its place tells
    /// whether it had got in before.
    pub(crate) fn append(&mut self, at: Timestamp, batch: &[u8]) -> Result<(), AppendError> {
        let row = NewRow::after(&self.end(), at, batch);
        let added = match self.store.append(&row) {
            Err(AppendError::Unknown(why)) => self.resolve(&row, why),
            other => other,
        };
        added?;
        self.sequence = row.sequence;
        self.hash = row.hash;
        self.at = row.at;
        Ok(())
    }

    /// Reads what others have added since, checks that it follows, and hands out each row. After an error the
    /// journal stands behind the last row that was taken.
    pub(crate) fn follow(&mut self, mut each: impl FnMut(Row) -> Result<(), Error>) -> Result<(), Error> {
        let mut chain = Chain::after(self.end());
        let read = self.store.read(self.sequence, u64::MAX, &mut |stored| {
            let mut ahead = chain;
            let row = ahead.accept(stored)?;
            each(row)?;
            chain = ahead;
            Ok(())
        });
        let End { sequence, hash, at } = chain.end;
        (self.sequence, self.hash, self.at) = (sequence, hash, at);
        read
    }

    /// Reads again the rows after one that is known, up to the last one that was added or followed.
    pub(crate) fn again(
        &mut self,
        after: (u64, [u8; 32]),
        mut each: impl FnMut(Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (sequence, hash) = after;
        let mut chain = Chain::after(End { sequence, hash, at: Timestamp(0) });
        let until = self.sequence;
        if sequence < until {
            self.store.read(sequence, until, &mut |stored| each(chain.accept(stored)?))?;
        }
        if (chain.end.sequence, chain.end.hash) == (self.sequence, self.hash) {
            Ok(())
        } else {
            Err(Error::Damaged(format!("row {until} is not the one that was written")))
        }
    }

    /// Makes a lost connection anew.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        self.store.reconnect().map(|_| ())
    }

    fn resolve(&mut self, row: &NewRow<'_>, first: String) -> Result<(), AppendError> {
        let since = Instant::now();
        let mut why = first;
        loop {
            match self.store.reconnect() {
                Ok(true) => match self.store.append(row) {
                    Err(AppendError::Unknown(again)) => why = again,
                    Err(AppendError::Fenced(sequence)) => match self.stands(row) {
                        Ok(true) => return Ok(()),
                        Ok(false) => return Err(AppendError::Fenced(sequence)),
                        Err(error) => why = error.to_string(),
                    },
                    settled => return settled,
                },
                Ok(false) => return Err(AppendError::Unknown(why)),
                Err(error) => why = error.to_string(),
            }
            if since.elapsed() >= RESOLVE_MAX {
                return Err(AppendError::Unknown(why));
            }
            std::thread::sleep(RESOLVE_EVERY);
        }
    }

    /// Whether it is this row that stands in its place.
    fn stands(&mut self, row: &NewRow<'_>) -> Result<bool, Error> {
        let mut found = false;
        self.store.read(row.sequence.saturating_sub(1), row.sequence, &mut |stored| {
            found = stored.hash == row.hash;
            Ok(())
        })?;
        Ok(found)
    }
}

/// Reads a journal from its start up to and with row `until` (to its end: `u64::MAX`), checking the chain, and
/// hands out each row; returns the hash of the last. Rows may be added meanwhile.
pub(crate) fn read(
    location: &Location,
    until: u64,
    each: impl FnMut(Row) -> Result<(), Error>,
) -> Result<[u8; 32], Error> {
    let mut store = location.open_to_read()?;
    store::follow(store.as_mut(), End::START, until, each).map(|end| end.hash)
}

/// One row, as it stands there.
pub(crate) fn row(location: &Location, sequence: u64) -> Result<Row, Error> {
    let mut found = None;
    location.open_to_read()?.read(sequence.saturating_sub(1), sequence, &mut |stored| {
        let StoredRow { sequence, hash, at, batch, .. } = stored;
        found = Some(Row { sequence, hash, at, batch });
        Ok(())
    })?;
    found.ok_or_else(|| Error::Damaged(format!("row {sequence} is missing")))
}
