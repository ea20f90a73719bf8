//! `[[test]]` cases of a rule file: this history, this payment, this decision.

use std::fmt;

use ledger::Timestamp;
use money::Money;
use serde::Deserialize;
use toml::Spanned;

use crate::file::{Reader, operation};
use crate::phrase;
use crate::{CASE_PAYMENTS_MAX, Consent, Histories, Outcome, Payment, RuleError, Rules};

/// When the payment of every case is made: in November 2023. Everything in a case is relative to it.
const NOW_SECONDS: u64 = 1_700_000_000;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Longest name of a case and longest text in one, in bytes.
const TEXT_BYTES_MAX: usize = 200;

/// What a case leaves out.
const OPERATION: &str = "pay";
const TIME_OF_DAY_MINUTES: u16 = 12 * 60;
const ACCOUNT_AGE_SECONDS: u32 = 365 * 86_400;
const NAME: &str = "usual";
/// No account of the operator's has these numbers.
const PAYEE: u64 = 0;
const PAYER: u64 = u64::MAX;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseText {
    name: Spanned<String>,
    #[serde(default)]
    history: Vec<Spanned<PastText>>,
    payment: PaymentText,
    expect: Spanned<String>,
    rules: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PastText {
    ago: Spanned<String>,
    times: Option<Spanned<u32>>,
    every: Option<Spanned<String>>,
    amount: Spanned<String>,
    payee: Option<Spanned<String>>,
    terminal: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PaymentText {
    amount: Spanned<String>,
    operation: Option<Spanned<String>>,
    payee: Option<Spanned<String>>,
    customer: Option<Spanned<String>>,
    terminal: Option<Spanned<String>>,
    merchant: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    app: Option<Spanned<String>>,
    consent: Option<Spanned<String>>,
    time_of_day: Option<Spanned<String>>,
    account_age: Option<Spanned<String>>,
}

/// A payment of a case, past or present.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    at: Timestamp,
    minutes_of_day: u16,
    operation: &'static str,
    payer: u64,
    payee: u64,
    merchant: String,
    amount: Money,
    app: String,
    terminal: String,
    region: String,
    account_opened: Timestamp,
    consent: Consent,
}

impl Told {
    fn payment(&self) -> Payment<'_> {
        Payment {
            at: self.at,
            minutes_of_day: self.minutes_of_day,
            operation: self.operation,
            payer: self.payer,
            payee: self.payee,
            payee_holder: &self.merchant,
            amount: self.amount,
            app: &self.app,
            terminal: &self.terminal,
            region: &self.region,
            account_opened: self.account_opened,
            consent: self.consent,
        }
    }
}

/// One case, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    name: String,
    line: usize,
    /// Oldest first.
    history: Vec<Told>,
    payment: Told,
    expected: Outcome,
    expected_rules: Option<Vec<String>>,
}

/// So many seconds before the payment of a case.
fn before(seconds: u32) -> Timestamp {
    Timestamp(NOW_SECONDS.saturating_sub(u64::from(seconds)).saturating_mul(NS_PER_SECOND))
}

impl Case {
    /// Reads a case; `payments` counts the past payments of all cases.
    pub(crate) fn read(
        reader: &Reader<'_>,
        rules: &Rules,
        case: &CaseText,
        payments: &mut usize,
    ) -> Result<Self, RuleError> {
        let name = reader.words(&case.name, "name of a test", TEXT_BYTES_MAX)?;
        let place = format!("test {name:?}");
        let expected =
            reader.at(&case.expect.span(), &format!("{place}, expect"), case.expect.as_ref().parse())?;
        let expected_rules = case.rules.as_ref().map(|names| {
            let unknown = |name: &&String| !rules.rules().iter().any(|rule| rule.name() == name.as_str());
            match names.as_ref().iter().find(unknown) {
                Some(name) => {
                    let why = format!("no rule of this file is named {}", phrase::quoted(name));
                    Err(reader.error(&names.span(), &format!("{place}, rules"), why))
                }
                None => Ok(names.as_ref().clone()),
            }
        });
        let payment = read_payment(reader, &format!("{place}, payment"), &case.payment)?;
        let mut history = Vec::new();
        for past in &case.history {
            read_past(reader, &format!("{place}, history"), past, &payment, payments, &mut history)?;
        }
        history.sort_by_key(|told| told.at);
        let line = reader.line(&case.name.span());
        Ok(Self { name, line, history, payment, expected, expected_rules: expected_rules.transpose()? })
    }

    pub(crate) fn run(&self, rules: &Rules) -> CaseResult {
        let mut histories = Histories::default();
        for past in &self.history {
            histories.record(&past.payment());
        }
        let decision = rules.decide(&histories, &self.payment.payment());
        CaseResult {
            name: self.name.clone(),
            line: self.line,
            expected: self.expected,
            expected_rules: self.expected_rules.clone(),
            decided: decision.outcome,
            rules: rules.names(&decision).into_iter().map(str::to_owned).collect(),
        }
    }
}

fn short_text(
    reader: &Reader<'_>,
    place: &str,
    text: Option<&Spanned<String>>,
    otherwise: &str,
) -> Result<String, RuleError> {
    match text {
        Some(text) if text.as_ref().len() > TEXT_BYTES_MAX => {
            Err(reader.error(&text.span(), place, format!("it is longer than {TEXT_BYTES_MAX} bytes")))
        }
        Some(text) => Ok(text.as_ref().clone()),
        None => Ok(otherwise.to_owned()),
    }
}

fn read_amount(reader: &Reader<'_>, place: &str, text: &Spanned<String>) -> Result<Money, RuleError> {
    let amount = text.as_ref().parse::<Money>().map_err(|error| error.to_string());
    let positive = amount.and_then(|amount| {
        if amount.is_positive() { Ok(amount) } else { Err("a payment is of more than nothing".to_owned()) }
    });
    let why = positive.map_err(|why| format!("{}: {why}", phrase::quoted(text.as_ref())));
    reader.at(&text.span(), &format!("{place}, amount"), why)
}

fn read_payment(reader: &Reader<'_>, place: &str, text: &PaymentText) -> Result<Told, RuleError> {
    fn or<T>(
        reader: &Reader<'_>,
        place: &str,
        text: Option<&Spanned<String>>,
        otherwise: T,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, RuleError> {
        text.map_or(Ok(otherwise), |text| reader.at(&text.span(), place, read(text.as_ref())))
    }
    let part = |key: &str| format!("{place}, {key}");
    let age = or(reader, &part("account-age"), text.account_age.as_ref(), ACCOUNT_AGE_SECONDS, phrase::ago)?;
    Ok(Told {
        at: before(0),
        minutes_of_day: or(
            reader,
            &part("time-of-day"),
            text.time_of_day.as_ref(),
            TIME_OF_DAY_MINUTES,
            phrase::clock,
        )?,
        operation: or(reader, &part("operation"), text.operation.as_ref(), OPERATION, operation)?,
        payer: or(reader, &part("customer"), text.customer.as_ref(), PAYER, reader.accounts)?,
        payee: or(reader, &part("payee"), text.payee.as_ref(), PAYEE, reader.accounts)?,
        merchant: short_text(reader, &part("merchant"), text.merchant.as_ref(), NAME)?,
        amount: read_amount(reader, place, &text.amount)?,
        app: short_text(reader, &part("app"), text.app.as_ref(), NAME)?,
        terminal: short_text(reader, &part("terminal"), text.terminal.as_ref(), NAME)?,
        region: short_text(reader, &part("region"), text.region.as_ref(), "")?,
        account_opened: before(age),
        consent: or(reader, &part("consent"), text.consent.as_ref(), Consent::Signed, str::parse)?,
    })
}

/// Reads one line of a history: a payment, or the same payment several times.
fn read_past(
    reader: &Reader<'_>,
    place: &str,
    text: &Spanned<PastText>,
    payment: &Told,
    payments: &mut usize,
    history: &mut Vec<Told>,
) -> Result<(), RuleError> {
    let (span, text) = (text.span(), text.as_ref());
    let ago = reader.at(&text.ago.span(), &format!("{place}, ago"), phrase::ago(text.ago.as_ref()))?;
    let (times, every) = match (&text.times, &text.every) {
        (None, None) => (1, 0),
        (Some(times), Some(every)) => {
            let read = phrase::ago(every.as_ref());
            (*times.as_ref(), reader.at(&every.span(), &format!("{place}, every"), read)?)
        }
        (Some(_), None) | (None, Some(_)) => {
            let why =
                "times and every go together: { ago = \"10 days\", times = 10, every = \"1 day\", ... }";
            return Err(reader.error(&span, place, why));
        }
    };
    *payments = payments.saturating_add(usize::try_from(times).unwrap_or(usize::MAX));
    if *payments > CASE_PAYMENTS_MAX {
        let why = format!("the tests have more than {CASE_PAYMENTS_MAX} past payments together");
        return Err(reader.error(&span, place, why));
    }
    if times == 0 || times.saturating_sub(1).saturating_mul(every) > ago {
        let why = format!("{times} times leads to no payment, or beyond the payment that is tested");
        return Err(reader.error(&span, place, why));
    }
    let amount = read_amount(reader, place, &text.amount)?;
    let terminal = short_text(reader, &format!("{place}, terminal"), text.terminal.as_ref(), NAME)?;
    let payee = text.payee.as_ref().map_or(Ok(PAYEE), |payee| {
        reader.at(&payee.span(), &format!("{place}, payee"), (reader.accounts)(payee.as_ref()))
    })?;
    for time in 0..times {
        let at = before(ago.saturating_sub(time.saturating_mul(every)));
        history.push(Told { at, amount, terminal: terminal.clone(), payee, ..payment.clone() });
    }
    Ok(())
}

/// How a case came out. Prints as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// What it expects.
    pub expected: Outcome,
    /// The rules it expects to apply, in the order of the file; none when it does not say.
    pub expected_rules: Option<Vec<String>>,
    /// What the rules decided.
    pub decided: Outcome,
    /// The rules that applied, in the order of the file.
    pub rules: Vec<String>,
}

impl CaseResult {
    /// Whether the decision is the expected one.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.expected == self.decided && self.expected_rules.as_ref().is_none_or(|rules| *rules == self.rules)
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |rules: &[String]| {
            if rules.is_empty() { "by no rule".to_owned() } else { format!("by {}", rules.join(", ")) }
        };
        let (line, name, decided) = (self.line, &self.name, self.decided);
        let rules = by(&self.rules);
        if self.passed() {
            return write!(formatter, "line {line}, test {name:?} passed: {decided} {rules}");
        }
        let expected = match &self.expected_rules {
            Some(expected) => format!("{} {}", self.expected, by(expected)),
            None => self.expected.to_string(),
        };
        write!(formatter, "line {line}, test {name:?} failed: expected {expected}, decided {decided} {rules}")
    }
}
