//! `thinpay report`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Report {}
