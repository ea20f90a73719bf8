//! Limits: of one transaction, a day and a month; counted with the posting, and never exceeded.

use accounts::{AccountId, Control, Decline, Error, Kind, Operation, Payment, Timestamp};
use money::Currency;
use parameters::{Day, Section, Zone};

use crate::desk::{Desk, Place, at_terminal, declined, in_app, refused};
use crate::support::{SECOND_NS, balance, check, put_into_effect, settle_in};

const LIMITS: &str = r#"
[[rule]]
name = "customer"
applies-to = "account"
operations = ["pay", "transfer", "withdrawal"]
per-transaction-minimum = "0.10 CNY"
per-transaction-maximum = "100.00 CNY"
day-amount = "150.00 CNY"
day-count = 5
month-amount = "400.00 CNY"
month-count = 12
"#;

const BY_OTHERS: &str = r#"
[[rule]]
name = "customer"
applies-to = "account"
per-transaction-maximum = "100.00 CNY"

[[rule]]
name = "gold customer"
applies-to = "tier"
which = "gold"
per-transaction-maximum = "300.00 CNY"
instead-of = ["customer"]

[[rule]]
name = "each terminal"
applies-to = "terminal"
day-amount = "60.00 CNY"
currency = "CNY"

[[rule]]
name = "kiosk"
applies-to = "app"
which = "kiosk"
per-account = true
day-count = 2

[[rule]]
name = "tea"
applies-to = "merchant"
which = "tea"
day-amount = "70.00 CNY"
"#;

/// Moves the clock to a second before the next day begins in the zone, and returns the day that is ending.
fn to_the_end_of_the_day(desk: &Desk, zone: &Zone) -> Day {
    let day = zone.day_of(desk.clock.now());
    pass_until(desk, zone.start_of(day.tomorrow()), SECOND_NS);
    assert_eq!(zone.day_of(desk.clock.now()), day);
    day
}

fn pass_until(desk: &Desk, moment: Timestamp, less: u64) {
    desk.clock.pass(moment.0 - less - desk.clock.now().0);
}

pub(crate) async fn of_a_transaction_a_day_and_a_month(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let luckin = people.merchant;
    put_into_effect(&desk.accounts, Section::Limits, LIMITS).await;
    let pay = |units| desk.pay(alice, luckin, units);
    let over = async |payment: Payment| refused(desk.post(payment).await, Control::Limit);

    assert!(over(pay(9)).await.contains("0.10 CNY at least"));
    assert!(over(pay(10_001)).await.contains("100.00 CNY at most in one go"));
    desk.post(pay(10_000)).await.expect("is within");
    assert!(over(pay(5_001)).await.contains("50.00 CNY are left today"));
    // Other operations and holds count in the same; others' payments do not, nor do top-ups.
    desk.post(desk.payment(Operation::Transfer, alice, bob, 1_000)).await.expect("is within");
    desk.accounts.hold(desk.new_hold(alice, luckin, 2_000)).await.expect("is within");
    refused(desk.accounts.hold(desk.new_hold(alice, luckin, 2_001)).await, Control::Limit);
    desk.post(desk.pay(bob, luckin, 10_000)).await.expect("is another's");
    desk.post(desk.payment(Operation::TopUp, people.settlement, alice, 60_000))
        .await
        .expect("is not limited");
    // The fourth and the fifth; a sixth is one too many however small it is.
    desk.post(pay(1_000)).await.expect("is within");
    desk.post(desk.payment(Operation::Withdrawal, alice, people.settlement, 500)).await.expect("is within");
    assert!(over(pay(10)).await.contains("5 operations a day; 0 are left today"));

    // The day ends at midnight in the operator's zone, not in another one.
    let zone = Zone::new("Asia/Shanghai").expect("is a zone");
    let day = to_the_end_of_the_day(&desk, &zone);
    assert!(over(pay(10)).await.contains("left today"));
    assert!(matches!(
        desk.accounts.quote(&pay(10)).await.expect("quotes").verdict,
        accounts::QuoteVerdict::Decline(_)
    ));
    desk.clock.pass(2 * SECOND_NS);
    assert_eq!(zone.day_of(desk.clock.now()), day.tomorrow());
    // Nothing has been posted today: the quote knows the day all the same.
    assert_eq!(desk.accounts.quote(&pay(10)).await.expect("quotes").verdict, accounts::QuoteVerdict::Post);
    for units in [10_000, 4_000, 500] {
        desk.post(pay(units)).await.expect("is a new day");
    }
    // 145.00 of today and 145.00 of yesterday: 110.00 are left of the month.
    to_the_end_of_the_day(&desk, &zone);
    desk.clock.pass(2 * SECOND_NS);
    desk.post(pay(9_000)).await.expect("is within the month");
    assert!(over(pay(2_001)).await.contains("20.00 CNY are left this month"));
    for units in [100, 100, 100] {
        desk.post(pay(units)).await.expect("is within the month");
    }
    assert!(over(pay(10)).await.contains("12 operations a month"), "twelve were done");
    let first = Day::from_ymd(2025, 11, 1).expect("a day");
    pass_until(&desk, zone.start_of(first), 0);
    desk.restart().await;
    desk.post(desk.pay(alice, luckin, 10_000)).await.expect("is a new month");
    check(&desk.accounts).await;
}

pub(crate) async fn by_tier_app_terminal_and_merchant(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let luckin = people.merchant;
    let tea = desk.open_account("tea", Kind::Merchant, Currency::CNY).await;
    put_into_effect(&desk.accounts, Section::Limits, BY_OTHERS).await;

    refused(desk.post(desk.pay(alice, luckin, 10_001)).await, Control::Limit);
    desk.accounts.set_tier(desk.key(), alice, "gold", "ada").await.expect("sets");
    for round in 0..3 {
        desk.post(desk.pay(alice, luckin, 20_000)).await.expect("gold may");
        let words = refused(desk.post(desk.pay(alice, luckin, 30_001)).await, Control::Limit);
        assert!(words.contains("gold customer"), "{words}");
        refused(desk.post(desk.pay(bob, luckin, 10_001)).await, Control::Limit);
        // Each is known after a restart, with a snapshot and without.
        if round == 0 { desk.restart().await } else { desk.rebuild().await }
    }
    desk.accounts.set_tier(desk.key(), alice, accounts::STANDARD_TIER, "ada").await.expect("sets");
    refused(desk.post(desk.pay(alice, luckin, 10_001)).await, Control::Limit);

    // All that goes through a terminal, whoever pays.
    desk.post(at_terminal("till-1", desk.pay(alice, luckin, 4_000))).await.expect("is within");
    refused(desk.post(at_terminal("till-1", desk.pay(bob, luckin, 2_001))).await, Control::Limit);
    desk.post(at_terminal("till-2", desk.pay(bob, luckin, 2_001))).await.expect("is another terminal");
    desk.post(at_terminal("till-1", desk.pay(bob, luckin, 2_000))).await.expect("is within");
    refused(desk.post(at_terminal("till-1", desk.pay(alice, luckin, 1))).await, Control::Limit);
    // Each account in an app.
    for _ in 0..2 {
        desk.post(in_app("kiosk", desk.pay(alice, luckin, 1))).await.expect("is within");
    }
    refused(desk.post(in_app("kiosk", desk.pay(alice, luckin, 1))).await, Control::Limit);
    desk.post(in_app("kiosk", desk.pay(bob, luckin, 1))).await.expect("is another's");
    desk.post(in_app("other", desk.pay(alice, luckin, 1))).await.expect("is another app");
    // A merchant, in all.
    desk.post(desk.pay(alice, tea, 3_500)).await.expect("is within");
    desk.post(desk.pay(bob, tea, 3_500)).await.expect("is within");
    let words = refused(desk.post(desk.pay(bob, tea, 1)).await, Control::Limit);
    assert!(words.contains("\"tea\"") && words.contains("0.00 CNY are left today"), "{words}");
    check(&desk.accounts).await;
}

pub(crate) async fn of_parallel_clients(place: Place<'_>) {
    let desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 3).await;
    let limits = r#"
[[rule]]
name = "customer"
applies-to = "account"
operations = ["pay"]
day-amount = "100.00 CNY"

[[rule]]
name = "till"
applies-to = "terminal"
day-count = 37
"#;
    put_into_effect(&desk.accounts, Section::Limits, limits).await;
    let mut clients = Vec::new();
    for client in 0..32_usize {
        let customer = people.customers[client % 3];
        // Two customers at no terminal, the third at one terminal with payments so small that only these count.
        let (terminal, units) = if client % 3 == 2 { ("till", 10) } else { ("", 700) };
        let payments: Vec<Payment> =
            (0..6).map(|_| at_terminal(terminal, desk.pay(customer, people.merchant, units))).collect();
        let accounts = desk.accounts.clone();
        clients.push(tokio::spawn(async move {
            let mut done: Vec<AccountId> = Vec::new();
            for payment in payments {
                match accounts.post(payment).await {
                    Ok(_) => done.push(customer),
                    Err(Error::Declined(Decline::Controls(refusal))) if refusal.control == Control::Limit => {
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            done
        }));
    }
    let mut done = Vec::new();
    for client in clients {
        done.extend(client.await.expect("runs"));
    }
    let of = |customer| done.iter().filter(|done| **done == customer).count();
    // As many as fit, and not one more.
    assert_eq!([of(people.customers[0]), of(people.customers[1]), of(people.customers[2])], [14, 14, 37]);
    assert_eq!(balance(&desk.accounts, people.merchant).await, 14 * 700 * 2 + 370);
    check(&desk.accounts).await;
}

pub(crate) async fn outlive_restarts_and_count_what_was_done_alone(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    let poor = desk.open_account("poor", Kind::Customer, Currency::CNY).await;
    let limits = r#"
[[rule]]
name = "customer"
applies-to = "account"
operations = ["pay"]
day-amount = "100.00 CNY"
day-count = 3
"#;
    put_into_effect(&desk.accounts, Section::Limits, limits).await;
    put_into_effect(&desk.accounts, Section::Fees, crate::fees::FEES).await;
    // Declined for want of money, for the fee, and by the limit itself: none of them counts.
    for _ in 0..4 {
        let tried = desk.pay(poor, luckin, 500);
        assert!(matches!(declined(desk.post(tried).await), Decline::InsufficientFunds { .. }));
        let dear = Payment { agreed_fee: Some(crate::support::yuan(1)), ..desk.pay(alice, luckin, 500) };
        refused(desk.post(dear).await, Control::Price);
        refused(desk.post(desk.pay(alice, luckin, 10_001)).await, Control::Limit);
    }
    let first = desk.pay(alice, luckin, 6_000);
    desk.post(first.clone()).await.expect("is the first that counts");
    for rebuilt in [false, true] {
        if rebuilt {
            desk.rebuild().await
        } else {
            desk.restart().await
        }
        let words = refused(desk.post(desk.pay(alice, luckin, 4_001)).await, Control::Limit);
        assert!(words.contains("40.00 CNY are left today"), "{words}");
        // Repeated, it is not counted again.
        assert!(desk.post(first.clone()).await.expect("repeats").duplicate);
    }
    desk.post(desk.pay(alice, luckin, 3_000)).await.expect("is within");
    desk.restart().await;
    desk.post(desk.pay(alice, luckin, 1_000)).await.expect("is the last of it");
    desk.rebuild().await;
    refused(desk.post(desk.pay(alice, luckin, 1)).await, Control::Limit);
    desk.post(desk.payment(Operation::TopUp, people.settlement, poor, 500)).await.expect("posts");
    desk.post(desk.pay(poor, luckin, 500)).await.expect("nothing was counted of the poor");
    // New numbers in the rule go on from what was used.
    put_into_effect(
        &desk.accounts,
        Section::Limits,
        &limits.replace("100.00", "120.00").replace("= 3", "= 9"),
    )
    .await;
    let words = refused(desk.post(desk.pay(alice, luckin, 2_001)).await, Control::Limit);
    assert!(words.contains("20.00 CNY are left today"), "{words}");
    desk.post(desk.pay(alice, luckin, 2_000)).await.expect("is within the new limit");
    check(&desk.accounts).await;
}

/// A snapshot with one wrong byte would be another book: other limits used, other tiers, other balances.
pub(crate) async fn are_not_read_from_a_damaged_snapshot(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    put_into_effect(&desk.accounts, Section::Limits, LIMITS).await;
    desk.post(desk.pay(alice, luckin, 10_000)).await.expect("is within");
    desk.accounts.set_tier(desk.key(), alice, "silver", "ada").await.expect("sets");
    for place in 0..10_usize {
        desk.restart_damaged(|snapshot| {
            // The controls are its last quarter; some places everywhere.
            let from = if place % 2 == 0 { snapshot.len() * 3 / 4 } else { 0 };
            let at = from + (snapshot.len() - from) * place / 10;
            snapshot[at] ^= 1;
        })
        .await;
        let words = refused(desk.post(desk.pay(alice, luckin, 5_001)).await, Control::Limit);
        assert!(words.contains("50.00 CNY are left today"), "{words}");
        check(&desk.accounts).await;
    }
}
