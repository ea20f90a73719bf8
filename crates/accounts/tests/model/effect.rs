//! What the platform tells, without numbers and moments: what the model can know beforehand.

use accounts::{Control, Decline, Error, PaymentId};
use money::Money;

use crate::desk::Done;

/// What was told, without numbers and moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    Posted { amount: i64, fee: i64, payee_fee: i64, from_balance: i64, to_balance: i64 },
    Held { available: i64 },
    Released { amount: i64, available: i64 },
    Refunded { amount: i64, refunded: i64 },
    Exchanged { amount: i64, converted: i64, from_balance: i64, to_balance: i64 },
    InReview,
    Refused(Control),
    Declined(Decline),
}

/// What the platform told: the number, whether it was told before, and the rest.
pub(crate) fn effect(told: &Result<Done, Error>) -> (Option<PaymentId>, bool, Effect) {
    let done = match told {
        Ok(done) => done.clone(),
        Err(Error::InReview { payment }) => return (Some(*payment), false, Effect::InReview),
        Err(Error::Declined(Decline::Controls(refusal))) => {
            return (None, false, Effect::Refused(refusal.control));
        }
        Err(Error::Declined(decline)) => return (None, false, Effect::Declined(decline.clone())),
        Err(other) => panic!("the platform failed: {other}"),
    };
    let units = Money::minor_units;
    let (duplicate, done) = done.first();
    let (number, effect) = match done {
        Done::Posted(posted) => (
            Some(posted.payment),
            Effect::Posted {
                amount: units(posted.amount),
                fee: units(posted.fee),
                payee_fee: units(posted.payee_fee),
                from_balance: units(posted.from_balance),
                to_balance: units(posted.to_balance),
            },
        ),
        Done::Held(held) => (Some(held.hold), Effect::Held { available: units(held.available) }),
        Done::Released(released) => {
            (None, Effect::Released { amount: units(released.amount), available: units(released.available) })
        }
        Done::Refunded(refunded) => (
            Some(refunded.payment),
            Effect::Refunded { amount: units(refunded.amount), refunded: units(refunded.refunded) },
        ),
        Done::Exchanged(exchanged) => (
            Some(exchanged.payment),
            Effect::Exchanged {
                amount: units(exchanged.amount),
                converted: units(exchanged.converted),
                from_balance: units(exchanged.from_balance),
                to_balance: units(exchanged.to_balance),
            },
        ),
        Done::Opened(_) | Done::Nothing | Done::Noted(_) => (None, Effect::Nothing),
    };
    (number, duplicate, effect)
}
