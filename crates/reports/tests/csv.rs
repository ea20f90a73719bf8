//! What is written as CSV, read back by a small parser of its own: every figure and every text survives.

mod support;

use ledger::Timestamp;
use proptest::prelude::*;
use reports::{AccountKind, Language, reconcile, with_byte_order_mark};
use support::{Entry, day_end, empty, record, statement, trial_balance};

/// RFC 4180, by the book and character by character: nothing of the crate's own reader.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quoted, character) {
            (true, '"') if characters.peek() == Some(&'"') => cell.extend(characters.next()),
            (true, '"') => {
                quoted = false;
                assert!(matches!(characters.peek(), Some(',' | '\r')), "a quoted cell ends before , or CRLF");
            }
            (true, other) => cell.push(other),
            (false, '"') => {
                assert!(cell.is_empty(), "a quote within a bare cell");
                quoted = true;
            }
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {
                assert_eq!(characters.next(), Some('\n'), "rows end with CRLF");
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (false, other) => {
                assert_ne!(other, '\n', "a bare line feed");
                cell.push(other);
            }
        }
    }
    assert!(!quoted && cell.is_empty() && row.is_empty(), "the last row ends too");
    let width = rows.first().map_or(0, Vec::len);
    assert!(rows.iter().all(|row| row.len() == width), "every row is as wide as its heading");
    rows
}

/// What a spreadsheet must not run.
fn harmless(cell: &str) -> bool {
    let number = cell
        .strip_prefix('-')
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    number || !cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠'])
}

/// What the writer does to text that RFC 4180 has no place for.
fn written(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            '\r' | '\n' => character,
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

fn read_back(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[test]
fn a_statement_is_a_table_with_its_balances_at_both_ends() {
    let rows = parse(&empty(Language::Chinese).csv().expect("follows"));
    let expected = [
        "account,currency,date,time,utc_offset,payment,kind,counterparty,reference,memo,amount,balance",
        "1000000172,CNY,2026-11-01,,,,opening-balance,,,,,0.00",
        "1000000172,CNY,2026-11-30,,,,closing-balance,,,,,0.00",
    ];
    assert_eq!(rows.iter().map(|row| row.join(",")).collect::<Vec<_>>(), expected);
    let entry =
        Entry { kind: "pay", amount: -2350, counterparty: "Tea, \"House\"", reference: "=1+1", memo: "" };
    let csv = statement(Language::English, AccountKind::Customer, 100_000, &[entry]).csv().expect("follows");
    assert_eq!(
        csv.lines().nth(2),
        Some(
            "1000000172,CNY,2026-11-01,08:00:00,UTC+08:00,7K0-M00-QXC,pay,\"Tea, \"\"House\"\"\",\"'=1+1\",,-23.50,976.50"
        )
    );
    assert!(with_byte_order_mark(&csv).starts_with("\u{feff}account,"));
}

#[test]
fn a_trial_balance_tells_first_whether_it_balances() {
    let rows = parse(&trial_balance(Language::English, false).csv().expect("one currency a row"));
    assert_eq!(rows[1][..3], ["total", "balanced", "CNY"]);
    assert!(rows.iter().skip(1).all(|row| row[1] == "balanced"));
    let rows = parse(&trial_balance(Language::English, true).csv().expect("one currency a row"));
    assert_eq!(rows[1][..3], ["total", "balanced", "CNY"]);
    assert_eq!(rows[2][..3], ["total", "DIFFERS", "JPY"]);
    assert_eq!(rows[2][10], "-120000");
    assert_eq!(rows.iter().skip(3).filter(|row| row[1] == "DIFFERS").count(), 1);
}

#[test]
fn a_day_end_tells_first_what_does_not_balance() {
    let rows = parse(&day_end(Language::English, false).csv().expect("one currency a row"));
    assert_eq!(rows[1][1..3], ["day", "cut-off"]);
    let rows = parse(&day_end(Language::English, true).csv().expect("one currency a row"));
    assert_eq!(rows[1][1..4], ["ALARM", "nets-do-not-cancel", "1"]);
    assert!(rows.iter().flatten().all(|cell| harmless(cell)));
}

#[test]
fn a_reconciliation_lists_what_needs_attention_first() {
    let ours = [record("A", 100, "2026-11-23", None), record("-B", 200, "2026-11-23", None)];
    let theirs = [record("A", 100, "2026-11-24", Some(2)), record("C", -7, "2026-11-23", Some(3))];
    let rows = parse(&reconcile(&ours, &theirs, 1).expect("few records").csv());
    let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    assert_eq!(
        rows[1..],
        [
            "missing-here,C,,,,2026-11-23,-0.07,CNY,3",
            "missing-there,'-B,2026-11-23,2.00,CNY,,,,",
            "matched,A,2026-11-23,1.00,CNY,2026-11-24,1.00,CNY,2",
        ]
    );
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[=+@\t\r\n '\"-]{0,3}[a-z,;\"]{0,6}", "\\PC{0,12}", any::<String>()]
}

proptest! {
    #[test]
    fn statements_survive_the_way_through_csv(
        opening in -1_000_000_000_i64..1_000_000_000,
        drawn in proptest::collection::vec(
            (-1_000_000_000_i64..1_000_000_000, any_text(), any_text(), any_text(), any_text()), 0..12),
    ) {
        let entries: Vec<Entry<'_>> = drawn.iter().map(|(amount, kind, counterparty, reference, memo)| {
            Entry { kind, amount: *amount, counterparty, reference, memo }
        }).collect();
        let statement = statement(Language::English, AccountKind::from("tithe"), opening, &entries);
        let rows = parse(&statement.csv().expect("follows"));
        prop_assert_eq!(rows.len(), entries.len() + 3);
        prop_assert!(rows.iter().flatten().all(|cell| harmless(cell)));
        let mut balance = opening;
        for ((row, entry), line) in rows[2..].iter().zip(&entries).zip(&statement.lines) {
            prop_assert_eq!(read_back(&row[6]), written(line.kind.word()));
            prop_assert_eq!(read_back(&row[7]), written(entry.counterparty));
            prop_assert_eq!(read_back(&row[8]), written(entry.reference));
            prop_assert_eq!(read_back(&row[9]), written(entry.memo));
            let units = |cell: &str| cell.replace('.', "").parse::<i64>().expect("digits");
            prop_assert_eq!(units(&row[10]), entry.amount);
            balance += entry.amount;
            prop_assert_eq!(units(&row[11]), balance);
        }
        prop_assert_eq!(&rows.last().expect("closing")[6], "closing-balance");
    }

    #[test]
    fn any_moment_is_written(at in any::<u64>()) {
        let mut balance = trial_balance(Language::Chinese, false);
        balance.as_of = Timestamp(at);
        balance.html().expect("one currency a row");
        balance.json().expect("one currency a row");
    }
}
