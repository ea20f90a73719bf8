//! The balance of any moment, and the lines of any stretch of time, against a list that the test keeps.

use accounts::{AccountId, Operation, Payment, Timestamp};

use crate::desk::{Desk, Place};
use crate::support::{SECOND_NS, check, put_into_effect, settle_in, yuan};

/// A generator of numbers: the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Lines of one account: when, how much, and the balance after it.
type Kept = Vec<(Timestamp, i64, i64)>;

async fn compare(desk: &Desk, account: AccountId, kept: &Kept, from: Timestamp, until: Timestamp) {
    let before = |at: Timestamp| kept.iter().rev().find(|line| line.0 < at).map_or(0, |line| line.2);
    let period = desk.accounts.period(account, from, until).await.expect("reads").expect("exists");
    assert_eq!(period.opening, yuan(before(from)));
    let found: Kept = period
        .entries
        .iter()
        .map(|line| (line.at, line.amount.minor_units(), line.balance_after.minor_units()))
        .collect();
    let expected: Kept = kept.iter().copied().filter(|line| from <= line.0 && line.0 < until).collect();
    assert_eq!(found, expected);
    assert_eq!(period.closing, yuan(if until < from { before(until) } else { before(until.max(from)) }));
    assert_eq!(desk.accounts.balance_at(account, from).await.expect("reads"), Some(yuan(before(from))));
}

pub(crate) async fn of_any_moment_is_what_it_was(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    put_into_effect(&desk.accounts, parameters::Section::Fees, crate::fees::FEES).await;
    let start = desk.clock.now();
    let mut kept: Kept = Vec::new();
    let opened = desk.accounts.history(alice, None, 10).await.expect("reads").entries;
    kept.extend(
        opened.iter().map(|line| (line.at, line.amount.minor_units(), line.balance_after.minor_units())),
    );
    let mut balance = kept.iter().map(|line| line.1).sum::<i64>();
    let mut add = |kept: &mut Kept, at, units| {
        balance += units;
        kept.push((at, units, balance));
    };
    let mut dice = Dice(20_261_123);
    for round in 0..120 {
        desk.clock.pass(dice.below(40) * SECOND_NS);
        let units = i64::try_from(dice.below(300)).expect("small") + 1;
        match dice.below(4) {
            0 => {
                let posted = desk.post(desk.payment(Operation::TopUp, people.settlement, alice, units)).await;
                add(&mut kept, posted.expect("posts").at, units);
            }
            1 => {
                // With a fee on a line of its own.
                let cash = desk.payment(Operation::Withdrawal, alice, people.settlement, units);
                let posted = desk.post(cash).await.expect("posts");
                add(&mut kept, posted.at, -units);
                add(&mut kept, posted.at, -posted.fee.minor_units());
            }
            2 => {
                // Several in one row: all of one moment.
                let sent: Vec<Payment> =
                    (0..5).map(|_| desk.payment(Operation::Transfer, alice, bob, units)).collect();
                for posted in desk.accounts.bulk(sent).await.expect("submits") {
                    add(&mut kept, posted.expect("posts").at, -units);
                }
            }
            _ => {
                // Of others, and nobody's.
                desk.post(desk.payment(Operation::Transfer, bob, alice, 10_000_000))
                    .await
                    .expect_err("declines");
                desk.post(desk.pay(bob, people.merchant, 1)).await.expect("posts");
            }
        }
        if round == 60 {
            desk.restart().await;
        }
    }
    let end = desk.clock.now();
    let moments: Vec<Timestamp> = (0..60)
        .map(|_| match dice.below(3) {
            0 => Timestamp(start.0 + dice.below(end.0 - start.0)),
            // At a line, and right after it.
            1 => kept[usize::try_from(dice.below(kept.len() as u64)).expect("small")].0,
            _ => Timestamp(kept[usize::try_from(dice.below(kept.len() as u64)).expect("small")].0.0 + 1),
        })
        .chain([Timestamp(0), start, end, Timestamp(u64::MAX)])
        .collect();
    for rebuilt in [false, true] {
        if rebuilt {
            desk.rebuild().await;
        }
        for pair in moments.windows(2) {
            let (from, until) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            compare(&desk, alice, &kept, from, until).await;
        }
        // Day by day it is all of it, once.
        let mut found = 0;
        let mut from = Timestamp(0);
        while from <= end {
            let until = Timestamp(if from.0 == 0 { start.0 } else { from.0 + 600 * SECOND_NS });
            found +=
                desk.accounts.period(alice, from, until).await.expect("reads").expect("exists").entries.len();
            from = until;
        }
        assert_eq!(found, kept.len());
    }
    let later = desk.open_account("later", accounts::Kind::Customer, money::Currency::CNY).await;
    assert_eq!(desk.accounts.balance_at(later, end).await.expect("reads"), Some(yuan(0)));
    let nobody: AccountId = "1000009958".parse().expect("an account number");
    assert_eq!(desk.accounts.balance_at(nobody, end).await.expect("reads"), None);
    check(&desk.accounts).await;
}
