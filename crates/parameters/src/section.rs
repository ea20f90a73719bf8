//! The sections of the registry, their words and their starter texts.

use std::fmt;
use std::str::FromStr;

use crate::Role;

/// One part of the parameters: one document with its own versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// What is charged for which operation.
    Fees,
    /// How much may be moved, in one go, a day and a month.
    Limits,
    /// The rules that judge a payment before it is posted. Text here; the rules' own crate reads it.
    Risk,
    /// When the clearing day ends, and the time zone of all days.
    CutOff,
    /// The currencies that the books are kept in.
    Currencies,
    /// Which days are business days.
    Calendar,
    /// The rates that one currency is changed into another at.
    Exchange,
    /// Who clears and settles with the operator.
    Participants,
    /// Who may operate the platform, by key and role.
    Operators,
}

impl Section {
    /// How many sections there are.
    pub const COUNT: usize = 9;

    /// Every section, in the order of [`Section::index`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::Fees,
        Self::Limits,
        Self::Risk,
        Self::CutOff,
        Self::Currencies,
        Self::Calendar,
        Self::Exchange,
        Self::Participants,
        Self::Operators,
    ];

    /// Its word in commands and texts: `fees`, `cut-off`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fees => "fees",
            Self::Limits => "limits",
            Self::Risk => "risk",
            Self::CutOff => "cut-off",
            Self::Currencies => "currencies",
            Self::Calendar => "calendar",
            Self::Exchange => "exchange",
            Self::Participants => "participants",
            Self::Operators => "operators",
        }
    }

    /// Its place in [`Section::ALL`], and in lists kept by section.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Fees => 0,
            Self::Limits => 1,
            Self::Risk => 2,
            Self::CutOff => 3,
            Self::Currencies => 4,
            Self::Calendar => 5,
            Self::Exchange => 6,
            Self::Participants => 7,
            Self::Operators => 8,
        }
    }

    /// The roles of which an operator needs one to draft, approve or withdraw a version of it.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Fees
            | Self::CutOff
            | Self::Currencies
            | Self::Calendar
            | Self::Exchange
            | Self::Participants => &[Role::Finance],
            Self::Limits => &[Role::Risk, Role::Finance],
            Self::Risk => &[Role::Risk],
            Self::Operators => &[Role::Security],
        }
    }

    /// A commented document to start from. It is valid as it stands; the names, keys and numbers in it are
    /// examples to be replaced.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Fees => include_str!("templates/fees.toml"),
            Self::Limits => include_str!("templates/limits.toml"),
            Self::Risk => include_str!("templates/risk.toml"),
            Self::CutOff => include_str!("templates/cut-off.toml"),
            Self::Currencies => include_str!("templates/currencies.toml"),
            Self::Calendar => include_str!("templates/calendar.toml"),
            Self::Exchange => include_str!("templates/exchange.toml"),
            Self::Participants => include_str!("templates/participants.toml"),
            Self::Operators => include_str!("templates/operators.toml"),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl FromStr for Section {
    type Err = String;

    /// Reads a section's word.
    ///
    /// # Errors
    /// A sentence that lists the words there are.
    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|section| section.word() == word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|section| section.word()).collect();
            format!("there is no such section of parameters; there are {}", words.join(", "))
        })
    }
}
