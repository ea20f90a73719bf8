//! Reading a rule file: from TOML text to rules, with errors that name the line.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::cases::{Case, CaseText};
use crate::condition::{Condition, Counted};
use crate::list::{Entries, ListKind};
use crate::phrase::{self, Among, quoted};
use crate::{
    AccountReader, CASES_MAX, LIST_ENTRIES_MAX, LISTS_MAX, OPERATIONS, Outcome, RULES_MAX, Rule, Rules,
    TEXT_BYTES_MAX, Words,
};

/// Longest name of a rule or a list, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Longest entry of a list, and longest name of a case, in bytes.
const ENTRY_BYTES_MAX: usize = 200;

/// Longest words for the customer or the desk, in bytes.
const WORDS_BYTES_MAX: usize = 600;

/// Why a text is not a rule file. The author's to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{place}: {why}", if .place.is_empty() { "" } else { ", " })]
pub struct RuleError {
    /// The line, counted from 1.
    pub line: usize,
    /// What stands there: `rule "small-hours", time-of-day`; empty when it is not known.
    pub place: String,
    /// What is wrong, and how to write it.
    pub why: String,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a text in quotes, or a list of them")]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(texts) => texts,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    list: Vec<ListText>,
    #[serde(default)]
    rule: Vec<RuleText>,
    #[serde(default)]
    test: Vec<CaseText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListText {
    name: Spanned<String>,
    of: Spanned<String>,
    entries: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleText {
    name: Spanned<String>,
    when: Spanned<WhenText>,
    decision: Spanned<String>,
    tell_customer: Option<Spanned<String>>,
    tell_customer_zh: Option<Spanned<String>>,
    tell_desk: Spanned<String>,
    tell_desk_zh: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WhenText {
    operation: Option<Spanned<OneOrMore>>,
    amount: Option<Spanned<OneOrMore>>,
    payee: Option<Spanned<String>>,
    customer: Option<Spanned<String>>,
    terminal: Option<Spanned<String>>,
    merchant: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    app: Option<Spanned<String>>,
    consent: Option<Spanned<String>>,
    time_of_day: Option<Spanned<String>>,
    account_age: Option<Spanned<String>>,
    terminal_first_seen: Option<Spanned<String>>,
    first_payment_to_payee: Option<Spanned<bool>>,
    payments_ever: Option<Spanned<String>>,
    payments: Option<Spanned<String>>,
    payments_to_payee: Option<Spanned<String>>,
    different_payees: Option<Spanned<String>>,
    sum: Option<Spanned<OneOrMore>>,
    amount_against_history: Option<Spanned<String>>,
}

/// Where the reader is: it turns a place in the text into a line.
pub(crate) struct Reader<'a> {
    text: &'a str,
    pub(crate) accounts: AccountReader,
}

impl Reader<'_> {
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start.min(self.text.len())).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1)
    }

    pub(crate) fn error(&self, span: &Range<usize>, place: &str, why: impl Into<String>) -> RuleError {
        RuleError { line: self.line(span), place: place.to_owned(), why: why.into() }
    }

    /// The value, or what is wrong with it at its place.
    pub(crate) fn at<T>(
        &self,
        span: &Range<usize>,
        place: &str,
        read: Result<T, String>,
    ) -> Result<T, RuleError> {
        read.map_err(|why| self.error(span, place, why))
    }

    /// Text that people read: not empty, not too long, on one line.
    pub(crate) fn words(
        &self,
        text: &Spanned<String>,
        place: &str,
        bytes_max: usize,
    ) -> Result<String, RuleError> {
        let words = text.as_ref().trim();
        let why = if words.is_empty() {
            "it is empty: write what a person should read".to_owned()
        } else if words.len() > bytes_max {
            format!("it is longer than {bytes_max} bytes")
        } else if words.chars().any(char::is_control) {
            "it has a line break or another control character".to_owned()
        } else {
            return Ok(words.to_owned());
        };
        Err(self.error(&text.span(), place, why))
    }

    fn name(&self, text: &Spanned<String>, place: &str) -> Result<String, RuleError> {
        let name = text.as_ref();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            let why = format!(
                "{} is no name: use small letters, digits and hyphens, {NAME_BYTES_MAX} at most",
                quoted(name)
            );
            return Err(self.error(&text.span(), place, why));
        }
        Ok(name.clone())
    }

    fn entry(&self, kind: ListKind, span: &Range<usize>, place: &str, entry: &str) -> Result<(), RuleError> {
        let why = if entry.is_empty() {
            "an entry is empty".to_owned()
        } else if entry.len() > ENTRY_BYTES_MAX {
            format!("an entry is longer than {ENTRY_BYTES_MAX} bytes")
        } else if kind == ListKind::Regions && !is_region(entry) {
            format!("{} is no region: write an ISO 3166 code like \"CN\" or \"CN-44\"", quoted(entry))
        } else {
            return Ok(());
        };
        Err(self.error(span, place, why))
    }

    fn account(&self, span: &Range<usize>, place: &str, text: &str) -> Result<u64, RuleError> {
        self.at(span, place, (self.accounts)(text).map_err(|why| format!("{}: {why}", quoted(text))))
    }
}

/// `CN`, or `CN-44`: ISO 3166-1 alpha-2, ISO 3166-2.
fn is_region(entry: &str) -> bool {
    let (country, part) = entry.split_once('-').unwrap_or((entry, "0"));
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=3).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A list as it is being read; lists of one entry that `is` makes have no name.
struct List {
    name: String,
    kind: ListKind,
}

pub(crate) fn parse(text: &str, accounts: AccountReader) -> Result<Rules, RuleError> {
    let reader = Reader { text, accounts };
    if text.len() > TEXT_BYTES_MAX {
        return Err(reader.error(&(0..0), "", format!("the file is larger than {TEXT_BYTES_MAX} bytes")));
    }
    let file: FileText = toml::from_str(text).map_err(|error| {
        reader.error(&error.span().unwrap_or(0..0), "", error.message().trim().replace('\n', ", "))
    })?;
    for (what, count, most) in [
        ("rules", file.rule.len(), RULES_MAX),
        ("lists", file.list.len(), LISTS_MAX),
        ("cases", file.test.len(), CASES_MAX),
    ] {
        if count > most {
            return Err(reader.error(
                &(0..0),
                "",
                format!("the file has {count} {what}; {most} are the most"),
            ));
        }
    }
    let mut rules = Rules::default();
    let mut lists: Vec<List> = Vec::with_capacity(file.list.len());
    for list in &file.list {
        let (read, entries) = read_list(&reader, &lists, list)?;
        lists.push(read);
        rules.lists.push(entries);
    }
    for rule in &file.rule {
        let rule = read_rule(&reader, &lists, &mut rules, rule)?;
        rules.rules.push(rule);
    }
    let mut payments = 0_usize;
    for case in &file.test {
        let case = Case::read(&reader, &rules, case, &mut payments)?;
        rules.cases.push(case);
    }
    Ok(rules)
}

fn read_list(reader: &Reader<'_>, before: &[List], list: &ListText) -> Result<(List, Entries), RuleError> {
    let name = reader.name(&list.name, "name of a list")?;
    let place = format!("list {name:?}");
    if before.iter().any(|other| other.name == name) {
        return Err(reader.error(&list.name.span(), &place, "another list has this name already"));
    }
    let kind = ListKind::ALL.into_iter().find(|kind| kind.word() == list.of.as_ref()).ok_or_else(|| {
        let kinds: Vec<&str> = ListKind::ALL.iter().map(|kind| kind.word()).collect();
        let why = format!("{} cannot be listed: write one of {}", quoted(list.of.as_ref()), kinds.join(", "));
        reader.error(&list.of.span(), &place, why)
    })?;
    if list.entries.len() > LIST_ENTRIES_MAX {
        let why = format!("it has more than {LIST_ENTRIES_MAX} entries");
        return Err(reader.error(&list.name.span(), &place, why));
    }
    let place = format!("{place}, entries");
    let entries = if kind.is_accounts() {
        let accounts: Result<Vec<u64>, _> =
            list.entries.iter().map(|entry| reader.account(&entry.span(), &place, entry.as_ref())).collect();
        let mut accounts = accounts?;
        accounts.sort_unstable();
        accounts.dedup();
        Entries::Accounts(accounts.into())
    } else {
        let mut names: Vec<Box<str>> = Vec::with_capacity(list.entries.len());
        for entry in &list.entries {
            reader.entry(kind, &entry.span(), &place, entry.as_ref())?;
            names.push(entry.as_ref().as_str().into());
        }
        names.sort_unstable();
        names.dedup();
        Entries::Names(names.into())
    };
    Ok((List { name, kind }, entries))
}

fn read_rule(
    reader: &Reader<'_>,
    lists: &[List],
    rules: &mut Rules,
    rule: &RuleText,
) -> Result<Rule, RuleError> {
    let name = reader.name(&rule.name, "name of a rule")?;
    let place = format!("rule {name:?}");
    if rules.rules.iter().any(|other| other.name == name) {
        return Err(reader.error(&rule.name.span(), &place, "another rule has this name already"));
    }
    let in_place = |part: &str| format!("{place}, {part}");
    let outcome: Outcome =
        reader.at(&rule.decision.span(), &in_place("decision"), rule.decision.as_ref().parse())?;
    let words = |english: &Spanned<String>, chinese: &Option<Spanned<String>>, part: &str| {
        let chinese = chinese.as_ref();
        Ok(Words {
            english: reader.words(english, &in_place(part), WORDS_BYTES_MAX)?,
            chinese: chinese
                .map(|text| reader.words(text, &in_place(&format!("{part}-zh")), WORDS_BYTES_MAX))
                .transpose()?,
        })
    };
    let customer = match (&rule.tell_customer, &rule.tell_customer_zh, outcome) {
        (Some(_), _, Outcome::Allow) | (None, Some(_), Outcome::Allow) => {
            let why = "a rule that allows tells the customer nothing: leave the customer's words out";
            return Err(reader.error(&rule.decision.span(), &place, why));
        }
        (None, None, Outcome::Allow) => None,
        (Some(english), chinese, _) => Some(words(english, chinese, "tell-customer")?),
        (None, ..) => {
            let why = "the words for the customer are missing: write tell-customer = \"...\" in English";
            return Err(reader.error(&rule.decision.span(), &place, why));
        }
    };
    let desk = words(&rule.tell_desk, &rule.tell_desk_zh, "tell-desk")?;
    let mut conditions =
        Conditions { reader, lists, place: &place, rules, found: Vec::new(), texts: Vec::new() };
    conditions.read(rule.when.as_ref())?;
    let Conditions { found, texts, .. } = conditions;
    if found.is_empty() {
        let why = "it has no condition and would apply to every payment; for a stop of everything write \
                   operation = [...] with every operation";
        return Err(reader.error(&rule.when.span(), &place, why));
    }
    let line = reader.line(&rule.name.span());
    Ok(Rule { name, line, outcome, customer, desk, conditions: found, texts })
}

/// The conditions of a rule as they are being read.
struct Conditions<'a, 'r> {
    reader: &'a Reader<'a>,
    lists: &'a [List],
    place: &'a str,
    rules: &'r mut Rules,
    found: Vec<Condition>,
    texts: Vec<String>,
}

impl Conditions<'_, '_> {
    /// Reads them cheap ones first, since a rule ends at its first condition that is not met.
    fn read(&mut self, when: &WhenText) -> Result<(), RuleError> {
        self.several("operation", when.operation.as_ref(), operations)?;
        self.several("amount", when.amount.as_ref(), |texts| {
            let bands = each_currency(texts, phrase::band, |band| band.currency)?;
            Ok(Condition::Amount(bands))
        })?;
        self.one("consent", when.consent.as_ref(), phrase::consent)?;
        self.one("time-of-day", when.time_of_day.as_ref(), phrase::time_of_day)?;
        self.one("account-age", when.account_age.as_ref(), phrase::account_age)?;
        self.list("payee", ListKind::Payees, when.payee.as_ref())?;
        self.list("customer", ListKind::Customers, when.customer.as_ref())?;
        self.list("terminal", ListKind::Terminals, when.terminal.as_ref())?;
        self.list("merchant", ListKind::Merchants, when.merchant.as_ref())?;
        self.list("region", ListKind::Regions, when.region.as_ref())?;
        self.list("app", ListKind::Apps, when.app.as_ref())?;
        self.one("terminal-first-seen", when.terminal_first_seen.as_ref(), phrase::first_seen)?;
        if let Some(first) = &when.first_payment_to_payee {
            self.texts.push(format!("first-payment-to-payee: {}", first.as_ref()));
            self.found.push(Condition::FirstToPayee(*first.as_ref()));
        }
        self.one("payments-ever", when.payments_ever.as_ref(), phrase::ever)?;
        let by_payee = |counted| move |text: &str| phrase::by_payee(text, counted);
        self.one("payments", when.payments.as_ref(), phrase::payments)?;
        self.one("payments-to-payee", when.payments_to_payee.as_ref(), by_payee(Counted::ToPayee))?;
        self.one("different-payees", when.different_payees.as_ref(), by_payee(Counted::Payees))?;
        self.several("sum", when.sum.as_ref(), |texts| {
            Ok(Condition::Sum(each_currency(texts, phrase::sum, |sum| sum.bound.currency())?))
        })?;
        self.one("amount-against-history", when.amount_against_history.as_ref(), phrase::against_history)
    }

    fn add<T>(
        &mut self,
        key: &str,
        value: &Spanned<T>,
        text: &str,
        read: Result<Condition, String>,
    ) -> Result<(), RuleError> {
        let condition = self.reader.at(&value.span(), &format!("{}, {key}", self.place), read)?;
        self.found.push(condition);
        self.texts.push(format!("{key}: {text}"));
        Ok(())
    }

    fn one(
        &mut self,
        key: &str,
        value: Option<&Spanned<String>>,
        read: impl Fn(&str) -> Result<Condition, String>,
    ) -> Result<(), RuleError> {
        let Some(value) = value else { return Ok(()) };
        let text = value.as_ref();
        self.add(key, value, text, read(text))
    }

    fn several(
        &mut self,
        key: &str,
        value: Option<&Spanned<OneOrMore>>,
        read: impl Fn(&[String]) -> Result<Condition, String>,
    ) -> Result<(), RuleError> {
        let Some(value) = value else { return Ok(()) };
        let texts = value.as_ref().as_slice();
        self.add(key, value, &texts.join(" or "), read(texts))
    }

    fn list(&mut self, key: &str, kind: ListKind, value: Option<&Spanned<String>>) -> Result<(), RuleError> {
        let Some(value) = value else { return Ok(()) };
        let (span, place) = (value.span(), format!("{}, {key}", self.place));
        let (among, inside) = self.reader.at(&span, &place, phrase::among(value.as_ref()))?;
        let list = match among {
            Among::List(name) => {
                let found = self.lists.iter().position(|list| list.name == name);
                let Some(found) = found else {
                    let why = format!("no list of this file is named {}", quoted(name));
                    return Err(self.reader.error(&span, &place, why));
                };
                if let Some(list) = self.lists.get(found).filter(|list| list.kind != kind) {
                    let why = format!(
                        "the list {name:?} is a list of {}, not of {}",
                        list.kind.word(),
                        kind.word()
                    );
                    return Err(self.reader.error(&span, &place, why));
                }
                found
            }
            Among::One(one) => {
                let entries = if kind.is_accounts() {
                    Entries::Accounts([self.reader.account(&span, &place, one)?].into())
                } else {
                    self.reader.entry(kind, &span, &place, one)?;
                    Entries::Names([one.into()].into())
                };
                if self.rules.lists.len() >= LISTS_MAX {
                    let why = format!("the file has more than {LISTS_MAX} lists and \"is\" conditions");
                    return Err(self.reader.error(&span, &place, why));
                }
                self.rules.lists.push(entries);
                self.rules.lists.len().saturating_sub(1)
            }
        };
        self.add(key, value, value.as_ref(), Ok(Condition::InList { kind, list, inside }))
    }
}

/// One of [`OPERATIONS`], said as an error when it is not.
pub(crate) fn operation(word: &str) -> Result<&'static str, String> {
    OPERATIONS
        .into_iter()
        .find(|known| *known == word)
        .ok_or_else(|| format!("{} is no operation: write one of {}", quoted(word), OPERATIONS.join(", ")))
}

fn operations(texts: &[String]) -> Result<Condition, String> {
    if texts.is_empty() {
        return Err("no operation is named".to_owned());
    }
    let words: Result<Vec<String>, String> =
        texts.iter().map(|word| operation(word).map(str::to_owned)).collect();
    words.map(Condition::Operation)
}

/// One phrase for each currency.
fn each_currency<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T, String>,
    currency: impl Fn(&T) -> money::Currency,
) -> Result<Vec<T>, String> {
    let mut found: Vec<T> = Vec::new();
    for text in texts {
        let value = read(text)?;
        if found.iter().any(|other| currency(other) == currency(&value)) {
            return Err(format!(
                "{} stands in it twice: write one phrase for each currency",
                currency(&value)
            ));
        }
        found.push(value);
    }
    if found.is_empty() { Err("no amount is named".to_owned()) } else { Ok(found) }
}
