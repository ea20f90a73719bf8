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
    std::thread::scope(|scope| {
        let from_out = scope.spawn(|| pass_on(out));
        let from_err = scope.spawn(|| pass_on(err));
        for counted in [from_out.join(), from_err.join()].into_iter().flatten() {
            count.passed += counted.passed;
            count.failed += counted.failed;
        }
    });
    let status = child.wait().with_context(|| format!("waiting for `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Passes a program's lines on to standard error, and counts the tests they speak of.
fn pass_on(stream: Option<impl Read>) -> Count {
    let mut count = Count::default();
    let Some(stream) = stream else { return count };
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        say(&line);
        let counted = counted(&line);
        count.passed += counted.passed;
        count.failed += counted.failed;
    }
    count
}

/// Reads `test result: ok. 3 passed; 0 failed; ...` and nextest's `5 tests run: 4 passed, 1 failed, ...`.
fn counted(line: &str) -> Count {
    let mut count = Count::default();
    if !["test result:", "tests run:", "test run:"].iter().any(|mark| line.contains(mark)) {
        return count;
    }
    let words: Vec<&str> =
        line.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
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
    count
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
        let plain = counted("test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out");
        assert_eq!(plain, Count { passed: 3, failed: 1 });
        let nextest = counted(
            "     Summary [   2.5s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped",
        );
        assert_eq!(nextest, Count { passed: 9, failed: 3 });
        assert_eq!(counted("PASS [ 0.1s] 3 passed by"), Count::default());
    }
}
