//! The index against a `BTreeMap`, through restarts, roll-backs and damage.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests compute small numbers"
)]
use std::collections::BTreeMap;
use std::time::Instant;

use proptest::prelude::*;
use rusqlite::Connection;

use super::filter::{Filter, Probe};
use super::scatter::Scatter;
use super::{FAN, KeyRuns, TABLES, TAIL_MAX};

fn key(number: u64) -> u128 {
    // Evenly spread keys are the harder test for the map, not for the index; these are as uneven as clients'.
    u128::from(number) << 20
}

fn new_index() -> (Connection, KeyRuns) {
    let connection = Connection::open_in_memory().expect("opens");
    connection.execute_batch(TABLES).expect("makes the tables");
    KeyRuns::create(&connection).expect("creates");
    let index = KeyRuns::open(&connection).expect("opens");
    (connection, index)
}

/// One step of who adds keys, as the projections take it.
fn step(connection: &Connection, index: &mut KeyRuns, keys: impl IntoIterator<Item = (u128, u64)>) {
    connection.execute_batch("BEGIN").expect("begins");
    index.add(connection, keys).expect("adds");
    connection.execute_batch("COMMIT").expect("commits");
    index.publish();
}

#[derive(Debug, Clone)]
enum Action {
    Add(usize),
    Reopen,
    RollBack(usize),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        8 => (0..40_000_usize).prop_map(Action::Add),
        2 => (0..20_usize).prop_map(Action::Add),
        1 => Just(Action::Reopen),
        1 => (1..80_000_usize).prop_map(Action::RollBack),
    ];
    prop::collection::vec(action, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn finds_what_was_added_and_nothing_else(actions in actions()) {
        let (connection, mut index) = new_index();
        let mut model = BTreeMap::new();
        let mut next = 1_u64;
        for action in actions {
            match action {
                Action::Add(count) => {
                    let new: Vec<_> = (0..count as u64).map(|more| (key(next + more), next + more)).collect();
                    next += count as u64;
                    model.extend(new.iter().copied());
                    step(&connection, &mut index, new);
                }
                Action::Reopen => index = KeyRuns::open(&connection).expect("opens again"),
                Action::RollBack(count) => {
                    connection.execute_batch("BEGIN").expect("begins");
                    index.add(&connection, (0..count as u64).map(|more| (key(next + more), 7))).expect("adds");
                    connection.execute_batch("ROLLBACK").expect("rolls back");
                    index = KeyRuns::open(&connection).expect("opens again");
                }
            }
        }
        let reader = index.reader();
        for (key, number) in model.iter().step_by(7) {
            prop_assert_eq!(reader.find(&connection, *key).expect("looks"), Some(*number));
        }
        for absent in next..next + 10_000 {
            prop_assert_eq!(reader.find(&connection, key(absent)).expect("looks"), None);
        }
        // Few runs, whatever the order of events: at most so many of each level wait to be merged.
        let levels = (next as usize / TAIL_MAX + 1).ilog(FAN) as usize + 1;
        prop_assert!(reader.runs() <= levels * 2 * FAN, "{} runs", reader.runs());
    }

    #[test]
    fn scattering_loses_nothing_and_spreads_evenly(seed in any::<[u8; 16]>(), start in any::<u128>()) {
        let scatter = Scatter::new(&seed.repeat(3)).expect("a seed");
        let mut counts = [0_u32; 256];
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..4096_u128 {
            let scattered = scatter.scatter(start.wrapping_add(number));
            prop_assert!(seen.insert(scattered));
            counts[(scattered >> 120) as usize] += 1;
        }
        // 16 each on average.
        prop_assert!(counts.iter().all(|count| *count < 64), "{counts:?}");
    }
}

#[test]
fn a_filter_is_wrong_about_one_absent_key_in_a_thousand() {
    let scatter = Scatter::new(&[5; 48]).expect("a seed");
    let mut filter = Filter::new(100_000);
    for number in 0..100_000 {
        filter.insert(scatter.scatter(number));
    }
    assert!((0..100_000).all(|number| filter.may_contain(Probe::new(scatter.scatter(number)))));
    let wrong = (1_000_000..2_000_000_u128)
        .filter(|number| filter.may_contain(Probe::new(scatter.scatter(*number))))
        .count();
    assert!(wrong < 2_000, "{wrong} of a million");
}

#[test]
fn damage_is_an_error_and_never_an_absent_key() {
    let (connection, mut index) = new_index();
    let count = TAIL_MAX as u64;
    step(&connection, &mut index, (0..count).map(|number| (key(number), number)));
    step(&connection, &mut index, (count..count + 100).map(|number| (key(number), number)));
    let reader = index.reader();
    let places: Vec<i64> = {
        let mut all = connection.prepare("SELECT place FROM key_chunks ORDER BY place").expect("prepares");
        all.query_map([], |row| row.get(0)).expect("asks").map(|row| row.expect("reads")).collect()
    };
    let change = |place: i64, what: &str| {
        // SQLite joins blobs to a text, which is made a blob again, whatever its bytes.
        connection.execute_batch("SAVEPOINT whole").expect("remembers");
        connection
            .execute(&format!("UPDATE key_chunks SET bytes = CAST({what} AS BLOB) WHERE place = {place}"), [])
            .expect("changes");
    };
    let undo = || connection.execute_batch("ROLLBACK TO whole; RELEASE whole").expect("undoes");
    for place in places.iter().step_by(101).copied() {
        for what in [
            "substr(bytes, 1, length(bytes) - 1)",
            "substr(bytes, 1, length(bytes) - 24)",
            "x''",
            "bytes || x'00'",
            "substr(bytes, 1, 100) || x'5a' || substr(bytes, 102)",
            "(SELECT other.bytes FROM key_chunks other WHERE other.place <> key_chunks.place LIMIT 1)",
        ] {
            change(place, what);
            // Some twenty keys of every chunk.
            let some = || (0..count).step_by(7);
            let found: Vec<_> = some().map(|number| reader.find(&connection, key(number))).collect();
            let wrong = found.iter().filter(|found| found.is_err()).count();
            for (number, found) in some().zip(found) {
                assert!(found.is_err() || found == Ok(Some(number)), "{what} at {place}: {found:?}");
            }
            assert!(wrong > 0 || KeyRuns::open(&connection).is_err(), "{what} at {place} was not noticed");
            undo();
        }
    }
    for damage in [
        "UPDATE key_tail SET entries = CAST(substr(entries, 2) AS BLOB)",
        "UPDATE key_tail SET entries = CAST(substr(entries, 1, 40) || x'5a' || substr(entries, 42) AS BLOB)",
        "UPDATE key_tail SET step = step + 1",
        "UPDATE key_seed SET seed = x'00'",
        "UPDATE key_runs SET entries = entries * 2",
        "UPDATE key_runs SET entries = 0",
        "DELETE FROM key_chunks WHERE place = (SELECT max(place) FROM key_chunks)",
        "INSERT INTO key_chunks VALUES (-5, x'00')",
    ] {
        connection.execute_batch("SAVEPOINT whole").expect("remembers");
        connection.execute_batch(damage).expect("changes");
        let opened = KeyRuns::open(&connection);
        let finds = |index: KeyRuns| {
            let reader = index.reader();
            (0..count + 100)
                .step_by(3)
                .all(|number| reader.find(&connection, key(number)) == Ok(Some(number)))
        };
        assert!(opened.is_err() || opened.is_ok_and(finds), "{damage}");
        undo();
    }
}

/// `cargo test --release -p accounts --lib key_runs -- --ignored --nocapture`; THINPAY_KEYS: how many millions.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "a measurement")]
fn measure() {
    let millions: u64 = std::env::var("THINPAY_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.sqlite");
    let connection = Connection::open(&path).expect("opens");
    for (name, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "NORMAL"),
        ("wal_autocheckpoint", "16384"),
        ("cache_size", "-16000"),
    ] {
        connection.pragma_update(None, name, value).expect("sets");
    }
    connection.execute_batch(TABLES).expect("makes the tables");
    KeyRuns::create(&connection).expect("creates");
    let mut index = KeyRuns::open(&connection).expect("opens");
    let spread =
        |number: u64| u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64 | u128::from(number);
    let mut slowest = std::time::Duration::ZERO;
    let written = |what: &str| -> u64 {
        std::fs::read_to_string("/proc/self/io")
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.strip_prefix(what)?.strip_prefix(": ")?.parse().ok())
            .next()
            .unwrap_or(0)
    };
    for million in 0..millions {
        let (start, bytes) = (Instant::now(), written("wchar"));
        for part in 0..125 {
            let first = million * 1_000_000 + part * 8_000;
            let one = Instant::now();
            step(&connection, &mut index, (first..first + 8_000).map(|number| (spread(number), number)));
            slowest = slowest.max(one.elapsed());
        }
        let took = start.elapsed();
        println!(
            "{million} million: {:.0} ns a key, {} bytes written a key, {} runs, slowest step {slowest:?}",
            took.as_secs_f64() * 1e3,
            (written("wchar") - bytes) / 1_000_000,
            index.reader().runs()
        );
        slowest = std::time::Duration::ZERO;
    }
    let (reader, other) = (index.reader(), Connection::open(&path).expect("opens"));
    let count = millions * 1_000_000;
    for (what, first) in [("absent", count), ("present", 0)] {
        let start = Instant::now();
        let looks = if what == "absent" { 1_000_000 } else { 100_000 };
        let stride = if what == "absent" { 1 } else { 7919 };
        let found = (0..looks)
            .filter(|more| {
                let number = if what == "absent" { first + more } else { more * stride % count };
                reader.find(&other, spread(number)).expect("looks").is_some()
            })
            .count();
        println!(
            "{what}: {:.0} ns a lookup, {found} found",
            start.elapsed().as_secs_f64() * 1e9 / looks as f64
        );
    }
    println!("memory {} bytes a thousand keys", reader.memory() as u64 * 1000 / count);
    drop(index);
    let start = Instant::now();
    let again = KeyRuns::open(&connection).expect("opens again");
    println!(
        "opened in {:?}; file {} MB",
        start.elapsed(),
        std::fs::metadata(&path).expect("there").len() >> 20
    );
    assert_eq!(again.reader().find(&other, spread(77)).expect("looks"), Some(77));
}
