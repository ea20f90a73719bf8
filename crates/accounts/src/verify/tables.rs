//! Whether the tables say what the journal makes them: they are made anew in a file of their own and compared row by
//! row. It finds what somebody has changed in a table behind the program's back - a holder, an act, a payment that a
//! refund was measured by - which no sum shows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::wrong;
use crate::entry::{Entry, RefundEntry};
use crate::projection::{Projected, Projection};
use crate::{Error, PaymentId};

/// The tables, and what orders their rows. Those of the idempotency index depend on how many rows were followed at
/// a time, and are not compared; the tree's tiles are compared with the records by themselves.
const TABLES: [(&str, &str); 9] = [
    ("rows", "sequence"),
    ("accounts", "id"),
    ("payments", "number"),
    ("holds", "number"),
    ("acts", "number"),
    ("heads", "size"),
    ("legs", "number"),
    ("balances", "account"),
    ("leg_marks", "account, number"),
];

/// Tables in the making. Their folder goes when this does.
#[derive(Debug)]
pub(super) struct Fresh {
    projection: Projection,
    folder: Folder,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Fresh {
    /// Empty tables in the system's folder for temporary files.
    pub(super) fn new() -> Result<Self, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("thinpay-verify-{}-{number}", std::process::id()));
        std::fs::create_dir(&path)?;
        let folder = Folder(path);
        let projection = Projection::open(&folder.0.join("tables.sqlite"))?;
        projection.forget_syncs()?;
        Ok(Self { projection, folder })
    }

    /// Follows one more row. Each refund in it must name what its original moved: the writer believes the tables
    /// about that, and here they are made from the journal alone.
    pub(super) fn follow(&mut self, row: &Projected) -> Result<(), Error> {
        self.projection.project(std::slice::from_ref(row))?;
        for (recorded, answer) in row.entries.iter().zip(&row.answers) {
            let Entry::Refund(RefundEntry { refund, of, from, to }) = &recorded.entry else { continue };
            if answer.result.is_err() || answer.duplicate {
                continue;
            }
            // What a refund takes from the payee it gives to the payer.
            let named = (of.minor_units(), of.currency().code().to_owned(), to.sql(), from.sql());
            if self.projection.moved(refund.original)? != Some(named) {
                let number = PaymentId(answer.number.0);
                return Err(Error::Damaged(format!(
                    "refund {number} gives back what its original {} did not move",
                    refund.original
                )));
            }
        }
        Ok(())
    }

    /// Compares with the tables in use.
    pub(super) fn compare(self, used: &Connection) -> Result<(), Error> {
        let Self { projection, folder } = self;
        drop(projection);
        let made = crate::queries::connect(&folder.0.join("tables.sqlite"))?;
        for (table, order) in TABLES {
            compare_table(used, &made, table, order)?;
        }
        Ok(())
    }
}

fn compare_table(used: &Connection, made: &Connection, table: &str, order: &str) -> Result<(), Error> {
    let query = format!("SELECT * FROM {table} ORDER BY {order}");
    let (mut used, mut made) = (used.prepare(&query)?, made.prepare(&query)?);
    let columns = made.column_count();
    let (mut used, mut made) = (used.query([])?, made.query([])?);
    loop {
        match (used.next()?, made.next()?) {
            (None, None) => return Ok(()),
            (Some(row), None) => return Err(wrong(&format!("{table} has a row too many: {}", name(row)))),
            (None, Some(row)) => return Err(wrong(&format!("{table} has lost a row: {}", name(row)))),
            (Some(found), Some(expected)) => {
                match found.get::<_, i64>(0)?.cmp(&expected.get::<_, i64>(0)?) {
                    std::cmp::Ordering::Less => {
                        return Err(wrong(&format!("{table} has a row too many: {}", name(found))));
                    }
                    std::cmp::Ordering::Greater => {
                        return Err(wrong(&format!("{table} has lost a row: {}", name(expected))));
                    }
                    std::cmp::Ordering::Equal => {}
                }
                for column in 0..columns {
                    if found.get_ref(column)? != expected.get_ref(column)? {
                        return Err(wrong(&format!("{table} was changed: {}", name(expected))));
                    }
                }
            }
        }
    }
}

/// The first column, which tells rows apart well enough to find one.
fn name(row: &rusqlite::Row<'_>) -> String {
    match row.get_ref(0) {
        Ok(ValueRef::Integer(number)) => format!("row {number}"),
        _ => "a row".to_owned(),
    }
}
