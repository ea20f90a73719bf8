//! What one limit rule allows, and how it says what it does not.

use std::fmt;

use money::Money;

use crate::{LimitRule, Used};

/// What a rule refused by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Less than the least in one go.
    PerTransactionMinimum,
    /// More than the most in one go.
    PerTransactionMaximum,
    /// More than the day's amount.
    DayAmount,
    /// More operations than the day's.
    DayCount,
    /// More than the month's amount.
    MonthAmount,
    /// More operations than the month's.
    MonthCount,
}

impl LimitKind {
    /// Its word in the section.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PerTransactionMinimum => "per-transaction-minimum",
            Self::PerTransactionMaximum => "per-transaction-maximum",
            Self::DayAmount => "day-amount",
            Self::DayCount => "day-count",
            Self::MonthAmount => "month-amount",
            Self::MonthCount => "month-count",
        }
    }
}

/// A limit that an operation would exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Name of the rule.
    pub rule: String,
    /// Which of its limits.
    pub kind: LimitKind,
    /// The limit: `5000.00 CNY`, or a count.
    pub limit: String,
    /// What is left of it.
    pub left: String,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, kind, limit, left } = self;
        match kind {
            LimitKind::PerTransactionMinimum => {
                write!(formatter, "the limit {rule:?} asks for {limit} at least")
            }
            LimitKind::PerTransactionMaximum => {
                write!(formatter, "the limit {rule:?} allows {limit} at most in one go")
            }
            LimitKind::DayAmount => {
                write!(formatter, "the limit {rule:?} allows {limit} a day; {left} are left today")
            }
            LimitKind::DayCount => {
                write!(formatter, "the limit {rule:?} allows {limit} operations a day; {left} are left today")
            }
            LimitKind::MonthAmount => {
                write!(formatter, "the limit {rule:?} allows {limit} a month; {left} are left this month")
            }
            LimitKind::MonthCount => write!(
                formatter,
                "the limit {rule:?} allows {limit} operations a month; {left} are left this month"
            ),
        }
    }
}

impl std::error::Error for LimitExceeded {}

impl LimitRule {
    /// Whether an amount keeps this rule after what was used.
    ///
    /// # Errors
    /// The first of its limits that the amount would exceed.
    pub(crate) fn allows(&self, amount: Money, used: Used) -> Result<(), LimitExceeded> {
        let currency = amount.currency();
        let units = u64::try_from(amount.minor_units()).unwrap_or(0);
        let exceeded = |kind, limit: String, left: String| {
            Err(LimitExceeded { rule: self.name.clone(), kind, limit, left })
        };
        let money = |units: i64| Money::new(units, currency).to_string();
        if let Some(least) = self.per_transaction_minimum.filter(|least| amount.minor_units() < *least) {
            return exceeded(LimitKind::PerTransactionMinimum, money(least), money(least));
        }
        if let Some(most) = self.per_transaction_maximum.filter(|most| amount.minor_units() > *most) {
            return exceeded(LimitKind::PerTransactionMaximum, money(most), money(most));
        }
        let amounts = [
            (LimitKind::DayAmount, self.day_amount, used.day_amount),
            (LimitKind::MonthAmount, self.month_amount, used.month_amount),
        ];
        for (kind, limit, used) in amounts {
            let Some(limit) = limit else { continue };
            let left = u64::try_from(limit).unwrap_or(0).saturating_sub(used);
            if units > left {
                return exceeded(kind, money(limit), money(i64::try_from(left).unwrap_or(i64::MAX)));
            }
        }
        let counts = [
            (LimitKind::DayCount, self.day_count, used.day_count),
            (LimitKind::MonthCount, self.month_count, used.month_count),
        ];
        for (kind, limit, used) in counts {
            if let Some(limit) = limit.filter(|limit| used >= *limit) {
                return exceeded(kind, limit.to_string(), "0".to_owned());
            }
        }
        Ok(())
    }
}
