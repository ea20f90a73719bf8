//! `thinpay bench WHAT --json`: what the parts cost on this machine, against a stated target or a peer
//! measured in the same run.

mod ledger;
mod other_codings;
mod seal;
mod session;
mod view;
mod vm;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Serialize;

use crate::cli::output;

/// What the caller asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// A short run, a second or two a row: to see that a benchmark works, not to quote it.
    pub(crate) quick: bool,
}

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What was measured, stable between versions.
    pub(crate) name: String,
    /// The figure.
    pub(crate) value: f64,
    /// Its unit: "us", "ms", "bytes", "GB/s", "transfers/s" ...
    pub(crate) unit: &'static str,
    /// Which way is better.
    pub(crate) better: Better,
    /// The design's target, in the same unit.
    pub(crate) target: Option<f64>,
    /// Somebody else's figure from the same run.
    pub(crate) peer: Option<Peer>,
    /// How it was measured, in one sentence.
    pub(crate) how: String,
}

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// Somebody else's figure from the same run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Peer {
    /// Whose.
    pub(crate) name: String,
    /// In the row's unit.
    pub(crate) value: f64,
}

/// A benchmark: its name, and how it is run.
type Bench = (&'static str, fn(&Options) -> Result<Vec<Row>>);

/// Every benchmark there is.
const BENCHES: &[Bench] = &[
    ("ledger", ledger::run),
    ("seal", seal::run),
    ("view", view::run),
    ("vm", vm::run),
    ("session", session::run),
];

/// What a benchmark prints.
#[derive(Debug, Serialize)]
struct Report {
    bench: String,
    machine: Machine,
    rows: Vec<Row>,
}

/// The machine that was measured.
#[derive(Debug, Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    memory_mib: u64,
    system: &'static str,
    /// Whether the program was built for speed; figures of another build are not worth quoting.
    optimised: bool,
}

/// Runs one benchmark, or `all`.
pub(crate) fn run(what: &str, quick: bool, json: bool) -> Result<()> {
    let chosen: Vec<&Bench> = BENCHES.iter().filter(|(name, _)| what == "all" || *name == what).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("There is no benchmark {what:?}. There are: {}, all.", known.join(", "));
    }
    let mut rows = Vec::new();
    for (_, bench) in chosen {
        rows.extend(bench(&Options { quick })?);
    }
    let report = Report { bench: what.to_owned(), machine: machine(), rows };
    let table: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            let target = row.target.map_or_else(String::new, |target| format!("{target}"));
            let peer =
                row.peer.as_ref().map_or_else(String::new, |peer| format!("{} ({})", peer.value, peer.name));
            vec![row.name.clone(), format!("{:.3}", row.value), row.unit.to_owned(), target, peer]
        })
        .collect();
    let text = output::table(&["what", "value", "unit", "target", "peer"], &table);
    output::print(json, &report, &text);
    Ok(())
}

fn machine() -> Machine {
    let line = |file: &str, start: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(start)).and_then(|line| line.split_once(':'));
        line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let kib = line("/proc/meminfo", "MemTotal");
    Machine {
        processor: line("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_mib: kib.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024,
        system: std::env::consts::OS,
        optimised: !cfg!(debug_assertions),
    }
}

/// The value below which `per_mille` thousandths of the samples lie; sorts the samples.
pub(crate) fn percentile(samples: &mut [Duration], per_mille: usize) -> Duration {
    samples.sort_unstable();
    let index = (samples.len().saturating_sub(1)) * per_mille / 1_000;
    samples.get(index).copied().unwrap_or_default()
}

/// Runs `work` the given number of times and returns what each run took.
pub(crate) fn sample(runs: usize, mut work: impl FnMut()) -> Vec<Duration> {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect()
}
