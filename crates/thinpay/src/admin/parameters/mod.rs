//! The operator's requests about operators, parameters, limits' tiers, risk rules and the review queue.

mod operators;
mod risk_desk;
#[cfg(test)]
mod tests;
mod times;
mod versions;

use accounts::{ParameterChange, ParameterStep, Timestamp};
use anyhow::{Result, bail};
use identity::UnixTime;
use parameters::{Registry, Section, Version, VersionState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::Actor;
use crate::clock;
use crate::directory::Books;

pub(crate) use operators::NewOperator;
pub(crate) use risk_desk::{PAGE_MAX, Page, Past, read_account};

/// One thing an operator asks for. Times are texts: only who has the books knows the time zone.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Names further operators.
    AddOperators { operators: Vec<NewOperator> },
    /// Who the operators are.
    ListOperators,
    /// All versions of a section, or of all.
    List { section: Option<String> },
    /// A version's text: this one, the one in effect at that time, or the one in effect now.
    Show { section: String, version: Option<u32>, at: Option<String> },
    /// Whether a text could be a version.
    Check { section: String, text: String },
    /// Proposes a version.
    Draft { section: String, text: String, effective: Option<String>, note: String },
    /// Approves a version that another operator proposed.
    Approve { section: String, version: u32 },
    /// Takes a version back that is not in effect.
    Withdraw { section: String, version: u32 },
    /// A version line by line against the one in effect.
    Diff { section: String, version: u32 },
    /// What a payment would cost and meet.
    Quote { operation: String, from: String, to: String, amount: money::Money, app: String, terminal: String },
    /// Gives an account a tier.
    SetTier { account: String, tier: String },
    /// The payments that wait for review.
    Queue,
    /// Posts or refuses a payment that waits for review.
    Resolve { payment: String, post: bool, note: String },
    /// A page of the past, for a dry run of risk rules: from a payment, or from the beginning.
    Past { from: Option<String>, since: Option<String>, until: Option<String> },
}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(books: &Books, request: Request, actor: &Actor) -> Result<Value> {
    match request {
        Request::AddOperators { operators } => operators::add(books, actor, &operators).await,
        Request::ListOperators => Ok(operators::list(books)),
        Request::List { section } => versions::list(books, section.as_deref()),
        Request::Show { section, version, at } => versions::show(books, &section, version, at.as_deref()),
        Request::Check { section, text } => versions::check(books, &section, &text),
        Request::Draft { section, text, effective, note } => {
            versions::draft(books, actor, &section, text, effective.as_deref(), note).await
        }
        Request::Approve { section, version } => versions::approve(books, actor, &section, version).await,
        Request::Withdraw { section, version } => versions::withdraw(books, actor, &section, version).await,
        Request::Diff { section, version } => versions::diff(books, &section, version),
        Request::Quote { operation, from, to, amount, app, terminal } => {
            let origin = accounts::Origin { app, terminal, region: String::new() };
            risk_desk::quote(books, &operation, &from, &to, amount, origin).await
        }
        Request::SetTier { account, tier } => risk_desk::set_tier(books, actor, &account, &tier).await,
        Request::Queue => risk_desk::queue(books).await,
        Request::Resolve { payment, post, note } => {
            risk_desk::resolve(books, actor, &payment, post, note).await
        }
        Request::Past { from, since, until } => {
            risk_desk::past(books, from.as_deref(), since.as_deref(), until.as_deref()).await
        }
    }
}

fn read_section(word: &str) -> Result<Section> {
    word.parse().map_err(|reason: String| anyhow::anyhow!("{reason}."))
}

fn time(at: Timestamp) -> String {
    UnixTime::from_nanoseconds(at.0).to_string()
}

/// Takes a step in the life of a parameter, in the actor's name.
async fn step(books: &Books, actor: &Actor, key: [u8; 16], step: ParameterStep) -> Result<()> {
    let change =
        ParameterChange { key, operator: actor.name.clone(), step, evidence: actor.evidence.clone() };
    match books.services.accounts.change_parameter(change).await {
        Err(accounts::Error::Declined(accounts::Decline::Parameter(reason))) => bail!("{reason}"),
        done => Ok(done?),
    }
}

/// A version and what has become of it.
fn version_json(registry: &Registry, section: Section, version: &Version) -> Value {
    let now = clock::timestamp();
    json!({
        "section": section.word(),
        "version": version.version,
        "state": state(registry, section, version, now),
        "effective": version.effective.map(time),
        "author": version.author,
        "drafted_at": time(version.drafted_at),
        "approver": version.approver,
        "approved_at": version.approved_at.map(time),
        "withdrawn_by": version.withdrawn_by,
        "withdrawn_at": version.withdrawn_at.map(time),
        "note": version.note,
    })
}

fn state(registry: &Registry, section: Section, version: &Version, now: Timestamp) -> &'static str {
    match version.state {
        VersionState::Draft | VersionState::Withdrawn => version.state.word(),
        VersionState::Approved if version.effective.is_none_or(|from| from > now) => "ahead",
        VersionState::Approved => {
            let in_effect = registry.in_effect(section, now).map(|known| known.version);
            if in_effect == Some(version.version) { "in-effect" } else { "past" }
        }
    }
}
