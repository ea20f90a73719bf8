//! The starter texts are valid, and agree with each other.

use ledger::Timestamp;
use parameters::{Draft, INSTALLATION, Registry, Section, VersionState};

#[test]
fn every_template_takes_effect_and_they_agree() {
    let mut registry = Registry::default();
    for section in Section::ALL {
        registry.check(section, section.template()).unwrap_or_else(|error| panic!("{error}"));
    }
    let at = Timestamp(1_800_000_000_000_000_000);
    let mut change = |section: Section, author: &str, approver: &str| {
        let draft = Draft {
            section,
            text: section.template().to_owned(),
            effective: None,
            author: author.to_owned(),
            note: "the first".to_owned(),
        };
        let version = registry.draft(draft, at).unwrap_or_else(|error| panic!("{error}"));
        registry.approve(section, version, approver, at).unwrap_or_else(|error| panic!("{error}"));
    };
    change(Section::Operators, INSTALLATION, INSTALLATION);
    for section in Section::ALL {
        if section != Section::Operators {
            change(section, "first.operator", "second.operator");
        }
    }
    let effective = registry.effective(at);
    assert_eq!(effective.versions, [Some(1); Section::COUNT]);
    assert_eq!(effective.operators.len(), 2);
    assert_eq!(effective.participants.of_holder("whoever").expect("the operator").id, "OPERATOR");
    assert_eq!(registry.versions(Section::Fees)[0].state, VersionState::Approved);
    assert_eq!(Registry::decode(&registry.encode(), |_| Ok(())), Ok(registry));
}

#[test]
fn words_read_back() {
    for section in Section::ALL {
        assert_eq!(section.word().parse(), Ok(section));
        assert_eq!(Section::ALL[section.index()], section);
    }
    assert!("fee".parse::<Section>().is_err());
}
