//! The log's verification against real files that somebody has edited by SQL.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a wrong index fails the test")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use audit::{LogKey, SignedTreeHead};
use ledger::Timestamp;
use money::{Currency, Money};
use p256::ecdsa::SigningKey;
use rusqlite::Connection;

use super::{LogCheck, LogReport, What};
use crate::journal::CHAIN_START;
use crate::store::{End, NewRow, StoreChoice};
use crate::{AccountId, Accounts, HolderId, Kind, NewAccount, Operation, Options, Payment};

const PAYMENTS: u64 = 12;

fn log_key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).expect("a key")
}

fn key(number: u64) -> [u8; 16] {
    let mut key = [7; 16];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// Opens the book in this folder. Its clock begins at a moment that is later with each start.
fn open(folder: &Path, start: u64) -> Accounts {
    let clock = AtomicU64::new((1_760_000_000 + start) * 1_000_000_000);
    let mut options =
        Options::new(folder, Arc::new(move || Timestamp(clock.fetch_add(1000, Ordering::SeqCst))));
    options.log_key = Some(Arc::new(log_key()));
    Accounts::open(options).expect("opens")
}

async fn open_account(accounts: &Accounts, number: u64, kind: Kind) -> AccountId {
    let holder = HolderId(format!("holder{number}"));
    let name = format!("account {number}");
    let new = NewAccount { key: key(1 << 32 | number), holder, kind, name, currency: Currency::CNY };
    accounts.open_account(new).await.expect("opens")
}

async fn pay(accounts: &Accounts, number: u64, units: i64) {
    let amount = Money::new(units, Currency::CNY);
    let payment = Payment {
        memo: format!("coffee number {number:04}"),
        ..Payment::new(key(number), Operation::TopUp, AccountId(1), AccountId(2), amount)
    };
    accounts.post(payment).await.expect("posts");
}

/// A book of single payments, a row each, with a head after the fourth and one after the eighth.
async fn book(folder: &Path) -> Vec<SignedTreeHead> {
    let accounts = open(folder, 0);
    open_account(&accounts, 1, Kind::Settlement).await;
    open_account(&accounts, 2, Kind::Customer).await;
    let mut heads = Vec::new();
    for number in 0..PAYMENTS {
        pay(&accounts, number, 100).await;
        if number == 4 || number == 8 {
            heads.push(accounts.sign_head().await.expect("signs"));
        }
    }
    accounts.close().await;
    heads
}

fn check(folder: &Path, kept: &[SignedTreeHead]) -> LogReport {
    let check =
        LogCheck { operator_key: Some(LogKey::of(&log_key())), trusted_key: None, kept_heads: kept.to_vec() };
    Accounts::verify_closed_log(folder, &StoreChoice::Sqlite, &check, |_, _| {}).expect("reads")
}

fn journal(folder: &Path) -> Connection {
    Connection::open(folder.join("journal.sqlite")).expect("opens")
}

fn projections(folder: &Path) -> Connection {
    Connection::open(folder.join("projections.sqlite")).expect("opens")
}

/// The rows of the journal: moment and batch.
fn rows(folder: &Path) -> Vec<(i64, Vec<u8>)> {
    let connection = journal(folder);
    let mut statement = connection.prepare("SELECT at, batch FROM journal ORDER BY sequence").expect("reads");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("reads");
    rows.collect::<Result<_, _>>().expect("reads")
}

/// Puts other rows in place of the journal's, with a chain of hashes that is right.
fn rechain(folder: &Path, rows: &[(i64, Vec<u8>)]) {
    let connection = journal(folder);
    connection.execute("DELETE FROM journal", []).expect("deletes");
    let mut end = End { hash: CHAIN_START, ..End::START };
    for (at, batch) in rows {
        let at = Timestamp(u64::try_from(*at).expect("since 1970"));
        let row = NewRow::after(&end, at, batch);
        connection
            .execute(
                "INSERT INTO journal (sequence, previous, hash, at, batch) VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    i64::try_from(row.sequence).expect("few"),
                    row.previous,
                    row.hash,
                    i64::try_from(at.0).expect("now"),
                    batch,
                ),
            )
            .expect("inserts");
        end = End { sequence: row.sequence, hash: row.hash, at };
    }
}

/// Which row has the payment with this memo, from 0.
fn row_of(rows: &[(i64, Vec<u8>)], number: u64) -> usize {
    let memo = format!("coffee number {number:04}");
    let has = |batch: &[u8]| batch.windows(memo.len()).any(|window| window == memo.as_bytes());
    rows.iter().position(|(_, batch)| has(batch)).expect("is there")
}

fn edit_memo(batch: &mut [u8]) {
    let place = batch.windows(6).position(|window| window == b"coffee").expect("is there");
    batch[place] = b'k';
}

fn only(report: &LogReport, what: What) -> Vec<&super::Finding> {
    report.findings.iter().filter(|finding| finding.what == what).collect()
}

fn records_named(report: &LogReport) -> usize {
    [What::Edited, What::Deleted, What::Added, What::Moved].map(|what| only(report, what).len()).iter().sum()
}

/// Throws the projections away and lets a start make them from the journal as it is now.
async fn remake(folder: &Path) {
    Accounts::discard_projections(folder).expect("discards");
    open(folder, 500).close().await;
}

#[tokio::test]
async fn an_untouched_log_is_sound_also_beside_posting() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = book(folder.path()).await;
    let report = check(folder.path(), &heads);
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.records, report.logged, report.heads), (16, 16, 2));
    assert_eq!(report.proven, heads[1].head.size);
    assert!(report.book.is_some());

    let accounts = open(folder.path(), 1000);
    let (done, verified) = tokio::join!(
        async {
            for number in 100..140 {
                pay(&accounts, number, 1).await;
            }
        },
        accounts.verify_log(LogCheck { kept_heads: heads, ..LogCheck::default() }, |_, _| {})
    );
    let ((), report) = (done, verified.expect("reads"));
    assert!(report.is_sound(), "{:?}", report.findings);
    accounts.close().await;
}

#[tokio::test]
async fn one_byte_of_a_memo_is_found_with_and_without_the_chain_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = book(folder.path()).await;
    let mut edited = rows(folder.path());
    let row = row_of(&edited, 6);
    edit_memo(&mut edited[row].1);
    let sequence = u64::try_from(row + 1).expect("few");
    journal(folder.path())
        .execute(
            "UPDATE journal SET batch = ?1 WHERE sequence = ?2",
            (&edited[row].1, i64::try_from(row + 1).expect("few")),
        )
        .expect("edits");
    for again in [false, true] {
        if again {
            rechain(folder.path(), &edited);
        }
        let report = check(folder.path(), &[]);
        let [finding] = only(&report, What::Edited)[..] else { panic!("{:?}", report.findings) };
        assert_eq!(finding.row, Some(sequence));
        assert_eq!(finding.entry, Some("top-up"));
        assert_eq!(finding.after_head, Some(heads[0].head.size));
        assert_eq!(finding.before_head, Some(heads[1].head.size));
        assert_eq!(finding.record, Some(sequence - 1));
        // Two accounts and one head came before it.
        assert_eq!(finding.number.map(|number| number.0), Some(10));
        assert_eq!(records_named(&report), 1, "{:?}", report.findings);
        assert_eq!(only(&report, What::Chain).is_empty(), again);
        assert!(report.book.is_none());
        assert_eq!(report.proven, heads[0].head.size);
    }
}

#[tokio::test]
async fn a_record_that_does_not_read_any_more_was_edited() {
    let folder = tempfile::tempdir().expect("a folder");
    book(folder.path()).await;
    let mut edited = rows(folder.path());
    let row = row_of(&edited, 6);
    edited[row].1.truncate(40);
    rechain(folder.path(), &edited);
    let report = check(folder.path(), &[]);
    let [finding] = only(&report, What::Edited)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.row, Some(u64::try_from(row + 1).expect("few")));
    assert_eq!(only(&report, What::Unreadable).len(), 1);
    assert_eq!(records_named(&report), 1, "{:?}", report.findings);
}

#[tokio::test]
async fn a_deleted_row_is_named_though_the_rest_was_chained_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    book(folder.path()).await;
    let mut cut = rows(folder.path());
    let row = row_of(&cut, 2);
    cut.remove(row);
    rechain(folder.path(), &cut);
    let report = check(folder.path(), &[]);
    let [finding] = only(&report, What::Deleted)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.record, Some(u64::try_from(row).expect("few")));
    assert_eq!(finding.row, Some(u64::try_from(row + 1).expect("few")));
    assert_eq!(finding.number.map(|number| number.0), Some(5));
    assert_eq!(finding.after_head, None);
    assert_eq!(records_named(&report), 1, "{:?}", report.findings);
}

#[tokio::test]
async fn two_swapped_rows_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    book(folder.path()).await;
    let mut swapped = rows(folder.path());
    let (first, second) = (row_of(&swapped, 3), row_of(&swapped, 9));
    swapped.swap(first, second);
    rechain(folder.path(), &swapped);
    let report = check(folder.path(), &[]);
    let moved: Vec<Option<u64>> = only(&report, What::Moved).iter().map(|finding| finding.record).collect();
    let expected: Vec<_> = [first, second].map(|row| u64::try_from(row).ok()).to_vec();
    assert_eq!(moved, expected, "{:?}", report.findings);
    assert_eq!(records_named(&report), 2, "{:?}", report.findings);
}

#[tokio::test]
async fn an_inserted_row_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    book(folder.path()).await;
    let mut more = rows(folder.path());
    let row = row_of(&more, 5);
    let (at, mut batch) = more[row].clone();
    edit_memo(&mut batch);
    more.insert(row, (at - 1, batch));
    rechain(folder.path(), &more);
    let report = check(folder.path(), &[]);
    let [finding] = only(&report, What::Added)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.row, Some(u64::try_from(row + 1).expect("few")));
    assert_eq!(records_named(&report), 1, "{:?}", report.findings);
}

#[tokio::test]
async fn rows_cut_off_are_found_by_the_tree_or_by_a_head_kept_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = book(folder.path()).await;
    let mut cut = rows(folder.path());
    let removed = cut.split_off(row_of(&cut, 7)).len();
    rechain(folder.path(), &cut);
    let report = check(folder.path(), &[]);
    assert_eq!(only(&report, What::Deleted).len(), removed, "{:?}", report.findings);

    // Whoever removes the projections too leaves no trace here.
    remake(folder.path()).await;
    assert!(check(folder.path(), &[]).is_sound());
    let report = check(folder.path(), &heads[1..]);
    let [finding] = only(&report, What::Rewritten)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.before_head, Some(heads[1].head.size));
}

#[tokio::test]
async fn a_tree_made_anew_does_not_agree_with_the_heads() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = book(folder.path()).await;
    let mut edited = rows(folder.path());
    let row = row_of(&edited, 6);
    edit_memo(&mut edited[row].1);
    rechain(folder.path(), &edited);
    remake(folder.path()).await;
    let report = check(folder.path(), &[]);
    let [finding] = only(&report, What::Rewritten)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.after_head, Some(heads[0].head.size));
    assert_eq!(finding.before_head, Some(heads[1].head.size));
    assert_eq!(report.proven, heads[0].head.size);
}

#[tokio::test]
async fn an_edited_tree_is_told_apart_from_an_edited_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let accounts = open(folder.path(), 0);
    open_account(&accounts, 1, Kind::Settlement).await;
    open_account(&accounts, 2, Kind::Customer).await;
    let amount = Money::new(1, Currency::CNY);
    let payments = (0..600)
        .map(|number| Payment::new(key(number), Operation::TopUp, AccountId(1), AccountId(2), amount))
        .collect();
    for posted in accounts.bulk(payments).await.expect("posts") {
        posted.expect("posts");
    }
    accounts.sign_head().await.expect("signs");
    accounts.close().await;
    assert!(check(folder.path(), &[]).is_sound());

    let edit = |level: u8, tile: u8| {
        let connection = projections(folder.path());
        let of = (level, tile);
        let mut bytes: Vec<u8> = connection
            .query_row("SELECT hashes FROM tiles WHERE level = ?1 AND tile = ?2", of, |row| row.get(0))
            .expect("is there");
        bytes[40] ^= 1;
        connection
            .execute("UPDATE tiles SET hashes = ?3 WHERE level = ?1 AND tile = ?2", (level, tile, bytes))
            .expect("edits");
    };
    edit(1, 0);
    let report = check(folder.path(), &[]);
    assert_eq!(only(&report, What::Tree).len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings.len(), 1);
    edit(1, 0);
    edit(0, 1);
    let report = check(folder.path(), &[]);
    let [finding] = only(&report, What::Tree)[..] else { panic!("{:?}", report.findings) };
    assert_eq!(finding.record, Some(257));
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert!(report.book.is_some());
}

#[tokio::test]
async fn an_edited_head_and_another_key_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let heads = book(folder.path()).await;
    let mut forged = heads[0].to_bytes();
    *forged.last_mut().expect("bytes") ^= 1;
    let size = i64::try_from(heads[0].head.size).expect("few");
    projections(folder.path())
        .execute("UPDATE heads SET bytes = ?1 WHERE size = ?2", (forged, size))
        .expect("edits");
    let report = check(folder.path(), &[]);
    assert!(!only(&report, What::Head).is_empty(), "{:?}", report.findings);
    assert_eq!(report.heads, 1);

    let other = LogKey::of(&SigningKey::from_slice(&[8; 32]).expect("a key"));
    let check = |operator, trusted| {
        let check = LogCheck { operator_key: operator, trusted_key: trusted, kept_heads: heads.clone() };
        Accounts::verify_closed_log(folder.path(), &StoreChoice::Sqlite, &check, |_, _| {}).expect("reads")
    };
    // The operator's key was replaced: nothing that was signed is under it.
    assert!(!only(&check(Some(other), None), What::Key).is_empty());
    // An auditor who knows the right key sees that, and what the right heads say.
    let report = check(Some(other), Some(LogKey::of(&log_key())));
    assert_eq!(only(&report, What::Key).len(), 1, "{:?}", report.findings);
    assert_eq!(report.proven, heads[1].head.size);
}

fn edit(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("projections.sqlite")).expect("opens");
    assert!(connection.execute(sql, []).expect("edits") > 0, "{sql} changes something");
}

#[tokio::test]
async fn tables_that_were_changed_behind_the_back_are_named() {
    let edits = [
        ("UPDATE accounts SET holder = 'mallory' WHERE id = 2", "accounts was changed: row 2"),
        ("UPDATE payments SET amount = 40100 WHERE number = 5", "payments was changed: row 5"),
        ("DELETE FROM payments WHERE number = 6", "payments has lost a row: row 6"),
        (
            "INSERT INTO acts SELECT 999, 1, at, 'ada', 'cut-off', 'x', '', zeroblob(16) FROM rows LIMIT 1",
            "acts has a row too many: row 999",
        ),
    ];
    for (sql, expected) in edits {
        let folder = tempfile::tempdir().expect("a folder");
        book(folder.path()).await;
        edit(folder.path(), sql);
        let check = LogCheck { operator_key: Some(LogKey::of(&log_key())), ..LogCheck::default() };
        let report = Accounts::verify_closed_log(folder.path(), &StoreChoice::Sqlite, &check, |_, _| ())
            .expect("reads");
        let told: Vec<&str> = report.findings.iter().map(|finding| finding.detail.as_str()).collect();
        assert!(told.iter().any(|told| told.contains(expected)), "{sql}: {told:?}");
    }
}

#[tokio::test]
async fn a_refund_of_what_was_not_paid_is_found_in_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    book(folder.path()).await;
    let accounts = open(folder.path(), 1000);
    // Payment 4 is the second top-up: of 100, and the tables are made to say 400.
    let original = accounts.history(AccountId(2), None, 100).await.expect("reads").entries[8].payment;
    accounts.close().await;
    let sql = format!("UPDATE payments SET amount = 400 WHERE number = {}", original.sql());
    edit(folder.path(), &sql);
    let accounts = open(folder.path(), 2000);
    let refund = crate::Refund {
        key: key(1 << 40),
        original,
        amount: Money::new(400, Currency::CNY),
        memo: String::new(),
        reference: String::new(),
        evidence: Vec::new(),
    };
    accounts.refund(refund).await.expect("the writer believes the tables");
    accounts.close().await;
    // Also when the tables have been made anew since, from a journal that says so.
    Accounts::discard_projections(folder.path()).expect("discards");
    open(folder.path(), 3000).close().await;
    let check = LogCheck { operator_key: Some(LogKey::of(&log_key())), ..LogCheck::default() };
    let report =
        Accounts::verify_closed_log(folder.path(), &StoreChoice::Sqlite, &check, |_, _| ()).expect("reads");
    let told: Vec<&str> = report.findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert!(told.iter().any(|told| told.contains("did not move")), "{told:?}");
}
