//! The browser terminal's page: its WebAssembly module bound to JavaScript, beside the page's own files.
//!
//! `wasm-bindgen` as a library, so that nothing has to be installed by hand and its version is the one
//! that `Cargo.lock` names (the module and this program must agree on it).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The name of the generated JavaScript module, `terminal_browser.js`, which the page imports.
const MODULE_NAME: &str = "terminal_browser";

/// Makes the folder `out` anew: beside its place and moved there whole, so that a server that starts
/// meanwhile never reads half a page.
///
/// # Errors
/// When the module is not one of wasm-bindgen's version, or a file cannot be read or written.
pub(crate) fn build(module: &Path, page: &Path, out: &Path) -> Result<()> {
    let fresh = out.with_extension("new");
    remove(&fresh)?;
    fs::create_dir_all(&fresh).with_context(|| format!("making {}", fresh.display()))?;
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(module)
        .out_name(MODULE_NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&fresh)
        .with_context(|| format!("binding {}", module.display()))?;
    copy_folder(page, &fresh)?;
    remove(out)?;
    fs::rename(&fresh, out).with_context(|| format!("moving the page to {}", out.display()))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}

/// Copies the files of `from` and of its folders into `to`.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}
