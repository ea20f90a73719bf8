//! Who broke the protocol, where and how.

use thiserror::Error;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The end with the framebuffer.
    Server,
    /// The end with the display.
    Client,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// The other end broke the protocol. The connection is of no more use: send what
/// `take_output` still holds (a refusal with its reason), then close it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the {peer} broke the remote protocol ({section}): {what}")]
pub struct ProtocolError {
    /// Which end is to blame.
    pub peer: Peer,
    /// Where the rule is written.
    pub section: &'static str,
    /// What was wrong.
    pub what: String,
}

/// This end was asked for something that the protocol does not allow now. The fault is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("our own use of the remote protocol is wrong: {0}")]
pub struct Misuse(pub &'static str);
