//! What each entry of the journal does to the tables.

use ledger::{Answer, Key, Outcome, Refusal};
use money::Money;
use rusqlite::{Transaction, params};

use super::Projected;
use super::changes::{Changes, Move};
use crate::decision::{Decision, Leg, Verdict};
use crate::entry::{Entry, ParameterStep, Recorded};
use crate::journal::signed;
use crate::{AccountId, EntryKind, Error, NewHold, Origin, PaymentId, STANDARD_TIER};

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
struct At {
    sequence: i64,
    record: i64,
    number: PaymentId,
    at: i64,
}

pub(super) fn project(
    transaction: &Transaction<'_>,
    row: &Projected,
    first_record: u64,
    changes: &mut Changes<'_>,
) -> Result<(), Error> {
    let first = row.answers.iter().find(|answer| !answer.duplicate);
    transaction.prepare_cached("INSERT INTO rows VALUES (?1, ?2, ?3, ?4)")?.execute((
        signed(row.sequence),
        signed(row.at.0),
        signed(first_record),
        first.map(|answer| signed(answer.number.0)),
    ))?;
    for expired in &row.expired {
        end_hold(transaction, PaymentId(expired.hold.0), "expired", 0, signed(row.at.0))?;
        changes.held(AccountId(expired.debit.0), expired.amount.saturating_neg());
    }
    for ((recorded, answer), record) in row.entries.iter().zip(&row.answers).zip(first_record..) {
        if answer.duplicate {
            // Its first time has been projected, and nothing has happened now.
            continue;
        }
        let key = Key(u128::from_le_bytes(recorded.entry.key()));
        changes.answered(key, recorded.content, answer);
        let number = PaymentId(answer.number.0);
        let at =
            At { sequence: signed(row.sequence), record: signed(record), number, at: signed(answer.at.0) };
        project_entry(transaction, at, recorded, answer, changes)?;
    }
    Ok(())
}

fn project_entry(
    transaction: &Transaction<'_>,
    at: At,
    recorded: &Recorded,
    answer: &Answer,
    changes: &mut Changes<'_>,
) -> Result<(), Error> {
    let decision = recorded.decision.as_deref();
    let outcomes = answer.result.as_ref().map_or(&[][..], |outcomes| outcomes.as_slice());
    let done = answer.result.is_ok();
    match &recorded.entry {
        Entry::Open { account, new } if done => {
            transaction
                .prepare_cached("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)")?
                .execute((
                    account.sql(),
                    at.number.sql(),
                    &new.holder.0,
                    new.kind.word(),
                    &new.name,
                    new.currency.code(),
                    STANDARD_TIER,
                    at.at,
                ))?;
        }
        Entry::Close { account, .. } if done => {
            transaction
                .prepare_cached("UPDATE accounts SET closed = 1 WHERE id = ?1")?
                .execute([account.sql()])?;
        }
        Entry::Tier { key, account, tier, operator } => {
            transaction
                .prepare_cached("UPDATE accounts SET tier = ?2 WHERE id = ?1")?
                .execute((account.sql(), tier))?;
            act(transaction, at, key, [operator, "set-tier", &account.to_string(), tier])?;
        }
        Entry::Payment(payment) => {
            let mut line = Line {
                operation: payment.operation.into(),
                from: payment.from,
                to: payment.to,
                amount: payment.amount,
                memo: &payment.memo,
                reference: &payment.reference,
                origin: &payment.origin,
                evidence: &payment.evidence,
                ..Line::new(answer, decision)
            };
            if let [Outcome::Held { .. }] = outcomes {
                line.state = "review";
                let fee = decision.and_then(|decision| decision.payer_fee(payment.from));
                let held = fee.map_or(Ok(payment.amount), |fee| payment.amount.checked_add(fee));
                let hold = NewHold {
                    key: payment.key,
                    from: payment.from,
                    to: payment.to,
                    amount: held.unwrap_or(payment.amount),
                    expires: None,
                    memo: payment.memo.clone(),
                    reference: payment.reference.clone(),
                    origin: payment.origin.clone(),
                    consent: payment.consent,
                    evidence: Vec::new(),
                };
                put_hold(transaction, at, &hold, true)?;
                changes.held(hold.from, hold.amount.minor_units());
            } else {
                let main =
                    Leg { kind: line.operation, debit: line.from, credit: line.to, amount: line.amount };
                moves(at.number, at.number, Some(main), decision, outcomes, changes);
            }
            line.write(changes, at)?;
        }
        Entry::Exchange(exchange) => {
            let converted = decision.and_then(|decision| decision.legs.get(1)).map(|leg| leg.amount);
            moves(at.number, at.number, None, decision, outcomes, changes);
            let line = Line {
                operation: EntryKind::Exchange,
                from: exchange.from,
                to: exchange.to,
                amount: exchange.amount,
                converted,
                memo: &exchange.memo,
                reference: &exchange.reference,
                origin: &exchange.origin,
                evidence: &exchange.evidence,
                ..Line::new(answer, decision)
            };
            line.write(changes, at)?;
        }
        Entry::Hold(hold) => {
            if let Some(Decision { verdict: Verdict::Refuse(_), .. }) = decision {
                let line = Line {
                    operation: EntryKind::Capture,
                    from: hold.from,
                    to: hold.to,
                    amount: hold.amount,
                    memo: &hold.memo,
                    reference: &hold.reference,
                    origin: &hold.origin,
                    evidence: &hold.evidence,
                    ..Line::new(answer, decision)
                };
                line.write(changes, at)?;
            } else if done {
                put_hold(transaction, at, hold, false)?;
                changes.held(hold.from, hold.amount.minor_units());
            }
        }
        Entry::Capture(capture) => {
            let Some(Outcome::Captured { debit, credit, released, left, .. }) = outcomes.first() else {
                return Ok(());
            };
            let (from, to) = (AccountId(debit.0), AccountId(credit.0));
            transaction
                .prepare_cached(
                    "INSERT INTO payments
                     SELECT ?1, ?2, ?3, ?4, 'capture', from_account, to_account, ?5, 0, ?6, currency, NULL, NULL, memo,
                            CASE ?7 WHEN '' THEN reference ELSE ?7 END, app, terminal, region, number, NULL, 'posted',
                            NULL, NULL, NULL, CASE WHEN length(?8) > 0 THEN ?8 ELSE evidence END, NULL
                     FROM holds WHERE number = ?9",
                )?
                .execute(params![
                    at.number.sql(),
                    at.sequence,
                    at.record,
                    at.at,
                    capture.amount.minor_units(),
                    decision.map_or(0, |decision| fee_of(decision, to)),
                    capture.reference,
                    capture.evidence,
                    capture.hold.sql(),
                ])?;
            let state = if *left == 0 { "captured" } else { "open" };
            end_hold(transaction, capture.hold, state, *left, at.at)?;
            changes.held(from, capture.amount.minor_units().saturating_add(*released).saturating_neg());
            let main = Leg { kind: EntryKind::Capture, debit: from, credit: to, amount: capture.amount };
            moves(at.number, at.number, Some(main), decision, outcomes, changes);
        }
        Entry::Release(release) => released(transaction, at, release.hold, outcomes, changes)?,
        Entry::Refund(entry) => {
            let main = Leg {
                kind: EntryKind::Refund,
                debit: entry.from,
                credit: entry.to,
                amount: entry.refund.amount,
            };
            moves(at.number, at.number, Some(main), decision, outcomes, changes);
            let line = Line {
                operation: EntryKind::Refund,
                from: entry.from,
                to: entry.to,
                amount: entry.refund.amount,
                memo: &entry.refund.memo,
                reference: &entry.refund.reference,
                original: Some(entry.refund.original),
                evidence: &entry.refund.evidence,
                ..Line::new(answer, decision)
            };
            line.write(changes, at)?;
        }
        Entry::Resolve(resolution) if done => {
            let payment = resolution.payment;
            let (state, action) =
                if resolution.post { ("posted", "review-post") } else { ("refused", "review-refuse") };
            let refusal = (!resolution.post).then(|| format!("refused in review: {}", resolution.note));
            let control = (!resolution.post).then_some("risk");
            transaction
                .prepare_cached(
                    "UPDATE payments SET state = ?2, refusal = ?3, control = ?4, resolved = ?5 WHERE number = ?1",
                )?
                .execute((payment.sql(), state, refusal, control, at.number.sql()))?;
            let detail = [&resolution.operator, action, &payment.to_string(), &resolution.note];
            act(transaction, at, &resolution.key, detail)?;
            if let (Some(Outcome::Captured { released, .. }), Some(decision)) = (outcomes.first(), decision)
                && let Some((main, _)) = decision.legs.split_first()
            {
                end_hold(transaction, payment, "captured", 0, at.at)?;
                let held = main.amount.minor_units().saturating_add(*released);
                changes.held(main.debit, held.saturating_neg());
                moves(at.number, payment, None, Some(decision), outcomes, changes);
            } else {
                released(transaction, at, payment, outcomes, changes)?;
            }
        }
        Entry::Act(act_entry) => {
            let detail = [&act_entry.actor, act_entry.action.as_str(), &act_entry.subject, &act_entry.detail];
            act(transaction, at, &act_entry.key, detail)?;
        }
        Entry::Parameter(change) => {
            let (action, section, detail) = match &change.step {
                ParameterStep::Draft { section, note, .. } => ("parameter-draft", section, note.clone()),
                ParameterStep::Approve { section, version } => {
                    ("parameter-approve", section, version.to_string())
                }
                ParameterStep::Withdraw { section, version } => {
                    ("parameter-withdraw", section, version.to_string())
                }
            };
            act(transaction, at, &change.key, [&change.operator, action, section.word(), &detail])?;
        }
        Entry::Head { bytes, .. } => {
            if let Ok(head) = audit::SignedTreeHead::parse(bytes) {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO heads VALUES (?1, ?2, ?3, ?4)")?
                    .execute((signed(head.head.size), at.number.sql(), at.at, bytes))?;
            }
        }
        Entry::Open { .. } | Entry::Close { .. } | Entry::Resolve(_) => {}
    }
    Ok(())
}

/// What moved: the main amount if there is one, and the decision's legs, each with its outcome.
fn moves(
    number: PaymentId,
    payment: PaymentId,
    main: Option<Leg>,
    decision: Option<&Decision>,
    outcomes: &[Outcome],
    changes: &mut Changes<'_>,
) {
    let legs = decision.map_or(&[][..], |decision| &decision.legs);
    // The commands of one request are numbered one after another.
    for ((leg, outcome), number) in main.iter().chain(legs).zip(outcomes).zip(number.0..) {
        let (from_balance, to_balance) = match *outcome {
            Outcome::Transferred { debit_balance, credit_balance }
            | Outcome::Captured { debit_balance, credit_balance, .. }
            | Outcome::Refunded { debit_balance, credit_balance, .. } => (debit_balance, credit_balance),
            _ => continue,
        };
        changes.moved(Move {
            number: PaymentId(number),
            payment,
            kind: leg.kind,
            from: leg.debit,
            to: leg.credit,
            amount: leg.amount,
            from_balance,
            to_balance,
        });
    }
}

fn released(
    transaction: &Transaction<'_>,
    at: At,
    hold: PaymentId,
    outcomes: &[Outcome],
    changes: &mut Changes<'_>,
) -> Result<(), Error> {
    if let [Outcome::Released { debit, amount, .. }] = outcomes {
        end_hold(transaction, hold, "released", 0, at.at)?;
        changes.held(AccountId(debit.0), amount.saturating_neg());
    }
    Ok(())
}

/// A hold of which this much is left; one that is not open any more has ended.
fn end_hold(
    transaction: &Transaction<'_>,
    hold: PaymentId,
    state: &str,
    left: i64,
    at: i64,
) -> Result<(), Error> {
    let ended = Some(at).filter(|_| state != "open");
    transaction
        .prepare_cached("UPDATE holds SET state = ?2, amount = ?3, ended = ?4 WHERE number = ?1")?
        .execute((hold.sql(), state, left, ended))?;
    Ok(())
}

fn put_hold(transaction: &Transaction<'_>, at: At, hold: &NewHold, review: bool) -> Result<(), Error> {
    transaction
        .prepare_cached(
            "INSERT INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?5, NULL)",
        )?
        .execute(params![
            at.number.sql(),
            at.at,
            hold.from.sql(),
            hold.to.sql(),
            hold.amount.minor_units(),
            hold.amount.currency().code(),
            hold.expires.map(|at| signed(at.0)),
            hold.memo,
            hold.reference,
            hold.origin.app,
            hold.origin.terminal,
            hold.origin.region,
            review,
            hold.evidence,
        ])?;
    Ok(())
}

fn act(transaction: &Transaction<'_>, at: At, key: &[u8; 16], words: [&str; 4]) -> Result<(), Error> {
    let [actor, action, subject, detail] = words;
    transaction.prepare_cached("INSERT INTO acts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute((
        at.number.sql(),
        at.record,
        at.at,
        actor,
        action,
        subject,
        detail,
        key,
    ))?;
    Ok(())
}

/// What an account pays as a fee by this decision, in minor units.
fn fee_of(decision: &Decision, payer: AccountId) -> i64 {
    decision.payer_fee(payer).map_or(0, |fee| fee.minor_units())
}

/// A row of the payments.
#[derive(Debug)]
struct Line<'a> {
    operation: EntryKind,
    from: AccountId,
    to: AccountId,
    amount: Money,
    converted: Option<Money>,
    memo: &'a str,
    reference: &'a str,
    origin: &'a Origin,
    original: Option<PaymentId>,
    state: &'static str,
    control: Option<&'static str>,
    refusal: Option<String>,
    decision: Option<&'a Decision>,
    evidence: &'a [u8],
}

static NOWHERE: Origin = Origin { app: String::new(), terminal: String::new(), region: String::new() };

impl<'a> Line<'a> {
    /// What answer and decision say; the rest is the entry's.
    fn new(answer: &Answer, decision: Option<&'a Decision>) -> Self {
        let refused = match (decision.map(|decision| &decision.verdict), &answer.result) {
            (Some(Verdict::Refuse(refusal)), _) => Some((refusal.control.word(), refusal.words.clone())),
            (_, Err(refusal)) => Some((ledger_word(*refusal), refusal.to_string())),
            _ => None,
        };
        let state = if refused.is_some() { "refused" } else { "posted" };
        let (control, refusal) = refused.unzip();
        Self {
            operation: EntryKind::Pay,
            from: AccountId(0),
            to: AccountId(0),
            amount: Money::zero(money::Currency::CNY),
            converted: None,
            memo: "",
            reference: "",
            origin: &NOWHERE,
            original: None,
            state,
            control,
            refusal,
            decision,
            evidence: &[],
        }
    }

    fn write(&self, changes: &mut Changes<'_>, at: At) -> Result<(), Error> {
        let fee = self.decision.map_or(0, |decision| fee_of(decision, self.from));
        let payee_fee = self.decision.map_or(0, |decision| fee_of(decision, self.to));
        let reasons = self.decision.map(|decision| decision.reasons.join("\n"));
        changes.payments.execute(params![
            at.number.sql(),
            at.sequence,
            at.record,
            at.at,
            self.operation.word(),
            self.from.sql(),
            self.to.sql(),
            self.amount.minor_units(),
            fee,
            payee_fee,
            self.amount.currency().code(),
            self.converted.map(Money::minor_units),
            self.decision.map(|decision| decision.rate.as_str()).filter(|rate| !rate.is_empty()),
            self.memo,
            self.reference,
            self.origin.app,
            self.origin.terminal,
            self.origin.region,
            self.original.map(PaymentId::sql),
            self.state,
            self.control,
            self.refusal,
            reasons.filter(|reasons| !reasons.is_empty()),
            self.evidence,
        ])?;
        Ok(())
    }
}

/// The word for a refusal of the ledger in reports.
const fn ledger_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::InsufficientFunds { .. } => "funds",
        _ => "ledger",
    }
}
