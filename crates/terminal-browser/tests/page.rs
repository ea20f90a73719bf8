//! The page keeps to what its content security policy allows, and has its words in both languages.
#![allow(clippy::unwrap_used, reason = "a failure in here fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("page").join(name)).unwrap()
}

/// What stands between `before` and the next `after`, everywhere.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn nothing_is_inline_and_nothing_is_foreign() {
    let page = file("index.html");
    assert!(!page.contains("style=\"") && !page.contains("<style"));
    assert!(!["onclick", "onload", "onsubmit", "onerror"].iter().any(|name| page.contains(name)));
    assert!(between(&page, "<script", "</script>").iter().all(|script| script.trim_end().ends_with('>')));
    for name in ["index.html", "style.css", "terminal.js", "keys.js", "screen.js", "words.js"] {
        let text = file(name);
        assert!(!text.contains("http://") && !text.contains("https://"), "{name}");
        assert!(!text.contains("eval(") && !text.contains("innerHTML"), "{name}");
    }
}

#[test]
fn every_word_is_in_both_languages() {
    let words = file("words.js");
    let (english, chinese) = words.split_once("const CHINESE").unwrap();
    let keys = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_once(": "))
            .filter(|(key, _)| !key.starts_with(' '))
            .map(|(key, _)| key.trim_matches('\'').to_owned())
            .collect()
    };
    let (english, chinese) = (keys(english), keys(chinese));
    let missing: Vec<_> = english.difference(&chinese).collect();
    assert!(missing.is_empty(), "not in Chinese: {missing:?}");
    let page = file("index.html");
    for word in between(&page, "data-word=\"", "\"") {
        assert!(english.contains(word), "{word} is not in words.js");
    }
    let script = file("terminal.js") + &file("screen.js");
    for rest in script.split(" words.").skip(1) {
        let word = rest.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap();
        assert!(english.contains(word) || chinese.contains(word), "{word} is not in words.js");
    }
}
