//! What was done about clearing, as the book's acts tell it.

use std::collections::BTreeSet;

use accounts::{Accounts, ActRecord, PaymentId, Timestamp};
use anyhow::{Context as _, Result};
use clearing::{Day, Obligation, ParticipantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A day ended. Subject: the day.
pub(super) const CUT_OFF: &str = "cut-off";
/// A participant is not settled with a day. Subject: the participant.
pub(super) const HOLD_OUT: &str = "hold-out";
/// It is after all. Subject: the participant.
pub(super) const READMIT: &str = "readmit";
/// Totals of acceptance terminals were compared with a day. Subject: the day.
pub(super) const TOTALS: &str = "totals";
/// A cycle's files were given out. Subject: the day.
pub(super) const EXPORT: &str = "settlement-export";
/// A bank's file was read. Subject: the file's name.
pub(super) const CONFIRM: &str = "settlement-confirm";
/// The bank refused an instruction. Subject: the instruction.
pub(super) const REFUSED: &str = "settlement-refused";
/// Nothing of a cycle is open any more. Subject: the day.
pub(super) const COMPLETE: &str = "settlement-complete";

/// Acts read at once.
const PAGE: u32 = 1000;

/// The end of a day.
#[derive(Debug, Clone)]
pub(super) struct CutOff {
    pub(super) day: Day,
    /// What was posted under a smaller number belongs to the day, or to one before.
    pub(super) number: PaymentId,
    pub(super) at: Timestamp,
    pub(super) by: String,
}

/// Detail of [`HOLD_OUT`] and [`READMIT`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HoldOutDetail {
    pub(super) day: Day,
    pub(super) reason: String,
}

/// A participant taken out of a day, or put back.
#[derive(Debug, Clone)]
struct HoldOut {
    number: PaymentId,
    participant: ParticipantId,
    day: Day,
    out: bool,
}

/// Detail of [`EXPORT`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ExportDetail {
    pub(super) cycle: u32,
    /// SHA-256 of the files.
    pub(super) digest: String,
    pub(super) instructions: u64,
    /// What stays owed, so that later days need not be cleared from the beginning of time; nothing where it
    /// is too long for an act.
    pub(super) carried_out: Option<Vec<Obligation>>,
}

/// Files that were given out.
#[derive(Debug, Clone)]
pub(super) struct Export {
    pub(super) number: PaymentId,
    pub(super) at: Timestamp,
    pub(super) day: Day,
    pub(super) detail: ExportDetail,
}

/// Detail of [`REFUSED`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RefusedDetail {
    pub(super) reason: String,
    pub(super) bank_reference: String,
    /// What is owed since it was not paid.
    pub(super) obligation: Obligation,
}

/// An instruction that the bank refused.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) number: PaymentId,
    pub(super) instruction: String,
    pub(super) detail: RefusedDetail,
}

/// Detail of [`COMPLETE`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CompleteDetail {
    pub(super) cycle: u32,
    pub(super) confirmed: u64,
    pub(super) refused: u64,
}

/// Everything that was done about clearing, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) cut_offs: Vec<CutOff>,
    pub(super) exports: Vec<Export>,
    pub(super) refused: Vec<Refused>,
    hold_outs: Vec<HoldOut>,
    complete: BTreeSet<(Day, u32)>,
}

impl Log {
    /// Reads it from the book.
    pub(super) async fn read(accounts: &Accounts) -> Result<Self> {
        let mut log = Self::default();
        for record in acts(accounts, CUT_OFF).await? {
            let day = record.act.subject.parse().with_context(|| damaged(&record))?;
            log.cut_offs.push(CutOff { day, number: record.number, at: record.at, by: record.act.actor });
        }
        for (action, out) in [(HOLD_OUT, true), (READMIT, false)] {
            for record in acts(accounts, action).await? {
                let HoldOutDetail { day, .. } = detail(&record)?;
                let participant = record.act.subject.parse().with_context(|| damaged(&record))?;
                log.hold_outs.push(HoldOut { number: record.number, participant, day, out });
            }
        }
        log.hold_outs.sort_by_key(|hold_out| hold_out.number);
        for record in acts(accounts, EXPORT).await? {
            let day = record.act.subject.parse().with_context(|| damaged(&record))?;
            let detail = detail(&record)?;
            log.exports.push(Export { number: record.number, at: record.at, day, detail });
        }
        for record in acts(accounts, REFUSED).await? {
            let detail = detail(&record)?;
            let instruction = record.act.subject;
            log.refused.push(Refused { number: record.number, instruction, detail });
        }
        for record in acts(accounts, COMPLETE).await? {
            let day = record.act.subject.parse().with_context(|| damaged(&record))?;
            let CompleteDetail { cycle, .. } = detail(&record)?;
            log.complete.insert((day, cycle));
        }
        Ok(log)
    }

    /// The place of a day among the cut-offs.
    pub(super) fn place(&self, day: Day) -> Result<usize> {
        let place = self.cut_offs.iter().position(|cut_off| cut_off.day == day);
        place.with_context(|| {
            format!("{day} has no cut-off. `thinpay clearing list` shows the days that have; `thinpay clearing cut-off --day {day}` ends one.")
        })
    }

    /// The latest files of a day that were given out.
    pub(super) fn export(&self, day: Day) -> Option<&Export> {
        self.exports.iter().filter(|export| export.day == day).max_by_key(|export| export.detail.cycle)
    }

    /// Who is held out of a day, by what was done before this number; by all that was done.
    pub(super) fn held_out(&self, day: Day, before: Option<PaymentId>) -> BTreeSet<ParticipantId> {
        let mut held_out = BTreeSet::new();
        let of_day = self.hold_outs.iter().filter(|hold_out| hold_out.day == day);
        for hold_out in of_day.filter(|hold_out| before.is_none_or(|before| hold_out.number < before)) {
            if hold_out.out {
                held_out.insert(hold_out.participant.clone());
            } else {
                held_out.remove(&hold_out.participant);
            }
        }
        held_out
    }

    /// What was refused between a cut-off and the one before it: it is owed again with that day.
    pub(super) fn refused_before(&self, place: usize) -> impl Iterator<Item = &Refused> {
        let number = |place: usize| self.cut_offs.get(place).map(|cut_off| cut_off.number);
        let (from, until) = (place.checked_sub(1).and_then(number), number(place));
        self.refused.iter().filter(move |refused| {
            from.is_some_and(|from| refused.number > from)
                && until.is_some_and(|until| refused.number < until)
        })
    }

    /// How far a day has come.
    pub(super) fn state(&self, day: Day) -> &'static str {
        match self.export(day) {
            None => "cut-off",
            Some(export) if self.is_complete(export) => "settled",
            Some(_) => "given-out",
        }
    }

    pub(super) fn is_complete(&self, export: &Export) -> bool {
        export.detail.instructions == 0 || self.complete.contains(&(export.day, export.detail.cycle))
    }
}

/// All acts of a kind, oldest first.
async fn acts(accounts: &Accounts, action: &str) -> Result<Vec<ActRecord>> {
    let mut found: Vec<ActRecord> = Vec::new();
    loop {
        let before = found.last().map(|record| record.number);
        let mut page = accounts.acts(Some(action), before, PAGE).await?;
        if page.is_empty() {
            break;
        }
        found.append(&mut page);
    }
    found.reverse();
    Ok(found)
}

fn detail<T: DeserializeOwned>(record: &ActRecord) -> Result<T> {
    serde_json::from_str(&record.act.detail).with_context(|| damaged(record))
}

fn damaged(record: &ActRecord) -> String {
    format!(
        "The act {} of {} ({}) is not what this version writes. Was it written by a later one?",
        record.number, record.act.actor, record.act.action
    )
}
