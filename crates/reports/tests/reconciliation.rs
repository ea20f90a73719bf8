//! Reconciliation against a slow, obvious reference, and the reader of imported files against anything.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod support;

use money::{Currency, Money};
use proptest::prelude::*;
use reports::{
    AmountColumns, Column, CurrencySource, Day, DayFormat, Difference, IMPORT_CELL_BYTES_MAX, ImportFault,
    Mapping, ReconcileError, Record, TOLERANCE_DAYS_MAX, import, reconcile,
};
use support::{Entry, day, record, statement};

/// The most pairs that can be matched, by trying every way (augmenting paths, Kuhn).
fn most_matches(ours: &[Record], theirs: &[Record], tolerance: u32) -> usize {
    fn place(our: usize, fits: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for &their in &fits[our] {
            if std::mem::replace(&mut seen[their], true) {
                continue;
            }
            let free = match taken[their] {
                None => true,
                Some(other) => place(other, fits, taken, seen),
            };
            if free {
                taken[their] = Some(our);
                return true;
            }
        }
        false
    }
    let fits: Vec<Vec<usize>> = ours
        .iter()
        .map(|our| (0..theirs.len()).filter(|&their| may_match(our, &theirs[their], tolerance)).collect())
        .collect();
    let mut taken = vec![None; theirs.len()];
    (0..ours.len()).filter(|&our| place(our, &fits, &mut taken, &mut vec![false; theirs.len()])).count()
}

fn may_match(our: &Record, their: &Record, tolerance: u32) -> bool {
    let reference = our.reference.trim();
    !reference.is_empty()
        && reference == their.reference.trim()
        && our.amount == their.amount
        && our.day.distance(their.day) <= tolerance
}

fn sorted(records: impl Iterator<Item = Record>) -> Vec<String> {
    let mut all: Vec<String> = records.map(|record| format!("{record:?}")).collect();
    all.sort();
    all
}

fn any_record() -> impl Strategy<Value = Record> {
    let currency = proptest::sample::select(vec![Currency::CNY, Currency::CNY, Currency::JPY]);
    (proptest::sample::select(vec!["A", "B", " B ", "C", "", " "]), 1_i64..4, 1_i8..8, currency).prop_map(
        |(reference, units, day, currency)| Record {
            reference: reference.to_owned(),
            amount: Money::new(units, currency),
            day: Day::from_ymd(2026, 11, day).expect("a day"),
            line: None,
        },
    )
}

#[test]
fn three_outcomes_and_pairs_that_differ() {
    let ours = [
        record("A", 100, "2026-11-23", None),
        record("B", 200, "2026-11-23", None),
        record("C", 300, "2026-11-23", None),
        record("D", 400, "2026-11-23", None),
        record("E", 1, "2026-11-23", None),
    ];
    let mut theirs = [
        record("A", 100, "2026-11-25", Some(2)),
        record("B", 201, "2026-11-23", Some(3)),
        record("C", 300, "2026-11-26", Some(4)),
        record("E", 1, "2026-11-23", Some(5)),
        record("F", 500, "2026-11-23", Some(6)),
    ];
    theirs[3].amount = Money::new(1, Currency::JPY);
    let found = reconcile(&ours, &theirs, 2).expect("few records");
    assert_eq!(found.matched.len(), 1);
    let differences: Vec<_> =
        found.differs.iter().map(|(pair, why)| (pair.ours.reference.as_str(), *why)).collect();
    assert_eq!(differences, [("B", Difference::Amount), ("C", Difference::Day), ("E", Difference::Currency)]);
    assert_eq!(found.missing_there, [ours[3].clone()]);
    assert_eq!(found.missing_here, [theirs[4].clone()]);
    assert!(!found.is_clean());
    let value: serde_json::Value = serde_json::from_str(&found.json()).expect("JSON");
    assert_eq!(value["clean"], false);
    assert_eq!(value["counts"]["differs"], 3);
    assert_eq!(value["totals"][0]["difference"]["minor_units"], 1001 - 1101);
}

#[test]
fn tolerances_are_bounded() {
    let refused = reconcile(&[], &[], TOLERANCE_DAYS_MAX + 1);
    assert_eq!(refused, Err(ReconcileError::ToleranceTooWide(TOLERANCE_DAYS_MAX + 1)));
    assert!(reconcile(&[], &[], TOLERANCE_DAYS_MAX).expect("allowed").is_clean());
}

fn named(name: &str) -> Column {
    Column::Name(name.to_owned())
}

#[test]
fn a_german_bank_s_file_is_read() {
    let file = "Kontoauszug;;;\r\nStand;23.11.2026;;\r\nDatum;Verwendungszweck;Soll;Haben\r\n\
                23.11.2026;7K1-M00-QXC;;1.234,50\r\n24.11.2026;\"7K2;M00\";12,3;\r\n;;;\r\n;Summe;;\r\n";
    let mut mapping = Mapping {
        separator: ';',
        skip_rows: 2,
        reference: named("verwendungszweck "),
        amount: AmountColumns::InOut(named("Haben"), named("Soll")),
        currency: CurrencySource::Fixed(Currency::EUR),
        day: named("Datum"),
        day_format: DayFormat::DayMonthYear,
        decimal_comma: true,
        ..Mapping::default()
    };
    let error = import(file.as_bytes(), &mapping).expect_err("the sum is no record");
    assert_eq!(
        error.to_string(),
        "the imported file, line 7, column 1: \"\" is not a day written DD.MM.YYYY"
    );
    let file = file.replace(";Summe;;", ";;7,00;");
    mapping.skip_without_reference = true;
    let read = import(file.as_bytes(), &mapping).expect("reads");
    let euro = |units| Money::new(units, Currency::EUR);
    assert_eq!(
        read,
        [
            Record {
                reference: "7K1-M00-QXC".to_owned(),
                amount: euro(123_450),
                day: day("2026-11-23"),
                line: Some(4)
            },
            Record {
                reference: "7K2;M00".to_owned(),
                amount: euro(-1230),
                day: day("2026-11-24"),
                line: Some(5)
            },
        ]
    );
    mapping.negate = true;
    assert_eq!(import(file.as_bytes(), &mapping).expect("reads")[1].amount, euro(1230));
}

#[test]
fn a_mapping_reads_from_text() {
    let mapping: Mapping = serde_json::from_str(
        r#"{ "separator": "\t", "heading": false, "reference": 2, "amount": { "signed": 3 }, "currency": { "fixed": "JPY" },
             "day": 1, "day-format": "YYYYMMDD", "minor-units": true }"#,
    )
    .expect("a mapping");
    let read = import("\u{feff}20261123\tA\t-1,200\n".as_bytes(), &mapping).expect("reads");
    let amount = Money::new(-1200, Currency::JPY);
    assert_eq!(read, [Record { reference: "A".to_owned(), amount, day: day("2026-11-23"), line: Some(1) }]);
    assert!(serde_json::from_str::<Mapping>(r#"{ "seperator": ";" }"#).is_err());
    assert_eq!(serde_json::from_str::<Mapping>("{}").expect("all defaults"), Mapping::default());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let read = |text: &str| import(text.as_bytes(), &Mapping::default()).expect_err("wrong");
    let head = "reference,amount,currency,date\n";
    let says = |text: &str, words: &str| {
        let error = read(&format!("{head}{text}"));
        assert_eq!(error.line, 2, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    says("A,12.345,CNY,2026-11-23", "column 2: \"12.345\" is not an amount of CNY written like 1,234.50");
    says("A,1,CNX,2026-11-23", "column 3: \"CNX\" is not the three-letter code");
    says("A,1,CNY,23.11.2026", "column 4: \"23.11.2026\" is not a day written YYYY-MM-DD");
    says("A,1,CNY,2026-02-30", "is not a day");
    says("A,1,CNY", "no cell in column 4");
    says("A,1,CNY,\"2026-11-23", "never closed");
    says("A,99999999999999999999,CNY,2026-11-23", "64 bits");
    says("A,1,2,CNY,2026-11-23", "column 3");
    assert_eq!(read("amount,date\n").fault, ImportFault::NoColumn("reference".to_owned()));
    assert_eq!(
        read("reference,Reference,amount,date\n").fault,
        ImportFault::TwoColumns("reference".to_owned())
    );
    let gb18030 = [0xd2, 0xf8, 0xd0, 0xd0, 0x0a];
    assert_eq!(import(&gb18030, &Mapping::default()).expect_err("wrong").fault, ImportFault::NotUtf8);
    let mapping = Mapping { separator: '\n', ..Mapping::default() };
    assert_eq!(import(b"", &mapping).expect_err("wrong").fault, ImportFault::Separator('\n'));
    let mapping = Mapping { day: Column::Number(0), ..Mapping::default() };
    assert_eq!(import(head.as_bytes(), &mapping).expect_err("wrong").fault, ImportFault::ColumnZero);
    let long = format!("{head}{}", "x".repeat(IMPORT_CELL_BYTES_MAX + 1));
    assert!(read(&long).to_string().contains("longer than 8192 bytes"));
    assert!(read(&",".repeat(1000)).to_string().contains("more than 256 cells"));
}

#[test]
fn amounts_are_read_exactly() {
    let read = |text: &str| {
        let file = format!("reference,amount,currency,date\nA,\"{text}\",CNY,2026-11-23\n");
        import(file.as_bytes(), &Mapping::default()).ok().map(|records| records[0].amount.minor_units())
    };
    for (text, units) in [
        ("1", 100),
        ("1.5", 150),
        ("-1.50", -150),
        ("+1.50", 150),
        ("\u{2212}1,234.50", -123_450),
        ("1,234,567", 123_456_700),
        ("1.5000", 150),
        (".5", 50),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        assert_eq!(read(text), Some(units), "{text}");
    }
    for text in [
        "", "-", ".", "1.501", "1,23", "1,2345", "1234,567", ",123", "1 000", "1e3", "--1", "１", "1.2.3",
        "0x1",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn our_own_statement_reads_as_theirs() {
    let entry =
        |amount, reference| Entry { kind: "pay", amount, counterparty: "=x", reference, memo: "a,\"b\"\nc" };
    let statement = statement(
        reports::Language::English,
        reports::AccountKind::Merchant,
        0,
        &[entry(5, "-A"), entry(7, "'B")],
    );
    let mapping = Mapping { skip_without_reference: true, ..Mapping::default() };
    let read = import(statement.csv().expect("follows").as_bytes(), &mapping).expect("reads");
    let ours = [record("-A", 5, "2026-11-01", None), record("'B", 7, "2026-11-01", None)];
    assert!(reconcile(&ours, &read, 0).expect("few").is_clean(), "{read:?}");
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let column = || prop_oneof![(0_usize..6).prop_map(Column::Number), "[a-z]{0,3}".prop_map(Column::Name)];
    let formats =
        vec![DayFormat::YearMonthDay, DayFormat::Compact, DayFormat::DayMonthYear, DayFormat::MonthDayYear];
    (
        proptest::sample::select(vec![',', ';', '\t', '|', 'x']),
        0_u32..3,
        any::<[bool; 6]>(),
        [column(), column(), column(), column(), column()],
        proptest::sample::select(formats),
    )
        .prop_map(
            |(separator, skip_rows, flags, [reference, first, second, currency, day], day_format)| Mapping {
                separator,
                skip_rows,
                heading: flags[0],
                reference,
                amount: if flags[1] {
                    AmountColumns::Signed(first)
                } else {
                    AmountColumns::InOut(first, second)
                },
                currency: if flags[2] {
                    CurrencySource::Fixed(Currency::KWD)
                } else {
                    CurrencySource::Column(currency)
                },
                day,
                day_format,
                decimal_comma: flags[3],
                minor_units: flags[4],
                negate: flags[5],
                skip_without_reference: flags[0] != flags[5],
            },
        )
}

proptest! {
    #[test]
    fn agrees_with_the_slow_reference(
        ours in proptest::collection::vec(any_record(), 0..14),
        theirs in proptest::collection::vec(any_record(), 0..14),
        tolerance in 0_u32..4,
    ) {
        let found = reconcile(&ours, &theirs, tolerance).expect("few records");
        prop_assert_eq!(found.matched.len(), most_matches(&ours, &theirs, tolerance));
        for pair in &found.matched {
            prop_assert!(may_match(&pair.ours, &pair.theirs, tolerance));
        }
        for (pair, why) in &found.differs {
            let (our, their) = (&pair.ours, &pair.theirs);
            prop_assert!(our.reference.trim() == their.reference.trim() && !our.reference.trim().is_empty());
            let expected = if our.amount == their.amount {
                Difference::Day
            } else if our.amount.currency() == their.amount.currency() {
                Difference::Amount
            } else {
                Difference::Currency
            };
            prop_assert_eq!(*why, expected);
            prop_assert!(!may_match(our, their, tolerance));
        }
        // What is left of one reference is left on one side only.
        for here in &found.missing_there {
            for there in &found.missing_here {
                prop_assert!(here.reference.trim() != there.reference.trim() || here.reference.trim().is_empty());
            }
        }
        // Every record is in exactly one list.
        let pairs = || found.matched.iter().chain(found.differs.iter().map(|(pair, _)| pair));
        let all_ours = pairs().map(|pair| pair.ours.clone()).chain(found.missing_there.iter().cloned());
        prop_assert_eq!(sorted(all_ours), sorted(ours.iter().cloned()));
        let all_theirs = pairs().map(|pair| pair.theirs.clone()).chain(found.missing_here.iter().cloned());
        prop_assert_eq!(sorted(all_theirs), sorted(theirs.iter().cloned()));
        // Backwards is the same, seen from the other side.
        let back = reconcile(&theirs, &ours, tolerance).expect("few records");
        prop_assert_eq!(back.matched.len(), found.matched.len());
        prop_assert_eq!(back.differs.len(), found.differs.len());
        let (mut shuffled, mut others) = (ours.clone(), theirs.clone());
        shuffled.reverse();
        others.rotate_left(theirs.len() / 2);
        prop_assert_eq!(reconcile(&shuffled, &others, tolerance).expect("few").csv(), found.csv());
    }

    #[test]
    fn what_is_written_is_read(drawn in proptest::collection::vec(("\\PC{1,12}", any::<i64>(), 1_i16..9999, 1_i8..13, 1_i8..29), 0..12), format in 0_usize..6, comma: bool) {
        type Write = fn(i16, i8, i8) -> String;
        let formats: [(DayFormat, Write); 6] = [
            (DayFormat::YearMonthDay, |year, month, day| format!("{year:04}-{month:02}-{day:02}")),
            (DayFormat::Compact, |year, month, day| format!("{year:04}{month:02}{day:02}")),
            (DayFormat::YearMonthDaySlashes, |year, month, day| format!("{year:04}/{month:02}/{day:02}")),
            (DayFormat::DayMonthYear, |year, month, day| format!("{day:02}.{month:02}.{year:04}")),
            (DayFormat::DayMonthYearSlashes, |year, month, day| format!("{day:02}/{month:02}/{year:04} 12:00")),
            (DayFormat::MonthDayYear, |year, month, day| format!("{month:02}/{day:02}/{year:04}")),
        ];
        let (day_format, write) = formats[format];
        let mut file = "date|amount|currency|reference\r\n".to_owned();
        let mut expected = Vec::new();
        for (index, (reference, units, year, month, date)) in drawn.into_iter().enumerate() {
            let day = Day::from_ymd(year, month, date).expect("a day");
            let amount = Money::new(units, Currency::CNY);
            let reference = reference.trim().trim_start_matches('\'').trim().to_owned();
            let decimal = amount.decimal().to_string();
            let decimal = if comma { decimal.replace('.', ",") } else { decimal };
            file.push_str(&format!("{}|{decimal}|CNY|\"{}\"\r\n", write(year, month, date), reference.replace('"', "\"\"")));
            expected.push(Record { reference, amount, day, line: u32::try_from(index + 2).ok() });
        }
        let mapping = Mapping { separator: '|', day_format, decimal_comma: comma, ..Mapping::default() };
        prop_assert_eq!(import(file.as_bytes(), &mapping), Ok(expected));
    }

    #[test]
    fn no_file_and_no_mapping_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), mapping in any_mapping()) {
        let _ = import(&bytes, &mapping);
    }

    #[test]
    fn files_like_files_never_panic(text in "([-+A-Za,;|\t\"0-9.\u{2212}\u{feff}茶 ]{0,8}[\r\n,;|\t]){0,40}", mapping in any_mapping()) {
        if let Ok(records) = import(text.as_bytes(), &mapping) {
            prop_assert!(records.len() <= text.len());
            let found = reconcile(&records, &records, 0).expect("few records");
            prop_assert!(found.differs.is_empty() && found.missing_here.len() == found.missing_there.len());
        }
    }

    #[test]
    fn a_changed_or_cut_file_never_panics(at in any::<proptest::sample::Index>(), byte: u8, cut: bool) {
        let mut file = b"reference,amount,currency,date\r\n\"A,1\",\"1,234.50\",CNY,2026-11-23\r\nB,-7,JPY,2026-11-24 10:00\r\n".to_vec();
        let place = at.index(file.len());
        if cut { file.truncate(place) } else { file[place] = byte }
        if let Ok(records) = import(&file, &Mapping::default()) {
            prop_assert!(records.len() <= 2);
        }
    }
}
