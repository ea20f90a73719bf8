//! What must not stand in the text of the repository.

use anyhow::Result;

use super::source;
use crate::workspace::Workspace;

/// Left-over marks and secrets, each in two parts, so that this file does not hold them itself.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("<<<<", "<<< ", "a conflict was left unresolved"),
    (">>>>", ">>> ", "a conflict was left unresolved"),
    ("-----BEGIN ", "PRIVATE KEY", "keys are made where they are used"),
    ("/ho", "me/", "the path of somebody's machine"),
    ("/ro", "ot/", "the path of somebody's machine"),
    ("TO", "DO", "what is missing stands in README.md and docs/requirements.md"),
    ("FIX", "ME", "what is missing stands in README.md and docs/requirements.md"),
];

/// A sentence for each place where something forbidden stands.
///
/// # Errors
/// When the files cannot be listed or read.
pub(super) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    let mut forbidden: Vec<(String, &str)> =
        FORBIDDEN.iter().map(|(first, second, why)| (format!("{first}{second}"), *why)).collect();
    let here = workspace.root.to_string_lossy().into_owned();
    if here.len() > 1 {
        forbidden.push((format!("{here}/"), "the path of this machine"));
    }
    let mut complaints = Vec::new();
    for file in source::tracked_files(workspace)? {
        if file.name.starts_with("LICENSE") {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            for (word, why) in &forbidden {
                if line.contains(word.as_str()) {
                    complaints.push(format!("{}:{}: `{word}`: {why}", file.name, index + 1));
                }
            }
        }
        if file.name.ends_with("package-lock.json") && file.text.contains("\"resolved\"") {
            complaints.push(format!(
                "{}: names registry hosts; make it with omit-lockfile-registry-resolved",
                file.name
            ));
        }
    }
    Ok(complaints)
}
