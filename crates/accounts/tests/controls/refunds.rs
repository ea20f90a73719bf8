//! Refunds: bounded by what they give back, linked to it, and of nothing else.

use accounts::{Consent, Decline, EntryKind, Error, Operation, Payment, PaymentId, Refund};
use money::{Currency, Money};
use parameters::Section;

use crate::desk::{Desk, Place, declined};
use crate::support::{OPENING_UNITS, balance, check, put_into_effect, settle_in, yuan};

pub(crate) async fn are_bounded_by_their_original(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let luckin = people.merchant;
    put_into_effect(&desk.accounts, Section::Fees, crate::fees::FEES).await;

    let paid = desk.post(desk.pay(alice, luckin, 5_000)).await.expect("posts");
    // What is left with the merchant after the fee is too little to give everything back.
    let all = desk.accounts.refund(desk.refund_of(paid.payment, 5_000)).await;
    assert_eq!(declined(all), Decline::InsufficientFunds { available: yuan(4_970) });
    desk.post(desk.pay(bob, luckin, 10_000)).await.expect("posts");
    let first = desk.refund_of(paid.payment, 2_000);
    let refunded = desk.accounts.refund(first.clone()).await.expect("refunds");
    assert_eq!(
        (refunded.original, refunded.amount, refunded.refunded),
        (paid.payment, yuan(2_000), yuan(2_000))
    );
    let record = desk.record(refunded.payment).await;
    assert_eq!((record.operation, record.original), (EntryKind::Refund, Some(paid.payment)));
    assert_eq!((record.from.0, record.to.0, record.memo.as_str()), (luckin, alice, "given back"));
    let line = &desk.accounts.history(alice, None, 1).await.expect("reads").entries[0];
    assert_eq!(
        (line.payment, line.operation, line.amount),
        (refunded.payment, EntryKind::Refund, yuan(2_000))
    );

    for round in 0..3 {
        let again = desk.accounts.refund(first.clone()).await.expect("repeats");
        assert_eq!(accounts::Refunded { duplicate: false, ..again }, refunded);
        let other = Refund { amount: yuan(2_001), ..first.clone() };
        assert_eq!(declined(desk.accounts.refund(other).await), Decline::KeyReused);
        let over = desk.accounts.refund(desk.refund_of(paid.payment, 3_001)).await;
        assert_eq!(declined(over), Decline::RefundExceeds { left: yuan(3_000) });
        if round == 0 { desk.restart().await } else { desk.rebuild().await }
    }
    let rest = desk.accounts.refund(desk.refund_of(paid.payment, 3_000)).await.expect("refunds the rest");
    assert_eq!(rest.refunded, yuan(5_000));
    assert_eq!(desk.standing(alice).await.0, OPENING_UNITS);
    desk.restart().await;
    let nothing = desk.accounts.refund(desk.refund_of(paid.payment, 1)).await;
    assert_eq!(declined(nothing), Decline::RefundExceeds { left: yuan(0) });

    // Captures, each by itself; transfers, top-ups and withdrawals.
    let held = desk.accounts.hold(desk.new_hold(alice, luckin, 1_000)).await.expect("holds");
    let one = desk.accounts.capture(desk.capture_of(held.hold, 300, false)).await.expect("captures");
    let two = desk.accounts.capture(desk.capture_of(held.hold, 400, true)).await.expect("captures");
    assert_eq!(declined(desk.accounts.refund(desk.refund_of(held.hold, 1)).await), Decline::NotRefundable);
    assert_eq!(
        declined(desk.accounts.refund(desk.refund_of(one.payment, 301)).await),
        Decline::RefundExceeds { left: yuan(300) }
    );
    desk.accounts.refund(desk.refund_of(one.payment, 300)).await.expect("refunds");
    desk.accounts.refund(desk.refund_of(two.payment, 400)).await.expect("refunds");
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS, OPENING_UNITS));
    for (operation, from, to) in [
        (Operation::Transfer, alice, bob),
        (Operation::TopUp, people.settlement, alice),
        (Operation::Withdrawal, alice, people.settlement),
    ] {
        let (before, _) = desk.standing(from).await;
        let moved = desk.post(desk.payment(operation, from, to, 100)).await.expect("posts");
        desk.accounts.refund(desk.refund_of(moved.payment, 100)).await.expect("refunds");
        // Fees stay with whom they went to.
        assert_eq!(desk.standing(from).await.0, before - moved.fee.minor_units(), "{operation:?}");
    }

    // And nothing else.
    let refused = declined(desk.post(desk.pay(alice, luckin, 10_000_000)).await);
    assert!(matches!(refused, Decline::InsufficientFunds { .. }));
    let end =
        desk.accounts.number_at(accounts::Timestamp(desk.clock.now().0 + 1_000_000)).await.expect("reads");
    let all = desk.accounts.payments_after(paid.payment, 100).await.expect("reads");
    let unposted: Vec<PaymentId> = all
        .iter()
        .filter(|found| found.state != accounts::PaymentState::Posted || found.operation == EntryKind::Refund)
        .map(|found| found.payment)
        .collect();
    assert!(unposted.len() > 6);
    for number in unposted.into_iter().chain([end]) {
        assert_eq!(declined(desk.accounts.refund(desk.refund_of(number, 1)).await), Decline::NotRefundable);
    }
    let settled =
        desk.post(desk.payment(Operation::Settlement, luckin, people.settlement, 100)).await.expect("posts");
    assert_eq!(
        declined(desk.accounts.refund(desk.refund_of(settled.payment, 1)).await),
        Decline::NotRefundable
    );
    let dollars = Refund { amount: Money::new(1, Currency::USD), ..desk.refund_of(paid.payment, 1) };
    assert_eq!(declined(desk.accounts.refund(dollars).await), Decline::CurrencyMismatch);
    for units in [0, -1] {
        assert_eq!(
            declined(desk.accounts.refund(desk.refund_of(paid.payment, units)).await),
            Decline::AmountOutOfRange
        );
    }
    check(&desk.accounts).await;
}

pub(crate) async fn in_parallel_never_exceed_it(place: Place<'_>) {
    let desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    let other = Payment { consent: Consent::None, ..desk.pay(alice, luckin, 50_000) };
    desk.post(other).await.expect("the merchant has more than what is refunded");
    let paid = desk.post(desk.pay(alice, luckin, 5_000)).await.expect("posts");
    let mut clients = Vec::new();
    for _ in 0..32 {
        let (accounts, refund) = (desk.accounts.clone(), desk.refund_of(paid.payment, 700));
        clients.push(tokio::spawn(async move { accounts.refund(refund).await }));
    }
    let mut totals = Vec::new();
    for client in clients {
        match client.await.expect("runs") {
            Ok(refunded) => totals.push(refunded.refunded.minor_units()),
            Err(Error::Declined(Decline::RefundExceeds { left })) => assert_eq!(left, yuan(100)),
            Err(other) => panic!("{other}"),
        }
    }
    totals.sort_unstable();
    assert_eq!(totals, (1..=7).map(|times| times * 700).collect::<Vec<_>>(), "each is told the sum so far");
    assert_eq!(balance(&desk.accounts, luckin).await, 55_000 - 4_900);
    check(&desk.accounts).await;
}
