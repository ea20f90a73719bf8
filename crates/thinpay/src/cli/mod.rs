//! The command line: reads what the operator wants, asks [`crate::office`], prints the answer.
//!
//! Exit codes: 0 done, 1 not done (a sentence on standard error says why, and `--json` prints
//! `{"error": ...}`), 2 the command line itself was not understood.

mod apps;
mod arguments;
mod audit;
mod clearing;
mod ledger;
pub(crate) mod money_and_people;
pub(crate) mod output;
mod parameters;
mod rehearsal;
mod reports;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use serde_json::Value;

use crate::admin::Request;
use crate::admin::actor::OperatorKey;
use crate::directory::Directory;
use crate::office;
use arguments::{Account, Arguments, Command, Operator};

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let json = arguments.json;
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(json, &error);
            ExitCode::FAILURE
        }
    }
}

/// How answers are printed.
enum Print {
    Text,
    Json,
    /// This field of the JSON value.
    Field(String),
}

/// What every command that asks has: where, who, how to print.
pub(crate) struct Desk {
    pub(crate) directory: Directory,
    /// Whether a program reads what is printed.
    pub(crate) json: bool,
    print: Print,
    pub(crate) operator: Option<OperatorKey>,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new(directory: &Path, print: Print, operator: &Operator) -> Result<Self> {
        let operator = operator.given().map(|(name, file)| {
            let key = crate::directory::signing_key(&file)?;
            anyhow::Ok(OperatorKey { name, key })
        });
        Ok(Self {
            directory: Directory::at(directory),
            json: !matches!(print, Print::Text),
            print,
            operator: operator.transpose()?,
            runtime: runtime()?,
        })
    }

    /// Asks the running server, or the directory itself.
    pub(crate) fn ask(&self, request: &Request) -> Result<Value> {
        self.runtime.block_on(office::ask(&self.directory, request, self.operator.as_ref()))
    }

    /// Prints an answer: as JSON, one field of it, or the text for people.
    pub(crate) fn print(&self, done: &Value, text: &str) {
        match &self.print {
            Print::Json => output::print(true, done, text),
            Print::Text => output::print(false, done, text),
            Print::Field(name) => output::line(&output::field(done, name)),
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<()> {
    let Arguments { directory, json, field, operator, command } = arguments;
    let print = match field {
        Some(field) => Print::Field(field),
        None if json => Print::Json,
        None => Print::Text,
    };
    let desk = || Desk::new(&directory, print, &operator);
    match command {
        Command::Init(init) => {
            let made = crate::directory::init(
                &init.folder,
                &init.server_name,
                &init.currencies,
                init.page.as_deref(),
                init.free_top_ups,
                init.postgres.as_deref(),
            )?;
            output::print(
                json,
                &made,
                &format!(
                    "The operator's directory {0} is ready. Next: thinpay customer add --dir {0}, then thinpay serve --config {0}/thinpay.toml",
                    init.folder.display()
                ),
            );
            Ok(())
        }
        Command::Serve(serve) => runtime()?.block_on(crate::serve::run(
            &serve.config.unwrap_or_else(|| directory.join(crate::config::FILE_NAME)),
            json,
        )),
        Command::Bench(bench) => crate::bench::run(&bench.what, bench.quick, json),
        Command::App(app) => apps::run(&desk()?, app),
        Command::Operator(command) => parameters::operator(&desk()?, command),
        Command::Parameter(command) => parameters::parameter(&desk()?, command),
        Command::Risk(command) => parameters::risk(&desk()?, command),
        Command::Clearing(command) => clearing::clearing(&desk()?, command),
        Command::Settlement(command) => clearing::settlement(&desk()?, command),
        Command::Report(command) => reports::run(&desk()?, command),
        Command::Audit(command) => audit::run(&desk()?, command),
        Command::Account(Account::More(command)) => ledger::run(&desk()?, command),
        other => money_and_people::run(&desk()?, other),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    // A virtual machine may compute for its whole time budget; with some workers more than cores the
    // other sessions go on meanwhile.
    let workers = std::thread::available_parallelism().map_or(4, |cores| cores.get() + 2);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .context("The operating system gives no threads or timers.")
}
