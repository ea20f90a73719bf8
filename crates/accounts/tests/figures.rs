//! Figures for reports: a day counted, what was on hold at a moment that is past, what belongs to a payment; and a
//! copy of the books that is opened.
#![allow(clippy::indexing_slicing, reason = "a test that goes wrong may stop where it does")]

mod support;

use accounts::{
    Accounts, Capture, EntryKind, NewHold, Operation, Options, Origin, Refund, Release, StoreChoice,
    Timestamp,
};
use support::{TestClock, balance, check, key, payment, settle_in, yuan};

#[tokio::test]
async fn holds_are_told_as_they_were_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::new();
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 2).await;
    let (payer, other) = (people.customers[0], people.customers[1]);
    let mut moments = vec![clock.now()];
    let hold = |number: u64, from| NewHold {
        key: key(number),
        from,
        to: people.merchant,
        amount: yuan(1000),
        expires: None,
        memo: String::new(),
        reference: "booking".to_owned(),
        origin: Origin::default(),
        consent: accounts::Consent::Operator,
        evidence: Vec::new(),
    };
    let mut pass = |clock: &TestClock| {
        clock.pass(1_000_000_000);
        moments.push(clock.now());
    };
    let one = accounts.hold(hold(1, payer)).await.expect("holds").hold;
    let two = accounts.hold(hold(2, other)).await.expect("holds").hold;
    pass(&clock);
    let capture = |number: u64, units: i64, last: bool| Capture {
        key: key(number),
        hold: one,
        amount: yuan(units),
        last,
        reference: String::new(),
        evidence: Vec::new(),
    };
    let captured = accounts.capture(capture(3, 300, false)).await.expect("captures").payment;
    pass(&clock);
    accounts.release(Release { key: key(4), hold: two }).await.expect("releases");
    pass(&clock);
    accounts.capture(capture(5, 200, true)).await.expect("captures");
    pass(&clock);
    let held = async |at: Timestamp| {
        let held = accounts.held_at(None, at).await.expect("reads");
        held.totals.first().map_or((0, 0), |&(count, amount)| (count, amount.minor_units()))
    };
    let mut told = Vec::new();
    for &at in &moments {
        told.push(held(at).await);
    }
    assert_eq!(told, [(0, 0), (2, 2000), (2, 1700), (1, 700), (0, 0)]);
    let alone = accounts.held_at(Some(other), moments[2]).await.expect("reads");
    assert_eq!(alone.totals, [(1, yuan(1000))]);

    let refund = Refund {
        key: key(6),
        original: captured,
        amount: yuan(100),
        memo: String::new(),
        reference: String::new(),
        evidence: Vec::new(),
    };
    accounts.refund(refund).await.expect("refunds");
    let of_hold = accounts.related(one).await.expect("reads");
    assert_eq!(of_hold.captures.len(), 2);
    let record = of_hold.hold.expect("is a hold");
    assert_eq!((record.original, record.left, record.state.as_str()), (yuan(1000), yuan(0), "captured"));
    let of_capture = accounts.related(captured).await.expect("reads");
    assert_eq!((of_capture.refunded, of_capture.refunds.len()), (Some(yuan(100)), 1));

    let first = accounts.number_at(moments[0]).await.expect("reads");
    let end = accounts.number_at(Timestamp(u64::MAX)).await.expect("reads");
    let figures = accounts.day_figures(first, end).await.expect("reads");
    let counted: Vec<_> =
        figures.operations.iter().map(|figure| (figure.operation, figure.count, figure.amount)).collect();
    assert_eq!(counted, [(EntryKind::Capture, 2, yuan(500)), (EntryKind::Refund, 1, yuan(100))]);
    check(&accounts).await;
}

#[tokio::test]
async fn a_copy_made_while_payments_go_on_opens_with_the_balances_it_was_made_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::new();
    let book = folder.path().join("book");
    let accounts = Accounts::open(clock.options(&book)).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let pay = |number: u64| payment(number, Operation::Pay, people.customers[0], people.merchant, 10);
    accounts.post(pay(1)).await.expect("pays");
    let file = folder.path().join("backup.sqlite");
    let copied = Accounts::backup(&book, &StoreChoice::Sqlite, &file, |_, _| {}).expect("copies");
    accounts.post(pay(2)).await.expect("pays on");

    let restored = folder.path().join("restored");
    let again = Accounts::restore(&file, &restored, &StoreChoice::Sqlite, |_, _| {}).expect("restores");
    assert_eq!(again, copied);
    let told = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut options: Options = clock.options(&restored);
    let seen = std::sync::Arc::clone(&told);
    options.progress = Some(std::sync::Arc::new(move |done, of| {
        assert!(done <= of);
        seen.store(done, std::sync::atomic::Ordering::SeqCst);
    }));
    let second = Accounts::open(options).expect("opens");
    assert_eq!(told.load(std::sync::atomic::Ordering::SeqCst), copied.rows);
    assert_eq!(balance(&second, people.merchant).await, 10);
    assert_eq!(balance(&accounts, people.merchant).await, 20);
    check(&second).await;
}
