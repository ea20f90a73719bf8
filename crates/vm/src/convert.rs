//! Between the platform's types and the generated ones: towards the app as it is, from the app with every check.

use std::collections::HashSet;

use view::FieldValue;

use crate::contract::generated::thinpay::app::types as wit;
use crate::contract::{
    Account, Command, CommandKind, Context, Event, HistoryEntry, Payee, PayeeKind, Receipt, RefusalReason,
    Reply, Step,
};
use crate::manifest::CommandName;
use crate::views::{self, at_most};
use crate::{
    COMMANDS_MAX, HISTORY_ENTRIES_MAX, KEEP_BYTES_MAX, MODEL_BYTES_MAX, REFERENCE_BYTES_MAX, WORDS_BYTES_MAX,
};

/// What is wrong with an app's answer. Always the app's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResult {
    /// More of something than a bound allows.
    #[error("{count} {what}, at most {count_max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many are allowed.
        count_max: usize,
    },
    /// A text that is too long.
    #[error("{what} of {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// How long.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// Something that may not be empty is.
    #[error("{0} may not be empty or zero")]
    Empty(&'static str),
    /// An identifier is empty or not of visible ASCII characters.
    #[error("an identifier is not of visible ASCII characters")]
    BadIdentifier,
    /// An identifier stands for two things.
    #[error("the identifier {0:?} stands twice in one view")]
    Twice(String),
    /// A field of digits starts with something else.
    #[error("a field of digits starts with something else")]
    NotDigits,
    /// An amount field starts with something else.
    #[error("an amount field starts with something else")]
    NotAnAmount,
    /// A table's rows do not fit its heading.
    #[error("a row of a table does not have {columns} cells as its heading has")]
    RaggedTable {
        /// How many the heading has.
        columns: usize,
    },
    /// A currency that ISO 4217 does not have.
    #[error("the currency {0:?} is not one of ISO 4217")]
    UnknownCurrency(String),
    /// A sum to be moved is not positive.
    #[error("a sum to be moved is not positive")]
    NotPositive,
    /// Two commands of one step have the same tag.
    #[error("two commands of one step have the tag {0}")]
    TagTwice(u32),
    /// The manifest does not list the command, or the operator did not approve it.
    #[error("the command {0} is not among those that its manifest lists")]
    NotListed(CommandName),
    /// More bytes in one answer than [`crate::RESULT_BYTES_MAX`].
    #[error("an answer that takes more than {} bytes", crate::RESULT_BYTES_MAX)]
    TooLarge,
    /// The answer breaks the component model's binary contract: a pointer out of memory, text that is not UTF-8, an
    /// unknown case.
    #[error("an answer that breaks the contract: {0}")]
    Malformed(String),
}

/// A step, and the model that goes with it.
pub(crate) fn step(step: wit::Step, allowed: &HashSet<CommandName>) -> Result<(Vec<u8>, Step), BadResult> {
    if step.model.len() > MODEL_BYTES_MAX {
        return Err(BadResult::TooLong {
            what: "a model",
            bytes: step.model.len(),
            bytes_max: MODEL_BYTES_MAX,
        });
    }
    at_most("commands in a step", step.commands.len(), COMMANDS_MAX)?;
    let mut tags = HashSet::new();
    let mut commands = Vec::with_capacity(step.commands.len());
    for wit::Command { tag, command } in step.commands {
        if !tags.insert(tag) {
            return Err(BadResult::TagTwice(tag));
        }
        let kind = command_kind(command)?;
        let name = CommandName::of(&kind);
        if !allowed.contains(&name) {
            return Err(BadResult::NotListed(name));
        }
        commands.push(Command { tag, kind });
    }
    Ok((step.model, Step { view: views::view(step.view)?, commands }))
}

fn command_kind(command: wit::CommandKind) -> Result<CommandKind, BadResult> {
    Ok(match command {
        wit::CommandKind::QueryAccounts => CommandKind::QueryAccounts,
        wit::CommandKind::QueryHistory(query) => {
            if query.limit == 0 {
                return Err(BadResult::Empty("a history query's limit"));
            }
            let limit = query.limit.min(HISTORY_ENTRIES_MAX);
            let before = query.before.map(|before| reference("a page's start", before)).transpose()?;
            CommandKind::QueryHistory { account: reference("an account", query.account)?, before, limit }
        }
        wit::CommandKind::FindPayees(query) => {
            let kind = match query.kind {
                wit::PayeeKind::Merchant => PayeeKind::Merchant,
                wit::PayeeKind::Customer => PayeeKind::Customer,
            };
            CommandKind::FindPayees { kind, words: words("words to search by", query.words)? }
        }
        wit::CommandKind::Pay(pay) => CommandKind::Pay {
            source_account: reference("an account", pay.source_account)?,
            merchant: reference("a merchant", pay.merchant)?,
            amount: positive(&pay.amount)?,
            memo: words("a memo", pay.memo)?,
        },
        wit::CommandKind::Transfer(transfer) => CommandKind::Transfer {
            source_account: reference("an account", transfer.source_account)?,
            payee: reference("a payee", transfer.payee)?,
            amount: positive(&transfer.amount)?,
            memo: words("a memo", transfer.memo)?,
        },
        wit::CommandKind::TopUp(top_up) => CommandKind::TopUp {
            account: reference("an account", top_up.account)?,
            amount: positive(&top_up.amount)?,
        },
        wit::CommandKind::Keep(bytes) => {
            if bytes.len() > KEEP_BYTES_MAX {
                let (what, bytes) = ("what is to be kept", bytes.len());
                return Err(BadResult::TooLong { what, bytes, bytes_max: KEEP_BYTES_MAX });
            }
            CommandKind::Keep(bytes)
        }
        wit::CommandKind::End => CommandKind::End,
    })
}

fn positive(money: &wit::Money) -> Result<money::Money, BadResult> {
    let money = views::money(money)?;
    if money.is_positive() { Ok(money) } else { Err(BadResult::NotPositive) }
}

fn reference(what: &'static str, reference: String) -> Result<String, BadResult> {
    if reference.is_empty() {
        return Err(BadResult::Empty(what));
    }
    bounded(what, reference, REFERENCE_BYTES_MAX)
}

fn words(what: &'static str, words: String) -> Result<String, BadResult> {
    bounded(what, words, WORDS_BYTES_MAX)
}

fn bounded(what: &'static str, text: String, bytes_max: usize) -> Result<String, BadResult> {
    if text.len() > bytes_max {
        return Err(BadResult::TooLong { what, bytes: text.len(), bytes_max });
    }
    Ok(text)
}

// ---- towards the app

pub(crate) fn context(context: Context) -> wit::Context {
    wit::Context {
        customer: context.customer,
        language: context.language,
        accounts: context.accounts.into_iter().map(account).collect(),
        kept: context.kept,
    }
}

pub(crate) fn event(event: Event) -> wit::Event {
    match event {
        Event::Acted { id, answers } => {
            let answers = answers.into_iter().map(|(id, value)| {
                let value = match value {
                    FieldValue::Text(text) => wit::FieldValue::Text(text),
                    FieldValue::Amount(amount) => wit::FieldValue::Amount(amount.map(sum)),
                };
                wit::Answer { id, value }
            });
            wit::Event::Acted(wit::Acted { id, answers: answers.collect() })
        }
        Event::Replied { tag, reply } => wit::Event::Replied(wit::Replied { tag, reply: self::reply(reply) }),
    }
}

fn reply(reply: Reply) -> wit::Reply {
    match reply {
        Reply::Accounts(accounts) => wit::Reply::Accounts(accounts.into_iter().map(account).collect()),
        Reply::History { entries, next } => {
            let entries = entries.into_iter().map(history_entry).collect();
            wit::Reply::History(wit::HistoryPage { entries, next })
        }
        Reply::Payees(payees) => {
            let payee = |Payee { id, name }| wit::Payee { id, name };
            wit::Reply::Payees(payees.into_iter().map(payee).collect())
        }
        Reply::Paid(Receipt { payment, operation, payee, amount, fee, balance_after, at }) => {
            let (amount, fee, balance_after) = (sum(amount), sum(fee), sum(balance_after));
            wit::Reply::Paid(wit::Receipt { payment, operation, payee, amount, fee, balance_after, at })
        }
        Reply::Kept => wit::Reply::Kept,
        Reply::Refused { reason, text } => {
            let reason = match reason {
                RefusalReason::InsufficientFunds => wit::RefusalReason::InsufficientFunds,
                RefusalReason::UnknownPayee => wit::RefusalReason::UnknownPayee,
                RefusalReason::NotPermitted => wit::RefusalReason::NotPermitted,
                RefusalReason::Cancelled => wit::RefusalReason::Cancelled,
                RefusalReason::Invalid => wit::RefusalReason::Invalid,
                RefusalReason::Unavailable => wit::RefusalReason::Unavailable,
            };
            wit::Reply::Refused(wit::Refusal { reason, text })
        }
    }
}

fn account(account: Account) -> wit::Account {
    let Account { id, name, balance, available } = account;
    wit::Account { id, name, balance: sum(balance), available: sum(available) }
}

fn history_entry(entry: HistoryEntry) -> wit::HistoryEntry {
    let HistoryEntry { payment, operation, counterparty, amount, balance_after, at, memo } = entry;
    let (amount, balance_after) = (sum(amount), sum(balance_after));
    wit::HistoryEntry { payment, operation, counterparty, amount, balance_after, at, memo }
}

fn sum(money: money::Money) -> wit::Money {
    wit::Money { minor_units: money.minor_units(), currency: money.currency().code().to_owned() }
}
