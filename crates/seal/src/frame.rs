//! The SFrame header (RFC 9605 §4.3): key identifier and counter in 1 to 17 bytes.

use thiserror::Error;

/// Longest header: the configuration byte and two numbers of 8 bytes.
pub const HEADER_BYTES_MAX: usize = 17;

/// What stands in front of every unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// KID: which key; here the stream's number.
    pub key_id: u64,
    /// CTR: the unit's place in its stream, from 0.
    pub counter: u64,
}

/// Why a header is not read. The fault is the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The bytes end inside the header.
    #[error("the unit ends inside its SFrame header (RFC 9605 §4.3)")]
    Short,
    /// A number is written longer than it needs to be, so two headers would mean the same.
    #[error("a number of the SFrame header is written longer than needed (RFC 9605 §4.3)")]
    NotShortest,
}

/// One number: its 4 bits of the configuration byte, and the bytes that follow it.
fn field(value: u64) -> (u8, [u8; 8], usize) {
    let bytes = value.to_be_bytes();
    match u8::try_from(value) {
        Ok(small) if small < 8 => (small, bytes, 8),
        _ => {
            let skip = (value.leading_zeros() / 8).min(7);
            // 1 to 8 bytes follow, written as 0 to 7.
            let count = u8::try_from(7 - skip).unwrap_or(7);
            (0x08 | count, bytes, usize::try_from(skip).unwrap_or(0))
        }
    }
}

impl Header {
    /// Appends the header in its shortest form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (key, key_bytes, key_skip) = field(self.key_id);
        let (counter, counter_bytes, counter_skip) = field(self.counter);
        out.push(key << 4 | counter);
        out.extend(key_bytes.iter().skip(key_skip));
        out.extend(counter_bytes.iter().skip(counter_skip));
    }

    /// Bytes that [`Header::write`] appends: 1 to [`HEADER_BYTES_MAX`].
    #[must_use]
    pub fn written_length(&self) -> usize {
        1 + (8 - field(self.key_id).2) + (8 - field(self.counter).2)
    }

    /// Reads a header; answers it and the bytes behind it.
    ///
    /// # Errors
    /// [`HeaderError`]: too short, or not in the shortest form.
    pub fn read(unit: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let (&configuration, rest) = unit.split_first().ok_or(HeaderError::Short)?;
        let (key_id, rest) = number(configuration >> 4, rest)?;
        let (counter, rest) = number(configuration & 0x0f, rest)?;
        Ok((Self { key_id, counter }, rest))
    }
}

fn number(nibble: u8, bytes: &[u8]) -> Result<(u64, &[u8]), HeaderError> {
    if nibble & 0x08 == 0 {
        return Ok((u64::from(nibble), bytes));
    }
    let (written, rest) = bytes.split_at_checked(usize::from(nibble & 0x07) + 1).ok_or(HeaderError::Short)?;
    let value = written.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    if value < 8 || (written.len() > 1 && written.first() == Some(&0)) {
        return Err(HeaderError::NotShortest);
    }
    Ok((value, rest))
}
