//! Documents against what is there: the code map, the table of requirements, and every relative link.

use std::path::Path;

use anyhow::Result;

use super::source::{self, TextFile};
use crate::workspace::Workspace;

/// Holds the code map.
const ARCHITECTURE: &str = "ARCHITECTURE.md";
/// Holds a row for each requirement: what, where in the code, which test.
const REQUIREMENTS: &str = "docs/requirements.md";
/// The requirements are R1 to this.
const REQUIREMENTS_COUNT: usize = 51;
/// What every clone needs to have.
const EXPECTED: &[&str] = &[
    "README.md",
    ARCHITECTURE,
    "SECURITY.md",
    "CHANGELOG.md",
    REQUIREMENTS,
    "docs/protocol.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// A sentence for each disagreement.
///
/// # Errors
/// When the files cannot be listed or read.
pub(super) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    let files = source::tracked_files(workspace)?;
    let text_of = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.text.as_str());
    let mut complaints = Vec::new();
    for name in EXPECTED {
        if text_of(name).is_none() {
            complaints.push(format!("{name} is missing"));
        }
    }
    if let Some(text) = text_of(ARCHITECTURE) {
        for member in workspace.members() {
            if !text.contains(&format!("`{}`", member.name)) {
                complaints
                    .push(format!("{ARCHITECTURE}: the code map does not name the crate `{}`", member.name));
            }
        }
    }
    if let Some(text) = text_of(REQUIREMENTS) {
        complaints.extend(missing_requirements(text));
    }
    for file in files.iter().filter(|file| file.name.ends_with(".md")) {
        complaints.extend(broken_links(&workspace.root, file));
    }
    Ok(complaints)
}

fn missing_requirements(text: &str) -> Vec<String> {
    (1..=REQUIREMENTS_COUNT)
        .filter(|number| !text.lines().any(|line| line.starts_with(&format!("| R{number} |"))))
        .map(|number| format!("{REQUIREMENTS}: there is no row that starts with `| R{number} |`"))
        .collect()
}

/// Links whose file does not exist; and links like [`name`](file.rs) whose file does not contain the name,
/// which is how documents name a test or a type.
fn broken_links(root: &Path, file: &TextFile) -> Vec<String> {
    let folder = root.join(&file.name).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut complaints = Vec::new();
    for (label, target) in links(&file.text) {
        if target.contains("://") || target.starts_with('#') || target.starts_with("mailto:") {
            continue;
        }
        let path = folder.join(target.split('#').next().unwrap_or(target));
        if !path.exists() {
            complaints.push(format!("{}: the link to {target} leads nowhere", file.name));
            continue;
        }
        let named = label.strip_prefix('`').and_then(|label| label.strip_suffix('`'));
        if let Some(name) = named
            && is_identifier(name)
            && path.extension().is_some_and(|extension| extension == "rs" || extension == "mjs")
            && !std::fs::read_to_string(&path).is_ok_and(|text| contains_word(&text, name))
        {
            complaints.push(format!("{}: {target} holds no `{name}`", file.name));
        }
    }
    complaints
}

/// Inline links, as (label, target), outside code blocks.
fn links(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            let Some((target, next)) = after.split_once(')') else { break };
            let label = before.rsplit_once('[').map_or("", |(_, label)| label);
            found.push((label, target.split_whitespace().next().unwrap_or("")));
            rest = next;
        }
    }
    found
}

fn is_identifier(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|character| character.is_alphanumeric() || character == '_')
}

fn contains_word(text: &str, word: &str) -> bool {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_outside_code() {
        let text = "see [a](b.md) and [`c_d`](e.rs#L3)\n```\n[x](y)\n```\n";
        assert_eq!(links(text), [("a", "b.md"), ("`c_d`", "e.rs#L3")]);
    }

    #[test]
    fn misses_no_requirement() {
        let all: String = (1..=REQUIREMENTS_COUNT).map(|n| format!("| R{n} | x |\n")).collect();
        assert!(missing_requirements(&all).is_empty());
        assert_eq!(missing_requirements(&all.replace("| R7 |", "")).len(), 1);
    }
}
