//! Questions about payments, accounts and holds.

use accounts::{Account, HoldRecord, PAGE_ENTRIES_MAX, PaymentRecord, PaymentState, Related};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{account_number, payment_number, told, zone};
use crate::admin::actor::hex;
use crate::admin::reports::moment::moment;
use crate::directory::Books;

/// Everything about a payment or a hold.
pub(super) async fn payment(books: &Books, payment: &str) -> Result<Value> {
    let number = payment_number(payment)?;
    let accounts = &books.services.accounts;
    let record = accounts.payment(number).await?;
    let related = accounts.related(number).await?;
    if record.is_none() && related.hold.is_none() {
        bail!(
            "There is no payment and no hold {number}. `thinpay account find --reference R` looks by reference."
        );
    }
    let mut told = record.as_ref().map_or_else(|| json!({}), payment_json);
    if let Some(fields) = told.as_object_mut() {
        let Related { hold, captures, refunds, refunded, converted, rate, control, resolved } = related;
        let left = record
            .as_ref()
            .zip(refunded)
            .and_then(|(record, refunded)| record.amount.checked_sub(refunded).ok());
        let more = [
            ("converted", json!(converted)),
            ("rate", json!(rate)),
            ("refused_by", json!(control)),
            ("review_decision", json!(resolved.map(|number| number.to_string()))),
            ("refunded", json!(refunded)),
            ("refundable", json!(left)),
            ("refunds", json!(refunds.iter().map(payment_json).collect::<Vec<_>>())),
            ("captures", json!(captures.iter().map(payment_json).collect::<Vec<_>>())),
            ("set_aside", json!(hold.as_ref().map(hold_json))),
        ];
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(told)
}

/// Payments with a reference.
pub(super) async fn by_reference(books: &Books, reference: &str) -> Result<Value> {
    let found = books.services.accounts.payments_by_reference(reference).await?;
    let more = u32::try_from(found.len()).is_ok_and(|found| found >= PAGE_ENTRIES_MAX);
    Ok(json!({ "payments": found.iter().map(payment_json).collect::<Vec<_>>(), "more": more }))
}

/// Accounts by what is known of them.
pub(super) async fn by_text(books: &Books, text: &str) -> Result<Value> {
    let found = books.services.accounts.find(text, None).await?;
    let more = u32::try_from(found.len()).is_ok_and(|found| found >= PAGE_ENTRIES_MAX);
    Ok(json!({ "accounts": found.iter().map(account_json).collect::<Vec<_>>(), "more": more }))
}

/// An account and its balance, now or at a moment.
pub(super) async fn balance(books: &Books, account: &str, at: Option<&str>) -> Result<Value> {
    let id = account_number(account)?;
    let accounts = &books.services.accounts;
    let account = accounts.account(id).await?;
    let account = account.with_context(|| format!("There is no account {id}."))?;
    let mut told_account = account_json(&account);
    let Some(at) = at.map(|at| moment(at, &zone(books))).transpose()? else { return Ok(told_account) };
    let balance = accounts.balance_at(id, at).await?.context("The account is not in the books any more.")?;
    let held = accounts.held_at(Some(id), at).await?.totals.first().map(|&(_, held)| held);
    let held = held.unwrap_or_else(|| money::Money::zero(balance.currency()));
    if let Some(fields) = told_account.as_object_mut() {
        fields.insert("balance".to_owned(), json!(balance));
        fields.insert("held".to_owned(), json!(held));
        fields.insert("available".to_owned(), json!(balance.checked_sub(held).ok()));
        fields.insert("at".to_owned(), json!(told(at)));
    }
    Ok(told_account)
}

/// Open holds.
pub(super) async fn holds(books: &Books, account: Option<&str>, after: Option<&str>) -> Result<Value> {
    let account = account.map(account_number).transpose()?;
    let after = after.map(payment_number).transpose()?;
    let accounts = &books.services.accounts;
    let holds = accounts.holds_after(account, after).await?;
    let full = u32::try_from(holds.len()).is_ok_and(|found| found >= PAGE_ENTRIES_MAX);
    let next = holds.last().filter(|_| full).map(|hold| hold.hold.to_string());
    Ok(json!({ "holds": holds.iter().map(hold_json).collect::<Vec<_>>(), "next": next }))
}

fn payment_json(record: &PaymentRecord) -> Value {
    let (state, refusal) = match &record.state {
        PaymentState::Posted => ("posted", None),
        PaymentState::InReview => ("review", None),
        PaymentState::Refused(why) => ("refused", Some(why)),
    };
    let evidence = (!record.evidence.is_empty()).then(|| hex(&Sha256::digest(&record.evidence)));
    json!({
        "payment": record.payment.to_string(),
        "state": state,
        "operation": record.operation.word(),
        "from": { "account": record.from.0.to_string(), "name": record.from.1 },
        "to": { "account": record.to.0.to_string(), "name": record.to.1 },
        "amount": record.amount,
        "fee": record.fee,
        "payee_fee": record.payee_fee,
        "at": told(record.at),
        "memo": record.memo,
        "reference": record.reference,
        "app": record.origin.app,
        "terminal": record.origin.terminal,
        "region": record.origin.region,
        "hold": record.hold.map(|hold| hold.to_string()),
        "original": record.original.map(|original| original.to_string()),
        "refusal": refusal,
        "reasons": record.reasons,
        "evidence_sha256": evidence,
    })
}

fn hold_json(hold: &HoldRecord) -> Value {
    json!({
        "hold": hold.hold.to_string(),
        "state": hold.state,
        "from": { "account": hold.from.0.to_string(), "name": hold.from.1 },
        "to": { "account": hold.to.0.to_string(), "name": hold.to.1 },
        "amount": hold.original,
        "left": hold.left,
        "at": told(hold.at),
        "expires": hold.expires.map(told),
        "ended": hold.ended.map(told),
        "memo": hold.memo,
        "reference": hold.reference,
        "in_review": hold.in_review,
    })
}

fn account_json(account: &Account) -> Value {
    json!({
        "account": account.id.to_string(),
        "holder": account.holder.0,
        "name": account.name,
        "kind": account.kind.word(),
        "tier": account.tier,
        "balance": account.balance,
        "held": account.balance.checked_sub(account.available).ok(),
        "available": account.available,
        "opened": told(account.opened),
        "closed": account.closed,
    })
}
