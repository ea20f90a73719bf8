//! Both ends of the remote protocol talk to each other, and to peers that misbehave.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::string_slice,
    reason = "test patterns and hexadecimal digits"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use profile::PixelLayout;
use proptest::prelude::*;
use rfb::client::{Client, ClientEvent, ClientOptions, RectangleIn};
use rfb::sealed::{Control, EndReason, Input};
use rfb::server::{ClientEncodings, RectangleOut, STOCK_VIEWER_REASON, Server, ServerEvent, ServerOptions};
use rfb::{Encoding, Misuse, Peer, ProtocolError, Rect, wire};
use seal::picture::{self, Format, Geometry};
use seal::{Opener, Root, Sealer, Stream};

/// Both ends and what they said to their users; bytes cross in pieces of `piece` bytes.
struct Line {
    server: Server,
    client: Client,
    piece: usize,
    at_server: Vec<ServerEvent>,
    at_client: Vec<ClientEvent>,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

fn server(plain: bool) -> Server {
    Server::new(ServerOptions { name: "ThinPay".into(), plain })
}

impl Line {
    fn new(plain: bool, piece: usize) -> Self {
        Self {
            server: server(plain),
            client: Client::new(ClientOptions { plain, shared: true }),
            piece,
            at_server: Vec::new(),
            at_client: Vec::new(),
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    /// Lets the bytes flow until both ends are silent; answers what was said meanwhile.
    fn flow(&mut self) -> (Vec<ServerEvent>, Vec<ClientEvent>) {
        loop {
            let down = self.server.take_output();
            let up = self.client.take_output();
            if down.is_empty() && up.is_empty() {
                return (std::mem::take(&mut self.at_server), std::mem::take(&mut self.at_client));
            }
            for piece in up.chunks(self.piece) {
                self.server.receive(piece);
                while let Some(event) = self.server.poll().unwrap() {
                    self.at_server.push(event);
                }
            }
            for piece in down.chunks(self.piece) {
                self.client.receive(piece);
                while let Some(event) = self.client.poll().unwrap() {
                    self.at_client.push(event);
                }
            }
            self.to_server.extend(up);
            self.to_client.extend(down);
        }
    }

    /// Through the login and the initialisation.
    fn running(plain: bool, piece: usize, width: u16, height: u16, layout: PixelLayout) -> Self {
        let mut line = Self::new(plain, piece);
        if !plain {
            assert_eq!(line.flow(), (vec![], vec![ClientEvent::LoginOffered]));
            line.client.send_login(&[1; 100]).unwrap();
            assert_eq!(line.flow(), (vec![ServerEvent::LoginMessage(vec![1; 100])], vec![]));
            line.server.send_login(&[2; 300]).unwrap();
            assert_eq!(line.flow(), (vec![], vec![ClientEvent::LoginMessage(vec![2; 300])]));
            line.client.send_login(&[3; 64]).unwrap();
            assert_eq!(line.flow(), (vec![ServerEvent::LoginMessage(vec![3; 64])], vec![]));
            line.server.accept().unwrap();
        }
        assert_eq!(line.flow(), (vec![ServerEvent::Ready { shared: true }], vec![]));
        line.server.init(width, height, layout).unwrap();
        let initialised = ClientEvent::Initialised { width, height, layout, name: "ThinPay".into() };
        assert_eq!(line.flow(), (vec![], vec![initialised]));
        line
    }
}

fn root() -> Root {
    Root::derive(&[1; 32], &[2; 64], &[3; 32], &[4; 32])
}

const SEALED: [Encoding; 5] =
    [Encoding::SealedTile, Encoding::SealedRaw, Encoding::DesktopSize, Encoding::LastRect, Encoding::Outline];

fn sealed_session(piece: usize, layout: PixelLayout) {
    let mut line = Line::running(false, piece, 64, 48, layout);
    let (mut display, mut shown) =
        (Sealer::new(&root(), Stream::Display), Opener::new(&root(), Stream::Display));
    let (mut control, mut told) =
        (Sealer::new(&root(), Stream::Control), Opener::new(&root(), Stream::Control));
    let (mut input, mut taken) = (Sealer::new(&root(), Stream::Input), Opener::new(&root(), Stream::Input));

    line.client.set_encodings(&SEALED).unwrap();
    line.client.request_full_update(false).unwrap();
    let all = ClientEncodings {
        sealed_raw: true,
        sealed_tile: true,
        outline: true,
        desktop_size: true,
        last_rect: true,
    };
    let whole = Rect::of_size(64, 48);
    let asked = ServerEvent::UpdateRequest { incremental: false, rect: whole };
    assert_eq!(line.flow(), (vec![ServerEvent::SetEncodings(all), asked], vec![]));
    assert_eq!(line.server.encodings(), all);

    // A whole picture as a tile, a part of it raw.
    let part = Rect { x: 8, y: 40, width: 5, height: 8 };
    let mut expect = Vec::new();
    let mut sent = Vec::new();
    for (rect, format, encoding) in
        [(whole, Format::Tile, Encoding::SealedTile), (part, Format::Raw, Encoding::SealedRaw)]
    {
        let geometry = Geometry { x: rect.x, y: rect.y, width: rect.width, height: rect.height, layout };
        let pixels: Vec<u8> = (0..geometry.bytes()).map(|at| (at % 256) as u8).collect();
        let plain = match format {
            Format::Raw => pixels.clone(),
            Format::Tile => rfb::tile::encode(&pixels, rect.width, rect.height, layout),
        };
        let data = picture::seal(&mut display, format, &geometry, plain).unwrap();
        sent.push(RectangleOut { rect, encoding, data });
        expect.push((geometry, format, pixels));
    }
    line.server.update(&sent).unwrap();
    let (_, mut events) = line.flow();
    assert_eq!(events.pop(), Some(ClientEvent::UpdateEnd));
    assert_eq!(events.len(), 2);
    for (event, (geometry, format, pixels)) in events.into_iter().zip(expect) {
        let ClientEvent::Rectangle(RectangleIn { rect, data, .. }) = event else { panic!("{event:?}") };
        assert_eq!((rect.x, rect.y), (geometry.x, geometry.y));
        let mut seen = picture::open(&mut shown, format, &geometry, &data).unwrap();
        if format == Format::Tile {
            seen = rfb::tile::decode(&seen, rect.width, rect.height, layout).unwrap();
        }
        assert_eq!(seen, pixels);
    }

    // Input and control, sealed.
    let touch = Input::Pointer { buttons: 1, x: 12, y: 30 };
    line.client.sealed_input(&input.seal(seal::INPUT_ASSOCIATED, touch.encode()).unwrap()).unwrap();
    let (events, _) = line.flow();
    let [ServerEvent::SealedInput(unit)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(Input::decode(&taken.open(seal::INPUT_ASSOCIATED, unit).unwrap()), Ok(touch));
    let end = Control::End { reason: EndReason::Idle, text: "好".into() };
    let unit = control.seal(seal::CONTROL_ASSOCIATED, end.encode().unwrap()).unwrap();
    line.server.sealed_control(&unit).unwrap();
    line.server.bell().unwrap();
    let (_, events) = line.flow();
    let [ClientEvent::SealedControl(unit), ClientEvent::Bell] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(Control::decode(&told.open(seal::CONTROL_ASSOCIATED, unit).unwrap()), Ok(end));
}

#[test]
fn a_sealed_session_in_every_layout() {
    for layout in [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8, PixelLayout::Cells] {
        sealed_session(100_000, layout);
    }
}

/// R13: slow bearers. A peer that dribbles one byte at a time is served as any other.
#[test]
fn a_sealed_session_one_byte_at_a_time() {
    sealed_session(1, PixelLayout::Rgb565);
    sealed_session(7, PixelLayout::Cells);
}

/// R42: the plain embodiment, with a size that changes and an update that ends by a marker.
#[test]
fn a_plain_session() {
    for (piece, layout) in [(1, PixelLayout::Grey8), (1000, PixelLayout::Rgb888)] {
        let mut line = Line::running(true, piece, 10, 6, layout);
        let encodings = [Encoding::Raw, Encoding::DesktopSize, Encoding::LastRect];
        line.client.set_encodings(&encodings).unwrap();
        line.client.request_full_update(true).unwrap();
        line.client.key(0xff0d, true).unwrap();
        line.client.pointer(1, 3, 4).unwrap();
        let announced = ClientEncodings { desktop_size: true, last_rect: true, ..Default::default() };
        let expect = vec![
            ServerEvent::SetEncodings(announced),
            ServerEvent::UpdateRequest { incremental: true, rect: Rect::of_size(10, 6) },
            ServerEvent::Key { keysym: 0xff0d, down: true },
            ServerEvent::Pointer { buttons: 1, x: 3, y: 4 },
        ];
        assert_eq!(line.flow(), (expect, vec![]));
        line.server.resize(20, 12).unwrap();
        let resized = ClientEvent::Resized { width: 20, height: 12 };
        assert_eq!(line.flow(), (vec![], vec![resized, ClientEvent::UpdateEnd]));

        line.client.request_full_update(false).unwrap();
        line.flow();
        let rect = Rect { x: 10, y: 0, width: 10, height: 12 };
        let data = vec![7; rect.area() * layout.bytes_per_pixel()];
        line.server.update_begin().unwrap();
        assert!(line.server.bell().is_err(), "nothing may come between");
        line.server
            .update_rectangle(&RectangleOut { rect, encoding: Encoding::Raw, data: data.clone() })
            .unwrap();
        line.server.update_end().unwrap();
        let raw = ClientEvent::Rectangle(RectangleIn { rect, encoding: Encoding::Raw, data });
        assert_eq!(line.flow(), (vec![], vec![raw, ClientEvent::UpdateEnd]));
        assert!(!line.server.update_requested());
    }
}

#[test]
fn a_refused_login_tells_its_reason() {
    let mut line = Line::new(false, 3);
    line.flow();
    line.client.send_login(&[1; 16]).unwrap();
    line.flow();
    line.server.refuse("Account or password is wrong.").unwrap();
    let refused = ClientEvent::Refused("Account or password is wrong.".into());
    assert_eq!(line.flow(), (vec![], vec![refused]));
    assert!(line.server.is_closed() && line.client.is_closed());
    assert_eq!(line.server.poll(), Ok(None));
}

// What stock viewers meet.

fn answers(said: &[&[u8]], plain: bool) -> (Vec<u8>, Result<Option<ServerEvent>, ProtocolError>) {
    let mut server = server(plain);
    let mut last = Ok(None);
    for bytes in said {
        server.receive(bytes);
        last = server.poll();
    }
    (server.take_output(), last)
}

fn error(result: Result<Option<ServerEvent>, ProtocolError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_stock_viewer_is_refused_with_a_reason() {
    let (output, result) = answers(&[wire::BANNER, &[1]], false);
    let reason = STOCK_VIEWER_REASON.as_bytes();
    let length = (reason.len() as u32).to_be_bytes();
    assert_eq!(output, [wire::BANNER.as_slice(), &[2, 1, 16], &[0, 0, 0, 1], &length, reason].concat());
    assert_eq!(
        error(result),
        "the client broke the remote protocol (RFC 6143 §7.1.2): it chose security type None on a sealed server: \
         a stock viewer"
    );

    let mut server = server(false);
    server.refuse_before_security("Use TLS.").unwrap();
    server.receive(wire::BANNER);
    assert_eq!(server.poll(), Ok(None));
    assert_eq!(server.take_output(), [wire::BANNER.as_slice(), b"\0\0\0\0\x08Use TLS."].concat());
    assert!(server.is_closed());
}

#[test]
fn other_versions_are_refused_in_their_own_way() {
    let (output, result) = answers(&[b"RFB 003.007\n"], false);
    assert_eq!(output[12..17], [0, 0, 0, 0, 59], "no security types, then the reason");
    assert!(error(result).contains("it speaks \"RFB 003.007\""));
    let (output, result) = answers(&[b"RFB 003.003\n"], true);
    assert_eq!(output[12..20], [0, 0, 0, 0, 0, 0, 0, 59], "security type 0, then the reason");
    assert!(error(result).contains("it speaks \"RFB 003.003\""));
    let (output, result) = answers(&[b"GET / HTTP/1.1\r\n"], false);
    assert_eq!(output, wire::BANNER, "what is no viewer is told nothing");
    assert!(error(result).contains("no RFB version"));
}

// Peers that break the rules. Each is told apart by section and words.

#[test]
fn a_client_that_breaks_the_rules_is_named() {
    let opaque = wire::AUTH_OPAQUE.to_be_bytes();
    let check = |said: &[&[u8]], section: &str, what: &str| {
        let said: Vec<&[u8]> = [wire::BANNER.as_slice()].into_iter().chain(said.iter().copied()).collect();
        let error = answers(&said, false).1.unwrap_err();
        assert_eq!(error.peer, Peer::Client);
        assert_eq!(error.section, section);
        assert!(error.what.contains(what), "{error}");
    };
    check(&[&[19]], "RFC 6143 §7.1.2", "security type 19");
    check(&[&[16], &[0, 0, 0, 2]], "rfbproto, Tight Security Type", "authentication 0x2");
    check(&[&[16], &opaque, &[0, 0, 0, 15]], "docs/protocol.md, Login", "15 bytes");
    check(&[&[16], &opaque, &[0, 1, 0, 1]], "docs/protocol.md, Login", "65537 bytes");

    let running = |said: &[u8], section: &str, what: &str| {
        let mut line = Line::running(false, 1000, 8, 8, PixelLayout::Rgb565);
        line.server.receive(said);
        let error = line.server.poll().unwrap_err();
        assert_eq!(error.section, section);
        assert!(error.what.contains(what), "{error}");
        assert_eq!(line.server.poll(), Err(error), "it stays broken");
        assert_eq!(line.server.bell(), Err(Misuse("the connection is not running")));
    };
    let mut other = vec![0; 4];
    other.extend(wire::pixel_format(PixelLayout::Rgb888));
    running(&other, "RFC 6143 §7.5.1", "rgb565");
    running(&[1], "RFC 6143 §7.5", "unknown type 1");
    running(&[2, 0, 1, 1], "RFC 6143 §7.5.2", "257 encodings");
    running(&[4, 1, 0, 0], "RFC 6143 §7.5.4", "not sealed");
    running(&[5], "RFC 6143 §7.5.5", "not sealed");
    running(&[6], "RFC 6143 §7.5.6", "not sealed");
    running(&[0xb3, 0, 0, 0, 0, 0, 1, 0], "docs/protocol.md, Sealed input", "256 bytes");
    running(&[0xb3, 0, 1, 0, 0, 0, 0, 8], "docs/protocol.md, Sealed input", "padding");
    let mut same = vec![0; 4];
    same.extend(wire::pixel_format(PixelLayout::Rgb565));
    let mut line = Line::running(false, 1000, 8, 8, PixelLayout::Rgb565);
    line.server.receive(&same);
    assert_eq!(line.server.poll(), Ok(None), "the profile's own format may be set");

    let mut waiting = server(true);
    waiting.receive(wire::BANNER);
    waiting.receive(&[1, 1]);
    while waiting.poll().unwrap().is_some() {}
    waiting.receive(&vec![3; wire::WAITING_BYTES_MAX + 1]);
    assert_eq!(waiting.poll().unwrap_err().section, "RFC 6143 §7.3.2");
}

#[test]
fn a_server_that_breaks_the_rules_is_named() {
    let check = |said: &[u8], section: &str, what: &str| {
        let mut client = Client::new(ClientOptions::default());
        client.receive(said);
        let error = loop {
            match client.poll() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("no error in {said:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.peer, error.section), (Peer::Server, section));
        assert!(error.what.contains(what), "{error}");
    };
    let after = |rest: &[u8]| [wire::BANNER.as_slice(), rest].concat();
    check(b"RFB 003.003\n", "RFC 6143 §7.1.1", "RFB 003.003");
    check(&after(&[1, 2]), "RFC 6143 §7.1.2", "[2] without 16");
    check(&after(&[0, 0, 0, 0x10, 1]), "RFC 6143 §7.1.3", "4097 bytes");
    check(&after(&[1, 16, 0, 0, 1, 0]), "rfbproto, Tight Security Type", "256 capabilities");
    check(&after(&[1, 16, 0, 0, 0, 0, 0, 0, 0, 0]), "rfbproto, Tight Security Type", "TNPY OPAQUE_1");

    let running = |said: &[u8], section: &str, what: &str| {
        let mut line = Line::running(false, 1000, 8, 8, PixelLayout::Rgb565);
        line.client.set_encodings(&SEALED).unwrap();
        line.client.receive(said);
        let error = line.client.poll().unwrap_err();
        assert_eq!((error.peer, error.section), (Peer::Server, section));
        assert!(error.what.contains(what), "{error}");
    };
    running(&[1], "RFC 6143 §7.6.2", "colour map");
    running(&[3], "RFC 6143 §7.6.4", "not sealed");
    running(&[9], "RFC 6143 §7.6", "unknown type 9");
    running(&[0, 1, 0, 0], "docs/protocol.md, Messages", "padding");
    running(&[0xa7, 0, 0, 1, 0, 0, 0, 8], "docs/protocol.md, Sealed control", "padding");
    running(&[0xa7, 0, 0, 0, 0, 0x10, 0, 1], "docs/protocol.md, Sealed control", "1048577 bytes");
    let rect = |x: u8, w: u8, encoding: i32, rest: &[u8]| {
        [&[0, 0, 0, 1, 0, x, 0, 0, 0, w, 0, 1], encoding.to_be_bytes().as_slice(), rest].concat()
    };
    running(&rect(0, 8, 0, &[]), "RFC 6143 §7.6.1", "encoding 0x00000000, which was not asked for");
    running(&rect(0, 8, 5, &[]), "RFC 6143 §7.6.1", "encoding 0x00000005");
    running(&rect(1, 8, wire::ENCODING_SEALED_RAW, &[]), "RFC 6143 §7.6.1", "leaves the framebuffer");
    running(&rect(0, 8, wire::ENCODING_SEALED_RAW, &[0, 0, 0, 50]), "RFC 6143 §7.6.1", "50 bytes");
    running(&rect(0, 0, -223, &[]), "RFC 6143 §7.8.2", "0 by 1");
}

/// Our own mistakes are told as such and send nothing.
#[test]
fn misuse_sends_nothing() {
    let mut line = Line::running(false, 1000, 8, 8, PixelLayout::Grey8);
    let rect = Rect::of_size(8, 8);
    let rectangle = |encoding, bytes| RectangleOut { rect, encoding, data: vec![0; bytes] };
    let misuse = |line: &mut Line, rectangle: RectangleOut, what: &str| {
        let Misuse(said) = line.server.update(&[rectangle]).unwrap_err();
        assert!(said.contains(what), "{said}");
    };
    misuse(&mut line, rectangle(Encoding::SealedRaw, 81), "did not ask");
    line.client.request_full_update(true).unwrap();
    line.flow();
    misuse(&mut line, rectangle(Encoding::SealedRaw, 81), "did not announce");
    misuse(&mut line, rectangle(Encoding::Raw, 64), "never sends plain pixels");
    line.client.set_encodings(&[Encoding::SealedRaw]).unwrap();
    line.flow();
    misuse(&mut line, rectangle(Encoding::SealedRaw, 98), "longer than its size");
    misuse(&mut line, rectangle(Encoding::Outline, 1), "carries no rectangle");
    let outside = RectangleOut { rect: Rect { x: 1, ..rect }, ..rectangle(Encoding::SealedRaw, 81) };
    misuse(&mut line, outside, "outside the framebuffer");
    assert!(line.server.resize(9, 9).is_err() && line.server.update_begin().is_err());
    assert!(line.server.accept().is_err() && line.server.refuse("no").is_err());
    assert!(line.server.refuse_before_security("no").is_err());
    assert!(line.client.send_login(&[0; 20]).is_err() && line.client.key(1, true).is_err());
    assert!(line.client.sealed_input(&[0; wire::INPUT_UNIT_BYTES_MAX + 1]).is_err());
    assert!(line.server.take_output().is_empty() && line.client.take_output().is_empty());
    line.server.update(&[rectangle(Encoding::SealedRaw, 81)]).unwrap();
    assert!(!line.server.take_output().is_empty());
}

// Bad input.

/// All that both ends said in one whole sealed and one whole plain session.
fn recorded() -> Vec<(bool, Vec<u8>, Vec<u8>)> {
    let mut recordings = Vec::new();
    for plain in [false, true] {
        let mut line = Line::running(plain, 1000, 8, 8, PixelLayout::Grey8);
        let (encodings, encoding, bytes) = match plain {
            true => ([Encoding::Raw, Encoding::DesktopSize].to_vec(), Encoding::Raw, 64),
            false => (SEALED.to_vec(), Encoding::SealedRaw, 81),
        };
        line.client.set_encodings(&encodings).unwrap();
        line.client.request_full_update(true).unwrap();
        match plain {
            true => line.client.pointer(0, 1, 2).unwrap(),
            false => line.client.sealed_input(&[9; 49]).unwrap(),
        }
        line.flow();
        let rect = Rect::of_size(8, 8);
        line.server.update(&[RectangleOut { rect, encoding, data: vec![1; bytes] }]).unwrap();
        line.client.request_full_update(true).unwrap();
        line.flow();
        line.server.resize(9, 9).unwrap();
        line.flow();
        recordings.push((plain, line.to_server, line.to_client));
    }
    recordings
}

/// Plays bytes into a server, answering as a server does; never panics, whatever the bytes.
fn play_to_server(plain: bool, bytes: &[u8], piece: usize) -> Result<usize, ProtocolError> {
    let mut server = server(plain);
    let mut events = 0;
    for piece in bytes.chunks(piece.max(1)) {
        server.receive(piece);
        while let Some(event) = server.poll()? {
            events += 1;
            match event {
                ServerEvent::LoginMessage(frame) if frame[0] == 3 => server.accept().unwrap(),
                ServerEvent::LoginMessage(_) => server.send_login(&[2; 300]).unwrap(),
                ServerEvent::Ready { .. } => server.init(8, 8, PixelLayout::Grey8).unwrap(),
                _ => {}
            }
        }
    }
    Ok(events)
}

fn play_to_client(plain: bool, bytes: &[u8], piece: usize) -> Result<usize, ProtocolError> {
    let mut client = Client::new(ClientOptions { plain, shared: true });
    let mut events = 0;
    for piece in bytes.chunks(piece.max(1)) {
        client.receive(piece);
        while let Some(event) = client.poll()? {
            events += 1;
            if matches!(event, ClientEvent::Initialised { .. }) {
                let sealed = if plain { &[Encoding::DesktopSize][..] } else { &SEALED };
                client.set_encodings(sealed).unwrap();
            }
        }
    }
    Ok(events)
}

proptest! {
    #[test]
    fn how_bytes_are_cut_does_not_matter(piece in 1usize..50) {
        for (plain, to_server, to_client) in recorded() {
            prop_assert_eq!(play_to_server(plain, &to_server, piece), play_to_server(plain, &to_server, 10_000));
            prop_assert_eq!(play_to_client(plain, &to_client, piece), play_to_client(plain, &to_client, 10_000));
        }
    }

    #[test]
    fn changed_and_cut_conversations_are_survived(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        piece in 1usize..400,
    ) {
        for (plain, to_server, to_client) in recorded() {
            for (bytes, is_server) in [(to_server, true), (to_client, false)] {
                let mut bytes = bytes;
                for (at, to) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *to;
                }
                bytes.truncate(cut.index(bytes.len() * 2).max(bytes.len() / 2));
                let _ = match is_server {
                    true => play_to_server(plain, &bytes, piece),
                    false => play_to_client(plain, &bytes, piece),
                };
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), plain in any::<bool>(), keep in any::<bool>()) {
        let bytes = if keep { [wire::BANNER.as_slice(), &bytes].concat() } else { bytes };
        let _ = play_to_server(plain, &bytes, 50);
        let _ = play_to_client(plain, &bytes, 50);
    }
}
