//! Copies of the books, and making them anew. The commands work on the operator's directory themselves: a copy is
//! made beside the running server, the others while none runs.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use accounts::{Accounts, Backup, StoreChoice, Verified};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Area, Progress, Request};
use crate::admin::actor::hex;
use crate::cli::Desk;

/// Copies the journal to a file.
pub(super) fn backup(desk: &Desk, out: &Path) -> Result<()> {
    let directory = &desk.directory;
    let (store, ledger) = (directory.journal()?, directory.ledger());
    if store == StoreChoice::Sqlite && !directory.has_journal() {
        bail!("There are no books in {}: give --dir DIR.", ledger.display());
    }
    private_file(out)?;
    let progress = Progress::new("backup");
    let Backup { rows, hash } = Accounts::backup(&ledger, &store, out, |done, of| progress.tell(done, of))
        .with_context(|| format!("The books were not copied to {}.", out.display()))?;
    let (hash, file) = (hex(&hash), std::path::absolute(out)?.display().to_string());
    let noted = desk.ask(&Area(Request::BackedUp { file: file.clone(), rows, hash: hash.clone() }));
    if let Err(why) = &noted {
        crate::cli::output::progress(&format!(
            "The copy is made, but the audit log does not tell of it: {why:#}\n"
        ));
    }
    let bytes = std::fs::metadata(out).map(|found| found.len()).unwrap_or_default();
    let not_in_it = ["auth/", "platform.db", "apps/", "thinpay.toml", "audit-log.key"];
    let done = json!({
        "file": file, "rows": rows, "hash": hash, "bytes": bytes, "in_audit_log": noted.is_ok(),
        "not_in_it": not_in_it,
    });
    let text = format!(
        "The books are in {}: {rows} rows, checked and read back; the last one's hash is {hash}.\nNot in it, keep copies apart: {}. The last is the secret key of the audit log.",
        out.display(),
        not_in_it.join(", ")
    );
    desk.print(&done, &text);
    Ok(())
}

/// The file, made for its owner alone if it is not there: the books are nobody else's business.
fn private_file(file: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    made.map(drop).with_context(|| format!("Cannot write {}.", file.display()))
}

/// Makes the books from a backup.
pub(super) fn restore(desk: &Desk, backup: &Path) -> Result<()> {
    let directory = &desk.directory;
    let (store, ledger) = (directory.journal()?, directory.ledger());
    if !backup.is_file() {
        bail!("There is no file {}.", backup.display());
    }
    if !directory.is_one() {
        bail!(
            "{} is no operator's directory. Copy the old one there without its ledger/ first, or make one with `thinpay init` and take its ledger/ away.",
            directory.root().display()
        );
    }
    if directory.has_journal() {
        bail!(
            "{} holds books already, and they are not touched. Move that folder away first.",
            ledger.display()
        );
    }
    let progress = Progress::new("restore");
    let Backup { rows, hash } =
        Accounts::restore(backup, &ledger, &store, |done, of| progress.tell(done, of))
            .with_context(|| format!("The books were not made from {}.", backup.display()))?;
    // Tables that followed the lost journal do not follow this one.
    Accounts::discard_projections(&ledger)?;
    let verified = open_and_verify(desk)?;
    let mut done = summary(&verified);
    if let Some(done) = done.as_object_mut() {
        done.insert("restored_rows".to_owned(), json!(rows));
        done.insert("hash".to_owned(), json!(hex(&hash)));
    }
    let text = format!(
        "The books are restored: {rows} rows. Accounts and histories were made from them and agree with the book: {} accounts, {} open holds.",
        verified.accounts, verified.holds
    );
    desk.print(&done, &text);
    Ok(())
}

/// Makes the projections anew.
pub(super) fn rebuild(desk: &Desk) -> Result<()> {
    let directory = &desk.directory;
    if !directory.is_one() {
        bail!("{} is no operator's directory: give --dir DIR.", directory.root().display());
    }
    Accounts::discard_projections(&directory.ledger())
        .context("Nothing was thrown away. Stop the server first, then ask again.")?;
    let verified = open_and_verify(desk)?;
    let noted = desk.ask(&Area(Request::Rebuilt { rows: verified.rows }));
    let mut done = summary(&verified);
    if let Some(done) = done.as_object_mut() {
        done.insert("in_audit_log".to_owned(), json!(noted.is_ok()));
    }
    let text = format!(
        "The tables were thrown away and made anew from {} rows of the journal; the balances of {} accounts and {} open holds agree with the book.",
        verified.rows, verified.accounts, verified.holds
    );
    desk.print(&done, &text);
    Ok(())
}

/// Opens the books, which makes what is missing, and compares all of it.
fn open_and_verify(desk: &Desk) -> Result<Verified> {
    let mut options = desk.directory.accounts_options()?;
    // Told by whichever thread opens the book, one at a time.
    let progress = Mutex::new(Progress::new("rebuild"));
    options.progress = Some(Arc::new(move |done, of| {
        progress.lock().unwrap_or_else(PoisonError::into_inner).tell(done, of);
    }));
    let accounts = Accounts::open(options).context("The account platform cannot be opened.")?;
    let verified = desk.runtime.block_on(async {
        let verified = async {
            accounts.settled().await?;
            accounts.verify().await
        };
        let verified = verified.await;
        accounts.close().await;
        verified
    });
    verified.context("What was made does not agree with the book.")
}

fn summary(verified: &Verified) -> Value {
    let turnover: Vec<Value> = verified
        .turnover
        .iter()
        .map(|(currency, units)| json!({ "currency": currency, "minor_units": units.to_string() }))
        .collect();
    json!({
        "rows": verified.rows,
        "accounts": verified.accounts,
        "open_holds": verified.holds,
        "turnover": turnover,
        "balances_agree": true,
    })
}
