//! Cut-off, clearing and settlement.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use crate::directory::Books;

/// One thing an operator asks for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(_books: &Books, request: Request, _actor: &Actor) -> Result<Value> {
    match request {}
}
