//! What the tests of the account platform share: a clock they set, a book with people in it, and one check at
//! the end of each.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests compute small numbers"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use accounts::{
    AccountId, Accounts, HolderId, Kind, NewAccount, Operation, Options, ParameterChange, ParameterStep,
    Payment, Posted, Timestamp, Verified,
};
use money::{Currency, Money};
use parameters::{INSTALLATION, Section};

/// A clock that the test moves. Each look moves it by a microsecond, so that no two postings share a moment.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

pub const SECOND_NS: u64 = 1_000_000_000;

impl TestClock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_760_000_000 * SECOND_NS)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub fn pass(&self, nanoseconds: u64) {
        self.0.fetch_add(nanoseconds, Ordering::SeqCst);
    }

    pub fn options(&self, path: &Path) -> Options {
        let clock = self.0.clone();
        Options::new(path, Arc::new(move || Timestamp(clock.fetch_add(1000, Ordering::SeqCst))))
    }
}

pub fn yuan(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::CNY)
}

/// Keys are numbered: a test that fails does so again.
pub fn key(number: u64) -> [u8; 16] {
    let mut key = [7; 16];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// A number for a word, far from those that tests count.
fn fold(word: &str) -> u64 {
    word.bytes().fold(1 << 62, |number, byte| number.rotate_left(5) ^ u64::from(byte))
}

/// Puts a section into effect, as two operators would.
pub async fn put_into_effect(accounts: &Accounts, section: Section, text: &str) {
    if accounts.registry().versions(Section::Operators).is_empty() {
        let operators =
            Section::Operators.template().replace("first.operator", "ada").replace("second.operator", "ben");
        approve(accounts, Section::Operators, &operators, [INSTALLATION, INSTALLATION]).await;
    }
    approve(accounts, section, text, ["ada", "ben"]).await;
}

async fn approve(accounts: &Accounts, section: Section, text: &str, operators: [&str; 2]) {
    let version = u32::try_from(accounts.registry().versions(section).len()).expect("few") + 1;
    let draft = ParameterStep::Draft { section, text: text.to_owned(), effective: None, note: String::new() };
    let steps = [draft, ParameterStep::Approve { section, version }];
    for (operator, step) in operators.into_iter().zip(steps) {
        let number = fold(&format!("{section:?}{version}{}", matches!(step, ParameterStep::Approve { .. })));
        let change =
            ParameterChange { key: key(number), operator: operator.to_owned(), step, evidence: Vec::new() };
        accounts.change_parameter(change).await.expect("is a good parameter");
    }
}

/// A book with a settlement account, a fee account, customers with money, and a merchant.
#[derive(Debug)]
pub struct People {
    pub settlement: AccountId,
    pub fees: AccountId,
    pub customers: Vec<AccountId>,
    pub merchant: AccountId,
}

pub const OPENING_UNITS: i64 = 100_000;

pub async fn open_account(accounts: &Accounts, holder: &str, kind: Kind) -> AccountId {
    let new = NewAccount {
        key: key(fold(holder)),
        holder: HolderId(holder.to_owned()),
        kind,
        name: format!("{holder}'s account"),
        currency: Currency::CNY,
    };
    accounts.open_account(new).await.expect("opens")
}

pub async fn settle_in(accounts: &Accounts, customers: u64) -> People {
    let settlement = open_account(accounts, "bank", Kind::Settlement).await;
    let fees = open_account(accounts, "operator", Kind::Fees).await;
    let merchant = open_account(accounts, "luckin", Kind::Merchant).await;
    let mut people = People { settlement, fees, customers: Vec::new(), merchant };
    for number in 0..customers {
        let customer = open_account(accounts, &format!("customer{number}"), Kind::Customer).await;
        let top_up = payment(1_000_000 + number, Operation::TopUp, settlement, customer, OPENING_UNITS);
        accounts.post(top_up).await.expect("tops up");
        people.customers.push(customer);
    }
    people
}

pub fn payment(number: u64, operation: Operation, from: AccountId, to: AccountId, units: i64) -> Payment {
    Payment {
        memo: format!("payment {number}"),
        evidence: number.to_le_bytes().to_vec(),
        ..Payment::new(key(number), operation, from, to, yuan(units))
    }
}

pub async fn balance(accounts: &Accounts, account: AccountId) -> i64 {
    accounts.account(account).await.expect("reads").expect("exists").balance.minor_units()
}

/// The whole-book check that ends every test.
pub async fn check(accounts: &Accounts) -> Verified {
    let verified = accounts.verify().await.expect("the book is sound");
    accounts.settled().await.expect("the projections follow");
    let again = accounts.verify().await.expect("and is sound with the projections settled");
    assert!(again.rows >= verified.rows);
    again
}

pub fn units(posted: &Posted) -> (i64, i64) {
    (posted.from_balance.minor_units(), posted.to_balance.minor_units())
}
