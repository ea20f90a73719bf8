//! The server is killed (SIGKILL) in the middle of payments, many times: every acknowledged payment is there
//! after the next start, none twice, and the whole book holds.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use system_tests::{ALICE, BO, Device, Operator, Site, scripts};

/// How often the server is killed.
const KILLS: usize = 12;
/// The same in a long run.
const KILLS_LONG: usize = 100;
/// What each terminal pays at a time, in minor units and as typed.
const PAID: (i64, &str) = (1, "0.01");
/// What each top-up brings, in minor units and as written.
const TOPPED_UP: (i64, &str) = (3, "0.03 CNY");
/// Payments one terminal would make, were it not interrupted.
const PAYMENTS_MAX: usize = 50;

/// The receipts a terminal recorded: each is an acknowledged payment.
fn receipts(record: &Path) -> usize {
    (1..=PAYMENTS_MAX).filter(|number| record.join(format!("receipt-{number}.png")).exists()).count()
}

/// Tops up with fresh keys until told to stop; gives back the keys that were acknowledged and the one that
/// was not, if any.
fn top_up(
    operator: &Operator,
    account: &str,
    prefix: &str,
    stop: &AtomicBool,
) -> (Vec<String>, Option<String>) {
    let mut acknowledged = Vec::new();
    for number in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{prefix}-{number}");
        let words = ["account", "top-up", account, "--amount", TOPPED_UP.1, "--key", &key];
        match operator.run(&words) {
            Ok(_) => acknowledged.push(key),
            Err(_) => return (acknowledged, Some(key)),
        }
    }
    (acknowledged, None)
}

/// All entries of an account, page by page.
fn entries(operator: &Operator, account: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut before: Option<String> = None;
    loop {
        let mut words = vec!["account", "history", account, "--limit", "100"];
        if let Some(before) = &before {
            words.extend(["--before", before]);
        }
        let page = operator.run(&words)?;
        all.extend(page.get("entries").and_then(Value::as_array).cloned().unwrap_or_default());
        match page.get("next") {
            None | Some(Value::Null) => return Ok(all),
            Some(Value::String(next)) => before = Some(next.clone()),
            Some(other) => before = Some(other.to_string()),
        }
    }
}

#[test]
fn no_acknowledged_payment_is_lost_and_none_is_doubled() -> Result<()> {
    let kills = if std::env::var_os("THINPAY_TEST_LONG").is_some() { KILLS_LONG } else { KILLS };
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let phones: [Device; 2] = [site.enrol(&ALICE, "phone-240x320")?, site.enrol(&BO, "phone-240x320")?];
    let mut server = Some(server);
    let start = site.balances()?;
    let (mut paid, mut in_flight_payments) = (0_usize, 0_usize);
    let (mut topped_up, mut unknown_top_ups) = (0_usize, Vec::new());

    for round in 0..kills {
        let running = match server.take() {
            Some(server) => server,
            None => site.serve()?,
        };
        let terminals: Vec<_> = phones
            .iter()
            .map(|phone| phone.start(&running.address, &scripts::payments(PAYMENTS_MAX, PAID.1)))
            .collect::<Result<_>>()?;
        let stop = AtomicBool::new(false);
        let prefix = format!("round-{round}");
        let (acknowledged, unknown) = std::thread::scope(|scope| -> Result<_> {
            let topping = scope.spawn(|| top_up(&site.operator, &site.bo, &prefix, &stop));
            // Signing in takes a moment; then every round is cut at another point of a payment.
            std::thread::sleep(Duration::from_millis(2_500 + (round as u64 * 137) % 1_500));
            running.kill()?;
            stop.store(true, Ordering::Relaxed);
            topping.join().map_err(|_| anyhow::anyhow!("the top-ups panicked"))
        })?;
        topped_up += acknowledged.len();
        unknown_top_ups.extend(unknown);
        for terminal in terminals {
            let outcome = terminal.finish()?;
            assert!(!outcome.success(), "the terminal was cut off");
            paid += receipts(&outcome.record);
            in_flight_payments += 1;
        }
    }

    // What is not known is asked again with the same key: it happens once.
    let server = site.serve()?;
    let unknown = unknown_top_ups.len();
    for key in &unknown_top_ups {
        site.operator.run(&["account", "top-up", &site.bo, "--amount", TOPPED_UP.1, "--key", key])?;
    }
    let end = site.balances()?;
    let received = usize::try_from((end[2] - start[2]) / PAID.0)?;
    assert!(received >= paid, "{paid} payments were acknowledged, {received} are on the merchant's account");
    assert!(
        received <= paid + in_flight_payments,
        "{received} payments posted, {paid} acknowledged: some twice?"
    );
    let spent = i64::try_from(received)? * PAID.0;
    let brought = i64::try_from(topped_up + unknown)? * TOPPED_UP.0;
    assert_eq!(
        (start[0] - end[0]) + (start[1] + brought - end[1]),
        spent,
        "what was paid and what arrived differ"
    );

    // No payment stands twice in anybody's history.
    for account in [&site.alice, &site.bo, &site.merchant] {
        let entries = entries(&site.operator, account)?;
        let payments: Vec<&str> = entries
            .iter()
            .map(|entry| entry["payment"].as_str().context("a payment's identifier"))
            .collect::<Result<_>>()?;
        let distinct: BTreeSet<&str> = payments.iter().copied().collect();
        assert_eq!(payments.len(), distinct.len(), "a payment stands twice on {account}");
    }
    assert!(paid >= kills, "the test has to interrupt payments: {paid} were made in {kills} rounds");
    drop(server);
    site.verify()
}
