//! What the client says: handshake (RFC 6143 §7.1 to §7.3) and messages (§7.5).

use super::{ClientEncodings, Event, STOCK_VIEWER_REASON, Server, ServerEvent, State, broken};
use crate::wire::{self, Capability};
use crate::{Encoding, Rect};

impl Server {
    // The handshake, RFC 6143 §7.1 to §7.3.

    pub(super) fn version(&mut self) -> Event {
        let Some(banner) = self.input.take_array::<12>() else { return Ok(None) };
        if &banner == wire::BANNER {
            if let Some(reason) = self.refusal.take() {
                self.output.push(0);
                self.push_reason(&reason);
                self.state = State::Closed;
                return Ok(None);
            }
            // None is offered first on a sealed server too: a stock viewer takes it and is told why it
            // cannot come in, where a list of 16 alone would leave it with an error of its own.
            match self.options.plain {
                true => self.output.extend_from_slice(&[1, wire::SECURITY_NONE]),
                false => self.output.extend_from_slice(&[2, wire::SECURITY_NONE, wire::SECURITY_TIGHT]),
            }
            self.state = State::Security;
            return Ok(None);
        }
        let digits = |byte: &u8| byte.is_ascii_digit();
        let [b'R', b'F', b'B', b' ', major @ .., b'.', a, b, c, b'\n'] = &banner else {
            return broken("RFC 6143 §7.1.1", "its first 12 bytes are no RFB version");
        };
        if !major.iter().all(digits) || ![a, b, c].into_iter().all(digits) {
            return broken("RFC 6143 §7.1.1", "its first 12 bytes are no RFB version");
        }
        let reason = "This server speaks RFB 3.8 only; please use a newer viewer.";
        if &banner == b"RFB 003.007\n" {
            self.output.push(0);
        } else {
            self.output.extend_from_slice(&0u32.to_be_bytes());
        }
        self.push_reason(reason);
        let said: String = banner.iter().take(11).map(|byte| char::from(*byte)).collect();
        broken("RFC 6143 §7.1.1", format!("it speaks \"{said}\" where \"RFB 003.008\" is needed"))
    }

    pub(super) fn security(&mut self) -> Event {
        let Some([choice]) = self.input.take_array::<1>() else { return Ok(None) };
        match (choice, self.options.plain) {
            (wire::SECURITY_NONE, true) => {
                self.output.extend_from_slice(&0u32.to_be_bytes());
                self.state = State::ClientInit;
                Ok(None)
            }
            (wire::SECURITY_NONE, false) => {
                self.output.extend_from_slice(&1u32.to_be_bytes());
                self.push_reason(STOCK_VIEWER_REASON);
                broken("RFC 6143 §7.1.2", "it chose security type None on a sealed server: a stock viewer")
            }
            (wire::SECURITY_TIGHT, false) => {
                // No tunnels; one way to authenticate.
                self.output.extend_from_slice(&0u32.to_be_bytes());
                self.output.extend_from_slice(&1u32.to_be_bytes());
                Capability::ours(wire::AUTH_OPAQUE, wire::AUTH_OPAQUE_SIGNATURE).write(&mut self.output);
                self.state = State::TightAuthentication;
                Ok(None)
            }
            (other, _) => broken("RFC 6143 §7.1.2", format!("it chose security type {other}, not offered")),
        }
    }

    pub(super) fn tight_authentication(&mut self) -> Event {
        let Some(code) = self.input.take_array::<4>() else { return Ok(None) };
        match i32::from_be_bytes(code) {
            wire::AUTH_OPAQUE => {
                self.state = State::Login { frames: 0 };
                Ok(None)
            }
            other => broken(
                "rfbproto, Tight Security Type",
                format!("it chose authentication {other:#x}, not offered"),
            ),
        }
    }

    pub(super) fn login(&mut self, frames: usize) -> Event {
        let section = "docs/protocol.md, Login";
        let Some(length) = self.input.peek_u32(0).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        if !(wire::LOGIN_FRAME_BYTES_MIN..=wire::LOGIN_FRAME_BYTES_MAX).contains(&length) {
            return broken(section, format!("its login frame has {length} bytes"));
        }
        if frames >= wire::LOGIN_FRAMES_MAX {
            return broken(section, format!("it sent more than {} login frames", wire::LOGIN_FRAMES_MAX));
        }
        let Some(frame) = self.input.take_behind(4, length) else { return Ok(None) };
        self.state = State::Login { frames: frames + 1 };
        Ok(Some(ServerEvent::LoginMessage(frame)))
    }

    pub(super) fn client_init(&mut self) -> Event {
        let Some([shared]) = self.input.take_array::<1>() else { return Ok(None) };
        self.state = State::Waiting;
        Ok(Some(ServerEvent::Ready { shared: shared != 0 }))
    }

    pub(super) fn waiting(&self) -> Event {
        if self.input.len() > wire::WAITING_BYTES_MAX {
            return broken("RFC 6143 §7.3.2", "it sends without end before ServerInit");
        }
        Ok(None)
    }

    // Messages, RFC 6143 §7.5.

    pub(super) fn message(&mut self) -> Event {
        let Some([kind]) = self.input.peek_array::<1>() else { return Ok(None) };
        let plain = self.options.plain;
        match kind {
            0 => self.set_pixel_format(),
            2 => self.set_encodings(),
            3 => self.update_request(),
            4 if plain => self.key(),
            5 if plain => self.pointer(),
            6 if plain => self.cut_text(),
            wire::MESSAGE_SEALED_INPUT if !plain => self.sealed_input(),
            4..=6 => {
                let section = ["RFC 6143 §7.5.4", "RFC 6143 §7.5.5", "RFC 6143 §7.5.6"];
                let section = section.get(usize::from(kind - 4)).copied().unwrap_or("RFC 6143 §7.5");
                broken(section, "it sent input that is not sealed")
            }
            other => broken("RFC 6143 §7.5", format!("it sent a message of unknown type {other}")),
        }
    }

    pub(super) fn set_pixel_format(&mut self) -> Event {
        let Some(message) = self.input.take_array::<20>() else { return Ok(None) };
        let format = message.last_chunk::<16>().and_then(wire::layout_of);
        if format != Some(self.layout) {
            return broken(
                "RFC 6143 §7.5.1",
                format!("it asked for another pixel format than its profile's {}", self.layout.name()),
            );
        }
        Ok(None)
    }

    pub(super) fn set_encodings(&mut self) -> Event {
        let Some(count) = self.input.peek_u16(2).map(usize::from) else { return Ok(None) };
        if count > wire::ENCODINGS_MAX {
            return broken("RFC 6143 §7.5.2", format!("it announced {count} encodings"));
        }
        let Some(numbers) = self.input.take_behind(4, count * 4) else { return Ok(None) };
        let mut announced = ClientEncodings::default();
        for number in numbers.chunks_exact(4) {
            let number = number.try_into().map_or(0, i32::from_be_bytes);
            match Encoding::from_number(number) {
                Some(Encoding::SealedRaw) => announced.sealed_raw = true,
                Some(Encoding::SealedTile) => announced.sealed_tile = true,
                Some(Encoding::Outline) => announced.outline = true,
                Some(Encoding::DesktopSize) => announced.desktop_size = true,
                Some(Encoding::LastRect) => announced.last_rect = true,
                Some(Encoding::Raw) | None => {}
            }
        }
        self.encodings = announced;
        Ok(Some(ServerEvent::SetEncodings(announced)))
    }

    pub(super) fn update_request(&mut self) -> Event {
        let Some([_, incremental, x0, x1, y0, y1, w0, w1, h0, h1]) = self.input.take_array::<10>() else {
            return Ok(None);
        };
        self.requested = true;
        let rect = Rect {
            x: u16::from_be_bytes([x0, x1]),
            y: u16::from_be_bytes([y0, y1]),
            width: u16::from_be_bytes([w0, w1]),
            height: u16::from_be_bytes([h0, h1]),
        };
        let rect = rect.clipped(self.width, self.height);
        Ok(Some(ServerEvent::UpdateRequest { incremental: incremental != 0, rect }))
    }

    pub(super) fn key(&mut self) -> Event {
        let Some([_, down, _, _, k0, k1, k2, k3]) = self.input.take_array::<8>() else { return Ok(None) };
        Ok(Some(ServerEvent::Key { keysym: u32::from_be_bytes([k0, k1, k2, k3]), down: down != 0 }))
    }

    pub(super) fn pointer(&mut self) -> Event {
        let Some([_, buttons, x0, x1, y0, y1]) = self.input.take_array::<6>() else { return Ok(None) };
        let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
        Ok(Some(ServerEvent::Pointer { buttons, x, y }))
    }

    pub(super) fn cut_text(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        if length > wire::CUT_TEXT_BYTES_MAX {
            return broken("RFC 6143 §7.5.6", format!("it cut a text of {length} bytes"));
        }
        let _skipped = self.input.take_behind(8, length);
        Ok(None)
    }

    pub(super) fn sealed_input(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        if length > wire::INPUT_UNIT_BYTES_MAX {
            return broken("docs/protocol.md, Sealed input", format!("its sealed input has {length} bytes"));
        }
        // Not one byte of the message may be changed unnoticed on its way.
        if !matches!(self.input.peek_array(), Some([_, 0, 0, 0])) {
            return broken("docs/protocol.md, Sealed input", "the padding of its sealed input is not zero");
        }
        Ok(self.input.take_behind(8, length).map(ServerEvent::SealedInput))
    }
}
