//! What a session is begun with, and what comes out of it: the words between the core and its
//! surroundings.

use identity::{AccountName, Password, TerminalId};
use profile::HardwareProfile;
use seal::{OpenJob, Stream};

use crate::framebuffer::Area;
use crate::payment_module::SignRequest;

/// Who signs in, on what.
#[derive(Debug, Clone)]
pub struct Config {
    /// The account of the contract.
    pub account: AccountName,
    /// Its password; dropped, and so wiped, when signing in begins. The plain embodiment needs none.
    pub password: Option<Password>,
    /// This terminal's identity, from its enrolment.
    pub terminal: TerminalId,
    /// This terminal's own hardware profile.
    pub profile: HardwareProfile,
    /// Ask for the outline of every screen (accessibility, scripts).
    pub outline: bool,
    /// Who opens sealed units.
    pub opening: Opening,
    /// Show what keys open without looking at tags. **To demonstrate the garble; never a product's
    /// setting.** Such a terminal never acknowledges, so it gets no further than the welcome picture.
    pub ignore_tags: bool,
    /// Accept the plain embodiment (R42) when the server offers it: for tests and development.
    pub plain: bool,
}

/// Who opens sealed units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// This crate, at once.
    Inside,
    /// A cipher outside (the browser's WebCrypto), by [`Effect::Open`].
    Outside,
}

/// How far the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The protocol is being agreed on.
    Connecting,
    /// Account, password and terminal are being verified.
    SigningIn,
    /// Signed in; the sealed welcome picture is awaited.
    Welcome,
    /// The welcome picture was opened and acknowledged: input is sealed and sent.
    Live,
    /// Over.
    Ended,
}

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// Send these bytes to the server.
    Send(Vec<u8>),
    /// Ask the secure element to agree with this key; answer with [`crate::Terminal::agreed`].
    Agree {
        /// The server's P-256 key for this login, uncompressed.
        server_public: [u8; 65],
    },
    /// Ask the secure element to sign; answer with [`crate::Terminal::signed`].
    Sign(Box<SignRequest>),
    /// Open this unit outside; answer with [`crate::Terminal::opened`].
    Open {
        /// Goes back with the answer.
        ticket: u64,
        /// Whose key: [`crate::Terminal::stream_key`].
        stream: Stream,
        /// What the cipher needs.
        job: OpenJob,
    },
    /// This area of [`crate::Terminal::screen`] changed: show it.
    Present(Area),
    /// An update was presented whole.
    Frame {
        /// Rectangles in it.
        rectangles: u64,
        /// Bytes of their sealed units.
        sealed_bytes: u64,
    },
    /// [`crate::Terminal::outline`] changed.
    Outline,
    /// The phase changed.
    Phase(Phase),
    /// The server rings.
    Bell,
    /// The session is over; nothing follows. The display is dark already.
    Ended(End),
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// For programs.
    pub kind: EndKind,
    /// For people: a sentence. The server's own sentences are in the user's language.
    pub sentence: String,
}

/// How a session ended, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// The user left, or the server ended the session in order.
    Done,
    /// The server ended the session for another reason (idle, app failed, stopping, taken over, locked).
    Server,
    /// Signing in was refused.
    LoginRefused,
    /// A sealed unit did not open: wrong secure element, wrong profile, or somebody in between.
    Unsealed,
    /// The server broke the protocol, or is none of ours.
    Protocol,
    /// The connection was lost or never came about.
    Connection,
    /// The secure element did not do what it must.
    Element,
}

impl EndKind {
    /// A lower-case word for it, for programs; stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Server => "server",
            Self::LoginRefused => "login-refused",
            Self::Unsealed => "unsealed",
            Self::Protocol => "protocol",
            Self::Connection => "connection",
            Self::Element => "element",
        }
    }
}

/// Counts of what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Framebuffer updates presented.
    pub frames: u64,
    /// Rectangles in them.
    pub rectangles: u64,
    /// Bytes of sealed units on the display stream.
    pub sealed_bytes: u64,
}

/// A capital at the beginning and a full stop at the end, for errors that are written to stand inside others.
#[must_use]
pub fn whole_sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut sentence: String = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => return String::new(),
    };
    if sentence.chars().next_back().is_some_and(char::is_alphanumeric) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_sentences() {
        assert_eq!(whole_sentence("the tag is wrong"), "The tag is wrong.");
        assert_eq!(whole_sentence("Goodbye, Mei."), "Goodbye, Mei.");
        assert_eq!(whole_sentence("再见。"), "再见。");
        assert_eq!(whole_sentence(""), "");
    }
}
