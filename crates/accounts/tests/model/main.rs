//! The whole platform against a slow, obvious model of it: a random sequence of requests of all kinds, repeated
//! ones among them, with changing parameters, days that pass, restarts and rebuilt projections. Every answer is
//! the model's, and so is every record at the end.
//!
//! `THINPAY_LONG=1` makes it long; `THINPAY_SEED` makes it another one.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests compute small numbers")]
#![allow(clippy::print_stdout, reason = "a run that failed is run again by its seed")]

mod asks;
#[path = "../support/desk.rs"]
mod desk;
mod effect;
mod limits;
mod records;
mod reference;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use accounts::{Decline, HolderId, Kind, NewAccount, Operation, Payment, PaymentId};
use asks::{Cast, Dice};
use desk::{Ask, Desk, Done, Place};
use effect::{Effect, effect};
use limits::Numbers;
use money::Currency;
use private_postgres::PrivatePostgres;
use reference::{Model, State};

const SECOND_NS: u64 = support::SECOND_NS;

/// What was asked and told, for asking again.
type Log = Vec<(Ask, Effect, Option<PaymentId>)>;

struct Run {
    desk: Desk,
    model: Model,
    dice: Dice,
    cast: Cast,
    log: Log,
    seen: BTreeMap<String, u64>,
}

impl Run {
    async fn start(place: Place<'_>, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let desk = Desk::open(place);
        let numbers = asks::numbers(&mut dice);
        let now = i64::try_from(desk.clock.now().0 / SECOND_NS).expect("is near");
        let mut model = Model::new(now, numbers);
        let mut open = async |holder: &str, kind, currency| {
            let (key, name) = (desk.key(), format!("{holder} {currency}"));
            let new = NewAccount { key, holder: HolderId(holder.to_owned()), kind, name, currency };
            let id = desk.accounts.open_account(new.clone()).await.expect("opens");
            model.open(id, &new);
            id
        };
        let (yuan, dollars) = (Currency::CNY, Currency::USD);
        let bank = open("bank", Kind::Settlement, yuan).await;
        open("operator", Kind::Fees, yuan).await;
        for currency in [yuan, dollars] {
            open("operator", Kind::Exchange, currency).await;
            open("operator", Kind::Rounding, currency).await;
        }
        let merchants =
            vec![open("luckin", Kind::Merchant, yuan).await, open("tea", Kind::Merchant, yuan).await];
        let (mut customers, mut abroad) = (Vec::new(), Vec::new());
        for customer in ["ann", "ben", "cai", "dou", "eva"] {
            customers.push(open(customer, Kind::Customer, yuan).await);
        }
        for customer in ["ann", "ben"] {
            abroad.push(open(customer, Kind::Customer, dollars).await);
        }
        let cast = Cast { bank, merchants, customers, abroad, guests: Vec::new() };
        let mut run = Self { desk, model, dice, cast, log: Vec::new(), seen: BTreeMap::new() };
        run.put_into_effect(numbers).await;
        for customer in run.cast.customers.clone() {
            let payment = run.desk.payment(Operation::TopUp, run.cast.bank, customer, 5_000);
            run.new_one(Ask::Post(payment)).await;
        }
        run
    }

    async fn put_into_effect(&mut self, numbers: Numbers) {
        for (section, text) in asks::sections(&numbers) {
            support::put_into_effect(&self.desk.accounts, section, &text).await;
        }
        self.model.numbers = numbers;
    }

    /// Asks for something new.
    async fn new_one(&mut self, ask: Ask) {
        let told = self.desk.ask(&ask).await;
        if let (Ask::Open(new), Ok(Done::Opened(account))) = (&ask, &told) {
            self.model.open(*account, new);
            self.cast.guests.push(*account);
        }
        let (number, duplicate, found) = effect(&told);
        let expected = self.model.ask(&ask, number);
        assert_eq!((duplicate, &found), (false, &expected), "{ask:?}");
        self.note(ask, found, number);
    }

    fn note(&mut self, ask: Ask, found: Effect, number: Option<PaymentId>) {
        let word = format!("{found:?}");
        let word = word.split(" {").next().unwrap_or_default();
        let word = word.split("(AccountId").next().unwrap_or_default().to_owned();
        *self.seen.entry(word).or_default() += 1;
        // What is declined without a trace is looked at anew when it is asked again.
        let traceless = matches!(
            found,
            Effect::Declined(
                Decline::NotAllowed
                    | Decline::SameAccount
                    | Decline::AmountOutOfRange
                    | Decline::WaitsForReview
                    | Decline::NotInReview
                    | Decline::NotRefundable
                    | Decline::CurrencyMismatch
            )
        );
        if !traceless {
            self.log.push((ask, found, number));
        }
    }

    /// Asks for something that was asked before, or under a key that was used before.
    async fn old_one(&mut self) {
        let Some((ask, first, number)) = self.dice.pick(&self.log) else { return };
        if self.dice.one_in(4) {
            let (_, _, found) = effect(&self.desk.ask(&desk::changed(&ask)).await);
            assert_eq!(found, Effect::Declined(Decline::KeyReused), "{ask:?}");
            return;
        }
        let (again, duplicate, found) = effect(&self.desk.ask(&desk::signed_again(&ask)).await);
        if first != Effect::InReview {
            assert_eq!((again, found), (number, first), "{ask:?}");
            return;
        }
        let kept = &self.model.payments[&number.expect("has a number")];
        match kept.state {
            State::InReview => assert_eq!((again, found), (number, first)),
            State::Refused => assert_eq!((again, found), (None, Effect::Refused(accounts::Control::Risk))),
            State::Posted => {
                assert_eq!((again, duplicate), (number, true));
                let Effect::Posted { amount, fee, payee_fee, .. } = found else {
                    panic!("is posted: {found:?}")
                };
                assert_eq!((amount, fee, payee_fee), (kept.amount, kept.fee, kept.payee_fee));
            }
        }
    }

    /// Several payments in one row of the journal; some of them twice.
    async fn many(&mut self) {
        let count = 2 + self.dice.below(18);
        let mut payments: Vec<Payment> = Vec::new();
        for _ in 0..count {
            let new = asks::payment(&self.desk, &self.cast, &mut self.dice);
            payments.push(new.clone());
            if self.dice.one_in(8) {
                payments.push(new);
            }
        }
        let told = self.desk.accounts.bulk(payments.clone()).await.expect("submits");
        let mut before: Option<(Payment, Effect, Option<PaymentId>)> = None;
        for (payment, told) in payments.into_iter().zip(told) {
            let (number, duplicate, found) = effect(&told.map(Done::Posted));
            if let Some((_, first, first_number)) = before.take_if(|(twin, ..)| *twin == payment) {
                assert_eq!((number, found), (first_number, first), "{payment:?}");
                continue;
            }
            let expected = self.model.ask(&Ask::Post(payment.clone()), number);
            assert_eq!((duplicate, &found), (false, &expected), "{payment:?}");
            before = Some((payment.clone(), found.clone(), number));
            self.note(Ask::Post(payment), found, number);
        }
    }

    async fn step(&mut self) {
        match self.dice.below(1_000) {
            0..100 => self.old_one().await,
            100..140 => self.many().await,
            140..260 => {
                let seconds = if self.dice.one_in(60) { 200_000 } else { 10 * self.dice.below(300) };
                self.desk.clock.pass(seconds * SECOND_NS);
                self.model.pass(i64::try_from(seconds).expect("small"));
            }
            260..264 => {
                let numbers = asks::numbers(&mut self.dice);
                self.put_into_effect(numbers).await;
            }
            264..266 => {
                self.desk.restart().await;
                records::accounts_are(&self.desk, &self.model).await;
            }
            266 => {
                self.desk.rebuild().await;
                records::accounts_are(&self.desk, &self.model).await;
            }
            _ => {
                let ask = asks::ask(&self.desk, &self.cast, &self.model, &mut self.dice);
                self.new_one(ask).await;
            }
        }
    }
}

async fn equals_the_model(place: Place<'_>, steps: u64) {
    let seed = std::env::var("THINPAY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    let mut run = Run::start(place, seed).await;
    for _ in 0..steps {
        Box::pin(run.step()).await;
    }
    // A row more, so that what has expired has gone.
    let last = run.desk.payment(Operation::TopUp, run.cast.bank, run.cast.customers[0], 1);
    run.new_one(Ask::Post(last)).await;
    println!("seed {seed}, {steps} steps: {:?}", run.seen);
    for kind in
        ["Posted", "Held", "Released", "Refunded", "Exchanged", "InReview", "Refused(Limit)", "Refused(Risk)"]
    {
        assert!(
            run.seen.get(kind).is_some_and(|seen| *seen > steps / 1_000),
            "{kind} was hardly met: {:?}",
            run.seen
        );
    }
    Box::pin(records::are_the_models(&run.desk, &run.model)).await;
    support::check(&run.desk.accounts).await;
    run.desk.rebuild().await;
    Box::pin(records::are_the_models(&run.desk, &run.model)).await;
    support::check(&run.desk.accounts).await;
}

fn steps(short: u64, long: u64) -> u64 {
    if std::env::var_os("THINPAY_LONG").is_some() { long } else { short }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    Box::pin(equals_the_model(Place::Sqlite, steps(5_000, 200_000))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql() {
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    Box::pin(equals_the_model(Place::Postgres(&server), steps(1_000, 50_000))).await;
}
