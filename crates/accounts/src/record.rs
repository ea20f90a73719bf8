//! What a record of the audit log says about a payment, for receipts that are checked far from any book.

use audit::{PaymentFacts, Record};
use identity::Operation as Agreed;
use money::Money;

use crate::decision::Verdict;
use crate::entry::{Entry, decode_entry};
use crate::{EntryKind, Operation, Payment, PaymentId};

/// Reads the entry in a record: [`audit::RecordReader`] of this platform's journal.
///
/// # Errors
/// In words for people, when the entry does not read or is not about a payment.
pub fn read_record(record: &Record<'_>) -> Result<PaymentFacts, String> {
    let (entry, decision) = decode_entry(record.entry)
        .ok_or("the record's entry does not read: it is damaged, or of a later version")?;
    let payment = PaymentId(record.number).to_string();
    if decision.as_deref().is_some_and(|decision| decision.verdict == Verdict::Review) {
        return Err("the payment was set aside for the operator's review: its record does not say whether it was paid in the end".to_owned());
    }
    match entry {
        Entry::Payment(Payment { key, operation, from, to, amount, memo, evidence, .. }) => {
            let fee = decision.and_then(|decision| decision.payer_fee(from));
            Ok(PaymentFacts {
                payment,
                operation: operation.word().to_owned(),
                agreed: match operation {
                    Operation::Pay => Some(Agreed::Pay),
                    Operation::Transfer => Some(Agreed::Transfer),
                    Operation::TopUp => Some(Agreed::TopUp),
                    Operation::Withdrawal | Operation::Settlement => None,
                },
                key,
                from: from.to_string(),
                to: to.to_string(),
                amount,
                fee: fee.unwrap_or(Money::zero(amount.currency())),
                memo,
                evidence: device_evidence(evidence),
            })
        }
        Entry::Refund(entry) => Ok(PaymentFacts {
            payment,
            operation: EntryKind::Refund.word().to_owned(),
            agreed: None,
            key: entry.refund.key,
            from: entry.from.to_string(),
            to: entry.to.to_string(),
            amount: entry.refund.amount,
            fee: Money::zero(entry.refund.amount.currency()),
            memo: entry.refund.memo,
            evidence: device_evidence(entry.refund.evidence),
        }),
        Entry::Exchange(exchange) => Ok(PaymentFacts {
            payment,
            operation: EntryKind::Exchange.word().to_owned(),
            agreed: None,
            key: exchange.key,
            from: exchange.from.to_string(),
            to: exchange.to.to_string(),
            amount: exchange.amount,
            fee: Money::zero(exchange.amount.currency()),
            memo: exchange.memo,
            evidence: device_evidence(exchange.evidence),
        }),
        Entry::Capture(_) => Err(
            "the record is that of a capture, which names no accounts: they are in the record of its hold"
                .to_owned(),
        ),
        _ => Err("the record is not that of a payment".to_owned()),
    }
}

/// A terminal's evidence; nothing when it is an operator's signature, which proves no customer's consent.
fn device_evidence(evidence: Vec<u8>) -> Vec<u8> {
    if identity::Evidence::parse(&evidence).is_ok() { evidence } else { Vec::new() }
}
