//! The verification of the audit log: every row of the journal as it stands, every record in it against the
//! stored tree, the tree against every signed head, and beside it the replay of the book.
//!
//! It goes on when the chain of hashes is broken, and is not satisfied when somebody has made the chain anew. It
//! reads in transactions of its own, so posting goes on meanwhile. Memory: a second book, as for any replay; 150
//! bytes a signed head; the row at hand; and some hundred bytes for each record that is not as it was logged, of
//! which 262,144 at most are told apart.

use audit::{Change, HeadsFault, SignedTreeHead};
use ledger::Limits;
use rusqlite::Connection;

use super::Replaying;
use super::align::{Aligner, Found};
use super::differences::{Differences, Named};
use super::logged::{Known, Logged};
use super::report::{Finding, LogCheck, LogReport, What};
use super::tree::TreeCheck;
use crate::entry::{Entry, Recorded, decode_batch};
use crate::projection::record;
use crate::queries;
use crate::recovery::Files;
use crate::store::{Chain, End, StoredRow};
use crate::writer::Copy;
use crate::{Error, PaymentId};

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 1024;

/// Verifies the log and the book; `copy` is the book in memory, if it is open. `progress` is told how many rows
/// are done, of how many, about.
pub(crate) fn verify_log(
    files: &Files,
    copy: Option<&Copy>,
    limits: Limits,
    check: &LogCheck,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<LogReport, Error> {
    let connection = queries::connect(&files.projections())?;
    // One transaction, so that all tables are of one moment.
    connection.execute_batch("BEGIN")?;
    let mut report = LogReport {
        rows: 0,
        records: 0,
        logged: 0,
        heads: 0,
        proven: 0,
        findings: Vec::new(),
        findings_more: 0,
        book: None,
    };
    let heads = heads(&connection, check, &mut report)?;
    let mut logged = Logged::new(&connection)?;
    report.logged = logged.records;
    report.heads = u64::try_from(heads.len()).unwrap_or(u64::MAX);

    let mut store = files.journal().open_to_read()?;
    let of = store.end().ok().flatten().map_or(0, |end| end.sequence);
    let mut pass = Pass {
        replaying: Some(Replaying::new(&connection, copy, limits)?.with_tables()?),
        chain: Chain::after(End::START),
        aligner: Aligner::new(),
        differences: Differences::default(),
        tree: TreeCheck::new(&heads),
        kept: Kept { heads: &heads, met: 0 },
        report,
    };
    let read = store.read(0, u64::MAX, &mut |row| {
        let rows = pass.report.rows;
        if rows.is_multiple_of(PROGRESS_ROWS) {
            progress(rows, of.max(rows));
        }
        pass.row(row, &mut logged)
    });
    if let Err(error) = read {
        pass.replaying = None;
        pass.report.add(Finding::new(What::Unreadable, sentence(&error)));
    }
    let rows = pass.report.rows;
    progress(rows, rows);
    let report = pass.finish(&mut logged, check)?;
    Ok(report)
}

/// The signed heads of the book and those kept elsewhere, the smallest first; those that prove nothing are
/// findings.
fn heads(
    connection: &Connection,
    check: &LogCheck,
    report: &mut LogReport,
) -> Result<Vec<SignedTreeHead>, Error> {
    let key = check.trusted_key.or(check.operator_key);
    if let (Some(trusted), Some(operator)) = (check.trusted_key, check.operator_key)
        && trusted != operator
    {
        let detail = "The key that the operator signs with is not the log's key: it was replaced.";
        report.add(Finding::new(What::Key, detail));
    }
    let mut heads = Vec::new();
    let mut others = 0_u64;
    let mut accept = |signed: SignedTreeHead, whose: &str, report: &mut LogReport| {
        let Some(key) = &key else { return };
        match signed.verify(key) {
            Ok(()) => heads.push(signed),
            Err(audit::HeadError::AnotherLog) => others = others.saturating_add(1),
            Err(error) => {
                let size = signed.head.size;
                let detail = format!("The {whose} head over {size} records proves nothing: {error}.");
                report.add(Finding { before_head: Some(size), ..Finding::new(What::Head, detail) });
            }
        }
    };
    let mut statement = connection.prepare("SELECT size, bytes FROM heads ORDER BY size")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (size, bytes): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        match SignedTreeHead::parse(&bytes) {
            Ok(signed) => accept(signed, "stored", report),
            Err(error) => {
                let detail = format!("The stored head over {size} records does not read: {error}.");
                report.add(Finding::new(What::Head, detail));
            }
        }
    }
    for signed in &check.kept_heads {
        accept(*signed, "kept", report);
    }
    if others > 0 {
        let detail = format!(
            "{others} signed heads are of another log than the key's: the key was replaced, or the heads were."
        );
        report.add(Finding::new(What::Key, detail));
    }
    heads.sort_by_key(|signed| (signed.head.size, signed.head.at));
    heads.dedup();
    Ok(heads)
}

/// The journal on its way through all checks.
struct Pass<'a> {
    /// None once something was wrong: a replay of a changed journal says no more.
    replaying: Option<Replaying<'a>>,
    chain: Chain,
    aligner: Aligner,
    differences: Differences,
    tree: TreeCheck<'a>,
    kept: Kept<'a>,
    report: LogReport,
}

/// The heads that the tables have, as they are met in the journal.
struct Kept<'a> {
    heads: &'a [SignedTreeHead],
    met: u64,
}

impl Pass<'_> {
    fn row(&mut self, row: StoredRow, logged: &mut Logged<'_>) -> Result<(), Error> {
        let (sequence, hash, at) = (row.sequence, row.hash, row.at);
        self.report.rows = self.report.rows.saturating_add(1);
        let batch = row.batch.clone();
        let followed = self.chain.accept(row);
        let replay = match followed {
            Ok(row) => self.replay(row),
            Err(error) => {
                self.broken(What::Chain, sequence, &error);
                // What follows is to follow this one, as it stands.
                self.chain = Chain::after(End { sequence, hash, at });
                None
            }
        };
        let (entries, outcomes) = match replay {
            Some((entries, outcomes)) => (entries, outcomes),
            None => match decode_batch(sequence, &batch) {
                Some(entries) => (entries, Vec::new()),
                None => {
                    let detail = format!("Row {sequence} does not read as records of a known version.");
                    let finding = Finding::new(What::Unreadable, detail);
                    self.report.add(Finding { row: Some(sequence), ..finding });
                    (Vec::new(), Vec::new())
                }
            },
        };
        let mut outcomes = outcomes.into_iter();
        let found: Vec<Found> =
            entries.iter().map(|recorded| Found::new(recorded, outcomes.next())).collect();
        let aligned = self.aligner.row((sequence, at.0, &batch), &found, logged)?;
        // Beyond what the projections have followed, only what was logged before belongs to the log.
        let compared = sequence <= logged.sequence || aligned.iter().any(|aligned| aligned.logged.is_some());
        for (aligned, found) in aligned.iter().zip(&found) {
            self.report.records = self.report.records.saturating_add(1);
            if compared {
                self.differences.push(aligned, sequence, found.word);
            }
            let beside = self.differences.is_none().then_some(&*logged).filter(|_| compared);
            self.tree.push(aligned.leaf, beside);
        }
        if compared {
            for recorded in &entries {
                self.kept.meet(&recorded.entry);
            }
        }
        Ok(())
    }

    /// What the replay says of a row: entries, numbers and outcomes.
    #[expect(clippy::type_complexity, reason = "a pair of lists, used once")]
    fn replay(&mut self, row: crate::journal::Row) -> Option<(Vec<Recorded>, Vec<(u64, audit::Outcome)>)> {
        let sequence = row.sequence;
        let replaying = self.replaying.as_mut().filter(|replaying| sequence <= replaying.until)?;
        match replaying.row(row) {
            Ok(projected) => {
                let outcomes = (0..projected.entries.len())
                    .filter_map(|place| record(&projected, place))
                    .map(|record| (record.number, record.outcome))
                    .collect();
                Some((projected.entries, outcomes))
            }
            Err(error) => {
                self.broken(What::Book, sequence, &error);
                None
            }
        }
    }

    fn broken(&mut self, what: What, row: u64, error: &Error) {
        self.replaying = None;
        self.report.add(Finding { row: Some(row), ..Finding::new(what, sentence(error)) });
    }

    fn finish(mut self, logged: &mut Logged<'_>, check: &LogCheck) -> Result<LogReport, Error> {
        let same = self.differences.is_none();
        self.tree.finish(same.then_some(&*logged));
        if let Some(replaying) = self.replaying.take() {
            match replaying.finish() {
                Ok(verified) => self.report.book = Some(verified),
                Err(error) => self.report.add(Finding::new(What::Book, sentence(&error))),
            }
        }
        let named = self.differences.finish(logged);
        self.report.findings_more = self.report.findings_more.saturating_add(self.differences.more);
        self.report.proven = self.tree.proven;
        let mut stored = None;
        if named.is_empty() && self.differences.more == 0 {
            if let Some((level, index)) = self.tree.tile {
                let detail = format!(
                    "Tile {index} of level {level} of the stored tree is not the one over its records: the projections were changed; rebuild them from the journal."
                );
                self.report.add(Finding::new(What::Tree, detail));
            }
        } else {
            let mut tree = TreeCheck::new(self.tree_heads());
            let mut whole = true;
            for record in 0..logged.records {
                match logged.leaf(record) {
                    Some(leaf) => tree.push(leaf, None),
                    None => whole = false,
                }
            }
            tree.finish(None);
            stored = Some((tree.fault.is_none() && whole, tree.proven));
        }
        // The tree is not what was signed, the journal is: nobody touched the records.
        let only_tree = stored.is_some_and(|(sound, _)| !sound) && self.tree.fault.is_none();
        for named in named {
            let finding = self.finding(&named, only_tree, logged)?;
            self.report.add(finding);
        }
        let rewritten = stored.is_none_or(|(sound, _)| !sound);
        if let Some(fault) = self.tree.fault.filter(|_| rewritten) {
            self.rewritten(&fault);
        }
        self.kept.finish(check, &mut self.report);
        Ok(self.report)
    }

    fn tree_heads(&self) -> &[SignedTreeHead] {
        self.kept.heads
    }

    /// Whether a row was met that does not read.
    fn unreadable(&self, row: u64) -> bool {
        let of_row = |finding: &&Finding| finding.row == Some(row) && finding.record.is_none();
        self.report.findings.iter().filter(of_row).any(|finding| finding.what == What::Unreadable)
    }

    /// A change in words.
    fn finding(&self, named: &Named, only_tree: bool, logged: &mut Logged<'_>) -> Result<Finding, Error> {
        let record = named.change.index();
        let known = match named.change {
            Change::Added { .. } => Known::default(),
            _ => logged.known(record)?,
        };
        let number = known.number.or_else(|| match named.change {
            Change::Edited { .. } => named.strange.map(|strange| PaymentId(strange.number)),
            _ => None,
        });
        let entry = named.strange.map(|strange| strange.word);
        let who = number.map_or_else(String::new, |number| format!(", number {number}"));
        let kind = entry.map_or_else(String::new, |word| format!(" ({word})"));
        let place = |row: Option<u64>| row.map_or_else(String::new, |row| format!(" in row {row}"));
        let (was, now) = (place(known.row), place(named.row));
        let (what, row, detail) = match named.change {
            _ if only_tree => {
                let row = named.row.or(known.row);
                let detail = format!(
                    "The stored tree does not have record {record}{who} as the journal and the signed heads have it: the projections were changed; rebuild them from the journal."
                );
                (What::Tree, row, detail)
            }
            Change::Edited { .. } => {
                let detail = format!("Record {record}{who}{kind}, now{now}, was edited.");
                (What::Edited, named.row, detail)
            }
            Change::Deleted { .. } if known.row.is_some_and(|row| self.unreadable(row)) => {
                let detail = format!("Record {record}{who}{was} was edited and does not read any more.");
                (What::Edited, known.row, detail)
            }
            Change::Deleted { .. } => {
                let detail = format!("Record {record}{who}, which was{was}, was deleted.");
                (What::Deleted, known.row, detail)
            }
            Change::Added { .. } => {
                let detail =
                    format!("A record that was never logged{kind}{now} was added before record {record}.");
                (What::Added, named.row, detail)
            }
            Change::Moved { .. } => {
                let detail = format!("Record {record}{who}, which was{was}, was moved and is now{now}.");
                (What::Moved, named.row, detail.replace(" and is now.", "."))
            }
        };
        let heads = self.kept.heads;
        let later = heads.partition_point(|signed| signed.head.size <= record);
        let size = |at: Option<usize>| at.and_then(|at| heads.get(at)).map(|signed| signed.head.size);
        let finding = Finding::new(what, detail);
        Ok(Finding {
            record: Some(record),
            row,
            number,
            entry,
            after_head: size(later.checked_sub(1)),
            before_head: size(Some(later)),
            ..finding
        })
    }

    /// The records are not those that were signed, and the tree agrees with the records.
    fn rewritten(&mut self, fault: &HeadsFault) {
        let finding = match *fault {
            HeadsFault::Changed { unproven, last } => {
                let before = last.saturating_add(1);
                let detail = format!(
                    "Records {unproven} to {last} are not those that the operator signed, and the stored tree was made anew with them: the head over {before} records is not that of the journal. One of them was edited, deleted, added or moved."
                );
                Finding {
                    record: Some(unproven),
                    after_head: (unproven > 0).then_some(unproven),
                    before_head: Some(before),
                    ..Finding::new(What::Rewritten, detail)
                }
            }
            HeadsFault::Shorter { records, size } => {
                let detail = format!(
                    "A head was signed over {size} records and the journal has only {records}: the last {} were deleted.",
                    size.saturating_sub(records)
                );
                Finding {
                    record: Some(records),
                    before_head: Some(size),
                    ..Finding::new(What::Rewritten, detail)
                }
            }
            other => Finding::new(What::Head, format!("{other}.")),
        };
        self.report.add(finding);
    }
}

impl Kept<'_> {
    fn meet(&mut self, entry: &Entry) {
        let Entry::Head { bytes, .. } = entry else { return };
        let Ok(signed) = SignedTreeHead::parse(bytes) else { return };
        let first = self.heads.partition_point(|kept| kept.head.size < signed.head.size);
        let same = self.heads.iter().skip(first).take_while(|kept| kept.head.size == signed.head.size);
        if !same.into_iter().any(|kept| *kept == signed) {
            self.met = self.met.saturating_add(1);
        }
    }

    /// Heads in the journal that the tables have not got, and that therefore compared nothing.
    fn finish(&self, check: &LogCheck, report: &mut LogReport) {
        if self.met > 0 && (check.operator_key.is_some() || check.trusted_key.is_some()) {
            let detail = format!(
                "{} signed heads of the journal are not in the projections, or prove nothing: rebuild the projections and verify again.",
                self.met
            );
            report.add(Finding::new(What::Head, detail));
        }
    }
}

/// An error's words as a sentence about what was found, without advice for another situation.
fn sentence(error: &Error) -> String {
    match error {
        Error::Damaged(what) => format!("The journal is damaged: {what}."),
        other => {
            let mut text = other.to_string();
            if let Some(first) = text.get(..1).map(str::to_uppercase) {
                text.replace_range(..1, &first);
            }
            format!("{}.", text.trim_end_matches('.'))
        }
    }
}
