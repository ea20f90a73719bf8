//! Two TLS connections back to back, with everything that passes in the clear between them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, ServerConnection, SignatureScheme,
    StreamOwned,
};

/// How long one side is listened to before the other side's turn.
const TURN: Duration = Duration::from_millis(2);
/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the server to the terminal.
    Down,
    /// From the terminal to the server.
    Up,
}

/// One byte to change: its lowest bit, at this offset of one direction's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flip {
    pub(crate) direction: Direction,
    pub(crate) offset: usize,
}

/// Everything that passed, as the sender sent it.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) down: Vec<u8>,
    pub(crate) up: Vec<u8>,
}

/// The interceptor's own authority and its certificate for `localhost`.
#[derive(Debug)]
pub(crate) struct Identity {
    authority: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn new() -> Result<Self> {
        let authority_key = KeyPair::generate().context("making a key")?;
        let mut parameters = CertificateParams::new(Vec::<String>::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&authority_key).context("signing the authority")?;
        let issuer = Issuer::new(parameters, authority_key);

        let key = KeyPair::generate().context("making a key")?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate =
            CertificateParams::new(names)?.signed_by(&key, &issuer).context("signing the certificate")?;
        Ok(Self {
            authority: authority.der().to_vec(),
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        })
    }

    /// What the terminal is told to trust, DER.
    pub(crate) fn authority(&self) -> &[u8] {
        &self.authority
    }

    fn server(&self) -> Result<ServerConnection> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(self.certificate.clone())], key)?;
        Ok(ServerConnection::new(Arc::new(config))?)
    }
}

fn client() -> Result<ClientConnection> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustsAnybody))
        .with_no_client_auth();
    Ok(ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?)
}

/// Passes bytes on in both directions until one side ends.
///
/// # Errors
/// When the server cannot be reached. What happens on the connections themselves is their end, no error.
pub(crate) fn relay(
    terminal: TcpStream,
    server: &str,
    identity: &Identity,
    flip: Option<Flip>,
) -> Result<Recorded> {
    let upstream = TcpStream::connect(server).with_context(|| format!("connecting to {server}"))?;
    for socket in [&terminal, &upstream] {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TURN))?;
    }
    let mut near = StreamOwned::new(identity.server()?, terminal);
    let mut far = StreamOwned::new(client()?, upstream);
    let mut recorded = Recorded::default();
    let flip_of = |direction| flip.filter(|flip| flip.direction == direction).map(|flip| flip.offset);
    while pass(&mut near, &mut far, &mut recorded.up, flip_of(Direction::Up))
        && pass(&mut far, &mut near, &mut recorded.down, flip_of(Direction::Down))
    {}
    // Whatever was under way still goes to the terminal, which ends by itself.
    near.conn.send_close_notify();
    let _ = near.flush();
    Ok(recorded)
}

/// Passes on what one side has to say now; false when it has ended.
fn pass(from: &mut impl Read, to: &mut impl Write, record: &mut Vec<u8>, flip: Option<usize>) -> bool {
    let mut buffer = vec![0_u8; READ_BYTES];
    let count = match from.read(&mut buffer) {
        Ok(0) => return false,
        Ok(count) => count,
        Err(error) => return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    };
    buffer.truncate(count);
    let start = record.len();
    record.extend_from_slice(&buffer);
    if let Some(byte) =
        flip.and_then(|offset| offset.checked_sub(start)).and_then(|offset| buffer.get_mut(offset))
    {
        *byte ^= 1;
    }
    to.write_all(&buffer).is_ok() && to.flush().is_ok()
}

/// The interceptor does not care who the server is.
#[derive(Debug)]
struct TrustsAnybody;

impl ServerCertVerifier for TrustsAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
