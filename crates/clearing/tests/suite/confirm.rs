//! Confirming a day's instructions by what the bank reports.

use crate::support::{CUT_OFF, busy_day, day};
use clearing::iso20022::{
    AccountNotification, BankEntry, Direction, EntryStatus, ReportAccount, ReportEntry, camt054, read_camt054,
};
use clearing::{Confirmation, Discrepancy, Instruction, confirm};
use ledger::Timestamp;
use money::{Currency, Money};

/// What a bank books for an instruction.
fn booking(instruction: &Instruction) -> ReportEntry {
    ReportEntry {
        reference: "1".to_owned(),
        amount: instruction.amount,
        direction: Direction::Debit,
        reversal: false,
        status: EntryStatus::Booked,
        booked_at: Timestamp(CUT_OFF.0 + 1),
        value_day: day("2026-11-24"),
        servicer_reference: format!("BANK-{}", instruction.id),
        end_to_end: instruction.id.clone(),
        kind: String::new(),
        counterparty: String::new(),
        counterparty_account: None,
        return_reason: String::new(),
        information: String::new(),
    }
}

/// The entries as they come out of the bank's files.
fn reported(bookings: &[ReportEntry]) -> Vec<BankEntry> {
    crate::support::CURRENCIES
        .iter()
        .flat_map(|currency| {
            let notification = AccountNotification {
                id: "N".to_owned(),
                created_at: CUT_OFF,
                account: ReportAccount {
                    account: "6222021234567890123".parse().expect("an account"),
                    currency: *currency,
                    owner: String::new(),
                    servicer: String::new(),
                    servicer_bic: None,
                },
                entries: bookings.iter().filter(|one| one.amount.currency() == *currency).cloned().collect(),
            };
            read_camt054(camt054(&notification).expect("writes").text.as_bytes()).expect("reads")
        })
        .collect()
}

#[test]
fn a_good_day_is_confirmed_whole_and_again() {
    let clearing = busy_day();
    let bookings: Vec<ReportEntry> = clearing.instructions.iter().map(booking).collect();
    let entries = reported(&bookings);
    let confirmation = confirm(&clearing.instructions, &entries);
    assert!(confirmation.discrepancies.is_empty());
    let references: Vec<(&str, &str)> = confirmation
        .confirmed
        .iter()
        .map(|one| (one.instruction.as_str(), one.bank_reference.as_str()))
        .collect();
    assert_eq!(references.len(), clearing.instructions.len());
    assert_eq!(references[0], ("TP20261123-01-CNY-0001", "BANK-TP20261123-01-CNY-0001"));
    assert_eq!(confirm(&clearing.instructions, &entries), confirmation);
    // The other side of each payment, on the payees' accounts, changes nothing.
    let credits = bookings.iter().map(|one| ReportEntry { direction: Direction::Credit, ..one.clone() });
    let both = reported(&bookings.iter().cloned().chain(credits).collect::<Vec<_>>());
    assert_eq!(confirm(&clearing.instructions, &both), confirmation);
}

#[test]
fn every_discrepancy_is_told_and_what_is_doubtful_is_not_confirmed() {
    let clearing = busy_day();
    let instruction = &clearing.instructions[0];
    let id = || instruction.id.clone();
    let check = |bookings: &[ReportEntry], confirmed: usize, expect: &dyn Fn(&Discrepancy) -> bool| {
        let confirmation = confirm(std::slice::from_ref(instruction), &reported(bookings));
        assert_eq!(confirmation.confirmed.len(), confirmed, "{confirmation:?}");
        assert_eq!(confirmation.discrepancies.len(), 1, "{confirmation:?}");
        assert!(expect(&confirmation.discrepancies[0]), "{confirmation:?}");
    };
    let good = booking(instruction);
    check(&[], 0, &|one| *one == Discrepancy::Missing { instruction: id(), instructed: instruction.amount });
    let stranger = ReportEntry { end_to_end: "SALARY".to_owned(), ..good.clone() };
    check(&[good.clone(), stranger], 1, &|one| matches!(one, Discrepancy::UnknownReference { .. }));
    let less = ReportEntry { amount: Money::new(1, Currency::CNY), ..good.clone() };
    check(
        std::slice::from_ref(&less),
        0,
        &|one| matches!(one, Discrepancy::AmountDiffers { booked, .. } if booked.minor_units() == 1),
    );
    check(&[good.clone(), less], 0, &|one| matches!(one, Discrepancy::AmountDiffers { .. }));
    let returned =
        ReportEntry { direction: Direction::Credit, return_reason: "AC04".to_owned(), ..good.clone() };
    check(
        &[good.clone(), returned],
        0,
        &|one| matches!(one, Discrepancy::Rejected { reason, .. } if reason == "AC04"),
    );
    let reversed = ReportEntry { reversal: true, ..good.clone() };
    check(&[good.clone(), reversed], 0, &|one| matches!(one, Discrepancy::Rejected { .. }));
    let refused = ReportEntry { status: EntryStatus::Other("RJCT".to_owned()), ..good.clone() };
    check(&[refused], 0, &|one| matches!(one, Discrepancy::Rejected { .. }));
    let pending = ReportEntry { status: EntryStatus::Pending, ..good.clone() };
    check(std::slice::from_ref(&pending), 0, &|one| {
        *one == Discrepancy::NotBookedYet { instruction: id(), status: EntryStatus::Pending }
    });
    check(&[good.clone(), good.clone()], 1, &|one| matches!(one, Discrepancy::BookedTwice { .. }));
    let all = confirm(&clearing.instructions, &reported(std::slice::from_ref(&good)));
    let json = serde_json::to_string(&all).expect("writes");
    assert_eq!(serde_json::from_str::<Confirmation>(&json).expect("reads"), all);
    assert!(json.contains(r#""discrepancy":"missing""#), "{json}");
    let both = confirm(std::slice::from_ref(instruction), &reported(&[pending, good]));
    assert!(both.discrepancies.is_empty(), "announced, then booked");
}
