//! Properties of clearing: nets, instructions, hold-outs, and every refusal.

use std::collections::BTreeMap;

use crate::support::{
    CUT_OFF, any_held_out, any_lines, busy_day, day, id, input, line, next_day, participants,
};
use clearing::{Clearing, ClearingError, ClearingInput, LineKind, Obligation, ParticipantId, clear};
use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;

type Nets = BTreeMap<(Currency, ParticipantId), i128>;

/// What each participant receives (or pays, negative) by the instructions of some clearings.
fn settled<'c>(clearings: impl IntoIterator<Item = &'c Clearing>) -> Nets {
    let mut nets = Nets::new();
    for instruction in clearings.into_iter().flat_map(|clearing| &clearing.instructions) {
        let amount = i128::from(instruction.amount.minor_units());
        let currency = instruction.amount.currency();
        *nets.entry((currency, instruction.debtor.clone())).or_default() -= amount;
        *nets.entry((currency, instruction.creditor.clone())).or_default() += amount;
    }
    nets.retain(|_, net| *net != 0);
    nets
}

/// What the lines say each participant is to receive.
fn owed(input: &ClearingInput) -> Nets {
    let mut nets = Nets::new();
    for line in &input.lines {
        let amount = i128::from(line.amount.minor_units());
        *nets.entry((line.amount.currency(), line.debtor.clone())).or_default() -= amount;
        *nets.entry((line.amount.currency(), line.creditor.clone())).or_default() += amount;
    }
    nets.retain(|_, net| *net != 0);
    nets
}

/// Everything that must hold of a clearing by itself.
fn check(clearing: &Clearing) {
    assert!(clearing.is_balanced());
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    let mut with_net: BTreeMap<Currency, usize> = BTreeMap::new();
    for position in &clearing.positions {
        assert_eq!(position.credit.checked_sub(position.debit), Ok(position.net));
        let currency = position.net.currency();
        *sums.entry(currency).or_default() += i128::from(position.net.minor_units());
        *with_net.entry(currency).or_default() += usize::from(!position.net.is_zero());
    }
    assert!(sums.values().all(|sum| *sum == 0), "nets sum to zero");
    let mut instructions: BTreeMap<Currency, usize> = BTreeMap::new();
    let mut ids = Vec::new();
    for instruction in &clearing.instructions {
        assert!(instruction.amount.is_positive());
        assert!(instruction.id.len() <= 35);
        ids.push(&instruction.id);
        *instructions.entry(instruction.amount.currency()).or_default() += 1;
    }
    for (currency, count) in instructions {
        assert!(count < with_net[&currency], "at most n - 1 instructions");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), clearing.instructions.len());
}

proptest! {
    #[test]
    fn nets_sum_to_zero_and_instructions_settle_them(lines in any_lines()) {
        let input = input(lines);
        let clearing = clear(&input).expect("clears");
        check(&clearing);
        prop_assert_eq!(settled([&clearing]), owed(&input));
        prop_assert!(clearing.carried_out.is_empty());
    }

    #[test]
    fn holding_out_and_settling_later_gives_the_same_in_sum(lines in any_lines(), held_out in any_held_out()) {
        let at_once = input(lines);
        let first = clear(&ClearingInput { held_out: held_out.clone(), ..at_once.clone() }).expect("clears");
        check(&first);
        for position in &first.positions {
            prop_assert!(!held_out.contains(&position.participant), "who is held out has no position");
        }
        let later = clear(&next_day(first.carried_out.clone())).expect("clears");
        check(&later);
        prop_assert!(later.carried_out.is_empty());
        prop_assert_eq!(settled([&first, &later]), owed(&at_once));
        prop_assert_eq!(settled([&first, &later]), settled([&clear(&at_once).expect("clears")]));
    }

    #[test]
    fn what_is_held_out_again_is_carried_on_as_it_was(lines in any_lines(), held_out in any_held_out()) {
        let first = clear(&ClearingInput { held_out: held_out.clone(), ..input(lines) }).expect("clears");
        let second = clear(&ClearingInput { held_out, ..next_day(first.carried_out.clone()) }).expect("clears");
        prop_assert_eq!(second.carried_out, first.carried_out);
        prop_assert!(second.instructions.is_empty());
    }

    #[test]
    fn what_the_bank_refused_is_settled_later(lines in any_lines(), refused: u64, held_out in any_held_out()) {
        let at_once = input(lines);
        let mut first = clear(&ClearingInput { held_out, ..at_once.clone() }).expect("clears");
        let is_refused = |number: usize| refused >> (number % 64) & 1 == 1;
        let mut carried = first.carried_out.clone();
        for (number, instruction) in first.instructions.iter().enumerate() {
            if is_refused(number) {
                carried.push(first.unsettled(&instruction.id).expect("known"));
            }
        }
        let mut number = 0;
        first.instructions.retain(|_| {
            number += 1;
            !is_refused(number - 1)
        });
        let later = clear(&next_day(carried)).expect("clears");
        prop_assert_eq!(settled([&first, &later]), owed(&at_once));
    }

    #[test]
    fn a_clearing_is_kept_as_it_was(lines in any_lines(), held_out in any_held_out()) {
        let clearing = clear(&ClearingInput { held_out, ..input(lines) }).expect("clears");
        let json = serde_json::to_string(&clearing).expect("writes");
        prop_assert_eq!(serde_json::from_str::<Clearing>(&json).expect("reads"), clearing);
    }

    #[test]
    fn the_order_of_what_goes_in_does_not_matter(lines in any_lines(), held_out in any_held_out()) {
        let input = ClearingInput { held_out, ..input(lines) };
        let mut reversed = input.clone();
        reversed.lines.reverse();
        reversed.participants.reverse();
        prop_assert_eq!(clear(&input), clear(&reversed));
    }
}

#[test]
fn a_confirmed_instruction_debits_who_received() {
    let clearing =
        clear(&input(vec![line("P1", LineKind::Pay, "bank-a", "tea-house", "12.00 CNY")])).expect("clears");
    let [instruction] = &clearing.instructions[..] else { panic!("one instruction") };
    assert_eq!(instruction.id, "TP20261123-01-CNY-0001");
    assert_eq!((instruction.debtor.as_str(), instruction.creditor.as_str()), ("bank-a", "tea-house"));
    let posting = instruction.posting();
    assert_eq!((posting.debit.as_str(), posting.credit.as_str()), ("141", "111"));
    assert_eq!(posting.amount.to_string(), "12.00 CNY");
}

#[test]
fn gross_positions_are_kept_and_few_payments_made() {
    let clearing = busy_day();
    let text = |money: Money| money.to_string();
    let positions: Vec<_> = clearing
        .positions
        .iter()
        .filter(|position| position.net.currency() == Currency::CNY)
        .map(|position| {
            let [debit, credit, net] = [position.debit, position.credit, position.net].map(text);
            format!("{} owes {debit}, is owed {credit}: {net}", position.participant)
        })
        .collect();
    assert_eq!(
        positions,
        [
            "bank-a owes 1120.00 CNY, is owed 19.99 CNY: -1100.01 CNY",
            "bank-b owes 80.55 CNY, is owed 1000.00 CNY: 919.45 CNY",
            "book-shop owes 19.99 CNY, is owed 0.00 CNY: -19.99 CNY",
            "operator owes 0.00 CNY, is owed 1.20 CNY: 1.20 CNY",
            "tea-house owes 1.20 CNY, is owed 200.55 CNY: 199.35 CNY",
        ]
    );
    assert_eq!((clearing.lines, clearing.lines_within_one_participant), (9, 1));
    check(&clearing);
}

#[test]
fn every_mistake_in_the_input_is_refused_by_name() {
    let pay = || vec![line("P1", LineKind::Pay, "bank-a", "tea-house", "12.00 CNY")];
    let check = |change: fn(&mut ClearingInput), expect: fn(&ClearingError) -> bool| {
        let mut input = input(pay());
        change(&mut input);
        let error = clear(&input).expect_err("is refused");
        assert!(expect(&error), "{error}");
        assert!(error.to_string().len() > 20);
    };
    check(|input| input.cycle = 0, |error| *error == ClearingError::CycleZero);
    check(
        |input| input.settlement_day = day("2026-11-22"),
        |error| matches!(error, ClearingError::SettlementBeforeDay { .. }),
    );
    check(
        |input| input.participants.extend(participants()),
        |error| matches!(error, ClearingError::ParticipantTwice(_)),
    );
    check(
        |input| input.participants.retain(|one| one.id != id("tea-house")),
        |error| matches!(error, ClearingError::UnknownParticipant { .. }),
    );
    check(
        |input| input.held_out = [id("nobody")].into(),
        |error| matches!(error, ClearingError::UnknownParticipant { .. }),
    );
    check(
        |input| input.lines[0].amount = Money::new(-1, Currency::CNY),
        |error| matches!(error, ClearingError::AmountNotPositive { .. }),
    );
    check(|input| input.lines[0].at = CUT_OFF, |error| matches!(error, ClearingError::AfterCutOff { .. }));
    check(
        |input| {
            input.lines[0].amount = Money::new(i64::MAX, Currency::CNY);
            input.lines.push(input.lines[0].clone());
        },
        |error| *error == ClearingError::Overflow(Currency::CNY),
    );
    check(
        |input| input.participants[4].ledger_accounts.clear(),
        |error| matches!(error, ClearingError::NoLedgerAccount { .. }),
    );
    let owed = |debtor: &str, creditor: &str| Obligation {
        day: day("2026-11-22"),
        cycle: 1,
        debtor: id(debtor),
        creditor: id(creditor),
        amount: Money::new(5, Currency::CNY),
        lines: 1,
    };
    let carried = |carried_in: Vec<Obligation>| clear(&ClearingInput { carried_in, ..input(pay()) });
    let good = owed("bank-a", "bank-b");
    assert!(carried(vec![good.clone(), owed("bank-b", "bank-a")]).is_ok());
    let twice = carried(vec![good.clone(), good.clone()]);
    assert!(matches!(twice, Err(ClearingError::CarriedInTwice { .. })));
    let same_cycle = Obligation { day: day("2026-11-23"), ..good.clone() };
    assert!(matches!(carried(vec![same_cycle]), Err(ClearingError::NotCarriedFromEarlier { .. })));
    assert!(matches!(carried(vec![owed("bank-a", "bank-a")]), Err(ClearingError::OwesItself(_))));
    let nothing = Obligation { amount: Money::zero(Currency::CNY), ..good };
    assert!(matches!(carried(vec![nothing]), Err(ClearingError::AmountNotPositive { .. })));
}

#[test]
fn the_longest_identifiers_fit() {
    let mut input = input(vec![line("P1", LineKind::Pay, "bank-a", "tea-house", "12.00 CNY")]);
    input.cycle = u32::MAX;
    input.cut_off_at = Timestamp(u64::MAX);
    check(&clear(&input).expect("clears"));
}
