//! Size classes: what a unit's length may tell.
//!
//! A padded plaintext is the length of the content (4 bytes, big-endian), the content, and zeros up to
//! its class. Classes are the multiples of 256 up to 2,048, and above that four to an octave (2,560,
//! 3,072, 3,584, 4,096, 5,120, ...), so padding adds a quarter at most above 1 KiB.

use thiserror::Error;

/// The smallest class, in bytes.
pub const SMALLEST_CLASS: usize = 256;
const PREFIX_BYTES: usize = 4;

/// Why a padded plaintext is not read: the peer did not pad as it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a plaintext of {bytes} bytes is not padded with zeros to its size class")]
pub struct PadError {
    /// The plaintext's length.
    pub bytes: usize,
}

/// Bytes that content of `content` bytes takes when padded: its size class.
#[must_use]
pub const fn padded_length(content: usize) -> usize {
    let needed = content.saturating_add(PREFIX_BYTES);
    let octave = match needed.checked_next_power_of_two() {
        Some(power) => power / 8,
        None => return usize::MAX,
    };
    let step = if octave < SMALLEST_CLASS { SMALLEST_CLASS } else { octave };
    needed.div_ceil(step).saturating_mul(step)
}

/// Pads `content` to its class. Content above 4 GiB does not occur: units are far shorter.
#[must_use]
pub fn pad(mut content: Vec<u8>) -> Vec<u8> {
    let class = padded_length(content.len());
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    content.reserve_exact(class - content.len());
    content.splice(0..0, length);
    content.resize(class, 0);
    content
}

/// The content of a padded plaintext.
///
/// # Errors
/// [`PadError`] when the length prefix, the class or the zeros are not as [`pad`] makes them.
pub fn unpad(padded: &[u8]) -> Result<&[u8], PadError> {
    let bytes = padded.len();
    let wrong = PadError { bytes };
    let (prefix, rest) = padded.split_first_chunk::<PREFIX_BYTES>().ok_or(wrong)?;
    let length = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| wrong)?;
    let (content, zeros) = rest.split_at_checked(length).ok_or(wrong)?;
    if padded_length(length) != bytes || zeros.iter().any(|byte| *byte != 0) {
        return Err(wrong);
    }
    Ok(content)
}
