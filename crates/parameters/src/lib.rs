//! What the operator decides: fees, limits, cut-offs, calendars, participants; versioned, effective by date,
//! approved by four eyes.
//!
//! A [`Registry`] keeps nine [`Section`]s, each one readable TOML document with all its versions. A version is
//! drafted by one operator, approved by another and takes effect at its date; nothing that was in effect ever
//! changes. [`Registry::effective`] gives the typed parameters of a moment: [`Fees`], [`Limits`], [`CutOff`],
//! [`Currencies`], [`Calendar`], [`Exchange`], [`Participants`], [`Operators`]. A bad value never becomes a
//! version: it is refused with section, line and reason ([`ParameterError`]).
//!
//! Everything here is plain functions over values. Amounts are integers of minor units and rates are exact
//! decimal fractions, computed in 128 bits and rounded once, as the section says.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod calendar;
mod counters;
mod currencies;
mod cut_off;
mod day;
mod document;
mod effective;
mod error;
mod exchange;
mod fees;
mod limit_exceeded;
mod limits;
mod lookup;
mod operators;
mod participants;
mod rate;
mod registry;
mod registry_snapshot;
mod section;
mod zone;

pub use calendar::{CALENDAR_DATES_MAX, Calendar};
pub use counters::{Counters, CountersError, Used};
pub use currencies::Currencies;
pub use cut_off::CutOff;
pub use day::{Day, TimeOfDay};
pub use document::{NAME_BYTES_MAX, SECTION_BYTES_MAX};
pub use effective::Effective;
pub use error::ParameterError;
pub use exchange::{Converted, EXCHANGE_RATES_MAX, Exchange, ExchangeError, ExchangeRate};
pub use fees::{Charge, FEE_SCHEDULES_MAX, FEE_TIERS_MAX, FeeAsk, FeeError, FeePayer, Fees, Schedule};
pub use limit_exceeded::{LimitExceeded, LimitKind};
pub use limits::{AppliesTo, LIMIT_DIMENSIONS_MAX, LIMIT_RULES_MAX, LimitAsk, LimitRule, Limits};
pub use operators::{OPERATORS_MAX, Operator, Operators, Role};
pub use participants::{PARTICIPANTS_MAX, Participant, ParticipantKind, Participants};
pub use rate::{Rate, Rounding};
pub use registry::{
    Draft, INSTALLATION, Registry, RegistryRefusal, RiskCheck, VERSIONS_AHEAD_MAX, VERSIONS_MAX, Version,
    VersionState,
};
pub use registry_snapshot::RegistryError;
pub use section::Section;
pub use zone::{DayCache, Zone};

/// The operations that fee schedules and limit rules can name: a payment to a merchant, a transfer between
/// holders, money coming in, money going out, and a change of currency.
pub const OPERATIONS: [&str; 5] = ["pay", "transfer", "top-up", "withdrawal", "exchange"];
