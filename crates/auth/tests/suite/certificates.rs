//! The certificates, judged by programs that were not written here: rustls, and its WebPKI.

use std::sync::Arc;

use auth::TlsIdentity;
use identity::{CertificateError, TerminalCertificate};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime as TlsTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::world::{START, World, account};

/// The tests' clock stands where the tests' certificates are valid.
#[derive(Debug)]
struct Standing(u64);

impl TimeProvider for Standing {
    fn current_time(&self) -> Option<TlsTime> {
        Some(TlsTime::since_unix_epoch(std::time::Duration::from_secs(self.0)))
    }
}

/// A TLS handshake in memory: does a terminal that trusts this CA accept this server under this name?
fn handshake(identity: &TlsIdentity, ca: &[u8], name: &str, seconds: u64) -> Result<(), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = identity.certificate_chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivatePkcs8KeyDer::from(identity.private_key_pkcs8.to_vec()).into();
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.to_vec()))?;
    let client = ClientConfig::builder_with_details(provider, Arc::new(Standing(seconds)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(client), ServerName::try_from(name.to_owned()).unwrap())?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn rustls_accepts_the_server_under_each_of_its_names_and_no_other() {
    let mut world = World::new();
    let identity = world.auth.tls_identity(START, &mut world.rng).unwrap();
    let ca = world.terminal.operator_ca.clone();
    let now = START.seconds();
    for name in ["localhost", "127.0.0.1", "::1", "pay.example", "pay2.example", "192.0.2.7"] {
        handshake(&identity, &ca, name, now).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for name in ["evil.example", "127.0.0.2", "sub.pay.example"] {
        assert!(handshake(&identity, &ca, name, now).is_err(), "{name}");
    }
    // Another operator's terminals do not.
    let folder = tempfile::tempdir().unwrap();
    let stranger = auth::Auth::init(folder.path(), &crate::world::options(), START, &mut world.rng).unwrap();
    assert!(handshake(&identity, stranger.operator_ca(), "localhost", now).is_err());
    // Nor when it has run out.
    assert!(handshake(&identity, &ca, "localhost", now + 398 * 86_400).is_err());
}

#[test]
fn the_servers_certificate_is_renewed_before_it_runs_out() {
    let mut world = World::new();
    let first = world.auth.tls_identity(START, &mut world.rng).unwrap();
    let early = START.plus_seconds(366 * 86_400);
    assert_eq!(
        world.auth.tls_identity(early, &mut world.rng).unwrap().certificate_chain,
        first.certificate_chain
    );
    let late = START.plus_seconds(368 * 86_400);
    let second = world.auth.tls_identity(late, &mut world.rng).unwrap();
    assert_ne!(second.certificate_chain[0], first.certificate_chain[0]);
    assert_eq!(second.certificate_chain[1], first.certificate_chain[1]);
    handshake(&second, world.auth.operator_ca(), "localhost", late.seconds() + 300 * 86_400).unwrap();
}

#[test]
fn a_terminals_certificate_says_which_terminal_and_whose() {
    let world = World::new();
    let ca = world.auth.operator_ca();
    let read = TerminalCertificate::verify(&world.terminal.certificate, ca, START).unwrap();
    assert_eq!(read.terminal, world.terminal.terminal);
    assert_eq!(read.account, account("alice"));
    assert_eq!(read.signing_public, world.terminal.signing_key.public());
    assert!(read.not_before < START && read.not_after > START.plus_seconds(4 * 365 * 86_400));
}

#[test]
fn certificates_for_other_purposes_are_refused() {
    let mut world = World::new();
    let ca = world.auth.operator_ca().to_vec();
    let tls = world.auth.tls_identity(START, &mut world.rng).unwrap();
    // The server's certificate is of the same CA, and is no terminal's.
    let error = TerminalCertificate::verify(&tls.certificate_chain[0], &ca, START).unwrap_err();
    assert!(matches!(error, CertificateError::Malformed(..)), "{error}");
    // The CA is not a terminal either.
    assert!(TerminalCertificate::verify(&ca, &ca, START).is_err());
    for length in 0..world.terminal.certificate.len() {
        assert!(TerminalCertificate::verify(&world.terminal.certificate[..length], &ca, START).is_err());
    }
    let longer = [world.terminal.certificate.clone(), vec![0]].concat();
    assert!(TerminalCertificate::verify(&longer, &ca, START).is_err());
}
