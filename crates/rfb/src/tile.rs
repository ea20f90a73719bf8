//! Coding a rectangle of flat colours into few bytes, losslessly (R41: sealing combines with compression).
//!
//! Screens of this system are few colours, large flat areas and the same glyphs again and again. So a pixel
//! is not described but guessed: from what stood in the same surroundings before ([`model`]), and only the
//! guess's success is written, as a fraction of a bit by a binary range coder ([`range`]). Rows equal to the
//! one above cost a hundredth of a bit and one copy. Lossless, one pass, no tables on the wire.
//!
//! ```text
//! 0  the pixels as they are                          raw
//! 1  one pixel                                       solid: every pixel is this one
//! 2  range-coded: a palette, then indexes            at most 256 colours
//! 3  range-coded pixels                              more colours
//! ```
//!
//! The encoder chooses; a decoder takes any. `docs/protocol.md` states the coding.

mod model;
mod range;

use profile::PixelLayout;
use thiserror::Error;

use model::{Channels, Model, Palette};
use range::{Decoder, Encoder};

const RAW: u8 = 0;
const SOLID: u8 = 1;
const INDEXED: u8 = 2;
const DIRECT: u8 = 3;
/// Most colours that are coded as indexes.
const PALETTE_MAX: usize = 256;

/// Why a coded tile is not decoded. The fault is whoever coded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a coded tile is wrong: {0}")]
pub struct TileError(pub &'static str);

/// The longest coding of a rectangle of `area` pixels: a head and the pixels as they are.
#[must_use]
pub const fn coded_bytes_max(area: usize, layout: PixelLayout) -> usize {
    area * layout.bytes_per_pixel() + 1
}

/// Codes a rectangle; the result is never longer than [`coded_bytes_max`]. `pixels` is row by row without
/// padding; bytes beyond the last whole pixel of the rectangle are not coded, missing ones are zero.
#[must_use]
pub fn encode(pixels: &[u8], width: u16, height: u16, layout: PixelLayout) -> Vec<u8> {
    let (width, height) = (usize::from(width), usize::from(height));
    let size = layout.bytes_per_pixel();
    let mut values: Vec<u32> = pixels.chunks_exact(size).take(width * height).map(value).collect();
    values.resize(width * height, 0);
    if values.is_empty() {
        return vec![RAW];
    }
    let raw_bytes = values.len() * size;

    let coded = match Palette::of(&values, PALETTE_MAX) {
        Some(palette) => match palette.colours() {
            [only] => {
                let mut out = vec![SOLID];
                push_pixel(&mut out, *only, size);
                return out;
            }
            _ => {
                palette.index(&mut values);
                let mut coder = Encoder::new(INDEXED, raw_bytes);
                palette.code(&mut coder, Channels::of(layout));
                Model::indexed(values.len(), palette.colours().len()).code(&mut coder, &mut values, width);
                let coded = coder.finish();
                if coded.is_none() {
                    palette.colour(&mut values);
                }
                coded
            }
        },
        None => {
            let mut coder = Encoder::new(DIRECT, raw_bytes);
            Model::direct(values.len(), Channels::of(layout)).code(&mut coder, &mut values, width);
            coder.finish()
        }
    };
    coded.unwrap_or_else(|| {
        let mut out = Vec::with_capacity(raw_bytes + 1);
        out.push(RAW);
        for value in values {
            push_pixel(&mut out, value, size);
        }
        out
    })
}

/// The pixels of a coded rectangle, row by row without padding.
///
/// # Errors
/// [`TileError`]: the coding is wrong or of another size. Time and memory are bounded by the rectangle, not
/// by the coding.
pub fn decode(coded: &[u8], width: u16, height: u16, layout: PixelLayout) -> Result<Vec<u8>, TileError> {
    let (width, height) = (usize::from(width), usize::from(height));
    let size = layout.bytes_per_pixel();
    let area = width * height;
    let (kind, body) = coded.split_first().ok_or(TileError("it is empty"))?;
    match *kind {
        RAW if body.len() == area * size => Ok(body.to_vec()),
        RAW => Err(TileError("its raw pixels do not fit its size")),
        SOLID if body.len() == size => Ok(body.repeat(area)),
        SOLID => Err(TileError("its one pixel does not fit its layout")),
        INDEXED | DIRECT if coded.len() > coded_bytes_max(area, layout) => {
            Err(TileError("it is longer than its pixels"))
        }
        INDEXED => {
            let mut coder = Decoder::new(body);
            let palette = Palette::decode(&mut coder, Channels::of(layout));
            let mut values = vec![0; area];
            Model::indexed(area, palette.colours().len()).code(&mut coder, &mut values, width);
            coder.finish()?;
            palette.colour(&mut values);
            Ok(bytes(&values, size))
        }
        DIRECT => {
            let mut coder = Decoder::new(body);
            let mut values = vec![0; area];
            Model::direct(area, Channels::of(layout)).code(&mut coder, &mut values, width);
            coder.finish()?;
            Ok(bytes(&values, size))
        }
        _ => Err(TileError("its kind has no such number")),
    }
}

/// A pixel's bytes as one little-endian number.
fn value(pixel: &[u8]) -> u32 {
    pixel.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn push_pixel(out: &mut Vec<u8>, value: u32, size: usize) {
    out.extend(value.to_le_bytes().iter().take(size));
}

fn bytes(values: &[u32], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() * size);
    for value in values {
        push_pixel(&mut out, *value, size);
    }
    out
}
