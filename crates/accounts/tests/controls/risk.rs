//! Risk rules: what they allow, ask a further proof for, hold back and refuse; the review queue; histories.

use accounts::{
    Act, Consent, Control, Decline, EntryKind, Error, Kind, Operation, Payment, PaymentState, QuoteVerdict,
};
use money::Currency;
use parameters::Section;

use crate::desk::{Desk, Place, declined, in_review, refused};
use crate::support::{OPENING_UNITS, SECOND_NS, balance, check, put_into_effect, settle_in, units, yuan};

const FEES: &str = r#"
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
"#;

fn rules(reported: accounts::AccountId) -> String {
    format!(
        r#"
[[list]]
name = "reported"
of = "payees"
entries = ["{reported}"]

[[rule]]
name = "reported-payee"
when.payee = "in reported"
decision = "refuse"
tell-customer = "Please call us before you pay this payee."
tell-desk = "The payee was reported."

[[rule]]
name = "large-transfer"
when.operation = "transfer"
when.amount = "at least 20.00 CNY"
decision = "step-up"
tell-customer = "Confirm this once more."
tell-desk = "A large transfer."

[[rule]]
name = "large-payment"
when.operation = "pay"
when.amount = "at least 30.00 CNY"
decision = "review"
tell-customer = "We are looking at this payment."
tell-desk = "A large payment."
"#
    )
}

pub(crate) async fn allows_steps_up_and_refuses(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 3).await;
    let [alice, bob, thief] = people.customers[..] else { panic!("three customers") };
    put_into_effect(&desk.accounts, Section::Risk, &rules(thief)).await;
    let transfer = |to, units| desk.payment(Operation::Transfer, alice, to, units);

    let small = desk.post(transfer(bob, 1_999)).await.expect("is allowed");
    assert_eq!(desk.record(small.payment).await.reasons, [""; 0]);
    let large = transfer(bob, 2_000);
    assert_eq!(refused(desk.post(large.clone()).await, Control::StepUp), "Confirm this once more.");
    // Declined, it stays so under its key; the proof comes with a payment of its own.
    let proven = Payment { consent: Consent::SteppedUp, ..large.clone() };
    assert_eq!(refused(desk.post(proven.clone()).await, Control::StepUp), "Confirm this once more.");
    let fresh = Payment { key: desk.key(), ..proven };
    assert_eq!(desk.accounts.quote(&fresh).await.expect("quotes").verdict, QuoteVerdict::Post);
    let posted = desk.post(fresh).await.expect("is proven");
    assert_eq!(units(&posted).0, OPENING_UNITS - 3_999);
    // No proof helps against a list.
    let stolen = Payment { consent: Consent::SteppedUp, ..transfer(thief, 1) };
    let words = refused(desk.post(stolen.clone()).await, Control::Risk);
    assert_eq!(words, "Please call us before you pay this payee.");
    assert_eq!(balance(&desk.accounts, thief).await, OPENING_UNITS);
    // Limits and the risk desk see why; the customer does not.
    let until = accounts::Timestamp(desk.clock.now().0 + SECOND_NS);
    let end = desk.accounts.number_at(until).await.expect("reads");
    let declines = desk.accounts.declines(small.payment, end).await.expect("reads");
    assert_eq!(declines.into_iter().collect::<Vec<_>>(), [("risk".to_owned(), 1), ("step-up".to_owned(), 1)]);
    let all = desk.accounts.payments_after(small.payment, 10).await.expect("reads");
    let refused_ones: Vec<_> = all.iter().filter(|found| found.state != PaymentState::Posted).collect();
    assert_eq!(refused_ones[0].reasons, ["large-transfer: A large transfer."]);
    assert_eq!(refused_ones[1].reasons, ["reported-payee: The payee was reported."]);
    assert_eq!(refused_ones[1].state, PaymentState::Refused(words.clone()));
    desk.rebuild().await;
    assert_eq!(refused(desk.post(stolen).await, Control::Risk), words);
    assert_eq!(refused(desk.post(large).await, Control::StepUp), "Confirm this once more.");
    assert_eq!(desk.accounts.payments_after(small.payment, 10).await.expect("reads"), all);
    // A hold cannot wait for anybody: what is reviewed elsewhere is refused here.
    let hold = desk.new_hold(alice, people.merchant, 3_000);
    for _ in 0..2 {
        assert_eq!(
            refused(desk.accounts.hold(hold.clone()).await, Control::Risk),
            "We are looking at this payment."
        );
    }
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - 3_999, OPENING_UNITS - 3_999));
    check(&desk.accounts).await;
}

pub(crate) async fn what_is_reviewed_is_posted_or_refused(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    let luckin = people.merchant;
    let tea = desk.open_account("tea", Kind::Merchant, Currency::CNY).await;
    put_into_effect(&desk.accounts, Section::Fees, FEES).await;
    put_into_effect(&desk.accounts, Section::Risk, &rules(people.settlement)).await;

    let asked =
        Payment { memo: "a samovar".to_owned(), agreed_fee: Some(yuan(50)), ..desk.pay(alice, tea, 4_000) };
    assert_eq!(desk.accounts.quote(&asked).await.expect("quotes").verdict, QuoteVerdict::Review);
    let waiting = in_review(desk.post(asked.clone()).await);
    assert_eq!(in_review(desk.post(asked.clone()).await), waiting, "told the same again");
    // Amount and fee are set aside, and nothing has moved.
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS, OPENING_UNITS - 4_050));
    let queue = desk.accounts.review_queue().await.expect("reads");
    assert_eq!(queue.len(), 1);
    assert_eq!((queue[0].payment, &queue[0].state), (waiting, &PaymentState::InReview));
    assert_eq!(queue[0].reasons, ["large-payment: A large payment."]);
    let holds = desk.accounts.open_holds(Some(alice)).await.expect("reads");
    assert_eq!((holds.len(), holds[0].in_review, holds[0].left), (1, true, yuan(4_050)));
    // It is the operator's, in every other way too.
    let captured = desk.accounts.capture(desk.capture_of(waiting, 4_050, true)).await;
    assert_eq!(declined(captured), Decline::WaitsForReview);
    assert_eq!(declined(desk.accounts.release(desk.release_of(waiting)).await), Decline::WaitsForReview);
    assert_eq!(declined(desk.accounts.refund(desk.refund_of(waiting, 1)).await), Decline::NotRefundable);
    assert_eq!(desk.accounts.history(alice, None, 10).await.expect("reads").entries.len(), 1);
    // Two more, one to the merchant who pays the fee; and one that nobody has the money for.
    let second = in_review(desk.post(desk.pay(bob, luckin, 10_000)).await);
    let third = in_review(desk.post(desk.pay(alice, tea, 3_000)).await);
    let poor = desk.post(desk.pay(bob, tea, OPENING_UNITS)).await;
    assert_eq!(declined(poor), Decline::InsufficientFunds { available: yuan(OPENING_UNITS - 10_000) });

    desk.restart().await;
    desk.clock.pass(3_600 * SECOND_NS);
    let before = desk.clock.now();
    let post = desk.resolution(waiting, true);
    desk.accounts.resolve(post.clone()).await.expect("posts");
    desk.accounts.resolve(post.clone()).await.expect("is told the same again");
    assert_eq!(declined(desk.accounts.resolve(desk.resolution(waiting, true)).await), Decline::NotInReview);
    assert_eq!(declined(desk.accounts.resolve(desk.resolution(waiting, false)).await), Decline::NotInReview);
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - 4_050, OPENING_UNITS - 7_100));
    assert_eq!(balance(&desk.accounts, tea).await, 4_000);
    assert_eq!(balance(&desk.accounts, people.fees).await, 50);
    // One payment number in the history, and the moment when the money moved.
    let lines = desk.accounts.history(alice, None, 2).await.expect("reads").entries;
    let seen: Vec<_> =
        lines.iter().map(|line| (line.payment, line.operation, line.amount.minor_units())).collect();
    assert_eq!(seen, [(waiting, EntryKind::Fee, -50), (waiting, EntryKind::Pay, -4_000)]);
    assert!(lines.iter().all(|line| line.at >= before && line.memo == "a samovar"));
    let period = desk.accounts.period(alice, before, desk.clock.now()).await.expect("reads").expect("exists");
    assert_eq!((period.opening, period.closing), (yuan(OPENING_UNITS), yuan(OPENING_UNITS - 4_050)));
    assert!(period.entries.iter().all(|line| line.at >= before), "lines of a period are of its time");
    assert_eq!(period.entries.len(), 2);
    let posted = desk.post(asked.clone()).await.expect("is posted now");
    assert_eq!((posted.payment, posted.fee, posted.duplicate), (waiting, yuan(50), true));
    assert_eq!(units(&posted), (OPENING_UNITS - 4_050, 4_000));
    let record = desk.record(waiting).await;
    assert_eq!(
        (record.state, record.fee, record.evidence),
        (PaymentState::Posted, yuan(50), asked.evidence.clone())
    );
    // It can be refunded like any other.
    desk.accounts.refund(desk.refund_of(waiting, 4_000)).await.expect("is refunded");
    assert_eq!(
        declined(desk.accounts.refund(desk.refund_of(waiting, 1)).await),
        Decline::RefundExceeds { left: yuan(0) }
    );

    // From nothing but the journal: the other two still wait.
    desk.rebuild().await;
    assert_eq!(desk.accounts.review_queue().await.expect("reads").len(), 2);
    let evidence = b"signed by ada".to_vec();
    let refuse = accounts::Resolution { evidence, ..desk.resolution(third, false) };
    desk.accounts.resolve(refuse.clone()).await.expect("refuses");
    assert_eq!(
        declined(desk.accounts.resolve(accounts::Resolution { post: true, ..refuse }).await),
        Decline::KeyReused
    );
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - 50, OPENING_UNITS - 50));
    let PaymentState::Refused(words) = desk.record(third).await.state else { panic!("is refused") };
    assert!(words.contains("called the customer"), "{words}");
    desk.accounts.resolve(desk.resolution(second, true)).await.expect("posts");
    assert_eq!(balance(&desk.accounts, luckin).await, 10_000 - 60);
    assert_eq!(desk.record(second).await.payee_fee, yuan(60));
    assert_eq!(desk.standing(bob).await, (OPENING_UNITS - 10_000, OPENING_UNITS - 10_000));
    // What was decided is in the operator's log, once each.
    let acts = desk.accounts.acts(Some("review-post"), None, 10).await.expect("reads");
    let subjects: Vec<_> = acts.iter().map(|found| found.act.subject.clone()).collect();
    assert_eq!(subjects, [second.to_string(), waiting.to_string()]);
    let of_refusal = desk.accounts.acts(Some("review-refuse"), None, 10).await.expect("reads");
    let Act { actor, detail, .. } = &of_refusal[0].act;
    assert_eq!((actor.as_str(), detail.as_str()), ("ada", "called the customer"));
    // What is asked at the operator's desk waits as well: asking is not releasing.
    let by_desk = Payment { consent: Consent::Operator, ..desk.pay(alice, tea, 4_000) };
    let Err(Error::InReview { payment: at_the_desk }) = desk.post(by_desk).await else {
        panic!("it waits for a review too")
    };
    desk.accounts.resolve(desk.resolution(at_the_desk, false)).await.expect("refuses");
    let again = desk.post(Payment { key: post.key, ..desk.pay(alice, tea, 1) }).await;
    assert_eq!(again, Err(Error::Declined(Decline::KeyReused)));
    let verified = check(&desk.accounts).await;
    assert_eq!(verified.holds, 0);
}

const VELOCITY: &str = r#"
[[rule]]
name = "too-many"
when.payments = "more than 3 in 10 minutes"
decision = "refuse"
tell-customer = "Wait a while."
tell-desk = "More than 3 payments in 10 minutes."

[[rule]]
name = "first-to-payee"
when.operation = "transfer"
when.first-payment-to-payee = true
decision = "step-up"
tell-customer = "You pay this person for the first time."
tell-desk = "A first transfer to a payee."
"#;

pub(crate) async fn histories_outlive_restarts(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 2).await;
    let [alice, bob] = people.customers[..] else { panic!("two customers") };
    put_into_effect(&desk.accounts, Section::Risk, VELOCITY).await;
    refused(desk.post(desk.payment(Operation::Transfer, alice, bob, 1)).await, Control::StepUp);
    let first = Payment { consent: Consent::SteppedUp, ..desk.payment(Operation::Transfer, alice, bob, 1) };
    desk.post(first.clone()).await.expect("is proven");
    desk.restart().await;
    desk.post(desk.payment(Operation::Transfer, alice, bob, 1)).await.expect("is no first one any more");
    desk.rebuild().await;
    desk.post(desk.payment(Operation::Transfer, alice, bob, 1)).await.expect("nor now");
    for rebuilt in [false, true] {
        // Refused ones and repeated ones are not counted, or it would never end.
        assert_eq!(
            refused(desk.post(desk.pay(alice, people.merchant, 1)).await, Control::Risk),
            "Wait a while."
        );
        assert!(desk.post(first.clone()).await.expect("repeats").duplicate);
        if rebuilt { desk.rebuild().await } else { desk.restart().await }
    }
    desk.post(desk.pay(bob, people.merchant, 1)).await.expect("is another's");
    desk.clock.pass(601 * SECOND_NS);
    for _ in 0..3 {
        desk.post(desk.pay(alice, people.merchant, 1)).await.expect("is later");
    }
    refused(desk.post(desk.pay(alice, people.merchant, 1)).await, Control::Risk);
    check(&desk.accounts).await;
}
