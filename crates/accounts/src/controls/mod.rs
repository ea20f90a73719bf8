//! What stands beside the ledger and decides about requests before they are posted: parameters in effect, fees,
//! limits, risk rules, exchange rates, and the review queue. Everything here is made from the journal alone.

mod decide;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Answer, Ledger, Outcome, Timestamp};
use money::{Currency, Money};
use parameters::{Counters, DayCache, Draft, Effective, Registry};
use risk::{Histories, Rules};

use crate::decision::{Decision, Leg, Verdict};
use crate::entry::{Entry, ParameterChange, ParameterStep};
use crate::{AccountId, Consent, EntryKind, Kind, PaymentId, STANDARD_TIER};

/// Days after which limit counters are looked through for those of months gone by.
const FORGET_EVERY_DAYS: i32 = 1;

#[derive(Debug, Clone)]
pub(crate) struct Controls {
    registry: Registry,
    in_effect: InEffect,
    counters: Counters,
    histories: Histories,
    /// By running number, from 1.
    facts: Vec<Facts>,
    /// The operator's own accounts by kind and currency, the first of each.
    house: BTreeMap<(Kind, Currency), AccountId>,
    /// The standard tier's name, shared.
    standard: Arc<str>,
    /// Payments that wait for the operator, by the number of the hold.
    reviews: BTreeMap<PaymentId, InReview>,
}

/// The parameters of a stretch of time, made ready.
#[derive(Debug, Clone)]
struct InEffect {
    from: Timestamp,
    until: Timestamp,
    parameters: Effective,
    rules: Option<Rules>,
    days: DayCache,
    /// Whether anything at all is to be decided: when not, a payment costs nothing here.
    decides: bool,
    /// The day up to which old counters have been forgotten.
    forgotten: i32,
}

/// What is known of an account beside its balance.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    holder: Box<str>,
    kind: Kind,
    tier: Arc<str>,
    opened: Timestamp,
}

/// What will move when the operator posts a payment out of review: the amount first, then the fees.
#[derive(Debug, Clone, PartialEq, Eq)]
struct InReview {
    legs: Vec<Leg>,
}

impl Default for Controls {
    fn default() -> Self {
        let registry = Registry::new(risk_check);
        let in_effect = InEffect::at(&registry, Timestamp(0));
        Self {
            registry,
            in_effect,
            counters: Counters::default(),
            histories: Histories::default(),
            facts: Vec::new(),
            house: BTreeMap::new(),
            standard: Arc::from(STANDARD_TIER),
            reviews: BTreeMap::new(),
        }
    }
}

/// Whether a text may be the risk rules: the registry's check.
fn risk_check(text: &str) -> Result<(), String> {
    risk::check(text, account_number)
}

/// How account numbers are written in rules: as everywhere.
fn account_number(text: &str) -> Result<u64, String> {
    text.parse::<AccountId>().map(|account| account.0).map_err(|error| error.to_string())
}

impl InEffect {
    fn at(registry: &Registry, at: Timestamp) -> Self {
        let parameters = registry.effective(at);
        let until = registry.next_change_after(at).unwrap_or(Timestamp(u64::MAX));
        // It was checked when it was drafted.
        let rules = parameters.risk.as_ref().and_then(|(_, text)| Rules::parse(text, account_number).ok());
        let decides = rules.is_some()
            || parameters.fees.schedules().next().is_some()
            || parameters.limits.rules().next().is_some();
        let days = DayCache::new(parameters.cut_off.zone.clone());
        Self { from: at, until, parameters, rules, days, decides, forgotten: 0 }
    }
}

impl Controls {
    /// All parameters with all their versions.
    pub(crate) const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How many accounts are known.
    pub(crate) fn accounts(&self) -> usize {
        self.facts.len()
    }

    /// Puts into effect what is in effect at this moment.
    pub(crate) fn advance(&mut self, at: Timestamp) {
        if at < self.in_effect.from || at >= self.in_effect.until {
            self.in_effect = InEffect::at(&self.registry, at);
        }
    }

    /// Whether a step in the life of a parameter can be taken.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub(crate) fn check_step(&self, change: &ParameterChange, at: Timestamp) -> Result<(), String> {
        step(&mut self.registry.clone(), change, at)
    }

    /// Takes note of what has been done.
    pub(crate) fn record(
        &mut self,
        ledger: &Ledger,
        entry: &Entry,
        decision: Option<&Decision>,
        answer: &Answer,
    ) {
        match entry {
            Entry::Open { account, new } => {
                debug_assert_eq!(usize::try_from(account.0), Ok(self.facts.len().saturating_add(1)));
                self.facts.push(Facts {
                    holder: new.holder.0.as_str().into(),
                    kind: new.kind,
                    tier: Arc::clone(&self.standard),
                    opened: answer.at,
                });
                self.house.entry((new.kind, new.currency)).or_insert(*account);
            }
            Entry::Tier { account, tier, .. } => {
                let tier = self.tier_named(tier);
                if let Some(facts) = self.facts_mut(*account) {
                    facts.tier = tier;
                }
            }
            Entry::Parameter(change) => {
                // It was checked before it was journaled, and before it was replayed.
                let taken = step(&mut self.registry, change, answer.at);
                debug_assert_eq!(taken, Ok(()));
                self.in_effect = InEffect::at(&self.registry, ledger.now());
            }
            Entry::Resolve(resolution) => {
                self.reviews.remove(&resolution.payment);
            }
            Entry::Payment(payment) => {
                if let Some(Decision { verdict: Verdict::Refuse(_), .. }) = decision {
                    return;
                }
                if let Ok(outcomes) = &answer.result
                    && let [Outcome::Held { .. }] = outcomes.as_slice()
                {
                    let kind = payment.operation.into();
                    let main = Leg { kind, debit: payment.from, credit: payment.to, amount: payment.amount };
                    let fees = decision.map_or(&[][..], |decision| &decision.legs);
                    let legs = std::iter::once(main).chain(fees.iter().copied()).collect();
                    self.reviews.insert(PaymentId(answer.number.0), InReview { legs });
                }
                self.count(entry, answer.at);
            }
            Entry::Hold(_) | Entry::Exchange(_) => {
                let refused = matches!(decision, Some(Decision { verdict: Verdict::Refuse(_), .. }));
                if !refused {
                    self.count(entry, answer.at);
                }
            }
            _ => {}
        }
    }

    /// The shared name of a tier.
    fn tier_named(&self, tier: &str) -> Arc<str> {
        if tier == &*self.standard { Arc::clone(&self.standard) } else { Arc::from(tier) }
    }

    fn facts_mut(&mut self, account: AccountId) -> Option<&mut Facts> {
        self.facts.get_mut(usize::try_from(account.0.checked_sub(1)?).ok()?)
    }

    /// The operator's own account of this kind and currency.
    fn house(&self, kind: Kind, currency: Currency) -> Option<AccountId> {
        self.house.get(&(kind, currency)).copied()
    }
}

/// Takes a step in the life of a parameter.
fn step(registry: &mut Registry, change: &ParameterChange, at: Timestamp) -> Result<(), String> {
    let operator = change.operator.as_str();
    let taken = match &change.step {
        ParameterStep::Draft { section, text, effective, note } => {
            let draft = Draft {
                section: *section,
                text: text.clone(),
                effective: *effective,
                author: operator.to_owned(),
                note: note.clone(),
            };
            registry.draft(draft, at).map(|_| ())
        }
        ParameterStep::Approve { section, version } => registry.approve(*section, *version, operator, at),
        ParameterStep::Withdraw { section, version } => registry.withdraw(*section, *version, operator, at),
    };
    taken.map_err(|refusal| refusal.to_string())
}

/// What limits and risk rules look at, of any request that they look at.
#[derive(Debug, Clone, Copy)]
struct Look<'a> {
    operation: &'a str,
    from: AccountId,
    to: AccountId,
    amount: Money,
    origin: &'a crate::Origin,
    consent: Consent,
}

impl<'a> Look<'a> {
    fn of(entry: &'a Entry) -> Option<Self> {
        Some(match entry {
            Entry::Payment(payment) if payment.operation.is_controlled() => Self {
                operation: payment.operation.word(),
                from: payment.from,
                to: payment.to,
                amount: payment.amount,
                origin: &payment.origin,
                consent: payment.consent,
            },
            Entry::Hold(hold) => Self {
                operation: crate::Operation::Pay.word(),
                from: hold.from,
                to: hold.to,
                amount: hold.amount,
                origin: &hold.origin,
                consent: hold.consent,
            },
            Entry::Exchange(exchange) => Self {
                operation: EntryKind::Exchange.word(),
                from: exchange.from,
                to: exchange.to,
                amount: exchange.amount,
                origin: &exchange.origin,
                consent: exchange.consent,
            },
            _ => return None,
        })
    }
}
