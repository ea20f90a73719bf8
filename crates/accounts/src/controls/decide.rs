//! Deciding about a request, and counting what was done.

use ledger::{Ledger, Number, Timestamp};
use money::Money;
use parameters::{Charge, ExchangeError, FeeAsk, LimitAsk, Rounding};
use risk::Outcome;

use super::{Controls, FORGET_EVERY_DAYS, Facts, Look};
use crate::decision::{Control, Decision, Leg, Verdict};
use crate::entry::Entry;
use crate::{
    AccountId, Capture, Decline, EntryKind, Exchange, Kind, NewHold, Operation, Payment, Resolution,
};

impl Controls {
    /// What is to be done with a request at this moment. `None`: what it asks for, and nothing beside.
    ///
    /// # Errors
    /// What can never be done is declined without a trace.
    pub(crate) fn decide(
        &mut self,
        ledger: &Ledger,
        entry: &Entry,
        at: Timestamp,
    ) -> Result<Option<Box<Decision>>, Decline> {
        let decision = match entry {
            Entry::Payment(payment) => self.decide_payment(entry, payment, at)?,
            Entry::Hold(hold) => self.decide_hold(entry, hold, at),
            Entry::Capture(capture) => self.decide_capture(ledger, capture)?,
            Entry::Release(release) if self.reviews.contains_key(&release.hold) => {
                return Err(Decline::WaitsForReview);
            }
            Entry::Exchange(exchange) => self.decide_exchange(ledger, entry, exchange, at)?,
            Entry::Resolve(resolution) => self.decide_resolution(resolution)?,
            Entry::Parameter(change) => {
                self.check_step(change, at).map_err(Decline::Parameter)?;
                Decision::default()
            }
            _ => Decision::default(),
        };
        Ok((decision != Decision::default()).then(|| Box::new(decision.bounded())))
    }

    fn decide_payment(
        &mut self,
        entry: &Entry,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Decision, Decline> {
        let agreed = payment.agreed_fee.filter(|fee| !fee.is_zero());
        if !self.in_effect.decides && agreed.is_none() {
            return Ok(Decision::default());
        }
        let mut decision = Decision::default();
        if payment.operation.is_controlled() {
            let charge = match self.charge(payment.operation, &payment.origin.app, payment.to, payment.amount)
            {
                Ok(charge) => charge,
                Err(refused) => return Ok(refused),
            };
            let fees = [(payment.from, charge.payer), (payment.to, charge.payee)];
            for (debit, fee) in fees.into_iter().filter(|(_, fee)| fee.is_positive()) {
                decision.legs.push(self.fee(debit, fee)?);
            }
        }
        let payer = decision.payer_fee(payment.from).unwrap_or(Money::zero(payment.amount.currency()));
        if payment.agreed_fee.is_some_and(|agreed| agreed != payer) {
            let words = format!("The fee is {payer} now: start the payment again to agree to it.");
            return Ok(Decision::refuse(Control::Price, words));
        }
        Ok(self.decide_controls(entry, decision, at))
    }

    /// What an operation costs by the schedules in effect, or the refusal when that cannot be charged.
    fn charge(
        &self,
        operation: Operation,
        app: &str,
        payee: AccountId,
        amount: Money,
    ) -> Result<Charge<'_>, Decision> {
        let merchant = self.merchant(payee).unwrap_or_default();
        let ask = FeeAsk { operation: operation.word(), app, merchant, amount };
        let charge = self.in_effect.parameters.fees.charge(&ask);
        charge.map_err(|error| Decision::refuse(Control::Price, error.to_string()))
    }

    /// A fee's leg.
    fn fee(&self, debit: AccountId, amount: Money) -> Result<Leg, Decline> {
        let credit = self.house(Kind::Fees, amount.currency()).ok_or(Decline::NoFeeAccount)?;
        Ok(Leg { kind: EntryKind::Fee, debit, credit, amount })
    }

    /// Limits and risk rules, over what has been decided already.
    fn decide_controls(&mut self, entry: &Entry, mut decision: Decision, at: Timestamp) -> Decision {
        let Some(look) = Look::of(entry).filter(|_| self.in_effect.decides) else { return decision };
        let (day, minutes) = self.in_effect.days.day_and_minutes(at);
        if let Some(ask) = limit_ask(&self.facts, &look, day)
            && let Err(exceeded) = self.counters.check(&self.in_effect.parameters.limits, &ask)
        {
            return Decision::refuse(Control::Limit, exceeded.to_string());
        }
        let Some(rules) = &self.in_effect.rules else { return decision };
        let Some(payment) = risk_payment(&self.facts, &look, at, minutes) else { return decision };
        let found = rules.decide(&self.histories, &payment);
        decision.reasons = rules
            .desk_words(&found, "en")
            .into_iter()
            .map(|(name, words)| format!("{name}: {words}"))
            .collect();
        let told = |otherwise: &str| {
            rules.customer_words(&found, "en").map_or_else(|| otherwise.to_owned(), str::to_owned)
        };
        match found.outcome {
            Outcome::Allow => {}
            // A hold and an exchange cannot wait: they are refused, and the customer may ask the operator.
            Outcome::Review if matches!(entry, Entry::Payment(_)) => decision.verdict = Verdict::Review,
            Outcome::Review | Outcome::Refuse => {
                let reasons = decision.reasons;
                let words = told("This payment is not possible. Ask the operator.");
                decision = Decision { reasons, ..Decision::refuse(Control::Risk, words) };
            }
            Outcome::StepUp => {
                let reasons = decision.reasons;
                let words = told("This payment needs a further proof that it is you.");
                decision = Decision { reasons, ..Decision::refuse(Control::StepUp, words) };
            }
        }
        decision
    }

    /// A hold carries no fee on top: where the customer pays the fee, a hold is refused rather than let go free.
    fn decide_hold(&mut self, entry: &Entry, hold: &NewHold, at: Timestamp) -> Decision {
        if self.in_effect.decides {
            match self.charge(Operation::Pay, &hold.origin.app, hold.to, hold.amount) {
                Ok(charge) if charge.payer.is_positive() => {
                    let words = "The customer pays a fee on payments here, which a hold cannot carry: take a payment.";
                    return Decision::refuse(Control::Price, words);
                }
                Ok(_) => {}
                Err(refused) => return refused,
            }
        }
        self.decide_controls(entry, Decision::default(), at)
    }

    fn decide_capture(&mut self, ledger: &Ledger, capture: &Capture) -> Result<Decision, Decline> {
        if self.reviews.contains_key(&capture.hold) {
            return Err(Decline::WaitsForReview);
        }
        let mut decision = Decision::default();
        let Some(hold) = ledger.hold(Number(capture.hold.0)).filter(|_| self.in_effect.decides) else {
            return Ok(decision);
        };
        let payee = AccountId(hold.credit.0);
        match self.charge(Operation::Pay, "", payee, capture.amount) {
            Ok(charge) if charge.payee.is_positive() => {
                decision.legs.push(self.fee(payee, charge.payee)?);
                Ok(decision)
            }
            Ok(_) => Ok(decision),
            Err(refused) => Ok(refused),
        }
    }

    fn decide_exchange(
        &mut self,
        ledger: &Ledger,
        entry: &Entry,
        exchange: &Exchange,
        at: Timestamp,
    ) -> Result<Decision, Decline> {
        let currency = |account: AccountId| {
            let account = ledger.account(account.ledger()).ok_or(Decline::UnknownAccount(account))?;
            Ok::<_, Decline>(account.currency())
        };
        let (sold, bought) = (currency(exchange.from)?, currency(exchange.to)?);
        if sold != exchange.amount.currency() || sold == bought {
            return Err(Decline::CurrencyMismatch);
        }
        let position = |kind, currency| self.house(kind, currency).ok_or(Decline::NoExchangeAccount);
        let (sold_position, bought_position) =
            (position(Kind::Exchange, sold)?, position(Kind::Exchange, bought)?);
        let converted =
            match self.in_effect.parameters.exchange.convert(exchange.amount, bought, Rounding::Down) {
                Ok(converted) => converted,
                Err(error @ ExchangeError::NoRate { .. }) => {
                    return Ok(Decision::refuse(Control::Price, error.to_string()));
                }
                Err(_) => return Err(Decline::AmountOutOfRange),
            };
        let words = format!("{} would be got now: start again to agree to it.", converted.amount);
        if exchange.agreed.is_some_and(|agreed| agreed != converted.amount) || !converted.amount.is_positive()
        {
            return Ok(Decision::refuse(Control::Price, words));
        }
        let kind = EntryKind::Exchange;
        let mut legs = vec![
            Leg { kind, debit: exchange.from, credit: sold_position, amount: exchange.amount },
            Leg { kind, debit: bought_position, credit: exchange.to, amount: converted.amount },
        ];
        // The position gives whole minor units, the customer gets those that are full; the difference stays.
        let left = converted.exact_ceiling.checked_sub(converted.amount).ok();
        if let Some(left) = left.filter(|left| left.is_positive()) {
            let credit = position(Kind::Rounding, bought)?;
            legs.push(Leg { kind: EntryKind::Rounding, debit: bought_position, credit, amount: left });
        }
        let rate = converted.rate.to_owned();
        Ok(self.decide_controls(entry, Decision { legs, rate, ..Decision::default() }, at))
    }

    fn decide_resolution(&self, resolution: &Resolution) -> Result<Decision, Decline> {
        let review = self.reviews.get(&resolution.payment).ok_or(Decline::NotInReview)?;
        let legs = if resolution.post { review.legs.clone() } else { Vec::new() };
        Ok(Decision { legs, ..Decision::default() })
    }

    /// Counts a request that was done, for limits and risk rules.
    pub(super) fn count(&mut self, entry: &Entry, at: Timestamp) {
        let Some(look) = Look::of(entry).filter(|_| self.in_effect.decides) else { return };
        let (day, minutes) = self.in_effect.days.day_and_minutes(at);
        if day.number().saturating_sub(self.in_effect.forgotten) >= FORGET_EVERY_DAYS {
            self.in_effect.forgotten = day.number();
            self.counters.forget(day);
        }
        if let Some(ask) = limit_ask(&self.facts, &look, day) {
            self.counters.count(&self.in_effect.parameters.limits, &ask);
        }
        // Also while only fees or limits are in effect: the first rules find histories to go by.
        if let Some(payment) = risk_payment(&self.facts, &look, at, minutes) {
            self.histories.record(&payment);
        }
    }

    /// The holder of a merchant's account.
    fn merchant(&self, account: AccountId) -> Option<&str> {
        facts_of(&self.facts, account)
            .filter(|facts| facts.kind == Kind::Merchant)
            .map(|facts| &*facts.holder)
    }
}

fn facts_of(facts: &[Facts], account: AccountId) -> Option<&Facts> {
    facts.get(usize::try_from(account.0.checked_sub(1)?).ok()?)
}

/// Limits are the customer's: of the payer, or of who is topped up.
fn limit_ask<'a>(facts: &'a [Facts], look: &Look<'a>, day: parameters::Day) -> Option<LimitAsk<'a>> {
    let (payer, payee) = (facts_of(facts, look.from)?, facts_of(facts, look.to)?);
    let (account, own) = if payer.kind == Kind::Customer { (look.from, payer) } else { (look.to, payee) };
    Some(LimitAsk {
        operation: look.operation,
        account: u64::try_from(account.printed()).unwrap_or(u64::MAX),
        tier: &own.tier,
        app: &look.origin.app,
        terminal: &look.origin.terminal,
        merchant: if payee.kind == Kind::Merchant { &payee.holder } else { "" },
        amount: look.amount,
        day,
    })
}

fn risk_payment<'a>(
    facts: &'a [Facts],
    look: &Look<'a>,
    at: Timestamp,
    minutes_of_day: u16,
) -> Option<risk::Payment<'a>> {
    let (payer, payee) = (facts_of(facts, look.from)?, facts_of(facts, look.to)?);
    Some(risk::Payment {
        at,
        minutes_of_day,
        operation: look.operation,
        payer: look.from.0,
        payee: look.to.0,
        payee_holder: &payee.holder,
        amount: look.amount,
        app: &look.origin.app,
        terminal: &look.origin.terminal,
        region: &look.origin.region,
        account_opened: payer.opened,
        consent: look.consent.into(),
    })
}
