//! What the bank booked, compared with what was instructed.

use std::collections::BTreeMap;

use money::Money;
use serde::{Deserialize, Serialize};

use crate::Instruction;
use crate::iso20022::{BankEntry, EntryStatus};

/// An instruction that the bank has booked with its own amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// Identifier of the instruction.
    pub instruction: String,
    /// The bank's reference of the booking; empty if it gave none.
    pub bank_reference: String,
}

/// What does not fit; for a person to look into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "discrepancy", rename_all = "kebab-case")]
pub enum Discrepancy {
    /// The bank booked or announced something that was not instructed.
    UnknownReference {
        /// The entry.
        entry: BankEntry,
    },
    /// The bank booked another amount. The instruction is not confirmed.
    AmountDiffers {
        /// Identifier of the instruction.
        instruction: String,
        /// What was instructed.
        instructed: Money,
        /// What was booked.
        booked: Money,
        /// The bank's reference.
        bank_reference: String,
    },
    /// The bank refused the payment, returned it, or took its booking back. The instruction is not confirmed.
    Rejected {
        /// Identifier of the instruction.
        instruction: String,
        /// The bank's reason: a code of its own or of ISO 20022's list of return reasons; may be empty.
        reason: String,
        /// The bank's reference.
        bank_reference: String,
    },
    /// The bank has announced the payment but not booked it. Wait for another file.
    NotBookedYet {
        /// Identifier of the instruction.
        instruction: String,
        /// How the bank put it.
        status: EntryStatus,
    },
    /// The bank booked the instruction more than once on the same side of an account. It is confirmed, and
    /// the further bookings are to be claimed back.
    BookedTwice {
        /// Identifier of the instruction.
        instruction: String,
        /// The further booking.
        entry: BankEntry,
    },
    /// The bank says nothing of this instruction.
    Missing {
        /// Identifier of the instruction.
        instruction: String,
        /// What was instructed.
        instructed: Money,
    },
}

/// The comparison: every instruction is either confirmed or named by a discrepancy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// In the order of the instructions. Each is to be posted as [`Instruction::posting`] says, once.
    pub confirmed: Vec<Confirmed>,
    /// In the order of the instructions; unknown references last, in the order of the file.
    pub discrepancies: Vec<Discrepancy>,
}

/// Compares instructions with what the bank reported. An entry belongs to the instruction whose identifier it
/// carries as end-to-end, instruction, transaction or entry reference. A debit of the payer's account and a
/// credit of the payee's for one instruction are two sides of one payment. A rejection outweighs a booking, and
/// a differing amount outweighs an agreeing one: what is doubtful is left to a person.
#[must_use]
pub fn confirm(instructions: &[Instruction], entries: &[BankEntry]) -> Confirmation {
    let known: BTreeMap<&str, usize> = instructions
        .iter()
        .enumerate()
        .map(|(index, instruction)| (instruction.id.as_str(), index))
        .collect();
    let mut reported: BTreeMap<usize, Vec<&BankEntry>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for entry in entries {
        match entry.references.ours().find_map(|reference| known.get(reference)) {
            Some(index) => reported.entry(*index).or_default().push(entry),
            None => unknown.push(Discrepancy::UnknownReference { entry: entry.clone() }),
        }
    }
    let mut confirmation = Confirmation::default();
    for (index, instruction) in instructions.iter().enumerate() {
        let entries = reported.get(&index).map_or(&[][..], Vec::as_slice);
        compare(instruction, entries, &mut confirmation);
    }
    confirmation.discrepancies.append(&mut unknown);
    confirmation
}

/// One instruction against the entries that name it.
fn compare(instruction: &Instruction, entries: &[&BankEntry], confirmation: &mut Confirmation) {
    let id = || instruction.id.clone();
    if let Some(entry) = entries.iter().find(|entry| entry.is_rejection()) {
        confirmation.discrepancies.push(Discrepancy::Rejected {
            instruction: id(),
            reason: entry.return_reason.clone(),
            bank_reference: entry.bank_reference().to_owned(),
        });
        return;
    }
    let mut booked = entries.iter().filter(|entry| entry.status == EntryStatus::Booked);
    if let Some(entry) = booked.clone().find(|entry| entry.amount != instruction.amount) {
        confirmation.discrepancies.push(Discrepancy::AmountDiffers {
            instruction: id(),
            instructed: instruction.amount,
            booked: entry.amount,
            bank_reference: entry.bank_reference().to_owned(),
        });
        return;
    }
    let Some(first) = booked.next() else {
        confirmation.discrepancies.push(match entries.first() {
            Some(entry) => Discrepancy::NotBookedYet { instruction: id(), status: entry.status.clone() },
            None => Discrepancy::Missing { instruction: id(), instructed: instruction.amount },
        });
        return;
    };
    confirmation
        .confirmed
        .push(Confirmed { instruction: id(), bank_reference: first.bank_reference().to_owned() });
    let mut sides = vec![first.direction];
    for entry in booked {
        if sides.contains(&entry.direction) {
            confirmation
                .discrepancies
                .push(Discrepancy::BookedTwice { instruction: id(), entry: (*entry).clone() });
        } else {
            sides.push(entry.direction);
        }
    }
}
