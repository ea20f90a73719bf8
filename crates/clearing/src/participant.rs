//! Who takes part in clearing.

use std::collections::BTreeMap;

use money::Currency;
use serde::{Deserialize, Serialize};

use crate::{BankAccount, Bic, ParticipantId};

/// What a participant is. It decides how it is paid: institutions by pacs.009, merchants by pacs.008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParticipantKind {
    /// Who runs the platform.
    Operator,
    /// A bank.
    Bank,
    /// Another payment provider.
    Provider,
    /// A merchant that is settled by itself, through the bank that keeps its account.
    Merchant,
}

impl ParticipantKind {
    /// The word in files and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Bank => "bank",
            Self::Provider => "provider",
            Self::Merchant => "merchant",
        }
    }

    /// Whether it is paid as a financial institution.
    #[must_use]
    pub const fn is_institution(self) -> bool {
        !matches!(self, Self::Merchant)
    }
}

/// A participant as it is known when a day is cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Its identifier here.
    pub id: ParticipantId,
    /// Its name, in any script; files carry the first 140 characters.
    pub name: String,
    /// What it is.
    pub kind: ParticipantKind,
    /// An institution's own BIC; a merchant's bank's.
    pub bic: Option<Bic>,
    /// Its account at its bank, where settlement payments go to and come from. A merchant must have one.
    pub account: Option<BankAccount>,
    /// Country of residence, two capitals (ISO 3166-1); left out of files when it is not.
    pub country: String,
    /// Number of its ledger account by currency: a merchant's own account, an institution's settlement
    /// account. It is debited when the participant receives real money, credited when it pays.
    pub ledger_accounts: BTreeMap<Currency, String>,
}
