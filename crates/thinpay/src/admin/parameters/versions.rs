//! Versions of parameters: looked at, drafted, approved, withdrawn, compared.

use accounts::ParameterStep;
use anyhow::{Context as _, Result, bail};
use parameters::{Section, VersionState};
use serde_json::{Value, json};

use super::{read_section, step, times, version_json};
use crate::admin::actor::Actor;
use crate::clock;
use crate::directory::Books;

/// Largest table of a comparison, in cells; changes of larger stretches are shown as a whole.
const TABLE_CELLS_MAX: usize = 4_000_000;

/// One line of a comparison: whether it was taken away, came, or stayed.
type Line<'a> = (char, &'a str);

pub(super) fn list(books: &Books, section: Option<&str>) -> Result<Value> {
    let registry = books.services.accounts.registry();
    let only = section.map(read_section).transpose()?;
    let mut versions = Vec::new();
    for section in Section::ALL.into_iter().filter(|section| only.is_none_or(|only| only == *section)) {
        let all = registry.versions(section).iter();
        versions.extend(all.map(|version| version_json(&registry, section, version)));
    }
    Ok(json!({ "versions": versions }))
}

pub(super) fn show(books: &Books, section: &str, version: Option<u32>, at: Option<&str>) -> Result<Value> {
    let section = read_section(section)?;
    let registry = books.services.accounts.registry();
    let found = match (version, at) {
        (Some(version), _) => registry
            .version(section, version)
            .with_context(|| format!("There is no version {version} of {section}."))?,
        (None, at) => {
            let now = clock::timestamp();
            let zone = registry.effective(now).cut_off.zone;
            let at = at.map_or(Ok(now), |at| times::read(at, &zone))?;
            registry.in_effect(section, at).with_context(|| {
                format!("No version of {section} is in effect then. `thinpay parameter show {section} --template` prints one to start from.")
            })?
        }
    };
    let mut shown = version_json(&registry, section, found);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("text".to_owned(), json!(found.text));
    }
    Ok(shown)
}

pub(super) fn check(books: &Books, section: &str, text: &str) -> Result<Value> {
    let section = read_section(section)?;
    books.services.accounts.registry().check(section, text)?;
    Ok(json!({ "section": section.word(), "valid": true }))
}

pub(super) async fn draft(
    books: &Books,
    actor: &Actor,
    section: &str,
    text: String,
    effective: Option<&str>,
    note: String,
) -> Result<Value> {
    let section = read_section(section)?;
    let zone = books.services.accounts.registry().effective(clock::timestamp()).cut_off.zone;
    let effective = effective.map(|at| times::read(at, &zone)).transpose()?;
    let version = drafted(books, actor, section, text, effective, note).await?;
    one(books, section, version)
}

/// Drafts a version; its number.
pub(super) async fn drafted(
    books: &Books,
    actor: &Actor,
    section: Section,
    text: String,
    effective: Option<accounts::Timestamp>,
    note: String,
) -> Result<u32> {
    may(books, actor, section)?;
    let drafted = ParameterStep::Draft { section, text: text.clone(), effective, note };
    step(books, actor, actor.key, drafted).await?;
    let registry = books.services.accounts.registry();
    let found = registry.versions(section).iter().rev().find(|version| {
        version.state == VersionState::Draft && version.author == actor.name && version.text == text
    });
    Ok(found.context("The draft was made before and is no draft any more.")?.version)
}

pub(super) async fn approve(books: &Books, actor: &Actor, section: &str, version: u32) -> Result<Value> {
    let section = read_section(section)?;
    may(books, actor, section)?;
    step(books, actor, actor.key, ParameterStep::Approve { section, version }).await?;
    one(books, section, version)
}

pub(super) async fn withdraw(books: &Books, actor: &Actor, section: &str, version: u32) -> Result<Value> {
    let section = read_section(section)?;
    may(books, actor, section)?;
    step(books, actor, actor.key, ParameterStep::Withdraw { section, version }).await?;
    one(books, section, version)
}

/// Whether the actor may change a section; the registry decides again, this says what to do.
fn may(books: &Books, actor: &Actor, section: Section) -> Result<()> {
    let operators = books.services.accounts.registry().effective(clock::timestamp()).operators.len();
    if operators < 2 && section != Section::Operators {
        bail!(
            "There are fewer than two operators yet, and parameters need two: name them with `thinpay operator add`."
        );
    }
    actor.require(section.roles())
}

/// What has become of a version.
pub(super) fn one(books: &Books, section: Section, version: u32) -> Result<Value> {
    let registry = books.services.accounts.registry();
    let found = registry.version(section, version);
    let found = found.with_context(|| format!("There is no version {version} of {section}."))?;
    Ok(version_json(&registry, section, found))
}

pub(super) fn diff(books: &Books, section: &str, version: u32) -> Result<Value> {
    let section = read_section(section)?;
    let registry = books.services.accounts.registry();
    let new = registry.version(section, version);
    let new = new.with_context(|| format!("There is no version {version} of {section}."))?;
    let old = registry.in_effect(section, clock::timestamp());
    let lines = compare(old.map_or("", |old| &old.text), &new.text);
    let lines: Vec<Value> =
        lines.into_iter().map(|(change, text)| json!({ "change": change, "text": text })).collect();
    Ok(json!({
        "section": section.word(),
        "version": version,
        "against": old.map(|old| old.version),
        "lines": lines,
    }))
}

/// Compares two texts line by line: the fewest lines that were taken away (`-`) or came (`+`) beside those that
/// stayed (` `).
fn compare<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (head_lines, old) = old.split_at(head);
    let (_, new) = new.split_at(head);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, tail_lines) = old.split_at(old.len().saturating_sub(tail));
    let (new, _) = new.split_at(new.len().saturating_sub(tail));
    let stayed = |line: &&'a str| (' ', *line);
    let mut lines: Vec<Line<'a>> = head_lines.iter().map(stayed).collect();
    lines.extend(changed(old, new));
    lines.extend(tail_lines.iter().map(stayed));
    lines
}

fn changed<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let width = new.len().saturating_add(1);
    let cells = old.len().saturating_add(1).saturating_mul(width);
    if cells > TABLE_CELLS_MAX {
        let gone = old.iter().map(|line| ('-', *line));
        return gone.chain(new.iter().map(|line| ('+', *line))).collect();
    }
    // By rest of the old and rest of the new text: how many lines they have in common, in order.
    let mut common = vec![0_u32; cells];
    let at = |row: usize, column: usize| row.saturating_mul(width).saturating_add(column);
    let read = |common: &[u32], row, column| common.get(at(row, column)).copied().unwrap_or(0);
    for (row, old) in old.iter().enumerate().rev() {
        for (column, new) in new.iter().enumerate().rev() {
            let best = if old == new {
                read(&common, row.saturating_add(1), column.saturating_add(1)).saturating_add(1)
            } else {
                let (down, right) = (
                    read(&common, row.saturating_add(1), column),
                    read(&common, row, column.saturating_add(1)),
                );
                down.max(right)
            };
            if let Some(cell) = common.get_mut(at(row, column)) {
                *cell = best;
            }
        }
    }
    let mut lines = Vec::new();
    let (mut row, mut column) = (0_usize, 0_usize);
    loop {
        match (old.get(row), new.get(column)) {
            (None, None) => return lines,
            (Some(old), Some(new)) if old == new => {
                lines.push((' ', *old));
                row = row.saturating_add(1);
                column = column.saturating_add(1);
            }
            (Some(old), new)
                if new.is_none()
                    || read(&common, row.saturating_add(1), column)
                        >= read(&common, row, column.saturating_add(1)) =>
            {
                lines.push(('-', *old));
                row = row.saturating_add(1);
            }
            (_, Some(new)) => {
                lines.push(('+', *new));
                column = column.saturating_add(1);
            }
            (Some(_), None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_shows_the_fewest_lines() {
        let lines = compare("a\nb\nc\nd\n", "a\nc\nx\nd\n");
        assert_eq!(lines, [(' ', "a"), ('-', "b"), (' ', "c"), ('+', "x"), (' ', "d")]);
        assert_eq!(compare("", "a\n"), [('+', "a")]);
        assert_eq!(compare("a\n", ""), [('-', "a")]);
        assert_eq!(compare("", ""), []);
    }

    proptest::proptest! {
        #[test]
        fn a_comparison_holds_both_texts(old in "[abc\n]{0,40}", new in "[abc\n]{0,40}") {
            let lines = compare(&old, &new);
            let of = |gone: char| -> Vec<&str> {
                lines.iter().filter(|(change, _)| *change != gone).map(|(_, line)| *line).collect()
            };
            proptest::prop_assert_eq!(of('+'), old.lines().collect::<Vec<_>>());
            proptest::prop_assert_eq!(of('-'), new.lines().collect::<Vec<_>>());
        }
    }
}
