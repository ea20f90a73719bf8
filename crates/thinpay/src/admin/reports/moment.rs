//! Days and moments as operators write them, by the clock of the operator's time zone.

use accounts::Timestamp;
use anyhow::{Context as _, Result, bail};
use parameters::{Day, TimeOfDay, Zone};

/// Longest text looked at, in bytes.
const TEXT_BYTES_MAX: usize = 40;
const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// A day.
pub(crate) fn day(text: &str) -> Result<Day> {
    text.parse().map_err(anyhow::Error::msg)
}

/// A moment: `2026-11-23T15:00`, with seconds if need be, by the clock of the zone; with `Z`, ` UTC` or an
/// offset such as `+08:00` after it, by that; a day alone is its end.
pub(crate) fn moment(text: &str, zone: &Zone) -> Result<Timestamp> {
    let wrong = || {
        let start: String = text.chars().take(TEXT_BYTES_MAX).collect();
        format!(
            "{start:?} is not a moment: write it like 2026-11-23T15:00, 2026-11-23T07:00:00Z, or 2026-11-23 for the end of that day."
        )
    };
    if text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
        bail!(wrong());
    }
    let (date, rest) = text.split_at_checked(10).with_context(wrong)?;
    let date = date.parse::<Day>().ok().with_context(wrong)?;
    if rest.is_empty() {
        return Ok(zone.start_of(date.tomorrow()));
    }
    let time = rest.strip_prefix(['T', ' ']).with_context(wrong)?;
    let (time, offset) = split_offset(time).with_context(wrong)?;
    let (minutes, rest) = time.split_at_checked(5).with_context(wrong)?;
    let minutes: TimeOfDay = minutes.parse().ok().with_context(wrong)?;
    let after = seconds(rest).with_context(wrong)?;
    let Timestamp(at) = match offset {
        None => zone.instant(date, minutes),
        Some(_) => Zone::utc().instant(date, minutes),
    };
    let at = at.saturating_add(after);
    let ahead = u64::from(offset.unwrap_or(0).unsigned_abs()).saturating_mul(MINUTE_NS);
    let at =
        if offset.is_some_and(|offset| offset > 0) { at.checked_sub(ahead) } else { at.checked_add(ahead) };
    at.map(Timestamp).with_context(wrong)
}

/// The time, and by how many minutes its clock is ahead of UTC if that is said.
fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    for utc in ["Z", " UTC"] {
        if let Some(time) = text.strip_suffix(utc) {
            return Some((time, Some(0)));
        }
    }
    let Some(place) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (time, offset) = text.split_at_checked(place)?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let minutes = i32::try_from(hours.checked_mul(60)?.checked_add(minutes)?).ok()?;
    Some((time, Some(if sign == "-" { minutes.checked_neg()? } else { minutes })))
}

/// Nanoseconds of `:07` or `:07.25`; of nothing, none.
fn seconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return Some(0);
    }
    let text = text.strip_prefix(':')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = two_digits(whole).filter(|seconds| *seconds < 60)?;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || fraction.len() > 9 || text.ends_with('.') {
        return None;
    }
    let nanoseconds: u64 = format!("{fraction:0<9}").parse().ok()?;
    whole.checked_mul(SECOND_NS)?.checked_add(nanoseconds)
}

fn two_digits(text: &str) -> Option<u64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_by_the_zone_or_by_what_they_say() {
        let zone = Zone::new("Asia/Shanghai").expect("a zone");
        // 2026-11-23 07:00:00 UTC.
        let at = 1_795_417_200 * SECOND_NS;
        for text in [
            "2026-11-23T15:00",
            "2026-11-23 15:00:00",
            "2026-11-23T07:00:00Z",
            "2026-11-23 07:00:00 UTC",
            "2026-11-23T08:00+01:00",
            "2026-11-23T05:30:00.000-01:30",
        ] {
            assert_eq!(moment(text, &zone).expect(text), Timestamp(at), "{text}");
        }
        assert_eq!(
            moment("2026-11-23T15:00:07.25", &zone).expect("reads"),
            Timestamp(at + 7 * SECOND_NS + 250_000_000)
        );
        assert_eq!(
            moment("2026-11-23", &zone).expect("reads"),
            zone.start_of(day("2026-11-24").expect("a day"))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_none_but_a_moment_is_read(text in "[0-9TZ:.+ -]{0,30}|\\PC{0,45}") {
            let zone = Zone::new("America/St_Johns").expect("a zone");
            if let Ok(Timestamp(at)) = moment(&text, &zone) {
                proptest::prop_assert!(text.len() >= 10, "{at}");
            }
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_with_an_example() {
        let zone = Zone::utc();
        for text in [
            "",
            "today",
            "2026-11-23T",
            "2026-11-23T25:00",
            "2026-11-23T10:00:60",
            "2026-11-23T10:00+15:00",
            "2026-02-30",
        ] {
            let why = moment(text, &zone).expect_err(text).to_string();
            assert!(why.contains("2026-11-23T15:00"), "{why}");
        }
    }
}
