//! Turns crates into what is deployed: payment apps into components, the browser terminal into a page.
//!
//! ```text
//! wasm-build apps WORKSPACE OUT NAME...    the components, OUT/NAME.wasm
//! wasm-build page MODULE PAGE OUT          the folder OUT: the bound module and the files of PAGE
//! ```
//!
//! A program of its own, apart from `xtask`, because it takes longer to compile than everything that
//! `xtask` needs.

mod page;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [what, workspace, out, names @ ..] if what == "apps" => {
            apps(Path::new(workspace), Path::new(out), names)
        }
        [what, module, page, out] if what == "page" => {
            page::build(Path::new(module), Path::new(page), Path::new(out))
        }
        _ => bail!("usage: wasm-build apps WORKSPACE OUT NAME...  or  wasm-build page MODULE PAGE OUT"),
    }
}

fn apps(workspace: &Path, out: &Path, names: &[OsString]) -> Result<()> {
    for name in names {
        let package = name.to_string_lossy().into_owned();
        let built = app_build::build(&app_build::Options {
            directory: workspace.to_path_buf(),
            package: package.clone(),
            target_directory: PathBuf::from(out),
            show_progress: true,
            offline: false,
        })
        .with_context(|| format!("the payment app {package}"))?;
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "           {package}: {} bytes", built.component.len());
    }
    Ok(())
}
