//! SIGKILL at any moment loses no acknowledged payment and doubles none.
//!
//! The test runs its own program again as a child that posts payments from many clients and prints each
//! number it was told. It kills the child at a random moment, many times over the same book, repeats some
//! requests as a client would that never heard the answer, and at the end compares book and printout.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test program that talks over its standard output"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use accounts::{AccountId, Accounts, HolderId, Kind, Operation, Options, Timestamp};
use support::{check, open_account, payment};

const FOLDER_VARIABLE: &str = "THINPAY_TEST_KILL_FOLDER";
const FIRST_VARIABLE: &str = "THINPAY_TEST_KILL_FIRST";
const KILLS: u64 = 20;
const CLIENTS: u64 = 8;
/// Numbers of payments that one child may use.
const PAYMENTS_A_CHILD: u64 = 1_000_000;
/// Payments that every child tries first: those of the child before it, whether it was told or not.
const REPEATED: u64 = 64;

fn options(folder: &Path) -> Options {
    let clock = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    };
    Options::new(folder, Arc::new(clock))
}

async fn the_account(accounts: &Accounts, holder: &str, kind: Kind) -> AccountId {
    match accounts.accounts_of(&HolderId(holder.to_owned())).await.expect("reads").first() {
        Some(account) => account.id,
        None => open_account(accounts, holder, kind).await,
    }
}

/// The child: posts top-ups of one minor unit for ever, and prints `number id` of each that it was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let first: u64 = std::env::var(FIRST_VARIABLE).expect("is set").parse().expect("a number");
    let accounts = Accounts::open(options(Path::new(&folder))).expect("opens after a kill");
    let bank = the_account(&accounts, "bank", Kind::Settlement).await;
    let alice = the_account(&accounts, "alice", Kind::Customer).await;
    println!("ready");
    let clients = (0..CLIENTS).map(|client| {
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let repeated = (first.saturating_sub(PAYMENTS_A_CHILD)..first)
                .take(usize::try_from(REPEATED).expect("small"));
            let fresh = first..first + PAYMENTS_A_CHILD;
            for number in repeated.chain(fresh).filter(|number| number % CLIENTS == client) {
                let posted =
                    accounts.post(payment(number, Operation::TopUp, bank, alice, 1)).await.expect("posts");
                // One write for a line, so that a kill cannot cut two of them into one.
                let line = format!("paid {number} {}\n", posted.payment);
                std::io::stdout().write_all(line.as_bytes()).expect("prints");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("runs");
    }
}

#[test]
fn a_kill_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("knows itself");
    let mut acknowledged: BTreeMap<u64, String> = BTreeMap::new();
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    for round in 1..=KILLS {
        let mut child = Command::new(&program)
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER_VARIABLE, folder.path())
            .env(FIRST_VARIABLE, (round * PAYMENTS_A_CHILD).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("starts");
        let output = BufReader::new(child.stdout.take().expect("is piped"));
        let (told, heard) = std::sync::mpsc::channel();
        let listener = std::thread::spawn(move || {
            let mut paid = Vec::new();
            // A line that the kill has cut is not an acknowledgement: it does not end.
            for line in output.split(b'\n').map_while(Result::ok) {
                let Ok(line) = String::from_utf8(line) else { continue };
                if line.ends_with("ready") {
                    let _ = told.send(());
                }
                let mut words = line.split(' ');
                if words.next() == Some("paid")
                    && let (Some(number), Some(id)) = (words.next(), words.next())
                    && id.len() == 11
                {
                    paid.push((number.parse::<u64>().expect("a number"), id.to_owned()));
                }
            }
            paid
        });
        heard.recv_timeout(Duration::from_secs(60)).expect("the child gets ready after each kill");
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let milliseconds = u64::try_from((seed >> 40) % 60).expect("small");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("kills");
        child.wait().expect("ends");
        for (number, id) in listener.join().expect("listens") {
            // Told twice, it is the same payment.
            let earlier = acknowledged.insert(number, id.clone());
            assert!(earlier.is_none_or(|earlier| earlier == id), "payment {number} has two numbers");
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let accounts = Accounts::open(options(folder.path())).expect("opens after the last kill");
        let verified = check(&accounts).await;
        let alice = the_account(&accounts, "alice", Kind::Customer).await;
        let mut numbers = BTreeMap::new();
        let mut before = None;
        loop {
            let page = accounts.history(alice, before, 100).await.expect("reads");
            for entry in page.entries {
                let earlier = numbers.insert(entry.memo.clone(), entry.payment.to_string());
                assert_eq!(earlier, None, "{} is doubled", entry.memo);
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        for (number, id) in &acknowledged {
            assert_eq!(numbers.get(&format!("payment {number}")), Some(id), "payment {number} is lost");
        }
        let account = accounts.account(alice).await.expect("reads").expect("is there");
        assert_eq!(usize::try_from(account.balance.minor_units()), Ok(numbers.len()));
        assert!(acknowledged.len() > 100, "the children were killed before they had done anything");
        println!(
            "{KILLS} kills, {} payments acknowledged, {} posted, {} rows in the journal",
            acknowledged.len(),
            numbers.len(),
            verified.rows
        );
    });
}
