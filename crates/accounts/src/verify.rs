//! The whole-book check on disk: the chain, a replay from the first row, and the projections against it.

use std::collections::BTreeMap;

use ledger::{Ledger, Limits};
use money::Currency;
use rusqlite::Connection;

use crate::book::Book;
use crate::journal::{self, signed, unsigned};
use crate::recovery::{Files, apply};
use crate::writer::Copy;
use crate::{Error, queries};

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Rows of the journal, all of which follow from one another.
    pub rows: u64,
    /// Hash of the last one: it stands for the whole journal.
    pub hash: [u8; 32],
    /// Accounts.
    pub accounts: usize,
    /// Open holds.
    pub holds: usize,
    /// For each currency, the sum of all debits, which equals the sum of all credits, in minor units.
    pub turnover: BTreeMap<Currency, u128>,
}

/// Verifies the book on disk against a copy of the book in memory.
pub(crate) fn verify(files: &Files, copy: &Copy, limits: Limits) -> Result<Verified, Error> {
    let totals = copy.book.ledger.check().map_err(|fault| Error::Damaged(fault.to_string()))?;
    let connection = queries::connect(&files.projections())?;
    // One transaction, so that position, accounts and history are of one moment.
    connection.execute_batch("BEGIN")?;
    let projected = unsigned(connection.query_row("SELECT sequence FROM position", [], |row| row.get(0))?);
    let until = copy.sequence.max(projected);
    let mut replayed = Book::new(limits);
    if projected == 0 {
        compare(&connection, &replayed.ledger)?;
    }
    journal::read(files.journal(), until, |row| {
        let (sequence, hash) = (row.sequence, row.hash);
        apply(&mut replayed, row)?;
        if sequence == copy.sequence {
            if hash != copy.hash {
                return Err(Error::Damaged(format!("row {sequence} is not the one that was written")));
            }
            if replayed.encode() != copy.book.encode() {
                return Err(Error::Damaged(format!(
                    "its replay to row {sequence} makes another book than the one in memory"
                )));
            }
        }
        if sequence == projected {
            compare(&connection, &replayed.ledger)?;
        }
        Ok(())
    })?;
    Ok(Verified {
        rows: copy.sequence,
        hash: copy.hash,
        accounts: copy.book.ledger.accounts().len(),
        holds: copy.book.ledger.holds().len(),
        turnover: totals.into_iter().map(|(currency, totals)| (currency, totals.debits_posted)).collect(),
    })
}

/// The projections must say what the book says.
fn compare(connection: &Connection, book: &Ledger) -> Result<(), Error> {
    let wrong = |what: String| {
        Err(Error::Store(format!("the projections are wrong ({what}); the journal is not: rebuild them")))
    };
    let count: i64 = connection.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?;
    if usize::try_from(count) != Ok(book.accounts().len()) {
        return wrong("the number of accounts".to_owned());
    }
    let mut account = connection.prepare(
        "SELECT credits - debits, held, closed, (SELECT coalesce(sum(amount), 0) FROM history WHERE account = accounts.id)
         FROM accounts WHERE id = ?1",
    )?;
    for expected in book.accounts() {
        let id = signed(expected.id().0);
        let found: (i64, i64, bool, i64) =
            account.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let balance = expected.balance().minor_units();
        if found != (balance, expected.held().minor_units(), expected.is_closed(), balance) {
            return wrong(format!("account {}", expected.id().0));
        }
    }
    let open: i64 =
        connection.query_row("SELECT count(*) FROM holds WHERE state = 'open'", [], |row| row.get(0))?;
    if usize::try_from(open) != Ok(book.holds().len()) {
        return wrong("the number of open holds".to_owned());
    }
    Ok(())
}
