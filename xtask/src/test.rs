//! `cargo xtask test`: everything that CI runs, with one count at the end.

use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::build;
use crate::check;
use crate::cli::{BuildOptions, TestOptions};
use crate::command::{self, Count, cargo_command};
use crate::packages;
use crate::progress::{Progress, say};
use crate::workspace::Workspace;

/// The parts, in the order in which they run.
pub(crate) const PARTS: &[&str] = &["packages", "check", "build", "unit", "system", "browser"];

/// The package whose tests run real programs.
const SYSTEM: &str = "system-tests";
/// Those of its tests that need Chromium, by the name of their file; the rest needs the programs alone.
const BROWSER_TESTS: &str = "browser";
/// Cases of each property test in a long run (proptest's own default is 256).
const LONG_CASES: &str = "4096";
/// Set for the tests in a long run: more kills, more sessions.
const LONG_VARIABLE: &str = "THINPAY_TEST_LONG";

pub(crate) fn run(workspace: &Workspace, progress: &mut Progress, options: &TestOptions) -> Result<()> {
    let wanted = |part: &str| options.parts.is_empty() || options.parts.iter().any(|name| name == part);
    let mut run =
        Run { workspace, progress, count: Count::default(), failed: Vec::new(), long: options.long };

    // Packages come from the network while the processors compile.
    let packages = wanted("packages").then(|| std::thread::spawn(packages::install_missing));
    if wanted("check") {
        let result = check::run(workspace, run.progress, &[]);
        run.note("check", result);
    }
    let mut built = true;
    if wanted("build") {
        let result = build::run(workspace, run.progress, BuildOptions::default()).map(drop);
        built = result.is_ok();
        run.note("build", result);
    }
    if let Some(packages) = packages {
        let result = run.progress.stage("packages", || {
            packages.join().map_err(|_| anyhow!("the installation of packages panicked"))?
        });
        run.note("packages", result);
    }
    if wanted("unit") {
        run.tests("unit and property tests", &Selection::Unit);
        run.documentation();
    }
    for (part, selection) in [("system", Selection::System), ("browser", Selection::Browser)] {
        if !wanted(part) {
            continue;
        }
        if !built {
            run.note(part, Err(anyhow!("not run, since the build failed")));
            continue;
        }
        if part == "browser" {
            let result = run.progress.stage("playwright-core", || install_playwright(workspace));
            run.note("playwright-core", result);
        }
        run.tests(part, &selection);
    }
    run.end()
}

/// One run of the tests: what failed so far, and how many passed.
struct Run<'a> {
    workspace: &'a Workspace,
    progress: &'a mut Progress,
    count: Count,
    failed: Vec<String>,
    long: bool,
}

/// Which tests. All are compiled by the same selection of packages, so that nothing is built twice.
enum Selection {
    Unit,
    System,
    Browser,
}

impl Selection {
    /// Ignored tests want more time, or programs that have been installed by now.
    fn with_ignored(&self, long: bool) -> bool {
        long || !matches!(self, Self::Unit)
    }
}

impl Run<'_> {
    /// A part that is no test counts as one that passed or failed.
    fn note(&mut self, part: &str, result: Result<()>) {
        match result {
            Ok(()) => self.count.passed += 1,
            Err(problem) => {
                say(&format!("{part}: {problem:#}"));
                self.count.failed += 1;
                self.failed.push(part.to_owned());
            }
        }
    }

    fn tests(&mut self, name: &str, selection: &Selection) {
        let mut command = if command::installed("cargo-nextest") {
            nextest(self.workspace, selection, self.long)
        } else {
            plain_test(self.workspace, selection, self.long)
        };
        self.run_tests(name, &mut command);
    }

    fn documentation(&mut self) {
        let mut command =
            cargo_command(self.workspace, &["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"]);
        self.run_tests("examples in the documentation", &mut command);
    }

    fn run_tests(&mut self, name: &str, command: &mut Command) {
        if self.long {
            command.env("PROPTEST_CASES", LONG_CASES).env(LONG_VARIABLE, "1");
        }
        let mut count = Count::default();
        let result = self.progress.stage(name, || command::run_counting(command, &mut count));
        self.count.passed += count.passed;
        self.count.failed += count.failed;
        if let Err(problem) = result {
            say(&format!("{name}: {problem:#}"));
            if count.failed == 0 {
                self.count.failed += 1;
            }
            self.failed.push(name.to_owned());
        }
    }

    fn end(self) -> Result<()> {
        say(&format!("\n{}", self.progress.summary()));
        if !self.failed.is_empty() {
            say(&format!("failed: {}", self.failed.join(", ")));
        }
        say(&format!("{} passed, {} failed", self.count.passed, self.count.failed));
        if self.count.failed > 0 || !self.failed.is_empty() {
            bail!("the tests did not all pass");
        }
        Ok(())
    }
}

fn nextest(workspace: &Workspace, selection: &Selection, long: bool) -> Command {
    let filter = match selection {
        Selection::Unit => format!("not package({SYSTEM})"),
        Selection::System => format!("package({SYSTEM}) and not binary({BROWSER_TESTS})"),
        Selection::Browser => format!("package({SYSTEM}) and binary({BROWSER_TESTS})"),
    };
    let mut command = cargo_command(workspace, &["nextest", "run", "--workspace", "--no-fail-fast", "-E"]);
    command.arg(filter).args(["--status-level", "slow"]);
    if selection.with_ignored(long) {
        command.args(["--run-ignored", "all"]);
    }
    command
}

fn plain_test(workspace: &Workspace, selection: &Selection, long: bool) -> Command {
    let mut command = cargo_command(workspace, &["test", "--workspace", "--no-fail-fast", "--quiet"]);
    match selection {
        Selection::Unit => {
            command.args(["--exclude", SYSTEM, "--lib", "--bins", "--tests"]);
        }
        Selection::System => {
            for name in system_test_names(workspace).iter().filter(|name| *name != BROWSER_TESTS) {
                command.args(["--test", name]);
            }
        }
        Selection::Browser => {
            command.args(["--test", BROWSER_TESTS]);
        }
    }
    // One server after the other: two cores do not carry several real systems at once.
    command.arg("--");
    if selection.with_ignored(long) {
        command.arg("--include-ignored");
    }
    if !matches!(selection, Selection::Unit) {
        command.args(["--test-threads", "2"]);
    }
    command
}

/// The files in the system tests' `tests` folder: each is a test program of that name.
fn system_test_names(workspace: &Workspace) -> Vec<String> {
    let folder = workspace.root.join("crates").join(SYSTEM).join("tests");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_test = path.extension().is_some_and(|extension| extension == "rs");
            is_test.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))?
        })
        .collect();
    names.sort();
    names
}

/// `playwright-core` drives the browser that is installed; it downloads none.
fn install_playwright(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("tests/browser");
    if folder.join("node_modules/playwright-core/package.json").is_file() {
        return Ok(());
    }
    command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
        .context("the browser test drives Chromium by playwright-core, from the npm registry")
}
