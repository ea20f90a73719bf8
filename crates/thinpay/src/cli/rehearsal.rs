//! What a bank would answer, for rehearsals without one.

use anyhow::{Context as _, Result, bail};
use clearing::Day;
use clearing::iso20022::{
    AccountNotification, Direction, EntryStatus, ReportAccount, ReportEntry, camt054, report_id,
};
use money::Money;
use serde_json::Value;

use crate::clock;

/// The bank's notification (camt.054) that every instruction of a day that is still open has been booked.
///
/// # Errors
/// When there is none.
pub(super) fn notification(day: Day, listed: &Value) -> Result<String> {
    let instructions = listed.get("instructions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let open = instructions.iter().filter(|instruction| field(instruction, "state") == "open");
    let entries: Vec<ReportEntry> = open
        .zip(1_u32..)
        .map(|(instruction, number)| booking(day, instruction, number))
        .collect::<Result<_>>()?;
    let Some(first) = entries.first() else {
        bail!("No instruction of {day} is open. `thinpay settlement list --day {day}` shows them.");
    };
    let account = "1100000001";
    let notification = AccountNotification {
        id: report_id(day, 1, account),
        created_at: clock::timestamp(),
        account: ReportAccount {
            account: account.parse()?,
            currency: first.amount.currency(),
            owner: "The operator".to_owned(),
            servicer: "A rehearsal's bank".to_owned(),
            servicer_bic: None,
        },
        entries,
    };
    Ok(camt054(&notification)?.text)
}

fn booking(day: Day, instruction: &Value, number: u32) -> Result<ReportEntry> {
    let amount = instruction.get("amount").cloned().unwrap_or_default();
    let amount: Money = serde_json::from_value(amount).context("The server's answer has no amount.")?;
    let identifier = field(instruction, "instruction");
    Ok(ReportEntry {
        reference: number.to_string(),
        amount,
        direction: Direction::Debit,
        reversal: false,
        status: EntryStatus::Booked,
        booked_at: clock::timestamp(),
        value_day: day,
        servicer_reference: format!("REHEARSAL-{number}"),
        end_to_end: identifier.to_owned(),
        kind: String::new(),
        counterparty: String::new(),
        counterparty_account: None,
        return_reason: String::new(),
        information: String::new(),
    })
}

fn field<'a>(instruction: &'a Value, name: &str) -> &'a str {
    instruction.get(name).and_then(Value::as_str).unwrap_or_default()
}
