//! Builds a payment app's crate to a WebAssembly component that imports nothing.
//!
//! `cargo` makes a core module for `wasm32-unknown-unknown` with the workspace's profile `app`; `wit-component` as a
//! library wraps it. No other tool is needed, and no WASI: a component that asks for any function is refused here,
//! before a platform would refuse it.
//!
//! The core modules are built in a target folder of their own (`target/apps` in the workspace), so that `xtask`, the
//! tests and `thinpay app build` share one build and never wait for an outer `cargo`. Cargo's own lock on that
//! folder keeps two builds apart.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod component;

pub use component::{ComponentError, componentize};

/// The target that apps are compiled for: no system interface at all.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The Cargo profile that apps are compiled with; an app's workspace has to have it.
pub const PROFILE: &str = "app";
/// The app's stack in bytes: it takes an instance's smallest memory from 17 pages to 2.
pub const STACK_BYTES: u32 = 65_536;

/// What to build, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the app's `Cargo.toml`, or of a workspace that holds it.
    pub directory: PathBuf,
    /// The package's name.
    pub package: String,
    /// Where cargo puts its work; `<workspace>/target/apps` by custom, see [`target_directory`].
    pub target_directory: PathBuf,
    /// Whether cargo's progress is shown on standard error; otherwise it is kept for the error.
    pub show_progress: bool,
    /// Whether cargo may use the network.
    pub offline: bool,
}

/// An app, built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The component.
    pub component: Vec<u8>,
    /// Where it also lies: `<target_directory>/<package>.wasm`, written anew only when it changed.
    pub path: PathBuf,
}

/// Why an app was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be started.
    #[error("cargo could not be started: {0}; is the Rust toolchain installed?")]
    NoCargo(std::io::Error),
    /// The app does not compile.
    #[error("the app {package} does not build; cargo says:\n{output}")]
    Cargo {
        /// Which app.
        package: String,
        /// What cargo wrote, when it was not shown already.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// The module is not a payment app.
    #[error("the app {package} is not a component for the platform: {error}")]
    Component {
        /// Which app.
        package: String,
        /// Why.
        error: ComponentError,
    },
}

/// The customary target folder for apps: `apps` inside `CARGO_TARGET_DIR`, or inside the workspace's `target`.
#[must_use]
pub fn target_directory(workspace: &Path) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) if !directory.is_empty() => workspace.join(directory).join("apps"),
        _ => workspace.join("target").join("apps"),
    }
}

/// Builds one app.
///
/// # Errors
/// [`BuildError`]: a missing toolchain or target, an app that does not compile or is not for the platform.
pub fn build(options: &Options) -> Result<Built, BuildError> {
    let module_path = compile(options)?;
    let file = |path: &Path| {
        let path = path.to_path_buf();
        move |error| BuildError::File { path, error }
    };
    let module = std::fs::read(&module_path).map_err(file(&module_path))?;
    let component = componentize(&module)
        .map_err(|error| BuildError::Component { package: options.package.clone(), error })?;
    let path = options.target_directory.join(format!("{}.wasm", options.package));
    if std::fs::read(&path).ok().as_deref() != Some(component.as_slice()) {
        // Written aside and renamed, so that whoever reads at the same time sees a whole file.
        let aside = options.target_directory.join(format!(".{}.{}", options.package, std::process::id()));
        std::fs::write(&aside, &component).map_err(file(&aside))?;
        std::fs::rename(&aside, &path).map_err(file(&path))?;
    }
    Ok(Built { component, path })
}

/// Runs cargo; returns the core module's path.
fn compile(options: &Options) -> Result<PathBuf, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .current_dir(&options.directory)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--target", TARGET, "--profile", PROFILE])
        .args(["--package", &options.package, "--target-dir"])
        .arg(&options.target_directory);
    if options.offline {
        command.arg("--offline");
    }
    command.args(["--", "-C", &format!("link-arg=-zstack-size={STACK_BYTES}")]);
    // The flags and tools of an outer build (coverage, a wrapper, host-only flags) are not for the app.
    for outer in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(outer);
    }
    command.env_remove("CARGO_INCREMENTAL").stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(if options.show_progress { Stdio::inherit() } else { Stdio::piped() });
    let output = command.output().map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Cargo { package: options.package.clone(), output });
    }
    let file = format!("{}.wasm", options.package.replace('-', "_"));
    Ok(options.target_directory.join(TARGET).join(PROFILE).join(file))
}
