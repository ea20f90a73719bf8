//! Amounts of money: integer minor units with their currency.
//!
//! There is no floating point and no unchecked arithmetic here: an amount is a whole number of the
//! currency's smallest unit, two amounts meet only in one currency, and a sum that does not fit is an
//! error. Text is exact in both directions: `23.50 CNY` parses to what prints as `23.50 CNY`, and an
//! amount finer than the currency's smallest unit is refused rather than rounded.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod amount;
mod currency;

pub use amount::{AMOUNT_TEXT_BYTES_MAX, Decimal, Money};
pub use currency::Currency;

/// Why an amount or a currency was refused. Each is the caller's (or the typing person's) to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The code is not that of a currency in circulation (ISO 4217 list one).
    #[error("{0:?} is not the three-letter code of a currency in circulation (ISO 4217)")]
    UnknownCurrency(String),
    /// Two amounts of different currencies were to be added, subtracted or compared.
    #[error("amounts of {left} and {right} cannot be combined without an exchange")]
    CurrencyMismatch {
        /// Currency of the first amount.
        left: Currency,
        /// Currency of the second amount.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is too large: it does not fit 64 bits of minor units")]
    Overflow,
    /// The text is not an amount; write digits, at most one point, then the currency where one is asked for.
    #[error("this is not an amount: write it like 23.50, with digits and at most one point")]
    Malformed,
    /// The amount has more decimals than its currency has minor digits.
    #[error("{currency} has {digits} decimal places; the amount has more")]
    TooFine {
        /// The currency named.
        currency: Currency,
        /// How many minor digits it has.
        digits: u8,
    },
}
