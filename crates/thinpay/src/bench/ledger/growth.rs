//! What grows with history and with accounts: the cost of a transfer after ten million others, the start, and
//! memory.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::batches::BURST;
use super::book::{self, Folder, Load, Market, Spread, Store, memory_bytes};
use super::{Better, Options, Row, count, rate};

const BATCH: usize = 8_000;

pub(super) async fn run(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    history(options, rows).await?;
    memory(options, rows).await
}

async fn history(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let transfers: u64 = if options.quick { 300_000 } else { 10_000_000 };
    let market = Market::new(&Store::Embedded).await?;
    let mut all = Load::default();
    let first = market.batches(BATCH, BURST, Spread::Uniform).await?;
    let mut last = first.clone();
    all.add(first.clone());
    while all.transfers < transfers {
        last = market.batches(BATCH, BURST, Spread::Uniform).await?;
        all.add(last.clone());
    }
    for (load, before) in [(&first, "10,000".to_owned()), (&last, words(all.transfers - last.transfers))] {
        rows.push(Row {
            name: format!("after {before} transfers: processor time"),
            value: load.processor.as_secs_f64() * 1e9 / count(load.transfers),
            unit: "ns/transfer",
            better: Better::Lower,
            target: None,
            peer: None,
            how: format!("{BURST} transfers in batches of {BATCH}, projections included."),
        });
        rows.push(Row {
            name: format!("after {before} transfers"),
            value: rate(load.transfers, load.journaled),
            unit: "transfers/s",
            better: Better::Higher,
            target: None,
            peer: None,
            how: "The same, durable.".to_owned(),
        });
    }
    rows.push(Row {
        name: format!("sustained over {} transfers", words(all.transfers)),
        value: rate(all.transfers, all.followed),
        unit: "transfers/s",
        better: Better::Higher,
        target: None,
        peer: None,
        how: "All bursts one after the other, each counted until the projections have followed.".to_owned(),
    });
    start_up(market, all.transfers, rows).await
}

async fn start_up(market: Market, transfers: u64, rows: &mut Vec<Row>) -> Result<()> {
    let folder = std::sync::Arc::clone(&market.folder);
    market.accounts.close().await;
    drop(market);
    let start = Instant::now();
    let accounts = book::open(&folder.0, &Store::Embedded)?;
    let took = start.elapsed();
    rows.push(milliseconds(
        format!("start after {} transfers", words(transfers)),
        took,
        "Opening the closed book again, its whole chain of hashes checked; the files are in the system's cache.",
    ));
    accounts.close().await;
    Ok(())
}

async fn memory(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let accounts = if options.quick { 50_000 } else { 1_000_000 };
    let folder = Folder::new()?;
    let opened = book::open(&folder.0, &Store::Embedded)?;
    let before = memory_bytes();
    let ids = book::open_customers(&opened, accounts).await?;
    drop(ids);
    opened.settled().await?;
    let per_account = count(memory_bytes().saturating_sub(before)) / count(u64::try_from(accounts)?);
    rows.push(Row {
        name: "memory for a million accounts".to_owned(),
        value: per_account * 1e6 / 1_048_576.0,
        unit: "MiB",
        better: Better::Lower,
        target: None,
        peer: None,
        how: format!("Growth of the process's memory while {accounts} accounts are opened, the caches of the store included."),
    });
    opened.close().await;
    let start = Instant::now();
    let opened = book::open(&folder.0, &Store::Embedded)?;
    rows.push(milliseconds(
        format!("start with {} accounts", words(u64::try_from(accounts)?)),
        start.elapsed(),
        "From the snapshot.",
    ));
    opened.close().await;
    Ok(())
}

fn milliseconds(name: String, took: Duration, how: &str) -> Row {
    Row {
        name,
        value: took.as_secs_f64() * 1e3,
        unit: "ms",
        better: Better::Lower,
        target: None,
        peer: None,
        how: how.to_owned(),
    }
}

/// About how many, as people say it.
fn words(number: u64) -> String {
    match number {
        1_000_000.. => format!("{} million", (number + 500_000) / 1_000_000),
        _ => format!("{},000", (number + 500) / 1_000),
    }
}
