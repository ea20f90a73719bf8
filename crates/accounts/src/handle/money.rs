//! Moving money.

use ledger::Outcome;
use money::Money;
use tokio::sync::oneshot;

use super::{Accounts, length};
use crate::decision::{Decision, Verdict};
use crate::entry::{Entry, Item, RefundEntry};
use crate::error::decline;
use crate::payment::{
    BULK_PAYMENTS_MAX, EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX, ORIGIN_BYTES_MAX, REFERENCE_BYTES_MAX,
};
use crate::queries::payments::{self, Retold};
use crate::writer::{Answered, Message, Told};
use crate::{
    AccountId, Capture, Control, ControlRefusal, Decline, EntryKind, Error, Exchange, Exchanged, Held,
    NewHold, Origin, Payment, PaymentId, PaymentState, Posted, Quote, QuoteVerdict, Refund, Refunded,
    Release, Released, Resolution,
};

impl Accounts {
    /// Posts a payment; when this returns, it is on disk. Posted once, however often it is asked under the
    /// same key.
    ///
    /// # Errors
    /// [`Error::Declined`], and nothing was posted. [`Error::InReview`], and the money is set aside.
    /// [`Error::Store`] or [`Error::Stopped`], and the outcome is unknown: ask again under the same key when the
    /// book is open again.
    pub async fn post(&self, payment: Payment) -> Result<Posted, Error> {
        let asked = Asked::of(&payment);
        let item = Item::new(payment_entry(payment)?);
        let answered = self.ask(item).await;
        self.posted(answered, asked).await
    }

    /// Posts many payments in one submission, at most [`BULK_PAYMENTS_MAX`]: they reach the journal in one
    /// row. Each is a payment of its own, answered in the same order; one that is declined does not stop the
    /// others.
    ///
    /// # Errors
    /// [`Decline::Length`] for none or too many; [`Error::Stopped`].
    pub async fn bulk(&self, payments: Vec<Payment>) -> Result<Vec<Result<Posted, Error>>, Error> {
        length("a bulk submission", payments.len(), 1, BULK_PAYMENTS_MAX)?;
        let mut items = Vec::with_capacity(payments.len());
        let prepared: Vec<Result<Asked, Error>> = payments
            .into_iter()
            .map(|payment| {
                let asked = Asked::of(&payment);
                items.push(Item::new(payment_entry(payment)?));
                Ok(asked)
            })
            .collect();
        let (reply, answers) = oneshot::channel();
        self.send(Message::Many(items, reply)).await?;
        let mut answers = answers.await.map_err(|_| Error::Stopped)?.into_iter();
        let mut posted = Vec::with_capacity(prepared.len());
        for prepared in prepared {
            posted.push(match prepared {
                Ok(asked) => self.posted(answers.next().unwrap_or(Err(Error::Stopped)), asked).await,
                Err(error) => Err(error),
            });
        }
        Ok(posted)
    }

    /// What a payment would cost and meet if it were posted now. Nothing is done and nothing promised.
    ///
    /// # Errors
    /// [`Error::Declined`] for what can never be posted; [`Error::Stopped`].
    pub async fn quote(&self, payment: &Payment) -> Result<Quote, Error> {
        let asked = Asked::of(payment);
        let entry = payment_entry(Payment { agreed_fee: None, ..payment.clone() })?;
        let (reply, answer) = oneshot::channel();
        self.send(Message::Quote(Box::new(entry), reply)).await?;
        let decision = answer.await.map_err(|_| Error::Stopped)??;
        let (fee, payee_fee) = asked.fees(decision.as_deref());
        let verdict = match decision.map(|decision| decision.verdict) {
            None | Some(Verdict::Post) => QuoteVerdict::Post,
            Some(Verdict::Review) => QuoteVerdict::Review,
            Some(Verdict::Refuse(refusal)) => QuoteVerdict::Decline(Decline::Controls(refusal)),
        };
        Ok(Quote { fee, payee_fee, verdict })
    }

    /// Sets an amount aside for a merchant.
    ///
    /// # Errors
    /// As [`Accounts::post`].
    pub async fn hold(&self, hold: NewHold) -> Result<Held, Error> {
        let currency = hold.amount.currency();
        positive(hold.amount)?;
        if hold.from == hold.to {
            return Err(Decline::SameAccount.into());
        }
        texts(&hold.memo, &hold.reference, Some(&hold.origin), &hold.evidence)?;
        let Told { answer, decision, .. } = self.ask(Item::new(Entry::Hold(hold))).await?;
        let number = PaymentId(answer.number.0);
        refused(decision.as_deref())?;
        let outcomes = answer.result.map_err(|refusal| decline(refusal, Some(currency)))?;
        match outcomes.as_slice() {
            [Outcome::Held { debit_available }] => Ok(Held {
                hold: number,
                at: answer.at,
                available: Money::new(*debit_available, currency),
                duplicate: answer.duplicate,
            }),
            _ => Err(self.told_before(number).await?.err().unwrap_or(Decline::KeyReused.into())),
        }
    }

    /// Captures a hold, in whole or in part; the last capture gives the rest back.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::HoldNotOpen`] and [`Decline::CaptureExceedsHold`].
    pub async fn capture(&self, capture: Capture) -> Result<Posted, Error> {
        positive(capture.amount)?;
        texts("", &capture.reference, None, &capture.evidence)?;
        let asked = Asked { payer: None, amount: capture.amount };
        let answered = self.ask(Item::new(Entry::Capture(capture))).await;
        self.posted(answered, asked).await
    }

    /// Gives back what a hold set aside, or what is left of it.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::HoldNotOpen`].
    pub async fn release(&self, release: Release) -> Result<Released, Error> {
        let told = self.ask(Item::new(Entry::Release(release))).await?;
        self.released(told, release.hold).await
    }

    /// Gives a payment back to its payer, in whole or in part.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::NotRefundable`] and [`Decline::RefundExceeds`].
    pub async fn refund(&self, refund: Refund) -> Result<Refunded, Error> {
        positive(refund.amount)?;
        texts(&refund.memo, &refund.reference, None, &refund.evidence)?;
        let original = self.payment(refund.original).await?.ok_or(Decline::NotRefundable)?;
        if !original.operation.is_refundable() || original.state != PaymentState::Posted {
            return Err(Decline::NotRefundable.into());
        }
        let (of, currency) = (original.amount, refund.amount.currency());
        if of.currency() != currency {
            return Err(Decline::CurrencyMismatch.into());
        }
        let (number, amount) = (refund.original, refund.amount);
        let entry = RefundEntry { refund, of, from: original.to.0, to: original.from.0 };
        let Told { answer, .. } = self.ask(Item::new(Entry::Refund(entry))).await?;
        let outcomes = answer.result.map_err(|refusal| decline(refusal, Some(currency)))?;
        match outcomes.as_slice() {
            [Outcome::Refunded { refunded, .. }] => Ok(Refunded {
                payment: PaymentId(answer.number.0),
                original: number,
                at: answer.at,
                amount,
                refunded: Money::new(*refunded, currency),
                duplicate: answer.duplicate,
            }),
            _ => Err(Decline::KeyReused.into()),
        }
    }

    /// Pays in one currency what is got in another, at the rate in effect.
    ///
    /// # Errors
    /// As [`Accounts::post`].
    pub async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, Error> {
        positive(exchange.amount)?;
        if exchange.from == exchange.to {
            return Err(Decline::SameAccount.into());
        }
        texts(&exchange.memo, &exchange.reference, Some(&exchange.origin), &exchange.evidence)?;
        let amount = exchange.amount;
        let Told { answer, decision, .. } = self.ask(Item::new(Entry::Exchange(exchange))).await?;
        refused(decision.as_deref())?;
        let number = PaymentId(answer.number.0);
        answer.result.map_err(|refusal| decline(refusal, Some(amount.currency())))?;
        // The first answer and a repeated one say the same: what the books say.
        let Retold { record, converted, from_balance, to_balance, .. } = self.told_before(number).await??;
        let converted = converted.ok_or(Decline::KeyReused)?;
        Ok(Exchanged {
            payment: number,
            at: answer.at,
            amount: record.amount,
            converted,
            from_balance: Money::new(from_balance, amount.currency()),
            to_balance: Money::new(to_balance, converted.currency()),
            duplicate: answer.duplicate,
        })
    }

    /// Posts or refuses a payment that waits in the review queue.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::NotInReview`].
    pub async fn resolve(&self, resolution: Resolution) -> Result<(), Error> {
        length("the operator's name", resolution.operator.len(), 1, crate::NAME_BYTES_MAX)?;
        texts(&resolution.note, "", None, &resolution.evidence)?;
        let Told { answer, .. } = self.ask(Item::new(Entry::Resolve(resolution))).await?;
        answer.result.map(|_| ()).map_err(|refusal| decline(refusal, None).into())
    }

    /// What a repeated request is told: what became of its payment.
    async fn told_before(&self, number: PaymentId) -> Result<Result<Retold, Error>, Error> {
        let found = self.read(move |connection| payments::retold(connection, number)).await?;
        let Some(retold) = found else { return Ok(Err(Decline::KeyReused.into())) };
        Ok(match &retold.record.state {
            PaymentState::Posted => Ok(retold),
            PaymentState::InReview => Err(Error::InReview { payment: number }),
            PaymentState::Refused(words) => {
                let word = retold.control.as_deref();
                // A payment that the operator refused in review was refused by risk control.
                let control = Control::ALL.into_iter().find(|control| Some(control.word()) == word);
                let refusal =
                    ControlRefusal { control: control.unwrap_or(Control::Risk), words: words.clone() };
                Err(Decline::Controls(refusal).into())
            }
        })
    }

    async fn posted(&self, answered: Answered, asked: Asked) -> Result<Posted, Error> {
        let Told { answer, decision, .. } = answered?;
        refused(decision.as_deref())?;
        let currency = asked.amount.currency();
        let payment = PaymentId(answer.number.0);
        let outcomes = answer.result.map_err(|refusal| decline(refusal, Some(currency)))?;
        if answer.duplicate {
            let Retold { record, from_balance, to_balance, .. } = self.told_before(payment).await??;
            return Ok(Posted {
                payment,
                at: answer.at,
                amount: record.amount,
                fee: record.fee,
                payee_fee: record.payee_fee,
                from_balance: Money::new(from_balance, currency),
                to_balance: Money::new(to_balance, currency),
                duplicate: true,
            });
        }
        let (from, to, mut from_balance, mut to_balance) = match outcomes.as_slice() {
            [Outcome::Transferred { debit_balance, credit_balance }, ..] => {
                (asked.payer, None, *debit_balance, *credit_balance)
            }
            [Outcome::Captured { debit, credit, debit_balance, credit_balance, .. }, ..] => {
                let side = |id: ledger::AccountId| Some(AccountId(id.0));
                (side(*debit), side(*credit), *debit_balance, *credit_balance)
            }
            [Outcome::Held { .. }] => return Err(Error::InReview { payment }),
            // The same key and content always name the same operation.
            _ => return Err(Decline::KeyReused.into()),
        };
        // Fees came after the amount: the last balance of each side counts.
        let legs = decision.as_deref().map_or(&[][..], |decision| &decision.legs);
        for (leg, outcome) in legs.iter().zip(outcomes.as_slice().iter().skip(1)) {
            if let Outcome::Transferred { debit_balance, .. } = outcome {
                if Some(leg.debit) == from {
                    from_balance = *debit_balance;
                } else if to.is_none_or(|to| to == leg.debit) {
                    to_balance = *debit_balance;
                }
            }
        }
        let (fee, payee_fee) = Asked { payer: from, ..asked }.fees(decision.as_deref());
        Ok(Posted {
            payment,
            at: answer.at,
            amount: asked.amount,
            fee,
            payee_fee,
            from_balance: Money::new(from_balance, currency),
            to_balance: Money::new(to_balance, currency),
            duplicate: false,
        })
    }

    async fn released(&self, told: Told, hold: PaymentId) -> Result<Released, Error> {
        let outcomes = told.answer.result.map_err(|refusal| decline(refusal, None))?;
        let [Outcome::Released { debit, amount, debit_available }] = *outcomes.as_slice() else {
            return Err(Decline::KeyReused.into());
        };
        let account = self.account(AccountId(debit.0)).await?;
        let currency = account.map(|account| account.balance.currency()).ok_or(Error::Stopped)?;
        Ok(Released {
            hold,
            at: told.answer.at,
            amount: Money::new(amount, currency),
            available: Money::new(debit_available, currency),
            duplicate: told.answer.duplicate,
        })
    }
}

/// What is needed of a request to tell its answer.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// Unknown for a capture: its hold knows.
    payer: Option<AccountId>,
    amount: Money,
}

impl Asked {
    const fn of(payment: &Payment) -> Self {
        Self { payer: Some(payment.from), amount: payment.amount }
    }

    /// What payer and payee pay.
    fn fees(self, decision: Option<&Decision>) -> (Money, Money) {
        let mut fees = (Money::zero(self.amount.currency()), Money::zero(self.amount.currency()));
        let legs = decision.map_or(&[][..], |decision| &decision.legs);
        for leg in legs.iter().filter(|leg| leg.kind == EntryKind::Fee) {
            if Some(leg.debit) == self.payer { fees.0 = leg.amount } else { fees.1 = leg.amount }
        }
        fees
    }
}

fn refused(decision: Option<&Decision>) -> Result<(), Decline> {
    match decision.map(|decision| &decision.verdict) {
        Some(Verdict::Refuse(refusal)) => Err(Decline::Controls(refusal.clone())),
        _ => Ok(()),
    }
}

fn payment_entry(payment: Payment) -> Result<Entry, Decline> {
    positive(payment.amount)?;
    if let Some(fee) = payment.agreed_fee {
        in_range(payment.amount, fee)?;
    }
    if payment.from == payment.to {
        return Err(Decline::SameAccount);
    }
    texts(&payment.memo, &payment.reference, Some(&payment.origin), &payment.evidence)?;
    Ok(Entry::Payment(payment))
}

fn positive(amount: Money) -> Result<(), Decline> {
    if amount.is_positive() { Ok(()) } else { Err(Decline::AmountOutOfRange) }
}

fn in_range(amount: Money, fee: Money) -> Result<(), Decline> {
    if amount.currency() != fee.currency() {
        return Err(Decline::CurrencyMismatch);
    }
    let sum = amount.checked_add(fee).map_err(|_| Decline::AmountOutOfRange)?;
    if fee.is_negative() || !sum.is_positive() { Err(Decline::AmountOutOfRange) } else { Ok(()) }
}

fn texts(memo: &str, reference: &str, origin: Option<&Origin>, evidence: &[u8]) -> Result<(), Decline> {
    length("the memo", memo.len(), 0, MEMO_BYTES_MAX)?;
    length("the reference", reference.len(), 0, REFERENCE_BYTES_MAX)?;
    length("the evidence", evidence.len(), 0, EVIDENCE_BYTES_MAX)?;
    if let Some(origin) = origin {
        length("the app's identifier", origin.app.len(), 0, ORIGIN_BYTES_MAX)?;
        length("the terminal's identifier", origin.terminal.len(), 0, ORIGIN_BYTES_MAX)?;
        length("the region", origin.region.len(), 0, ORIGIN_BYTES_MAX)?;
    }
    Ok(())
}
