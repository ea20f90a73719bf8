//! The bytes of an entry: a tag, what makes the request the same request, and what does not.

use ledger::{Content, Timestamp};
use parameters::Section;

use super::{
    DETAIL_BYTES_MAX, Entry, HEAD_BYTES_MAX, PARAMETER_BYTES_MAX, ParameterChange, ParameterStep,
    RefundEntry, digest,
};
use crate::account::NAME_BYTES_MAX;
use crate::codec::{
    Reader, put_account, put_bytes, put_long_text, put_money, put_optional_money, put_text, put_u64,
};
use crate::payment::{EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX, ORIGIN_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::{
    Act, Capture, Consent, Exchange, HolderId, Kind, NewAccount, NewHold, Operation, Origin, Payment,
    PaymentId, Refund, Release, Resolution,
};

impl Entry {
    /// Appends the entry; returns the digest of its content.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Content {
        let start = out.len();
        self.encode_content(out);
        let content = digest(out.get(start..).unwrap_or_default());
        self.encode_rest(out);
        content
    }

    fn encode_content(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open { new, .. } => {
                out.push(7);
                out.extend_from_slice(&new.key);
                put_text(out, &new.holder.0);
                out.extend_from_slice(&new.kind.code().to_le_bytes());
                put_text(out, &new.name);
                out.extend_from_slice(&new.currency.to_bytes());
            }
            Self::Close { key, account } => {
                out.push(8);
                out.extend_from_slice(key);
                put_account(out, *account);
            }
            Self::Payment(payment) => {
                out.push(9);
                out.extend_from_slice(&payment.key);
                out.push(payment.operation.code());
                put_account(out, payment.from);
                put_account(out, payment.to);
                put_money(out, payment.amount);
                put_optional_money(out, payment.agreed_fee);
                put_text(out, &payment.memo);
                put_text(out, &payment.reference);
                put_origin(out, &payment.origin);
            }
            Self::Hold(hold) => {
                out.push(10);
                out.extend_from_slice(&hold.key);
                put_account(out, hold.from);
                put_account(out, hold.to);
                put_money(out, hold.amount);
                put_moment(out, hold.expires);
                put_text(out, &hold.memo);
                put_text(out, &hold.reference);
                put_origin(out, &hold.origin);
            }
            Self::Capture(capture) => {
                out.push(11);
                out.extend_from_slice(&capture.key);
                put_u64(out, capture.hold.0);
                put_money(out, capture.amount);
                out.push(u8::from(capture.last));
                put_text(out, &capture.reference);
            }
            Self::Release(release) => {
                out.push(12);
                out.extend_from_slice(&release.key);
                put_u64(out, release.hold.0);
            }
            Self::Refund(RefundEntry { refund, of, from, to }) => {
                out.push(13);
                out.extend_from_slice(&refund.key);
                put_u64(out, refund.original.0);
                put_money(out, refund.amount);
                put_text(out, &refund.memo);
                put_text(out, &refund.reference);
                put_money(out, *of);
                put_account(out, *from);
                put_account(out, *to);
            }
            Self::Exchange(exchange) => {
                out.push(14);
                out.extend_from_slice(&exchange.key);
                put_account(out, exchange.from);
                put_account(out, exchange.to);
                put_money(out, exchange.amount);
                put_optional_money(out, exchange.agreed);
                put_text(out, &exchange.memo);
                put_text(out, &exchange.reference);
                put_origin(out, &exchange.origin);
            }
            Self::Resolve(resolution) => {
                out.push(15);
                out.extend_from_slice(&resolution.key);
                put_u64(out, resolution.payment.0);
                out.push(u8::from(resolution.post));
                put_text(out, &resolution.operator);
                put_text(out, &resolution.note);
            }
            Self::Act(act) => {
                out.push(16);
                out.extend_from_slice(&act.key);
                for text in [&act.actor, &act.action, &act.subject, &act.detail] {
                    put_text(out, text);
                }
            }
            Self::Parameter(change) => {
                out.push(17);
                out.extend_from_slice(&change.key);
                put_text(out, &change.operator);
                put_step(out, &change.step);
            }
            Self::Tier { key, account, tier, operator } => {
                out.push(18);
                out.extend_from_slice(key);
                put_account(out, *account);
                put_text(out, tier);
                put_text(out, operator);
            }
            Self::Head { key, bytes } => {
                out.push(19);
                out.extend_from_slice(key);
                put_bytes(out, bytes);
            }
        }
    }

    /// What may differ between two tellings of the same request.
    fn encode_rest(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open { account, .. } => put_account(out, *account),
            Self::Payment(Payment { consent, evidence, .. })
            | Self::Hold(NewHold { consent, evidence, .. })
            | Self::Exchange(Exchange { consent, evidence, .. }) => {
                out.push(consent.code());
                put_bytes(out, evidence);
            }
            Self::Capture(Capture { evidence, .. })
            | Self::Refund(RefundEntry { refund: Refund { evidence, .. }, .. })
            | Self::Resolve(Resolution { evidence, .. })
            | Self::Parameter(ParameterChange { evidence, .. }) => put_bytes(out, evidence),
            Self::Close { .. } | Self::Release(_) | Self::Act(_) | Self::Tier { .. } | Self::Head { .. } => {}
        }
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Option<(Self, Content)> {
        let start = *from;
        let mut entry = Self::decode_content(from)?;
        let content = digest(from.since(start)?);
        match &mut entry {
            Self::Open { account, .. } => *account = from.account()?,
            Self::Payment(Payment { consent, evidence, .. })
            | Self::Hold(NewHold { consent, evidence, .. })
            | Self::Exchange(Exchange { consent, evidence, .. }) => {
                *consent = Consent::from_code(from.u8()?)?;
                *evidence = from.bytes(EVIDENCE_BYTES_MAX)?.to_vec();
            }
            Self::Capture(Capture { evidence, .. })
            | Self::Refund(RefundEntry { refund: Refund { evidence, .. }, .. })
            | Self::Resolve(Resolution { evidence, .. })
            | Self::Parameter(ParameterChange { evidence, .. }) => {
                *evidence = from.bytes(EVIDENCE_BYTES_MAX)?.to_vec();
            }
            Self::Close { .. } | Self::Release(_) | Self::Act(_) | Self::Tier { .. } | Self::Head { .. } => {}
        }
        Some((entry, content))
    }

    fn decode_content(from: &mut Reader<'_>) -> Option<Self> {
        let tag = from.u8()?;
        let key = from.take::<16>()?;
        Some(match tag {
            7 => {
                let holder = HolderId(from.text(NAME_BYTES_MAX)?);
                let kind = Kind::from_code(u16::from_le_bytes(from.take()?))?;
                let (name, currency) = (from.text(NAME_BYTES_MAX)?, from.currency()?);
                let new = NewAccount { key, holder, kind, name, currency };
                Self::Open { account: crate::AccountId(0), new }
            }
            8 => Self::Close { key, account: from.account()? },
            9 => Self::Payment(Payment {
                key,
                operation: Operation::from_code(from.u8()?)?,
                from: from.account()?,
                to: from.account()?,
                amount: from.money()?,
                agreed_fee: from.optional_money()?,
                memo: from.text(MEMO_BYTES_MAX)?,
                reference: from.text(REFERENCE_BYTES_MAX)?,
                origin: origin(from)?,
                consent: Consent::None,
                evidence: Vec::new(),
            }),
            10 => Self::Hold(NewHold {
                key,
                from: from.account()?,
                to: from.account()?,
                amount: from.money()?,
                expires: moment(from)?,
                memo: from.text(MEMO_BYTES_MAX)?,
                reference: from.text(REFERENCE_BYTES_MAX)?,
                origin: origin(from)?,
                consent: Consent::None,
                evidence: Vec::new(),
            }),
            11 => Self::Capture(Capture {
                key,
                hold: PaymentId(from.u64()?),
                amount: from.money()?,
                last: from.flag()?,
                reference: from.text(REFERENCE_BYTES_MAX)?,
                evidence: Vec::new(),
            }),
            12 => Self::Release(Release { key, hold: PaymentId(from.u64()?) }),
            13 => {
                let refund = Refund {
                    key,
                    original: PaymentId(from.u64()?),
                    amount: from.money()?,
                    memo: from.text(MEMO_BYTES_MAX)?,
                    reference: from.text(REFERENCE_BYTES_MAX)?,
                    evidence: Vec::new(),
                };
                let (of, payee, payer) = (from.money()?, from.account()?, from.account()?);
                Self::Refund(RefundEntry { refund, of, from: payee, to: payer })
            }
            14 => Self::Exchange(Exchange {
                key,
                from: from.account()?,
                to: from.account()?,
                amount: from.money()?,
                agreed: from.optional_money()?,
                memo: from.text(MEMO_BYTES_MAX)?,
                reference: from.text(REFERENCE_BYTES_MAX)?,
                origin: origin(from)?,
                consent: Consent::None,
                evidence: Vec::new(),
            }),
            15 => Self::Resolve(Resolution {
                key,
                payment: PaymentId(from.u64()?),
                post: from.flag()?,
                operator: from.text(NAME_BYTES_MAX)?,
                note: from.text(MEMO_BYTES_MAX)?,
                evidence: Vec::new(),
            }),
            16 => Self::Act(Act {
                key,
                actor: from.text(NAME_BYTES_MAX)?,
                action: from.text(NAME_BYTES_MAX)?,
                subject: from.text(NAME_BYTES_MAX)?,
                detail: from.text(DETAIL_BYTES_MAX)?,
            }),
            17 => {
                let operator = from.text(NAME_BYTES_MAX)?;
                Self::Parameter(ParameterChange { key, operator, step: step(from)?, evidence: Vec::new() })
            }
            18 => Self::Tier {
                key,
                account: from.account()?,
                tier: from.text(NAME_BYTES_MAX)?,
                operator: from.text(NAME_BYTES_MAX)?,
            },
            19 => Self::Head { key, bytes: from.bytes(HEAD_BYTES_MAX)?.to_vec() },
            _ => return None,
        })
    }
}

fn put_origin(out: &mut Vec<u8>, origin: &Origin) {
    for text in [&origin.app, &origin.terminal, &origin.region] {
        put_text(out, text);
    }
}

fn origin(from: &mut Reader<'_>) -> Option<Origin> {
    Some(Origin {
        app: from.text(ORIGIN_BYTES_MAX)?,
        terminal: from.text(ORIGIN_BYTES_MAX)?,
        region: from.text(ORIGIN_BYTES_MAX)?,
    })
}

/// The end of time is never.
fn put_moment(out: &mut Vec<u8>, moment: Option<Timestamp>) {
    put_u64(out, moment.map_or(u64::MAX, |at| at.0));
}

fn moment(from: &mut Reader<'_>) -> Option<Option<Timestamp>> {
    Some(Some(Timestamp(from.u64()?)).filter(|at| at.0 != u64::MAX))
}

fn put_step(out: &mut Vec<u8>, step: &ParameterStep) {
    match step {
        ParameterStep::Draft { section, text, effective, note } => {
            out.push(0);
            put_text(out, section.word());
            put_long_text(out, text);
            put_moment(out, *effective);
            put_text(out, note);
        }
        ParameterStep::Approve { section, version } | ParameterStep::Withdraw { section, version } => {
            out.push(if matches!(step, ParameterStep::Approve { .. }) { 1 } else { 2 });
            put_text(out, section.word());
            out.extend_from_slice(&version.to_le_bytes());
        }
    }
}

fn step(from: &mut Reader<'_>) -> Option<ParameterStep> {
    let code = from.u8()?;
    let section: Section = from.text(NAME_BYTES_MAX)?.parse().ok()?;
    Some(match code {
        0 => ParameterStep::Draft {
            section,
            text: from.long_text(PARAMETER_BYTES_MAX)?,
            effective: moment(from)?,
            note: from.text(MEMO_BYTES_MAX)?,
        },
        1 => ParameterStep::Approve { section, version: from.u32()? },
        2 => ParameterStep::Withdraw { section, version: from.u32()? },
        _ => return None,
    })
}
