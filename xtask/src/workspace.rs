//! Where the workspace and its build results lie, as `cargo metadata` tells it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace, its packages and the graph of their dependencies.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    metadata: Value,
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    pub(crate) folder: PathBuf,
}

impl Workspace {
    /// Asks cargo, from the folder of this package, so that it works from anywhere in the workspace.
    pub(crate) fn find() -> Result<Self> {
        let manifest_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1"])
            .current_dir(manifest_folder)
            .output()
            .context("running `cargo metadata`")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).context("reading `cargo metadata`")?;
        let path = |key: &str| -> Result<PathBuf> {
            Ok(PathBuf::from(
                field(&metadata, key).as_str().with_context(|| format!("`cargo metadata` without {key}"))?,
            ))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, metadata })
    }

    /// The packages of the workspace, by name.
    pub(crate) fn members(&self) -> Vec<Member<'_>> {
        let ids: Vec<&str> = strings(field(&self.metadata, "workspace_members"));
        let mut members: Vec<Member<'_>> = entries(field(&self.metadata, "packages"))
            .filter_map(|package| {
                let id = field(package, "id").as_str()?;
                let name = field(package, "name").as_str()?;
                let folder = Path::new(field(package, "manifest_path").as_str()?).parent()?.to_path_buf();
                ids.contains(&id).then_some(Member { name, id, folder })
            })
            .collect();
        members.sort_by_key(|member| member.name);
        members
    }

    /// The name of a package, from its id.
    pub(crate) fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        entries(field(&self.metadata, "packages"))
            .find(|package| field(package, "id").as_str() == Some(id))
            .and_then(|package| field(package, "name").as_str())
            .unwrap_or(id)
    }

    /// What a package depends on outside its tests: normal and build dependencies, by id.
    pub(crate) fn dependencies(&self, id: &str) -> Vec<&str> {
        let Some(node) = entries(field(field(&self.metadata, "resolve"), "nodes"))
            .find(|node| field(node, "id").as_str() == Some(id))
        else {
            return Vec::new();
        };
        entries(field(node, "deps"))
            .filter(|dependency| {
                entries(field(dependency, "dep_kinds"))
                    .any(|kind| field(kind, "kind").as_str() != Some("dev"))
            })
            .filter_map(|dependency| field(dependency, "pkg").as_str())
            .collect()
    }

    /// The folder of programs built with `cargo build` (`release`: with `--release`).
    pub(crate) fn programs(&self, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" })
    }

    /// The folder of the payment apps' components, when built.
    pub(crate) fn apps(&self) -> PathBuf {
        self.target.join("apps")
    }

    /// The folder of the browser terminal's page, when built.
    pub(crate) fn page(&self) -> PathBuf {
        self.target.join("browser")
    }
}

/// The cargo that runs us.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A field of an object; null when it is not there.
fn field<'a>(object: &'a Value, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&Value::Null)
}

fn entries(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> Vec<&str> {
    entries(value).filter_map(Value::as_str).collect()
}
