//! `thinpay bench vm`: what a virtual machine costs, with the bank card in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use money::{Currency, Money};
use vm::{
    Account, App, Approval, ArtifactKey, Bundle, CommandName, Context, Engine, Event, Hibernated, Limits,
    Machine, SigningKey, VerifyingKey,
};

use super::{Better, Options, Row, percentile, sample};

/// The design's bound for making or waking a machine, p99, in microseconds.
const READY_US_TARGET: f64 = 1_000.0;
/// What 1,000 idle sessions may take is 100 MB (10^8 bytes); a resident machine should take no more than a session's
/// share of it.
const RESIDENT_BYTES_TARGET: f64 = 100_000.0;

/// Runs the benchmark. It builds the app from the workspace that it is started in.
pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let runs = if options.quick { 500 } else { 10_000 };
    let machines = if options.quick { 200 } else { 1_000 };
    let bytes = bundle()?;
    let key = VerifyingKey::from(&publisher_key()?);
    let approval = Approval { publisher: "thinpay".into(), key, commands: CommandName::all() };
    let bundle = Bundle::parse(&bytes)?.verify(&approval)?;

    let engine = Engine::new(Limits::default())?;
    let _ticker = engine.start_ticker();
    let begin = Instant::now();
    let app = engine.load(&bundle)?;
    let compiled = begin.elapsed();
    let artifact_key = ArtifactKey::new([1; 32]);
    let artifact = app.artifact(&engine, &artifact_key)?;

    let mut rows = vec![
        bytes_row("bundle", bytes.len(), None, "the bank card as published"),
        row("compile", compiled, 1_000.0, "ms", None, "one bundle, compiled by all processors"),
    ];
    let mut load = sample(runs.min(1_000), || {
        let _ = engine.load_artifact(&bundle, &artifact, &artifact_key);
    });
    rows.extend(rows_of("load-compiled", &mut load, None, "the kept compilation, its MAC checked"));

    let mut create = repeat(runs, || Ok(Machine::start(&app, context())?))?;
    rows.extend(rows_of(
        "create",
        &mut create,
        Some(READY_US_TARGET),
        "a new machine up to its first checked view; dropping it not counted",
    ));

    let (mut machine, _) = Machine::start(&app, context())?;
    let act = |id: &str| Event::Acted { id: id.into(), answers: Vec::new() };
    let mut turn = false;
    let mut update = repeat(runs, || {
        turn = !turn;
        Ok(machine.update(act(if turn { "pay" } else { "back" }))?)
    })?;
    rows.extend(rows_of("update", &mut update, None, "an event to a resident machine, a checked view back"));

    let (mut hibernate, mut wake) = rest(&app, runs)?;
    rows.extend(rows_of("hibernate", &mut hibernate, None, "the instance dropped, the model kept"));
    rows.extend(rows_of(
        "wake",
        &mut wake,
        Some(READY_US_TARGET),
        "from the model to the same view in a new instance",
    ));

    let (machine, _) = Machine::start(&app, context())?;
    rows.push(bytes_row(
        "hibernated",
        machine.model_bytes(),
        None,
        "the model of a session on its home screen",
    ));
    rows.push(resident(&app, machines)?);
    Ok(rows)
}

/// Times each run and drops what it gave after the clock has stopped.
fn repeat<T>(runs: usize, mut work: impl FnMut() -> Result<T>) -> Result<Vec<Duration>> {
    (0..runs)
        .map(|_| {
            let begin = Instant::now();
            let result = work()?;
            let took = begin.elapsed();
            drop(result);
            Ok(took)
        })
        .collect()
}

/// How long machines take to go to rest, and to wake.
fn rest(app: &Arc<App>, runs: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let (mut hibernates, mut wakes) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    let (mut machine, _) = Machine::start(app, context())?;
    for _ in 0..runs {
        let begin = Instant::now();
        let at_rest: Hibernated = machine.hibernate()?;
        let slept = Instant::now();
        let (woken, view) = at_rest.wake(app)?;
        wakes.push(slept.elapsed());
        hibernates.push(slept.duration_since(begin));
        drop(view);
        machine = woken;
    }
    Ok((hibernates, wakes))
}

/// What many machines take of the machine's memory, each after a few events.
fn resident(app: &Arc<App>, count: usize) -> Result<Row> {
    let before = resident_bytes()?;
    let mut machines = Vec::with_capacity(count);
    for _ in 0..count {
        let (mut machine, _) = Machine::start(app, context())?;
        for id in ["pay", "back", "top-up"] {
            machine.update(Event::Acted { id: id.into(), answers: Vec::new() })?;
        }
        machines.push(machine);
    }
    let taken = resident_bytes()?.saturating_sub(before);
    let how =
        format!("growth of the resident set by {count} machines after three events each, divided by them");
    let row = bytes_row("resident", taken / machines.len().max(1), Some(RESIDENT_BYTES_TARGET), &how);
    drop(machines);
    Ok(row)
}

/// The process's resident set (Linux: proc(5), `/proc/self/statm`, second field, in pages).
fn resident_bytes() -> Result<usize> {
    let statm =
        std::fs::read_to_string("/proc/self/statm").context("the resident set is known on Linux only")?;
    let pages: usize = statm.split(' ').nth(1).context("an unknown form of statm")?.parse()?;
    Ok(pages * 4_096)
}

fn context() -> Context {
    let sum = Money::new(20_000, Currency::CNY);
    let account = Account { id: "a1".into(), name: "Everyday".into(), balance: sum, available: sum };
    Context { customer: "Lin".into(), language: "en".into(), accounts: vec![account], kept: None }
}

fn publisher_key() -> Result<SigningKey> {
    SigningKey::from_slice(&[7; 32]).map_err(|error| anyhow!("{error}"))
}

/// The bank card, built from the workspace around the current folder.
fn bundle() -> Result<Vec<u8>> {
    let workspace =
        workspace().context("start the benchmark inside the project's workspace: it builds the app")?;
    let manifest = std::fs::read_to_string(workspace.join("apps/bank-card/app.toml"))?;
    let built = app_build::build(&app_build::Options {
        target_directory: app_build::target_directory(&workspace),
        directory: workspace,
        package: "bank-card".into(),
        show_progress: true,
        offline: false,
    })?;
    Ok(Bundle::pack(&manifest, &built.component, &publisher_key()?)?)
}

fn workspace() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find(|folder| folder.join("apps/bank-card/app.toml").is_file()).map(Path::to_path_buf)
}

/// Median and p99 of the same samples.
fn rows_of(name: &str, samples: &mut [Duration], target: Option<f64>, how: &str) -> Vec<Row> {
    let row_at =
        |part: &str, took, target| row(&format!("{name}-{part}"), took, 1_000_000.0, "us", target, how);
    vec![row_at("p50", percentile(samples, 500), None), row_at("p99", percentile(samples, 990), target)]
}

fn row(
    name: &str,
    took: Duration,
    units_a_second: f64,
    unit: &'static str,
    target: Option<f64>,
    how: &str,
) -> Row {
    let value = took.as_secs_f64() * units_a_second;
    Row { name: name.into(), value, unit, better: Better::Lower, target, peer: None, how: how.into() }
}

fn bytes_row(name: &str, bytes: usize, target: Option<f64>, how: &str) -> Row {
    let value = u32::try_from(bytes).map_or(f64::INFINITY, f64::from);
    Row {
        name: name.into(),
        value,
        unit: "bytes",
        better: Better::Lower,
        target,
        peer: None,
        how: how.into(),
    }
}
