//! The client's end of a connection: the one with the display.
//!
//! ```text
//! Version -> Security -> [sealed: Tunnels -> Authentication -> Login] -> ServerInit -> [Capabilities] -> Running
//!                        [plain: Result]
//! ```

mod say;
mod understand;

use profile::PixelLayout;

use crate::buffer::Buffer;
use crate::error::{Peer, ProtocolError};
use crate::{Encoding, Rect};

/// How a client is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientOptions {
    /// The plain embodiment of R42: no login, no sealing. For loopback and tests only.
    pub plain: bool,
    /// Whether other clients of the same desktop stay connected.
    pub shared: bool,
}

/// What the server did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The server takes our login: [`Client::send_login`] begins it.
    LoginOffered,
    /// A login frame.
    LoginMessage(Vec<u8>),
    /// The login, or the connection, is refused; nothing follows. The reason is the server's, for people.
    Refused(String),
    /// The login is done and the framebuffer known: announce encodings, then ask for updates.
    Initialised {
        /// In pixels or cells.
        width: u16,
        /// In pixels or cells.
        height: u16,
        /// The layout of its pixels.
        layout: PixelLayout,
        /// The desktop's name.
        name: String,
    },
    /// One rectangle of an update.
    Rectangle(RectangleIn),
    /// The update is complete.
    UpdateEnd,
    /// The framebuffer has another size; its content is gone.
    Resized {
        /// In pixels or cells.
        width: u16,
        /// In pixels or cells.
        height: u16,
    },
    /// A unit of the control stream.
    SealedControl(Vec<u8>),
    /// Ring the bell.
    Bell,
}

/// One rectangle of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RectangleIn {
    /// Where it goes; always inside the framebuffer.
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
    SecurityReason,
    Tunnels,
    Authentication,
    Login { frames: usize },
    SecurityResult,
    ServerInit,
    Capabilities,
    Running,
    Update { left: u16, counted: bool },
    Closed,
}

/// The numbers that the server announced.
#[derive(Debug, Clone, Copy)]
struct Announced {
    control: u8,
    input: u8,
    raw: i32,
    tile: i32,
    outline: Option<i32>,
}

/// The client's end of one connection.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    state: State,
    input: Buffer,
    output: Vec<u8>,
    failed: Option<ProtocolError>,
    width: u16,
    height: u16,
    layout: PixelLayout,
    name: String,
    announced: Option<Announced>,
    used: Vec<Encoding>,
}

type Event = Result<Option<ClientEvent>, ProtocolError>;

fn broken<T>(section: &'static str, what: impl Into<String>) -> Result<T, ProtocolError> {
    Err(ProtocolError { peer: Peer::Server, section, what: what.into() })
}

impl Client {
    /// A client that waits for the server's version.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        Self {
            options,
            state: State::Version,
            input: Buffer::default(),
            output: Vec::new(),
            failed: None,
            width: 0,
            height: 0,
            layout: PixelLayout::Rgb888,
            name: String::new(),
            announced: None,
            used: Vec::new(),
        }
    }

    /// Takes bytes from the server. Call [`Client::poll`] until it answers `None` behind each.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.state != State::Closed && self.failed.is_none() {
            self.input.push(bytes);
        }
    }

    /// Bytes to send to the server.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the last word has been said.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed || self.failed.is_some()
    }

    /// The next thing that the server did; `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`ProtocolError`]: the server broke the protocol. Every later call answers the same.
    pub fn poll(&mut self) -> Event {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            let before = (self.state, self.input.len());
            let event = match self.state {
                State::Version => self.version(),
                State::Security => self.security(),
                State::SecurityReason => self.reason(0),
                State::Tunnels => self.tunnels(),
                State::Authentication => self.authentication(),
                State::Login { frames } => self.login(frames),
                State::SecurityResult => self.security_result(),
                State::ServerInit => self.server_init(),
                State::Capabilities => self.capabilities(),
                State::Running => self.message(),
                State::Update { left, counted } => self.rectangle(left, counted),
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
}
