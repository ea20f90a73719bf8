//! The things an app may ask of the platform, by name.
//!
//! Money moves only after the platform has shown its own confirmation and the user's secure element has signed it;
//! the app hears `paid` or `refused`.

use crate::{CommandKind, HistoryQuery, Money, Pay, PayeeKind, PayeeQuery, TopUp, Transfer};

/// The user's accounts with their balances of now; answered by `Reply::Accounts`.
#[must_use]
pub fn query_accounts() -> CommandKind {
    CommandKind::QueryAccounts
}

/// A page of an account's entries, the newest first, from before a page's `next`; answered by `Reply::History`.
#[must_use]
pub fn query_history(account: impl Into<String>, before: Option<String>, limit: u32) -> CommandKind {
    CommandKind::QueryHistory(HistoryQuery { account: account.into(), before, limit })
}

/// Merchants that match these words; answered by `Reply::Payees`.
#[must_use]
pub fn find_merchants(words: impl Into<String>) -> CommandKind {
    CommandKind::FindPayees(PayeeQuery { kind: PayeeKind::Merchant, words: words.into() })
}

/// Customers that match these words; answered by `Reply::Payees`.
#[must_use]
pub fn find_customers(words: impl Into<String>) -> CommandKind {
    CommandKind::FindPayees(PayeeQuery { kind: PayeeKind::Customer, words: words.into() })
}

/// Pay a merchant by the identifier that `find_merchants` gave; answered by `Reply::Paid` or `Reply::Refused`.
#[must_use]
pub fn pay(
    source_account: impl Into<String>,
    merchant: impl Into<String>,
    amount: Money,
    memo: impl Into<String>,
) -> CommandKind {
    CommandKind::Pay(Pay {
        source_account: source_account.into(),
        merchant: merchant.into(),
        amount,
        memo: memo.into(),
    })
}

/// Send money to a customer by the identifier that `find_customers` gave; answered as `pay`.
#[must_use]
pub fn transfer(
    source_account: impl Into<String>,
    payee: impl Into<String>,
    amount: Money,
    memo: impl Into<String>,
) -> CommandKind {
    CommandKind::Transfer(Transfer {
        source_account: source_account.into(),
        payee: payee.into(),
        amount,
        memo: memo.into(),
    })
}

/// Put money into an account; answered as `pay`.
#[must_use]
pub fn top_up(account: impl Into<String>, amount: Money) -> CommandKind {
    CommandKind::TopUp(TopUp { account: account.into(), amount })
}

/// Keep these bytes for this user and app, at most 64 KiB, in place of the last; answered by `Reply::Kept`.
#[must_use]
pub fn keep(bytes: Vec<u8>) -> CommandKind {
    CommandKind::Keep(bytes)
}

/// End the session; there is no answer.
#[must_use]
pub fn end() -> CommandKind {
    CommandKind::End
}
