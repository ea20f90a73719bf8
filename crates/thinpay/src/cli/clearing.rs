//! `thinpay clearing` and `thinpay settlement`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::Desk;
use super::arguments::clearing::{Clearing, Settlement};
use super::money_and_people::{rows, text};
use crate::admin::Request::Clearing as Area;
use crate::admin::clearing::Request;

/// The largest file that is sent to the server, in bytes: in JSON it must fit a request.
const FILE_BYTES_MAX: u64 = 24 << 20;

/// Runs `thinpay clearing`.
pub(super) fn clearing(desk: &Desk, command: Clearing) -> Result<()> {
    match command {
        Clearing::CutOff { day } => {
            let done = desk.ask(&Area(Request::CutOff { day }))?;
            let words = format!(
                "{0} has ended, at {1}. Next: thinpay clearing run --day {0}",
                text(&done, "day"),
                text(&done, "at")
            );
            desk.print(&done, &words);
        }
        Clearing::List { limit } => {
            let done = desk.ask(&Area(Request::List { limit }))?;
            let running = done.get("running").cloned().unwrap_or_default();
            let columns = ["day", "at", "state", "cycle", "instructions", "held_out"];
            let words = format!(
                "{} runs until {}.\n{}",
                text(&running, "day"),
                text(&running, "ends_at"),
                table(&done, "days", &columns)
            );
            desk.print(&done, &words);
        }
        Clearing::Run { day, out, new_cycle } => {
            progress(&format!("Clearing {day} ..."));
            let request = Request::Run { day, tables: out.is_some(), new_cycle };
            let mut done = desk.ask(&Area(request))?;
            if let Some(folder) = &out {
                write_files(&mut done, folder)?;
            }
            desk.print(&done, &cleared(&done));
        }
        Clearing::Match { day, totals } => {
            let (file, text_of) = read_file(&totals)?;
            progress(&format!("Comparing {file} with {day} ..."));
            let done = desk.ask(&Area(Request::Match { day, file, text: text_of }))?;
            let words = format!("{} totals agree.\n{}", length(&done, "matched"), sentences(&done));
            desk.print(&done, words.trim_end());
        }
        Clearing::HoldOut { participant, day, reason } => {
            let done = desk.ask(&Area(Request::HoldOut { participant, day, reason }))?;
            desk.print(&done, &held_out(&done, "is held out of"));
        }
        Clearing::Readmit { participant, day, reason } => {
            let done = desk.ask(&Area(Request::Readmit { participant, day, reason }))?;
            desk.print(&done, &held_out(&done, "takes part again in"));
        }
    }
    Ok(())
}

/// Runs `thinpay settlement`.
pub(super) fn settlement(desk: &Desk, command: Settlement) -> Result<()> {
    match command {
        Settlement::OpenAccount { participant, currency } => {
            let done = desk.ask(&Area(Request::OpenAccount { participant, currency }))?;
            let words = format!(
                "{} settles in {} through account {}. Put it into the parameter section participants: ledger-accounts = {{ {1} = \"{2}\" }}",
                text(&done, "participant"),
                text(&done, "currency"),
                text(&done, "account")
            );
            desk.print(&done, &words);
        }
        Settlement::Export { day, out, new_cycle } => {
            // The folder first: files that cannot be written are not given out.
            std::fs::create_dir_all(&out)
                .with_context(|| format!("Cannot make the folder {}.", out.display()))?;
            progress(&format!("Clearing {day} ..."));
            let mut done = desk.ask(&Area(Request::Export { day, new_cycle }))?;
            write_files(&mut done, &out)?;
            let words = format!(
                "{} cycle {}: {} instructions to be settled on {}{}.\n{}",
                text(&done, "day"),
                text(&done, "cycle"),
                text(&done, "instructions"),
                text(&done, "settlement_day"),
                if done.get("again") == Some(&Value::Bool(true)) { ", given out before" } else { "" },
                rows(&done, "files", &["file", "bytes", "state"])
            );
            desk.print(&done, &words);
        }
        Settlement::Confirm { file } => {
            let (name, text_of) = read_file(&file)?;
            progress(&format!("Reading {name} ..."));
            let done = desk.ask(&Area(Request::Confirm { file: name, text: text_of }))?;
            let words = format!(
                "{} instructions confirmed, {} of them now.\n{}",
                length(&done, "confirmed"),
                text(&done, "new"),
                sentences(&done)
            );
            desk.print(&done, words.trim_end());
        }
        Settlement::Rehearse { day, out } => {
            let listed = desk.ask(&Area(Request::Instructions { day: Some(day) }))?;
            let notification = super::rehearsal::notification(day, &listed)?;
            super::money_and_people::write_private(&out, notification.as_bytes())?;
            let done = json!({ "day": day, "file": out.display().to_string() });
            let words = format!("Next: thinpay settlement confirm {}", out.display());
            desk.print(&done, &words);
        }
        Settlement::Refuse { instruction, reason } => {
            let done = desk.ask(&Area(Request::Refuse { instruction, reason }))?;
            let words = format!(
                "Instruction {} is refused: what it was to pay is owed again from the next cut-off on.",
                text(&done, "instruction")
            );
            desk.print(&done, &words);
        }
        Settlement::List { day } => {
            let done = desk.ask(&Area(Request::Instructions { day }))?;
            let columns =
                ["instruction", "debtor", "creditor", "amount", "settlement_day", "state", "reason"];
            desk.print(&done, &table(&done, "instructions", &columns));
        }
    }
    Ok(())
}

/// A day's clearing, for people.
fn cleared(done: &Value) -> String {
    let mut words = format!(
        "{} cycle {} ({}): {} movements, {} of them within one participant; to be settled on {}.",
        text(done, "day"),
        text(done, "cycle"),
        text(done, "state"),
        text(done, "lines"),
        text(done, "lines_within_one_participant"),
        text(done, "settlement_day"),
    );
    let owed = ["day", "cycle", "debtor", "creditor", "amount"];
    let lists: [(&str, &str, &[&str]); 4] = [
        ("carried_in", "Carried in", &owed),
        ("carried_out", "Carried out", &owed),
        ("positions", "Positions", &["participant", "debit", "credit", "net"]),
        ("instructions", "Instructions", &["instruction", "debtor", "creditor", "amount", "state"]),
    ];
    for (list, title, columns) in lists {
        if length(done, list) > 0 {
            words.push_str(&format!("\n\n{title}\n{}", table(done, list, columns)));
        }
    }
    if length(done, "instructions") == 0 {
        words.push_str("\n\nThere is nothing to be settled.");
    }
    if done.get("changed_since_given_out") == Some(&Value::Bool(true)) {
        words.push_str(
            "\n\nWho is held out was changed after the files were given out. It counts for a new cycle only: withdraw the files at the bank, then thinpay settlement export --new-cycle.",
        );
    }
    if length(done, "files") > 0 {
        words.push_str(&format!("\n\n{}", rows(done, "files", &["file", "bytes", "state"])));
    }
    words
}

fn held_out(done: &Value, what: &str) -> String {
    let day = text(done, "day");
    let mut words = format!("{} {what} {day}.", text(done, "participant"));
    if done.get("cycle").and_then(Value::as_u64).unwrap_or(1) > 1 {
        words.push_str(&format!(
            " Its files were given out: this counts for a new cycle only. Withdraw the files at the bank, then thinpay settlement export --day {day} --new-cycle --out FOLDER"
        ));
    }
    words
}

/// The sentences about discrepancies.
fn sentences(done: &Value) -> String {
    let list = done.get("discrepancies").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list.is_empty() {
        return "No discrepancies.".to_owned();
    }
    let lines: Vec<String> = list.iter().map(|one| format!("  {}", text(one, "words"))).collect();
    format!("{} discrepancies:\n{}", list.len(), lines.join("\n"))
}

fn length(done: &Value, list: &str) -> usize {
    done.get(list).and_then(Value::as_array).map_or(0, Vec::len)
}

/// A list of an answer as people see it: nothing for null, lists as words.
fn table(done: &Value, list: &str, columns: &[&str]) -> String {
    let shown: Vec<Value> = done
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|row| {
            let fields = row.as_object().into_iter().flatten().map(|(name, value)| {
                let value = match value {
                    Value::Null => Value::String(String::new()),
                    Value::Array(words) => {
                        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                        Value::String(words.join(" "))
                    }
                    other => other.clone(),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        })
        .collect();
    if shown.is_empty() { "None.".to_owned() } else { rows(&json!({ list: shown }), list, columns) }
}

/// The file's name without its folder, and its text.
fn read_file(file: &Path) -> Result<(String, String)> {
    let cannot = || format!("Cannot read {}.", file.display());
    if std::fs::metadata(file).with_context(cannot)?.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {} MiB: split it.", file.display(), FILE_BYTES_MAX >> 20);
    }
    let text = String::from_utf8(std::fs::read(file).with_context(cannot)?)
        .ok()
        .with_context(|| format!("{} is not UTF-8 text.", file.display()))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, text))
}

/// Writes the files of an answer, and puts what was written in their place. A file that is there with the same
/// bytes stays; one with others is an error, and nothing is written.
fn write_files(done: &mut Value, folder: &Path) -> Result<()> {
    let files = done.get("files").and_then(Value::as_array).cloned().unwrap_or_default();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("Cannot make the folder {}.", folder.display()))?;
    let mut plan = Vec::new();
    let mut differ = Vec::new();
    for file in &files {
        let (name, bytes) = (text(file, "name"), text(file, "text"));
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            bail!("The server named a file {name:?}, which is not written.");
        }
        let path = folder.join(&name);
        let state = match std::fs::read(&path) {
            Ok(there) if there == bytes.as_bytes() => "the same",
            Ok(_) => {
                differ.push(name.clone());
                "differs"
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "written",
            Err(error) => return Err(error).with_context(|| format!("Cannot read {}.", path.display())),
        };
        plan.push((path, bytes, state));
    }
    if !differ.is_empty() {
        bail!(
            "{} has other files of these names and nothing was written: {}. Give an empty folder to compare.",
            folder.display(),
            differ.join(", ")
        );
    }
    let mut written = Vec::new();
    for (path, bytes, state) in plan {
        if state == "written" {
            write_new(&path, bytes.as_bytes())?;
        }
        written.push(json!({ "file": path.display().to_string(), "bytes": bytes.len(), "state": state }));
    }
    if let Some(fields) = done.as_object_mut() {
        fields.insert("files".to_owned(), Value::Array(written));
    }
    Ok(())
}

/// Writes a file whole or not at all, and never over another.
fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("Cannot write {}.", path.display());
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let mut file = std::fs::File::create(unfinished).with_context(cannot)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(cannot)?;
    std::fs::rename(unfinished, path).with_context(cannot)
}

/// Tells a person that something takes its time.
fn progress(words: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // Nothing can be done about a closed terminal.
        let _ = writeln!(terminal, "{words}");
    }
}
