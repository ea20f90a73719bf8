//! The SQLite file, its schema, and the handle that everything else hangs on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use identity::{ServerSetup, UnixTime};
use rand_core::{CryptoRng, RngCore};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::authority::{Authority, check_host_name};
use crate::error::AuthError;

/// Failures before an account locks (PSD2 RTS, article 4(3)(b): at most five).
pub const LOCK_FAILURES: u32 = 5;
/// How long an account stays locked, in seconds.
pub const LOCK_SECONDS: u64 = 15 * 60;

const FILE: &str = "auth.sqlite";
const SCHEMA_VERSION: i64 = 1;
/// "TPAU": tells the file from other SQLite files.
const APPLICATION_ID: i64 = 0x5450_4155;
/// How long a change waits for another process's change.
const BUSY_MS: u64 = 5_000;

const SCHEMA: &str = "
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE customer (
    account         TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    language        TEXT NOT NULL,
    status          INTEGER NOT NULL,          -- 1 active, 2 suspended
    password_record BLOB NOT NULL,             -- OPAQUE registration record
    attempts        INTEGER NOT NULL DEFAULT 0, -- since the last confirmed login or lock
    locked_until_ms INTEGER,
    created_at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal (
    id               BLOB PRIMARY KEY,
    account          TEXT NOT NULL REFERENCES customer (account),
    profile          BLOB NOT NULL,            -- canonical bytes
    signing_public   BLOB NOT NULL,            -- SEC 1, uncompressed
    agreement_public BLOB NOT NULL,
    certificate      BLOB NOT NULL,            -- DER, of the signing key
    status           INTEGER NOT NULL,         -- 1 active, 2 revoked
    enrolled_at_ms   INTEGER NOT NULL,
    last_used_at_ms  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX terminal_account ON terminal (account);

-- Attempts that cannot succeed are counted too, so that they cost the same write as the others;
-- in a fixed number of slots, so that nobody fills the disk with made-up names.
CREATE TABLE stranger (
    slot     INTEGER PRIMARY KEY,
    attempts INTEGER NOT NULL
) STRICT;
";

/// How failures lock an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Failures before an account locks: 1 to [`LOCK_FAILURES`].
    pub lock_failures: u32,
    /// How long it stays locked, in seconds: at least 60.
    pub lock_seconds: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { lock_failures: LOCK_FAILURES, lock_seconds: LOCK_SECONDS }
    }
}

/// What an operator decides once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitOptions {
    /// The name that terminals expect in the server's TLS certificate; also named in the CA.
    pub server_name: String,
    /// Further host names and addresses of the TLS certificate. `localhost`, `127.0.0.1` and `::1` are
    /// always there.
    pub names: Vec<String>,
}

/// The authentication centre. Cheap to clone; every method may be called from any thread, and blocks
/// on the disk.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Mutex<Connection>,
    setup: ServerSetup,
    authority: Authority,
    server_name: String,
    names: Vec<String>,
    parameters: Parameters,
    path: PathBuf,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Auth {
    /// Makes a new authentication centre in `directory`: file, operator's CA, login secrets.
    ///
    /// # Errors
    /// [`AuthError::AlreadyInitialised`] when there is one; a host name that is none; or the disk.
    pub fn init(
        directory: &Path,
        options: &InitOptions,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Self, AuthError> {
        check_host_name(&options.server_name)?;
        options.names.iter().try_for_each(|name| check_host_name(name))?;
        fs::create_dir_all(directory)?;
        let path = directory.join(FILE);
        create_private(&path)?;
        let mut connection = connect(&path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        if schema_version(&transaction)? != 0 {
            return Err(AuthError::AlreadyInitialised);
        }
        transaction.execute_batch(SCHEMA)?;
        let setup = ServerSetup::generate(rng);
        let authority = Authority::generate(&options.server_name, now, rng)?;
        put_secret(&transaction, "login-setup", &setup.to_bytes())?;
        put_secret(&transaction, "operator-ca-key", authority.private_key().as_ref())?;
        put_secret(&transaction, "operator-ca-certificate", authority.certificate())?;
        put_secret(&transaction, "server-name", options.server_name.as_bytes())?;
        put_secret(&transaction, "names", options.names.join("\n").as_bytes())?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
        drop(connection);
        Self::open(directory, Parameters::default())
    }

    /// Opens the authentication centre in `directory`.
    ///
    /// # Errors
    /// [`AuthError::NotInitialised`] when there is none, [`AuthError::Damaged`] and
    /// [`AuthError::UnknownSchema`] when it is not as this program writes it, or the disk.
    pub fn open(directory: &Path, parameters: Parameters) -> Result<Self, AuthError> {
        if !(1..=LOCK_FAILURES).contains(&parameters.lock_failures) || parameters.lock_seconds < 60 {
            return Err(AuthError::Parameters);
        }
        let path = directory.join(FILE);
        if !path.exists() {
            return Err(AuthError::NotInitialised);
        }
        let connection = connect(&path)?;
        match schema_version(&connection)? {
            0 => return Err(AuthError::NotInitialised),
            SCHEMA_VERSION => {}
            other => return Err(AuthError::UnknownSchema(other)),
        }
        let need = |name| get_secret(&connection, name)?.ok_or(AuthError::Damaged("a secret is missing"));
        let text = |name| {
            String::from_utf8(need(name)?.to_vec()).map_err(|_| AuthError::Damaged("a name is no text"))
        };
        let setup = ServerSetup::from_bytes(&need("login-setup")?)
            .map_err(|_| AuthError::Damaged("the login secrets"))?;
        let server_name = text("server-name")?;
        let names = text("names")?.lines().map(str::to_owned).collect();
        let authority = Authority::restore(
            &server_name,
            &need("operator-ca-key")?,
            need("operator-ca-certificate")?.to_vec(),
        )?;
        let connection = Mutex::new(connection);
        let inner = Inner { connection, setup, authority, server_name, names, parameters, path };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The operator's CA certificate, DER: what terminals and auditors trust.
    #[must_use]
    pub fn operator_ca(&self) -> &[u8] {
        self.inner.authority.certificate()
    }

    /// The name that terminals expect in the server's TLS certificate.
    #[must_use]
    pub fn server_name(&self) -> &str {
        &self.inner.server_name
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.inner.names
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.inner.authority
    }

    pub(crate) fn setup(&self) -> &ServerSetup {
        &self.inner.setup
    }

    pub(crate) fn parameters(&self) -> Parameters {
        self.inner.parameters
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>, AuthError> {
        self.inner.connection.lock().map_err(|_| AuthError::Stopped)
    }

    /// Reads.
    pub(crate) fn read<T>(
        &self,
        body: impl FnOnce(&Connection) -> Result<T, AuthError>,
    ) -> Result<T, AuthError> {
        body(&*self.connection()?)
    }

    /// Changes, all or nothing; on disk when this returns.
    pub(crate) fn change<T>(
        &self,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, AuthError>,
    ) -> Result<T, AuthError> {
        let mut connection = self.connection()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = body(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// Makes the file so that only its owner may read it, before SQLite writes into it.
fn create_private(path: &Path) -> Result<(), AuthError> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, AuthError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted or replaced, a password record for one, is overwritten on disk.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

fn schema_version(connection: &Connection) -> Result<i64, AuthError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

pub(crate) fn put_secret(connection: &Connection, name: &str, value: &[u8]) -> Result<(), AuthError> {
    connection
        .execute("INSERT OR REPLACE INTO secret (name, value) VALUES (?1, ?2)", params![name, value])?;
    Ok(())
}

pub(crate) fn get_secret(
    connection: &Connection,
    name: &str,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, AuthError> {
    Ok(connection
        .query_row("SELECT value FROM secret WHERE name = ?1", [name], |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .map(zeroize::Zeroizing::new))
}

/// Moments are kept as SQLite's signed integers.
pub(crate) fn to_column(at: UnixTime) -> i64 {
    i64::try_from(at.milliseconds()).unwrap_or(i64::MAX)
}

/// The inverse of [`to_column`].
pub(crate) fn from_column(milliseconds: i64) -> Result<UnixTime, AuthError> {
    u64::try_from(milliseconds)
        .map(UnixTime::from_milliseconds)
        .map_err(|_| AuthError::Damaged("a moment before 1970"))
}
