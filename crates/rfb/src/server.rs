//! The server's end of a connection: the one with the framebuffer.
//!
//! ```text
//! Version -> Security -> [sealed: TightAuthentication -> Login] -> ClientInit -> Waiting -> Running
//!                        [plain: None]
//! ```

mod say;
mod understand;

pub(crate) use say::push_login;

use profile::PixelLayout;

use crate::buffer::Buffer;
use crate::error::{Peer, ProtocolError};
use crate::wire;
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
}
