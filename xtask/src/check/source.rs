//! The text of the repository, and Rust source with comments, strings and tests taken out.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// A text file of the repository.
#[derive(Debug)]
pub(super) struct TextFile {
    /// Relative to the repository's root, with slashes.
    pub(super) name: String,
    pub(super) text: String,
}

/// All text files that git knows or would add; binary files are left out.
///
/// # Errors
/// When git does not answer or a file cannot be read.
pub(super) fn tracked_files(workspace: &Workspace) -> Result<Vec<TextFile>> {
    let names = command::output(
        Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&workspace.root),
    )?;
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let path = workspace.root.join(name);
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(TextFile { name: name.to_owned(), text });
        }
    }
    Ok(files)
}

/// The Rust files of a crate's `src`, with the path relative to the root, tests left out.
///
/// # Errors
/// When a folder or file cannot be read.
pub(super) fn crate_sources(workspace: &Workspace, folder: &Path) -> Result<Vec<TextFile>> {
    let mut sources = Vec::new();
    collect(&workspace.root, &folder.join("src"), &mut sources)?;
    Ok(sources)
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<TextFile>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        // By convention a file `tests.rs` or a folder `tests` is declared under #[cfg(test)].
        let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
        if is_tests {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            sources.push(TextFile { name, text: without_tests(&without_comments(&text)) });
        }
    }
    Ok(())
}

/// Blanks comments, string and character literals; line breaks stay, so that line numbers hold.
pub(super) fn without_comments(source: &str) -> String {
    let characters: Vec<char> = source.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut index = 0;
    while index < characters.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => end_of_line(&characters, index),
            ('/', '*') => end_of_block_comment(&characters, index),
            ('"', _) => end_of_string(&characters, index),
            ('r', '"' | '#') if !is_word(at(index.wrapping_sub(1))) => end_of_raw_string(&characters, index),
            ('\'', '\\') => {
                (index + 3..characters.len()).find(|&i| at(i) == '\'').map_or(index + 1, |i| i + 1)
            }
            ('\'', _) if at(index + 2) == '\'' => index + 3,
            _ => index,
        };
        if end == index {
            out.push(at(index));
            index += 1;
        } else {
            out.extend(
                characters.iter().skip(index).take(end - index).filter(|character| **character == '\n'),
            );
            index = end;
        }
    }
    out
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn end_of_line(characters: &[char], start: usize) -> usize {
    characters
        .iter()
        .skip(start)
        .position(|character| *character == '\n')
        .map_or(characters.len(), |n| start + n)
}

fn end_of_block_comment(characters: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = start;
    while let Some(pair) = characters.get(index..index + 2) {
        match pair {
            ['/', '*'] => depth += 1,
            ['*', '/'] => depth -= 1,
            _ => {
                index += 1;
                continue;
            }
        }
        index += 2;
        if depth == 0 {
            return index;
        }
    }
    characters.len()
}

fn end_of_string(characters: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while let Some(character) = characters.get(index) {
        match character {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    characters.len()
}

/// `r"..."` and `r#"..."#`; a raw identifier such as `r#type` is no string and ends where it starts.
fn end_of_raw_string(characters: &[char], start: usize) -> usize {
    let hashes = characters.iter().skip(start + 1).take_while(|character| **character == '#').count();
    if characters.get(start + 1 + hashes) != Some(&'"') {
        return start;
    }
    let mut index = start + 2 + hashes;
    while index < characters.len() {
        let closes = characters.get(index) == Some(&'"')
            && characters.iter().skip(index + 1).take(hashes).filter(|character| **character == '#').count()
                == hashes;
        if closes {
            return index + 1 + hashes;
        }
        index += 1;
    }
    characters.len()
}

/// Blanks every item under `#[cfg(test)]`, in source whose comments and strings are gone already.
pub(super) fn without_tests(source: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let end = end_of_item(after);
        let (item, next) = after.split_at(end);
        out.extend(item.chars().filter(|character| *character == '\n'));
        rest = next;
    }
    out.push_str(rest);
    out
}

/// Where the item that starts here ends, in bytes: at its closing brace, or at a semicolon outside braces.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && character == '}' {
                    return index + 1;
                }
            }
            ';' if depth == 0 => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_comments_and_literals() {
        let source = "a /* x /* y */ */ b // std::fs\nc(\"std::fs \\\" \", r#\"std::net\"#, '\"', 'x', '\\'', &'static str) r#type";
        assert_eq!(without_comments(source), "a  b \nc(, , , , , &'static str) r#type");
    }

    #[test]
    fn blanks_tests() {
        let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { x(); }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
        assert_eq!(without_tests(source), "fn a() {}\n\n\n\n\nfn c() {}\n\n\nfn d() {}\n");
    }
}
