//! The receiving end of a stream.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::frame::{Header, HeaderError};
use crate::schedule::{Root, Stream, StreamKey};
use crate::{TAG_BYTES, UNIT_BYTES_MAX, UNITS_MAX};

/// Opens the units of one stream in the order they were sealed; the first error ends it.
pub struct Opener {
    key: StreamKey,
    stream: Stream,
    counter: u64,
    failed: bool,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Opener")
            .field("stream", &self.stream)
            .field("counter", &self.counter)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Why a unit is not opened. The fault is the peer's, or of someone in between; the session closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The SFrame header is not one.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Shorter than header and tag.
    #[error("the sealed unit is too short to hold a tag")]
    Short,
    /// Longer than [`UNIT_BYTES_MAX`].
    #[error("the sealed unit has {bytes} bytes, more than any unit may have")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The unit belongs to another stream.
    #[error("the sealed unit names key {found} on the stream of key {expected}")]
    Stream {
        /// The key identifier of this stream.
        expected: u64,
        /// The one in the header.
        found: u64,
    },
    /// The counter is below the next one: sent before.
    #[error("the sealed unit carries counter {found} where {expected} is next: it is a replay")]
    Replayed {
        /// The next counter.
        expected: u64,
        /// The one in the header.
        found: u64,
    },
    /// The counter is above the next one: a unit is missing.
    #[error("the sealed unit carries counter {found} where {expected} is next: a unit is missing")]
    Gap {
        /// The next counter.
        expected: u64,
        /// The one in the header.
        found: u64,
    },
    /// The key's units are used up.
    #[error("this stream has opened all the units its key allows; the session must sign in again")]
    Exhausted,
    /// Wrong key, changed bytes, or another associated data.
    #[error("the sealed unit does not authenticate: it was changed, or sealed for another device")]
    Tag,
    /// An earlier unit failed.
    #[error("this stream failed before and stays closed")]
    Failed,
    /// The plaintext is not what the unit's kind calls for.
    #[error("the opened unit holds {bytes} bytes where {expected} belong")]
    Length {
        /// The plaintext's length.
        bytes: usize,
        /// What the geometry makes.
        expected: usize,
    },
    /// The padding is not zeros in the right size class.
    #[error("the opened unit is not padded to its size class")]
    Padding,
}

/// What an outside AES-256-GCM (the browser's WebCrypto) needs to open one unit with [`Opener::key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    /// The 12-byte nonce.
    pub nonce: [u8; 12],
    /// Header and associated data, in this order.
    pub associated_data: Vec<u8>,
    /// The ciphertext with the 16-byte tag behind it, as WebCrypto takes it.
    pub ciphertext_and_tag: Vec<u8>,
}

impl Opener {
    /// The receiving end of `stream` under `root`, at counter 0.
    #[must_use]
    pub fn new(root: &Root, stream: Stream) -> Self {
        Self { key: root.stream(stream), stream, counter: 0, failed: false }
    }

    /// The counter that the next unit must carry.
    #[must_use]
    pub const fn counter(&self) -> u64 {
        self.counter
    }

    /// The stream's AES-256 key, to be imported into an outside cipher once.
    #[must_use]
    pub fn key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.key.key())
    }

    /// Opens the next unit and answers its plaintext.
    ///
    /// # Errors
    /// [`OpenError`]; the opener is failed from then on.
    pub fn open(&mut self, associated: &[u8], unit: &[u8]) -> Result<Vec<u8>, OpenError> {
        let job = self.begin(associated, unit)?;
        let mut text = job.ciphertext_and_tag;
        match self.key.cipher.open(job.nonce, &job.associated_data, &mut text) {
            Ok(()) => Ok(text),
            Err(_) => {
                self.failed = true;
                Err(OpenError::Tag)
            }
        }
    }

    /// Checks the next unit's header, consumes its counter and answers what an outside cipher needs.
    /// The caller opens the jobs, and uses their plaintexts, in the order they were begun; when one does
    /// not authenticate, the caller calls [`Opener::fail`] and ends the session.
    ///
    /// # Errors
    /// [`OpenError`]; the opener is failed from then on.
    pub fn begin(&mut self, associated: &[u8], unit: &[u8]) -> Result<OpenJob, OpenError> {
        let begun = self.check(unit).map(|(header, text)| {
            let mut associated_data = Vec::with_capacity(header.written_length() + associated.len());
            header.write(&mut associated_data);
            associated_data.extend_from_slice(associated);
            OpenJob {
                nonce: self.key.nonce(header.counter),
                associated_data,
                ciphertext_and_tag: text.to_vec(),
            }
        });
        match begun {
            Ok(_) => self.counter += 1,
            Err(_) => self.failed = true,
        }
        begun
    }

    /// Closes the stream: every later unit is refused.
    pub const fn fail(&mut self) {
        self.failed = true;
    }

    fn check<'unit>(&self, unit: &'unit [u8]) -> Result<(Header, &'unit [u8]), OpenError> {
        if self.failed {
            return Err(OpenError::Failed);
        }
        if unit.len() > UNIT_BYTES_MAX {
            return Err(OpenError::TooLong { bytes: unit.len() });
        }
        let (header, text) = Header::read(unit)?;
        if text.len() < TAG_BYTES {
            return Err(OpenError::Short);
        }
        let expected = self.stream.key_id();
        if header.key_id != expected {
            return Err(OpenError::Stream { expected, found: header.key_id });
        }
        let (expected, found) = (self.counter, header.counter);
        if found < expected {
            return Err(OpenError::Replayed { expected, found });
        }
        if found > expected {
            return Err(OpenError::Gap { expected, found });
        }
        if found >= UNITS_MAX {
            return Err(OpenError::Exhausted);
        }
        Ok((header, text))
    }

    /// What a viewer sees that has this opener's keys and ignores the tags: keystream XOR ciphertext, at the
    /// counter that the unit names. With the right keys that is the plaintext, with any others noise.
    ///
    /// For the demonstration of the garble only (R40): nothing is authenticated, no counter is kept, and a
    /// genuine terminal never calls it. A unit without header or tag gives nothing.
    #[must_use]
    pub fn garble(&self, unit: &[u8]) -> Vec<u8> {
        let Ok((header, text)) = Header::read(unit) else { return Vec::new() };
        let length = text.len().saturating_sub(TAG_BYTES);
        let mut seen: Vec<u8> = text.iter().take(length).copied().collect();
        if self.key.cipher.xor_keystream(self.key.nonce(header.counter), &mut seen).is_err() {
            seen.clear();
        }
        seen
    }
}
