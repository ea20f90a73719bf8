//! The registry: every section's versions, who drafted and approved them, and when each is in effect.
//!
//! A version is drafted by an operator and approved by another one; both have a role for the section
//! ([`Section::roles`]) at the time of approval. It is in effect from its date, or from its approval if that is later, until another
//! approved version's date comes: of the approved versions whose date has come, the one with the latest date
//! counts, of several with the same date the latest version. So an approval never changes what was in effect
//! before it.
//!
//! As long as fewer than two operators are in effect, and only then, the installation itself
//! ([`INSTALLATION`]) drafts and approves the section of operators.

use ledger::Timestamp;

use crate::document::{Document, NAME_BYTES_MAX};
use crate::{Effective, Operators, ParameterError, Section};

/// Whoever installs the platform, as author and approver of the first operators.
pub const INSTALLATION: &str = "installation";

/// Most versions of a section, withdrawn ones included.
pub const VERSIONS_MAX: usize = 4096;

/// Most approved versions of a section that are not in effect yet.
pub const VERSIONS_AHEAD_MAX: usize = 8;

/// From so many operators on there are four eyes, and the installation may do nothing any more.
const OPERATORS_MIN: usize = 2;

/// Longest note of a draft, in bytes.
const NOTE_BYTES_MAX: usize = 1024;

/// Judges the text of the risk rules, which this crate does not read. The reason is a sentence.
pub type RiskCheck = fn(&str) -> Result<(), String>;

/// All parameters with their histories.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) sections: [Vec<Version>; Section::COUNT],
    risk_check: RiskCheck,
}

/// One version of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, counted from 1 in its section.
    pub version: u32,
    /// Its text.
    pub text: String,
    /// The date asked for and, once approved, the date that counts.
    pub effective: Option<Timestamp>,
    /// Who drafted it.
    pub author: String,
    /// Why, in the author's words.
    pub note: String,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// Who approved it.
    pub approver: Option<String>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// Who withdrew it.
    pub withdrawn_by: Option<String>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// What became of it.
    pub state: VersionState,
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionState {
    /// Waits for another operator.
    Draft,
    /// In effect, or from its date on, or until another came.
    Approved,
    /// Never in effect.
    Withdrawn,
}

impl VersionState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A version to be drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Which section.
    pub section: Section,
    /// The whole new text.
    pub text: String,
    /// When it takes effect; at approval without it.
    pub effective: Option<Timestamp>,
    /// Who drafts it.
    pub author: String,
    /// Why.
    pub note: String,
}

/// Why the registry did not change. Each is the acting operator's to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryRefusal {
    /// The text, or what it would be together with the other sections, is not valid.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No operator in effect has that name.
    #[error("{name:?} is not an operator: the section operators in effect does not list that name")]
    NotAnOperator {
        /// Who acted.
        name: String,
    },
    /// The operator has no role for the section.
    #[error("{name:?} may not change {section}: that needs the role {}", roles(*section))]
    NotPermitted {
        /// Who acted.
        name: String,
        /// On what.
        section: Section,
    },
    /// There are no two operators yet.
    #[error(
        "there are fewer than two operators yet: the installation names them first, in the section operators"
    )]
    OperatorsFirst,
    /// There is no such version.
    #[error("there is no version {version} of {section}")]
    UnknownVersion {
        /// Which section.
        section: Section,
        /// Which version.
        version: u32,
    },
    /// The author approved it.
    #[error(
        "version {version} of {section} needs the approval of another operator than {author:?}, who drafted it"
    )]
    SameOperator {
        /// Which section.
        section: Section,
        /// Which version.
        version: u32,
        /// Who drafted it.
        author: String,
    },
    /// It is no draft any more.
    #[error("version {version} of {section} is {} already", state.word())]
    NotADraft {
        /// Which section.
        section: Section,
        /// Which version.
        version: u32,
        /// What it is.
        state: VersionState,
    },
    /// It is or was in effect.
    #[error("version {version} of {section} has taken effect and cannot be withdrawn: draft a new version")]
    InEffect {
        /// Which section.
        section: Section,
        /// Which version.
        version: u32,
    },
    /// There are too many versions, or too many ahead.
    #[error("{section} has {count} versions {what}, as many as are kept")]
    TooMany {
        /// Which section.
        section: Section,
        /// How many.
        count: usize,
        /// Which versions.
        what: &'static str,
    },
    /// A name or note is too long.
    #[error("the {what} of a draft has at most {max} bytes")]
    TooLong {
        /// What.
        what: &'static str,
        /// The bound.
        max: usize,
    },
}

fn roles(section: Section) -> String {
    let words: Vec<String> = section.roles().iter().map(|role| format!("{:?}", role.word())).collect();
    words.join(" or ")
}

/// Once there are two operators there always are: otherwise the installation could act for them again.
fn still_operated(before: usize, after: usize) -> Result<(), ParameterError> {
    if before < OPERATORS_MIN || after >= OPERATORS_MIN {
        return Ok(());
    }
    let reason = format!("There are {before} operators; no version can leave fewer than {OPERATORS_MIN}.");
    Err(ParameterError::new(Section::Operators, 0, reason))
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(|_| Ok(()))
    }
}

impl PartialEq for Registry {
    fn eq(&self, other: &Self) -> bool {
        self.sections == other.sections
    }
}

impl Eq for Registry {}

impl Registry {
    /// A registry without any version. Texts of risk rules are judged by `risk_check`.
    #[must_use]
    pub fn new(risk_check: RiskCheck) -> Self {
        Self { sections: Default::default(), risk_check }
    }

    /// Drafts a version. Its number is returned.
    ///
    /// # Errors
    /// [`RegistryRefusal`]; nothing has changed then.
    pub fn draft(&mut self, draft: Draft, at: Timestamp) -> Result<u32, RegistryRefusal> {
        let Draft { section, text, effective, author, note } = draft;
        self.authorize(section, &author, at)?;
        for (what, length, max) in
            [("author", author.len(), NAME_BYTES_MAX), ("note", note.len(), NOTE_BYTES_MAX)]
        {
            if length > max {
                return Err(RegistryRefusal::TooLong { what, max });
            }
        }
        let count = self.versions(section).len();
        if count >= VERSIONS_MAX {
            return Err(RegistryRefusal::TooMany { section, count, what: "in all" });
        }
        self.check_text(section, &text)?;
        let version = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        let mut drafted = Version {
            version,
            text,
            effective: Some(effective.unwrap_or(at).max(at)),
            author,
            note,
            drafted_at: at,
            approver: None,
            approved_at: None,
            withdrawn_by: None,
            withdrawn_at: None,
            state: VersionState::Approved,
        };
        // Whether it could be approved is found out by approving it in a copy.
        let mut tried = self.clone();
        tried.list(section).push(drafted.clone());
        tried.agree(self.operators(at).len(), at)?;
        drafted.state = VersionState::Draft;
        drafted.effective = effective;
        self.list(section).push(drafted);
        Ok(version)
    }

    /// Approves a draft. It takes effect at its date, or now if that is past.
    ///
    /// # Errors
    /// [`RegistryRefusal`]; nothing has changed then.
    pub fn approve(
        &mut self,
        section: Section,
        version: u32,
        approver: &str,
        at: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        self.authorize(section, approver, at)?;
        let draft = self.find(section, version)?;
        if draft.state != VersionState::Draft {
            return Err(RegistryRefusal::NotADraft { section, version, state: draft.state });
        }
        if draft.author == approver && approver != INSTALLATION {
            let author = draft.author.clone();
            return Err(RegistryRefusal::SameOperator { section, version, author });
        }
        // Nor may somebody who is no operator any more, or never was, have drafted it.
        let author = draft.author.clone();
        self.authorize(section, &author, at)?;
        let ahead = |known: &&Version| {
            known.state == VersionState::Approved && known.effective.is_some_and(|from| from > at)
        };
        let count = self.versions(section).iter().filter(ahead).count();
        if count >= VERSIONS_AHEAD_MAX {
            return Err(RegistryRefusal::TooMany { section, count, what: "ahead" });
        }
        let mut tried = self.clone();
        if let Some(approved) = tried.find_mut(section, version) {
            approved.state = VersionState::Approved;
            approved.effective = Some(approved.effective.unwrap_or(at).max(at));
            approved.approver = Some(approver.to_owned());
            approved.approved_at = Some(at);
        }
        tried.agree(self.operators(at).len(), at)?;
        *self = tried;
        Ok(())
    }

    /// Withdraws a draft, or an approved version that has not taken effect.
    ///
    /// # Errors
    /// [`RegistryRefusal`]; nothing has changed then.
    pub fn withdraw(
        &mut self,
        section: Section,
        version: u32,
        operator: &str,
        at: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        self.authorize(section, operator, at)?;
        let known = self.find(section, version)?;
        match known.state {
            VersionState::Withdrawn => {
                return Err(RegistryRefusal::NotADraft { section, version, state: known.state });
            }
            VersionState::Approved if known.effective.is_none_or(|from| from <= at) => {
                return Err(RegistryRefusal::InEffect { section, version });
            }
            VersionState::Draft | VersionState::Approved => {}
        }
        let mut tried = self.clone();
        if let Some(withdrawn) = tried.find_mut(section, version) {
            withdrawn.state = VersionState::Withdrawn;
            withdrawn.withdrawn_by = Some(operator.to_owned());
            withdrawn.withdrawn_at = Some(at);
        }
        tried.agree(self.operators(at).len(), at)?;
        *self = tried;
        Ok(())
    }

    /// Whether a text could be a version: it parses, its values are in their bounds, and it agrees with the
    /// other sections as they will be when all approved versions are in effect.
    ///
    /// # Errors
    /// [`ParameterError`].
    pub fn check(&self, section: Section, text: &str) -> Result<(), ParameterError> {
        self.check_text(section, text)?;
        let mut effective = self.effective(Timestamp(u64::MAX));
        let operators = effective.operators.len();
        effective.put(section, 0, text)?;
        effective.agree()?;
        still_operated(operators, effective.operators.len())
    }

    /// The parameters in effect at a moment. It reads texts: ask once, and again after
    /// [`Registry::next_change_after`] and after every change.
    ///
    /// # Panics
    /// If a version does not read, which was checked when it was drafted or decoded.
    #[must_use]
    pub fn effective(&self, at: Timestamp) -> Effective {
        let mut effective = Effective::default();
        for section in Section::ALL {
            if let Some(version) = self.in_effect(section, at) {
                effective
                    .put(section, version.version, &version.text)
                    .expect("a version was read when it was drafted or decoded");
            }
        }
        effective
    }

    /// The version of a section that is in effect at a moment.
    #[must_use]
    pub fn in_effect(&self, section: Section, at: Timestamp) -> Option<&Version> {
        let come = |version: &&Version| {
            version.state == VersionState::Approved && version.effective.is_some_and(|from| from <= at)
        };
        self.versions(section).iter().filter(come).max_by_key(|version| (version.effective, version.version))
    }

    /// The next moment after that one at which an approved version takes effect.
    #[must_use]
    pub fn next_change_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.changes().filter(|from| *from > at).min()
    }

    /// Every version of a section, in order.
    #[must_use]
    pub fn versions(&self, section: Section) -> &[Version] {
        self.sections.get(section.index()).map_or(&[], Vec::as_slice)
    }

    /// One version of a section.
    #[must_use]
    pub fn version(&self, section: Section, version: u32) -> Option<&Version> {
        let place = usize::try_from(version.checked_sub(1)?).ok()?;
        self.versions(section).get(place)
    }

    pub(crate) fn list(&mut self, section: Section) -> &mut Vec<Version> {
        let [fees, limits, risk, cut_off, currencies, calendar, exchange, participants, operators] =
            &mut self.sections;
        match section {
            Section::Fees => fees,
            Section::Limits => limits,
            Section::Risk => risk,
            Section::CutOff => cut_off,
            Section::Currencies => currencies,
            Section::Calendar => calendar,
            Section::Exchange => exchange,
            Section::Participants => participants,
            Section::Operators => operators,
        }
    }

    /// Whether a text by itself is a document of that section.
    pub(crate) fn check_text(&self, section: Section, text: &str) -> Result<(), ParameterError> {
        if section == Section::Risk {
            let document = Document::new(section, text)?;
            return (self.risk_check)(text).map_err(|reason| document.refuse_whole(reason));
        }
        Effective::default().put(section, 0, text)
    }

    fn find(&self, section: Section, version: u32) -> Result<&Version, RegistryRefusal> {
        self.version(section, version).ok_or(RegistryRefusal::UnknownVersion { section, version })
    }

    fn find_mut(&mut self, section: Section, version: u32) -> Option<&mut Version> {
        self.list(section).iter_mut().find(|known| known.version == version)
    }

    fn changes(&self) -> impl Iterator<Item = Timestamp> {
        let approved = |version: &&Version| version.state == VersionState::Approved;
        self.sections.iter().flatten().filter(approved).filter_map(|version| version.effective)
    }

    /// Whether the sections agree, now and after each change ahead, after so many operators were in effect.
    fn agree(&self, operators: usize, from: Timestamp) -> Result<(), ParameterError> {
        let ahead: std::collections::BTreeSet<Timestamp> = self.changes().filter(|at| *at > from).collect();
        let mut operators = operators;
        for at in std::iter::once(from).chain(ahead) {
            let effective = self.effective(at);
            effective.agree()?;
            still_operated(operators, effective.operators.len())?;
            operators = effective.operators.len();
        }
        Ok(())
    }

    fn operators(&self, at: Timestamp) -> Operators {
        self.in_effect(Section::Operators, at).map_or_else(Operators::default, |version| {
            Operators::parse(&version.text).expect("a version was read when it was drafted or decoded")
        })
    }

    /// Whether somebody may change a section now.
    fn authorize(&self, section: Section, name: &str, at: Timestamp) -> Result<(), RegistryRefusal> {
        let operators = self.operators(at);
        if operators.len() < OPERATORS_MIN {
            let first = section == Section::Operators && name == INSTALLATION;
            return if first { Ok(()) } else { Err(RegistryRefusal::OperatorsFirst) };
        }
        let operator = operators.find(name).ok_or_else(|| RegistryRefusal::NotAnOperator {
            name: name.chars().take(NAME_BYTES_MAX).collect(),
        })?;
        if operator.has_one_of(section.roles()) {
            return Ok(());
        }
        Err(RegistryRefusal::NotPermitted { name: name.to_owned(), section })
    }
}
