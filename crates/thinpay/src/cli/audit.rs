//! `thinpay audit`. Files are read and written here; the server sees none.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::audit::{Consistency, LogKey, Receipt, SignedTreeHead, Trust};
use accounts::{Accounts, LogCheck, LogReport, read_record};
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use identity::Language;
use serde_json::{Value, json};

use super::arguments::audit::Audit;
use super::money_and_people::{rows, text, write_private};
use super::{Desk, output};
use crate::admin::Request::Audit as Ask;
use crate::admin::actor::unhex;
use crate::admin::audit::{Request, report_json};

/// The longest file read: no receipt is longer.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Findings that are printed for people; programs get all.
const FINDINGS_PRINTED_MAX: usize = 50;

/// Runs one of these commands.
pub(super) fn run(desk: &Desk, command: Audit) -> Result<()> {
    match command {
        Audit::Verify { heads, log_key } => verify(desk, &heads, log_key.as_deref()),
        Audit::Head { out } => {
            let done = desk.ask(&Ask(Request::Head))?;
            if let Some(out) = &out {
                let head = done.get("head").context("The server answered without the head.")?;
                write_new(out, &format!("{}\n", serde_json::to_string_pretty(head)?))?;
            }
            let said = format!(
                "{} records, signed {}\nroot {}",
                text(&done, "size"),
                text(&done, "at"),
                text(&done, "root")
            );
            desk.print(&done, &said);
            Ok(())
        }
        Audit::Consistency { older, out } => {
            let older: SignedTreeHead = head(&older)?;
            let mut done = desk.ask(&Ask(Request::Consistency { older }))?;
            take_file(&mut done, out.as_deref())?;
            let size = |which: &str| done.get(which).map_or_else(String::new, |head| text(head, "size"));
            let said = format!(
                "The log of {} records begins with that of {}: nothing in it was changed since.",
                size("newer"),
                size("older")
            );
            desk.print(&done, &said);
            Ok(())
        }
        Audit::Key { out, ca_out } => {
            let done = desk.ask(&Ask(Request::Key))?;
            let pem = text(&done, "pem");
            if let Some(out) = &out {
                write_new(out, &pem)?;
            }
            if let Some(out) = &ca_out {
                let certificate =
                    unhex(&text(&done, "operator_ca")).context("The certificate does not read.")?;
                write_bytes(out, &certificate)?;
            }
            desk.print(&done, pem.trim_end());
            Ok(())
        }
        Audit::Receipt { payment, out } => {
            let mut done = desk.ask(&Ask(Request::Receipt { payment }))?;
            let out =
                out.unwrap_or_else(|| PathBuf::from(format!("receipt-{}.json", text(&done, "payment"))));
            take_file(&mut done, Some(&out))?;
            let said = format!(
                "Receipt of payment {}: {}. Check it anywhere: thinpay audit check {}",
                text(&done, "payment"),
                out.display(),
                out.display()
            );
            desk.print(&done, &said);
            Ok(())
        }
        Audit::Check { file, ca, log_key, language } => {
            check(desk, &file, ca.as_deref(), log_key.as_deref(), &language)
        }
        Audit::Log { action, before, limit } => {
            let done = desk.ask(&Ask(Request::Log { action, before, limit }))?;
            let mut said = rows(&done, "acts", &["at", "actor", "action", "subject", "detail", "number"]);
            if let Some(Value::String(next)) = done.get("next") {
                said.push_str(&format!("\nMore: --before {next}"));
            }
            desk.print(&done, &said);
            Ok(())
        }
    }
}

/// Verifies at the running server, which has the book in memory to compare with; else the files themselves, for
/// a changed book does not open.
fn verify(desk: &Desk, heads: &[PathBuf], key: Option<&Path>) -> Result<()> {
    let heads = heads.iter().map(|file| head(file)).collect::<Result<Vec<_>>>()?;
    let pem = key.map(read_text).transpose()?;
    let trusted_key = pem.as_deref().map(LogKey::from_pem).transpose()?;
    let done = match &closed(desk, &heads, trusted_key)? {
        Some(report) => report_json(report),
        None => desk.runtime.block_on(async {
            let request = Ask(Request::Verify { log_key: pem, heads });
            let verified = crate::office::ask(&desk.directory, &request, desk.operator.as_ref());
            tokio::pin!(verified);
            loop {
                tokio::select! {
                    done = &mut verified => break done,
                    () = tokio::time::sleep(PROGRESS_EVERY) => show_server_progress(desk).await,
                }
            }
        })?,
    };
    let sound = done.get("sound") == Some(&Value::Bool(true));
    desk.print(&done, &report_text(&done));
    if !sound {
        // The answer is printed whole; only the exit code is left to say.
        std::process::exit(1);
    }
    Ok(())
}

/// The verification of the files, unless a server has them open, or they have yet to be made.
fn closed(desk: &Desk, heads: &[SignedTreeHead], trusted_key: Option<LogKey>) -> Result<Option<LogReport>> {
    if std::os::unix::net::UnixStream::connect(desk.directory.socket()).is_ok() {
        return Ok(None);
    }
    let Some(files) = desk.directory.closed_books()? else { return Ok(None) };
    let check = LogCheck { operator_key: Some(files.log_key), trusted_key, kept_heads: heads.to_vec() };
    let mut shown = std::time::Instant::now();
    let report = Accounts::verify_closed_log(&files.ledger, &files.journal, &check, |done, of| {
        if shown.elapsed() >= PROGRESS_EVERY {
            shown = std::time::Instant::now();
            show_progress(done, of);
        }
    });
    Ok(Some(report.context("The audit log cannot be read.")?))
}

async fn show_server_progress(desk: &Desk) {
    let asked = crate::office::ask(&desk.directory, &Ask(Request::Progress), None).await;
    if let Ok(progress) = asked {
        let count = |field| progress.get(field).and_then(Value::as_u64).unwrap_or(0);
        show_progress(count("rows"), count("of"));
    }
}

#[expect(clippy::print_stderr, reason = "progress is for whoever watches, not for the answer")]
fn show_progress(done: u64, of: u64) {
    if of > 0 && std::io::stderr().is_terminal() {
        eprint!("\r{done} of {of} rows verified");
        if done >= of {
            eprintln!();
        }
    }
}

fn report_text(done: &Value) -> String {
    if done.get("sound") == Some(&Value::Bool(true)) {
        let proven = format!(
            "The audit log is sound: {} records in {} rows, {} signed heads; the last proves {} records.",
            text(done, "records"),
            text(done, "rows"),
            text(done, "heads"),
            text(done, "proven")
        );
        return match done.get("book") {
            Some(Value::Object(_)) => format!("{proven}\nThe replay makes the same books."),
            _ => proven,
        };
    }
    let mut lines = vec![format!(
        "The audit log was changed. Proven unchanged: the first {} of {} records.",
        text(done, "proven"),
        text(done, "records")
    )];
    let findings = done.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    lines.extend(
        findings.iter().take(FINDINGS_PRINTED_MAX).map(|finding| format!("- {}", text(finding, "text"))),
    );
    let more = done.get("findings_more").and_then(Value::as_u64).unwrap_or(0);
    let unprinted = findings.len().saturating_sub(FINDINGS_PRINTED_MAX);
    let more = more.saturating_add(u64::try_from(unprinted).unwrap_or(0));
    if more > 0 {
        lines.push(format!("- and {more} more (--json prints up to 1000)"));
    }
    lines.join("\n")
}

/// Checks a file offline. Nothing of the operator's is opened.
fn check(desk: &Desk, file: &Path, ca: Option<&Path>, key: Option<&Path>, language: &str) -> Result<()> {
    let bytes = read_bytes(file)?;
    let log_key = key.map(|key| anyhow::Ok(LogKey::from_pem(&read_text(key)?)?)).transpose()?;
    let is_consistency =
        serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.get("thinpay-consistency").is_some());
    let chinese = language == "zh";
    if is_consistency {
        let consistency = Consistency::parse(&bytes)?;
        let Some(log_key) = log_key else {
            bail!("A consistency proof is checked against the log's public key: give --log-key FILE.");
        };
        consistency.check(&log_key)?;
        let (older, newer) = (consistency.older.head.size, consistency.newer.head.size);
        let said = if chinese {
            format!("成立：{newer} 条记录的日志以 {older} 条记录的日志开头，其间未作任何改动。")
        } else {
            format!(
                "It holds: the log of {newer} records begins with that of {older}; nothing in it was changed."
            )
        };
        desk.print(&json!({ "holds": true, "older": older, "newer": newer }), &said);
        return Ok(());
    }
    let ca = ca.map(certificate).transpose()?;
    let trust = Trust { operator_ca: ca.as_deref(), log_key };
    let receipt = Receipt::parse(&bytes)?;
    let checked = receipt.check(&trust, &read_record)?;
    let language = Language::from_tag(language).context("The language is en or zh.")?;
    let mut said = vec![if chinese { "凭证成立。" } else { "The receipt holds." }.to_owned()];
    said.extend(checked.lines(language).iter().map(|line| format!("{}: {}", line.label, line.value)));
    if !(checked.authority_trusted && checked.log_trusted) {
        let trust = if chinese {
            "注意：运营方证书或日志公钥取自凭证本身。请用 --ca 和 --log-key 给出您从别处得知的文件，否则只能证明凭证完整，不能证明出自谁。"
        } else {
            "Beware: the operator's certificate or the log's key was taken from the receipt itself. Give those that you know from elsewhere by --ca and --log-key; without them this shows that the receipt is whole, and not whose it is."
        };
        said.push(trust.to_owned());
    }
    let done = json!({
        "holds": true,
        "summary": checked.summary(),
        "signed": checked.consent.is_some(),
        "record": checked.index,
        "head_size": checked.head.size,
        "ca_trusted": checked.authority_trusted,
        "log_trusted": checked.log_trusted,
    });
    output::print(desk.json, &done, &said.join("\n"));
    Ok(())
}

fn head(file: &Path) -> Result<SignedTreeHead> {
    serde_json::from_slice(&read_bytes(file)?)
        .with_context(|| format!("{} is not a signed head.", file.display()))
}

/// A certificate, from DER or PEM.
fn certificate(file: &Path) -> Result<Vec<u8>> {
    let bytes = read_bytes(file)?;
    let Some(pem) =
        std::str::from_utf8(&bytes).ok().filter(|text| text.contains("-----BEGIN CERTIFICATE-----"))
    else {
        return Ok(bytes);
    };
    let body = pem
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
        .map(|(body, _)| body.split_ascii_whitespace().collect::<String>());
    let der = body.and_then(|body| base64::engine::general_purpose::STANDARD.decode(body).ok());
    der.with_context(|| format!("{} is not a certificate.", file.display()))
}

/// Moves the file in an answer to where it is to be written; the answer then says where it is.
fn take_file(done: &mut Value, out: Option<&Path>) -> Result<()> {
    let Some(answer) = done.as_object_mut() else { bail!("The server's answer does not read.") };
    let Some(Value::String(file)) = answer.remove("file") else {
        bail!("The server answered without the file.")
    };
    if let Some(out) = out {
        write_new(out, &file)?;
        answer.insert("file".to_owned(), Value::String(out.display().to_string()));
    }
    Ok(())
}

/// Writes a file, never over another one.
fn write_new(out: &Path, text: &str) -> Result<()> {
    write_bytes(out, text.as_bytes())
}

fn write_bytes(out: &Path, bytes: &[u8]) -> Result<()> {
    if out.exists() && read_bytes(out).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write_private(out, bytes)
}

fn read_text(file: &Path) -> Result<String> {
    String::from_utf8(read_bytes(file)?).with_context(|| format!("{} is not text.", file.display()))
}

fn read_bytes(file: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("Cannot read {}.", file.display());
    if std::fs::metadata(file).with_context(cannot)?.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes. Is it the right file?", file.display());
    }
    std::fs::read(file).with_context(cannot)
}
