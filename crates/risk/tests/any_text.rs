//! Any text is read or refused with a line of it: never a panic.

use proptest::prelude::*;
use risk::{Rules, check, plain_number, template};

fn never_panics(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = Rules::parse(text, plain_number) {
        prop_assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1, "{}", error);
        prop_assert!(!error.why.is_empty());
    }
    // And the cases of what can be read are run.
    let _ = check(text, plain_number);
    Ok(())
}

/// Pieces that rule files are made of, wrongly put together.
fn any_pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "more",
        "than",
        "at",
        "least",
        "most",
        "fewer",
        "between",
        "and",
        "in",
        "not",
        "is",
        "times",
        "the",
        "mean",
        "maximum",
        "of",
        "last",
        "payments,",
        "with",
        "ago",
        "5",
        "64",
        "0",
        "1.5",
        "99999999999",
        "1000.00",
        "-3",
        "CNY",
        "JPY",
        "23:00",
        "06:00",
        "24:61",
        "hours",
        "days",
        "seconds",
        "weaker",
        "stepped-up",
        "CN-44",
        "列",
        ",",
        "payees",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join(" "))
}

const KEYS: [&str; 19] = [
    "operation",
    "amount",
    "payee",
    "customer",
    "terminal",
    "merchant",
    "region",
    "app",
    "consent",
    "time-of-day",
    "account-age",
    "terminal-first-seen",
    "first-payment-to-payee",
    "payments-ever",
    "payments",
    "payments-to-payee",
    "different-payees",
    "sum",
    "amount-against-history",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        never_panics(&text)?;
    }

    #[test]
    fn any_lines_of_a_rule_file_are_read_or_refused(
        lines in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let all: Vec<&str> = template().lines().collect();
        let text: Vec<&str> = lines.iter().map(|index| *index.get(&all)).collect();
        never_panics(&text.join("\n"))?;
    }

    #[test]
    fn a_changed_or_cut_rule_file_is_read_or_refused(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(), whole in any::<bool>(),
    ) {
        let mut bytes = template().as_bytes().to_vec();
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        never_panics(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_phrase_is_read_or_refused_in_its_line(
        phrase in prop_oneof![any_pieces(), any::<String>()], key in prop::sample::select(KEYS.to_vec()),
    ) {
        let phrase: String = phrase.chars().filter(|character| !character.is_control() && *character != '\'').collect();
        let text = format!(
            "[[rule]]\nname='a'\ndecision='review'\ntell-customer='c'\ntell-desk='d'\nwhen.{key}='{phrase}'\n\
             [[test]]\nname='t'\npayment={{amount='5.00 CNY'}}\nexpect='allow'\n"
        );
        match Rules::parse(&text, plain_number) {
            Ok(rules) => prop_assert_eq!(rules.run_tests().len(), 1),
            Err(error) => prop_assert_eq!(error.line, 6, "{}", error),
        }
    }

    #[test]
    fn any_case_is_read_or_refused(
        ago in any_pieces(), every in any_pieces(), times in any::<u32>(), amount in any_pieces(), clock in any_pieces(),
    ) {
        let text = format!(
            "[[test]]\nname='t'\nexpect='allow'\nhistory=[{{ago='{ago}',every='{every}',times={times},amount='{amount}'}}]\n\
             payment={{amount='5.00 CNY',time-of-day='{clock}'}}\n"
        );
        never_panics(&text)?;
    }
}
