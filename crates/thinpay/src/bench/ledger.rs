//! `thinpay bench ledger`: durable double-entry transfers on the embedded store, and the state machine alone.
//!
//! Every figure but the first two is durable: a transfer counts when its caller has been told, and nobody is
//! told before the journal's row is synced. The store's folder is in the system's temporary folder; the disk
//! under it decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accounts::{
    AccountId, Accounts, HolderId, Kind, NewAccount, Operation, Options as Book, Payment, Timestamp,
};
use anyhow::{Context as _, Result};
use money::{Currency, Money};

use super::{Better, Options, Row, percentile};

/// Customers in the book, all equally likely to pay and to be paid.
const CUSTOMERS: usize = 10_000;
/// What each has to begin with, in minor units: more than a benchmark can spend.
const OPENING_UNITS: i64 = 1_000_000_000;
/// Transfers in one burst of batches: fewer than the projections may lag behind, so that the journal is
/// measured and not they.
const BURST: usize = 240_000;
/// Transfers a second in the paced run.
const PACE: u64 = 10_000;

pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let seconds = if options.quick { 1 } else { 3 };
    state_machine(options, &mut rows);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        for (batch, target) in [(1_000, 300_000.0), (8_000, 500_000.0)] {
            batches(batch, target, options, &mut rows).await?;
        }
        for clients in [1, 16, 64, 256] {
            single(clients, Duration::from_secs(seconds), &mut rows).await?;
        }
        paced(Duration::from_secs(seconds), &mut rows).await
    })?;
    Ok(rows)
}

/// Deterministic picks: the same accounts and keys in every run.
#[derive(Debug)]
struct Picks(AtomicU64);

impl Picks {
    fn next(&self) -> u64 {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        // SplitMix64.
        let mixed = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn key(&self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes()
    }
}

fn state_machine(options: &Options, rows: &mut Vec<Row>) {
    use ledger::{BalanceRule, Command, Commands, Content, Key, Ledger, Limits, Request};
    let total = if options.quick { 400_000 } else { 2_000_000 };
    for accounts in [10_000_u64, 1_000_000] {
        let picks = Picks(AtomicU64::new(1));
        let id = |number: u64| ledger::AccountId(number);
        let request = |command, key| Request { key, content: Content(1), commands: Commands::One(command) };
        let mut book = Ledger::new(Limits::default());
        let open: Vec<Request> = (0..accounts)
            .map(|number| Command::Open {
                account: id(number),
                currency: Currency::CNY,
                rule: BalanceRule::Free,
                code: 1,
            })
            .map(|command| request(command, None))
            .collect();
        book.apply(Timestamp(1), &open);
        let mut took = Duration::ZERO;
        let mut done = 0_usize;
        while done < total {
            let batch: Vec<Request> = (0..8_000)
                .map(|_| {
                    let debit = picks.next() % accounts;
                    let transfer = Command::Transfer {
                        debit: id(debit),
                        credit: id((debit + 1 + picks.next() % (accounts - 1)) % accounts),
                        amount: Money::new(1, Currency::CNY),
                    };
                    request(transfer, Some(Key(u128::from_le_bytes(picks.key()))))
                })
                .collect();
            let start = Instant::now();
            let applied = book.apply(Timestamp(2), &batch);
            took += start.elapsed();
            done += applied.answers.iter().filter(|answer| answer.result.is_ok()).count();
        }
        rows.push(Row {
            name: format!("state machine, {accounts} accounts"),
            value: rate(done, took),
            unit: "transfers/s",
            better: Better::Higher,
            target: None,
            peer: None,
            how: "Batches of 8,000 transfers with idempotency keys applied in memory on one core, nothing stored.".to_owned(),
        });
    }
}

/// A fresh book with customers who have money.
async fn book() -> Result<(Folder, Accounts, Arc<Vec<AccountId>>)> {
    let folder = Folder::new()?;
    let clock = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    };
    let accounts = Accounts::open(Book::new(&folder.0, Arc::new(clock)))?;
    let open = |holder: String, kind| {
        let accounts = accounts.clone();
        let name = holder.clone();
        let key = picks_key(&holder);
        let new = NewAccount { key, holder: HolderId(holder), kind, name, currency: Currency::CNY };
        tokio::spawn(async move { accounts.open_account(new).await })
    };
    let bank = open("bank".to_owned(), Kind::Settlement).await??;
    let opened: Vec<_> =
        (0..CUSTOMERS).map(|number| open(format!("customer{number}"), Kind::Customer)).collect();
    let mut customers = Vec::with_capacity(CUSTOMERS);
    for account in opened {
        customers.push(account.await??);
    }
    let picks = Picks(AtomicU64::new(u64::MAX / 2));
    for some in customers.chunks(1_000) {
        let top_ups = some.iter().map(|&customer| Payment {
            operation: Operation::TopUp,
            amount: Money::new(OPENING_UNITS, Currency::CNY),
            ..transfer(&picks, bank, customer)
        });
        for posted in accounts.bulk(top_ups.collect()).await? {
            posted?;
        }
    }
    accounts.settled().await?;
    Ok((folder, accounts, Arc::new(customers)))
}

/// A key for a holder's account.
fn picks_key(holder: &str) -> [u8; 16] {
    let mut key = [0xA5; 16];
    for (slot, byte) in key.iter_mut().rev().zip(holder.bytes()) {
        *slot = byte;
    }
    key
}

fn transfer(picks: &Picks, from: AccountId, to: AccountId) -> Payment {
    Payment::new(picks.key(), Operation::Transfer, from, to, Money::new(1, Currency::CNY))
}

fn random_transfer(picks: &Picks, customers: &[AccountId]) -> Result<Payment> {
    let from = picks.below(customers.len());
    let step = 1 + picks.below(customers.len().saturating_sub(1));
    let pick = |place: usize| customers.get(place % customers.len()).copied().context("there are customers");
    Ok(transfer(picks, pick(from)?, pick(from + step)?))
}

async fn batches(batch: usize, target: f64, options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    const IN_FLIGHT: usize = 2;
    let (_folder, accounts, customers) = book().await?;
    let picks = Picks(AtomicU64::new(1));
    let bursts = if options.quick { 1 } else { 3 };
    let (mut journaled, mut followed) = (Duration::ZERO, Duration::ZERO);
    let mut samples = Vec::new();
    let mut done = 0_usize;
    for _ in 0..bursts {
        // The payments exist before the clock starts; making them is their senders' work.
        let mut queues: Vec<Vec<Vec<Payment>>> = vec![Vec::new(); IN_FLIGHT];
        for number in 0..BURST / batch {
            let payments =
                (0..batch).map(|_| random_transfer(&picks, &customers)).collect::<Result<Vec<_>>>()?;
            queues.get_mut(number % IN_FLIGHT).context("a queue")?.push(payments);
        }
        let start = Instant::now();
        let senders = queues.into_iter().map(|queue| {
            let accounts = accounts.clone();
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(queue.len());
                let mut posted = 0_usize;
                for payments in queue {
                    let start = Instant::now();
                    let answers = accounts.bulk(payments).await?;
                    took.push(start.elapsed());
                    posted += answers.iter().filter(|answer| answer.is_ok()).count();
                }
                Ok::<_, accounts::Error>((took, posted))
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            let (took, posted) = sender.await??;
            samples.extend(took);
            done += posted;
        }
        journaled += start.elapsed();
        accounts.settled().await?;
        followed += start.elapsed();
    }
    let how = format!(
        "Bursts of {BURST} transfers between 10,000 accounts, {IN_FLIGHT} batches in flight; each batch is answered after its sync."
    );
    rows.push(Row {
        name: format!("durable, batches of {batch}"),
        value: rate(done, journaled),
        unit: "transfers/s",
        better: Better::Higher,
        target: Some(target),
        peer: None,
        how,
    });
    latency(rows, &format!("durable, batches of {batch}"), &mut samples, None);
    rows.push(Row {
        name: format!("durable and projected, batches of {batch}"),
        value: rate(done, followed),
        unit: "transfers/s",
        better: Better::Higher,
        target: None,
        peer: None,
        how: "The same, counted until every transfer is in the indexed tables of payments, history and keys."
            .to_owned(),
    });
    accounts.verify().await?;
    accounts.close().await;
    Ok(())
}

async fn single(clients: usize, duration: Duration, rows: &mut Vec<Row>) -> Result<()> {
    let (_folder, accounts, customers) = book().await?;
    let picks = Arc::new(Picks(AtomicU64::new(1)));
    let start = Instant::now();
    let running = (0..clients).map(|_| {
        let (accounts, customers, picks) = (accounts.clone(), Arc::clone(&customers), Arc::clone(&picks));
        tokio::spawn(async move {
            let mut took = Vec::new();
            while start.elapsed() < duration {
                let payment = random_transfer(&picks, &customers)?;
                let sent = Instant::now();
                accounts.post(payment).await?;
                took.push(sent.elapsed());
            }
            anyhow::Ok(took)
        })
    });
    let mut samples = Vec::new();
    for client in running.collect::<Vec<_>>() {
        samples.extend(client.await??);
    }
    let took = start.elapsed();
    let name = format!("durable, single transfers from {clients} clients");
    rows.push(Row {
        name: name.clone(),
        value: rate(samples.len(), took),
        unit: "transfers/s",
        better: Better::Higher,
        target: (clients == 256).then_some(100_000.0),
        peer: None,
        how: "Each client waits for its answer before it sends the next; the projections follow on the same cores.".to_owned(),
    });
    latency(rows, &name, &mut samples, None);
    accounts.verify().await?;
    accounts.close().await;
    Ok(())
}

async fn paced(duration: Duration, rows: &mut Vec<Row>) -> Result<()> {
    const CLIENTS: u64 = 200;
    let (_folder, accounts, customers) = book().await?;
    let picks = Arc::new(Picks(AtomicU64::new(1)));
    let every = Duration::from_nanos(CLIENTS * 1_000_000_000 / PACE);
    let begin = tokio::time::Instant::now() + Duration::from_millis(50);
    let running = (0..CLIENTS).map(|client| {
        let (accounts, customers, picks) = (accounts.clone(), Arc::clone(&customers), Arc::clone(&picks));
        tokio::spawn(async move {
            let mut took = Vec::new();
            // Their beginnings are spread over the interval, so that they do not all send at once.
            let mut due = begin + every * u32::try_from(client)? / u32::try_from(CLIENTS)?;
            while due < begin + duration {
                let payment = random_transfer(&picks, &customers)?;
                tokio::time::sleep_until(due).await;
                let sent = Instant::now();
                accounts.post(payment).await?;
                took.push(sent.elapsed());
                due += every;
            }
            anyhow::Ok(took)
        })
    });
    let mut samples = Vec::new();
    for client in running.collect::<Vec<_>>() {
        samples.extend(client.await??);
    }
    let name = format!("durable, single transfers at {PACE}/s");
    rows.push(Row {
        name: name.clone(),
        value: rate(samples.len(), begin.elapsed()),
        unit: "transfers/s",
        better: Better::Higher,
        target: None,
        peer: None,
        how: "200 clients that each send at fixed moments.".to_owned(),
    });
    latency(rows, &name, &mut samples, Some(5.0));
    accounts.close().await;
    Ok(())
}

fn latency(rows: &mut Vec<Row>, name: &str, samples: &mut [Duration], target_p99: Option<f64>) {
    for (what, per_mille, target) in [("p50", 500, None), ("p99", 990, target_p99)] {
        rows.push(Row {
            name: format!("{name}: {what}"),
            value: percentile(samples, per_mille).as_secs_f64() * 1e3,
            unit: "ms",
            better: Better::Lower,
            target,
            peer: None,
            how: "From sending to the answer, in the run above.".to_owned(),
        });
    }
}

fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64().max(f64::EPSILON)
}

/// A folder of its own that goes when the run ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("thinpay-bench-ledger-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
