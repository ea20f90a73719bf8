//! Moments as operators type them: in the operator's time zone, or in UTC if they say so.

use accounts::Timestamp;
use anyhow::{Result, bail};
use parameters::{Day, TimeOfDay, Zone};

/// Reads `2026-12-01`, `2026-12-01 08:00` or `2026-12-01 08:00:30`, each in `zone` unless ` UTC` follows.
pub(super) fn read(text: &str, zone: &Zone) -> Result<Timestamp> {
    let refused = || {
        anyhow::anyhow!(
            "{text:?} is not a time: write it like 2026-12-01 or \"2026-12-01 08:00\", in the time zone of the section cut-off, or \"2026-12-01 00:00 UTC\"."
        )
    };
    let (local, zone) = match text.trim().strip_suffix("UTC") {
        Some(local) => (local.trim_end(), &Zone::utc()),
        None => (text.trim(), zone),
    };
    let (day, time) = local.split_once([' ', 'T']).unwrap_or((local, "00:00"));
    let day: Day = day.parse().map_err(|_| refused())?;
    let (time, seconds) = match time.rsplit_once(':') {
        Some((minutes, seconds)) if minutes.contains(':') => (minutes, seconds.parse::<u64>().ok()),
        _ => (time, Some(0)),
    };
    let time: TimeOfDay = time.parse().map_err(|_| refused())?;
    let Some(seconds) = seconds.filter(|seconds| *seconds < 60) else { bail!(refused()) };
    let Timestamp(at) = zone.instant(day, time);
    if at == u64::MAX {
        bail!("{text:?} is too far ahead.");
    }
    Ok(Timestamp(at.saturating_add(seconds.saturating_mul(1_000_000_000))))
}

#[cfg(test)]
mod tests {
    use identity::UnixTime;

    use super::*;

    #[test]
    fn times_are_the_operators_own_unless_they_say_utc() {
        let zone = Zone::new("Asia/Shanghai").unwrap();
        for (typed, said) in [
            ("2026-12-01", "2026-11-30 16:00:00 UTC"),
            ("2026-12-01 08:30", "2026-12-01 00:30:00 UTC"),
            ("2026-12-01T08:30:15", "2026-12-01 00:30:15 UTC"),
            ("2026-12-01 00:30:00 UTC", "2026-12-01 00:30:00 UTC"),
            ("2026-12-01 UTC", "2026-12-01 00:00:00 UTC"),
        ] {
            let Timestamp(at) = read(typed, &zone).unwrap();
            assert_eq!(UnixTime::from_nanoseconds(at).to_string(), said);
        }
        for wrong in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-12-01 25:00",
            "2026-12-01 08:00:60",
            "2026-12-01 8",
            "2999-01-01",
        ] {
            assert!(read(wrong, &zone).is_err(), "{wrong}");
        }
    }
}
