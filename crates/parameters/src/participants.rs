//! Who clears and settles with the operator.

use std::collections::{BTreeMap, BTreeSet};

use money::Currency;
use serde::Deserialize;
use toml::Spanned;

use crate::document::{Document, quoted};
use crate::{ParameterError, Section};

/// Most participants in the section.
pub const PARTICIPANTS_MAX: usize = 1024;

/// Longest identifier, and longest account that is no IBAN, in characters (ISO 20022 Max35Text, Max34Text).
const ID_CHARACTERS_MAX: usize = 35;
const ACCOUNT_CHARACTERS_MAX: usize = 34;

/// Longest name of a participant, in characters (ISO 20022 Max140Text).
const PARTICIPANT_NAME_CHARACTERS_MAX: usize = 140;

/// What a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParticipantKind {
    /// The operator of the platform. Whoever belongs to nobody else belongs to it.
    Operator,
    /// A bank.
    Bank,
    /// A provider of payment services.
    Provider,
    /// A merchant that settles by itself.
    Merchant,
}

impl ParticipantKind {
    /// Its word in the section.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Bank => "bank",
            Self::Provider => "provider",
            Self::Merchant => "merchant",
        }
    }
}

/// One participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Its identifier in files and commands.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ParticipantKind,
    /// Its business identifier code (ISO 9362).
    pub bic: Option<String>,
    /// Its account at the settlement bank, as an IBAN (ISO 13616), without spaces.
    pub iban: Option<String>,
    /// Its account at the settlement bank where there are no IBANs.
    pub account: Option<String>,
    /// Its country (ISO 3166, two letters).
    pub country: String,
    /// The account holders that belong to it.
    pub holders: Vec<String>,
    /// Its settlement accounts in the book, by currency.
    pub ledger_accounts: BTreeMap<Currency, String>,
    pub(crate) line: u32,
}

/// Every participant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Participants {
    list: Vec<Participant>,
    by_holder: BTreeMap<String, usize>,
    operator: usize,
}

impl Participants {
    /// Reads a text of the section `participants` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Participants, text)?;
        let written: Written = document.read()?;
        document.at_most(&written.participant, PARTICIPANTS_MAX, "participants")?;
        let mut all = Self::default();
        let mut ids = BTreeSet::new();
        let mut accounts = BTreeSet::new();
        let mut operators = 0_usize;
        for spanned in &written.participant {
            let place = all.list.len();
            let participant = spanned.get_ref().read(&document, document.line(&spanned.span()))?;
            if !ids.insert(participant.id.clone()) {
                let reason = format!("There are two participants with the id {:?}.", participant.id);
                return Err(document.refuse(&spanned.get_ref().id, reason));
            }
            for number in participant.ledger_accounts.values() {
                if !accounts.insert(number.clone()) {
                    let reason = format!("The account {number} is named for settlement twice.");
                    return Err(document.refuse(spanned, reason));
                }
            }
            for holder in &spanned.get_ref().holders {
                if all.by_holder.insert(holder.get_ref().clone(), place).is_some() {
                    let reason =
                        format!("The holder {} belongs to two participants.", quoted(holder.get_ref()));
                    return Err(document.refuse(holder, reason));
                }
            }
            if participant.kind == ParticipantKind::Operator {
                operators = operators.saturating_add(1);
                all.operator = place;
            }
            all.list.push(participant);
        }
        if operators != 1 {
            let reason =
                format!("Exactly one participant is of the kind \"operator\"; here {operators} are.");
            return Err(document.refuse_whole(reason));
        }
        Ok(all)
    }

    /// The participant that a holder of accounts belongs to: the operator for whoever is listed nowhere.
    /// Without a version in effect there is none.
    #[must_use]
    pub fn of_holder(&self, holder: &str) -> Option<&Participant> {
        self.by_holder.get(holder).map_or_else(|| self.operator(), |place| self.list.get(*place))
    }

    /// The operator of the platform.
    #[must_use]
    pub fn operator(&self) -> Option<&Participant> {
        self.list.get(self.operator)
    }

    /// The participant with that identifier.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Participant> {
        self.list.iter().find(|participant| participant.id == id)
    }

    /// The participants in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Participant> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    participant: Vec<Spanned<WrittenParticipant>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenParticipant {
    id: Spanned<String>,
    name: Spanned<String>,
    kind: Spanned<ParticipantKind>,
    bic: Option<Spanned<String>>,
    iban: Option<Spanned<String>>,
    account: Option<Spanned<String>>,
    country: Spanned<String>,
    #[serde(default)]
    holders: Vec<Spanned<String>>,
    #[serde(default)]
    ledger_accounts: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl WrittenParticipant {
    fn read(&self, document: &Document<'_>, line: u32) -> Result<Participant, ParameterError> {
        let id = self.id.get_ref();
        let plain = |text: &str, max: usize| {
            !text.is_empty()
                && text.len() <= max
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !plain(id, ID_CHARACTERS_MAX) {
            let reason =
                format!("A participant's id has 1 to {ID_CHARACTERS_MAX} letters, digits and hyphens.");
            return Err(document.refuse(&self.id, reason));
        }
        let name = self.name.get_ref();
        let characters = name.chars().count();
        if name.trim() != name
            || name.chars().any(char::is_control)
            || !(1..=PARTICIPANT_NAME_CHARACTERS_MAX).contains(&characters)
        {
            let reason = format!(
                "A participant's name has 1 to {PARTICIPANT_NAME_CHARACTERS_MAX} characters on one line."
            );
            return Err(document.refuse(&self.name, reason));
        }
        if let Some(bic) = self.bic.as_ref().filter(|bic| !is_bic(bic.get_ref())) {
            let reason = format!(
                "{} is not a business identifier code (ISO 9362): four characters, two letters of the country, two characters, and three more for a branch.",
                quoted(bic.get_ref())
            );
            return Err(document.refuse(bic, reason));
        }
        if let Some(iban) = self.iban.as_ref().filter(|iban| !is_iban(iban.get_ref())) {
            let reason = format!(
                "{} is not an international bank account number (ISO 13616), or there is a slip in it: its check digits do not agree. It is written without spaces.",
                quoted(iban.get_ref())
            );
            return Err(document.refuse(iban, reason));
        }
        if let Some(account) = &self.account {
            if self.iban.is_some() {
                return Err(document.refuse(account, "A participant has an iban or an account, not both."));
            }
            if !plain(account.get_ref(), ACCOUNT_CHARACTERS_MAX) {
                let reason =
                    format!("An account has 1 to {ACCOUNT_CHARACTERS_MAX} letters, digits and hyphens.");
                return Err(document.refuse(account, reason));
            }
        }
        if self.country.get_ref().len() != 2
            || !self.country.get_ref().bytes().all(|byte| byte.is_ascii_uppercase())
        {
            return Err(
                document.refuse(&self.country, "A country is two capital letters (ISO 3166), like CN.")
            );
        }
        let holders = self.holders.iter().map(|holder| document.name(holder)).collect::<Result<_, _>>()?;
        let mut ledger_accounts = BTreeMap::new();
        for (code, number) in &self.ledger_accounts {
            document.account_number(number)?;
            ledger_accounts.insert(document.currency(code)?, number.get_ref().clone());
        }
        Ok(Participant {
            id: id.clone(),
            name: name.clone(),
            kind: *self.kind.get_ref(),
            bic: self.bic.as_ref().map(|bic| bic.get_ref().clone()),
            iban: self.iban.as_ref().map(|iban| iban.get_ref().clone()),
            account: self.account.as_ref().map(|account| account.get_ref().clone()),
            country: self.country.get_ref().clone(),
            holders,
            ledger_accounts,
            line,
        })
    }
}

/// ISO 9362:2014: four letters or digits, two letters, two letters or digits, and three of a branch or none.
fn is_bic(text: &str) -> bool {
    let (party, rest) = text.as_bytes().split_at_checked(4).unwrap_or_default();
    let (country, suffix) = rest.split_at_checked(2).unwrap_or_default();
    let capital = |byte: &u8| byte.is_ascii_uppercase();
    let either = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    party.iter().all(either)
        && !country.is_empty()
        && country.iter().all(capital)
        && matches!(suffix.len(), 2 | 5)
        && suffix.iter().all(either)
}

/// ISO 13616 with the check of ISO/IEC 7064 MOD 97-10: the first four characters moved to the end, letters
/// read as 10 to 35, leave 1.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len()) {
        return false;
    }
    let (head, body) = bytes.split_at_checked(4).unwrap_or_default();
    let [c1, c2, d1, d2] = head else { return false };
    if !(c1.is_ascii_uppercase() && c2.is_ascii_uppercase() && d1.is_ascii_digit() && d2.is_ascii_digit()) {
        return false;
    }
    let rest = body.iter().chain(head).try_fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => Some(rest.wrapping_mul(10).wrapping_add(u32::from(byte.wrapping_sub(b'0'))) % 97),
        b'A'..=b'Z' => {
            let value = u32::from(byte.wrapping_sub(b'A')).wrapping_add(10);
            Some(rest.wrapping_mul(100).wrapping_add(value) % 97)
        }
        _ => None,
    });
    rest == Some(1)
}
