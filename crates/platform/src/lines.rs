//! The lines between platform and terminal: display, control and input, each sealed with keys of its
//! own (R41), or none of them (R42).

use rfb::sealed::{Control, Input};
use rfb::server::{RectangleOut, Server};
use rfb::{Encoding, Rect};
use seal::picture::{self, Format, Geometry};
use seal::{Opener, Root, Sealer, Stream};

use crate::desk::Stop;

/// How a rectangle travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a sealed picture: the picture-format code stream, pixel for pixel (R37).
    Picture,
    /// Compressed first.
    Tile,
}

/// The lines of one terminal.
#[allow(clippy::large_enum_variant, reason = "one a terminal, in a box, and nearly always the large one")]
#[derive(Debug)]
pub(crate) enum Lines {
    /// Each sealed with keys of its own.
    Sealed { display: Sealer, control: Sealer, input: Opener },
    /// The plain embodiment.
    Plain,
}

impl Lines {
    pub(crate) fn sealed(root: &Root) -> Self {
        Self::Sealed {
            display: Sealer::new(root, Stream::Display),
            control: Sealer::new(root, Stream::Control),
            input: Opener::new(root, Stream::Input),
        }
    }

    pub(crate) fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }

    /// One rectangle, ready to send.
    pub(crate) fn rectangle(
        &mut self,
        rect: Rect,
        layout: profile::PixelLayout,
        pixels: Vec<u8>,
        form: Form,
    ) -> Result<RectangleOut, Stop> {
        let Self::Sealed { display, .. } = self else {
            return Ok(RectangleOut { rect, encoding: Encoding::Raw, data: pixels });
        };
        let geometry = Geometry { x: rect.x, y: rect.y, width: rect.width, height: rect.height, layout };
        let (encoding, sealed) = match form {
            Form::Picture => (Encoding::SealedRaw, picture::seal(display, Format::Raw, &geometry, pixels)),
            Form::Tile => {
                let tile = rfb::tile::encode(&pixels, rect.width, rect.height, layout);
                (Encoding::SealedTile, picture::seal(display, Format::Tile, &geometry, tile))
            }
        };
        let data = sealed.map_err(|error| Stop::Server(error.to_string()))?;
        Ok(RectangleOut { rect, encoding, data })
    }

    /// Sends a control message; a plain terminal knows none.
    pub(crate) fn send(&mut self, control: &Control, rfb: &mut Server) -> Result<(), Stop> {
        if let Self::Sealed { control: sealer, .. } = self {
            let failed = |error: &dyn std::error::Error| Stop::Server(error.to_string());
            let plaintext = control.encode().map_err(|error| failed(&error))?;
            let unit = sealer.seal(seal::CONTROL_ASSOCIATED, plaintext).map_err(|error| failed(&error))?;
            rfb.sealed_control(&unit).map_err(|misuse| failed(&misuse))?;
        }
        Ok(())
    }

    /// Opens what the user did.
    pub(crate) fn open_input(&mut self, unit: &[u8]) -> Result<Input, Stop> {
        let Self::Sealed { input, .. } = self else {
            return Err(Stop::Protocol("it sent sealed input on a plain connection".to_owned()));
        };
        let plaintext =
            input.open(seal::INPUT_ASSOCIATED, unit).map_err(|error| Stop::Tampered(error.to_string()))?;
        Input::decode(&plaintext).map_err(|error| Stop::Protocol(error.to_string()))
    }
}
