//! Moving money and keeping the books, as operators do it.
//!
//! What moves money is for tellers and finance once operators are named. Each posting is one entry under the key
//! that the operator gave in words, or under that of the signed request; who ordered it stands in the audit log
//! beside it, with the signature.

mod looking;
mod moving;

use accounts::{AccountId, PaymentId, Timestamp};
use anyhow::{Context as _, Result};
use identity::UnixTime;
use money::Money;
use parameters::{Role, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::Actor;
use crate::clock;
use crate::directory::Books;

/// Who may move money.
const MOVERS: [Role; 2] = [Role::Teller, Role::Finance];

/// One thing an operator asks for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Closes an account for ever.
    Close { account: String, key: Option<String> },
    /// Everything about a payment or a hold.
    Payment { payment: String },
    /// Payments by reference.
    FindReference { reference: String },
    /// Accounts by holder, name or number.
    FindText { text: String },
    /// An account's balance, now or at a moment.
    Balance { account: String, at: Option<String> },
    /// Holds that are open.
    Holds { account: Option<String>, after: Option<String> },
    /// Money leaves through the settlement account.
    Withdraw { account: String, amount: Money, reference: String, memo: String, key: Option<String> },
    /// An amount is set aside.
    Hold {
        from: String,
        to: String,
        amount: Money,
        expires: Option<String>,
        reference: String,
        memo: String,
        key: Option<String>,
    },
    /// A hold is paid, in whole or in part.
    Capture { hold: String, amount: Money, keep_rest: bool, reference: String, key: Option<String> },
    /// A hold is given back.
    Release { hold: String, key: Option<String> },
    /// A payment is given back: as much, or all that is left of it.
    Refund { payment: String, amount: Option<Money>, reason: String, key: Option<String> },
    /// One currency for another.
    Exchange {
        from: String,
        to: String,
        amount: Money,
        agreed: Option<Money>,
        memo: String,
        key: Option<String>,
    },
    /// The books were copied.
    BackedUp { file: String, rows: u64, hash: String },
    /// The projections were made anew.
    Rebuilt { rows: u64 },
}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(books: &Books, request: Request, actor: &Actor) -> Result<Value> {
    match request {
        Request::Payment { payment } => looking::payment(books, &payment).await,
        Request::FindReference { reference } => looking::by_reference(books, &reference).await,
        Request::FindText { text } => looking::by_text(books, &text).await,
        Request::Balance { account, at } => looking::balance(books, &account, at.as_deref()).await,
        Request::Holds { account, after } => {
            looking::holds(books, account.as_deref(), after.as_deref()).await
        }
        Request::BackedUp { file, rows, hash } => {
            let detail = json!({ "rows": rows, "hash": hash }).to_string();
            super::note(books, actor, "backup", &shortened(&file), &detail).await?;
            Ok(json!({ "noted": true }))
        }
        Request::Rebuilt { rows } => {
            let detail = json!({ "rows": rows }).to_string();
            super::note(books, actor, "rebuild", "projections", &detail).await?;
            Ok(json!({ "noted": true }))
        }
        moving => {
            actor.require(&MOVERS)?;
            moving::carry_out(books, moving, actor).await
        }
    }
}

/// The idempotency key that the operator chose, or the request's own.
fn key(words: Option<&str>, actor: &Actor) -> [u8; 16] {
    words.map_or(actor.key, clock::key_from_words)
}

/// An account number as it is printed.
fn account_number(text: &str) -> Result<AccountId> {
    text.parse().with_context(|| format!("{text:?} cannot be an account."))
}

/// A payment number as it is printed.
fn payment_number(text: &str) -> Result<PaymentId> {
    text.parse().with_context(|| format!("{text:?} cannot be a payment or a hold."))
}

/// The operator's time zone now.
fn zone(books: &Books) -> Zone {
    books.services.accounts.registry().effective(clock::timestamp()).cut_off.zone
}

/// A moment as answers say it.
pub(super) fn told(Timestamp(at): Timestamp) -> String {
    UnixTime::from_nanoseconds(at).to_string()
}

/// As much of a text as fits where the audit log names what an act was about.
fn shortened(text: &str) -> String {
    let mut end = text.len().min(accounts::NAME_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened("backup.sqlite"), "backup.sqlite");
        let cut = shortened(&"账".repeat(100));
        assert!(cut.len() <= accounts::NAME_BYTES_MAX && cut.chars().all(|character| character == '账'));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_request_is_an_error_and_no_panic(at in 0_usize..200, byte: u8) {
            let request = Request::Refund {
                payment: "7K3-M92-QXC".to_owned(),
                amount: Some("1.00 CNY".parse().expect("money")),
                reason: "cold coffee".to_owned(),
                key: None,
            };
            let mut bytes = serde_json::to_vec(&request).expect("serialises");
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            let _ = serde_json::from_slice::<Request>(&bytes);
            let _ = serde_json::from_slice::<Request>(&bytes[..at]);
        }
    }
}
