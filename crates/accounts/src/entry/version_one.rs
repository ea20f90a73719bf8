//! Batches of version 1, read and never written: what the journal held before payments had references,
//! origins and decisions. A fee, which was part of the payment then, becomes a leg of its decision.

use ledger::{Content, Timestamp};

use super::{Entry, digest};
use crate::account::NAME_BYTES_MAX;
use crate::codec::Reader;
use crate::decision::{Decision, Leg};
use crate::payment::{EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX};
use crate::{
    Capture, Consent, EntryKind, HolderId, Kind, NewAccount, NewHold, Operation, Origin, Payment, PaymentId,
    Release,
};

/// Reads the entry at this place in the batch of this row.
pub(super) fn decode(
    from: &mut Reader<'_>,
    sequence: u64,
    place: usize,
) -> Option<(Entry, Content, Option<Box<Decision>>)> {
    let start = *from;
    let mut decision = None;
    let mut entry = match from.u8()? {
        1 => {
            let account = from.account()?;
            let holder = HolderId(from.text(NAME_BYTES_MAX)?);
            let kind = Kind::from_code(u16::from_le_bytes(from.take()?))?;
            let (name, currency) = (from.text(NAME_BYTES_MAX)?, from.currency()?);
            Entry::Open {
                account,
                new: NewAccount { key: keyless(sequence, place), holder, kind, name, currency },
            }
        }
        2 => {
            let account = from.account()?;
            Entry::Close { key: keyless(sequence, place), account }
        }
        3 => {
            let key = from.take()?;
            let operation = Operation::from_code(from.u8()?)?;
            let (payer, payee, amount) = (from.account()?, from.account()?, from.money()?);
            let mut payment = Payment::new(key, operation, payer, payee, amount);
            if from.flag()? {
                let (fee, account) = (from.money()?, from.account()?);
                payment.agreed_fee = Some(fee);
                let leg = Leg { kind: EntryKind::Fee, debit: payer, credit: account, amount: fee };
                decision = Some(Box::new(Decision { legs: vec![leg], ..Decision::default() }));
            }
            payment.memo = from.text(MEMO_BYTES_MAX)?;
            Entry::Payment(payment)
        }
        4 => Entry::Hold(NewHold {
            key: from.take()?,
            from: from.account()?,
            to: from.account()?,
            amount: from.money()?,
            expires: Some(Timestamp(from.u64()?)).filter(|at| at.0 != u64::MAX),
            memo: from.text(MEMO_BYTES_MAX)?,
            reference: String::new(),
            origin: Origin::default(),
            consent: Consent::None,
            evidence: Vec::new(),
        }),
        5 => Entry::Capture(Capture {
            key: from.take()?,
            hold: PaymentId(from.u64()?),
            amount: from.money()?,
            last: true,
            reference: String::new(),
            evidence: Vec::new(),
        }),
        6 => Entry::Release(Release { key: from.take()?, hold: PaymentId(from.u64()?) }),
        _ => return None,
    };
    let content = digest(from.since(start)?);
    let given = from.bytes(EVIDENCE_BYTES_MAX)?.to_vec();
    match &mut entry {
        Entry::Payment(Payment { evidence, consent, .. })
        | Entry::Hold(NewHold { evidence, consent, .. }) => {
            *consent = if given.is_empty() { Consent::None } else { Consent::Signed };
            *evidence = given;
        }
        Entry::Capture(Capture { evidence, .. }) => *evidence = given,
        _ => {}
    }
    Some((entry, content, decision))
}

/// Opening and closing had no key of their own, so each was a request of its own, also when it was asked again:
/// one that nobody else has, from where it stands.
fn keyless(sequence: u64, place: usize) -> [u8; 16] {
    let place = u64::try_from(place).unwrap_or(u64::MAX).to_le_bytes();
    let mut key = *b"v1\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for (to, from) in key.iter_mut().skip(2).zip(place.iter().take(6).chain(&sequence.to_le_bytes())) {
        *to = *from;
    }
    key
}
