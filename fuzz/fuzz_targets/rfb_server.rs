//! The server's end of the remote protocol: whatever a client sends, and however it is cut, the server answers
//! with events or an error, and takes the same meaning from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::PixelLayout;
use rfb::ProtocolError;
use rfb::server::{Server, ServerEvent, ServerOptions};

fn play(plain: bool, bytes: &[u8], piece: usize) -> Result<Vec<ServerEvent>, ProtocolError> {
    let mut server = Server::new(ServerOptions { name: "fuzz".into(), plain });
    let mut events = Vec::new();
    for piece in bytes.chunks(piece) {
        server.receive(piece);
        while let Some(event) = server.poll()? {
            match event {
                ServerEvent::LoginMessage(ref frame) if frame.first() == Some(&0) => {
                    server.accept().expect("a login is under way");
                }
                ServerEvent::LoginMessage(_) => server.send_login(&[0; 16]).expect("a login is under way"),
                ServerEvent::Ready { .. } => server.init(9, 7, PixelLayout::Rgb565).expect("it is time"),
                _ => {}
            }
            events.push(event);
        }
    }
    Ok(events)
}

fuzz_target!(|input: (bool, u8, Vec<u8>)| {
    let (plain, piece, rest) = input;
    let bytes = [rfb::wire::BANNER.as_slice(), &rest].concat();
    let cut = play(plain, &bytes, usize::from(piece) + 1);
    let whole = play(plain, &bytes, bytes.len());
    // Where the client waits for us, bytes sent too early may be too many at once: then one errs sooner.
    if let (Ok(cut), Ok(whole)) = (cut, whole) {
        assert_eq!(cut, whole);
    }
    let _ = play(plain, &rest, usize::from(piece) + 1);
});
