//! `thinpay report`.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use money::Money;
use reports::{IMPORT_BYTES_MAX, Language, Letterhead, Mapping, Reconciliation, Record, Zone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::reports::{Paper, Report};
use super::{Desk, output};
use crate::admin::Request::Reports as Area;
use crate::admin::reports::{Format, Request};

/// The longest mapping file read, in bytes.
const MAPPING_BYTES_MAX: usize = 64 * 1024;

/// Runs one of these commands.
pub(super) fn run(desk: &Desk, command: Report) -> Result<()> {
    match command {
        Report::Statement { account, from, until, paper } => {
            let (format, language) = (format(desk, &paper), paper.language.clone());
            let made = desk.ask(&Area(Request::Statement { account, from, until, format, language }))?;
            deliver(desk, &paper, made)
        }
        Report::TrialBalance { at, paper } => {
            let (format, language) = (format(desk, &paper), paper.language.clone());
            let made = desk.ask(&Area(Request::TrialBalance { at, format, language }))?;
            let balanced = made.get("balanced") == Some(&Value::Bool(true));
            deliver(desk, &paper, made)?;
            if !balanced {
                bail!("The books do not balance: stop posting and run `thinpay account verify`.");
            }
            Ok(())
        }
        Report::DayEnd { day, paper } => {
            let (format, language) = (format(desk, &paper), paper.language.clone());
            let made = desk.ask(&Area(Request::DayEnd { day, format, language }))?;
            if output::field(&made, "ended_by") == "not-yet" {
                output::progress(&format!(
                    "{} is not over: this is what it is so far.\n",
                    output::field(&made, "day")
                ));
            }
            deliver(desk, &paper, made)
        }
        Report::Reconcile { file, mapping, account, by_payment, from, until, tolerance, paper } => {
            let theirs = Theirs::read(&file, mapping.as_deref())?;
            let period = (from.parse()?, until.parse()?);
            let ours = desk.ask(&Area(Request::Records { account, by_payment, from, until, tolerance }))?;
            let ours: Ours = serde_json::from_value(ours).context("Our records do not read.")?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let made =
                reconcile(ours, theirs, period, tolerance, format(desk, &paper), &paper.language, &name)?;
            deliver(desk, &paper, made)
        }
    }
}

fn format(desk: &Desk, paper: &Paper) -> Format {
    paper.format.unwrap_or(if desk.json { Format::Json } else { Format::Csv })
}

/// Writes a report to its file, or prints it. `made` has its text, and what is said about it.
fn deliver(desk: &Desk, paper: &Paper, mut made: Value) -> Result<()> {
    let text = match made.get_mut("text").map(Value::take) {
        Some(Value::String(text)) => text,
        _ => bail!("The report did not arrive. Are the command and the server of one version?"),
    };
    let Some(out) = &paper.out else {
        if desk.json && made.get("format").and_then(Value::as_str) == Some("json") {
            let document: Value = serde_json::from_str(&text).context("The report does not read.")?;
            desk.print(&document, "");
        } else if desk.json {
            if let Some(made) = made.as_object_mut() {
                made.insert("text".to_owned(), Value::String(text));
            }
            desk.print(&made, "");
        } else {
            output::line(text.trim_end());
        }
        return Ok(());
    };
    let text = if paper.for_excel && made.get("format").and_then(Value::as_str) == Some("csv") {
        reports::with_byte_order_mark(&text)
    } else {
        text
    };
    let same = write(out, text.as_bytes(), paper.force)?;
    if let Some(made) = made.as_object_mut() {
        made.remove("text");
        made.insert("file".to_owned(), json!(out.display().to_string()));
        made.insert("bytes".to_owned(), json!(text.len()));
        made.insert("same".to_owned(), json!(same));
    }
    let words = if same { "is there already, byte for byte" } else { "is written" };
    desk.print(&made, &format!("{} {words}.", out.display()));
    Ok(())
}

/// Writes a file that only its owner may read; over another only if told to. Whether it was there just so.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<bool> {
    let cannot = || format!("Cannot write {}.", file.display());
    if file.exists() {
        if std::fs::read(file).with_context(cannot)? == bytes {
            return Ok(true);
        }
        if !force {
            bail!("{} exists with other contents and is not overwritten; --force does it.", file.display());
        }
        std::fs::write(file, bytes).with_context(cannot)?;
        return Ok(false);
    }
    super::money_and_people::write_private(file, bytes)?;
    Ok(false)
}

/// Their records.
struct Theirs {
    records: Vec<Record>,
}

impl Theirs {
    fn read(file: &Path, mapping: Option<&Path>) -> Result<Self> {
        let mapping = match mapping {
            None => Mapping::default(),
            Some(mapping) => {
                let bytes = bounded(mapping, MAPPING_BYTES_MAX)?;
                let text = String::from_utf8(bytes).ok();
                let text = text.with_context(|| format!("{} is not UTF-8 text.", mapping.display()))?;
                toml::from_str(&text).with_context(|| format!("{} is not a mapping.", mapping.display()))?
            }
        };
        let bytes = bounded(file, IMPORT_BYTES_MAX)?;
        let records = reports::import(&bytes, &mapping);
        Ok(Self { records: records.with_context(|| format!("{} was not read.", file.display()))? })
    }
}

/// A file of at most so many bytes.
fn bounded(file: &Path, most: usize) -> Result<Vec<u8>> {
    let cannot = || format!("Cannot read {}.", file.display());
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(cannot)?;
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(limit).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() > most {
        bail!("{} is larger than {most} bytes. Is it the right file?", file.display());
    }
    Ok(bytes)
}

/// Our records, as the books answered.
#[derive(Deserialize)]
struct Ours {
    records: Vec<OurRecord>,
    operator: String,
    zone: String,
    issued: u64,
}

#[derive(Deserialize)]
struct OurRecord {
    reference: String,
    amount: Money,
    day: String,
}

/// Compares, and writes down what came out.
fn reconcile(
    ours: Ours,
    theirs: Theirs,
    period: (reports::Day, reports::Day),
    tolerance: u32,
    format: Format,
    language: &str,
    source: &str,
) -> Result<Value> {
    let letterhead = Letterhead {
        operator: ours.operator,
        language: Language::from_tag(language),
        zone: Zone::new(&ours.zone)?,
        issued: accounts::Timestamp(ours.issued),
    };
    let records = ours.records.into_iter().map(|OurRecord { reference, amount, day }| {
        anyhow::Ok(Record { reference, amount, day: day.parse()?, line: None })
    });
    let ours: Vec<Record> = records.collect::<Result<_>>()?;
    let mut found = reports::reconcile(&ours, &theirs.records, tolerance)?;
    let outside = keep_period(&mut found, period);
    let text = match format {
        Format::Csv => found.csv(),
        Format::Json => found.json(),
        Format::Html => found.html(&letterhead, source)?,
    };
    Ok(json!({
        "report": "reconciliation",
        "format": format,
        "text": text,
        "clean": found.is_clean(),
        "matched": found.matched.len(),
        "differs": found.differs.len(),
        "missing_here": found.missing_here.len(),
        "missing_there": found.missing_there.len(),
        "outside_period": outside,
    }))
}

/// Leaves out what is of other days on both sides: it was looked at only because days may differ a little. How
/// many of their records that are.
fn keep_period(found: &mut Reconciliation, (from, until): (reports::Day, reports::Day)) -> usize {
    let within = |record: &Record| record.day >= from && record.day <= until;
    let before =
        found.matched.len().saturating_add(found.differs.len()).saturating_add(found.missing_here.len());
    found.matched.retain(|pair| within(&pair.ours) || within(&pair.theirs));
    found.differs.retain(|(pair, _)| within(&pair.ours) || within(&pair.theirs));
    found.missing_here.retain(within);
    found.missing_there.retain(within);
    let after =
        found.matched.len().saturating_add(found.differs.len()).saturating_add(found.missing_here.len());
    before.saturating_sub(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(reference: &str, units: i64, day: &str, line: Option<u32>) -> Record {
        let amount = Money::new(units, money::Currency::CNY);
        Record { reference: reference.to_owned(), amount, day: day.parse().expect("a day"), line }
    }

    #[test]
    fn records_of_other_days_count_only_where_they_match() {
        let ours = [
            record("late", 5, "2026-11-22", None),
            record("before", 6, "2026-11-22", None),
            record("here", 7, "2026-11-23", None),
        ];
        let theirs = [
            record("late", 5, "2026-11-23", Some(2)),
            record("after", 8, "2026-11-24", Some(3)),
            record("there", 9, "2026-11-23", Some(4)),
        ];
        let mut found = reports::reconcile(&ours, &theirs, 1).expect("compares");
        let day = "2026-11-23".parse().expect("a day");
        assert_eq!(keep_period(&mut found, (day, day)), 1);
        let references =
            |records: &[Record]| records.iter().map(|one| one.reference.clone()).collect::<Vec<_>>();
        assert_eq!(references(&found.missing_there), ["here"]);
        assert_eq!(references(&found.missing_here), ["there"]);
        assert_eq!(found.matched.len(), 1);
    }

    #[test]
    fn a_mapping_is_read_from_toml() {
        let text = "reference = \"Order\"\namount = { signed = \"Amount\" }\ncurrency = { fixed = \"CNY\" }\nday = \"Date\"\nday-format = \"YYYYMMDD\"\nseparator = \";\"";
        let mapping: Mapping = toml::from_str(text).expect("reads");
        assert_eq!(mapping.separator, ';');
        assert!(toml::from_str::<Mapping>("tolerance = 3").is_err());
    }
}
