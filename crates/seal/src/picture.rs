//! The code stream in picture format (R35-R37, CN102103778A ¶40-¶44).
//!
//! For one rectangle the keystream is generated at the rectangle's own width, height and pixel layout: it
//! is a picture of that format ([`KeyStream::picture`]), and sealing is XOR with it. What travels is still
//! a picture of that format, which shows as noise to whoever lacks the key ([`Format::Raw`]); the tag
//! stands beside it. Where size matters more, the rectangle is coded first and the coded bytes are
//! padded and sealed ([`Format::Tile`]).
//!
//! The associated data are 10 bytes: the format (1 raw, 2 tile), x, y, width and height (2 bytes each,
//! big-endian), and the pixel layout's number. So a sealed rectangle cannot be shown elsewhere, at another
//! size or in another layout.

use profile::PixelLayout;

use crate::open::{OpenError, OpenJob, Opener};
use crate::padding::{pad, unpad};
use crate::schedule::{Root, Stream, StreamKey};
use crate::seal::{SealError, Sealer};

/// How a rectangle's pixels lie in the plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The pixels as they are: the sealed bytes are a picture of the same format.
    Raw,
    /// The pixels coded as a tile, padded to a size class.
    Tile,
}

/// Where a rectangle is, how large, and how its pixels lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Left edge, in pixels or cells.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
    /// The terminal's own layout, from its profile.
    pub layout: PixelLayout,
}

impl Geometry {
    /// Bytes of this rectangle's pixels.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::from(self.width) * usize::from(self.height) * self.layout.bytes_per_pixel()
    }

    /// The associated data of a rectangle sealed in `format`.
    #[must_use]
    pub fn associated(&self, format: Format) -> [u8; 10] {
        let [x0, x1] = self.x.to_be_bytes();
        let [y0, y1] = self.y.to_be_bytes();
        let [w0, w1] = self.width.to_be_bytes();
        let [h0, h1] = self.height.to_be_bytes();
        let format = match format {
            Format::Raw => 1,
            Format::Tile => 2,
        };
        [format, x0, x1, y0, y1, w0, w1, h0, h1, self.layout.code()]
    }
}

/// Seals one rectangle of the display stream. `pixels` are the picture itself for [`Format::Raw`] and the
/// coded tile for [`Format::Tile`].
///
/// # Errors
/// [`SealError`]: a raw picture of the wrong size, too long, or the key used up.
pub fn seal(
    sealer: &mut Sealer,
    format: Format,
    geometry: &Geometry,
    pixels: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    let plaintext = match format {
        Format::Raw if pixels.len() != geometry.bytes() => {
            return Err(SealError::Geometry { bytes: pixels.len(), expected: geometry.bytes() });
        }
        Format::Raw => pixels,
        Format::Tile => pad(pixels),
    };
    sealer.seal(&geometry.associated(format), plaintext)
}

/// Opens one rectangle of the display stream: the picture for [`Format::Raw`], the coded tile for
/// [`Format::Tile`].
///
/// # Errors
/// [`OpenError`]; the opener is failed from then on.
pub fn open(
    opener: &mut Opener,
    format: Format,
    geometry: &Geometry,
    unit: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let plaintext = opener.open(&geometry.associated(format), unit)?;
    finish(format, geometry, plaintext).inspect_err(|_| opener.fail())
}

/// [`Opener::begin`] for one rectangle; [`finish`] takes the plaintext that the outside cipher gives.
///
/// # Errors
/// As [`Opener::begin`].
pub fn begin(
    opener: &mut Opener,
    format: Format,
    geometry: &Geometry,
    unit: &[u8],
) -> Result<OpenJob, OpenError> {
    opener.begin(&geometry.associated(format), unit)
}

/// Checks the plaintext of one rectangle and takes its padding off.
///
/// # Errors
/// [`OpenError::Length`] for a raw picture of the wrong size, [`OpenError::Padding`] for a tile that is not
/// padded to its class.
pub fn finish(format: Format, geometry: &Geometry, plaintext: Vec<u8>) -> Result<Vec<u8>, OpenError> {
    match format {
        Format::Raw if plaintext.len() != geometry.bytes() => {
            Err(OpenError::Length { bytes: plaintext.len(), expected: geometry.bytes() })
        }
        Format::Raw => Ok(plaintext),
        Format::Tile => unpad(&plaintext).map(<[u8]>::to_vec).map_err(|_| OpenError::Padding),
    }
}

/// The keystream of one unit of the display stream, to be looked at: tests and demonstrations show with it
/// that sealing is XOR with a picture. Who has the root has all of it anyway.
pub struct KeyStream {
    key: StreamKey,
    counter: u64,
}

impl std::fmt::Debug for KeyStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyStream").field("counter", &self.counter).finish_non_exhaustive()
    }
}

impl KeyStream {
    /// The keystream of the display stream's unit number `counter`.
    #[must_use]
    pub fn new(root: &Root, counter: u64) -> Self {
        Self { key: root.stream(Stream::Display), counter }
    }

    /// The keystream as a picture of `width` by `height` in `layout`.
    #[must_use]
    pub fn picture(&self, width: u16, height: u16, layout: PixelLayout) -> Vec<u8> {
        let mut picture = vec![0; Geometry { x: 0, y: 0, width, height, layout }.bytes()];
        if self.key.cipher.xor_keystream(self.key.nonce(self.counter), &mut picture).is_err() {
            picture.clear();
        }
        picture
    }
}
