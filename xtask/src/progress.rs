//! Lines for the person who waits: what is being done now, and how long each stage took.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;

/// Writes a line to standard error. A closed standard error is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes a result to standard output.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()?;
    Ok(())
}

/// Times the whole run and each of its stages.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    stages: Vec<(String, f64)>,
}

impl Progress {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), stages: Vec::new() }
    }

    /// Does one stage, announcing it before and its duration after.
    pub(crate) fn stage<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(&format!("[{:6.1} s] {name} ...", self.elapsed()));
        let before = Instant::now();
        let result = work();
        let seconds = before.elapsed().as_secs_f64();
        let outcome = if result.is_ok() { "done" } else { "FAILED" };
        say(&format!("[{:6.1} s] {name}: {outcome} in {seconds:.1} s", self.elapsed()));
        self.stages.push((name.to_owned(), seconds));
        result
    }

    /// Seconds since the command was started.
    pub(crate) fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// One line for each stage so far, for the summary at the end.
    pub(crate) fn summary(&self) -> String {
        let mut text: String =
            self.stages.iter().map(|(name, seconds)| format!("{seconds:8.1} s  {name}\n")).collect();
        text.push_str(&format!("{:8.1} s  in all", self.elapsed()));
        text
    }
}
