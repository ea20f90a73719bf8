//! `thinpay account`: what moves money and what keeps the books.

use anyhow::Result;

use super::Desk;
use super::arguments::ledger::Ledger;

/// Runs one of these commands.
pub(super) fn run(_desk: &Desk, command: Ledger) -> Result<()> {
    match command {}
}
