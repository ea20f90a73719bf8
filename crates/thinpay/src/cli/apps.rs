//! Payment apps on the command line: a publisher's key, building, publishing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use vm::{Bundle, SigningKey};

use super::Desk;
use super::arguments::App;
use super::money_and_people::{rows, text, write_private};
use crate::admin::{Request, everyday};
use crate::{app_files, clock};

/// Runs one of these commands.
pub(super) fn run(desk: &Desk, command: App) -> Result<()> {
    match command {
        App::PublisherKey { file } => {
            let key = SigningKey::random(&mut clock::random());
            write_private(&file, &key.to_bytes())?;
            let public = hex(key.verifying_key().to_encoded_point(true).as_bytes());
            let done = json!({ "key": file.display().to_string(), "public_key": public });
            desk.print(&done, &format!("Public key: {public}\nThe secret half is in {}.", file.display()));
            Ok(())
        }
        App::Build { folder, key, out } => {
            let bundle = build(&folder, &read_key(&key)?)?;
            std::fs::write(&out, &bundle).with_context(|| format!("Cannot write {}.", out.display()))?;
            let name = Bundle::parse(&bundle)?.manifest().full_name();
            let done = json!({ "bundle": out.display().to_string(), "app": name, "bytes": bundle.len() });
            desk.print(&done, &format!("{name}: {} bytes in {}", bundle.len(), out.display()));
            Ok(())
        }
        App::Approve { name, public_key } => {
            let done =
                desk.ask(&Request::Everyday(everyday::Request::ApprovePublisher { name, public_key }))?;
            desk.print(&done, &format!("Apps of {} can be published here.", text(&done, "publisher")));
            Ok(())
        }
        App::Publish { bundle } => {
            let bundle = BASE64.encode(app_files::read_bundle(&bundle)?);
            let done = desk.ask(&Request::Everyday(everyday::Request::PublishApp { bundle }))?;
            let text =
                format!("{} {} is served to new sessions.", text(&done, "app"), text(&done, "version"));
            desk.print(&done, &text);
            Ok(())
        }
        App::Rollback { app } => {
            let done = desk.ask(&Request::Everyday(everyday::Request::RollBackApp { app }))?;
            let text =
                format!("{} {} is served to new sessions again.", text(&done, "app"), text(&done, "version"));
            desk.print(&done, &text);
            Ok(())
        }
        App::List => {
            let done = desk.ask(&Request::Everyday(everyday::Request::ListApps))?;
            desk.print(&done, &rows(&done, "apps", &["app", "served", "versions"]));
            Ok(())
        }
    }
}

/// Builds an app's crate, and signs it with its manifest.
fn build(folder: &Path, key: &SigningKey) -> Result<Vec<u8>> {
    let manifest = read(&folder.join("app.toml"), "an app says there what it is")?;
    let cargo: toml::Table = read(&folder.join("Cargo.toml"), "an app is a crate")?.parse()?;
    let package = cargo.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    let workspace = workspace_of(&std::path::absolute(folder)?);
    let built = app_build::build(&app_build::Options {
        directory: folder.to_owned(),
        package: package.context("The app's Cargo.toml names no package.")?.to_owned(),
        target_directory: app_build::target_directory(&workspace),
        show_progress: true,
        offline: false,
    })?;
    Ok(Bundle::pack(&manifest, &built.component, key)?)
}

fn read(file: &Path, because: &str) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("Cannot read {}; {because}.", file.display()))
}

/// The nearest folder above with a workspace in its Cargo.toml, else the app's own.
fn workspace_of(folder: &Path) -> PathBuf {
    let is_workspace = |folder: &&Path| {
        std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|cargo| cargo.contains("[workspace]"))
    };
    folder.ancestors().find(is_workspace).unwrap_or(folder).to_owned()
}

fn read_key(file: &Path) -> Result<SigningKey> {
    let bytes = std::fs::read(file).with_context(|| format!("Cannot read the key {}.", file.display()))?;
    let Ok(key) = SigningKey::from_slice(&bytes) else {
        bail!("{} is no publisher's key. `thinpay app publisher-key FILE` makes one.", file.display());
    };
    Ok(key)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
