//! `cargo xtask demo`: an operator's site from nothing, served; with `--once`, paid on and judged.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use system_tests::{ALICE, BO, Device, MERCHANT, Operator, Outcome, Person, Programs, Server, Site};

use crate::build;
use crate::cli::{BuildOptions, DemoOptions};
use crate::progress::{Progress, print, say};
use crate::workspace::Workspace;

/// What each terminal pays, in minor units.
const AMOUNT_MINOR_UNITS: i64 = 2_350;
/// The same as a person types it.
const AMOUNT_TYPED: &str = "23.50";
const CURRENCY: &str = "CNY";
/// The hardware profiles of the browser terminal; its page names the one for the screen it is on.
const BROWSERS: &[&str] =
    &["browser-wide-1x", "browser-wide-2x", "browser-phone-1x", "browser-phone-2x", "browser-phone-3x"];

pub(crate) fn run(workspace: &Workspace, progress: &mut Progress, options: &DemoOptions) -> Result<()> {
    let built = build::run(workspace, progress, BuildOptions { release: options.release })?;
    let programs = Programs::in_folder(&built.programs)?;
    let folder = tempfile::Builder::new().prefix("thinpay-demo-").tempdir().context("making a folder")?;
    let operator =
        Operator::new(programs, folder.path()).telling(|command| say(&format!("           $ {command}")));
    let site = progress.stage("an operator's site", || Site::create(operator))?;
    let server = progress.stage("the server", || site.serve())?;
    if options.once {
        let result = once(&site, &server, progress);
        if result.is_err() {
            say(&format!("the server's log:\n{}", server.log()));
        }
        return result;
    }
    until_stopped(&site, server, folder.path())
}

/// Serves until Ctrl-C, after saying how to come in.
fn until_stopped(site: &Site, mut server: Server, folder: &Path) -> Result<()> {
    // Ctrl-C reaches the server too; it ends, and so the folder is removed on the way out.
    ctrlc::set_handler(|| {}).context("listening for Ctrl-C")?;
    let device = site.enrol(&ALICE, "phone-480x800")?;
    let phone = site.enrol(&BO, "phone-240x320")?;
    let url = server.url.clone().unwrap_or_else(|| "(no page is served)".to_owned());
    let mut browsers = String::new();
    for profile in BROWSERS {
        let (bundle, activation_code) = site.enrol_elsewhere(&ALICE, profile)?;
        browsers.push_str(&format!("    {profile:17} {activation_code}  {}\n", bundle.display()));
    }
    print(&format!(
        "\nThinPay runs. Stop it with Ctrl-C.\n\n\
         In a browser: {url}\n  \
           register it with the activation code and the bundle (a file) for the screen that its page names:\n\
         {browsers}  \
           then sign in: account {}, password {}\n\n\
         In a window on this machine:\n  {}\n  {}\n\n\
         Every command takes --help; the operator's folder is {}\n",
        ALICE.account,
        ALICE.password,
        by_hand(&site.operator.programs, &device, &ALICE, &server.address),
        by_hand(&site.operator.programs, &phone, &BO, &server.address),
        folder.display(),
    ))?;
    let status = server.wait()?;
    say(&format!("the server ended with {status}"));
    Ok(())
}

/// The command that runs a terminal by hand.
fn by_hand(programs: &Programs, device: &Device, person: &Person, address: &str) -> String {
    format!(
        "THINPAY_PASSWORD='{}' THINPAY_PIN={} {} run --server rfbs://{address} --profile {} --element {} --account {} --display window",
        person.password,
        system_tests::ACTIVATION_PIN,
        programs.terminal.display(),
        device.profile.display(),
        device.element.display(),
        person.account,
    )
}

/// Two terminals of different hardware pay the merchant; the money must have moved exactly.
fn once(site: &Site, server: &Server, progress: &mut Progress) -> Result<()> {
    let mut payments = Vec::new();
    for (person, profile) in [(&ALICE, "phone-480x800"), (&BO, "phone-240x320")] {
        let device = progress
            .stage(&format!("enrol {} with {profile}", person.account), || site.enrol(person, profile))?;
        let payment = progress
            .stage(&format!("{} pays {AMOUNT_TYPED} {CURRENCY}", person.account), || {
                pay(site, server, &device, person)
            })?;
        payments.push(payment);
    }
    progress.stage("the whole book", || site.verify())?;
    print(&json!({ "ok": true, "payments": payments }).to_string())
}

fn pay(site: &Site, server: &Server, device: &Device, person: &Person) -> Result<Value> {
    let payer = |balances: &[i64; 3]| if person.account == ALICE.account { balances[0] } else { balances[1] };
    let before = site.balances()?;
    let started = Instant::now();
    let outcome =
        device.run(&server.address, &system_tests::scripts::payment(AMOUNT_TYPED))?.expect_success()?;
    let total_ms = started.elapsed().as_secs_f64() * 1e3;
    let after = site.balances()?;
    let fee = 0;
    if payer(&before) - payer(&after) != AMOUNT_MINOR_UNITS + fee
        || after[2] - before[2] != AMOUNT_MINOR_UNITS
    {
        bail!(
            "the money did not move exactly: before {before:?}, after {after:?} (alice, bo, merchant; minor units)"
        );
    }
    let payment = site.latest_payment(person)?;
    let (steps, frames, bytes) = measured(&outcome, total_ms);
    Ok(json!({
        "kind": "remote",
        "id": payment,
        "amount": AMOUNT_MINOR_UNITS,
        "currency": CURRENCY,
        "payer": { "account": person.account, "before": payer(&before), "after": payer(&after) },
        "payee": { "account": MERCHANT.0, "before": before[2], "after": after[2] },
        "steps": steps,
        "frames": frames,
        "bytes": bytes,
        "profile": device.profile.file_stem().map(|stem| stem.to_string_lossy()),
    }))
}

/// What the terminal itself measured: the time between its events, its frames and its bytes.
fn measured(outcome: &Outcome, total_ms: f64) -> (Value, Value, Value) {
    let text =
        |event: &Value, key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut before_ms = 0.0;
    let mut steps = Vec::new();
    for event in &outcome.events {
        let name = match text(event, "event").as_str() {
            "step" => text(event, "step"),
            name @ ("connected" | "signed-in" | "live") => name.to_owned(),
            _ => continue,
        };
        let at_ms = event.get("ms").and_then(Value::as_f64).unwrap_or(before_ms);
        steps.push(json!({ "name": name, "ms": tenth(at_ms - before_ms) }));
        before_ms = at_ms;
    }
    steps.push(json!({ "name": "the terminal's process, start to end", "ms": tenth(total_ms) }));
    let ended = outcome.event("ended").cloned().unwrap_or_default();
    let number = |key: &str| ended.get(key).and_then(Value::as_u64).unwrap_or_default();
    (Value::Array(steps), json!(number("frames")), json!(number("bytes_in") + number("bytes_out")))
}

/// A tenth of a millisecond is precise enough to read.
fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
