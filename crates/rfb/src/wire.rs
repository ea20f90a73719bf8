//! The numbers of the protocol: RFC 6143's, rfbproto's, and ours; and the limits both ends keep.

use profile::PixelLayout;

use crate::{Encoding, tile};

/// The only version spoken (RFC 6143 §7.1.1).
pub const BANNER: &[u8; 12] = b"RFB 003.008\n";
/// Security type None (RFC 6143 §7.2.1).
pub const SECURITY_NONE: u8 = 1;
/// Security type Tight (rfbproto, "Tight Security Type").
pub const SECURITY_TIGHT: u8 = 16;
/// Our vendor name in Tight capabilities.
pub const VENDOR: [u8; 4] = *b"TNPY";

/// Code of our authentication capability: a random 32-bit number.
pub const AUTH_OPAQUE: i32 = 0x52d1_3ce2;
/// Its signature.
pub const AUTH_OPAQUE_SIGNATURE: [u8; 8] = *b"OPAQUE_1";
/// Encoding of a sealed picture: a random 32-bit number.
pub const ENCODING_SEALED_RAW: i32 = 0x2dc6_fa0e;
/// Encoding of a sealed tile: a random 32-bit number.
pub const ENCODING_SEALED_TILE: i32 = 0x38ff_e7fb;
/// Pseudo-encoding that asks for outlines: a random 32-bit number.
pub const ENCODING_OUTLINE: i32 = 0x3502_1a1c;
/// Message type of sealed control from the server; a client uses the number announced.
pub const MESSAGE_SEALED_CONTROL: u8 = 0xa7;
/// Message type of sealed input from the client; a client uses the number announced.
pub const MESSAGE_SEALED_INPUT: u8 = 0xb3;

/// Signature of the sealed control message.
pub const SIGNATURE_CONTROL: [u8; 8] = *b"SEALCTRL";
/// Signature of the sealed input message.
pub const SIGNATURE_INPUT: [u8; 8] = *b"SEALINPT";
/// Signature of the sealed raw encoding.
pub const SIGNATURE_RAW: [u8; 8] = *b"SEALRAW_";
/// Signature of the sealed tile encoding.
pub const SIGNATURE_TILE: [u8; 8] = *b"SEALTILE";
/// Signature of the outline pseudo-encoding.
pub const SIGNATURE_OUTLINE: [u8; 8] = *b"OUTLINE_";

/// Shortest login frame. A number below it, where the server sends a length, is a SecurityResult.
pub const LOGIN_FRAME_BYTES_MIN: usize = 16;
/// Longest login frame.
pub const LOGIN_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Most login frames from one end.
pub const LOGIN_FRAMES_MAX: usize = 8;
/// Longest reason for a refusal that a client reads, and that a server sends.
pub const REASON_BYTES_MAX: usize = 4096;
/// Longest desktop name.
pub const NAME_BYTES_MAX: usize = 256;
/// Most encodings in one SetEncodings.
pub const ENCODINGS_MAX: usize = 256;
/// Longest text of a ClientCutText or ServerCutText; it is skipped.
pub const CUT_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Most capabilities in one list.
pub const CAPABILITIES_MAX: usize = 64;
/// Longest sealed input unit: header, signature class, tag.
pub const INPUT_UNIT_BYTES_MAX: usize =
    seal::HEADER_BYTES_MAX + crate::sealed::SIGNATURE_BYTES + seal::TAG_BYTES;
/// Longest sealed control unit.
pub const CONTROL_UNIT_BYTES_MAX: usize = 1024 * 1024;
/// Longest side of a framebuffer.
pub const SIDE_MAX: u16 = profile::PICTURE_SIDE_MAX;
/// Input that may lie waiting while it is the server's turn.
pub const WAITING_BYTES_MAX: usize = 256 * 1024;

/// A pixel format as RFC 6143 §7.4 writes it.
pub type PixelFormat = [u8; 16];

/// The pixel format of a layout. Grey is colour-map mode with the map entry i = grey i; cells are 32 bits that
/// are no colour at all, which a stock viewer refuses or shows as nonsense.
#[must_use]
pub const fn pixel_format(layout: PixelLayout) -> PixelFormat {
    match layout {
        PixelLayout::Rgb888 => [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0],
        PixelLayout::Rgb565 => [16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0],
        PixelLayout::Grey8 => [8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        PixelLayout::Cells => [32, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }
}

/// The layout whose pixel format this is; the three bytes of padding are not looked at.
#[must_use]
pub fn layout_of(format: &PixelFormat) -> Option<PixelLayout> {
    [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8, PixelLayout::Cells]
        .into_iter()
        .find(|layout| pixel_format(*layout).iter().zip(format).take(13).all(|(a, b)| a == b))
}

/// The longest unit that a rectangle of `area` pixels may travel in; `None` for what is no sealed rectangle.
#[must_use]
pub fn sealed_unit_bytes_max(encoding: Encoding, area: usize, layout: PixelLayout) -> Option<usize> {
    let plaintext = match encoding {
        Encoding::SealedRaw => area * layout.bytes_per_pixel(),
        Encoding::SealedTile => seal::padded_length(tile::coded_bytes_max(area, layout)),
        _ => return None,
    };
    Some(seal::HEADER_BYTES_MAX + plaintext + seal::TAG_BYTES)
}

/// One Tight capability (rfbproto, "Tight Security Type"): code, vendor, signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capability {
    pub(crate) code: i32,
    pub(crate) vendor: [u8; 4],
    pub(crate) signature: [u8; 8],
}

/// Bytes of a capability.
pub(crate) const CAPABILITY_BYTES: usize = 16;

impl Capability {
    pub(crate) const fn ours(code: i32, signature: [u8; 8]) -> Self {
        Self { code, vendor: VENDOR, signature }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.code.to_be_bytes());
        out.extend_from_slice(&self.vendor);
        out.extend_from_slice(&self.signature);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (code, rest) = bytes.split_first_chunk::<4>()?;
        let (vendor, rest) = rest.split_first_chunk::<4>()?;
        let (signature, _) = rest.split_first_chunk::<8>()?;
        Some(Self { code: i32::from_be_bytes(*code), vendor: *vendor, signature: *signature })
    }

    /// Whether it is ours and carries this signature.
    pub(crate) fn is(self, signature: [u8; 8]) -> bool {
        self.vendor == VENDOR && self.signature == signature
    }
}

/// A length as the wire writes it; every length here has a bound far below.
pub(crate) fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

/// A text cut at a character to at most `most` bytes.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
