//! Exchange between currencies, exact to the last digit of the stated rate.

use std::collections::BTreeMap;

use money::{Currency, Money};
use serde::Deserialize;
use toml::Spanned;

use crate::document::{Document, quoted};
use crate::{ParameterError, Rate, Rounding, Section};

/// Most pairs in the section.
pub const EXCHANGE_RATES_MAX: usize = 1024;

/// Most significant digits of a rate. With an amount of 63 bits and a margin in parts per million the product
/// fits 128 bits.
const RATE_DIGITS_MAX: usize = 12;

/// The rates in effect, by pair. A pair is one direction: the way back is its own pair.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    rates: BTreeMap<(Currency, Currency), ExchangeRate>,
}

/// How much of one currency is given for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRate {
    /// As written: units of the one currency for one unit of the other, `7.1234`.
    pub rate: String,
    /// The share of the result that the operator keeps.
    pub margin: Rate,
    /// The rate's digits, without the point.
    digits: u64,
    /// How many of them stand after the point.
    decimals: u32,
    pub(crate) line: u32,
}

/// What an amount became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted<'a> {
    /// In the other currency, rounded as asked.
    pub amount: Money,
    /// The exact result rounded up: it and [`Converted::amount`] differ by one minor unit at most, which is
    /// the rounding account's.
    pub exact_ceiling: Money,
    /// The rate as stated.
    pub rate: &'a str,
    /// The margin that went off the exact result before it was rounded.
    pub margin: Rate,
}

/// Why an amount cannot be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The operator states no rate for the pair.
    #[error("there is no rate from {from} to {to}: the operator has to state one in the section exchange")]
    NoRate {
        /// Currency that is given.
        from: Currency,
        /// Currency that is wanted.
        to: Currency,
    },
    /// Only what flows in can be converted.
    #[error("an amount to be converted is more than nothing")]
    AmountNotPositive,
    /// The result does not fit.
    #[error("the amount is too large: converted it does not fit 64 bits of minor units")]
    TooLarge,
}

impl Exchange {
    /// Reads a text of the section `exchange` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Exchange, text)?;
        let written: Written = document.read()?;
        document.at_most(&written.rate, EXCHANGE_RATES_MAX, "exchange rates")?;
        let mut rates = BTreeMap::new();
        for pair in &written.rate {
            let written = pair.get_ref();
            let (from, to) = (document.currency(&written.from)?, document.currency(&written.to)?);
            if from == to {
                return Err(document.refuse(&written.to, format!("{from} is not exchanged for itself.")));
            }
            let (digits, decimals) = exact(written.rate.get_ref()).ok_or_else(|| {
                let reason = format!(
                    "{} is not an exchange rate: write how much {to} is given for 1 {from}, like \"7.1234\", more than nothing and with at most {RATE_DIGITS_MAX} digits.",
                    quoted(written.rate.get_ref())
                );
                document.refuse(&written.rate, reason)
            })?;
            let margin = written.margin.as_ref().map(|margin| document.rate(margin)).transpose()?;
            let margin = margin.unwrap_or_default();
            if margin.parts_per_million() == Rate::PARTS_PER_MILLION_MAX {
                return Err(document.refuse(pair, "A margin of the whole leaves nothing to give."));
            }
            let rate = ExchangeRate {
                rate: written.rate.get_ref().clone(),
                margin,
                digits,
                decimals,
                line: document.line(&pair.span()),
            };
            if rates.insert((from, to), rate).is_some() {
                return Err(document.refuse(pair, format!("There are two rates from {from} to {to}.")));
            }
        }
        Ok(Self { rates })
    }

    /// The rate of a pair, if the operator states one.
    #[must_use]
    pub fn rate(&self, from: Currency, to: Currency) -> Option<&ExchangeRate> {
        self.rates.get(&(from, to))
    }

    /// Every pair with its rate, in the order of the codes.
    pub fn rates(&self) -> impl Iterator<Item = (Currency, Currency, &ExchangeRate)> {
        self.rates.iter().map(|((from, to), rate)| (*from, *to, rate))
    }

    /// An amount in another currency: by the rate, less the margin, rounded once.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub fn convert(
        &self,
        amount: Money,
        to: Currency,
        rounding: Rounding,
    ) -> Result<Converted<'_>, ExchangeError> {
        let from = amount.currency();
        let stated = self.rates.get(&(from, to)).ok_or(ExchangeError::NoRate { from, to })?;
        let units = u64::try_from(amount.minor_units()).unwrap_or(0);
        if units == 0 {
            return Err(ExchangeError::AmountNotPositive);
        }
        // 63 bits of units, 40 of rate and 20 of margin are 123: nothing is lost.
        let kept = Rate::PARTS_PER_MILLION_MAX.saturating_sub(stated.margin.parts_per_million());
        let dividend =
            u128::from(units).saturating_mul(u128::from(stated.digits)).saturating_mul(u128::from(kept));
        // Parts per million are six decimals, and no currency has more than four: never a negative power.
        let power = stated
            .decimals
            .saturating_add(6)
            .saturating_add(u32::from(from.exponent()))
            .saturating_sub(u32::from(to.exponent()));
        let divisor = 10_u128.saturating_pow(power);
        let rounded = |rounding: Rounding| {
            i64::try_from(rounding.divide(dividend, divisor))
                .map(|units| Money::new(units, to))
                .map_err(|_| ExchangeError::TooLarge)
        };
        Ok(Converted {
            amount: rounded(rounding)?,
            exact_ceiling: rounded(Rounding::Up)?,
            rate: &stated.rate,
            margin: stated.margin,
        })
    }
}

/// The digits of a decimal fraction without its point, and how many stand after it.
fn exact(text: &str) -> Option<(u64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.len().saturating_add(fraction.len()) > RATE_DIGITS_MAX {
        return None;
    }
    let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
    (digits > 0).then_some((digits, u32::try_from(fraction.len()).ok()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    rate: Vec<Spanned<WrittenRate>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    from: Spanned<String>,
    to: Spanned<String>,
    rate: Spanned<String>,
    margin: Option<Spanned<String>>,
}
