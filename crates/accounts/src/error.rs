//! Why the account platform did not do what it was asked.

use ledger::Refusal;
use money::Money;

use crate::AccountId;

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
    /// There is a fee and no fee account of that currency.
    #[error("the operator has no fee account in this currency")]
    NoFeeAccount,
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
    /// The account cannot be closed: it has a balance or something on hold.
    #[error("account {0} cannot be closed: empty it and settle its holds first")]
    AccountInUse(AccountId),
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
    let units = |units: i64, otherwise: Decline| {
        currency.map_or(Err(otherwise), |currency| Ok(Money::new(units, currency)))
    };
    match refusal {
        Refusal::KeyReused => Decline::KeyReused,
        Refusal::UnknownAccount(id) => Decline::UnknownAccount(account(id)),
        Refusal::AccountClosed(id) => Decline::AccountClosed(account(id)),
        Refusal::AccountInUse(id) => Decline::AccountInUse(account(id)),
        Refusal::SameAccount(_) => Decline::SameAccount,
        Refusal::CurrencyMismatch(_) => Decline::CurrencyMismatch,
        Refusal::AmountNotPositive | Refusal::TurnoverExhausted(_) => Decline::AmountOutOfRange,
        Refusal::InsufficientFunds { available, .. } => units(available, Decline::AmountOutOfRange)
            .map_or_else(|otherwise| otherwise, |available| Decline::InsufficientFunds { available }),
        Refusal::HoldNotOpen(_) => Decline::HoldNotOpen,
        Refusal::CaptureExceedsHold { held, .. } => units(held, Decline::AmountOutOfRange)
            .map_or_else(|otherwise| otherwise, |held| Decline::CaptureExceedsHold { held }),
        Refusal::ExpiryPast => Decline::ExpiryPast,
        // Not reachable by the operations offered here: account numbers are given out once, no kind has the
        // mirrored rule, and requests link two commands at most.
        _ => Decline::NotAllowed,
    }
}
