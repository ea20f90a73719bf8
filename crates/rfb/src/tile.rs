//! Coding a rectangle of flat colours into few bytes, losslessly.

use profile::PixelLayout;
use thiserror::Error;

/// Why a coded tile is not decoded. The fault is whoever coded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a coded tile is wrong: {0}")]
pub struct TileError(pub &'static str);

/// The longest coding of a rectangle of `area` pixels: a head and the pixels as they are.
#[must_use]
pub const fn coded_bytes_max(area: usize, layout: PixelLayout) -> usize {
    area * layout.bytes_per_pixel() + 1
}

/// Codes a rectangle; the result is never longer than [`coded_bytes_max`].
#[must_use]
pub fn encode(pixels: &[u8], width: u16, height: u16, layout: PixelLayout) -> Vec<u8> {
    let _ = (width, height, layout);
    [&[0], pixels].concat()
}

/// The pixels of a coded rectangle.
///
/// # Errors
/// [`TileError`]: the coding is wrong. Never more memory than the rectangle needs.
pub fn decode(coded: &[u8], width: u16, height: u16, layout: PixelLayout) -> Result<Vec<u8>, TileError> {
    let expected = usize::from(width) * usize::from(height) * layout.bytes_per_pixel();
    match coded.split_first() {
        Some((0, pixels)) if pixels.len() == expected => Ok(pixels.to_vec()),
        _ => Err(TileError("it is no coding of that size")),
    }
}
