//! Validates files against the schemas' rules in `types.txt`, and the rules of messages that a schema cannot
//! say: check digits, fraction digits of currencies, totals.

use std::collections::BTreeMap;

use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// An element of a document.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
    pub(crate) text: String,
}

impl Node {
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Texts at a path of names, in order.
    pub(crate) fn texts(&self, path: &str) -> Vec<&str> {
        match path.split_once('/') {
            None => self
                .children
                .iter()
                .filter(|child| child.name == path)
                .map(|child| child.text.as_str())
                .collect(),
            Some((first, rest)) => self
                .children
                .iter()
                .filter(|child| child.name == first)
                .flat_map(|child| child.texts(rest))
                .collect(),
        }
    }
}

/// Reads a document, all of whose elements must be of one namespace.
fn tree(text: &str, namespace: &str) -> Result<Node, String> {
    let mut reader = NsReader::from_str(text);
    let mut open = vec![Node::default()];
    loop {
        let (found, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                if found != ResolveResult::Bound(Namespace(namespace)) {
                    return Err(format!("{start:?} is of another namespace: {found:?}"));
                }
                let attributes = start
                    .attributes()
                    .map(|attribute| attribute.expect("well formed"))
                    .map(|attribute| (attribute.key.as_ref().to_owned(), attribute.value.into_owned()))
                    .collect();
                let name = start.local_name().as_ref().to_owned();
                open.push(Node { name, attributes, ..Node::default() });
            }
            Event::End(_) => {
                let ended = open.pop().expect("open");
                open.last_mut().expect("checked by the parser").children.push(ended);
            }
            Event::Text(content) => open.last_mut().expect("root").text.push_str(&content.xml10_content()),
            Event::GeneralRef(name) => open.last_mut().expect("root").text.push(match name.as_ref() {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                other => return Err(format!("the entity {other}")),
            }),
            Event::Decl(declaration) => {
                assert_eq!(declaration.encoding().expect("named").expect("reads"), "UTF-8")
            }
            Event::Eof => break,
            other => return Err(format!("{other:?} has no place in a file of ours")),
        }
    }
    let mut outermost = open.pop().expect("root");
    if !open.is_empty() {
        return Err("an element is not closed".to_owned());
    }
    outermost.children.pop().ok_or_else(|| "there is no element".to_owned())
}

/// One element that a type allows: name, type, least and most times.
type Particle = (&'static str, &'static str, usize, usize);

/// A complex type: whether it is a choice, and its elements.
type Type = (bool, Vec<Particle>);

fn types() -> BTreeMap<&'static str, Type> {
    let mut types: BTreeMap<&str, Type> = BTreeMap::new();
    let mut current = "";
    for line in include_str!("types.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.starts_with(' '), &words[..]) {
            (false, ["choice", name]) => {
                current = name;
                assert!(types.insert(name, (true, Vec::new())).is_none(), "{name}");
            }
            (false, [name]) => {
                current = name;
                assert!(types.insert(name, (false, Vec::new())).is_none(), "{name}");
            }
            (true, [name, of_type, often @ ..]) => {
                let (least, most) = match often {
                    [] => (1, 1),
                    ["?"] => (0, 1),
                    ["*"] => (0, usize::MAX),
                    ["+"] => (1, usize::MAX),
                    [most] => (0, most.parse().expect("a number")),
                    _ => panic!("{line}"),
                };
                types.get_mut(current).expect("a type").1.push((name, of_type, least, most));
            }
            _ => panic!("{line}"),
        }
    }
    types
}

/// Validates a file of one of the four messages ("008", "009", "053", "054"); the tree of what is valid.
pub(crate) fn validate(message: &str, text: &str) -> Result<Node, String> {
    let family = if message.starts_with('0') && message < "050" { "pacs" } else { "camt" };
    let document = tree(text, &format!("urn:iso:std:iso:20022:tech:xsd:{family}.{message}.001.08"))?;
    if document.name != "Document" {
        return Err(format!("the root is {}", document.name));
    }
    complex(&types(), &format!("Document{message}"), &document, "Document")?;
    match family {
        "pacs" => transfer_rules(&document.children[0])?,
        _ => report_rules(&document.children[0])?,
    }
    Ok(document)
}

fn complex(
    types: &BTreeMap<&'static str, Type>,
    of_type: &str,
    node: &Node,
    path: &str,
) -> Result<(), String> {
    let Some((is_choice, particles)) = types.get(of_type) else {
        return simple(of_type, node).map_err(|why| format!("{path}: {:?} {why}", node.text));
    };
    if !node.text.trim().is_empty() || !node.attributes.iter().all(|(name, _)| name == "xmlns") {
        return Err(format!("{path} has text or attributes"));
    }
    if *is_choice && node.children.len() != 1 {
        return Err(format!("{path} is a choice and has {} elements", node.children.len()));
    }
    let mut rest = &node.children[..];
    for (name, of_type, least, most) in particles {
        let count = rest.iter().take_while(|child| child.name == *name).count();
        if !*is_choice && !(*least..=*most).contains(&count) {
            return Err(format!("{path}/{name} is there {count} times in its place"));
        }
        for child in &rest[..count] {
            let path = format!("{path}/{name}");
            if *of_type == "-" {
                return Err(format!("{path} is nothing that files of ours have"));
            }
            complex(types, of_type, child, &path)?;
        }
        rest = &rest[count..];
    }
    match rest.first() {
        Some(child) => Err(format!("{path}/{} has no place, or not this one", child.name)),
        None => Ok(()),
    }
}

fn simple(of_type: &str, node: &Node) -> Result<(), String> {
    if !node.children.is_empty() {
        return Err("has elements inside".to_owned());
    }
    let text = node.text.as_str();
    let attributes = usize::from(of_type == "ActiveCurrencyAndAmount");
    if node.attributes.len() != attributes {
        return Err("has other attributes than it should".to_owned());
    }
    let all = |test: fn(&u8) -> bool| text.bytes().all(|byte| test(&byte));
    let one_of = |words: &[&str]| words.contains(&text);
    let length = text.chars().count();
    let good = match of_type {
        "Max34Text" => (1..=34).contains(&length),
        "Max35Text" => (1..=35).contains(&length),
        "Max70Text" => (1..=70).contains(&length),
        "Max105Text" => (1..=105).contains(&length),
        "Max140Text" => (1..=140).contains(&length),
        "Max500Text" => (1..=500).contains(&length),
        "ExternalCode3" => (1..=3).contains(&length),
        "ExternalCode4" => (1..=4).contains(&length),
        "Max15NumericText" => (1..=15).contains(&length) && all(u8::is_ascii_digit),
        "Number" => (1..=18).contains(&length) && all(u8::is_ascii_digit),
        "DecimalNumber" => is_decimal(text, 17),
        "TrueFalseIndicator" => one_of(&["true", "false", "1", "0"]),
        "CreditDebitCode" => one_of(&["CRDT", "DBIT"]),
        "SettlementMethod1Code" => one_of(&["INDA", "INGA", "COVE", "CLRG"]),
        "ChargeBearerType1Code" => one_of(&["DEBT", "CRED", "SHAR", "SLEV"]),
        "EntryStatusCode" => one_of(&["BOOK", "PDNG", "INFO", "FUTR"]),
        "BalanceTypeCode" => one_of(&["OPBD", "CLBD"]),
        "CountryCode" => length == 2 && all(u8::is_ascii_uppercase),
        "CurrencyCode" => length == 3 && all(u8::is_ascii_uppercase),
        "ISODate" => is_date(text),
        "ISODateTime" => is_date_time(text),
        "BICFIDec2014Identifier" => is_bic(text),
        "IBAN2007Identifier" => is_iban(text),
        "ActiveCurrencyAndAmount" => {
            let (name, currency) = &node.attributes[0];
            let digits = match currency.as_str() {
                "JPY" => 0,
                "KWD" => 3,
                _ => 2,
            };
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            name == "Ccy" && currency.len() == 3 && is_decimal(text, 5) && decimals == digits
        }
        _ => panic!("{of_type} is not in the table"),
    };
    if good { Ok(()) } else { Err(format!("is no {of_type}")) }
}

/// Not negative, at most 18 digits, at most so many of them decimals.
fn is_decimal(text: &str, decimals_max: usize) -> bool {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(decimals)
        && decimals.len() <= decimals_max
        && text.bytes().filter(u8::is_ascii_digit).count() <= 18
}

/// `[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?`
fn is_bic(text: &str) -> bool {
    let bytes = text.as_bytes();
    (bytes.len() == 8 || bytes.len() == 11)
        && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && bytes[4..6].iter().all(u8::is_ascii_uppercase)
}

/// `[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}`, and 1 modulo 97 written out as a number.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let pattern = (5..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric);
    let digits: String =
        [&bytes[4..], &bytes[..4]]
            .concat()
            .iter()
            .map(|byte| {
                if byte.is_ascii_digit() { (byte - b'0').to_string() } else { (byte - b'A' + 10).to_string() }
            })
            .collect();
    pattern && digits.bytes().fold(0_u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97) == 1
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let numbers: Vec<u32> = [year, month, day].iter().filter_map(|part| part.parse().ok()).collect();
    let [year_number, month_number, day_number] = numbers[..] else { return false };
    let leap = year_number % 4 == 0 && (year_number % 100 != 0 || year_number % 400 == 0);
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    year.len() == 4
        && month.len() == 2
        && day.len() == 2
        && (1..=12).contains(&month_number)
        && day_number >= 1
        && day_number <= days[usize::try_from(month_number).expect("small") - 1]
}

/// A date and a time in UTC, as all our files have.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let Some(time) = time.strip_suffix('Z') else { return false };
    let (whole, decimals) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<u32> = whole.split(':').filter_map(|part| part.parse().ok()).collect();
    is_date(date)
        && whole.len() == 8
        && matches!(parts[..], [hours, minutes, seconds] if hours < 24 && minutes < 60 && seconds < 60)
        && !decimals.is_empty()
        && decimals.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits of a decimal as a number of units of its last place, all in one currency having as many places.
fn units<'t>(texts: impl IntoIterator<Item = &'t str>) -> i128 {
    texts.into_iter().map(|text| text.replace('.', "").parse::<i128>().expect("a decimal")).sum()
}

/// Rules between elements of a credit transfer: counts, totals, one currency, where the date stands.
fn transfer_rules(message: &Node) -> Result<(), String> {
    let count = message.texts("GrpHdr/NbOfTxs")[0];
    let amounts = message.texts("CdtTrfTxInf/IntrBkSttlmAmt");
    if count != amounts.len().to_string() {
        return Err(format!("NbOfTxs is {count}, there are {}", amounts.len()));
    }
    if units(message.texts("GrpHdr/TtlIntrBkSttlmAmt")) != units(amounts) {
        return Err("TtlIntrBkSttlmAmt is not the sum".to_owned());
    }
    let header = message.child("GrpHdr").expect("validated");
    let total = header.child("TtlIntrBkSttlmAmt").expect("ours have one");
    for transaction in message.children.iter().filter(|child| child.name == "CdtTrfTxInf") {
        let amount = transaction.child("IntrBkSttlmAmt").expect("validated");
        if amount.attributes != total.attributes {
            return Err("TtlIntrBkSttlmAmt is in another currency than an amount".to_owned());
        }
        if header.child("IntrBkSttlmDt").is_some() && transaction.child("IntrBkSttlmDt").is_some() {
            return Err("IntrBkSttlmDt is in the header and in a transaction".to_owned());
        }
        if units([amount.text.as_str()]) == 0 {
            return Err("an amount is zero".to_owned());
        }
    }
    let mut ids = message.texts("CdtTrfTxInf/PmtId/InstrId");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == all { Ok(()) } else { Err("an InstrId is there twice".to_owned()) }
}

/// Rules between elements of a report: totals, and balances where there are any.
fn report_rules(message: &Node) -> Result<(), String> {
    for report in message.children.iter().filter(|child| matches!(child.name.as_str(), "Stmt" | "Ntfctn")) {
        let entries: Vec<&Node> = report.children.iter().filter(|child| child.name == "Ntry").collect();
        let side = |code: &str, booked_only: bool| {
            entries
                .iter()
                .filter(|entry| entry.texts("CdtDbtInd") == [code])
                .filter(|entry| !booked_only || entry.texts("Sts/Cd") == ["BOOK"])
                .flat_map(|entry| entry.texts("Amt"))
                .collect::<Vec<_>>()
        };
        for (code, name) in [("CRDT", "TtlCdtNtries"), ("DBIT", "TtlDbtNtries")] {
            let amounts = side(code, false);
            if report.texts(&format!("TxsSummry/{name}/NbOfNtries")) != [amounts.len().to_string()] {
                return Err(format!("{name} has another number"));
            }
            if units(report.texts(&format!("TxsSummry/{name}/Sum"))) != units(amounts) {
                return Err(format!("{name} has another sum"));
            }
        }
        let balances: Vec<i128> = report
            .children
            .iter()
            .filter(|child| child.name == "Bal")
            .map(|balance| {
                units(balance.texts("Amt")) * if balance.texts("CdtDbtInd") == ["CRDT"] { 1 } else { -1 }
            })
            .collect();
        if let [opening, closing] = balances[..] {
            if opening + units(side("CRDT", true)) - units(side("DBIT", true)) != closing {
                return Err("the balances do not follow".to_owned());
            }
        } else if report.name == "Stmt" {
            return Err("a statement has an opening and a closing balance".to_owned());
        }
    }
    Ok(())
}
