//! Terminal totals: reading and matching; and the CSV tables.

use crate::support::{any_lines, busy_day, line};
use clearing::{
    LineKind, TOTALS_BYTES_MAX, TerminalTotals, TotalsDiscrepancy, TotalsError, instructions_csv, lines_csv,
    match_totals, obligations_csv, positions_csv, read_totals,
};
use proptest::prelude::*;

fn totals(terminal: &str, count: u64, amount: &str) -> TerminalTotals {
    TerminalTotals {
        terminal: terminal.to_owned(),
        batch: "000001".to_owned(),
        count,
        amount: amount.parse().expect(amount),
    }
}

#[test]
fn each_way_of_differing_is_told() {
    let mut lines = vec![
        line("P1", LineKind::Pay, "bank-a", "tea-house", "10.00 CNY"),
        line("P1", LineKind::Fee, "tea-house", "operator", "0.10 CNY"),
        line("P2", LineKind::Refund, "tea-house", "bank-a", "4.00 CNY"),
    ];
    for terminal in ["T2", "T3", "T4"] {
        let mut of_terminal = line("P3", LineKind::Capture, "bank-b", "book-shop", "7.00 CNY");
        terminal.clone_into(&mut of_terminal.terminal);
        lines.push(of_terminal);
    }
    let theirs = [
        totals("T0000001", 2, "6.00 CNY"),
        totals("T2", 1, "7.01 CNY"),
        totals("T3", 2, "7.00 CNY"),
        totals("T5", 1, "1.00 CNY"),
        totals("T6", 0, "0.00 CNY"),
    ];
    let result = match_totals(&lines, &theirs).expect("matches");
    assert_eq!(result.matched, [theirs[0].clone(), theirs[4].clone()]);
    assert_eq!(
        result.discrepancies,
        [
            TotalsDiscrepancy::AmountDiffers { ours: totals("T2", 1, "7.00 CNY"), theirs: theirs[1].clone() },
            TotalsDiscrepancy::CountDiffers { ours: totals("T3", 1, "7.00 CNY"), theirs: theirs[2].clone() },
            TotalsDiscrepancy::MissingThere { ours: totals("T4", 1, "7.00 CNY") },
            TotalsDiscrepancy::MissingHere { theirs: theirs[3].clone() },
        ]
    );
    let twice = [theirs[0].clone(), theirs[0].clone()];
    assert!(matches!(match_totals(&lines, &twice), Err(TotalsError::Twice { .. })));
}

#[test]
fn totals_are_read_with_lines_named() {
    let read = |text: &str| read_totals(text.as_bytes());
    let good =
        "\u{feff}terminal,batch,currency,count,amount\r\nT1,000001,CNY,3,\"-1234.50\"\n\n T2 ,,JPY,0,0\n";
    let rows = read(good).expect("reads");
    assert_eq!((rows[0].terminal.as_str(), rows[0].amount.to_string()), ("T1", "-1234.50 CNY".to_owned()));
    assert_eq!((rows[1].terminal.as_str(), rows[1].batch.as_str()), ("T2", ""));
    let refused = |row: &str, expect: &str| {
        let text = format!("terminal,batch,currency,count,amount\n{row}\n");
        let error = read(&text).expect_err(row).to_string();
        assert!(error.contains("line 2") && error.contains(expect), "{error}");
    };
    refused("T1,1,CNY,x,1.00", "column count");
    refused("T1,1,CNY,1,1.001", "column amount");
    refused("T1,1,XXX,1,1.00", "column currency");
    refused(",1,CNY,1,1.00", "column terminal");
    refused("T1,1,CNY,1", "five cells");
    refused("T1,\"1,CNY,1,1.00", "quote");
    assert_eq!(read(""), Err(TotalsError::Header));
    assert_eq!(read("a,b\n"), Err(TotalsError::Header));
    assert_eq!(read_totals(&[0xff]), Err(TotalsError::NotText));
    assert_eq!(read_totals(&vec![b'a'; TOTALS_BYTES_MAX + 1]), Err(TotalsError::TooLarge));
}

#[test]
fn tables_are_what_people_expect() {
    let clearing = busy_day();
    let mut evil = line("P1", LineKind::Pay, "bank-a", "tea-house", "12.00 CNY");
    evil.reference = "=HYPERLINK(\"http://x\",\"y\")".to_owned();
    assert_eq!(
        lines_csv(&[evil]),
        "payment,at,kind,debtor,creditor,currency,amount,terminal,batch,reference\r\n\
         P1,2026-11-23T14:00:00Z,pay,bank-a,tea-house,CNY,12.00,T0000001,000001,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n"
    );
    let positions = positions_csv(&clearing);
    assert!(positions.starts_with("day,cycle,currency,participant,name,kind,debit,credit,net\r\n"));
    assert!(
        positions
            .contains("2026-11-23,1,CNY,bank-a,bank-a & Söhne <有限公司>,bank,1120.00,19.99,-1100.01\r\n")
    );
    let instructions = instructions_csv(&clearing);
    assert_eq!(instructions.lines().count(), clearing.instructions.len() + 1);
    assert!(instructions.contains("TP20261123-01-JPY-0001,2026-11-24,provider,DEUTDEFF500,,bank-b,,DE89370400440532013000,JPY,500,133,123\r\n"));
    assert_eq!(obligations_csv(&clearing.obligations).lines().count(), clearing.obligations.len() + 1);
}

proptest! {
    #[test]
    fn our_own_totals_match(lines in any_lines()) {
        let none = match_totals(&lines, &[]).expect("matches");
        let ours: Vec<TerminalTotals> = none
            .discrepancies
            .into_iter()
            .map(|discrepancy| match discrepancy {
                TotalsDiscrepancy::MissingThere { ours } => ours,
                other => panic!("{other:?}"),
            })
            .collect();
        let all = match_totals(&lines, &ours).expect("matches");
        prop_assert!(all.discrepancies.is_empty());
        prop_assert_eq!(&all.matched, &ours);
        let mut text = "terminal,batch,currency,count,amount\n".to_owned();
        for total in &ours {
            let (currency, amount) = (total.amount.currency(), total.amount.decimal());
            text.push_str(&format!("{},{},{currency},{},{amount}\n", total.terminal, total.batch, total.count));
        }
        prop_assert_eq!(read_totals(text.as_bytes()).expect("reads"), ours);
    }

    #[test]
    fn no_table_panics(rows in "[T1,.\"\r\nCNY元-]{0,80}") {
        let _ = read_totals(rows.as_bytes());
        let _ = read_totals(format!("terminal,batch,currency,count,amount\n{rows}").as_bytes());
    }
}
