//! `thinpay bench WHAT --json`: what the parts cost on this machine, against a stated target or a peer
//! measured in the same run.

use std::time::{Duration, Instant};

use serde::Serialize;

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
