//! `thinpay account`: what moves money and what keeps the books.

mod books;

use anyhow::{Result, bail};
use serde_json::Value;

use super::arguments::ledger::Ledger;
use super::money_and_people::{rows, text};
use super::output::field;
use super::{Desk, output};
use crate::admin::Request::Ledger as Area;
use crate::admin::ledger::Request;

/// Runs one of these commands.
pub(super) fn run(desk: &Desk, command: Ledger) -> Result<()> {
    let (request, show): (Request, fn(&Value) -> String) = match command {
        Ledger::Close { account, key } => (Request::Close { account, key: key.key }, |done| {
            format!("Account {} is closed.", text(done, "account"))
        }),
        Ledger::Payment { payment } => (Request::Payment { payment }, payment_text),
        Ledger::Find { reference: Some(reference), .. } => {
            (Request::FindReference { reference }, |done| payments_text(done, "payments"))
        }
        Ledger::Find { text: Some(text), .. } => (Request::FindText { text }, |done| {
            rows(done, "accounts", &["account", "holder", "name", "kind", "balance", "available"])
        }),
        Ledger::Find { .. } => bail!("Give --reference or --text."),
        Ledger::Balance { account, at } => (Request::Balance { account, at }, |done| {
            facts(done, &["account", "name", "kind", "tier", "at", "balance", "held", "available", "closed"])
        }),
        Ledger::Withdraw { account, amount, reference, memo, key } => {
            (Request::Withdraw { account, amount, reference, memo, key: key.key }, |done| {
                format!(
                    "Payment {}: {} left the account; its balance is {}.{}",
                    text(done, "payment"),
                    text(done, "amount"),
                    text(done, "from_balance"),
                    again(done)
                )
            })
        }
        Ledger::Hold { from, to, amount, expires, reference, memo, key } => {
            let key = key.key;
            (Request::Hold { from, to, amount, expires, reference, memo, key }, |done| {
                format!(
                    "Hold {}: {} is set aside; {} can still be spent.{}",
                    text(done, "hold"),
                    text(done, "amount"),
                    text(done, "available"),
                    again(done)
                )
            })
        }
        Ledger::Capture { hold, amount, keep_rest, reference, key } => {
            (Request::Capture { hold, amount, keep_rest, reference, key: key.key }, |done| {
                format!(
                    "Payment {}: {} of hold {} is paid; {} of it is left on hold.{}",
                    text(done, "payment"),
                    text(done, "amount"),
                    text(done, "hold"),
                    text(done, "left"),
                    again(done)
                )
            })
        }
        Ledger::Release { hold, key } => (Request::Release { hold, key: key.key }, |done| {
            format!(
                "Hold {} is released: {} can be spent again, {} in all.{}",
                text(done, "hold"),
                text(done, "amount"),
                text(done, "available"),
                again(done)
            )
        }),
        Ledger::Holds { account, after } => (Request::Holds { account, after }, holds_text),
        Ledger::Refund { payment, amount, reason, key } => {
            (Request::Refund { payment, amount, reason, key: key.key }, |done| {
                format!(
                    "Payment {}: {} of {} is given back; {} of it could still be.{}",
                    text(done, "payment"),
                    text(done, "amount"),
                    text(done, "original"),
                    text(done, "left"),
                    again(done)
                )
            })
        }
        Ledger::Exchange { from, to, amount, agreed, memo, key } => {
            (Request::Exchange { from, to, amount, agreed, memo, key: key.key }, |done| {
                format!(
                    "Payment {}: {} became {} at the rate {}.{}",
                    text(done, "payment"),
                    text(done, "amount"),
                    text(done, "converted"),
                    text(done, "rate"),
                    again(done)
                )
            })
        }
        Ledger::Backup { out } => return books::backup(desk, &out),
        Ledger::Restore { backup } => return books::restore(desk, &backup),
        Ledger::Rebuild => return books::rebuild(desk),
    };
    let done = desk.ask(&Area(request))?;
    desk.print(&done, &show(&done));
    Ok(())
}

/// Says that nothing was done this time.
fn again(done: &Value) -> &'static str {
    if done.get("duplicate") == Some(&Value::Bool(true)) {
        " It had been done before under this key."
    } else {
        ""
    }
}

/// Fields of an answer with their names, one a line; those without a value are left out.
fn facts(done: &Value, names: &[&str]) -> String {
    let told: Vec<(String, String)> = names
        .iter()
        .map(|name| (name.replace(['_', '.'], " "), fact(done, name)))
        .filter(|(_, value)| !value.is_empty() && value != "null" && value != "[]")
        .collect();
    let width = told.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = told.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}

fn fact(done: &Value, name: &str) -> String {
    match done.get(name) {
        Some(Value::Object(side)) if side.contains_key("account") => {
            format!("{} {}", field(done, &format!("{name}.account")), field(done, &format!("{name}.name")))
        }
        Some(Value::Array(reasons)) => {
            let reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
            reasons.join("; ")
        }
        Some(_) => text(done, name),
        None => String::new(),
    }
}

fn payment_text(done: &Value) -> String {
    let mut parts = vec![facts(
        done,
        &[
            "payment",
            "state",
            "operation",
            "from",
            "to",
            "amount",
            "converted",
            "rate",
            "fee",
            "payee_fee",
            "at",
            "memo",
            "reference",
            "app",
            "terminal",
            "region",
            "hold",
            "original",
            "refused_by",
            "refusal",
            "reasons",
            "review_decision",
            "refunded",
            "refundable",
            "evidence_sha256",
        ],
    )];
    if let Some(hold) = done.get("set_aside").filter(|hold| hold.is_object()) {
        let names =
            ["hold", "state", "from", "to", "amount", "left", "at", "expires", "ended", "memo", "reference"];
        parts.push(facts(hold, &names));
    }
    for (list, heading) in [("captures", "Captured:"), ("refunds", "Given back:")] {
        if done.get(list).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            parts.push(format!("{heading}\n{}", payments_text(done, list)));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn payments_text(done: &Value, list: &str) -> String {
    rows(done, list, &["at", "payment", "state", "operation", "amount", "reference", "memo"])
}

fn holds_text(done: &Value) -> String {
    let mut shown =
        rows(done, "holds", &["at", "hold", "amount", "left", "expires", "reference", "in_review"]);
    if let Some(next) = done.get("next").and_then(Value::as_str) {
        shown.push_str(&format!("\nMore: --after {next}"));
    }
    shown
}

/// Says on standard error how far something is: on a terminal in one line that changes, else a line each time a
/// tenth is done.
struct Progress {
    what: &'static str,
    on_terminal: bool,
    tenth: std::cell::Cell<u64>,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        use std::io::IsTerminal as _;
        Self { what, on_terminal: std::io::stderr().is_terminal(), tenth: std::cell::Cell::new(u64::MAX) }
    }

    fn tell(&self, done: u64, of: u64) {
        let tenth = done.saturating_mul(10).checked_div(of).unwrap_or(10);
        if self.on_terminal {
            let end = if done >= of { "\n" } else { "" };
            output::progress(&format!("\r{}: {done} of {of} rows{end}", self.what));
        } else if tenth != self.tenth.get() {
            output::progress(&format!("{}: {done} of {of} rows\n", self.what));
        }
        self.tenth.set(tenth);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_leave_out_what_is_not_there() {
        let done = json!({
            "payment": "7K3-M92-QXC",
            "from": { "account": "1000000161", "name": "Alice" },
            "amount": { "minor_units": 2350, "currency": "CNY" },
            "memo": "",
            "hold": null,
            "reasons": ["new payee", "night"],
        });
        let shown = facts(&done, &["payment", "from", "amount", "memo", "hold", "reasons", "rate"]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        assert_eq!(lines.get(1), Some(&"from     1000000161 Alice"));
        assert_eq!(lines.get(3), Some(&"reasons  new payee; night"));
    }
}
