//! Exchange: two currencies in one linked group, at the rate in effect, the fraction to the rounding account.

use accounts::{Control, Decline, EntryKind, Exchange, Exchanged, Kind, PaymentState};
use money::{Currency, Money};
use parameters::Section;

use crate::desk::{Desk, Place, declined, refused};
use crate::support::{OPENING_UNITS, balance, check, put_into_effect, settle_in, yuan};

const RATES: &str = r#"
[[rate]]
from = "CNY"
to = "USD"
rate = "0.140382"
margin = "0.25 %"

[[rate]]
from = "USD"
to = "CNY"
rate = "7.1234"
margin = "0.25 %"

[[rate]]
from = "CNY"
to = "JPY"
rate = "21"
"#;

fn dollars(units: i64) -> Money {
    Money::new(units, Currency::USD)
}

pub(crate) async fn moves_both_books(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let alice = people.customers[0];
    let abroad = desk.open_account("customer0", Kind::Customer, Currency::USD).await;
    let ask = |units| desk.exchange_of(alice, abroad, yuan(units));

    assert_eq!(declined(desk.accounts.exchange(ask(100)).await), Decline::NoExchangeAccount);
    let position = desk.open_account("operator", Kind::Exchange, Currency::CNY).await;
    let position_abroad = desk.open_account("operator", Kind::Exchange, Currency::USD).await;
    let none = refused(desk.accounts.exchange(ask(100)).await, Control::Price);
    assert!(none.contains("CNY") && none.contains("USD"), "{none}");
    put_into_effect(&desk.accounts, Section::Exchange, RATES).await;
    assert_eq!(
        declined(desk.accounts.exchange(ask(10_000)).await),
        Decline::NoExchangeAccount,
        "no rounding account"
    );
    let rounding = desk.open_account("operator", Kind::Rounding, Currency::CNY).await;
    let rounding_abroad = desk.open_account("operator", Kind::Rounding, Currency::USD).await;

    // 100.00 CNY at 0.140382 less 0.25 % is 14.00310...: 14.00 are got, the position gives 14.01.
    let asked = Exchange { agreed: Some(dollars(1_400)), ..ask(10_000) };
    let exchanged = desk.accounts.exchange(asked.clone()).await.expect("exchanges");
    assert_eq!((exchanged.amount, exchanged.converted), (yuan(10_000), dollars(1_400)));
    assert_eq!(
        (exchanged.from_balance, exchanged.to_balance),
        (yuan(OPENING_UNITS - 10_000), dollars(1_400))
    );
    // And back, 10.00 USD: 71.0559... CNY.
    let back =
        desk.accounts.exchange(desk.exchange_of(abroad, alice, dollars(1_000))).await.expect("exchanges");
    assert_eq!(back.converted, yuan(7_105));
    for (account, units) in [
        (alice, OPENING_UNITS - 10_000 + 7_105),
        (abroad, 400),
        (position, 10_000 - 7_106),
        (position_abroad, 1_000 - 1_401),
        (rounding, 1),
        (rounding_abroad, 1),
    ] {
        assert_eq!(balance(&desk.accounts, account).await, units);
    }
    let record = desk.record(exchanged.payment).await;
    assert_eq!(
        (record.operation, record.amount, record.state),
        (EntryKind::Exchange, yuan(10_000), PaymentState::Posted)
    );
    let line = &desk.accounts.history(abroad, None, 10).await.expect("reads").entries[1];
    assert_eq!(
        (line.payment, line.operation, line.amount),
        (exchanged.payment, EntryKind::Exchange, dollars(1_400))
    );
    let line = &desk.accounts.history(rounding_abroad, None, 10).await.expect("reads").entries[0];
    assert_eq!(
        (line.operation, line.amount, line.counterparty),
        (EntryKind::Rounding, dollars(1), position_abroad)
    );

    // What was agreed to is got, or nothing.
    let other = Exchange { agreed: Some(dollars(1_401)), ..ask(10_000) };
    assert!(refused(desk.accounts.exchange(other).await, Control::Price).contains("14.00 USD"));
    refused(desk.accounts.exchange(ask(3)).await, Control::Price);
    assert!(matches!(
        declined(desk.accounts.exchange(ask(1_000_000)).await),
        Decline::InsufficientFunds { .. }
    ));
    let same = desk.open_account("customer0", Kind::Customer, Currency::CNY).await;
    let within = desk.exchange_of(alice, same, yuan(100));
    assert_eq!(declined(desk.accounts.exchange(within).await), Decline::CurrencyMismatch);
    let wrong = desk.exchange_of(alice, abroad, dollars(100));
    assert_eq!(declined(desk.accounts.exchange(wrong).await), Decline::CurrencyMismatch);
    assert_eq!(
        declined(desk.accounts.exchange(desk.exchange_of(alice, alice, yuan(1))).await),
        Decline::SameAccount
    );
    let merchants = desk.exchange_of(people.merchant, abroad, yuan(1));
    assert_eq!(declined(desk.accounts.exchange(merchants).await), Decline::NotAllowed);
    assert_eq!(declined(desk.accounts.exchange(ask(0)).await), Decline::AmountOutOfRange);
    assert_eq!(
        declined(desk.accounts.refund(desk.refund_of(exchanged.payment, 1)).await),
        Decline::NotRefundable
    );

    // A rate that leaves nothing over needs no rounding account.
    let yen = desk.open_account("customer0", Kind::Customer, Currency::JPY).await;
    desk.open_account("operator", Kind::Exchange, Currency::JPY).await;
    let even = desk.accounts.exchange(desk.exchange_of(alice, yen, yuan(100))).await.expect("exchanges");
    assert_eq!(even.converted, Money::new(21, Currency::JPY));

    // The rate changes: the agreed amount is no longer what would be got; the first one is told what it got.
    put_into_effect(&desk.accounts, Section::Exchange, &RATES.replace("0.140382", "0.15")).await;
    let stale = Exchange { key: desk.key(), ..asked.clone() };
    assert!(refused(desk.accounts.exchange(stale).await, Control::Price).contains("14.96 USD"));
    for round in 0..3 {
        let again = desk.accounts.exchange(asked.clone()).await.expect("repeats");
        assert!(again.duplicate);
        assert_eq!(Exchanged { duplicate: false, ..again }, exchanged);
        let reused = Exchange { agreed: None, ..asked.clone() };
        assert_eq!(declined(desk.accounts.exchange(reused).await), Decline::KeyReused);
        if round == 0 { desk.restart().await } else { desk.rebuild().await }
    }
    // Both books balance by themselves.
    let rows = desk.accounts.trial_balance(desk.clock.now()).await.expect("reads");
    for currency in [Currency::CNY, Currency::USD, Currency::JPY] {
        let of = rows.iter().filter(|row| row.currency == currency);
        let sum: i64 = of.map(|row| row.credits.minor_units() - row.debits.minor_units()).sum();
        assert_eq!(sum, 0, "{currency}");
    }
    let verified = check(&desk.accounts).await;
    assert_eq!(verified.turnover.len(), 3);
}
