//! Decisions against a slow reference, which keeps every payment ever made and looks through all of them.
//!
//! What the bounded record can know is stated here as a function of the full history: windows of amounts and
//! payees in which more than 64 payments were made count as met, habits look at the last 64 payments, a payee
//! is known while fewer than 256 others were paid since, a terminal while fewer than 16 others were used since.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test's own data: a panic is a failed test"
)]

use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;
use risk::{
    Consent, Histories, Outcome, PAYEES_MAX, Payment, RECENT_MAX, Rules, TERMINALS_MAX, plain_number,
};

/// A payment with text of its own.
#[derive(Debug, Clone)]
struct Made {
    seconds: u64,
    payee: u64,
    terminal: u8,
    minor: i64,
    currency: Currency,
    consent: Consent,
    minutes: u16,
    operation: &'static str,
}

const TERMINALS: [&str; 24] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
    "v", "w", "x",
];
const OPENED_SECONDS: u64 = 1_600_000_000;
const START_SECONDS: u64 = 1_600_400_000;

impl Made {
    fn payment(&self) -> Payment<'_> {
        Payment {
            at: Timestamp(self.seconds * 1_000_000_000 + 999_999_999),
            minutes_of_day: self.minutes,
            operation: self.operation,
            payer: 7,
            payee: self.payee,
            payee_holder: "holder",
            amount: Money::new(self.minor, self.currency),
            app: "app",
            terminal: TERMINALS[usize::from(self.terminal)],
            region: "CN-44",
            account_opened: Timestamp(OPENED_SECONDS * 1_000_000_000),
            consent: self.consent,
        }
    }
}

/// A comparison: its words and whether it holds.
const COMPARISONS: [&str; 4] = ["more than", "at least", "at most", "fewer than"];

fn holds(comparison: &str, left: i128, right: i128) -> bool {
    match comparison {
        "more than" => left > right,
        "at least" => left >= right,
        "at most" => left <= right,
        _ => left < right,
    }
}

#[derive(Debug, Clone)]
enum Model {
    Operation(&'static str),
    Amount(&'static str, i64),
    Payments(&'static str, u32, u32),
    ToPayee(&'static str, u32, u32),
    Payees(&'static str, u32, u32),
    Ever(&'static str, u32),
    Sum(&'static str, i64, u32),
    FirstSeen(&'static str, u32),
    FirstToPayee(bool),
    Against { hundredths: u32, maximum: bool, last: u32, enough: u32 },
    Time(u16, u16),
    Age(&'static str, u32),
    Weaker(Consent),
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl Model {
    /// As the rule file says it.
    fn text(&self) -> String {
        let decimal = |minor: &i64| Money::new(*minor, Currency::CNY).to_string();
        match self {
            Self::Operation(word) => format!("when.operation = \"{word}\""),
            Self::Amount(comparison, minor) => format!("when.amount = \"{comparison} {}\"", decimal(minor)),
            Self::Payments(comparison, bound, window) => {
                format!("when.payments = \"{comparison} {bound} in {window} seconds\"")
            }
            Self::ToPayee(comparison, bound, window) => {
                format!("when.payments-to-payee = \"{comparison} {bound} in {window} seconds\"")
            }
            Self::Payees(comparison, bound, window) => {
                format!("when.different-payees = \"{comparison} {bound} in {window} seconds\"")
            }
            Self::Ever(comparison, bound) => format!("when.payments-ever = \"{comparison} {bound}\""),
            Self::Sum(comparison, minor, window) => {
                format!("when.sum = \"{comparison} {} in {window} seconds\"", decimal(minor))
            }
            Self::FirstSeen(comparison, ago) => {
                format!("when.terminal-first-seen = \"{comparison} {ago} seconds ago\"")
            }
            Self::FirstToPayee(first) => format!("when.first-payment-to-payee = {first}"),
            Self::Against { hundredths, maximum, last, enough } => format!(
                "when.amount-against-history = \"more than {}.{:02} times the {} of the last {last} payments, with at least {enough}\"",
                hundredths / 100,
                hundredths % 100,
                if *maximum { "maximum" } else { "mean" },
            ),
            Self::Time(from, to) => {
                format!("when.time-of-day = \"between {} and {}\"", clock(*from), clock(*to))
            }
            Self::Age(comparison, age) => format!("when.account-age = \"{comparison} {age} seconds\""),
            Self::Weaker(consent) => format!("when.consent = \"weaker than {consent}\""),
        }
    }

    /// Looks through everything.
    fn is_met(&self, past: &[Made], payment: &Made) -> bool {
        let now = payment.seconds;
        let within = |window: u32| -> Vec<&Made> {
            past.iter().filter(|made| now - made.seconds < u64::from(window)).collect()
        };
        match self {
            Self::Operation(word) => *word == payment.operation,
            Self::Amount(comparison, minor) => {
                payment.currency == Currency::CNY && holds(comparison, payment.minor.into(), (*minor).into())
            }
            Self::Payments(comparison, bound, window) => {
                holds(comparison, within(*window).len() as i128 + 1, (*bound).into())
            }
            Self::ToPayee(comparison, bound, window) => {
                let window = within(*window);
                let same = window.iter().filter(|made| made.payee == payment.payee).count();
                window.len() > RECENT_MAX || holds(comparison, same as i128 + 1, (*bound).into())
            }
            Self::Payees(comparison, bound, window) => {
                let window = within(*window);
                let mut payees: Vec<u64> = window.iter().map(|made| made.payee).collect();
                payees.push(payment.payee);
                payees.sort_unstable();
                payees.dedup();
                window.len() > RECENT_MAX || holds(comparison, payees.len() as i128, (*bound).into())
            }
            Self::Ever(comparison, bound) => holds(comparison, past.len() as i128 + 1, (*bound).into()),
            Self::Sum(comparison, minor, window) => {
                let window = within(*window);
                let sum: i128 = window
                    .iter()
                    .filter(|made| made.currency == Currency::CNY)
                    .map(|made| i128::from(made.minor))
                    .sum();
                payment.currency == Currency::CNY
                    && (window.len() > RECENT_MAX
                        || holds(comparison, sum + i128::from(payment.minor), (*minor).into()))
            }
            Self::FirstSeen(comparison, ago) => {
                // From the last use backwards, while fewer than 16 other terminals were used in between.
                let mut first = now;
                let mut others = std::collections::BTreeSet::new();
                for made in past.iter().rev() {
                    if made.terminal == payment.terminal {
                        if others.len() >= TERMINALS_MAX {
                            break;
                        }
                        first = made.seconds;
                        others.clear();
                    } else {
                        others.insert(made.terminal);
                    }
                }
                holds(comparison, i128::from(now - first), (*ago).into())
            }
            Self::FirstToPayee(first) => {
                let mut others = std::collections::BTreeSet::new();
                let mut known = false;
                for made in past.iter().rev() {
                    if made.payee == payment.payee {
                        known = others.len() < PAYEES_MAX;
                        break;
                    }
                    others.insert(made.payee);
                }
                known != *first
            }
            Self::Against { hundredths, maximum, last, enough } => {
                let recent = past.iter().rev().take(RECENT_MAX);
                let amounts: Vec<i128> = recent
                    .filter(|made| made.currency == payment.currency)
                    .map(|made| i128::from(made.minor))
                    .take(*last as usize)
                    .collect();
                if amounts.is_empty() || amounts.len() < *enough as usize {
                    return false;
                }
                let (own, factor) = (i128::from(payment.minor) * 100, i128::from(*hundredths));
                if *maximum {
                    amounts.iter().all(|amount| own > factor * amount)
                } else {
                    own * amounts.len() as i128 > factor * amounts.iter().sum::<i128>()
                }
            }
            Self::Time(from, to) => {
                let mut minute = *from;
                while minute != *to {
                    if minute == payment.minutes {
                        return true;
                    }
                    minute = (minute + 1) % 1440;
                }
                false
            }
            Self::Age(comparison, age) => holds(comparison, i128::from(now - OPENED_SECONDS), (*age).into()),
            Self::Weaker(consent) => payment.consent < *consent,
        }
    }
}

/// The decision of all rules, by the words of the documentation.
fn reference(rules: &[(Vec<Model>, Outcome)], past: &[Made], payment: &Made) -> (Outcome, Vec<u16>) {
    let applies = |(conditions, outcome): &(Vec<Model>, Outcome)| {
        let answered = match outcome {
            Outcome::StepUp => matches!(payment.consent, Consent::SteppedUp | Consent::Operator),
            Outcome::Review => payment.consent == Consent::Operator,
            _ => false,
        };
        !answered && conditions.iter().all(|condition| condition.is_met(past, payment))
    };
    let applying: Vec<u16> =
        (0..rules.len()).filter(|index| applies(&rules[*index])).map(|index| index as u16).collect();
    let exempt = applying.iter().position(|index| rules[usize::from(*index)].1 == Outcome::Allow);
    let counting = &applying[..exempt.unwrap_or(applying.len())];
    match (counting.iter().map(|index| rules[usize::from(*index)].1).max(), exempt) {
        (Some(outcome), _) => (outcome, counting.to_vec()),
        (None, Some(place)) => (Outcome::Allow, vec![applying[place]]),
        (None, None) => (Outcome::Allow, Vec::new()),
    }
}

fn any_consent() -> impl Strategy<Value = Consent> {
    prop_oneof![
        4 => Just(Consent::Signed),
        1 => Just(Consent::None),
        1 => Just(Consent::SteppedUp),
        1 => Just(Consent::Operator),
    ]
}

fn any_model() -> impl Strategy<Value = Model> {
    let comparison = || prop::sample::select(COMPARISONS.to_vec());
    let beyond = || prop::sample::select(vec!["more than", "at least"]);
    // Small ones and round ones often, so that payments meet bounds exactly.
    let count = || prop_oneof![3 => 1..=6_u32, 1 => 1..=64_u32];
    let window = || prop_oneof![1 => 1..=20_u32, 1 => 1..=300_u32, 2 => 1..20_000_u32];
    let minor = |most: i64| prop_oneof![(0..most / 100).prop_map(|units| units * 100), 0..most];
    prop_oneof![
        prop::sample::select(vec!["pay", "transfer"]).prop_map(Model::Operation),
        (comparison(), minor(3_000)).prop_map(|(how, minor)| Model::Amount(how, minor)),
        (comparison(), count(), window())
            .prop_map(|(how, bound, window)| Model::Payments(how, bound, window)),
        (beyond(), count(), window()).prop_map(|(how, bound, window)| Model::ToPayee(how, bound, window)),
        (beyond(), count(), window()).prop_map(|(how, bound, window)| Model::Payees(how, bound, window)),
        (comparison(), 0..300_u32).prop_map(|(how, bound)| Model::Ever(how, bound)),
        (beyond(), minor(30_000), window()).prop_map(|(how, minor, window)| Model::Sum(how, minor, window)),
        (comparison(), window()).prop_map(|(how, ago)| Model::FirstSeen(how, ago)),
        any::<bool>().prop_map(Model::FirstToPayee),
        (prop_oneof![1..500_u32, (1..10_u32).prop_map(|half| half * 50)], any::<bool>(), count())
            .prop_flat_map(|(hundredths, maximum, last)| {
                (1..=last).prop_map(move |enough| Model::Against { hundredths, maximum, last, enough })
            }),
        (0..24_u16, 1..24_u16).prop_map(|(from, after)| Model::Time(from * 60, (from + after) % 24 * 60)),
        (comparison(), 399_990..420_000_u32).prop_map(|(how, age)| Model::Age(how, age)),
        prop::sample::select(vec![Consent::Signed, Consent::SteppedUp, Consent::Operator])
            .prop_map(Model::Weaker),
    ]
}

/// Rules whose conditions have different keys, as one TOML table must.
fn any_rules() -> impl Strategy<Value = Vec<(Vec<Model>, Outcome)>> {
    let outcome = prop_oneof![
        1 => Just(Outcome::Allow),
        3 => Just(Outcome::StepUp),
        3 => Just(Outcome::Review),
        3 => Just(Outcome::Refuse),
    ];
    let rule = (
        prop_oneof![3 => prop::collection::vec(any_model(), 1), 1 => prop::collection::vec(any_model(), 2)],
        outcome,
    )
        .prop_map(|(mut conditions, outcome)| {
            let mut keys = Vec::new();
            conditions.retain(|condition| {
                let key = std::mem::discriminant(condition);
                let new = !keys.contains(&key);
                keys.push(key);
                new
            });
            (conditions, outcome)
        });
    prop::collection::vec(rule, 1..10)
}

fn rule_file(rules: &[(Vec<Model>, Outcome)]) -> String {
    let mut text = String::new();
    for (index, (conditions, outcome)) in rules.iter().enumerate() {
        let conditions: Vec<String> = conditions.iter().map(Model::text).collect();
        let told = if *outcome == Outcome::Allow { "" } else { "tell-customer = \"No.\"\n" };
        text.push_str(&format!(
            "[[rule]]\nname = \"rule-{index}\"\n{}\ndecision = \"{outcome}\"\n{told}tell-desk = \"No.\"\n\n",
            conditions.join("\n")
        ));
    }
    text
}

/// Payments in the order of time, with bursts and pauses; few or very many payees and terminals.
fn any_payments() -> impl Strategy<Value = Vec<Made>> {
    (prop_oneof![1..6_u64, 1..600_u64], 2..24_u8, prop_oneof![1..4_u64, 1..120_u64]).prop_flat_map(
        |(payees, terminals, pace)| {
            let one = (
                prop_oneof![8 => 0..pace, 1 => 0..pace * 20],
                0..payees,
                0..terminals,
                prop_oneof![1..3_000_i64, (1..30_i64).prop_map(|units| units * 100)],
                prop::bool::weighted(0.1),
                any_consent(),
                prop_oneof![0..1440_u16, (0..24_u16).prop_map(|hour| hour * 60)],
                any::<bool>(),
            );
            prop::collection::vec(one, 1..500).prop_map(|all| {
                let mut seconds = START_SECONDS;
                let made = all.into_iter().map(
                    |(after, payee, terminal, minor, dollars, consent, minutes, transfer)| {
                        seconds += after;
                        Made {
                            seconds,
                            payee,
                            terminal,
                            minor,
                            currency: if dollars { Currency::USD } else { Currency::CNY },
                            consent,
                            minutes,
                            operation: if transfer { "transfer" } else { "pay" },
                        }
                    },
                );
                made.collect()
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_those_of_the_full_history(rules in any_rules(), payments in any_payments()) {
        let text = rule_file(&rules);
        let read = Rules::parse(&text, plain_number).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let mut histories = Histories::default();
        for (index, payment) in payments.iter().enumerate() {
            let decision = read.decide(&histories, &payment.payment());
            let (outcome, reasons) = reference(&rules, &payments[..index], payment);
            prop_assert_eq!((decision.outcome, &decision.reasons), (outcome, &reasons), "payment {}\n{}", index, text);
            histories.record(&payment.payment());
        }
        // And what was written and read decides the same.
        let again = Histories::decode(&histories.encode()).unwrap();
        prop_assert_eq!(&again, &histories);
    }
}
