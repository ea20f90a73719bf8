//! The client's side of WebSocket (RFC 6455), bytes in and bytes out: just what carries RFB, binary
//! messages both ways. For networks that let nothing but the web pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand_core::CryptoRngCore;

/// The longest answer to the upgrade request, in bytes.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;
/// The longest payload of one frame that is sent, in bytes; longer data goes in several.
const FRAME_BYTES_MAX: usize = 64 * 1024;
/// RFC 6455 §1.3.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why the WebSocket failed: the server, or something in between, does not speak it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebSocketError {
    /// No upgrade.
    #[error("the server did not open a WebSocket: {0}")]
    Refused(String),
    /// A frame against the rules.
    #[error("the server broke the WebSocket's rules: {0}")]
    Frame(&'static str),
    /// A close frame.
    #[error("the server closed the WebSocket")]
    Closed,
}

/// One WebSocket, the client's side.
#[derive(Debug)]
pub struct WebSocket {
    accept: String,
    open: bool,
    incoming: Vec<u8>,
    /// Payload bytes still to come of the data frame under way.
    data_left: u64,
    outgoing: Vec<u8>,
    /// Data that was sent before the upgrade was answered.
    early: Vec<u8>,
}

impl WebSocket {
    /// Asks for the upgrade; the request is in [`WebSocket::take_output`].
    pub fn new(host: &str, path: &str, rng: &mut impl CryptoRngCore) -> Self {
        let mut key = [0; 16];
        rng.fill_bytes(&mut key);
        let key = BASE64.encode(key);
        let digest = ring::digest::digest(
            &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
            format!("{key}{ACCEPT_SUFFIX}").as_bytes(),
        );
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
        );
        Self {
            accept: BASE64.encode(digest),
            open: false,
            incoming: Vec::new(),
            data_left: 0,
            outgoing: request.into_bytes(),
            early: Vec::new(),
        }
    }

    /// Sends data.
    pub fn send(&mut self, data: &[u8], rng: &mut impl CryptoRngCore) {
        if !self.open {
            self.early.extend_from_slice(data);
            return;
        }
        for part in data.chunks(FRAME_BYTES_MAX) {
            self.frame(2, part, rng);
        }
    }

    /// Takes what arrived and gives the data in it.
    ///
    /// # Errors
    /// [`WebSocketError`]; nothing can be done with the connection after it.
    pub fn receive(&mut self, bytes: &[u8], rng: &mut impl CryptoRngCore) -> Result<Vec<u8>, WebSocketError> {
        self.incoming.extend_from_slice(bytes);
        if !self.open && !self.upgraded(rng)? {
            return Ok(Vec::new());
        }
        let mut data = Vec::new();
        loop {
            if self.data_left > 0 {
                let take = usize::try_from(self.data_left).unwrap_or(usize::MAX).min(self.incoming.len());
                if take == 0 {
                    return Ok(data);
                }
                data.extend(self.incoming.drain(..take));
                self.data_left -= u64::try_from(take).unwrap_or(0);
                continue;
            }
            let Some((opcode, length, head)) = header(&self.incoming)? else {
                return Ok(data);
            };
            if opcode < 8 {
                self.incoming.drain(..head);
                self.data_left = length;
                continue;
            }
            let end = head.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            let Some(payload) = self.incoming.get(head..end).map(<[u8]>::to_vec) else {
                return Ok(data);
            };
            self.incoming.drain(..end);
            match opcode {
                8 => return Err(WebSocketError::Closed),
                9 => self.frame(10, &payload, rng),
                _ => {}
            }
        }
    }

    /// What is to be written to the connection.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Looks for the answer to the upgrade request.
    fn upgraded(&mut self, rng: &mut impl CryptoRngCore) -> Result<bool, WebSocketError> {
        let Some(end) = self.incoming.windows(4).position(|window| window == b"\r\n\r\n") else {
            if self.incoming.len() > HEAD_BYTES_MAX {
                return Err(WebSocketError::Refused("its answer is too long".to_owned()));
            }
            return Ok(false);
        };
        let head: Vec<u8> = self.incoming.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default();
        if status.split(' ').nth(1) != Some("101") {
            return Err(WebSocketError::Refused(
                status.chars().filter(|c| !c.is_control()).take(100).collect(),
            ));
        }
        let accepted = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
            name.eq_ignore_ascii_case("Sec-WebSocket-Accept") && value.trim() == self.accept
        });
        if !accepted {
            return Err(WebSocketError::Refused("its answer is not to this request".to_owned()));
        }
        self.open = true;
        let early = std::mem::take(&mut self.early);
        self.send(&early, rng);
        Ok(true)
    }

    /// Writes one frame, masked as a client's must be (RFC 6455 §5.3).
    fn frame(&mut self, opcode: u8, payload: &[u8], rng: &mut impl CryptoRngCore) {
        self.outgoing.push(0x80 | opcode);
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ 0..=125), _) => self.outgoing.push(0x80 | length),
            (_, Ok(length)) => {
                self.outgoing.push(0x80 | 126);
                self.outgoing.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                self.outgoing.push(0x80 | 127);
                let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
                self.outgoing.extend_from_slice(&length.to_be_bytes());
            }
        }
        let mut mask = [0; 4];
        rng.fill_bytes(&mut mask);
        self.outgoing.extend_from_slice(&mask);
        self.outgoing.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
}

/// Opcode, payload length and header length of the next frame, when its header is whole.
fn header(bytes: &[u8]) -> Result<Option<(u8, u64, usize)>, WebSocketError> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 || second & 0x80 != 0 {
        return Err(WebSocketError::Frame("a reserved bit or a mask is set"));
    }
    let opcode = first & 0x0f;
    let (length, head) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        length => (u64::from(length), 2),
    };
    match opcode {
        0 | 2 => Ok(Some((opcode, length, head))),
        8..=10 if length <= 125 && first & 0x80 != 0 => Ok(Some((opcode, length, head))),
        8..=10 => Err(WebSocketError::Frame("a control frame is too long")),
        _ => Err(WebSocketError::Frame("neither binary nor control")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_core::OsRng;

    fn opened() -> WebSocket {
        let mut socket = WebSocket::new("localhost:1", "/rfb", &mut OsRng);
        let request = String::from_utf8(socket.take_output()).unwrap();
        assert!(request.starts_with("GET /rfb HTTP/1.1\r\nHost: localhost:1\r\n"));
        let answer =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {}\r\n\r\n", socket.accept);
        assert_eq!(socket.receive(answer.as_bytes(), &mut OsRng).unwrap(), b"");
        socket
    }

    #[test]
    fn data_pass_both_ways_in_any_pieces() {
        let mut socket = opened();
        let mut bytes = vec![0x82, 3, 1, 2, 3, 0x89, 1, 9, 0x82, 126, 1, 0];
        bytes.extend_from_slice(&[7; 256]);
        let mut data = Vec::new();
        for byte in bytes {
            data.extend(socket.receive(&[byte], &mut OsRng).unwrap());
        }
        assert_eq!(data.len(), 259);
        let pong = socket.take_output();
        assert_eq!(pong[..2], [0x8a, 0x81]);
        assert_eq!(pong[6] ^ pong[2], 9);
        socket.send(&[5; 200], &mut OsRng);
        let frame = socket.take_output();
        assert_eq!(frame[..4], [0x82, 0xfe, 0, 200]);
        assert!(frame[8..].iter().enumerate().all(|(index, byte)| byte ^ frame[4 + index % 4] == 5));
        assert_eq!(socket.receive(&[0x88, 0], &mut OsRng), Err(WebSocketError::Closed));
    }

    #[test]
    fn a_refusal_is_told() {
        let mut socket = WebSocket::new("h", "/", &mut OsRng);
        let error = socket.receive(b"HTTP/1.1 404 Not Found\r\n\r\n", &mut OsRng).unwrap_err();
        assert_eq!(error, WebSocketError::Refused("HTTP/1.1 404 Not Found".into()));
        let mut socket = WebSocket::new("h", "/", &mut OsRng);
        let replayed = b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: AAAA\r\n\r\n";
        assert!(socket.receive(replayed, &mut OsRng).is_err());
        let mut socket = WebSocket::new("h", "/", &mut OsRng);
        assert!(socket.receive(&[b'x'; HEAD_BYTES_MAX + 1], &mut OsRng).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut socket = opened();
            if let Ok(data) = socket.receive(&bytes, &mut OsRng) {
                prop_assert!(data.len() <= bytes.len());
            }
        }
    }
}
