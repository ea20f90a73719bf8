//! The operator: runs `thinpay` commands on the operator's folder, as a person would, and reads their JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Programs;

/// An account's balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// In the currency's minor units.
    pub minor_units: i64,
    /// The ISO 4217 code.
    pub currency: String,
}

/// One operator's folder, and the program that works on it.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The programs.
    pub programs: Programs,
    /// The operator's folder.
    pub folder: PathBuf,
    /// Told each command before it runs, as one would type it.
    tell: fn(&str),
}

impl Operator {
    /// An operator whose folder is not made yet.
    #[must_use]
    pub fn new(programs: Programs, folder: &Path) -> Self {
        Self { programs, folder: folder.to_path_buf(), tell: |_| {} }
    }

    /// The same, telling each command before it runs.
    #[must_use]
    pub fn telling(self, tell: fn(&str)) -> Self {
        Self { tell, ..self }
    }

    /// Runs `thinpay WORDS --dir FOLDER --json` and reads the object it prints.
    ///
    /// # Errors
    /// When it does not end with success (the sentence holds what it wrote), or prints no JSON.
    pub fn run(&self, words: &[&str]) -> Result<Value> {
        self.run_with(words, &[])
    }

    /// The same with environment variables, for passwords: they never stand on a command line.
    ///
    /// # Errors
    /// As [`Operator::run`].
    pub fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Result<Value> {
        let mut command = Command::new(&self.programs.thinpay);
        command.args(words);
        if words.first() != Some(&"init") {
            command.arg("--dir").arg(&self.folder);
        }
        command.arg("--json").envs(variables.iter().copied()).stdin(Stdio::null());
        let shown = shown(&command);
        (self.tell)(&shown);
        let output = command.output().with_context(|| format!("starting `{shown}`"))?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!(
                "`{shown}` ended with {}\n{}{stdout}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        if stdout.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&stdout).with_context(|| format!("`{shown}` printed no JSON: {stdout}"))
    }

    /// The balance of an account.
    ///
    /// # Errors
    /// When the account is not there, or the server's folder cannot be read.
    pub fn balance(&self, holder: &str, account: &str) -> Result<Balance> {
        let answer = self.run(&["account", "list", "--holder", holder])?;
        let accounts = answer.get("accounts").unwrap_or(&answer);
        let found = accounts
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| entry.get("account").and_then(Value::as_str) == Some(account))
            .with_context(|| format!("{holder} holds no account {account}: {answer}"))?;
        let balance = found.get("balance").with_context(|| format!("no balance in {found}"))?;
        Ok(Balance {
            minor_units: balance
                .get("minor_units")
                .and_then(Value::as_i64)
                .with_context(|| format!("no minor_units in {balance}"))?,
            currency: text(balance, "currency")?,
        })
    }
}

/// A text field of a JSON object.
///
/// # Errors
/// When it is not there.
pub(crate) fn text(object: &Value, key: &str) -> Result<String> {
    Ok(object.get(key).and_then(Value::as_str).with_context(|| format!("no {key} in {object}"))?.to_owned())
}

/// The command as one would type it, with the program's name for its path.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains(' ') { format!("\"{word}\"") } else { word.into_owned() }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
