//! Moments as ISO 20022 writes them (`2026-11-23T15:00:00Z`, XML Schema `dateTime`) and as serde keeps them.

use ledger::Timestamp;

use crate::Day;

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// Longest text looked at for a moment, in bytes: with nine decimals and an offset it has 35.
const MOMENT_BYTES_MAX: usize = 40;

/// The moment in UTC; decimals of the second only where there are any.
pub(crate) fn text(at: Timestamp) -> String {
    let day = Day::of_utc(at);
    let seconds = at.0 / NANOSECONDS_PER_SECOND % SECONDS_PER_DAY;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanoseconds = at.0 % NANOSECONDS_PER_SECOND;
    let fraction = if nanoseconds == 0 {
        String::new()
    } else {
        format!(".{nanoseconds:09}").trim_end_matches('0').to_owned()
    };
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}{fraction}Z")
}

/// What a `dateTime` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The day it names, in its own zone.
    pub(crate) day: Day,
    /// The instant; `None` if it has no offset from UTC and so names none, or if it is not between 1970 and
    /// 2554.
    pub(crate) at: Option<Timestamp>,
}

/// Reads a `dateTime`; `None` if the text is none. Decimals beyond nanoseconds are cut off; 24:00:00 and leap
/// seconds are not accepted.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    if text.len() > MOMENT_BYTES_MAX {
        return None;
    }
    let (date, time) = text.split_once('T')?;
    let day: Day = date.parse().ok()?;
    let zone_at = time.find(['Z', '+', '-']);
    let (clock, zone) = match zone_at {
        Some(at) => time.split_at_checked(at)?,
        None => (time, ""),
    };
    let (whole, decimals) = match clock.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
        Some(_) => return None,
        None => (clock, ""),
    };
    let mut parts = whole.split(':');
    let hours = number(parts.next()?, 23)?;
    let minutes = number(parts.next()?, 59)?;
    let seconds = number(parts.next()?, 59)?;
    if parts.next().is_some() || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds =
        decimals.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0_u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
        });
    let offset_minutes = match zone {
        "" => return Some(Moment { day, at: None }),
        "Z" => 0_i64,
        _ => {
            let (sign, rest) = zone.split_at_checked(1)?;
            let (hours, minutes) = rest.split_once(':')?;
            let minutes = number(hours, 14)?.checked_mul(60)?.checked_add(number(minutes, 59)?)?;
            let minutes = i64::try_from(minutes).ok()?;
            if minutes > 14 * 60 {
                return None;
            }
            if sign == "-" { minutes.checked_neg()? } else { minutes }
        }
    };
    let in_day = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?;
    let at = day.start_utc().and_then(|start| {
        let local = (start.0 / NANOSECONDS_PER_SECOND).checked_add(in_day)?;
        let utc = local.checked_add_signed(offset_minutes.checked_mul(60)?.checked_neg()?)?;
        utc.checked_mul(NANOSECONDS_PER_SECOND)?.checked_add(nanoseconds).map(Timestamp)
    });
    Some(Moment { day, at })
}

/// Two digits, at most `max`.
fn number(text: &str, max: u64) -> Option<u64> {
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number <= max)
}

/// Keeps a moment as nanoseconds since 1970; for `#[serde(with = "...")]`.
pub(crate) mod nanoseconds {
    use ledger::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(at.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        u64::deserialize(deserializer).map(Timestamp)
    }
}

/// The same where there may be none.
pub(crate) mod optional_nanoseconds {
    use ledger::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(|at| at.0).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Timestamp))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_count() {
        let at = |text: &str| parse(text).expect(text).at.map(|at| at.0 / NANOSECONDS_PER_SECOND);
        assert_eq!(at("1970-01-02T00:00:00Z"), Some(86_400));
        assert_eq!(at("1970-01-02T00:00:00+08:00"), Some(57_600));
        assert_eq!(at("1970-01-01T00:00:00-05:30"), Some(19_800));
        assert_eq!(at("1970-01-01T00:00:00+08:00"), None, "before time began");
        assert_eq!(at("2026-11-23T15:00:00"), None, "without an offset it is no instant");
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T",
            "2026-11-23T24:00:00Z",
            "2026-11-23T15:00Z",
            "2026-11-23T15:00:60Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in [
            "2026-11-23T15:00:00.Z",
            "2026-11-23T15:00:00+8:00",
            "2026-11-23T15:00:00+15:00",
            "2026-11-23T15:00:00z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(at: u64) {
            let at = Timestamp(at);
            prop_assert_eq!(parse(&text(at)), Some(Moment { day: Day::of_utc(at), at: Some(at) }));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_like_a_moment_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.Z+-]{0,24}") {
            let _ = parse(&text);
        }
    }
}
