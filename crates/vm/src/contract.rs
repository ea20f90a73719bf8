//! What crosses the boundary, in the platform's own types: money is [`Money`], views are `view::View`.
//!
//! The generated twins of these, with their strings and numbers as an app wrote them, never leave this crate.

use money::Money;
use view::{FieldValue, View};

pub(crate) mod generated {
    //! What `wasmtime` makes of `crates/app-sdk/wit/payment-app.wit`.
    #![allow(
        missing_docs,
        missing_debug_implementations,
        unreachable_pub,
        unused_qualifications,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        clippy::undocumented_unsafe_blocks,
        clippy::allow_attributes_without_reason,
        reason = "generated code; the contract documents itself"
    )]
    wasmtime::component::bindgen!({ path: "../app-sdk/wit", world: "payment-app" });
}

/// One of the user's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// How commands name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it holds.
    pub balance: Money,
    /// What of it can be spent: without what is on hold.
    pub available: Money,
}

/// Whom the app serves, told at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The customer's name as the contract has it.
    pub customer: String,
    /// The language to speak: "en" or "zh".
    pub language: String,
    /// The user's accounts, the main one first.
    pub accounts: Vec<Account>,
    /// What the app kept for this user, if anything.
    pub kept: Option<Vec<u8>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The user chose an action or a choice.
    Acted {
        /// Its identifier.
        id: String,
        /// What is filled in, field by field.
        answers: Vec<(String, FieldValue)>,
    },
    /// A command's outcome.
    Replied {
        /// The command's tag.
        tag: u32,
        /// The outcome.
        reply: Reply,
    },
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To `QueryAccounts`.
    Accounts(Vec<Account>),
    /// To `QueryHistory`.
    History {
        /// The newest first.
        entries: Vec<HistoryEntry>,
        /// Where the older page starts, if there is one.
        next: Option<String>,
    },
    /// To `FindPayees`.
    Payees(Vec<Payee>),
    /// To the commands that move money.
    Paid(Receipt),
    /// To `Keep`.
    Kept,
    /// To any: it was not done.
    Refused {
        /// Why, for the app.
        reason: RefusalReason,
        /// Why, for the user, in the user's language.
        text: String,
    },
}

/// One entry of an account's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The payment's number as people see it.
    pub payment: String,
    /// "pay", "transfer", "top-up", "refund".
    pub operation: String,
    /// Who was on the other side.
    pub counterparty: String,
    /// Negative where money went out.
    pub amount: Money,
    /// What the account held then.
    pub balance_after: Money,
    /// Local date and time of the operator, "2026-11-23 14:05".
    pub at: String,
    /// What the payer wrote.
    pub memo: String,
}

/// Somebody who can be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// How commands name them.
    pub id: String,
    /// What people call them.
    pub name: String,
}

/// What was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The payment's number as people see it.
    pub payment: String,
    /// "pay", "transfer", "top-up".
    pub operation: String,
    /// Who got it.
    pub payee: String,
    /// How much.
    pub amount: Money,
    /// On top of the amount.
    pub fee: Money,
    /// What the user's account holds now.
    pub balance_after: Money,
    /// Local date and time of the operator, "2026-11-23 14:05".
    pub at: String,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// The account does not hold as much.
    InsufficientFunds,
    /// Nobody has that identifier.
    UnknownPayee,
    /// The customer, the terminal or the app may not.
    NotPermitted,
    /// The user said no.
    Cancelled,
    /// The command itself is wrong.
    Invalid,
    /// The platform cannot at the moment; whether money moved may be unknown.
    Unavailable,
}

/// What an app answered, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to show.
    pub view: View,
    /// What to do, in this order; the tags differ.
    pub commands: Vec<Command>,
}

/// Something that the app would like done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Comes back with the outcome.
    pub tag: u32,
    /// What.
    pub kind: CommandKind,
}

/// What an app can ask for. Amounts are positive, identifiers and words bounded; whether they exist and whether the
/// user may is the platform's to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// The user's accounts as they are now.
    QueryAccounts,
    /// A page of history.
    QueryHistory {
        /// Of which account.
        account: String,
        /// Where it starts; the newest entry when absent.
        before: Option<String>,
        /// How many entries, 1 to 100.
        limit: u32,
    },
    /// Who matches these words.
    FindPayees {
        /// Among whom.
        kind: PayeeKind,
        /// The words.
        words: String,
    },
    /// Pay a merchant (consumption).
    Pay {
        /// From which account.
        source_account: String,
        /// To whom.
        merchant: String,
        /// How much.
        amount: Money,
        /// What the payer wrote.
        memo: String,
    },
    /// Send money to another customer.
    Transfer {
        /// From which account.
        source_account: String,
        /// To whom.
        payee: String,
        /// How much.
        amount: Money,
        /// What the payer wrote.
        memo: String,
    },
    /// Put money into an account from the settlement account.
    TopUp {
        /// Into which account.
        account: String,
        /// How much.
        amount: Money,
    },
    /// Keep these bytes for this user and app, in place of the last.
    Keep(Vec<u8>),
    /// End the session.
    End,
}

/// Whom to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeeKind {
    /// Shops.
    Merchant,
    /// Other customers.
    Customer,
}
