//! What the program tells: lines of JSON for programs, sentences for people. `docs/scripts.md` lists
//! the events.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

/// Tells what happens, with the milliseconds since the program began.
#[derive(Debug)]
pub struct Reporter {
    json: bool,
    started: Instant,
}

impl Reporter {
    /// A reporter whose clock begins now.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json, started: Instant::now() }
    }

    /// The time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// One line of JSON on standard output, when JSON was asked for. `fields` is a JSON object.
    pub fn event(&self, name: &str, fields: Value) {
        if !self.json {
            return;
        }
        let microseconds = u32::try_from(self.started.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut line = json!({ "event": name, "ms": f64::from(microseconds) / 1000.0 });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        let mut out = std::io::stdout().lock();
        let _reader_gone = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// A sentence on standard error, for people.
    pub fn say(&self, sentence: &str) {
        let _nobody_reads = writeln!(std::io::stderr().lock(), "{sentence}");
    }
}
