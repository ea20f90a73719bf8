//! The operator's postings.

use accounts::{
    Capture, Consent, Exchange, NewHold, Operation, Origin, Payment, PaymentState, Posted, Refund, Release,
};
use anyhow::{Context as _, Result, bail};
use money::Money;
use platform::AMOUNT_MINOR_UNITS_MAX;
use serde_json::{Value, json};

use super::{Request, account_number, key, payment_number, told, zone};
use crate::admin::actor::Actor;
use crate::admin::reports::moment::moment;
use crate::directory::Books;

/// Carries out what changes the books.
pub(super) async fn carry_out(books: &Books, request: Request, actor: &Actor) -> Result<Value> {
    let accounts = &books.services.accounts;
    let origin = Origin::default;
    match request {
        Request::Close { account, key: words } => {
            let id = account_number(&account)?;
            accounts.close_account(key(words.as_deref(), actor), id).await?;
            let done = json!({ "account": id.to_string(), "closed": true });
            noted(books, actor, "close-account", &id.to_string(), done).await
        }
        Request::Withdraw { account, amount, reference, memo, key: words } => {
            within(amount)?;
            let currency = amount.currency();
            let settlement = books.services.settlement_account(currency).await?;
            let settlement = settlement.with_context(|| {
                format!("The operator keeps no books in {currency}. `thinpay account add-currency {currency}` starts them.")
            })?;
            let from = account_number(&account)?;
            let key = key(words.as_deref(), actor);
            let payment = Payment {
                reference,
                memo,
                consent: Consent::Operator,
                ..Payment::new(key, Operation::Withdrawal, from, settlement.id, amount)
            };
            let posted = accounts.post(payment).await?;
            noted(books, actor, "withdraw", &from.to_string(), posted_json(&posted)).await
        }
        Request::Hold { from, to, amount, expires, reference, memo, key: words } => {
            within(amount)?;
            let expires = expires.map(|expires| moment(&expires, &zone(books))).transpose()?;
            let (from, to) = (account_number(&from)?, account_number(&to)?);
            let key = key(words.as_deref(), actor);
            let (consent, evidence) = (Consent::Operator, Vec::new());
            let hold = NewHold {
                key,
                from,
                to,
                amount,
                expires,
                memo,
                reference,
                origin: origin(),
                consent,
                evidence,
            };
            let held = accounts.hold(hold).await?;
            let done = json!({
                "hold": held.hold.to_string(),
                "amount": amount,
                "from": from.to_string(),
                "to": to.to_string(),
                "at": told(held.at),
                "expires": expires.map(told),
                "available": held.available,
                "duplicate": held.duplicate,
            });
            noted(books, actor, "hold", &held.hold.to_string(), done).await
        }
        Request::Capture { hold, amount, keep_rest, reference, key: words } => {
            within(amount)?;
            let hold = payment_number(&hold)?;
            let key = key(words.as_deref(), actor);
            let capture = Capture { key, hold, amount, last: !keep_rest, reference, evidence: Vec::new() };
            let posted = accounts.capture(capture).await?;
            let left = accounts.related(hold).await?.hold.map(|hold| hold.left);
            let mut done = posted_json(&posted);
            if let Some(done) = done.as_object_mut() {
                done.insert("hold".to_owned(), json!(hold.to_string()));
                done.insert("left".to_owned(), json!(left));
            }
            noted(books, actor, "capture", &hold.to_string(), done).await
        }
        Request::Release { hold, key: words } => {
            let hold = payment_number(&hold)?;
            let released = accounts.release(Release { key: key(words.as_deref(), actor), hold }).await?;
            let done = json!({
                "hold": hold.to_string(),
                "at": told(released.at),
                "amount": released.amount,
                "available": released.available,
                "duplicate": released.duplicate,
            });
            noted(books, actor, "release", &hold.to_string(), done).await
        }
        Request::Refund { payment, amount, reason, key: words } => {
            refund(books, actor, &payment, amount, reason, words.as_deref()).await
        }
        Request::Exchange { from, to, amount, agreed, memo, key: words } => {
            within(amount)?;
            let (from, to) = (account_number(&from)?, account_number(&to)?);
            let exchange = Exchange {
                key: key(words.as_deref(), actor),
                from,
                to,
                amount,
                agreed,
                memo,
                reference: String::new(),
                origin: origin(),
                consent: Consent::Operator,
                evidence: Vec::new(),
            };
            let exchanged = accounts.exchange(exchange).await?;
            let rate = accounts.related(exchanged.payment).await?.rate;
            let done = json!({
                "payment": exchanged.payment.to_string(),
                "at": told(exchanged.at),
                "amount": exchanged.amount,
                "converted": exchanged.converted,
                "rate": rate,
                "from_balance": exchanged.from_balance,
                "to_balance": exchanged.to_balance,
                "duplicate": exchanged.duplicate,
            });
            noted(books, actor, "exchange", &from.to_string(), done).await
        }
        _ => bail!("Questions are answered elsewhere."),
    }
}

/// Gives a payment back. When nothing is said of how much, all that is left; asked again under the same key,
/// what was given back then is told once more.
async fn refund(
    books: &Books,
    actor: &Actor,
    payment: &str,
    amount: Option<Money>,
    reason: String,
    words: Option<&str>,
) -> Result<Value> {
    let accounts = &books.services.accounts;
    let original = payment_number(payment)?;
    let record = accounts.payment(original).await?;
    let record = record.with_context(|| format!("There is no payment {original}."))?;
    if record.state != PaymentState::Posted {
        bail!("Payment {original} is not posted: nothing of it can be given back.");
    }
    let related = accounts.related(original).await?;
    let amount = match amount {
        Some(amount) => amount,
        None => {
            let refunded = related.refunded.with_context(|| {
                format!(
                    "A payment of the kind {} is not refunded; only pay, transfer, capture, top-up and withdrawal are.",
                    record.operation.word()
                )
            })?;
            let left = record.amount.checked_sub(refunded).map_err(anyhow::Error::msg)?;
            match related.refunds.last() {
                _ if left.is_positive() => left,
                // The last one took all that was left: it may be this very request, asked again.
                Some(last) if words.is_some() => last.amount,
                _ => bail!("All of payment {original}, {}, has been given back.", record.amount),
            }
        }
    };
    let refund = Refund {
        key: key(words, actor),
        original,
        amount,
        memo: reason,
        reference: String::new(),
        evidence: actor.evidence.clone(),
    };
    let refunded = accounts.refund(refund).await?;
    let left = record.amount.checked_sub(refunded.refunded).ok();
    let done = json!({
        "payment": refunded.payment.to_string(),
        "original": refunded.original.to_string(),
        "at": told(refunded.at),
        "amount": refunded.amount,
        "refunded": refunded.refunded,
        "left": left,
        "duplicate": refunded.duplicate,
    });
    noted(books, actor, "refund", &original.to_string(), done).await
}

/// What one amount may be, for whatever asks.
fn within(amount: Money) -> Result<()> {
    if (1..=AMOUNT_MINOR_UNITS_MAX).contains(&amount.minor_units()) {
        return Ok(());
    }
    let most = Money::new(AMOUNT_MINOR_UNITS_MAX, amount.currency());
    bail!("The amount is more than nothing and at most {most}.")
}

/// Puts into the audit log who ordered this, with the signature; unless it had been done before.
async fn noted(books: &Books, actor: &Actor, action: &str, subject: &str, done: Value) -> Result<Value> {
    if done.get("duplicate") == Some(&Value::Bool(true)) {
        return Ok(done);
    }
    let signed: Option<Value> = serde_json::from_slice(&actor.evidence).ok();
    let detail = json!({ "done": done, "signed": signed }).to_string();
    crate::admin::note(books, actor, action, subject, &detail).await?;
    Ok(done)
}

fn posted_json(posted: &Posted) -> Value {
    json!({
        "payment": posted.payment.to_string(),
        "at": told(posted.at),
        "amount": posted.amount,
        "fee": posted.fee,
        "payee_fee": posted.payee_fee,
        "from_balance": posted.from_balance,
        "to_balance": posted.to_balance,
        "duplicate": posted.duplicate,
    })
}
