//! Settlement: files given out, and what the bank says became of them.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{Act, Consent, DETAIL_BYTES_MAX, Operation, Payment, PaymentId};
use anyhow::{Context as _, Result, bail};
use clearing::iso20022::{BankEntry, read_camt054};
use clearing::{Clearing, Day, Discrepancy, Instruction, confirm};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::block_in_place;

use super::log::{self, CompleteDetail, Export, ExportDetail, Log, RefusedDetail};
use super::{day, derived_key, files};
use crate::admin::actor::{Actor, hex};
use crate::admin::note;
use crate::directory::Books;

/// What has become of instructions.
#[derive(Debug, Default)]
pub(super) struct States {
    posted: BTreeMap<String, PaymentId>,
    refused: BTreeMap<String, RefusedDetail>,
    given_out: bool,
}

impl States {
    /// The states of a clearing's instructions.
    pub(super) async fn of(books: &Books, log: &Log, clearing: &Clearing) -> Result<Self> {
        let given_out = log.export(clearing.day).is_some_and(|export| export.detail.cycle == clearing.cycle);
        let ids: Vec<String> = clearing.instructions.iter().map(|one| one.id.clone()).collect();
        let of_clearing: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let refused = log
            .refused
            .iter()
            .filter(|refused| of_clearing.contains(refused.instruction.as_str()))
            .map(|refused| (refused.instruction.clone(), refused.detail.clone()))
            .collect();
        let posted = books.services.accounts.settlements(ids).await?;
        Ok(Self { posted, refused, given_out })
    }

    /// `not-given-out`, `open`, `confirmed` or `refused`.
    fn word(&self, id: &str) -> &'static str {
        if self.posted.contains_key(id) {
            "confirmed"
        } else if self.refused.contains_key(id) {
            "refused"
        } else if self.given_out {
            "open"
        } else {
            "not-given-out"
        }
    }

    /// An instruction with its state.
    pub(super) fn instruction(&self, clearing: &Clearing, one: &Instruction) -> Value {
        json!({
            "instruction": one.id,
            "day": clearing.day,
            "cycle": clearing.cycle,
            "settlement_day": clearing.settlement_day,
            "debtor": one.debtor,
            "creditor": one.creditor,
            "amount": one.amount,
            "debtor_ledger_account": one.debtor_ledger_account,
            "creditor_ledger_account": one.creditor_ledger_account,
            "state": self.word(&one.id),
            "payment": self.posted.get(&one.id).map(ToString::to_string),
            "reason": self.refused.get(&one.id).map(|refused| refused.reason.clone()),
        })
    }

    /// How many are confirmed and refused; nothing while one is open.
    fn complete(&self, clearing: &Clearing) -> Option<CompleteDetail> {
        let count =
            |word: &str| clearing.instructions.iter().filter(|one| self.word(&one.id) == word).count();
        let (confirmed, refused) = (count("confirmed"), count("refused"));
        (confirmed.saturating_add(refused) == clearing.instructions.len()).then(|| CompleteDetail {
            cycle: clearing.cycle,
            confirmed: u64::try_from(confirmed).unwrap_or(u64::MAX),
            refused: u64::try_from(refused).unwrap_or(u64::MAX),
        })
    }
}

/// Gives a day's files out, or the same ones again.
pub(super) async fn export(books: &Books, actor: &Actor, of: Day, new_cycle: bool) -> Result<Value> {
    let log = Log::read(&books.services.accounts).await?;
    let given_out = log.export(of).filter(|_| !new_cycle).map(|export| export.detail.digest.clone());
    let cleared = day::clear(books, &log, of, new_cycle).await?;
    let clearing = &cleared.clearing;
    if new_cycle {
        may_be_cleared_anew(books, &log, of).await?;
    }
    if let Some(earlier) = cleared.earlier_open.filter(|_| given_out.is_none()) {
        bail!(
            "{earlier} comes first: what it leaves unsettled goes into {of}. thinpay settlement export --day {earlier} --out FOLDER"
        );
    }
    let files = block_in_place(|| files::all(clearing))?;
    let digest = files::digest(&files);
    let again = given_out.is_some();
    if let Some(given_out) = given_out.filter(|given_out| *given_out != digest) {
        bail!(
            "The files of {of} cycle {} would not be the ones that were given out (SHA-256 {digest} instead of {given_out}). Was it another version of the program? If the old files were withdrawn at the bank, give out new ones: thinpay settlement export --day {of} --new-cycle --out FOLDER",
            clearing.cycle
        );
    }
    if !again {
        record_export(books, actor, clearing, &digest).await?;
    }
    Ok(json!({
        "day": of,
        "cycle": clearing.cycle,
        "settlement_day": clearing.settlement_day,
        "digest": digest,
        "again": again,
        "instructions": clearing.instructions.len(),
        "carried_out": clearing.carried_out.len(),
        "files": files::answer(files),
    }))
}

async fn record_export(books: &Books, actor: &Actor, clearing: &Clearing, digest: &str) -> Result<()> {
    let mut detail = ExportDetail {
        cycle: clearing.cycle,
        digest: digest.to_owned(),
        instructions: u64::try_from(clearing.instructions.len()).unwrap_or(u64::MAX),
        carried_out: Some(clearing.carried_out.clone()),
    };
    let mut text = serde_json::to_string(&detail)?;
    if text.len() > DETAIL_BYTES_MAX {
        detail.carried_out = None;
        text = serde_json::to_string(&detail)?;
    }
    let act = Act {
        key: derived_key(log::EXPORT, &format!("{} {}", clearing.day, clearing.cycle)),
        actor: actor.name.clone(),
        action: log::EXPORT.to_owned(),
        subject: clearing.day.to_string(),
        detail: text,
    };
    books.services.accounts.act(act).await?;
    Ok(())
}

/// Whether a new cycle can stand in for the one that was given out.
async fn may_be_cleared_anew(books: &Books, log: &Log, of: Day) -> Result<()> {
    if log.export(of).is_none() {
        bail!("The files of {of} were not given out yet: leave --new-cycle out.");
    }
    if let Some(later) = later_given_out(log, of) {
        bail!(
            "{later} was given out after {of} and rests on it: {of} stays as it is. What the bank refuses goes into the next day by itself."
        );
    }
    let old = day::clear(books, log, of, false).await?.clearing;
    let states = States::of(books, log, &old).await?;
    if let Some(done) = old.instructions.iter().find(|one| states.word(&one.id) != "open") {
        bail!(
            "Instruction {} is {} already: a new cycle would pay it once more. What the bank refuses goes into the next day by itself.",
            done.id,
            states.word(&done.id)
        );
    }
    Ok(())
}

/// A later day that was given out.
pub(super) fn later_given_out(log: &Log, of: Day) -> Option<Day> {
    log.exports.iter().map(|export| export.day).filter(|day| *day > of).min()
}

/// Takes a bank's notification (camt.054) in: posts what is confirmed, notes what is refused, lists the rest.
pub(super) async fn take_in(books: &Books, actor: &Actor, file: &str, text: &str) -> Result<Value> {
    let entries = block_in_place(|| read_camt054(text.as_bytes()))
        .with_context(|| format!("{file} is not a notification (camt.054) that can be read."))?;
    let log = Log::read(&books.services.accounts).await?;
    let days: BTreeSet<Day> = entries.iter().filter_map(|entry| named(&log, entry)).collect();
    let mut clearings = Vec::new();
    for of in days {
        clearings.push(day::clear(books, &log, of, false).await?.clearing);
    }
    let mut taken = Taken::default();
    for clearing in &clearings {
        let states = States::of(books, &log, clearing).await?;
        let of_clearing: Vec<BankEntry> =
            entries.iter().filter(|entry| named(&log, entry) == Some(clearing.day)).cloned().collect();
        taken.take(books, actor, clearing, &states, &of_clearing).await?;
    }
    let strangers: Vec<BankEntry> =
        entries.iter().filter(|entry| named(&log, entry).is_none()).cloned().collect();
    for stranger in confirm(&[], &strangers).discrepancies {
        taken.discrepancy(&stranger)?;
    }
    let digest = hex(&Sha256::digest(text));
    let detail = json!({
        "digest": digest, "entries": entries.len(), "confirmed": taken.confirmed.len(),
        "discrepancies": taken.discrepancies.len(),
    });
    note(books, actor, log::CONFIRM, &shortened(file), &detail.to_string()).await?;
    note_complete(books, actor, &clearings).await?;
    let new = taken.confirmed.iter().filter(|one| one.get("again") == Some(&Value::Bool(false))).count();
    Ok(json!({
        "file": file,
        "digest": digest,
        "entries": entries.len(),
        "days": clearings.iter().map(|clearing| clearing.day).collect::<Vec<_>>(),
        "new": new,
        "confirmed": taken.confirmed,
        "discrepancies": taken.discrepancies,
    }))
}

/// Notes that the bank does not carry an instruction out, where it says so in another way than by a file.
pub(super) async fn refuse_by_hand(books: &Books, actor: &Actor, id: &str, reason: &str) -> Result<Value> {
    let log = Log::read(&books.services.accounts).await?;
    let unknown = || format!("No files that were given out last for a day have an instruction {id}.");
    let of = day_of(&log, id).with_context(unknown)?;
    let clearing = day::clear(books, &log, of, false).await?.clearing;
    if !clearing.instructions.iter().any(|one| one.id == id) {
        bail!("{}", unknown());
    }
    let states = States::of(books, &log, &clearing).await?;
    if states.word(id) != "open" {
        bail!("Instruction {id} is {} already.", states.word(id));
    }
    refuse(books, actor, &clearing, id, reason, "").await?;
    let obligation = clearing.unsettled(id);
    note_complete(books, actor, &[clearing]).await?;
    Ok(json!({ "instruction": id, "day": of, "reason": reason, "obligation": obligation }))
}

/// What a file's name may be as an act's subject.
fn shortened(file: &str) -> String {
    file.chars().take(50).collect()
}

/// The day whose files, as they were given out last, an entry seems to be about.
fn named(log: &Log, entry: &BankEntry) -> Option<Day> {
    entry.references.ours().find_map(|reference| day_of(log, reference))
}

/// The day whose files, as they were given out last, have instructions with such identifiers.
fn day_of(log: &Log, id: &str) -> Option<Day> {
    let is_of = |export: &&Export| {
        let start = format!("TP{}-{:02}-", export.day.compact(), export.detail.cycle);
        id.starts_with(&start)
    };
    let export = log.exports.iter().find(is_of)?;
    let is_last = log.export(export.day).is_some_and(|last| last.number == export.number);
    is_last.then_some(export.day)
}

/// What came of a bank's file.
#[derive(Debug, Default)]
struct Taken {
    confirmed: Vec<Value>,
    discrepancies: Vec<Value>,
}

impl Taken {
    async fn take(
        &mut self,
        books: &Books,
        actor: &Actor,
        clearing: &Clearing,
        states: &States,
        entries: &[BankEntry],
    ) -> Result<()> {
        let found = confirm(&clearing.instructions, entries);
        let by_id = |id: &str| clearing.instructions.iter().find(|one| one.id == id);
        for confirmed in &found.confirmed {
            let Some(instruction) = by_id(&confirmed.instruction) else { continue };
            let again = states.posted.get(&instruction.id).copied();
            if states.word(&instruction.id) == "refused" {
                self.ours(
                    "confirmed-after-refusal",
                    &instruction.id,
                    "was refused before and is owed again; now the bank has booked it. It is not posted: clear it up with the bank.",
                );
                continue;
            }
            let posted = match again {
                Some(payment) => Ok(payment),
                None => post(books, actor, instruction, &confirmed.bank_reference).await?,
            };
            match posted {
                Ok(payment) => self.confirmed.push(json!({
                    "instruction": instruction.id,
                    "debtor": instruction.debtor,
                    "creditor": instruction.creditor,
                    "amount": instruction.amount,
                    "bank_reference": confirmed.bank_reference,
                    "payment": payment.to_string(),
                    "again": again.is_some(),
                })),
                Err(accounts::Error::Declined(why)) => {
                    self.ours(
                        "not-posted",
                        &instruction.id,
                        &format!("was booked by the bank, but the book declined its posting: {why}."),
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        for discrepancy in &found.discrepancies {
            match discrepancy {
                Discrepancy::Missing { instruction, .. } if states.word(instruction) != "open" => {}
                Discrepancy::Rejected { instruction, .. } if states.posted.contains_key(instruction) => {
                    self.ours(
                        "returned-after-confirmation",
                        instruction,
                        "was confirmed and posted before; now the bank sends it back. Nothing is posted: clear it up with the bank.",
                    );
                }
                Discrepancy::Rejected { instruction, reason, bank_reference } => {
                    if !states.refused.contains_key(instruction) {
                        refuse(books, actor, clearing, instruction, reason, bank_reference).await?;
                    }
                    self.discrepancy(discrepancy)?;
                }
                _ => self.discrepancy(discrepancy)?,
            }
        }
        Ok(())
    }

    fn ours(&mut self, kind: &str, instruction: &str, words: &str) {
        self.discrepancies.push(json!({
            "discrepancy": kind, "instruction": instruction, "words": format!("Instruction {instruction} {words}"),
        }));
    }

    fn discrepancy(&mut self, found: &Discrepancy) -> Result<()> {
        let mut value = serde_json::to_value(found)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("words".to_owned(), Value::String(words(found)));
        }
        self.discrepancies.push(value);
        Ok(())
    }
}

fn words(found: &Discrepancy) -> String {
    match found {
        Discrepancy::UnknownReference { entry } => format!(
            "The bank reports {} under {:?}, which no files that were given out have.",
            entry.amount,
            entry.references.ours().next().unwrap_or("no reference")
        ),
        Discrepancy::AmountDiffers { instruction, instructed, booked, .. } => {
            format!(
                "Instruction {instruction} is of {instructed}; the bank booked {booked}. It is not posted."
            )
        }
        Discrepancy::Rejected { instruction, reason, .. } => format!(
            "Instruction {instruction} was refused by the bank ({}): it is owed again from the next cut-off on.",
            if reason.is_empty() { "without a reason" } else { reason }
        ),
        Discrepancy::NotBookedYet { instruction, status } => {
            format!(
                "Instruction {instruction} is announced ({status}) and not booked: wait for another file."
            )
        }
        Discrepancy::BookedTwice { instruction, entry } => format!(
            "Instruction {instruction} was booked once more, {}: it is posted once, claim the other back.",
            entry.amount
        ),
        Discrepancy::Missing { instruction, instructed } => {
            format!("Instruction {instruction} of {instructed} is not in the file: it stays open.")
        }
    }
}

/// Posts a confirmed instruction; once, whatever file says it again. The book may decline it.
async fn post(
    books: &Books,
    actor: &Actor,
    instruction: &Instruction,
    bank_reference: &str,
) -> Result<Result<PaymentId, accounts::Error>> {
    let posting = instruction.posting();
    let (debit, credit) = (posting.debit.parse()?, posting.credit.parse()?);
    let key = derived_key("settlement", &instruction.id);
    let payment = Payment {
        reference: instruction.id.clone(),
        memo: bank_reference.to_owned(),
        consent: Consent::Operator,
        evidence: actor.evidence.clone(),
        ..Payment::new(key, Operation::Settlement, debit, credit, posting.amount)
    };
    Ok(books.services.accounts.post(payment).await.map(|posted| posted.payment))
}

async fn refuse(
    books: &Books,
    actor: &Actor,
    clearing: &Clearing,
    instruction: &str,
    reason: &str,
    bank_reference: &str,
) -> Result<()> {
    let obligation = clearing.unsettled(instruction).context("The clearing has no such instruction.")?;
    let detail =
        RefusedDetail { reason: reason.to_owned(), bank_reference: bank_reference.to_owned(), obligation };
    let act = Act {
        key: derived_key(log::REFUSED, instruction),
        actor: actor.name.clone(),
        action: log::REFUSED.to_owned(),
        subject: instruction.to_owned(),
        detail: serde_json::to_string(&detail)?,
    };
    books.services.accounts.act(act).await?;
    Ok(())
}

/// Notes the days of which nothing is open any more.
async fn note_complete(books: &Books, actor: &Actor, clearings: &[Clearing]) -> Result<()> {
    let log = Log::read(&books.services.accounts).await?;
    for clearing in clearings {
        let known = log.export(clearing.day).is_none_or(|export| log.is_complete(export));
        let states = States::of(books, &log, clearing).await?;
        let Some(detail) = states.complete(clearing).filter(|_| !known) else { continue };
        let act = Act {
            key: derived_key(log::COMPLETE, &format!("{} {}", clearing.day, clearing.cycle)),
            actor: actor.name.clone(),
            action: log::COMPLETE.to_owned(),
            subject: clearing.day.to_string(),
            detail: serde_json::to_string(&detail)?,
        };
        books.services.accounts.act(act).await?;
    }
    Ok(())
}
