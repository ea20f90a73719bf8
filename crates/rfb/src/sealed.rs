//! What lies inside sealed units: the terminal's input and the server's control messages.
//!
//! Sizes tell nothing: every [`Input`] but a signature is [`INPUT_BYTES`] long, a signature or its refusal
//! is [`SIGNATURE_BYTES`] long, and every [`Control`] message is padded to a size class (`seal::pad`).
//! `docs/protocol.md` gives the bytes.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Bytes of a key, pointer or acknowledgement before sealing.
pub const INPUT_BYTES: usize = 32;
/// Bytes of a signature, or of its refusal, before sealing.
pub const SIGNATURE_BYTES: usize = 160;
/// Longest canonical statement in [`Control::Sign`], in bytes.
pub const STATEMENT_BYTES_MAX: usize = 4096;
/// Longest text in [`Control::End`], in bytes of UTF-8; a longer one is cut.
pub const END_TEXT_BYTES_MAX: usize = 512;
/// Most nodes in [`Control::Outline`]; what is more is left out.
pub const NODES_MAX: usize = 512;
/// Longest role or identifier of a node, in bytes of UTF-8; a longer one is cut.
pub const NODE_NAME_BYTES_MAX: usize = 128;
/// Longest text of a node, in bytes of UTF-8; a longer one is cut.
pub const NODE_TEXT_BYTES_MAX: usize = 512;

const KEY: u8 = 1;
const POINTER: u8 = 2;
const ACKNOWLEDGE: u8 = 3;
const SIGNED: u8 = 4;
const DECLINED: u8 = 5;
const SIGN: u8 = 1;
const END: u8 = 2;
const OUTLINE: u8 = 3;

/// One message from the terminal, inside a unit of the input stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key goes down or up (RFC 6143 §7.5.4).
    Key {
        /// The X11 keysym; Unicode above Latin-1 is 0x01000000 + code point.
        keysym: u32,
        /// Whether it goes down.
        down: bool,
    },
    /// The pointer, or the touching finger, is somewhere (RFC 6143 §7.5.5).
    Pointer {
        /// Bit 0 is the left button or the finger.
        buttons: u8,
        /// From the left, in pixels or cells.
        x: u16,
        /// From the top.
        y: u16,
    },
    /// The terminal has opened the welcome picture: this confirms the keys. See [`acknowledgement`].
    Acknowledge {
        /// [`acknowledgement`] of the opened picture.
        digest: [u8; 16],
    },
    /// The secure element signed the statement that was asked for.
    Signed {
        /// Digest of the statement.
        digest: [u8; 32],
        /// ECDSA P-256 signature, r then s.
        signature: [u8; 64],
    },
    /// The person or the secure element did not sign.
    Declined {
        /// Digest of the statement.
        digest: [u8; 32],
    },
}

/// One message from the server, inside a unit of the control stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Sign this statement; the answer is [`Input::Signed`] or [`Input::Declined`].
    Sign {
        /// The statement's canonical bytes, 1 to [`STATEMENT_BYTES_MAX`].
        statement: Vec<u8>,
    },
    /// The session is over; the server closes the connection behind it.
    End {
        /// Why, for programs.
        reason: EndReason,
        /// Why, for people, in their language.
        text: String,
    },
    /// What the screen holds, as text: for accessibility and scripts. Only to terminals that asked with the
    /// outline pseudo-encoding.
    Outline(Vec<Node>),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The person signed out, or the app was done.
    SignedOut,
    /// Nothing was entered for too long.
    Idle,
    /// The app failed; nothing was paid by the failure.
    AppFailed,
    /// The server is stopping.
    Stopping,
    /// The session went on at another terminal of the same person.
    TakenOver,
    /// The terminal broke the protocol.
    Protocol,
    /// The customer or the terminal was locked meanwhile.
    Locked,
}

impl EndReason {
    /// The reason's number on the wire, 1 to 7.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::SignedOut => 1,
            Self::Idle => 2,
            Self::AppFailed => 3,
            Self::Stopping => 4,
            Self::TakenOver => 5,
            Self::Protocol => 6,
            Self::Locked => 7,
        }
    }

    /// The reason that [`EndReason::code`] numbers so, or `None`.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::SignedOut),
            2 => Some(Self::Idle),
            3 => Some(Self::AppFailed),
            4 => Some(Self::Stopping),
            5 => Some(Self::TakenOver),
            6 => Some(Self::Protocol),
            7 => Some(Self::Locked),
            _ => None,
        }
    }
}

/// One thing on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is: a short lower-case word such as `title`, `amount`, `field`, `action`.
    pub role: String,
    /// The identifier by which it is acted on; empty when it cannot be.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Left edge, in pixels or cells.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
    /// Whether it has the focus.
    pub focused: bool,
}

/// Why an opened message is not understood, or one is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealedError {
    /// The plaintext has a length that its class does not know.
    #[error("an opened message of {0} bytes has no class of that size")]
    Size(usize),
    /// The type byte is unknown, or belongs to another size.
    #[error("an opened message has the unknown type {0} for its size")]
    Type(u8),
    /// A field is out of bounds or an unused byte is not zero.
    #[error("an opened message is wrong: {0}")]
    Field(&'static str),
    /// [`Control::Sign`] was given an empty statement or one above [`STATEMENT_BYTES_MAX`]. Our fault.
    #[error("a statement of {0} bytes cannot be sent for signature (1 to {STATEMENT_BYTES_MAX})")]
    Statement(usize),
}

/// What the terminal sends back for the welcome picture: the first 16 bytes of SHA-256 over its whole
/// framebuffer after the first complete framebuffer update, in its own pixel layout, row by row.
#[must_use]
pub fn acknowledgement(framebuffer: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(Sha256::digest(framebuffer)) {
        *to = from;
    }
    first
}

impl Input {
    /// The plaintext: [`INPUT_BYTES`] or [`SIGNATURE_BYTES`] long.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIGNATURE_BYTES);
        let class = match self {
            Self::Key { keysym, down } => {
                out.extend_from_slice(&[KEY, u8::from(*down), 0, 0]);
                out.extend_from_slice(&keysym.to_be_bytes());
                INPUT_BYTES
            }
            Self::Pointer { buttons, x, y } => {
                out.extend_from_slice(&[POINTER, *buttons, 0, 0]);
                out.extend_from_slice(&x.to_be_bytes());
                out.extend_from_slice(&y.to_be_bytes());
                INPUT_BYTES
            }
            Self::Acknowledge { digest } => {
                out.extend_from_slice(&[ACKNOWLEDGE, 0, 0, 0]);
                out.extend_from_slice(digest);
                INPUT_BYTES
            }
            Self::Signed { digest, signature } => {
                out.extend_from_slice(&[SIGNED, 0, 0, 0]);
                out.extend_from_slice(digest);
                out.extend_from_slice(signature);
                SIGNATURE_BYTES
            }
            Self::Declined { digest } => {
                out.extend_from_slice(&[DECLINED, 0, 0, 0]);
                out.extend_from_slice(digest);
                SIGNATURE_BYTES
            }
        };
        out.resize(class, 0);
        out
    }

    /// Reads the plaintext of a unit of the input stream.
    ///
    /// # Errors
    /// [`SealedError`]: the terminal broke the protocol.
    pub fn decode(plaintext: &[u8]) -> Result<Self, SealedError> {
        let mut reader = Reader { rest: plaintext };
        let [kind, flag, zero, zero_too] = reader.array()?;
        if zero != 0 || zero_too != 0 {
            return Err(SealedError::Field("an unused byte is not zero"));
        }
        if !matches!(kind, KEY | POINTER) && flag != 0 {
            return Err(SealedError::Field("an unused byte is not zero"));
        }
        let input = match (kind, plaintext.len()) {
            (KEY, INPUT_BYTES) => {
                if flag > 1 {
                    return Err(SealedError::Field("a key's direction is neither 0 nor 1"));
                }
                Self::Key { keysym: u32::from_be_bytes(reader.array()?), down: flag == 1 }
            }
            (POINTER, INPUT_BYTES) => Self::Pointer { buttons: flag, x: reader.u16()?, y: reader.u16()? },
            (ACKNOWLEDGE, INPUT_BYTES) => Self::Acknowledge { digest: reader.array()? },
            (SIGNED, SIGNATURE_BYTES) => Self::Signed { digest: reader.array()?, signature: reader.array()? },
            (DECLINED, SIGNATURE_BYTES) => Self::Declined { digest: reader.array()? },
            (kind, INPUT_BYTES | SIGNATURE_BYTES) => return Err(SealedError::Type(kind)),
            (_, length) => return Err(SealedError::Size(length)),
        };
        if reader.rest.iter().any(|byte| *byte != 0) {
            return Err(SealedError::Field("an unused byte is not zero"));
        }
        Ok(input)
    }
}

impl Control {
    /// The plaintext, padded to its size class. Texts above their bounds are cut at a character, nodes above
    /// theirs left out.
    ///
    /// # Errors
    /// [`SealedError::Statement`] for a statement that is empty or too long.
    pub fn encode(&self) -> Result<Vec<u8>, SealedError> {
        let mut out = Vec::new();
        match self {
            Self::Sign { statement } => {
                if statement.is_empty() || statement.len() > STATEMENT_BYTES_MAX {
                    return Err(SealedError::Statement(statement.len()));
                }
                out.push(SIGN);
                out.extend_from_slice(statement);
            }
            Self::End { reason, text } => {
                out.extend_from_slice(&[END, reason.code()]);
                push_text(&mut out, text, END_TEXT_BYTES_MAX);
            }
            Self::Outline(nodes) => {
                let count = nodes.len().min(NODES_MAX);
                out.push(OUTLINE);
                out.extend_from_slice(&small(count).to_be_bytes());
                for node in nodes.iter().take(count) {
                    for number in [node.x, node.y, node.width, node.height] {
                        out.extend_from_slice(&number.to_be_bytes());
                    }
                    out.push(u8::from(node.focused));
                    push_text(&mut out, &node.role, NODE_NAME_BYTES_MAX);
                    push_text(&mut out, &node.id, NODE_NAME_BYTES_MAX);
                    push_text(&mut out, &node.text, NODE_TEXT_BYTES_MAX);
                }
            }
        }
        Ok(seal::pad(out))
    }

    /// Reads the plaintext of a unit of the control stream.
    ///
    /// # Errors
    /// [`SealedError`]: the server broke the protocol.
    pub fn decode(plaintext: &[u8]) -> Result<Self, SealedError> {
        let content = seal::unpad(plaintext).map_err(|error| SealedError::Size(error.bytes))?;
        let mut reader = Reader { rest: content };
        let control = match reader.byte()? {
            SIGN => {
                let statement = std::mem::take(&mut reader.rest).to_vec();
                if statement.is_empty() || statement.len() > STATEMENT_BYTES_MAX {
                    return Err(SealedError::Statement(statement.len()));
                }
                Self::Sign { statement }
            }
            END => {
                let reason = EndReason::from_code(reader.byte()?)
                    .ok_or(SealedError::Field("the reason for the end has no such number"))?;
                Self::End { reason, text: reader.text(END_TEXT_BYTES_MAX)? }
            }
            OUTLINE => Self::Outline(reader.nodes()?),
            other => return Err(SealedError::Type(other)),
        };
        if !reader.rest.is_empty() {
            return Err(SealedError::Field("there is more behind the end"));
        }
        Ok(control)
    }
}

/// A count that its own bound keeps small.
fn small(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn push_text(out: &mut Vec<u8>, text: &str, most: usize) {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.extend_from_slice(&small(end).to_be_bytes());
    out.extend(text.bytes().take(end));
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], SealedError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(SealedError::Field("it ends early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SealedError> {
        self.take(N)?.try_into().map_err(|_| SealedError::Field("it ends early"))
    }

    fn byte(&mut self) -> Result<u8, SealedError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, SealedError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn text(&mut self, most: usize) -> Result<String, SealedError> {
        let length = usize::from(self.u16()?);
        if length > most {
            return Err(SealedError::Field("a text is longer than its bound"));
        }
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| SealedError::Field("a text is not UTF-8"))
    }

    fn nodes(&mut self) -> Result<Vec<Node>, SealedError> {
        let count = usize::from(self.u16()?);
        if count > NODES_MAX {
            return Err(SealedError::Field("the outline has more nodes than its bound"));
        }
        let mut nodes = Vec::with_capacity(count);
        for _ in 0..count {
            let (x, y, width, height) = (self.u16()?, self.u16()?, self.u16()?, self.u16()?);
            let focused = match self.byte()? {
                0 => false,
                1 => true,
                _ => return Err(SealedError::Field("a node's focus is neither 0 nor 1")),
            };
            let role = self.text(NODE_NAME_BYTES_MAX)?;
            let id = self.text(NODE_NAME_BYTES_MAX)?;
            let text = self.text(NODE_TEXT_BYTES_MAX)?;
            nodes.push(Node { role, id, text, x, y, width, height, focused });
        }
        Ok(nodes)
    }
}
