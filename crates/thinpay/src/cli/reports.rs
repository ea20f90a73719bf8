//! `thinpay report`.

use anyhow::Result;

use super::Desk;
use super::arguments::reports::Report;

/// Runs one of these commands.
pub(super) fn run(_desk: &Desk, command: Report) -> Result<()> {
    match command {}
}
