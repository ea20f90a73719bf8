//! The server, and the operator's and author's tools: thinpay.

mod admin;
mod app_files;
mod bench;
mod cli;
mod clock;
mod config;
mod directory;
mod fonts;
mod kept;
mod office;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
