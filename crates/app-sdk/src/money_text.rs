//! Sums of money inside an app: made, compared and put into words.

use crate::Money;

impl Money {
    /// So many minor units (fen, cents) of an ISO 4217 currency.
    #[must_use]
    pub fn new(minor_units: i64, currency: impl Into<String>) -> Self {
        Self { minor_units, currency: currency.into() }
    }

    /// "¥1,234.50", as the platform writes the amounts of a view; for an unknown currency the minor units.
    #[must_use]
    pub fn words(&self) -> String {
        match money::Currency::new(&self.currency) {
            Ok(currency) => {
                let decimal = money::Money::new(self.minor_units, currency).decimal().to_string();
                let minus = if self.minor_units < 0 { "−" } else { "" };
                format!("{minus}{}{}", sign(&self.currency), grouped(decimal.trim_start_matches('-')))
            }
            Err(_) => format!("{} {}", self.minor_units, self.currency),
        }
    }

    /// Only the digits, "23.50": what an amount field starts with.
    #[must_use]
    pub fn digits(&self) -> String {
        match money::Currency::new(&self.currency) {
            Ok(currency) => money::Money::new(self.minor_units, currency).decimal().to_string(),
            Err(_) => self.minor_units.to_string(),
        }
    }
}

/// The sign before an amount, or the currency's code and a space.
fn sign(currency: &str) -> String {
    match currency {
        "CNY" | "JPY" => "¥".to_owned(),
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "HKD" => "HK$".to_owned(),
        "SGD" => "S$".to_owned(),
        code => format!("{code} "),
    }
}

/// Commas between thousands: `1234.50` gives `1,234.50`.
fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_at(decimal.find('.').unwrap_or(decimal.len()));
    let mut text = String::with_capacity(decimal.len() + whole.len() / 3);
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(fraction);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is that of `view`'s test `amounts_are_written_for_people`.
    #[test]
    fn amounts_are_written_as_the_platform_writes_them() {
        for (units, currency, expected) in [
            (123_450, "CNY", "¥1,234.50"),
            (-5, "USD", "−$0.05"),
            (1_000_000, "JPY", "¥1,000,000"),
            (1_234, "KWD", "KWD 1.234"),
            (i64::MIN, "CNY", "−¥92,233,720,368,547,758.08"),
        ] {
            assert_eq!(Money::new(units, currency).words(), expected);
        }
    }

    #[test]
    fn exponents_follow_the_currency() {
        assert_eq!(Money::new(2_350, "CNY").digits(), "23.50");
        assert_eq!(Money::new(2_350, "JPY").digits(), "2350");
        assert_eq!(Money::new(-5, "EUR").digits(), "-0.05");
        assert_eq!(Money::new(5, "???").words(), "5 ???");
    }
}
