//! Several nodes on one PostgreSQL: one book, whoever is asked, and whoever dies.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "tests compute small numbers; a wrong index fails the test"
)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use accounts::{Accounts, Decline, Error, Kind, Operation, StoreChoice};
use private_postgres::PrivatePostgres;
use sha2::{Digest as _, Sha256};
use support::{OPENING_UNITS, TestClock, balance, check, open_account, payment, settle_in};
use tempfile::TempDir;

/// A site with one server and as many nodes as are wanted.
struct Site {
    server: PrivatePostgres,
    folders: Vec<TempDir>,
    clock: TestClock,
}

impl Site {
    fn new(nodes: usize) -> Self {
        let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
        let folders = (0..nodes).map(|_| tempfile::tempdir().expect("a folder")).collect();
        Self { server, folders, clock: TestClock::new() }
    }

    fn open(&self, node: usize) -> Accounts {
        let mut options = self.clock.options(self.folders[node].path());
        options.store = StoreChoice::Postgres(self.server.words());
        Accounts::open(options).expect("opens")
    }
}

/// Every node has the same book, to the byte, and each is sound.
async fn same(nodes: &[&Accounts]) {
    let mut seen = BTreeSet::new();
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(10) {
        seen.clear();
        for node in nodes {
            let verified = node.verify().await.expect("the book is sound");
            seen.insert((verified.rows, verified.hash));
        }
        if seen.len() == 1 {
            break;
        }
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    for node in nodes {
        check(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_node_is_asked_there_is_one_book() {
    let site = Site::new(2);
    let first = site.open(0);
    let people = settle_in(&first, 3).await;
    let second = site.open(1);
    assert_eq!(balance(&second, people.customers[1]).await, OPENING_UNITS);

    // Asked of the one that follows: done, and to be seen there at once.
    let coffee = payment(1, Operation::Pay, people.customers[0], people.merchant, 30);
    let paid = second.post(coffee.clone()).await.expect("posts");
    assert_eq!(balance(&second, people.merchant).await, 30);
    assert_eq!(support::units(&paid), (OPENING_UNITS - 30, 30));
    assert!(!paid.duplicate);
    // The same again, of either: the same payment.
    for node in [&first, &second] {
        let again = node.post(coffee.clone()).await.expect("repeats");
        assert_eq!((again.payment, again.duplicate), (paid.payment, true));
    }
    // Declines come back too, those without a trace as well.
    let poor = payment(2, Operation::Pay, people.customers[0], people.merchant, 10_000_000);
    assert!(matches!(second.post(poor).await, Err(Error::Declined(Decline::InsufficientFunds { .. }))));
    let wrong = payment(3, Operation::TopUp, people.customers[0], people.merchant, 1);
    assert_eq!(second.post(wrong).await.map(|_| ()), Err(Error::Declined(Decline::NotAllowed)));
    // Accounts, and many at once.
    let zhang = open_account(&second, "zhang", Kind::Customer).await;
    let many =
        (10..300).map(|number| payment(number, Operation::TopUp, people.settlement, zhang, 2)).collect();
    let posted = second.bulk(many).await.expect("posts");
    assert!(posted.iter().all(Result::is_ok), "{:?}", posted.iter().find(|posted| posted.is_err()));
    assert_eq!(balance(&second, zhang).await, 580);
    same(&[&first, &second]).await;

    // How long it takes.
    for (name, node) in [("leader", &first), ("follower", &second)] {
        let mut took: Vec<u128> = Vec::new();
        for number in 0..100 {
            let number = 1000 * u64::try_from(name.len()).expect("small") + number;
            let since = Instant::now();
            node.post(payment(number, Operation::TopUp, people.settlement, zhang, 1)).await.expect("posts");
            took.push(since.elapsed().as_micros());
        }
        took.sort_unstable();
        eprintln!("a payment asked of the {name}: {} us at the median, {} us at most", took[50], took[99]);
    }

    // The one that led closes; the other goes on, and it comes back to follow.
    first.close().await;
    let since = Instant::now();
    let tea = payment(5000, Operation::Pay, people.customers[1], people.merchant, 5);
    second.post(tea.clone()).await.expect("posts alone");
    eprintln!("the lead went over in {} ms", since.elapsed().as_millis());
    let first = site.open(0);
    let again = first.post(tea).await.expect("repeats");
    assert!(again.duplicate);
    same(&[&first, &second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_race_on_one_account_and_one_key() {
    let site = Site::new(3);
    let nodes = [site.open(0), site.open(1), site.open(2)];
    let people = settle_in(&nodes[0], 1).await;
    let customer = people.customers[0];
    let units = OPENING_UNITS / 100;
    // Each of 150 payments is asked of all three nodes at once, under one key; there is money for 100.
    let mut asked = Vec::new();
    for number in 0..150 {
        for node in &nodes {
            let node = node.clone();
            let coffee = payment(number, Operation::Pay, customer, people.merchant, units);
            asked.push(tokio::spawn(async move { (number, node.post(coffee).await) }));
        }
    }
    let mut paid = std::collections::BTreeMap::new();
    let mut declined = BTreeSet::new();
    for asked in asked {
        let (number, posted) = asked.await.expect("runs");
        match posted {
            Ok(posted) => {
                let earlier = paid.insert(number, posted.payment);
                assert!(earlier.is_none_or(|earlier| earlier == posted.payment), "{number} has two numbers");
            }
            Err(Error::Declined(Decline::InsufficientFunds { .. })) => {
                declined.insert(number);
            }
            Err(error) => panic!("{number}: {error}"),
        }
    }
    assert_eq!((paid.len(), declined.len()), (100, 50));
    assert!(paid.keys().all(|number| !declined.contains(number)), "one answer for one key");
    same(&[&nodes[0], &nodes[1], &nodes[2]]).await;
    for node in &nodes {
        assert_eq!(balance(node, people.merchant).await, OPENING_UNITS);
        assert_eq!(balance(node, customer).await, 0);
    }
    // One key, two contents: one of them is it.
    let ask = |node: &Accounts, to, units| {
        let (node, asked) = (node.clone(), payment(900, Operation::Transfer, people.merchant, to, units));
        let asked = accounts::Payment { operation: Operation::TopUp, from: people.settlement, ..asked };
        tokio::spawn(async move { node.post(asked).await })
    };
    let (one, other) = (ask(&nodes[1], customer, 7), ask(&nodes[2], customer, 8));
    let both = [one.await.expect("runs"), other.await.expect("runs")];
    let reused = |posted: &Result<_, Error>| *posted == Err(Error::Declined(Decline::KeyReused));
    assert_eq!(both.iter().filter(|posted| posted.is_ok()).count(), 1, "{both:?}");
    assert_eq!(both.iter().filter(|posted| reused(posted)).count(), 1, "{both:?}");
    same(&[&nodes[0], &nodes[1], &nodes[2]]).await;
}

/// Appends a row without requests, as a node does that takes the lead; `false` when somebody else was first.
fn append_nothing(client: &mut postgres::Client) -> bool {
    let last = "SELECT sequence, hash, at FROM thinpay.journal ORDER BY sequence DESC LIMIT 1";
    let last = client.query_one(last, &[]).expect("reads");
    let (sequence, previous, at): (i64, Vec<u8>, i64) = (last.get::<_, i64>(0) + 1, last.get(1), last.get(2));
    let batch = [2_u8, 0, 0, 0, 0];
    let hash = Sha256::new()
        .chain_update(b"thinpay journal v1")
        .chain_update(sequence.to_le_bytes())
        .chain_update(&previous)
        .chain_update(at.to_le_bytes())
        .chain_update(batch)
        .finalize();
    let insert = "INSERT INTO thinpay.journal VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    client.execute(insert, &[&sequence, &previous, &hash.as_slice(), &at, &&batch[..]]).expect("writes") == 1
}

/// Takes the lease away from whoever has it, again and again: two nodes believe for a while that they lead.
/// What the one did in memory that was too late is thrown away, and done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_that_do_not_know_that_they_lead_no_more_do_no_harm() {
    const ROBBERIES: u64 = 30;
    let site = Site::new(2);
    let nodes = [site.open(0), site.open(1)];
    let people = settle_in(&nodes[0], 1).await;
    let customer = people.customers[0];
    let words = site.server.words();
    let robbed = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&robbed);
    let robber = std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&words, postgres::NoTls).expect("connects");
        while counted.load(Ordering::Relaxed) < ROBBERIES {
            // Nobody says so: the one that had it finds out when it renews it, or when it is fenced by what
            // another has written meanwhile.
            let robbed = client
                .execute(
                    "UPDATE thinpay.lease SET node = 'a robber', term = term + 1, until = '-infinity'",
                    &[],
                )
                .expect("robs");
            while !append_nothing(&mut client) {}
            counted.fetch_add(robbed, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(60));
        }
    });
    let posting = (0..8_u64).map(|client| {
        let node = nodes[usize::try_from(client % 2).expect("small")].clone();
        let (from, to) = (people.settlement, customer);
        let robbed = Arc::clone(&robbed);
        tokio::spawn(async move {
            let mut paid = Vec::new();
            while robbed.load(Ordering::Relaxed) < ROBBERIES {
                let number = client * 100_000 + u64::try_from(paid.len()).expect("small");
                let posted = node.post(payment(number, Operation::TopUp, from, to, 1)).await.expect("posts");
                paid.push(posted.payment);
            }
            paid
        })
    });
    let mut paid = Vec::new();
    for posting in posting.collect::<Vec<_>>() {
        paid.extend(posting.await.expect("runs"));
    }
    robber.join().expect("robs");
    let distinct: BTreeSet<_> = paid.iter().collect();
    assert_eq!(distinct.len(), paid.len(), "each payment has a number of its own");
    same(&[&nodes[0], &nodes[1]]).await;
    for node in &nodes {
        assert_eq!(balance(node, customer).await, OPENING_UNITS + i64::try_from(paid.len()).expect("small"));
    }
    eprintln!("the lead was taken away {ROBBERIES} times in {} payments", paid.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_crashes_and_callers_notice_only_the_time() {
    let mut site = Site::new(2);
    let nodes = [site.open(0), site.open(1)];
    let people = settle_in(&nodes[0], 1).await;
    let customer = people.customers[0];
    let mut posting = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        for client in 0..4 {
            let node = node.clone();
            let first = u64::try_from(at * 1000 + client * 100).expect("small");
            let (from, to) = (people.settlement, customer);
            posting.push(tokio::spawn(async move {
                for number in first..first + 60 {
                    node.post(payment(number, Operation::TopUp, from, to, 1)).await.expect("posts");
                }
            }));
        }
    }
    // Away for a moment, and for longer than anybody asks for the outcome of a commit.
    for away in [0, 5] {
        tokio::time::sleep(Duration::from_millis(150)).await;
        tokio::task::block_in_place(|| site.server.crash());
        tokio::time::sleep(Duration::from_secs(away)).await;
        tokio::task::block_in_place(|| site.server.restart().expect("starts again"));
    }
    for posting in posting {
        posting.await.expect("every payment is posted");
    }
    // What the other one had done last is seen when it has been followed.
    same(&[&nodes[0], &nodes[1]]).await;
    for node in &nodes {
        assert_eq!(balance(node, customer).await, OPENING_UNITS + 480);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_closes_while_the_server_is_away() {
    let mut site = Site::new(1);
    let node = site.open(0);
    let people = settle_in(&node, 1).await;
    tokio::task::block_in_place(|| site.server.crash());
    let asked = payment(1, Operation::TopUp, people.settlement, people.customers[0], 1);
    let waiting = tokio::spawn({
        let (node, asked) = (node.clone(), asked.clone());
        async move { node.post(asked).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::timeout(Duration::from_secs(30), node.close()).await.expect("closes");
    // Either a session of the crashed server has outlived it by a moment and put it on disk, or nobody knows
    // what became of it. Asked again, it is done once, and what was told holds.
    let told = waiting.await.expect("runs");
    assert!(matches!(told, Ok(_) | Err(Error::Stopped)), "{told:?}");
    tokio::task::block_in_place(|| site.server.restart().expect("starts again"));
    let node = site.open(0);
    let again = node.post(asked).await.expect("posts");
    if let Ok(told) = told {
        assert!(again.duplicate, "it was told to be on disk");
        assert_eq!(again.payment, told.payment);
    }
    assert_eq!(balance(&node, people.customers[0]).await, OPENING_UNITS + 1);
    check(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_made_of_an_open_book_and_opens_in_either_store() {
    let site = Site::new(2);
    let node = site.open(0);
    let people = settle_in(&node, 2).await;
    let store = StoreChoice::Postgres(site.server.words());
    let copies = tempfile::tempdir().expect("a folder");
    let file = copies.path().join("journal.backup");
    let backup = |file: &std::path::Path| {
        let folder = copies.path().join("no book is needed here");
        Accounts::backup(&folder, &store, file, |_, _| ())
    };
    let first = backup(&file).expect("copies");
    let coffee = payment(1, Operation::Pay, people.customers[0], people.merchant, 30);
    let paid = node.post(coffee.clone()).await.expect("posts");
    // Brought up to date.
    let second = backup(&file).expect("copies");
    assert!(second.rows > first.rows);
    let open = check(&node).await;
    node.close().await;

    // Into a folder, and into another schema.
    let folder = copies.path().join("restored");
    let schema = StoreChoice::Postgres(format!("{} schema=restored", site.server.words()));
    let elsewhere = site.folders[1].path();
    for (folder, store) in [(folder.as_path(), StoreChoice::Sqlite), (elsewhere, schema)] {
        let restored = Accounts::restore(&file, folder, &store, |_, _| ()).expect("copies");
        assert_eq!(restored, second);
        let mut options = site.clock.options(folder);
        options.store = store;
        let book = Accounts::open(options).expect("opens");
        let again = book.post(coffee.clone()).await.expect("repeats");
        assert_eq!((again.payment, again.duplicate), (paid.payment, true));
        assert_eq!(balance(&book, people.merchant).await, 30);
        let found = check(&book).await;
        assert_eq!((found.accounts, found.turnover), (open.accounts, open.turnover.clone()));
        book.close().await;
    }
    // Not over another book.
    let other = tempfile::tempdir().expect("a folder");
    let book = Accounts::open(site.clock.options(other.path())).expect("opens");
    open_account(&book, "zhang", Kind::Customer).await;
    book.close().await;
    let refused = Accounts::restore(&file, other.path(), &StoreChoice::Sqlite, |_, _| ());
    assert!(matches!(&refused, Err(Error::Store(why)) if why.contains("another journal")), "{refused:?}");
}
