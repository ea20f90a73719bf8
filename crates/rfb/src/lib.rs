//! The remote protocol, both ends: RFB 3.8 (RFC 6143) and this project's extensions of it (R9-R13).
//!
//! - [`server::Server`] and [`client::Client`] are sans-IO: bytes in by `receive`, events out by `poll`,
//!   bytes out by `take_output`. They accept input cut anywhere, one byte at a time if need be.
//! - [`sealed`] is what lies inside sealed units; this crate carries the units and never opens one.
//! - [`tile`] codes a rectangle of flat colours into few bytes, losslessly.
//!
//! Two embodiments: the **sealed** one (security type 16, login frames, sealed rectangles and input), and the
//! **plain** one of R42 (security type 1, raw rectangles, plain input) for tests and loopback only. A message
//! of one embodiment inside the other is a [`ProtocolError`].
//!
//! `docs/protocol.md` states every byte.
//!
//! Pure: no socket, file, clock, thread or random source. Builds for `wasm32-unknown-unknown`.
#![forbid(unsafe_code)]

mod buffer;
pub mod client;
mod error;
pub mod sealed;
pub mod server;
pub mod tile;
pub mod wire;

pub use error::{Misuse, Peer, ProtocolError};

/// A rectangle of the framebuffer, in pixels or cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rect {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

impl Rect {
    /// The rectangle at the origin with this width and height.
    #[must_use]
    pub const fn of_size(width: u16, height: u16) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// The part of this rectangle inside a framebuffer of this size; possibly empty.
    #[must_use]
    pub fn clipped(self, width: u16, height: u16) -> Self {
        let x = self.x.min(width);
        let y = self.y.min(height);
        Self { x, y, width: self.width.min(width - x), height: self.height.min(height - y) }
    }

    /// Whether it lies inside a framebuffer of this size.
    #[must_use]
    pub fn is_within(self, width: u16, height: u16) -> bool {
        self.clipped(width, height) == self
    }

    /// Pixels or cells it covers.
    #[must_use]
    pub fn area(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }
}

/// How a rectangle travels, or what a client asks for beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Pixels as they are (RFC 6143 §7.7.1). Plain embodiment only.
    Raw,
    /// A sealed picture: an SFrame unit over the pixels as they are.
    SealedRaw,
    /// A sealed tile: an SFrame unit over the padded, coded rectangle.
    SealedTile,
    /// The client wants `sealed::Control::Outline`.
    Outline,
    /// The framebuffer may change its size (RFC 6143 §7.8.2).
    DesktopSize,
    /// An update may end by a marker rather than by its count (rfbproto, "LastRect Pseudo-encoding").
    LastRect,
}

impl Encoding {
    /// Every encoding that this crate knows.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::SealedRaw, Self::SealedTile, Self::Outline, Self::DesktopSize, Self::LastRect];

    /// The encoding's number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Raw => 0,
            Self::SealedRaw => wire::ENCODING_SEALED_RAW,
            Self::SealedTile => wire::ENCODING_SEALED_TILE,
            Self::Outline => wire::ENCODING_OUTLINE,
            Self::DesktopSize => -223,
            Self::LastRect => -224,
        }
    }

    /// Whether a server may announce this number for an encoding of ours.
    pub(crate) fn is_free(number: i32) -> bool {
        ![Self::Raw, Self::DesktopSize, Self::LastRect].iter().any(|known| known.number() == number)
    }

    /// The encoding of this number, or `None` for one that this crate does not know.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.number() == number)
    }
}
