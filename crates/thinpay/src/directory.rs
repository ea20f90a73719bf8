//! The operator's directory: what lies where in it, and the books that are opened from it.
//!
//! ```text
//! thinpay.toml   configuration of the server
//! auth/          authority, certificates, customers, terminals
//! ledger/        the journal and its projections
//! platform.db    what apps keep for their users
//! apps/          published bundles, approved publishers, compiled code
//! office.sock    the running server's door for the operator's commands
//! lock           held by whoever has the books open
//! ```

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::Accounts;
use anyhow::{Context, Result, anyhow, bail};
use auth::{Auth, InitOptions};
use money::Currency;
use p256::ecdsa::SigningKey;
use platform::Services;
use serde::Serialize;

use crate::app_files::AppFiles;
use crate::clock;
use crate::config;
use crate::kept::Kept;

/// How long a command waits for another one to be done with the books.
const LOCK_WAIT: Duration = Duration::from_secs(3);

/// The operator's directory.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where the running server answers the operator's commands.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("office.sock")
    }

    fn auth(&self) -> PathBuf {
        self.root.join("auth")
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether `thinpay init` made it.
    pub(crate) fn is_one(&self) -> bool {
        self.auth().is_dir()
    }

    /// Whether there are books in it.
    pub(crate) fn has_journal(&self) -> bool {
        self.ledger().join("journal.sqlite").exists()
    }

    /// The folder of the books.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    fn platform(&self) -> PathBuf {
        self.root.join("platform.db")
    }

    fn apps(&self) -> PathBuf {
        self.root.join("apps")
    }

    /// The secret key that signs the heads of the audit log.
    fn log_key(&self) -> PathBuf {
        self.root.join("audit-log.key")
    }

    /// Where the books' journal is kept, as the configuration says.
    pub(crate) fn journal(&self) -> Result<accounts::StoreChoice> {
        let file = self.root.join(config::FILE_NAME);
        if !file.exists() {
            return Ok(accounts::StoreChoice::Sqlite);
        }
        Ok(config::Config::read(&file)?.journal.store())
    }

    /// How the books are opened.
    pub(crate) fn accounts_options(&self) -> Result<accounts::Options> {
        let mut options = accounts::Options::new(self.ledger(), Arc::new(clock::timestamp));
        options.store = self.journal()?;
        options.log_key = Some(Arc::new(log_key(&self.log_key())?));
        Ok(options)
    }

    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// What a look at closed books takes, and nobody else opens them meanwhile. Nothing when they have to be
    /// opened once to be complete: their key or their projections are missing.
    pub(crate) fn closed_books(&self) -> Result<Option<ClosedBooks>> {
        self.check()?;
        if !self.log_key().exists() || !self.ledger().join("projections.sqlite").exists() {
            return Ok(None);
        }
        let log_key = audit::LogKey::of(&log_key(&self.log_key())?);
        Ok(Some(ClosedBooks {
            ledger: self.ledger(),
            journal: self.journal()?,
            log_key,
            _lock: self.take_lock()?,
        }))
    }

    fn check(&self) -> Result<()> {
        if !self.auth().is_dir() {
            bail!(
                "{} is no operator's directory. Give --dir DIR, or make one with `thinpay init DIR`.",
                self.root.display()
            );
        }
        Ok(())
    }

    /// Keeps everybody else out until the lock is dropped, or the process ends.
    fn take_lock(&self) -> Result<File> {
        let lock =
            File::create(self.lock()).with_context(|| format!("Cannot write in {}.", self.root.display()))?;
        // Another command is done in a moment; a server is not.
        let patience = Instant::now() + LOCK_WAIT;
        while lock.try_lock().is_err() {
            if Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            bail!(
                "Another process has the books in {} open: a server that is starting or stopping, or another command. Try again in a moment.",
                self.root.display()
            );
        }
        Ok(lock)
    }
}

/// Books that nobody has open.
#[derive(Debug)]
pub(crate) struct ClosedBooks {
    /// The folder of the account platform.
    pub(crate) ledger: PathBuf,
    pub(crate) journal: accounts::StoreChoice,
    pub(crate) log_key: audit::LogKey,
    _lock: File,
}

/// Everything in the directory, opened by one process at a time.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) services: Services,
    pub(crate) apps: AppFiles,
    /// Taken by whoever changes customers, merchants or apps: what they look at first stays so until they
    /// have changed it.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Held until the process ends, however it ends.
    _lock: File,
}

impl Books {
    /// Opens the books, and keeps everybody else out.
    pub(crate) fn open(directory: &Directory, free_top_ups: bool) -> Result<Self> {
        directory.check()?;
        let lock = directory.take_lock()?;
        let auth = Auth::open(&directory.auth(), auth::Parameters::default())
            .context("The authentication centre cannot be opened.")?;
        let accounts = Accounts::open(directory.accounts_options()?)
            .context("The account platform cannot be opened.")?;
        let kept = Kept::open(&directory.platform())?;
        let apps = AppFiles::open(&directory.apps())?;
        let acts = platform::Acts::default();
        let services = Services { auth, accounts, kept: Box::new(kept), acts, free_top_ups };
        Ok(Self { services, apps, changing: tokio::sync::Mutex::new(()), _lock: lock })
    }

    /// Closes the books; everything asked for before is on disk after it.
    pub(crate) async fn close(&self) {
        self.services.finish_acts(&mut clock::random()).await;
        self.services.accounts.close().await;
    }
}

/// The key in this file; makes one when there is none.
fn log_key(file: &Path) -> Result<SigningKey> {
    if !file.exists() {
        let key = SigningKey::random(&mut clock::random());
        crate::cli::money_and_people::write_private(file, key.to_bytes().as_slice())?;
        return Ok(key);
    }
    signing_key(file)
}

/// The secret key in this file: 32 bytes.
pub(crate) fn signing_key(file: &Path) -> Result<SigningKey> {
    let cannot = || format!("Cannot read {}.", file.display());
    if std::fs::metadata(file).with_context(cannot)?.len() != 32 {
        bail!("{} is not a secret key: it would be of 32 bytes.", file.display());
    }
    let bytes = std::fs::read(file).with_context(cannot)?;
    SigningKey::from_slice(&bytes)
        .map_err(|_| anyhow!("{} is not a secret key. Restore it from a copy.", file.display()))
}

/// What `thinpay init` made.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    directory: String,
    config: String,
    server_name: String,
    currencies: Vec<String>,
}

/// Makes an operator's directory.
pub(crate) fn init(
    root: &Path,
    server_name: &str,
    currencies: &[Currency],
    page: Option<&Path>,
    free_top_ups: bool,
    postgres: Option<&str>,
) -> Result<Made> {
    let taken = || format!("Cannot use {}.", root.display());
    if root.exists() && root.read_dir().with_context(taken)?.next().is_some() {
        bail!("{} is not empty; an operator's directory starts in an empty or new one.", root.display());
    }
    if let Some(page) = page.filter(|page| !page.join("index.html").is_file()) {
        bail!("{} has no index.html; `cargo xtask build` makes the page in target/browser.", page.display());
    }
    let page = page.map(std::path::absolute).transpose().context("The page's folder has no path.")?;
    let config = config::template(page.as_deref(), free_top_ups, postgres);

    // Made beside its place and moved there whole: an operator's directory is never half there.
    let root_path = std::path::absolute(root).with_context(taken)?;
    let name = root_path.file_name().with_context(taken)?.to_string_lossy();
    let unfinished = root_path.with_file_name(format!(".{name}.unfinished"));
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).with_context(taken)?;
    }
    make_private(&unfinished)?;
    std::fs::write(unfinished.join(config::FILE_NAME), config).with_context(taken)?;
    fill(&Directory::at(&unfinished), server_name, currencies)?;
    std::fs::rename(&unfinished, &root_path).with_context(taken)?;
    Ok(Made {
        directory: root.display().to_string(),
        config: root.join(config::FILE_NAME).display().to_string(),
        server_name: server_name.to_owned(),
        currencies: currencies.iter().map(|currency| currency.code().to_owned()).collect(),
    })
}

/// Makes the authority and the empty books.
fn fill(directory: &Directory, server_name: &str, currencies: &[Currency]) -> Result<()> {
    let options = InitOptions { server_name: server_name.to_owned(), names: Vec::new() };
    Auth::init(&directory.auth(), &options, clock::wall(), &mut clock::random())
        .context("The authentication centre cannot be made.")?;
    let books = Books::open(directory, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let opened = crate::admin::everyday::open_house_accounts(&books, currencies).await;
        books.close().await;
        opened.map(drop)
    })
}

/// Makes a folder that is its owner's alone.
fn make_private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("Cannot make the folder {}.", folder.display()))
}
