//! `thinpay operator`, `thinpay parameter` and `thinpay risk`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Operator {}

#[derive(Debug, Subcommand)]
pub(crate) enum Parameter {}

#[derive(Debug, Subcommand)]
pub(crate) enum Risk {}
