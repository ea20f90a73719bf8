//! `thinpay clearing` and `thinpay settlement`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Clearing {}

#[derive(Debug, Subcommand)]
pub(crate) enum Settlement {}
