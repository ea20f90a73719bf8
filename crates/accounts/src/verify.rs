//! The whole-book check on disk: the chain, a replay from the first row, and the projections against it. What
//! goes deeper, down to every record and every signed head, is in `log`.

mod align;
mod differences;
mod log;
mod logged;
mod report;
mod tables;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, HashMap};

use ledger::{Ledger, Limits};
use money::Currency;
use rusqlite::Connection;

use crate::book::Book;
use crate::journal::{self, Row, signed, unsigned};
use crate::projection::Projected;
use crate::recovery::{Files, apply};
use crate::writer::Copy;
use crate::{Error, queries};

pub(crate) use log::verify_log;
pub use report::{Finding, LogCheck, LogReport, What};

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
    let connection = queries::connect(&files.projections())?;
    // One transaction, so that position, accounts and history are of one moment.
    connection.execute_batch("BEGIN")?;
    let mut replaying = Replaying::new(&connection, Some(copy), limits)?;
    journal::read(files.journal(), replaying.until, |row| replaying.row(row).map(drop))?;
    replaying.finish()
}

/// A replay from the first row, compared with the book in memory and with the projections when it comes to
/// where they stand.
pub(super) struct Replaying<'a> {
    connection: &'a Connection,
    copy: Option<&'a Copy>,
    projected: u64,
    projected_hash: [u8; 32],
    book: Book,
    /// The tables, made anew to be compared; for the deep check.
    fresh: Option<tables::Fresh>,
    rows: u64,
    hash: [u8; 32],
    /// The last row that matters; without a book in memory, the journal's last.
    pub(super) until: u64,
}

impl<'a> Replaying<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        copy: Option<&'a Copy>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let (projected, projected_hash) =
            connection.query_row("SELECT sequence, hash FROM position", [], |row| {
                Ok((unsigned(row.get(0)?), row.get(1)?))
            })?;
        let book = Book::new(limits);
        if projected == 0 {
            compare(connection, &book.ledger)?;
        }
        let until = copy.map_or(u64::MAX, |copy| copy.sequence.max(projected));
        let hash = journal::CHAIN_START;
        Ok(Self { connection, copy, projected, projected_hash, book, fresh: None, rows: 0, hash, until })
    }

    /// Compares every table too, row by row, with what the journal makes of it.
    pub(super) fn with_tables(mut self) -> Result<Self, Error> {
        self.fresh = Some(tables::Fresh::new()?);
        Ok(self)
    }

    /// Takes the next row, which follows the one before it.
    pub(super) fn row(&mut self, row: Row) -> Result<Projected, Error> {
        let (sequence, hash) = (row.sequence, row.hash);
        let projected = apply(&mut self.book, row)?;
        (self.rows, self.hash) = (sequence, hash);
        if let Some(copy) = self.copy.filter(|copy| copy.sequence == sequence) {
            if hash != copy.hash {
                return Err(Error::Damaged(format!("row {sequence} is not the one that was written")));
            }
            if self.book.encode() != copy.book.encode() {
                return Err(Error::Damaged(format!(
                    "its replay to row {sequence} makes another book than the one in memory"
                )));
            }
        }
        if sequence == self.projected {
            if hash != self.projected_hash {
                return Err(Error::Damaged(format!(
                    "row {sequence} is not the one the projections followed"
                )));
            }
            compare(self.connection, &self.book.ledger)?;
        }
        if let Some(fresh) = &mut self.fresh {
            fresh.follow(&projected)?;
        }
        if sequence == self.projected
            && let Some(fresh) = self.fresh.take()
        {
            fresh.compare(self.connection)?;
        }
        Ok(projected)
    }

    /// What was verified, when all rows were taken.
    pub(super) fn finish(self) -> Result<Verified, Error> {
        let needed = self.copy.map_or(self.projected, |copy| copy.sequence.max(self.projected));
        if self.rows < needed {
            return Err(Error::Damaged(format!("it ends before row {needed}")));
        }
        let book = self.copy.map_or(&self.book, |copy| &copy.book);
        let totals = book.ledger.check().map_err(|fault| Error::Damaged(fault.to_string()))?;
        Ok(Verified {
            rows: self.copy.map_or(self.rows, |copy| copy.sequence),
            hash: self.copy.map_or(self.hash, |copy| copy.hash),
            accounts: book.ledger.accounts().len(),
            holds: book.ledger.holds().len(),
            turnover: totals.into_iter().map(|(currency, totals)| (currency, totals.debits_posted)).collect(),
        })
    }
}

/// What an account's legs make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Chain {
    debits: i64,
    credits: i64,
    last: i64,
    lines: i64,
}

/// Follows all legs in order: each names the one before it of both its accounts, and the balances after it.
fn follow_chains(connection: &Connection) -> Result<HashMap<i64, Chain>, Error> {
    let mut chains: HashMap<i64, Chain> = HashMap::new();
    let mut legs = connection.prepare(
        "SELECT number, amount, debit, debit_previous, debit_balance, credit, credit_previous, credit_balance
         FROM legs ORDER BY number",
    )?;
    let mut rows = legs.query([])?;
    while let Some(row) = rows.next()? {
        let (number, amount): (i64, i64) = (row.get(0)?, row.get(1)?);
        for (side, debits, credits) in [(2, amount, 0), (5, 0, amount)] {
            let (account, previous, balance): (i64, i64, i64) =
                (row.get(side)?, row.get(side.saturating_add(1))?, row.get(side.saturating_add(2))?);
            let chain = chains.entry(account).or_default();
            let before = std::mem::replace(&mut chain.last, number);
            chain.debits = chain.debits.saturating_add(debits);
            chain.credits = chain.credits.saturating_add(credits);
            chain.lines = chain.lines.saturating_add(1);
            if before != previous || chain.credits.saturating_sub(chain.debits) != balance {
                return Err(wrong(&format!("leg {number} of account {account}")));
            }
        }
    }
    Ok(chains)
}

fn wrong(what: &str) -> Error {
    Error::Store(format!("the projections are wrong ({what}); the journal is not: rebuild them"))
}

/// The projections must say what the book says.
fn compare(connection: &Connection, book: &Ledger) -> Result<(), Error> {
    let count: i64 = connection.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?;
    if usize::try_from(count) != Ok(book.accounts().len()) {
        return Err(wrong("the number of accounts"));
    }
    let chains = follow_chains(connection)?;
    let mut account = connection.prepare(
        "SELECT coalesce(debits, 0), coalesce(credits, 0), coalesce(held, 0), coalesce(last_leg, 0), coalesce(lines, 0),
                closed
         FROM accounts LEFT JOIN balances ON account = id WHERE id = ?1",
    )?;
    for expected in book.accounts() {
        let id = signed(expected.id().0);
        let (found, held, closed): (Chain, i64, bool) = account.query_row([id], |row| {
            let chain =
                Chain { debits: row.get(0)?, credits: row.get(1)?, last: row.get(3)?, lines: row.get(4)? };
            Ok((chain, row.get(2)?, row.get(5)?))
        })?;
        let (balance, held_there) = (expected.balance().minor_units(), expected.held().minor_units());
        if found != chains.get(&id).copied().unwrap_or_default()
            || (found.credits.saturating_sub(found.debits), held) != (balance, held_there)
            || closed != expected.is_closed()
        {
            return Err(wrong(&format!("account {}", expected.id().0)));
        }
    }
    let open: i64 =
        connection.query_row("SELECT count(*) FROM holds WHERE state = 'open'", [], |row| row.get(0))?;
    if usize::try_from(open) != Ok(book.holds().len()) {
        return Err(wrong("the number of open holds"));
    }
    Ok(())
}
