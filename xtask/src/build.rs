//! `cargo xtask build`: the programs, the payment apps and the browser terminal.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::cli::BuildOptions;
use crate::command::{self, cargo_command};
use crate::progress::Progress;
use crate::workspace::{Member, Workspace};

/// Apps and the browser terminal are compiled to it.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Small before fast: the profile for everything that becomes WebAssembly.
const WASM_PROFILE: &str = "app";

/// The browser terminal's package.
pub(crate) const BROWSER: &str = "terminal-browser";

/// What a build leaves.
#[derive(Debug)]
pub(crate) struct Built {
    /// The folder of `thinpay` and `thinpay-terminal`.
    pub(crate) programs: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, progress: &mut Progress, options: BuildOptions) -> Result<Built> {
    progress.stage("toolchain", || install_wasm_target(workspace))?;
    progress.stage("programs", || programs(workspace, options.release))?;
    let programs = workspace.programs(options.release);
    progress.stage("payment apps", || build_apps(workspace, &programs))?;
    progress.stage("browser terminal", || browser_terminal(workspace, &programs))?;
    Ok(Built { programs })
}

/// The packages in `apps/`.
pub(crate) fn apps(workspace: &Workspace) -> Vec<Member<'_>> {
    let folder = workspace.root.join("apps");
    workspace.members().into_iter().filter(|member| member.folder.starts_with(&folder)).collect()
}

/// The automatic install by `rust-toolchain.toml` may be switched off on a machine, so it is asked for.
///
/// # Errors
/// When the target is not there and rustup neither, or the installation fails.
pub(crate) fn install_wasm_target(workspace: &Workspace) -> Result<()> {
    if command::installed("rustup") {
        return rustup_add(workspace, "target", &[WASM_TARGET]);
    }
    let sysroot =
        command::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(&workspace.root))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    bail!("the Rust target {WASM_TARGET} is not here and rustup neither: install it with your system's Rust")
}

/// The same for the tools that check formatting and lints.
///
/// # Errors
/// When the installation fails. Without rustup they are taken to be there: cargo says it otherwise.
pub(crate) fn install_tools(workspace: &Workspace) -> Result<()> {
    if !command::installed("rustup") {
        return Ok(());
    }
    rustup_add(workspace, "component", &["rustfmt", "clippy"])
}

/// `rustup target add` or `rustup component add`, for what is not installed yet.
fn rustup_add(workspace: &Workspace, kind: &str, names: &[&str]) -> Result<()> {
    let installed = command::output(
        Command::new("rustup").args([kind, "list", "--installed"]).current_dir(&workspace.root),
    )?;
    for name in names {
        // Components are listed with the machine's own target behind their name.
        if !installed.lines().any(|line| line == *name || line.starts_with(&format!("{name}-"))) {
            command::run(Command::new("rustup").args([kind, "add", name]).current_dir(&workspace.root))?;
        }
    }
    Ok(())
}

/// All programs of the workspace in one cargo invocation, with the features that the tests are built with
/// too, so that no dependency is built twice.
fn programs(workspace: &Workspace, release: bool) -> Result<()> {
    let mut command = cargo_command(workspace, &["build", "--workspace", "--bins"]);
    if release {
        command.arg("--release");
    }
    command::run(&mut command)
}

/// Every package in `apps/` to a component: `target/apps/NAME.wasm`.
fn build_apps(workspace: &Workspace, programs: &Path) -> Result<()> {
    let mut command = Command::new(programs.join("wasm-build"));
    command.arg("apps").arg(&workspace.root).arg(workspace.apps());
    for app in apps(workspace) {
        command.arg(app.name);
    }
    command::run(&mut command)
}

/// The core as WebAssembly and its page, in `target/browser`.
fn browser_terminal(workspace: &Workspace, programs: &Path) -> Result<()> {
    let mut compile = cargo_command(
        workspace,
        &["build", "--package", BROWSER, "--target", WASM_TARGET, "--profile", WASM_PROFILE],
    );
    // wasm-bindgen reads in the module which WebAssembly features it was compiled for, and strips it itself.
    command::run(compile.env("CARGO_PROFILE_APP_STRIP", "none"))?;
    let module = workspace.target.join(WASM_TARGET).join(WASM_PROFILE).join("terminal_browser.wasm");
    command::run(
        Command::new(programs.join("wasm-build"))
            .arg("page")
            .arg(module)
            .arg(workspace.root.join("crates").join(BROWSER).join("page"))
            .arg(workspace.page()),
    )
}
