//! Chromium, which nobody here wrote, enrols, signs in on the browser terminal and pays.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use system_tests::{ALICE, MERCHANT, Server, Site};

/// Runs `tests/browser/pay.mjs` with these options, enrolled freshly with this profile.
fn chromium(site: &Site, server: &Server, profile: &str, more: &Value) -> Result<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
    let record = tempfile::tempdir()?;
    let (bundle, activation_code) = site.enrol_elsewhere(&ALICE, profile)?;
    let mut options = json!({
        "url": server.url.as_deref().context("the server serves no page")?,
        "bundle": bundle,
        "activationCode": activation_code,
        "account": ALICE.account,
        "password": ALICE.password,
        "merchant": MERCHANT.1,
        "amount": "23.50",
        "record": record.path(),
    });
    if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
        options.extend(more.clone());
    }
    let output = Command::new("node")
        .arg("pay.mjs")
        .arg(options.to_string())
        .current_dir(folder)
        .output()
        .context("starting node: is it installed?")?;
    if !output.status.success() {
        // Kept for whoever looks into it.
        let kept = record.keep();
        bail!(
            "{}\nscreenshots: {}\n{}",
            String::from_utf8_lossy(&output.stderr),
            kept.display(),
            server.log()
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
#[ignore = "needs Chromium, node and playwright-core: `cargo xtask test packages browser` installs them"]
fn chromium_signs_in_and_pays() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let [alice, bo, merchant] = site.balances()?;
    chromium(&site, &server, "browser-wide-1x", &json!({}))?;
    assert_eq!(site.balances()?, [alice - 2_350, bo, merchant + 2_350]);
    chromium(&site, &server, "browser-phone-1x", &json!({ "phone": true }))?;
    assert_eq!(site.balances()?, [alice - 4_700, bo, merchant + 4_700]);
    site.verify()
}

#[test]
#[ignore = "needs Chromium, node and playwright-core: `cargo xtask test packages browser` installs them"]
fn chromium_is_refused_with_a_wrong_password() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    chromium(&site, &server, "browser-wide-1x", &json!({ "wrongPassword": "not the password" }))?;
    Ok(())
}
