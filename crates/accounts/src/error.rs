//! Why the account platform did not do what it was asked.

use ledger::Refusal;
use money::Money;

use crate::{AccountId, ControlRefusal, PaymentId};

/// A business reason. Nothing was posted. The asker's to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Decline {
    /// The payer has not enough to spend.
    #[error("not enough money: {available} can be spent")]
    InsufficientFunds {
        /// What the payer can spend.
        available: Money,
    },
    /// No account has this number.
    #[error("there is no account {0}")]
    UnknownAccount(AccountId),
    /// The account was closed.
    #[error("account {0} is closed")]
    AccountClosed(AccountId),
    /// Amount, fee and accounts are not all of one currency.
    #[error("the amount, the fee and both accounts must be of one currency")]
    CurrencyMismatch,
    /// The amount is zero, negative or too large, or the fee is negative.
    #[error(
        "the amount must be more than nothing, the fee not less, and both within what an account can hold"
    )]
    AmountOutOfRange,
    /// Payer and payee are one account.
    #[error("payer and payee are the same account")]
    SameAccount,
    /// The idempotency key was used before for something else.
    #[error("this request was sent before with other contents: start a new one")]
    KeyReused,
    /// The operation does not go between accounts of these kinds.
    #[error("this operation does not go between these kinds of account")]
    NotAllowed,
    /// A fee is charged and there is no fee account of that currency.
    #[error("the operator has no account for fees in this currency")]
    NoFeeAccount,
    /// Currencies cannot be exchanged: the operator keeps no position in one of them.
    #[error("the operator has no exchange and rounding accounts in these currencies")]
    NoExchangeAccount,
    /// No such hold is open: never made, or captured, released or expired.
    #[error("this hold is not open: it was never made, or was captured, released or has expired")]
    HoldNotOpen,
    /// More was to be captured than is held.
    #[error("only {held} is held")]
    CaptureExceedsHold {
        /// What is held.
        held: Money,
    },
    /// The hold would have expired already.
    #[error("the hold would have expired already")]
    ExpiryPast,
    /// A payment in review is posted or refused by the operator, not captured or released.
    #[error("this payment waits for the operator's review")]
    WaitsForReview,
    /// There is no such payment in the review queue.
    #[error("no payment of this number waits for review")]
    NotInReview,
    /// There is no posted payment of this number to refund.
    #[error("there is no payment of this number that can be refunded")]
    NotRefundable,
    /// More was to be refunded than is left of the original.
    #[error("only {left} of the payment has not been refunded yet")]
    RefundExceeds {
        /// What is left.
        left: Money,
    },
    /// The account cannot be closed: it has a balance or something on hold.
    #[error("account {0} cannot be closed: empty it and settle its holds first")]
    AccountInUse(AccountId),
    /// A fee, a limit or a risk rule refuses.
    #[error("{0}")]
    Controls(ControlRefusal),
    /// A parameter is not changed, and why.
    #[error("{0}")]
    Parameter(String),
    /// A name, memo, evidence or bulk submission is empty or too long.
    #[error("{what} must be between {min} and {max} long")]
    Length {
        /// What.
        what: &'static str,
        /// The least.
        min: usize,
        /// The most.
        max: usize,
    },
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A business reason; nothing was posted.
    #[error("declined: {0}")]
    Declined(#[from] Decline),
    /// The money is set aside and not paid: the operator will look at the payment and post or refuse it.
    #[error("payment {payment} waits for the operator's review; the money is set aside until then")]
    InReview {
        /// The payment.
        payment: PaymentId,
    },
    /// The store failed. A posting answered so is neither known to be on disk nor known not to be: send it
    /// again under the same key after the next start. The operator's to correct.
    #[error("the accounts' store failed: {0}")]
    Store(String),
    /// The journal is not what was written. Nothing is posted on it: restore it from a copy. The operator's
    /// to correct.
    #[error("the journal is damaged: {0}. Nothing was changed; restore the folder from a copy")]
    Damaged(String),
    /// Another process has the book open.
    #[error("the book in {0} is open in another process: only one may write it")]
    InUse(String),
    /// The platform has stopped: it was closed, or an earlier failure ended it. See the log for that.
    #[error("the account platform has stopped")]
    Stopped,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.to_string())
    }
}

/// The decline for a ledger's refusal of something in `currency`.
pub(crate) fn decline(refusal: Refusal, currency: Option<money::Currency>) -> Decline {
    let account = |id: ledger::AccountId| AccountId(id.0);
    // Every refusal with an amount is of a request with one.
    let money = |units: i64| currency.map(|currency| Money::new(units, currency));
    match refusal {
        Refusal::KeyReused => Decline::KeyReused,
        Refusal::UnknownAccount(id) => Decline::UnknownAccount(account(id)),
        Refusal::AccountClosed(id) => Decline::AccountClosed(account(id)),
        Refusal::AccountInUse(id) => Decline::AccountInUse(account(id)),
        Refusal::SameAccount(_) => Decline::SameAccount,
        Refusal::CurrencyMismatch(_) => Decline::CurrencyMismatch,
        Refusal::AmountNotPositive | Refusal::TurnoverExhausted(_) => Decline::AmountOutOfRange,
        Refusal::InsufficientFunds { available, .. } => money(available)
            .map_or(Decline::AmountOutOfRange, |available| Decline::InsufficientFunds { available }),
        Refusal::HoldNotOpen(_) => Decline::HoldNotOpen,
        Refusal::CaptureExceedsHold { held, .. } => {
            money(held).map_or(Decline::AmountOutOfRange, |held| Decline::CaptureExceedsHold { held })
        }
        Refusal::RefundExceeds { left, .. } => {
            money(left).map_or(Decline::NotRefundable, |left| Decline::RefundExceeds { left })
        }
        Refusal::RefundDiffers(_) | Refusal::UnknownOriginal(_) => Decline::NotRefundable,
        Refusal::ExpiryPast => Decline::ExpiryPast,
        // Not reachable by the operations offered here: account numbers are given out once, no kind has the
        // mirrored rule, and requests link a handful of commands at most.
        _ => Decline::NotAllowed,
    }
}
