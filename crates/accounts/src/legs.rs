//! Every amount that went from one account to another, and each account's lines among them.
//!
//! A table ordered by account would touch another page for each line; cost would grow with the number of
//! accounts. Here one row is appended for a leg, with both sides; each side names the account's line before it,
//! so an account's history is a chain from its newest line back. Every 64th line of an account is *marked* in an
//! index of its own, so that a reader can begin anywhere in the chain.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension};

use crate::{AccountId, Error};

/// Amounts in minor units of the accounts' currency.
pub(crate) const TABLES: &str = "
    CREATE TABLE balances (
        account INTEGER PRIMARY KEY, debits INTEGER NOT NULL, credits INTEGER NOT NULL, held INTEGER NOT NULL,
        last_leg INTEGER NOT NULL, lines INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE legs (
        number INTEGER PRIMARY KEY, payment INTEGER NOT NULL, kind TEXT NOT NULL, debit INTEGER NOT NULL,
        credit INTEGER NOT NULL, amount INTEGER NOT NULL, debit_balance INTEGER NOT NULL,
        credit_balance INTEGER NOT NULL, debit_previous INTEGER NOT NULL, credit_previous INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE leg_marks (account INTEGER, number INTEGER, PRIMARY KEY (account, number)) STRICT, WITHOUT ROWID;
";

/// Lines of an account from one mark to the next.
const MARK_EVERY: i64 = 64;
/// Accounts whose standing the projector remembers; more are read again.
const STANDINGS_MAX: usize = 1 << 20;
/// More legs than any payment has.
const LEGS_MAX: i64 = 64;

/// One amount from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Higher than that of any leg before.
    pub(crate) number: i64,
    /// The payment that it is part of.
    pub(crate) payment: i64,
    pub(crate) kind: &'static str,
    pub(crate) debit: AccountId,
    pub(crate) credit: AccountId,
    pub(crate) amount: i64,
    pub(crate) debit_balance: i64,
    pub(crate) credit_balance: i64,
}

/// A row of `balances`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Standing {
    debits: i64,
    credits: i64,
    held: i64,
    last_leg: i64,
    lines: i64,
    /// Not written yet.
    changed: bool,
}

/// Who writes these tables.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    /// What `balances` says of accounts that moved lately, so that it need not be read.
    standings: HashMap<AccountId, Standing>,
    /// Since the last [`Legs::write`].
    legs: Vec<Leg>,
    held: Vec<(AccountId, i64)>,
}

impl Legs {
    pub(crate) fn push(&mut self, leg: Leg) {
        self.legs.push(leg);
    }

    /// Adds to what is on hold on an account.
    pub(crate) fn hold(&mut self, account: AccountId, amount: i64) {
        self.held.push((account, amount));
    }

    /// Writes what was pushed. After an error, this is not to be used any more.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<(), Error> {
        let mut changes = Changes { connection, standings: &mut self.standings, changed: Vec::new() };
        let mut insert =
            connection.prepare_cached("INSERT INTO legs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
        for leg in self.legs.drain(..) {
            let debit_previous = changes.line(leg.debit, leg.number, (leg.amount, 0))?;
            let credit_previous = changes.line(leg.credit, leg.number, (0, leg.amount))?;
            insert.execute((
                leg.number,
                leg.payment,
                leg.kind,
                leg.debit.sql(),
                leg.credit.sql(),
                leg.amount,
                leg.debit_balance,
                leg.credit_balance,
                debit_previous,
                credit_previous,
            ))?;
        }
        for (account, amount) in self.held.drain(..) {
            let standing = changes.of(account)?;
            standing.held = standing.held.saturating_add(amount);
        }
        changes.write()?;
        if self.standings.len() > STANDINGS_MAX {
            self.standings.clear();
        }
        Ok(())
    }
}

/// What one step changes in `balances`.
struct Changes<'a> {
    connection: &'a Connection,
    standings: &'a mut HashMap<AccountId, Standing>,
    changed: Vec<AccountId>,
}

impl Changes<'_> {
    /// An account's standing, to be changed.
    fn of(&mut self, account: AccountId) -> Result<&mut Standing, Error> {
        let standing = match self.standings.entry(account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(read_standing(self.connection, account)?),
        };
        if !std::mem::replace(&mut standing.changed, true) {
            self.changed.push(account);
        }
        Ok(standing)
    }

    /// Adds a line to an account, by its debit and credit; returns the number of the one before it.
    fn line(&mut self, account: AccountId, number: i64, (debit, credit): (i64, i64)) -> Result<i64, Error> {
        let standing = self.of(account)?;
        standing.debits = standing.debits.saturating_add(debit);
        standing.credits = standing.credits.saturating_add(credit);
        standing.lines = standing.lines.saturating_add(1);
        let previous = std::mem::replace(&mut standing.last_leg, number);
        if standing.lines % MARK_EVERY == 0 {
            self.connection
                .prepare_cached("INSERT INTO leg_marks VALUES (?1, ?2)")?
                .execute((account.sql(), number))?;
        }
        Ok(previous)
    }

    /// Writes them in order: neighbours share a page.
    fn write(mut self) -> Result<(), Error> {
        self.changed.sort_unstable();
        let mut replace = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO balances VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for account in &self.changed {
            if let Some(standing) = self.standings.get_mut(account) {
                standing.changed = false;
                let Standing { debits, credits, held, last_leg, lines, .. } = *standing;
                replace.execute((account.sql(), debits, credits, held, last_leg, lines))?;
            }
        }
        Ok(())
    }
}

fn read_standing(connection: &Connection, account: AccountId) -> Result<Standing, Error> {
    let found = connection
        .prepare_cached("SELECT debits, credits, held, last_leg, lines FROM balances WHERE account = ?1")?
        .query_row([account.sql()], |row| {
            let (debits, credits, held) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Standing { debits, credits, held, last_leg: row.get(3)?, lines: row.get(4)?, changed: false })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// An account's side of a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: i64,
    pub(crate) payment: i64,
    pub(crate) kind: String,
    pub(crate) counterparty: AccountId,
    /// What it did to the balance.
    pub(crate) units: i64,
    pub(crate) balance_after: i64,
    previous: i64,
}

/// The newest lines of an account with numbers below `before`, newest first, as long as `wanted` says so: it is
/// asked about each, with how many were taken before it.
pub(crate) fn lines(
    connection: &Connection,
    account: AccountId,
    before: i64,
    wanted: impl Fn(usize, &Line) -> bool,
) -> rusqlite::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut next = newest_before(connection, account, before)?;
    while let Some(line) = next {
        if !wanted(lines.len(), &line) {
            break;
        }
        next = line_at(connection, account, line.previous)?;
        lines.push(line);
    }
    Ok(lines)
}

/// The account's balance after its last leg of a payment, whose legs begin at this number; 0 if it has none.
pub(crate) fn balance_after(
    connection: &Connection,
    account: AccountId,
    payment: i64,
    first: i64,
) -> rusqlite::Result<i64> {
    let mut legs = connection.prepare_cached(
        "SELECT debit, debit_balance, credit, credit_balance FROM legs
         WHERE number >= ?1 AND number < ?2 AND payment = ?3 ORDER BY number",
    )?;
    let mut rows = legs.query((first, first.saturating_add(LEGS_MAX), payment))?;
    let mut balance = 0;
    while let Some(row) = rows.next()? {
        for (side, after) in [(0, 1), (2, 3)] {
            if row.get::<_, i64>(side)? == account.sql() {
                balance = row.get(after)?;
            }
        }
    }
    Ok(balance)
}

fn newest_before(connection: &Connection, account: AccountId, before: i64) -> rusqlite::Result<Option<Line>> {
    // A cursor is the number of a line of this account.
    if let Some(line) = line_at(connection, account, before)? {
        return line_at(connection, account, line.previous);
    }
    let marked: Option<i64> = connection
        .prepare_cached(
            "SELECT number FROM leg_marks WHERE account = ?1 AND number >= ?2 ORDER BY number LIMIT 1",
        )?
        .query_row((account.sql(), before), |row| row.get(0))
        .optional()?;
    let start = match marked {
        Some(number) => Some(number),
        None => connection
            .prepare_cached("SELECT last_leg FROM balances WHERE account = ?1")?
            .query_row([account.sql()], |row| row.get(0))
            .optional()?,
    };
    let mut line = line_at(connection, account, start.unwrap_or(0))?;
    while let Some(later) = line.take_if(|line| line.number >= before) {
        line = line_at(connection, account, later.previous)?;
    }
    Ok(line)
}

/// The account's side of the leg with this number; none if it has none.
fn line_at(connection: &Connection, account: AccountId, number: i64) -> rusqlite::Result<Option<Line>> {
    let line = connection
        .prepare_cached(
            "SELECT payment, kind, debit, credit, amount, debit_balance, credit_balance, debit_previous, credit_previous
             FROM legs WHERE number = ?1",
        )?
        .query_row([number], |row| {
            let [debit, credit, amount]: [i64; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
            let (counterparty, units, balance_after, previous): (_, _, _, i64) = if debit == account.sql() {
                (credit, amount.saturating_neg(), row.get(5)?, row.get(7)?)
            } else if credit == account.sql() {
                (debit, amount, row.get(6)?, row.get(8)?)
            } else {
                return Ok(None);
            };
            Ok(Some(Line {
                number,
                payment: row.get(0)?,
                kind: row.get(1)?,
                counterparty: AccountId::from_sql(counterparty),
                units,
                balance_after,
                // Always an older one: a damaged chain ends.
                previous: previous.min(number.saturating_sub(1)),
            }))
        })
        .optional()?;
    Ok(line.flatten())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests compute small numbers")]
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn table() -> Connection {
        let connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch(TABLES).expect("makes the tables");
        connection
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Few accounts, so that chains pass many marks; steps, and writers that begin anew.
        #[test]
        fn an_accounts_lines_are_found_from_anywhere(
            moves in prop::collection::vec((1..6_u64, 1..5_u64, 1..4_i64, any::<bool>()), 1..900),
            befores in prop::collection::vec(0..2_000_i64, 20),
            limit in 1..150_usize,
        ) {
            let connection = table();
            let mut legs = Legs::default();
            let mut expected: BTreeMap<u64, Vec<Line>> = BTreeMap::new();
            let mut balances: BTreeMap<u64, i64> = BTreeMap::new();
            let mut number = 0;
            for (step, (debit, further, gap, anew)) in moves.into_iter().enumerate() {
                number += gap;
                let credit = (debit + further - 1) % 5 + 1;
                let credit = if credit == debit { credit % 5 + 1 } else { credit };
                let amount = number + 10;
                *balances.entry(debit).or_default() -= amount;
                *balances.entry(credit).or_default() += amount;
                let (debit_balance, credit_balance) = (balances[&debit], balances[&credit]);
                for (account, other, units) in [(debit, credit, -amount), (credit, debit, amount)] {
                    let lines = expected.entry(account).or_default();
                    lines.push(Line {
                        number, payment: number, kind: "pay".to_owned(), counterparty: AccountId(other), units,
                        balance_after: balances[&account], previous: lines.last().map_or(0, |line| line.number),
                    });
                }
                legs.push(Leg {
                    number, payment: number, kind: "pay", debit: AccountId(debit), credit: AccountId(credit), amount,
                    debit_balance, credit_balance,
                });
                if anew || step % 100 == 0 {
                    legs.write(&connection).expect("writes");
                }
                if anew && step % 7 == 0 {
                    legs = Legs::default();
                }
            }
            legs.write(&connection).expect("writes");
            for account in 1..=6 {
                let all = expected.remove(&account).unwrap_or_default();
                let cursors = all.iter().step_by(50).map(|line| line.number);
                for before in befores.iter().copied().chain(cursors).chain([i64::MAX]) {
                    let found = lines(&connection, AccountId(account), before, |so_far, _| so_far < limit).expect("reads");
                    let wanted: Vec<_> =
                        all.iter().rev().filter(|line| line.number < before).take(limit).cloned().collect();
                    prop_assert_eq!(found, wanted);
                }
                let balance: Option<i64> = connection
                    .query_row("SELECT credits - debits FROM balances WHERE account = ?1", [AccountId(account).sql()], |row| row.get(0))
                    .optional().expect("reads");
                prop_assert_eq!(balance, balances.get(&account).copied());
            }
        }
    }

    #[test]
    fn what_is_on_hold_is_kept_too_and_a_chain_in_a_circle_ends() {
        let connection = table();
        let mut legs = Legs::default();
        legs.hold(AccountId(1), 70);
        legs.hold(AccountId(1), -20);
        legs.write(&connection).expect("writes");
        let held = connection
            .query_row("SELECT held FROM balances WHERE account = 1", [], |row| row.get::<_, i64>(0));
        assert_eq!(held.expect("reads"), 50);
        for number in 1..4 {
            legs.push(Leg {
                number,
                payment: number,
                kind: "pay",
                debit: AccountId(1),
                credit: AccountId(2),
                amount: 1,
                debit_balance: -number,
                credit_balance: number,
            });
        }
        legs.write(&connection).expect("writes");
        connection.execute("UPDATE legs SET debit_previous = 3 WHERE number = 2", []).expect("damages");
        assert_eq!(lines(&connection, AccountId(1), i64::MAX, |_, _| true).expect("reads").len(), 3);
    }
}
