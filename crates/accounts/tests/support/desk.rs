//! A book that a test works at: on either store, closed and opened again, its projections thrown away, with a key
//! for each new request.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::arithmetic_side_effects, reason = "tests compute small numbers")]

use std::sync::atomic::{AtomicU64, Ordering};

use accounts::{
    AccountId, Accounts, Act, Capture, Consent, Control, ControlRefusal, Decline, Error, Exchange, Exchanged,
    Held, HolderId, Kind, NewAccount, NewHold, Operation, Options, Origin, ParameterChange, Payment,
    PaymentId, PaymentRecord, Posted, Refund, Refunded, Release, Released, Resolution, StoreChoice,
};
use money::{Currency, Money};
use private_postgres::PrivatePostgres;

use crate::support::{TestClock, key, yuan};

/// Where the journals of a test are.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    Sqlite,
    Postgres(&'a PrivatePostgres),
}

impl Place<'_> {
    /// A store that no other book has.
    fn store(self) -> StoreChoice {
        static BOOKS: AtomicU64 = AtomicU64::new(1);
        match self {
            Self::Sqlite => StoreChoice::Sqlite,
            Self::Postgres(server) => {
                let number = BOOKS.fetch_add(1, Ordering::SeqCst);
                StoreChoice::Postgres(format!("{} schema=book{number}", server.words()))
            }
        }
    }
}

#[derive(Debug)]
pub struct Desk {
    folder: tempfile::TempDir,
    options: Options,
    pub clock: TestClock,
    pub accounts: Accounts,
    next_key: AtomicU64,
}

impl Desk {
    pub fn open(place: Place<'_>) -> Self {
        Self::remembering(place, usize::MAX)
    }

    /// A book that remembers about so many keys in memory.
    pub fn remembering(place: Place<'_>, keys_max: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = TestClock::new();
        let mut options = clock.options(folder.path());
        options.store = place.store();
        options.limits.keys_max = options.limits.keys_max.min(keys_max);
        let accounts = Accounts::open(options.clone()).expect("opens");
        Self { folder, options, clock, accounts, next_key: AtomicU64::new(2_000_000) }
    }

    pub fn key(&self) -> [u8; 16] {
        key(self.next_key.fetch_add(1, Ordering::SeqCst))
    }

    /// Closes the book and opens it again.
    pub async fn restart(&mut self) {
        self.accounts.close().await;
        self.accounts = Accounts::open(self.options.clone()).expect("opens again");
    }

    /// Closes the book, changes the snapshot that is left of it, and opens it again.
    pub async fn restart_damaged(&mut self, damage: impl FnOnce(&mut Vec<u8>)) {
        self.accounts.close().await;
        let file = rusqlite::Connection::open(self.folder.path().join("projections.sqlite")).expect("opens");
        let mut snapshot: Vec<u8> =
            file.query_row("SELECT book FROM snapshot", [], |row| row.get(0)).expect("there is a snapshot");
        damage(&mut snapshot);
        file.execute("UPDATE snapshot SET book = ?1", [snapshot]).expect("writes");
        drop(file);
        self.accounts = Accounts::open(self.options.clone()).expect("opens all the same");
    }

    /// Closes the book, throws away all but the journal, and opens it again.
    pub async fn rebuild(&mut self) {
        self.accounts.close().await;
        Accounts::discard_projections(self.folder.path()).expect("discards");
        self.accounts = Accounts::open(self.options.clone()).expect("opens without projections");
    }

    pub async fn open_account(&self, holder: &str, kind: Kind, currency: Currency) -> AccountId {
        let name = format!("{holder} {currency}");
        let new = NewAccount { key: self.key(), holder: HolderId(holder.to_owned()), kind, name, currency };
        self.accounts.open_account(new).await.expect("opens")
    }

    pub fn pay(&self, from: AccountId, to: AccountId, units: i64) -> Payment {
        self.payment(Operation::Pay, from, to, units)
    }

    pub fn payment(&self, operation: Operation, from: AccountId, to: AccountId, units: i64) -> Payment {
        Payment { consent: Consent::Signed, ..Payment::new(self.key(), operation, from, to, yuan(units)) }
    }

    pub fn new_hold(&self, from: AccountId, to: AccountId, units: i64) -> NewHold {
        NewHold {
            key: self.key(),
            from,
            to,
            amount: yuan(units),
            expires: None,
            memo: "deposit".to_owned(),
            reference: String::new(),
            origin: Origin::default(),
            consent: Consent::Signed,
            evidence: b"signed".to_vec(),
        }
    }

    pub fn capture_of(&self, hold: PaymentId, units: i64, last: bool) -> Capture {
        Capture {
            key: self.key(),
            hold,
            amount: yuan(units),
            last,
            reference: String::new(),
            evidence: Vec::new(),
        }
    }

    pub fn release_of(&self, hold: PaymentId) -> Release {
        Release { key: self.key(), hold }
    }

    pub fn refund_of(&self, original: PaymentId, units: i64) -> Refund {
        let (memo, reference) = ("given back".to_owned(), String::new());
        Refund { key: self.key(), original, amount: yuan(units), memo, reference, evidence: Vec::new() }
    }

    pub fn exchange_of(&self, from: AccountId, to: AccountId, amount: Money) -> Exchange {
        Exchange {
            key: self.key(),
            from,
            to,
            amount,
            agreed: None,
            memo: "travel".to_owned(),
            reference: String::new(),
            origin: Origin::default(),
            consent: Consent::Signed,
            evidence: Vec::new(),
        }
    }

    pub fn resolution(&self, payment: PaymentId, post: bool) -> Resolution {
        let (operator, note) = ("ada".to_owned(), "called the customer".to_owned());
        Resolution { key: self.key(), payment, post, operator, note, evidence: Vec::new() }
    }

    pub async fn post(&self, payment: Payment) -> Result<Posted, Error> {
        self.accounts.post(payment).await
    }

    /// Balance and what can be spent of it.
    pub async fn standing(&self, account: AccountId) -> (i64, i64) {
        let account = self.accounts.account(account).await.expect("reads").expect("exists");
        (account.balance.minor_units(), account.available.minor_units())
    }

    pub async fn record(&self, payment: PaymentId) -> PaymentRecord {
        self.accounts.payment(payment).await.expect("reads").expect("is known")
    }
}

pub fn at_terminal(terminal: &str, payment: Payment) -> Payment {
    Payment { origin: Origin { terminal: terminal.to_owned(), ..payment.origin }, ..payment }
}

pub fn in_app(app: &str, payment: Payment) -> Payment {
    Payment { origin: Origin { app: app.to_owned(), ..payment.origin }, ..payment }
}

pub fn declined<T: std::fmt::Debug>(result: Result<T, Error>) -> Decline {
    match result.expect_err("is declined") {
        Error::Declined(decline) => decline,
        other => panic!("failed otherwise: {other}"),
    }
}

/// The words of a control that refused.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, by: Control) -> String {
    match declined(result) {
        Decline::Controls(ControlRefusal { control, words }) if control == by => words,
        other => panic!("declined otherwise than by {by:?}: {other:?}"),
    }
}

/// The payment that waits for review.
pub fn in_review<T: std::fmt::Debug>(result: Result<T, Error>) -> PaymentId {
    match result.expect_err("is not posted yet") {
        Error::InReview { payment } => payment,
        other => panic!("failed otherwise: {other}"),
    }
}

/// Any request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Open(NewAccount),
    Close([u8; 16], AccountId),
    Post(Payment),
    Hold(NewHold),
    Capture(Capture),
    Release(Release),
    Refund(Refund),
    Exchange(Exchange),
    Resolve(Resolution),
    Act(Act),
    Tier([u8; 16], AccountId, String),
    Parameter(ParameterChange),
}

/// What it is told when it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Opened(AccountId),
    Nothing,
    Posted(Posted),
    Held(Held),
    Released(Released),
    Refunded(Refunded),
    Exchanged(Exchanged),
    Noted(PaymentId),
}

impl Done {
    /// Whether it had been done before, and what was told then.
    pub fn first(mut self) -> (bool, Self) {
        let duplicate = match &mut self {
            Self::Posted(Posted { duplicate, .. })
            | Self::Held(Held { duplicate, .. })
            | Self::Released(Released { duplicate, .. })
            | Self::Refunded(Refunded { duplicate, .. })
            | Self::Exchanged(Exchanged { duplicate, .. }) => std::mem::take(duplicate),
            Self::Opened(_) | Self::Nothing | Self::Noted(_) => false,
        };
        (duplicate, self)
    }
}

impl Desk {
    pub async fn ask(&self, ask: &Ask) -> Result<Done, Error> {
        let accounts = &self.accounts;
        Ok(match ask.clone() {
            Ask::Open(new) => Done::Opened(accounts.open_account(new).await?),
            Ask::Close(key, account) => {
                accounts.close_account(key, account).await?;
                Done::Nothing
            }
            Ask::Post(payment) => Done::Posted(accounts.post(payment).await?),
            Ask::Hold(hold) => Done::Held(accounts.hold(hold).await?),
            Ask::Capture(capture) => Done::Posted(accounts.capture(capture).await?),
            Ask::Release(release) => Done::Released(accounts.release(release).await?),
            Ask::Refund(refund) => Done::Refunded(accounts.refund(refund).await?),
            Ask::Exchange(exchange) => Done::Exchanged(accounts.exchange(exchange).await?),
            Ask::Resolve(resolution) => {
                accounts.resolve(resolution).await?;
                Done::Nothing
            }
            Ask::Act(act) => Done::Noted(accounts.act(act).await?),
            Ask::Tier(key, account, tier) => {
                accounts.set_tier(key, account, &tier, "ada").await?;
                Done::Nothing
            }
            Ask::Parameter(change) => {
                accounts.change_parameter(change).await?;
                Done::Nothing
            }
        })
    }
}

/// The same key with something else.
pub fn changed(ask: &Ask) -> Ask {
    let more = |amount: Money| Money::new(amount.minor_units() + 1, amount.currency());
    match ask.clone() {
        Ask::Open(new) => Ask::Open(NewAccount { name: "another name".to_owned(), ..new }),
        Ask::Close(key, account) => Ask::Tier(key, account, "gold".to_owned()),
        Ask::Post(payment) => Ask::Post(Payment { amount: more(payment.amount), ..payment }),
        Ask::Hold(hold) => Ask::Hold(NewHold { memo: "another memo".to_owned(), ..hold }),
        Ask::Capture(capture) => Ask::Capture(Capture { last: !capture.last, ..capture }),
        Ask::Release(Release { key, hold }) => Ask::Capture(Capture {
            key,
            hold,
            amount: yuan(1),
            last: true,
            reference: String::new(),
            evidence: Vec::new(),
        }),
        Ask::Refund(refund) => Ask::Refund(Refund { memo: "another memo".to_owned(), ..refund }),
        Ask::Exchange(exchange) => Ask::Exchange(Exchange { amount: more(exchange.amount), ..exchange }),
        Ask::Resolve(resolution) => Ask::Resolve(Resolution { post: !resolution.post, ..resolution }),
        Ask::Act(act) => Ask::Act(Act { subject: "another".to_owned(), ..act }),
        Ask::Tier(key, account, _) => Ask::Tier(key, account, "another".to_owned()),
        Ask::Parameter(change) => Ask::Parameter(ParameterChange { operator: "ben".to_owned(), ..change }),
    }
}

/// The same request with another proof.
pub fn signed_again(ask: &Ask) -> Ask {
    let evidence = b"another signature".to_vec();
    match ask.clone() {
        Ask::Post(payment) => Ask::Post(Payment { evidence, consent: Consent::SteppedUp, ..payment }),
        Ask::Hold(hold) => Ask::Hold(NewHold { evidence, ..hold }),
        Ask::Capture(capture) => Ask::Capture(Capture { evidence, ..capture }),
        Ask::Refund(refund) => Ask::Refund(Refund { evidence, ..refund }),
        Ask::Exchange(exchange) => Ask::Exchange(Exchange { evidence, ..exchange }),
        Ask::Resolve(resolution) => Ask::Resolve(Resolution { evidence, ..resolution }),
        Ask::Parameter(change) => Ask::Parameter(ParameterChange { evidence, ..change }),
        other => other,
    }
}
