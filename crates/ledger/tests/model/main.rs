//! The ledger against a slow and obvious reference: random requests, the same answers to each (what was done or
//! why it was refused), the same book after each batch, and the whole-book check.
//!
//! Twice over. Proptest shrinks what fails to the shortest story (`PROPTEST_CASES=N` for more of them). The long
//! run goes through 200,000 commands, 5,000,000 with `THINPAY_LONG=1`, or as many more as that says; a failure
//! names its seed, and `THINPAY_SEED=N` starts there.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod generator;
mod reference;

use std::collections::BTreeMap;

use ledger::{Answer, Ledger, Limits, Number, Outcome, Request, Timestamp};
use money::Currency;
use proptest::prelude::*;

use crate::generator::{Choices, opening};
use crate::reference::Reference;

const LIMITS: Limits = Limits { keys_max: 12 };

/// How often each outcome and refusal came up: a comparison proves something of what happened in it.
type Seen = BTreeMap<String, u64>;

/// The ledger and the reference side by side.
struct Pair {
    ledger: Ledger,
    reference: Reference,
    journal: Vec<(Timestamp, Vec<Request>)>,
}

impl Pair {
    fn new() -> Self {
        Self { ledger: Ledger::new(LIMITS), reference: Reference::new(LIMITS.keys_max), journal: Vec::new() }
    }

    /// Applies a batch to both and compares all that can be asked. The number of commands.
    fn apply(&mut self, now: Timestamp, batch: Vec<Request>, seen: &mut Seen) -> Result<u64, String> {
        let applied = self.ledger.apply(now, &batch);
        let expected = self.reference.apply(now, &batch);
        if applied != expected {
            return Err(format!(
                "the answers differ\nat {now:?}: {batch:#?}\nledger: {applied:#?}\nreference: {expected:#?}"
            ));
        }
        let mut count = |name: String| *seen.entry(name).or_default() += 1;
        for answer in &applied.answers {
            if answer.duplicate {
                count("duplicate".to_owned());
            }
            match &answer.result {
                Ok(outcomes) => {
                    for outcome in outcomes.as_slice() {
                        count(name(outcome));
                        if matches!(outcome, Outcome::Captured { left: 1.., .. }) {
                            count("captured in part".to_owned());
                        }
                    }
                }
                Err(refusal) => count(name(refusal)),
            }
        }
        applied.expired.iter().for_each(|_| count("expired".to_owned()));
        self.reference
            .taken_back
            .drain(..)
            .for_each(|outcome| count(format!("{} taken back", name(&outcome))));
        let commands = batch.iter().map(|request| request.commands.as_slice().len().max(1)).sum::<usize>();
        self.journal.push((now, batch));
        self.compare()?;
        u64::try_from(commands).map_err(|error| error.to_string())
    }

    fn compare(&self) -> Result<(), String> {
        let (ledger, reference) = (&self.ledger, &self.reference);
        let same = |what: &str, same: bool| if same { Ok(()) } else { Err(format!("{what} differ")) };
        same("the accounts", ledger.accounts().len() == reference.accounts.len())?;
        for (account, known) in ledger.accounts().zip(&reference.accounts) {
            let id = known.id;
            let expected = (id, known.currency, known.rule, known.code, known.closed);
            let opened =
                (account.id(), account.currency(), account.rule(), account.code(), account.is_closed());
            same(&format!("the facts of {id:?}"), opened == expected)?;
            let stands = [account.balance(), account.available(), account.held()];
            let expected = [
                i128::from(reference.balance(id)),
                i128::from(reference.available(id)),
                reference.will_give(id),
            ];
            same(&format!("the amounts of {id:?}"), stands.map(reference::units) == expected)?;
        }
        let holds: Vec<_> = ledger.holds().map(|(number, hold)| (number, *hold)).collect();
        let mut expected = reference.holds.clone();
        expected.sort_by_key(|(number, _)| *number);
        same("the holds", holds == expected)?;
        let soonest = reference.holds.iter().filter_map(|(_, hold)| hold.expires).min();
        same("the next expiries", ledger.next_expiry() == soonest)?;
        for refund in &reference.refunds {
            let original = refund.original;
            let refunded = ledger.refunded(original) == reference.refunded(original);
            same(&format!("the refunds of {original:?}"), refunded)?;
        }
        same("the moments", ledger.now() == Timestamp(reference.now))?;
        same("the numbers", ledger.next_number() == Number(reference.given_out + 1))?;
        same("the forgotten keys", ledger.keys_forgotten() == reference.keys_forgotten)?;
        let totals = ledger.check().map_err(|fault| fault.to_string())?;
        for (currency, totals) in totals {
            let moved = reference.moved.iter().map(|moved| moved.amount);
            let moved = in_currency(moved, currency);
            let held = in_currency(reference.holds.iter().map(|(_, hold)| hold.amount), currency);
            let sums = [totals.debits_posted, totals.credits_posted, totals.debits_held, totals.credits_held];
            same("the totals", sums == [moved, moved, held, held])?;
        }
        Ok(())
    }

    /// Goes on with a book read back from a snapshot.
    fn through_a_snapshot(&mut self) -> Result<(), String> {
        let bytes = self.ledger.encode();
        self.ledger = Ledger::decode(&bytes, LIMITS).map_err(|error| error.to_string())?;
        if self.ledger.encode() == bytes {
            Ok(())
        } else {
            Err("the snapshot reads back otherwise".to_owned())
        }
    }

    /// Equal books make equal bytes, whatever way they came about.
    fn replayed(&self) -> Result<(), String> {
        let mut again = Ledger::new(LIMITS);
        for (now, batch) in &self.journal {
            again.apply(*now, batch);
        }
        if again.encode() == self.ledger.encode() { Ok(()) } else { Err("a replay differs".to_owned()) }
    }
}

fn in_currency(amounts: impl Iterator<Item = money::Money>, currency: Currency) -> u128 {
    let amounts = amounts.filter(|amount| amount.currency() == currency);
    amounts.map(|amount| u128::from(amount.minor_units().unsigned_abs())).sum()
}

/// The variant's name.
fn name(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Runs one story: a list of decisions for each batch. The number of commands in it.
fn run(story: &[Vec<u16>], huge: bool, seen: &mut Seen) -> Result<u64, String> {
    let mut pair = Pair::new();
    let mut commands = pair.apply(Timestamp(0), opening(), seen)?;
    for (place, choices) in story.iter().enumerate() {
        let (now, batch) = Choices::new(choices, &pair.reference, huge).batch();
        commands += pair.apply(now, batch, seen)?;
        if place % 8 == 5 {
            pair.through_a_snapshot()?;
        }
    }
    pair.replayed()?;
    Ok(commands)
}

/// The batches that such a story makes.
fn batches(story: &[Vec<u16>]) -> Vec<(Timestamp, Vec<Request>)> {
    let mut reference = Reference::new(LIMITS.keys_max);
    let mut batches = vec![(Timestamp(0), opening())];
    reference.apply(Timestamp(0), &batches[0].1);
    for choices in story {
        let (now, batch) = Choices::new(choices, &reference, false).batch();
        reference.apply(now, &batch);
        batches.push((now, batch));
    }
    batches
}

fn story() -> impl Strategy<Value = Vec<Vec<u16>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u16>(), 0..160), 1..25)
}

/// A generator that needs no crate: the same seed gives the same story everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[test]
fn a_long_run_answers_as_the_reference_does() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let commands_min = match number("THINPAY_LONG") {
        None | Some(0) => 200_000,
        Some(1) => 5_000_000,
        Some(count) => count.max(200_000),
    };
    let mut seed = number("THINPAY_SEED").unwrap_or(1);
    let (mut commands, mut seen) = (0, Seen::new());
    while commands < commands_min {
        let mut random = SplitMix(seed);
        // Mostly short stories, for the reference adds up all that ever moved; now and then a long one.
        let batches = if seed.is_multiple_of(64) { 500 } else { 50 };
        let story: Vec<Vec<u16>> = (0..batches)
            .map(|_| (0..160).map(|_| u16::try_from(random.next() >> 48).expect("16 bits")).collect())
            .collect();
        match run(&story, seed.is_multiple_of(4), &mut seen) {
            Ok(count) => commands += count,
            Err(what) => panic!("{what}\nagain with THINPAY_SEED={seed}"),
        }
        seed += 1;
    }
    eprintln!("{commands} commands, the last story of seed {}: {seen:#?}", seed - 1);
    // Everything that can happen did.
    let outcomes = "Opened Closed Transferred Held Captured Released Refunded Noted";
    let refusals = "LinkedCount KeyReused UnknownAccount AccountExists AccountClosed AccountInUse SameAccount \
                    CurrencyMismatch AmountNotPositive InsufficientFunds CreditsExceedDebits TurnoverExhausted \
                    HoldNotOpen CaptureExceedsHold ExpiryPast RefundExceeds RefundDiffers UnknownOriginal";
    let rest = ["duplicate", "expired", "captured in part"];
    let words =
        [outcomes, refusals].into_iter().flat_map(str::split_whitespace).chain(rest).map(str::to_owned);
    let taken_back = outcomes.split_whitespace().map(|outcome| format!("{outcome} taken back"));
    for what in words.chain(taken_back) {
        let times = seen.get(&what).copied().unwrap_or(0);
        assert!(times >= 20, "{what} came up {times} times in {commands} commands: {seen:#?}");
    }
    assert!(seen.len() == 8 + 18 + 3 + 8, "something new came up: compare it too: {seen:#?}");
}

proptest! {
    #[test]
    fn the_ledger_answers_as_the_reference_does(story in story(), huge in proptest::bool::weighted(0.25)) {
        if let Err(what) = run(&story, huge, &mut Seen::new()) {
            return Err(TestCaseError::fail(what));
        }
    }

    #[test]
    fn a_damaged_snapshot_never_panics_and_never_passes_unsound(
        story in story(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<proptest::sample::Index>(),
    ) {
        let batches = batches(&story);
        let mut ledger = Ledger::new(LIMITS);
        for (now, batch) in &batches {
            ledger.apply(*now, batch);
        }
        let mut bytes = ledger.encode();
        prop_assert!(Ledger::decode(&bytes[..keep.index(bytes.len())], LIMITS).is_err());
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= value;
        }
        if let Ok(mut book) = Ledger::decode(&bytes, LIMITS) {
            // What passes is a sound book, and goes on.
            prop_assert!(book.check().is_ok());
            for (now, batch) in &batches {
                book.apply(*now, batch);
            }
            prop_assert!(book.check().is_ok());
        }
    }

    #[test]
    fn answers_read_back(story in story()) {
        let mut ledger = Ledger::new(Limits { keys_max: 0 });
        for (now, batch) in &batches(&story) {
            for answer in ledger.apply(*now, batch).answers {
                let bytes = answer.encode();
                prop_assert_eq!(Answer::decode(&bytes), Ok(answer));
                prop_assert!(Answer::decode(&bytes[..bytes.len() - 1]).is_err());
            }
        }
    }
}

#[test]
fn names_are_of_variants() {
    assert_eq!(name(&Outcome::Noted), "Noted");
    assert_eq!(name(&Outcome::Held { debit_available: 1 }), "Held");
}
