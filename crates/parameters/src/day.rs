//! Civil days and times of day: what the operator's calendar and clocks say.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::document::quoted;

/// A civil day in the operator's time zone, of the years 1969 to 9998. Ordered as time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i16,
    month: u8,
    day: u8,
}

/// The day's number 0.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Day {
    /// The earliest day there is: that before the first moment, for time zones west of Greenwich.
    pub const FIRST: Self = Self { year: 1969, month: 12, day: 31 };

    /// The latest day there is.
    pub const LAST: Self = Self { year: 9998, month: 12, day: 31 };

    /// The day of that year, month and day of the month, if the calendar has it.
    #[must_use]
    pub fn from_ymd(year: i16, month: u8, day: u8) -> Option<Self> {
        let (month_signed, day_signed) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        Date::new(year, month_signed, day_signed).ok()?;
        let day = Self { year, month, day };
        (Self::FIRST..=Self::LAST).contains(&day).then_some(day)
    }

    /// Its year, month (1 to 12) and day of the month (1 to 31).
    #[must_use]
    pub const fn ymd(self) -> (i16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i32 {
        self.date().since(EPOCH).map_or(0, |span| span.get_days())
    }

    /// The day of that number, if it is one of the years there are.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let span = jiff::Span::new().try_days(number).ok()?;
        Self::from_date(EPOCH.checked_add(span).ok()?)
    }

    /// The number of its month: the year times twelve, plus 0 for January to 11 for December.
    #[must_use]
    pub fn month_number(self) -> i32 {
        i32::from(self.year).saturating_mul(12).saturating_add(i32::from(self.month)).saturating_sub(1)
    }

    /// The first day of its month; of the first month, the first day there is.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self { day: 1, ..self }.max(Self::FIRST)
    }

    /// The next day; the last has none and stays.
    #[must_use]
    pub fn tomorrow(self) -> Self {
        self.date().tomorrow().ok().and_then(Self::from_date).unwrap_or(Self::LAST)
    }

    /// The day before; the first has none and stays.
    #[must_use]
    pub fn yesterday(self) -> Self {
        self.date().yesterday().ok().and_then(Self::from_date).unwrap_or(Self::FIRST)
    }

    /// Its place in the week: Monday is 0, Sunday is 6.
    #[must_use]
    pub fn weekday(self) -> u8 {
        u8::try_from(self.date().weekday().to_monday_zero_offset()).unwrap_or(0)
    }

    pub(crate) fn date(self) -> Date {
        let month = i8::try_from(self.month).unwrap_or(1);
        let day = i8::try_from(self.day).unwrap_or(1);
        // Every value came from the calendar.
        Date::new(self.year, month, day).unwrap_or(EPOCH)
    }

    pub(crate) fn from_date(date: Date) -> Option<Self> {
        Self::from_ymd(date.year(), u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:04}-{:02}-{:02}", self.year, self.month, self.day))
    }
}

impl FromStr for Day {
    type Err = String;

    /// Reads `2026-11-23`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{} is not a date: write it like 2026-11-23.", quoted(text));
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return Err(refused()) };
        let year = number(&[*y1, *y2, *y3, *y4]).and_then(|year| i16::try_from(year).ok());
        let (month, day) = (small(*m1, *m2), small(*d1, *d2));
        let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(refused()) };
        Self::from_ymd(year, month, day).ok_or_else(|| format!("{text} is not in the calendar."))
    }
}

/// A time of day to the minute, as clocks on the wall show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Minutes of a day.
    pub const MINUTES: u16 = 24 * 60;

    /// The time so many minutes after midnight, if that is in the day.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes < Self::MINUTES { Some(Self(minutes)) } else { None }
    }

    /// Minutes after midnight: 0 to 1439.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    /// Reads `23:00`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{} is not a time of day from 00:00 to 23:59.", quoted(text));
        let [h1, h2, b':', m1, m2] = text.as_bytes() else { return Err(refused()) };
        let (Some(hours), Some(minutes)) = (small(*h1, *h2), small(*m1, *m2)) else { return Err(refused()) };
        if minutes >= 60 {
            return Err(refused());
        }
        let minutes = u16::from(hours).saturating_mul(60).saturating_add(u16::from(minutes));
        Self::from_minutes(minutes).ok_or_else(refused)
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        number.checked_mul(10)?.checked_add(u16::from(digit))
    })
}

fn small(tens: u8, ones: u8) -> Option<u8> {
    number(&[tens, ones]).and_then(|number| u8::try_from(number).ok())
}
