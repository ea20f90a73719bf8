//! `cargo xtask check`: what a change must hold to, tests aside.
//!
//! Every part is a list of complaints; the command goes through all parts before it fails, quick ones
//! first, so that one run shows everything there is to mend.

mod documents;
mod edges;
mod purity;
mod source;
mod words;

use anyhow::{Context, Result, bail};

use crate::build::{self, BROWSER};
use crate::command::{self, cargo_command};
use crate::progress::{Progress, say};
use crate::workspace::Workspace;

/// The parts, in the order in which they run.
pub(crate) const PARTS: &[&str] =
    &["format", "edges", "purity", "documents", "words", "sizes", "lints", "licences"];

/// Above it, a file is usually two ideas.
const FILE_LINES_MAX: usize = 600;

pub(crate) fn run(workspace: &Workspace, progress: &mut Progress, asked: &[String]) -> Result<()> {
    let mut failed = Vec::new();
    progress.stage("tools", || build::install_tools(workspace))?;
    for part in PARTS {
        if !asked.is_empty() && !asked.iter().any(|name| name == part) {
            continue;
        }
        let result = progress.stage(&format!("check {part}"), || match *part {
            "format" => format(workspace),
            "edges" => verdict(edges::complaints(workspace)),
            "purity" => verdict(purity::complaints(workspace)?),
            "documents" => verdict(documents::complaints(workspace)?),
            "words" => verdict(words::complaints(workspace)?),
            "sizes" => sizes(workspace),
            "lints" => lints(workspace),
            _ => licences(workspace),
        });
        if let Err(problem) = result {
            say(&format!("{problem:#}"));
            failed.push(*part);
        }
    }
    if !failed.is_empty() {
        bail!("these checks failed: {}", failed.join(", "));
    }
    Ok(())
}

fn verdict(complaints: Vec<String>) -> Result<()> {
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n"))
}

fn format(workspace: &Workspace) -> Result<()> {
    command::run(&mut cargo_command(workspace, &["fmt", "--all", "--check", "--message-format", "short"]))
        .context("mend it with `cargo fmt --all`")
}

/// Clippy with warnings as errors: everything native, then what becomes WebAssembly as it will be built.
fn lints(workspace: &Workspace) -> Result<()> {
    build::install_wasm_target(workspace)?;
    command::run(&mut cargo_command(
        workspace,
        &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ))?;
    let mut wasm = cargo_command(workspace, &["clippy", "--quiet", "--target", build::WASM_TARGET]);
    wasm.args(["--package", BROWSER]);
    for app in build::apps(workspace) {
        wasm.args(["--package", app.name]);
    }
    wasm.args(["--", "-D", "warnings"]);
    command::run(&mut wasm)
}

fn licences(workspace: &Workspace) -> Result<()> {
    if !command::installed("cargo-deny") {
        say("           cargo-deny is not installed: skipped (`cargo install cargo-deny --locked`)");
        return Ok(());
    }
    command::run(&mut cargo_command(workspace, &["deny", "check"]))
}

/// Long files are named, but are no failure: some ideas are long.
fn sizes(workspace: &Workspace) -> Result<()> {
    for file in source::tracked_files(workspace)?.iter().filter(|file| file.name.ends_with(".rs")) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            say(&format!("           warning: {} has {lines} lines", file.name));
        }
    }
    Ok(())
}
