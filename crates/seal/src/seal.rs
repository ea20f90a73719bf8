//! The sending end of a stream.

use thiserror::Error;

use crate::frame::Header;
use crate::schedule::{Root, Stream, StreamKey};
use crate::{HEADER_BYTES_MAX, PLAINTEXT_BYTES_MAX, TAG_BYTES, UNITS_MAX};

/// Seals one plaintext after another into SFrame units, counters 0, 1, 2, ...
pub struct Sealer {
    key: StreamKey,
    stream: Stream,
    counter: u64,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sealer")
            .field("stream", &self.stream)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

/// Why a plaintext is not sealed. The fault is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// Longer than [`PLAINTEXT_BYTES_MAX`].
    #[error(
        "a plaintext of {bytes} bytes is too long to seal in one unit (at most {PLAINTEXT_BYTES_MAX}); split it"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// [`UNITS_MAX`] units were sealed with this key.
    #[error("this stream has sealed all the units its key allows; the session must sign in again")]
    Exhausted,
    /// A picture's bytes do not fit its width, height and layout.
    #[error("the picture has {bytes} bytes where its width, height and layout make {expected}")]
    Geometry {
        /// The picture's length.
        bytes: usize,
        /// Width times height times bytes of a pixel.
        expected: usize,
    },
}

impl Sealer {
    /// The sending end of `stream` under `root`, at counter 0.
    #[must_use]
    pub fn new(root: &Root, stream: Stream) -> Self {
        Self { key: root.stream(stream), stream, counter: 0 }
    }

    /// The counter that the next unit will carry.
    #[must_use]
    pub const fn counter(&self) -> u64 {
        self.counter
    }

    /// Seals `plaintext` in its own memory: header, ciphertext, tag. `associated` is authenticated and
    /// not sent; the opener must give the same.
    ///
    /// # Errors
    /// [`SealError::TooLong`] or [`SealError::Exhausted`]; nothing is consumed then.
    pub fn seal(&mut self, associated: &[u8], mut plaintext: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let length = plaintext.len();
        let header = self.header(length)?;
        let shift = header.written_length();
        plaintext.reserve_exact(shift + TAG_BYTES);
        let mut written = Vec::with_capacity(HEADER_BYTES_MAX + associated.len());
        header.write(&mut written);
        plaintext.splice(0..0, written.iter().copied());
        self.seal_behind(header, written, associated, &mut plaintext, shift)?;
        Ok(plaintext)
    }

    /// Seals `plaintext` behind what `out` holds already: one copy, then one pass in place.
    ///
    /// # Errors
    /// As [`Sealer::seal`]; `out` is unchanged then.
    pub fn seal_onto(
        &mut self,
        associated: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let header = self.header(plaintext.len())?;
        let mut written = Vec::with_capacity(HEADER_BYTES_MAX + associated.len());
        header.write(&mut written);
        out.reserve(written.len() + plaintext.len() + TAG_BYTES);
        out.extend_from_slice(&written);
        let start = out.len();
        out.extend_from_slice(plaintext);
        self.seal_behind(header, written, associated, out, start)
    }

    fn header(&self, bytes: usize) -> Result<Header, SealError> {
        if bytes > PLAINTEXT_BYTES_MAX {
            return Err(SealError::TooLong { bytes });
        }
        if self.counter >= UNITS_MAX {
            return Err(SealError::Exhausted);
        }
        Ok(Header { key_id: self.stream.key_id(), counter: self.counter })
    }

    fn seal_behind(
        &mut self,
        header: Header,
        mut written: Vec<u8>,
        associated: &[u8],
        out: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SealError> {
        written.extend_from_slice(associated);
        let text = out.get_mut(start..).unwrap_or_default();
        let bytes = text.len();
        let tag = self
            .key
            .cipher
            .seal(self.key.nonce(header.counter), &written, text)
            .map_err(|_| SealError::TooLong { bytes })?;
        out.extend_from_slice(&tag);
        self.counter += 1;
        Ok(())
    }
}
