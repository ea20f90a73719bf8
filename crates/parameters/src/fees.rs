//! Fee schedules: what an operation costs whom, computed exactly and rounded once.

use std::cmp::Ordering;

use money::{Currency, Money};
use serde::Deserialize;
use toml::Spanned;

use crate::document::Document;
use crate::{ParameterError, Rate, Rounding, Section};

/// Most schedules in the section.
pub const FEE_SCHEDULES_MAX: usize = 2048;

/// Most tiers of a schedule.
pub const FEE_TIERS_MAX: usize = 32;

/// Who bears a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeePayer {
    /// Whoever pays, on top of the amount.
    Customer,
    /// Whoever is paid, out of the amount.
    Merchant,
}

/// All schedules in effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fees {
    /// Schedules that name the same things, by which things those are, the most specific first; in each, in
    /// the order of what they name.
    groups: Vec<Vec<Schedule>>,
}

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name, stored with each fee charged by it.
    pub name: String,
    /// Who bears the fee.
    pub payer: FeePayer,
    selector: Selector,
    fixed: i64,
    whole: bool,
    tiers: Vec<Tier>,
    minimum: i64,
    maximum: Option<i64>,
    rounding: Rounding,
    /// Where it stands in the text.
    pub(crate) line: u32,
}

/// What a schedule is for; what it leaves out is any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Selector {
    merchant: Option<String>,
    app: Option<String>,
    operation: Option<&'static str>,
    currency: Option<Currency>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    up_to: Option<i64>,
    fixed: i64,
    rate: Rate,
}

/// What is asked for a fee.
#[derive(Debug, Clone, Copy)]
pub struct FeeAsk<'a> {
    /// One of [`OPERATIONS`](crate::OPERATIONS).
    pub operation: &'a str,
    /// The app that the operation is done in.
    pub app: &'a str,
    /// Holder of the account that is paid.
    pub merchant: &'a str,
    /// What is paid.
    pub amount: Money,
}

/// What an operation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge<'a> {
    /// What the payer bears, on top of the amount.
    pub payer: Money,
    /// What the payee bears, out of the amount and never more than it.
    pub payee: Money,
    /// The schedule that says so; without one, both parts are nothing.
    pub schedule: Option<&'a str>,
}

/// Why no fee can be said. The asker's to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// Fees are of amounts that move.
    #[error("a fee is charged of an amount that is more than nothing")]
    AmountNotPositive,
    /// The fee, or the amount with the fee, does not fit.
    #[error("the amount is too large: with its fee it does not fit 64 bits of minor units")]
    TooLarge,
}

impl Fees {
    /// Reads a text of the section `fees` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Fees, text)?;
        let written: Written = document.read()?;
        document.at_most(&written.schedule, FEE_SCHEDULES_MAX, "fee schedules")?;
        let mut names = std::collections::BTreeSet::new();
        let mut schedules = Vec::with_capacity(written.schedule.len());
        for schedule in &written.schedule {
            let read = schedule.get_ref().read(&document, document.line(&schedule.span()))?;
            if !names.insert(read.name.clone()) {
                let reason =
                    format!("There are two fee schedules named {:?}; give each its own name.", read.name);
                return Err(document.refuse(&schedule.get_ref().name, reason));
            }
            schedules.push(read);
        }
        schedules.sort_by(|left, right| {
            let rank = right.selector.rank().cmp(&left.selector.rank());
            rank.then_with(|| left.selector.cmp(&right.selector))
        });
        let mut groups: Vec<Vec<Schedule>> = Vec::new();
        for schedule in schedules {
            let same_rank = groups.last_mut().filter(|group| {
                group.last().is_some_and(|last| last.selector.rank() == schedule.selector.rank())
            });
            let Some(group) = same_rank else {
                groups.push(vec![schedule]);
                continue;
            };
            if let Some(twin) = group.last().filter(|last| last.selector == schedule.selector) {
                let reason = format!(
                    "The fee schedules {:?} and {:?} are for the same merchant, app, operation and currency; only one of them could apply.",
                    twin.name, schedule.name
                );
                return Err(ParameterError::new(Section::Fees, schedule.line.max(twin.line), reason));
            }
            group.push(schedule);
        }
        Ok(Self { groups })
    }

    /// What an operation costs, by the most specific schedule that is for it: one for this merchant goes
    /// before one for this app, that before one for this operation, that before one for this currency.
    ///
    /// # Errors
    /// [`FeeError`].
    pub fn charge(&self, ask: &FeeAsk<'_>) -> Result<Charge<'_>, FeeError> {
        let amount = ask.amount;
        if !amount.is_positive() {
            return Err(FeeError::AmountNotPositive);
        }
        let nothing = Money::zero(amount.currency());
        let Some(schedule) = self.schedule(ask) else {
            return Ok(Charge { payer: nothing, payee: nothing, schedule: None });
        };
        let fee = Money::new(schedule.fee(amount.minor_units())?, amount.currency());
        let name = Some(schedule.name.as_str());
        match schedule.payer {
            FeePayer::Customer => {
                amount.checked_add(fee).map_err(|_| FeeError::TooLarge)?;
                Ok(Charge { payer: fee, payee: nothing, schedule: name })
            }
            FeePayer::Merchant => {
                let part = fee.minor_units().min(amount.minor_units());
                Ok(Charge { payer: nothing, payee: Money::new(part, amount.currency()), schedule: name })
            }
        }
    }

    /// The schedule that an operation is charged by, if there is one.
    #[must_use]
    pub fn schedule(&self, ask: &FeeAsk<'_>) -> Option<&Schedule> {
        self.groups.iter().find_map(|group| {
            let found = group.binary_search_by(|schedule| schedule.selector.compare(ask)).ok()?;
            group.get(found)
        })
    }

    /// Every schedule, the most specific first.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.groups.iter().flatten()
    }
}

impl Selector {
    /// Which things are named: the more telling one weighs more than all below it together.
    fn rank(&self) -> u8 {
        let weigh = |named: bool, weight: u8| if named { weight } else { 0 };
        weigh(self.merchant.is_some(), 8)
            | weigh(self.app.is_some(), 4)
            | weigh(self.operation.is_some(), 2)
            | weigh(self.currency.is_some(), 1)
    }

    /// How it is ordered against an operation, in the things that it names.
    fn compare(&self, ask: &FeeAsk<'_>) -> Ordering {
        let order =
            |named: Option<&str>, asked: &str| named.map_or(Ordering::Equal, |named| named.cmp(asked));
        order(self.merchant.as_deref(), ask.merchant)
            .then_with(|| order(self.app.as_deref(), ask.app))
            .then_with(|| order(self.operation, ask.operation))
            .then_with(|| {
                self.currency.map_or(Ordering::Equal, |currency| currency.cmp(&ask.amount.currency()))
            })
    }
}

impl Schedule {
    /// The currency that it is for, if not for any.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.selector.currency
    }

    /// The fee of an amount, both in minor units.
    fn fee(&self, amount: i64) -> Result<i64, FeeError> {
        // At most 2^63 minor units by 10^6 parts: far within 128 bits.
        let parts_of = |units: i64, rate: Rate| {
            u128::from(units.max(0).unsigned_abs()).saturating_mul(u128::from(rate.parts_per_million()))
        };
        let mut fixed = self.fixed;
        let mut parts = 0_u128;
        let mut lower = 0_i64;
        for tier in &self.tiers {
            let upper = tier.up_to.unwrap_or(i64::MAX);
            if self.whole {
                if amount <= upper {
                    fixed = fixed.checked_add(tier.fixed).ok_or(FeeError::TooLarge)?;
                    parts = parts_of(amount, tier.rate);
                    break;
                }
            } else {
                let slice = amount.min(upper).saturating_sub(lower);
                parts = parts.saturating_add(parts_of(slice, tier.rate));
                lower = upper;
                if amount <= upper {
                    break;
                }
            }
        }
        let share = self.rounding.divide(parts, u128::from(Rate::PARTS_PER_MILLION_MAX));
        let share = i64::try_from(share).map_err(|_| FeeError::TooLarge)?;
        let fee = fixed.checked_add(share).ok_or(FeeError::TooLarge)?.max(self.minimum);
        Ok(self.maximum.map_or(fee, |maximum| fee.min(maximum)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    schedule: Vec<Spanned<WrittenSchedule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenSchedule {
    name: Spanned<String>,
    merchant: Option<Spanned<String>>,
    app: Option<Spanned<String>>,
    operation: Option<Spanned<String>>,
    currency: Option<Spanned<String>>,
    payer: FeePayer,
    fixed: Option<Spanned<String>>,
    rate: Option<Spanned<String>>,
    tiers: Option<Spanned<Tiering>>,
    #[serde(default)]
    tier: Vec<Spanned<WrittenTier>>,
    minimum: Option<Spanned<String>>,
    maximum: Option<Spanned<String>>,
    rounding: Option<Spanned<String>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Tiering {
    Slice,
    Whole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenTier {
    up_to: Option<Spanned<String>>,
    fixed: Option<Spanned<String>>,
    rate: Option<Spanned<String>>,
}

impl WrittenSchedule {
    fn read(&self, document: &Document<'_>, line: u32) -> Result<Schedule, ParameterError> {
        let name = document.name(&self.name)?;
        let currency = self.currency.as_ref().map(|code| document.currency(code)).transpose()?;
        // Minor units of the schedule's one currency.
        let units = |value: Option<&Spanned<String>>| -> Result<Option<i64>, ParameterError> {
            let Some(value) = value else { return Ok(None) };
            let amount = document.amount(value)?;
            if Some(amount.currency()) == currency {
                return Ok(Some(amount.minor_units()));
            }
            let reason = match currency {
                Some(currency) => format!("The schedule is for {currency}, but {amount} is not."),
                None => format!(
                    "A schedule with amounts is for one currency: add currency = \"{}\".",
                    amount.currency()
                ),
            };
            Err(document.refuse(value, reason))
        };
        let fixed = units(self.fixed.as_ref())?.unwrap_or(0);
        let (minimum, maximum) = (units(self.minimum.as_ref())?, units(self.maximum.as_ref())?);
        if let (Some(least), Some(most), Some(at)) = (minimum, maximum, &self.minimum)
            && least > most
        {
            return Err(document.refuse(at, "The minimum is more than the maximum."));
        }
        let rate = self.rate.as_ref().map(|rate| document.rate(rate)).transpose()?;
        let tiers = match (&self.tiers, rate) {
            (None, rate) => {
                if let Some(tier) = self.tier.first() {
                    let reason = "A schedule with tiers says how they count: tiers = \"slice\" (each part of the amount at its own tier's rate) or tiers = \"whole\" (all of it at the rate of the tier it is in).";
                    return Err(document.refuse(tier, reason));
                }
                vec![Tier { up_to: None, fixed: 0, rate: rate.unwrap_or_default() }]
            }
            (Some(tiers), Some(_)) => {
                let reason = "A schedule has either a rate or tiers with rates, not both.";
                return Err(document.refuse(tiers, reason));
            }
            (Some(tiers), None) => self.tiers(document, tiers, &units)?,
        };
        let rounding = self.rounding.as_ref().map(|word| document.rounding(word)).transpose()?;
        let has_price = fixed > 0 || minimum.unwrap_or(0) > 0 || self.rate.is_some() || self.tiers.is_some();
        if !has_price && self.fixed.is_none() {
            let reason = format!(
                "The schedule {name:?} has no price: give it a rate, tiers, or fixed = \"0.00 CNY\" for no fee."
            );
            return Err(document.refuse(&self.name, reason));
        }
        Ok(Schedule {
            payer: self.payer,
            selector: Selector {
                merchant: document.optional_name(self.merchant.as_ref())?,
                app: document.optional_name(self.app.as_ref())?,
                operation: self.operation.as_ref().map(|word| charged(document, word)).transpose()?,
                currency,
            },
            fixed,
            whole: self.tiers.as_ref().is_some_and(|tiers| *tiers.get_ref() == Tiering::Whole),
            tiers,
            minimum: minimum.unwrap_or(0),
            maximum,
            rounding: rounding.unwrap_or_default(),
            line,
            name,
        })
    }

    fn tiers(
        &self,
        document: &Document<'_>,
        tiering: &Spanned<Tiering>,
        units: &impl Fn(Option<&Spanned<String>>) -> Result<Option<i64>, ParameterError>,
    ) -> Result<Vec<Tier>, ParameterError> {
        document.at_most(&self.tier, FEE_TIERS_MAX, "tiers in one schedule")?;
        let mut tiers = Vec::with_capacity(self.tier.len());
        let mut lower = Some(0_i64);
        for written in &self.tier {
            let tier = written.get_ref();
            let Some(below) = lower else {
                let reason = "A tier without up-to takes all larger amounts: it is the last one.";
                return Err(document.refuse(written, reason));
            };
            let up_to = units(tier.up_to.as_ref())?;
            if up_to.is_some_and(|up_to| up_to <= below) {
                return Err(
                    document.refuse(written, "Each tier's up-to is more than that of the tier before it.")
                );
            }
            if let (Some(fixed), Tiering::Slice) = (&tier.fixed, *tiering.get_ref()) {
                let reason = "Tiers that are slices have rates only; write fixed in the schedule itself.";
                return Err(document.refuse(fixed, reason));
            }
            let rate = tier.rate.as_ref().map(|rate| document.rate(rate)).transpose()?;
            if rate.is_none() && tier.fixed.is_none() {
                return Err(document.refuse(written, "A tier has a rate, or a fixed fee, or both."));
            }
            tiers.push(Tier {
                up_to,
                fixed: units(tier.fixed.as_ref())?.unwrap_or(0),
                rate: rate.unwrap_or_default(),
            });
            lower = up_to;
        }
        if tiers.last().is_none_or(|last| last.up_to.is_some()) {
            let reason = "The last tier has no up-to, so that every amount is in a tier.";
            return Err(document.refuse(tiering, reason));
        }
        Ok(tiers)
    }
}
/// An operation that a schedule can be for.
fn charged(document: &Document<'_>, word: &Spanned<String>) -> Result<&'static str, ParameterError> {
    let operation = document.operation(word)?;
    if operation == "exchange" {
        let reason = "An exchange has no fee of its own: its price is the margin of the rate, in the section exchange.";
        return Err(document.refuse(word, reason.to_owned()));
    }
    Ok(operation)
}
