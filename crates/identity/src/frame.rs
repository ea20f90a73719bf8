//! The three login frames, their transcript, and why a login ends.
//!
//! Every frame begins with version (1 byte), kind (1 byte) and suite (2 bytes). Layouts and test
//! vectors: `docs/login.md`. The transcript hash covers all three frames to the last byte, so nothing
//! in them can be changed without changing the root of the session.

use opaque_ke::CredentialRequest;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::codec::{Reader, put_short};
use crate::device::PUBLIC_KEY_BYTES;
use crate::name::{AccountName, TerminalId};
use crate::suite::Suite;

/// The version of the login frames.
pub const LOGIN_VERSION: u8 = 1;
/// The suite identifier: OPAQUE-3DH, P-256, SHA-256, Argon2id, AES-256-GCM.
pub const SUITE_P256: u16 = 0x0001;
/// No login frame is longer, in bytes. The longest real one is under 400.
pub const FRAME_BYTES_MAX: usize = 1024;

const TRANSCRIPT_LABEL: &[u8] = b"thinpay login transcript v1";
const CONTEXT_LABEL: &[u8] = b"thinpay login v1";

/// OPAQUE's first message: blinded element, nonce, ephemeral key.
pub(crate) const KE1_BYTES: usize = 33 + 32 + 33;
/// OPAQUE's second message: evaluated element, masking nonce, masked response, nonce, ephemeral key, tag.
pub(crate) const KE2_BYTES: usize = 33 + 32 + (33 + 32 + 32) + 32 + 33 + 32;
/// OPAQUE's third message: the client's tag.
pub(crate) const KE3_BYTES: usize = 32;

/// Why a login ended without a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LoginError {
    /// The one answer for a wrong password, an unknown account, an unknown or revoked terminal and a
    /// locked account. Nobody is told which; also not how near the lock is.
    #[error(
        "signing in was refused: the account, the password or the terminal is not right, or the account is \
         locked for a while; check them and try again later"
    )]
    Refused,
    /// The peer's frame is not one.
    #[error("the peer sent a malformed login frame ({0}); it is broken or hostile")]
    Malformed(&'static str),
    /// The peer speaks another version of the login.
    #[error("the peer speaks login version {0}, this side speaks {LOGIN_VERSION}; update the older one")]
    UnknownVersion(u8),
    /// The peer asks for an algorithm suite that this side does not have.
    #[error(
        "the peer asks for algorithm suite {0:#06x}, this side has {SUITE_P256:#06x}; update the older one"
    )]
    UnknownSuite(u16),
    /// A cryptographic library refused what cannot be refused.
    #[error("the cryptographic library failed; this is a fault of this program")]
    Internal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Hello = 1,
    Reply = 2,
    Finish = 3,
}

fn put_header(out: &mut Vec<u8>, kind: Kind) {
    let kind = match kind {
        Kind::Hello => 1,
        Kind::Reply => 2,
        Kind::Finish => 3,
    };
    out.extend_from_slice(&[LOGIN_VERSION, kind]);
    out.extend_from_slice(&SUITE_P256.to_be_bytes());
}

fn take_header(frame: &[u8], kind: Kind) -> Result<Reader<'_>, LoginError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(LoginError::Malformed("too long"));
    }
    let mut reader = Reader::new(frame);
    let version = reader.u8().ok_or(LoginError::Malformed("empty"))?;
    if version != LOGIN_VERSION {
        return Err(LoginError::UnknownVersion(version));
    }
    let found = reader.u8().ok_or(LoginError::Malformed("no kind"))?;
    if found != kind as u8 {
        return Err(LoginError::Malformed("another kind of frame was due"));
    }
    let suite = reader.u16().ok_or(LoginError::Malformed("no suite"))?;
    if suite != SUITE_P256 {
        return Err(LoginError::UnknownSuite(suite));
    }
    Ok(reader)
}

/// The terminal's first frame, read: who wants to sign in, from which terminal.
#[derive(Clone)]
pub struct Hello {
    account: AccountName,
    terminal: TerminalId,
    ke1: CredentialRequest<Suite>,
    frame: Vec<u8>,
}

impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("account", &self.account)
            .field("terminal", &self.terminal)
            .finish_non_exhaustive()
    }
}

impl Hello {
    /// Reads the first frame.
    ///
    /// # Errors
    /// [`LoginError::Malformed`], [`LoginError::UnknownVersion`] or [`LoginError::UnknownSuite`]: the
    /// peer's fault. Nothing in the answer depends on whether the account exists.
    pub fn parse(frame: &[u8]) -> Result<Self, LoginError> {
        let mut reader = take_header(frame, Kind::Hello)?;
        let terminal = reader.array().ok_or(LoginError::Malformed("no terminal"))?;
        let account = reader.short().ok_or(LoginError::Malformed("no account"))?;
        let account = std::str::from_utf8(account)
            .ok()
            .and_then(|text| AccountName::from_canonical(text).ok())
            .ok_or(LoginError::Malformed("the account name breaks its rules"))?;
        let ke1 = reader.array::<KE1_BYTES>().ok_or(LoginError::Malformed("the OPAQUE message is short"))?;
        reader.end().ok_or(LoginError::Malformed("bytes are left over"))?;
        let ke1 = CredentialRequest::deserialize(&ke1)
            .map_err(|_| LoginError::Malformed("the OPAQUE message holds no valid points"))?;
        Ok(Self { account, terminal: TerminalId::from_bytes(terminal), ke1, frame: frame.to_vec() })
    }

    pub(crate) fn encode(
        account: &AccountName,
        terminal: TerminalId,
        ke1: &[u8],
    ) -> Result<Vec<u8>, LoginError> {
        let mut out = Vec::with_capacity(FRAME_BYTES_MAX);
        put_header(&mut out, Kind::Hello);
        out.extend_from_slice(terminal.as_bytes());
        put_short(&mut out, account.as_str().as_bytes()).ok_or(LoginError::Internal)?;
        out.extend_from_slice(ke1);
        Ok(out)
    }

    /// Who wants to sign in.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// From which terminal.
    #[must_use]
    pub fn terminal(&self) -> TerminalId {
        self.terminal
    }

    pub(crate) fn ke1(&self) -> CredentialRequest<Suite> {
        self.ke1.clone()
    }

    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }
}

/// The server's frame, split: OPAQUE's second message and the server's agreement key for this login.
pub(crate) struct Reply {
    pub(crate) server_public: [u8; PUBLIC_KEY_BYTES],
    pub(crate) ke2: [u8; KE2_BYTES],
}

impl Reply {
    pub(crate) fn parse(frame: &[u8]) -> Result<Self, LoginError> {
        let mut reader = take_header(frame, Kind::Reply)?;
        let server_public = reader.array().ok_or(LoginError::Malformed("no agreement key"))?;
        let ke2 = reader.array().ok_or(LoginError::Malformed("the OPAQUE message is short"))?;
        reader.end().ok_or(LoginError::Malformed("bytes are left over"))?;
        Ok(Self { server_public, ke2 })
    }

    pub(crate) fn encode(server_public: &[u8; PUBLIC_KEY_BYTES], ke2: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_BYTES_MAX);
        put_header(&mut out, Kind::Reply);
        out.extend_from_slice(server_public);
        out.extend_from_slice(ke2);
        out
    }
}

pub(crate) fn parse_finish(frame: &[u8]) -> Result<[u8; KE3_BYTES], LoginError> {
    let mut reader = take_header(frame, Kind::Finish)?;
    let ke3 = reader.array().ok_or(LoginError::Malformed("the OPAQUE message is short"))?;
    reader.end().ok_or(LoginError::Malformed("bytes are left over"))?;
    Ok(ke3)
}

pub(crate) fn encode_finish(ke3: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + KE3_BYTES);
    put_header(&mut out, Kind::Finish);
    out.extend_from_slice(ke3);
    out
}

/// The context that both ends put into OPAQUE's own transcript: so the server's tag in the reply
/// already vouches for suite, terminal and agreement key, before any secure element is asked.
pub(crate) fn context(terminal: TerminalId, server_public: &[u8; PUBLIC_KEY_BYTES]) -> Vec<u8> {
    let mut out = Vec::with_capacity(CONTEXT_LABEL.len() + 2 + 16 + PUBLIC_KEY_BYTES);
    out.extend_from_slice(CONTEXT_LABEL);
    out.extend_from_slice(&SUITE_P256.to_be_bytes());
    out.extend_from_slice(terminal.as_bytes());
    out.extend_from_slice(server_public);
    out
}

/// The hash over the login's frames: label, then each frame after its four-byte length.
#[derive(Clone)]
pub(crate) struct Transcript(Sha256);

impl Transcript {
    pub(crate) fn begin(hello: &[u8]) -> Result<Self, LoginError> {
        let mut transcript = Self(Sha256::new_with_prefix(TRANSCRIPT_LABEL));
        transcript.add(hello)?;
        Ok(transcript)
    }

    pub(crate) fn add(&mut self, frame: &[u8]) -> Result<(), LoginError> {
        let length = u32::try_from(frame.len()).map_err(|_| LoginError::Internal)?;
        self.0.update(length.to_be_bytes());
        self.0.update(frame);
        Ok(())
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
