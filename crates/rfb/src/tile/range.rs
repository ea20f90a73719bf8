//! A binary range coder with adaptive probabilities, carry-less, 32 bits.
//!
//! State: the interval `low ..= high`, at first all of 32 bits. A bit with probability `p` (of being 1, in
//! 65,536ths) divides it at `low + (high - low) * p / 65536`; a 1 takes the lower part. While both ends agree
//! in their highest byte, that byte is written and both shift left. The end writes one byte that lies in
//! the interval whatever follows; a decoder reads zeros behind the end.

use super::TileError;

/// An adaptive probability: of a 1, in 65,536ths, and how often it was used (to learn fast at first).
#[derive(Debug, Clone, Copy)]
pub(super) struct Probability {
    one: u16,
    uses: u8,
}

/// Fastest learning is a half, slowest is 1/2^5 after this many uses.
const USES_MAX: u8 = 30;

impl Probability {
    pub(super) const fn even() -> Self {
        Self { one: 1 << 15, uses: 0 }
    }

    /// A probability that begins at `one` 65,536ths, as if seen a few times.
    pub(super) const fn of(one: u16) -> Self {
        Self { one, uses: 4 }
    }

    fn learn(&mut self, bit: bool) {
        // 1/(uses + 1.5), as a reciprocal of 65,536ths.
        let rate = 131_072 / (2 * u32::from(self.uses) + 3);
        let target: i64 = if bit { 65_535 } else { 0 };
        let step = (target - i64::from(self.one)) * i64::from(rate) / 65_536;
        // Kept off 0 and 1: neither bit may become impossible.
        let one = (i64::from(self.one) + step).clamp(24, 65_512);
        self.one = u16::try_from(one).unwrap_or(1 << 15);
        if self.uses < USES_MAX {
            self.uses += 1;
        }
    }

    fn split(self, low: u32, high: u32) -> u32 {
        let part = (u64::from(high - low) * u64::from(self.one)) >> 16;
        low + u32::try_from(part).unwrap_or(0)
    }
}

/// One side of the coder: an encoder writes the bit it is given, a decoder answers the one it reads.
pub(super) trait Coder {
    /// Codes one bit under an adaptive probability and answers it.
    fn bit(&mut self, probability: &mut Probability, bit: bool) -> bool;
    /// Whether there is no point in going on: the coding is longer than it may be.
    fn is_over(&self) -> bool;

    /// Codes the low `bits` bits of a number, highest first, in a tree of `1 << bits` probabilities.
    fn number(&mut self, tree: &mut [Probability], bits: u32, number: u32) -> u32 {
        let mut node = 1usize;
        let mut spare = Probability::even();
        for at in (0..bits).rev() {
            let probability = tree.get_mut(node).unwrap_or(&mut spare);
            let bit = self.bit(probability, number >> at & 1 == 1);
            node = node << 1 | usize::from(bit);
        }
        u32::try_from(node & ((1 << bits) - 1)).unwrap_or(0)
    }
}

pub(super) struct Encoder {
    low: u32,
    high: u32,
    out: Vec<u8>,
    most: usize,
}

impl Encoder {
    /// An encoder that writes `kind` and then at most `most` bytes.
    pub(super) fn new(kind: u8, most: usize) -> Self {
        Self { low: 0, high: u32::MAX, out: vec![kind], most: most + 1 }
    }

    /// The coding; `None` when it became too long.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.low != 0 {
            // The ends differ in their highest byte, so this one, followed by zeros, lies between them.
            self.out.push(self.low.to_be_bytes()[0].wrapping_add(1));
        }
        (self.out.len() <= self.most).then_some(self.out)
    }
}

impl Coder for Encoder {
    fn bit(&mut self, probability: &mut Probability, bit: bool) -> bool {
        let middle = probability.split(self.low, self.high);
        match bit {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
        probability.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.out.push(self.high.to_be_bytes()[0]);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
        bit
    }

    fn is_over(&self) -> bool {
        self.out.len() > self.most
    }
}

pub(super) struct Decoder<'a> {
    low: u32,
    high: u32,
    read: u32,
    coded: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(coded: &'a [u8]) -> Self {
        let mut decoder = Self { low: 0, high: u32::MAX, read: 0, coded, at: 0 };
        for _ in 0..4 {
            decoder.shift();
        }
        decoder
    }

    fn shift(&mut self) {
        self.read = self.read << 8 | u32::from(self.coded.get(self.at).copied().unwrap_or(0));
        self.at += 1;
    }

    /// Checks that the coding ends where its bits do.
    pub(super) fn finish(self) -> Result<(), TileError> {
        let written = self.at - 4 + usize::from(self.low != 0);
        if self.coded.len() != written {
            return Err(TileError("it does not end where its pixels do"));
        }
        Ok(())
    }
}

impl Coder for Decoder<'_> {
    fn bit(&mut self, probability: &mut Probability, _: bool) -> bool {
        let middle = probability.split(self.low, self.high);
        let bit = self.read <= middle;
        match bit {
            true => self.high = middle,
            false => self.low = middle + 1,
        }
        probability.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.shift();
        }
        bit
    }

    fn is_over(&self) -> bool {
        // Four bytes are always read ahead.
        self.at > self.coded.len() + 4
    }
}
