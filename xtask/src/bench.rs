//! `cargo xtask bench`: the benchmarks of `thinpay bench`, optimised.

use std::process::Command;

use anyhow::Result;

use crate::build;
use crate::cli::BuildOptions;
use crate::command;
use crate::progress::{Progress, print};
use crate::workspace::Workspace;

/// The benchmarks there are.
pub(crate) const BENCHES: &[&str] = &["seal", "view", "vm", "session", "ledger"];

pub(crate) fn run(workspace: &Workspace, progress: &mut Progress, asked: &[String]) -> Result<()> {
    build::run(workspace, progress, BuildOptions { release: true })?;
    let thinpay = workspace.programs(true).join("thinpay");
    for bench in BENCHES {
        if asked.is_empty() || asked.iter().any(|name| name == bench) {
            let result = progress.stage(&format!("bench {bench}"), || {
                command::output(
                    Command::new(&thinpay).args(["bench", bench, "--json"]).current_dir(&workspace.root),
                )
            })?;
            print(&result)?;
        }
    }
    Ok(())
}
