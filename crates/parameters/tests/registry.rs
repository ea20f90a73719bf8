//! The registry: four eyes, dates, withdrawal, agreement between sections, bytes.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

use ledger::Timestamp;
use parameters::{
    Draft, INSTALLATION, ParameterError, Registry, RegistryRefusal, Section, VERSIONS_AHEAD_MAX, VersionState,
};
use proptest::prelude::*;

const FIRST: &str = "first.operator";
const SECOND: &str = "second.operator";

fn risk_check(text: &str) -> Result<(), String> {
    if text.contains("bad") { Err("This is a bad rule.".to_owned()) } else { Ok(()) }
}

fn draft(section: Section, text: &str, author: &str) -> Draft {
    Draft {
        section,
        text: text.to_owned(),
        effective: None,
        author: author.to_owned(),
        note: "because".to_owned(),
    }
}

/// A registry with the two operators of the template.
fn operated() -> Registry {
    let mut registry = Registry::new(risk_check);
    let text = Section::Operators.template();
    let version =
        registry.draft(draft(Section::Operators, text, INSTALLATION), Timestamp(1)).expect("drafted");
    registry.approve(Section::Operators, version, INSTALLATION, Timestamp(1)).expect("approved");
    registry
}

fn change(
    registry: &mut Registry,
    section: Section,
    text: &str,
    effective: Option<u64>,
    at: u64,
) -> Result<u32, RegistryRefusal> {
    let draft = Draft { effective: effective.map(Timestamp), ..draft(section, text, FIRST) };
    let version = registry.draft(draft, Timestamp(at))?;
    registry.approve(section, version, SECOND, Timestamp(at))?;
    Ok(version)
}

fn currencies(codes: &[&str]) -> String {
    format!("currencies = {codes:?}")
}

#[test]
fn the_installation_names_the_first_operators_and_nothing_else() {
    let mut registry = Registry::default();
    let at = Timestamp(1);
    let fees = draft(Section::Fees, "", INSTALLATION);
    assert_eq!(registry.draft(fees, at), Err(RegistryRefusal::OperatorsFirst));
    let text = Section::Operators.template();
    assert_eq!(
        registry.draft(draft(Section::Operators, text, "somebody"), at),
        Err(RegistryRefusal::OperatorsFirst)
    );
    // One by one is possible: alone the first operator can do nothing.
    let one = text.split("[[operator]]").take(2).collect::<Vec<_>>().join("[[operator]]");
    let version = registry.draft(draft(Section::Operators, &one, INSTALLATION), at).expect("drafted");
    registry.approve(Section::Operators, version, INSTALLATION, at).expect("approved");
    assert_eq!(registry.effective(at).operators.len(), 1);
    assert_eq!(registry.draft(draft(Section::Fees, "", FIRST), at), Err(RegistryRefusal::OperatorsFirst));
    let version = registry.draft(draft(Section::Operators, text, INSTALLATION), at).expect("drafted");
    let left = registry.draft(draft(Section::Operators, text, INSTALLATION), at).expect("drafted");
    registry.approve(Section::Operators, version, INSTALLATION, at).expect("approved");
    // From now on the installation may do nothing.
    let refused = RegistryRefusal::NotAnOperator { name: INSTALLATION.to_owned() };
    assert_eq!(registry.approve(Section::Operators, left, INSTALLATION, at), Err(refused));
    // Not even with one of them: its draft has one pair of eyes less.
    let refused = RegistryRefusal::NotAnOperator { name: INSTALLATION.to_owned() };
    assert_eq!(registry.approve(Section::Operators, left, FIRST, at), Err(refused));
    registry.draft(draft(Section::Fees, "", FIRST), at).expect("drafted");
    // And it does not come back: two operators at least stay.
    let refused = registry.draft(draft(Section::Operators, &one, FIRST), at).expect_err("too few");
    assert_eq!(refused.to_string(), "operators: There are 2 operators; no version can leave fewer than 2.");
    assert!(registry.check(Section::Operators, &one).is_err());
}

#[test]
fn four_eyes_and_the_right_role() {
    let mut registry = operated();
    let at = Timestamp(10);
    let version = registry.draft(draft(Section::Fees, "", FIRST), at).expect("drafted");
    assert_eq!(version, 1);
    let refused = registry.approve(Section::Fees, 1, FIRST, at).expect_err("the author");
    assert_eq!(
        refused.to_string(),
        "version 1 of fees needs the approval of another operator than \"first.operator\", who drafted it"
    );
    let refused = registry.approve(Section::Fees, 1, "mallory", at).expect_err("nobody");
    assert_eq!(
        refused.to_string(),
        "\"mallory\" is not an operator: the section operators in effect does not list that name"
    );
    assert_eq!(
        registry.approve(Section::Fees, 2, SECOND, at),
        Err(RegistryRefusal::UnknownVersion { section: Section::Fees, version: 2 })
    );
    assert_eq!(
        registry.approve(Section::Fees, 0, SECOND, at),
        Err(RegistryRefusal::UnknownVersion { section: Section::Fees, version: 0 })
    );
    assert_eq!(registry.effective(at).version(Section::Fees), None);
    registry.approve(Section::Fees, 1, SECOND, at).expect("approved");
    assert_eq!(registry.effective(at).version(Section::Fees), Some(1));
    let refused = registry.approve(Section::Fees, 1, SECOND, at).expect_err("approved already");
    assert_eq!(refused.to_string(), "version 1 of fees is approved already");
    // Finance without risk sets no risk rules.
    let operators = Section::Operators
        .template()
        .replace(r#"["security", "finance", "risk"]"#, r#"["security", "finance"]"#);
    change(&mut registry, Section::Operators, &operators, None, 20).expect("changed");
    let refused = registry.draft(draft(Section::Risk, "", FIRST), Timestamp(21)).expect_err("no role");
    assert_eq!(refused.to_string(), "\"first.operator\" may not change risk: that needs the role \"risk\"");
    registry.draft(draft(Section::Limits, "", FIRST), Timestamp(21)).expect("finance or risk");
}

#[test]
fn versions_take_effect_at_their_dates() {
    let mut registry = operated();
    let set = |registry: &mut Registry, code, effective, at| {
        change(registry, Section::Currencies, &currencies(&[code]), effective, at).expect("changed")
    };
    set(&mut registry, "CNY", None, 100);
    set(&mut registry, "USD", Some(300), 110);
    set(&mut registry, "EUR", Some(200), 120);
    set(&mut registry, "JPY", Some(50), 130);
    let books =
        |at| registry.effective(Timestamp(at)).currencies.named().next().map(|currency| currency.to_string());
    assert_eq!(books(99), None);
    assert_eq!(books(100).as_deref(), Some("CNY"));
    // A date that is past is that of the approval: the past does not change.
    assert_eq!(books(129).as_deref(), Some("CNY"));
    assert_eq!(books(130).as_deref(), Some("JPY"));
    assert_eq!(books(200).as_deref(), Some("EUR"));
    assert_eq!(books(300).as_deref(), Some("USD"));
    assert_eq!(books(u64::MAX).as_deref(), Some("USD"));
    let next = |at| registry.next_change_after(Timestamp(at)).map(|at| at.0);
    assert_eq!(
        [next(0), next(1), next(100), next(130), next(200), next(300)],
        [Some(1), Some(100), Some(130), Some(200), Some(300), None]
    );
    assert_eq!(
        registry.withdraw(Section::Currencies, 4, FIRST, Timestamp(131)),
        Err(RegistryRefusal::InEffect { section: Section::Currencies, version: 4 })
    );
    registry.withdraw(Section::Currencies, 3, FIRST, Timestamp(131)).expect("not in effect yet");
    assert_eq!(registry.effective(Timestamp(200)).version(Section::Currencies), Some(4));
    let withdrawn = registry.version(Section::Currencies, 3).expect("kept");
    assert_eq!((withdrawn.state, withdrawn.withdrawn_by.as_deref()), (VersionState::Withdrawn, Some(FIRST)));
    assert!(registry.withdraw(Section::Currencies, 3, FIRST, Timestamp(132)).is_err(), "once");
    assert!(registry.approve(Section::Currencies, 3, SECOND, Timestamp(132)).is_err(), "withdrawn");
}

#[test]
fn sections_agree_at_every_date() {
    let fees = "[[schedule]]\nname = \"a\"\npayer = \"customer\"\ncurrency = \"USD\"\nfixed = \"1.00 USD\"";
    let mut registry = operated();
    change(&mut registry, Section::Currencies, &currencies(&["CNY"]), None, 10).expect("changed");
    let refused = change(&mut registry, Section::Fees, fees, None, 11).expect_err("no such currency");
    assert_eq!(refused.to_string(), "fees, line 1: It names USD, but the books are kept in CNY only.");
    assert_eq!(registry.check(Section::Fees, fees).map_err(RegistryRefusal::from), Err(refused));
    change(&mut registry, Section::Currencies, &currencies(&["CNY", "USD"]), Some(100), 12).expect("changed");
    // From that date on it is right, before it is not.
    assert!(change(&mut registry, Section::Fees, fees, Some(99), 13).is_err());
    change(&mut registry, Section::Fees, fees, Some(100), 14).expect("changed");
    // What is named can no longer go, neither by withdrawal nor by another version.
    assert!(matches!(
        registry.withdraw(Section::Currencies, 2, SECOND, Timestamp(15)),
        Err(RegistryRefusal::Parameter(_))
    ));
    assert!(change(&mut registry, Section::Currencies, &currencies(&["CNY"]), Some(200), 16).is_err());
    registry.withdraw(Section::Fees, 1, SECOND, Timestamp(17)).expect("not in effect yet");
    registry.withdraw(Section::Currencies, 2, SECOND, Timestamp(18)).expect("nobody names it");
}

#[test]
fn drafts_are_checked_and_bounded() {
    let mut registry = operated();
    let refused =
        registry.draft(draft(Section::Risk, "bad", FIRST), Timestamp(2)).expect_err("the hook refuses");
    let expected =
        ParameterError { section: Section::Risk, line: 0, reason: "This is a bad rule.".to_owned() };
    assert_eq!(refused, RegistryRefusal::Parameter(expected));
    registry.draft(draft(Section::Risk, "good", FIRST), Timestamp(2)).expect("drafted");
    assert_eq!(registry.versions(Section::Risk).len(), 1, "a refused draft leaves no version");
    let long = Draft { note: "x".repeat(5000), ..draft(Section::Fees, "", FIRST) };
    assert!(matches!(registry.draft(long, Timestamp(2)), Err(RegistryRefusal::TooLong { .. })));
    for ahead in 0..VERSIONS_AHEAD_MAX {
        change(&mut registry, Section::Calendar, "", Some(1000 + ahead as u64), 3).expect("changed");
    }
    let refused = change(&mut registry, Section::Calendar, "", Some(2000), 3).expect_err("too many ahead");
    assert_eq!(refused.to_string(), "calendar has 8 versions ahead, as many as are kept");
    change(&mut registry, Section::Calendar, "", Some(2000), 1000).expect("one of them is in effect");
}

/// What operators do, at random.
#[derive(Debug, Clone)]
enum Act {
    Draft { section: Section, text: usize, effective: Option<u64>, author: usize },
    Approve { section: Section, version: u32, approver: usize },
    Withdraw { section: Section, version: u32, operator: usize },
}

const TEXTS: [&str; 6] = [
    "currencies = [\"CNY\"]",
    "currencies = [\"CNY\", \"USD\"]",
    "[[schedule]]\nname = \"a\"\npayer = \"customer\"\ncurrency = \"USD\"\nfixed = \"1.00 USD\"",
    "",
    "not a document",
    "[[rule]]\nname = \"a\"\napplies-to = \"account\"\nday-amount = \"1.00 USD\"",
];

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let section = || {
        proptest::sample::select(vec![Section::Currencies, Section::Fees, Section::Limits, Section::Calendar])
    };
    let act = prop_oneof![
        3 => (section(), 0..TEXTS.len(), proptest::option::of(0..600_u64), 0..3_usize)
            .prop_map(|(section, text, effective, author)| Act::Draft { section, text, effective, author }),
        4 => (section(), 1..8_u32, 0..3_usize).prop_map(|(section, version, approver)| Act::Approve { section, version, approver }),
        1 => (section(), 1..8_u32, 0..3_usize).prop_map(|(section, version, operator)| Act::Withdraw { section, version, operator }),
    ];
    proptest::collection::vec((0..30_u64, act), 0..60)
}

fn run(acts: &[(u64, Act)], mut after: impl FnMut(&Registry, u64)) -> Registry {
    let mut registry = operated();
    let mut now = 10;
    for (step, act) in acts {
        now += step;
        let who = [FIRST, SECOND, "mallory"];
        let at = Timestamp(now);
        let before = registry.clone();
        let done = match act {
            Act::Draft { section, text, effective, author } => {
                let draft = Draft {
                    effective: effective.map(Timestamp),
                    ..draft(*section, TEXTS[*text], who[*author])
                };
                registry.draft(draft, at).map(|_| ())
            }
            Act::Approve { section, version, approver } => {
                registry.approve(*section, *version, who[*approver], at)
            }
            Act::Withdraw { section, version, operator } => {
                registry.withdraw(*section, *version, who[*operator], at)
            }
        };
        assert!(done.is_ok() || registry == before, "a refusal changed something");
        after(&registry, now);
    }
    registry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_in_effect_never_changes(acts in acts()) {
        let mut seen: Vec<(u64, [Option<u32>; Section::COUNT])> = Vec::new();
        run(&acts, |registry, now| {
            for (at, versions) in &seen {
                let later = Section::ALL.map(|section| registry.in_effect(section, Timestamp(*at)).map(|version| version.version));
                // At the very moment of an act, what came first is replaced by what came later.
                assert!(*at == now || later == *versions, "at {at}: {versions:?}, later {later:?}");
            }
            let effective = registry.effective(Timestamp(now));
            for section in Section::ALL {
                let Some(version) = registry.in_effect(section, Timestamp(now)) else { continue };
                assert!(version.approver.is_some() && (version.approver.as_ref() != Some(&version.author) || version.author == INSTALLATION));
                assert_eq!(effective.version(section), Some(version.version));
            }
            for named in effective.fees.schedules().filter_map(|schedule| schedule.currency()) {
                assert!(effective.currencies.contains(named));
            }
            seen.retain(|(at, _)| *at < now);
            seen.push((now, effective.versions));
        });
    }

    #[test]
    fn bytes_round_trip_and_damage_is_found_or_harmless(acts in acts(), at: proptest::sample::Index, flip in 1..=255_u8) {
        let registry = run(&acts, |_, _| {});
        let bytes = registry.encode();
        let again = Registry::decode(&bytes, risk_check).expect("its own bytes");
        prop_assert_eq!(&again, &registry);
        prop_assert_eq!(again.encode(), bytes.clone());
        for length in (0..bytes.len()).step_by(7) {
            prop_assert!(Registry::decode(&bytes[..length], risk_check).is_err(), "cut to {length}");
        }
        let mut damaged = bytes.clone();
        damaged[at.index(bytes.len())] ^= flip;
        if let Ok(other) = Registry::decode(&damaged, risk_check) {
            // Whatever it is, it can be used.
            let _ = other.effective(Timestamp(u64::MAX));
            let _ = other.next_change_after(Timestamp(0));
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(Registry::decode(&longer, risk_check).is_err());
    }

    #[test]
    fn any_bytes_are_no_registry_or_one(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Registry::decode(&bytes, risk_check);
        let _ = Registry::decode(&[&[1, 1, 0, 0, 0], &bytes[..]].concat(), risk_check);
    }
}
