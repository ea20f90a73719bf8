//! The journal in a PostgreSQL database: for several nodes, or one whose operator keeps databases already.
//!
//! A row is one `INSERT` in a transaction of its own, synced before it is answered. The primary key is the
//! fence: of two nodes that write the same sequence, one is refused. A connection that is lost while it
//! commits leaves the outcome unknown; asking again for the same row settles it (`journal.rs`).

use std::fmt;
use std::ops::{Deref, DerefMut};

use ::postgres::error::SqlState;
use ::postgres::{Client, Config, NoTls, Statement};
use ledger::Timestamp;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{AppendError, End, NewRow, Store, StoredRow, newer_version, signed, unsigned, wrong_shape};
use crate::Error;

/// Oldest server that serves, as `server_version_num` has it.
const SERVER_VERSION_MIN: i32 = 150_000;

/// Bytes that one question for rows asks for, about.
const READ_BYTES: usize = 8 << 20;
/// Rows that one question asks for, at most.
const READ_ROWS_MAX: i64 = 4096;

/// How long the server works on one statement before it gives up, and how long it waits for a lock.
const SETTINGS: &str = "SET statement_timeout = '30s';
     SET lock_timeout = '10s';
     SET idle_in_transaction_session_timeout = '60s';
     SET client_min_messages = warning;
     SET bytea_output = hex;";

const INSERT: &str = "INSERT INTO journal (sequence, previous, hash, at, batch) VALUES ($1, $2, $3, $4, $5)";

/// What makes version N + 1 of the tables from version N.
const MIGRATIONS: &[&str] = &[
    // 1: the rows. Batches are dense: to compress them costs time and saves nothing.
    "CREATE TABLE journal (
        sequence bigint PRIMARY KEY,
        previous bytea NOT NULL,
        hash bytea NOT NULL,
        at bigint NOT NULL,
        batch bytea NOT NULL
    );
    ALTER TABLE journal ALTER COLUMN batch SET STORAGE EXTERNAL;",
    // 2: which node writes, and what the nodes send one another. That is for the moment: it need not outlive
    // a crash of the server, and costs no sync.
    "CREATE TABLE lease (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        node text NOT NULL,
        term bigint NOT NULL,
        until timestamptz NOT NULL,
        backend int NOT NULL,
        backend_start timestamptz NOT NULL
    );
    CREATE UNLOGGED TABLE requests (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node text NOT NULL,
        number bigint NOT NULL,
        request bytea NOT NULL,
        sent timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE UNLOGGED TABLE answers (
        node text NOT NULL,
        number bigint NOT NULL,
        answer bytea NOT NULL,
        sent timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (node, number)
    );",
];

/// Version of the tables that this program makes.
pub(super) const VERSION: u32 = 2;

/// A schema in a database, and how to get there.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) config: Config,
    /// None where what is said does not leave the machine, or the operator wants it so.
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) schema: String,
}

impl fmt::Debug for Place {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgreSQL, schema {}", self.schema)
    }
}

impl Place {
    /// Connects, with the settings that every session has.
    pub(crate) fn connect(&self) -> Result<Session, Error> {
        apart(|| {
            let named = |error: ::postgres::Error| fault(self, &error);
            let client = match &self.tls {
                Some(tls) => self.config.connect(tls.clone()),
                None => self.config.connect(NoTls),
            };
            let mut session = Session(Some(client.map_err(named)?));
            let settings = format!("{SETTINGS}\n     SET search_path = \"{}\";", self.schema);
            session.batch_execute(&settings).map_err(named)?;
            let row = session
                .query_one(
                    "SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')",
                    &[],
                )
                .map_err(named)?;
            let version: i32 = row.try_get(0).map_err(named)?;
            if version < SERVER_VERSION_MIN {
                return Err(Error::Store(format!("{self}: version 15 or later is needed, it is {version}")));
            }
            let durable: String = row.try_get(1).map_err(named)?;
            // "local" and "off" would answer before what was answered is where the operator wants it.
            if durable == "off" || durable == "local" {
                session.batch_execute("SET synchronous_commit = on").map_err(named)?;
            }
            Ok(session)
        })
    }

    /// The schema's name: channels of notifications are named after it.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }
}

/// A connection. The client's own runtime must not end inside another one, so it ends on a thread of its own.
pub(crate) struct Session(Option<Client>);

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Session")
    }
}

impl Deref for Session {
    type Target = Client;
    fn deref(&self) -> &Client {
        self.0.as_ref().expect("a session has its client until it is dropped")
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_mut().expect("a session has its client until it is dropped")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            apart(move || drop(client));
        }
    }
}

/// Runs something that blocks where the caller may stand inside an asynchronous runtime, which does not let
/// another one run on its threads.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// An open journal.
#[derive(Debug)]
pub(super) struct Postgres {
    place: Place,
    session: Session,
    insert: Option<Statement>,
}

impl Postgres {
    pub(super) fn open(place: &Place) -> Result<Self, Error> {
        let mut store = Self::connected(place)?;
        apart(|| store.migrate())?;
        Ok(store)
    }

    pub(super) fn open_to_read(place: &Place) -> Result<Self, Error> {
        let mut store = Self::connected(place)?;
        let found = apart(|| store.version())?;
        if found != VERSION {
            return Err(Error::Store(format!(
                "{place}: the journal's tables are of version {found}, not {VERSION}"
            )));
        }
        Ok(store)
    }

    fn connected(place: &Place) -> Result<Self, Error> {
        Ok(Self { place: place.clone(), session: place.connect()?, insert: None })
    }

    /// Brings the tables to this version, one node at a time.
    fn migrate(&mut self) -> Result<(), Error> {
        let place = self.place.clone();
        let named = |error: ::postgres::Error| fault(&place, &error);
        let fsync: String = self
            .session
            .query_one("SELECT current_setting('fsync')", &[])
            .and_then(|row| row.try_get(0))
            .map_err(named)?;
        if fsync != "on" {
            return Err(Error::Store(format!(
                "{place}: the server runs with fsync off, which loses what was answered when the machine fails: set fsync = on"
            )));
        }
        if self.version()? == VERSION {
            return Ok(());
        }
        let mut transaction = self.session.transaction().map_err(named)?;
        transaction
            .execute("SELECT pg_advisory_xact_lock(hashtextextended('thinpay ' || $1, 0))", &[&place.schema])
            .map_err(named)?;
        transaction
            .batch_execute(&format!(
                "CREATE SCHEMA IF NOT EXISTS \"{}\";
                 CREATE TABLE IF NOT EXISTS meta (name text PRIMARY KEY, value text NOT NULL);
                 INSERT INTO meta VALUES ('format', 'thinpay journal'), ('version', '0')
                     ON CONFLICT DO NOTHING;",
                place.schema
            ))
            .map_err(named)?;
        let value: String = transaction
            .query_one("SELECT value FROM meta WHERE name = 'version'", &[])
            .and_then(|row| row.try_get(0))
            .map_err(named)?;
        let found: u32 = value.parse().map_err(|_| Error::Damaged(format!("its version reads {value:?}")))?;
        if found > VERSION {
            return Err(newer_version(found, VERSION));
        }
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.batch_execute(migration).map_err(named)?;
        }
        transaction
            .execute("UPDATE meta SET value = $1 WHERE name = 'version'", &[&VERSION.to_string()])
            .map_err(named)?;
        transaction.commit().map_err(named)
    }

    fn add(&mut self, row: &NewRow<'_>) -> Result<(), ::postgres::Error> {
        let insert = match &self.insert {
            Some(insert) => insert.clone(),
            None => self.insert.insert(self.session.prepare(INSERT)?).clone(),
        };
        let (sequence, at) = (signed(row.sequence), signed(row.at.0));
        self.session
            .execute(&insert, &[&sequence, &&row.previous[..], &&row.hash[..], &at, &row.batch])
            .map(|_| ())
    }
}

impl Store for Postgres {
    fn end(&mut self) -> Result<Option<End>, Error> {
        let (session, place) = (&mut self.session, &self.place);
        apart(|| {
            let row = session
                .query_opt("SELECT sequence, hash, at FROM journal ORDER BY sequence DESC LIMIT 1", &[])
                .map_err(|error| fault(place, &error))?;
            row.map(|row| {
                let sequence = unsigned(row.try_get(0).map_err(|_| wrong_shape(0))?);
                let hash: Vec<u8> = row.try_get(1).map_err(|_| wrong_shape(sequence))?;
                let hash = hash.try_into().map_err(|_| wrong_shape(sequence))?;
                let at = Timestamp(unsigned(row.try_get(2).map_err(|_| wrong_shape(sequence))?));
                Ok(End { sequence, hash, at })
            })
            .transpose()
        })
    }

    fn append(&mut self, row: &NewRow<'_>) -> Result<(), AppendError> {
        self.add(row).map_err(|error| append_error(&self.place, row.sequence, &error))
    }

    fn append_all(&mut self, rows: &[StoredRow]) -> Result<(), AppendError> {
        let (session, place) = (&mut self.session, &self.place);
        let mut at = 0;
        apart(|| {
            let mut transaction = session.transaction()?;
            let insert = transaction.prepare(INSERT)?;
            for row in rows {
                at = row.sequence;
                let (sequence, moment) = (signed(row.sequence), signed(row.at.0));
                transaction.execute(
                    &insert,
                    &[&sequence, &&row.previous[..], &&row.hash[..], &moment, &row.batch],
                )?;
            }
            transaction.commit()
        })
        .map_err(|error| append_error(place, at, &error))
    }

    fn read(
        &mut self,
        after: u64,
        until: u64,
        each: &mut dyn FnMut(StoredRow) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Question by question, not one answer for all: so memory stays bounded, and no transaction stays
        // open as long as it takes to deal with the rows.
        let mut last = after;
        let mut rows_wanted: i64 = 64;
        loop {
            let (session, place) = (&mut self.session, &self.place);
            let rows = apart(|| {
                session
                    .query(
                        "SELECT sequence, previous, hash, at, batch FROM journal
                         WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3",
                        &[&signed(last), &signed(until), &rows_wanted],
                    )
                    .map_err(|error| fault(place, &error))
            })?;
            let complete = i64::try_from(rows.len()).unwrap_or(i64::MAX) < rows_wanted;
            let mut bytes = 0_usize;
            for row in rows {
                let sequence = unsigned(row.try_get(0).map_err(|_| wrong_shape(last))?);
                let column = |_| wrong_shape(sequence);
                let fixed = |index: usize| {
                    let bytes: &[u8] = row.try_get(index).map_err(column)?;
                    bytes.try_into().map_err(|_| wrong_shape(sequence))
                };
                let batch: Vec<u8> = row.try_get(4).map_err(column)?;
                bytes = bytes.saturating_add(batch.len());
                let at = Timestamp(unsigned(row.try_get(3).map_err(column)?));
                each(StoredRow { sequence, previous: fixed(1)?, hash: fixed(2)?, at, batch })?;
                last = sequence;
            }
            if complete {
                return Ok(());
            }
            rows_wanted = if bytes > READ_BYTES { rows_wanted / 2 } else { rows_wanted.saturating_mul(2) }
                .clamp(1, READ_ROWS_MAX);
        }
    }

    fn version(&mut self) -> Result<u32, Error> {
        let (session, place) = (&mut self.session, &self.place);
        apart(|| {
            let named = |error: ::postgres::Error| fault(place, &error);
            let there: bool = session
                .query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("\"{}\".meta", place.schema)])
                .and_then(|row| row.try_get(0))
                .map_err(named)?;
            if !there {
                return Ok(0);
            }
            let value: String = session
                .query_one("SELECT value FROM meta WHERE name = 'version'", &[])
                .and_then(|row| row.try_get(0))
                .map_err(named)?;
            value.parse().map_err(|_| Error::Damaged(format!("its version reads {value:?}")))
        })
    }

    fn check(&mut self) -> Result<(), Error> {
        // PostgreSQL checks its pages when it reads them, and the chain shows the rest.
        let (session, place) = (&mut self.session, &self.place);
        apart(|| session.batch_execute("SELECT count(*) FROM journal")).map_err(|error| fault(place, &error))
    }

    fn reconnect(&mut self) -> Result<bool, Error> {
        self.insert = None;
        self.session = self.place.connect()?;
        Ok(true)
    }
}

/// What an error means for the row that was to be added.
fn append_error(place: &Place, sequence: u64, error: &::postgres::Error) -> AppendError {
    let why = fault(place, error).to_string();
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => AppendError::Fenced(sequence),
        // The server was told to end the session, or is going down, perhaps after the commit (57P, 08); or
        // another session stood in the way for the moment, and trying again is all it takes (40, and the two
        // time limits).
        Some(code)
            if ["57P", "08", "40"].iter().any(|class| code.code().starts_with(class))
                || [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED].contains(code) =>
        {
            AppendError::Unknown(why)
        }
        Some(_) => AppendError::Failed(why),
        None => AppendError::Unknown(why),
    }
}

/// An error with what caused it.
pub(super) fn words_of(error: &::postgres::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What an error of PostgreSQL's means, and what to do.
pub(crate) fn fault(place: &Place, error: &::postgres::Error) -> Error {
    let why = words_of(error);
    match error.code() {
        Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => {
            Error::Damaged(format!("{place}: {why}"))
        }
        Some(&SqlState::DISK_FULL) => {
            Error::Store(format!("the disk of {place} is full: make room on it and start again ({why})"))
        }
        Some(_) => Error::Store(format!("{place}: {why}")),
        None => Error::Store(format!("{place} cannot be reached, or went away: {why}")),
    }
}
