//! What has been used of the limits: a counter for each account, app, terminal or merchant that some rule
//! counts by.
//!
//! A counter takes 65 to 130 bytes, by how full the table is. It is kept under what it counts (by whom, of which
//! operations, in which currency), not under the rule, so that a rule with other numbers goes on from what was
//! used already. A rule that counts something new counts from when it is in effect.

use serde::{Deserialize, Serialize};

use crate::limits::Dimension;
use crate::lookup::Lookup;
use crate::{AppliesTo, Day, LimitAsk, LimitExceeded, LimitRule, Limits};

/// What has been used of the limits. Two are equal when they have counted the same.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// The latest day that was counted on. Days do not go back: what comes with an earlier day (a clock was
    /// set back, or the zone changed) counts on this one.
    today: Option<Day>,
    /// Numbers of the names that counters are of.
    names: Lookup<Box<str>, u64>,
    /// The last number given to a name; 64 bits do not run out.
    last_name: u64,
    slots: Lookup<Slot, Tally>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot {
    /// [`Dimension::packed`].
    dimension: u64,
    account: u64,
    /// Number of the name; 0 for none.
    name: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tally {
    /// The day that was counted on last.
    day: Day,
    used: Used,
}

/// What one counter has counted, of a day and of its month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// Minor units on the day.
    pub day_amount: u64,
    /// Operations on the day.
    pub day_count: u32,
    /// Minor units in the month; nothing where no rule asks for the month.
    pub month_amount: u64,
    /// Operations in the month; nothing where no rule asks for the month.
    pub month_count: u32,
}

/// Why bytes are no counters. The snapshot is damaged or of another version: replay the journal instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are not the limits' counters ({0}): replay the journal instead")]
pub struct CountersError(&'static str);

impl Counters {
    /// Whether an operation keeps all limits. It counts nothing: [`Counters::count`] what was posted.
    ///
    /// # Errors
    /// The first limit that it would exceed.
    pub fn check(&self, limits: &Limits, ask: &LimitAsk<'_>) -> Result<(), LimitExceeded> {
        let day = self.day(ask);
        limits.holding(ask, |rule| {
            let dimension = rule.dimension.and_then(|place| limits.dimensions.get(place));
            let used = dimension.map_or_else(Used::default, |dimension| self.used(*dimension, ask, day));
            rule.allows(ask.amount, used)
        })
    }

    /// Counts an operation that was posted, once for everything that some rule counts by.
    pub fn count(&mut self, limits: &Limits, ask: &LimitAsk<'_>) {
        let day = self.day(ask);
        self.today = Some(day);
        limits.counted(ask, |dimension| self.add(dimension, ask, day));
    }

    /// Gives back what [`Counters::count`] counted on the same day with the same limits: for an operation
    /// that came to nothing. Of an earlier day or month nothing is given back.
    pub fn give_back(&mut self, limits: &Limits, ask: &LimitAsk<'_>) {
        limits.counted(ask, |dimension| {
            if let Some(tally) = self.slot(dimension, ask).and_then(|slot| self.slots.get_mut(&slot)) {
                tally.take_back(ask);
            }
        });
    }

    /// How much of a rule was used, as of the asked day: for showing what is left.
    #[must_use]
    pub fn used_of(&self, limits: &Limits, rule: &LimitRule, ask: &LimitAsk<'_>) -> Used {
        let dimension = rule.dimension.and_then(|place| limits.dimensions.get(place));
        dimension.map_or_else(Used::default, |dimension| self.used(*dimension, ask, self.day(ask)))
    }

    /// Starts a day: drops the counters that can refuse nothing any more from that day on, which are those of
    /// earlier days, unless the day's month goes on in them. Called once a day, it bounds the counters to those
    /// of one month.
    pub fn forget(&mut self, before: Day) {
        self.today = self.today.max(Some(before));
        let month = before.month_number();
        self.slots.retain(|_, tally| {
            tally.day >= before || (tally.used.month_count > 0 && tally.day.month_number() >= month)
        });
        let mut kept: Vec<u64> = self.slots.keys().map(|slot| slot.name).collect();
        kept.sort_unstable();
        kept.dedup();
        self.names.retain(|_, number| kept.binary_search(number).is_ok());
        self.names.shrink_to_fit();
        self.slots.shrink_to_fit();
    }

    /// How many counters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing has been counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn day(&self, ask: &LimitAsk<'_>) -> Day {
        self.today.map_or(ask.day, |today| today.max(ask.day))
    }

    /// Where an operation is counted; nowhere if its name has never been counted.
    fn slot(&self, dimension: Dimension, ask: &LimitAsk<'_>) -> Option<Slot> {
        let name = match named(dimension, ask) {
            Some(name) => *self.names.get(name)?,
            None => 0,
        };
        Some(Slot { dimension: dimension.packed(), account: account_of(dimension, ask), name })
    }

    fn used(&self, dimension: Dimension, ask: &LimitAsk<'_>, day: Day) -> Used {
        let tally = self.slot(dimension, ask).and_then(|slot| self.slots.get(&slot));
        tally.map_or_else(Used::default, |tally| tally.on(day).used)
    }

    fn add(&mut self, dimension: Dimension, ask: &LimitAsk<'_>, day: Day) {
        let slot = self.slot(dimension, ask).unwrap_or_else(|| {
            let name = named(dimension, ask).unwrap_or_default();
            self.last_name = self.last_name.saturating_add(1);
            let number = self.last_name;
            self.names.insert(name.into(), number);
            Slot { dimension: dimension.packed(), account: account_of(dimension, ask), name: number }
        });
        let tally = self.slots.entry(slot).or_insert(Tally { day, used: Used::default() });
        *tally = tally.on(day);
        let used = &mut tally.used;
        let units = u64::try_from(ask.amount.minor_units()).unwrap_or(0);
        used.day_amount = used.day_amount.saturating_add(units);
        used.day_count = used.day_count.saturating_add(1);
        if dimension.month {
            used.month_amount = used.month_amount.saturating_add(units);
            used.month_count = used.month_count.saturating_add(1);
        }
    }
}

/// How counters are kept: in the order of dimension, name and account, so that equal counters are equal bytes.
type Kept<'a> = (u64, &'a str, u64, (i16, u8, u8), Used);

/// First byte of encoded counters.
const COUNTERS_VERSION: u8 = 1;

impl Counters {
    /// All of it as bytes, for a snapshot.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let today = self.today.map(Day::ymd);
        postcard::to_allocvec(&(COUNTERS_VERSION, today, self.kept())).expect("plain values always encode")
    }

    /// Reads what [`Counters::encode`] wrote. It allocates no more than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`CountersError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CountersError> {
        if bytes.first() != Some(&COUNTERS_VERSION) {
            return Err(CountersError("the version is another"));
        }
        type Read<'a> = (u8, Option<(i16, u8, u8)>, Vec<Kept<'a>>);
        let ((_, today, kept), rest): (Read<'_>, _) =
            postcard::take_from_bytes(bytes).map_err(|_| CountersError("a value is impossible"))?;
        if !rest.is_empty() {
            return Err(CountersError("they go on after their end"));
        }
        let day =
            |(year, month, day)| Day::from_ymd(year, month, day).ok_or(CountersError("a day is impossible"));
        let mut counters = Self { today: today.map(day).transpose()?, ..Self::default() };
        let mut before: Option<(u64, &str, u64)> = None;
        for (dimension, name, account, on, used) in kept {
            let this = (dimension, name, account);
            if before.is_some_and(|before| before >= this) {
                return Err(CountersError("they are out of order"));
            }
            before = Some(this);
            let (has_name, has_account) =
                Dimension::unpacked(dimension).ok_or(CountersError("it is unknown what is counted"))?;
            if has_name == name.is_empty() || (!has_account && account != 0) {
                return Err(CountersError("a counter is of nobody, or of too many"));
            }
            let on = day(on)?;
            if counters.today.is_none_or(|today| on > today) {
                return Err(CountersError("a counter is ahead of its time"));
            }
            let number = match (has_name, counters.names.get(name)) {
                (false, _) => 0,
                (true, Some(number)) => *number,
                (true, None) => {
                    counters.last_name = counters.last_name.saturating_add(1);
                    counters.names.insert(name.into(), counters.last_name);
                    counters.last_name
                }
            };
            counters.slots.insert(Slot { dimension, account, name: number }, Tally { day: on, used });
        }
        Ok(counters)
    }

    fn kept(&self) -> Vec<Kept<'_>> {
        // Names in their order, and each number's place among them: so that the counters are sorted by
        // integers alone.
        let mut names: Vec<(&str, u64)> =
            self.names.iter().map(|(name, number)| (&**name, *number)).collect();
        names.push(("", 0));
        names.sort_unstable();
        let mut places: Vec<(u64, usize)> =
            names.iter().enumerate().map(|(place, (_, number))| (*number, place)).collect();
        places.sort_unstable();
        let place_of = |number: u64| {
            let found = places.binary_search_by_key(&number, |(number, _)| *number).ok();
            found.and_then(|found| places.get(found)).map_or(0, |(_, place)| *place)
        };
        let mut sorted: Vec<(u64, usize, u64, &Tally)> = self
            .slots
            .iter()
            .map(|(slot, tally)| (slot.dimension, place_of(slot.name), slot.account, tally))
            .collect();
        sorted.sort_unstable_by_key(|(dimension, place, account, _)| (*dimension, *place, *account));
        let kept = |(dimension, place, account, tally): (u64, usize, u64, &Tally)| {
            (dimension, names.get(place).map_or("", |(name, _)| *name), account, tally.day.ymd(), tally.used)
        };
        sorted.into_iter().map(kept).collect()
    }
}

impl PartialEq for Counters {
    fn eq(&self, other: &Self) -> bool {
        self.today == other.today && self.kept() == other.kept()
    }
}

impl Eq for Counters {}

/// The name that a dimension counts an operation under.
fn named<'a>(dimension: Dimension, ask: &LimitAsk<'a>) -> Option<&'a str> {
    match dimension.by {
        AppliesTo::Account | AppliesTo::Tier => None,
        AppliesTo::App => Some(ask.app),
        AppliesTo::Terminal => Some(ask.terminal),
        AppliesTo::Merchant => Some(ask.merchant),
    }
}

fn account_of(dimension: Dimension, ask: &LimitAsk<'_>) -> u64 {
    let own = matches!(dimension.by, AppliesTo::Account | AppliesTo::Tier) || dimension.per_account;
    if own { ask.account } else { 0 }
}

impl Tally {
    /// What it is on a later day: a new day, or a new month, starts with nothing.
    fn on(self, day: Day) -> Self {
        if day == self.day {
            return self;
        }
        let mut used = Used { day_amount: 0, day_count: 0, ..self.used };
        if day.month_number() != self.day.month_number() {
            used = Used::default();
        }
        Self { day, used }
    }

    fn take_back(&mut self, ask: &LimitAsk<'_>) {
        let units = u64::try_from(ask.amount.minor_units()).unwrap_or(0);
        if ask.day.month_number() == self.day.month_number() && self.used.month_count > 0 {
            self.used.month_amount = self.used.month_amount.saturating_sub(units);
            self.used.month_count = self.used.month_count.saturating_sub(1);
        }
        if ask.day == self.day {
            self.used.day_amount = self.used.day_amount.saturating_sub(units);
            self.used.day_count = self.used.day_count.saturating_sub(1);
        }
    }
}
