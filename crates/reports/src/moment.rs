//! Days and clocks: moments as the operator's time zone shows them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use ledger::Timestamp;
use serde::{Serialize, Serializer};

use crate::{Language, ReportError};

/// A day of the calendar, from 0001-01-01 to 9999-12-31. Written `2026-11-23`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day with these numbers, if the calendar has it.
    #[must_use]
    pub fn from_ymd(year: i16, month: i8, day: i8) -> Option<Self> {
        Date::new(year, month, day).ok().filter(|date| date.year() >= 1).map(Self)
    }

    /// How many days lie between two days; 0 for the same day.
    #[must_use]
    pub fn distance(self, other: Self) -> u32 {
        let since = |date: Date| date.duration_since(Date::constant(1, 1, 1)).as_hours() / 24;
        u32::try_from(since(self.0).abs_diff(since(other.0))).unwrap_or(u32::MAX)
    }

    /// As people write it: `23 Nov 2026`, `2026年11月23日`.
    pub(crate) fn words(self, language: Language) -> String {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        match language {
            Language::English => format!("{day} {} {year}", month_name(month)),
            Language::Chinese => format!("{year}年{month}月{day}日"),
        }
    }

    /// As it stands in tables, where it must not take much room: `23 Nov 2026`, `2026-11-23`.
    pub(crate) fn in_table(self, language: Language) -> String {
        match language {
            Language::English => self.words(language),
            Language::Chinese => self.to_string(),
        }
    }
}

fn month_name(month: i8) -> &'static str {
    match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    }
}

impl FromStr for Day {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let parts = || {
            let (year, rest) = text.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let number = |part: &str, width: usize| {
                let digits = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
                if digits { part.parse::<i16>().ok() } else { None }
            };
            let month = i8::try_from(number(month, 2)?).ok()?;
            let day = i8::try_from(number(day, 2)?).ok()?;
            Self::from_ymd(number(year, 4)?, month, day)
        };
        parts().ok_or_else(|| ReportError::NotADay(text.chars().take(20).collect()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day());
        formatter.pad(&text)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A time zone. The table of zones is built in: a page looks the same on every machine.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// Longest name of a zone that is looked up, in bytes; the database's longest has 32.
const ZONE_NAME_BYTES_MAX: usize = 64;

impl Zone {
    /// The zone of this IANA name (`Asia/Shanghai`, `UTC`), or with this fixed offset (`+08:00`).
    ///
    /// # Errors
    /// [`ReportError::UnknownZone`].
    pub fn new(name: &str) -> Result<Self, ReportError> {
        let unknown = || ReportError::UnknownZone(name.chars().take(40).collect());
        if name.len() > ZONE_NAME_BYTES_MAX {
            return Err(unknown());
        }
        if let Some(offset) = fixed_offset(name) {
            return Ok(Self { name: name.to_owned(), zone: TimeZone::fixed(offset) });
        }
        let zone = TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// The name it was made from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day on which this moment falls here.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        self.clock(at).day
    }

    pub(crate) fn clock(&self, at: Timestamp) -> Clock {
        // Every u64 of nanoseconds (until 2554) is a moment that jiff knows.
        let moment = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
        let zoned = moment.to_zoned(self.zone.clone());
        let minutes = zoned.offset().seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        Clock {
            day: Day(zoned.date()),
            time: format!("{:02}:{:02}:{:02}", zoned.hour(), zoned.minute(), zoned.second()),
            nanosecond: at.0 % 1_000_000_000,
            offset: format!("{sign}{hours:02}:{rest:02}"),
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

fn fixed_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits { part.parse::<i32>().ok() } else { None }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A moment as a clock and a calendar show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) day: Day,
    /// `09:15:02`.
    pub(crate) time: String,
    nanosecond: u64,
    /// From UTC: `+08:00`.
    pub(crate) offset: String,
}

impl Clock {
    /// RFC 3339, to the nanosecond: `2026-11-23T09:15:02.000000001+08:00`.
    pub(crate) fn rfc3339(&self) -> String {
        format!("{}T{}.{:09}{}", self.day, self.time, self.nanosecond, self.offset)
    }

    /// `09:15`.
    pub(crate) fn minutes(&self) -> &str {
        self.time.get(..5).unwrap_or(&self.time)
    }

    /// `23 Nov 2026, 09:15`; `2026年11月23日 09:15`.
    pub(crate) fn words(&self, language: Language) -> String {
        let separator = language.say(", ", " ");
        format!("{}{separator}{}", self.day.words(language), self.minutes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly() {
        assert_eq!("2026-11-23".parse(), Ok(Day::from_ymd(2026, 11, 23).expect("a day")));
        for text in
            ["", "2026-11-3", "2026-02-29", "26-11-23", "2026-11-23 ", "+026-11-23", "0000-01-01", "二〇二六"]
        {
            assert!(text.parse::<Day>().is_err(), "{text:?}");
        }
        let day = |text: &str| text.parse::<Day>().expect("a day");
        assert_eq!(day("2026-03-01").distance(day("2026-02-28")), 1);
        assert_eq!(day("0001-01-01").distance(day("9999-12-31")), 3_652_058);
    }

    #[test]
    fn clocks_follow_the_zone() {
        let at = Timestamp(1_795_396_502_000_000_001);
        let check = |zone: &str, text: &str| {
            assert_eq!(Zone::new(zone).expect("a zone").clock(at).rfc3339(), text);
        };
        check("UTC", "2026-11-23T01:15:02.000000001+00:00");
        check("Asia/Shanghai", "2026-11-23T09:15:02.000000001+08:00");
        check("+05:45", "2026-11-23T07:00:02.000000001+05:45");
        check("America/St_Johns", "2026-11-22T21:45:02.000000001-03:30");
        for at in [Timestamp(0), Timestamp(u64::MAX)] {
            let _ = Zone::new("-14:00").expect("a zone").clock(at).rfc3339();
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for name in ["", "Mars/Olympus", "+8", "+25:00", "+08:60", "../etc", "八"] {
            assert!(matches!(Zone::new(name), Err(ReportError::UnknownZone(_))), "{name:?}");
        }
        assert!(Zone::new(&"A".repeat(1000)).is_err());
    }
}
