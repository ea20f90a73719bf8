//! Whole sessions with the bank card: payments, rest and waking, replay.

mod support;

use money::{Currency, Money};
use support::{account, act, bank_card, bank_card_bundle, context, engine, fault_app};
use view::{FieldValue, View};
use vm::{
    ArtifactError, ArtifactKey, CommandKind, Event, Fault, HistoryEntry, Machine, Payee, PayeeKind, Receipt,
    RefusalReason, Reply, Step,
};

fn yuan(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::CNY)
}

fn filled(id: &str, answers: &[(&str, FieldValue)]) -> Event {
    let answers = answers.iter().map(|(id, value)| ((*id).to_owned(), value.clone())).collect();
    Event::Acted { id: id.into(), answers }
}

/// What the platform would answer.
fn answer(step: &Step) -> Option<Event> {
    let command = step.commands.first()?;
    let reply = match &command.kind {
        CommandKind::QueryAccounts => Reply::Accounts(vec![account(17_650)]),
        CommandKind::QueryHistory { account, limit, .. } => {
            assert_eq!((account.as_str(), *limit), ("a1", 8));
            let entry = HistoryEntry {
                payment: "P-1".into(),
                operation: "pay".into(),
                counterparty: "Luckin Coffee".into(),
                amount: yuan(-2_350),
                balance_after: yuan(17_650),
                at: "2026-11-23 14:05".into(),
                memo: String::new(),
            };
            Reply::History { entries: vec![entry], next: Some("c1".into()) }
        }
        CommandKind::FindPayees { kind: PayeeKind::Merchant, .. } => {
            Reply::Payees(vec![Payee { id: "m-7".into(), name: "Luckin Coffee".into() }])
        }
        CommandKind::Pay { amount, merchant, source_account, memo } => {
            assert_eq!((source_account.as_str(), merchant.as_str(), memo.as_str()), ("a1", "m-7", "拿铁"));
            Reply::Paid(Receipt {
                payment: "P-1".into(),
                operation: "pay".into(),
                payee: "Luckin Coffee".into(),
                amount: *amount,
                fee: yuan(0),
                balance_after: yuan(17_650),
                at: "2026-11-23 14:05".into(),
            })
        }
        CommandKind::TopUp { .. } => {
            Reply::Refused { reason: RefusalReason::NotPermitted, text: "Not today.".into() }
        }
        CommandKind::Keep(_) => Reply::Kept,
        other => panic!("{other:?}"),
    };
    Some(Event::Replied { tag: command.tag, reply })
}

/// A user's way through the app.
fn script() -> Vec<Event> {
    vec![
        act("pay"),
        filled("next", &[("payee", FieldValue::Text("luckin".into()))]),
        filled(
            "next",
            &[("amount", FieldValue::Amount(Some(yuan(2_350)))), ("memo", FieldValue::Text("拿铁".into()))],
        ),
        act("done"),
        act("top-up"),
        filled("next", &[("amount", FieldValue::Amount(Some(yuan(1))))]),
        act("home"),
        act("history"),
        act("entry-1"),
        act("back"),
        act("no such action"),
        act("home"),
    ]
}

/// Plays the script; the views and all events, the platform's answers too. `rest` puts the machine to rest and wakes
/// it between any two events.
fn play(language: &str, rest: bool) -> (Vec<View>, Vec<Event>) {
    let (mut machine, mut step) =
        Machine::start(bank_card(), context(language, None)).expect("the app starts");
    let (mut views, mut events) = (vec![step.view.clone()], Vec::new());
    let mut script = script().into_iter();
    while let Some(event) = answer(&step).or_else(|| script.next()) {
        if rest {
            let (woken, view) = machine.hibernate().expect("alive").wake(bank_card()).expect("the same app");
            assert_eq!(Some(&view), views.last(), "what was on the screen is there again");
            machine = woken;
        }
        step = machine.update(event.clone()).unwrap_or_else(|fault| panic!("{event:?}: {fault}"));
        assert_eq!(machine.show().expect("shown"), step.view);
        views.push(step.view.clone());
        events.push(event);
    }
    assert_eq!(views.last().map(|view| &view.elements), views.get(8).map(|view| &view.elements));
    (views, events)
}

#[test]
fn a_payment_runs_in_both_languages() {
    let titles = |language| play(language, false).0.into_iter().map(|view| view.title).collect::<Vec<_>>();
    let english = titles("en");
    assert_eq!(
        english.get(..6).expect("six screens"),
        ["Bank card", "Pay a merchant", "Pay a merchant", "Pay a merchant", "Pay a merchant", "Receipt",]
    );
    assert_eq!(titles("zh").get(5).map(String::as_str), Some("交易回单"));
    assert_eq!(titles("fr"), english, "an unknown language is answered in English");
}

#[test]
fn rest_between_any_two_events_changes_nothing() {
    assert_eq!(play("zh", true), play("zh", false));
}

#[test]
fn a_replay_gives_the_same_views() {
    let (views, events) = play("en", false);
    let (mut machine, first) = Machine::start(bank_card(), context("en", None)).expect("the app starts");
    let again = events.into_iter().map(|event| machine.update(event).expect("as recorded").view);
    let again: Vec<_> = std::iter::once(first.view).chain(again).collect();
    assert_eq!(views, again);
}

#[test]
fn a_session_wakes_only_in_its_own_app() {
    let (machine, _) = Machine::start(bank_card(), context("en", None)).expect("the app starts");
    let rest = machine.hibernate().expect("alive");
    assert!(rest.model.len() < 256, "{} bytes at rest", rest.model.len());
    assert_eq!(rest.clone().wake(fault_app()).err(), Some(Fault::OtherApp));
    let mut damaged = rest;
    damaged.model = vec![0xff; 40];
    assert!(matches!(damaged.wake(bank_card()), Err(Fault::Trapped(_))));
}

#[test]
fn machines_run_on_many_threads() {
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| play("en", false).0)).collect();
    let all: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn an_artifact_is_loaded_only_by_the_server_that_made_it() {
    let key = ArtifactKey::new([1; 32]);
    let artifact = bank_card().artifact(engine(), &key).expect("serialised");
    let app = engine().load_artifact(bank_card_bundle(), &artifact, &key).expect("our own");
    let (_, step) = Machine::start(&app, context("en", None)).expect("the app starts");
    assert_eq!(step.view.title, "Bank card");

    let foreign = |bundle, artifact: &[u8], key: [u8; 32]| {
        let loaded = engine().load_artifact(bundle, artifact, &ArtifactKey::new(key));
        assert!(matches!(loaded, Err(ArtifactError::Foreign)), "{loaded:?}");
    };
    foreign(bank_card_bundle(), &artifact, [2; 32]);
    let fault = support::bundle(&support::manifest("fault"), &support::component("fault"));
    foreign(&fault, &artifact, [1; 32]);
    for length in [0, 7, 8, 39, 40, artifact.len() - 1] {
        foreign(bank_card_bundle(), &artifact[..length], [1; 32]);
    }
    for place in [0, 8, 40, artifact.len() / 2, artifact.len() - 1] {
        let mut changed = artifact.clone();
        changed[place] ^= 1;
        foreign(bank_card_bundle(), &changed, [1; 32]);
    }
}
