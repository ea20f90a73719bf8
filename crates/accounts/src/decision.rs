//! What the writer decided about a request before it was posted: fees, limits, risk, rate. It stands in the
//! journal beside the request, so a replay does again what was done and decides nothing anew.

use std::fmt;

use money::Money;

use crate::codec::{Reader, put_account, put_money, put_text};
use crate::{AccountId, EntryKind};

/// Longest text of a decision, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// Most legs and most reasons of a decision.
const LIST_MAX: usize = 16;

/// Which control refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// A fee or a rate is not what was agreed to, or cannot be charged.
    Price,
    /// A limit would be exceeded.
    Limit,
    /// A risk rule refuses.
    Risk,
    /// A risk rule asks for a stronger proof of consent.
    StepUp,
}

impl Control {
    /// All controls.
    pub const ALL: [Self; 4] = [Self::Price, Self::Limit, Self::Risk, Self::StepUp];

    /// The word for it in tables and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Limit => "limit",
            Self::Risk => "risk",
            Self::StepUp => "step-up",
        }
    }
}

/// Why a control refused, in words that may be shown to the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRefusal {
    /// Which control.
    pub control: Control,
    /// Why.
    pub words: String,
}

impl fmt::Display for ControlRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

/// What is done with the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Verdict {
    /// It is posted.
    #[default]
    Post,
    /// The money is set aside until the operator has looked at it.
    Review,
    /// Nothing moves.
    Refuse(ControlRefusal),
}

/// One amount from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) kind: EntryKind,
    pub(crate) debit: AccountId,
    pub(crate) credit: AccountId,
    pub(crate) amount: Money,
}

/// A decision. The default one adds nothing to the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    /// What moves beside what was asked for; for an exchange and for a payment out of review, all that moves.
    pub(crate) legs: Vec<Leg>,
    /// What the risk rules said.
    pub(crate) reasons: Vec<String>,
    /// The rate of an exchange, as a decimal number.
    pub(crate) rate: String,
}

impl Decision {
    pub(crate) fn refuse(control: Control, words: impl Into<String>) -> Self {
        let refusal = ControlRefusal { control, words: words.into() };
        Self { verdict: Verdict::Refuse(refusal), ..Self::default() }
    }

    /// The decision as it stands in the journal, where texts and lists have an end.
    pub(crate) fn bounded(mut self) -> Self {
        if let Verdict::Refuse(refusal) = &mut self.verdict {
            refusal.words.truncate(cut(&refusal.words).len());
        }
        self.reasons.truncate(LIST_MAX);
        for reason in &mut self.reasons {
            reason.truncate(cut(reason).len());
        }
        self
    }

    /// What the payer pays on top.
    pub(crate) fn payer_fee(&self, payer: AccountId) -> Option<Money> {
        self.legs.iter().find(|leg| leg.kind == EntryKind::Fee && leg.debit == payer).map(|leg| leg.amount)
    }

    /// Appends the decision; one byte when there is none.
    pub(crate) fn encode(decision: Option<&Self>, out: &mut Vec<u8>) {
        let Some(decision) = decision else {
            out.push(0);
            return;
        };
        out.push(1);
        match &decision.verdict {
            Verdict::Post => out.push(0),
            Verdict::Review => out.push(1),
            Verdict::Refuse(refusal) => {
                let place = Control::ALL.iter().position(|control| *control == refusal.control).unwrap_or(0);
                out.push(u8::try_from(place).unwrap_or(0).saturating_add(2));
                put_text(out, cut(&refusal.words));
            }
        }
        out.push(count(decision.legs.len()));
        for leg in decision.legs.iter().take(LIST_MAX) {
            let kind = EntryKind::ALL.iter().position(|kind| *kind == leg.kind).unwrap_or(0);
            out.push(u8::try_from(kind).unwrap_or(0));
            put_account(out, leg.debit);
            put_account(out, leg.credit);
            put_money(out, leg.amount);
        }
        out.push(count(decision.reasons.len()));
        for reason in decision.reasons.iter().take(LIST_MAX) {
            put_text(out, cut(reason));
        }
        put_text(out, cut(&decision.rate));
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Option<Option<Box<Self>>> {
        if !from.flag()? {
            return Some(None);
        }
        let verdict = match from.u8()? {
            0 => Verdict::Post,
            1 => Verdict::Review,
            code => {
                let control = *Control::ALL.get(usize::from(code.checked_sub(2)?))?;
                Verdict::Refuse(ControlRefusal { control, words: from.text(TEXT_BYTES_MAX)? })
            }
        };
        let mut legs = Vec::new();
        for _ in 0..bounded(from.u8()?)? {
            let kind = *EntryKind::ALL.get(usize::from(from.u8()?))?;
            let (debit, credit, amount) = (from.account()?, from.account()?, from.money()?);
            legs.push(Leg { kind, debit, credit, amount });
        }
        let mut reasons = Vec::new();
        for _ in 0..bounded(from.u8()?)? {
            reasons.push(from.text(TEXT_BYTES_MAX)?);
        }
        let rate = from.text(TEXT_BYTES_MAX)?;
        Some(Some(Box::new(Self { verdict, legs, reasons, rate })))
    }
}

fn count(length: usize) -> u8 {
    u8::try_from(length.min(LIST_MAX)).unwrap_or(0)
}

fn bounded(count: u8) -> Option<u8> {
    (usize::from(count) <= LIST_MAX).then_some(count)
}

/// The text, or as much of it as fits, whole characters.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}
