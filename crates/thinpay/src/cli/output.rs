//! Printing: one JSON value for programs, text for people.

use std::io::Write as _;

use serde::Serialize;

/// Prints the answer: as JSON, or the text.
pub(crate) fn print(json: bool, value: &impl Serialize, text: &str) {
    if json {
        line(&serde_json::json!(value).to_string());
    } else {
        line(text);
    }
}

/// A field of an answer as text, found by names and places with dots between them; empty when it is not there.
pub(crate) fn field(value: &serde_json::Value, name: &str) -> String {
    let found = name.split('.').try_fold(value, |value, part| match value {
        serde_json::Value::Array(values) => values.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    });
    match found {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Prints one line on standard output. A reader that has gone away is no failure of the command's.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says on standard error how far something is, or what is to be known beside the answer.
pub(crate) fn progress(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints why the command failed: on standard error, and for programs as JSON too.
pub(crate) fn error(json: bool, error: &anyhow::Error) {
    let text = sentence(error);
    let _ = writeln!(std::io::stderr().lock(), "thinpay: {text}");
    if json {
        line(&serde_json::json!({ "error": text }).to_string());
    }
}

/// An error and its causes as one text: a cause that the error's own words already contain is not
/// said twice.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(cause.trim_end_matches('.')) {
            text = format!("{}: {cause}", text.trim_end_matches('.'));
        }
    }
    text
}

/// Prints rows under headings, in columns.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    for row in std::iter::once(&headings).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_said_once_and_sentences_are_joined() {
        let inner = anyhow!("the disk is full");
        assert_eq!(
            sentence(&inner.context("Cannot write the file.")),
            "Cannot write the file: the disk is full"
        );
        let twice = anyhow!("not enough money").context("declined: not enough money");
        assert_eq!(sentence(&twice), "declined: not enough money");
    }
}
