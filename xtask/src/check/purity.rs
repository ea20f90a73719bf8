//! Pure crates touch nothing: their source, tests aside, names no socket, file, clock, thread or random source.

use anyhow::Result;

use super::edges::PURE;
use super::source;
use crate::workspace::Workspace;

/// What must not stand in the source of a pure crate, and what is meant by it.
const EFFECTS: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::net", "sockets"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::env", "the environment"),
    ("tokio::", "an asynchronous runtime"),
    ("SystemTime::now", "the clock"),
    ("Instant::now", "the clock"),
    ("thread::spawn", "threads"),
    ("thread::sleep", "the clock"),
    ("OsRng", "a random source"),
    ("thread_rng", "a random source"),
    ("getrandom", "a random source"),
    ("println!", "standard output"),
    ("eprintln!", "standard error"),
];

/// A sentence for each place where a pure crate names an effect, and for each without `forbid(unsafe_code)`.
///
/// # Errors
/// When the source cannot be read.
pub(super) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for member in workspace.members() {
        if !PURE.contains(&member.name) {
            continue;
        }
        let sources = source::crate_sources(workspace, &member.folder)?;
        for file in &sources {
            for (index, line) in file.text.lines().enumerate() {
                for (word, meaning) in EFFECTS {
                    if line.contains(word) {
                        let number = index + 1;
                        complaints.push(format!(
                            "{}:{number}: `{word}`: {} is a pure crate and has no {meaning}; have it passed in",
                            file.name, member.name
                        ));
                    }
                }
            }
        }
        let root_forbids = sources
            .iter()
            .any(|file| file.name.ends_with("src/lib.rs") && file.text.contains("#![forbid(unsafe_code)]"));
        if !root_forbids {
            complaints.push(format!(
                "crates/{}/src/lib.rs: a pure crate says #![forbid(unsafe_code)]",
                member.name
            ));
        }
    }
    Ok(complaints)
}
