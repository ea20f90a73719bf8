//! Where the built programs, apps and the browser terminal's page lie.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The results of `cargo xtask build`.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The server and the operator's tools.
    pub thinpay: PathBuf,
    /// The device agent.
    pub terminal: PathBuf,
    /// The man in the middle of the tests.
    pub interceptor: PathBuf,
    /// The folder of the payment apps' components.
    pub apps: PathBuf,
    /// The folder of the browser terminal's page.
    pub page: PathBuf,
    /// The folder of the hardware profiles that are shipped.
    pub profiles: PathBuf,
    /// The folder of the payment apps' crates.
    pub app_crates: PathBuf,
}

impl Programs {
    /// Those that were built beside the program that runs now: a test or `xtask`.
    ///
    /// # Errors
    /// When they are not built yet.
    pub fn beside_this_one() -> Result<Self> {
        let this = std::env::current_exe().context("finding the running program")?;
        let mut folder = this.parent().context("a program lies in a folder")?;
        // Tests lie in `deps`, one deeper than programs.
        if folder.ends_with("deps") {
            folder = folder.parent().context("the folder `deps` lies in another")?;
        }
        Self::in_folder(folder)
    }

    /// Those in a folder such as `target/debug` or `target/release`.
    ///
    /// # Errors
    /// When they are not built yet.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let target = folder.parent().context("the programs' folder lies in the target folder")?;
        // This crate lies two folders below the repository's root.
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the repository's root")?;
        let programs = Self {
            thinpay: folder.join("thinpay"),
            terminal: folder.join("thinpay-terminal"),
            interceptor: folder.join("interceptor"),
            apps: target.join("apps"),
            page: target.join("browser"),
            profiles: root.join("profiles"),
            app_crates: root.join("apps"),
        };
        for path in
            [&programs.thinpay, &programs.terminal, &programs.interceptor, &programs.apps, &programs.page]
        {
            if !path.exists() {
                bail!("{} is not built yet: run `cargo xtask build`", path.display());
            }
        }
        Ok(programs)
    }

    /// The file of a shipped hardware profile.
    #[must_use]
    pub fn profile(&self, name: &str) -> PathBuf {
        self.profiles.join(format!("{name}.toml"))
    }
}
