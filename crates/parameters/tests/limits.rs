//! Limits and their counters against a list of everything that was posted.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

use money::{Currency, Money};
use parameters::{Counters, Day, LimitAsk, LimitKind, Limits};
use proptest::prelude::*;

/// A rule as a test makes it up.
#[derive(Debug, Clone)]
struct Made {
    applies_to: &'static str,
    which: Option<&'static str>,
    per_account: bool,
    operations: Vec<&'static str>,
    currency: Currency,
    transaction: Option<(i64, i64)>,
    day_amount: Option<i64>,
    day_count: Option<u32>,
    month_amount: Option<i64>,
    month_count: Option<u32>,
    /// Index of a rule before it that it stands instead of.
    instead_of: Option<usize>,
}

/// One operation; indices into the names below.
#[derive(Debug, Clone, Copy)]
struct Did {
    operation: usize,
    account: u64,
    tier: usize,
    app: usize,
    terminal: usize,
    merchant: usize,
    currency: Currency,
    units: i64,
    /// Days since the 25th of a month.
    day: u8,
}

const OPERATIONS: [&str; 4] = ["pay", "transfer", "withdrawal", "something"];
const TIERS: [&str; 3] = ["", "basic", "gold"];
const NAMES: [&str; 3] = ["", "one", "two"];

fn day(days: u8) -> Day {
    let first = Day::from_ymd(2026, 11, 25).expect("a day");
    (0..days).fold(first, |day, _| day.tomorrow())
}

impl Did {
    fn ask(&self) -> LimitAsk<'static> {
        LimitAsk {
            operation: OPERATIONS[self.operation],
            account: self.account,
            tier: TIERS[self.tier],
            app: NAMES[self.app],
            terminal: NAMES[self.terminal],
            merchant: NAMES[self.merchant],
            amount: Money::new(self.units, self.currency),
            day: day(self.day),
        }
    }
}

impl Made {
    fn text(&self, place: usize) -> String {
        let money = |units: i64| Money::new(units, self.currency).to_string();
        let mut text = format!(
            "[[rule]]\nname = \"{place}\"\napplies-to = \"{}\"\noperations = {:?}\ncurrency = \"{}\"\n",
            self.applies_to, self.operations, self.currency
        );
        if let Some(which) = self.which {
            text += &format!("which = \"{which}\"\n");
        }
        if self.per_account {
            text += "per-account = true\n";
        }
        if let Some((least, most)) = self.transaction {
            text += &format!(
                "per-transaction-minimum = \"{}\"\nper-transaction-maximum = \"{}\"\n",
                money(least),
                money(most)
            );
        }
        for (key, amount) in [("day-amount", self.day_amount), ("month-amount", self.month_amount)] {
            if let Some(amount) = amount {
                text += &format!("{key} = \"{}\"\n", money(amount));
            }
        }
        for (key, count) in [("day-count", self.day_count), ("month-count", self.month_count)] {
            if let Some(count) = count {
                text += &format!("{key} = {count}\n");
            }
        }
        if let Some(instead_of) = self.instead_of {
            text += &format!("instead-of = [\"{instead_of}\"]\n");
        }
        text
    }

    fn is_for(&self, did: &Did) -> bool {
        let account = did.account.to_string();
        let name = match self.applies_to {
            "account" => &account,
            "tier" => TIERS[did.tier],
            "app" => NAMES[did.app],
            "terminal" => NAMES[did.terminal],
            _ => NAMES[did.merchant],
        };
        !name.is_empty()
            && self.which.is_none_or(|which| which == name)
            && self.operations.contains(&OPERATIONS[did.operation])
            && self.currency == did.currency
    }

    /// Whether what was done before counts for this rule when that is asked.
    fn counts(&self, before: &Did, now: &Did) -> bool {
        let by = match self.applies_to {
            "account" | "tier" => before.account == now.account,
            "app" => before.app == now.app,
            "terminal" => before.terminal == now.terminal,
            _ => before.merchant == now.merchant,
        };
        by && (!self.per_account || before.account == now.account)
            && self.operations.contains(&OPERATIONS[before.operation])
            && self.currency == before.currency
    }

    fn allows(&self, posted: &[Did], now: &Did) -> bool {
        let of = |same: &dyn Fn(&Did) -> bool| -> (i64, usize) {
            let these: Vec<&Did> =
                posted.iter().filter(|before| self.counts(before, now) && same(before)).collect();
            (these.iter().map(|did| did.units).sum(), these.len())
        };
        let (day_units, day_count) = of(&|before| before.day == now.day);
        let (month_units, month_count) =
            of(&|before| day(before.day).month_number() == day(now.day).month_number());
        let within = |limit: Option<i64>, used: i64| limit.is_none_or(|limit| used + now.units <= limit);
        let below = |limit: Option<u32>, used: usize| limit.is_none_or(|limit| used < limit as usize);
        self.transaction.is_none_or(|(least, most)| (least..=most).contains(&now.units))
            && within(self.day_amount, day_units)
            && within(self.month_amount, month_units)
            && below(self.day_count, day_count)
            && below(self.month_count, month_count)
    }
}

/// A made-up document. Rules that count by the same thing see what is counted while any of them is for an
/// operation; so that the list can be the reference, an unlimited rule for each thing is always there.
fn document(rules: &[Made]) -> String {
    let mut text = String::new();
    for (place, rule) in rules.iter().enumerate() {
        text += &rule.text(place);
        let always = Made {
            applies_to: if rule.applies_to == "tier" { "account" } else { rule.applies_to },
            which: None,
            transaction: None,
            day_amount: None,
            month_amount: None,
            day_count: None,
            month_count: Some(u32::MAX),
            instead_of: None,
            ..rule.clone()
        };
        text += &always.text(1000 + place);
    }
    text
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    let kind = proptest::sample::select(vec!["account", "tier", "app", "terminal", "merchant"]);
    let operations = proptest::sample::subsequence(vec!["pay", "transfer", "withdrawal"], 1..=3);
    let currency = proptest::sample::select(vec![Currency::CNY, Currency::JPY]);
    let amount = || proptest::option::of(50..800_i64);
    let count = || proptest::option::of(0..8_u32);
    let one = (
        (kind, 0..3_usize, any::<bool>(), operations, currency),
        (proptest::option::of((1..20_i64, 50..200_i64)), amount(), amount(), count(), count()),
        proptest::option::weighted(0.3, 0..4_usize),
    );
    proptest::collection::vec(one, 1..6).prop_map(|made| {
        let mut rules: Vec<Made> = Vec::new();
        for (
            (applies_to, which, per_account, operations, currency),
            (transaction, day, month, days, months),
            instead,
        ) in made
        {
            let which = match (applies_to, which) {
                (_, 0) => None,
                ("account", which) => Some(["1", "98"][which - 1]),
                ("tier", which) => Some(TIERS[which]),
                (_, which) => Some(NAMES[which]),
            };
            let none = transaction.is_none()
                && day.is_none()
                && days.is_none()
                && month.is_none()
                && months.is_none();
            let instead_of =
                instead.filter(|place| rules.get(*place).is_some_and(|rule| rule.instead_of.is_none()));
            rules.push(Made {
                applies_to,
                which,
                per_account: per_account && !matches!(applies_to, "account" | "tier"),
                operations,
                currency,
                transaction,
                day_amount: day.map(|day| month.map_or(day, |month| month.min(day))),
                day_count: days.map(|days| months.map_or(days, |months| months.min(days))),
                month_amount: month,
                month_count: if none { Some(3) } else { months },
                instead_of,
            });
        }
        rules
    })
}

fn did() -> impl Strategy<Value = Did> {
    let names = (0..3_usize, 0..3_usize, 0..3_usize, 0..3_usize);
    let currency = proptest::sample::select(vec![Currency::CNY, Currency::CNY, Currency::JPY]);
    (0..4_usize, 1..4_u64, names, currency, 1..220_i64, 0..9_u8).prop_map(
        |(operation, account, (tier, app, terminal, merchant), currency, units, day)| Did {
            operation,
            // Numbers whose last two digits guard the others.
            account: account * 97 - 96,
            tier,
            app,
            terminal,
            merchant,
            currency,
            units,
            day,
        },
    )
}

/// Which of several clients, each doing one thing after another, is next: any interleaving.
fn interleaved() -> impl Strategy<Value = Vec<Did>> {
    proptest::collection::vec(proptest::collection::vec(did(), 0..30), 1..5).prop_flat_map(|clients| {
        let turns: Vec<usize> =
            clients.iter().enumerate().flat_map(|(client, did)| did.iter().map(move |_| client)).collect();
        Just(turns).prop_shuffle().prop_map(move |turns| {
            let mut clients: Vec<_> = clients.iter().map(|did| did.iter()).collect();
            turns.iter().filter_map(|client| clients[*client].next().copied()).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn counters_are_those_of_the_list(rules in made(), asked in interleaved(), sorted: bool) {
        let text = document(&rules);
        let limits = Limits::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let mut asked = asked;
        if sorted {
            asked.sort_by_key(|did| did.day);
        }
        let mut counters = Counters::default();
        let mut posted: Vec<Did> = Vec::new();
        for (place, did) in asked.iter().enumerate() {
            // Days do not go back: what comes late counts on the latest day.
            let today = posted.iter().map(|did| did.day).max().unwrap_or(0).max(did.day);
            let now = Did { day: today, ..*did };
            let holding = |(place, rule): &(usize, &Made)| {
                rule.is_for(&now) && !rules.iter().any(|other| other.instead_of == Some(*place) && other.is_for(&now))
            };
            let allowed = rules.iter().enumerate().filter(holding).all(|(_, rule)| rule.allows(&posted, &now));
            let checked = counters.check(&limits, &did.ask());
            prop_assert_eq!(checked.is_ok(), allowed, "{:?} after {:?}\n{}", did, posted, text);
            if allowed {
                counters.count(&limits, &did.ask());
                posted.push(now);
            }
            if place % 7 == 0 {
                counters.forget(day(posted.iter().map(|did| did.day).max().unwrap_or(0)));
            }
            if place % 5 == 0 {
                let again = Counters::decode(&counters.encode()).expect("its own bytes");
                prop_assert_eq!(&again, &counters);
                prop_assert_eq!(again.encode(), counters.encode());
                counters = again;
            }
        }
    }

    #[test]
    fn damaged_counters_never_panic(asked in interleaved(), at: proptest::sample::Index, flip in 1..=255_u8) {
        let limits = Limits::parse(LIMITS).expect("a document");
        let mut counters = Counters::default();
        asked.iter().for_each(|did| counters.count(&limits, &did.ask()));
        let bytes = counters.encode();
        for length in 0..bytes.len() {
            prop_assert!(Counters::decode(&bytes[..length]).is_err(), "cut to {length}");
        }
        let mut damaged = bytes.clone();
        damaged[at.index(bytes.len())] ^= flip;
        if let Ok(other) = Counters::decode(&damaged) {
            prop_assert_ne!(&other.encode(), &bytes);
        }
        let _ = Counters::decode(&[&bytes[..1], &[flip; 40][..]].concat());
    }

    #[test]
    fn what_is_given_back_is_as_if_it_had_not_been(before in did(), did in did()) {
        let limits = Limits::parse(LIMITS).expect("a document");
        let did = Did { day: before.day, ..did };
        let mut counters = Counters::default();
        counters.count(&limits, &before.ask());
        let used = |counters: &Counters| {
            limits.rules().map(|rule| counters.used_of(&limits, rule, &did.ask())).collect::<Vec<_>>()
        };
        let first = used(&counters);
        counters.count(&limits, &did.ask());
        counters.give_back(&limits, &did.ask());
        prop_assert_eq!(used(&counters), first);
    }
}

const LIMITS: &str = r#"
[[rule]]
name = "account"
applies-to = "account"
day-amount = "100.00 CNY"
month-amount = "150.00 CNY"
[[rule]]
name = "terminal"
applies-to = "terminal"
day-count = 2
[[rule]]
name = "gold"
applies-to = "tier"
which = "gold"
day-amount = "1000.00 CNY"
month-amount = "1500.00 CNY"
instead-of = ["account"]
"#;

const PAYMENT: LimitAsk<'static> = LimitAsk {
    operation: "pay",
    account: 7,
    tier: "basic",
    app: "shop",
    terminal: "",
    merchant: "bakery",
    amount: Money::new(6000, Currency::CNY),
    day: Day::FIRST,
};

#[test]
fn a_limit_is_said_with_what_is_left() {
    let limits = Limits::parse(LIMITS).expect("a document");
    let day = Day::from_ymd(2026, 11, 30).expect("a day");
    let ask = LimitAsk { day, ..PAYMENT };
    let mut counters = Counters::default();
    counters.check(&limits, &ask).expect("allowed");
    counters.count(&limits, &ask);
    let refused = counters.check(&limits, &ask).expect_err("too much");
    assert_eq!(
        refused.to_string(),
        "the limit \"account\" allows 100.00 CNY a day; 40.00 CNY are left today"
    );
    assert_eq!(
        (refused.kind, refused.limit.as_str(), refused.left.as_str()),
        (LimitKind::DayAmount, "100.00 CNY", "40.00 CNY")
    );
    // Gold customers have their own, and what they used as others counts.
    let gold = LimitAsk { tier: "gold", amount: Money::new(94_000, Currency::CNY), ..ask };
    counters.check(&limits, &gold).expect("allowed");
    let more = LimitAsk { amount: Money::new(94_001, Currency::CNY), ..gold };
    assert_eq!(counters.check(&limits, &more).expect_err("too much").rule, "gold");
    // The next day is another month, too.
    counters.check(&limits, &LimitAsk { day: day.tomorrow(), ..ask }).expect("allowed");
    // A terminal's count is of all accounts.
    for account in 0..2 {
        let at = LimitAsk { terminal: "t1", account, amount: Money::new(1, Currency::JPY), ..ask };
        counters.check(&limits, &at).expect("allowed");
        counters.count(&limits, &at);
    }
    let third = LimitAsk { terminal: "t1", account: 9, amount: Money::new(1, Currency::JPY), ..ask };
    assert_eq!(
        counters.check(&limits, &third).expect_err("too many").to_string(),
        "the limit \"terminal\" allows 2 operations a day; 0 are left today"
    );
}

#[test]
fn a_changed_rule_goes_on_from_what_was_used() {
    let before = Limits::parse(LIMITS).expect("a document");
    let after = Limits::parse(&LIMITS.replace("\"100.00 CNY\"", "\"110.00 CNY\"")).expect("a document");
    let mut counters = Counters::default();
    counters.count(&before, &PAYMENT);
    let refused = counters.check(&after, &PAYMENT).expect_err("too much");
    assert_eq!(refused.left, "50.00 CNY");
}

#[test]
fn a_month_of_forgetting_keeps_one_month() {
    let limits = Limits::parse(LIMITS).expect("a document");
    let mut counters = Counters::default();
    let mut day = Day::from_ymd(2026, 1, 1).expect("a day");
    for number in 0..400_u64 {
        counters.forget(day);
        let terminal = format!("terminal {number}");
        counters.count(&limits, &LimitAsk { account: number, terminal: &terminal, day, ..PAYMENT });
        // A month of accounts, a day of terminals.
        assert!(counters.len() <= 32, "{} on {day}", counters.len());
        day = day.tomorrow();
    }
}

#[test]
fn what_a_replaced_rule_would_count_is_counted() {
    let text = LIMITS.replacen(
        "applies-to = \"account\"\n",
        "applies-to = \"account\"\noperations = [\"pay\"]\n",
        1,
    );
    let limits = Limits::parse(&text).expect("a document");
    let mut counters = Counters::default();
    counters.count(&limits, &LimitAsk { tier: "gold", ..PAYMENT });
    let refused = counters.check(&limits, &PAYMENT).expect_err("gold no more");
    assert_eq!((refused.rule.as_str(), refused.left.as_str()), ("account", "40.00 CNY"));
}
