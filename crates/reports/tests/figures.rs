//! Nothing is printed that does not follow: statements are refused, books and clearings that do not balance
//! are printed with an alarm on top.

mod support;

use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;
use reports::{AccountKind, EntryKind, Language, ReportError, SettlementState};
use support::{Entry, MINUTE_NS, START_NS, customer, day, day_end, merchant, statement, trial_balance, yuan};

fn all_refuse(statement: &reports::Statement, expected: &ReportError) {
    assert_eq!(statement.check().as_ref(), Err(expected));
    for written in [statement.csv(), statement.json(), statement.html()] {
        assert_eq!(written.as_ref(), Err(expected));
    }
}

#[test]
fn a_statement_that_does_not_follow_is_refused() {
    let good = customer(Language::English);
    let mut wrong = good.clone();
    wrong.lines[7].balance_after = yuan(1);
    let found = yuan(1);
    let expected = Some(good.lines[7].balance_after);
    let payment = good.lines[7].payment.clone();
    all_refuse(&wrong, &ReportError::BalanceDoesNotFollow { line: 8, payment, expected, found });

    let mut wrong = good.clone();
    wrong.closing_balance = yuan(0);
    let expected = good.closing_balance;
    all_refuse(&wrong, &ReportError::ClosingDiffers { expected, found: yuan(0) });

    let mut wrong = good.clone();
    wrong.lines[3].amount = Money::new(1, Currency::JPY);
    let (expected, found) = (Currency::CNY, Currency::JPY);
    all_refuse(&wrong, &ReportError::WrongCurrency { line: 4, expected, found });

    let mut wrong = good.clone();
    wrong.lines[3].at = Timestamp(START_NS);
    all_refuse(&wrong, &ReportError::OutOfOrder { line: 4 });

    let mut wrong = good.clone();
    wrong.from = day("2026-12-01");
    all_refuse(&wrong, &ReportError::PeriodBackwards { from: wrong.from, to: wrong.to });

    let mut wrong = good.clone();
    wrong.to = day("2026-11-19");
    let (from, to) = (wrong.from, wrong.to);
    all_refuse(&wrong, &ReportError::OutsidePeriod { line: 40, day: day("2026-11-20"), from, to });
}

#[test]
fn days_are_those_of_the_operator_s_zone() {
    // 23:59 in Shanghai on the last day, which is still the afternoon in UTC; a minute later is the next month.
    let entry = Entry { kind: "pay", amount: -1, counterparty: "", reference: "", memo: "" };
    let mut statement = statement(Language::English, AccountKind::Customer, 5, &[entry]);
    statement.lines[0].at = Timestamp(START_NS + (30 * 1440 - 8 * 60 - 1) * MINUTE_NS);
    assert!(statement.check().is_ok());
    statement.lines[0].at = statement.lines[0].at.plus_ns(MINUTE_NS);
    assert!(matches!(statement.check(), Err(ReportError::OutsidePeriod { line: 1, .. })));
}

#[test]
fn a_sum_that_does_not_fit_is_refused() {
    let entry = Entry { kind: "pay", amount: 0, counterparty: "", reference: "", memo: "" };
    let mut statement = statement(Language::English, AccountKind::Customer, i64::MAX, &[entry]);
    statement.lines[0].amount = yuan(1);
    let error = statement.check().expect_err("does not fit");
    assert!(matches!(&error, ReportError::BalanceDoesNotFollow { expected: None, .. }));
    assert!(error.to_string().contains("more than fits"), "{error}");
}

#[test]
fn a_merchant_sees_takings_refunds_fees_and_net() {
    let page = merchant(Language::English).html().expect("follows");
    // Three times 23.50 + 1,288.00 + 456.00 were sold, 23.50 refunded, 7.73 charged.
    for figure in
        ["Net takings", "5,302.50", "\u{2212}70.50", "\u{2212}23.19", "5,208.81", "\u{2212}4,500.00"]
    {
        assert!(page.contains(figure), "{figure}");
    }
}

#[test]
fn books_that_do_not_balance_say_so_on_top() {
    for language in [Language::English, Language::Chinese] {
        let good = trial_balance(language, false);
        assert!(good.balances());
        assert!(!good.html().expect("writes").contains("role=\"alert\""));
        assert!(good.json().expect("writes").contains("\"balanced\": true"));
        let broken = trial_balance(language, true);
        assert!(!broken.balances());
        let page = broken.html().expect("writes");
        let alarm = page.find("role=\"alert\"").expect("an alarm");
        assert!(alarm < page.find("<table").expect("a table"));
        assert!(page.contains("\u{2212}120,000") && page.contains("1000000463"));
        assert!(broken.json().expect("writes").contains("\"balanced\": false"));
    }
}

#[test]
fn a_clearing_that_does_not_cancel_says_so_on_top() {
    let good = day_end(Language::English, false);
    assert!(good.clearing_balances());
    assert!(!good.html().expect("writes").contains("role=\"alert\""));
    let broken = day_end(Language::English, true);
    assert!(!broken.clearing_balances());
    let page = broken.html().expect("writes");
    assert!(page.find("role=\"alert\"").expect("an alarm") < page.find("<table").expect("a table"));
    let mut off = good.clone();
    off.clearing[0].positions[0].net = yuan(1);
    off.clearing[0].positions[1].net = yuan(-61_452_480);
    assert!(!off.clearing_balances(), "nets that cancel but do not follow");
}

#[test]
fn rows_of_two_currencies_are_refused() {
    let mut balance = trial_balance(Language::English, false);
    balance.rows[0].credits = Money::new(1, Currency::JPY);
    assert!(matches!(balance.html(), Err(ReportError::MixedCurrencies { .. })));
    let mut day_end = day_end(Language::English, false);
    day_end.clearing[0].positions[1].gross_debit = Money::new(1, Currency::JPY);
    let error = day_end.csv().expect_err("mixed");
    assert_eq!(
        error.to_string(),
        "the position of bocom in clearing cycle 1 has amounts in CNY and in JPY: a row is about one currency"
    );
}

#[test]
fn settlement_goes_from_instructed_to_settled() {
    let mut cycle = day_end(Language::English, false).clearing.remove(0);
    let mut state = |instructions, confirmed, discrepancies| {
        (cycle.instructions, cycle.confirmed, cycle.discrepancies) = (instructions, confirmed, discrepancies);
        cycle.state()
    };
    assert_eq!(state(0, 0, 0), SettlementState::NothingToSettle);
    assert_eq!(state(2, 0, 0), SettlementState::Instructed);
    assert_eq!(state(2, 1, 0), SettlementState::PartlyConfirmed);
    assert_eq!(state(2, 2, 0), SettlementState::Settled);
    assert_eq!(state(2, 2, 1), SettlementState::Discrepant);
    assert_eq!(state(2, 3, 0), SettlementState::Discrepant);
}

#[test]
fn json_tells_amounts_in_minor_units() {
    let json = customer(Language::Chinese).json().expect("follows");
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["report"], "statement");
    assert_eq!(value["opening_balance"], serde_json::json!({ "minor_units": 123_456, "currency": "CNY" }));
    assert_eq!(value["lines"][1]["at"], "2026-11-01T19:41:00.000000000+08:00");
    assert_eq!(value["lines"].as_array().map(Vec::len), Some(40));
    let net: i64 = value["totals_by_kind"]
        .as_array()
        .expect("kinds")
        .iter()
        .map(|kind| kind["net"]["minor_units"].as_i64().expect("fits"))
        .sum();
    assert_eq!(value["totals"]["net"]["minor_units"], net);
    let value: serde_json::Value =
        serde_json::from_str(&day_end(Language::English, true).json().expect("writes")).expect("JSON");
    assert_eq!(value["clearing_balances"], false);
    assert_eq!(value["clearing"][0]["settlement"], "discrepant");
    assert_eq!(value["declines"][0], serde_json::json!({ "reason": "insufficient-funds", "count": 212 }));
}

proptest! {
    #[test]
    fn totals_always_follow(
        opening in -1_000_000_000_000_i64..1_000_000_000_000,
        drawn in proptest::collection::vec((-1_000_000_000_000_i64..1_000_000_000_000, 0_usize..5), 0..30),
        break_at in any::<proptest::sample::Index>(),
        by in prop_oneof![-3_i64..0, 1_i64..4],
    ) {
        let kinds = ["pay", "refund", "fee", "transfer", "tithe"];
        let entries: Vec<Entry<'_>> = drawn.iter().map(|&(amount, kind)| {
            Entry { kind: kinds[kind], amount, counterparty: "", reference: "", memo: "" }
        }).collect();
        let good = statement(Language::English, AccountKind::Customer, opening, &entries);
        let value: serde_json::Value = serde_json::from_str(&good.json().expect("follows")).expect("JSON");
        let units = |total: &serde_json::Value| total["minor_units"].as_i64().expect("fits");
        let totals = &value["totals"];
        prop_assert_eq!(opening + units(&totals["money_in"]) - units(&totals["money_out"]), good.closing_balance.minor_units());
        prop_assert_eq!(units(&totals["net"]), units(&totals["money_in"]) - units(&totals["money_out"]));
        for kind in value["totals_by_kind"].as_array().expect("kinds") {
            let of_kind = || good.lines.iter().filter(|line| line.kind == EntryKind::from(kind["kind"].as_str().expect("a word")));
            prop_assert_eq!(kind["count"].as_u64(), u64::try_from(of_kind().count()).ok());
            prop_assert_eq!(units(&kind["net"]), of_kind().map(|line| line.amount.minor_units()).sum::<i64>());
        }
        // Whatever single figure is off by whatever little, nothing is printed.
        let figures = 2 * entries.len() + 2;
        let figure = break_at.index(figures);
        let mut wrong = good.clone();
        let shift = |amount: Money| yuan(amount.minor_units() + by);
        match figure.checked_sub(2) {
            None if figure == 0 => wrong.opening_balance = shift(wrong.opening_balance),
            None => wrong.closing_balance = shift(wrong.closing_balance),
            Some(rest) => {
                let line = &mut wrong.lines[rest / 2];
                let amount = if rest % 2 == 0 { &mut line.amount } else { &mut line.balance_after };
                *amount = shift(*amount);
            }
        }
        prop_assert!(wrong.csv().is_err() && wrong.json().is_err() && wrong.html().is_err());
    }

    #[test]
    fn trial_balances_tell_any_difference(index in any::<proptest::sample::Index>(), by in prop_oneof![-3_i64..0, 1_i64..4], side in 0..3) {
        let mut balance = trial_balance(Language::English, false);
        let row = index.get_mut(&mut balance.rows);
        let amount = match side { 0 => &mut row.debits, 1 => &mut row.credits, _ => &mut row.balance };
        *amount = Money::new(amount.minor_units() + by, amount.currency());
        prop_assert!(!balance.balances());
        prop_assert!(balance.html().expect("writes").contains("role=\"alert\""));
        prop_assert!(balance.csv().expect("writes").contains("DIFFERS"));
    }
}
