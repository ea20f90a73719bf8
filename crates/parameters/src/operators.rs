//! Who may operate the platform: by key and role.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use crate::document::Document;
use crate::{INSTALLATION, ParameterError, Section};

/// Most operators in the section.
pub const OPERATORS_MAX: usize = 256;

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Serves customers: opens accounts, books cash in and out.
    Teller,
    /// Sets limits and risk rules, works the review queue.
    Risk,
    /// Sets fees, rates and calendars, clears and settles.
    Finance,
    /// Names operators.
    Security,
    /// Reads and verifies everything, changes nothing.
    Auditor,
}

impl Role {
    /// Its word in the section.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Teller => "teller",
            Self::Risk => "risk",
            Self::Finance => "finance",
            Self::Security => "security",
            Self::Auditor => "auditor",
        }
    }
}

/// A person who operates the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name that drafts and approvals carry.
    pub name: String,
    /// P-256 public key, a point of the curve as SEC 1 bytes: 33 compressed or 65 uncompressed, as written.
    pub public_key: Vec<u8>,
    /// What the operator may do.
    pub roles: BTreeSet<Role>,
}

impl Operator {
    /// Whether the operator has one of these roles.
    #[must_use]
    pub fn has_one_of(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// Every operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operators {
    list: Vec<Operator>,
}

impl Operators {
    /// Reads a text of the section `operators` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Operators, text)?;
        let written: Written = document.read()?;
        document.at_most(&written.operator, OPERATORS_MAX, "operators")?;
        let mut names = BTreeSet::new();
        let mut keys = BTreeSet::new();
        let mut list = Vec::with_capacity(written.operator.len());
        for operator in &written.operator {
            let name = document.name(&operator.name)?;
            if name == INSTALLATION {
                let reason = format!("{INSTALLATION:?} names the installation itself and no operator.");
                return Err(document.refuse(&operator.name, reason));
            }
            if !names.insert(name.clone()) {
                return Err(
                    document.refuse(&operator.name, format!("There are two operators named {name:?}."))
                );
            }
            let public_key = public_key(operator.public_key.get_ref()).ok_or_else(|| {
                let reason = "A public key is written in hexadecimal digits: a point of the curve P-256, in 33 bytes that begin with 02 or 03 or in 65 bytes that begin with 04. Perhaps a digit is wrong.";
                document.refuse(&operator.public_key, reason)
            })?;
            // The same point in both forms has the same first coordinate.
            let coordinate: Vec<u8> = public_key.iter().skip(1).take(32).copied().collect();
            if !keys.insert(coordinate) {
                let reason = format!("{name:?} has the same key as another operator; each has their own.");
                return Err(document.refuse(&operator.public_key, reason));
            }
            let roles: BTreeSet<Role> = operator.roles.get_ref().iter().copied().collect();
            if roles.is_empty() {
                return Err(document.refuse(&operator.roles, format!("{name:?} has no role.")));
            }
            list.push(Operator { name, public_key, roles });
        }
        if list.is_empty() {
            return Err(document.refuse_whole("There is no operator in it."));
        }
        let all = Self { list };
        if all.list.len() > 1 && all.with_role(Role::Security) < 2 {
            let reason = "At least two operators have the role \"security\": one alone could not change this section again.";
            return Err(document.refuse_whole(reason));
        }
        Ok(all)
    }

    /// The operator of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Operator> {
        self.list.iter().find(|operator| operator.name == name)
    }

    /// The operators in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Operator> {
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

    fn with_role(&self, role: Role) -> usize {
        self.list.iter().filter(|operator| operator.roles.contains(&role)).count()
    }
}

fn public_key(hexadecimal: &str) -> Option<Vec<u8>> {
    if !hexadecimal.is_ascii() || !matches!(hexadecimal.len(), 66 | 130) {
        return None;
    }
    let bytes: Option<Vec<u8>> = hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            // Not u8::from_str_radix alone: that reads a sign too.
            let digits =
                std::str::from_utf8(pair).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())
        })
        .collect();
    // The library refuses what is no point of the curve; it reads forms that nobody writes, too.
    let usual = |bytes: &Vec<u8>| matches!((bytes.len(), bytes.first()), (33, Some(2 | 3)) | (65, Some(4)));
    bytes.filter(|bytes| usual(bytes) && p256::PublicKey::from_sec1_bytes(bytes).is_ok())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    operator: Vec<WrittenOperator>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenOperator {
    name: Spanned<String>,
    public_key: Spanned<String>,
    roles: Spanned<Vec<Role>>,
}
