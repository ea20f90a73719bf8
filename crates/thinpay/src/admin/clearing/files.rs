//! The files of a day's clearing.

use anyhow::{Context as _, Result};
use clearing::iso20022::{
    self, AccountNotification, Direction, EntryStatus, ReportAccount, ReportEntry, XmlFile,
};
use clearing::{Clearing, Participant, ParticipantId, instructions_csv, obligations_csv, positions_csv};
use money::Currency;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::admin::actor::hex;

/// What kind of movement an instruction is on a participant's account.
const SETTLEMENT: &str = "settlement";

/// A file to be written by whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
}

impl From<XmlFile> for File {
    fn from(file: XmlFile) -> Self {
        Self { name: file.name, text: file.text }
    }
}

/// Positions, obligations and instructions for people with spreadsheets.
pub(super) fn tables(clearing: &Clearing) -> Vec<File> {
    let cycle = format!("{}-{:02}", clearing.day.compact(), clearing.cycle);
    [
        ("positions", positions_csv(clearing)),
        ("obligations", obligations_csv(&clearing.obligations)),
        ("carried-out", obligations_csv(&clearing.carried_out)),
        ("instructions", instructions_csv(clearing)),
    ]
    .into_iter()
    .map(|(what, text)| File { name: format!("{what}-{cycle}.csv"), text })
    .collect()
}

/// Everything that is given out for a cycle: payments for the bank, notifications for participants, tables.
pub(super) fn all(clearing: &Clearing) -> Result<Vec<File>> {
    let mut files: Vec<File> = iso20022::pacs009(clearing)?.into_iter().map(File::from).collect();
    files.extend(iso20022::pacs008(clearing)?.into_iter().map(File::from));
    for participant in &clearing.participants {
        for (currency, number) in &participant.ledger_accounts {
            files.extend(notification(clearing, participant, *currency, number)?);
        }
    }
    files.extend(tables(clearing));
    Ok(files)
}

/// What a participant is going to pay and to get, announced on its ledger account.
fn notification(
    clearing: &Clearing,
    participant: &Participant,
    currency: Currency,
    number: &str,
) -> Result<Option<File>> {
    let mut entries = Vec::new();
    for instruction in clearing.instructions.iter().filter(|one| one.amount.currency() == currency) {
        let (direction, other) = if instruction.creditor == participant.id {
            (Direction::Credit, &instruction.debtor)
        } else if instruction.debtor == participant.id {
            (Direction::Debit, &instruction.creditor)
        } else {
            continue;
        };
        entries.push(ReportEntry {
            reference: instruction.id.clone(),
            amount: instruction.amount,
            direction,
            reversal: false,
            status: EntryStatus::Pending,
            booked_at: clearing.cut_off_at,
            value_day: clearing.settlement_day,
            servicer_reference: String::new(),
            end_to_end: instruction.id.clone(),
            kind: SETTLEMENT.to_owned(),
            counterparty: name(clearing, other),
            counterparty_account: None,
            return_reason: String::new(),
            information: format!("Settlement of {} cycle {}", clearing.day, clearing.cycle),
        });
    }
    if entries.is_empty() {
        return Ok(None);
    }
    let operator = clearing.operator();
    let account = ReportAccount {
        account: number.parse().context("A ledger account's number does not fit a file.")?,
        currency,
        owner: participant.name.clone(),
        servicer: operator.map(|operator| operator.name.clone()).unwrap_or_default(),
        servicer_bic: operator.and_then(|operator| operator.bic.clone()),
    };
    let id = iso20022::report_id(clearing.day, clearing.cycle, number);
    let notification = AccountNotification { id, created_at: clearing.cut_off_at, account, entries };
    Ok(Some(iso20022::camt054(&notification)?.into()))
}

fn name(clearing: &Clearing, id: &ParticipantId) -> String {
    clearing.participant(id).map_or_else(|| id.to_string(), |participant| participant.name.clone())
}

/// SHA-256 of the files: of each, its name's length and text's length, its name and its text.
pub(super) fn digest(files: &[File]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        digest.update(format!("{} {}\n", file.name.len(), file.text.len()));
        digest.update(&file.name);
        digest.update(&file.text);
    }
    hex(&digest.finalize())
}

/// The files as an answer carries them.
pub(super) fn answer(files: Vec<File>) -> Value {
    files.into_iter().map(|file| json!({ "name": file.name, "text": file.text })).collect()
}
