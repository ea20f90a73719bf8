//! Clearing a day: lines to obligations, obligations to positions, positions to instructions.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Timestamp;
use money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::{Day, Line, Obligation, Participant, ParticipantId, moment, netting};

/// Most instructions of one clearing: what keeps an instruction's identifier within an ISO 20022 `Max35Text`.
pub const INSTRUCTIONS_MAX: usize = 999_999_999;

/// What is cleared together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearingInput {
    /// The business day.
    pub day: Day,
    /// Which clearing of that day, counted from 1. Clearing a day again with other lines, or with other
    /// participants held out, is another cycle once files of the first have been sent: a bank takes the same
    /// identifiers for the same payments.
    pub cycle: u32,
    /// The first moment that is not of this cycle any more.
    pub cut_off_at: Timestamp,
    /// The business day the instructions are to be settled on: the day itself or a later one.
    pub settlement_day: Day,
    /// The lines of the cycle, in any order.
    pub lines: Vec<Line>,
    /// All participants that lines and obligations name, in any order.
    pub participants: Vec<Participant>,
    /// Participants that are not settled this time: what they owe and are owed is carried out.
    pub held_out: BTreeSet<ParticipantId>,
    /// What earlier clearings carried out and no later one has settled.
    pub carried_in: Vec<Obligation>,
}

/// What one participant owes and is owed in one currency, of the obligations that are settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The participant.
    pub participant: ParticipantId,
    /// What it owes, gross.
    pub debit: Money,
    /// What it is owed, gross.
    pub credit: Money,
    /// Credit less debit: what it receives, or pays if negative.
    pub net: Money,
}

/// One payment of real money that settles (part of) two positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    /// Identifier at the bank: day, cycle, currency and number, `TP20261123-01-CNY-0001`; at most 35
    /// characters.
    pub id: String,
    /// Who pays.
    pub debtor: ParticipantId,
    /// Who is paid.
    pub creditor: ParticipantId,
    /// How much.
    pub amount: Money,
    /// The debtor's ledger account when this was cleared.
    pub debtor_ledger_account: String,
    /// The creditor's ledger account when this was cleared.
    pub creditor_ledger_account: String,
}

/// How a confirmed instruction is posted to the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Number of the account that is debited.
    pub debit: String,
    /// Number of the account that is credited.
    pub credit: String,
    /// How much.
    pub amount: Money,
}

impl Instruction {
    /// The posting that books this instruction once the bank has confirmed it: the creditor has received real
    /// money, so its ledger account is debited; the debtor has paid, so its own is credited.
    #[must_use]
    pub fn posting(&self) -> Posting {
        Posting {
            debit: self.creditor_ledger_account.clone(),
            credit: self.debtor_ledger_account.clone(),
            amount: self.amount,
        }
    }
}

/// A day's clearing. Everything in it is sorted, so equal inputs make equal values and equal files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearing {
    /// The business day.
    pub day: Day,
    /// Which clearing of that day.
    pub cycle: u32,
    /// The first moment that was not of this cycle any more.
    #[serde(with = "moment::nanoseconds")]
    pub cut_off_at: Timestamp,
    /// The business day the instructions are to be settled on.
    pub settlement_day: Day,
    /// How many lines went in.
    pub lines: u64,
    /// How many of them were within one participant, so that nobody owes anybody anything for them.
    pub lines_within_one_participant: u64,
    /// Participants that obligations name, and the operator, as they were; by identifier.
    pub participants: Vec<Participant>,
    /// Positions, by currency and participant.
    pub positions: Vec<Position>,
    /// Obligations that are settled, of this cycle and carried in; by day, cycle, currency, debtor, creditor.
    pub obligations: Vec<Obligation>,
    /// Obligations that are not settled since a participant is held out: give them to a later clearing as
    /// `carried_in`.
    pub carried_out: Vec<Obligation>,
    /// Payments that bring every position to zero, by currency and number.
    pub instructions: Vec<Instruction>,
}

/// Why a day was not cleared. Nothing is cleared then; each is for whoever made the input to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClearingError {
    /// Cycles are counted from 1.
    #[error("cycles of a day are counted from 1; this one is 0")]
    CycleZero,
    /// The settlement day is before the day that is cleared.
    #[error(
        "the settlement day {settlement_day} is before the day {day} that is cleared; name that day or a later one"
    )]
    SettlementBeforeDay {
        /// The day that is cleared.
        day: Day,
        /// The settlement day.
        settlement_day: Day,
    },
    /// Two participants have one identifier.
    #[error("participant {0} is listed twice; remove one")]
    ParticipantTwice(ParticipantId),
    /// A participant is named but not listed.
    #[error(
        "{named_by} names participant {participant}, which is not in the list of participants; add it or correct the name"
    )]
    UnknownParticipant {
        /// The name.
        participant: ParticipantId,
        /// What names it, in words.
        named_by: String,
    },
    /// An amount is zero or negative. A refund is a line the other way, not a negative one.
    #[error(
        "the amount of {of} is {amount}; it must be more than nothing (money that goes back is a line the other way)"
    )]
    AmountNotPositive {
        /// What has the amount, in words.
        of: String,
        /// The amount.
        amount: Money,
    },
    /// A line was posted at or after the cut-off.
    #[error("payment {payment} was posted at or after the cut-off; it belongs to a later cycle")]
    AfterCutOff {
        /// Number of the payment.
        payment: String,
    },
    /// An obligation comes in from this cycle itself or a later one.
    #[error(
        "an obligation of {debtor} to {creditor} is carried in from {day} cycle {cycle}, which is not earlier than this cycle; leave it out"
    )]
    NotCarriedFromEarlier {
        /// Who owes.
        debtor: ParticipantId,
        /// Who is owed.
        creditor: ParticipantId,
        /// Its day.
        day: Day,
        /// Its cycle.
        cycle: u32,
    },
    /// An obligation comes in twice.
    #[error(
        "the obligation of {debtor} to {creditor} from {day} cycle {cycle} is carried in twice in {currency}; it would be paid twice, leave one out"
    )]
    CarriedInTwice {
        /// Who owes.
        debtor: ParticipantId,
        /// Who is owed.
        creditor: ParticipantId,
        /// Its day.
        day: Day,
        /// Its cycle.
        cycle: u32,
        /// Its currency.
        currency: Currency,
    },
    /// A participant owes itself.
    #[error("an obligation carried in has {0} on both sides; leave it out")]
    OwesItself(ParticipantId),
    /// A participant that pays or is paid has no ledger account in that currency.
    #[error(
        "participant {participant} has no ledger account in {currency} to settle with; give it one, or hold it out"
    )]
    NoLedgerAccount {
        /// The participant.
        participant: ParticipantId,
        /// The currency.
        currency: Currency,
    },
    /// Sums do not fit 64 bits of minor units.
    #[error("the sums in {0} do not fit 64 bits of minor units; clear the day in several cycles")]
    Overflow(Currency),
    /// More instructions than identifiers.
    #[error("there are more than {INSTRUCTIONS_MAX} instructions; clear the day in several cycles")]
    TooManyInstructions,
}

/// Who owes whom what kind of money, and since when: what makes obligations one. Also their order.
type ObligationKey = (Day, u32, Currency, ParticipantId, ParticipantId);

/// Clears a day: sums its lines into bilateral obligations, carries out those of participants held out, nets
/// the rest in each currency and makes the payments that settle the nets.
///
/// # Errors
/// [`ClearingError`]; see there.
///
/// # Panics
/// If nets do not sum to zero or instructions do not settle them: a programming error.
pub fn clear(input: &ClearingInput) -> Result<Clearing, ClearingError> {
    if input.cycle == 0 {
        return Err(ClearingError::CycleZero);
    }
    let ClearingInput { day, settlement_day, .. } = *input;
    if settlement_day < day {
        return Err(ClearingError::SettlementBeforeDay { day, settlement_day });
    }
    let participants = index(&input.participants)?;
    for participant in &input.held_out {
        known(&participants, participant, || "the list of those held out".to_owned())?;
    }
    let (mut obligations, lines_within_one_participant) = add_up(input, &participants)?;
    carry_in(input, &participants, &mut obligations)?;

    let (carried_out, obligations): (Vec<Obligation>, Vec<Obligation>) =
        obligations.into_values().partition(|obligation| {
            input.held_out.contains(&obligation.debtor) || input.held_out.contains(&obligation.creditor)
        });
    let positions = positions(&obligations)?;
    let instructions = instructions(input, &participants, &positions)?;
    let named: BTreeSet<&ParticipantId> = obligations
        .iter()
        .chain(&carried_out)
        .flat_map(|obligation| [&obligation.debtor, &obligation.creditor])
        .collect();
    let participants = participants
        .into_iter()
        .filter(|(id, participant)| {
            named.contains(id) || participant.kind == crate::ParticipantKind::Operator
        })
        .map(|(_, participant)| participant.clone())
        .collect();
    let clearing = Clearing {
        day,
        cycle: input.cycle,
        cut_off_at: input.cut_off_at,
        settlement_day,
        lines: length(&input.lines),
        lines_within_one_participant,
        participants,
        positions,
        obligations,
        carried_out,
        instructions,
    };
    assert!(clearing.is_balanced(), "instructions settle nets that sum to zero");
    Ok(clearing)
}

impl Clearing {
    /// Whether, in every currency, nets sum to zero and the instructions move exactly the nets.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        let mut left: BTreeMap<(Currency, &ParticipantId), i128> = BTreeMap::new();
        for position in &self.positions {
            let net = i128::from(position.net.minor_units());
            let sum = sums.entry(position.net.currency()).or_default();
            *sum = sum.saturating_add(net);
            left.insert((position.net.currency(), &position.participant), net);
        }
        for instruction in &self.instructions {
            let amount = i128::from(instruction.amount.minor_units());
            let currency = instruction.amount.currency();
            let debtor = left.entry((currency, &instruction.debtor)).or_default();
            *debtor = debtor.saturating_add(amount);
            let creditor = left.entry((currency, &instruction.creditor)).or_default();
            *creditor = creditor.saturating_sub(amount);
        }
        sums.values().all(|sum| *sum == 0) && left.values().all(|net| *net == 0)
    }

    /// What is owed since this instruction was not carried out (the bank refused it or sent the money back): give
    /// it to a later clearing as `carried_in`. `None` if the clearing has no such instruction.
    #[must_use]
    pub fn unsettled(&self, instruction_id: &str) -> Option<Obligation> {
        let instruction = self.instructions.iter().find(|instruction| instruction.id == instruction_id)?;
        Some(Obligation {
            day: self.day,
            cycle: self.cycle,
            debtor: instruction.debtor.clone(),
            creditor: instruction.creditor.clone(),
            amount: instruction.amount,
            lines: 0,
        })
    }

    /// The participant with this identifier, if it takes part.
    #[must_use]
    pub fn participant(&self, id: &ParticipantId) -> Option<&Participant> {
        let found = self.participants.binary_search_by(|participant| participant.id.cmp(id));
        found.ok().and_then(|index| self.participants.get(index))
    }

    /// The operator, if it is among the participants.
    #[must_use]
    pub fn operator(&self) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.kind == crate::ParticipantKind::Operator)
    }
}

fn index(participants: &[Participant]) -> Result<BTreeMap<&ParticipantId, &Participant>, ClearingError> {
    let mut index = BTreeMap::new();
    for participant in participants {
        if index.insert(&participant.id, participant).is_some() {
            return Err(ClearingError::ParticipantTwice(participant.id.clone()));
        }
    }
    Ok(index)
}

fn known(
    participants: &BTreeMap<&ParticipantId, &Participant>,
    participant: &ParticipantId,
    named_by: impl FnOnce() -> String,
) -> Result<(), ClearingError> {
    if participants.contains_key(participant) {
        return Ok(());
    }
    Err(ClearingError::UnknownParticipant { participant: participant.clone(), named_by: named_by() })
}

/// Sums the lines by who owes whom; also says how many were within one participant.
fn add_up(
    input: &ClearingInput,
    participants: &BTreeMap<&ParticipantId, &Participant>,
) -> Result<(BTreeMap<ObligationKey, Obligation>, u64), ClearingError> {
    // Lines are many and participants few: they are summed by the participants' places in the order of names.
    let names: Vec<&ParticipantId> = participants.keys().copied().collect();
    let place = |participant: &ParticipantId, line: &Line| {
        names.binary_search(&participant).map_err(|_| ClearingError::UnknownParticipant {
            participant: participant.clone(),
            named_by: format!("payment {}", line.payment),
        })
    };
    let mut sums: BTreeMap<(Currency, usize, usize), (Money, u64)> = BTreeMap::new();
    let mut within_one: u64 = 0;
    for line in &input.lines {
        let (debtor, creditor) = (place(&line.debtor, line)?, place(&line.creditor, line)?);
        if !line.amount.is_positive() {
            let of = format!("payment {}", line.payment);
            return Err(ClearingError::AmountNotPositive { of, amount: line.amount });
        }
        if line.at >= input.cut_off_at {
            return Err(ClearingError::AfterCutOff { payment: line.payment.clone() });
        }
        if debtor == creditor {
            within_one = within_one.saturating_add(1);
            continue;
        }
        let currency = line.amount.currency();
        let (amount, lines) = sums.entry((currency, debtor, creditor)).or_insert((Money::zero(currency), 0));
        *amount = amount.checked_add(line.amount).map_err(|_| ClearingError::Overflow(currency))?;
        *lines = lines.saturating_add(1);
    }
    let obligations = sums
        .into_iter()
        .filter_map(|((currency, debtor, creditor), (amount, lines))| {
            let (day, cycle) = (input.day, input.cycle);
            let (debtor, creditor) = ((*names.get(debtor)?).clone(), (*names.get(creditor)?).clone());
            let key = (day, cycle, currency, debtor.clone(), creditor.clone());
            Some((key, Obligation { day, cycle, debtor, creditor, amount, lines }))
        })
        .collect();
    Ok((obligations, within_one))
}

/// Adds what earlier clearings carried out.
fn carry_in(
    input: &ClearingInput,
    participants: &BTreeMap<&ParticipantId, &Participant>,
    obligations: &mut BTreeMap<ObligationKey, Obligation>,
) -> Result<(), ClearingError> {
    for obligation in &input.carried_in {
        let Obligation { day, cycle, debtor, creditor, amount, .. } = obligation;
        let named_by = || format!("an obligation carried in from {day} cycle {cycle}");
        known(participants, debtor, named_by)?;
        known(participants, creditor, named_by)?;
        if debtor == creditor {
            return Err(ClearingError::OwesItself(debtor.clone()));
        }
        if !amount.is_positive() {
            return Err(ClearingError::AmountNotPositive { of: named_by(), amount: *amount });
        }
        let (debtor, creditor) = (debtor.clone(), creditor.clone());
        if (*day, *cycle) >= (input.day, input.cycle) {
            return Err(ClearingError::NotCarriedFromEarlier { debtor, creditor, day: *day, cycle: *cycle });
        }
        let currency = amount.currency();
        let key = (*day, *cycle, currency, debtor.clone(), creditor.clone());
        if obligations.insert(key, obligation.clone()).is_some() {
            return Err(ClearingError::CarriedInTwice {
                debtor,
                creditor,
                day: *day,
                cycle: *cycle,
                currency,
            });
        }
    }
    Ok(())
}

/// Gross and net sums by currency and participant.
fn positions(obligations: &[Obligation]) -> Result<Vec<Position>, ClearingError> {
    let mut sums: BTreeMap<(Currency, &ParticipantId), (Money, Money)> = BTreeMap::new();
    for obligation in obligations {
        let amount = obligation.amount;
        let currency = amount.currency();
        let overflow = |_| ClearingError::Overflow(currency);
        let nothing = (Money::zero(currency), Money::zero(currency));
        let debtor = sums.entry((currency, &obligation.debtor)).or_insert(nothing);
        debtor.0 = debtor.0.checked_add(amount).map_err(overflow)?;
        let creditor = sums.entry((currency, &obligation.creditor)).or_insert(nothing);
        creditor.1 = creditor.1.checked_add(amount).map_err(overflow)?;
    }
    sums.into_iter()
        .map(|((currency, participant), (debit, credit))| {
            let net = credit.checked_sub(debit).map_err(|_| ClearingError::Overflow(currency))?;
            Ok(Position { participant: participant.clone(), debit, credit, net })
        })
        .collect()
}

/// The payments that settle the positions, currency by currency, numbered.
fn instructions(
    input: &ClearingInput,
    participants: &BTreeMap<&ParticipantId, &Participant>,
    positions: &[Position],
) -> Result<Vec<Instruction>, ClearingError> {
    let mut nets: BTreeMap<Currency, BTreeMap<&ParticipantId, i64>> = BTreeMap::new();
    for position in positions {
        let net = position.net.minor_units();
        nets.entry(position.net.currency()).or_default().insert(&position.participant, net);
    }
    let ledger_account = |participant: &ParticipantId, currency: Currency| {
        participants
            .get(participant)
            .and_then(|participant| participant.ledger_accounts.get(&currency))
            .cloned()
            .ok_or_else(|| ClearingError::NoLedgerAccount { participant: participant.clone(), currency })
    };
    let mut instructions = Vec::new();
    for (currency, nets) in nets {
        let payments = netting::settle(&nets);
        if payments.len() > INSTRUCTIONS_MAX {
            return Err(ClearingError::TooManyInstructions);
        }
        for (number, (debtor, creditor, amount)) in (1_u64..).zip(payments) {
            let amount = i64::try_from(amount).map_err(|_| ClearingError::Overflow(currency))?;
            instructions.push(Instruction {
                id: format!("TP{}-{:02}-{currency}-{number:04}", input.day.compact(), input.cycle),
                debtor: (*debtor).clone(),
                creditor: (*creditor).clone(),
                amount: Money::new(amount, currency),
                debtor_ledger_account: ledger_account(debtor, currency)?,
                creditor_ledger_account: ledger_account(creditor, currency)?,
            });
        }
    }
    Ok(instructions)
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}
