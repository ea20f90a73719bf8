//! The operator's manual is run as it is written: every command of it, in order, against a running server with a
//! customer who has paid at a terminal.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use system_tests::{ALICE, MERCHANT, Site, scripts};

/// The manual.
const MANUAL: &str = include_str!("../../../docs/operator.md");
/// The time zone that the manual's operator is in.
const ZONE: &str = "Asia/Shanghai";

/// Where the manual says that the customer pays at the phone, what the operator must look at.
const AT_THE_PHONE: &str = "<!-- Alice pays 45.00 at her phone. -->";

/// The commands in the manual's fences, as one script. A line that begins with `! ` must fail.
fn script(manual: &str) -> Result<String> {
    let mut script = String::new();
    let mut inside = false;
    for line in manual.lines() {
        match (inside, line) {
            (false, "```sh") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match line.strip_prefix("! ") {
                Some(refused) => writeln!(
                    script,
                    "if {refused}; then echo 'this was to be refused: {}' >&2; exit 1; fi",
                    refused.replace('\'', "")
                )?,
                None => writeln!(script, "{line}")?,
            },
            (false, _) => {}
        }
    }
    Ok(script)
}

/// A zone in which it is about noon now, so that no day ends while the test runs, and how `date` names it.
fn noon() -> Result<(String, String)> {
    let hours = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 3600 % 24;
    // POSIX and the zones named Etc count west of Greenwich as positive.
    let west = i64::try_from(hours)? - 12;
    Ok((format!("Etc/GMT{west:+}"), format!("THERE{west:+}")))
}

fn run(site: &Site, folder: &Path, payment: &str, script: &str, date_zone: &str) -> Result<String> {
    let programs = site.operator.programs.thinpay.parent().context("the programs are in a folder")?;
    let path = std::env::var("PATH").unwrap_or_default();
    let done = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("THINPAY_DIR", &site.operator.folder)
        .env("ALICE", &site.alice)
        .env("LUCKIN", &site.merchant)
        .env("PAYMENT", payment)
        .env("TODAY", today(date_zone)?)
        .output()
        .context("running sh")?;
    let (told, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "the manual's commands fail:\n{told}\n{complained}");
    Ok(told.into_owned())
}

fn today(date_zone: &str) -> Result<String> {
    let day = Command::new("date").arg("+%Y-%m-%d").env("TZ", date_zone).output()?;
    Ok(String::from_utf8(day.stdout)?.trim().to_owned())
}

#[test]
fn the_operators_manual_works() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let phone = site.enrol(&ALICE, "phone-240x320")?;
    phone.run(&server.address, &scripts::payment("23.50"))?.expect_success()?;
    let payment = site.latest_payment(&ALICE)?;

    let (zone, date_zone) = noon()?;
    let work = tempfile::tempdir()?;
    let manual = MANUAL.replace(ZONE, &zone);
    let (before, after) = manual.split_once(AT_THE_PHONE).context("the manual has Alice pay")?;
    // What the first half has set, the second half uses.
    let before = format!("set -aeu\n{}export -p > variables\n", script(before)?);
    run(&site, work.path(), &payment, &before, &date_zone)?;
    let at_the_phone = format!(
        "{}tap platform.confirm\nexpect \"operator is checking\" within 20s\n",
        scripts::to_confirmation(MERCHANT.1, "45.00")
    );
    phone.run(&server.address, &at_the_phone)?.expect_success()?;
    let after = format!("set -eu\n. ./variables\n{}", script(after)?);
    let told = run(&site, work.path(), &payment, &after, &date_zone)?;

    // What the manual promises.
    let file = |name: &str| std::fs::read_to_string(work.path().join(name)).with_context(|| name.to_owned());
    ensure!(file("day-end.html")?.contains("</html>"), "the day's report is a page");
    ensure!(file("luckin.html")?.contains(MERCHANT.1), "the statement names its holder");
    let receipt: Value = serde_json::from_str(&file("receipt.json")?)?;
    ensure!(receipt.to_string().contains(&payment), "the receipt is that payment's");
    ensure!(told.contains(ALICE.name), "who paid is told when the receipt is checked");
    // The merchant was paid out by the settlement, to the last minor unit of the cleared day.
    let merchant = site.operator.balance(MERCHANT.0, &site.merchant)?;
    ensure!(merchant.minor_units == 0, "the merchant was settled, and has {} left", merchant.minor_units);
    site.verify()?;
    ensure!(server.stop()?.success(), "the server stops well");
    Ok(())
}
