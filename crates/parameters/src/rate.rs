//! Exact rates and the ways of rounding.

use std::fmt;
use std::str::FromStr;

use crate::document::quoted;

/// A share of an amount, as exact parts per million: 6000 is 0.60 %. Never more than the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(u32);

/// Decimals of a percentage that parts per million can say.
const PERCENT_DECIMALS: usize = 4;

impl Rate {
    /// The whole.
    pub const PARTS_PER_MILLION_MAX: u32 = 1_000_000;

    /// A rate of so many parts per million, unless that is more than the whole.
    #[must_use]
    pub const fn from_parts_per_million(parts: u32) -> Option<Self> {
        if parts <= Self::PARTS_PER_MILLION_MAX { Some(Self(parts)) } else { None }
    }

    /// Its parts per million.
    #[must_use]
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Rate {
    type Err = String;

    /// Reads a percentage: `0.60 %`, `1%`, up to four decimals.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "{} is not a rate: write a percentage from 0 % to 100 %, like \"0.60 %\", with at most {PERCENT_DECIMALS} decimals.",
                quoted(text)
            )
        };
        let digits = text.strip_suffix('%').ok_or_else(refused)?;
        let digits = digits.strip_suffix(' ').unwrap_or(digits);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str, max: usize| {
            !part.is_empty() && part.len() <= max && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !plain(whole, 3) || !plain(fraction, PERCENT_DECIMALS) {
            return Err(refused());
        }
        let parts: u32 = format!("{whole}{fraction:0<PERCENT_DECIMALS$}").parse().map_err(|_| refused())?;
        Self::from_parts_per_million(parts).ok_or_else(refused)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two decimals at least, as rates are usually written.
        let decimals = format!("{:04}", self.0 % 10_000);
        let (usual, fine) = decimals.split_at(2);
        formatter.pad(&format!("{}.{usual}{} %", self.0 / 10_000, fine.trim_end_matches('0')))
    }
}

/// What becomes of the part that is finer than the currency's smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// To the nearest; halfway, to the even neighbour. In the long run nobody gains.
    #[default]
    HalfEven,
    /// Away from nothing.
    Up,
    /// Towards nothing.
    Down,
}

impl Rounding {
    /// Its word in the sections.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::HalfEven => "half-even",
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// The quotient, rounded. The divisor is more than nothing.
    pub(crate) fn divide(self, dividend: u128, divisor: u128) -> u128 {
        let (Some(quotient), Some(rest)) = (dividend.checked_div(divisor), dividend.checked_rem(divisor))
        else {
            return 0;
        };
        let other_half = divisor.saturating_sub(rest);
        let up = match self {
            Self::Down => false,
            Self::Up => rest > 0,
            Self::HalfEven => rest > other_half || (rest == other_half && quotient % 2 == 1),
        };
        quotient.saturating_add(u128::from(up))
    }
}

impl FromStr for Rounding {
    type Err = String;

    /// Reads its word.
    fn from_str(word: &str) -> Result<Self, String> {
        [Self::HalfEven, Self::Up, Self::Down]
            .into_iter()
            .find(|rounding| rounding.word() == word)
            .ok_or_else(|| {
                format!("{} is not a way of rounding; there are half-even, up and down.", quoted(word))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_in_both_directions() {
        let read = |text: &str| text.parse::<Rate>().ok().map(Rate::parts_per_million);
        assert_eq!(read("0.60 %"), Some(6000));
        assert_eq!(read("0.6%"), Some(6000));
        assert_eq!(read("100 %"), Some(1_000_000));
        assert_eq!(read("0.0001 %"), Some(1));
        for text in
            ["", "%", "0.6", "100.0001 %", "0.00001 %", "-1 %", "1,5 %", ". %", "1. %", "1  %", "１ %"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        for parts in (0..=Rate::PARTS_PER_MILLION_MAX).step_by(37) {
            let rate = Rate::from_parts_per_million(parts).expect("not beyond the whole");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert_eq!(Rate(6000).to_string(), "0.60 %");
        assert_eq!(Rate(6050).to_string(), "0.605 %");
    }

    #[test]
    fn rounds_as_it_says() {
        let check = |dividend, divisor, expected: [u128; 3]| {
            let rounded = [Rounding::HalfEven, Rounding::Up, Rounding::Down];
            assert_eq!(rounded.map(|rounding| rounding.divide(dividend, divisor)), expected);
        };
        check(10, 4, [2, 3, 2]);
        check(14, 4, [4, 4, 3]);
        check(11, 4, [3, 3, 2]);
        check(9, 4, [2, 3, 2]);
        check(8, 4, [2, 2, 2]);
        check(0, 7, [0, 0, 0]);
        check(u128::MAX, u128::MAX, [1, 1, 1]);
    }
}
