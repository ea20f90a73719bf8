//! Participants, lines and days for the tests.

use std::collections::BTreeSet;

use clearing::{
    Clearing, ClearingInput, Day, Line, LineKind, Obligation, Participant, ParticipantId, ParticipantKind,
    clear,
};
use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;

pub(crate) const CURRENCIES: [Currency; 4] = [Currency::CNY, Currency::EUR, Currency::JPY, Currency::KWD];

/// 2026-11-23 15:00 UTC: 23:00 in Shanghai.
pub(crate) const CUT_OFF: Timestamp = Timestamp(1_795_446_000_000_000_000);

pub(crate) fn id(text: &str) -> ParticipantId {
    text.parse().expect(text)
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().expect(text)
}

pub(crate) fn participants() -> Vec<Participant> {
    let participant = |name: &str, kind, bic: Option<&str>, account: Option<&str>, number: u64| Participant {
        id: id(name),
        name: format!("{name} & Söhne <有限公司>"),
        kind,
        bic: bic.map(|bic| bic.parse().expect(bic)),
        account: account.map(|account| account.parse().expect(account)),
        country: "CN".to_owned(),
        ledger_accounts: CURRENCIES
            .iter()
            .zip(1..)
            .map(|(currency, of_currency)| (*currency, format!("{}", number * 10 + of_currency)))
            .collect(),
    };
    vec![
        participant("operator", ParticipantKind::Operator, Some("THPYCNBJ"), Some("6222021234567890123"), 10),
        participant("bank-a", ParticipantKind::Bank, Some("BKCHCNBJ300"), None, 11),
        participant("bank-b", ParticipantKind::Bank, None, Some("DE89370400440532013000"), 12),
        participant("provider", ParticipantKind::Provider, Some("DEUTDEFF500"), None, 13),
        participant(
            "tea-house",
            ParticipantKind::Merchant,
            Some("ICBKCNBJ"),
            Some("GB29NWBK60161331926819"),
            14,
        ),
        participant("book-shop", ParticipantKind::Merchant, None, Some("4000-1234/5"), 15),
    ]
}

pub(crate) fn line(payment: &str, kind: LineKind, debtor: &str, creditor: &str, amount: &str) -> Line {
    Line {
        payment: payment.to_owned(),
        at: Timestamp(CUT_OFF.0 - 3_600_000_000_000),
        kind,
        debtor: id(debtor),
        creditor: id(creditor),
        amount: amount.parse().expect(amount),
        terminal: "T0000001".to_owned(),
        batch: "000001".to_owned(),
        reference: format!("order {payment}"),
    }
}

pub(crate) fn input(lines: Vec<Line>) -> ClearingInput {
    ClearingInput {
        day: day("2026-11-23"),
        cycle: 1,
        cut_off_at: CUT_OFF,
        settlement_day: day("2026-11-24"),
        lines,
        participants: participants(),
        held_out: BTreeSet::new(),
        carried_in: Vec::new(),
    }
}

/// A day with all kinds of participants in several currencies.
pub(crate) fn busy_day() -> Clearing {
    clear(&input(vec![
        line("P1", LineKind::Pay, "bank-a", "tea-house", "120.00 CNY"),
        line("P2", LineKind::Pay, "bank-b", "tea-house", "80.55 CNY"),
        line("P2", LineKind::Fee, "tea-house", "operator", "1.20 CNY"),
        line("P3", LineKind::Refund, "book-shop", "bank-a", "19.99 CNY"),
        line("P4", LineKind::Transfer, "bank-a", "bank-b", "1000.00 CNY"),
        line("P5", LineKind::Transfer, "provider", "bank-b", "500 JPY"),
        line("P6", LineKind::Pay, "provider", "book-shop", "7.125 KWD"),
        line("P7", LineKind::Transfer, "bank-a", "bank-a", "5.00 CNY"),
        line("P8", LineKind::Transfer, "bank-b", "provider", "12.34 EUR"),
    ]))
    .expect("clears")
}

/// Any line of the day.
pub(crate) fn any_line() -> impl Strategy<Value = Line> {
    let who = || proptest::sample::select(participants().into_iter().map(|one| one.id).collect::<Vec<_>>());
    let kind = proptest::sample::select(LineKind::ALL.to_vec());
    let currency = proptest::sample::select(CURRENCIES.to_vec());
    let amount = prop_oneof![1_i64..100, 1_i64..1_000_000_000_000];
    (who(), who(), kind, currency, amount, 0_u64..3, 0_u64..3).prop_map(
        |(debtor, creditor, kind, currency, units, terminal, batch)| Line {
            payment: format!("P{units}"),
            at: Timestamp(CUT_OFF.0 - 1),
            kind,
            debtor,
            creditor,
            amount: Money::new(units, currency),
            terminal: if terminal == 0 { String::new() } else { format!("T{terminal}") },
            batch: format!("{batch}"),
            reference: String::new(),
        },
    )
}

pub(crate) fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(any_line(), 0..60)
}

pub(crate) fn any_held_out() -> impl Strategy<Value = BTreeSet<ParticipantId>> {
    let all: Vec<ParticipantId> = participants().into_iter().map(|one| one.id).collect();
    proptest::sample::subsequence(all, 0..=3).prop_map(|held_out| held_out.into_iter().collect())
}

/// The next day, on which nothing happens but what is carried in.
pub(crate) fn next_day(carried_in: Vec<Obligation>) -> ClearingInput {
    ClearingInput {
        day: day("2026-11-24"),
        settlement_day: day("2026-11-25"),
        cut_off_at: Timestamp(CUT_OFF.0 + 86_400_000_000_000),
        carried_in,
        ..input(Vec::new())
    }
}
