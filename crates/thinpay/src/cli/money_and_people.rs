//! Customers, merchants, accounts and terminals on the command line.

use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::arguments::{Account, Command, Customer, Merchant, PasswordSource, Terminal};
use super::{Desk, output};
use crate::admin::Request::Everyday;
use crate::admin::everyday::Request;

/// The longest password file or profile read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Runs one of these commands.
pub(super) fn run(desk: &Desk, command: Command) -> Result<()> {
    let mut bundle_out = None;
    let (request, show): (Request, fn(&Value) -> String) = match command {
        Command::Customer(Customer::Add { account, name, language, password }) => {
            let password = read_password(&password, &account)?;
            (Request::AddCustomer { account, name, language, password }, |done| {
                format!("Customer {} can now get accounts and terminals.", text(done, "account"))
            })
        }
        Command::Customer(Customer::List) => (Request::ListCustomers, |done| {
            rows(done, "customers", &["account", "name", "language", "status"])
        }),
        Command::Customer(Customer::Password { account, password }) => {
            let password = read_password(&password, &account)?;
            (Request::SetPassword { account, password }, |done| {
                format!("Customer {} has a new password.", text(done, "account"))
            })
        }
        Command::Customer(Customer::Lock { account }) => {
            (Request::SetLocked { account, locked: true }, |done| {
                format!("Customer {} cannot sign in any more.", text(done, "account"))
            })
        }
        Command::Customer(Customer::Unlock { account }) => {
            (Request::SetLocked { account, locked: false }, |done| {
                format!("Customer {} can sign in again.", text(done, "account"))
            })
        }
        Command::Merchant(Merchant::Add { id, name, currency }) => {
            (Request::AddMerchant { id, name, currency }, |done| {
                format!("Merchant {} is paid into account {}.", text(done, "merchant"), text(done, "account"))
            })
        }
        Command::Account(Account::Open { holder, name, currency }) => {
            (Request::OpenAccount { holder, name, currency }, |done| {
                format!("Account {} is open.", text(done, "account"))
            })
        }
        Command::Account(Account::List { holder }) => (Request::ListAccounts { holder }, |done| {
            rows(done, "accounts", &["account", "name", "balance", "available"])
        }),
        Command::Account(Account::TopUp { account, amount, key }) => {
            let key = key.unwrap_or_else(crate::clock::random_words);
            (Request::TopUp { account, amount, key }, |done| {
                format!("Payment {}: the balance is {}.", text(done, "payment"), text(done, "balance"))
            })
        }
        Command::Account(Account::History { account, before, limit }) => {
            (Request::History { account, before, limit }, |done| {
                rows(
                    done,
                    "entries",
                    &["at", "payment", "operation", "counterparty", "amount", "balance_after"],
                )
            })
        }
        Command::Account(Account::AddCurrency { currency }) => (Request::AddCurrency { currency }, |done| {
            format!("Books in {} are open.", text(done, "currency"))
        }),
        Command::Account(Account::Verify) => {
            (Request::VerifyBooks, |done| format!("The books are sound: {}.", text(done, "summary")))
        }
        Command::Terminal(Terminal::Enrol { account, profile, out }) => {
            let profile = read_text(&profile)?;
            bundle_out = Some(out);
            (Request::EnrolTerminal { account, profile }, |done| {
                format!(
                    "Terminal {} is enrolled. Bundle: {}\nActivation code (tell it to the customer apart from the bundle): {}",
                    text(done, "terminal"),
                    text(done, "bundle"),
                    text(done, "activation_code")
                )
            })
        }
        Command::Terminal(Terminal::List { account }) => (Request::ListTerminals { account }, |done| {
            rows(done, "terminals", &["terminal", "account", "model", "status"])
        }),
        Command::Terminal(Terminal::Revoke { terminal }) => (Request::RevokeTerminal { terminal }, |done| {
            format!("Terminal {} cannot sign in any more.", text(done, "terminal"))
        }),
        _ => bail!("This command is handled elsewhere."),
    };
    // The file first: a terminal whose bundle cannot be written is not enrolled.
    let mut file = bundle_out.as_deref().map(create_private).transpose()?;
    let mut done = desk.ask(&Everyday(request)).inspect_err(|_| {
        if let Some(out) = &bundle_out {
            // Only tidiness: it is empty.
            let _ = std::fs::remove_file(out);
        }
    })?;
    if let (Some(out), Some(file)) = (bundle_out, &mut file) {
        let bundle = text(&done, "bundle");
        let written = file.write_all(bundle.as_bytes()).and_then(|()| file.sync_all());
        written.with_context(|| {
            format!("Cannot write {}; revoke the terminal and enrol again.", out.display())
        })?;
        if let Some(done) = done.as_object_mut() {
            done.insert("bundle".to_owned(), Value::String(out.display().to_string()));
        }
    }
    desk.print(&done, &show(&done));
    Ok(())
}

/// A field of an answer, for people.
pub(super) fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(money)) => match (money.get("minor_units"), money.get("currency")) {
            (Some(Value::Number(minor)), Some(Value::String(currency))) => minor
                .as_i64()
                .zip(money::Currency::new(currency).ok())
                .map_or_else(String::new, |(minor, currency)| money::Money::new(minor, currency).to_string()),
            _ => Value::Object(money.clone()).to_string(),
        },
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

pub(super) fn rows(value: &Value, list: &str, columns: &[&str]) -> String {
    let rows: Vec<Vec<String>> = value
        .get(list)
        .and_then(Value::as_array)
        .map(|rows| rows.iter().map(|row| columns.iter().map(|column| text(row, column)).collect()).collect())
        .unwrap_or_default();
    let headings: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    output::table(&headings, &rows)
}

fn read_text(file: &Path) -> Result<String> {
    let cannot = || format!("Cannot read {}.", file.display());
    if std::fs::metadata(file).with_context(cannot)?.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes. Is it the right file?", file.display());
    }
    std::fs::read_to_string(file).with_context(cannot)
}

/// Makes a file that only its owner may read, and never in place of another.
fn create_private(file: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if file.exists() {
        bail!("{} exists already and is not overwritten.", file.display());
    }
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.with_context(|| format!("Cannot write {}.", file.display()))
}

/// Writes a file that only its owner may read, and never over another.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    let mut out = create_private(file)?;
    let written = out.write_all(bytes).and_then(|()| out.sync_all());
    written.with_context(|| format!("Cannot write {}.", file.display()))
}

fn read_password(source: &PasswordSource, account: &str) -> Result<String> {
    let password = if let Some(file) = &source.password_file {
        read_text(file)?.lines().next().unwrap_or_default().to_owned()
    } else if let Some(password) = std::env::var_os("THINPAY_CUSTOMER_PASSWORD") {
        password.into_string().ok().context("THINPAY_CUSTOMER_PASSWORD is not UTF-8 text.")?
    } else {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let ask = |words: String| rpassword::prompt_password(words).context("Cannot read the password.");
            let password = ask(format!("New password for {account}: "))?;
            if ask("The same again: ".to_owned())? != password {
                bail!("The two passwords differ; nothing was changed.");
            }
            password
        } else {
            let mut line = String::new();
            stdin.lock().read_line(&mut line).context("Cannot read the password.")?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if password.is_empty() {
        bail!("The password is empty. Give --password-file FILE, or type one.");
    }
    Ok(password)
}
