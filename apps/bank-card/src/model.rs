//! What the app remembers of one user's session.

use app_sdk::serde::{Deserialize, Serialize};
use app_sdk::{Account, Context, HistoryEntry, Language, Money, Payee, Receipt, Refusal};

/// Entries on one page of the history.
pub(crate) const HISTORY_PAGE: u32 = 8;
/// The most payees listed after a search; more words find fewer.
pub(crate) const PAYEES_MAX: usize = 12;
/// The longest memo, in characters.
pub(crate) const MEMO_CHARACTERS_MAX: u16 = 60;
/// The longest words to search a payee by, in characters.
pub(crate) const WORDS_CHARACTERS_MAX: u16 = 60;
/// The most payees that are remembered for next time.
pub(crate) const RECENT_MAX: usize = 3;

/// All that the app remembers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub struct Model {
    pub(crate) language: Language,
    pub(crate) customer: String,
    pub(crate) accounts: Vec<Account>,
    /// The account in use: its place in `accounts`.
    pub(crate) chosen: usize,
    pub(crate) screen: Screen,
    /// The tag of the last command; replies with another tag come too late and are passed over.
    pub(crate) tag: u32,
    /// Who was paid lately, kept between sessions.
    pub(crate) recent: Recent,
}

/// Who was paid lately, the latest first.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) struct Recent {
    pub(crate) merchants: Vec<Payee>,
    pub(crate) customers: Vec<Payee>,
}

/// What is being done with money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) enum Purpose {
    Pay,
    Transfer,
    TopUp,
}

/// A payment while it is put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) struct Draft {
    pub(crate) purpose: Purpose,
    /// Nobody for a top-up.
    pub(crate) payee: Option<Payee>,
    pub(crate) amount: Option<Money>,
    pub(crate) memo: String,
}

impl Draft {
    pub(crate) fn new(purpose: Purpose, payee: Option<Payee>) -> Self {
        Self { purpose, payee, amount: None, memo: String::new() }
    }
}

/// What the user has to put right before going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) enum Problem {
    NoWords,
    NobodyFound,
    NoAmount,
}

/// One page of history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) struct Page {
    pub(crate) entries: Vec<HistoryEntry>,
    /// Where the older page starts.
    pub(crate) next: Option<String>,
    /// Where this page and the ones before it start, the first page (`None`) first.
    pub(crate) starts: Vec<Option<String>>,
}

/// Which screen the user is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub(crate) enum Screen {
    Home,
    Accounts,
    Find { purpose: Purpose, words: String, problem: Option<Problem> },
    Searching { purpose: Purpose, words: String },
    Payees { purpose: Purpose, words: String, payees: Vec<Payee>, more: bool },
    Amount { draft: Draft, problem: Option<Problem> },
    Paying { draft: Draft },
    Receipt { draft: Draft, receipt: Receipt },
    Refused { draft: Option<Draft>, refusal: Refusal },
    Loading { starts: Vec<Option<String>> },
    History { page: Page },
    Entry { page: Page, entry: usize },
    Goodbye,
}

impl Model {
    pub(crate) fn new(context: Context) -> Self {
        let recent = context.kept.as_deref().and_then(Recent::from_bytes).unwrap_or_default();
        Self {
            language: Language::of(&context),
            customer: context.customer,
            accounts: context.accounts,
            chosen: 0,
            screen: Screen::Home,
            tag: 0,
            recent,
        }
    }

    /// The account in use.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.accounts.get(self.chosen)
    }

    /// Takes the accounts as they are now, staying on the account in use.
    pub(crate) fn refresh(&mut self, accounts: Vec<Account>) {
        let id = self.account().map(|account| account.id.clone());
        self.chosen = accounts.iter().position(|account| Some(&account.id) == id.as_ref()).unwrap_or(0);
        self.accounts = accounts;
    }
}

impl Recent {
    /// What `to_bytes` gave; nothing for bytes of another version.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        app_sdk::decode(bytes)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        app_sdk::encode(self)
    }

    pub(crate) fn of(&self, purpose: Purpose) -> &[Payee] {
        match purpose {
            Purpose::Pay => &self.merchants,
            Purpose::Transfer => &self.customers,
            Purpose::TopUp => &[],
        }
    }

    /// Puts the payee first; false when it already was.
    pub(crate) fn remember(&mut self, purpose: Purpose, payee: &Payee) -> bool {
        let list = match purpose {
            Purpose::Pay => &mut self.merchants,
            Purpose::Transfer => &mut self.customers,
            Purpose::TopUp => return false,
        };
        if list.first() == Some(payee) {
            return false;
        }
        list.retain(|known| known.id != payee.id);
        list.insert(0, payee.clone());
        list.truncate(RECENT_MAX);
        true
    }
}
