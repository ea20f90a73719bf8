//! `thinpay account`: what moves money and what keeps the books.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {}
