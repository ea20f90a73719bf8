//! Days, times and zones: daylight saving days of 23 and 25 hours, days that begin late, days left out.

use ledger::Timestamp;
use parameters::{Calendar, CutOff, Day, DayCache, TimeOfDay, Zone};
use proptest::prelude::*;

const HOUR: u64 = 3_600_000_000_000;

fn zone(name: &str) -> Zone {
    Zone::new(name).expect("a zone")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn time(text: &str) -> TimeOfDay {
    text.parse().expect("a time")
}

fn hours(zone: &Zone, day: Day) -> u64 {
    (zone.start_of(day.tomorrow()).0 - zone.start_of(day).0) / HOUR
}

#[test]
fn days_of_23_24_and_25_hours() {
    let berlin = zone("Europe/Berlin");
    assert_eq!(hours(&berlin, day("2026-03-28")), 24);
    assert_eq!(hours(&berlin, day("2026-03-29")), 23);
    assert_eq!(hours(&berlin, day("2026-10-25")), 25);
    let new_york = zone("America/New_York");
    assert_eq!(hours(&new_york, day("2026-03-08")), 23);
    assert_eq!(hours(&new_york, day("2026-11-01")), 25);
    let shanghai = zone("Asia/Shanghai");
    assert_eq!(hours(&shanghai, day("2026-03-29")), 24);
    // China had daylight saving time once.
    assert_eq!(hours(&shanghai, day("1988-04-17")), 23);
}

#[test]
fn skipped_and_repeated_times() {
    let berlin = zone("Europe/Berlin");
    let midnight = berlin.start_of(day("2026-03-29"));
    // 02:30 is skipped: what clocks show an hour later, an hour later.
    let skipped = berlin.instant(day("2026-03-29"), time("02:30"));
    assert_eq!((skipped.0 - midnight.0) / (HOUR / 2), 5);
    assert_eq!(berlin.minutes_of_day(skipped), 3 * 60 + 30);
    // 02:30 comes twice: the first of them.
    let midnight = berlin.start_of(day("2026-10-25"));
    let repeated = berlin.instant(day("2026-10-25"), time("02:30"));
    assert_eq!((repeated.0 - midnight.0) / (HOUR / 2), 5);
    assert_eq!(berlin.minutes_of_day(repeated.plus_ns(HOUR)), 2 * 60 + 30);
    assert_eq!(berlin.minutes_of_day(repeated.plus_ns(2 * HOUR)), 3 * 60 + 30);
    assert_eq!(berlin.offset_text(repeated), "+02:00");
    assert_eq!(berlin.offset_text(repeated.plus_ns(HOUR)), "+01:00");
    assert_eq!(zone("America/St_Johns").offset_text(Timestamp(0)), "-03:30");
}

#[test]
fn days_without_a_midnight_and_days_left_out() {
    // Clocks went from 24:00 to 01:00.
    let beirut = zone("Asia/Beirut");
    let first = beirut.start_of(day("2024-03-31"));
    assert_eq!(beirut.minutes_of_day(first), 60);
    assert_eq!(beirut.day_of(first), day("2024-03-31"));
    assert_eq!(beirut.day_of(Timestamp(first.0 - 1)), day("2024-03-30"));
    // Samoa crossed the date line: there was no 30 December 2011.
    let apia = zone("Pacific/Apia");
    let last = apia.start_of(day("2011-12-29"));
    assert_eq!(apia.day_of(last.plus_ns(24 * HOUR)), day("2011-12-31"));
    let mut cache = DayCache::new(apia);
    assert_eq!(cache.day_of(last.plus_ns(24 * HOUR - 1)), day("2011-12-29"));
    assert_eq!(cache.day_and_minutes(last.plus_ns(24 * HOUR)), (day("2011-12-31"), 0));
}

#[test]
fn a_day_that_comes_twice() {
    // Newfoundland set its clocks back at 00:01: a minute of the new day, an hour of the old one, the new one.
    let zone = zone("America/St_Johns");
    let first = zone.start_of(day("2004-10-31"));
    let mut cache = DayCache::new(zone.clone());
    for (minutes, expected) in [
        (0, ("2004-10-31", 0)),
        (1, ("2004-10-30", 23 * 60 + 1)),
        (59, ("2004-10-30", 23 * 60 + 59)),
        (60, ("2004-10-31", 0)),
        (61, ("2004-10-31", 1)),
        (0, ("2004-10-31", 0)),
    ] {
        let at = first.plus_ns(minutes * HOUR / 60);
        assert_eq!(cache.day_and_minutes(at), (day(expected.0), expected.1));
        assert_eq!((zone.day_of(at), zone.minutes_of_day(at)), (day(expected.0), expected.1));
    }
}

#[test]
fn the_first_moments_have_a_day() {
    assert_eq!(zone("America/New_York").day_of(Timestamp(0)), day("1969-12-31"));
    assert_eq!(Zone::utc().day_of(Timestamp(0)), day("1970-01-01"));
    assert_eq!(Zone::utc().day_of(Timestamp(u64::MAX)), day("2554-07-21"));
    assert_eq!(Zone::utc().instant(Day::LAST, time("00:00")), Timestamp(u64::MAX));
    assert_eq!(zone("America/New_York").instant(Day::FIRST, time("00:00")), Timestamp(0));
    assert_eq!(day("1970-01-01").number(), 0);
    assert_eq!(Day::FIRST.number(), -1);
    assert_eq!(day("2026-11-23").number(), 20_780);
    assert_eq!(day("2026-11-23").weekday(), 0);
    assert_eq!(day("2026-11-23").month_number(), 2026 * 12 + 10);
    assert_eq!(Day::LAST.tomorrow(), Day::LAST);
    assert_eq!(Day::FIRST.yesterday(), Day::FIRST);
    assert_eq!(Day::FIRST.first_of_month(), Day::FIRST);
    assert_eq!(day("2026-11-23").first_of_month(), day("2026-11-01"));
}

#[test]
fn what_is_no_day_time_or_zone_is_refused() {
    for text in [
        "",
        "2026-02-29",
        "2026-13-01",
        "2026-1-1",
        "2026-11-23 ",
        "1969-12-30",
        "9999-01-01",
        "２026-11-23",
        "+026-11-23",
    ] {
        assert!(text.parse::<Day>().is_err(), "{text}");
    }
    for text in ["", "24:00", "23:60", "9:00", "23:00:00", "-1:00", "+1:00"] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    for name in ["", "Asia", "Asia/Nowhere", "../etc/passwd", "CN", &"A".repeat(1000)] {
        assert!(Zone::new(name).is_err(), "{name}");
    }
    assert_eq!(zone("asia/shanghai"), zone("Asia/Shanghai"));
}

#[test]
fn the_clearing_day_ends_at_the_cut_off() {
    let cut_off = CutOff::parse("time = \"23:00\"\nzone = \"Europe/Berlin\"").expect("a document");
    for date in ["2026-03-28", "2026-03-29", "2026-10-25", "2026-11-23"] {
        let ends = cut_off.ends(day(date));
        assert_eq!(cut_off.clearing_day(Timestamp(ends.0 - 1)), day(date));
        assert_eq!(cut_off.clearing_day(ends), day(date).tomorrow());
    }
    assert_eq!(CutOff::default().zone.name(), "Asia/Shanghai");
    // At midnight the clearing day is the day before's end.
    let midnight = CutOff::parse("time = \"00:00\"\nzone = \"UTC\"").expect("a document");
    assert_eq!(midnight.clearing_day(midnight.ends(day("2026-11-23"))), day("2026-11-24"));
}

#[test]
fn the_calendar_knows_weekends_holidays_and_made_up_days() {
    let calendar = Calendar::parse(
        "weekly-holidays = [\"saturday\", \"sunday\"]\nholidays = [\"2026-10-01\", \"2026-10-02\"]\nworking-days = [\"2026-10-10\"]",
    )
    .expect("a document");
    assert!(calendar.is_business(day("2026-09-30")));
    assert!(!calendar.is_business(day("2026-10-01")));
    assert_eq!(calendar.next_business(day("2026-09-30")), day("2026-10-05"));
    assert!(calendar.is_business(day("2026-10-10")), "a Saturday that is worked");
    assert!(!calendar.is_business(day("2026-10-11")));
    assert_eq!(calendar.business_from(day("2026-10-10")), day("2026-10-10"));
    assert_eq!(calendar.next_business(Day::LAST), Day::LAST);
    assert!(Calendar::default().is_business(day("2026-10-11")));
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let names = [
        "UTC",
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Europe/Dublin",
    ];
    proptest::sample::select(names.to_vec()).prop_map(zone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_cache_answers_as_the_zone_does(zone in any_zone(), start in 0..4_000_000_000_u64, steps in proptest::collection::vec(0..40_000_u64, 1..60)) {
        let mut cache = DayCache::new(zone.clone());
        let mut at = Timestamp(start * 1_000_000_000 + 123_456_789);
        for step in steps {
            prop_assert_eq!(cache.day_and_minutes(at), (zone.day_of(at), zone.minutes_of_day(at)));
            // Clocks are set back now and then.
            at = if step % 11 == 0 { Timestamp(at.0.saturating_sub(step * 1_000_000_000)) } else { at.plus_ns(step * 1_000_000_000) };
        }
    }

    #[test]
    fn a_moment_is_in_its_day(zone in any_zone(), at: u64) {
        let at = Timestamp(at);
        let today = zone.day_of(at);
        prop_assert!(zone.start_of(today) <= at);
        let tomorrow = zone.start_of(today.tomorrow());
        // Newfoundland set its clocks back at one minute past midnight: there the old day came once more.
        let again = zone.name() == "America/St_Johns" && at.0 < tomorrow.0.saturating_add(HOUR);
        prop_assert!(at < tomorrow || tomorrow == Timestamp(u64::MAX) || again);
    }

    #[test]
    fn days_count_one_by_one(number in -1..2_900_000_i32) {
        let day = Day::from_number(number).expect("within the years there are");
        prop_assert_eq!(day.number(), number);
        prop_assert_eq!(day.tomorrow().number(), number + 1);
        prop_assert_eq!(day.tomorrow().yesterday(), day);
        prop_assert!(day < day.tomorrow());
        prop_assert_eq!(i32::from(day.weekday()), (number + 3).rem_euclid(7));
        prop_assert_eq!(day.to_string().parse(), Ok(day));
        let (year, month, of_month) = day.ymd();
        prop_assert_eq!(Day::from_ymd(year, month, of_month), Some(day));
    }

    #[test]
    fn any_civil_time_is_a_moment(zone in any_zone(), number in 0..200_000_i32, minutes in 0..1440_u16) {
        let (day, time) = (Day::from_number(number).expect("a day"), TimeOfDay::from_minutes(minutes).expect("a time"));
        let at = zone.instant(day, time);
        // Skipped times move on, at most by what is skipped: a day where the date line was crossed.
        prop_assert!(zone.day_of(at) == day || zone.day_of(at) == day.tomorrow() || at == Timestamp(0));
        if zone.day_of(at) == day {
            let shown = zone.minutes_of_day(at);
            prop_assert!(shown == minutes || (shown > minutes && shown <= minutes + 60) || at == Timestamp(0));
        }
    }
}
