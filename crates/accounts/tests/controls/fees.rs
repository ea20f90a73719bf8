//! Fees: who pays them, how they are rounded, and where they stand.

use accounts::{Control, Decline, EntryKind, Kind, Operation, Payment, PaymentState, QuoteVerdict};
use money::Currency;
use parameters::Section;

use crate::desk::{Desk, Place, declined, in_app, refused};
use crate::support::{OPENING_UNITS, balance, check, put_into_effect, settle_in, units, yuan};

pub(crate) const FEES: &str = r#"
[[schedule]]
name = "payments"
operation = "pay"
currency = "CNY"
payer = "customer"
fixed = "0.50 CNY"

[[schedule]]
name = "luckin pays itself"
merchant = "luckin"
operation = "pay"
currency = "CNY"
payer = "merchant"
rate = "0.60 %"
minimum = "0.01 CNY"

[[schedule]]
name = "kiosk"
app = "kiosk"
operation = "pay"
currency = "CNY"
payer = "customer"
fixed = "0.20 CNY"

[[schedule]]
name = "withdrawals"
operation = "withdrawal"
currency = "CNY"
payer = "customer"
rate = "1 %"
maximum = "2.00 CNY"
rounding = "up"

[[schedule]]
name = "transfers"
operation = "transfer"
currency = "CNY"
payer = "merchant"
rate = "0.10 %"
rounding = "down"
"#;

pub(crate) async fn the_customer_pays_on_top(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let tea = desk.open_account("tea", Kind::Merchant, Currency::CNY).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    put_into_effect(&desk.accounts, Section::Fees, FEES).await;

    // What was agreed to is charged, or whatever it is when nothing was agreed; anything else is refused.
    let agreed = Payment { agreed_fee: Some(yuan(50)), ..desk.pay(alice, tea, 2_350) };
    let posted = desk.post(agreed.clone()).await.expect("posts");
    assert_eq!((posted.fee, posted.payee_fee), (yuan(50), yuan(0)));
    assert_eq!(units(&posted), (OPENING_UNITS - 2_400, 2_350));
    let other = Payment { agreed_fee: Some(yuan(40)), ..desk.pay(alice, tea, 2_350) };
    assert!(refused(desk.post(other.clone()).await, Control::Price).contains("0.50 CNY"));
    assert!(refused(desk.post(other.clone()).await, Control::Price).contains("0.50 CNY"), "told again");
    let nothing = Payment { agreed_fee: Some(yuan(0)), ..desk.pay(alice, tea, 2_350) };
    refused(desk.post(nothing).await, Control::Price);
    let second = desk.post(desk.pay(alice, tea, 100)).await.expect("posts");
    assert_eq!(units(&second), (OPENING_UNITS - 2_550, 2_450));
    let third = desk.post(in_app("kiosk", desk.pay(alice, tea, 100))).await.expect("posts");
    assert_eq!((third.fee, units(&third)), (yuan(20), (OPENING_UNITS - 2_670, 2_550)));

    // A withdrawal costs its payer, a transfer its payee, a top-up nobody.
    let cash =
        desk.post(desk.payment(Operation::Withdrawal, alice, people.settlement, 1_010)).await.expect("posts");
    assert_eq!(
        (cash.fee, units(&cash).0),
        (yuan(11), OPENING_UNITS - 3_691),
        "a share of a unit is a whole one"
    );
    let much = desk
        .post(desk.payment(Operation::Withdrawal, alice, people.settlement, 50_000))
        .await
        .expect("posts");
    assert_eq!((much.fee, units(&much).0), (yuan(200), OPENING_UNITS - 53_891));
    let sent = desk.post(desk.payment(Operation::Transfer, alice, bob, 1_999)).await.expect("posts");
    assert_eq!((sent.fee, sent.payee_fee), (yuan(0), yuan(1)), "and here a share is nothing");
    assert_eq!(units(&sent), (OPENING_UNITS - 55_890, OPENING_UNITS + 1_998));
    let topped =
        desk.post(desk.payment(Operation::TopUp, people.settlement, alice, 10)).await.expect("posts");
    assert_eq!((topped.fee, topped.payee_fee), (yuan(0), yuan(0)));

    // All or nothing: who has the amount and not the fee pays neither.
    let (left, _) = desk.standing(alice).await;
    let all = desk.pay(alice, tea, left - 49);
    assert_eq!(declined(desk.post(all).await), Decline::InsufficientFunds { available: yuan(49) });
    assert_eq!(desk.standing(alice).await, (left, left));
    let rest = desk.post(desk.pay(alice, tea, left - 50)).await.expect("posts");
    assert_eq!(units(&rest).0, 0);
    assert_eq!(balance(&desk.accounts, people.fees).await, 50 + 50 + 20 + 11 + 200 + 1 + 50);

    // A changed schedule: what was agreed to before is no longer right, and a quote says so beforehand.
    put_into_effect(&desk.accounts, Section::Fees, &FEES.replace("0.50 CNY", "0.70 CNY")).await;
    let ask = desk.pay(bob, tea, 1_000);
    let quote = desk.accounts.quote(&ask).await.expect("quotes");
    assert_eq!((quote.fee, quote.payee_fee, quote.verdict), (yuan(70), yuan(0), QuoteVerdict::Post));
    let stale = Payment { agreed_fee: Some(yuan(50)), ..ask.clone() };
    let words = refused(desk.post(stale.clone()).await, Control::Price);
    assert!(words.contains("0.70 CNY"), "{words}");
    // The old payment is told its old fee.
    for round in 0..3 {
        let again = desk.post(agreed.clone()).await.expect("repeats");
        assert!(again.duplicate);
        assert_eq!(accounts::Posted { duplicate: false, ..again }, posted, "round {round}");
        assert_eq!(refused(desk.post(stale.clone()).await, Control::Price), words);
        let record = desk.record(posted.payment).await;
        assert_eq!((record.fee, record.payee_fee, record.amount), (yuan(50), yuan(0), yuan(2_350)));
        if round == 0 { desk.restart().await } else { desk.rebuild().await }
    }
    let page = desk.accounts.history(alice, None, 100).await.expect("reads");
    let of_first: Vec<_> = page
        .entries
        .iter()
        .filter(|line| line.payment == posted.payment)
        .map(|line| (line.operation, line.amount.minor_units(), line.counterparty))
        .collect();
    assert_eq!(of_first, [(EntryKind::Fee, -50, people.fees), (EntryKind::Pay, -2_350, tea)]);
    check(&desk.accounts).await;
}

pub(crate) async fn the_merchant_pays_out_of_the_amount(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    put_into_effect(&desk.accounts, Section::Fees, FEES).await;

    // 0.6 % to the nearest unit, halves to the even one, a unit at least, and never more than the amount.
    let (mut paid, mut fees) = (0, 0);
    for (amount, fee) in [(1_234, 7), (250, 2), (750, 4), (1_250, 8), (83, 1), (84, 1), (1, 1), (10_000, 60)]
    {
        let posted = desk.post(desk.pay(alice, luckin, amount)).await.expect("posts");
        (paid, fees) = (paid + amount, fees + fee);
        assert_eq!((posted.fee, posted.payee_fee), (yuan(0), yuan(fee)), "{amount}");
        assert_eq!(units(&posted), (OPENING_UNITS - paid, paid - fees), "{amount}");
        let record = desk.record(posted.payment).await;
        assert_eq!((record.fee, record.payee_fee, record.state), (yuan(0), yuan(fee), PaymentState::Posted));
    }
    // A capture costs what a payment of as much would.
    let held = desk.accounts.hold(desk.new_hold(alice, luckin, 10_000)).await.expect("holds");
    let part = desk.capture_of(held.hold, 2_500, false);
    let captured = desk.accounts.capture(part.clone()).await.expect("captures");
    assert_eq!((captured.fee, captured.payee_fee), (yuan(0), yuan(15)));
    assert_eq!(units(&captured), (OPENING_UNITS - paid - 2_500, paid - fees + 2_485));
    assert_eq!(desk.record(captured.payment).await.payee_fee, yuan(15));
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - paid - 2_500, OPENING_UNITS - paid - 10_000));

    let page = desk.accounts.history(luckin, None, 4).await.expect("reads");
    let lines: Vec<_> = page.entries.iter().map(|line| (line.operation, line.amount.minor_units())).collect();
    let expected =
        [(EntryKind::Fee, -15), (EntryKind::Capture, 2_500), (EntryKind::Fee, -60), (EntryKind::Pay, 10_000)];
    assert_eq!(lines, expected);
    assert!(page.entries[..2].iter().all(|line| line.payment == captured.payment));
    desk.rebuild().await;
    assert_eq!(desk.accounts.history(luckin, None, 4).await.expect("reads"), page);
    let again = desk.accounts.capture(part).await.expect("repeats");
    assert_eq!(accounts::Posted { duplicate: false, ..again }, captured);
    assert_eq!(balance(&desk.accounts, people.fees).await, fees + 15);
    check(&desk.accounts).await;
}
