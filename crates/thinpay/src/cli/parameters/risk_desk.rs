//! `thinpay risk`.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use accounts::Timestamp;
use anyhow::{Context as _, Result, bail};
use risk::{DryRun, DryRunReport, Histories, Outcome, Payment, Rules};
use serde_json::{Value, json};

use super::{read, table};
use crate::admin::Request::Parameters as Ask;
use crate::admin::parameters::{Page, Past, Request, read_account};
use crate::cli::arguments::parameters::Risk;
use crate::cli::money_and_people::text;
use crate::cli::{Desk, output};
use crate::office::Door;

/// Runs `thinpay risk`.
pub(in crate::cli) fn risk(desk: &Desk, command: Risk) -> Result<()> {
    match command {
        Risk::Test { file } => return test(desk, &file),
        Risk::DryRun { file, from, until, limit } => return dry_run(desk, &file, from, until, limit),
        Risk::Queue => {
            let done = desk.ask(&Ask(Request::Queue))?;
            let columns = ["payment", "at", "operation", "from_name", "to_name", "amount", "reasons"];
            desk.print(&done, &table(&done, "payments", &columns));
        }
        Risk::Release { payment, note } => {
            let done = desk.ask(&Ask(Request::Resolve { payment, post: true, note }))?;
            desk.print(&done, &format!("Payment {} is posted.", text(&done, "payment")));
        }
        Risk::Refuse { payment, note } => {
            let done = desk.ask(&Ask(Request::Resolve { payment, post: false, note }))?;
            desk.print(
                &done,
                &format!("Payment {} is refused; its money is free again.", text(&done, "payment")),
            );
        }
        Risk::Tier { account, tier } => {
            let done = desk.ask(&Ask(Request::SetTier { account, tier }))?;
            let limits = done.get("limits").and_then(Value::as_array).map_or(0, Vec::len);
            let warning = if limits == 0 && done.get("standard") == Some(&Value::Bool(false)) {
                " No limit rule in effect names this tier: is it spelled as there?"
            } else {
                ""
            };
            desk.print(
                &done,
                &format!(
                    "Account {} is of the tier {} now, before {}.{warning}",
                    text(&done, "account"),
                    text(&done, "tier"),
                    text(&done, "before")
                ),
            );
        }
    }
    Ok(())
}

fn rules_of(file: &Path) -> Result<Rules> {
    Rules::parse(&read(file)?, read_account).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

/// Runs a rule file's tests. Failing tests are a failure of the command.
fn test(desk: &Desk, file: &Path) -> Result<()> {
    let rules = rules_of(file)?;
    let results = rules.run_tests();
    let failed: Vec<String> =
        results.iter().filter(|result| !result.passed()).map(ToString::to_string).collect();
    let untested = rules.untested();
    let tests: Vec<Value> = results
        .iter()
        .map(|result| {
            json!({
                "name": result.name,
                "line": result.line,
                "passed": result.passed(),
                "expected": result.expected.word(),
                "expected_rules": result.expected_rules,
                "decided": result.decided.word(),
                "rules": result.rules,
            })
        })
        .collect();
    let done = json!({
        "rules": rules.rules().len(),
        "passed": results.len().saturating_sub(failed.len()),
        "failed": failed.len(),
        "tests": tests,
        "untested": untested,
    });
    let mut lines: Vec<String> = results.iter().map(ToString::to_string).collect();
    if !untested.is_empty() {
        lines.push(format!("No test reaches: {}.", untested.join(", ")));
    }
    lines.push(format!("{} rules, {} tests, {} failed.", rules.rules().len(), results.len(), failed.len()));
    if failed.is_empty() {
        desk.print(&done, &lines.join("\n"));
        return Ok(());
    }
    if !desk.json {
        output::line(&lines.join("\n"));
        bail!("{} of {} tests of {} fail.", failed.len(), results.len(), file.display());
    }
    bail!("{}", failed.join("\n"));
}

/// What a dry run found, with what has been asked of it.
struct Found {
    report: DryRunReport,
    /// Differences with the names of their rules.
    differences: Vec<Value>,
    /// Payments that fees or limits refused before any rule was asked.
    not_asked: u64,
    /// Recorded and new outcomes, counted in pairs.
    changes: BTreeMap<(Outcome, Outcome), u64>,
}

fn dry_run(desk: &Desk, file: &Path, since: Option<String>, until: Option<String>, limit: u32) -> Result<()> {
    let rules = rules_of(file)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = desk.runtime.block_on(async {
        let mut door = Door::to(&desk.directory);
        let found = go_through(desk, &mut door, &rules, since, until, limit).await;
        door.close().await;
        found
    })?;
    let counts = |counts: &[u64; 4]| -> Value {
        Outcome::ALL
            .iter()
            .zip(counts)
            .map(|(outcome, count)| (outcome.word().to_owned(), json!(count)))
            .collect()
    };
    let report = &found.report;
    let changes: Vec<Value> = found
        .changes
        .iter()
        .map(|((then, now), count)| json!({ "then": then.word(), "now": now.word(), "payments": count }))
        .collect();
    let by_rule: Vec<Value> =
        report.by_rule.iter().map(|(rule, count)| json!({ "rule": rule, "payments": count })).collect();
    let done = json!({
        "payments": report.payments,
        "not_asked": found.not_asked,
        "then": counts(&report.then),
        "now": counts(&report.now),
        "severer": report.severer,
        "milder": report.milder,
        "by_rule": by_rule,
        "changes": changes,
        "differences": found.differences,
    });
    desk.print(&done, &words(&done, limit));
    Ok(())
}

async fn go_through(
    desk: &Desk,
    door: &mut Door<'_>,
    rules: &Rules,
    since: Option<String>,
    until: Option<String>,
    limit: usize,
) -> Result<Found> {
    let mut histories = Some(Histories::default());
    let mut run: Option<DryRun<'_>> = None;
    let (mut differences, mut changes) = (Vec::new(), BTreeMap::new());
    let (mut seen, mut not_asked) = (0_u64, 0_u64);
    let mut from = None;
    let mut progress = Progress::new();
    loop {
        let ask = Ask(Request::Past { from, since: since.clone(), until: until.clone() });
        let page = door.ask(&ask, desk.operator.as_ref()).await?;
        let page: Page = serde_json::from_value(page).context("The server's answer does not read.")?;
        for past in &page.payments {
            seen = seen.saturating_add(1);
            let payment = payment(past);
            if !past.asked {
                // Only what the rules know of the payer before.
                if past.counted
                    && let Some(histories) = &mut histories
                {
                    histories.record(&payment);
                }
                continue;
            }
            let Some(decided) = past.decided else {
                not_asked = not_asked.saturating_add(1);
                continue;
            };
            let run = run.get_or_insert_with(|| DryRun::new(rules, histories.take().unwrap_or_default()));
            let now = run.take(&risk::Past { number: seen, payment, decided, posted: past.counted });
            if now.outcome == decided {
                continue;
            }
            let count: &mut u64 = changes.entry((decided, now.outcome)).or_default();
            *count = count.saturating_add(1);
            if differences.len() < limit {
                differences.push(json!({
                    "payment": past.payment,
                    "then": decided.word(),
                    "now": now.outcome.word(),
                    "rules": rules.names(&now),
                    "operation": past.operation,
                    "amount": past.amount,
                }));
            }
        }
        progress.show(seen);
        match page.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    progress.end();
    let run = run.unwrap_or_else(|| DryRun::new(rules, Histories::default()));
    Ok(Found { report: run.finish(), differences, not_asked, changes })
}

fn payment(past: &Past) -> Payment<'_> {
    Payment {
        at: Timestamp(past.at),
        minutes_of_day: past.minutes_of_day,
        operation: &past.operation,
        payer: past.payer,
        payee: past.payee,
        payee_holder: &past.payee_holder,
        amount: past.amount,
        app: &past.app,
        terminal: &past.terminal,
        region: &past.region,
        account_opened: Timestamp(past.account_opened),
        consent: past.consent,
    }
}

/// A dry run in words.
fn words(done: &Value, limit: usize) -> String {
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    let by = |when: &str, outcome: Outcome| number(done.get(when).and_then(|when| when.get(outcome.word())));
    let rows: Vec<Vec<String>> = Outcome::ALL
        .iter()
        .map(|outcome| {
            vec![outcome.word().to_owned(), by("then", *outcome).to_string(), by("now", *outcome).to_string()]
        })
        .collect();
    let (severer, milder) = (number(done.get("severer")), number(done.get("milder")));
    let mut parts = vec![
        format!(
            "{} payments; {} more were refused by fees or limits before any rule was asked.",
            number(done.get("payments")),
            number(done.get("not_asked"))
        ),
        output::table(&["decision", "recorded", "these rules"], &rows),
        table(done, "by_rule", &["rule", "payments"]),
        format!("{severer} would be decided more severely, {milder} more mildly."),
    ];
    if severer.saturating_add(milder) > 0 {
        parts.push(table(done, "differences", &["payment", "operation", "amount", "then", "now", "rules"]));
        let left =
            usize::try_from(severer.saturating_add(milder)).unwrap_or(usize::MAX).saturating_sub(limit);
        if left > 0 {
            parts.push(format!("{left} more are not shown: give --limit."));
        }
    }
    parts.join("\n\n")
}

/// Tells a person who waits how far a long run is.
struct Progress {
    shown: bool,
    terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shown: false, terminal: std::io::stderr().is_terminal() }
    }

    /// A page is done. Shows nothing for a run of one page.
    fn show(&mut self, payments: u64) {
        if !self.shown && payments < u64::from(crate::admin::parameters::PAGE_MAX) {
            return;
        }
        self.shown = true;
        // On a terminal in one line, elsewhere a line a page.
        let (start, end) = if self.terminal { ("\r", "") } else { ("", "\n") };
        let mut out = std::io::stderr().lock();
        let _ = write!(out, "{start}{payments} payments looked at{end}").and_then(|()| out.flush());
    }

    fn end(&self) {
        if self.shown && self.terminal {
            let _ = writeln!(std::io::stderr().lock());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_passes_its_own_tests() {
        let rules = Rules::parse(risk::template(), read_account).unwrap();
        assert!(rules.run_tests().iter().all(risk::CaseResult::passed));
    }

    #[test]
    fn a_dry_run_is_told_in_words() {
        let done = json!({
            "payments": 3, "not_asked": 1,
            "then": { "allow": 3, "step-up": 0, "review": 0, "refuse": 0 },
            "now": { "allow": 2, "step-up": 0, "review": 1, "refuse": 0 },
            "severer": 1, "milder": 0,
            "by_rule": [{ "rule": "new-payee", "payments": 1 }],
            "changes": [{ "then": "allow", "now": "review", "payments": 1 }],
            "differences": [],
        });
        let words = words(&done, 0);
        assert!(words.starts_with("3 payments; 1 more"), "{words}");
        assert!(words.contains("new-payee") && words.contains("1 more are not shown"), "{words}");
    }
}
