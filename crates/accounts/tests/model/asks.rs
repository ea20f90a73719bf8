//! Random requests: mostly such as make sense, some that do not.

use accounts::{
    AccountId, Act, Consent, HolderId, Kind, NewAccount, NewHold, Operation, Origin, Payment, PaymentId,
    Timestamp,
};
use money::{Currency, Money};
use parameters::Section;

use crate::desk::{Ask, Desk};
use crate::limits::Numbers;
use crate::reference::Model;
use crate::support::yuan;

/// A generator of numbers: the same in every run with the same seed.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub(crate) fn units(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).expect("small")
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(u64::try_from(from.len().max(1)).expect("small"));
        from.get(usize::try_from(place).expect("small")).cloned()
    }
}

/// Who there is.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) bank: AccountId,
    pub(crate) merchants: Vec<AccountId>,
    pub(crate) customers: Vec<AccountId>,
    pub(crate) abroad: Vec<AccountId>,
    /// Accounts that were opened on the way; some are closed again.
    pub(crate) guests: Vec<AccountId>,
}

pub(crate) fn numbers(dice: &mut Dice) -> Numbers {
    Numbers {
        fixed_fee: dice.units(80),
        fee_ppm: dice.units(20_000),
        cash_fee_max: 20 + dice.units(50),
        per_transaction: 3_000 + dice.units(4_000),
        day: 15_000 + dice.units(30_000),
        day_count: usize::try_from(8 + dice.below(20)).expect("small"),
        month: 120_000 + dice.units(120_000),
        gold_per_transaction: 6_000 + dice.units(4_000),
        till_day_count: usize::try_from(6 + dice.below(20)).expect("small"),
        tea_day: 15_000 + dice.units(30_000),
        review: 1_500 + dice.units(1_500),
        step_up: 1_500 + dice.units(2_000),
        rate: 100 + dice.units(80),
    }
}

/// Minor units as they are written in parameters.
fn written(units: i64) -> String {
    format!("{}.{:02} CNY", units / 100, units % 100)
}

/// The sections that say these numbers.
pub(crate) fn sections(numbers: &Numbers) -> [(Section, String); 4] {
    let Numbers { fixed_fee, fee_ppm, cash_fee_max, per_transaction, day, day_count, month, .. } = *numbers;
    let Numbers { gold_per_transaction, till_day_count, tea_day, review, step_up, rate, .. } = *numbers;
    let percent = format!("{}.{:04} %", fee_ppm / 10_000, fee_ppm % 10_000);
    let fees = format!(
        r#"
[[schedule]]
name = "payments"
operation = "pay"
currency = "CNY"
payer = "customer"
fixed = "{}"

[[schedule]]
name = "luckin pays itself"
merchant = "luckin"
operation = "pay"
currency = "CNY"
payer = "merchant"
rate = "{percent}"
minimum = "0.01 CNY"

[[schedule]]
name = "cash"
operation = "withdrawal"
currency = "CNY"
payer = "customer"
rate = "{percent}"
maximum = "{}"
rounding = "up"
"#,
        written(fixed_fee),
        written(cash_fee_max)
    );
    let limits = format!(
        r#"
[[rule]]
name = "customer"
applies-to = "account"
operations = ["pay", "transfer", "withdrawal"]
per-transaction-maximum = "{}"
day-amount = "{}"
day-count = {day_count}
month-amount = "{}"

[[rule]]
name = "gold customer"
applies-to = "tier"
which = "gold"
operations = ["pay", "transfer", "withdrawal"]
per-transaction-maximum = "{}"
month-amount = "{}"
instead-of = ["customer"]

[[rule]]
name = "till"
applies-to = "terminal"
day-count = {till_day_count}

[[rule]]
name = "tea"
applies-to = "merchant"
which = "tea"
day-amount = "{}"
"#,
        written(per_transaction),
        written(day),
        written(month),
        written(gold_per_transaction),
        written(month),
        written(tea_day)
    );
    let rule = |name: &str, operation: &str, least: i64, decision: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nwhen.operation = \"{operation}\"\nwhen.amount = \"at least {}\"\n\
             decision = \"{decision}\"\ntell-customer = \"Wait.\"\ntell-desk = \"Much.\"\n\n",
            written(least)
        )
    };
    let risk = rule("much", "pay", review, "review") + &rule("sent", "transfer", step_up, "step-up");
    let exchange = format!("[[rate]]\nfrom = \"CNY\"\nto = \"USD\"\nrate = \"0.{rate:03}\"\n");
    [(Section::Fees, fees), (Section::Limits, limits), (Section::Risk, risk), (Section::Exchange, exchange)]
}

impl Cast {
    fn any_customer(&self, dice: &mut Dice) -> AccountId {
        let all = if dice.one_in(25) && !self.guests.is_empty() { &self.guests } else { &self.customers };
        dice.pick(all).expect("there are some")
    }

    fn merchant(&self, dice: &mut Dice) -> AccountId {
        dice.pick(&self.merchants).expect("there are some")
    }
}

fn amount(dice: &mut Dice) -> i64 {
    match dice.below(20) {
        0 => 1 + dice.units(3),
        1 => 4_000 + dice.units(8_000),
        2 => 1_000_000 + dice.units(1_000),
        _ => 1 + dice.units(4_000),
    }
}

fn origin(dice: &mut Dice) -> Origin {
    let terminal = ["", "", "", "till-1", "till-2"].map(str::to_owned);
    Origin { terminal: dice.pick(&terminal).expect("there are some"), ..Origin::default() }
}

fn consent(dice: &mut Dice) -> Consent {
    let all = [Consent::None, Consent::Signed, Consent::Signed, Consent::SteppedUp, Consent::Operator];
    dice.pick(&all).expect("there are some")
}

/// A payment of any kind.
pub(crate) fn payment(desk: &Desk, cast: &Cast, dice: &mut Dice) -> Payment {
    let (one, other) = (cast.any_customer(dice), cast.any_customer(dice));
    let (operation, from, to) = match dice.below(64) {
        0..30 => (Operation::Pay, one, cast.merchant(dice)),
        30..42 => (Operation::Transfer, one, other),
        42..54 => (Operation::TopUp, cast.bank, one),
        54..59 => (Operation::Withdrawal, one, cast.bank),
        59..62 => (Operation::Settlement, cast.merchant(dice), cast.bank),
        62 => (Operation::Transfer, one, cast.merchant(dice)),
        _ => (Operation::TopUp, one, other),
    };
    let agreed_fee = dice.one_in(10).then(|| yuan(dice.units(60)));
    let agreed_fee = if dice.one_in(12) { Some(yuan(0)) } else { agreed_fee };
    let units = amount(dice);
    Payment {
        agreed_fee,
        memo: format!("payment {}", dice.below(1_000)),
        origin: origin(dice),
        consent: consent(dice),
        ..desk.payment(operation, from, to, units)
    }
}

/// A request of any kind but a parameter's.
pub(crate) fn ask(desk: &Desk, cast: &Cast, model: &Model, dice: &mut Dice) -> Ask {
    // The newer ones oftener.
    let holds: Vec<PaymentId> = model.holds.keys().rev().take(12).copied().collect();
    let hold = |dice: &mut Dice, in_review: bool| {
        let wanted: Vec<PaymentId> =
            holds.iter().copied().filter(|hold| model.holds[hold].in_review == in_review).collect();
        let any = dice.one_in(12);
        dice.pick(if any || wanted.is_empty() { &holds } else { &wanted })
    };
    let recent: Vec<PaymentId> = model.payments.keys().rev().take(60).copied().collect();
    match dice.below(100) {
        0..52 => Ask::Post(payment(desk, cast, dice)),
        52..60 => {
            let seconds = u64::try_from(model.now).expect("is after 1970") + 5 + 10 * dice.below(2_000);
            let expires = dice.one_in(2).then(|| Timestamp(seconds * 1_000_000_000));
            let (from, to, units) = (cast.any_customer(dice), cast.merchant(dice), amount(dice));
            let (origin, consent) = (origin(dice), consent(dice));
            Ask::Hold(NewHold { expires, origin, consent, ..desk.new_hold(from, to, units) })
        }
        60..69 => match hold(dice, false) {
            Some(hold) => {
                let most = u64::try_from(model.holds[&hold].left + 20).expect("is positive");
                Ask::Capture(desk.capture_of(hold, 1 + dice.units(most), dice.one_in(2)))
            }
            None => Ask::Release(desk.release_of(recent[0])),
        },
        69..72 => Ask::Release(desk.release_of(hold(dice, false).unwrap_or(recent[0]))),
        72..82 => {
            let original = dice.pick(&recent).expect("there are some");
            let most = u64::try_from(model.payments[&original].amount + 10).expect("is positive");
            let units = if dice.one_in(2) { 1 + dice.units(most) } else { 1 + dice.units(200) };
            Ask::Refund(desk.refund_of(original, units))
        }
        82..88 => {
            let (from, to) = (cast.any_customer(dice), dice.pick(&cast.abroad).expect("there are some"));
            let (from, to) = if dice.one_in(20) { (to, from) } else { (from, to) };
            let units = if dice.one_in(10) { 1 + dice.units(12) } else { amount(dice) };
            let agreed =
                dice.one_in(10).then(|| Money::new(units * model.numbers.rate / 1_000, Currency::USD));
            let currency =
                if model.accounts[&from].currency == Currency::USD { Currency::USD } else { Currency::CNY };
            let exchange = desk.exchange_of(from, to, Money::new(units, currency));
            Ask::Exchange(accounts::Exchange { agreed, origin: origin(dice), ..exchange })
        }
        88..94 => {
            let payment = hold(dice, true).unwrap_or(recent[0]);
            Ask::Resolve(desk.resolution(payment, !dice.one_in(3)))
        }
        94 => {
            let tier = if dice.one_in(2) { "gold" } else { accounts::STANDARD_TIER };
            Ask::Tier(desk.key(), cast.any_customer(dice), tier.to_owned())
        }
        95..97 => Ask::Close(desk.key(), dice.pick(&cast.guests).unwrap_or(cast.bank)),
        97..99 => {
            let (holder, name) = (HolderId("guest".to_owned()), "a guest".to_owned());
            Ask::Open(NewAccount {
                key: desk.key(),
                holder,
                kind: Kind::Customer,
                name,
                currency: Currency::CNY,
            })
        }
        _ => Ask::Act(Act {
            key: desk.key(),
            actor: "ada".to_owned(),
            action: "sign-in".to_owned(),
            subject: String::new(),
            detail: format!("{}", dice.below(100)),
        }),
    }
}
