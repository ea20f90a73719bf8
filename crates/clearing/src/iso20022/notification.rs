//! The state of reading a camt.054: where in the document the reader is, and what it has of the entry there.

use money::{Currency, Money};
use quick_xml::events::BytesStart;
use quick_xml::name::{Namespace, ResolveResult};

use super::entry::{BankEntry, BookingDate, References};
use super::read_error::ReadError;
use super::reader::{CAMT054_DEPTH_MAX, CAMT054_ENTRIES_MAX, CAMT054_TEXT_BYTES_MAX};
use super::report::{CAMT054, Direction, EntryStatus};
use super::xml::is_printable;
use crate::{Day, moment};

/// Longest tag that is read, in bytes.
const TAG_BYTES_MAX: usize = 1024;

/// The names of elements that matter; all others are `""` in a path.
const NAMES: [&str; 33] = [
    "Document",
    "BkToCstmrDbtCdtNtfctn",
    "Ntfctn",
    "Acct",
    "Id",
    "IBAN",
    "Othr",
    "Ntry",
    "NtryRef",
    "Amt",
    "CdtDbtInd",
    "RvslInd",
    "Sts",
    "Cd",
    "Prtry",
    "BookgDt",
    "Dt",
    "DtTm",
    "AcctSvcrRef",
    "NtryDtls",
    "TxDtls",
    "Refs",
    "MsgId",
    "InstrId",
    "EndToEndId",
    "TxId",
    "RmtInf",
    "Ustrd",
    "RtrInf",
    "Rsn",
    "SplmtryData",
    "GrpHdr",
    "AmtDtls",
];

/// A value that may be there once.
type Once<T> = Option<T>;

/// What is known of an entry or of one of its transactions so far.
#[derive(Debug, Default)]
struct Draft {
    entry: Once<String>,
    servicer: Once<String>,
    message: Once<String>,
    instruction: Once<String>,
    end_to_end: Once<String>,
    transaction: Once<String>,
    amount: Once<Money>,
    direction: Once<Direction>,
    reversal: Once<bool>,
    status: Once<EntryStatus>,
    booked: Once<BookingDate>,
    return_reason: Once<String>,
    information: Once<String>,
}

/// A notification being read: the state between two events.
#[derive(Debug, Default)]
pub(crate) struct Notification<'t> {
    text: &'t str,
    /// Where the event begins, for errors.
    position: usize,
    /// The open elements.
    path: Vec<&'static str>,
    /// Whether the innermost element has had an element inside.
    has_children: bool,
    /// The text of the innermost element.
    content: String,
    /// Currency of the innermost element, if it is an amount.
    currency: Option<Currency>,
    /// Depth at which skipping began, while it lasts.
    skipping_from: Option<usize>,
    /// Whether the root has ended.
    ended: bool,
    account: Once<String>,
    of_entry: Draft,
    of_transaction: Draft,
    transactions: Vec<Draft>,
    entries: Vec<BankEntry>,
}

impl<'t> Notification<'t> {
    /// Nothing read yet of this text.
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, ..Self::default() }
    }

    /// Says where the next event begins.
    pub(crate) fn event_at(&mut self, position: usize) {
        self.position = position;
    }

    /// What was read, if the document is complete.
    pub(crate) fn finish(self) -> Result<Vec<BankEntry>, ReadError> {
        if self.ended {
            return Ok(self.entries);
        }
        let why = "it ends before its last element does".to_owned();
        Err(ReadError::NotWellFormed { line: self.line(), why })
    }

    pub(crate) fn line(&self) -> usize {
        let before = self.text.as_bytes().get(..self.position).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1)
    }

    pub(crate) fn not_accepted(&self, what: &str) -> ReadError {
        ReadError::NotAccepted { line: self.line(), what: what.to_owned() }
    }

    fn limit(&self, what: String) -> ReadError {
        ReadError::Limit { line: self.line(), what }
    }

    pub(crate) fn start(
        &mut self,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<(), ReadError> {
        if self.path.len() >= CAMT054_DEPTH_MAX {
            return Err(self.limit(format!("elements are nested {CAMT054_DEPTH_MAX} deep")));
        }
        if start.len() > TAG_BYTES_MAX {
            return Err(self.limit(format!("a tag has more than {TAG_BYTES_MAX} bytes")));
        }
        if self.skipping_from.is_some() {
            self.path.push("");
            return Ok(());
        }
        let local_name = start.local_name();
        let local_name = local_name.as_ref();
        let found = |namespace: &ResolveResult<'_>| match namespace {
            ResolveResult::Bound(Namespace(name)) => format!("{} of {:?}", short(local_name), short(name)),
            _ => format!("{} without a namespace", short(local_name)),
        };
        if *namespace != ResolveResult::Bound(Namespace(CAMT054)) || self.ended {
            return Err(ReadError::OtherMessage { line: self.line(), found: found(namespace) });
        }
        let name = NAMES.iter().copied().find(|name| *name == local_name).unwrap_or_default();
        match (self.path.as_slice(), name) {
            ([], "Document") | (["Document"], "BkToCstmrDbtCdtNtfctn") => {}
            ([] | ["Document"], _) => {
                return Err(ReadError::OtherMessage { line: self.line(), found: found(namespace) });
            }
            (_, "SplmtryData") => self.skipping_from = Some(self.path.len()),
            _ => {}
        }
        self.path.push(name);
        self.has_children = false;
        self.content.clear();
        self.currency = None;
        match self.path.as_slice() {
            [.., "Ntry", "Amt"] | [.., "TxDtls", "Amt"] => self.currency = Some(self.currency_of(start)?),
            [.., "Ntfctn"] => self.account = None,
            [.., "Ntry"] => self.of_entry = Draft::default(),
            [.., "TxDtls"] => self.of_transaction = Draft::default(),
            _ => {}
        }
        Ok(())
    }

    /// The `Ccy` attribute of an amount.
    fn currency_of(&self, start: &BytesStart<'_>) -> Result<Currency, ReadError> {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| ReadError::NotWellFormed {
                line: self.line(),
                why: short(&error.to_string()),
            })?;
            if attribute.key.as_ref() == "Ccy" {
                return Currency::new(&attribute.value).map_err(|_| ReadError::Value {
                    line: self.line(),
                    element: "Amt/@Ccy",
                    value: short(&attribute.value),
                    expected: "the code of a currency in circulation (ISO 4217)",
                });
            }
        }
        Err(self.missing("Amt/@Ccy"))
    }

    pub(crate) fn push(&mut self, content: &str) -> Result<(), ReadError> {
        if self.skipping_from.is_some() {
            return Ok(());
        }
        if self.path.is_empty() && !content.trim().is_empty() {
            let why = "there is text outside the document".to_owned();
            return Err(ReadError::NotWellFormed { line: self.line(), why });
        }
        if self.content.len().saturating_add(content.len()) > CAMT054_TEXT_BYTES_MAX {
            return Err(self.limit(format!("a text has more than {CAMT054_TEXT_BYTES_MAX} bytes")));
        }
        self.content.push_str(content);
        Ok(())
    }

    pub(crate) fn end(&mut self) -> Result<(), ReadError> {
        if let Some(depth) = self.skipping_from {
            self.path.pop();
            if self.path.len() <= depth {
                self.skipping_from = None;
                self.has_children = true;
                self.content.clear();
            }
            return Ok(());
        }
        self.value()?;
        self.path.pop();
        self.ended = self.path.is_empty();
        self.has_children = true;
        self.content.clear();
        Ok(())
    }

    /// Takes the value of the element that ends.
    fn value(&mut self) -> Result<(), ReadError> {
        let path = std::mem::take(&mut self.path);
        let result = match path.as_slice() {
            ["Document", "BkToCstmrDbtCdtNtfctn", "Ntfctn", inner @ ..] => self.of_notification(inner),
            _ => Ok(()),
        };
        self.path = path;
        result
    }

    fn of_notification(&mut self, path: &[&'static str]) -> Result<(), ReadError> {
        match path {
            ["Acct", "Id", "IBAN"] | ["Acct", "Id", "Othr", "Id"] => {
                let account = self.text_of("Acct/Id", 34)?;
                let free = set(&mut self.account, account);
                self.once(free, "Acct/Id")
            }
            ["Ntry"] => self.entry_ends(),
            ["Ntry", inner @ ..] => self.of_entry(inner),
            _ => Ok(()),
        }
    }

    fn of_entry(&mut self, path: &[&'static str]) -> Result<(), ReadError> {
        match path {
            ["NtryRef"] => {
                let value = self.text_of("NtryRef", 35)?;
                let free = set(&mut self.of_entry.entry, value);
                self.once(free, "NtryRef")
            }
            ["Amt"] => {
                let value = self.amount("Amt")?;
                let free = set(&mut self.of_entry.amount, value);
                self.once(free, "Amt")
            }
            ["CdtDbtInd"] => {
                let value = self.direction()?;
                let free = set(&mut self.of_entry.direction, value);
                self.once(free, "CdtDbtInd")
            }
            ["RvslInd"] => {
                let value = self.indicator("RvslInd")?;
                let free = set(&mut self.of_entry.reversal, value);
                self.once(free, "RvslInd")
            }
            ["Sts", "Cd"] => {
                let value = EntryStatus::from_code(&self.text_of("Sts/Cd", 4)?);
                let free = set(&mut self.of_entry.status, value);
                self.once(free, "Sts")
            }
            ["Sts", "Prtry"] => {
                let value = EntryStatus::Other(self.text_of("Sts/Prtry", 35)?);
                let free = set(&mut self.of_entry.status, value);
                self.once(free, "Sts")
            }
            ["BookgDt", "Dt"] => {
                let text = self.text_of("BookgDt/Dt", 16)?;
                let day = date(&text).ok_or_else(|| self.wrong("BookgDt/Dt", "a date like 2026-11-23"))?;
                let free = set(&mut self.of_entry.booked, BookingDate { day, at: None });
                self.once(free, "BookgDt")
            }
            ["BookgDt", "DtTm"] => {
                let text = self.text_of("BookgDt/DtTm", 40)?;
                let moment = moment::parse(&text)
                    .ok_or_else(|| self.wrong("BookgDt/DtTm", "a time like 2026-11-23T15:00:00Z"))?;
                let booked = BookingDate { day: moment.day, at: moment.at };
                let free = set(&mut self.of_entry.booked, booked);
                self.once(free, "BookgDt")
            }
            ["AcctSvcrRef"] => {
                let value = self.text_of("AcctSvcrRef", 35)?;
                let free = set(&mut self.of_entry.servicer, value);
                self.once(free, "AcctSvcrRef")
            }
            ["NtryDtls", "TxDtls"] => self.transaction_ends(),
            ["NtryDtls", "TxDtls", inner @ ..] => self.of_transaction(inner),
            _ => Ok(()),
        }
    }

    fn of_transaction(&mut self, path: &[&'static str]) -> Result<(), ReadError> {
        match path {
            ["Refs", name @ ("MsgId" | "AcctSvcrRef" | "InstrId" | "EndToEndId" | "TxId")] => {
                let value = self.text_of(name, 35)?;
                let place = match *name {
                    "MsgId" => &mut self.of_transaction.message,
                    "AcctSvcrRef" => &mut self.of_transaction.servicer,
                    "InstrId" => &mut self.of_transaction.instruction,
                    "EndToEndId" => &mut self.of_transaction.end_to_end,
                    _ => &mut self.of_transaction.transaction,
                };
                let free = set(place, value);
                self.once(free, name)
            }
            ["Amt"] => {
                let value = self.amount("TxDtls/Amt")?;
                let free = set(&mut self.of_transaction.amount, value);
                self.once(free, "TxDtls/Amt")
            }
            ["CdtDbtInd"] => {
                let value = self.direction()?;
                let free = set(&mut self.of_transaction.direction, value);
                self.once(free, "TxDtls/CdtDbtInd")
            }
            ["RmtInf", "Ustrd"] => {
                if self.of_transaction.information.is_none() {
                    self.of_transaction.information = Some(self.text_of("RmtInf/Ustrd", 140)?);
                }
                Ok(())
            }
            ["RtrInf", "Rsn", "Cd" | "Prtry"] => {
                let value = self.text_of("RtrInf/Rsn", 35)?;
                let free = set(&mut self.of_transaction.return_reason, value);
                self.once(free, "RtrInf/Rsn")
            }
            _ => Ok(()),
        }
    }

    fn transaction_ends(&mut self) -> Result<(), ReadError> {
        if self.entries.len().saturating_add(self.transactions.len()) >= CAMT054_ENTRIES_MAX {
            return Err(self.limit(format!("there are more than {CAMT054_ENTRIES_MAX} transactions")));
        }
        let transaction = std::mem::take(&mut self.of_transaction);
        self.transactions.push(transaction);
        Ok(())
    }

    fn entry_ends(&mut self) -> Result<(), ReadError> {
        if self.entries.len() >= CAMT054_ENTRIES_MAX {
            return Err(self.limit(format!("there are more than {CAMT054_ENTRIES_MAX} entries")));
        }
        let entry = std::mem::take(&mut self.of_entry);
        let amount = entry.amount.ok_or_else(|| self.missing("Amt"))?;
        let direction = entry.direction.ok_or_else(|| self.missing("CdtDbtInd"))?;
        let status = entry.status.ok_or_else(|| self.missing("Sts"))?;
        let mut transactions = std::mem::take(&mut self.transactions);
        if transactions.is_empty() {
            transactions.push(Draft::default());
        }
        let only_one = transactions.len() == 1;
        for transaction in transactions {
            let servicer = transaction.servicer.or_else(|| entry.servicer.clone());
            let amount = match transaction.amount {
                Some(amount) => amount,
                None if only_one => amount,
                None => return Err(self.missing("TxDtls/Amt")),
            };
            self.entries.push(BankEntry {
                account: self.account.clone().unwrap_or_default(),
                references: References {
                    entry: entry.entry.clone().unwrap_or_default(),
                    servicer: servicer.unwrap_or_default(),
                    message: transaction.message.unwrap_or_default(),
                    instruction: transaction.instruction.unwrap_or_default(),
                    end_to_end: transaction.end_to_end.unwrap_or_default(),
                    transaction: transaction.transaction.unwrap_or_default(),
                },
                amount,
                direction: transaction.direction.unwrap_or(direction),
                reversal: entry.reversal.unwrap_or_default(),
                status: status.clone(),
                booked: entry.booked,
                return_reason: transaction.return_reason.unwrap_or_default(),
                information: transaction.information.unwrap_or_default(),
            });
        }
        Ok(())
    }

    /// An element whose place was not free is there twice.
    fn once(&self, free: bool, element: &'static str) -> Result<(), ReadError> {
        if free { Ok(()) } else { Err(ReadError::Twice { line: self.line(), element }) }
    }

    fn missing(&self, element: &'static str) -> ReadError {
        ReadError::Missing { line: self.line(), element }
    }

    fn wrong(&self, element: &'static str, expected: &'static str) -> ReadError {
        ReadError::Value { line: self.line(), element, value: short(self.content.trim()), expected }
    }

    /// The element's text, of at most so many characters.
    fn text_of(&self, element: &'static str, chars_max: usize) -> Result<String, ReadError> {
        if self.has_children {
            return Err(self.wrong(element, "text without elements inside"));
        }
        let text = self.content.trim();
        if text.is_empty() || text.chars().count() > chars_max {
            return Err(self.wrong(element, "text of a length that the schema allows"));
        }
        if !text.chars().all(|character| is_printable(character) || matches!(character, '\n' | '\t')) {
            return Err(self.wrong(element, "printable text"));
        }
        Ok(text.to_owned())
    }

    fn direction(&self) -> Result<Direction, ReadError> {
        match self.text_of("CdtDbtInd", 4)?.as_str() {
            "CRDT" => Ok(Direction::Credit),
            "DBIT" => Ok(Direction::Debit),
            _ => Err(self.wrong("CdtDbtInd", "CRDT or DBIT")),
        }
    }

    fn indicator(&self, element: &'static str) -> Result<bool, ReadError> {
        match self.text_of(element, 5)?.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.wrong(element, "true or false")),
        }
    }

    /// An `ActiveOrHistoricCurrencyAndAmount`: never negative; zeros beyond the currency's digits are dropped.
    fn amount(&self, element: &'static str) -> Result<Money, ReadError> {
        let text = self.text_of(element, 40)?;
        let expected = "an amount of at most 18 digits, as many after the point as its currency has";
        let wrong = || self.wrong(element, expected);
        let currency = self.currency.ok_or_else(wrong)?;
        let digits = text.strip_prefix('+').unwrap_or(&text);
        if digits.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'.')
            || digits.bytes().filter(u8::is_ascii_digit).count() > 18
        {
            return Err(wrong());
        }
        let digits = match digits.split_once('.') {
            Some((whole, decimals)) => {
                let kept = decimals.trim_end_matches('0');
                if whole.is_empty() && decimals.is_empty() {
                    return Err(wrong());
                }
                format!("0{whole}.{kept}")
            }
            None => digits.to_owned(),
        };
        Money::from_decimal(&digits, currency).map_err(|_| wrong())
    }
}

/// Puts a value where there must be none yet; whether there was none.
fn set<T>(place: &mut Once<T>, value: T) -> bool {
    place.replace(value).is_none()
}

/// An XML Schema `date`: a day, perhaps with an offset from UTC, which does not change the day it names.
fn date(text: &str) -> Option<Day> {
    let (day, offset) = text.split_at_checked(10)?;
    let midnight = format!("{day}T00:00:00{offset}");
    moment::parse(&midnight).map(|moment| moment.day)
}

/// The beginning of a text from outside, for messages.
pub(crate) fn short(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(80).collect()
}
