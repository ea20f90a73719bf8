//! What an operator can ask for, carried out by whoever holds the books.
//!
//! A command opens the operator's directory itself while no server runs, and asks the running server over a
//! Unix socket in that directory otherwise ([`crate::office`]); both end in [`carry_out`]. Every request that
//! changes something is in the audit log, with who asked.

pub(crate) mod actor;
pub(crate) mod audit;
pub(crate) mod clearing;
pub(crate) mod everyday;
pub(crate) mod ledger;
pub(crate) mod parameters;
pub(crate) mod reports;

use ::accounts::Act;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;
use crate::directory::Books;
use actor::{Actor, Envelope};

/// One thing an operator asks for, by area. It has no `Debug`, so that a password in it cannot reach a log.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    Everyday(everyday::Request),
    Ledger(ledger::Request),
    Parameters(parameters::Request),
    Clearing(clearing::Request),
    Reports(reports::Request),
    Audit(audit::Request),
}

/// Carries out the request in an envelope; the answer is the command's `--json` output.
pub(crate) async fn carry_out(books: &Books, envelope: &Envelope) -> Result<Value> {
    let request: Request = serde_json::from_str(&envelope.request)
        .context("The server does not know this request. Are the command and the server of one version?")?;
    let actor = Actor::of(&books.services.accounts, envelope)?;
    match request {
        Request::Everyday(request) => {
            if !request.roles().is_empty() {
                actor.require(request.roles())?;
            }
            let (act, answer_is_logged) = (request.act(), request.answer_is_logged());
            let done = everyday::carry_out(books, request).await?;
            if let Some((action, subject)) = act {
                let detail = if answer_is_logged { done.to_string() } else { String::new() };
                note(books, &actor, action, &subject, &detail).await?;
            }
            Ok(done)
        }
        Request::Ledger(request) => ledger::carry_out(books, request, &actor).await,
        Request::Parameters(request) => parameters::carry_out(books, request, &actor).await,
        Request::Clearing(request) => clearing::carry_out(books, request, &actor).await,
        Request::Reports(request) => reports::carry_out(books, request, &actor).await,
        Request::Audit(request) => audit::carry_out(books, request, &actor).await,
    }
}

/// Puts what was done into the audit log.
pub(crate) async fn note(
    books: &Books,
    actor: &Actor,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<()> {
    let act = Act {
        key: clock::random_key(),
        actor: actor.name.clone(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    books.services.accounts.act(act).await?;
    Ok(())
}
