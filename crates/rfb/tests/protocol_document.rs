//! `docs/protocol.md` ends in test vectors. This test makes them anew and compares, so the document cannot
//! drift from the code, nor the code from what was promised to other people's terminals.
//!
//! After a change that is meant: `THINPAY_WRITE_VECTORS=1 cargo test -p rfb --test protocol_document`.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use std::fmt::Write as _;
use std::path::PathBuf;

use hkdf::Hkdf;
use profile::{HardwareProfile, PixelLayout};
use rfb::client::{Client, ClientEvent, ClientOptions};
use rfb::sealed::{Control, EndReason, Input, Node, acknowledgement};
use rfb::server::{RectangleOut, Server, ServerEvent, ServerOptions};
use rfb::{Encoding, Rect, tile};
use seal::picture::{self, Format, Geometry};
use seal::{Opener, Root, Sealer, Stream};
use sha2::{Digest as _, Sha256, Sha512};

const BEGIN: &str = "<!-- vectors begin: made by crates/rfb/tests/protocol_document.rs -->\n";
const END: &str = "<!-- vectors end -->\n";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

/// One section of the vectors: a heading and lines of `name: hexadecimal`, folded at 64 digits.
#[derive(Default)]
struct Page(String);

impl Page {
    fn heading(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push_str("```\n\n");
        }
        writeln!(self.0, "### {text}\n\n```text").unwrap();
    }

    fn line(&mut self, name: &str, value: &str) {
        writeln!(self.0, "{name}: {value}").unwrap();
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let digits = hex(bytes);
        if digits.len() <= 64 {
            return self.line(name, &digits);
        }
        writeln!(self.0, "{name} ({} bytes):", bytes.len()).unwrap();
        for line in bytes.chunks(32) {
            writeln!(self.0, "  {}", hex(line)).unwrap();
        }
    }
}

fn counting<const N: usize>(from: u8) -> [u8; N] {
    std::array::from_fn(|at| from.wrapping_add(u8::try_from(at).unwrap()))
}

fn profile() -> HardwareProfile {
    HardwareProfile::from_toml(include_str!("../../../profiles/phone-480x800.toml")).unwrap()
}

fn root() -> Root {
    Root::derive(&counting(0x00), &counting::<32>(0x20), &counting::<32>(0x60), &profile().digest())
}

/// The key schedule, written a second time from the document's words alone.
fn key_schedule(page: &mut Page) {
    let profile = profile();
    page.heading("Hardware profile (`profiles/phone-480x800.toml`)");
    page.bytes("canonical bytes", &profile.canonical_bytes());
    page.bytes("digest", &profile.digest());

    page.heading("Key schedule");
    let (transcript, session, agreement) = (counting::<32>(0x00), counting::<32>(0x20), counting::<32>(0x60));
    page.bytes("transcript hash", &transcript);
    page.bytes("OPAQUE session key", &session);
    page.bytes("agreement (x-coordinate)", &agreement);
    let mut root_bytes = [0; 32];
    Hkdf::<Sha256>::new(Some(&transcript), &[session.as_slice(), &agreement].concat())
        .expand_multi_info(&[b"thinpay seal v1", &profile.digest()], &mut root_bytes)
        .unwrap();
    page.bytes("root", &root_bytes);
    for (stream, name, key_id) in
        [(Stream::Display, "display", 1u64), (Stream::Control, "control", 2), (Stream::Input, "input", 3)]
    {
        let mut base = [0; 32];
        Hkdf::<Sha256>::new(None, &root_bytes)
            .expand(format!("thinpay seal v1 stream {name}").as_bytes(), &mut base)
            .unwrap();
        let secret = Hkdf::<Sha512>::new(None, &base);
        let (mut key, mut salt) = ([0; 32], [0; 12]);
        let suffix = [key_id.to_be_bytes().as_slice(), &[0, 5]].concat();
        secret.expand_multi_info(&[b"SFrame 1.0 Secret key ", &suffix], &mut key).unwrap();
        secret.expand_multi_info(&[b"SFrame 1.0 Secret salt ", &suffix], &mut salt).unwrap();
        // The code agrees with the words.
        let mut opener = Opener::new(&root(), stream);
        assert_eq!(*opener.key(), key);
        let unit = Sealer::new(&root(), stream).seal(&[], vec![]).unwrap();
        assert_eq!(opener.begin(&[], &unit).unwrap().nonce, salt, "the nonce of counter 0 is the salt");
        page.bytes(&format!("{name} base key"), &base);
        page.bytes(&format!("{name} SFrame key"), &key);
        page.bytes(&format!("{name} SFrame salt"), &salt);
    }
}

fn messages(page: &mut Page) {
    page.heading("Input messages (plaintext), and one sealed");
    let touch = Input::Pointer { buttons: 1, x: 240, y: 700 };
    page.bytes("key '5' down", &Input::Key { keysym: 0x35, down: true }.encode());
    page.bytes("touch at 240, 700", &touch.encode());
    let framebuffer = [0x11, 0x22, 0x33, 0x00].repeat(4);
    page.bytes("framebuffer of 2 by 2", &framebuffer);
    let digest = acknowledgement(&framebuffer);
    page.bytes("its acknowledgement", &Input::Acknowledge { digest }.encode());
    let signed = Input::Signed { digest: counting(0), signature: counting(0x80) };
    page.bytes("signed", &signed.encode());
    page.bytes("declined", &Input::Declined { digest: counting(0) }.encode());
    let mut sealer = Sealer::new(&root(), Stream::Input);
    let unit = sealer.seal(seal::INPUT_ASSOCIATED, touch.encode()).unwrap();
    page.bytes("unit 0 of the input stream: touch at 240, 700", &unit);

    page.heading("Control messages (before padding), and one padded and sealed");
    let sign = Control::Sign { statement: b"statement".to_vec() };
    let end = Control::End { reason: EndReason::SignedOut, text: "Goodbye".into() };
    let node = Node {
        role: "action".into(),
        id: "confirm".into(),
        text: "Pay".into(),
        x: 20,
        y: 700,
        width: 440,
        height: 80,
        focused: true,
    };
    for (name, control) in [("sign", sign), ("end", end.clone()), ("outline", Control::Outline(vec![node]))] {
        page.bytes(name, seal::unpad(&control.encode().unwrap()).unwrap());
    }
    let unit = Sealer::new(&root(), Stream::Control).seal(seal::CONTROL_ASSOCIATED, end.encode().unwrap());
    page.bytes("unit 0 of the control stream: end", &unit.unwrap());
}

/// 8 by 4 pixels: a dark bar on light ground.
fn bar(layout: PixelLayout) -> Vec<u8> {
    let pixel = |at: usize| match (2..6).contains(&(at % 8)) && (8..24).contains(&at) {
        true => 0x0020_4080u32,
        false => 0x00f0_f0f0,
    };
    (0..32).flat_map(|at| pixel(at).to_le_bytes()[..layout.bytes_per_pixel()].to_vec()).collect()
}

/// 64 by 64 pixels by rule: value(x, y) = (x * y / 8) mod `modulus`, as a grey of `layout`.
fn ruled(modulus: u32) -> Vec<u8> {
    (0..64u32)
        .flat_map(|y| (0..64u32).map(move |x| (x * y / 8) % modulus))
        .flat_map(|value| [value, value / 2, value / 4, 0].map(|byte| u8::try_from(byte & 0xff).unwrap()))
        .collect()
}

fn pictures(page: &mut Page) {
    page.heading("Tile coding");
    let solid = tile::encode(&[0x11, 0x22, 0x33, 0].repeat(100), 10, 10, PixelLayout::Rgb888);
    page.bytes("10 by 10, rgb888, all 0x00332211", &solid);
    let grey = bar(PixelLayout::Grey8);
    page.bytes("8 by 4, grey8", &grey);
    page.bytes("its coding", &tile::encode(&grey, 8, 4, PixelLayout::Grey8));
    for (name, modulus) in [("64", 64), ("1000", 1000)] {
        let coded = tile::encode(&ruled(modulus), 64, 64, PixelLayout::Rgb888);
        page.line(&format!("ruled picture modulo {name}, coded"), &format!("{} bytes", coded.len()));
        page.bytes("  begins with", &coded[..32]);
        page.bytes("  SHA-256 of the coding", &Sha256::digest(&coded));
    }

    page.heading("Sealed rectangles: units 0 and 1 of the display stream");
    let layout = PixelLayout::Rgb565;
    let geometry = Geometry { x: 16, y: 24, width: 8, height: 4, layout };
    let mut sealer = Sealer::new(&root(), Stream::Display);
    let pixels = bar(layout);
    page.bytes("picture, 8 by 4, rgb565", &pixels);
    let keystream = picture::KeyStream::new(&root(), 0).picture(8, 4, layout);
    page.bytes("keystream picture of unit 0", &keystream);
    page.bytes("associated data, raw at 16, 24", &geometry.associated(Format::Raw));
    page.bytes("unit 0, raw", &picture::seal(&mut sealer, Format::Raw, &geometry, pixels.clone()).unwrap());
    let coded = tile::encode(&pixels, 8, 4, layout);
    page.bytes("its coding", &coded);
    page.bytes("associated data, tile at 16, 24", &geometry.associated(Format::Tile));
    page.bytes("unit 1, tile", &picture::seal(&mut sealer, Format::Tile, &geometry, coded).unwrap());
}

/// A whole conversation, as `> ` from the client and `< ` from the server.
fn conversation(page: &mut Page) {
    let mut server = Server::new(ServerOptions { name: "ThinPay".into(), plain: false });
    let mut client = Client::new(ClientOptions { plain: false, shared: false });
    let mut flow = |server: &mut Server, client: &mut Client, what: &str| loop {
        let (down, up) = (server.take_output(), client.take_output());
        if down.is_empty() && up.is_empty() {
            return;
        }
        client.receive(&down);
        server.receive(&up);
        if !down.is_empty() {
            page.bytes(&format!("< {what}"), &down);
        }
        if !up.is_empty() {
            page.bytes(&format!("> {what}"), &up);
        }
        while let Some(event) = server.poll().unwrap() {
            match event {
                ServerEvent::LoginMessage(_) => server.send_login(&[0xbb; 16]).unwrap(),
                ServerEvent::Ready { .. } => server.init(480, 800, PixelLayout::Rgb888).unwrap(),
                _ => {}
            }
        }
        while let Some(event) = client.poll().unwrap() {
            if event == ClientEvent::LoginOffered {
                client.send_login(&[0xaa; 16]).unwrap();
            }
        }
    };
    flow(&mut server, &mut client, "handshake and login frames");
    server.accept().unwrap();
    flow(&mut server, &mut client, "SecurityResult, ClientInit, ServerInit");
    let encodings = [Encoding::SealedTile, Encoding::SealedRaw, Encoding::DesktopSize, Encoding::LastRect];
    client.set_encodings(&encodings).unwrap();
    client.request_full_update(false).unwrap();
    flow(&mut server, &mut client, "SetEncodings, FramebufferUpdateRequest");
    let rect = Rect { x: 16, y: 24, width: 8, height: 4 };
    let data = vec![0xcc; 20];
    server.update(&[RectangleOut { rect, encoding: Encoding::SealedTile, data }]).unwrap();
    flow(&mut server, &mut client, "FramebufferUpdate with one sealed tile (its unit shown as cc)");
    client.sealed_input(&[0xdd; 49]).unwrap();
    flow(&mut server, &mut client, "sealed input (its unit shown as dd)");
    server.sealed_control(&[0xee; 16]).unwrap();
    flow(&mut server, &mut client, "sealed control (its unit shown as ee)");
}

fn vectors() -> String {
    let mut page = Page::default();
    key_schedule(&mut page);
    messages(&mut page);
    pictures(&mut page);
    page.heading("A conversation");
    conversation(&mut page);
    page.0 + "```\n"
}

#[test]
fn the_documents_vectors_are_what_the_code_makes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = document.split_once(BEGIN).expect("the document marks where its vectors begin");
    let (written, tail) = rest.split_once(END).expect("the document marks where its vectors end");
    let made = vectors();
    if std::env::var_os("THINPAY_WRITE_VECTORS").is_some() {
        std::fs::write(&path, [head, BEGIN, &made, END, tail].concat()).unwrap();
        return;
    }
    for (at, (written, made)) in written.lines().zip(made.lines()).enumerate() {
        assert_eq!(written, made, "line {} of the vectors", at + 1);
    }
    assert_eq!(written, made);
}

/// The numbers in the document's tables are the code's.
#[test]
fn the_documents_numbers_are_the_codes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let document = std::fs::read_to_string(path).unwrap();
    for number in [
        format!("{:#010x}", rfb::wire::AUTH_OPAQUE),
        format!("{:#010x}", rfb::wire::ENCODING_SEALED_RAW),
        format!("{:#010x}", rfb::wire::ENCODING_SEALED_TILE),
        format!("{:#010x}", rfb::wire::ENCODING_OUTLINE),
        format!("{:#04x}", rfb::wire::MESSAGE_SEALED_CONTROL),
        format!("{:#04x}", rfb::wire::MESSAGE_SEALED_INPUT),
        format!("{} bytes", rfb::wire::INPUT_UNIT_BYTES_MAX),
        rfb::server::STOCK_VIEWER_REASON.to_owned(),
    ] {
        assert!(document.contains(&number), "the document does not name {number}");
    }
}
