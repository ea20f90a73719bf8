//! The flows, as the platform would drive them.

use app_sdk::testing::{Session, account, context};
use app_sdk::{
    CommandKind, Element, Emphasis, FieldValue, HistoryEntry, HistoryPage, Money, Payee, PayeeKind, Receipt,
    Refusal, RefusalReason, Reply,
};

use crate::BankCard;

fn yuan(minor_units: i64) -> Money {
    Money::new(minor_units, "CNY")
}

fn open(language: &str) -> Session<BankCard> {
    Session::start(context(language, &[("a1", "Everyday", yuan(20_000))]))
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.into())
}

fn luckin() -> Payee {
    Payee { id: "m-7".into(), name: "Luckin Coffee".into() }
}

fn receipt(amount: i64) -> Reply {
    Reply::Paid(Receipt {
        payment: "P-1".into(),
        operation: "pay".into(),
        payee: "Luckin Coffee".into(),
        amount: yuan(amount),
        fee: yuan(0),
        balance_after: yuan(20_000 - amount),
        at: "2026-11-23 14:05".into(),
    })
}

fn outcome(session: &Session<BankCard>) -> (bool, &str) {
    let found = session.view().elements.iter().find_map(|element| match element {
        Element::Outcome(outcome) => Some((outcome.success, outcome.text.as_str())),
        _ => None,
    });
    found.expect("an outcome on the screen")
}

/// The names and values on the screen.
fn details(session: &Session<BankCard>) -> Vec<(&str, &str)> {
    let details = session.view().elements.iter().filter_map(|element| match element {
        Element::Details(details) => Some(details),
        _ => None,
    });
    details.flatten().map(|detail| (detail.label.as_str(), detail.value.as_str())).collect()
}

/// Up to the filled-in amount screen.
fn to_amount(session: &mut Session<BankCard>) {
    session.act("pay");
    session.act_with("next", &[("payee", text(" luckin "))]);
    match session.command() {
        CommandKind::FindPayees(query) => {
            assert_eq!((query.kind, query.words.as_str()), (PayeeKind::Merchant, "luckin"));
        }
        other => panic!("{other:?}"),
    }
    session.reply(Reply::Payees(vec![luckin()]));
}

#[test]
fn a_merchant_is_paid() {
    for language in ["en", "zh"] {
        let mut session = open(language);
        to_amount(&mut session);
        let answers = [("amount", FieldValue::Amount(Some(yuan(2_350)))), ("memo", text("latte"))];
        session.act_with("next", &answers);
        match session.command() {
            CommandKind::Pay(pay) => {
                assert_eq!((pay.source_account.as_str(), pay.merchant.as_str()), ("a1", "m-7"));
                assert_eq!((pay.amount.minor_units, pay.memo.as_str()), (2_350, "latte"));
            }
            other => panic!("{other:?}"),
        }
        session.reply(receipt(2_350));
        assert!(outcome(&session).0);
        if language == "en" {
            assert_eq!(
                details(&session),
                [
                    ("To", "Luckin Coffee"),
                    ("From", "Everyday"),
                    ("Note", "latte"),
                    ("Balance", "¥176.50"),
                    ("Time", "2026-11-23 14:05"),
                    ("Reference", "P-1"),
                ]
            );
        }
        assert!(matches!(session.command(), CommandKind::Keep(_)), "the merchant is remembered");
        session.act("done");
        assert_eq!(session.command(), &CommandKind::QueryAccounts);
        session.reply(Reply::Accounts(vec![account("a1", "Everyday", yuan(17_650))]));
        let shown = session.view().elements.first().expect("home begins with the balance");
        assert!(matches!(shown, Element::Amount(amount) if amount.amount == yuan(17_650)));
    }
}

#[test]
fn a_remembered_merchant_is_one_touch_away_next_time() {
    let mut session = open("en");
    to_amount(&mut session);
    session.act_with("next", &[("amount", FieldValue::Amount(Some(yuan(1))))]);
    session.reply(receipt(1));
    let CommandKind::Keep(kept) = session.command().clone() else { panic!("kept") };

    let mut context = context("en", &[("a1", "Everyday", yuan(20_000))]);
    context.kept = Some(kept);
    let mut session = Session::<BankCard>::start(context);
    session.act("pay");
    session.act("recent-1");
    assert_eq!(session.view().title, "Pay a merchant");
    session.act_with("next", &[("amount", FieldValue::Amount(Some(yuan(5))))]);
    assert!(matches!(session.command(), CommandKind::Pay(pay) if pay.merchant == "m-7"));
    session.reply(receipt(5));
    assert_eq!(session.commands(), &[], "already the latest");
}

#[test]
fn bytes_kept_by_another_version_are_passed_over() {
    let mut context = context("en", &[("a1", "Everyday", yuan(1))]);
    context.kept = Some(vec![0xff; 9]);
    let mut session = Session::<BankCard>::start(context);
    session.act("pay");
    assert!(!session.offers("recent-1"));
}

#[test]
fn money_is_sent_to_a_customer_chosen_among_several() {
    let mut session = open("en");
    session.act("transfer");
    session.act_with("next", &[("payee", text("li"))]);
    let people = ["li.na", "li.wei"].map(|name| Payee { id: name.into(), name: name.into() });
    session.reply(Reply::Payees(people.to_vec()));
    session.act("payee-2");
    session.act_with("next", &[("amount", FieldValue::Amount(Some(yuan(500))))]);
    assert!(matches!(session.command(), CommandKind::Transfer(transfer) if transfer.payee == "li.wei"));
    session.reply(receipt(500));
    assert_eq!(outcome(&session), (true, "Sent"));
}

#[test]
fn an_account_is_topped_up_without_a_payee_or_memo() {
    let mut session = open("zh");
    session.act("top-up");
    session.act_with("next", &[("amount", FieldValue::Amount(Some(yuan(10_000))))]);
    assert!(matches!(session.command(), CommandKind::TopUp(top_up) if top_up.account == "a1"));
    session.reply(receipt(10_000));
    assert_eq!(outcome(&session), (true, "充值成功"));
    assert_eq!(session.commands(), &[], "nobody to remember");
}

#[test]
fn what_is_missing_is_asked_for() {
    let mut session = open("en");
    session.act("pay");
    session.act("next");
    assert_eq!(session.commands(), &[]);
    assert!(matches!(session.view().elements.first(), Some(Element::Text(_))), "a warning");
    session.act_with("next", &[("payee", text("nobody"))]);
    session.reply(Reply::Payees(Vec::new()));
    assert!(session.offers("next"), "back at the search");
    to_amount_again(&mut session);
    for nothing in [None, Some(yuan(0)), Some(yuan(-5))] {
        session.act_with("next", &[("amount", FieldValue::Amount(nothing))]);
        assert_eq!(session.commands(), &[]);
    }
}

fn to_amount_again(session: &mut Session<BankCard>) {
    session.act_with("next", &[("payee", text("luckin"))]);
    session.reply(Reply::Payees(vec![luckin()]));
}

#[test]
fn a_refusal_says_so_and_keeps_what_was_filled_in() {
    let mut session = open("en");
    to_amount(&mut session);
    let answers = [("amount", FieldValue::Amount(Some(yuan(999_999)))), ("memo", text("car"))];
    session.act_with("next", &answers);
    let refusal =
        Refusal { reason: RefusalReason::InsufficientFunds, text: "The account holds 200.00 CNY.".into() };
    session.reply(Reply::Refused(refusal));
    assert_eq!(outcome(&session), (false, "Not paid"));
    assert_eq!(session.command(), &CommandKind::QueryAccounts, "what is available is asked for anew");
    session.reply(Reply::Accounts(vec![account("a1", "Everyday", yuan(123_456))]));
    assert_eq!(details(&session), [("Available", "¥1,234.56"), ("Amount", "¥9,999.99")]);
    assert!(!format!("{:?}", session.view()).contains("was moved"), "said once");
    session.act("back");
    let initial: Vec<_> = session
        .view()
        .elements
        .iter()
        .filter_map(|element| match element {
            Element::Field(field) => Some(field.initial.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(initial, ["9999.99", "car"]);
}

#[test]
fn an_unknown_outcome_leads_to_the_history_first() {
    let mut session = open("en");
    to_amount(&mut session);
    session.act_with("next", &[("amount", FieldValue::Amount(Some(yuan(1))))]);
    session.reply(Reply::Refused(Refusal { reason: RefusalReason::Unavailable, text: String::new() }));
    assert!(!session.offers("back"), "no second try before looking");
    session.act("history");
    assert!(matches!(session.command(), CommandKind::QueryHistory(_)));
}

fn entry(number: i64) -> HistoryEntry {
    HistoryEntry {
        payment: format!("P-{number}"),
        operation: "pay".into(),
        counterparty: "Luckin Coffee".into(),
        amount: yuan(-number),
        balance_after: yuan(1_000),
        at: "2026-11-23 14:05".into(),
        memo: "latte".into(),
    }
}

#[test]
fn history_is_paged_both_ways_and_shows_an_entry() {
    let mut session = open("en");
    session.act("history");
    let query = |session: &Session<BankCard>| match session.command() {
        CommandKind::QueryHistory(query) => (query.before.clone(), query.limit),
        other => panic!("{other:?}"),
    };
    assert_eq!(query(&session), (None, 8));
    let page = HistoryPage { entries: (1..=8).map(entry).collect(), next: Some("c8".into()) };
    session.reply(Reply::History(page.clone()));
    assert!(session.offers("entry-8") && session.offers("older") && !session.offers("newer"));
    session.act("entry-3");
    let shown = session.view().elements.first();
    assert!(matches!(shown, Some(Element::Amount(amount)) if amount.amount == yuan(-3)));
    session.act("back");
    session.act("older");
    assert_eq!(query(&session), (Some("c8".into()), 8));
    session.reply(Reply::History(HistoryPage { entries: vec![entry(9)], next: None }));
    assert!(!session.offers("older"));
    session.act("newer");
    assert_eq!(query(&session), (None, 8));
    session.reply(Reply::History(page));
    session.act("home");
}

#[test]
fn a_top_up_in_the_history_names_no_counterparty() {
    for (language, name) in [("en", "Top up"), ("zh", "充值")] {
        let mut session = open(language);
        session.act("history");
        let entry =
            HistoryEntry { operation: "top-up".into(), counterparty: "Settlement CNY".into(), ..entry(-500) };
        session.reply(Reply::History(HistoryPage { entries: vec![entry], next: None }));
        assert!(matches!(
            session.view().elements.first(),
            Some(Element::Choices(choices)) if choices.iter().all(|choice| choice.label == name)
        ));
        session.act("entry-1");
        assert!(!format!("{:?}", session.view()).contains("Settlement"));
    }
}

#[test]
fn home_says_a_name_once_and_its_way_out_is_no_back_key() {
    for (account, expected) in [("Lin", "Lin"), ("Everyday", "Lin · Everyday")] {
        let session = Session::<BankCard>::start(context("en", &[("a1", account, yuan(1))]));
        let named = session
            .view()
            .elements
            .iter()
            .any(|element| matches!(element, Element::Text(text) if text.text == expected));
        assert!(named, "{:#?}", session.view());
        assert!(session.view().actions.iter().all(|action| action.emphasis != Emphasis::Cancel));
    }
}

#[test]
fn late_answers_change_nothing() {
    let mut session = open("en");
    session.act("pay");
    session.act_with("next", &[("payee", text("luckin"))]);
    let late = session.commands().first().expect("a search").tag;
    session.act("home");
    session.reply_to(late, Reply::Payees(vec![luckin()]));
    assert_eq!(session.view().title, "Bank card");
}

#[test]
fn with_several_accounts_the_user_chooses() {
    let accounts = [("a1", "Everyday", yuan(100)), ("a2", "Travel", Money::new(7_700, "EUR"))];
    let mut session = Session::<BankCard>::start(context("en", &accounts));
    session.act("accounts");
    session.act("account-2");
    let answer = accounts.iter().map(|(id, name, sum)| account(id, name, sum.clone())).collect();
    session.reply(Reply::Accounts(answer));
    session.act("top-up");
    let currency = Money::new(500, "EUR");
    session.act_with("next", &[("amount", FieldValue::Amount(Some(currency)))]);
    assert!(matches!(session.command(), CommandKind::TopUp(top_up) if top_up.account == "a2"));
}

#[test]
fn without_an_account_only_leaving_is_offered() {
    let mut session = Session::<BankCard>::start(context("zh", &[]));
    assert!(!session.offers("pay"));
    session.act("sign-out");
    assert_eq!(session.command(), &CommandKind::End);
}

#[test]
fn titles_stand_on_a_text_display_and_models_stay_small() {
    for language in ["en", "zh"] {
        let mut session = open(language);
        for id in ["pay", "back", "transfer", "back", "top-up", "back"] {
            session.act(id);
            assert!(session.view().title.chars().count() <= 20);
            assert!(session.model_bytes() < 256, "{} bytes", session.model_bytes());
        }
    }
}
