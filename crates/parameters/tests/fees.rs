//! Fees against a slow reference that looks at every minor unit by itself, and the rules of matching.

use money::{Currency, Money};
use parameters::{Charge, FeeAsk, FeeError, Fees};
use proptest::prelude::*;

fn yuan(units: i64) -> Money {
    Money::new(units, Currency::CNY)
}

fn ask(amount: Money) -> FeeAsk<'static> {
    FeeAsk { operation: "pay", app: "shop", merchant: "bakery", amount }
}

/// A schedule as a test makes it up; `up_to` in minor units, the last without.
#[derive(Debug, Clone)]
struct Made {
    merchant_pays: bool,
    fixed: u32,
    /// Whole or slices.
    whole: bool,
    tiers: Vec<(Option<u32>, u32, u32)>,
    minimum: Option<u32>,
    maximum: Option<u32>,
    rounding: &'static str,
}

fn decimal(units: u32) -> String {
    yuan(i64::from(units)).to_string()
}

fn percent(parts: u32) -> String {
    format!("{}.{:04} %", parts / 10_000, parts % 10_000)
}

impl Made {
    fn text(&self) -> String {
        let mut text = format!(
            "[[schedule]]\nname = \"made\"\ncurrency = \"CNY\"\npayer = \"{}\"\nfixed = \"{}\"\nrounding = \"{}\"\ntiers = \"{}\"\n",
            if self.merchant_pays { "merchant" } else { "customer" },
            decimal(self.fixed),
            self.rounding,
            if self.whole { "whole" } else { "slice" },
        );
        for (key, bound) in [("minimum", self.minimum), ("maximum", self.maximum)] {
            if let Some(bound) = bound {
                text += &format!("{key} = \"{}\"\n", decimal(bound));
            }
        }
        for (up_to, fixed, rate) in &self.tiers {
            text += "[[schedule.tier]]\n";
            if let Some(up_to) = up_to {
                text += &format!("up-to = \"{}\"\n", decimal(*up_to));
            }
            if self.whole {
                text += &format!("fixed = \"{}\"\n", decimal(*fixed));
            }
            text += &format!("rate = \"{}\"\n", percent(*rate));
        }
        text
    }

    /// The tier that a minor unit is in, counted from 1.
    fn tier(&self, unit: u32) -> (u32, u32) {
        let (_, fixed, rate) = self
            .tiers
            .iter()
            .find(|(up_to, _, _)| up_to.is_none_or(|up_to| unit <= up_to))
            .expect("a last tier");
        (*fixed, *rate)
    }

    /// The fee as the words say it: each minor unit of the amount pays its parts per million, the sum is
    /// rounded once, the fixed parts are added, the bounds hold.
    fn fee(&self, amount: u32) -> u64 {
        let mut millionths: u64 = 0;
        for unit in 1..=amount {
            let (_, rate) = self.tier(if self.whole { amount } else { unit });
            millionths += u64::from(rate);
        }
        let (below, rest) = (millionths / 1_000_000, millionths % 1_000_000);
        let share = match (self.rounding, rest) {
            (_, 0) | ("down", _) => below,
            ("up", _) => below + 1,
            (_, rest) if rest * 2 == 1_000_000 => below + below % 2,
            (_, rest) => below + u64::from(rest * 2 > 1_000_000),
        };
        let fixed = self.fixed + if self.whole { self.tier(amount).0 } else { 0 };
        let fee = (u64::from(fixed) + share).max(self.minimum.unwrap_or(0).into());
        self.maximum.map_or(fee, |maximum| fee.min(maximum.into()))
    }
}

fn made() -> impl Strategy<Value = Made> {
    // Rates that often lead to halves, and any others.
    let rate = || {
        prop_oneof![Just(0), Just(500_000), Just(6_000), Just(250_000), Just(1_000_000), 0..=1_000_000_u32]
    };
    let tiers =
        (proptest::collection::btree_map(1..3000_u32, (0..300_u32, rate()), 0..5), 0..300_u32, rate());
    let bounds = (0..200_u32, 0..2000_u32, any::<(bool, bool)>());
    let rounding = proptest::sample::select(vec!["half-even", "up", "down"]);
    (any::<(bool, bool)>(), 0..500_u32, tiers, bounds, rounding).prop_map(
        |((merchant_pays, whole), fixed, (tiers, last_fixed, last_rate), bounds, rounding)| {
            let (minimum, more, (has_minimum, has_maximum)) = bounds;
            let mut tiers: Vec<_> =
                tiers.into_iter().map(|(up_to, (fixed, rate))| (Some(up_to), fixed, rate)).collect();
            tiers.push((None, last_fixed, last_rate));
            Made {
                merchant_pays,
                fixed,
                whole,
                tiers,
                minimum: has_minimum.then_some(minimum),
                maximum: has_maximum.then_some(minimum + more),
                rounding,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn fees_are_those_of_the_slow_reference(made in made(), amounts in proptest::collection::vec(1..5000_u32, 1..12)) {
        let fees = Fees::parse(&made.text()).map_err(|error| TestCaseError::fail(format!("{error}\n{}", made.text())))?;
        for amount in amounts {
            let charge = fees.charge(&ask(yuan(amount.into()))).expect("it fits");
            let fee = i64::try_from(made.fee(amount)).expect("it fits");
            let (payer, payee) = if made.merchant_pays { (0, fee.min(amount.into())) } else { (fee, 0) };
            prop_assert_eq!(charge, Charge { payer: yuan(payer), payee: yuan(payee), schedule: Some("made") }, "{} of {}", made.text(), amount);
        }
    }

    #[test]
    fn no_amount_is_too_large_to_be_exact(made in made(), amount in 1..=i64::MAX) {
        let fees = Fees::parse(&made.text()).expect("a document");
        match fees.charge(&ask(yuan(amount))) {
            Ok(charge) => {
                prop_assert!(charge.payee.minor_units() <= amount);
                prop_assert!(amount.checked_add(charge.payer.minor_units()).is_some());
                // The share is between the least and the greatest rate's, within the rounding.
                if let (Some((_, _, least)), Some((_, _, most))) = (made.tiers.iter().min_by_key(|tier| tier.2), made.tiers.iter().max_by_key(|tier| tier.2)) {
                    let fee = i128::from(charge.payer.minor_units() + charge.payee.minor_units());
                    let share = |parts: u32| i128::from(amount) * i128::from(parts) / 1_000_000;
                    if made.minimum.is_none() && made.maximum.is_none() && fee < i128::from(amount) {
                        prop_assert!(fee >= share(*least) && fee <= share(*most) + 1 + 800);
                    }
                }
            }
            Err(error) => {
                prop_assert_eq!(error, FeeError::TooLarge);
                prop_assert!(amount > i64::MAX / 2, "an amount of that size has a fee");
            }
        }
    }
}

#[test]
fn the_most_specific_schedule_applies() {
    let mut text = String::new();
    let selectors = ["merchant = \"bakery\"", "app = \"shop\"", "operation = \"pay\"", "currency = \"CNY\""];
    // Every combination of selectors, named by its bits.
    for bits in 0..16_u32 {
        text += &format!("[[schedule]]\nname = \"{bits}\"\npayer = \"customer\"\nrate = \"1 %\"\n");
        for (place, selector) in selectors.iter().enumerate() {
            if bits >> (3 - place) & 1 == 1 {
                text += selector;
                text += "\n";
            }
        }
    }
    let fees = Fees::parse(&text).expect("a document");
    let check = |operation, app, merchant, currency, expected: &str| {
        let ask = FeeAsk { operation, app, merchant, amount: Money::new(100, currency) };
        assert_eq!(fees.charge(&ask).expect("it fits").schedule, Some(expected));
    };
    check("pay", "shop", "bakery", Currency::CNY, "15");
    check("pay", "shop", "bakery", Currency::USD, "14");
    check("transfer", "shop", "bakery", Currency::CNY, "13");
    check("pay", "other", "bakery", Currency::CNY, "11");
    check("other", "other", "bakery", Currency::USD, "8");
    check("pay", "shop", "other", Currency::CNY, "7");
    check("pay", "other", "other", Currency::CNY, "3");
    check("other", "other", "other", Currency::USD, "0");
}

#[test]
fn what_is_asked_wrongly_is_said() {
    let fees = Fees::parse("[[schedule]]\nname = \"all\"\npayer = \"customer\"\nrate = \"100 %\"")
        .expect("a document");
    assert_eq!(fees.charge(&ask(yuan(0))), Err(FeeError::AmountNotPositive));
    assert_eq!(fees.charge(&ask(yuan(-1))), Err(FeeError::AmountNotPositive));
    assert_eq!(fees.charge(&ask(yuan(i64::MAX))), Err(FeeError::TooLarge));
    let none = Fees::default();
    let nothing = Charge { payer: yuan(0), payee: yuan(0), schedule: None };
    assert_eq!(none.charge(&ask(yuan(1))), Ok(nothing));
}

#[test]
fn slices_and_wholes_differ_as_their_words_say() {
    let text = |tiers: &str| {
        format!(
            "[[schedule]]\nname = \"a\"\npayer = \"merchant\"\ncurrency = \"CNY\"\ntiers = \"{tiers}\"\n\
             [[schedule.tier]]\nup-to = \"100.00 CNY\"\nrate = \"1 %\"\n[[schedule.tier]]\nrate = \"0.5 %\"\n"
        )
    };
    let fee = |tiers: &str, units| {
        Fees::parse(&text(tiers))
            .expect("a document")
            .charge(&ask(yuan(units)))
            .expect("it fits")
            .payee
            .minor_units()
    };
    assert_eq!(fee("slice", 10_000), 100);
    assert_eq!(fee("whole", 10_000), 100);
    assert_eq!(fee("slice", 20_000), 150);
    assert_eq!(fee("whole", 20_000), 100);
}
