//! An operator's site made from nothing: customers, a merchant, accounts with money, the bank card app.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::operator::text;
use crate::terminal::Enrolment;
use crate::{Balance, Device, Operator, Programs, Server};

/// A customer of the seeded site.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The account name they sign in with.
    pub account: &'static str,
    /// Their name.
    pub name: &'static str,
    /// The language of their screens.
    pub language: &'static str,
    /// Their password: these people exist in tests and demos only.
    pub password: &'static str,
    /// What their account is called.
    pub account_name: &'static str,
    /// What is on it at the beginning.
    pub money: &'static str,
}

/// Reads English.
pub const ALICE: Person = Person {
    account: "alice",
    name: "Alice Wang",
    language: "en",
    password: "correct horse battery",
    account_name: "Everyday",
    money: "500.00 CNY",
};

/// Reads Chinese.
pub const BO: Person = Person {
    account: "bo",
    name: "李波",
    language: "zh",
    password: "正确的 密码 2026",
    account_name: "日常账户",
    money: "300.00 CNY",
};

/// The merchant: its identifier and its name.
pub const MERCHANT: (&str, &str) = ("luckin", "Luckin Coffee");

/// The PIN of every secure element made here: the element's file is for development.
pub const ACTIVATION_PIN: &str = "246810";

/// A seeded site.
#[derive(Debug)]
pub struct Site {
    /// Runs the operator's commands.
    pub operator: Operator,
    /// Alice's account.
    pub alice: String,
    /// Bo's account.
    pub bo: String,
    /// The merchant's account.
    pub merchant: String,
}

impl Site {
    /// Makes the operator's folder and everything in it.
    ///
    /// # Errors
    /// When a command of the operator fails; the sentence holds the command and what it wrote.
    pub fn create(operator: Operator) -> Result<Self> {
        let folder = operator.folder.to_string_lossy().into_owned();
        let page = operator.programs.page.to_string_lossy().into_owned();
        operator.run(&[
            "init",
            &folder,
            "--server-name",
            "localhost",
            "--currency",
            "CNY",
            "--page",
            &page,
            "--free-top-ups",
        ])?;
        free_ports(&operator.folder.join("thinpay.toml"))?;

        let alice = customer(&operator, &ALICE)?;
        let bo = customer(&operator, &BO)?;
        let merchant = operator.run(&[
            "merchant",
            "add",
            "--id",
            MERCHANT.0,
            "--name",
            MERCHANT.1,
            "--currency",
            "CNY",
        ])?;
        let merchant = text(&merchant, "account")?;
        let site = Self { operator, alice, bo, merchant };
        site.publish("bank-card")?;
        Ok(site)
    }

    /// A seeded site in a fresh temporary folder, which goes when the second value is dropped.
    ///
    /// # Errors
    /// When the programs are not built, or a command of the operator fails.
    pub fn temporary() -> Result<(Self, tempfile::TempDir)> {
        let folder = tempfile::Builder::new().prefix("thinpay-test-").tempdir().context("making a folder")?;
        let site = Self::create(Operator::new(Programs::beside_this_one()?, folder.path()))?;
        Ok((site, folder))
    }

    /// Builds, signs, approves and publishes one of the payment apps in `apps/`.
    ///
    /// # Errors
    /// When a command of the operator fails.
    pub fn publish(&self, app: &str) -> Result<()> {
        let source = self.operator.programs.app_crates.join(app);
        let manifest =
            std::fs::read_to_string(source.join("app.toml")).context("reading the app's manifest")?;
        let publisher = manifest
            .lines()
            .find_map(|line| line.strip_prefix("publisher = \"")?.strip_suffix('"'))
            .context("the app's manifest names its publisher")?;
        let file = |ending: &str| {
            self.operator.folder.join(format!("{app}.{ending}")).to_string_lossy().into_owned()
        };
        let (key, bundle) = (file("key"), file("bundle"));
        let made = self.operator.run(&["app", "publisher-key", &key])?;
        let public = text(&made, "public_key")?;
        self.operator.run(&["app", "approve", "--name", publisher, "--public-key", &public])?;
        self.operator.run(&["app", "build", &source.to_string_lossy(), "--key", &key, "--out", &bundle])?;
        self.operator.run(&["app", "publish", &bundle])?;
        Ok(())
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn serve(&self) -> Result<Server> {
        Server::start(&self.operator)
    }

    /// Gives a customer a terminal: enrols it at the operator's, imports the bundle into a secure element.
    ///
    /// # Errors
    /// When a command of the operator or of the terminal fails.
    pub fn enrol(&self, person: &Person, profile: &str) -> Result<Device> {
        Device::enrol(&self.operator, person, profile)
    }

    /// Enrols a terminal of another kind than ours, such as a browser; gives back its bundle's file and the
    /// activation code.
    ///
    /// # Errors
    /// When a command of the operator fails.
    pub fn enrol_elsewhere(&self, person: &Person, profile: &str) -> Result<(PathBuf, String)> {
        let enrolment = Enrolment::make(&self.operator, person, profile)?;
        Ok((enrolment.bundle, enrolment.activation_code))
    }

    /// Alice's, Bo's and the merchant's balance, in minor units.
    ///
    /// # Errors
    /// When a balance cannot be read.
    pub fn balances(&self) -> Result<[i64; 3]> {
        let of = |holder, account| {
            self.operator.balance(holder, account).map(|balance: Balance| balance.minor_units)
        };
        Ok([of(ALICE.account, &self.alice)?, of(BO.account, &self.bo)?, of(MERCHANT.0, &self.merchant)?])
    }

    /// The identifier of the newest payment on a customer's account.
    ///
    /// # Errors
    /// When there is none.
    pub fn latest_payment(&self, person: &Person) -> Result<String> {
        let account = if person.account == ALICE.account { &self.alice } else { &self.bo };
        let history = self.operator.run(&["account", "history", account])?;
        let entries = history.get("entries").unwrap_or(&history);
        let newest = entries.get(0).with_context(|| format!("no entries in {history}"))?;
        text(newest, "payment")
    }

    /// Has the operator check the whole book and the journal's hash chain.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify(&self) -> Result<()> {
        self.operator.run(&["account", "verify"]).map(drop)
    }
}

fn customer(operator: &Operator, person: &Person) -> Result<String> {
    operator.run_with(
        &[
            "customer",
            "add",
            "--account",
            person.account,
            "--name",
            person.name,
            "--language",
            person.language,
        ],
        &[("THINPAY_CUSTOMER_PASSWORD", person.password)],
    )?;
    let opened = operator.run(&[
        "account",
        "open",
        "--holder",
        person.account,
        "--name",
        person.account_name,
        "--currency",
        "CNY",
    ])?;
    let account = text(&opened, "account")?;
    operator.run(&["account", "top-up", &account, "--amount", person.money])?;
    Ok(account)
}

/// Sets every port in the configuration to 0, so that the server takes free ones.
fn free_ports(config: &Path) -> Result<()> {
    let written = std::fs::read_to_string(config).with_context(|| format!("reading {}", config.display()))?;
    let changed: String = written
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("listen") {
                format!("{}\n", with_ports_zero(line))
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    std::fs::write(config, changed).with_context(|| format!("writing {}", config.display()))
}

/// `"127.0.0.1:5910"` becomes `"127.0.0.1:0"`, for every address of a line.
fn with_ports_zero(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(':') {
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        out.push_str(before);
        out.push(':');
        let (number, next) = after.split_at(digits);
        // Inside an IPv6 address a colon is followed by no closing quotation mark.
        out.push_str(if next.starts_with('"') && digits > 0 { "0" } else { number });
        rest = next;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::with_ports_zero;

    #[test]
    fn ports_become_zero() {
        assert_eq!(
            with_ports_zero("listen = [\"127.0.0.1:8080\", \"[::1]:8080\"]"),
            "listen = [\"127.0.0.1:0\", \"[::1]:0\"]"
        );
    }
}
