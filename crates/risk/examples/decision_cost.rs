//! What deciding and recording cost: `cargo run -p risk --release --example decision_cost [ACCOUNTS]`.
//!
//! The starter rules decide payments of 10,000 accounts (or as many as are asked for), each of which has a
//! full history, in an order that no cache foresees.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program that measures and prints")]

use std::time::Instant;

use ledger::Timestamp;
use money::{Currency, Money};
use risk::{Consent, Histories, Outcome, Payment, Rules, plain_number, template};

const ROUNDS: u64 = 1_000_000;
const RUN: usize = 1_000;

fn payment(index: u64, accounts: u64) -> Payment<'static> {
    // Bits that have nothing to do with each other, a few for each choice.
    let wide = (index ^ (index >> 7) ^ 0x5851_F42D).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (wide ^ (wide >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let choose = |bits: u32, most: u64| (mixed.rotate_left(bits) >> 16) % most;
    const TERMINALS: [&str; 4] = ["phone-0001", "tablet-0002", "browser-0003", "watch-0004"];
    let terminal = TERMINALS.get(usize::try_from(choose(0, 4)).unwrap_or(0)).copied().unwrap_or("");
    Payment {
        at: Timestamp(1_700_000_000_000_000_000_u64.saturating_add(index.saturating_mul(50_000_000))),
        minutes_of_day: u16::try_from(choose(7, 1_440)).unwrap_or(0),
        operation: if choose(13, 3) == 0 { "transfer" } else { "pay" },
        payer: choose(23, accounts),
        payee: 1_000_000 + choose(31, 40),
        payee_holder: "Luckin Coffee",
        amount: Money::new(i64::try_from(100 + choose(43, 150_000)).unwrap_or(100), Currency::CNY),
        app: "bank-card",
        terminal,
        region: "CN-44",
        account_opened: Timestamp(1_500_000_000_000_000_000),
        consent: Consent::Signed,
    }
}

/// Nanoseconds a payment: the median over runs of [`RUN`] payments, so that what else the machine does counts
/// little.
fn median_ns(all: &[Payment<'_>], mut work: impl FnMut(&Payment<'_>)) -> u128 {
    let time = |run: &[Payment<'_>]| {
        let start = Instant::now();
        run.iter().for_each(&mut work);
        start.elapsed().as_nanos()
    };
    let mut times: Vec<u128> = all.chunks(RUN).map(time).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0) / 1_000
}

fn main() -> Result<(), String> {
    let accounts: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(10_000), |text| text.parse())
        .map_err(|_| "the first argument is a number of accounts".to_owned())?;
    let rules = Rules::parse(template(), plain_number).map_err(|error| error.to_string())?;
    let mut histories = Histories::default();
    let warm = accounts.saturating_mul(64);
    for index in 0..warm {
        histories.record(&payment(index, accounts));
    }
    let all: Vec<Payment<'_>> =
        (warm..warm.saturating_add(ROUNDS)).map(|index| payment(index, accounts)).collect();

    let decide = median_ns(&all, |payment| {
        std::hint::black_box(rules.decide(&histories, payment));
    });
    let mut asked = 0_u64;
    let both = median_ns(&all, |payment| {
        asked += u64::from(rules.decide(&histories, payment).outcome != Outcome::Allow);
        histories.record(payment);
    });
    let record = median_ns(&all, |payment| histories.record(payment));
    let bytes = histories.memory_bytes() / histories.len().max(1);
    println!("{accounts} accounts, {} rules, {asked} of {ROUNDS} payments asked about", rules.rules().len());
    println!(
        "decide {decide} ns, record {record} ns, one after the other {both} ns a payment; {bytes} bytes an account"
    );
    let start = Instant::now();
    let encoded = histories.encode();
    let encode = start.elapsed().as_millis();
    let start = Instant::now();
    let same = Histories::decode(&encoded).map_err(|error| error.to_string())? == histories;
    println!(
        "encoded {} bytes an account in {encode} ms, read back {same} in {} ms",
        encoded.len() / histories.len().max(1),
        start.elapsed().as_millis()
    );
    Ok(())
}
