//! `thinpay operator`, `thinpay parameter` and `thinpay risk`.

use anyhow::Result;

use super::Desk;
use super::arguments::parameters::{Operator, Parameter, Risk};

/// Runs `thinpay operator`.
pub(super) fn operator(_desk: &Desk, command: Operator) -> Result<()> {
    match command {}
}

/// Runs `thinpay parameter`.
pub(super) fn parameter(_desk: &Desk, command: Parameter) -> Result<()> {
    match command {}
}

/// Runs `thinpay risk`.
pub(super) fn risk(_desk: &Desk, command: Risk) -> Result<()> {
    match command {}
}
