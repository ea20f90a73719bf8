//! The operator's time zone: which civil day and minute a moment is, and which moment a civil time is.
//!
//! The rules of all zones are compiled in, so that every machine, whatever is installed there, answers alike.

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use ledger::Timestamp;

use crate::document::quoted;
use crate::{Day, TimeOfDay};

/// A time zone of the IANA table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

/// Longest name of a zone looked at, in bytes.
const ZONE_BYTES_MAX: usize = 64;

const NANOSECONDS_PER_MINUTE: u64 = 60_000_000_000;

const NANOSECONDS_PER_DAY: u64 = 24 * 60 * NANOSECONDS_PER_MINUTE;

impl Zone {
    /// The zone of that IANA name, like `Asia/Shanghai` or `Europe/Berlin`.
    ///
    /// # Errors
    /// A sentence: there is no such zone.
    pub fn new(name: &str) -> Result<Self, String> {
        let unknown = || format!("{} is not a time zone's name like Asia/Shanghai or UTC.", quoted(name));
        if name.is_empty() || name.len() > ZONE_BYTES_MAX {
            return Err(unknown());
        }
        let zone = TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())?;
        let name = zone.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { zone, name })
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The civil day of a moment.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        Day::from_date(self.civil(at).date()).unwrap_or(Day::FIRST)
    }

    /// What clocks on the wall show at a moment, in minutes after midnight: 0 to 1439.
    #[must_use]
    pub fn minutes_of_day(&self, at: Timestamp) -> u16 {
        let time = self.civil(at).time();
        let hours = u16::try_from(time.hour()).unwrap_or(0);
        hours.saturating_mul(60).saturating_add(u16::try_from(time.minute()).unwrap_or(0))
    }

    /// The moment of a civil day and time. A time that the clocks skip is moved on by what they skip; of a
    /// time that comes twice it is the first. Moments before 1970 are the first moment.
    #[must_use]
    pub fn instant(&self, day: Day, time: TimeOfDay) -> Timestamp {
        let hour = i8::try_from(time.minutes() / 60).unwrap_or(0);
        let minute = i8::try_from(time.minutes() % 60).unwrap_or(0);
        let civil = day.date().at(hour, minute, 0, 0);
        self.zone.to_timestamp(civil).map_or(Timestamp(u64::MAX), from_jiff)
    }

    /// The first moment of a civil day: midnight, or where the clocks skip midnight the first that they show.
    #[must_use]
    pub fn start_of(&self, day: Day) -> Timestamp {
        let start = day.date().to_zoned(self.zone.clone()).and_then(|zoned| zoned.start_of_day());
        start.map_or(Timestamp(u64::MAX), |zoned| from_jiff(zoned.timestamp()))
    }

    /// What is to be added to universal time at a moment, as text: `+08:00`.
    #[must_use]
    pub fn offset_text(&self, at: Timestamp) -> String {
        let seconds = self.zone.to_offset(to_jiff(at)).seconds();
        let minutes = seconds.unsigned_abs() / 60;
        format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
    }

    fn civil(&self, at: Timestamp) -> civil::DateTime {
        self.zone.to_offset(to_jiff(at)).to_datetime(to_jiff(at))
    }
}

/// Answers [`Zone::day_of`] and [`Zone::minutes_of_day`] for moments of one day after another, at the cost of
/// two comparisons.
#[derive(Debug, Clone)]
pub struct DayCache {
    zone: Zone,
    /// The stretch of the day in which the clocks are not changed: from, until (exclusive).
    stretch: (Timestamp, Timestamp),
    day: Day,
    /// What clocks show at the stretch's start, as nanoseconds after midnight.
    clock_at_start: u64,
}

impl DayCache {
    /// A cache for that zone. Make a new one when the zone changes.
    #[must_use]
    pub const fn new(zone: Zone) -> Self {
        Self { zone, stretch: (Timestamp(0), Timestamp(0)), day: Day::FIRST, clock_at_start: 0 }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The civil day of a moment.
    pub fn day_of(&mut self, at: Timestamp) -> Day {
        self.day_and_minutes(at).0
    }

    /// The civil day of a moment, and what clocks show in minutes after midnight.
    pub fn day_and_minutes(&mut self, at: Timestamp) -> (Day, u16) {
        if at < self.stretch.0 || at >= self.stretch.1 {
            self.fill(at);
        }
        let since_start = at.0.saturating_sub(self.stretch.0.0);
        let minutes = self.clock_at_start.saturating_add(since_start) / NANOSECONDS_PER_MINUTE;
        (self.day, u16::try_from(minutes).unwrap_or(u16::MAX).min(TimeOfDay::MINUTES.saturating_sub(1)))
    }

    fn fill(&mut self, at: Timestamp) {
        let zone = &self.zone.zone;
        let changed =
            zone.preceding(to_jiff(at.plus_ns(1))).next().map(|change| from_jiff(change.timestamp()));
        let changes = zone.following(to_jiff(at)).next().map(|change| from_jiff(change.timestamp()));
        let civil = self.zone.civil(at);
        let clock = since_midnight(civil.time());
        // As long as the clocks are not changed, midnight is as far away as they show.
        let midnight = Timestamp(at.0.saturating_sub(clock));
        let next_midnight = at.plus_ns(NANOSECONDS_PER_DAY.saturating_sub(clock));
        let start = midnight.max(changed.unwrap_or_default());
        let end = next_midnight.min(changes.unwrap_or(Timestamp(u64::MAX)));
        self.stretch = (start, end);
        self.clock_at_start = clock.saturating_sub(at.0.saturating_sub(start.0));
        self.day = Day::from_date(civil.date()).unwrap_or(Day::FIRST);
    }
}

fn since_midnight(time: civil::Time) -> u64 {
    let part = |value: i32, unit: u64| u64::try_from(value).unwrap_or(0).saturating_mul(unit);
    part(time.hour().into(), NANOSECONDS_PER_MINUTE.saturating_mul(60))
        .saturating_add(part(time.minute().into(), NANOSECONDS_PER_MINUTE))
        .saturating_add(part(time.second().into(), 1_000_000_000))
        .saturating_add(part(time.subsec_nanosecond(), 1))
}

fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    // The ledger's moments end in 2554; those of the calendar later.
    jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or(jiff::Timestamp::MAX)
}

fn from_jiff(at: jiff::Timestamp) -> Timestamp {
    let nanoseconds = at.as_nanosecond();
    Timestamp(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
}
