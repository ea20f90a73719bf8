//! When the clearing day ends.

use ledger::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use crate::document::Document;
use crate::{Day, ParameterError, Section, TimeOfDay, Zone};

/// When the clearing day ends, and the time zone of every day and time of day. Without a version in effect:
/// 23:00 in Asia/Shanghai.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// What clocks show at the cut-off.
    pub time: TimeOfDay,
    /// The operator's time zone.
    pub zone: Zone,
}

impl Default for CutOff {
    fn default() -> Self {
        Self::parse(Section::CutOff.template()).unwrap_or_else(|_| Self {
            time: TimeOfDay::from_minutes(0).expect("midnight is in the day"),
            zone: Zone::utc(),
        })
    }
}

impl CutOff {
    /// Reads a text of the section `cut-off` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::CutOff, text)?;
        let written: Written = document.read()?;
        let zone =
            Zone::new(written.zone.get_ref()).map_err(|reason| document.refuse(&written.zone, reason))?;
        Ok(Self { time: document.time(&written.time)?, zone })
    }

    /// The moment that a clearing day ends at: what happens then or later is of the next.
    #[must_use]
    pub fn ends(&self, day: Day) -> Timestamp {
        self.zone.instant(day, self.time)
    }

    /// The clearing day that a moment is of.
    #[must_use]
    pub fn clearing_day(&self, at: Timestamp) -> Day {
        let day = self.zone.day_of(at);
        if at < self.ends(day) { day } else { day.tomorrow() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    time: Spanned<String>,
    zone: Spanned<String>,
}
