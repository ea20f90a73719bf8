//! Everything that can be read of the platform, against the model.

use std::collections::BTreeMap;

use accounts::{EntryKind, Movement, OpenHold, PaymentId, PaymentState, Timestamp};

use crate::desk::Desk;
use crate::reference::{Model, State};

/// Balances, what is held, tiers, and whether they are closed.
pub(crate) async fn accounts_are(desk: &Desk, model: &Model) {
    for (id, side) in &model.accounts {
        let found = desk.accounts.account(*id).await.expect("reads").expect("exists");
        let tier = if side.gold { "gold" } else { accounts::STANDARD_TIER };
        assert_eq!(
            (found.balance.minor_units(), found.closed),
            (side.balance, side.closed),
            "{}",
            side.holder
        );
        assert_eq!((found.kind, found.tier.as_str()), (side.kind, tier), "{}", side.holder);
    }
}

pub(crate) async fn are_the_models(desk: &Desk, model: &Model) {
    accounts_are(desk, model).await;
    let accounts = &desk.accounts;
    let (start, end) = (Timestamp(0), Timestamp(u64::MAX));
    let trial = accounts.trial_balance(end).await.expect("reads");
    assert_eq!(trial.len(), model.accounts.len());
    for (id, side) in &model.accounts {
        let found = accounts.account(*id).await.expect("reads").expect("exists");
        assert_eq!(found.balance.minor_units() - found.available.minor_units(), side.held, "{}", side.holder);
        // The history, page by page and as one period.
        let mut lines = Vec::new();
        let mut before = None;
        loop {
            let page = accounts.history(*id, before, 100).await.expect("reads");
            lines.extend(page.entries);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        lines.reverse();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| {
                (line.payment, line.operation, line.amount.minor_units(), line.balance_after.minor_units())
            })
            .collect();
        assert_eq!(seen, side.lines, "{}", side.holder);
        let period = accounts.period(*id, start, end).await.expect("reads").expect("exists");
        assert_eq!(period.entries, lines);
        assert_eq!((period.opening.minor_units(), period.closing.minor_units()), (0, side.balance));
        let row = trial.iter().find(|row| row.account == *id).expect("is in the trial balance");
        let sum = |wanted: fn(i64) -> bool| -> i64 {
            side.lines.iter().map(|line| line.2).filter(|units| wanted(*units)).sum()
        };
        assert_eq!(row.credits.minor_units(), sum(|units| units > 0), "{}", side.holder);
        assert_eq!(-row.debits.minor_units(), sum(|units| units < 0), "{}", side.holder);
        // The open holds of its payer.
        let open = accounts.open_holds(Some(*id)).await.expect("reads");
        let open: Vec<_> = open.iter().filter(|hold| hold.from == *id).map(of_hold).collect();
        let expected: Vec<_> = model
            .holds
            .iter()
            .filter(|(_, hold)| hold.from == *id)
            .map(|(number, hold)| (*number, hold.left, hold.in_review))
            .collect();
        assert_eq!(open[..open.len().min(100)], expected[..expected.len().min(100)], "{}", side.holder);
    }

    let moved = accounts
        .movements(
            accounts.number_at(start).await.expect("reads"),
            accounts.number_at(end).await.expect("reads"),
        )
        .await
        .expect("reads");
    assert_eq!(moved.iter().map(of_movement).collect::<Vec<_>>(), model.movements);
    let declines = accounts
        .declines(
            accounts.number_at(start).await.expect("reads"),
            accounts.number_at(end).await.expect("reads"),
        )
        .await
        .expect("reads");
    assert_eq!(declines, model.declines);

    // Every payment, and how many of them were refused.
    let mut found = BTreeMap::new();
    let mut refused = 0;
    let mut after = accounts.number_at(start).await.expect("reads");
    loop {
        let page = accounts.payments_after(after, 500).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = last.payment;
        for record in page {
            let state = match &record.state {
                PaymentState::Posted => State::Posted,
                PaymentState::InReview => State::InReview,
                PaymentState::Refused(words) => {
                    refused += 1;
                    assert!(!words.is_empty());
                    State::Refused
                }
            };
            found.insert(record.payment, (record, state));
        }
    }
    for (number, kept) in &model.payments {
        let (record, state) = &found[number];
        let seen = (record.operation, record.from.0, record.to.0, record.amount.minor_units(), *state);
        assert_eq!(seen, (kept.kind, kept.from, kept.to, kept.amount, kept.state), "{number}");
        let fees = (record.fee.minor_units(), record.payee_fee.minor_units());
        assert_eq!((fees, record.original), ((kept.fee, kept.payee_fee), kept.original), "{number}");
    }
    assert_eq!(refused, model.declines.values().sum::<u64>());
    let accepted = model.payments.values().filter(|kept| kept.state != State::Refused).count();
    assert_eq!(found.len(), accepted + usize::try_from(refused).expect("small"));
    let waiting = accounts.review_queue().await.expect("reads");
    let expected: Vec<PaymentId> =
        model.holds.iter().filter(|(_, hold)| hold.in_review).map(|(number, _)| *number).take(100).collect();
    assert_eq!(waiting.iter().map(|record| record.payment).collect::<Vec<_>>(), expected);
}

fn of_hold(hold: &OpenHold) -> (PaymentId, i64, bool) {
    (hold.hold, hold.left.minor_units(), hold.in_review)
}

fn of_movement(movement: &Movement) -> (PaymentId, EntryKind, accounts::AccountId, accounts::AccountId, i64) {
    (movement.payment, movement.operation, movement.from.0, movement.to.0, movement.amount.minor_units())
}
