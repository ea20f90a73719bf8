//! An amount of money, its checked arithmetic and its text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Currency, MoneyError};

/// Longest text that [`Money`] parses, in bytes; the longest that it prints is 24 (`-922337203685477.5808
/// CLF`).
pub const AMOUNT_TEXT_BYTES_MAX: usize = 40;

/// An amount of money: whole minor units (fen, cents, yen) of a currency; negative where it flows out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

impl Money {
    /// An amount of this many minor units.
    #[must_use]
    pub const fn new(minor_units: i64, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    /// Nothing, in this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The amount in minor units: 2350 for 23.50 CNY.
    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.minor_units
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor_units > 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor_units == 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor_units < 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let sum = self.minor_units.checked_add(other.minor_units).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(sum, self.currency))
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], or [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let difference = self.minor_units.checked_sub(other.minor_units).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(difference, self.currency))
    }

    /// The same amount flowing the other way.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let negated = self.minor_units.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self::new(negated, self.currency))
    }

    /// Which of two amounts is larger.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`]: amounts of two currencies have no order.
    pub fn compare(self, other: Self) -> Result<std::cmp::Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor_units.cmp(&other.minor_units))
    }

    /// The amount as digits without its currency: `23.50`. What an amount field shows.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        Decimal(self)
    }

    /// Reads digits without a currency, as typed into an amount field: `23.50`, `23.5`, `23`, `.5`, `23.`.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`], [`MoneyError::TooFine`] (never rounded), or [`MoneyError::Overflow`].
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if text.len() > AMOUNT_TEXT_BYTES_MAX {
            return Err(MoneyError::Malformed);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::Malformed);
        }
        let places = usize::from(currency.exponent());
        if fraction.len() > places {
            return Err(MoneyError::TooFine { currency, digits: currency.exponent() });
        }
        // Counted downwards when negative, so that the least amount parses too.
        let padding = std::iter::repeat_n(b'0', places.saturating_sub(fraction.len()));
        let minor_units = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .try_fold(0_i64, |units, byte| {
                let digit = i64::from(byte.wrapping_sub(b'0'));
                let shifted = units.checked_mul(10)?;
                if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
            })
            .ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor_units, currency))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

/// Prints an amount without its currency; made by [`Money::decimal`].
#[derive(Debug, Clone, Copy)]
pub struct Decimal(Money);

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::from(self.0.currency.exponent());
        let digits =
            format!("{:0width$}", self.0.minor_units.unsigned_abs(), width = places.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        let sign = if self.0.is_negative() { "-" } else { "" };
        let point = if places == 0 { "" } else { "." };
        formatter.pad(&format!("{sign}{whole}{point}{fraction}"))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{} {}", self.decimal(), self.currency))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads `23.50 CNY`: digits as in [`Money::from_decimal`], one space, the code.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text.len() > AMOUNT_TEXT_BYTES_MAX {
            return Err(MoneyError::Malformed);
        }
        let (digits, code) = text.split_once(' ').ok_or(MoneyError::Malformed)?;
        Self::from_decimal(digits, Currency::new(code)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(Currency::all().collect::<Vec<_>>())
    }

    #[test]
    fn prints_the_currency_s_own_digits() {
        let check = |units, currency, text: &str| {
            let money = Money::new(units, currency);
            assert_eq!(money.to_string(), text);
            assert_eq!(text.parse(), Ok(money));
        };
        check(2350, Currency::CNY, "23.50 CNY");
        check(-5, Currency::CNY, "-0.05 CNY");
        check(0, Currency::EUR, "0.00 EUR");
        check(1200, Currency::JPY, "1200 JPY");
        check(1200, Currency::KWD, "1.200 KWD");
        check(i64::MAX, Currency::CNY, "92233720368547758.07 CNY");
        check(i64::MIN, Currency::CNY, "-92233720368547758.08 CNY");
        assert_eq!(format!("{:>12}", Money::new(100, Currency::USD)), "    1.00 USD");
    }

    #[test]
    fn reads_what_people_type() {
        let read = |text| Money::from_decimal(text, Currency::CNY).map(Money::minor_units);
        assert_eq!(read("23"), Ok(2300));
        assert_eq!(read("23."), Ok(2300));
        assert_eq!(read("23.5"), Ok(2350));
        assert_eq!(read(".5"), Ok(50));
        assert_eq!(read("007"), Ok(700));
        assert_eq!(read("0.001"), Err(MoneyError::TooFine { currency: Currency::CNY, digits: 2 }));
        for text in ["", "-", ".", "+1", "1,000", "1 000", "1e3", "--1", "1.2.3", "１", "0x10", "1.-5"] {
            assert_eq!(read(text), Err(MoneyError::Malformed), "{text:?}");
        }
        assert_eq!(read("92233720368547758.08"), Err(MoneyError::Overflow));
        assert_eq!(read(&"0".repeat(AMOUNT_TEXT_BYTES_MAX + 1)), Err(MoneyError::Malformed));
    }

    #[test]
    fn currencies_do_not_mix() {
        let (yuan, dollar) = (Money::new(1, Currency::CNY), Money::new(1, Currency::USD));
        let refused = MoneyError::CurrencyMismatch { left: Currency::CNY, right: Currency::USD };
        assert_eq!(yuan.checked_add(dollar), Err(refused.clone()));
        assert_eq!(yuan.checked_sub(dollar), Err(refused.clone()));
        assert_eq!(yuan.compare(dollar), Err(refused));
    }

    #[test]
    fn serde_is_the_documented_shape() {
        let money = Money::new(2350, Currency::CNY);
        let json = serde_json::to_string(&money).expect("serialises");
        assert_eq!(json, r#"{"minor_units":2350,"currency":"CNY"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).expect("reads"), money);
        assert!(serde_json::from_str::<Money>(r#"{"minor_units":1,"currency":"XXX"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"minor_units":1.5,"currency":"CNY"}"#).is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(units: i64, currency in any_currency()) {
            let money = Money::new(units, currency);
            prop_assert_eq!(money.to_string().parse(), Ok(money));
            prop_assert_eq!(Money::from_decimal(&money.decimal().to_string(), currency), Ok(money));
            prop_assert!(money.to_string().len() <= AMOUNT_TEXT_BYTES_MAX);
        }

        #[test]
        fn no_text_panics_and_what_parses_prints_the_same_amount(text in "\\PC{0,50}") {
            if let Ok(money) = text.parse::<Money>() {
                prop_assert_eq!(money.to_string().parse(), Ok(money));
            }
        }

        #[test]
        fn amounts_like_text_never_panic(text in "-?[0-9]{0,22}\\.?[0-9]{0,5} ?[A-Z]{0,4}") {
            let _ = text.parse::<Money>();
        }

        #[test]
        fn arithmetic_agrees_with_wide_integers(left: i64, right: i64) {
            let (a, b) = (Money::new(left, Currency::CNY), Money::new(right, Currency::CNY));
            let fits = |wide: i128| i64::try_from(wide).map(|units| Money::new(units, Currency::CNY)).map_err(|_| MoneyError::Overflow);
            prop_assert_eq!(a.checked_add(b), fits(i128::from(left) + i128::from(right)));
            prop_assert_eq!(a.checked_sub(b), fits(i128::from(left) - i128::from(right)));
            prop_assert_eq!(a.checked_neg(), fits(-i128::from(left)));
        }
    }
}
