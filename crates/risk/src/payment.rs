//! A payment as the rules see it, and what they decide.

use std::fmt;
use std::str::FromStr;

use ledger::Timestamp;
use money::Money;
use serde::{Deserialize, Serialize};

/// What a payment can be, in the words of the fee schedules. A rule that names another operation is refused,
/// since it would never apply.
pub const OPERATIONS: [&str; 5] = ["pay", "transfer", "top-up", "withdrawal", "exchange"];

/// A payment to decide about, or one that was posted. Borrowed: deciding copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment<'a> {
    /// When.
    pub at: Timestamp,
    /// The same moment as minutes since midnight in the operator's time zone, 0 to 1439.
    pub minutes_of_day: u16,
    /// One of [`OPERATIONS`].
    pub operation: &'a str,
    /// Account that pays. The history is kept by it.
    pub payer: u64,
    /// Account that is paid.
    pub payee: u64,
    /// Who holds the account that is paid: what a merchant is called by.
    pub payee_holder: &'a str,
    /// How much, in the currency of the account that pays.
    pub amount: Money,
    /// Which payment app asks.
    pub app: &'a str,
    /// Which terminal it is made at.
    pub terminal: &'a str,
    /// Where: an ISO 3166 code such as `CN` or `CN-44`; empty when it is not known.
    pub region: &'a str,
    /// When the account that pays was opened.
    pub account_opened: Timestamp,
    /// How strongly the payment has been agreed to already.
    pub consent: Consent,
}

/// How strongly a payment has been agreed to, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Not at all, as when money is collected.
    #[default]
    None,
    /// The customer's secure element signed it.
    Signed,
    /// The customer confirmed it once more, as a [step-up](Outcome::StepUp) asks.
    SteppedUp,
    /// A person at the operator's released it, as a [review](Outcome::Review) asks.
    Operator,
}

impl Consent {
    /// Every one, from weak to strong.
    pub const ALL: [Self; 4] = [Self::None, Self::Signed, Self::SteppedUp, Self::Operator];

    /// The word for it in rule files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Signed => "signed",
            Self::SteppedUp => "stepped-up",
            Self::Operator => "operator",
        }
    }
}

/// What becomes of a payment, from mild to severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is posted.
    #[default]
    Allow,
    /// The customer must confirm it once more.
    StepUp,
    /// It waits until a person at the operator's releases or refuses it.
    Review,
    /// It is declined.
    Refuse,
}

impl Outcome {
    /// Every one, from mild to severe.
    pub const ALL: [Self; 4] = [Self::Allow, Self::StepUp, Self::Review, Self::Refuse];

    /// The word for it in rule files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::StepUp => "step-up",
            Self::Review => "review",
            Self::Refuse => "refuse",
        }
    }

    /// The consent that answers it: a payment which has it is asked no more. Nothing answers a refusal, and
    /// an allowance asks nothing.
    #[must_use]
    pub const fn answered_by(self) -> Option<Consent> {
        match self {
            Self::StepUp => Some(Consent::SteppedUp),
            Self::Review => Some(Consent::Operator),
            Self::Allow | Self::Refuse => None,
        }
    }

    /// Its place in [`Outcome::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Allow => 0,
            Self::StepUp => 1,
            Self::Review => 2,
            Self::Refuse => 3,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl fmt::Display for Consent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.word() == word)
            .ok_or_else(|| "write allow, step-up, review or refuse".to_owned())
    }
}

impl FromStr for Consent {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|consent| consent.word() == word)
            .ok_or_else(|| "write none, signed, stepped-up or operator".to_owned())
    }
}

/// What the rules say about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decision {
    /// The severest outcome of all rules that apply.
    pub outcome: Outcome,
    /// The rules that apply, in the order of the file: indices for [`Rules::rule`](crate::Rules::rule). They
    /// mean something only together with the version of the rules that decided.
    pub reasons: Vec<u16>,
}
