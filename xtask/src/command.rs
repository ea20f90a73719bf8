//! Runs other programs: their lines pass through to standard error, so that standard output stays ours.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::progress::say;
use crate::workspace::{Workspace, cargo};

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// A cargo command in the workspace's folder.
pub(crate) fn cargo_command(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.args(arguments).current_dir(&workspace.root);
    // Cargo told us these about xtask itself; build scripts that look at them would run again and again.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|own| name.starts_with(own))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end, with the program's output on our standard error.
///
/// # Errors
/// When it cannot be started, or ends with anything but success; the sentence holds the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .stdout(std::io::stderr())
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs tests to the end; passes their lines on and adds up the counts in them.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_counting(command: &mut Command, count: &mut Count) -> Result<()> {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = std::thread::scope(|scope| {
        let (out, err) = (scope.spawn(|| pass_on(out)), scope.spawn(|| pass_on(err)));
        (out.join().unwrap_or_default(), err.join().unwrap_or_default())
    });
    // Nextest repeats the words of the single tests that fail; its own summary, on standard error, has them all.
    let seen = if err.nextest == Count::default() { out.plain } else { err.nextest };
    count.passed += seen.passed;
    count.failed += seen.failed;
    let status = child.wait().with_context(|| format!("waiting for `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// What the lines of one stream said, by whose summary it was.
#[derive(Debug, Default)]
struct Counted {
    plain: Count,
    nextest: Count,
}

/// Passes a program's lines on to standard error, and counts the tests they speak of.
fn pass_on(stream: Option<impl Read>) -> Counted {
    let mut counted = Counted::default();
    let Some(stream) = stream else { return counted };
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        say(&line);
        counted.add(&line);
    }
    counted
}

impl Counted {
    /// Reads `test result: ok. 3 passed; 0 failed; ...` and nextest's `5 tests run: 4 passed, 1 failed, ...`.
    fn add(&mut self, line: &str) {
        let count = if line.contains("tests run:") || line.contains("test run:") {
            &mut self.nextest
        } else if line.contains("test result:") {
            &mut self.plain
        } else {
            return;
        };
        let words: Vec<&str> = line
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            if let [number, what] = pair
                && let Ok(number) = number.parse::<usize>()
            {
                match *what {
                    "passed" => count.passed += number,
                    "failed" | "timed" => count.failed += number,
                    _ => {}
                }
            }
        }
    }
}

/// Runs to the end and gives back its standard output.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    if !output.status.success() {
        bail!("`{shown}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed something else than text"))
}

/// Whether a program of this name is on the path.
pub(crate) fn installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args());
    words.into_iter().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_both_forms_of_summary() {
        let mut counted = Counted::default();
        counted.add("test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out");
        counted
            .add("     Summary [   2.5s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped");
        counted.add("PASS [ 0.1s] 3 passed by");
        assert_eq!(counted.plain, Count { passed: 3, failed: 1 });
        assert_eq!(counted.nextest, Count { passed: 9, failed: 3 });
    }
}
