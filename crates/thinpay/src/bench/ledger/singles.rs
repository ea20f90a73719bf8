//! Single transfers from clients that wait for their answer.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::book::{Load, Market, Spread, Store};
use super::{Better, Options, Row, costs, latency, rate};

/// Transfers a second in the paced run, and who sends them.
const PACE: u64 = 10_000;
const PACED_CLIENTS: u64 = 200;

pub(super) async fn run(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let duration = Duration::from_secs(if options.quick { 1 } else { 5 });
    let uniform = [1, 16, 64, 256].map(|clients| (clients, Spread::Uniform));
    for (clients, spread) in uniform.into_iter().chain([(256, Spread::Hot)]) {
        let market = Market::new(&Store::Embedded).await?;
        let mut load = market.clients(clients, duration, spread).await?;
        let name = format!("durable, single transfers from {clients} clients{}", spread.words());
        rows.push(Row {
            name: name.clone(),
            value: rate(load.transfers, load.journaled),
            unit: "transfers/s",
            better: Better::Higher,
            target: (clients == 256).then_some(100_000.0),
            peer: None,
            how: "Each client waits for its answer before it sends the next; the projections follow on the same cores."
                .to_owned(),
        });
        latency(rows, &name, &mut load.samples, None);
        costs(rows, &name, &load);
        market.end().await?;
    }
    paced(duration * 2, rows).await
}

async fn paced(duration: Duration, rows: &mut Vec<Row>) -> Result<()> {
    let market = Market::new(&Store::Embedded).await?;
    let mut load = send_at_pace(&market, duration).await?;
    let name = format!("durable, single transfers at {PACE}/s");
    rows.push(Row {
        name: name.clone(),
        value: rate(load.transfers, load.journaled),
        unit: "transfers/s",
        better: Better::Higher,
        target: None,
        peer: None,
        how: format!("{PACED_CLIENTS} clients that each send at fixed moments."),
    });
    latency(rows, &name, &mut load.samples, Some(5.0));
    market.end().await
}

async fn send_at_pace(market: &Market, duration: Duration) -> Result<Load> {
    let every = Duration::from_nanos(PACED_CLIENTS * 1_000_000_000 / PACE);
    let begin = tokio::time::Instant::now() + Duration::from_millis(50);
    let since = Instant::now() + Duration::from_millis(50);
    let running = (0..PACED_CLIENTS).map(|client| {
        let market = market.clone();
        tokio::spawn(async move {
            let mut took = Vec::new();
            // Their beginnings are spread over the interval, so that they do not all send at once.
            let mut due = begin + every * u32::try_from(client)? / u32::try_from(PACED_CLIENTS)?;
            while due < begin + duration {
                let payment = market.payment(Spread::Uniform)?;
                tokio::time::sleep_until(due).await;
                let sent = Instant::now();
                market.accounts.post(payment).await?;
                took.push(sent.elapsed());
                due += every;
            }
            anyhow::Ok(took)
        })
    });
    let mut load = Load::default();
    for client in running.collect::<Vec<_>>() {
        load.samples.extend(client.await??);
    }
    load.transfers = u64::try_from(load.samples.len())?;
    load.journaled = since.elapsed();
    Ok(load)
}
