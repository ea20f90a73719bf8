//! What can be asked of the account platform, and what it answers: plain values.

use ledger::Timestamp;
use money::{Currency, Money};

use crate::{AccountId, PaymentId};

/// Longest memo, in bytes of UTF-8.
pub const MEMO_BYTES_MAX: usize = 512;
/// Longest evidence stored with a posting (canonical statement, signature, certificate), in bytes.
pub const EVIDENCE_BYTES_MAX: usize = 16 * 1024;
/// Longest holder or account name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 200;
/// Most payments in one [`bulk`](crate::Accounts::bulk) submission, and most requests in one row of the
/// journal.
pub const BULK_PAYMENTS_MAX: usize = 8192;
/// Most entries on one page of history, and most accounts in one answer to a search.
pub const PAGE_ENTRIES_MAX: u32 = 100;

/// Who an account belongs to: a customer's or merchant's name for signing in, or the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderId(pub String);

/// What an account is for. It decides the balance rule and the operations allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A customer's money; never below nothing.
    Customer,
    /// A merchant's takings; never below nothing.
    Merchant,
    /// The operator's account whose other half is at a bank: money enters and leaves the book through it. Its
    /// balance is negative by what has come in.
    Settlement,
    /// Where fees go, one for each currency.
    Fees,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Customer, Self::Merchant, Self::Settlement, Self::Fees];

    /// The word for it in tables and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
            Self::Settlement => "settlement",
            Self::Fees => "fees",
        }
    }

    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Customer => 1,
            Self::Merchant => 2,
            Self::Settlement => 3,
            Self::Fees => 4,
        }
    }

    pub(crate) fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub(crate) const fn rule(self) -> ledger::BalanceRule {
        match self {
            Self::Customer | Self::Merchant | Self::Fees => ledger::BalanceRule::DebitsWithinCredits,
            Self::Settlement => ledger::BalanceRule::Free,
        }
    }
}

/// An account to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Whose it is.
    pub holder: HolderId,
    /// What it is for.
    pub kind: Kind,
    /// The name that payers and payees see.
    pub name: String,
    /// Its currency, for ever.
    pub currency: Currency,
}

/// The operations of the device that move money at once (CN102103778A ¶54).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Consumption: a customer pays a merchant.
    Pay,
    /// A customer sends money to a customer.
    Transfer,
    /// Money comes in from a settlement account.
    TopUp,
}

impl Operation {
    /// The word for it in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Transfer => "transfer",
            Self::TopUp => "top-up",
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
        )
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
    /// How much the payee gets.
    pub amount: Money,
    /// What the payer pays on top, to the fee account of the currency; may be nothing.
    pub fee: Money,
    /// A word to both sides, at most [`MEMO_BYTES_MAX`].
    pub memo: String,
    /// Proof of the payer's consent (canonical statement and signature), kept with the posting; at most
    /// [`EVIDENCE_BYTES_MAX`]. Not part of what makes two payments the same: a repeated request may carry a
    /// fresh signature.
    pub evidence: Vec<u8>,
}

/// A payment that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its number, as people see it.
    pub payment: PaymentId,
    /// When it was posted; for a repeated request, the first time.
    pub at: Timestamp,
    /// What the payee got.
    pub amount: Money,
    /// What the payer paid on top.
    pub fee: Money,
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

/// A hold to be captured, in whole or in part; the rest is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Idempotency key, as in [`Payment`].
    pub key: [u8; 16],
    /// Which hold.
    pub hold: PaymentId,
    /// How much of it.
    pub amount: Money,
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

/// An account as the projections know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Whose it is.
    pub holder: HolderId,
    /// What it is for.
    pub kind: Kind,
    /// The name that others see.
    pub name: String,
    /// Credits less debits.
    pub balance: Money,
    /// The balance less what is held.
    pub available: Money,
    /// When it was opened.
    pub opened: Timestamp,
    /// Whether it was closed.
    pub closed: bool,
}

/// What a line of history was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Consumption.
    Pay,
    /// Transfer.
    Transfer,
    /// Top-up.
    TopUp,
    /// A fee on a payment.
    Fee,
    /// A captured hold.
    Capture,
}

impl EntryKind {
    const ALL: [Self; 5] = [Self::Pay, Self::Transfer, Self::TopUp, Self::Fee, Self::Capture];

    /// The word for it in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pay => Operation::Pay.word(),
            Self::Transfer => Operation::Transfer.word(),
            Self::TopUp => Operation::TopUp.word(),
            Self::Fee => "fee",
            Self::Capture => "capture",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One line of an account's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The payment it belongs to. A fee belongs to the payment it was charged for.
    pub payment: PaymentId,
    /// What it was.
    pub operation: EntryKind,
    /// The other side.
    pub counterparty: AccountId,
    /// Its name.
    pub counterparty_name: String,
    /// How much, negative where it left the account.
    pub amount: Money,
    /// The balance right after it.
    pub balance_after: Money,
    /// When.
    pub at: Timestamp,
    /// The memo.
    pub memo: String,
}

/// Where the next page begins. Stays right however many entries are added meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) number: i64,
}

impl Cursor {
    /// The cursor as a number, for a caller that must store or send it.
    #[must_use]
    pub const fn to_number(self) -> i64 {
        self.number
    }

    /// The cursor from such a number. Any number is a position in the history.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self { number }
    }
}

/// A page of history, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines.
    pub entries: Vec<Entry>,
    /// Where older lines begin, if there are any.
    pub next: Option<Cursor>,
}

/// Everything known about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its number.
    pub payment: PaymentId,
    /// What it was.
    pub operation: EntryKind,
    /// Who paid, and the name.
    pub from: (AccountId, String),
    /// Who was paid, and the name.
    pub to: (AccountId, String),
    /// What the payee got.
    pub amount: Money,
    /// What the payer paid on top.
    pub fee: Money,
    /// When.
    pub at: Timestamp,
    /// The memo.
    pub memo: String,
    /// The proof of consent, byte for byte as it was given.
    pub evidence: Vec<u8>,
    /// The hold it captured, if it did.
    pub hold: Option<PaymentId>,
}
