//! A request that is repeated is told what it was told first; a key that comes with something else is refused. Of
//! every kind: at once, after a restart, from nothing but the journal, and when the ledger has forgotten the key.

use accounts::{
    Act, Decline, Error, Exchange, HolderId, Kind, NewAccount, Operation, ParameterChange, ParameterStep,
    Payment, PaymentId,
};
use money::{Currency, Money};
use parameters::Section;

use crate::desk::{Ask, Desk, Done, Place, changed, in_review, signed_again};
use crate::support::{check, key, put_into_effect, settle_in, yuan};

const LIMITS: &str = r#"
[[rule]]
name = "customer"
applies-to = "account"
operations = ["pay"]
per-transaction-maximum = "100.00 CNY"
"#;

const RULES: &str = r#"
[[rule]]
name = "seventy"
when.amount = "at least 70.00 CNY"
when.operation = "pay"
decision = "review"
tell-customer = "We are looking at this payment."
tell-desk = "Much."
"#;

const RATES: &str = "[[rate]]\nfrom = \"CNY\"\nto = \"USD\"\nrate = \"0.14\"\n";

type Told = Vec<(Ask, Result<Done, Error>)>;

/// One of everything that leaves a trace, done and declined, with what was told.
async fn one_of_everything(desk: &Desk) -> Told {
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let luckin = people.merchant;
    let abroad = desk.open_account("customer0", Kind::Customer, Currency::USD).await;
    for currency in [Currency::CNY, Currency::USD] {
        desk.open_account("operator", Kind::Exchange, currency).await;
        desk.open_account("operator", Kind::Rounding, currency).await;
    }
    let empty = desk.open_account("empty", Kind::Customer, Currency::CNY).await;
    for (section, text) in [
        (Section::Fees, crate::fees::FEES),
        (Section::Limits, LIMITS),
        (Section::Risk, RULES),
        (Section::Exchange, RATES),
    ] {
        put_into_effect(&desk.accounts, section, text).await;
    }

    let mut told: Told = Vec::new();
    let mut tell = async |ask: Ask| {
        let answer = desk.ask(&ask).await;
        told.push((ask, answer.clone()));
        answer
    };
    let number = |done: Result<Done, Error>| match done.expect("is done") {
        Done::Posted(posted) => posted.payment,
        Done::Held(held) => held.hold,
        other => panic!("has no number: {other:?}"),
    };
    let (holder, name) = (HolderId("dora".to_owned()), "Dora".to_owned());
    let new = NewAccount { key: desk.key(), holder, kind: Kind::Customer, name, currency: Currency::CNY };
    let _ = tell(Ask::Open(new)).await;
    let _ = tell(Ask::Close(desk.key(), empty)).await;
    let _ = tell(Ask::Close(desk.key(), alice)).await;
    let paid = number(tell(Ask::Post(desk.pay(alice, luckin, 5_000))).await);
    let _ = tell(Ask::Post(Payment { agreed_fee: Some(yuan(1)), ..desk.pay(alice, luckin, 100) })).await;
    let _ = tell(Ask::Post(desk.pay(alice, luckin, 10_001))).await;
    let _ = tell(Ask::Post(desk.payment(Operation::Transfer, alice, bob, 10_000_000))).await;
    let _ = tell(Ask::Post(desk.payment(Operation::Withdrawal, alice, people.settlement, 1_000))).await;
    let _ = tell(Ask::Post(desk.payment(Operation::Settlement, luckin, people.settlement, 10))).await;
    let waiting: Vec<PaymentId> = [
        tell(Ask::Post(desk.pay(alice, luckin, 7_000))).await,
        desk.ask(&Ask::Post(desk.pay(alice, luckin, 7_001))).await,
        desk.ask(&Ask::Post(desk.pay(alice, luckin, 7_002))).await,
    ]
    .into_iter()
    .map(in_review)
    .collect();
    let _ = tell(Ask::Resolve(desk.resolution(waiting[1], true))).await;
    let _ = tell(Ask::Resolve(desk.resolution(waiting[2], false))).await;
    let held = number(tell(Ask::Hold(desk.new_hold(alice, luckin, 600))).await);
    let _ = tell(Ask::Hold(desk.new_hold(alice, luckin, 8_000))).await;
    let _ = tell(Ask::Hold(desk.new_hold(empty, luckin, 10))).await;
    let captured = number(tell(Ask::Capture(desk.capture_of(held, 250, false))).await);
    let _ = tell(Ask::Capture(desk.capture_of(held, 351, true))).await;
    let _ = tell(Ask::Release(desk.release_of(held))).await;
    let _ = tell(Ask::Release(desk.release_of(held))).await;
    let _ = tell(Ask::Refund(desk.refund_of(paid, 1_000))).await;
    let _ = tell(Ask::Refund(desk.refund_of(paid, 4_001))).await;
    let _ = tell(Ask::Refund(desk.refund_of(captured, 250))).await;
    let _ = tell(Ask::Exchange(desk.exchange_of(alice, abroad, yuan(1_003)))).await;
    let _ = tell(Ask::Exchange(desk.exchange_of(alice, abroad, yuan(10_000_000)))).await;
    let stale =
        Exchange { agreed: Some(Money::new(1, Currency::USD)), ..desk.exchange_of(alice, abroad, yuan(100)) };
    let _ = tell(Ask::Exchange(stale)).await;
    let _ = tell(Ask::Exchange(desk.exchange_of(abroad, alice, Money::new(1, Currency::USD)))).await;
    let act = Act {
        key: desk.key(),
        actor: "ada".to_owned(),
        action: "sign-in".to_owned(),
        subject: String::new(),
        detail: String::new(),
    };
    let _ = tell(Ask::Act(act)).await;
    let _ = tell(Ask::Tier(desk.key(), bob, "gold".to_owned())).await;
    let step = ParameterStep::Draft {
        section: Section::Limits,
        text: LIMITS.to_owned(),
        effective: None,
        note: "once more".to_owned(),
    };
    let draft = ParameterChange { key: desk.key(), operator: "ada".to_owned(), step, evidence: Vec::new() };
    let _ = tell(Ask::Parameter(draft)).await;
    told
}

async fn told_as_before(desk: &Desk, told: &Told, when: &str) {
    for (ask, first) in told {
        for again in [ask.clone(), signed_again(ask)] {
            match (desk.ask(&again).await, first) {
                (Ok(answer), Ok(first)) => {
                    let counted = !matches!(first, Done::Opened(_) | Done::Nothing | Done::Noted(_));
                    assert_eq!(answer.first(), (counted, first.clone()), "{when}: {ask:?}");
                }
                (answer, first) => assert_eq!(&answer, first, "{when}: {ask:?}"),
            }
        }
        assert_eq!(
            desk.ask(&changed(ask)).await,
            Err(Error::Declined(Decline::KeyReused)),
            "{when}: {ask:?}"
        );
    }
}

pub(crate) async fn every_kind_is_told_its_first_answer(place: Place<'_>) {
    // As few keys as it takes.
    let mut desk = Desk::remembering(place, 0);
    let told = one_of_everything(&desk).await;
    assert!(told.iter().filter(|(_, answer)| answer.is_ok()).count() >= 16, "{told:#?}");
    assert!(told.iter().filter(|(_, answer)| answer.is_err()).count() >= 12, "{told:#?}");
    let verified = check(&desk.accounts).await;
    told_as_before(&desk, &told, "at once").await;
    desk.restart().await;
    told_as_before(&desk, &told, "after a restart").await;
    desk.rebuild().await;
    told_as_before(&desk, &told, "from the journal").await;
    assert_eq!(check(&desk.accounts).await.turnover, verified.turnover, "nothing was done again");

    // More requests than the ledger remembers.
    let (bank, rich) = (
        desk.open_account("bank", Kind::Settlement, Currency::CNY).await,
        desk.open_account("rich", Kind::Customer, Currency::CNY).await,
    );
    for round in 0..5_u64 {
        let payments = (0..8_192_u64).map(|number| {
            Payment::new(key(10_000_000 + round * 8_192 + number), Operation::TopUp, bank, rich, yuan(1))
        });
        let posted = desk.accounts.bulk(payments.collect()).await.expect("submits");
        assert!(posted.iter().all(Result::is_ok));
    }
    told_as_before(&desk, &told, "forgotten by the ledger").await;
    desk.restart().await;
    told_as_before(&desk, &told, "forgotten, after a restart").await;
    desk.rebuild().await;
    told_as_before(&desk, &told, "forgotten, from the journal").await;
    assert_eq!(desk.standing(rich).await.0, 5 * 8_192);
    check(&desk.accounts).await;
}
