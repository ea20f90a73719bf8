//! `thinpay clearing` and `thinpay settlement`.

use anyhow::Result;

use super::Desk;
use super::arguments::clearing::{Clearing, Settlement};

/// Runs `thinpay clearing`.
pub(super) fn clearing(_desk: &Desk, command: Clearing) -> Result<()> {
    match command {}
}

/// Runs `thinpay settlement`.
pub(super) fn settlement(_desk: &Desk, command: Settlement) -> Result<()> {
    match command {}
}
