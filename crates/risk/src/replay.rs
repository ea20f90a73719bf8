//! A dry run: what other rules would have decided about payments of the past.

use crate::{Decision, Histories, Outcome, Payment, Rules};

/// How many of the payments that would be decided otherwise are kept one by one; all are counted.
pub const DIFFERENCES_MAX: usize = 10_000;

/// A payment of the past, and what was decided about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past<'a> {
    /// What the caller finds it by again.
    pub number: u64,
    /// The payment as it was decided about, with the consent that it had then.
    pub payment: Payment<'a>,
    /// What was decided.
    pub decided: Outcome,
    /// Whether it was posted in the end: then it is part of the history of those after it.
    pub posted: bool,
}

/// A payment that the rules decide otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The caller's number of it.
    pub number: u64,
    /// What was decided then.
    pub then: Outcome,
    /// What these rules decide, and why.
    pub now: Decision,
}

/// What a dry run found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DryRunReport {
    /// How many payments were looked at.
    pub payments: u64,
    /// How many were decided so then, in the order of [`Outcome::ALL`].
    pub then: [u64; 4],
    /// How many these rules decide so, in the order of [`Outcome::ALL`].
    pub now: [u64; 4],
    /// In how many payments each rule applies, in the order of the file.
    pub by_rule: Vec<(String, u64)>,
    /// How many would be decided more severely than they were.
    pub severer: u64,
    /// How many would be decided more mildly than they were.
    pub milder: u64,
    /// The first [`DIFFERENCES_MAX`] of both.
    pub differences: Vec<Difference>,
}

/// A dry run that is fed one payment after the other, for callers that read them from a store. Histories are
/// those of what was really posted: the run answers what these rules would have said of each payment as it
/// came, not what customers would have done after another answer.
#[derive(Debug)]
pub struct DryRun<'r> {
    rules: &'r Rules,
    histories: Histories,
    report: DryRunReport,
}

impl<'r> DryRun<'r> {
    /// A dry run that starts from these histories: those of the moment before the first payment, or empty
    /// ones, with which nobody is known in the beginning.
    #[must_use]
    pub fn new(rules: &'r Rules, histories: Histories) -> Self {
        let by_rule = rules.rules().iter().map(|rule| (rule.name().to_owned(), 0)).collect();
        Self { rules, histories, report: DryRunReport { by_rule, ..DryRunReport::default() } }
    }

    /// Takes the next payment, in the order in which they were decided; returns what the rules say.
    pub fn take(&mut self, past: &Past<'_>) -> Decision {
        let now = self.rules.decide(&self.histories, &past.payment);
        if past.posted {
            self.histories.record(&past.payment);
        }
        let report = &mut self.report;
        add_one(Some(&mut report.payments));
        add_one(report.then.get_mut(past.decided.index()));
        add_one(report.now.get_mut(now.outcome.index()));
        for index in &now.reasons {
            add_one(report.by_rule.get_mut(usize::from(*index)).map(|(_, count)| count));
        }
        if now.outcome > past.decided {
            add_one(Some(&mut report.severer));
        } else if now.outcome < past.decided {
            add_one(Some(&mut report.milder));
        }
        if now.outcome != past.decided && report.differences.len() < DIFFERENCES_MAX {
            report.differences.push(Difference { number: past.number, then: past.decided, now: now.clone() });
        }
        now
    }

    /// What was found so far.
    #[must_use]
    pub const fn report(&self) -> &DryRunReport {
        &self.report
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> DryRunReport {
        self.report
    }
}

fn add_one(count: Option<&mut u64>) {
    if let Some(count) = count {
        *count = count.saturating_add(1);
    }
}

/// Runs the rules over payments of the past, see [`DryRun`].
#[must_use]
pub fn replay<'a>(
    rules: &Rules,
    histories: Histories,
    past: impl IntoIterator<Item = Past<'a>>,
) -> DryRunReport {
    let mut run = DryRun::new(rules, histories);
    for payment in past {
        run.take(&payment);
    }
    run.finish()
}
