//! SIGKILL at any moment loses no acknowledged payment and doubles none, on either store and among nodes.
//!
//! The test runs its own program again as a child that makes payments from many clients and prints what it was
//! told of each. It kills children at random moments, many times over the same book; each starts by repeating
//! what others before it, or beside it, have asked, as clients would that never heard the answer. At the end
//! books and printouts are compared: every acknowledged payment is there, once; none is half there; none is
//! there that was declined; the books balance; a limit held; the chain verifies.
//!
//! The children's clocks go backwards from one to the next.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test program that talks over its standard output, and computes small numbers"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accounts::{
    AccountId, Accounts, Decline, EntryKind, Error, HolderId, Operation, Options, StoreChoice, Timestamp,
};
use parameters::Section;
use private_postgres::PrivatePostgres;
use support::{SECOND_NS, balance, check, payment, put_into_effect, settle_in};
use tempfile::TempDir;

const FOLDER_VARIABLE: &str = "THINPAY_TEST_KILL_FOLDER";
const STORE_VARIABLE: &str = "THINPAY_TEST_KILL_STORE";
const FIRST_VARIABLE: &str = "THINPAY_TEST_KILL_FIRST";
const REPEAT_VARIABLE: &str = "THINPAY_TEST_KILL_REPEAT";
/// Set for a long run: 300 kills instead of 20.
const LONG_VARIABLE: &str = "THINPAY_LONG";
const CLIENTS: u64 = 8;
/// Numbers of payments that one child may use.
const PAYMENTS_A_CHILD: u64 = 1_000_000;
/// Payments that every child tries first, of each child before it or beside it.
const REPEATED: u64 = 64;
/// Bob's transfers of the day; more are declined.
const LIMIT: usize = 50;
const FEE_UNITS: i64 = 1;
const PAY_UNITS: i64 = 2;
/// The day's noon in the operator's time zone.
const NOON: u64 = 1_764_561_600 * SECOND_NS;

fn kills() -> u64 {
    if std::env::var_os(LONG_VARIABLE).is_some() { 300 } else { 20 }
}

/// A book of these tests: its folder, and what reaches its PostgreSQL if it is there.
fn open(folder: &Path, store: &str, clock_start: u64) -> Accounts {
    let since = Instant::now();
    let clock = move || Timestamp(clock_start + u64::try_from(since.elapsed().as_nanos()).expect("short"));
    let mut options = Options::new(folder, Arc::new(clock));
    if !store.is_empty() {
        options.store = StoreChoice::Postgres(store.to_owned());
    }
    Accounts::open(options).expect("opens, also after a kill")
}

async fn the_account(accounts: &Accounts, holder: &str) -> AccountId {
    accounts.accounts_of(&HolderId(holder.to_owned())).await.expect("reads")[0].id
}

/// What payment number so and so is.
async fn ask(
    accounts: &Accounts,
    number: u64,
    [bank, alice, bob, shop]: [AccountId; 4],
) -> Result<String, Error> {
    let payment = match number / CLIENTS % 4 {
        // More than she pays, so that no long run makes her poor.
        0 | 1 => payment(number, Operation::TopUp, bank, alice, 3),
        2 => payment(number, Operation::Pay, alice, shop, PAY_UNITS),
        _ => payment(number, Operation::Transfer, bob, alice, 1),
    };
    accounts.post(payment).await.map(|posted| posted.payment.to_string())
}

/// The child: makes payments for ever, and prints `paid number id` or `declined number` of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let store = std::env::var(STORE_VARIABLE).expect("is set");
    let first: u64 = std::env::var(FIRST_VARIABLE).expect("is set").parse().expect("a number");
    let repeat = std::env::var(REPEAT_VARIABLE).expect("is set");
    let repeat: Vec<u64> =
        repeat.split_terminator(',').map(|first| first.parse().expect("a number")).collect();
    // Each child's clock starts a little before that of the one before it.
    let accounts = open(Path::new(&folder), &store, NOON - first / PAYMENTS_A_CHILD * SECOND_NS);
    let mut people = Vec::new();
    for holder in ["bank", "customer0", "customer1", "luckin"] {
        people.push(the_account(&accounts, holder).await);
    }
    let people: [AccountId; 4] = people.try_into().expect("four");
    println!("ready");
    let clients = (0..CLIENTS).map(|client| {
        let accounts = accounts.clone();
        let repeat = repeat.clone();
        tokio::spawn(async move {
            let repeated = repeat.into_iter().flat_map(|first| first..first + REPEATED);
            let fresh = first..first + PAYMENTS_A_CHILD;
            let mut longest = Duration::ZERO;
            for number in repeated.chain(fresh).filter(|number| number % CLIENTS == client) {
                let since = Instant::now();
                // One write for a line, so that a kill cannot cut two of them into one.
                let line = match ask(&accounts, number, people).await {
                    Ok(id) => format!("paid {number} {id}.\n"),
                    Err(Error::Declined(Decline::Controls(_))) => format!("declined {number}.\n"),
                    Err(error) => {
                        eprintln!("payment {number}: {error}");
                        std::process::exit(1);
                    }
                };
                std::io::stdout().write_all(line.as_bytes()).expect("prints");
                if since.elapsed() > longest {
                    longest = since.elapsed();
                    let line = format!("longest {}.\n", longest.as_millis());
                    std::io::stdout().write_all(line.as_bytes()).expect("prints");
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("runs");
    }
}

/// What children were told.
#[derive(Debug, Default)]
struct Told {
    paid: BTreeMap<u64, String>,
    declined: BTreeSet<u64>,
    /// What the longest wait for an answer was, in milliseconds.
    longest: u64,
}

impl Told {
    fn add(&mut self, other: Told) {
        for (number, id) in other.paid {
            // Told twice, it is the same payment.
            let earlier = self.paid.insert(number, id.clone());
            assert!(earlier.is_none_or(|earlier| earlier == id), "payment {number} has two numbers");
        }
        self.declined.extend(other.declined);
        self.longest = self.longest.max(other.longest);
    }
}

struct Child {
    process: std::process::Child,
    listener: JoinHandle<Told>,
    ready: mpsc::Receiver<()>,
    is_ready: std::cell::Cell<bool>,
}

impl Child {
    fn start(folder: &Path, store: &str, first: u64, repeat: &[u64]) -> Self {
        let repeat: Vec<String> = repeat.iter().map(u64::to_string).collect();
        let mut process = Command::new(std::env::current_exe().expect("knows itself"))
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER_VARIABLE, folder)
            .env(STORE_VARIABLE, store)
            .env(FIRST_VARIABLE, first.to_string())
            .env(REPEAT_VARIABLE, repeat.join(","))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("starts");
        let output = BufReader::new(process.stdout.take().expect("is piped"));
        let (told, ready) = mpsc::channel();
        let listener = std::thread::spawn(move || {
            let mut heard = Told::default();
            for line in output.split(b'\n').map_while(Result::ok) {
                let Ok(line) = String::from_utf8(line) else { continue };
                if line.ends_with("ready") {
                    let _ = told.send(());
                }
                // A line that the kill has cut is not an acknowledgement: it does not end.
                let Some(line) = line.strip_suffix('.') else { continue };
                match line.split(' ').collect::<Vec<_>>()[..] {
                    ["paid", number, id] => {
                        let number = number.parse().expect("a number");
                        let earlier = heard.paid.insert(number, id.to_owned());
                        assert!(earlier.is_none_or(|earlier| earlier == id), "{number} has two numbers");
                    }
                    ["declined", number] => {
                        heard.declined.insert(number.parse().expect("a number"));
                    }
                    ["longest", milliseconds] => {
                        heard.longest = heard.longest.max(milliseconds.parse().expect("a number"));
                    }
                    _ => {}
                }
            }
            heard
        });
        Self { process, listener, ready, is_ready: std::cell::Cell::new(false) }
    }

    fn wait_until_ready(&self) {
        if !self.is_ready.replace(true) {
            self.ready.recv_timeout(Duration::from_secs(60)).expect("the child gets ready after each kill");
        }
    }

    fn kill(mut self) -> Told {
        assert_eq!(self.process.try_wait().expect("is there"), None, "the child has ended by itself");
        self.process.kill().expect("kills");
        self.process.wait().expect("ends");
        self.listener.join().expect("listens")
    }
}

struct Dice(u128);

impl Dice {
    fn new() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos())
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u64::try_from((self.0 >> 40) % u128::from(sides)).expect("small")
    }

    fn sleep(&mut self) {
        std::thread::sleep(Duration::from_millis(self.below(60)));
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

/// A book with people, a fee and a limit.
fn prepare(folder: &Path, store: &str) {
    run(async {
        let accounts = open(folder, store, NOON - 3600 * SECOND_NS);
        let people = settle_in(&accounts, 2).await;
        let fees = format!(
            "[[schedule]]\nname = \"every payment\"\noperation = \"pay\"\ncurrency = \"CNY\"\npayer = \"customer\"\nfixed = \"0.0{FEE_UNITS} CNY\"\n"
        );
        put_into_effect(&accounts, Section::Fees, &fees).await;
        let limits = format!(
            "[[rule]]\nname = \"bob\"\napplies-to = \"account\"\nwhich = \"{}\"\noperations = [\"transfer\"]\nday-count = {LIMIT}\n",
            people.customers[1]
        );
        put_into_effect(&accounts, Section::Limits, &limits).await;
        accounts.close().await;
    });
}

/// Compares the book with what was told.
fn compare(folder: &Path, store: &str, told: &Told) {
    run(async {
        let accounts = open(folder, store, NOON);
        let verified = check(&accounts).await;
        let alice = the_account(&accounts, "customer0").await;
        let mut lines: BTreeMap<(String, EntryKind), String> = BTreeMap::new();
        let mut before = None;
        loop {
            let page = accounts.history(alice, before, 100).await.expect("reads");
            for entry in page.entries {
                let key = (entry.memo.clone(), entry.operation);
                let earlier = lines.insert(key, entry.payment.to_string());
                assert_eq!(earlier, None, "{} is doubled", entry.memo);
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let of = |wanted: EntryKind| -> BTreeMap<&str, &str> {
            let found = lines.iter().filter(|((_, kind), _)| *kind == wanted);
            found.map(|((memo, _), id)| (memo.as_str(), id.as_str())).collect()
        };
        let (paid, fees, transfers) = (of(EntryKind::Pay), of(EntryKind::Fee), of(EntryKind::Transfer));
        assert_eq!(
            paid.values().collect::<Vec<_>>(),
            fees.values().collect::<Vec<_>>(),
            "nothing is half there"
        );
        let mut posted = of(EntryKind::TopUp);
        posted.extend(&paid);
        posted.extend(&transfers);
        for (number, id) in &told.paid {
            let found = posted.get(format!("payment {number}").as_str());
            assert_eq!(found, Some(&id.as_str()), "payment {number} is lost");
        }
        for number in &told.declined {
            assert!(!posted.contains_key(format!("payment {number}").as_str()), "{number} was declined");
        }
        assert!(transfers.len() <= LIMIT, "the limit held: {}", transfers.len());
        assert!(told.declined.is_empty() || transfers.len() == LIMIT, "declined below the limit");
        let count = i64::try_from(paid.len()).expect("few");
        assert_eq!(balance(&accounts, the_account(&accounts, "luckin").await).await, count * PAY_UNITS);
        assert_eq!(balance(&accounts, the_account(&accounts, "operator").await).await, count * FEE_UNITS);
        assert!(told.paid.len() > 100, "the children were killed before they had done anything");
        println!(
            "{} payments acknowledged, {} declined, {} posted, {} rows in the journal, longest wait {} ms",
            told.paid.len(),
            told.declined.len(),
            posted.len(),
            verified.rows,
            told.longest
        );
    });
}

/// One node at a time.
fn kill_one_after_another(store: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path(), store);
    let mut told = Told::default();
    let mut dice = Dice::new();
    for round in 1..=kills() {
        // The people's own payments have numbers of the first million and the second.
        let first = (round + 1) * PAYMENTS_A_CHILD;
        let child = Child::start(
            folder.path(),
            store,
            first,
            &[if round == 1 { 0 } else { first - PAYMENTS_A_CHILD }],
        );
        child.wait_until_ready();
        dice.sleep();
        told.add(child.kill());
    }
    compare(folder.path(), store, &told);
}

#[test]
fn a_kill_loses_and_doubles_nothing() {
    kill_one_after_another("");
}

#[test]
fn a_kill_loses_and_doubles_nothing_on_postgresql() {
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    kill_one_after_another(&server.words());
}

/// Nodes that work at the same time on the same accounts, and on the same requests. The leader is killed as
/// often as the others; those that stay notice only the time.
#[test]
fn a_kill_among_nodes_loses_and_doubles_nothing() {
    /// Kills over one book: each start reads all of it.
    const KILLS_A_BOOK: u64 = 20;
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    for book in 0..kills().div_ceil(KILLS_A_BOOK) {
        kill_among_nodes(&format!("{} schema=book{book}", server.words()), KILLS_A_BOOK);
    }
}

fn kill_among_nodes(store: &str, kills: u64) {
    const NODES: usize = 2;
    let folders: Vec<TempDir> = (0..NODES).map(|_| tempfile::tempdir().expect("a folder")).collect();
    prepare(folders[0].path(), store);
    let mut told = Told::default();
    let mut dice = Dice::new();
    // What each node's child uses, and the number of children so far.
    let mut firsts = [0_u64; NODES];
    // The people's own payments have numbers of the first million and the second.
    let mut started = 1;
    let mut start = |node: usize, firsts: &mut [u64; NODES]| {
        let repeat = *firsts;
        started += 1;
        firsts[node] = started * PAYMENTS_A_CHILD;
        Some(Child::start(folders[node].path(), store, firsts[node], &repeat))
    };
    let mut children: [Option<Child>; NODES] = [start(0, &mut firsts), start(1, &mut firsts)];
    for _ in 0..kills {
        children.iter().flatten().for_each(Child::wait_until_ready);
        dice.sleep();
        let victim = usize::try_from(dice.below(2)).expect("small");
        told.add(children[victim].take().expect("is there").kill());
        // The other one goes on alone for a while, sometimes long enough to take the lead.
        std::thread::sleep(Duration::from_millis(dice.below(3) * 150));
        children[victim] = start(victim, &mut firsts);
    }
    for child in children.into_iter().flatten() {
        told.add(child.kill());
    }
    compare(folders[0].path(), store, &told);
}

/// A node stands still for longer than its lease lasts, as when its machine is suspended, and goes on where it
/// was: as a leader, it believes that it leads still.
#[test]
fn a_node_that_sleeps_does_no_harm_when_it_wakes() {
    const SLEEP: Duration = Duration::from_millis(3_600);
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let folders = [0, 1].map(|_| tempfile::tempdir().expect("a folder"));
    prepare(folders[0].path(), &server.words());
    let children = [0_usize, 1].map(|node| {
        let first = u64::try_from(node + 2).expect("small") * PAYMENTS_A_CHILD;
        Child::start(folders[node].path(), &server.words(), first, &[0])
    });
    children.iter().for_each(Child::wait_until_ready);
    let signal = |child: &Child, name: &str| {
        let status = Command::new("kill").args([name, &child.process.id().to_string()]).status();
        assert!(status.expect("kill is there").success());
    };
    let mut dice = Dice::new();
    // Each of them has the lead once, so each loses it once.
    for sleeper in [0, 1, 0, 1] {
        std::thread::sleep(Duration::from_millis(200));
        dice.sleep();
        signal(&children[sleeper], "-STOP");
        std::thread::sleep(SLEEP);
        signal(&children[sleeper], "-CONT");
    }
    std::thread::sleep(Duration::from_millis(500));
    let mut told = Told::default();
    for child in children {
        let heard = child.kill();
        assert!(heard.paid.len() > 50, "both go on: {}", heard.paid.len());
        told.add(heard);
    }
    compare(folders[0].path(), &server.words(), &told);
}
