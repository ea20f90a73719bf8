//! Writes instructions for the bank: pacs.009 between institutions, pacs.008 where a merchant pays or is paid.

use std::collections::BTreeMap;

use money::{Currency, Money};

use super::element::{account, agent, fits, institution, party, reference};
use super::xml::Xml;
use super::{FileError, XmlFile};
use crate::{Clearing, Instruction, Participant, ParticipantId, moment};

/// Name of the arrangement that these payments settle, as the bank sees it.
const CLEARING_SYSTEM: &str = "THINPAY";

/// One kind of credit transfer file.
struct Kind {
    message: &'static str,
    namespace: &'static str,
    root: &'static str,
}

const PACS008: Kind = Kind {
    message: "pacs.008",
    namespace: "urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08",
    root: "FIToFICstmrCdtTrf",
};

const PACS009: Kind = Kind {
    message: "pacs.009",
    namespace: "urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08",
    root: "FICdtTrf",
};

/// An instruction with its parties.
struct Transfer<'c> {
    instruction: &'c Instruction,
    debtor: &'c Participant,
    creditor: &'c Participant,
}

impl Transfer<'_> {
    fn is_between_institutions(&self) -> bool {
        self.debtor.kind.is_institution() && self.creditor.kind.is_institution()
    }
}

/// The instructions in which a merchant pays or is paid, one file for each currency: pacs.008.001.08.
///
/// # Errors
/// [`FileError`]: a merchant without an account, or amounts too long for the format.
pub fn pacs008(clearing: &Clearing) -> Result<Vec<XmlFile>, FileError> {
    let mut files = Vec::new();
    for (currency, transfers) in by_currency(clearing, false)? {
        for participant in transfers.iter().flat_map(|transfer| [transfer.debtor, transfer.creditor]) {
            if !participant.kind.is_institution() && participant.account.is_none() {
                return Err(FileError::MerchantWithoutAccount(participant.id.clone()));
            }
        }
        files.push(file(clearing, &PACS008, currency, &transfers, |xml, transfer| {
            xml.leaf("ChrgBr", "SLEV");
            party(xml, "Dbtr", transfer.debtor);
            if let Some(of_debtor) = &transfer.debtor.account {
                account(xml, "DbtrAcct", of_debtor);
            }
            agent(xml, "DbtrAgt", transfer.debtor.bic.as_ref());
            agent(xml, "CdtrAgt", transfer.creditor.bic.as_ref());
            party(xml, "Cdtr", transfer.creditor);
            if let Some(of_creditor) = &transfer.creditor.account {
                account(xml, "CdtrAcct", of_creditor);
            }
        })?);
    }
    Ok(files)
}

/// The instructions between institutions, one file for each currency: pacs.009.001.08.
///
/// # Errors
/// [`FileError`]: amounts too long for the format.
pub fn pacs009(clearing: &Clearing) -> Result<Vec<XmlFile>, FileError> {
    let mut files = Vec::new();
    for (currency, transfers) in by_currency(clearing, true)? {
        files.push(file(clearing, &PACS009, currency, &transfers, |xml, transfer| {
            institution(xml, "Dbtr", transfer.debtor);
            if let Some(of_debtor) = &transfer.debtor.account {
                account(xml, "DbtrAcct", of_debtor);
            }
            institution(xml, "Cdtr", transfer.creditor);
            if let Some(of_creditor) = &transfer.creditor.account {
                account(xml, "CdtrAcct", of_creditor);
            }
        })?);
    }
    Ok(files)
}

fn by_currency(
    clearing: &Clearing,
    between_institutions: bool,
) -> Result<BTreeMap<Currency, Vec<Transfer<'_>>>, FileError> {
    let participant = |id: &ParticipantId| {
        clearing.participant(id).ok_or_else(|| FileError::UnknownParticipant(id.clone()))
    };
    let mut transfers: BTreeMap<Currency, Vec<Transfer<'_>>> = BTreeMap::new();
    for instruction in &clearing.instructions {
        let debtor = participant(&instruction.debtor)?;
        let creditor = participant(&instruction.creditor)?;
        let transfer = Transfer { instruction, debtor, creditor };
        if transfer.is_between_institutions() == between_institutions {
            transfers.entry(instruction.amount.currency()).or_default().push(transfer);
        }
    }
    Ok(transfers)
}

/// A file of these transfers, all in one currency. `parties` writes what differs between the two kinds: a
/// `CreditTransferTransaction` from the charges or the debtor to the creditor's account.
fn file(
    clearing: &Clearing,
    kind: &Kind,
    currency: Currency,
    transfers: &[Transfer<'_>],
    parties: impl Fn(&mut Xml, &Transfer<'_>),
) -> Result<XmlFile, FileError> {
    let mut total = Money::zero(currency);
    for Transfer { instruction, .. } in transfers {
        reference("the identifier of an instruction", &instruction.id)?;
        if !instruction.amount.is_positive() {
            let of = format!("instruction {}", instruction.id);
            return Err(FileError::AmountNotPositive { of, amount: instruction.amount });
        }
        total = total.checked_add(fits(instruction.amount)?).map_err(|_| FileError::Overflow)?;
    }
    fits(total)?;
    let cycle = format!("{}-{:02}-{currency}", clearing.day.compact(), clearing.cycle);
    let message_id = format!("TP{cycle}-{}", kind.message.replace('.', "").to_uppercase());
    reference("the message identifier", &message_id)?;
    let mut xml = Xml::document(kind.namespace);
    xml.element(kind.root, |xml| {
        xml.element("GrpHdr", |xml| {
            xml.leaf("MsgId", &message_id);
            xml.leaf("CreDtTm", &moment::text(clearing.cut_off_at));
            xml.leaf("NbOfTxs", &transfers.len().to_string());
            xml.amount("TtlIntrBkSttlmAmt", total);
            xml.leaf("IntrBkSttlmDt", &clearing.settlement_day.to_string());
            xml.element("SttlmInf", |xml| {
                xml.leaf("SttlmMtd", "CLRG");
                xml.element("ClrSys", |xml| xml.leaf("Prtry", CLEARING_SYSTEM));
            });
            if let Some(operator) = clearing.operator() {
                institution(xml, "InstgAgt", operator);
            }
        });
        for transfer in transfers {
            xml.element("CdtTrfTxInf", |xml| {
                xml.element("PmtId", |xml| {
                    for name in ["InstrId", "EndToEndId", "TxId"] {
                        xml.leaf(name, &transfer.instruction.id);
                    }
                });
                xml.amount("IntrBkSttlmAmt", transfer.instruction.amount);
                parties(xml, transfer);
                xml.element("RmtInf", |xml| {
                    let text = format!("Settlement of {} cycle {}", clearing.day, clearing.cycle);
                    xml.leaf("Ustrd", &text);
                });
            });
        }
    });
    Ok(XmlFile { name: format!("{}-{cycle}.xml", kind.message), text: xml.finish() })
}
