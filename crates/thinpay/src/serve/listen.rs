//! Accepting terminals: TLS 1.3 on TCP, and a clean refusal for viewers that speak plain RFB.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use auth::TlsIdentity;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tracing::info;

use super::Server;

/// A TLS client speaks first, a plain RFB viewer waits for the server's banner: who has said nothing for
/// this long is taken for the latter and told why it cannot come in.
const FIRST_BYTE_WAIT: Duration = Duration::from_secs(2);
/// The longest a TLS handshake may take, over the slowest bearer.
const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(20);
/// What the first byte of a TLS connection is: the record type "handshake" (RFC 8446 §5.1).
const TLS_RECORD_HANDSHAKE: u8 = 0x16;
/// What a stock viewer shows its user.
const REFUSAL: &str = "This ThinPay server accepts enrolled ThinPay terminals over TLS 1.3 only. \
                       A plain VNC viewer cannot open its sealed screens.";

/// The server's TLS configuration: version 1.3 only, the operator's certificate.
pub(crate) fn tls_acceptor(identity: &TlsIdentity) -> Result<TlsAcceptor> {
    let certificates: Vec<_> = identity.certificate_chain.iter().cloned().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.private_key_pkcs8.to_vec()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .context("TLS 1.3 is not available in this build.")?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .context("The server's certificate and key do not fit together. Was the auth folder edited?")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts terminals until the server shuts down.
pub(crate) async fn accept_terminals(server: Arc<Server>, listener: TcpListener, tls: TlsAcceptor) {
    let mut shutdown = server.shutdown.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = shutdown.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = server.admit() else {
                    info!(%peer, "dropped: the server is full");
                    continue;
                };
                let (server, tls) = (Arc::clone(&server), tls.clone());
                tokio::spawn(async move {
                    if let Err(why) = welcome(&server, stream, &tls, place, &peer.to_string()).await {
                        info!(%peer, "dropped: {why:#}");
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: wait for some to come free rather than spin.
                info!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn welcome(
    server: &Arc<Server>,
    stream: TcpStream,
    tls: &TlsAcceptor,
    place: super::Place,
    peer: &str,
) -> Result<()> {
    stream.set_nodelay(true).context("the connection went away")?;
    let mut first = [0_u8; 1];
    match tokio::time::timeout(FIRST_BYTE_WAIT, stream.peek(&mut first)).await {
        Ok(read) => {
            if read.context("the connection went away")? == 0 {
                anyhow::bail!("it closed the connection before saying anything");
            }
        }
        Err(_) => return refuse_plain_viewer(stream).await,
    }
    if first != [TLS_RECORD_HANDSHAKE] {
        anyhow::bail!("its first byte was {:#04x}, which starts no TLS handshake", first[0]);
    }
    let stream = tokio::time::timeout(TLS_HANDSHAKE_MAX, tls.accept(stream))
        .await
        .context("it did not finish the TLS handshake in time")?
        .context("the TLS handshake failed")?;
    super::connection::serve(server, stream, place, peer).await;
    Ok(())
}

/// Speaks just enough plain RFB to show a stock viewer's user the reason.
async fn refuse_plain_viewer(mut stream: TcpStream) -> Result<()> {
    let refusal = async {
        let mut rfb =
            rfb::server::Server::new(rfb::server::ServerOptions { name: "ThinPay".to_owned(), plain: false });
        rfb.refuse_before_security(REFUSAL)?;
        let mut buffer = [0_u8; 64];
        loop {
            let output = rfb.take_output();
            stream.write_all(&output).await?;
            if rfb.is_closed() {
                stream.shutdown().await?;
                return Ok::<_, anyhow::Error>(());
            }
            let count = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            rfb.receive(buffer.get(..count).unwrap_or_default());
            while rfb.poll()?.is_some() {}
        }
    };
    tokio::time::timeout(TLS_HANDSHAKE_MAX, refusal).await.context("it said nothing")??;
    anyhow::bail!("it is a plain RFB viewer and was told to use a ThinPay terminal over TLS")
}
