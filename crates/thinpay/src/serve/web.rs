//! The browser terminal: its page, and the remote protocol over WebSocket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::info;

use super::Server;

/// Where the WebSocket is.
const SOCKET_PATH: &str = "/rfb";
/// The largest file of the page, in bytes.
const PAGE_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The most files of the page.
const PAGE_FILES_MAX: usize = 64;
/// The largest WebSocket message taken from a terminal, in bytes: its messages are small.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// How much may lie between the WebSocket and the session, in bytes, each way.
const PIPE_BYTES: usize = 64 * 1024;
/// The longest a browser may take to finish a TLS handshake.
const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(20);

/// Nothing but the page's own files may run, be shown or be spoken to; the page may not be framed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'";

#[derive(Clone)]
struct Site {
    server: Arc<Server>,
    files: Arc<Page>,
}

/// The page's files, by path.
pub(crate) type Page = BTreeMap<String, PageFile>;

/// One of the page's files.
#[derive(Debug)]
pub(crate) struct PageFile {
    content_type: &'static str,
    bytes: Bytes,
}

/// Serves the page and the WebSocket until the server shuts down.
pub(crate) async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    files: Arc<Page>,
    tls: Option<TlsAcceptor>,
) -> Result<()> {
    let mut shutdown = server.shutdown.clone();
    let address = listener.local_addr().context("The web listener has no address.")?;
    let router = Router::new()
        .route(SOCKET_PATH, get(socket))
        .fallback(file)
        .with_state(Site { server, files })
        .into_make_service_with_connect_info::<Peer>();
    let stop = async move {
        // An error means the sender is gone, which is a shutdown as well.
        let _ = shutdown.changed().await;
    };
    match tls {
        None => axum::serve(listener, router).with_graceful_shutdown(stop).await,
        Some(tls) => {
            axum::serve(TlsListener::start(listener, address, tls), router).with_graceful_shutdown(stop).await
        }
    }
    .context("The web listener failed.")
}

/// Reads the built page into memory, so that no request names a path.
pub(crate) fn read_page(folder: &Path) -> Result<Page> {
    let missing = || {
        format!(
            "Cannot read the browser terminal's page in {}. `cargo xtask build` makes it; \
             or remove [web] from the configuration.",
            folder.display()
        )
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(missing)? {
        let entry = entry.with_context(missing)?;
        let metadata = entry.metadata().with_context(missing)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Some(content_type) = content_type(&name) else { continue };
        if !metadata.is_file() {
            continue;
        }
        if metadata.len() > PAGE_FILE_BYTES_MAX || files.len() >= PAGE_FILES_MAX {
            bail!("The folder {} holds too much to be the browser terminal's page.", folder.display());
        }
        let bytes = Bytes::from(std::fs::read(entry.path()).with_context(missing)?);
        files.insert(format!("/{name}"), PageFile { content_type, bytes });
    }
    if !files.contains_key("/index.html") {
        bail!("{} There is no index.html.", missing());
    }
    Ok(files)
}

fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        _ => return None,
    })
}

async fn file(State(site): State<Site>, uri: Uri) -> Response {
    let path = if uri.path() == "/" { "/index.html" } else { uri.path() };
    match site.files.get(path) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, file.content_type),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, file.bytes.clone()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "There is no such page here.\n").into_response(),
    }
}

async fn socket(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !same_origin(&headers) {
        info!(peer = %peer.0, "dropped: the WebSocket was opened by a page of another origin");
        return (StatusCode::FORBIDDEN, "Another site's page may not connect here.\n").into_response();
    }
    let Some(place) = site.server.admit() else {
        info!(peer = %peer.0, "dropped: the server is full");
        return (StatusCode::SERVICE_UNAVAILABLE, "The server is full; try again later.\n").into_response();
    };
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .protocols(["binary"])
        .on_upgrade(move |socket| async move {
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            let peer = peer.0.to_string();
            let session = super::connection::serve(&site.server, near, place, &peer);
            tokio::join!(session, pump(socket, far));
        })
}

/// A page of another origin could not open what is sealed, but has no business here either.
fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).map(HeaderValue::as_bytes) else { return true };
    let Some(host) = headers.get(header::HOST).map(HeaderValue::as_bytes) else { return false };
    [b"http://".as_slice(), b"https://"].iter().any(|scheme| origin.strip_prefix(*scheme) == Some(host))
}

/// Carries bytes between the WebSocket's binary messages and the session's stream.
async fn pump(mut socket: WebSocket, pipe: DuplexStream) {
    let (mut from_session, mut to_session) = tokio::io::split(pipe);
    let mut buffer = vec![0_u8; 16 * 1024];
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if to_session.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // Text is no part of the protocol; the rest is the end.
                _ => break,
            },
            read = from_session.read(&mut buffer) => match read {
                Ok(count) if count > 0 => {
                    let bytes = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
                    if socket.send(Message::Binary(bytes)).await.is_err() {
                        break;
                    }
                }
                _ => {
                    // The other side may be gone already; then there is nobody to tell.
                    let _ = socket.send(Message::Close(None)).await;
                    break;
                }
            },
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Hands out connections whose TLS handshake is done; a slow handshake holds up nobody else.
struct TlsListener {
    ready: tokio::sync::mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn start(listener: TcpListener, address: SocketAddr, tls: TlsAcceptor) -> Self {
        let (sender, ready) = tokio::sync::mpsc::channel(64);
        tokio::spawn(async move {
            while !sender.is_closed() {
                let Ok((stream, peer)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let (tls, sender) = (tls.clone(), sender.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(TLS_HANDSHAKE_MAX, tls.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            // The receiver is gone only when the server stops.
                            let _ = sender.send((stream, peer)).await;
                        }
                        Ok(Err(error)) => info!(%peer, "dropped: the TLS handshake failed: {error}"),
                        Err(_) => info!(%peer, "dropped: it did not finish the TLS handshake in time"),
                    }
                });
            }
        });
        Self { ready, address }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The accepting task lives as long as this; were it gone, there would be nothing to accept.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
