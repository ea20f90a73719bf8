//! What can be asked about money, and what is answered: plain values.

use ledger::Timestamp;
use money::Money;

use crate::{AccountId, Kind, PaymentId};

/// Longest memo, in bytes of UTF-8.
pub const MEMO_BYTES_MAX: usize = 512;
/// Longest reference, in bytes of UTF-8.
pub const REFERENCE_BYTES_MAX: usize = 64;
/// Longest name of an app, a terminal or a region, in bytes of UTF-8.
pub const ORIGIN_BYTES_MAX: usize = 64;
/// Longest evidence stored with a posting (canonical statement, signature, certificate), in bytes.
pub const EVIDENCE_BYTES_MAX: usize = 16 * 1024;
/// Most payments in one [`bulk`](crate::Accounts::bulk) submission, and most requests in one row of the
/// journal.
pub const BULK_PAYMENTS_MAX: usize = 8192;

/// The operations that move money at once (CN102103778A ¶54, and the operator's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Consumption: a customer pays a merchant.
    Pay,
    /// A customer sends money to a customer.
    Transfer,
    /// Money comes in from a settlement account.
    TopUp,
    /// A customer's money leaves through a settlement account.
    Withdrawal,
    /// Money moved between banks, or between a bank and a merchant: the other half of a settlement
    /// instruction that the bank has confirmed.
    Settlement,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 5] = [Self::Pay, Self::Transfer, Self::TopUp, Self::Withdrawal, Self::Settlement];

    /// The word for it in tables, parameters and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Transfer => "transfer",
            Self::TopUp => "top-up",
            Self::Withdrawal => "withdrawal",
            Self::Settlement => "settlement",
        }
    }

    /// Between which kinds of accounts it goes.
    #[must_use]
    pub const fn allows(self, from: Kind, to: Kind) -> bool {
        matches!(
            (self, from, to),
            (Self::Pay, Kind::Customer, Kind::Merchant)
                | (Self::Transfer, Kind::Customer, Kind::Customer)
                | (Self::TopUp, Kind::Settlement, Kind::Customer)
                | (Self::Withdrawal, Kind::Customer, Kind::Settlement)
                | (
                    Self::Settlement,
                    Kind::Merchant | Kind::Settlement | Kind::Fees,
                    Kind::Merchant | Kind::Settlement
                )
        )
    }

    /// Whether limits, fees and risk rules look at it: the operator's settlements they leave alone.
    #[must_use]
    pub const fn is_controlled(self) -> bool {
        !matches!(self, Self::Settlement)
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Pay => 0,
            Self::Transfer => 1,
            Self::TopUp => 2,
            Self::Withdrawal => 3,
            Self::Settlement => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.code() == code)
    }
}

/// Where a request comes from, as far as it is known; limits and risk rules go by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The app that asked, by its identifier.
    pub app: String,
    /// The terminal, by its identifier.
    pub terminal: String,
    /// Where the terminal is, in the operator's words.
    pub region: String,
}

/// How the payer agreed. In order of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Consent {
    /// Not at all that anybody could prove.
    #[default]
    None,
    /// A secure element signed the statement.
    Signed,
    /// And the payer proved presence once more.
    SteppedUp,
    /// The operator asks, not the payer.
    Operator,
}

impl Consent {
    const ALL: [Self; 4] = [Self::None, Self::Signed, Self::SteppedUp, Self::Operator];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Signed => 1,
            Self::SteppedUp => 2,
            Self::Operator => 3,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|consent| consent.code() == code)
    }
}

impl From<Consent> for risk::Consent {
    fn from(consent: Consent) -> Self {
        match consent {
            Consent::None => Self::None,
            Consent::Signed => Self::Signed,
            // Who stands at the operator's desk was looked at; that does not release what a rule wants reviewed.
            Consent::SteppedUp | Consent::Operator => Self::SteppedUp,
        }
    }
}

/// A payment to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Idempotency key: 128 random bits chosen by whoever asks. The same payment under the same key is posted
    /// once, however often it is sent; the same key for another payment is declined.
    pub key: [u8; 16],
    /// What kind of payment.
    pub operation: Operation,
    /// Who pays.
    pub from: AccountId,
    /// Who is paid.
    pub to: AccountId,
    /// How much is moved. The payee gets this less the payee's own fee.
    pub amount: Money,
    /// What the payer agreed to pay on top. When the schedule says otherwise the payment is declined; `None`
    /// agrees to whatever it says.
    pub agreed_fee: Option<Money>,
    /// A word to both sides, at most [`MEMO_BYTES_MAX`].
    pub memo: String,
    /// What the payee or the operator knows it by, at most [`REFERENCE_BYTES_MAX`]; payments are found by it.
    pub reference: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How the payer agreed.
    pub consent: Consent,
    /// Proof of the payer's consent (canonical statement and signature), kept with the posting; at most
    /// [`EVIDENCE_BYTES_MAX`]. Not part of what makes two payments the same, nor is the strength of consent: a
    /// repeated request may carry a fresh signature.
    pub evidence: Vec<u8>,
}

impl Payment {
    /// A payment with nothing said but what it must have: whatever fee the schedule says, no memo, no
    /// reference, nothing known of where it comes from, no consent.
    #[must_use]
    pub fn new(key: [u8; 16], operation: Operation, from: AccountId, to: AccountId, amount: Money) -> Self {
        Self {
            key,
            operation,
            from,
            to,
            amount,
            agreed_fee: None,
            memo: String::new(),
            reference: String::new(),
            origin: Origin::default(),
            consent: Consent::default(),
            evidence: Vec::new(),
        }
    }
}

/// What a payment would cost and meet if it were posted now. Nothing is promised: the posting decides again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What the payer pays on top.
    pub fee: Money,
    /// What the payee pays out of the amount.
    pub payee_fee: Money,
    /// Whether it would be posted, set aside for review, or declined and why.
    pub verdict: QuoteVerdict,
}

/// What would become of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteVerdict {
    /// It would be posted.
    Post,
    /// It would be set aside until the operator has looked at it.
    Review,
    /// It would be declined.
    Decline(crate::Decline),
}

/// A payment that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its number, as people see it.
    pub payment: PaymentId,
    /// When it was posted; for a repeated request, the first time.
    pub at: Timestamp,
    /// What was moved.
    pub amount: Money,
    /// What the payer paid on top.
    pub fee: Money,
    /// What the payee paid out of the amount.
    pub payee_fee: Money,
    /// Balance of the payer right after it.
    pub from_balance: Money,
    /// Balance of the payee right after it.
    pub to_balance: Money,
    /// Whether it had been posted before under the same key.
    pub duplicate: bool,
}

/// An amount to be set aside for a merchant (pre-authorisation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Who will pay: a customer.
    pub from: AccountId,
    /// Who will be paid: a merchant.
    pub to: AccountId,
    /// How much at most.
    pub amount: Money,
    /// When it is given back by itself.
    pub expires: Option<Timestamp>,
    /// A word to both sides.
    pub memo: String,
    /// As in [`Payment`].
    pub reference: String,
    /// As in [`Payment`].
    pub origin: Origin,
    /// As in [`Payment`].
    pub consent: Consent,
    /// Proof of the payer's consent.
    pub evidence: Vec<u8>,
}

/// An amount that is set aside, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Number of the hold; capture and release name it.
    pub hold: PaymentId,
    /// When it was made.
    pub at: Timestamp,
    /// What the payer can still spend.
    pub available: Money,
    /// Whether it had been made before under the same key.
    pub duplicate: bool,
}

/// A hold to be captured, in whole or in part, once or several times. The payee's fee is taken out of what is
/// captured; a hold carries no fee on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Which hold.
    pub hold: PaymentId,
    /// How much of it.
    pub amount: Money,
    /// Whether the rest is given back. Otherwise it stays on hold for further captures.
    pub last: bool,
    /// As in [`Payment`].
    pub reference: String,
    /// Proof, if there is any beyond the hold's.
    pub evidence: Vec<u8>,
}

/// A hold to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Which hold.
    pub hold: PaymentId,
}

/// A hold that was given back, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The hold.
    pub hold: PaymentId,
    /// When it was given back.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// What its payer can spend now.
    pub available: Money,
    /// Whether it had been given back before under the same key.
    pub duplicate: bool,
}

/// A payment to be given back, in whole or in part. All refunds of a payment together are never more than it
/// moved; fees stay with whom they went to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Which payment (or which capture of a hold).
    pub original: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why, for both sides.
    pub memo: String,
    /// As in [`Payment`].
    pub reference: String,
    /// Proof of who ordered it.
    pub evidence: Vec<u8>,
}

/// A refund that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// Its own number.
    pub payment: PaymentId,
    /// What it refunds.
    pub original: PaymentId,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// How much of the original has been given back in all.
    pub refunded: Money,
    /// Whether it had been posted before under the same key.
    pub duplicate: bool,
}

/// An amount to be paid in one currency and got in another, at the operator's rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Who pays: a customer.
    pub from: AccountId,
    /// Who gets it: a customer's account in another currency.
    pub to: AccountId,
    /// How much is paid, in the payer's currency.
    pub amount: Money,
    /// What the payer was told that would be got. When the rate says otherwise now, nothing is done; `None`
    /// takes whatever the rate says.
    pub agreed: Option<Money>,
    /// A word to both sides.
    pub memo: String,
    /// As in [`Payment`].
    pub reference: String,
    /// As in [`Payment`].
    pub origin: Origin,
    /// As in [`Payment`].
    pub consent: Consent,
    /// Proof of the payer's consent.
    pub evidence: Vec<u8>,
}

/// An exchange that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// Its number.
    pub payment: PaymentId,
    /// When.
    pub at: Timestamp,
    /// What was paid.
    pub amount: Money,
    /// What was got.
    pub converted: Money,
    /// Balance of the payer right after it.
    pub from_balance: Money,
    /// Balance of the payee right after it.
    pub to_balance: Money,
    /// Whether it had been posted before under the same key.
    pub duplicate: bool,
}

/// What the operator decided about a payment in the review queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// The payment that waits.
    pub payment: PaymentId,
    /// Whether it is posted; otherwise it is refused and the money is free again.
    pub post: bool,
    /// Who decided.
    pub operator: String,
    /// Why, for the audit log.
    pub note: String,
    /// The operator's signature over the decision.
    pub evidence: Vec<u8>,
}
