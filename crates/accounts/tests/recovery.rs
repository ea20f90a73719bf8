//! What a start finds: books that were closed, abandoned, copied in the middle, damaged, or are open
//! elsewhere.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod support;

use std::path::Path;

use accounts::{Accounts, BULK_PAYMENTS_MAX, Consent, Decline, Error, NewHold, Operation, Origin, Payment};
use rusqlite::Connection;
use support::{SECOND_NS, TestClock, balance, check, key, payment, settle_in, yuan};

/// Copies a book's files as they are at this moment, as a crash would leave them: what the system was told to
/// write is there, nobody said goodbye.
fn copy_book(from: &Path, to: &Path) {
    // The projections first: in a crash they are never ahead of the journal.
    for name in ["projections.sqlite", "projections.sqlite-wal", "journal.sqlite-wal", "journal.sqlite"] {
        let source = from.join(name);
        if source.exists() {
            std::fs::copy(source, to.join(name)).expect("copies");
        }
    }
}

/// Every projected table, row by row, as text.
fn dump(folder: &Path) -> String {
    let connection = Connection::open(folder.join("projections.sqlite")).expect("opens");
    let mut text = String::new();
    for table in [
        "position",
        "rows",
        "accounts",
        "payments",
        "legs",
        "leg_marks",
        "balances",
        "holds",
        "acts",
        "tiles",
        "heads",
    ] {
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).expect("prepares");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("queries");
        while let Some(row) = rows.next().expect("reads") {
            text.push_str(table);
            for column in 0..columns {
                text.push_str(&format!(" {:?}", row.get_ref(column).expect("reads")));
            }
            text.push('\n');
        }
    }
    text
}

async fn busy_book(clock: &TestClock, folder: &Path) -> (Accounts, support::People) {
    let accounts = Accounts::open(clock.options(folder)).expect("opens");
    let people = settle_in(&accounts, 3).await;
    for number in 0..40_u64 {
        let from = people.customers[usize::try_from(number % 3).expect("small")];
        let units = if number % 10 == 9 { 10_000_000 } else { 100 };
        let paid = accounts.post(payment(number, Operation::Pay, from, people.merchant, units)).await;
        assert_eq!(paid.is_ok(), number % 10 != 9);
    }
    let hold = NewHold {
        key: key(500),
        from: people.customers[0],
        to: people.merchant,
        amount: yuan(77),
        expires: Some(clock.now().plus_ns(3600 * SECOND_NS)),
        memo: String::new(),
        reference: String::new(),
        origin: Origin::default(),
        consent: Consent::None,
        evidence: Vec::new(),
    };
    accounts.hold(hold).await.expect("holds");
    (accounts, people)
}

#[tokio::test]
async fn a_copy_in_the_middle_of_posting_has_everything_acknowledged() {
    let clock = TestClock::new();
    let (folder, copies) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let mut acknowledged = 0;
    for round in 0..8_u64 {
        for number in 0..25 {
            let coffee =
                payment(round * 100 + number, Operation::Pay, people.customers[0], people.merchant, 1);
            accounts.post(coffee).await.expect("posts");
            acknowledged += 1;
        }
        // The projections move by themselves; a copy of them while they do would not be of one moment.
        accounts.settled().await.expect("follows");
        let copy = copies.path().join(round.to_string());
        std::fs::create_dir(&copy).expect("makes");
        copy_book(folder.path(), &copy);
        let found = Accounts::open(clock.options(&copy)).expect("opens what a crash left");
        assert_eq!(balance(&found, people.merchant).await, acknowledged);
        let last = payment(round * 100 + 24, Operation::Pay, people.customers[0], people.merchant, 1);
        assert!(found.post(last).await.expect("repeats").duplicate);
        check(&found).await;
        found.close().await;
    }
    check(&accounts).await;
}

#[tokio::test]
async fn a_book_goes_on_where_it_stopped() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (accounts, people) = busy_book(&clock, folder.path()).await;
    let before = check(&accounts).await;
    let coffee = payment(3, Operation::Pay, people.customers[0], people.merchant, 100);
    let first = accounts.post(coffee.clone()).await.expect("repeats");
    accounts.close().await;
    assert_eq!(accounts.post(coffee.clone()).await, Err(Error::Stopped));
    // Reading goes on, for whoever still holds a handle.
    assert!(accounts.payment(first.payment).await.expect("reads").is_some());

    // With the snapshot, and without it or anything else but the journal.
    for rebuilt in [false, true] {
        if rebuilt {
            Accounts::discard_projections(folder.path()).expect("discards");
        }
        let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
        let after = check(&accounts).await;
        assert_eq!((before.rows, before.hash, before.holds), (after.rows, after.hash, after.holds));
        assert_eq!(accounts.post(coffee.clone()).await.expect("repeats"), first);
        let declined = payment(9, Operation::Pay, people.customers[0], people.merchant, 10_000_000);
        assert!(matches!(
            accounts.post(declined).await,
            Err(Error::Declined(Decline::InsufficientFunds { .. }))
        ));
        let other = Payment { memo: "another".to_owned(), ..coffee.clone() };
        assert_eq!(accounts.post(other).await, Err(Error::Declined(Decline::KeyReused)));
        accounts.close().await;
    }
}

#[tokio::test]
async fn keys_that_the_ledger_has_forgotten_are_found_in_the_projections() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = clock.options(folder.path());
    // As few as it takes.
    options.limits.keys_max = 0;
    let accounts = Accounts::open(options.clone()).expect("opens");
    let people = settle_in(&accounts, 1).await;
    let coffee = |number| payment(number, Operation::Pay, people.customers[0], people.merchant, 1);
    let mut posted = Vec::new();
    for number in 0..20 {
        posted.push(accounts.post(coffee(number)).await.expect("posts"));
    }
    let many = u64::try_from(BULK_PAYMENTS_MAX).expect("small");
    for round in 1..=5 {
        let others =
            accounts.bulk((round * many..(round + 1) * many).map(coffee).collect()).await.expect("submits");
        assert!(others.iter().all(Result::is_ok));
    }
    for reopened in [false, true] {
        let accounts = if reopened {
            accounts.close().await;
            Accounts::open(options.clone()).expect("opens")
        } else {
            accounts.clone()
        };
        for (number, first) in (0..20).zip(&posted) {
            let again = accounts.post(coffee(number)).await.expect("repeats");
            assert_eq!(again, accounts::Posted { duplicate: true, ..first.clone() });
        }
        let other = Payment { amount: yuan(2), ..coffee(0) };
        assert_eq!(accounts.post(other).await, Err(Error::Declined(Decline::KeyReused)));
        assert_eq!(balance(&accounts, people.merchant).await, 20 + i64::try_from(5 * many).expect("small"));
        check(&accounts).await;
    }
}

#[tokio::test]
async fn projections_made_anew_are_the_same() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (accounts, _) = busy_book(&clock, folder.path()).await;
    clock.pass(7200 * SECOND_NS);
    accounts.settled().await.expect("follows");
    accounts.close().await;
    let kept = dump(folder.path());
    assert!(kept.lines().count() > 100);

    Accounts::discard_projections(folder.path()).expect("discards");
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    accounts.settled().await.expect("follows");
    let rebuilt = dump(folder.path());
    check(&accounts).await;
    accounts.close().await;
    // Opened anew, the hold's time is over, and a row may follow; all that was there is there again.
    let without_position = |text: &str| {
        text.lines().filter(|line| !line.starts_with("position")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_position(&kept), without_position(&rebuilt));

    // So are those of an unreadable file.
    std::fs::write(folder.path().join("projections.sqlite"), b"not a database at all, by any means")
        .expect("writes");
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    check(&accounts).await;
}

#[tokio::test]
async fn a_damaged_journal_is_refused_with_a_sentence() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (accounts, _) = busy_book(&clock, folder.path()).await;
    accounts.close().await;
    let journal = folder.path().join("journal.sqlite");
    let damage = |what: &str, sql: &str, sentence: &str| {
        let copy = tempfile::tempdir().expect("a folder");
        copy_book(folder.path(), copy.path());
        let connection = Connection::open(copy.path().join("journal.sqlite")).expect("opens");
        connection.execute_batch(sql).expect(what);
        drop(connection);
        let error = Accounts::open(clock.options(copy.path())).expect_err(what);
        let text = error.to_string();
        assert!(matches!(error, Error::Damaged(_)), "{what}: {text}");
        assert!(text.contains(sentence), "{what}: {text}");
    };
    damage(
        "an amount changed",
        "UPDATE journal SET batch = CAST(substr(batch, 1, 40) || x'ff' || substr(batch, 42) AS BLOB) WHERE sequence = 20",
        "row 20",
    );
    damage("a row removed", "DELETE FROM journal WHERE sequence = 7", "row 7 is missing");
    damage("the end removed", "DELETE FROM journal WHERE sequence > 40", "rows were removed");
    damage(
        "a time changed",
        "UPDATE journal SET at = at + 1 WHERE sequence = 3",
        "row 3 does not match its hash",
    );
    damage(
        "rows exchanged",
        "UPDATE journal SET sequence = 1000 WHERE sequence = 3; UPDATE journal SET sequence = 3 WHERE sequence = 4;
         UPDATE journal SET sequence = 4 WHERE sequence = 1000;",
        "row 3",
    );
    damage("a value of another shape", "UPDATE journal SET hash = x'00' WHERE sequence = 5", "row 5");

    // Bytes changed under SQLite's feet, page by page.
    let sound = std::fs::read(&journal).expect("reads");
    for place in (100..sound.len()).step_by(4096 - 64) {
        let copy = tempfile::tempdir().expect("a folder");
        copy_book(folder.path(), copy.path());
        let mut bytes = sound.clone();
        bytes[place] ^= 0x40;
        std::fs::write(copy.path().join("journal.sqlite"), bytes).expect("writes");
        match Accounts::open(clock.options(copy.path())) {
            // The byte was in unused space: the book is whole.
            Ok(accounts) => {
                check(&accounts).await;
            }
            Err(Error::Damaged(_) | Error::Store(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn one_process_writes() {
    let clock = TestClock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = Accounts::open(clock.options(folder.path())).expect("opens");
    let error = Accounts::open(clock.options(folder.path())).expect_err("is open");
    assert!(matches!(error, Error::InUse(_)), "{error}");
    assert!(matches!(Accounts::discard_projections(folder.path()), Err(Error::InUse(_))));
    accounts.close().await;
    let again = Accounts::open(clock.options(folder.path())).expect("is free");
    check(&again).await;
}
