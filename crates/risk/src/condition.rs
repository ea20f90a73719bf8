//! Conditions of a rule, ready to be looked at.
//!
//! Sums, and counts by payee, need the payments of their window one by one. When more of them were made than
//! are remembered, these conditions count as met: many small payments cannot hide a large one. That is why
//! they are written "more than" or "at least", and why their windows are short.

use money::{Currency, Money};

use crate::history::{History, RECENT_MAX, seconds};
use crate::list::{Entries, ListKind};
use crate::{Consent, Payment};

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    MoreThan,
    AtLeast,
    AtMost,
    LessThan,
}

impl Comparison {
    pub(crate) fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::MoreThan => left > right,
            Self::AtLeast => left >= right,
            Self::AtMost => left <= right,
            Self::LessThan => left < right,
        }
    }
}

/// Which payments are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// All of the payer's.
    Payments,
    /// Those to this payment's payee.
    ToPayee,
    /// Different payees.
    Payees,
}

/// What an amount is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Mean,
    Maximum,
}

/// Amounts from the least to the largest, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) currency: Currency,
    pub(crate) least: i64,
    pub(crate) largest: i64,
}

/// A sum over a window in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) comparison: Comparison,
    pub(crate) bound: Money,
    /// Seconds.
    pub(crate) window: u32,
}

/// One condition. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Operation(Vec<String>),
    Amount(Vec<Band>),
    Count {
        counted: Counted,
        comparison: Comparison,
        bound: usize,
        window: u32,
    },
    Ever {
        comparison: Comparison,
        bound: u64,
    },
    Sum(Vec<Sum>),
    TerminalFirstSeen {
        comparison: Comparison,
        ago: u32,
    },
    FirstToPayee(bool),
    /// More than `hundredths` hundredths of the measure of the last so many payments, if there are enough.
    AgainstHistory {
        hundredths: u32,
        measure: Measure,
        last: usize,
        enough: usize,
    },
    InList {
        kind: ListKind,
        list: usize,
        inside: bool,
    },
    /// Minutes since midnight; from, included, to, not included.
    TimeOfDay {
        from: u16,
        to: u16,
    },
    AccountAge {
        comparison: Comparison,
        age: u32,
    },
    ConsentWeakerThan(Consent),
}

/// What the conditions of one decision look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    history: Option<&'a History>,
    payment: &'a Payment<'a>,
    /// Seconds.
    now: u32,
}

impl<'a> Sight<'a> {
    pub(crate) fn new(history: Option<&'a History>, payment: &'a Payment<'a>) -> Self {
        let now = history.map_or_else(|| seconds(payment.at), |history| history.now(payment.at));
        Self { history, payment, now }
    }

    /// Compares a number of payments of the window, this one included.
    fn count_is(&self, counted: Counted, window: u32, comparison: Comparison, bound: usize) -> bool {
        let Some(history) = self.history else { return comparison.holds(&1, &bound) };
        let payee = self.payment.payee;
        let recent = history.within(self.now, window);
        let count = match counted {
            // Exact for every bound up to what is remembered.
            Counted::Payments => recent.count(),
            Counted::ToPayee | Counted::Payees if history.forgot_within(self.now, window) => return true,
            Counted::ToPayee => recent.filter(|payment| payment.payee == payee).count(),
            Counted::Payees => {
                let mut payees = [payee; RECENT_MAX + 1];
                let mut count = 0_usize;
                for payment in recent {
                    if !payees.iter().take(count.saturating_add(1)).any(|known| *known == payment.payee) {
                        count = count.saturating_add(1);
                        if let Some(slot) = payees.get_mut(count) {
                            *slot = payment.payee;
                        }
                    }
                }
                count
            }
        };
        comparison.holds(&count.saturating_add(1), &bound)
    }

    /// Whether the sum over the window, this payment included, is beyond the bound.
    fn sum_is_beyond(&self, sum: &Sum) -> bool {
        let own = i128::from(self.payment.amount.minor_units());
        let total = match self.history {
            None => own,
            Some(history) if history.forgot_within(self.now, sum.window) => return true,
            Some(history) => history
                .within(self.now, sum.window)
                .filter(|payment| payment.currency == sum.bound.currency())
                .fold(own, |total, payment| total.saturating_add(i128::from(payment.amount))),
        };
        sum.comparison.holds(&total, &i128::from(sum.bound.minor_units()))
    }

    fn is_against_history(&self, hundredths: u32, measure: Measure, last: usize, enough: usize) -> bool {
        let Some(history) = self.history else { return false };
        let amount = self.payment.amount;
        let (count, sum, largest) = history.last_of(amount.currency(), last);
        if count < enough {
            return false;
        }
        let own = i128::from(amount.minor_units()).saturating_mul(100);
        let factor = i128::from(hundredths);
        match measure {
            Measure::Maximum => own > factor.saturating_mul(i128::from(largest)),
            // Multiplied out: a mean is not cut to a whole number.
            Measure::Mean => {
                own.saturating_mul(i128::try_from(count).unwrap_or(i128::MAX)) > factor.saturating_mul(sum)
            }
        }
    }
}

impl Condition {
    pub(crate) fn is_met(&self, sight: &Sight<'_>, lists: &[Entries]) -> bool {
        let payment = sight.payment;
        match self {
            Self::Operation(words) => words.iter().any(|word| word == payment.operation),
            Self::Amount(bands) => bands.iter().any(|band| {
                band.currency == payment.amount.currency()
                    && (band.least..=band.largest).contains(&payment.amount.minor_units())
            }),
            Self::Count { counted, comparison, bound, window } => {
                sight.count_is(*counted, *window, *comparison, *bound)
            }
            Self::Ever { comparison, bound } => {
                let before = sight.history.map_or(0, |history| history.payments);
                comparison.holds(&before.saturating_add(1), bound)
            }
            Self::Sum(sums) => sums
                .iter()
                .find(|sum| sum.bound.currency() == payment.amount.currency())
                .is_some_and(|sum| sight.sum_is_beyond(sum)),
            Self::TerminalFirstSeen { comparison, ago } => {
                let first = sight.history.and_then(|history| history.first_seen(payment.terminal));
                comparison.holds(&first.map_or(0, |first| sight.now.saturating_sub(first)), ago)
            }
            Self::FirstToPayee(wanted) => {
                let paid = sight.history.is_some_and(|history| history.has_paid(payment.payee));
                paid != *wanted
            }
            Self::AgainstHistory { hundredths, measure, last, enough } => {
                sight.is_against_history(*hundredths, *measure, *last, *enough)
            }
            Self::InList { kind, list, inside } => {
                lists.get(*list).is_some_and(|entries| entries.have(*kind, payment)) == *inside
            }
            Self::TimeOfDay { from, to } => {
                let minute = payment.minutes_of_day;
                if from < to { (*from..*to).contains(&minute) } else { minute >= *from || minute < *to }
            }
            Self::AccountAge { comparison, age } => {
                comparison.holds(&sight.now.saturating_sub(seconds(payment.account_opened)), age)
            }
            Self::ConsentWeakerThan(consent) => payment.consent < *consent,
        }
    }
}
