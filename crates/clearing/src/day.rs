//! Civil days, as business days are named: `2026-11-23`.

use std::fmt;
use std::str::FromStr;

use ledger::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// The text is not a day. The writer's to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a day of the calendar: write it like 2026-11-23, between the years 1970 and 9999")]
pub struct DayError;

/// A day of the Gregorian calendar from 1970 to 9999, without a time zone: whose midnight it means is said by
/// who uses it. Ordered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// This day.
    ///
    /// # Errors
    /// [`DayError`] if the calendar has no such day, or it is outside 1970 to 9999.
    pub fn from_ymd(year: u16, month: u8, day: u8) -> Result<Self, DayError> {
        let exists = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        if exists { Ok(Self { year, month, day }) } else { Err(DayError) }
    }

    /// The day it is in UTC at this moment.
    #[must_use]
    pub fn of_utc(at: Timestamp) -> Self {
        let mut days = at.0 / NANOSECONDS_PER_SECOND / SECONDS_PER_DAY;
        let mut year: u16 = 1970;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if days < length {
                break;
            }
            days = days.saturating_sub(length);
            year = year.saturating_add(1);
        }
        let mut month: u8 = 1;
        loop {
            let length = u64::from(days_in_month(year, month));
            if days < length || month == 12 {
                break;
            }
            days = days.saturating_sub(length);
            month = month.saturating_add(1);
        }
        let day = u8::try_from(days.saturating_add(1)).unwrap_or(1);
        Self { year, month, day }
    }

    /// Year, month from 1, day of the month from 1.
    #[must_use]
    pub const fn ymd(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// The day without dashes, for identifiers and file names: `20261123`.
    #[must_use]
    pub fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// Midnight UTC at the beginning of the day; `None` after the end of time (year 2554).
    pub(crate) fn start_utc(self) -> Option<Timestamp> {
        let mut days: u64 = 0;
        for year in 1970..self.year {
            days = days.saturating_add(if is_leap(year) { 366 } else { 365 });
        }
        for month in 1..self.month {
            days = days.saturating_add(u64::from(days_in_month(self.year, month)));
        }
        days = days.saturating_add(u64::from(self.day.saturating_sub(1)));
        days.checked_mul(SECONDS_PER_DAY)?.checked_mul(NANOSECONDS_PER_SECOND).map(Timestamp)
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:04}-{:02}-{:02}", self.year, self.month, self.day))
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| -> Result<u16, DayError> {
            let part = parts.next().ok_or(DayError)?;
            if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(DayError);
            }
            part.parse().map_err(|_| DayError)
        };
        let year = part(4)?;
        let month = u8::try_from(part(2)?).map_err(|_| DayError)?;
        let day = u8::try_from(part(2)?).map_err(|_| DayError)?;
        if parts.next().is_some() {
            return Err(DayError);
        }
        Self::from_ymd(year, month, day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_calendar_is_the_gregorian_one() {
        let seconds = |seconds: u64| Day::of_utc(Timestamp(seconds * NANOSECONDS_PER_SECOND)).to_string();
        assert_eq!(seconds(0), "1970-01-01");
        assert_eq!(seconds(951_782_400), "2000-02-29");
        assert_eq!(seconds(1_795_391_999), "2026-11-22");
        assert_eq!(seconds(1_795_392_000), "2026-11-23");
        assert_eq!(Day::of_utc(Timestamp(u64::MAX)).to_string(), "2554-07-21");
        for text in
            ["", "2026-11-31", "2026-02-29", "1969-12-31", "2026-1-1", "2026-11-23-", "2026/11/23", "２"]
        {
            assert_eq!(text.parse::<Day>(), Err(DayError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_and_moments_agree(at: u64) {
            let day = Day::of_utc(Timestamp(at));
            prop_assert_eq!(day.to_string().parse(), Ok(day));
            let start = day.start_utc().expect("in time");
            prop_assert!(start.0 <= at && at - start.0 < SECONDS_PER_DAY * NANOSECONDS_PER_SECOND);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,16}") {
            let _ = text.parse::<Day>();
        }
    }
}
