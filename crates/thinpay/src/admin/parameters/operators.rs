//! Operators: the first ones are named by the installation, later ones by an operator and another.

use std::collections::BTreeSet;
use std::str::FromStr;

use accounts::{ParameterStep, Timestamp};
use anyhow::{Result, bail};
use parameters::{INSTALLATION, Role, Section};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{step, versions};
use crate::admin::actor::{Actor, hex};
use crate::clock;
use crate::directory::Books;

const ROLES: [Role; 5] = [Role::Teller, Role::Risk, Role::Finance, Role::Security, Role::Auditor];

/// An operator to be named, as typed: `ada=02ab...:security,finance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOperator {
    name: String,
    public_key: String,
    roles: BTreeSet<String>,
}

impl FromStr for NewOperator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write NAME=KEY:ROLE,ROLE, for example ada=02ab...:security,finance";
        let (name, rest) = text.split_once('=').ok_or(form)?;
        let (public_key, roles) = rest.split_once(':').ok_or(form)?;
        let known: Vec<&str> = ROLES.iter().map(|role| role.word()).collect();
        let roles: BTreeSet<String> = roles.split(',').map(|role| role.trim().to_owned()).collect();
        if let Some(unknown) = roles.iter().find(|role| !known.contains(&role.as_str())) {
            return Err(format!("there is no role {unknown:?}; there are {}", known.join(", ")));
        }
        if name.trim().is_empty() {
            return Err(form.to_owned());
        }
        Ok(Self { name: name.trim().to_owned(), public_key: public_key.trim().to_owned(), roles })
    }
}

impl NewOperator {
    /// Its table in the section `operators`.
    fn to_toml(&self) -> String {
        // A string of JSON is one of TOML.
        let text = |text: &str| Value::from(text).to_string();
        let roles: Vec<String> = self.roles.iter().map(|role| text(role)).collect();
        format!(
            "\n[[operator]]\nname = {}\npublic-key = {}\nroles = [{}]\n",
            text(&self.name),
            text(&self.public_key),
            roles.join(", ")
        )
    }
}

/// Puts operators into the next version of the section. It is in effect at once while there are fewer than two
/// operators; later another operator approves it.
pub(super) async fn add(books: &Books, actor: &Actor, new: &[NewOperator]) -> Result<Value> {
    if new.is_empty() {
        bail!("Name at least one operator.");
    }
    actor.require(Section::Operators.roles())?;
    let registry = books.services.accounts.registry();
    // What will be in effect when everything that is approved is: nobody named there is forgotten.
    let base = registry.in_effect(Section::Operators, Timestamp(u64::MAX));
    let mut text = base.map_or_else(
        || "# Operators: who may operate the platform.\n".to_owned(),
        |version| format!("{}\n", version.text.trim_end()),
    );
    text.extend(new.iter().map(NewOperator::to_toml));
    let names: Vec<&str> = new.iter().map(|operator| operator.name.as_str()).collect();
    let note = format!("operator add {}", names.join(", "));
    let version = versions::drafted(books, actor, Section::Operators, text, None, note).await?;
    let first = actor.name == INSTALLATION;
    if first {
        // One request, two entries in the book: the second one's key comes from the first one's.
        let digest = Sha256::new().chain_update(b"thinpay approve v1").chain_update(actor.key).finalize();
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
        let approve = ParameterStep::Approve { section: Section::Operators, version };
        step(books, actor, key, approve).await?;
    }
    let mut answer = versions::one(books, Section::Operators, version)?;
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("added".to_owned(), json!(names));
        let count = books.services.accounts.registry().effective(clock::timestamp()).operators.len();
        fields.insert("operators".to_owned(), json!(count));
    }
    Ok(answer)
}

/// The operators in effect.
pub(super) fn list(books: &Books) -> Value {
    let effective = books.services.accounts.registry().effective(clock::timestamp());
    let operators: Vec<Value> = effective
        .operators
        .iter()
        .map(|operator| {
            let roles: Vec<&str> = operator.roles.iter().map(|role| role.word()).collect();
            json!({ "name": operator.name, "roles": roles, "public_key": hex(&operator.public_key) })
        })
        .collect();
    json!({ "version": effective.version(Section::Operators), "operators": operators })
}

#[cfg(test)]
mod tests {
    use parameters::Operators;

    use super::*;

    const KEYS: [&str; 2] = [
        "029df9196d50530395c4e68f3981e8d56ae8cf0036a26e10374954ce06f6aa74c7",
        "02413005be3fcd5fee85ae4d1d800286eae1bf9ab4961e9a96594208f4bbd8a5d3",
    ];

    #[test]
    fn what_is_typed_becomes_a_section_that_reads() {
        let typed = [
            format!("ada=={}:security,finance", KEYS[0]).replace("==", "="),
            format!("Béa \"B\" 贝={}:security, risk", KEYS[1]),
        ];
        let text: String =
            typed.iter().map(|typed| typed.parse::<NewOperator>().unwrap().to_toml()).collect();
        let operators = Operators::parse(&text).unwrap();
        assert_eq!(operators.len(), 2);
        let second = operators.find("Béa \"B\" 贝").unwrap();
        assert!(second.has_one_of(&[Role::Risk]) && !second.has_one_of(&[Role::Finance]));
    }

    #[test]
    fn a_wrong_form_says_what_is_right() {
        for (typed, said) in [
            ("ada", "NAME=KEY:ROLE"),
            ("ada=02ab", "NAME=KEY:ROLE"),
            ("=02ab:risk", "NAME=KEY:ROLE"),
            ("ada=02ab:king", "there is no role \"king\"; there are teller, risk"),
            ("ada=02ab:", "there is no role \"\""),
        ] {
            let error = typed.parse::<NewOperator>().unwrap_err();
            assert!(error.contains(said), "{typed}: {error}");
        }
    }
}
