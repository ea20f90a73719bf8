//! The bearer: TCP, TLS 1.3 on it, and WebSocket where the URL says so. A thread reads the socket;
//! TLS and WebSocket are then run over plain bytes by whoever owns the [`Transport`], so the program's
//! loop waits in one place only.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rand_core::OsRng;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::websocket::WebSocket;

/// How long connecting may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long one write may take.
const WRITE_TIME_MAX: Duration = Duration::from_secs(20);
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Whether TLS 1.3 is spoken.
    pub tls: bool,
    /// The path of the WebSocket, when there is one.
    pub websocket: Option<String>,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl std::str::FromStr for ServerUrl {
    type Err = String;

    /// Reads `rfbs://host:port`, `wss://host:port/path`, and for a server on this machine
    /// `rfb://` and `ws://`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "write rfbs://HOST:PORT or wss://HOST:PORT/PATH";
        let (scheme, rest) = text.split_once("://").ok_or(wrong)?;
        let (tls, web, port_default) = match scheme {
            "rfbs" => (true, false, None),
            "rfb" => (false, false, None),
            "wss" => (true, true, Some(443)),
            "ws" => (false, true, Some(80)),
            _ => return Err(wrong.to_owned()),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(wrong)?)),
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = match port {
            Some(digits) => Some(digits.parse().map_err(|_| format!("{digits:?} is no TCP port"))?),
            None => port_default,
        };
        let fits = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\' | '@');
        if host.is_empty() || host.len() > 253 || !text.chars().all(fits) {
            return Err(wrong.to_owned());
        }
        if !web && path.is_some_and(|path| !path.is_empty()) {
            return Err("an rfbs:// URL has no path".to_owned());
        }
        let url = Self {
            tls,
            websocket: web.then(|| match path {
                Some(path) if !path.is_empty() => format!("/{path}"),
                _ => "/rfb".to_owned(),
            }),
            host: host.to_owned(),
            port: port.ok_or("the URL needs a port: rfbs://HOST:PORT")?,
        };
        if !tls && !url.is_this_machine() {
            return Err(
                "without TLS only a server on this machine is reached: use rfbs:// or wss://".to_owned()
            );
        }
        Ok(url)
    }
}

impl ServerUrl {
    fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// What the reading thread tells.
#[derive(Debug)]
pub enum Arrived {
    /// Bytes as they came from the socket, for [`Transport::receive`].
    Bytes(Vec<u8>),
    /// The server closed the connection, or it broke for this reason.
    Closed(Option<String>),
}

/// One connection to the server.
pub struct Transport {
    socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
    websocket: Option<WebSocket>,
    /// Bytes received from the server, as they were on the wire.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Transport({:?})", self.socket.peer_addr())
    }
}

impl Transport {
    /// Connects. The certificate must be the operator's for `server_name`, whatever the URL's host.
    ///
    /// # Errors
    /// A sentence: no such host, nobody listens, a certificate that cannot be used.
    pub fn connect<Event: From<Arrived> + Send + 'static>(
        url: &ServerUrl,
        authorities: &[&[u8]],
        server_name: &str,
        events: Sender<Event>,
    ) -> anyhow::Result<Self> {
        let address = format!("{}:{}", url.host, url.port);
        let addresses = (url.host.as_str(), url.port)
            .to_socket_addrs()
            .with_context(|| format!("the server's name {:?} is not known", url.host))?;
        let mut failure = anyhow!("the server's name {:?} has no address", url.host);
        let mut connected = None;
        for candidate in addresses {
            match TcpStream::connect_timeout(&candidate, CONNECT_TIME_MAX) {
                Ok(socket) => {
                    connected = Some(socket);
                    break;
                }
                Err(error) => failure = anyhow!("no server answers at {address}: {error}"),
            }
        }
        let socket = connected.ok_or(failure)?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(WRITE_TIME_MAX))?;
        let tls = if url.tls { Some(Box::new(tls(authorities, server_name)?)) } else { None };
        let websocket = url.websocket.as_ref().map(|path| WebSocket::new(&address, path, &mut OsRng));
        let reader = socket.try_clone()?;
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || read(reader, &events))?;
        let mut transport = Self { socket, tls, websocket, bytes_in: 0, bytes_out: 0 };
        transport.flush()?;
        Ok(transport)
    }

    /// Turns bytes from the socket into RFB bytes.
    ///
    /// # Errors
    /// A sentence about TLS or WebSocket; the connection is of no use after it.
    pub fn receive(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.bytes_in += u64::try_from(bytes.len()).unwrap_or(0);
        let mut plain = Vec::new();
        if let Some(tls) = &mut self.tls {
            let mut rest = bytes;
            while !rest.is_empty() {
                if tls.read_tls(&mut rest)? == 0 {
                    break;
                }
                let state = tls.process_new_packets();
                let state = match state {
                    Ok(state) => state,
                    Err(error) => {
                        let _alert = self.flush();
                        bail!("TLS failed: {}", explain(&error));
                    }
                };
                let start = plain.len();
                plain.resize(start + state.plaintext_bytes_to_read(), 0);
                if let Some(place) = plain.get_mut(start..) {
                    tls.reader().read_exact(place)?;
                }
            }
        } else {
            plain.extend_from_slice(bytes);
        }
        let data = match &mut self.websocket {
            Some(websocket) => websocket.receive(&plain, &mut OsRng)?,
            None => plain,
        };
        self.flush()?;
        Ok(data)
    }

    /// Sends RFB bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&mut self, data: &[u8]) -> anyhow::Result<()> {
        match (&mut self.websocket, &mut self.tls) {
            (Some(websocket), _) => websocket.send(data, &mut OsRng),
            (None, Some(tls)) => tls.writer().write_all(data)?,
            (None, None) => self.write_socket(data)?,
        }
        self.flush()
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
        let _already_closed = self.flush();
        let _already_closed = self.socket.shutdown(std::net::Shutdown::Both);
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if let Some(websocket) = &mut self.websocket {
            let output = websocket.take_output();
            match &mut self.tls {
                Some(tls) => tls.writer().write_all(&output)?,
                None => self.write_socket(&output)?,
            }
        }
        let mut output = Vec::new();
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut output)?;
            }
        }
        self.write_socket(&output)
    }

    fn write_socket(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if !bytes.is_empty() {
            self.socket.write_all(bytes).context("the connection broke while sending")?;
            self.bytes_out += u64::try_from(bytes.len()).unwrap_or(0);
        }
        Ok(())
    }
}

/// Reads the socket until it ends.
fn read<Event: From<Arrived>>(mut socket: TcpStream, events: &Sender<Event>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let arrived = match socket.read(&mut buffer) {
            Ok(0) => Arrived::Closed(None),
            Ok(length) => Arrived::Bytes(buffer.get(..length).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => Arrived::Closed(Some(error.to_string())),
        };
        let last = matches!(arrived, Arrived::Closed(_));
        if events.send(arrived.into()).is_err() || last {
            return;
        }
    }
}

/// TLS 1.3 with these CAs (the operator's, as a rule alone) as the only roots.
fn tls(authorities: &[&[u8]], server_name: &str) -> anyhow::Result<ClientConnection> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(CertificateDer::from(authority.to_vec()))
            .context("a CA certificate cannot be used: import the bundle again")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(server_name.to_owned())
        .with_context(|| format!("the server's name in the element, {server_name:?}, is no host name"))?;
    Ok(ClientConnection::new(Arc::new(config), name)?)
}

/// The sentence for a TLS error: the usual ones in words that say whose fault it is.
fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => format!(
            "this is not the operator's server, or its certificate has run out ({reason:?}): do not go on"
        ),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Result<ServerUrl, String> {
        text.parse()
    }

    #[test]
    fn urls_are_read() {
        let rfbs = url("rfbs://pay.example:5900").unwrap();
        assert_eq!(
            (rfbs.tls, rfbs.websocket, rfbs.host.as_str(), rfbs.port),
            (true, None, "pay.example", 5900)
        );
        let wss = url("wss://pay.example/rfb").unwrap();
        assert_eq!((wss.tls, wss.websocket.as_deref(), wss.port), (true, Some("/rfb"), 443));
        let ws = url("ws://[::1]:8080").unwrap();
        assert_eq!((ws.tls, ws.websocket.as_deref(), ws.host.as_str()), (false, Some("/rfb"), "::1"));
        assert!(url("rfb://127.0.0.1:5900").is_ok());
    }

    #[test]
    fn urls_that_lead_astray_are_refused() {
        for text in
            ["", "pay.example", "http://x:1", "rfbs://x", "rfbs://:1", "rfbs://x:99999", "rfbs://x:1/y"]
        {
            assert!(url(text).is_err(), "{text}");
        }
        assert!(url("rfb://pay.example:5900").unwrap_err().contains("without TLS"));
        assert!(url("ws://10.0.0.1:80/").unwrap_err().contains("without TLS"));
        assert!(url("ws://localhost:1/a\r\nX: y").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s)(rfbs?://|wss?://)?.{0,60}") {
            let _ = url(&text);
        }
    }
}
