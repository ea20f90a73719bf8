//! Quotes, tiers, the review queue, and the past as risk rules see it.

use accounts::{
    AccountId, Consent, Operation, Origin, Payment, PaymentId, QuoteVerdict, Resolution, STANDARD_TIER,
    Timestamp,
};
use anyhow::{Context as _, Result, bail};
use money::Money;
use parameters::{AppliesTo, DayCache, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{time, times};
use crate::admin::actor::Actor;
use crate::clock;
use crate::directory::Books;

/// Payments on one page of the past.
pub(crate) const PAGE_MAX: u32 = 5_000;

/// How account numbers are written in rule files: as everywhere. The number that stands for one is what is
/// printed.
pub(crate) fn read_account(text: &str) -> Result<u64, String> {
    let account: AccountId = text.parse().map_err(|error: accounts::NumberError| error.to_string())?;
    account.to_string().parse().map_err(|_| "this account number is too large".to_owned())
}

pub(super) async fn quote(
    books: &Books,
    operation: &str,
    from: &str,
    to: &str,
    amount: Money,
    origin: Origin,
) -> Result<Value> {
    let known = Operation::ALL.into_iter().find(|known| known.word() == operation);
    let operation = known.context("The operation is pay, transfer, top-up or withdrawal.")?;
    let accounts = &books.services.accounts;
    let (from, to): (AccountId, AccountId) = (from.parse()?, to.parse()?);
    for account in [from, to] {
        if accounts.account(account).await?.is_none() {
            bail!("There is no account {account}.");
        }
    }
    let payment = Payment {
        origin,
        consent: Consent::Signed,
        ..Payment::new(clock::random_key(), operation, from, to, amount)
    };
    let quote = accounts.quote(&payment).await?;
    let (verdict, reason) = match quote.verdict {
        QuoteVerdict::Post => ("post", String::new()),
        QuoteVerdict::Review => ("review", String::new()),
        QuoteVerdict::Decline(decline) => ("decline", decline.to_string()),
    };
    Ok(json!({
        "operation": operation.word(),
        "amount": amount,
        "fee": quote.fee,
        "payer_pays": amount.checked_add(quote.fee)?,
        "payee_fee": quote.payee_fee,
        "payee_gets": amount.checked_sub(quote.payee_fee)?,
        "verdict": verdict,
        "reason": reason,
    }))
}

pub(super) async fn set_tier(books: &Books, actor: &Actor, account: &str, tier: &str) -> Result<Value> {
    actor.require(&[Role::Risk])?;
    let accounts = &books.services.accounts;
    let account: AccountId = account.parse()?;
    let before =
        accounts.account(account).await?.with_context(|| format!("There is no account {account}."))?;
    accounts.set_tier(actor.key, account, tier, &actor.name).await?;
    let limits = accounts.registry().effective(clock::timestamp()).limits;
    let rules: Vec<&str> = limits
        .rules()
        .filter(|rule| rule.applies_to == AppliesTo::Tier && rule.which.as_deref() == Some(tier))
        .map(|rule| rule.name.as_str())
        .collect();
    Ok(json!({
        "account": account.to_string(),
        "tier": tier,
        "before": before.tier,
        "standard": tier == STANDARD_TIER,
        "limits": rules,
    }))
}

pub(super) async fn queue(books: &Books) -> Result<Value> {
    let waiting = books.services.accounts.review_queue().await?;
    let payments: Vec<Value> = waiting
        .into_iter()
        .map(|payment| {
            json!({
                "payment": payment.payment.to_string(),
                "at": time(payment.at),
                "operation": payment.operation.word(),
                "from": payment.from.0.to_string(),
                "from_name": payment.from.1,
                "to": payment.to.0.to_string(),
                "to_name": payment.to.1,
                "amount": payment.amount,
                "fee": payment.fee,
                "memo": payment.memo,
                "app": payment.origin.app,
                "terminal": payment.origin.terminal,
                "region": payment.origin.region,
                "reasons": payment.reasons,
            })
        })
        .collect();
    Ok(json!({ "payments": payments }))
}

pub(super) async fn resolve(
    books: &Books,
    actor: &Actor,
    payment: &str,
    post: bool,
    note: String,
) -> Result<Value> {
    actor.require(&[Role::Risk])?;
    if note.trim().is_empty() {
        bail!("Say why: the note stands in the audit log.");
    }
    let payment: PaymentId = payment.parse()?;
    let resolution = Resolution {
        key: actor.key,
        payment,
        post,
        operator: actor.name.clone(),
        note,
        evidence: actor.evidence.clone(),
    };
    books.services.accounts.resolve(resolution).await?;
    let state = if post { "posted" } else { "refused" };
    Ok(json!({ "payment": payment.to_string(), "state": state }))
}

/// A page of the past.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) payments: Vec<Past>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

/// A payment as the risk rules see it, and what was decided.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Past {
    pub(crate) payment: String,
    /// Nanoseconds since 1970.
    pub(crate) at: u64,
    pub(crate) minutes_of_day: u16,
    pub(crate) operation: String,
    /// Account numbers as they are printed.
    pub(crate) payer: u64,
    pub(crate) payee: u64,
    pub(crate) payee_holder: String,
    pub(crate) amount: Money,
    pub(crate) app: String,
    pub(crate) terminal: String,
    pub(crate) region: String,
    pub(crate) account_opened: u64,
    pub(crate) consent: risk::Consent,
    /// What the rules of the time said, where they were asked.
    pub(crate) decided: Option<risk::Outcome>,
    /// Whether it is part of the payer's history.
    pub(crate) counted: bool,
    /// Whether it is of the time that is asked about; what was before it is only history.
    pub(crate) asked: bool,
}

/// A page of payments from this one on, or from the first; those since then and until then are asked about.
pub(super) async fn past(
    books: &Books,
    from: Option<&str>,
    since: Option<&str>,
    until: Option<&str>,
) -> Result<Value> {
    let accounts = &books.services.accounts;
    let zone = accounts.registry().effective(clock::timestamp()).cut_off.zone;
    let moment = |text: Option<&str>, otherwise| text.map_or(Ok(otherwise), |text| times::read(text, &zone));
    let (since, until) = (moment(since, Timestamp(0))?, moment(until, Timestamp(u64::MAX))?);
    let from = match from {
        Some(from) => from.parse()?,
        None => accounts.number_at(Timestamp(0)).await?,
    };
    let (found, next) = accounts.past(from, PAGE_MAX).await?;
    let over = found.last().is_some_and(|last| last.at >= until);
    let mut days = DayCache::new(zone);
    let payments = found.into_iter().filter(|payment| payment.at < until).map(|payment| Past {
        payment: payment.payment.to_string(),
        at: payment.at.0,
        minutes_of_day: days.day_and_minutes(payment.at).1,
        operation: payment.operation,
        payer: printed(payment.from),
        payee: printed(payment.to),
        payee_holder: payment.to_holder.0,
        amount: payment.amount,
        app: payment.origin.app,
        terminal: payment.origin.terminal,
        region: payment.origin.region,
        account_opened: payment.from_opened.0,
        consent: payment.consent.into(),
        decided: payment.decided,
        counted: payment.counted,
        asked: payment.at >= since,
    });
    let page =
        Page { payments: payments.collect(), next: next.filter(|_| !over).map(|next| next.to_string()) };
    Ok(serde_json::to_value(page)?)
}

fn printed(account: AccountId) -> u64 {
    account.to_string().parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_files_name_accounts_as_they_are_printed() {
        assert_eq!(read_account("1000000161"), Ok(1_000_000_161));
        assert_eq!(read_account("10 0000 0161"), Ok(1_000_000_161));
        assert!(read_account("1000000162").unwrap_err().contains("check its digits"));
        risk::check(risk::template(), read_account).unwrap();
    }
}
