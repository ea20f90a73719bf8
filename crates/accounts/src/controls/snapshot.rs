//! The controls as bytes, in a snapshot beside the ledger.

use std::collections::BTreeMap;

use ledger::{Ledger, Timestamp};
use parameters::{Counters, Registry};
use risk::Histories;

use super::{Controls, Facts, InEffect, InReview, risk_check};
use crate::account::NAME_BYTES_MAX;
use crate::codec::{Reader, put_account, put_money, put_text, put_u64};
use crate::decision::Leg;
use crate::{AccountId, EntryKind, Kind, PaymentId};

impl Controls {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in [self.registry.encode(), self.counters.encode(), self.histories.encode()] {
            put_u64(&mut out, u64::try_from(part.len()).unwrap_or(u64::MAX));
            out.extend_from_slice(&part);
        }
        for facts in &self.facts {
            put_text(&mut out, &facts.holder);
            put_text(&mut out, &facts.tier);
            put_u64(&mut out, facts.opened.0);
        }
        put_u64(&mut out, u64::try_from(self.reviews.len()).unwrap_or(u64::MAX));
        for (payment, review) in &self.reviews {
            put_u64(&mut out, payment.0);
            out.push(u8::try_from(review.legs.len()).unwrap_or(u8::MAX));
            for leg in &review.legs {
                let kind = EntryKind::ALL.iter().position(|kind| *kind == leg.kind).unwrap_or(0);
                out.push(u8::try_from(kind).unwrap_or(0));
                put_account(&mut out, leg.debit);
                put_account(&mut out, leg.credit);
                put_money(&mut out, leg.amount);
            }
        }
        out
    }

    /// Reads what [`Controls::encode`] wrote for this ledger. Nothing when it is damaged.
    pub(crate) fn decode(bytes: &[u8], ledger: &Ledger) -> Option<Self> {
        let mut from = Reader(bytes);
        let registry = Registry::decode(part(&mut from)?, risk_check).ok()?;
        let counters = Counters::decode(part(&mut from)?).ok()?;
        let histories = Histories::decode(part(&mut from)?).ok()?;
        let mut controls = Self { counters, histories, ..Self::default() };
        let mut house = BTreeMap::new();
        // Accounts are numbered in the order of their opening, which is the ledger's own.
        for (expected, account) in (1..).zip(ledger.accounts()) {
            let kind = Kind::from_code(account.code()).filter(|_| account.id().0 == expected)?;
            let holder = from.text(NAME_BYTES_MAX)?.into();
            let tier = from.text(NAME_BYTES_MAX)?;
            let tier = controls.tier_named(&tier);
            controls.facts.push(Facts { holder, kind, tier, opened: Timestamp(from.u64()?) });
            house.entry((kind, account.currency())).or_insert(AccountId(expected));
        }
        for _ in 0..from.u64()? {
            let payment = PaymentId(from.u64()?);
            let mut legs = Vec::new();
            for _ in 0..from.u8()? {
                let kind = *EntryKind::ALL.get(usize::from(from.u8()?))?;
                let (debit, credit, amount) = (from.account()?, from.account()?, from.money()?);
                legs.push(Leg { kind, debit, credit, amount });
            }
            controls.reviews.insert(payment, InReview { legs });
        }
        controls.house = house;
        controls.in_effect = InEffect::at(&registry, ledger.now());
        controls.registry = registry;
        from.0.is_empty().then_some(controls)
    }
}

fn part<'a>(from: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(from.u64()?).ok()?;
    let (part, rest) = from.0.split_at_checked(length)?;
    from.0 = rest;
    Some(part)
}
