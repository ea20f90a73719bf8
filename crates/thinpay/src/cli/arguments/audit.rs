//! `thinpay audit`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {}
