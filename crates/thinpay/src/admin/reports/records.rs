//! Our side of a reconciliation: what we have posted, by the reference that others know it by.

use accounts::{AccountId, EntryKind, Timestamp};
use anyhow::{Context as _, Result};
use parameters::{Day, Zone};
use serde_json::{Value, json};

use super::negated;
use crate::directory::Books;

/// Which records.
#[derive(Debug)]
pub(super) struct Asked {
    /// Of this account, as it sees them; else every payment, refunds and withdrawals being negative.
    pub(super) account: Option<AccountId>,
    /// By the payment's number instead of its reference.
    pub(super) by_payment: bool,
    pub(super) from: Day,
    pub(super) until: Day,
    /// So many days more on both sides.
    pub(super) tolerance: u32,
}

/// Reference, amount and day of what was posted. A payment without a reference is known by its number. Fees and
/// roundings are left out: others know of the payment they belong to.
pub(super) async fn ours(books: &Books, zone: &Zone, asked: &Asked) -> Result<Vec<Value>> {
    let accounts = &books.services.accounts;
    let (first, last) = widened(asked);
    let (start, end) = (zone.start_of(first), zone.start_of(last.tomorrow()));
    let mut records = Vec::new();
    let mut put = |payment: String, reference: String, amount: money::Money, at: Timestamp| {
        let reference = if asked.by_payment || reference.is_empty() { payment } else { reference };
        records.push(json!({ "reference": reference, "amount": amount, "day": zone.day_of(at).to_string() }));
    };
    if let Some(account) = asked.account {
        let period = accounts.period(account, start, end).await?;
        let period = period.with_context(|| format!("There is no account {account}."))?;
        for entry in period.entries {
            if !matches!(entry.operation, EntryKind::Fee | EntryKind::Rounding) {
                put(entry.payment.to_string(), entry.reference, entry.amount, entry.at);
            }
        }
        return Ok(records);
    }
    let (from, until) = (accounts.number_at(start).await?, accounts.number_at(end).await?);
    for movement in accounts.movements(from, until).await? {
        let amount = match movement.operation {
            EntryKind::Pay
            | EntryKind::Transfer
            | EntryKind::TopUp
            | EntryKind::Capture
            | EntryKind::Settlement => movement.amount,
            EntryKind::Refund | EntryKind::Withdrawal => negated(movement.amount),
            EntryKind::Fee | EntryKind::Rounding | EntryKind::Exchange => continue,
        };
        put(movement.payment.to_string(), movement.reference, amount, movement.at);
    }
    Ok(records)
}

fn widened(asked: &Asked) -> (Day, Day) {
    let mut days = (asked.from, asked.until);
    for _ in 0..asked.tolerance.min(reports::TOLERANCE_DAYS_MAX) {
        days = (days.0.yesterday(), days.1.tomorrow());
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tolerance_widens_the_period_on_both_sides() {
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let (from, until) = (day("2026-03-01"), day("2026-12-31"));
        let asked = Asked { account: None, by_payment: false, from, until, tolerance: 1 };
        assert_eq!(widened(&asked), (day("2026-02-28"), day("2027-01-01")));
        let far = Asked { tolerance: u32::MAX, ..asked };
        assert!(widened(&far).0 >= day("2025-02-01"));
    }
}
