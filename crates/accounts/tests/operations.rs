//! What the account platform does when all is well, and how it declines.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod support;

use accounts::{
    AccountId, Accounts, BULK_PAYMENTS_MAX, Capture, Consent, Control, Decline, EntryKind, Error, HolderId,
    Kind, MEMO_BYTES_MAX, NewAccount, NewHold, Operation, Origin, Payment, PaymentId, Release,
};
use money::{Currency, Money};
use parameters::Section;
use support::{
    OPENING_UNITS, SECOND_NS, TestClock, balance, check, key, open_account, payment, put_into_effect,
    settle_in, units, yuan,
};

/// Half a yuan for every payment to a merchant, which the customer pays.
const FEES: &str = r#"
[[schedule]]
name = "every payment"
operation = "pay"
currency = "CNY"
payer = "customer"
fixed = "0.50 CNY"
"#;

fn declined<T: std::fmt::Debug>(result: Result<T, Error>) -> Decline {
    match result.expect_err("is declined") {
        Error::Declined(decline) => decline,
        other => panic!("failed otherwise: {other}"),
    }
}

/// A payment number that only a longer book has given out.
async fn later_payment_number() -> PaymentId {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let many =
        (0..100).map(|number| payment(number, Operation::Pay, people.customers[0], people.merchant, 1));
    let posted = accounts.bulk(many.collect()).await.expect("submits");
    posted.last().cloned().expect("a hundred").expect("posts").payment
}

#[tokio::test]
async fn a_payment_with_a_fee_reaches_everybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };

    put_into_effect(&accounts, Section::Fees, FEES).await;
    let coffee =
        Payment { agreed_fee: Some(yuan(50)), ..payment(1, Operation::Pay, alice, people.merchant, 2350) };
    let posted = accounts.post(coffee.clone()).await.expect("posts");
    assert_eq!(units(&posted), (OPENING_UNITS - 2400, 2350));
    assert!(!posted.duplicate);

    // The payer sees it at once, the fee on a line of its own.
    let page = accounts.history(alice, None, 10).await.expect("reads");
    let lines: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.operation, entry.amount.minor_units(), entry.balance_after.minor_units()))
        .collect();
    assert_eq!(
        lines,
        [
            (EntryKind::Fee, -50, OPENING_UNITS - 2400),
            (EntryKind::Pay, -2350, OPENING_UNITS - 2350),
            (EntryKind::TopUp, OPENING_UNITS, OPENING_UNITS)
        ]
    );
    assert!(page.entries[..2].iter().all(|entry| entry.payment == posted.payment));
    assert_eq!(page.entries[1].counterparty_name, "luckin's account");
    assert_eq!(page.next, None);

    let record = accounts.payment(posted.payment).await.expect("reads").expect("is known");
    assert_eq!(record.evidence, coffee.evidence);
    assert_eq!((record.amount, record.fee, record.memo.as_str()), (yuan(2350), yuan(50), "payment 1"));
    assert_eq!((record.from.0, record.to.0), (alice, people.merchant));

    let sent = accounts.post(payment(2, Operation::Transfer, alice, bob, 600)).await.expect("posts");
    assert_eq!(units(&sent), (OPENING_UNITS - 3000, OPENING_UNITS + 600));
    assert_ne!(sent.payment, posted.payment);
    assert_eq!(balance(&accounts, people.fees).await, 50);
    assert_eq!(balance(&accounts, people.settlement).await, -2 * OPENING_UNITS);
    check(&accounts).await;
}

#[tokio::test]
async fn a_repeated_request_is_posted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let coffee = payment(1, Operation::Pay, people.customers[0], people.merchant, 2350);
    let first = accounts.post(coffee.clone()).await.expect("posts");
    let resigned = Payment { evidence: b"a fresh signature".to_vec(), ..coffee.clone() };
    let second = accounts.post(resigned).await.expect("posts");
    assert!(second.duplicate);
    assert_eq!(accounts::Posted { duplicate: false, ..second }, first);
    let other = Payment { amount: yuan(2351), ..coffee };
    assert_eq!(declined(accounts.post(other).await), Decline::KeyReused);

    // Twins in one submission, and many at once.
    let twin = payment(2, Operation::Pay, people.customers[0], people.merchant, 100);
    let twins = accounts.bulk(vec![twin.clone(), twin.clone()]).await.expect("submits");
    let numbers: Vec<_> = twins.into_iter().map(|posted| posted.expect("posts")).collect();
    assert_eq!(numbers[0].payment, numbers[1].payment);
    assert_eq!((numbers[0].duplicate, numbers[1].duplicate), (false, true));
    assert_eq!(balance(&accounts, people.merchant).await, 2450);
    check(&accounts).await;
}

#[tokio::test]
async fn declines_say_why_and_post_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let dollars = accounts
        .open_account(NewAccount {
            key: key(77_777),
            holder: HolderId("carol".to_owned()),
            kind: Kind::Customer,
            name: "Carol".to_owned(),
            currency: Currency::USD,
        })
        .await
        .expect("opens");
    let empty = open_account(&accounts, "empty", Kind::Customer).await;
    accounts.close_account(key(77_778), empty).await.expect("closes");
    let unknown: AccountId = "1000009958".parse().expect("an account number");
    let pay = |number, units| payment(number, Operation::Pay, alice, people.merchant, units);
    let transfer = |number, to| payment(number, Operation::Transfer, alice, to, 1);

    let too_much = accounts.post(pay(1, OPENING_UNITS + 1)).await;
    assert_eq!(declined(too_much), Decline::InsufficientFunds { available: yuan(OPENING_UNITS) });
    let with_fee = Payment { agreed_fee: Some(yuan(1)), ..pay(2, OPENING_UNITS) };
    let Decline::Controls(refusal) = declined(accounts.post(with_fee).await) else {
        panic!("a fee that nobody charges is not what was agreed to")
    };
    assert_eq!(refusal.control, Control::Price);
    assert_eq!(declined(accounts.post(pay(3, 0)).await), Decline::AmountOutOfRange);
    assert_eq!(declined(accounts.post(pay(4, -5)).await), Decline::AmountOutOfRange);
    let negative_fee = Payment { agreed_fee: Some(yuan(-1)), ..pay(5, 100) };
    assert_eq!(declined(accounts.post(negative_fee).await), Decline::AmountOutOfRange);
    let huge = Payment { agreed_fee: Some(yuan(1)), ..pay(6, i64::MAX) };
    assert_eq!(declined(accounts.post(huge).await), Decline::AmountOutOfRange);
    assert_eq!(declined(accounts.post(transfer(7, alice)).await), Decline::SameAccount);
    assert_eq!(declined(accounts.post(transfer(8, dollars)).await), Decline::CurrencyMismatch);
    let mixed = Payment { agreed_fee: Some(Money::new(1, Currency::USD)), ..pay(9, 1) };
    assert_eq!(declined(accounts.post(mixed).await), Decline::CurrencyMismatch);
    assert_eq!(declined(accounts.post(transfer(10, empty)).await), Decline::AccountClosed(empty));
    assert_eq!(declined(accounts.post(transfer(11, people.merchant)).await), Decline::NotAllowed);
    let steal = payment(12, Operation::TopUp, bob, alice, 1);
    assert_eq!(declined(accounts.post(steal).await), Decline::NotAllowed);
    assert_eq!(declined(accounts.post(transfer(13, unknown)).await), Decline::UnknownAccount(unknown));
    let wordy = Payment { memo: "x".repeat(MEMO_BYTES_MAX + 1), ..pay(14, 1) };
    assert!(matches!(declined(accounts.post(wordy).await), Decline::Length { what: "the memo", .. }));
    assert!(matches!(declined(accounts.bulk(Vec::new()).await), Decline::Length { .. }));
    assert!(matches!(
        declined(accounts.bulk(vec![pay(15, 1); BULK_PAYMENTS_MAX + 1]).await),
        Decline::Length { .. }
    ));
    assert_eq!(declined(accounts.close_account(key(77_779), alice).await), Decline::AccountInUse(alice));
    // What was declined stays declined under its key, also when it would go through now.
    accounts.post(payment(17, Operation::TopUp, people.settlement, alice, 10)).await.expect("tops up");
    let again = accounts.post(pay(1, OPENING_UNITS + 1)).await;
    assert_eq!(declined(again), Decline::InsufficientFunds { available: yuan(OPENING_UNITS) });
    assert_eq!(balance(&accounts, alice).await, OPENING_UNITS + 10);
    assert_eq!(balance(&accounts, people.merchant).await, 0);
    check(&accounts).await;
}

#[tokio::test]
async fn holds_are_captured_released_or_expire() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::new();
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let (alice, shop) = (people.customers[0], people.merchant);
    let hold = |number, units, expires| NewHold {
        key: key(number),
        from: alice,
        to: shop,
        amount: yuan(units),
        expires,
        memo: "deposit".to_owned(),
        reference: String::new(),
        origin: Origin::default(),
        consent: Consent::Signed,
        evidence: b"signed".to_vec(),
    };
    let available =
        async || accounts.account(alice).await.expect("reads").expect("is there").available.minor_units();

    let held = accounts.hold(hold(1, 60_000, None)).await.expect("holds");
    assert_eq!(held.available, yuan(40_000));
    assert_eq!(available().await, 40_000);
    let over = accounts.post(payment(2, Operation::Pay, alice, shop, 40_001)).await;
    assert_eq!(declined(over), Decline::InsufficientFunds { available: yuan(40_000) });

    let capture = |number, units| Capture {
        key: key(number),
        hold: held.hold,
        amount: yuan(units),
        last: true,
        reference: String::new(),
        evidence: Vec::new(),
    };
    let over = accounts.capture(capture(3, 60_001)).await;
    assert_eq!(declined(over), Decline::CaptureExceedsHold { held: yuan(60_000) });
    let captured = accounts.capture(capture(4, 25_000)).await.expect("captures");
    assert_eq!(units(&captured), (75_000, 25_000));
    assert!(accounts.capture(capture(4, 25_000)).await.expect("repeats").duplicate);
    assert_eq!(declined(accounts.capture(capture(5, 1)).await), Decline::HoldNotOpen);
    assert_eq!(available().await, 75_000);
    let record = accounts.payment(captured.payment).await.expect("reads").expect("is known");
    assert_eq!(
        (record.operation, record.hold, record.memo.as_str()),
        (EntryKind::Capture, Some(held.hold), "deposit")
    );

    let second = accounts.hold(hold(6, 75_000, None)).await.expect("holds");
    let released = accounts.release(Release { key: key(7), hold: second.hold }).await.expect("releases");
    assert_eq!((released.amount, released.available), (yuan(75_000), yuan(75_000)));
    assert_eq!(
        declined(accounts.release(Release { key: key(8), hold: second.hold }).await),
        Decline::HoldNotOpen
    );

    let soon = clock.now().plus_ns(60 * SECOND_NS);
    let third = accounts.hold(hold(9, 75_000, Some(soon))).await.expect("holds");
    assert_eq!(available().await, 0);
    clock.pass(61 * SECOND_NS);
    // Nobody asks for anything: the hold expires by itself.
    let mut waited = 0;
    while available().await == 0 {
        waited += 1;
        assert!(waited < 100, "the hold expires without anybody asking");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        declined(accounts.release(Release { key: key(10), hold: third.hold }).await),
        Decline::HoldNotOpen
    );
    assert_eq!(declined(accounts.hold(hold(11, 1, Some(soon))).await), Decline::ExpiryPast);
    let verified = check(&accounts).await;
    assert_eq!(verified.holds, 0);
}

#[tokio::test]
async fn history_is_paged_and_accounts_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    for number in 0..25 {
        accounts.post(payment(number, Operation::Transfer, alice, bob, 1)).await.expect("posts");
    }
    let mut memos = Vec::new();
    let mut before = None;
    loop {
        let page = accounts.history(bob, before, 10).await.expect("reads");
        assert!(page.entries.len() <= 10);
        memos.extend(page.entries.into_iter().map(|entry| entry.memo));
        // What is posted meanwhile does not shift the pages.
        let number = 100 + u64::try_from(memos.len()).expect("small");
        accounts.post(payment(number, Operation::Transfer, alice, bob, 1)).await.expect("posts");
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<String> =
        (0..25).rev().chain([1_000_001]).map(|number| format!("payment {number}")).collect();
    assert_eq!(memos, expected);

    let names =
        |found: Vec<accounts::Account>| found.into_iter().map(|account| account.holder.0).collect::<Vec<_>>();
    assert_eq!(names(accounts.find("LUCK", Some(Kind::Merchant)).await.expect("finds")), ["luckin"]);
    assert_eq!(names(accounts.find("luck", Some(Kind::Customer)).await.expect("finds")), [""; 0]);
    assert_eq!(names(accounts.find("customer", None).await.expect("finds")), ["customer0", "customer1"]);
    assert_eq!(names(accounts.find("%", None).await.expect("finds")), [""; 0]);
    assert_eq!(names(accounts.find(&bob.to_string(), None).await.expect("finds")), ["customer1"]);
    assert_eq!(
        names(accounts.accounts_of(&HolderId("customer0".to_owned())).await.expect("finds")),
        ["customer0"]
    );
    // The number after the last of another book: well-formed, and not given out here.
    let nothing: PaymentId = later_payment_number().await;
    assert_eq!(accounts.payment(nothing).await.expect("reads"), None);
    check(&accounts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_clients_conserve_money() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(TestClock::new().options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 8).await;
    let mut clients = Vec::new();
    for client in 0..32_u64 {
        let (accounts, customers) = (accounts.clone(), people.customers.clone());
        clients.push(tokio::spawn(async move {
            let mut posted = 0_u64;
            for round in 0..50_u64 {
                let number = client * 1000 + round;
                let pick = |salt: u64| {
                    let mixed = (number + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
                    usize::try_from(mixed).expect("small") % customers.len()
                };
                let (from, to) = (pick(1), pick(2));
                if from == to {
                    continue;
                }
                let transfer = payment(number, Operation::Transfer, customers[from], customers[to], 30_000);
                match accounts.post(transfer).await {
                    Ok(_) => posted += 1,
                    Err(Error::Declined(Decline::InsufficientFunds { .. })) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            posted
        }));
    }
    let mut posted = 0;
    for client in clients {
        posted += client.await.expect("runs");
    }
    assert!(posted > 0);
    let mut sum = 0;
    for customer in &people.customers {
        let balance = balance(&accounts, *customer).await;
        assert!(balance >= 0);
        sum += balance;
    }
    assert_eq!(sum, 8 * OPENING_UNITS);
    check(&accounts).await;
}
