//! The terminal's end of the login, split where the secure element is asked.
//!
//! ```text
//! start  -> (ClientLogin, hello)                     send hello
//! answer <- reply -> (AgreementRequest, ClientAgreement)   ask the secure element: agree(server_public)
//! finish <- shared secret, own profile's digest -> (finish, Root)   send finish
//! ```
//! The secure element may take its time, or a browser's event loop: nothing here waits.

use opaque_ke::{
    ClientLogin as OpaqueClient, ClientLoginFinishParameters, CredentialResponse, Identifiers,
    errors::ProtocolError,
};
use rand_core::{CryptoRng, RngCore};
use seal::Root;
use zeroize::Zeroizing;

use crate::device::{DevicePublicKey, PUBLIC_KEY_BYTES};
use crate::frame::{Hello, LoginError, Reply, Transcript, context, encode_finish};
use crate::name::{AccountName, TerminalId};
use crate::secret::Password;
use crate::suite::{Stretching, Suite};

/// A login that waits for the server's reply. Holds the password until then.
pub struct ClientLogin {
    opaque: OpaqueClient<Suite>,
    account: AccountName,
    password: Password,
    terminal: TerminalId,
    transcript: Transcript,
}

impl std::fmt::Debug for ClientLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientLogin")
            .field("account", &self.account)
            .field("terminal", &self.terminal)
            .finish_non_exhaustive()
    }
}

/// What the secure element is asked: agree with this public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreementRequest {
    /// The server's P-256 key for this one login, uncompressed SEC 1. A valid point.
    pub server_public: [u8; PUBLIC_KEY_BYTES],
}

/// A login that waits for the secure element.
pub struct ClientAgreement {
    session_key: Zeroizing<Vec<u8>>,
    finish: Vec<u8>,
    transcript: [u8; 32],
}

impl std::fmt::Debug for ClientAgreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientAgreement(redacted)")
    }
}

impl ClientLogin {
    /// Begins a login: the state to keep and the hello frame to send.
    ///
    /// # Errors
    /// [`LoginError::Internal`]: a fault of this program.
    pub fn start(
        rng: &mut (impl CryptoRng + RngCore),
        account: &AccountName,
        password: &Password,
        terminal: TerminalId,
    ) -> Result<(Self, Vec<u8>), LoginError> {
        let started =
            OpaqueClient::<Suite>::start(rng, password.as_bytes()).map_err(|_| LoginError::Internal)?;
        let hello = Hello::encode(account, terminal, &started.message.serialize())?;
        let login = Self {
            opaque: started.state,
            account: account.clone(),
            password: password.clone(),
            terminal,
            transcript: Transcript::begin(&hello)?,
        };
        Ok((login, hello))
    }

    /// Takes the server's reply. Stretches the password: tens of milliseconds and
    /// [`crate::STRETCH_MEMORY_KIB`] KiB.
    ///
    /// # Errors
    /// [`LoginError::Refused`] when password, account or terminal is not right, when the account is
    /// locked, and when the server does not hold this account (a fake server looks the same);
    /// otherwise the server's frame is malformed.
    pub fn answer(
        mut self,
        rng: &mut (impl CryptoRng + RngCore),
        reply: &[u8],
    ) -> Result<(AgreementRequest, ClientAgreement), LoginError> {
        let parts = Reply::parse(reply)?;
        DevicePublicKey::from_sec1(&parts.server_public)
            .map_err(|_| LoginError::Malformed("the agreement key is no valid point"))?;
        let response = CredentialResponse::deserialize(&parts.ke2)
            .map_err(|_| LoginError::Malformed("the OPAQUE message holds no valid points"))?;
        let context = context(self.terminal, &parts.server_public);
        let identifiers = Identifiers { client: Some(self.account.as_str().as_bytes()), server: None };
        let parameters = ClientLoginFinishParameters::new(Some(&context), identifiers, Some(&Stretching));
        let finished =
            self.opaque.finish(rng, self.password.as_bytes(), response, parameters).map_err(|error| {
                match error {
                    ProtocolError::LibraryError(_) | ProtocolError::Custom(_) => LoginError::Internal,
                    ProtocolError::ReflectedValueError => {
                        LoginError::Malformed("it reflects the client's own")
                    }
                    _ => LoginError::Refused,
                }
            })?;
        let finish = encode_finish(&finished.message.serialize());
        self.transcript.add(reply)?;
        self.transcript.add(&finish)?;
        let agreement = ClientAgreement {
            session_key: Zeroizing::new(finished.session_key.to_vec()),
            finish,
            transcript: self.transcript.finish(),
        };
        Ok((AgreementRequest { server_public: parts.server_public }, agreement))
    }
}

impl ClientAgreement {
    /// Ends the login: the finish frame to send, and the root of the session.
    ///
    /// `shared_secret` is the x-coordinate of the secure element's agreement with
    /// [`AgreementRequest::server_public`]; `profile_digest` is the digest of the terminal's **own**
    /// hardware profile. With a wrong one of either, the root is another than the server's, and
    /// neither end is told: what the terminal then opens is noise.
    #[must_use]
    pub fn finish(self, shared_secret: &[u8; 32], profile_digest: &[u8; 32]) -> (Vec<u8>, Root) {
        let root = Root::derive(&self.transcript, &self.session_key, shared_secret, profile_digest);
        (self.finish, root)
    }
}

#[cfg(test)]
mod tests;
