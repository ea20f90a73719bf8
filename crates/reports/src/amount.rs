//! Amounts as reports show them, and sums that cannot overflow.

use money::{Currency, Money};
use serde::Serialize;

/// A sum of amounts of one currency. A million amounts of 64 bits fit with room to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Total {
    minor_units: i128,
    currency: Currency,
}

impl Total {
    /// The sum of amounts, of which those in another currency are left out.
    pub(crate) fn of(currency: Currency, amounts: impl IntoIterator<Item = Money>) -> Self {
        let minor_units = amounts
            .into_iter()
            .filter(|amount| amount.currency() == currency)
            .map(|amount| i128::from(amount.minor_units()))
            .sum();
        Self { minor_units, currency }
    }

    /// This total less another of the same currency.
    pub(crate) fn less(self, other: Self) -> Self {
        Self { minor_units: self.minor_units.saturating_sub(other.minor_units), currency: self.currency }
    }

    /// The sum in minor units.
    #[must_use]
    pub const fn minor_units(self) -> i128 {
        self.minor_units
    }

    /// Its currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Digits with a point and nothing else: `-1234.50`.
    #[must_use]
    pub fn decimal(self) -> String {
        let (sign, whole, fraction) = self.parts();
        format!("{}{whole}{fraction}", if sign { "-" } else { "" })
    }

    /// As people read it: thousands grouped, a true minus sign: `−1,234.50`.
    pub(crate) fn grouped(self) -> String {
        let (sign, whole, fraction) = self.parts();
        format!("{}{}{fraction}", if sign { "\u{2212}" } else { "" }, group(&whole))
    }

    /// Whether it takes more room than amounts usually do: more than 13 digits.
    pub(crate) const fn is_long(self) -> bool {
        self.minor_units.unsigned_abs() >= 10_000_000_000_000
    }

    fn parts(self) -> (bool, String, String) {
        let places = usize::from(self.currency.exponent());
        let digits = format!("{:0width$}", self.minor_units.unsigned_abs(), width = places.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        (self.minor_units < 0, whole.to_owned(), fraction)
    }
}

impl From<Money> for Total {
    fn from(amount: Money) -> Self {
        Self { minor_units: i128::from(amount.minor_units()), currency: amount.currency() }
    }
}

/// `1,234`.
pub(crate) fn grouped_count(count: u64) -> String {
    group(&count.to_string())
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(4) / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_look_as_documented() {
        let check = |units, currency, text: &str| {
            assert_eq!(Total::from(Money::new(units, currency)).grouped(), text);
        };
        check(123_456_789, Currency::CNY, "1,234,567.89");
        check(-123_450, Currency::CNY, "\u{2212}1,234.50");
        check(-5, Currency::CNY, "\u{2212}0.05");
        check(999, Currency::JPY, "999");
        check(1000, Currency::JPY, "1,000");
        check(1_000_000, Currency::KWD, "1,000.000");
        check(i64::MIN, Currency::CNY, "\u{2212}92,233,720,368,547,758.08");
        assert_eq!(grouped_count(1_234_567), "1,234,567");
    }

    proptest! {
        #[test]
        fn digits_agree_with_money(units: i64) {
            for currency in [Currency::CNY, Currency::JPY, Currency::KWD] {
                let money = Money::new(units, currency);
                prop_assert_eq!(Total::from(money).decimal(), money.decimal().to_string());
                let plain = Total::from(money).grouped().replace(',', "").replace('\u{2212}', "-");
                prop_assert_eq!(plain, money.decimal().to_string());
            }
        }
    }
}
