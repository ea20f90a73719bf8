//! `thinpay operator`, `thinpay parameter` and `thinpay risk`.

use std::path::PathBuf;

use clap::Subcommand;
use money::Money;
use parameters::Section;

use crate::admin::parameters::NewOperator;

#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    /// Make an operator's secret key, and print its public half for `thinpay operator add`
    ///
    /// Each operator does this alone and keeps the file: who has it signs in the operator's name.
    Key {
        /// Where to write the key; keep it secret
        file: PathBuf,
    },
    /// Name operators; the first two at once, later ones with another operator's approval
    ///
    /// While there are fewer than two operators this is in effect at once and needs no key:
    ///   thinpay operator add ada=02ab...:security,finance ben=03cd...:security,risk
    /// Afterwards it makes a draft of the section operators, signed by you, that another operator with the role
    /// security approves: thinpay parameter approve operators VERSION. To change or remove an operator, change
    /// the text of `thinpay parameter show operators` and draft it.
    #[command(verbatim_doc_comment)]
    Add {
        /// NAME=PUBLIC-KEY:ROLE,ROLE with roles of teller, risk, finance, security, auditor
        #[arg(required = true, value_name = "NAME=KEY:ROLES")]
        operators: Vec<NewOperator>,
    },
    /// Show the operators in effect, their roles and keys
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Parameter {
    /// Show all versions: state, who drafted and approved them, from when they are in effect
    List {
        /// Only of this section: fees, limits, risk, cut-off, currencies, calendar, exchange, participants, operators
        section: Option<Section>,
    },
    /// Print a section's text: the one in effect, another version, or a commented one to start from
    Show {
        /// The section, for example fees
        section: Section,
        /// This version instead of the one in effect
        #[arg(long, conflicts_with = "at")]
        version: Option<u32>,
        /// The one that is in effect at that time: 2026-12-01, "2026-12-01 08:00" or "2026-12-01 00:00 UTC"
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// A commented example to start from
        #[arg(long, conflicts_with_all = ["version", "at"])]
        template: bool,
    },
    /// Check a text without changing anything: what is wrong, in which line
    Check {
        /// The section that the text is for
        section: Section,
        /// The text, a TOML file
        file: PathBuf,
    },
    /// Propose a new version of a section; another operator approves it
    Draft {
        /// The section
        section: Section,
        /// The whole new text, a TOML file
        file: PathBuf,
        /// When it takes effect, like --at of show (a day alone: its start); without it, when it is approved
        #[arg(long, value_name = "TIME")]
        effective: Option<String>,
        /// Why, for whoever approves it and for the audit log
        #[arg(long, default_value = "", hide_default_value = true)]
        note: String,
    },
    /// Approve a version that another operator drafted
    Approve {
        /// The section
        section: Section,
        /// The version, from `thinpay parameter list`
        version: u32,
    },
    /// Take back a version that is not in effect yet
    Withdraw {
        /// The section
        section: Section,
        /// The version
        version: u32,
    },
    /// Compare a version with the one in effect, line by line
    Diff {
        /// The section
        section: Section,
        /// The version
        version: u32,
    },
    /// Tell what a payment would cost and meet now, without doing it
    Quote {
        /// What it would be
        #[arg(long, value_parser = ["pay", "transfer", "top-up", "withdrawal"])]
        operation: String,
        /// The account that would pay
        #[arg(long, value_name = "ACCOUNT")]
        from: String,
        /// The account that would be paid
        #[arg(long, value_name = "ACCOUNT")]
        to: String,
        /// How much, for example "20.00 CNY"
        #[arg(long)]
        amount: Money,
        /// The app that would ask, for schedules and limits of its own
        #[arg(long, default_value = "", hide_default_value = true)]
        app: String,
        /// The terminal that it would come from
        #[arg(long, default_value = "", hide_default_value = true)]
        terminal: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Risk {
    /// Run a rule file's own tests, and name the rules that no test reaches
    Test {
        /// The rules, a TOML file; `thinpay parameter show risk --template` prints one
        file: PathBuf,
    },
    /// Show what a rule file would have decided about the payments of the past
    DryRun {
        /// The rules
        file: PathBuf,
        /// From this time on: 2026-11-01; what was before counts as history
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Before this time
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Show at most so many payments that would be decided otherwise
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
        limit: u32,
    },
    /// Show the payments that wait for review, and why: the 100 oldest
    Queue,
    /// Post a payment that waits for review
    Release {
        /// The payment, from `thinpay risk queue`
        payment: String,
        /// Why, for the audit log
        #[arg(long)]
        note: String,
    },
    /// Refuse a payment that waits for review; its money is free again
    Refuse {
        /// The payment, from `thinpay risk queue`
        payment: String,
        /// Why, for the customer's history and the audit log
        #[arg(long)]
        note: String,
    },
    /// Give an account a tier: the limits of that tier apply to it from now on
    Tier {
        /// The account
        account: String,
        /// The tier, as limit rules name it; "standard" is where every account starts
        #[arg(long, value_name = "NAME")]
        tier: String,
    },
}
