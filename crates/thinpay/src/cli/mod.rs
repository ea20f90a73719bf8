//! The command line: reads what the operator wants, asks [`crate::office`], prints the answer.
//!
//! Exit codes: 0 done, 1 not done (a sentence on standard error says why, and `--json` prints
//! `{"error": ...}`), 2 the command line itself was not understood.

mod apps;
mod arguments;
pub(crate) mod money_and_people;
pub(crate) mod output;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::directory::Directory;
use arguments::{Arguments, Command};

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

fn dispatch(arguments: Arguments) -> Result<()> {
    let directory = Directory::at(&arguments.directory);
    let json = arguments.json;
    match arguments.command {
        Command::Init(init) => {
            let made = crate::directory::init(
                &init.folder,
                &init.server_name,
                &init.currencies,
                init.page.as_deref(),
                init.free_top_ups,
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
            &serve.config.unwrap_or_else(|| arguments.directory.join(crate::config::FILE_NAME)),
            json,
        )),
        Command::Bench(bench) => crate::bench::run(&bench.what, bench.quick, json),
        Command::App(app) => apps::run(&directory, app, json, &runtime()?),
        other => money_and_people::run(&directory, other, json, &runtime()?),
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
