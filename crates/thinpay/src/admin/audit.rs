//! The audit log: verification, heads, receipts.

use std::sync::atomic::{AtomicU64, Ordering};

use ::accounts::{Finding, LogCheck, LogReport, PaymentId, PaymentState, read_record};
use ::audit::{Consistency, LogKey, Receipt, ReceiptParts, SignedTreeHead};
use anyhow::{Context as _, Result, bail};
use identity::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::{Actor, hex};
use crate::directory::Books;

/// How far the verification that runs now is: rows done, of how many. One at a time is shown.
static VERIFIED_ROWS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// One thing an operator asks for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// The log's key as the asker knows it, PEM; heads that were kept elsewhere.
    Verify {
        log_key: Option<String>,
        heads: Vec<SignedTreeHead>,
    },
    /// How far a verification is.
    Progress,
    Head,
    Consistency {
        older: SignedTreeHead,
    },
    Key,
    Receipt {
        payment: String,
    },
    Log {
        action: Option<String>,
        before: Option<String>,
        limit: u32,
    },
}

/// Carries out one request; the answer is the command's `--json` output. All of them only read, so whoever may
/// read the operator's directory may ask; heads are entries of the journal themselves.
pub(super) async fn carry_out(books: &Books, request: Request, _actor: &Actor) -> Result<Value> {
    let accounts = &books.services.accounts;
    match request {
        Request::Verify { log_key, heads } => {
            let trusted_key = log_key.as_deref().map(LogKey::from_pem).transpose()?;
            let check = LogCheck { operator_key: None, trusted_key, kept_heads: heads };
            let report = accounts.verify_log(check, progress).await;
            progress(0, 0);
            Ok(report_json(&report?))
        }
        Request::Progress => {
            let [done, of] = [0, 1].map(|place: usize| {
                VERIFIED_ROWS.get(place).map_or(0, |count| count.load(Ordering::Relaxed))
            });
            Ok(json!({ "rows": done, "of": of }))
        }
        Request::Head => Ok(head_json(&accounts.sign_head().await?)),
        Request::Consistency { older } => {
            let key = accounts.log_key().context("The books were opened without the log's key.")?;
            older.verify(&key).context("The older head is not this log's.")?;
            let newer = accounts.sign_head().await?;
            if older.head.size > newer.head.size {
                bail!(
                    "The older head is over {} records and the log has only {}: records were deleted. `thinpay audit verify --head` looks into it.",
                    older.head.size,
                    newer.head.size
                );
            }
            let proof = accounts.prove_consistency(older.head.size, newer.head.size).await?;
            let consistency = Consistency { older, newer, proof };
            consistency.check(&key)?;
            Ok(json!({
                "consistent": true,
                "older": head_json(&older),
                "newer": head_json(&newer),
                "file": consistency.to_json(),
            }))
        }
        Request::Key => {
            let key = accounts.log_key().context("The books were opened without the log's key.")?;
            Ok(json!({
                "pem": key.to_pem(),
                "log": hex(&key.id()),
                "operator_ca": hex(books.services.auth.operator_ca()),
            }))
        }
        Request::Receipt { payment } => receipt(books, payment.parse()?).await,
        Request::Log { action, before, limit } => {
            let before = before.map(|before| before.parse::<PaymentId>()).transpose();
            let before = before.context("--before takes the \"next\" of an earlier page.")?;
            let acts = accounts.acts(action.as_deref(), before, limit).await?;
            let full = usize::try_from(limit).is_ok_and(|limit| acts.len() >= limit);
            let next = acts.last().filter(|_| full).map(|act| act.number.to_string());
            let acts: Vec<Value> = acts
                .into_iter()
                .map(|record| {
                    json!({
                        "number": record.number.to_string(),
                        "at": moment(record.at.0),
                        "actor": record.act.actor,
                        "action": record.act.action,
                        "subject": record.act.subject,
                        "detail": record.act.detail,
                    })
                })
                .collect();
            Ok(json!({ "acts": acts, "next": next }))
        }
    }
}

async fn receipt(books: &Books, payment: PaymentId) -> Result<Value> {
    let accounts = &books.services.accounts;
    let record = accounts.payment(payment).await?;
    let record = record.with_context(|| format!("There is no payment {payment}."))?;
    match &record.state {
        PaymentState::Posted => {}
        PaymentState::InReview => {
            bail!("Payment {payment} waits for review and was not paid yet; there is no receipt for it.")
        }
        PaymentState::Refused(why) => {
            bail!("Payment {payment} was refused ({why}); no money moved, and there is no receipt for it.")
        }
    }
    let log_key = accounts.log_key().context("The books were opened without the log's key.")?;
    let proof = accounts.prove(payment).await?;
    let parts = ReceiptParts {
        payment: payment.to_string(),
        record: proof.record,
        // An operator's signature is no customer's: such a receipt says that nobody signed.
        evidence: identity::Evidence::parse(&record.evidence).is_ok().then_some(record.evidence),
        index: proof.index,
        proof: proof.proof,
        head: proof.head,
        log_key,
        operator_ca: books.services.auth.operator_ca().to_vec(),
    };
    let receipt = Receipt::new(parts, &read_record)
        .with_context(|| format!("The receipt of payment {payment} cannot be made."))?;
    Ok(json!({
        "payment": payment.to_string(),
        "signed": receipt.parts().evidence.is_some(),
        "summary": receipt.summary(),
        "record": proof.index,
        "head": head_json(&proof.head),
        "file": receipt.to_json(),
    }))
}

/// Notes how far the verification is.
pub(crate) fn progress(done: u64, of: u64) {
    for (count, value) in VERIFIED_ROWS.iter().zip([done, of]) {
        count.store(value, Ordering::Relaxed);
    }
}

/// A head in words, and as the file that it is kept in.
fn head_json(signed: &SignedTreeHead) -> Value {
    json!({
        "size": signed.head.size,
        "root": hex(&signed.head.root),
        "at": moment(signed.head.at),
        "log": hex(&signed.head.log),
        "head": signed,
    })
}

/// What a verification found.
pub(crate) fn report_json(report: &LogReport) -> Value {
    json!({
        "sound": report.is_sound(),
        "rows": report.rows,
        "records": report.records,
        "heads": report.heads,
        "proven": report.proven,
        "book": report.book.as_ref().map(|book| json!({
            "accounts": book.accounts,
            "holds": book.holds,
            "currencies": book.turnover.len(),
        })),
        "findings": report.findings.iter().map(finding_json).collect::<Vec<_>>(),
        "findings_more": report.findings_more,
    })
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "what": finding.what.word(),
        "record": finding.record,
        "row": finding.row,
        "number": finding.number.map(|number| number.to_string()),
        "entry": finding.entry,
        "after_head": finding.after_head,
        "before_head": finding.before_head,
        "text": finding.to_string(),
    })
}

fn moment(nanoseconds: u64) -> String {
    UnixTime::from_nanoseconds(nanoseconds).to_string()
}
