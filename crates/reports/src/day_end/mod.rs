//! The day end: what a day of the operator was, on one page to sign.

mod page;
mod table;

use std::collections::BTreeSet;

use ledger::Timestamp;
use money::{Currency, Money};

use crate::{Day, EntryKind, LINES_MAX, Letterhead, PAGE_LINES_MAX, ReportError, Total, within};

/// What a day-end report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEnd {
    /// Operator, language, time zone, and when it was made.
    pub letterhead: Letterhead,
    /// The day.
    pub day: Day,
    /// When the day was cut off: what came later belongs to the next.
    pub cut_off: Timestamp,
    /// What was posted, one for each operation and currency.
    pub operations: Vec<OperationTotal>,
    /// What was charged, one for each schedule and currency.
    pub fees: Vec<FeeTotal>,
    /// What was not done, by reason.
    pub declines: Vec<DeclineTotal>,
    /// What was set aside when the day ended, one for each currency.
    pub holds: Vec<HoldTotal>,
    /// The queue of payments that a person must look at.
    pub review: ReviewQueue,
    /// The clearing cycles of the day; none before it is cleared.
    pub clearing: Vec<ClearingCycle>,
    /// The head of the audit log when the day ended, if it has one.
    pub audit: Option<AuditHead>,
}

/// The payments of one operation and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationTotal {
    /// Which operation.
    pub operation: EntryKind,
    /// How many.
    pub count: u64,
    /// How much in all.
    pub amount: Money,
}

/// The fees of one schedule and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTotal {
    /// The schedule that they were charged by; may be empty.
    pub schedule: String,
    /// How many.
    pub count: u64,
    /// How much in all.
    pub amount: Money,
}

/// Payments that were declined for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclineTotal {
    /// The reason's word, such as `insufficient-funds`. Well-known ones are printed in words.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// The holds of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldTotal {
    /// How many.
    pub count: u64,
    /// How much they set aside.
    pub amount: Money,
}

/// The queue of payments that a person must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReviewQueue {
    /// How many wait at the end of the day.
    pub waiting: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// How many were released on the day.
    pub released: u64,
    /// How many were refused on the day.
    pub refused: u64,
}

/// One clearing cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingCycle {
    /// Its number on the day.
    pub cycle: u32,
    /// Who owes and who is owed, for each currency.
    pub positions: Vec<ClearingPosition>,
    /// How many settlement instructions were written.
    pub instructions: u64,
    /// How many of them the bank has confirmed.
    pub confirmed: u64,
    /// What did not agree with the bank's confirmation.
    pub discrepancies: u64,
    /// The participants that were held out and are settled later.
    pub held_out: Vec<String>,
}

/// A participant's position in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingPosition {
    /// The participant's identifier.
    pub participant: String,
    /// Its name.
    pub name: String,
    /// What its customers paid to others.
    pub gross_debit: Money,
    /// What others paid to its customers.
    pub gross_credit: Money,
    /// Credit less debit: positive is to be received.
    pub net: Money,
}

/// How far a cycle's settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlementState {
    /// All positions were nothing.
    NothingToSettle,
    /// Instructions were written, nothing is confirmed.
    Instructed,
    /// Some instructions are confirmed.
    PartlyConfirmed,
    /// All are confirmed.
    Settled,
    /// The bank's confirmation does not agree.
    Discrepant,
}

/// The head of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// How many records it covers.
    pub size: u64,
    /// The root of the tree, as hexadecimal text.
    pub root: String,
    /// When it was signed.
    pub at: Timestamp,
}

impl SettlementState {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NothingToSettle => "nothing-to-settle",
            Self::Instructed => "instructed",
            Self::PartlyConfirmed => "partly-confirmed",
            Self::Settled => "settled",
            Self::Discrepant => "discrepant",
        }
    }
}

impl ClearingCycle {
    /// How far its settlement is.
    #[must_use]
    pub const fn state(&self) -> SettlementState {
        if self.discrepancies > 0 || self.confirmed > self.instructions {
            SettlementState::Discrepant
        } else if self.instructions == 0 {
            SettlementState::NothingToSettle
        } else if self.confirmed == 0 {
            SettlementState::Instructed
        } else if self.confirmed < self.instructions {
            SettlementState::PartlyConfirmed
        } else {
            SettlementState::Settled
        }
    }

    fn currencies(&self) -> BTreeSet<Currency> {
        self.positions.iter().map(|position| position.net.currency()).collect()
    }
}

/// What is wrong with a day's clearing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClearingFinding<'a> {
    /// The net positions of a currency do not come out at nothing.
    NetsDoNotCancel { cycle: u32, by: Total },
    /// A net position is not credit less debit.
    NetDoesNotFollow { cycle: u32, participant: &'a str, by: Total },
}

impl DayEnd {
    /// Whether in every cycle the net positions cancel out and each is its credit less its debit.
    #[must_use]
    pub fn clearing_balances(&self) -> bool {
        self.findings().is_empty()
    }

    /// Checks that it can be written at all. A clearing that does not come out at nothing is written, and says so
    /// on top.
    ///
    /// # Errors
    /// [`ReportError::TooManyLines`], [`ReportError::MixedCurrencies`].
    pub fn check(&self) -> Result<(), ReportError> {
        within(self.rows(), LINES_MAX)?;
        for cycle in &self.clearing {
            for position in &cycle.positions {
                let left = position.net.currency();
                for right in [position.gross_debit.currency(), position.gross_credit.currency()] {
                    if left != right {
                        let (participant, cycle) = (&position.participant, cycle.cycle);
                        let place = format!("the position of {participant} in clearing cycle {cycle}");
                        return Err(ReportError::MixedCurrencies { place, left, right });
                    }
                }
            }
        }
        Ok(())
    }

    /// How many rows its tables have.
    fn rows(&self) -> usize {
        let positions =
            self.clearing.iter().map(|cycle| cycle.positions.len().saturating_add(cycle.held_out.len()));
        let (posted, held) = (self.operations.len(), self.holds.len());
        let lists = [posted, self.fees.len(), self.declines.len(), held, self.clearing.len()];
        lists.into_iter().chain(positions).fold(0, usize::saturating_add)
    }

    pub(crate) fn findings(&self) -> Vec<ClearingFinding<'_>> {
        let mut findings = Vec::new();
        for clearing in &self.clearing {
            let cycle = clearing.cycle;
            for currency in clearing.currencies() {
                let by = Total::of(currency, clearing.positions.iter().map(|position| position.net));
                if by.minor_units() != 0 {
                    findings.push(ClearingFinding::NetsDoNotCancel { cycle, by });
                }
            }
            for position in &clearing.positions {
                let follows = Total::from(position.gross_credit).less(position.gross_debit.into());
                let by = Total::from(position.net).less(follows);
                if by.minor_units() != 0 {
                    let participant = &position.participant;
                    findings.push(ClearingFinding::NetDoesNotFollow { cycle, participant, by });
                }
            }
        }
        findings
    }

    /// The day as CSV: one row for each figure, named by its section and item.
    ///
    /// # Errors
    /// As [`DayEnd::check`].
    pub fn csv(&self) -> Result<String, ReportError> {
        self.check()?;
        Ok(table::csv(self))
    }

    /// The day as JSON; `clearing_balances` comes first.
    ///
    /// # Errors
    /// As [`DayEnd::check`].
    pub fn json(&self) -> Result<String, ReportError> {
        self.check()?;
        Ok(table::json(self))
    }

    /// The day as a printable page.
    ///
    /// # Errors
    /// As [`DayEnd::check`], and beyond [`PAGE_LINES_MAX`] rows.
    pub fn html(&self) -> Result<String, ReportError> {
        within(self.rows(), PAGE_LINES_MAX)?;
        self.check()?;
        Ok(page::write(self))
    }
}
