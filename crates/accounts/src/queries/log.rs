//! The audit log: acts, heads, and where a payment's record stands.

use ledger::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use crate::history::PAGE_ENTRIES_MAX;
use crate::journal::unsigned;
use crate::{Act, ActRecord, PaymentId};

/// Acts of one kind, or of all, newest first, older than the number.
pub(crate) fn acts(
    connection: &Connection,
    action: Option<&str>,
    before: Option<PaymentId>,
    limit: u32,
) -> rusqlite::Result<Vec<ActRecord>> {
    connection
        .prepare_cached(
            "SELECT number, at, actor, action, subject, detail, key FROM acts
             WHERE (?1 IS NULL OR action = ?1) AND number < ?2 ORDER BY number DESC LIMIT ?3",
        )?
        .query_map(
            (action, before.map_or(i64::MAX, PaymentId::sql), limit.clamp(1, 10 * PAGE_ENTRIES_MAX)),
            |row| {
                let act = Act {
                    actor: row.get(2)?,
                    action: row.get(3)?,
                    subject: row.get(4)?,
                    detail: row.get(5)?,
                    key: row.get(6)?,
                };
                let (number, at) = (PaymentId::from_sql(row.get(0)?), Timestamp(unsigned(row.get(1)?)));
                Ok(ActRecord { number, at, act })
            },
        )?
        .collect()
}

/// How many records the log has.
pub(crate) fn size(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT records FROM position", [], |row| row.get(0).map(unsigned))
}

/// Signed heads, the smallest first.
pub(crate) fn heads(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare_cached("SELECT bytes FROM heads ORDER BY size")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The newest signed head.
pub(crate) fn last_head(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT bytes FROM heads ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// Where the record of a command stands: row of the journal, record of the log, first record of that row.
pub(crate) fn place(connection: &Connection, number: PaymentId) -> rusqlite::Result<Option<(u64, u64, u64)>> {
    connection
        .prepare_cached(
            "SELECT p.sequence, p.record, r.first_record FROM payments p JOIN rows r ON r.sequence = p.sequence
             WHERE p.number = ?1",
        )?
        .query_row([number.sql()], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?), unsigned(row.get(2)?)))
        })
        .optional()
}
