//! A bundle's manifest: what an app is called, which languages it speaks, which commands it may use.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::contract::CommandKind;

/// The longest manifest, in bytes.
pub(crate) const MANIFEST_BYTES_MAX: usize = 16 * 1024;
/// The longest identifier of an app or publisher, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The longest title of an app in one language, in bytes.
const TITLE_BYTES_MAX: usize = 120;
/// The languages that the platform speaks.
const LANGUAGES: [&str; 2] = ["en", "zh"];
/// The least memory that a manifest may ask for, in mebibytes.
const MEMORY_MIB_MIN: u32 = 1;
/// The shortest call that a manifest may ask for, in milliseconds: a few ticks.
const CALL_MS_MIN: u64 = 50;

/// A command by its name in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandName {
    /// `query-accounts`
    QueryAccounts,
    /// `query-history`
    QueryHistory,
    /// `find-payees`
    FindPayees,
    /// `pay`
    Pay,
    /// `transfer`
    Transfer,
    /// `top-up`
    TopUp,
    /// `keep`
    Keep,
    /// `end`
    End,
}

impl CommandName {
    /// Every command there is.
    pub const ALL: [Self; 8] = [
        Self::QueryAccounts,
        Self::QueryHistory,
        Self::FindPayees,
        Self::Pay,
        Self::Transfer,
        Self::TopUp,
        Self::Keep,
        Self::End,
    ];

    /// Every command there is, as a set: the approval of an operator who trusts a publisher with all.
    #[must_use]
    pub fn all() -> HashSet<Self> {
        Self::ALL.into_iter().collect()
    }

    /// The name of a command.
    #[must_use]
    pub fn of(kind: &CommandKind) -> Self {
        match kind {
            CommandKind::QueryAccounts => Self::QueryAccounts,
            CommandKind::QueryHistory { .. } => Self::QueryHistory,
            CommandKind::FindPayees { .. } => Self::FindPayees,
            CommandKind::Pay { .. } => Self::Pay,
            CommandKind::Transfer { .. } => Self::Transfer,
            CommandKind::TopUp { .. } => Self::TopUp,
            CommandKind::Keep(_) => Self::Keep,
            CommandKind::End => Self::End,
        }
    }

    /// The name as manifests write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueryAccounts => "query-accounts",
            Self::QueryHistory => "query-history",
            Self::FindPayees => "find-payees",
            Self::Pay => "pay",
            Self::Transfer => "transfer",
            Self::TopUp => "top-up",
            Self::Keep => "keep",
            Self::End => "end",
        }
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What an app says about itself, signed by its publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The app's identifier: small letters, digits and hyphens, at most 64.
    pub id: String,
    /// Its version: three numbers, later ones compare greater.
    pub version: [u32; 3],
    /// Its publisher's identifier, of the same form as `id`.
    pub publisher: String,
    /// Its title in each language that it speaks: "en", "zh".
    pub title: BTreeMap<String, String>,
    /// The commands that it uses; every other one is refused.
    pub commands: HashSet<CommandName>,
    /// The bounds that it asks for; the platform's own apply where they are lower.
    pub limits: Limits,
}

/// What is wrong with a manifest. The publisher's to repair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Too long.
    #[error("the manifest has {0} bytes, at most {MANIFEST_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Not TOML, or fields that are missing, unknown or of another type.
    #[error("the manifest is not as documented: {0}")]
    Form(String),
    /// A field has a value that is not allowed.
    #[error("the manifest's {field}: {why}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What is allowed.
        why: &'static str,
    },
}

/// The manifest as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    id: String,
    version: String,
    publisher: String,
    title: BTreeMap<String, String>,
    commands: Vec<CommandName>,
    #[serde(default)]
    limits: FormLimits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct FormLimits {
    memory_mib: Option<u32>,
    call_ms: Option<u64>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`], naming the field.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong(text.len()));
        }
        let form: Form =
            toml::from_str(text).map_err(|error| ManifestError::Form(error.message().to_owned()))?;
        let value = |field, why| ManifestError::Value { field, why };
        let name = "one to 64 small letters, digits and hyphens";
        if !is_name(&form.id) {
            return Err(value("id", name));
        }
        if !is_name(&form.publisher) {
            return Err(value("publisher", name));
        }
        let version = version(&form.version).ok_or(value("version", "three numbers such as 1.2.3"))?;
        if form.title.is_empty() || !form.title.keys().all(|key| LANGUAGES.contains(&key.as_str())) {
            return Err(value("title", "a title for \"en\", \"zh\" or both, and no other language"));
        }
        let titled = |title: &String| {
            !title.trim().is_empty() && title.len() <= TITLE_BYTES_MAX && !title.chars().any(char::is_control)
        };
        if !form.title.values().all(titled) {
            return Err(value("title", "one line of 1 to 120 bytes for each language"));
        }
        let commands: HashSet<_> = form.commands.iter().copied().collect();
        if commands.len() != form.commands.len() {
            return Err(value("commands", "each command once"));
        }
        Ok(Self {
            id: form.id,
            version,
            publisher: form.publisher,
            title: form.title,
            commands,
            limits: limits(&form.limits)?,
        })
    }

    /// "bank-card 0.1.0"
    #[must_use]
    pub fn full_name(&self) -> String {
        let [major, minor, patch] = self.version;
        format!("{} {major}.{minor}.{patch}", self.id)
    }
}

fn limits(form: &FormLimits) -> Result<Limits, ManifestError> {
    let most = Limits::default();
    let mut limits = most;
    if let Some(mebibytes) = form.memory_mib {
        let bytes = usize::try_from(mebibytes).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
        if mebibytes < MEMORY_MIB_MIN || bytes > most.memory_bytes_max {
            return Err(ManifestError::Value { field: "limits.memory_mib", why: "1 to 16" });
        }
        limits.memory_bytes_max = bytes;
    }
    if let Some(milliseconds) = form.call_ms {
        if !(CALL_MS_MIN..=most.call_ms_max).contains(&milliseconds) {
            return Err(ManifestError::Value { field: "limits.call_ms", why: "50 to 250" });
        }
        limits.call_ms_max = milliseconds;
    }
    Ok(limits)
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn version(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split('.').map(|number| {
        // `parse` alone would take a sign.
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse::<u32>().ok()).flatten()
    });
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        id = "bank-card"
        version = "0.1.0"
        publisher = "thinpay"
        commands = ["pay", "top-up"]
        title = { en = "Bank card", zh = "银行卡" }
    "#;

    #[test]
    fn a_good_manifest_is_read() {
        let manifest = Manifest::from_toml(GOOD).unwrap();
        assert_eq!(manifest.full_name(), "bank-card 0.1.0");
        assert!(
            manifest.commands.contains(&CommandName::TopUp) && !manifest.commands.contains(&CommandName::End)
        );
        assert_eq!(manifest.limits, Limits::default());
    }

    #[test]
    fn names_in_manifests_are_the_names_shown() {
        for command in CommandName::ALL {
            let text = GOOD.replace("\"pay\", \"top-up\"", &format!("\"{command}\""));
            assert!(Manifest::from_toml(&text).unwrap().commands.contains(&command), "{command}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (from, to, part) in [
            ("\"bank-card\"", "\"Bank card\"", "id"),
            ("\"thinpay\"", "\"\"", "publisher"),
            ("0.1.0", "0.1", "version"),
            ("0.1.0", "0.+1.0", "version"),
            ("0.1.0", "0.1.4294967296", "version"),
            ("zh =", "fr =", "title"),
            ("银行卡", " ", "title"),
            ("\"pay\"", "\"top-up\"", "commands"),
            ("\"pay\"", "\"refund\"", "not as documented"),
            ("commands", "color = 1\ncommands", "color"),
            ("title", "limits = { memory_mib = 17 }\ntitle", "memory_mib"),
            ("title", "limits = { call_ms = 251 }\ntitle", "call_ms"),
        ] {
            let error = Manifest::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(part), "{to}: {error}");
        }
    }
}
