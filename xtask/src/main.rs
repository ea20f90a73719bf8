//! Build, demo, test and check: what a developer and CI run, as `cargo xtask ...`.
//!
//! Progress goes to standard error, a line for each stage with its elapsed seconds; results go to
//! standard output. Each command is a module; [`cli`] holds the words of the command line.

mod bench;
mod build;
mod check;
mod cli;
mod command;
mod demo;
mod packages;
mod pictures;
mod progress;
mod test;
mod workspace;

use std::process::ExitCode;

use cli::Task;
use progress::Progress;
use workspace::Workspace;

fn main() -> ExitCode {
    let task = match cli::parse(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(problem) => {
            progress::say(&format!("{problem}\n\nSee `cargo xtask --help`."));
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            progress::say(&format!("\nfailed: {problem:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    if let Task::Help(text) = task {
        return progress::print(text);
    }
    let workspace = Workspace::find()?;
    let mut progress = Progress::start();
    match task {
        Task::Help(_) => Ok(()),
        Task::Build(options) => build::run(&workspace, &mut progress, options).map(drop),
        Task::Check(parts) => check::run(&workspace, &mut progress, &parts),
        Task::Test(options) => test::run(&workspace, &mut progress, &options),
        Task::Demo(options) => demo::run(&workspace, &mut progress, &options),
        Task::Bench(what) => bench::run(&workspace, &mut progress, &what),
        Task::Screens => pictures::screens(&workspace, &mut progress),
        Task::Garble => pictures::garble(&workspace, &mut progress),
    }
}
