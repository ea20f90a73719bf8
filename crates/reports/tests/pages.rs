//! The pages: whatever text comes in is shown as text, and nothing is loaded or run.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use reports::{AccountKind, DayEnd, Language, PAGE_LINES_MAX, ReportError, TrialBalance, reconcile};
use support::{Entry, customer, day_end, letterhead, merchant, record, statement, trial_balance};

/// A page taken apart: tags with their attributes, and the text between them with its references resolved.
struct Page {
    tags: Vec<String>,
    text: String,
    style: String,
}

/// Reads a page as strictly as it is written: tags of this crate's literals, five references, nothing else.
fn take_apart(page: &str) -> Page {
    let rest = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let (before, rest) = rest.split_once("<style>").expect("a style");
    let (style, after) = rest.split_once("</style>").expect("the style's end");
    let mut apart = Page { tags: Vec::new(), text: String::new(), style: style.to_owned() };
    for part in [before, after] {
        let mut rest = part;
        while !rest.is_empty() {
            let (text, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            assert!(!text.contains(['>', '"', '\'']), "unescaped: {text:?}");
            let mut text = text.to_owned();
            for (reference, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'")] {
                text = text.replace(reference, character);
            }
            assert!(!text.replace("&amp;", "").contains('&'), "an unknown reference: {text:?}");
            apart.text.push_str(&text.replace("&amp;", "&"));
            apart.text.push('\u{1f}');
            let Some(markup) = markup.strip_prefix('<') else { break };
            let (tag, after) = markup.split_once('>').expect("a tag's end");
            apart.tags.push(tag.to_owned());
            rest = after;
        }
    }
    apart
}

/// Every tag that the crate writes, attributes included, found by writing reports without foreign text.
fn known_tags() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for language in [Language::English, Language::Chinese] {
        for page in pages(language, "x", "y") {
            known.extend(take_apart(&page).tags);
        }
        for page in [
            customer(language).html().expect("follows"),
            merchant(language).html().expect("follows"),
            support::empty(language).html().expect("follows"),
            support::overdrawn(language).html().expect("follows"),
        ] {
            known.extend(take_apart(&page).tags);
        }
    }
    known
}

/// Every kind of page with these texts wherever text goes.
fn pages(language: Language, text: &str, other: &str) -> Vec<String> {
    let mut head = letterhead(language);
    head.operator = text.to_owned();
    let entry = Entry { kind: text, amount: -5, counterparty: other, reference: text, memo: other };
    let entries = [entry, Entry { counterparty: "", ..entry }];
    let mut pages = Vec::new();
    for kind in [AccountKind::from(other), AccountKind::Merchant] {
        let mut statement = statement(language, kind, 0, &entries);
        statement.letterhead = head.clone();
        (statement.account, statement.holder, statement.name) =
            (text.to_owned(), other.to_owned(), text.to_owned());
        statement.lines[0].payment = text.to_owned();
        pages.push(statement.html().expect("follows"));
    }
    for broken in [false, true] {
        let mut balance: TrialBalance = trial_balance(language, broken);
        balance.letterhead = head.clone();
        for row in &mut balance.rows {
            (row.account, row.holder, row.name) = (text.to_owned(), other.to_owned(), text.to_owned());
            row.kind = AccountKind::from(other);
        }
        pages.push(balance.html().expect("writes"));
        let mut end: DayEnd = day_end(language, broken);
        end.letterhead = head.clone();
        end.operations[0].operation = text.into();
        end.fees[0].schedule = other.to_owned();
        end.declines[0].reason = text.to_owned();
        end.clearing[0].held_out = vec![text.to_owned(), other.to_owned()];
        for position in &mut end.clearing[0].positions {
            (position.participant, position.name) = (text.to_owned(), other.to_owned());
        }
        if broken {
            end.clearing[0].positions[0].net = support::yuan(77);
        }
        if let Some(head) = &mut end.audit {
            head.root = text.to_owned();
        }
        pages.push(end.html().expect("writes"));
    }
    let ours = [record(text, 5, "2026-11-23", None), record(other, 6, "2026-11-23", None)];
    let theirs = [record(text, 7, "2026-11-23", Some(3)), record("", 8, "2026-11-23", Some(4))];
    pages.push(reconcile(&ours, &theirs, 0).expect("few").html(&head, other).expect("few"));
    pages
}

/// What a page shows of a text.
fn shown(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\r' => '\n',
            '\n' | '\t' => character,
            '\u{202d}' | '\u{202e}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

#[test]
fn pages_carry_everything_and_run_nothing() {
    for tag in known_tags() {
        let name = tag.trim_start_matches('/').split(' ').next().expect("a name");
        assert!(
            !["script", "link", "img", "iframe", "object", "embed", "base", "form", "svg", "a"]
                .contains(&name),
            "<{tag}>"
        );
        for attribute in ["src=", "href=", "style=", " on"] {
            assert!(!tag.contains(attribute), "<{tag}>");
        }
    }
    let page = customer(Language::English).html().expect("follows");
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(page.contains("@page{size:A4") && page.contains("table-header-group"));
    assert_eq!(page, customer(Language::English).html().expect("follows"), "the same bytes again");
}

#[test]
fn chinese_pages_have_no_english_words() {
    let allowed = [
        "CNY",
        "JPY",
        "QXC",
        "INV",
        "Asia",
        "Shanghai",
        "UTC",
        "SHA",
        "Oolong",
        "kg",
        "Li",
        "Ming",
        "Zhao",
        "Wei",
        "Bank",
        "of",
        "Communications",
        "T",
        "li",
        "ming",
        "tea",
        "house",
        "csv",
        "bank",
    ];
    for page in [
        customer(Language::Chinese).html().expect("follows"),
        merchant(Language::Chinese).html().expect("follows"),
        support::empty(Language::Chinese).html().expect("follows"),
    ] {
        let text = take_apart(&page).text;
        for word in
            text.split(|character: char| !character.is_ascii_alphabetic()).filter(|word| word.len() > 1)
        {
            assert!(allowed.contains(&word), "{word:?} on a Chinese page");
        }
        assert!(text.contains("期初余额") && text.contains("期末余额"));
    }
    let mut end = day_end(Language::Chinese, true);
    end.declines.truncate(3);
    end.fees.truncate(0);
    let text = take_apart(&end.html().expect("writes")).text;
    for english in ["Day end", "Payment\u{1f}", "Cycle", "confirmed", "Total", "None", "Not enough"] {
        assert!(!text.contains(english), "{english:?} on a Chinese page");
    }
    for chinese in ["日终报告", "余额不足", "风控规则拒绝", "清算轧差不平", "第 1 场", "暂缓结算"]
    {
        assert!(text.contains(chinese), "{chinese}");
    }
}

#[test]
fn an_empty_period_says_so() {
    let english = support::empty(Language::English).html().expect("follows");
    assert!(
        english.contains("Nothing happened on this account in the period.") && english.contains("0 entries")
    );
}

#[test]
fn what_no_browser_lays_out_is_refused_as_a_page_but_not_as_csv() {
    let entry = Entry { kind: "pay", amount: 0, counterparty: "", reference: "", memo: "" };
    let mut long = statement(Language::English, AccountKind::Customer, 0, &[entry]);
    long.lines = vec![long.lines[0].clone(); PAGE_LINES_MAX + 1];
    let refused = ReportError::TooManyLines { lines: PAGE_LINES_MAX + 1, max: PAGE_LINES_MAX };
    assert_eq!(long.html(), Err(refused));
    assert!(long.csv().is_ok());
    long.lines.pop();
    assert!(long.html().is_ok());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[<>&\"'/a=;{}\\\\*-]{1,12}",
        "\\PC{1,12}",
        any::<String>(),
        proptest::sample::select(vec![
            "</style><script>alert(1)</script>".to_owned(),
            "<!--".to_owned(),
            "]]>".to_owned(),
            "&lt;b&gt;".to_owned(),
            "\" onload=\"x".to_owned(),
            "\u{202e}txt.exe".to_owned(),
            "\"}*{display:none}".to_owned(),
        ]),
    ]
}

/// How many characters of a style sheet shape it.
fn marks(style: &str) -> usize {
    style.matches(['{', '}', '"', '<']).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_shown_as_text(text in any_text(), other in any_text()) {
        static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(known_tags);
        for language in [Language::English, Language::Chinese] {
            let styles: BTreeSet<usize> = pages(language, "x", "y").iter().map(|page| marks(&take_apart(page).style)).collect();
            for page in pages(language, &text, &other) {
                let apart = take_apart(&page);
                for tag in &apart.tags {
                    prop_assert!(KNOWN.contains(tag), "<{}>", tag);
                }
                prop_assert!(apart.text.contains(&shown(&text)));
                prop_assert!(apart.text.contains(&shown(&other)));
                prop_assert!(!apart.text.contains('\0'));
                // The footer's text adds no brace, quote or tag to the style.
                let marks = marks(&apart.style);
                prop_assert!(styles.contains(&marks), "the style has {} marks", marks);
            }
        }
    }
}
