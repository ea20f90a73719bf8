//! Statements, trial balance, day end, and our side of a reconciliation.
//!
//! Days are those of the operator's time zone (parameters, section `cut-off`). Reports are made from the books as
//! they are; asking for one changes nothing but, for the day end of a day that is over, a head of the audit log
//! that covers it.

mod day_end;
pub(crate) mod moment;
mod records;

use accounts::{AccountId, Timestamp};
use anyhow::{Context as _, Result, bail};
use money::Money;
use parameters::{CutOff, Day, Effective};
use reports::{Language, Letterhead, Statement, StatementLine, TrialBalance, TrialBalanceRow, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::Actor;
use crate::clock;
use crate::directory::Books;

/// The longest report, in bytes: it must fit in the answer to a command.
const REPORT_BYTES_MAX: usize = 48 * 1024 * 1024;
/// The operator's name on reports, while no participant is named as the operator.
const OPERATOR: &str = "ThinPay";

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// A table for spreadsheets and programs
    Csv,
    /// For programs
    Json,
    /// A page to print
    Html,
}

/// One thing an operator asks for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// An account from one day to another, both included.
    Statement { account: String, from: String, until: String, format: Format, language: String },
    /// Every account's totals, now or at a moment.
    TrialBalance { at: Option<String>, format: Format, language: String },
    /// What a day was.
    DayEnd { day: String, format: Format, language: String },
    /// Our records of some days, to be compared with somebody else's.
    Records { account: Option<String>, by_payment: bool, from: String, until: String, tolerance: u32 },
}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(books: &Books, request: Request, actor: &Actor) -> Result<Value> {
    let now = clock::timestamp();
    let effective = books.services.accounts.registry().effective(now);
    match request {
        Request::Statement { account, from, until, format, language } => {
            let letterhead = letterhead(&effective, &language, now)?;
            let days = days(&from, &until)?;
            let account = account.parse().with_context(|| format!("{account:?} cannot be an account."))?;
            let statement = statement(books, &effective.cut_off, letterhead, account, days).await?;
            let text = match format {
                Format::Csv => statement.csv(),
                Format::Json => statement.json(),
                Format::Html => statement.html(),
            };
            let more = json!({ "account": statement.account, "lines": statement.lines.len() });
            answer("statement", format, text?, more)
        }
        Request::TrialBalance { at, format, language } => {
            let as_of = at.map_or(Ok(now), |at| moment::moment(&at, &effective.cut_off.zone))?;
            let balance = trial_balance(books, letterhead(&effective, &language, now)?, as_of).await?;
            let text = match format {
                Format::Csv => balance.csv(),
                Format::Json => balance.json(),
                Format::Html => balance.html(),
            };
            let more = json!({ "balanced": balance.balances(), "accounts": balance.rows.len() });
            answer("trial-balance", format, text?, more)
        }
        Request::DayEnd { day, format, language } => {
            let day = moment::day(&day)?;
            let letterhead = letterhead(&effective, &language, now)?;
            let (day_end, ended_by) =
                day_end::make(books, &effective.cut_off.zone, letterhead, day, actor).await?;
            let text = match format {
                Format::Csv => day_end.csv(),
                Format::Json => day_end.json(),
                Format::Html => day_end.html(),
            };
            let more = json!({ "day": day.to_string(), "ended_by": ended_by });
            answer("day-end", format, text?, more)
        }
        Request::Records { account, by_payment, from, until, tolerance } => {
            let zone = &effective.cut_off.zone;
            let account = account.map(|account| {
                account.parse::<AccountId>().with_context(|| format!("{account:?} cannot be an account."))
            });
            let (from, until) = days(&from, &until)?;
            let asked = records::Asked { account: account.transpose()?, by_payment, from, until, tolerance };
            let records = records::ours(books, zone, &asked).await?;
            let Timestamp(issued) = now;
            Ok(json!({
                "records": records,
                "operator": operator(&effective),
                "zone": zone.name(),
                "issued": issued,
            }))
        }
    }
}

/// A report on its way to whoever asked.
fn answer(report: &str, format: Format, text: String, more: Value) -> Result<Value> {
    if text.len() > REPORT_BYTES_MAX {
        bail!(
            "The report has {} bytes; at most {REPORT_BYTES_MAX} are sent. Ask for a shorter period, or for CSV.",
            text.len()
        );
    }
    let mut answer = json!({ "report": report, "format": format, "text": text });
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    Ok(answer)
}

fn operator(effective: &Effective) -> String {
    effective.participants.operator().map_or_else(|| OPERATOR.to_owned(), |operator| operator.name.clone())
}

fn letterhead(effective: &Effective, language: &str, issued: Timestamp) -> Result<Letterhead> {
    Ok(Letterhead {
        operator: operator(effective),
        language: Language::from_tag(language),
        zone: Zone::new(effective.cut_off.zone.name())?,
        issued,
    })
}

/// Two days in their order.
fn days(from: &str, until: &str) -> Result<(Day, Day)> {
    let (from, until) = (moment::day(from)?, moment::day(until)?);
    if until < from {
        bail!("--until {until} is before --from {from}: swap the two days.");
    }
    Ok((from, until))
}

/// A day as reports know it.
fn reported(day: Day) -> Result<reports::Day> {
    Ok(day.to_string().parse()?)
}

async fn statement(
    books: &Books,
    cut_off: &CutOff,
    letterhead: Letterhead,
    id: AccountId,
    (from, until): (Day, Day),
) -> Result<Statement> {
    let accounts = &books.services.accounts;
    let account = accounts.account(id).await?.with_context(|| format!("There is no account {id}."))?;
    let (start, end) = (cut_off.zone.start_of(from), cut_off.zone.start_of(until.tomorrow()));
    let period =
        accounts.period(id, start, end).await?.context("The account is not in the books any more.")?;
    let held = accounts.held_at(Some(id), end.min(letterhead.issued)).await?;
    Ok(Statement {
        account: id.to_string(),
        holder: account.holder.0,
        name: account.name,
        kind: account.kind.word().into(),
        currency: account.balance.currency(),
        from: reported(from)?,
        to: reported(until)?,
        opening_balance: period.opening,
        closing_balance: period.closing,
        held: held.totals.first().map(|&(_, held)| held).filter(|held| held.is_positive()),
        lines: period
            .entries
            .into_iter()
            .map(|entry| StatementLine {
                at: entry.at,
                payment: entry.payment.to_string(),
                kind: entry.operation.word().into(),
                counterparty: entry.counterparty_name,
                reference: entry.reference,
                memo: entry.memo,
                amount: entry.amount,
                balance_after: entry.balance_after,
            })
            .collect(),
        letterhead,
    })
}

async fn trial_balance(books: &Books, letterhead: Letterhead, as_of: Timestamp) -> Result<TrialBalance> {
    let rows = books.services.accounts.trial_balance(as_of).await?;
    let rows = rows.into_iter().map(|row| {
        let balance = row.credits.checked_sub(row.debits);
        Ok(TrialBalanceRow {
            account: row.account.to_string(),
            holder: row.holder.0,
            name: row.name,
            kind: row.kind.word().into(),
            debits: row.debits,
            credits: row.credits,
            balance: balance.map_err(anyhow::Error::msg)?,
        })
    });
    Ok(TrialBalance { letterhead, as_of, rows: rows.collect::<Result<_>>()? })
}

/// The amount the other way.
fn negated(amount: Money) -> Money {
    Money::new(amount.minor_units().saturating_neg(), amount.currency())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_two_days_in_their_order() {
        assert!(days("2026-11-23", "2026-11-23").is_ok());
        assert!(days("2026-11-24", "2026-11-23").expect_err("backwards").to_string().contains("swap"));
        assert!(days("yesterday", "2026-11-23").expect_err("no day").to_string().contains("2026-11-23"));
    }

    #[test]
    fn a_report_that_does_not_fit_is_not_sent() {
        let long = "x".repeat(REPORT_BYTES_MAX + 1);
        assert!(answer("statement", Format::Csv, long, json!({})).is_err());
        let answer =
            answer("statement", Format::Csv, "a,b\r\n".to_owned(), json!({ "lines": 1 })).expect("fits");
        assert_eq!(answer, json!({ "report": "statement", "format": "csv", "text": "a,b\r\n", "lines": 1 }));
    }
}
