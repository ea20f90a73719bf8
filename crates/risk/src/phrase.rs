//! The phrases that conditions are written in: `more than 5 in 10 minutes`.

use money::{Currency, Money};

use crate::condition::{Band, Comparison, Condition, Counted, Measure, Sum};
use crate::history::RECENT_MAX;
use crate::{COUNT_WINDOW_DAYS_MAX, Consent, DAYS_MAX, DETAIL_WINDOW_HOURS_MAX};

const SECONDS_PER_HOUR: u32 = 3_600;
const SECONDS_PER_DAY: u32 = 86_400;

/// Largest factor of `amount-against-history`.
const FACTOR_MAX: u32 = 10_000;

/// Most characters of the author's own text that an error repeats.
const QUOTED_CHARACTERS_MAX: usize = 80;

/// Text as an error repeats it: not too long.
pub(crate) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

/// Reads a phrase from its first word to its last.
struct Phrase<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
}

impl<'a> Phrase<'a> {
    fn new(text: &'a str) -> Self {
        Self { words: text.split_whitespace().peekable() }
    }

    /// The next word, without a comma behind it.
    fn word(&mut self) -> Result<&'a str, String> {
        let word = self.words.next().ok_or_else(|| "it ends too early".to_owned())?;
        Ok(word.strip_suffix(',').unwrap_or(word))
    }

    fn expect(&mut self, words: &[&str]) -> Result<(), String> {
        for expected in words {
            let found = self.word().map_err(|end| format!("{end}: {expected:?} is missing"))?;
            if found != *expected {
                return Err(format!("{} stands where {expected:?} belongs", quoted(found)));
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.words.next().map_or(Ok(()), |word| Err(format!("it goes on with {}", quoted(word))))
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        let (first, second) = (self.word()?, self.word()?);
        match (first, second) {
            ("more", "than") => Ok(Comparison::MoreThan),
            ("at", "least") => Ok(Comparison::AtLeast),
            ("at", "most") => Ok(Comparison::AtMost),
            ("less" | "fewer", "than") => Ok(Comparison::LessThan),
            _ => Err(format!(
                "{} is no comparison: more than, at least, at most, less than, fewer than",
                quoted(&format!("{first} {second}"))
            )),
        }
    }

    fn number(&mut self) -> Result<u32, String> {
        let word = self.word()?;
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || word.len() > 9 {
            return Err(format!("{} is not a whole number", quoted(word)));
        }
        word.parse().map_err(|_| format!("{} is not a whole number", quoted(word)))
    }

    /// A whole number from 1 to `most`.
    fn counted(&mut self, most: usize) -> Result<usize, String> {
        let number = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if (1..=most).contains(&number) {
            Ok(number)
        } else {
            Err(format!("{number} is out of bounds: from 1 to {most} can be known here"))
        }
    }

    /// `10 minutes`, in seconds.
    fn duration(&mut self, seconds_max: u32) -> Result<u32, String> {
        let (number, unit) = (self.number()?, self.word()?);
        let seconds = match unit {
            "second" | "seconds" => 1,
            "minute" | "minutes" => 60,
            "hour" | "hours" => SECONDS_PER_HOUR,
            "day" | "days" => SECONDS_PER_DAY,
            _ => return Err(format!("{} is no unit: seconds, minutes, hours or days", quoted(unit))),
        };
        let total = number.checked_mul(seconds).filter(|total| (1..=seconds_max).contains(total));
        total.ok_or_else(|| {
            let longest = if seconds_max.is_multiple_of(SECONDS_PER_DAY) && seconds_max > SECONDS_PER_DAY {
                format!("{} days", seconds_max / SECONDS_PER_DAY)
            } else {
                format!("{} hours", seconds_max / SECONDS_PER_HOUR)
            };
            format!("{number} {unit} is out of bounds: from 1 second to {longest} here")
        })
    }

    fn currency(&mut self) -> Result<Currency, String> {
        Currency::new(self.word()?).map_err(|error| error.to_string())
    }

    /// `1000.00 CNY`.
    fn amount(&mut self) -> Result<Money, String> {
        let digits = self.word()?;
        amount(digits, self.currency()?)
    }
}

/// Digits as an amount that is not negative.
fn amount(digits: &str, currency: Currency) -> Result<Money, String> {
    let amount = Money::from_decimal(digits, currency)
        .map_err(|error| format!("{} is no amount of {currency}: {error}", quoted(digits)))?;
    if amount.is_negative() { Err("an amount is not negative".to_owned()) } else { Ok(amount) }
}

/// Reads a whole phrase; what is wrong is said together with how to write it.
fn whole<'a, T>(
    text: &'a str,
    example: &str,
    read: impl FnOnce(&mut Phrase<'a>) -> Result<T, String>,
) -> Result<T, String> {
    let mut phrase = Phrase::new(text);
    let read = read(&mut phrase).and_then(|value| phrase.end().map(|()| value));
    read.map_err(|why| format!("{} cannot be read: {why}. Write it like {example:?}", quoted(text)))
}

/// `at least 1000.00 CNY`, `between 900.00 and 999.99 CNY`.
pub(crate) fn band(text: &str) -> Result<Band, String> {
    whole(text, "at least 1000.00 CNY", |phrase| {
        if phrase.words.next_if_eq(&"between").is_some() {
            let least = phrase.word()?;
            phrase.expect(&["and"])?;
            let (largest, currency) = (phrase.word()?, phrase.currency()?);
            let (least, largest) =
                (amount(least, currency)?.minor_units(), amount(largest, currency)?.minor_units());
            return if least <= largest {
                Ok(Band { currency, least, largest })
            } else {
                Err("the first amount is the larger one".to_owned())
            };
        }
        let (comparison, amount) = (phrase.comparison()?, phrase.amount()?);
        let (units, currency) = (amount.minor_units(), amount.currency());
        Ok(match comparison {
            Comparison::MoreThan => Band {
                currency,
                least: units.checked_add(1).ok_or_else(|| "no amount is more than that".to_owned())?,
                largest: i64::MAX,
            },
            Comparison::AtLeast => Band { currency, least: units, largest: i64::MAX },
            Comparison::AtMost => Band { currency, least: i64::MIN, largest: units },
            Comparison::LessThan => Band { currency, least: i64::MIN, largest: units.saturating_sub(1) },
        })
    })
}

/// How sums, and counts by payee, are compared.
fn beyond(phrase: &mut Phrase<'_>) -> Result<Comparison, String> {
    match phrase.comparison()? {
        comparison @ (Comparison::MoreThan | Comparison::AtLeast) => Ok(comparison),
        _ => Err("this can only be compared by \"more than\" or \"at least\"".to_owned()),
    }
}

/// `in 24 hours`.
fn detail_window(phrase: &mut Phrase<'_>) -> Result<u32, String> {
    phrase.expect(&["in"])?;
    phrase.duration(DETAIL_WINDOW_HOURS_MAX.saturating_mul(SECONDS_PER_HOUR))
}

/// `more than 5000.00 CNY in 24 hours`.
pub(crate) fn sum(text: &str) -> Result<Sum, String> {
    whole(text, "more than 5000.00 CNY in 24 hours", |phrase| {
        let (comparison, bound) = (beyond(phrase)?, phrase.amount()?);
        Ok(Sum { comparison, bound, window: detail_window(phrase)? })
    })
}

/// `more than 5 in 10 minutes`, of payments.
pub(crate) fn payments(text: &str) -> Result<Condition, String> {
    whole(text, "more than 5 in 10 minutes", |phrase| {
        let (comparison, bound) = (phrase.comparison()?, phrase.counted(RECENT_MAX)?);
        phrase.expect(&["in"])?;
        let window = phrase.duration(COUNT_WINDOW_DAYS_MAX.saturating_mul(SECONDS_PER_DAY))?;
        Ok(Condition::Count { counted: Counted::Payments, comparison, bound, window })
    })
}

/// `more than 5 in 1 hour`, of payments to the payee or of payees.
pub(crate) fn by_payee(text: &str, counted: Counted) -> Result<Condition, String> {
    whole(text, "more than 5 in 1 hour", |phrase| {
        let (comparison, bound) = (beyond(phrase)?, phrase.counted(RECENT_MAX)?);
        Ok(Condition::Count { counted, comparison, bound, window: detail_window(phrase)? })
    })
}

/// `fewer than 5`.
pub(crate) fn ever(text: &str) -> Result<Condition, String> {
    whole(text, "fewer than 5", |phrase| {
        let (comparison, bound) = (phrase.comparison()?, u64::from(phrase.number()?));
        Ok(Condition::Ever { comparison, bound })
    })
}

fn age(phrase: &mut Phrase<'_>) -> Result<(Comparison, u32), String> {
    let comparison = phrase.comparison()?;
    Ok((comparison, phrase.duration(DAYS_MAX.saturating_mul(SECONDS_PER_DAY))?))
}

/// `less than 24 hours ago`.
pub(crate) fn first_seen(text: &str) -> Result<Condition, String> {
    whole(text, "less than 24 hours ago", |phrase| {
        let (comparison, ago) = age(phrase)?;
        phrase.expect(&["ago"])?;
        Ok(Condition::TerminalFirstSeen { comparison, ago })
    })
}

/// `less than 7 days`.
pub(crate) fn account_age(text: &str) -> Result<Condition, String> {
    whole(text, "less than 7 days", |phrase| {
        let (comparison, age) = age(phrase)?;
        Ok(Condition::AccountAge { comparison, age })
    })
}

/// `24 hours`, of a `[[test]]` case; in seconds.
pub(crate) fn ago(text: &str) -> Result<u32, String> {
    whole(text, "24 hours", |phrase| phrase.duration(DAYS_MAX.saturating_mul(SECONDS_PER_DAY)))
}

/// `more than 5 times the mean of the last 20 payments, with at least 8`.
pub(crate) fn against_history(text: &str) -> Result<Condition, String> {
    whole(text, "more than 5 times the mean of the last 20 payments, with at least 8", |phrase| {
        phrase.expect(&["more", "than"])?;
        let hundredths = factor(phrase.word()?)?;
        phrase.expect(&["times", "the"])?;
        let measure = match phrase.word()? {
            "mean" => Measure::Mean,
            "maximum" => Measure::Maximum,
            other => return Err(format!("{} is neither the mean nor the maximum", quoted(other))),
        };
        phrase.expect(&["of", "the", "last"])?;
        let last = phrase.counted(RECENT_MAX)?;
        phrase.expect(&["payments", "with", "at", "least"])?;
        let enough = phrase.counted(last)?;
        Ok(Condition::AgainstHistory { hundredths, measure, last, enough })
    })
}

/// `5`, `2.5`, `1.25`: as hundredths.
fn factor(word: &str) -> Result<u32, String> {
    let wrong = || format!("{} is no factor: from 0.01 to {FACTOR_MAX}, two decimals at most", quoted(word));
    let (whole, decimals) = word.split_once('.').unwrap_or((word, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 5 || decimals.len() > 2 {
        return Err(wrong());
    }
    let joined = format!("{whole}{decimals:0<2}");
    let hundredths: u32 = joined.parse().map_err(|_| wrong())?;
    if (1..=FACTOR_MAX.saturating_mul(100)).contains(&hundredths) { Ok(hundredths) } else { Err(wrong()) }
}

/// `between 23:00 and 06:00`.
pub(crate) fn time_of_day(text: &str) -> Result<Condition, String> {
    whole(text, "between 23:00 and 06:00", |phrase| {
        phrase.expect(&["between"])?;
        let from = clock(phrase.word()?)?;
        phrase.expect(&["and"])?;
        let to = clock(phrase.word()?)?;
        if from == to {
            return Err("both times are the same: leave the condition out to mean the whole day".to_owned());
        }
        Ok(Condition::TimeOfDay { from, to })
    })
}

/// `23:00`, as minutes since midnight.
pub(crate) fn clock(word: &str) -> Result<u16, String> {
    let wrong = || format!("{} is no time of day: write it like \"23:00\"", quoted(word));
    let (hours, minutes) = word.split_once(':').ok_or_else(wrong)?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return Err(wrong());
    }
    let (hours, minutes): (u16, u16) =
        (hours.parse().map_err(|_| wrong())?, minutes.parse().map_err(|_| wrong())?);
    if hours > 23 || minutes > 59 {
        return Err(wrong());
    }
    Ok(hours.saturating_mul(60).saturating_add(minutes))
}

/// `weaker than stepped-up`.
pub(crate) fn consent(text: &str) -> Result<Condition, String> {
    whole(text, "weaker than stepped-up", |phrase| {
        phrase.expect(&["weaker", "than"])?;
        match phrase.word()?.parse()? {
            Consent::None => Err("nothing is weaker than none".to_owned()),
            consent => Ok(Condition::ConsentWeakerThan(consent)),
        }
    })
}

/// What a payment's payee, terminal and so on is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among<'a> {
    /// A list of the file.
    List(&'a str),
    /// This one.
    One(&'a str),
}

/// `in LIST`, `not in LIST`, `is NAME`, `is not NAME`; whether it should be.
pub(crate) fn among(text: &str) -> Result<(Among<'_>, bool), String> {
    let text = text.trim();
    let after = |start: &str| text.strip_prefix(start).map(str::trim).filter(|rest| !rest.is_empty());
    if let Some(list) = after("not in ") {
        Ok((Among::List(list), false))
    } else if let Some(list) = after("in ") {
        Ok((Among::List(list), true))
    } else if let Some(one) = after("is not ") {
        Ok((Among::One(one), false))
    } else if let Some(one) = after("is ") {
        Ok((Among::One(one), true))
    } else {
        Err(format!(
            "{} cannot be read. Write \"in LIST\", \"not in LIST\", \"is NAME\" or \"is not NAME\"",
            quoted(text)
        ))
    }
}
