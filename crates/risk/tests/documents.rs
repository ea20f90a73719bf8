//! The documentation's examples and the starter file do what they say.

use risk::{Rules, check, plain_number, template};

const DOCUMENT: &str = include_str!("../../../docs/risk-rules.md");

/// Reads account numbers as they are printed: digits, the last two of which guard the others (ISO/IEC 7064
/// MOD 97-10).
fn printed_number(text: &str) -> Result<u64, String> {
    let whole: u64 = text.parse().map_err(|_| "this is not an account number".to_owned())?;
    if text.len() >= 10 && whole % 97 == 1 { Ok(whole / 100) } else { Err("a digit is wrong".to_owned()) }
}

/// The document's fenced blocks: their word and their content.
fn blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some(word) = line.strip_prefix("```") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push((word.to_owned(), content.join("\n")));
        }
    }
    blocks
}

#[test]
fn the_template_passes_and_tests_every_rule() {
    for reader in [plain_number, printed_number] {
        assert_eq!(check(template(), reader), Ok(()));
    }
    let rules = Rules::parse(template(), plain_number).unwrap();
    assert_eq!(rules.untested(), Vec::<&str>::new());
    assert_eq!(rules.rules().len(), 11);
    for rule in rules.rules() {
        assert!(rule.desk().chinese.is_some(), "{}", rule.name());
        assert!(rule.customer().is_none_or(|words| words.chinese.is_some()), "{}", rule.name());
    }
}

#[test]
fn the_documents_examples_pass() {
    let examples: Vec<_> = blocks().into_iter().filter(|(word, _)| word == "toml").collect();
    assert!(examples.len() >= 5, "{}", examples.len());
    for (_, example) in &examples {
        for reader in [plain_number, printed_number] {
            assert_eq!(check(example, reader), Ok(()), "\n{example}");
        }
    }
    assert!(examples.iter().any(|(_, example)| example.contains("[[test]]")));
}

#[test]
fn the_documents_mistakes_are_refused_as_it_says() {
    let blocks = blocks();
    let mut found = 0;
    for pair in blocks.windows(2) {
        if pair[0].0 == "toml mistake" {
            assert_eq!(pair[1].0, "text");
            assert_eq!(check(&pair[0].1, plain_number), Err(pair[1].1.clone()));
            found += 1;
        }
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn every_condition_of_the_table_is_one() {
    let lists = "[[list]]\nname='watched-payees'\nof='payees'\nentries=[]\n\
                 [[list]]\nname='own-terminals'\nof='terminals'\nentries=[]\n";
    let mut keys = std::collections::BTreeSet::new();
    for row in DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `when.")) {
        let (condition, _) = row.split_once("` |").unwrap();
        let text = format!(
            "{lists}[[rule]]\nname='one'\nwhen.{condition}\ndecision='refuse'\ntell-customer='No.'\ntell-desk='No.'\n"
        );
        assert_eq!(check(&text, plain_number), Ok(()), "{condition}");
        keys.insert(condition.split_once(" =").unwrap().0.to_owned());
    }
    // The error for an unknown condition lists those that there are.
    let error = check("[[rule]]\nname='one'\nwhen.nonsense=1\n", plain_number).unwrap_err();
    let (_, known) = error.split_once("expected one of").unwrap();
    let known: std::collections::BTreeSet<String> =
        known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(keys, known);
}
