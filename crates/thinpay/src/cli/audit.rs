//! `thinpay audit`.

use anyhow::Result;

use super::Desk;
use super::arguments::audit::Audit;

/// Runs one of these commands.
pub(super) fn run(_desk: &Desk, command: Audit) -> Result<()> {
    match command {}
}
