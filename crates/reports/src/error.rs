//! Why a report is not written.

use money::{Currency, Money};

use crate::Day;

/// Why a report is not written. Except for the time zone, the figures come from our own books: whoever sees
/// one of these should verify the books before anything is sent to anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The time zone is neither a name of the IANA database nor an offset.
    #[error(
        "{0:?} is not a time zone: write an IANA name such as Asia/Shanghai, or an offset such as +08:00"
    )]
    UnknownZone(String),
    /// The text is no day of the calendar.
    #[error("{0:?} is not a day: write year, month and day like 2026-11-23")]
    NotADay(String),
    /// More lines than a report may have.
    #[error(
        "the report would have {lines} lines; at most {max} are written this way: ask for a shorter period, or for CSV"
    )]
    TooManyLines {
        /// How many it would have.
        lines: usize,
        /// How many are written: [`LINES_MAX`](crate::LINES_MAX), or [`PAGE_LINES_MAX`](crate::PAGE_LINES_MAX).
        max: usize,
    },
    /// The period ends before it begins.
    #[error("the period ends on {to}, before it begins on {from}: swap the two days")]
    PeriodBackwards {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// An amount is in another currency than the statement.
    #[error("line {line} of the statement has an amount in {found}, but the account is kept in {expected}")]
    WrongCurrency {
        /// Which line, counted from 1; 0 is the opening or closing balance.
        line: usize,
        /// The account's currency.
        expected: Currency,
        /// The amount's.
        found: Currency,
    },
    /// A balance does not follow from the one before and the line's amount.
    #[error(
        "line {line} of the statement (payment {payment}) leaves a balance of {found}, but the balance before \
         it and its amount make {}: verify the books before this statement is sent",
        expected.map_or_else(|| "more than fits".to_owned(), |expected| expected.to_string())
    )]
    BalanceDoesNotFollow {
        /// Which line, counted from 1.
        line: usize,
        /// Its payment.
        payment: String,
        /// What should stand there; none when the sum does not fit 64 bits.
        expected: Option<Money>,
        /// What stands there.
        found: Money,
    },
    /// The closing balance is not the balance after the last line.
    #[error(
        "the lines of the statement end at {expected}, but its closing balance is {found}: verify the books \
         before this statement is sent"
    )]
    ClosingDiffers {
        /// The balance after the last line, or the opening balance.
        expected: Money,
        /// The closing balance.
        found: Money,
    },
    /// A line lies before the one above it.
    #[error("line {line} of the statement happened before the line above it: list lines oldest first")]
    OutOfOrder {
        /// Which line, counted from 1.
        line: usize,
    },
    /// A line lies outside the period.
    #[error("line {line} of the statement happened on {day}, outside the period from {from} to {to}")]
    OutsidePeriod {
        /// Which line, counted from 1.
        line: usize,
        /// Its day in the operator's time zone.
        day: Day,
        /// First day of the period.
        from: Day,
        /// Last day of the period.
        to: Day,
    },
    /// A row mixes currencies.
    #[error("{place} has amounts in {left} and in {right}: a row is about one currency")]
    MixedCurrencies {
        /// Which row of which table.
        place: String,
        /// One currency.
        left: Currency,
        /// Another.
        right: Currency,
    },
}
