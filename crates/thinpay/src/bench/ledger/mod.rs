//! `thinpay bench ledger`: durable double-entry transfers, on the embedded store and on PostgreSQL, and the state
//! machine alone.
//!
//! Every figure but the state machine's is durable: a transfer counts when its caller has been told, and nobody
//! is told before the journal's row is synced. The store's folder is in the system's temporary folder; the disk
//! under it decides, so syncs are counted too: on a slower disk a run that is bound by syncs takes as many times
//! longer as a sync does.

mod batches;
mod book;
mod controls;
mod growth;
mod machine;
mod peer;
mod singles;

use std::time::Duration;

use anyhow::Result;

use super::{Better, Options, Row, percentile};
use book::Load;

pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    machine::state_machine(options, &mut rows);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        batches::embedded(options, &mut rows).await?;
        controls::run(options, &mut rows).await?;
        singles::run(options, &mut rows).await?;
        growth::run(options, &mut rows).await
    })?;
    peer::run(options, &runtime, &mut rows)?;
    Ok(rows)
}

fn latency(rows: &mut Vec<Row>, name: &str, samples: &mut [Duration], target_p99: Option<f64>) {
    for (what, per_mille, target) in [("p50", 500, None), ("p99", 990, target_p99)] {
        rows.push(Row {
            name: format!("{name}: {what}"),
            value: percentile(samples, per_mille).as_secs_f64() * 1e3,
            unit: "ms",
            better: Better::Lower,
            target,
            peer: None,
            how: "From sending to the answer, in the run above.".to_owned(),
        });
    }
}

/// What a run cost besides time.
fn costs(rows: &mut Vec<Row>, name: &str, load: &Load) {
    rows.push(Row {
        name: format!("{name}: syncs"),
        value: rate(load.syncs, load.journaled),
        unit: "syncs/s",
        better: Better::Lower,
        target: None,
        peer: None,
        how: format!("One for each row of the journal: {} for {} transfers.", load.syncs, load.transfers),
    });
    rows.push(Row {
        name: format!("{name}: processor time"),
        value: load.processor.as_secs_f64() * 1e9 / count(load.transfers),
        unit: "ns/transfer",
        better: Better::Lower,
        target: None,
        peer: None,
        how: "Of the whole process, projections included: what it costs, whoever else uses the machine."
            .to_owned(),
    });
}

fn rate(done: u64, took: Duration) -> f64 {
    count(done) / took.as_secs_f64().max(f64::EPSILON)
}

/// Numbers here are far below what a float holds exactly.
fn count(number: u64) -> f64 {
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0);
    let high = u32::try_from(number >> 32).unwrap_or(0);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}
