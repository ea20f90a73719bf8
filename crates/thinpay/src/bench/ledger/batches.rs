//! Batches: what a node takes from other systems.

use anyhow::Result;

use super::book::{IN_FLIGHT, Load, Market, Spread, Store};
use super::{Better, Options, Row, costs, latency, rate};

/// Transfers in one burst: fewer than the projections may lag behind, so that the journal is measured and not
/// they; how fast they follow is a figure of its own.
pub(super) const BURST: usize = 240_000;

pub(super) async fn embedded(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    for (batch, target) in [(1_000, 300_000.0), (8_000, 500_000.0)] {
        for spread in [Spread::Uniform, Spread::Hot] {
            let market = Market::new(&Store::Embedded).await?;
            let load = bursts(&market, batch, spread, options).await?;
            let name = format!("durable, batches of {batch}{}", spread.words());
            report(rows, &name, Some(target), load);
            market.end().await?;
        }
    }
    Ok(())
}

/// How many bursts a figure is taken from.
pub(super) fn bursts_of(options: &Options) -> usize {
    if options.quick { 1 } else { 3 }
}

pub(super) async fn bursts(market: &Market, batch: usize, spread: Spread, options: &Options) -> Result<Load> {
    let mut load = Load::default();
    for _ in 0..bursts_of(options) {
        load.add(market.batches(batch, BURST, spread).await?);
    }
    Ok(load)
}

pub(super) fn report(rows: &mut Vec<Row>, name: &str, target: Option<f64>, mut load: Load) {
    rows.push(Row {
        name: name.to_owned(),
        value: rate(load.transfers, load.journaled),
        unit: "transfers/s",
        better: Better::Higher,
        target,
        peer: None,
        how: format!(
            "Bursts of {BURST} transfers between 10,000 accounts, {IN_FLIGHT} batches in flight; each batch is answered after its sync."
        ),
    });
    latency(rows, name, &mut load.samples, None);
    costs(rows, name, &load);
    rows.push(Row {
        name: format!("{name}: projected"),
        value: rate(load.transfers, load.followed),
        unit: "transfers/s",
        better: Better::Higher,
        target: None,
        peer: None,
        how: "The same, counted until every transfer is in the indexed tables that reads are answered from."
            .to_owned(),
    });
}
