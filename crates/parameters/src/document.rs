//! Reading a section's TOML text, so that every refusal knows its line.

use std::ops::Range;

use money::{Currency, Money};
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::{Day, OPERATIONS, ParameterError, Rate, Rounding, Section, TimeOfDay};

/// Longest text of a section, in bytes.
pub const SECTION_BYTES_MAX: usize = 256 << 10;

/// Longest name in a section (of a rule, a schedule, an app, a merchant), in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// How much of a wrong value a refusal repeats, in characters.
const ECHO_CHARACTERS_MAX: usize = 40;

/// A section's text with its lines.
pub(crate) struct Document<'a> {
    section: Section,
    text: &'a str,
    /// Offset of every line feed.
    line_feeds: Vec<usize>,
}

impl<'a> Document<'a> {
    /// # Errors
    /// The text is too long.
    pub(crate) fn new(section: Section, text: &'a str) -> Result<Self, ParameterError> {
        if text.len() > SECTION_BYTES_MAX {
            let reason =
                format!("The text is {} bytes long; at most {SECTION_BYTES_MAX} are allowed.", text.len());
            return Err(ParameterError::new(section, 0, reason));
        }
        let line_feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
        Ok(Self { section, text, line_feeds: line_feeds.collect() })
    }

    /// # Errors
    /// It is not TOML, or not of this section's shape.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        toml::from_str(self.text).map_err(|error| {
            let line = error.span().map_or(0, |span| self.line(&span));
            ParameterError::new(self.section, line, sentence(error.message()))
        })
    }

    /// The line that a span starts in, counted from 1.
    pub(crate) fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.line_feeds.partition_point(|line_feed| *line_feed < span.start);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The refusal of what stands there.
    pub(crate) fn refuse<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> ParameterError {
        ParameterError::new(self.section, self.line(&at.span()), reason)
    }

    /// The refusal of the text as a whole.
    pub(crate) fn refuse_whole(&self, reason: impl Into<String>) -> ParameterError {
        ParameterError::new(self.section, 0, reason)
    }

    /// # Errors
    /// There are more of them than allowed.
    pub(crate) fn at_most<T>(&self, items: &[T], max: usize, what: &str) -> Result<(), ParameterError> {
        if items.len() <= max {
            return Ok(());
        }
        Err(self.refuse_whole(format!("There are {} {what}; at most {max} are allowed.", items.len())))
    }

    /// # Errors
    /// It is no usable name.
    pub(crate) fn name(&self, value: &Spanned<String>) -> Result<String, ParameterError> {
        let name = value.get_ref();
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let reason = format!("A name has 1 to {NAME_BYTES_MAX} bytes; this one has {}.", name.len());
            return Err(self.refuse(value, reason));
        }
        if name.chars().any(char::is_control) || name.trim() != name {
            return Err(self.refuse(value, "A name has no control characters and no spaces around it."));
        }
        Ok(name.clone())
    }

    /// # Errors
    /// A given name is not usable.
    pub(crate) fn optional_name(
        &self,
        value: Option<&Spanned<String>>,
    ) -> Result<Option<String>, ParameterError> {
        value.map(|value| self.name(value)).transpose()
    }

    /// # Errors
    /// It is no amount, or less than nothing.
    pub(crate) fn amount(&self, value: &Spanned<String>) -> Result<Money, ParameterError> {
        let amount: Money = value.get_ref().parse().map_err(|error| {
            let reason = format!(
                "{} is not an amount like \"12.30 CNY\": {}",
                quoted(value.get_ref()),
                sentence(&format!("{error}"))
            );
            self.refuse(value, reason)
        })?;
        if amount.is_negative() {
            return Err(self.refuse(value, format!("{amount} is less than nothing.")));
        }
        Ok(amount)
    }

    /// # Errors
    /// It is no currency in circulation.
    pub(crate) fn currency(&self, value: &Spanned<String>) -> Result<Currency, ParameterError> {
        Currency::new(value.get_ref()).map_err(|error| self.refuse(value, sentence(&error.to_string())))
    }

    /// # Errors
    /// It is no rate like `0.60 %`, or beyond 100 %.
    pub(crate) fn rate(&self, value: &Spanned<String>) -> Result<Rate, ParameterError> {
        value.get_ref().parse().map_err(|reason: String| self.refuse(value, reason))
    }

    /// # Errors
    /// It is no way of rounding.
    pub(crate) fn rounding(&self, value: &Spanned<String>) -> Result<Rounding, ParameterError> {
        value.get_ref().parse().map_err(|reason: String| self.refuse(value, reason))
    }

    /// An account number as it is printed: digits, the last two of which guard the others (ISO/IEC 7064 MOD
    /// 97-10).
    ///
    /// # Errors
    /// It is none, or there is a slip in it.
    pub(crate) fn account_number(&self, value: &Spanned<String>) -> Result<u64, ParameterError> {
        let digits = value.get_ref();
        let number = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        number.filter(|number| number % 97 == 1).ok_or_else(|| {
            let reason = format!(
                "{} is not an account number, or there is a slip in it: it has digits only, and the last two guard the others.",
                quoted(digits)
            );
            self.refuse(value, reason)
        })
    }

    /// # Errors
    /// It is no date like `2026-10-01`.
    pub(crate) fn day(&self, value: &Spanned<String>) -> Result<Day, ParameterError> {
        value.get_ref().parse().map_err(|reason: String| self.refuse(value, reason))
    }

    /// # Errors
    /// It is no time like `23:00`.
    pub(crate) fn time(&self, value: &Spanned<String>) -> Result<TimeOfDay, ParameterError> {
        value.get_ref().parse().map_err(|reason: String| self.refuse(value, reason))
    }

    /// # Errors
    /// It is not one of [`OPERATIONS`].
    pub(crate) fn operation(&self, value: &Spanned<String>) -> Result<&'static str, ParameterError> {
        OPERATIONS.into_iter().find(|word| word == value.get_ref()).ok_or_else(|| {
            let reason = format!(
                "{} is not an operation; there are {}.",
                quoted(value.get_ref()),
                OPERATIONS.join(", ")
            );
            self.refuse(value, reason)
        })
    }
}

/// A wrong value as a refusal repeats it: quoted, escaped and cut.
pub(crate) fn quoted(value: &str) -> String {
    let start: String = value.chars().take(ECHO_CHARACTERS_MAX).collect();
    if start.len() == value.len() { format!("{start:?}") } else { format!("{start:?}...") }
}

/// What a library says, as a sentence: a capital first, a full stop last, on one line.
pub(crate) fn sentence(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join("; ");
    let mut characters = line.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let mut said: String = first.into_iter().chain(characters).collect();
    if !said.ends_with('.') {
        said.push('.');
    }
    said
}
