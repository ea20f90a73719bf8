//! Which days are business days.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use crate::document::{Document, quoted};
use crate::{Day, ParameterError, Section};

/// Most dates listed, holidays and working days together.
pub const CALENDAR_DATES_MAX: usize = 4096;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The business calendar. Without a version in effect every day is a business day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    /// By day of the week from Monday.
    weekly_holidays: [bool; 7],
    holidays: BTreeSet<Day>,
    working_days: BTreeSet<Day>,
}

impl Calendar {
    /// Reads a text of the section `calendar` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Calendar, text)?;
        let written: Written = document.read()?;
        let mut calendar = Self::default();
        for word in &written.weekly_holidays {
            let place = WEEKDAYS.iter().position(|weekday| weekday == word.get_ref()).ok_or_else(|| {
                let reason = format!(
                    "{} is not a day of the week; they are {}.",
                    quoted(word.get_ref()),
                    WEEKDAYS.join(", ")
                );
                document.refuse(word, reason)
            })?;
            if let Some(holiday) = calendar.weekly_holidays.get_mut(place) {
                *holiday = true;
            }
            if calendar.weekly_holidays == [true; 7] {
                return Err(document.refuse(word, "At least one day of the week is a business day."));
            }
        }
        let dates = written.holidays.len().saturating_add(written.working_days.len());
        if dates > CALENDAR_DATES_MAX {
            let reason = format!("There are {dates} dates; at most {CALENDAR_DATES_MAX} are allowed.");
            return Err(document.refuse_whole(reason));
        }
        for date in &written.holidays {
            if !calendar.holidays.insert(document.day(date)?) {
                return Err(document.refuse(date, "This date stands in the list twice."));
            }
        }
        for date in &written.working_days {
            let day = document.day(date)?;
            if calendar.holidays.contains(&day) {
                return Err(document.refuse(date, format!("{day} is listed as a holiday too.")));
            }
            if !calendar.working_days.insert(day) {
                return Err(document.refuse(date, "This date stands in the list twice."));
            }
        }
        Ok(calendar)
    }

    /// Whether business is done on that day: a listed date is what it is listed as, any other what its day of
    /// the week is.
    #[must_use]
    pub fn is_business(&self, day: Day) -> bool {
        if self.working_days.contains(&day) {
            return true;
        }
        let weekly = self.weekly_holidays.get(usize::from(day.weekday())).copied().unwrap_or(false);
        !weekly && !self.holidays.contains(&day)
    }

    /// The first business day after that day.
    #[must_use]
    pub fn next_business(&self, day: Day) -> Day {
        self.business_from(day.tomorrow())
    }

    /// That day if it is a business day, otherwise the first business day after it.
    #[must_use]
    pub fn business_from(&self, day: Day) -> Day {
        let mut day = day;
        // One day of each week is none of the weekly holidays: the listed dates bound the search.
        while day < Day::LAST && !self.is_business(day) {
            day = day.tomorrow();
        }
        day
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(default)]
    weekly_holidays: Vec<Spanned<String>>,
    #[serde(default)]
    holidays: Vec<Spanned<String>>,
    #[serde(default)]
    working_days: Vec<Spanned<String>>,
}
