//! What can be typed, and the help that teaches it.

pub(crate) mod audit;
pub(crate) mod clearing;
pub(crate) mod ledger;
pub(crate) mod parameters;
pub(crate) mod reports;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use money::{Currency, Money};

/// The ThinPay server and its operator's tools.
///
/// Payment apps run on the server, one virtual machine a terminal; terminals show what is sealed to them.
/// Start with: thinpay init DIR, thinpay customer add, thinpay account open, thinpay terminal enrol,
/// thinpay app publish, thinpay serve.
#[derive(Debug, Parser)]
#[command(name = "thinpay", version, arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Arguments {
    /// The operator's directory, made by `thinpay init` [default: $THINPAY_DIR, else the current folder]
    #[arg(long = "dir", global = true, value_name = "DIR", default_value_os_t = default_directory(), hide_default_value = true)]
    pub(crate) directory: PathBuf,
    /// Print one JSON value instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print one field of the JSON value only, for shell scripts: payment, or entries.0.payment
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "json")]
    pub(crate) field: Option<String>,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Who asks, where an operator must: parameters, reviews, clearing.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// Your name as an operator [default: $THINPAY_OPERATOR]
    #[arg(long = "operator", global = true, value_name = "NAME", requires = "operator-key")]
    name: Option<String>,
    /// Your secret key, made by `thinpay operator key` [default: $THINPAY_OPERATOR_KEY]
    #[arg(long = "operator-key", id = "operator-key", global = true, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Operator {
    /// Name and key file, from the command line or the environment.
    pub(crate) fn given(&self) -> Option<(String, PathBuf)> {
        let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let name = self.name.clone().or_else(|| from("THINPAY_OPERATOR")?.into_string().ok());
        let key = self.key.clone().or_else(|| from("THINPAY_OPERATOR_KEY").map(PathBuf::from));
        name.zip(key)
    }
}

fn default_directory() -> PathBuf {
    std::env::var_os("THINPAY_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an operator's directory: authority, certificate, empty books, configuration
    Init(Init),
    /// Run the server until it is told to stop (SIGINT or SIGTERM)
    Serve(Serve),
    /// Customers and their contracts
    #[command(subcommand)]
    Customer(Customer),
    /// Merchants
    #[command(subcommand)]
    Merchant(Merchant),
    /// Accounts and their books
    #[command(subcommand)]
    Account(Account),
    /// Operators: who may change parameters, decide reviews and settle
    #[command(subcommand)]
    Operator(parameters::Operator),
    /// Parameters: fees, limits, risk rules, cut-off, participants; drafted by one operator, approved by another
    #[command(subcommand)]
    Parameter(parameters::Parameter),
    /// Risk control: try rules, and decide the payments that wait for review
    #[command(subcommand)]
    Risk(parameters::Risk),
    /// Clearing: the day's cut-off, netting, totals of acceptance terminals
    #[command(subcommand)]
    Clearing(clearing::Clearing),
    /// Settlement: instructions to the bank, and its confirmations
    #[command(subcommand)]
    Settlement(clearing::Settlement),
    /// Statements, trial balance, day end and reconciliation
    #[command(subcommand)]
    Report(reports::Report),
    /// The audit log: verify it, prove a payment, check a receipt
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Terminals: enrolment and revocation
    #[command(subcommand)]
    Terminal(Terminal),
    /// Payment apps: build, sign, publish, roll back
    #[command(subcommand)]
    App(App),
    /// Measure a part on this machine, against its target or a peer
    Bench(Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// A folder that does not exist yet, or is empty
    pub(crate) folder: PathBuf,
    /// The name in the server's certificate, beside localhost
    #[arg(long, default_value = "localhost", value_name = "NAME")]
    pub(crate) server_name: String,
    /// A currency to keep books in; may be given more than once
    #[arg(long = "currency", default_value = "CNY", value_name = "CODE")]
    pub(crate) currencies: Vec<Currency>,
    /// The folder with the built browser terminal, to serve it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) page: Option<PathBuf>,
    /// Let customers top up their own accounts from the settlement account, with nothing that pays for it:
    /// for demonstrations and tests
    #[arg(long)]
    pub(crate) free_top_ups: bool,
    /// Keep the books' journal in this PostgreSQL database (15 or later), which several servers may share:
    /// "host=db.example user=thinpay dbname=books"
    #[arg(long, value_name = "WORDS")]
    pub(crate) postgres: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration, in the operator's directory [default: thinpay.toml in --dir]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Where a password comes from: the file, else $THINPAY_CUSTOMER_PASSWORD, else the keyboard.
#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Customer {
    /// Sign a contract with a new customer
    Add {
        /// The name to sign in with
        #[arg(long)]
        account: String,
        /// The name as people write it
        #[arg(long)]
        name: String,
        /// The language to be served in
        #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
        language: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Show all customers
    List,
    /// Set a new password
    Password {
        /// The name to sign in with
        account: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Let the customer sign in no more
    Lock {
        /// The name to sign in with
        account: String,
    },
    /// Let the customer sign in again
    Unlock {
        /// The name to sign in with
        account: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Merchant {
    /// Add a merchant with an account to be paid into
    Add {
        /// A short name of letters, digits and hyphens, unique
        #[arg(long)]
        id: String,
        /// The name as customers see it
        #[arg(long)]
        name: String,
        /// The account's currency
        #[arg(long, default_value = "CNY", value_name = "CODE")]
        currency: Currency,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Open an account for a customer
    Open {
        /// The customer's sign-in name
        #[arg(long)]
        holder: String,
        /// Tells the customer's accounts apart; both sides of a payment see it after the customer's name
        #[arg(long)]
        name: Option<String>,
        /// Its currency
        #[arg(long, default_value = "CNY", value_name = "CODE")]
        currency: Currency,
    },
    /// Show a holder's accounts and balances
    List {
        /// The customer's sign-in name or the merchant's id
        #[arg(long)]
        holder: String,
    },
    /// Put money into an account from the settlement account
    TopUp {
        /// The account
        account: String,
        /// How much, for example "500.00 CNY"
        #[arg(long)]
        amount: Money,
        /// Asking again with the same key does it once; without one, each command is a new top-up
        #[arg(long)]
        key: Option<String>,
    },
    /// Show what happened on an account, newest first
    History {
        /// The account
        account: String,
        /// Go on from here: the "next" of the last page
        #[arg(long)]
        before: Option<String>,
        /// At most this many entries, 1 to 100
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Start books in another currency
    AddCurrency {
        /// The currency, for example EUR
        currency: Currency,
    },
    /// Check the whole book: debits equal credits, no rule broken, every journal record in its place
    Verify,
    #[command(flatten)]
    More(ledger::Ledger),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Terminal {
    /// Enrol a customer's terminal and write its enrolment bundle
    Enrol {
        /// The customer's sign-in name
        #[arg(long)]
        account: String,
        /// The terminal's hardware profile, a TOML file
        #[arg(long, value_name = "FILE")]
        profile: PathBuf,
        /// Where to write the bundle that the terminal imports
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show enrolled terminals
    List {
        /// Only this customer's
        #[arg(long)]
        account: Option<String>,
    },
    /// Let a terminal sign in no more
    Revoke {
        /// The terminal's identifier
        terminal: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Make a publisher's signing key and print its public half
    PublisherKey {
        /// Where to write the key; keep it secret
        file: PathBuf,
    },
    /// Let a publisher's apps be published here
    Approve {
        /// The publisher, as its manifests name it
        #[arg(long)]
        name: String,
        /// The public key that `thinpay app publisher-key` printed
        #[arg(long, value_name = "HEX")]
        public_key: String,
    },
    /// Build an app's crate into a signed bundle
    Build {
        /// The app's folder, with Cargo.toml and app.toml
        folder: PathBuf,
        /// The publisher's key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where to write the bundle
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Serve a bundle's app to new sessions
    Publish {
        /// The bundle
        bundle: PathBuf,
    },
    /// Serve the version before this one again
    Rollback {
        /// The app's identifier
        app: String,
    },
    /// Show published apps and their versions
    List,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// ledger, seal, view, vm, session, or all
    #[arg(value_name = "WHAT")]
    pub(crate) what: String,
    /// A short run, to see that it works
    #[arg(long)]
    pub(crate) quick: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_options_do_not_clash() {
        for line in [
            &["thinpay", "account", "top-up", "1000000161", "--amount", "1.00 CNY", "--key", "a"][..],
            &[
                "thinpay",
                "account",
                "release",
                "7K3-M92-QXC",
                "--key",
                "a",
                "--operator",
                "ada",
                "--operator-key",
                "k",
            ],
        ] {
            assert!(Arguments::try_parse_from(line).is_ok(), "{line:?}");
        }
        assert!(Arguments::try_parse_from(["thinpay", "account", "verify", "--operator", "ada"]).is_err());
    }
}
