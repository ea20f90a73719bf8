//! What a pixel is guessed from: the colours that followed the same surroundings before.
//!
//! For each pixel, in order, until one guess is right:
//! 0. when all surroundings are of one colour, that colour;
//! 1. what last stood in the same surroundings of 11 pixels, 2. of 6, 3. of 4;
//! 4. the pixel above, 5. the one to the left, 6. the one above to the right;
//! 7. otherwise the index (under the index to the left) or the pixel is written out.
//!
//! A guess that was refused already is not tried again.

use profile::PixelLayout;

use super::range::{Coder, Probability};

/// How the bytes of a pixel are written out when it was not guessed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channels {
    /// Bytes that may differ from zero.
    count: usize,
}

impl Channels {
    pub(super) const fn of(layout: PixelLayout) -> Self {
        Self { count: layout.bytes_per_pixel() }
    }
}

/// One tree of 8-bit numbers for each byte of a pixel.
fn byte_trees() -> Vec<Probability> {
    vec![Probability::even(); 4 * 256]
}

/// Codes a pixel as differences from `near`, each byte's less the one's before: greys cost one byte.
fn code_pixel<C: Coder>(
    coder: &mut C,
    trees: &mut [Probability],
    channels: Channels,
    near: u32,
    pixel: u32,
) -> u32 {
    let (near, pixel) = (near.to_le_bytes(), pixel.to_le_bytes());
    let mut out = [0; 4];
    let mut before = 0u8;
    for (((to, near), wanted), tree) in
        out.iter_mut().zip(near).zip(pixel).zip(trees.chunks_exact_mut(256)).take(channels.count)
    {
        let guess = near.wrapping_add(before);
        let difference = coder.number(tree, 8, u32::from(wanted.wrapping_sub(guess)));
        let difference = u8::try_from(difference).unwrap_or(0);
        *to = guess.wrapping_add(difference);
        before = before.wrapping_add(difference);
    }
    u32::from_le_bytes(out)
}

/// The colours of a picture, ascending, at most 256.
#[derive(Debug)]
pub(super) struct Palette {
    colours: Vec<u32>,
}

impl Palette {
    /// The colours of these pixels; `None` when there are more than `most`, or no pixels.
    pub(super) fn of(values: &[u32], most: usize) -> Option<Self> {
        let mut colours = Vec::new();
        let mut last = *values.first()?;
        colours.push(last);
        for value in values {
            if *value != last {
                last = *value;
                if let Err(at) = colours.binary_search(value) {
                    if colours.len() == most {
                        return None;
                    }
                    colours.insert(at, *value);
                }
            }
        }
        Some(Self { colours })
    }

    pub(super) fn colours(&self) -> &[u32] {
        &self.colours
    }

    /// Puts indexes in the place of colours.
    pub(super) fn index(&self, values: &mut [u32]) {
        let mut last = (self.colours.first().copied().unwrap_or(0), 0);
        for value in values {
            if *value != last.0 {
                let at = self.colours.binary_search(value).unwrap_or(0);
                last = (*value, u32::try_from(at).unwrap_or(0));
            }
            *value = last.1;
        }
    }

    /// Puts colours in the place of indexes.
    pub(super) fn colour(&self, values: &mut [u32]) {
        for value in values {
            let at = usize::try_from(*value).unwrap_or(0);
            *value = self.colours.get(at).copied().unwrap_or(0);
        }
    }

    /// Writes the number of colours and the colours.
    pub(super) fn code<C: Coder>(&self, coder: &mut C, channels: Channels) {
        let count = u32::try_from(self.colours.len() - 1).unwrap_or(0);
        coder.number(&mut byte_trees(), 8, count);
        let mut trees = byte_trees();
        let mut near = 0;
        for colour in &self.colours {
            near = code_pixel(coder, &mut trees, channels, near, *colour);
        }
    }

    pub(super) fn decode<C: Coder>(coder: &mut C, channels: Channels) -> Self {
        let count = coder.number(&mut byte_trees(), 8, 0) + 1;
        let mut trees = byte_trees();
        let mut near = 0;
        let mut colours = Vec::new();
        for _ in 0..count {
            near = code_pixel(coder, &mut trees, channels, near, 0);
            colours.push(near);
        }
        Self { colours }
    }
}

/// What last followed some surroundings, and how often it was right since.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    value: u32,
    check: u16,
    sure: u8,
}

/// Most that a memory is sure.
const SURE_MAX: u8 = 15;
/// Guesses before a pixel is written out.
const GUESSES: usize = 6;

/// A hash table of memories for one size of surroundings.
struct Memories {
    slots: Vec<Memory>,
    shift: u32,
    hits: Vec<Probability>,
}

impl Memories {
    fn new(bits: u32) -> Self {
        Self {
            slots: vec![Memory::default(); 1 << bits],
            shift: 64 - bits,
            hits: (0..4 * (usize::from(SURE_MAX) + 1))
                .map(|at| {
                    // A fresh memory is right half the time, a sure one nearly always.
                    let sure = u16::try_from(at / 4).unwrap_or(0);
                    Probability::of(32_768 + sure * 2_100)
                })
                .collect(),
        }
    }

    fn slot(&self, hash: u64) -> (usize, u16) {
        let at = usize::try_from(hash >> self.shift).unwrap_or(0);
        (at, u16::try_from(hash & 0xffff).unwrap_or(0))
    }

    /// What is remembered of these surroundings.
    fn recall(&self, hash: u64) -> Option<Memory> {
        let (at, check) = self.slot(hash);
        self.slots.get(at).copied().filter(|memory| memory.check == check && memory.sure > 0)
    }

    fn learn(&mut self, hash: u64, value: u32) {
        let (at, check) = self.slot(hash);
        let Some(memory) = self.slots.get_mut(at) else { return };
        if memory.sure == 0 || memory.check != check {
            *memory = Memory { value, check, sure: 1 };
        } else if memory.value == value {
            memory.sure = (memory.sure + 1).min(SURE_MAX);
        } else if memory.sure > 2 {
            memory.sure /= 2;
        } else {
            *memory = Memory { value, check, sure: 1 };
        }
    }
}

/// How unguessed pixels are written out.
enum Escape {
    /// As indexes of so many bits, a tree for each index to the left.
    Index { bits: u32, trees: Vec<Probability> },
    /// As bytes.
    Pixel { channels: Channels, trees: Vec<Probability> },
}

/// The model of one rectangle: guesses and their probabilities.
pub(super) struct Model {
    large: Memories,
    middle: Memories,
    small: Memories,
    plain: Vec<Probability>,
    rows: [Probability; 2],
    flat: Probability,
    escape: Escape,
}

impl Model {
    fn new(area: usize, escape: Escape) -> Self {
        let bits = (usize::BITS - area.leading_zeros()).clamp(8, 16);
        Self {
            large: Memories::new(bits),
            middle: Memories::new(bits),
            small: Memories::new(bits.min(14)),
            plain: vec![Probability::even(); 64],
            rows: [Probability::even(); 2],
            flat: Probability::even(),
            escape,
        }
    }

    /// A model of `area` indexes into a palette of `colours`.
    pub(super) fn indexed(area: usize, colours: usize) -> Self {
        let bits = usize::BITS - colours.saturating_sub(1).leading_zeros();
        Self::new(area, Escape::Index { bits, trees: vec![Probability::even(); 1 << (2 * bits)] })
    }

    /// A model of `area` pixels.
    pub(super) fn direct(area: usize, channels: Channels) -> Self {
        Self::new(area, Escape::Pixel { channels, trees: byte_trees() })
    }

    /// Codes rows of `width` values; a decoder's are filled in.
    pub(super) fn code<C: Coder>(&mut self, coder: &mut C, values: &mut [u32], width: usize) {
        if width == 0 {
            return;
        }
        // Two rows above and the current one, with margins that hold 0, so that every neighbour exists.
        let row = || vec![0u32; width + 2 * MARGIN];
        let (mut top, mut above, mut current) = (row(), row(), row());
        let mut was_same = false;
        for line in values.chunks_exact_mut(width) {
            if coder.is_over() {
                return;
            }
            let upper = above.get(MARGIN..MARGIN + width).unwrap_or_default();
            let same = upper == &*line;
            let [fresh, repeated] = &mut self.rows;
            let same = coder.bit(if was_same { repeated } else { fresh }, same);
            was_same = same;
            if same {
                line.copy_from_slice(upper);
                top.copy_from_slice(&above);
                continue;
            }
            for (x, pixel) in line.iter_mut().enumerate() {
                let around = Around::of(&top, &above, &current, x);
                *pixel = self.pixel(coder, &around, *pixel);
                if let Some(to) = current.get_mut(x + MARGIN) {
                    *to = *pixel;
                }
            }
            std::mem::swap(&mut top, &mut above);
            std::mem::swap(&mut above, &mut current);
        }
    }

    fn pixel<C: Coder>(&mut self, coder: &mut C, around: &Around, pixel: u32) -> u32 {
        let mut tried = [None; GUESSES];
        if around.is_flat() {
            if coder.bit(&mut self.flat, pixel == around.left) {
                return around.left;
            }
            tried = [Some(around.left); GUESSES];
        }
        let hashes = around.hashes();
        let found = self.guess(coder, around, &hashes, &mut tried, pixel);
        let pixel = found.unwrap_or_else(|| match &mut self.escape {
            Escape::Index { bits, trees } => {
                // What follows one colour are few others: a tree for each.
                let tree = usize::try_from(around.left).unwrap_or(0) << *bits;
                let tree = trees.get_mut(tree..tree + (1 << *bits)).unwrap_or_default();
                coder.number(tree, *bits, pixel)
            }
            Escape::Pixel { channels, trees } => code_pixel(coder, trees, *channels, around.slope(), pixel),
        });
        let [large, middle, small] = hashes;
        self.large.learn(large, pixel);
        self.middle.learn(middle, pixel);
        self.small.learn(small, pixel);
        pixel
    }

    /// The pixel when one of the guesses is right.
    fn guess<C: Coder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        hashes: &[u64; 3],
        tried: &mut [Option<u32>; GUESSES],
        pixel: u32,
    ) -> Option<u32> {
        let pattern = around.pattern();
        let memories = [&mut self.large, &mut self.middle, &mut self.small];
        for (at, (memories, hash)) in memories.into_iter().zip(hashes).enumerate() {
            let Some(memory) = memories.recall(*hash) else { continue };
            if tried.contains(&Some(memory.value)) {
                continue;
            }
            let context = usize::from(memory.sure) * 4 + pattern % 4;
            let Some(probability) = memories.hits.get_mut(context) else { continue };
            if coder.bit(probability, pixel == memory.value) {
                return Some(memory.value);
            }
            if let Some(tried) = tried.get_mut(at) {
                *tried = Some(memory.value);
            }
        }
        for (at, guess) in [around.above, around.left, around.above_right].into_iter().enumerate() {
            if tried.contains(&Some(guess)) {
                continue;
            }
            let Some(probability) = self.plain.get_mut(at * 16 + pattern) else { continue };
            if coder.bit(probability, pixel == guess) {
                return Some(guess);
            }
            if let Some(tried) = tried.get_mut(3 + at) {
                *tried = Some(guess);
            }
        }
        None
    }
}

/// Columns of zeros at both ends of a row.
const MARGIN: usize = 3;

/// The pixels around one that is not known yet.
struct Around {
    left: u32,
    left_2: u32,
    left_3: u32,
    above: u32,
    above_left: u32,
    above_left_2: u32,
    above_right: u32,
    above_right_2: u32,
    top: u32,
    top_left: u32,
    top_right: u32,
}

impl Around {
    fn of(top: &[u32], above: &[u32], current: &[u32], x: usize) -> Self {
        let window = |row: &[u32]| -> [u32; 7] {
            row.get(x..x + 7).and_then(|row| row.try_into().ok()).unwrap_or_default()
        };
        let [_, _, top_left, top, top_right, _, _] = window(top);
        let [_, above_left_2, above_left, above, above_right, above_right_2, _] = window(above);
        let [left_3, left_2, left, ..] = window(current);
        Self {
            left,
            left_2,
            left_3,
            above,
            above_left,
            above_left_2,
            above_right,
            above_right_2,
            top,
            top_left,
            top_right,
        }
    }

    /// The surroundings of 11, 6 and 4 pixels as hashes.
    fn hashes(&self) -> [u64; 3] {
        let mix = |hash: u64, pixel: u32| {
            (hash ^ u64::from(pixel)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        };
        let fold = |from: u64, pixels: &[u32]| pixels.iter().fold(from, |hash, pixel| mix(hash, *pixel));
        let small = fold(1, &[self.left, self.above, self.above_right, self.above_left]);
        let middle = fold(small, &[self.left_2, self.top]);
        let large = fold(
            middle,
            &[self.above_left_2, self.above_right_2, self.top_left, self.top_right, self.left_3],
        );
        [large, middle, small].map(|hash| hash.wrapping_mul(0xff51_afd7_ed55_8ccd))
    }

    /// Whether all surroundings are of one colour.
    fn is_flat(&self) -> bool {
        let differ = |pixel: u32| pixel ^ self.left;
        let any = differ(self.above)
            | differ(self.above_right)
            | differ(self.above_left)
            | differ(self.left_2)
            | differ(self.top)
            | differ(self.above_left_2)
            | differ(self.above_right_2)
            | differ(self.top_left)
            | differ(self.top_right)
            | differ(self.left_3);
        any == 0
    }

    /// Which of the nearest neighbours agree: 4 bits.
    fn pattern(&self) -> usize {
        usize::from(self.left == self.above)
            | usize::from(self.above == self.above_right) << 1
            | usize::from(self.left == self.above_left) << 2
            | usize::from(self.above == self.top) << 3
    }

    /// Left plus above less above-left, byte by byte, kept within left and above (as in LOCO-I).
    fn slope(&self) -> u32 {
        let (left, above, corner) =
            (self.left.to_le_bytes(), self.above.to_le_bytes(), self.above_left.to_le_bytes());
        let mut out = [0; 4];
        for (((to, left), above), corner) in out.iter_mut().zip(left).zip(above).zip(corner) {
            let (least, most) = (left.min(above), left.max(above));
            *to = match corner {
                corner if corner >= most => least,
                corner if corner <= least => most,
                // Between the two: neither sum nor difference leaves a byte.
                corner => left.wrapping_add(above).wrapping_sub(corner),
            };
        }
        u32::from_le_bytes(out)
    }
}
