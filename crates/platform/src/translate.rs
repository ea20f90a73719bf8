//! Between the app's words and the account platform's.

use accounts::{Account, Page, Posted};
use auth::Customer;
use identity::{Operation, UnixTime};
use view::Language;
use vm::{CommandKind, Context, HistoryEntry, Payee, PayeeKind, Receipt, RefusalReason};

use crate::calendar;
use crate::effect::{Order, Prepared, Question, Refusal, Reply, Tag};
use crate::services;
use crate::words;

/// What an app's command comes to.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Look something up, or keep something.
    Look(Question),
    /// Move money.
    Pay(Order),
    /// Leave.
    End,
}

/// What a command of this app, run for this customer, comes to.
pub(crate) fn wish(tag: Tag, command: CommandKind, holder: &str, app: &str) -> Wish {
    let holder = holder.to_owned();
    match command {
        CommandKind::QueryAccounts => Wish::Look(Question::Accounts { holder }),
        CommandKind::QueryHistory { account, before, limit } => {
            Wish::Look(Question::History { holder, account, before, limit })
        }
        CommandKind::FindPayees { kind: PayeeKind::Merchant, words } => {
            Wish::Look(Question::Merchants { words })
        }
        CommandKind::FindPayees { kind: PayeeKind::Customer, words } => {
            Wish::Look(Question::Customer { account: words, asking: holder })
        }
        CommandKind::Pay { source_account, merchant, amount, memo } => Wish::Pay(Order {
            tag,
            app: app.to_owned(),
            operation: Operation::Pay,
            source: source_account,
            destination: merchant,
            amount,
            memo,
        }),
        CommandKind::Transfer { source_account, payee, amount, memo } => Wish::Pay(Order {
            tag,
            app: app.to_owned(),
            operation: Operation::Transfer,
            source: source_account,
            destination: payee,
            amount,
            memo,
        }),
        CommandKind::TopUp { account, amount } => Wish::Pay(Order {
            tag,
            app: app.to_owned(),
            operation: Operation::TopUp,
            source: String::new(),
            destination: account,
            amount,
            memo: String::new(),
        }),
        CommandKind::Keep(bytes) => Wish::Look(Question::Keep { holder, app: app.to_owned(), bytes }),
        CommandKind::End => Wish::End,
    }
}

/// What an app is told at its start.
pub(crate) fn context(customer: &Customer, accounts: &[Account], kept: Option<Vec<u8>>) -> Context {
    Context {
        customer: customer.name.clone(),
        language: Language::from_tag(customer.language.tag()).tag().to_owned(),
        accounts: accounts.iter().map(account).collect(),
        kept,
    }
}

/// What was found, for the app.
pub(crate) fn reply(reply: Reply, minutes_east_of_utc: i16) -> vm::Reply {
    match reply {
        Reply::Accounts(accounts) => vm::Reply::Accounts(accounts.iter().map(account).collect()),
        Reply::History(page) => history(page, minutes_east_of_utc),
        Reply::Payees(accounts) => vm::Reply::Payees(
            accounts
                .into_iter()
                .map(|account| Payee { id: account.id.to_string(), name: account.name })
                .collect(),
        ),
        Reply::Kept => vm::Reply::Kept,
    }
}

/// A posting, for the app.
pub(crate) fn paid(posted: &Posted, prepared: &Prepared, minutes_east_of_utc: i16) -> vm::Reply {
    let order = &prepared.order;
    let balance_after = match order.operation {
        Operation::TopUp => posted.to_balance,
        _ => posted.from_balance,
    };
    vm::Reply::Paid(Receipt {
        payment: posted.payment.to_string(),
        operation: services::operation(order.operation).word().to_owned(),
        payee: prepared.payee.name.clone(),
        amount: posted.amount,
        fee: posted.fee,
        balance_after,
        at: local(posted.at, minutes_east_of_utc),
    })
}

/// Why something was not done, for the app and its user.
pub(crate) fn refused(refusal: Refusal, language: Language) -> vm::Reply {
    let reason = match refusal {
        Refusal::InsufficientFunds => RefusalReason::InsufficientFunds,
        Refusal::UnknownPayee => RefusalReason::UnknownPayee,
        Refusal::NotPermitted
        | Refusal::NotSigned
        | Refusal::OverLimit
        | Refusal::Suspicious
        | Refusal::StepUp => RefusalReason::NotPermitted,
        Refusal::Cancelled | Refusal::Expired | Refusal::PriceChanged => RefusalReason::Cancelled,
        Refusal::Invalid => RefusalReason::Invalid,
        Refusal::Unavailable | Refusal::InReview => RefusalReason::Unavailable,
    };
    vm::Reply::Refused { reason, text: words::refusal(language, refusal).to_owned() }
}

fn account(account: &Account) -> vm::Account {
    vm::Account {
        id: account.id.to_string(),
        name: account.name.clone(),
        balance: account.balance,
        available: account.available,
    }
}

fn history(page: Page, minutes_east_of_utc: i16) -> vm::Reply {
    let entries = page.entries.into_iter().map(|entry| HistoryEntry {
        payment: entry.payment.to_string(),
        operation: entry.operation.word().to_owned(),
        counterparty: entry.counterparty_name,
        amount: entry.amount,
        balance_after: entry.balance_after,
        at: local(entry.at, minutes_east_of_utc),
        memo: entry.memo,
    });
    vm::Reply::History {
        entries: entries.collect(),
        next: page.next.map(|cursor| cursor.to_number().to_string()),
    }
}

fn local(at: accounts::Timestamp, minutes_east_of_utc: i16) -> String {
    calendar::date_and_time(UnixTime::from_nanoseconds(at.0), minutes_east_of_utc)
}
