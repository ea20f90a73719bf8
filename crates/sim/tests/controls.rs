//! What fees, limits and risk rules do to a session: before the signature where that is possible.
#![allow(clippy::unwrap_used, reason = "a profile that is not one fails the test")]

use accounts::{AccountId, Resolution};
use identity::Language;
use parameters::Section;
use profile::HardwareProfile;
use sim::{Connection, Device, PASSWORD, World};

struct Shop {
    world: World,
    alice: AccountId,
    luckin: AccountId,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let alice = world.customer("alice", "Alice Wang", Language::English, 50_000);
        let luckin = world.merchant("luckin", "Luckin Coffee");
        Self { world, alice, luckin }
    }

    fn phone(&self) -> Device {
        let phone = include_str!("../../../profiles/phone-480x800.toml");
        self.world.enrol("alice", &HardwareProfile::from_toml(phone).unwrap())
    }

    fn sign_in<'a>(&'a self, device: &'a Device) -> Connection<'a> {
        let mut connection = self.world.connect(device, PASSWORD);
        connection.settle();
        connection
    }

    fn balances(&self) -> (i64, i64) {
        (self.world.balance(self.alice), self.world.balance(self.luckin))
    }

    fn with_risk_rule(&self, decision: &str) {
        let rules = format!(
            r#"
[[rule]]
name = "large"
when.amount = "at least 20.00 CNY"
decision = "{decision}"
tell-customer = "This is an unusual amount."
tell-desk = "An unusual amount."
"#
        );
        self.world.put_into_effect(Section::Risk, &rules);
    }
}

#[test]
fn a_fee_is_shown_signed_and_posted() {
    let shop = Shop::new(31);
    let fees = r#"
[[schedule]]
name = "payments"
operation = "pay"
currency = "CNY"
payer = "customer"
fixed = "0.50 CNY"
"#;
    shop.world.put_into_effect(Section::Fees, fees);
    let phone = shop.phone();
    let mut connection = shop.sign_in(&phone);
    connection.order_payment("luckin", "23.50");
    connection.expect("0.50");
    connection.tap("platform.confirm");
    assert_eq!(connection.signed[0].fields().fee.minor_units(), 50);
    assert_eq!(shop.balances(), (50_000 - 2_400, 2_350));
    shop.world.check_books();
}

#[test]
fn over_a_limit_is_refused_before_anything_is_signed() {
    let shop = Shop::new(32);
    let limits = r#"
[[rule]]
name = "day"
applies-to = "account"
currency = "CNY"
day-amount = "30.00 CNY"
"#;
    shop.world.put_into_effect(Section::Limits, limits);
    let phone = shop.phone();
    let mut connection = shop.sign_in(&phone);
    connection.order_payment("luckin", "23.50");
    connection.tap("platform.confirm");
    assert_eq!(shop.balances(), (50_000 - 2_350, 2_350));
    connection.tap("done");
    connection.order_payment("luckin", "6.51");
    connection.expect("exceed a limit");
    assert_eq!(connection.signed.len(), 1, "the second was not even shown for signing");
    assert_eq!(shop.balances(), (50_000 - 2_350, 2_350));
    shop.world.check_books();
}

#[test]
fn a_payment_in_review_is_paid_when_the_operator_posts_it() {
    let shop = Shop::new(33);
    shop.with_risk_rule("review");
    let phone = shop.phone();
    let mut connection = shop.sign_in(&phone);
    connection.order_payment("luckin", "23.50");
    connection.tap("platform.confirm");
    connection.expect("The operator is checking");
    assert_eq!(shop.balances(), (50_000, 0), "set aside, not paid");
    let accounts = &shop.world.services.accounts;
    let queue = shop.world.wait(accounts.review_queue()).unwrap();
    let [waiting] = &queue[..] else { panic!("one payment waits") };
    assert_eq!(waiting.reasons.len(), 1);
    let resolution = Resolution {
        key: [9; 16],
        payment: waiting.payment,
        post: true,
        operator: "ada".to_owned(),
        note: "known customer".to_owned(),
        evidence: Vec::new(),
    };
    shop.world.wait(accounts.resolve(resolution)).unwrap();
    assert_eq!(shop.balances(), (50_000 - 2_350, 2_350));
    shop.world.check_books();
}

#[test]
fn what_a_risk_rule_forbids_is_refused_before_anything_is_signed() {
    for (seed, decision, words) in
        [(34, "refuse", "ask the operator"), (35, "step-up", "further proof that it is you")]
    {
        let shop = Shop::new(seed);
        shop.with_risk_rule(decision);
        let phone = shop.phone();
        let mut connection = shop.sign_in(&phone);
        connection.order_payment("luckin", "23.50");
        connection.expect(words);
        assert!(connection.signed.is_empty());
        assert_eq!(shop.balances(), (50_000, 0));
        shop.world.check_books();
    }
}
