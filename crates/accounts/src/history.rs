//! What is read back: lines of history, payments, holds, reviews and acts.

use ledger::Timestamp;
use money::{Currency, Money};

use crate::{AccountId, HolderId, Kind, Operation, Origin, PaymentId};

/// Most entries on one page of history, and most accounts in one answer to a search.
pub const PAGE_ENTRIES_MAX: u32 = 100;

/// What a line of history was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A customer paid a merchant.
    Pay,
    /// Transfer.
    Transfer,
    /// Top-up.
    TopUp,
    /// Withdrawal.
    Withdrawal,
    /// A settlement that the bank has confirmed.
    Settlement,
    /// A fee on a payment.
    Fee,
    /// A captured hold.
    Capture,
    /// A refund.
    Refund,
    /// One side of an exchange of currencies.
    Exchange,
    /// What rounding left over in an exchange.
    Rounding,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Pay,
        Self::Transfer,
        Self::TopUp,
        Self::Withdrawal,
        Self::Settlement,
        Self::Fee,
        Self::Capture,
        Self::Refund,
        Self::Exchange,
        Self::Rounding,
    ];

    /// The word for it in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pay => Operation::Pay.word(),
            Self::Transfer => Operation::Transfer.word(),
            Self::TopUp => Operation::TopUp.word(),
            Self::Withdrawal => Operation::Withdrawal.word(),
            Self::Settlement => Operation::Settlement.word(),
            Self::Fee => "fee",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Exchange => "exchange",
            Self::Rounding => "rounding",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl From<Operation> for EntryKind {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Pay => Self::Pay,
            Operation::Transfer => Self::Transfer,
            Operation::TopUp => Self::TopUp,
            Operation::Withdrawal => Self::Withdrawal,
            Operation::Settlement => Self::Settlement,
        }
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
    /// The reference.
    pub reference: String,
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

/// An account over a period: what a statement is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The balance before the first line.
    pub opening: Money,
    /// The lines, oldest first.
    pub entries: Vec<Entry>,
    /// The balance after the last line.
    pub closing: Money,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// It is posted.
    Posted,
    /// It is set aside until the operator has looked at it.
    InReview,
    /// It was declined, and why.
    Refused(String),
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
    /// What was moved.
    pub amount: Money,
    /// What the payer paid on top.
    pub fee: Money,
    /// What the payee paid out of the amount.
    pub payee_fee: Money,
    /// When.
    pub at: Timestamp,
    /// The memo.
    pub memo: String,
    /// The reference.
    pub reference: String,
    /// Where it came from.
    pub origin: Origin,
    /// The proof of consent, byte for byte as it was given.
    pub evidence: Vec<u8>,
    /// The hold it captured, if it did.
    pub hold: Option<PaymentId>,
    /// What it refunds, if it does.
    pub original: Option<PaymentId>,
    /// What became of it.
    pub state: PaymentState,
    /// What the risk rules said.
    pub reasons: Vec<String>,
}

/// One movement of money between two holders, as clearing and the day's report see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The payment it belongs to.
    pub payment: PaymentId,
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub operation: EntryKind,
    /// Who gave: account, holder, what it is for.
    pub from: (AccountId, HolderId, Kind),
    /// Who got.
    pub to: (AccountId, HolderId, Kind),
    /// How much.
    pub amount: Money,
    /// The terminal it came from; empty when unknown.
    pub terminal: String,
    /// The app it came from; empty when unknown.
    pub app: String,
    /// The reference.
    pub reference: String,
}

/// An open hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHold {
    /// Its number.
    pub hold: PaymentId,
    /// Who will pay.
    pub from: AccountId,
    /// Who will be paid.
    pub to: AccountId,
    /// What is still set aside.
    pub left: Money,
    /// When it was made.
    pub at: Timestamp,
    /// When it is given back by itself.
    pub expires: Option<Timestamp>,
    /// The reference.
    pub reference: String,
    /// Whether it waits for the operator's review.
    pub in_review: bool,
}

/// Something somebody did that moved no money: a sign-in, an operator's command, a cut-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Idempotency key.
    pub key: [u8; 16],
    /// Who: an operator's or customer's name, or the program itself.
    pub actor: String,
    /// What, as one hyphenated word: `sign-in`, `cut-off`, `revoke-terminal`.
    pub action: String,
    /// To what or whom.
    pub subject: String,
    /// The rest, as a sentence or as JSON. Holds no secret.
    pub detail: String,
}

/// An act as it stands in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    /// Its number; payments and acts are counted together, so it tells what was before and after it.
    pub number: PaymentId,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub act: Act,
}

/// An account's totals, a row of the trial balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialRow {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub holder: HolderId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// Its currency.
    pub currency: Currency,
    /// All that was given.
    pub debits: Money,
    /// All that was got.
    pub credits: Money,
}
