//! The hardware profile: what a terminal can present and take (CN102103778A ¶38, R33).
//!
//! A profile is written as TOML by people ([`HardwareProfile::from_toml`]) and as one canonical
//! byte string by programs ([`HardwareProfile::canonical_bytes`]). The digest of the canonical bytes
//! ([`HardwareProfile::digest`]) is bound into every key of a session, so a terminal whose own
//! hardware differs from the enrolled one derives other keys and sees noise (R36, R40).
//!
//! A profile is public and guessable: it is never the source of a secret, only bound into one
//! (SPEC "Where the document is weak").
//!
//! Pure: no socket, file, clock, thread or random source.
#![forbid(unsafe_code)]

mod canonical;
mod text;

pub use canonical::CANONICAL_BYTES_MAX;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// The version of the profile format that this crate reads and writes.
pub const VERSION: u8 = 1;
/// Longest side of a picture display, in pixels.
pub const PICTURE_SIDE_MAX: u16 = 4096;
/// Most bytes that one full picture may take in the terminal's own pixel layout (16 MiB).
pub const PICTURE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest side of a text display, in cells.
pub const TEXT_SIDE_MAX: u16 = 400;
/// Finest picture density that is believed, in dots per inch.
pub const DOTS_PER_INCH_MAX: u16 = 1200;
/// Longest name (model, secure element, bearer), in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest codec name, in bytes.
pub const CODEC_BYTES_MAX: usize = 32;
/// Most codecs in one profile.
pub const CODECS_MAX: usize = 16;
/// Longest TOML text that [`HardwareProfile::from_toml`] looks at, in bytes.
pub const TOML_BYTES_MAX: usize = 16 * 1024;

/// What one terminal can present and take.
///
/// The fields are public so that programs and tests can build one; [`HardwareProfile::validate`] says
/// whether it is within bounds, and both readers call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HardwareProfile {
    /// The maker's model name, 1 to [`NAME_BYTES_MAX`] bytes without control characters.
    pub model: String,
    /// What it shows on.
    pub display: Display,
    /// Which keys it has.
    pub keys: Keys,
    /// Whether the display takes touches.
    pub touch: bool,
    /// Whether it can speak or play sound.
    pub speaker: bool,
    /// Whether it has a camera that can scan a code.
    pub camera: bool,
    /// Codecs it decodes, by short lower-case name (`h264`, `opus`). A set: the readers sort it.
    pub codecs: Vec<String>,
    /// What kind of secure element it has (`development`, `pkcs11`, `webauthn`, `sim`).
    pub secure_element: String,
    /// What it connects by (`wifi`, `cellular`, `ethernet`).
    pub bearer: String,
}

/// The display of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Display {
    /// A grid of pixels.
    Picture {
        /// Width in pixels, 1 to [`PICTURE_SIDE_MAX`].
        width: u16,
        /// Height in pixels, 1 to [`PICTURE_SIDE_MAX`].
        height: u16,
        /// Density in dots per inch, 1 to [`DOTS_PER_INCH_MAX`].
        dots_per_inch: u16,
        /// How one pixel lies in memory; never [`PixelLayout::Cells`].
        layout: PixelLayout,
    },
    /// A grid of character cells.
    Text {
        /// Width in cells, 1 to [`TEXT_SIDE_MAX`].
        columns: u16,
        /// Height in cells, 1 to [`TEXT_SIDE_MAX`].
        rows: u16,
    },
}

/// How one pixel or one cell lies in memory. The sealed picture has this layout too (R37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelLayout {
    /// 4 bytes, little-endian 0x00RRGGBB.
    Rgb888,
    /// 2 bytes, little-endian: 5 bits red, 6 green, 5 blue, red highest.
    Rgb565,
    /// 1 byte, 0 black to 255 white.
    Grey8,
    /// One text cell: 4 bytes little-endian, bits 0..21 the Unicode code point, bits 21..32
    /// attributes. A wide character takes two cells; the second holds code point 0.
    Cells,
}

/// The keys of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keys {
    /// None at all: touch only, or nothing.
    None,
    /// Digits with enter, cancel and clear, as on a PIN pad.
    Digits,
    /// A full alphabetic keyboard.
    Full,
}

impl PixelLayout {
    /// Bytes that one pixel or cell takes: 1, 2 or 4.
    #[must_use]
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Rgb888 | Self::Cells => 4,
            Self::Rgb565 => 2,
            Self::Grey8 => 1,
        }
    }

    /// The layout's number in canonical bytes and in sealed geometry: 1 to 4.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Rgb888 => 1,
            Self::Rgb565 => 2,
            Self::Grey8 => 3,
            Self::Cells => 4,
        }
    }

    /// The layout that [`PixelLayout::code`] numbers so, or `None`.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Rgb888),
            2 => Some(Self::Rgb565),
            3 => Some(Self::Grey8),
            4 => Some(Self::Cells),
            _ => None,
        }
    }

    /// The layout's name in TOML: `rgb888`, `rgb565`, `grey8` or `cells`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rgb888 => "rgb888",
            Self::Rgb565 => "rgb565",
            Self::Grey8 => "grey8",
            Self::Cells => "cells",
        }
    }
}

impl HardwareProfile {
    /// A picture terminal with touch, no keys, and a development secure element; for tests and
    /// for callers that then change single fields.
    #[must_use]
    pub fn picture(model: &str, width: u16, height: u16, dots_per_inch: u16, layout: PixelLayout) -> Self {
        Self {
            model: model.to_owned(),
            display: Display::Picture { width, height, dots_per_inch, layout },
            keys: Keys::None,
            touch: true,
            speaker: false,
            camera: false,
            codecs: Vec::new(),
            secure_element: "development".to_owned(),
            bearer: "wifi".to_owned(),
        }
    }

    /// A text terminal with full keys, no touch, and a development secure element.
    #[must_use]
    pub fn text(model: &str, columns: u16, rows: u16) -> Self {
        Self {
            model: model.to_owned(),
            display: Display::Text { columns, rows },
            keys: Keys::Full,
            touch: false,
            speaker: false,
            camera: false,
            codecs: Vec::new(),
            secure_element: "development".to_owned(),
            bearer: "ethernet".to_owned(),
        }
    }

    /// Width and height, in pixels (picture) or cells (text).
    #[must_use]
    pub const fn size(&self) -> (u16, u16) {
        match self.display {
            Display::Picture { width, height, .. } => (width, height),
            Display::Text { columns, rows } => (columns, rows),
        }
    }

    /// The layout of this terminal's pixels; [`PixelLayout::Cells`] for a text display.
    #[must_use]
    pub const fn pixel_layout(&self) -> PixelLayout {
        match self.display {
            Display::Picture { layout, .. } => layout,
            Display::Text { .. } => PixelLayout::Cells,
        }
    }

    /// Bytes of one full screen in the terminal's own layout.
    #[must_use]
    pub fn screen_bytes(&self) -> usize {
        let (width, height) = self.size();
        usize::from(width) * usize::from(height) * self.pixel_layout().bytes_per_pixel()
    }

    /// SHA-256 of [`HardwareProfile::canonical_bytes`]; bound into the session's root key.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_bytes()).into()
    }

    /// Checks every bound of this page.
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn validate(&self) -> Result<(), ProfileError> {
        check_name("model", &self.model)?;
        check_name("secure_element", &self.secure_element)?;
        check_name("bearer", &self.bearer)?;
        match self.display {
            Display::Picture { width, height, dots_per_inch, layout } => {
                check_range("width", width, PICTURE_SIDE_MAX)?;
                check_range("height", height, PICTURE_SIDE_MAX)?;
                check_range("dots_per_inch", dots_per_inch, DOTS_PER_INCH_MAX)?;
                if layout == PixelLayout::Cells {
                    return Err(ProfileError::CellsInPicture);
                }
                let bytes = self.screen_bytes();
                if bytes > PICTURE_BYTES_MAX {
                    return Err(ProfileError::TooManyPixels { bytes });
                }
            }
            Display::Text { columns, rows } => {
                check_range("columns", columns, TEXT_SIDE_MAX)?;
                check_range("rows", rows, TEXT_SIDE_MAX)?;
            }
        }
        if self.codecs.len() > CODECS_MAX {
            return Err(ProfileError::TooManyCodecs { count: self.codecs.len() });
        }
        for codec in &self.codecs {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
            if codec.is_empty() || codec.len() > CODEC_BYTES_MAX || !codec.bytes().all(plain) {
                return Err(ProfileError::Codec {
                    name: codec.escape_debug().take(CODEC_BYTES_MAX).collect(),
                });
            }
        }
        Ok(())
    }
}

fn check_name(field: &'static str, name: &str) -> Result<(), ProfileError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(ProfileError::Name { field, bytes: name.len() });
    }
    Ok(())
}

fn check_range(field: &'static str, value: u16, most: u16) -> Result<(), ProfileError> {
    if value == 0 || value > most {
        return Err(ProfileError::OutOfRange { field, value, most });
    }
    Ok(())
}

/// Why a profile is not believed. The fault is always with whoever wrote the profile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// A name is empty, too long, or holds a control character.
    #[error(
        "the profile's {field} has {bytes} bytes or a control character; write 1 to {NAME_BYTES_MAX} plain bytes"
    )]
    Name {
        /// Which field.
        field: &'static str,
        /// How many bytes it has.
        bytes: usize,
    },
    /// A number is zero or above its bound.
    #[error("the profile's {field} is {value}; it must be 1 to {most}")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u16,
        /// Its bound.
        most: u16,
    },
    /// The picture is larger than any terminal here may have.
    #[error("a full picture of the profile takes {bytes} bytes; at most {PICTURE_BYTES_MAX} are served")]
    TooManyPixels {
        /// Bytes of one full picture.
        bytes: usize,
    },
    /// A picture display named the layout of text displays.
    #[error("the layout \"cells\" belongs to text displays; a picture takes rgb888, rgb565 or grey8")]
    CellsInPicture,
    /// Too many codecs.
    #[error("the profile names {count} codecs; at most {CODECS_MAX} are kept")]
    TooManyCodecs {
        /// How many there are.
        count: usize,
    },
    /// A codec name is empty, too long or not plain.
    #[error(
        "the codec name \"{name}\" is not 1 to {CODEC_BYTES_MAX} lower-case letters, digits, '-', '_' or '.'"
    )]
    Codec {
        /// The name, escaped and cut.
        name: String,
    },
    /// The TOML text is too long to look at.
    #[error("the profile text has {bytes} bytes; a profile has at most {TOML_BYTES_MAX}")]
    TextTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The TOML text is not a profile.
    #[error("the profile text is not a hardware profile: {0}")]
    Toml(String),
    /// The format's version is not known here.
    #[error("the profile has version {0}; this program knows version {VERSION}")]
    Version(u8),
    /// The canonical bytes are cut, too long or not in canonical form.
    #[error("the profile's canonical bytes are wrong: {0}")]
    Canonical(&'static str),
}
