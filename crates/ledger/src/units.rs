//! The integers of the book. Overflow is impossible here rather than checked for:
//!
//! - [`Units`], an amount, is at most [`TURNOVER_MAX`] = 2^63 - 1 by its only constructors.
//! - [`Side`], all that one side of an account ever moved, keeps `posted <= committed <= TURNOVER_MAX` by its
//!   only constructors. A sum of two such values is below 2^64, so it is computed first and compared with the
//!   bound then; a difference of two of them lies within `i64`.
//! - [`Sum`], over many of them, has 128 bits: even 2^64 values (there are no more account numbers, command
//!   numbers or holds) of 2^63 - 1 are less than 2^127 together.
//!
//! So the arithmetic below is plain, and it is all there is: the rest of the crate adds and subtracts no
//! amounts of its own.

use money::{Currency, Money};

use crate::{Refusal, TURNOVER_MAX};

/// An amount in minor units: nothing up to [`TURNOVER_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Units(u64);

impl Units {
    pub(crate) const NONE: Self = Self(0);

    /// The minor units of an amount of more than nothing.
    pub(crate) fn positive(amount: Money) -> Result<Self, Refusal> {
        Self::of(amount).filter(|units| *units != Self::NONE).ok_or(Refusal::AmountNotPositive)
    }

    /// The minor units of an amount that is not negative.
    pub(crate) fn of(amount: Money) -> Option<Self> {
        u64::try_from(amount.minor_units()).ok().map(Self)
    }

    /// What is left after taking `other` away, if there is as much.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub(crate) const fn signed(self) -> i64 {
        // At most 2^63 - 1: the sign bit is clear.
        self.0.cast_signed()
    }

    pub(crate) const fn money(self, currency: Currency) -> Money {
        Money::new(self.signed(), currency)
    }
}

/// Whether an amount moves at once or is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Post,
    Hold,
}

/// The debits of an account, or its credits. Two counters that bound each other, so that what is held has room
/// to be posted by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Side {
    /// Moved for good.
    posted: u64,
    /// That and what is held.
    committed: u64,
}

#[expect(clippy::arithmetic_side_effects, reason = "cannot overflow by the bounds above, stated at each")]
impl Side {
    /// A side with these amounts, if they are within the limit.
    pub(crate) fn new(posted: u64, held: u64) -> Option<Self> {
        let committed = posted.checked_add(held).filter(|&committed| committed <= TURNOVER_MAX)?;
        Some(Self { posted, committed })
    }

    pub(crate) const fn posted(self) -> u64 {
        self.posted
    }

    pub(crate) const fn held(self) -> u64 {
        // posted <= committed
        self.committed - self.posted
    }

    pub(crate) const fn committed(self) -> u64 {
        self.committed
    }

    /// The side after so much more, if there is room.
    pub(crate) fn grown(self, phase: Phase, units: Units) -> Option<Self> {
        // Each is at most 2^63 - 1.
        let committed = self.committed + units.0;
        if committed > TURNOVER_MAX {
            return None;
        }
        let posted = match phase {
            // posted <= committed, before and after alike.
            Phase::Post => self.posted + units.0,
            Phase::Hold => self.posted,
        };
        Some(Self { posted, committed })
    }

    /// The side after so much of what was held is posted and so much given back, if as much was held. Needs no
    /// room: what is posted was committed before.
    pub(crate) fn settled(self, captured: Units, released: Units) -> Option<Self> {
        // Each is at most 2^63 - 1.
        if captured.0 + released.0 > self.held() {
            return None;
        }
        // captured + released <= held = committed - posted
        Some(Self { posted: self.posted + captured.0, committed: self.committed - released.0 })
    }
}

/// Difference of two counters of a [`Side`].
pub(crate) const fn difference(left: u64, right: u64) -> i64 {
    // Both are at most 2^63 - 1: nothing wraps.
    left.cast_signed().wrapping_sub(right.cast_signed())
}

/// A sum over many amounts or counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Sum(u128);

#[expect(clippy::arithmetic_side_effects, reason = "cannot overflow by the bounds above, stated at each")]
impl Sum {
    pub(crate) const fn get(self) -> u128 {
        self.0
    }

    /// One more of at most 2^64 values below 2^63.
    pub(crate) fn add(&mut self, value: u64) {
        self.0 += u128::from(value);
    }

    pub(crate) fn add_units(&mut self, units: Units) {
        self.add(units.0);
    }

    /// The sum after one of its values changed.
    pub(crate) fn replace(&mut self, before: u64, after: u64) {
        // `before` is part of the sum; what replaces it keeps the sum one of at most 2^64 values below 2^63.
        self.0 = self.0 + u128::from(after) - u128::from(before);
    }
}
