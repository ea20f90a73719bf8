//! The server's configuration: one TOML file in the operator's directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The configuration file's name in the operator's directory.
pub(crate) const FILE_NAME: &str = "thinpay.toml";
/// The longest configuration file read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What `thinpay serve` is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Terminals over TLS.
    pub(crate) terminals: Terminals,
    /// The browser terminal and its WebSocket.
    #[serde(default)]
    pub(crate) web: Option<Web>,
    /// The plain embodiment (CN102103778A ¶88): unsealed, loopback only, nobody can pay.
    #[serde(default)]
    pub(crate) plain: Option<Plain>,
    /// What screens are drawn with.
    #[serde(default)]
    pub(crate) screens: Screens,
    /// What customers may do with money.
    #[serde(default)]
    pub(crate) payments: Payments,
    /// Where the books' journal is kept.
    #[serde(default)]
    pub(crate) journal: Journal,
    /// Bounds on what is served at once.
    #[serde(default)]
    pub(crate) limits: Limits,
}

/// Where terminals connect: the remote protocol over TLS 1.3.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terminals {
    /// Addresses to listen at; port 0 picks a free one.
    pub(crate) listen: Vec<SocketAddr>,
}

/// The browser terminal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Web {
    /// Addresses to listen at; port 0 picks a free one, the same for all that say 0.
    pub(crate) listen: Vec<SocketAddr>,
    /// The folder with the built page.
    pub(crate) page: PathBuf,
    /// Serve HTTPS with the operator's certificate. Browsers trust plain HTTP on the machine itself only,
    /// so without this the addresses must be loopback ones.
    #[serde(default)]
    pub(crate) tls: bool,
}

/// The plain embodiment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    /// A loopback address.
    pub(crate) listen: SocketAddr,
    /// The customer whose apps are shown.
    pub(crate) account: String,
    /// The terminal whose profile is drawn for.
    pub(crate) terminal: String,
}

/// What screens are drawn with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Screens {
    /// Font files to use; empty means the known places of the system's packages.
    #[serde(default)]
    pub(crate) fonts: Vec<PathBuf>,
    /// Dark instead of light.
    #[serde(default)]
    pub(crate) dark: bool,
    /// The local time that screens show, in minutes east of UTC.
    #[serde(default)]
    pub(crate) minutes_east_of_utc: i16,
}

/// What customers may do with money.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payments {
    /// Let customers top up their own accounts from the settlement account, with nothing that pays for it.
    #[serde(default)]
    pub(crate) free_top_ups: bool,
}

/// Where the books' journal is kept.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    /// In this PostgreSQL database, which several servers may share; else in the operator's directory.
    postgres: Option<String>,
}

impl std::fmt::Debug for Journal {
    /// Without the words: a password may be among them.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Journal").field("in_postgres", &self.postgres.is_some()).finish()
    }
}

impl Journal {
    /// The store that the account platform is to use.
    pub(crate) fn store(&self) -> accounts::StoreChoice {
        self.postgres.clone().map_or(accounts::StoreChoice::Sqlite, accounts::StoreChoice::Postgres)
    }
}

/// Bounds on what is served at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// The most connections at once.
    pub(crate) connections_max: usize,
    /// The most connections that have not signed in yet.
    pub(crate) connections_unauthenticated_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_max: 20_000, connections_unauthenticated_max: 1_000 }
    }
}

impl Config {
    /// Reads and checks a configuration file; relative paths in it start at the file's folder.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let size = std::fs::metadata(file)
            .with_context(|| {
                format!("Cannot read the configuration {}. `thinpay init DIR` writes one.", file.display())
            })?
            .len();
        if size > FILE_BYTES_MAX {
            bail!(
                "The configuration {} has {size} bytes; the most is {FILE_BYTES_MAX}. Is it the right file?",
                file.display()
            );
        }
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("Cannot read the configuration {}.", file.display()))?;
        Self::parse(&text, file.parent().unwrap_or(Path::new(".")))
            .with_context(|| format!("The configuration {} is not valid.", file.display()))
    }

    /// Checks a configuration; relative paths in it start at the folder.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut config: Self = toml::from_str(text)?;
        if let Some(web) = &mut config.web {
            web.page = folder.join(&web.page);
        }
        for font in &mut config.screens.fonts {
            *font = folder.join(&*font);
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        if self.terminals.listen.is_empty() {
            bail!("[terminals] listen names no address, so no terminal could connect.");
        }
        if let Some(web) = &self.web
            && !web.tls
            && let Some(address) = web.listen.iter().find(|address| !address.ip().is_loopback())
        {
            bail!(
                "[web] listen has {address}, which is not a loopback address, but tls is not on. \
                 A browser keeps keys only for pages served over HTTPS: set tls = true."
            );
        }
        if !(-24 * 60..=24 * 60).contains(&self.screens.minutes_east_of_utc) {
            bail!("[screens] minutes_east_of_utc is {}, more than a day.", self.screens.minutes_east_of_utc);
        }
        if let Some(plain) = &self.plain
            && !plain.listen.ip().is_loopback()
        {
            bail!(
                "[plain] listen has {}, which is not a loopback address. The plain embodiment is not sealed \
                 and is served on the machine itself only.",
                plain.listen
            );
        }
        Ok(())
    }
}

/// What `thinpay init` writes.
pub(crate) fn template(page: Option<&Path>, free_top_ups: bool, postgres: Option<&str>) -> String {
    let journal = match postgres {
        Some(words) => format!("postgres = {words:?}\n"),
        None => "# postgres = \"host=db.example user=thinpay dbname=books\"\n".to_owned(),
    };
    let web = match page {
        Some(page) => format!(
            "[web]\nlisten = [\"127.0.0.1:8080\", \"[::1]:8080\"]\n# The folder with the built browser terminal.\npage = {:?}\ntls = false\n",
            page.display().to_string()
        ),
        None => "# [web]\n# listen = [\"127.0.0.1:8080\", \"[::1]:8080\"]\n# page = \"browser\"   # the folder with the built browser terminal\n# tls = false\n".to_owned(),
    };
    format!(
        "# The configuration of a ThinPay server. `thinpay serve --config` reads it.\n\n\
         [terminals]\n\
         # Terminals connect here with the remote protocol over TLS 1.3. Port 0 picks a free one.\n\
         listen = [\"127.0.0.1:5910\"]\n\n\
         {web}\n\
         [screens]\n\
         # Font files; empty means the known places of the system's font packages.\n\
         fonts = []\n\
         dark = false\n\
         # The local time that screens show, in minutes east of UTC: 480 is China's.\n\
         minutes_east_of_utc = 0\n\n\
         [payments]\n\
         # Let customers top up their own accounts from the settlement account, with nothing that pays for\n\
         # it: for demonstrations only.\n\
         free_top_ups = {free_top_ups}\n\n\
         [journal]\n\
         # The books' journal is in this folder, or in a PostgreSQL database (15 or later) that several servers may\n\
         # share, each with a folder of its own. Then every folder needs the same audit-log.key.\n\
         {journal}\n\
         [limits]\n\
         connections_max = 20000\n\
         connections_unauthenticated_max = 1000\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<()> {
        Config::parse(text, Path::new(".")).map(drop)
    }

    #[test]
    fn the_template_is_valid() {
        check(&template(None, false, None)).unwrap();
        check(&template(Some(Path::new("browser")), true, Some("host=db.example"))).unwrap();
    }

    #[test]
    fn plain_is_refused_outside_loopback() {
        let text = "[terminals]\nlisten = [\"127.0.0.1:0\"]\n[plain]\nlisten = \"192.0.2.1:5900\"\naccount = \"a\"\nterminal = \"t\"\n";
        assert!(check(text).unwrap_err().to_string().contains("not a loopback address"));
    }

    #[test]
    fn a_web_page_without_tls_is_refused_outside_loopback() {
        let text =
            "[terminals]\nlisten = [\"127.0.0.1:0\"]\n[web]\nlisten = [\"0.0.0.0:80\"]\npage = \"p\"\n";
        assert!(check(text).unwrap_err().to_string().contains("tls = true"));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_configuration_is_an_error_and_no_panic(
            cut in 0_usize..400, at in 0_usize..400, character: char,
        ) {
            let mut characters: Vec<char> = template(Some(Path::new("browser")), true, Some("host=db.example")).chars().collect();
            characters.truncate(characters.len() - cut.min(characters.len()));
            let at = at.min(characters.len());
            characters.insert(at, character);
            let text: String = characters.into_iter().collect();
            // Either it still says something that can be served, or it is refused with a sentence.
            if let Err(error) = check(&text) {
                proptest::prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(check("[terminals]\nlisten = [\"127.0.0.1:0\"]\nlisen = 1\n").is_err());
    }
}
