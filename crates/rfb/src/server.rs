//! The server's end of a connection: the one with the framebuffer.
//!
//! ```text
//! Version -> Security -> [sealed: TightAuthentication -> Login] -> ClientInit -> Waiting -> Running
//!                        [plain: None]
//! ```

use profile::PixelLayout;

use crate::buffer::Buffer;
use crate::error::{Misuse, Peer, ProtocolError};
use crate::wire::{self, Capability};
use crate::{Encoding, Rect};

/// What a stock viewer is told when it picks security type None on a sealed server.
pub const STOCK_VIEWER_REASON: &str = "This server shows payments to enrolled ThinPay terminals only; \
    a general VNC viewer cannot sign in. Use thinpay-terminal or the server's web page.";

/// How a server is made.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The desktop's name, told after login; cut to [`wire::NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// The plain embodiment of R42: no login, no sealing. For loopback and tests only.
    pub plain: bool,
}

/// What the client did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// A login frame: [`Server::send_login`], [`Server::accept`] or [`Server::refuse`] answers.
    LoginMessage(Vec<u8>),
    /// The client is through the handshake: [`Server::init`] answers.
    Ready {
        /// Whether it leaves other clients of the same desktop connected.
        shared: bool,
    },
    /// What the client understands; replaces what it said before.
    SetEncodings(ClientEncodings),
    /// The client wants an update.
    UpdateRequest {
        /// Only what changed since the last one.
        incremental: bool,
        /// Which part, clipped to the framebuffer.
        rect: Rect,
    },
    /// A unit of the input stream.
    SealedInput(Vec<u8>),
    /// Plain embodiment: a key goes down or up.
    Key {
        /// X11 keysym.
        keysym: u32,
        /// Whether it goes down.
        down: bool,
    },
    /// Plain embodiment: the pointer is somewhere.
    Pointer {
        /// Bit 0 is the left button.
        buttons: u8,
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
    },
}

/// Which of our encodings a client announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientEncodings {
    /// Sealed pictures.
    pub sealed_raw: bool,
    /// Sealed tiles.
    pub sealed_tile: bool,
    /// Outlines beside the picture.
    pub outline: bool,
    /// A framebuffer that changes its size.
    pub desktop_size: bool,
    /// Updates that end by a marker.
    pub last_rect: bool,
}

/// One rectangle of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RectangleOut {
    /// Where it goes.
    pub rect: Rect,
    /// [`Encoding::SealedRaw`] or [`Encoding::SealedTile`]; [`Encoding::Raw`] in the plain embodiment.
    pub encoding: Encoding,
    /// The sealed unit, or the pixels.
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Version,
    Security,
    TightAuthentication,
    Login { frames: usize },
    ClientInit,
    Waiting,
    Running,
    Closed,
}

/// The server's end of one connection.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    state: State,
    input: Buffer,
    output: Vec<u8>,
    failed: Option<ProtocolError>,
    refusal: Option<String>,
    width: u16,
    height: u16,
    layout: PixelLayout,
    encodings: ClientEncodings,
    requested: bool,
    open_update: bool,
}

type Event = Result<Option<ServerEvent>, ProtocolError>;

fn broken<T>(section: &'static str, what: impl Into<String>) -> Result<T, ProtocolError> {
    Err(ProtocolError { peer: Peer::Client, section, what: what.into() })
}

impl Server {
    /// A server that has said its version and waits for the client's.
    #[must_use]
    pub fn new(options: ServerOptions) -> Self {
        Self {
            options,
            state: State::Version,
            input: Buffer::default(),
            output: wire::BANNER.to_vec(),
            failed: None,
            refusal: None,
            width: 0,
            height: 0,
            layout: PixelLayout::Rgb888,
            encodings: ClientEncodings::default(),
            requested: false,
            open_update: false,
        }
    }

    /// Takes bytes from the client. Call [`Server::poll`] until it answers `None` behind each.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.state != State::Closed && self.failed.is_none() {
            self.input.push(bytes);
        }
    }

    /// Bytes to send to the client; also after an error, since a refusal may be among them.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the last word has been said: send the output, then close the connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed || self.failed.is_some()
    }

    /// Whether an update may be sent: the client asked, and nothing was sent since.
    #[must_use]
    pub const fn update_requested(&self) -> bool {
        self.requested
    }

    /// What the client last said that it understands.
    #[must_use]
    pub const fn encodings(&self) -> ClientEncodings {
        self.encodings
    }

    /// The next thing that the client did; `None` when more bytes are needed, or an answer of ours.
    ///
    /// # Errors
    /// [`ProtocolError`]: the client broke the protocol. Every later call answers the same.
    pub fn poll(&mut self) -> Event {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            let before = (self.state, self.input.len());
            let event = match self.state {
                State::Version => self.version(),
                State::Security => self.security(),
                State::TightAuthentication => self.tight_authentication(),
                State::Login { frames } => self.login(frames),
                State::ClientInit => self.client_init(),
                State::Waiting => self.waiting(),
                State::Running => self.message(),
                State::Closed => Ok(None),
            };
            match event {
                Ok(None) if (self.state, self.input.len()) != before => {}
                Ok(event) => return Ok(event),
                Err(error) => {
                    self.input.clear();
                    self.failed = Some(error.clone());
                    return Err(error);
                }
            }
        }
    }

    // The handshake, RFC 6143 §7.1 to §7.3.

    fn version(&mut self) -> Event {
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

    fn security(&mut self) -> Event {
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

    fn tight_authentication(&mut self) -> Event {
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

    fn login(&mut self, frames: usize) -> Event {
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

    fn client_init(&mut self) -> Event {
        let Some([shared]) = self.input.take_array::<1>() else { return Ok(None) };
        self.state = State::Waiting;
        Ok(Some(ServerEvent::Ready { shared: shared != 0 }))
    }

    fn waiting(&self) -> Event {
        if self.input.len() > wire::WAITING_BYTES_MAX {
            return broken("RFC 6143 §7.3.2", "it sends without end before ServerInit");
        }
        Ok(None)
    }

    // Messages, RFC 6143 §7.5.

    fn message(&mut self) -> Event {
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

    fn set_pixel_format(&mut self) -> Event {
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

    fn set_encodings(&mut self) -> Event {
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

    fn update_request(&mut self) -> Event {
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

    fn key(&mut self) -> Event {
        let Some([_, down, _, _, k0, k1, k2, k3]) = self.input.take_array::<8>() else { return Ok(None) };
        Ok(Some(ServerEvent::Key { keysym: u32::from_be_bytes([k0, k1, k2, k3]), down: down != 0 }))
    }

    fn pointer(&mut self) -> Event {
        let Some([_, buttons, x0, x1, y0, y1]) = self.input.take_array::<6>() else { return Ok(None) };
        let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
        Ok(Some(ServerEvent::Pointer { buttons, x, y }))
    }

    fn cut_text(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        if length > wire::CUT_TEXT_BYTES_MAX {
            return broken("RFC 6143 §7.5.6", format!("it cut a text of {length} bytes"));
        }
        let _skipped = self.input.take_behind(8, length);
        Ok(None)
    }

    fn sealed_input(&mut self) -> Event {
        let Some(length) = self.input.peek_u32(4).and_then(|length| usize::try_from(length).ok()) else {
            return Ok(None);
        };
        if length > wire::INPUT_UNIT_BYTES_MAX {
            return broken("docs/protocol.md, Sealed input", format!("its sealed input has {length} bytes"));
        }
        Ok(self.input.take_behind(8, length).map(ServerEvent::SealedInput))
    }

    // What the server says.

    fn push_reason(&mut self, reason: &str) {
        let reason = wire::cut(reason, wire::REASON_BYTES_MAX);
        self.output.extend_from_slice(&wire::length(reason.len()));
        self.output.extend_from_slice(reason.as_bytes());
    }

    /// Refuses every client before any security type is offered, with a reason that stock viewers show. To be
    /// called before the client's version has come; the refusal follows it.
    ///
    /// # Errors
    /// [`Misuse`] when the security types are out already; then [`Server::refuse`] is the way.
    pub fn refuse_before_security(&mut self, reason: &str) -> Result<(), Misuse> {
        if self.state != State::Version {
            return Err(Misuse("the security types are offered already"));
        }
        self.refusal = Some(reason.to_owned());
        Ok(())
    }

    /// Sends a login frame of [`wire::LOGIN_FRAME_BYTES_MIN`] to [`wire::LOGIN_FRAME_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Misuse`]: not during login, or a frame of another length.
    pub fn send_login(&mut self, frame: &[u8]) -> Result<(), Misuse> {
        self.in_login()?;
        push_login(&mut self.output, frame)
    }

    /// Ends the login well: SecurityResult OK (RFC 6143 §7.1.3).
    ///
    /// # Errors
    /// [`Misuse`]: not during login.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        self.in_login()?;
        self.output.extend_from_slice(&0u32.to_be_bytes());
        self.state = State::ClientInit;
        Ok(())
    }

    /// Ends the login and the connection: SecurityResult failed, with a reason (RFC 6143 §7.1.3).
    ///
    /// # Errors
    /// [`Misuse`]: not during login.
    pub fn refuse(&mut self, reason: &str) -> Result<(), Misuse> {
        self.in_login()?;
        self.output.extend_from_slice(&1u32.to_be_bytes());
        self.push_reason(reason);
        self.state = State::Closed;
        self.input.clear();
        Ok(())
    }

    fn in_login(&self) -> Result<(), Misuse> {
        match self.state {
            State::Login { .. } if self.failed.is_none() => Ok(()),
            _ => Err(Misuse("there is no login under way")),
        }
    }

    /// Answers [`ServerEvent::Ready`]: ServerInit (RFC 6143 §7.3.2) and, on a sealed server, our capabilities.
    ///
    /// # Errors
    /// [`Misuse`]: not now, or a framebuffer without area or above [`wire::SIDE_MAX`].
    pub fn init(&mut self, width: u16, height: u16, layout: PixelLayout) -> Result<(), Misuse> {
        if self.state != State::Waiting || self.failed.is_some() {
            return Err(Misuse("ServerInit goes out once, behind ClientInit"));
        }
        check_size(width, height)?;
        (self.width, self.height, self.layout) = (width, height, layout);
        self.output.extend_from_slice(&width.to_be_bytes());
        self.output.extend_from_slice(&height.to_be_bytes());
        self.output.extend_from_slice(&wire::pixel_format(layout));
        let name = wire::cut(&self.options.name, wire::NAME_BYTES_MAX);
        self.output.extend_from_slice(&wire::length(name.len()));
        self.output.extend_from_slice(name.as_bytes());
        if self.options.plain {
            if layout == PixelLayout::Grey8 {
                push_grey_map(&mut self.output);
            }
        } else {
            // One message from the server, one from the client, three encodings, padding.
            self.output.extend_from_slice(&[0, 1, 0, 1, 0, 3, 0, 0]);
            for capability in [
                Capability::ours(i32::from(wire::MESSAGE_SEALED_CONTROL), wire::SIGNATURE_CONTROL),
                Capability::ours(i32::from(wire::MESSAGE_SEALED_INPUT), wire::SIGNATURE_INPUT),
                Capability::ours(wire::ENCODING_SEALED_RAW, wire::SIGNATURE_RAW),
                Capability::ours(wire::ENCODING_SEALED_TILE, wire::SIGNATURE_TILE),
                Capability::ours(wire::ENCODING_OUTLINE, wire::SIGNATURE_OUTLINE),
            ] {
                capability.write(&mut self.output);
            }
        }
        self.state = State::Running;
        Ok(())
    }

    /// Sends one framebuffer update (RFC 6143 §7.6.1). It answers the client's request, so one must be open
    /// ([`Server::update_requested`]).
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for; a rectangle outside the framebuffer, in an encoding that this
    /// embodiment does not send or the client did not announce, or with data of the wrong length. Nothing
    /// is sent then.
    pub fn update(&mut self, rectangles: &[RectangleOut]) -> Result<(), Misuse> {
        self.may_update()?;
        let count = u16::try_from(rectangles.len()).ok().filter(|count| *count < u16::MAX);
        let count = count.ok_or(Misuse("an update has more rectangles than its count can say"))?;
        for rectangle in rectangles {
            self.check(rectangle)?;
        }
        self.output.extend_from_slice(&[0, 0]);
        self.output.extend_from_slice(&count.to_be_bytes());
        for rectangle in rectangles {
            push_rectangle(&mut self.output, rectangle);
        }
        self.requested = false;
        Ok(())
    }

    /// Begins an update whose number of rectangles is not known yet; [`Server::update_rectangle`] adds one,
    /// [`Server::update_end`] ends it by LastRect. Only to a client that announced LastRect.
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for, or the client does not know LastRect.
    pub fn update_begin(&mut self) -> Result<(), Misuse> {
        self.may_update()?;
        if !self.encodings.last_rect {
            return Err(Misuse("the client does not know LastRect"));
        }
        self.output.extend_from_slice(&[0, 0, 0xff, 0xff]);
        self.open_update = true;
        Ok(())
    }

    /// Adds a rectangle to the update that [`Server::update_begin`] began.
    ///
    /// # Errors
    /// [`Misuse`]: none was begun, or the rectangle is wrong as for [`Server::update`].
    pub fn update_rectangle(&mut self, rectangle: &RectangleOut) -> Result<(), Misuse> {
        if !self.open_update {
            return Err(Misuse("no update was begun"));
        }
        self.check(rectangle)?;
        push_rectangle(&mut self.output, rectangle);
        Ok(())
    }

    /// Ends the update that [`Server::update_begin`] began.
    ///
    /// # Errors
    /// [`Misuse`]: none was begun.
    pub fn update_end(&mut self) -> Result<(), Misuse> {
        if !self.open_update {
            return Err(Misuse("no update was begun"));
        }
        push_head(&mut self.output, Rect::of_size(0, 0), Encoding::LastRect);
        (self.open_update, self.requested) = (false, false);
        Ok(())
    }

    /// Tells that the framebuffer has another size (RFC 6143 §7.8.2), as an update of its own. Everything must
    /// be sent again behind it.
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for, the client did not announce DesktopSize, or the size is out of bounds.
    pub fn resize(&mut self, width: u16, height: u16) -> Result<(), Misuse> {
        self.may_update()?;
        if !self.encodings.desktop_size {
            return Err(Misuse("the client does not know DesktopSize"));
        }
        check_size(width, height)?;
        self.output.extend_from_slice(&[0, 0, 0, 1]);
        push_head(&mut self.output, Rect::of_size(width, height), Encoding::DesktopSize);
        (self.width, self.height, self.requested) = (width, height, false);
        Ok(())
    }

    /// Sends a unit of the control stream.
    ///
    /// # Errors
    /// [`Misuse`]: not running, in the plain embodiment, inside an open update, or above
    /// [`wire::CONTROL_UNIT_BYTES_MAX`].
    pub fn sealed_control(&mut self, unit: &[u8]) -> Result<(), Misuse> {
        self.running()?;
        if self.options.plain {
            return Err(Misuse("the plain embodiment has no control stream"));
        }
        if unit.len() > wire::CONTROL_UNIT_BYTES_MAX {
            return Err(Misuse("the control unit is too long"));
        }
        self.output.extend_from_slice(&[wire::MESSAGE_SEALED_CONTROL, 0, 0, 0]);
        self.output.extend_from_slice(&wire::length(unit.len()));
        self.output.extend_from_slice(unit);
        Ok(())
    }

    /// Rings the terminal's bell (RFC 6143 §7.6.3).
    ///
    /// # Errors
    /// [`Misuse`]: not running, or inside an open update.
    pub fn bell(&mut self) -> Result<(), Misuse> {
        self.running()?;
        self.output.push(2);
        Ok(())
    }

    fn running(&self) -> Result<(), Misuse> {
        if self.state != State::Running || self.failed.is_some() {
            return Err(Misuse("the connection is not running"));
        }
        if self.open_update {
            return Err(Misuse("an update is open"));
        }
        Ok(())
    }

    fn may_update(&self) -> Result<(), Misuse> {
        self.running()?;
        if !self.requested {
            return Err(Misuse("the client did not ask for an update (RFC 6143 §7.5.3)"));
        }
        Ok(())
    }

    fn check(&self, rectangle: &RectangleOut) -> Result<(), Misuse> {
        if !rectangle.rect.is_within(self.width, self.height) {
            return Err(Misuse("a rectangle lies outside the framebuffer"));
        }
        let area = rectangle.rect.area();
        match rectangle.encoding {
            Encoding::Raw if !self.options.plain => Err(Misuse("a sealed server never sends plain pixels")),
            Encoding::Raw if rectangle.data.len() != area * self.layout.bytes_per_pixel() => {
                Err(Misuse("a raw rectangle's pixels do not fit its size"))
            }
            Encoding::Raw => Ok(()),
            _ if self.options.plain => Err(Misuse("the plain embodiment sends raw rectangles only")),
            Encoding::SealedRaw if !self.encodings.sealed_raw => {
                Err(Misuse("the client did not announce sealed pictures"))
            }
            Encoding::SealedTile if !self.encodings.sealed_tile => {
                Err(Misuse("the client did not announce sealed tiles"))
            }
            encoding => match wire::sealed_unit_bytes_max(encoding, area, self.layout) {
                Some(most) if rectangle.data.len() <= most => Ok(()),
                Some(_) => Err(Misuse("a sealed rectangle is longer than its size allows")),
                None => Err(Misuse("a pseudo-encoding carries no rectangle")),
            },
        }
    }
}

fn check_size(width: u16, height: u16) -> Result<(), Misuse> {
    let fits = |side: u16| (1..=wire::SIDE_MAX).contains(&side);
    if fits(width) && fits(height) {
        return Ok(());
    }
    Err(Misuse("the framebuffer has no area, or a side above its bound"))
}

fn push_head(out: &mut Vec<u8>, rect: Rect, encoding: Encoding) {
    for number in [rect.x, rect.y, rect.width, rect.height] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&encoding.number().to_be_bytes());
}

fn push_rectangle(out: &mut Vec<u8>, rectangle: &RectangleOut) {
    push_head(out, rectangle.rect, rectangle.encoding);
    if rectangle.encoding != Encoding::Raw {
        out.extend_from_slice(&wire::length(rectangle.data.len()));
    }
    out.extend_from_slice(&rectangle.data);
}

/// SetColourMapEntries (RFC 6143 §7.6.2): entry i is grey i.
fn push_grey_map(out: &mut Vec<u8>) {
    out.extend_from_slice(&[1, 0, 0, 0, 1, 0]);
    for grey in 0..=255u8 {
        out.extend_from_slice(&[grey; 6]);
    }
}

/// A login frame, from either end.
pub(crate) fn push_login(out: &mut Vec<u8>, frame: &[u8]) -> Result<(), Misuse> {
    if !(wire::LOGIN_FRAME_BYTES_MIN..=wire::LOGIN_FRAME_BYTES_MAX).contains(&frame.len()) {
        return Err(Misuse("a login frame is shorter or longer than one may be"));
    }
    out.extend_from_slice(&wire::length(frame.len()));
    out.extend_from_slice(frame);
    Ok(())
}
