//! The server's end of the login, and the registration of a password.
//!
//! What a stranger can see is the same whatever the reason for a refusal: an account that does not
//! exist is answered from a fake record, derived from its name with a secret of the server, so that
//! probing it twice looks like probing a real one twice (RFC 9807 §10.9).

use hkdf::Hkdf;
use opaque_ke::{
    ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization, Identifiers,
    ServerLogin as OpaqueServer, ServerLoginParameters, ServerRegistration, ServerSetup as OpaqueSetup,
};
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{NonZeroScalar, PublicKey, Scalar, U256};
use rand_core::{CryptoRng, RngCore};
use seal::Root;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::codec::Reader;
use crate::device::{DevicePrivateKey, DevicePublicKey};
use crate::frame::{Hello, LoginError, Reply, SUITE_P256, Transcript, context, parse_finish};
use crate::name::AccountName;
use crate::secret::{Password, SecretBytes};
use crate::suite::{Stretching, Suite};

/// Bytes of a [`PasswordRecord`]: version, suite, public key, masking key, envelope.
pub const RECORD_BYTES: usize = 3 + RECORD_BODY_BYTES;
const RECORD_BODY_BYTES: usize = 33 + 32 + 64;
const RECORD_VERSION: u8 = 1;
/// Bytes of OPAQUE's own server state: OPRF seed, private key, the library's dummy public key.
const OPAQUE_SETUP_BYTES: usize = 32 + 32 + 33;
const SETUP_VERSION: u8 = 1;
const FAKE_LABEL: &[u8] = b"thinpay fake record v1";

/// The server's long-term login secrets: OPAQUE's seed and key pair, and the secret that fake records
/// are derived with. Losing them voids every password; leaking them, together with the records, allows
/// guessing passwords offline.
pub struct ServerSetup {
    opaque: OpaqueSetup<Suite>,
    fake_secret: SecretBytes,
}

impl std::fmt::Debug for ServerSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSetup(redacted)")
    }
}

impl ServerSetup {
    /// Draws new secrets, once in a server's life.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let opaque = OpaqueSetup::<Suite>::new(rng);
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let setup = Self { opaque, fake_secret: SecretBytes::new(secret) };
        secret.zeroize();
        setup
    }

    /// For keeping; as secret as a private key.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(3 + OPAQUE_SETUP_BYTES + 32));
        out.push(SETUP_VERSION);
        out.extend_from_slice(&SUITE_P256.to_be_bytes());
        out.extend_from_slice(&self.opaque.serialize());
        out.extend_from_slice(self.fake_secret.as_bytes());
        out
    }

    /// From what [`ServerSetup::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`LoginError::Malformed`] when the bytes are not that.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoginError> {
        const WRONG: LoginError = LoginError::Malformed("these are not the server's login secrets");
        let mut reader = Reader::new(bytes);
        if reader.u8() != Some(SETUP_VERSION) || reader.u16() != Some(SUITE_P256) {
            return Err(WRONG);
        }
        let opaque = reader.take(OPAQUE_SETUP_BYTES).ok_or(WRONG)?;
        let fake_secret = reader.array().ok_or(WRONG)?;
        reader.end().ok_or(WRONG)?;
        let opaque = OpaqueSetup::<Suite>::deserialize(opaque).map_err(|_| WRONG)?;
        Ok(Self { opaque, fake_secret: SecretBytes::new(fake_secret) })
    }

    /// The record that stands in for an account that may not sign in: pseudo-random, but always the
    /// same for the same name. No password opens it.
    fn fake_record(&self, account: &AccountName) -> Result<ServerRegistration<Suite>, LoginError> {
        let mut material = Zeroizing::new([0_u8; 128]);
        Hkdf::<Sha256>::new(None, self.fake_secret.as_bytes())
            .expand_multi_info(&[FAKE_LABEL, account.as_str().as_bytes()], material.as_mut())
            .map_err(|_| LoginError::Internal)?;
        let mut reader = Reader::new(material.as_ref());
        let number = Zeroizing::new(reader.array::<32>().ok_or(LoginError::Internal)?);
        let scalar = <Scalar as Reduce<U256>>::reduce_bytes(&(*number).into());
        let scalar = Option::<NonZeroScalar>::from(NonZeroScalar::new(scalar)).ok_or(LoginError::Internal)?;
        let public = PublicKey::from_secret_scalar(&scalar).to_encoded_point(true);
        let mut body = Zeroizing::new(Vec::with_capacity(RECORD_BODY_BYTES));
        body.extend_from_slice(public.as_bytes());
        body.extend_from_slice(reader.rest());
        ServerRegistration::deserialize(&body).map_err(|_| LoginError::Internal)
    }
}

/// What the server keeps of a password: OPAQUE's registration record. The password cannot be read
/// from it; with [`ServerSetup`] beside it, it can be guessed at the price of one stretching a guess.
#[derive(Clone)]
pub struct PasswordRecord(ServerRegistration<Suite>);

impl std::fmt::Debug for PasswordRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordRecord(redacted)")
    }
}

impl PasswordRecord {
    /// For keeping, [`RECORD_BYTES`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(RECORD_BYTES));
        out.push(RECORD_VERSION);
        out.extend_from_slice(&SUITE_P256.to_be_bytes());
        out.extend_from_slice(&self.0.serialize());
        out
    }

    /// From what [`PasswordRecord::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`LoginError::Malformed`] when the bytes are not that.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoginError> {
        const WRONG: LoginError = LoginError::Malformed("this is not a password record");
        let mut reader = Reader::new(bytes);
        if reader.u8() != Some(RECORD_VERSION) || reader.u16() != Some(SUITE_P256) {
            return Err(WRONG);
        }
        let body = reader.take(RECORD_BODY_BYTES).ok_or(WRONG)?;
        reader.end().ok_or(WRONG)?;
        ServerRegistration::deserialize(body).map(Self).map_err(|_| WRONG)
    }
}

/// Registers a password: both halves of OPAQUE's registration at the operator, where the contract is
/// signed (R22). Stretches the password once.
///
/// # Errors
/// [`LoginError::Internal`]: a fault of this program.
pub fn register(
    rng: &mut (impl CryptoRng + RngCore),
    setup: &ServerSetup,
    account: &AccountName,
    password: &Password,
) -> Result<PasswordRecord, LoginError> {
    let internal = |_| LoginError::Internal;
    let name = account.as_str().as_bytes();
    let client = ClientRegistration::<Suite>::start(rng, password.as_bytes()).map_err(internal)?;
    let server = ServerRegistration::<Suite>::start(&setup.opaque, client.message, name).map_err(internal)?;
    let identifiers = Identifiers { client: Some(name), server: None };
    let parameters = ClientRegistrationFinishParameters::new(identifiers, Some(&Stretching));
    let upload =
        client.state.finish(rng, password.as_bytes(), server.message, parameters).map_err(internal)?;
    Ok(PasswordRecord(ServerRegistration::finish(upload.message)))
}

/// What the server holds of an enrolled terminal and a root needs (R33).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalKeys {
    /// The public half of the secure element's agreement key.
    pub agreement_public: DevicePublicKey,
    /// The digest of the hardware profile as recorded at enrolment.
    pub profile_digest: [u8; 32],
}

/// A login that waits for the terminal's finish frame.
pub struct ServerLogin {
    opaque: OpaqueServer<Suite>,
    account: AccountName,
    context: Vec<u8>,
    ephemeral: DevicePrivateKey,
    /// `None`: this login is answered from a fake record and cannot succeed.
    terminal: Option<TerminalKeys>,
    transcript: Transcript,
}

impl std::fmt::Debug for ServerLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerLogin").field("account", &self.account).finish_non_exhaustive()
    }
}

impl ServerLogin {
    /// Answers a hello: the state to keep and the reply frame to send.
    ///
    /// With `record` or `terminal` missing the reply is made from a fake record: same length, same
    /// work, and no finish frame can succeed. The caller passes `None` for whatever must be refused.
    ///
    /// # Errors
    /// [`LoginError::Internal`]: a fault of this program; it does not depend on who asks.
    pub fn start(
        rng: &mut (impl CryptoRng + RngCore),
        setup: &ServerSetup,
        record: Option<&PasswordRecord>,
        terminal: Option<&TerminalKeys>,
        hello: &Hello,
    ) -> Result<(Self, Vec<u8>), LoginError> {
        // Made always, so that a refusal takes the time of an acceptance.
        let fake = setup.fake_record(hello.account())?;
        let (record, terminal) = match (record, terminal) {
            (Some(record), Some(terminal)) => (record.0.clone(), Some(*terminal)),
            _ => (fake, None),
        };
        let ephemeral = DevicePrivateKey::generate(rng);
        let server_public = ephemeral.public().to_sec1();
        let context = context(hello.terminal(), &server_public);
        let name = hello.account().as_str().as_bytes();
        let parameters = ServerLoginParameters {
            context: Some(&context),
            identifiers: Identifiers { client: Some(name), server: None },
        };
        let started = OpaqueServer::start(rng, &setup.opaque, Some(record), hello.ke1(), name, parameters)
            .map_err(|_| LoginError::Internal)?;
        let reply = Reply::encode(&server_public, &started.message.serialize());
        let mut transcript = Transcript::begin(hello.frame())?;
        transcript.add(&reply)?;
        let login = Self {
            opaque: started.state,
            account: hello.account().clone(),
            context,
            ephemeral,
            terminal,
            transcript,
        };
        Ok((login, reply))
    }

    /// Takes the terminal's finish frame: the root of the session.
    ///
    /// The root is the terminal's only if its secure element and its own hardware profile are the
    /// enrolled ones; that is confirmed by what the terminal can see, not here.
    ///
    /// # Errors
    /// [`LoginError::Refused`] when the password was wrong or the login was refused from the start;
    /// [`LoginError::Malformed`] and its neighbours when the frame is no finish frame.
    pub fn finish(mut self, finish: &[u8]) -> Result<Root, LoginError> {
        let ke3 = parse_finish(finish)?;
        let message = CredentialFinalization::deserialize(&ke3)
            .map_err(|_| LoginError::Malformed("the OPAQUE message is no tag"))?;
        let parameters = ServerLoginParameters {
            context: Some(&self.context),
            identifiers: Identifiers { client: Some(self.account.as_str().as_bytes()), server: None },
        };
        let finished = self.opaque.finish(message, parameters).map_err(|_| LoginError::Refused)?;
        let terminal = self.terminal.ok_or(LoginError::Refused)?;
        let session_key = Zeroizing::new(finished.session_key.to_vec());
        let agreement = self.ephemeral.agree_with(&terminal.agreement_public);
        self.transcript.add(finish)?;
        Ok(Root::derive(
            &self.transcript.finish(),
            &session_key,
            agreement.as_ref(),
            &terminal.profile_digest,
        ))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::ServerSetup;
    use crate::name::AccountName;

    #[test]
    fn a_fake_record_depends_on_the_name_and_on_the_servers_secret_alone() {
        let setup = ServerSetup::generate(&mut ChaCha20Rng::seed_from_u64(1));
        let other = ServerSetup::generate(&mut ChaCha20Rng::seed_from_u64(2));
        let record = |setup: &ServerSetup, name: &str| {
            setup.fake_record(&AccountName::new(name).unwrap()).unwrap().serialize().to_vec()
        };
        assert_eq!(record(&setup, "nobody"), record(&setup, "nobody"));
        assert_ne!(record(&setup, "nobody"), record(&setup, "nobodx"));
        assert_ne!(record(&setup, "nobody"), record(&other, "nobody"));
    }
}
