//! Sums of money inside an app: made, compared and put into words.

use crate::Money;

impl Money {
    /// So many minor units (fen, cents) of an ISO 4217 currency.
    #[must_use]
    pub fn new(minor_units: i64, currency: impl Into<String>) -> Self {
        Self { minor_units, currency: currency.into() }
    }

    /// "23.50 CNY"; for an unknown currency the minor units.
    #[must_use]
    pub fn words(&self) -> String {
        match money::Currency::new(&self.currency) {
            Ok(currency) => money::Money::new(self.minor_units, currency).to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_follow_the_currency() {
        assert_eq!(Money::new(2_350, "CNY").words(), "23.50 CNY");
        assert_eq!(Money::new(2_350, "JPY").words(), "2350 JPY");
        assert_eq!(Money::new(-5, "EUR").digits(), "-0.05");
        assert_eq!(Money::new(5, "???").words(), "5 ???");
    }
}
