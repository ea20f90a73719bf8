//! `thinpay bench session`: whole sessions in one process - real books, a real app, real terminals' cores -
//! timed at the platform's end.

use std::time::Duration;

use anyhow::{Context, Result};
use identity::Language;
use profile::HardwareProfile;
use sim::{PASSWORD, World};

use super::{Better, Options, Row, percentile};

/// How many sessions stand idle for the memory row.
const IDLE_SESSIONS: usize = 1_000;

pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let profile = HardwareProfile::picture("bench 480x800", 480, 800, 240, profile::PixelLayout::Rgb888);
    let world = World::new(1);
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    world.merchant("luckin", "Luckin Coffee");
    let device = world.enrol("alice", &profile);
    let logins = if options.quick { 5 } else { 100 };
    let mut rows = Vec::new();

    let (mut sign_in, mut first_view, mut first_bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..logins {
        let mut connection = world.connect(&device, PASSWORD);
        // Up to the welcome picture, then up to the app's first screen.
        while connection.terminal.phase() != terminal::Phase::Live {
            connection.pass();
        }
        sign_in.push(connection.busy);
        let (busy, bytes) = (connection.busy, connection.bytes_to_terminal);
        connection.settle();
        first_view.push(connection.busy.saturating_sub(busy));
        first_bytes = connection.bytes_to_terminal - bytes;
    }
    rows.push(time_row("login to first sealed frame, p50", &mut sign_in, 500, None, LOGIN));
    rows.push(time_row("login to first sealed frame, p99", &mut sign_in, 990, Some(20.0), LOGIN));
    rows.push(time_row("virtual machine and first screen, p50", &mut first_view, 500, None, FIRST));
    rows.push(time_row("virtual machine and first screen, p99", &mut first_view, 990, None, FIRST));
    rows.push(bytes_row(
        "first screen",
        first_bytes,
        15_360.0,
        "the home screen and its outline, sealed, padded and framed",
    ));

    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    connection.tap("pay");
    connection.tap("payee");
    let (mut key_press, mut key_bytes) = (Vec::new(), 0);
    for letter in "luckin coffee".chars().cycle().take(if options.quick { 13 } else { 520 }) {
        let (busy, bytes) = (connection.busy, connection.bytes_to_terminal);
        connection.type_text(&letter.to_string());
        key_press.push(connection.busy.saturating_sub(busy));
        key_bytes = key_bytes.max(connection.bytes_to_terminal - bytes);
        connection.key("Backspace");
    }
    rows.push(time_row("key press to sealed damage, p50", &mut key_press, 500, None, KEY));
    rows.push(time_row("key press to sealed damage, p99", &mut key_press, 990, Some(3.0), KEY));
    rows.push(bytes_row(
        "key press",
        key_bytes,
        1_536.0,
        "the largest of the letters typed, with the outline that scripts ask for",
    ));
    drop(connection);

    let before = resident_bytes()?;
    let idle = if options.quick { 50 } else { IDLE_SESSIONS };
    let sessions: Vec<_> = (0..idle)
        .map(|_| {
            let mut connection = world.connect(&device, PASSWORD);
            connection.settle();
            world.advance(Duration::from_secs(11));
            connection.tick();
            connection.into_session()
        })
        .collect();
    let grown = resident_bytes()?.saturating_sub(before);
    drop(sessions);
    rows.push(Row {
        name: format!("{idle} idle sessions"),
        value: mib(grown),
        unit: "MiB",
        better: Better::Lower,
        target: (idle == IDLE_SESSIONS).then_some(95.4),
        peer: None,
        how: "growth of the process's resident memory over as many signed-in, hibernated sessions at 480x800; no sockets".to_owned(),
    });
    Ok(rows)
}

const LOGIN: &str = "the platform's end from the first byte to the sealed welcome picture at 480x800, without OPAQUE and the disk";
const FIRST: &str =
    "the platform's end from the acknowledgement to the app's first screen, sealed, at 480x800";
const KEY: &str = "the platform's end from a sealed key press (down and up) to the sealed damage at 480x800";

fn time_row(name: &str, samples: &mut [Duration], per_mille: usize, target: Option<f64>, how: &str) -> Row {
    Row {
        name: name.to_owned(),
        value: percentile(samples, per_mille).as_secs_f64() * 1_000.0,
        unit: "ms",
        better: Better::Lower,
        target,
        peer: None,
        how: how.to_owned(),
    }
}

fn bytes_row(name: &str, bytes: usize, target: f64, how: &str) -> Row {
    Row {
        name: format!("{name}, bytes on the wire"),
        value: u32::try_from(bytes).map_or(f64::INFINITY, f64::from),
        unit: "bytes",
        better: Better::Lower,
        target: Some(target),
        peer: None,
        how: how.to_owned(),
    }
}

fn mib(bytes: u64) -> f64 {
    u32::try_from(bytes / 1024).map_or(f64::INFINITY, |kib| f64::from(kib) / 1024.0)
}

/// What the process has in memory.
fn resident_bytes() -> Result<u64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("Memory can be measured on Linux only.")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next());
    Ok(kib.and_then(|kib| kib.parse::<u64>().ok()).context("The kernel does not tell the memory in use.")?
        * 1024)
}
