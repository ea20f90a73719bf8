//! Dates as people read them.

use identity::UnixTime;

const SECONDS_A_DAY: u64 = 86_400;

/// "2026-11-23 14:05" at the given offset from UTC. Times beyond the year 9999 read as its end.
pub(crate) fn date_and_time(time: UnixTime, minutes_east_of_utc: i16) -> String {
    const LAST: u64 = 253_402_300_799;
    let shift = i64::from(minutes_east_of_utc) * 60;
    let seconds = time.seconds().min(LAST).saturating_add_signed(shift).min(LAST);
    let (year, month, day) = civil(seconds / SECONDS_A_DAY);
    let second_of_day = seconds % SECONDS_A_DAY;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", second_of_day / 3_600, second_of_day % 3_600 / 60)
}

/// The proleptic Gregorian date of a day counted from 1970-01-01, by counting in 400-year eras that
/// start in March, so that the leap day is the last of its year.
fn civil(day: u64) -> (u64, u64, u64) {
    const DAYS_BEFORE_1970_FROM_MARCH_0: u64 = 719_468;
    const DAYS_AN_ERA: u64 = 146_097;
    let day = day + DAYS_BEFORE_1970_FROM_MARCH_0;
    let (era, day_of_era) = (day / DAYS_AN_ERA, day % DAYS_AN_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: u64, minutes_east_of_utc: i16, expect: &str) {
        assert_eq!(date_and_time(UnixTime::from_seconds(seconds), minutes_east_of_utc), expect);
    }

    #[test]
    fn known_dates() {
        check(0, 0, "1970-01-01 00:00");
        check(951_782_400, 0, "2000-02-29 00:00");
        check(951_868_800, 0, "2000-03-01 00:00");
        check(1_795_442_700, 0, "2026-11-23 14:05");
        check(1_795_442_700, 480, "2026-11-23 22:05");
        check(1_795_442_700, -900, "2026-11-22 23:05");
        check(0, -60, "1970-01-01 00:00");
        check(u64::MAX, 0, "9999-12-31 23:59");
    }
}
