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

use accounts::Accounts;
use anyhow::{Context, Result, bail};
use auth::{Auth, InitOptions};
use money::Currency;
use platform::Services;
use serde::Serialize;

use crate::app_files::AppFiles;
use crate::clock;
use crate::config;
use crate::kept::Kept;

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

    fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    fn platform(&self) -> PathBuf {
        self.root.join("platform.db")
    }

    fn apps(&self) -> PathBuf {
        self.root.join("apps")
    }

    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
}

/// Everything in the directory, opened by one process at a time.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) services: Services,
    pub(crate) apps: AppFiles,
    /// Held until the process ends, however it ends.
    _lock: File,
}

impl Books {
    /// Opens the books, and keeps everybody else out.
    pub(crate) fn open(directory: &Directory) -> Result<Self> {
        if !directory.auth().is_dir() {
            bail!(
                "{} is no operator's directory. Give --dir DIR, or make one with `thinpay init DIR`.",
                directory.root.display()
            );
        }
        let lock = File::create(directory.lock())
            .with_context(|| format!("Cannot write in {}.", directory.root.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "Another process has the books in {} open: a server that is starting or stopping, or another command. Try again in a moment.",
                directory.root.display()
            );
        }
        let auth = Auth::open(&directory.auth(), auth::Parameters::default())
            .context("The authentication centre cannot be opened.")?;
        let accounts = Accounts::open(accounts::Options::new(directory.ledger(), Arc::new(clock::timestamp)))
            .context("The account platform cannot be opened.")?;
        let kept = Kept::open(&directory.platform())?;
        let apps = AppFiles::open(&directory.apps())?;
        Ok(Self { services: Services { auth, accounts, kept: Box::new(kept) }, apps, _lock: lock })
    }

    /// Closes the books; everything asked for before is on disk after it.
    pub(crate) async fn close(&self) {
        self.services.accounts.close().await;
    }
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
) -> Result<Made> {
    use std::os::unix::fs::DirBuilderExt as _;
    if root.exists()
        && root.read_dir().with_context(|| format!("Cannot read {}.", root.display()))?.next().is_some()
    {
        bail!("{} is not empty; an operator's directory starts in an empty or new one.", root.display());
    }
    if !root.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .with_context(|| format!("Cannot make the folder {}.", root.display()))?;
    }
    let directory = Directory::at(root);
    let options = InitOptions { server_name: server_name.to_owned(), names: Vec::new() };
    Auth::init(&directory.auth(), &options, clock::wall(), &mut clock::random())
        .context("The authentication centre cannot be made.")?;
    let books = Books::open(&directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let opened = crate::admin::open_house_accounts(&books, currencies).await;
        books.close().await;
        opened
    })?;
    let page = page.map(std::path::absolute).transpose().context("The page's folder has no path.")?;
    let config = root.join(config::FILE_NAME);
    std::fs::write(&config, config::template(page.as_deref()))
        .with_context(|| format!("Cannot write {}.", config.display()))?;
    Ok(Made {
        directory: root.display().to_string(),
        config: config.display().to_string(),
        server_name: server_name.to_owned(),
        currencies: currencies.iter().map(|currency| currency.code().to_owned()).collect(),
    })
}
