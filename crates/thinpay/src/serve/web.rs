//! The browser terminal: its page, and the remote protocol over WebSocket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf,
};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
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
/// The most web connections at once; a WebSocket counts as a terminal's connection instead.
const CONNECTIONS_MAX: usize = 256;
/// The longest a browser may take to send a request's head, and to be silent between two requests.
const HEADER_MAX: Duration = Duration::from_secs(10);
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
) {
    let mut shutdown = server.shutdown.clone();
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let router =
        Router::new().route(SOCKET_PATH, get(socket)).fallback(file).with_state(Site { server, files });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = shutdown.changed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            info!(%peer, "dropped: too many web connections");
            continue;
        };
        let (router, tls) = (router.clone().layer(Extension(Peer(peer))), tls.clone());
        tokio::spawn(async move {
            let outcome = match tls {
                None => converse(stream, router).await,
                Some(tls) => match tokio::time::timeout(TLS_HANDSHAKE_MAX, tls.accept(stream)).await {
                    Ok(Ok(stream)) => converse(stream, router).await,
                    Ok(Err(error)) => Err(format!("the TLS handshake failed: {error}")),
                    Err(_) => Err("it did not finish the TLS handshake in time".to_owned()),
                },
            };
            if let Err(why) = outcome {
                info!(%peer, "dropped: {why}");
            }
            drop(seat);
        });
    }
}

/// Speaks HTTP/1.1 on one connection. A WebSocket leaves it and is a connection of its own from then on.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
) -> Result<(), String> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades()
        .await
        .map_err(|error| format!("it did not speak HTTP as it should: {error}"))
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
    Extension(peer): Extension<Peer>,
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
            tokio::join!(session, pump(socket, far, &peer));
        })
}

/// A page of another origin could not open what is sealed, but has no business here either.
fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).map(HeaderValue::as_bytes) else { return true };
    let Some(host) = headers.get(header::HOST).map(HeaderValue::as_bytes) else { return false };
    [b"http://".as_slice(), b"https://"].iter().any(|scheme| origin.strip_prefix(*scheme) == Some(host))
}

/// Carries bytes between the WebSocket's binary messages and the session's stream, each way by itself:
/// a browser that is slow to take a picture can still send its input.
async fn pump(socket: WebSocket, pipe: DuplexStream, peer: &str) {
    let (from_session, to_session) = tokio::io::split(pipe);
    let (to_browser, from_browser) = socket.split();
    tokio::select! {
        why = upwards(from_browser, to_session) => info!(%peer, "WebSocket: {why}"),
        () = downwards(from_session, to_browser) => {}
    }
}

/// From the browser to the session, until it ends; why it does.
async fn upwards(mut browser: SplitStream<WebSocket>, mut session: WriteHalf<DuplexStream>) -> String {
    loop {
        match browser.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                if session.write_all(&bytes).await.is_err() {
                    return "the session ended".to_owned();
                }
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Text(_))) => return "it sent text, which is no part of the protocol".to_owned(),
            Some(Ok(Message::Close(_))) | None => return "the browser closed it".to_owned(),
            Some(Err(error)) => return format!("it broke: {error}"),
        }
    }
}

/// From the session to the browser, until the session ends.
async fn downwards(mut session: ReadHalf<DuplexStream>, mut browser: SplitSink<WebSocket, Message>) {
    let mut buffer = vec![0_u8; 16 * 1024];
    loop {
        match session.read(&mut buffer).await {
            Ok(count) if count > 0 => {
                let bytes = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
                if browser.send(Message::Binary(bytes)).await.is_err() {
                    return;
                }
            }
            _ => {
                // The other side may be gone already; then there is nobody to tell.
                let _ = browser.send(Message::Close(None)).await;
                return;
            }
        }
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);
