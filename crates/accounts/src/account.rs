//! Accounts as their holders and the operator see them.

use ledger::Timestamp;
use money::{Currency, Money};

use crate::AccountId;

/// Longest holder or account name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 200;
/// The tier of an account that was given none.
pub const STANDARD_TIER: &str = "standard";

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
    /// An account whose other half is at a bank: money enters and leaves the book through it. Its balance is
    /// negative by what has come in. The operator has one for each currency, and one for each bank that takes
    /// part in clearing.
    Settlement,
    /// Where fees go, one for each currency.
    Fees,
    /// The operator's position in a currency: what was bought of it less what was sold. One for each.
    Exchange,
    /// What rounding left over when currencies were exchanged, one for each currency.
    Rounding,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Customer, Self::Merchant, Self::Settlement, Self::Fees, Self::Exchange, Self::Rounding];

    /// The word for it in tables and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
            Self::Settlement => "settlement",
            Self::Fees => "fees",
            Self::Exchange => "exchange",
            Self::Rounding => "rounding",
        }
    }

    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Customer => 1,
            Self::Merchant => 2,
            Self::Settlement => 3,
            Self::Fees => 4,
            Self::Exchange => 5,
            Self::Rounding => 6,
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
            Self::Customer | Self::Merchant | Self::Fees | Self::Rounding => {
                ledger::BalanceRule::DebitsWithinCredits
            }
            Self::Settlement | Self::Exchange => ledger::BalanceRule::Free,
        }
    }
}

/// An account to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Idempotency key: the same account under the same key is opened once.
    pub key: [u8; 16],
    /// Whose it is.
    pub holder: HolderId,
    /// What it is for.
    pub kind: Kind,
    /// The name that payers and payees see.
    pub name: String,
    /// Its currency, for ever.
    pub currency: Currency,
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
    /// Which limits apply to it, by name.
    pub tier: String,
    /// Credits less debits.
    pub balance: Money,
    /// The balance less what is held.
    pub available: Money,
    /// When it was opened.
    pub opened: Timestamp,
    /// Whether it was closed.
    pub closed: bool,
}
