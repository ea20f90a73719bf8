//! Payments of the past as the risk rules saw them: what a dry run of other rules goes through.

use ledger::Timestamp;
use money::Money;
use risk::Outcome;
use rusqlite::{Connection, Row};

use super::{currency, unreadable};
use crate::journal::unsigned;
use crate::{AccountId, Consent, Control, HolderId, Origin, PaymentId};

/// A payment, an exchange or a hold that was asked for, and what the risk rules of the time said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPayment {
    /// Its number.
    pub payment: PaymentId,
    /// When.
    pub at: Timestamp,
    /// What it was, in the words of the risk rules; a hold counts as `pay`.
    pub operation: String,
    /// Who paid.
    pub from: AccountId,
    /// When the payer's account was opened.
    pub from_opened: Timestamp,
    /// Who was paid.
    pub to: AccountId,
    /// Whose account that is.
    pub to_holder: HolderId,
    /// How much.
    pub amount: Money,
    /// Where it came from.
    pub origin: Origin,
    /// How the payer had agreed, as far as the tables know: signed where there is evidence, by the operator
    /// where there is none and money came in.
    pub consent: Consent,
    /// What was decided; `None` where fees or limits refused it before the rules were asked.
    pub decided: Option<Outcome>,
    /// Whether it is part of the payer's history: posted, or set aside.
    pub counted: bool,
}

/// Those from this number on, oldest first.
pub(crate) fn past(
    connection: &Connection,
    from: PaymentId,
    limit: u32,
) -> rusqlite::Result<Vec<PastPayment>> {
    // A hold that was refused is among the payments as a capture.
    connection
        .prepare_cached(
            "SELECT p.number, p.at, CASE p.operation WHEN 'capture' THEN 'pay' ELSE p.operation END, p.from_account,
                    f.opened, p.to_account, t.holder, p.amount, p.currency, p.app, p.terminal, p.region,
                    length(p.evidence) > 0, p.state, p.control, p.resolved IS NOT NULL
             FROM payments p JOIN accounts f ON f.id = p.from_account JOIN accounts t ON t.id = p.to_account
             WHERE p.number >= ?1
               AND (p.operation IN ('pay', 'transfer', 'top-up', 'withdrawal', 'exchange')
                    OR p.operation = 'capture' AND p.state = 'refused')
             UNION ALL
             SELECT h.number, h.at, 'pay', h.from_account, f.opened, h.to_account, t.holder, h.original, h.currency,
                    h.app, h.terminal, h.region, length(h.evidence) > 0, 'posted', NULL, 0
             FROM holds h JOIN accounts f ON f.id = h.from_account JOIN accounts t ON t.id = h.to_account
             WHERE h.number >= ?1 AND h.review = 0
             ORDER BY 1 LIMIT ?2",
        )?
        .query_map((from.sql(), limit), read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<PastPayment> {
    let operation: String = row.get(2)?;
    let (state, control): (String, Option<String>) = (row.get(13)?, row.get(14)?);
    let (signed, resolved): (bool, bool) = (row.get(12)?, row.get(15)?);
    let is = |known: Control| control.as_deref() == Some(known.word());
    let decided = match state.as_str() {
        "review" => Some(Outcome::Review),
        "posted" | "refused" if resolved => Some(Outcome::Review),
        "posted" => Some(Outcome::Allow),
        "refused" if is(Control::Price) || is(Control::Limit) => None,
        "refused" if is(Control::Risk) => Some(Outcome::Refuse),
        "refused" if is(Control::StepUp) => Some(Outcome::StepUp),
        // The ledger refused, after the rules had been asked.
        "refused" => Some(Outcome::Allow),
        _ => return Err(unreadable(13, &state)),
    };
    let consent = match (signed, operation.as_str()) {
        (true, _) => Consent::Signed,
        (false, "top-up") => Consent::Operator,
        (false, _) => Consent::None,
    };
    Ok(PastPayment {
        payment: PaymentId::from_sql(row.get(0)?),
        at: Timestamp(unsigned(row.get(1)?)),
        operation,
        from: AccountId::from_sql(row.get(3)?),
        from_opened: Timestamp(unsigned(row.get(4)?)),
        to: AccountId::from_sql(row.get(5)?),
        to_holder: HolderId(row.get(6)?),
        amount: Money::new(row.get(7)?, currency(row, 8)?),
        origin: Origin { app: row.get(9)?, terminal: row.get(10)?, region: row.get(11)? },
        consent,
        decided,
        counted: state != "refused" || resolved,
    })
}
