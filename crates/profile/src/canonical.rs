//! The canonical bytes of a profile: one byte string for one profile, and only one.
//!
//! ```text
//! 4  "TNHP"
//! 1  version = 1
//! 1  display: 1 picture, 2 text
//! 2  width in pixels or columns, big-endian
//! 2  height in pixels or rows
//! 2  dots per inch (0 for text)
//! 1  pixel layout: 1 rgb888, 2 rgb565, 3 grey8, 4 cells
//! 1  keys: 0 none, 1 digits, 2 full
//! 1  bits: 0x01 touch, 0x02 speaker, 0x04 camera
//! 2+n model, 2+n secure element, 2+n bearer: length big-endian, UTF-8
//! 2  number of codecs; each 2+n, strictly ascending
//! ```

use crate::{CODECS_MAX, Display, HardwareProfile, Keys, PixelLayout, ProfileError, VERSION};

const MAGIC: &[u8; 4] = b"TNHP";
const TOUCH: u8 = 0x01;
const SPEAKER: u8 = 0x02;
const CAMERA: u8 = 0x04;
/// Longest canonical form that is looked at, in bytes; a full profile takes under 800.
pub const CANONICAL_BYTES_MAX: usize = 1024;

impl HardwareProfile {
    /// The profile as one byte string that depends on nothing but its content (codecs as a set).
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        let (kind, dots_per_inch) = match self.display {
            Display::Picture { dots_per_inch, .. } => (1, dots_per_inch),
            Display::Text { .. } => (2, 0),
        };
        let (width, height) = self.size();
        out.push(kind);
        out.extend_from_slice(&width.to_be_bytes());
        out.extend_from_slice(&height.to_be_bytes());
        out.extend_from_slice(&dots_per_inch.to_be_bytes());
        out.push(self.pixel_layout().code());
        out.push(match self.keys {
            Keys::None => 0,
            Keys::Digits => 1,
            Keys::Full => 2,
        });
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        out.push(bit(self.touch, TOUCH) | bit(self.speaker, SPEAKER) | bit(self.camera, CAMERA));
        for name in [&self.model, &self.secure_element, &self.bearer] {
            push_text(&mut out, name);
        }
        let mut codecs: Vec<&String> = self.codecs.iter().collect();
        codecs.sort_unstable();
        codecs.dedup();
        out.extend_from_slice(&length(codecs.len()).to_be_bytes());
        for codec in codecs {
            push_text(&mut out, codec);
        }
        out
    }

    /// Reads what [`HardwareProfile::canonical_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are cut, have more behind them, are not canonical, or break a bound.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, ProfileError> {
        if bytes.len() > CANONICAL_BYTES_MAX {
            return Err(ProfileError::Canonical("they are longer than any profile"));
        }
        let mut reader = Reader { rest: bytes };
        if reader.array::<4>()? != *MAGIC {
            return Err(ProfileError::Canonical("they do not begin with TNHP"));
        }
        match reader.byte()? {
            VERSION => {}
            other => return Err(ProfileError::Version(other)),
        }
        let kind = reader.byte()?;
        let width = reader.number()?;
        let height = reader.number()?;
        let dots_per_inch = reader.number()?;
        let layout = PixelLayout::from_code(reader.byte()?)
            .ok_or(ProfileError::Canonical("the pixel layout has no such number"))?;
        let display = match (kind, layout, dots_per_inch) {
            (1, _, _) => Display::Picture { width, height, dots_per_inch, layout },
            (2, PixelLayout::Cells, 0) => Display::Text { columns: width, rows: height },
            _ => return Err(ProfileError::Canonical("the kind of display has no such number or layout")),
        };
        let keys = match reader.byte()? {
            0 => Keys::None,
            1 => Keys::Digits,
            2 => Keys::Full,
            _ => return Err(ProfileError::Canonical("the keys have no such number")),
        };
        let bits = reader.byte()?;
        if bits & !(TOUCH | SPEAKER | CAMERA) != 0 {
            return Err(ProfileError::Canonical("a bit is set that has no meaning"));
        }
        let model = reader.text()?;
        let secure_element = reader.text()?;
        let bearer = reader.text()?;
        let count = usize::from(reader.number()?);
        if count > CODECS_MAX {
            return Err(ProfileError::TooManyCodecs { count });
        }
        let mut codecs: Vec<String> = Vec::with_capacity(count);
        for _ in 0..count {
            let codec = reader.text()?;
            if codecs.last().is_some_and(|last| *last >= codec) {
                return Err(ProfileError::Canonical("the codecs are not in ascending order"));
            }
            codecs.push(codec);
        }
        if !reader.rest.is_empty() {
            return Err(ProfileError::Canonical("there is more behind the end"));
        }
        let profile = Self {
            model,
            display,
            keys,
            touch: bits & TOUCH != 0,
            speaker: bits & SPEAKER != 0,
            camera: bits & CAMERA != 0,
            codecs,
            secure_element,
            bearer,
        };
        profile.validate()?;
        Ok(profile)
    }
}

/// A length as it is written; a field that validation would refuse is cut, never wrapped.
fn length(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let length = length(text.len());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend(text.bytes().take(usize::from(length)));
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ProfileError> {
        let (head, rest) =
            self.rest.split_at_checked(count).ok_or(ProfileError::Canonical("they end early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProfileError> {
        self.take(N)?.try_into().map_err(|_| ProfileError::Canonical("they end early"))
    }

    fn byte(&mut self) -> Result<u8, ProfileError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn number(&mut self) -> Result<u16, ProfileError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, ProfileError> {
        let count = usize::from(self.number()?);
        let bytes = self.take(count)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| ProfileError::Canonical("a name is not UTF-8"))
    }
}
