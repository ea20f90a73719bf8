//! `cargo xtask screens` and `cargo xtask garble`: the pictures in `docs/`, by the real programs.

use anyhow::{Result, bail};

use crate::progress::Progress;
use crate::workspace::Workspace;

pub(crate) fn screens(_workspace: &Workspace, _progress: &mut Progress) -> Result<()> {
    bail!("not there yet")
}

pub(crate) fn garble(_workspace: &Workspace, _progress: &mut Progress) -> Result<()> {
    bail!("not there yet")
}
