//! Risk rules as data: a readable file format with tests of its own, histories, decisions with reasons.
//!
//! A risk desk writes a [rule file](Rules::parse): lists, rules in the order in which they are read, and
//! `[[test]]` cases that say what the rules must decide. [`Rules::decide`] looks at one payment and at what
//! the payer did before ([`Histories`]) and says allow, step up, review or refuse, with the rules that said
//! so. Nothing here posts, counts or asks anybody: whoever posts a payment decides first, stores the
//! decision with it, and [records](Histories::record) it when it is posted.
//!
//! Everything is a function of values passed in: there is no clock, file or random choice, and no number
//! that is not an integer. The format is described in `docs/risk-rules.md`, whose examples are tests.
//!
//! What one account's history remembers is bounded, and so is what the rules can know: its last
//! [`RECENT_MAX`] payments, the [`PAYEES_MAX`] payees paid most recently, and the [`TERMINALS_MAX`] terminals
//! used most recently. Moments count in whole seconds and never go back: a payment that is dated before the
//! account's last one is taken as made at the same second. No rule is weakened by these bounds: a count needs
//! no more than is remembered, and where a sum or a payee would be missed the condition counts as met.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod cases;
mod condition;
mod encoded;
mod file;
mod histories;
mod history;
mod list;
mod lookup;
mod payment;
mod phrase;
mod replay;
mod rules;

pub use cases::CaseResult;
pub use encoded::HistoriesError;
pub use file::RuleError;
pub use histories::{Histories, Profile};
pub use history::{PAYEES_MAX, RECENT_MAX, TERMINALS_MAX};
pub use list::ListKind;
pub use payment::{Consent, Decision, OPERATIONS, Outcome, Payment};
pub use replay::{DIFFERENCES_MAX, Difference, DryRun, DryRunReport, Past, replay};
pub use rules::{Rule, Rules, Words};

/// Largest rule file, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// Most rules in a file.
pub const RULES_MAX: usize = 1_000;

/// Most lists in a file, those of one entry that `is` makes included.
pub const LISTS_MAX: usize = 1_000;

/// Most entries of one list.
pub const LIST_ENTRIES_MAX: usize = 50_000;

/// Most `[[test]]` cases in a file.
pub const CASES_MAX: usize = 1_000;

/// Most payments that all the cases of a file have in their histories together.
pub const CASE_PAYMENTS_MAX: usize = 100_000;

/// Longest window over which payments are counted, in days.
pub const COUNT_WINDOW_DAYS_MAX: u32 = 31;

/// Longest window over which amounts are added up or payees are told apart, in hours. Within it, more than
/// [`RECENT_MAX`] payments count as beyond any bound. Longer sums are limits, not risk rules: limits count days
/// and months, however many payments there are.
pub const DETAIL_WINDOW_HOURS_MAX: u32 = 24;

/// Longest time in any condition, in days.
pub const DAYS_MAX: u32 = 3_660;

/// How an account number is read: the text as people write it, to the number that
/// [`Payment::payer`] and [`Payment::payee`] carry. The error is a whole sentence.
pub type AccountReader = fn(&str) -> Result<u64, String>;

/// Reads an account number that is written as a plain number.
///
/// # Errors
/// A sentence that says how to write it.
pub fn plain_number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "this is not an account number: write its digits, in quotes".to_owned())
}

/// A commented rule file to start from: it parses, and its tests pass.
#[must_use]
pub fn template() -> &'static str {
    include_str!("template.toml")
}

/// Whether a text may become the rules: it parses, and every one of its `[[test]]` cases is decided as it
/// expects.
///
/// # Errors
/// Whole sentences for the author: the line and the reason, or the cases that failed and what came out.
pub fn check(text: &str, accounts: AccountReader) -> Result<(), String> {
    let rules = Rules::parse(text, accounts).map_err(|error| error.to_string())?;
    let failed: Vec<String> =
        rules.run_tests().iter().filter(|result| !result.passed()).map(ToString::to_string).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}
