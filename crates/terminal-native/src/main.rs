//! The native terminal program: thinpay-terminal.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use terminal_native::command::{Command, run};
use terminal_native::session::Code;

fn main() -> ExitCode {
    let code = run(Command::parse()).unwrap_or_else(|error| {
        let _nobody_reads = writeln!(std::io::stderr().lock(), "{error:#}");
        Code::Usage
    });
    ExitCode::from(code as u8)
}
