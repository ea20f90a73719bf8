//! A book to measure, the transfers that are put to it, and what doing them took.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accounts::{
    AccountId, Accounts, HolderId, Kind, NewAccount, Operation, Options, Origin, Payment, StoreChoice,
    Timestamp,
};
use anyhow::{Context as _, Result};
use money::{Currency, Money};

/// Customers in the book.
pub(super) const CUSTOMERS: usize = 10_000;
/// What each has to begin with, in minor units: more than a benchmark can spend.
const OPENING_UNITS: i64 = 1_000_000_000;
/// Batches that senders keep in flight.
pub(super) const IN_FLIGHT: usize = 2;

/// Where the journal is.
#[derive(Debug, Clone)]
pub(super) enum Store {
    Embedded,
    /// In a PostgreSQL that is connected to with these words.
    Postgres(String),
}

/// Who is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// All customers are equally likely.
    Uniform,
    /// One merchant receives every second transfer.
    Hot,
}

impl Spread {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Uniform => "",
            Self::Hot => ", one merchant receives half",
        }
    }
}

/// Deterministic picks: the same accounts and keys in every run.
#[derive(Debug)]
pub(super) struct Picks(AtomicU64);

impl Picks {
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    pub(super) fn next(&self) -> u64 {
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

    pub(super) fn key(&self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes()
    }
}

/// A fresh book with customers who have money, and a merchant.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) accounts: Accounts,
    customers: Arc<Vec<AccountId>>,
    merchant: AccountId,
    picks: Arc<Picks>,
    /// Where transfers come from.
    pub(super) origin: Origin,
    pub(super) folder: Arc<Folder>,
}

/// What a run took.
#[derive(Debug, Default, Clone)]
pub(super) struct Load {
    pub(super) transfers: u64,
    /// Until the last was answered.
    pub(super) journaled: Duration,
    /// Until the projections had followed.
    pub(super) followed: Duration,
    /// From sending to the answer, of each batch or transfer.
    pub(super) samples: Vec<Duration>,
    pub(super) syncs: u64,
    pub(super) processor: Duration,
}

impl Load {
    pub(super) fn add(&mut self, other: Self) {
        self.transfers += other.transfers;
        self.journaled += other.journaled;
        self.followed += other.followed;
        self.samples.extend(other.samples);
        self.syncs += other.syncs;
        self.processor += other.processor;
    }
}

pub(super) fn open(folder: &Path, store: &Store) -> Result<Accounts> {
    let clock = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    };
    let mut options = Options::new(folder, Arc::new(clock));
    if let Store::Postgres(words) = store {
        options.store = StoreChoice::Postgres(words.clone());
    }
    Ok(Accounts::open(options)?)
}

/// Opens so many accounts of customers, many at a time.
pub(super) async fn open_customers(accounts: &Accounts, count: usize) -> Result<Vec<AccountId>> {
    let mut opened = Vec::with_capacity(count);
    let numbers: Vec<usize> = (0..count).collect();
    for numbers in numbers.chunks(10_000) {
        let some: Vec<_> = numbers
            .iter()
            .map(|number| open_account(accounts, format!("customer{number}"), Kind::Customer))
            .map(tokio::spawn)
            .collect();
        for account in some {
            opened.push(account.await??);
        }
    }
    Ok(opened)
}

fn open_account(
    accounts: &Accounts,
    holder: String,
    kind: Kind,
) -> impl Future<Output = Result<AccountId, accounts::Error>> + Send + 'static {
    let accounts = accounts.clone();
    let name = holder.clone();
    let mut key = [0xA5; 16];
    for (slot, byte) in key.iter_mut().rev().zip(holder.bytes()) {
        *slot = byte;
    }
    let new = NewAccount { key, holder: HolderId(holder), kind, name, currency: Currency::CNY };
    async move { accounts.open_account(new).await }
}

impl Market {
    pub(super) async fn new(store: &Store) -> Result<Self> {
        let folder = Folder::new()?;
        let accounts = open(&folder.0, store)?;
        let bank = open_account(&accounts, "bank".to_owned(), Kind::Settlement).await?;
        let merchant = open_account(&accounts, "merchant".to_owned(), Kind::Merchant).await?;
        let customers = open_customers(&accounts, CUSTOMERS).await?;
        let picks = Picks::new(u64::MAX / 2);
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
        let (customers, picks) = (Arc::new(customers), Arc::new(Picks::new(1)));
        let (origin, folder) = (Origin::default(), Arc::new(folder));
        Ok(Self { accounts, customers, merchant, picks, origin, folder })
    }

    pub(super) fn payment(&self, spread: Spread) -> Result<Payment> {
        let customers = &self.customers;
        let from = self.picks.below(customers.len());
        let step = 1 + self.picks.below(customers.len().saturating_sub(1));
        let pick =
            |place: usize| customers.get(place % customers.len()).copied().context("there are customers");
        let (from, to) = (pick(from)?, pick(from + step)?);
        if spread == Spread::Hot && self.picks.next() & 1 == 0 {
            let payment = Payment { operation: Operation::Pay, ..transfer(&self.picks, from, self.merchant) };
            return Ok(Payment { origin: self.origin.clone(), ..payment });
        }
        Ok(Payment { origin: self.origin.clone(), ..transfer(&self.picks, from, to) })
    }

    /// Posts so many transfers in batches, and waits for the projections.
    pub(super) async fn batches(&self, batch: usize, total: usize, spread: Spread) -> Result<Load> {
        // The payments exist before the clock starts; making them is their senders' work.
        let mut queues: Vec<Vec<Vec<Payment>>> = vec![Vec::new(); IN_FLIGHT];
        for number in 0..total / batch {
            let payments = (0..batch).map(|_| self.payment(spread)).collect::<Result<Vec<_>>>()?;
            queues.get_mut(number % IN_FLIGHT).context("a queue")?.push(payments);
        }
        let mut load = Load::default();
        let (processor, rows) = (processor_time(), self.accounts.journal_rows());
        let start = Instant::now();
        let senders = queues.into_iter().map(|queue| {
            let accounts = self.accounts.clone();
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(queue.len());
                let mut posted = 0_u64;
                for payments in queue {
                    let start = Instant::now();
                    let answers = accounts.bulk(payments).await?;
                    took.push(start.elapsed());
                    posted += answers.iter().map(|answer| u64::from(answer.is_ok())).sum::<u64>();
                }
                Ok::<_, accounts::Error>((took, posted))
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            let (took, posted) = sender.await??;
            load.samples.extend(took);
            load.transfers += posted;
        }
        load.journaled = start.elapsed();
        self.accounts.settled().await?;
        load.followed = start.elapsed();
        load.syncs = self.accounts.journal_rows() - rows;
        load.processor = processor_time().saturating_sub(processor);
        Ok(load)
    }

    /// So many clients post one transfer after the other.
    pub(super) async fn clients(&self, clients: usize, duration: Duration, spread: Spread) -> Result<Load> {
        let (processor, rows) = (processor_time(), self.accounts.journal_rows());
        let start = Instant::now();
        let running = (0..clients).map(|_| {
            let market = self.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                while start.elapsed() < duration {
                    let payment = market.payment(spread)?;
                    let sent = Instant::now();
                    market.accounts.post(payment).await?;
                    took.push(sent.elapsed());
                }
                anyhow::Ok(took)
            })
        });
        let mut load = Load::default();
        for client in running.collect::<Vec<_>>() {
            load.samples.extend(client.await??);
        }
        load.journaled = start.elapsed();
        self.accounts.settled().await?;
        load.followed = start.elapsed();
        load.transfers = u64::try_from(load.samples.len())?;
        load.syncs = self.accounts.journal_rows() - rows;
        load.processor = processor_time().saturating_sub(processor);
        Ok(load)
    }

    /// Ends with the whole-book check.
    pub(super) async fn end(self) -> Result<()> {
        self.accounts.verify().await?;
        self.accounts.close().await;
        Ok(())
    }
}

fn transfer(picks: &Picks, from: AccountId, to: AccountId) -> Payment {
    Payment::new(picks.key(), Operation::Transfer, from, to, Money::new(1, Currency::CNY))
}

/// What this process has used of the processors.
pub(super) fn processor_time() -> Duration {
    // Fields 14 and 15 of proc(5)'s "stat", in hundredths of a second; what is before them ends with a bracket.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Memory that this process has in use.
pub(super) fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// A folder of its own that goes when the run ends.
#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Result<Self> {
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
