//! What apps keep for their users between sessions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use platform::Keeping;
use rusqlite::{Connection, params};

/// The store of what apps keep.
#[derive(Debug)]
pub(crate) struct Kept {
    database: Mutex<Connection>,
}

impl Kept {
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let open = || {
            let database = Connection::open(file)?;
            database.pragma_update(None, "journal_mode", "WAL")?;
            database.pragma_update(None, "synchronous", "FULL")?;
            database.execute_batch(
                "CREATE TABLE IF NOT EXISTS kept (
                     holder TEXT NOT NULL, app TEXT NOT NULL, bytes BLOB NOT NULL,
                     PRIMARY KEY (holder, app)
                 ) STRICT, WITHOUT ROWID;",
            )?;
            Ok::<_, rusqlite::Error>(database)
        };
        let database = open().with_context(|| format!("Cannot open {}.", file.display()))?;
        Ok(Self { database: Mutex::new(database) })
    }

    fn database(&self) -> std::sync::MutexGuard<'_, Connection> {
        // SQLite rolls back what a panic interrupted.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeping for Kept {
    fn keep(&self, holder: &str, app: &str, bytes: &[u8]) -> Result<(), String> {
        let kept = self.database().execute(
            "INSERT INTO kept (holder, app, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT (holder, app) DO UPDATE SET bytes = excluded.bytes",
            params![holder, app, bytes],
        );
        kept.map(drop).map_err(|error| error.to_string())
    }

    fn of(&self, holder: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let database = self.database();
        let read = || {
            let mut query = database.prepare_cached("SELECT app, bytes FROM kept WHERE holder = ?1")?;
            query.query_map([holder], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()
        };
        read().map_err(|error: rusqlite::Error| error.to_string())
    }
}
