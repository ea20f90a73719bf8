//! Parameters through the platform: drafted by one operator, approved by another, in effect from their date; and
//! the acts and tiers that stand beside them.

use accounts::{Act, ActRecord, Control, Decline, Error, ParameterChange, ParameterStep, Timestamp};
use parameters::{Section, VersionState};

use crate::desk::{Desk, Place, declined, refused};
use crate::support::{SECOND_NS, check, key, put_into_effect, settle_in, yuan};

const DAY_NS: u64 = 86_400 * SECOND_NS;

fn limits(yuan: u32) -> String {
    format!(
        "[[rule]]\nname = \"customer\"\napplies-to = \"account\"\noperations = [\"pay\"]\nper-transaction-maximum = \"{yuan}.00 CNY\"\n"
    )
}

pub(crate) async fn four_eyes_and_dates(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    let change = |operator: &str, step: ParameterStep| ParameterChange {
        key: desk.key(),
        operator: operator.to_owned(),
        step,
        evidence: b"signed".to_vec(),
    };
    let draft = |section, text: &str, effective| ParameterStep::Draft {
        section,
        text: text.to_owned(),
        effective,
        note: "as decided".to_owned(),
    };
    let approve = |section, version| ParameterStep::Approve { section, version };
    let withdraw = |section, version| ParameterStep::Withdraw { section, version };
    let why = async |change: ParameterChange| match desk.accounts.change_parameter(change).await {
        Err(Error::Declined(Decline::Parameter(why))) => why,
        other => panic!("is not declined: {other:?}"),
    };

    let early = why(change("ada", draft(Section::Limits, &limits(50), None))).await;
    assert!(early.contains("operators"), "{early}");
    put_into_effect(&desk.accounts, Section::Limits, &limits(90)).await;

    // Nobody approves alone, nor without a role, nor what is not there.
    desk.accounts
        .change_parameter(change("ada", draft(Section::Limits, &limits(80), None)))
        .await
        .expect("drafts");
    let alone = why(change("ada", approve(Section::Limits, 2))).await;
    assert!(alone.contains("approval of another operator"), "{alone}");
    let stranger = why(change("mallory", approve(Section::Limits, 2))).await;
    assert!(stranger.contains("\"mallory\" is not an operator"), "{stranger}");
    let missing = why(change("ben", approve(Section::Limits, 3))).await;
    assert!(missing.contains("no version 3 of limits"), "{missing}");
    desk.post(desk.pay(alice, luckin, 9_000)).await.expect("a draft is not in effect");
    let approval = change("ben", approve(Section::Limits, 2));
    desk.accounts.change_parameter(approval.clone()).await.expect("approves");
    desk.accounts.change_parameter(approval.clone()).await.expect("is told the same again");
    let other = ParameterChange { operator: "ada".to_owned(), ..approval };
    assert_eq!(desk.accounts.change_parameter(other).await, Err(Error::Declined(Decline::KeyReused)));
    refused(desk.post(desk.pay(alice, luckin, 8_001)).await, Control::Limit);
    let late = why(change("ben", withdraw(Section::Limits, 2))).await;
    assert!(late.contains("has taken effect"), "{late}");

    // Bad values are refused with the section, the line and the reason; nothing is kept of them.
    let versions = desk.accounts.registry().versions(Section::Limits).len();
    for (section, text, said) in [
        (Section::Limits, limits(50).replace("per-transaction", "per-tranaction"), "limits, line 5"),
        (Section::Limits, limits(50).replace("50.00 CNY", "50.001 CNY"), "limits, line 5"),
        (Section::Fees, "[[schedule]]\nname = \"x\"\npayer = \"nobody\"\n".to_owned(), "fees, line 3"),
        (Section::Risk, "[[rule]]\nname = \"x\"\n".to_owned(), "risk"),
        (Section::CutOff, "time = \"25:00\"\nzone = \"Asia/Shanghai\"\n".to_owned(), "cut-off, line 1"),
        (
            Section::Exchange,
            "[[rate]]\nfrom = \"CNY\"\nto = \"CNY\"\nrate = \"1\"\n".to_owned(),
            "exchange, line 3",
        ),
    ] {
        let reason = why(change("ada", draft(section, &text, None))).await;
        assert!(reason.contains(said), "{reason}");
    }
    assert_eq!(desk.accounts.registry().versions(Section::Limits).len(), versions);
    let long = change("ada", draft(Section::Fees, &" ".repeat(accounts::PARAMETER_BYTES_MAX + 1), None));
    assert!(matches!(declined(desk.accounts.change_parameter(long).await), Decline::Length { .. }));

    // Of two later ones, one is withdrawn before its day comes.
    let now = desk.clock.now().0;
    let (tomorrow, after) = (Timestamp(now + DAY_NS), Timestamp(now + 2 * DAY_NS));
    for (version, amount, at) in [(3, 70, tomorrow), (4, 60, after)] {
        let text = limits(amount);
        desk.accounts
            .change_parameter(change("ben", draft(Section::Limits, &text, Some(at))))
            .await
            .expect("drafts");
        desk.accounts
            .change_parameter(change("ada", approve(Section::Limits, version)))
            .await
            .expect("approves");
    }
    desk.accounts.change_parameter(change("ada", withdraw(Section::Limits, 3))).await.expect("withdraws");
    let gone = why(change("ben", approve(Section::Limits, 3))).await;
    assert!(gone.contains("is withdrawn already"), "{gone}");
    desk.post(desk.pay(alice, luckin, 8_000)).await.expect("is not tomorrow yet");
    desk.clock.pass(DAY_NS);
    desk.post(desk.pay(alice, luckin, 8_000)).await.expect("was withdrawn");
    let before = desk.accounts.registry().encode();
    desk.restart().await;
    assert_eq!(desk.accounts.registry().encode(), before, "from the snapshot");
    desk.rebuild().await;
    assert_eq!(desk.accounts.registry().encode(), before, "from the journal");
    desk.clock.pass(DAY_NS - 60 * SECOND_NS);
    desk.post(desk.pay(alice, luckin, 8_000)).await.expect("is not the day yet");
    desk.clock.pass(60 * SECOND_NS);
    // It is the day now, and nobody has said so: by itself, for a quote and for a posting.
    let ask = desk.pay(alice, luckin, 6_001);
    assert!(matches!(
        desk.accounts.quote(&ask).await.expect("quotes").verdict,
        accounts::QuoteVerdict::Decline(_)
    ));
    refused(desk.post(ask).await, Control::Limit);
    desk.post(desk.pay(alice, luckin, 6_000)).await.expect("is within");
    desk.rebuild().await;
    refused(desk.post(desk.pay(alice, luckin, 6_001)).await, Control::Limit);

    let registry = desk.accounts.registry();
    let states: Vec<_> = registry.versions(Section::Limits).iter().map(|version| version.state).collect();
    use VersionState::{Approved, Withdrawn};
    assert_eq!(states, [Approved, Approved, Withdrawn, Approved]);
    let second = registry.version(Section::Limits, 2).expect("exists");
    assert_eq!((second.author.as_str(), second.approver.as_deref()), ("ada", Some("ben")));
    // Each step is in the log.
    let acts = desk.accounts.acts(Some("parameter-withdraw"), None, 10).await.expect("reads");
    assert_eq!(acts.len(), 1);
    let Act { actor, subject, detail, .. } = &acts[0].act;
    assert_eq!([actor.as_str(), subject, detail], ["ada", "limits", "3"]);
    assert_eq!(desk.accounts.acts(Some("parameter-draft"), None, 10).await.expect("reads").len(), 5);
    check(&desk.accounts).await;
}

pub(crate) async fn acts_and_tiers_are_kept(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let alice = people.customers[0];
    let act = |number: u64, action: &str| Act {
        key: key(number),
        actor: "ada".to_owned(),
        action: action.to_owned(),
        subject: "terminal-1".to_owned(),
        detail: "详情 {\"a\": 1}".to_owned(),
    };
    let mut numbers = Vec::new();
    for number in 0..30 {
        let action = if number % 3 == 0 { "sign-in" } else { "sign-out" };
        numbers.push(desk.accounts.act(act(number, action)).await.expect("is noted"));
    }
    assert!(numbers.is_sorted());
    let unknown = desk.open_account("closed", accounts::Kind::Customer, money::Currency::CNY).await;
    desk.accounts.close_account(desk.key(), unknown).await.expect("closes");
    let nobody: accounts::AccountId = "1000009958".parse().expect("an account number");
    assert_eq!(
        declined(desk.accounts.set_tier(desk.key(), nobody, "gold", "ada").await),
        Decline::UnknownAccount(nobody)
    );
    assert_eq!(
        declined(desk.accounts.close_account(desk.key(), nobody).await),
        Decline::UnknownAccount(nobody)
    );
    desk.accounts.set_tier(desk.key(), alice, "gold", "ben").await.expect("sets");
    for round in 0..3 {
        assert_eq!(desk.accounts.act(act(4, "sign-out")).await, Ok(numbers[4]), "told again");
        let other = desk.accounts.act(Act { detail: String::new(), ..act(4, "sign-out") }).await;
        assert_eq!(other, Err(Error::Declined(Decline::KeyReused)));
        // Newest first, in pages.
        let mut found: Vec<ActRecord> = Vec::new();
        loop {
            let page = desk
                .accounts
                .acts(Some("sign-in"), found.last().map(|last| last.number), 4)
                .await
                .expect("reads");
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let expected: Vec<_> = (0..30).rev().filter(|number| number % 3 == 0).collect();
        assert_eq!(
            found.iter().map(|found| found.act.clone()).collect::<Vec<_>>(),
            expected.iter().map(|number| act(*number, "sign-in")).collect::<Vec<_>>()
        );
        let tiers = desk.accounts.acts(Some("set-tier"), None, 10).await.expect("reads");
        assert_eq!(
            (tiers.len(), tiers[0].act.actor.as_str(), tiers[0].act.detail.as_str()),
            (1, "ben", "gold")
        );
        let account = desk.accounts.account(alice).await.expect("reads").expect("exists");
        assert_eq!((account.tier.as_str(), account.balance), ("gold", yuan(crate::support::OPENING_UNITS)));
        if round == 0 { desk.restart().await } else { desk.rebuild().await }
    }
    for (what, act) in [
        ("no actor", Act { actor: String::new(), ..act(900, "x") }),
        ("no action", Act { action: String::new(), ..act(901, "x") }),
        ("a long detail", Act { detail: "x".repeat(accounts::DETAIL_BYTES_MAX + 1), ..act(902, "x") }),
    ] {
        assert!(matches!(declined(desk.accounts.act(act).await), Decline::Length { .. }), "{what}");
    }
    check(&desk.accounts).await;
}
