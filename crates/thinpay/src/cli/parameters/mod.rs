//! `thinpay operator`, `thinpay parameter` and `thinpay risk`.

mod risk_desk;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use p256::ecdsa::SigningKey;
use parameters::Section;
use serde_json::{Value, json};

use super::arguments::parameters::{Operator, Parameter};
use super::money_and_people::{text, write_private};
use super::{Desk, output};
use crate::admin::Request::Parameters as Ask;
use crate::admin::actor::hex;
use crate::admin::parameters::Request;
use crate::clock;

pub(super) use risk_desk::risk;

/// Lines of a comparison that are shown around a change.
const CONTEXT_LINES: usize = 3;

/// Runs `thinpay operator`.
pub(super) fn operator(desk: &Desk, command: Operator) -> Result<()> {
    match command {
        Operator::Key { file } => {
            let key = SigningKey::random(&mut clock::random());
            write_private(&file, &key.to_bytes())?;
            let public = hex(key.verifying_key().to_encoded_point(true).as_bytes());
            let done = json!({ "key": file.display().to_string(), "public_key": public });
            desk.print(&done, &format!("Public key: {public}\nThe secret half is in {}.", file.display()));
        }
        Operator::Add { operators } => {
            let done = desk.ask(&Ask(Request::AddOperators { operators }))?;
            let version = text(&done, "version");
            let said = match (text(&done, "state").as_str(), text(&done, "operators").as_str()) {
                ("draft", _) => format!(
                    "Version {version} of operators is drafted. Another operator approves it: thinpay parameter approve operators {version}"
                ),
                (_, "1") => "There is one operator now; nothing can be approved before there are two. Name the next with `thinpay operator add`.".to_owned(),
                (_, count) => format!("There are {count} operators now; what they change is drafted by one and approved by another."),
            };
            desk.print(&done, &said);
        }
        Operator::List => {
            let done = desk.ask(&Ask(Request::ListOperators))?;
            desk.print(&done, &table(&done, "operators", &["name", "roles", "public_key"]));
        }
    }
    Ok(())
}

/// Runs `thinpay parameter`.
pub(super) fn parameter(desk: &Desk, command: Parameter) -> Result<()> {
    let word = |section: Section| section.word().to_owned();
    match command {
        Parameter::List { section } => {
            let done = desk.ask(&Ask(Request::List { section: section.map(word) }))?;
            let columns = ["section", "version", "state", "effective", "author", "approver", "note"];
            desk.print(&done, &table(&done, "versions", &columns));
        }
        Parameter::Show { section, template: true, .. } => {
            let text = if section == Section::Risk { ::risk::template() } else { section.template() };
            let done = json!({ "section": section.word(), "text": text });
            desk.print(&done, text.trim_end());
        }
        Parameter::Show { section, version, at, .. } => {
            let done = desk.ask(&Ask(Request::Show { section: word(section), version, at }))?;
            desk.print(&done, text(&done, "text").trim_end());
        }
        Parameter::Check { section, file } => {
            let text = read(&file)?;
            let done = desk.ask(&Ask(Request::Check { section: word(section), text }))?;
            desk.print(&done, &format!("{} can be a version of {section}.", file.display()));
        }
        Parameter::Draft { section, file, effective, note } => {
            let text = read(&file)?;
            let done = desk.ask(&Ask(Request::Draft { section: word(section), text, effective, note }))?;
            let version = self::text(&done, "version");
            desk.print(
                &done,
                &format!(
                    "Version {version} of {section} is drafted. Another operator looks at it (thinpay parameter diff {section} {version}) and approves it: thinpay parameter approve {section} {version}"
                ),
            );
        }
        Parameter::Approve { section, version } => {
            let done = desk.ask(&Ask(Request::Approve { section: word(section), version }))?;
            let since = match text(&done, "state").as_str() {
                "ahead" => format!("takes effect at {}", text(&done, "effective")),
                "in-effect" => "is in effect".to_owned(),
                _ => "is approved; a version with a later date is in effect".to_owned(),
            };
            desk.print(&done, &format!("Version {version} of {section} {since}."));
        }
        Parameter::Withdraw { section, version } => {
            let done = desk.ask(&Ask(Request::Withdraw { section: word(section), version }))?;
            desk.print(&done, &format!("Version {version} of {section} is withdrawn."));
        }
        Parameter::Diff { section, version } => {
            let done = desk.ask(&Ask(Request::Diff { section: word(section), version }))?;
            desk.print(&done, &comparison(&done));
        }
        Parameter::Quote { operation, from, to, amount, app, terminal } => {
            let quote = Request::Quote { operation, from, to, amount, app, terminal };
            let done = desk.ask(&Ask(quote))?;
            let verdict = match text(&done, "verdict").as_str() {
                "post" => "It would be posted.".to_owned(),
                "review" => "It would wait for review.".to_owned(),
                _ => format!("It would be declined: {}", text(&done, "reason")),
            };
            let said = format!(
                "The payer pays {} (fee {}), the payee gets {} (fee {}). {verdict}",
                text(&done, "payer_pays"),
                text(&done, "fee"),
                text(&done, "payee_gets"),
                text(&done, "payee_fee"),
            );
            desk.print(&done, &said);
        }
    }
    Ok(())
}

/// Rows of an answer in columns; lists are joined, and what is not there is empty.
fn table(answer: &Value, list: &str, columns: &[&str]) -> String {
    let cell = |row: &Value, column: &str| match row.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(_) => text(row, column),
    };
    let rows = answer.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    let headings: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    output::table(&headings, &rows)
}

/// Changed lines with some around them.
fn comparison(answer: &Value) -> String {
    let lines: Vec<(String, String)> = answer
        .get("lines")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|line| (text(line, "change"), text(line, "text")))
        .collect();
    let changes: Vec<usize> =
        lines.iter().enumerate().filter(|(_, (change, _))| change != " ").map(|(at, _)| at).collect();
    if changes.is_empty() {
        return "There is no difference.".to_owned();
    }
    let against = match answer.get("against").and_then(Value::as_u64) {
        Some(version) => format!("version {version}, in effect"),
        None => "nothing in effect".to_owned(),
    };
    let mut shown = vec![format!("--- {against}"), format!("+++ version {}", text(answer, "version"))];
    let mut next_change = changes.iter().peekable();
    let mut last: Option<usize> = None;
    for (at, (change, line)) in lines.iter().enumerate() {
        while next_change.next_if(|change| **change < at).is_some_and(|change| {
            last = Some(*change);
            true
        }) {}
        let after = last.is_some_and(|last| at.saturating_sub(last) <= CONTEXT_LINES);
        let before = next_change.peek().is_some_and(|next| next.saturating_sub(at) <= CONTEXT_LINES);
        if after || before {
            shown.push(format!("{change}{line}"));
        } else if shown.last().is_some_and(|line| line != "...") {
            shown.push("...".to_owned());
        }
    }
    shown.join("\n")
}

/// The text of a file of parameters or rules.
fn read(file: &Path) -> Result<String> {
    let cannot = || format!("Cannot read {}.", file.display());
    let most = u64::try_from(accounts::PARAMETER_BYTES_MAX).unwrap_or(u64::MAX);
    if std::fs::metadata(file).with_context(cannot)?.len() > most {
        bail!("{} is larger than {most} bytes. Is it the right file?", file.display());
    }
    std::fs::read_to_string(file).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_shows_changes_with_a_little_around_them() {
        let mut lines: Vec<Value> =
            (0..20).map(|line| json!({ "change": " ", "text": format!("line {line}") })).collect();
        lines.insert(10, json!({ "change": "+", "text": "new" }));
        let answer = json!({ "version": 2, "against": 1, "lines": lines });
        assert_eq!(
            comparison(&answer),
            "--- version 1, in effect\n+++ version 2\n...\n line 7\n line 8\n line 9\n+new\n line 10\n line 11\n line 12\n..."
        );
        assert_eq!(comparison(&json!({ "lines": [] })), "There is no difference.");
    }
}
