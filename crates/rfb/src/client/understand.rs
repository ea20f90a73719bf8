//! What the server says: handshake (RFC 6143 §7.1 to §7.3) and messages (§7.6).

use super::{Announced, Client, ClientEvent, Event, RectangleIn, State, broken};
use crate::error::ProtocolError;
use crate::wire::{self, CAPABILITY_BYTES, Capability};
use crate::{Encoding, Rect};

const TIGHT: &str = "rfbproto, Tight Security Type";
const UPDATE: &str = "RFC 6143 §7.6.1";

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Client {
    // The handshake, RFC 6143 §7.1 to §7.3.

    pub(super) fn version(&mut self) -> Event {
        let Some(banner) = self.input.take_array::<12>() else { return Ok(None) };
        if &banner != wire::BANNER {
            let said = banner.escape_ascii().to_string();
            return broken(
                "RFC 6143 §7.1.1",
                format!("it speaks \"{said}\" where \"RFB 003.008\" is needed"),
            );
        }
        self.output.extend_from_slice(wire::BANNER);
        self.state = State::Security;
        Ok(None)
    }

    pub(super) fn security(&mut self) -> Event {
        let Some([count]) = self.input.peek_array::<1>() else { return Ok(None) };
        let Some(types) = self.input.take_behind(1, usize::from(count)) else { return Ok(None) };
        if types.is_empty() {
            self.state = State::SecurityReason;
            return Ok(None);
        }
        let (wanted, next) = match self.options.plain {
            true => (wire::SECURITY_NONE, State::SecurityResult),
            false => (wire::SECURITY_TIGHT, State::Tunnels),
        };
        if !types.contains(&wanted) {
            return broken(
                "RFC 6143 §7.1.2",
                format!("it offers the security types {types:?} without {wanted}"),
            );
        }
        self.output.push(wanted);
        self.state = next;
        Ok(None)
    }

    /// A reason behind `head` bytes: the connection is refused.
    pub(super) fn reason(&mut self, head: usize) -> Event {
        let Some(length) = self.input.peek_u32(head).map(size) else { return Ok(None) };
        if length > wire::REASON_BYTES_MAX {
            return broken("RFC 6143 §7.1.3", format!("its reason for refusing has {length} bytes"));
        }
        let Some(reason) = self.input.take_behind(head + 4, length) else { return Ok(None) };
        self.state = State::Closed;
        self.input.clear();
        Ok(Some(ClientEvent::Refused(String::from_utf8_lossy(&reason).into_owned())))
    }

    /// `count` capabilities behind `head` bytes, taken.
    fn take_capabilities(
        &mut self,
        head: usize,
        count: usize,
    ) -> Result<Option<Vec<Capability>>, ProtocolError> {
        if count > wire::CAPABILITIES_MAX {
            return broken(TIGHT, format!("it announces {count} capabilities"));
        }
        let Some(bytes) = self.input.take_behind(head, count * CAPABILITY_BYTES) else { return Ok(None) };
        Ok(Some(bytes.chunks_exact(CAPABILITY_BYTES).filter_map(Capability::read).collect()))
    }

    pub(super) fn tunnels(&mut self) -> Event {
        let Some(count) = self.input.peek_u32(0).map(size) else { return Ok(None) };
        let Some(tunnels) = self.take_capabilities(4, count)? else { return Ok(None) };
        if !tunnels.is_empty() {
            // "No tunnel" is code 0 of vendor TGHT; where tunnels are offered it must be among them.
            if !tunnels.iter().any(|tunnel| tunnel.code == 0) {
                return broken(TIGHT, "it demands a tunnel");
            }
            self.output.extend_from_slice(&0u32.to_be_bytes());
        }
        self.state = State::Authentication;
        Ok(None)
    }

    pub(super) fn authentication(&mut self) -> Event {
        let Some(count) = self.input.peek_u32(0).map(size) else { return Ok(None) };
        let Some(offered) = self.take_capabilities(4, count)? else { return Ok(None) };
        let Some(ours) = offered.into_iter().find(|offer| offer.is(wire::AUTH_OPAQUE_SIGNATURE)) else {
            return broken(TIGHT, "it does not offer the login of ThinPay (TNPY OPAQUE_1)");
        };
        self.output.extend_from_slice(&ours.code.to_be_bytes());
        self.state = State::Login { frames: 0 };
        Ok(Some(ClientEvent::LoginOffered))
    }

    pub(super) fn login(&mut self, frames: usize) -> Event {
        let section = "docs/protocol.md, Login";
        let Some(length) = self.input.peek_u32(0).map(size) else { return Ok(None) };
        if length < wire::LOGIN_FRAME_BYTES_MIN {
            return self.security_result();
        }
        if length > wire::LOGIN_FRAME_BYTES_MAX {
            return broken(section, format!("its login frame has {length} bytes"));
        }
        if frames >= wire::LOGIN_FRAMES_MAX {
            return broken(section, format!("it sent more than {} login frames", wire::LOGIN_FRAMES_MAX));
        }
        let Some(frame) = self.input.take_behind(4, length) else { return Ok(None) };
        self.state = State::Login { frames: frames + 1 };
        Ok(Some(ClientEvent::LoginMessage(frame)))
    }

    pub(super) fn security_result(&mut self) -> Event {
        match self.input.peek_u32(0) {
            None => Ok(None),
            Some(0) => {
                self.input.consume(4);
                self.output.push(u8::from(self.options.shared));
                self.state = State::ServerInit;
                Ok(None)
            }
            // 2 is "failed, too many attempts" (rfbproto).
            Some(1 | 2) => self.reason(4),
            Some(other) => broken("RFC 6143 §7.1.3", format!("its SecurityResult is {other}")),
        }
    }

    pub(super) fn server_init(&mut self) -> Event {
        let section = "RFC 6143 §7.3.2";
        let Some(length) = self.input.peek_u32(20).map(size) else { return Ok(None) };
        if length > wire::NAME_BYTES_MAX {
            return broken(section, format!("its name has {length} bytes"));
        }
        let Some(head) = self.input.peek_array::<24>() else { return Ok(None) };
        let Some(name) = self.input.take_behind(24, length) else { return Ok(None) };
        let [w0, w1, h0, h1, format @ .., _, _, _, _] = head;
        let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
        self.layout = match wire::layout_of(&format) {
            Some(layout) => layout,
            None => return broken(section, "its pixel format is none that a profile names"),
        };
        self.set_size(section, width, height)?;
        self.name = String::from_utf8_lossy(&name).into_owned();
        if self.options.plain {
            return Ok(Some(self.initialised()));
        }
        self.state = State::Capabilities;
        Ok(None)
    }

    fn set_size(&mut self, section: &'static str, width: u16, height: u16) -> Result<(), ProtocolError> {
        let fits = |side: u16| (1..=wire::SIDE_MAX).contains(&side);
        let bytes = Rect::of_size(width, height).area() * self.layout.bytes_per_pixel();
        if !fits(width) || !fits(height) || bytes > profile::PICTURE_BYTES_MAX {
            return broken(section, format!("its framebuffer is {width} by {height}"));
        }
        (self.width, self.height) = (width, height);
        Ok(())
    }

    fn initialised(&mut self) -> ClientEvent {
        self.state = State::Running;
        ClientEvent::Initialised {
            width: self.width,
            height: self.height,
            layout: self.layout,
            name: std::mem::take(&mut self.name),
        }
    }

    pub(super) fn capabilities(&mut self) -> Event {
        let Some([s0, s1, c0, c1, e0, e1, _, _]) = self.input.peek_array::<8>() else { return Ok(None) };
        let servers = usize::from(u16::from_be_bytes([s0, s1]));
        let clients = usize::from(u16::from_be_bytes([c0, c1]));
        let encodings = usize::from(u16::from_be_bytes([e0, e1]));
        let Some(all) = self.take_capabilities(8, servers + clients + encodings)? else { return Ok(None) };
        let (from_server, rest) = all.split_at_checked(servers).unwrap_or_default();
        let (from_client, encodings) = rest.split_at_checked(clients).unwrap_or_default();
        let code = |list: &[Capability], signature| {
            list.iter().find(|capability| capability.is(signature)).map(|capability| capability.code)
        };
        // A message's number is one byte, and RFC 6143's own numbers keep their meaning.
        let message = |list: &[Capability], signature| {
            code(list, signature).and_then(|code| u8::try_from(code).ok()).filter(|code| *code > 6)
        };
        let (Some(control), Some(input)) =
            (message(from_server, wire::SIGNATURE_CONTROL), message(from_client, wire::SIGNATURE_INPUT))
        else {
            return broken(TIGHT, "it announces no sealed control or no sealed input");
        };
        let own = |signature| code(encodings, signature).filter(|code| Encoding::is_free(*code));
        let (Some(raw), Some(tile)) = (own(wire::SIGNATURE_RAW), own(wire::SIGNATURE_TILE)) else {
            return broken(TIGHT, "it announces no sealed pictures or no sealed tiles");
        };
        let outline = own(wire::SIGNATURE_OUTLINE);
        self.announced = Some(Announced { control, input, raw, tile, outline });
        Ok(Some(self.initialised()))
    }

    // Messages, RFC 6143 §7.6.

    pub(super) fn message(&mut self) -> Event {
        let Some([kind]) = self.input.peek_array::<1>() else { return Ok(None) };
        match (kind, self.announced) {
            (0, _) => {
                let Some([_, padding, c0, c1]) = self.input.take_array::<4>() else { return Ok(None) };
                // In a sealed session not one byte may be changed unnoticed on its way.
                if padding != 0 && self.announced.is_some() {
                    return broken("docs/protocol.md, Messages", "the padding of its update is not zero");
                }
                let left = u16::from_be_bytes([c0, c1]);
                self.state = State::Update { left, counted: left != u16::MAX };
                Ok(None)
            }
            (1, None) => self.colour_map(),
            (2, _) => {
                self.input.consume(1);
                Ok(Some(ClientEvent::Bell))
            }
            (3, None) => self.cut_text(),
            (kind, Some(announced)) if kind == announced.control => self.sealed_control(),
            (1, Some(_)) => broken("RFC 6143 §7.6.2", "it changed the colour map of a sealed session"),
            (3, Some(_)) => broken("RFC 6143 §7.6.4", "it cut text that is not sealed"),
            (other, _) => broken("RFC 6143 §7.6", format!("it sent a message of unknown type {other}")),
        }
    }

    /// The plain embodiment's grey ramp: read and not kept, since entry i is grey i.
    fn colour_map(&mut self) -> Event {
        let Some(count) = self.input.peek_u16(4).map(usize::from) else { return Ok(None) };
        if count > 256 {
            return broken("RFC 6143 §7.6.2", format!("it sets {count} colours of 256"));
        }
        let _skipped = self.input.take_behind(6, count * 6);
        Ok(None)
    }

    fn cut_text(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).map(size) else { return Ok(None) };
        if length > wire::CUT_TEXT_BYTES_MAX {
            return broken("RFC 6143 §7.6.4", format!("it cut a text of {length} bytes"));
        }
        let _skipped = self.input.take_behind(8, length);
        Ok(None)
    }

    fn sealed_control(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).map(size) else { return Ok(None) };
        if length > wire::CONTROL_UNIT_BYTES_MAX {
            return broken(
                "docs/protocol.md, Sealed control",
                format!("its sealed control has {length} bytes"),
            );
        }
        if !matches!(self.input.peek_array(), Some([_, 0, 0, 0])) {
            return broken(
                "docs/protocol.md, Sealed control",
                "the padding of its sealed control is not zero",
            );
        }
        Ok(self.input.take_behind(8, length).map(ClientEvent::SealedControl))
    }

    fn encoding(&self, number: i32) -> Option<Encoding> {
        match self.announced {
            None => Encoding::from_number(number)
                .filter(|known| matches!(known, Encoding::Raw | Encoding::DesktopSize | Encoding::LastRect)),
            Some(announced) => [
                (announced.raw, Encoding::SealedRaw),
                (announced.tile, Encoding::SealedTile),
                (Encoding::DesktopSize.number(), Encoding::DesktopSize),
                (Encoding::LastRect.number(), Encoding::LastRect),
            ]
            .into_iter()
            .find(|(announced, _)| *announced == number)
            .map(|(_, encoding)| encoding),
        }
        .filter(|encoding| *encoding == Encoding::Raw || self.used.contains(encoding))
    }

    pub(super) fn rectangle(&mut self, left: u16, counted: bool) -> Event {
        if left == 0 && counted {
            self.state = State::Running;
            return Ok(Some(ClientEvent::UpdateEnd));
        }
        let Some([x0, x1, y0, y1, w0, w1, h0, h1, number @ ..]) = self.input.peek_array::<12>() else {
            return Ok(None);
        };
        let rect = Rect {
            x: u16::from_be_bytes([x0, x1]),
            y: u16::from_be_bytes([y0, y1]),
            width: u16::from_be_bytes([w0, w1]),
            height: u16::from_be_bytes([h0, h1]),
        };
        let number = i32::from_be_bytes(number);
        let next = State::Update { left: if counted { left - 1 } else { left }, counted };
        let encoding = match self.encoding(number) {
            Some(encoding) => encoding,
            None => {
                return broken(UPDATE, format!("it sent encoding {number:#010x}, which was not asked for"));
            }
        };
        let length = match encoding {
            Encoding::LastRect => {
                self.input.consume(12);
                self.state = State::Running;
                return Ok(Some(ClientEvent::UpdateEnd));
            }
            Encoding::DesktopSize => {
                self.set_size("RFC 6143 §7.8.2", rect.width, rect.height)?;
                self.input.consume(12);
                self.state = next;
                return Ok(Some(ClientEvent::Resized { width: rect.width, height: rect.height }));
            }
            _ if !rect.is_within(self.width, self.height) => {
                return broken(UPDATE, format!("its rectangle {rect:?} leaves the framebuffer"));
            }
            Encoding::Raw => rect.area() * self.layout.bytes_per_pixel(),
            sealed => {
                let Some(length) = self.input.peek_u32(12).map(size) else { return Ok(None) };
                match wire::sealed_unit_bytes_max(sealed, rect.area(), self.layout) {
                    Some(most) if length <= most => length,
                    _ => return broken(UPDATE, format!("its sealed rectangle {rect:?} has {length} bytes")),
                }
            }
        };
        let head = if encoding == Encoding::Raw { 12 } else { 16 };
        let Some(data) = self.input.take_behind(head, length) else { return Ok(None) };
        self.state = next;
        Ok(Some(ClientEvent::Rectangle(RectangleIn { rect, encoding, data })))
    }
}
