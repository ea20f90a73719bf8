//! The client's end of the remote protocol: whatever a server sends, and however it is cut, the client answers
//! with events or an error, and every rectangle lies inside the framebuffer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfb::client::{Client, ClientEvent, ClientOptions};
use rfb::{Encoding, ProtocolError};

fn play(plain: bool, bytes: &[u8], piece: usize) -> Result<Vec<ClientEvent>, ProtocolError> {
    let mut client = Client::new(ClientOptions { plain, shared: false });
    let mut events = Vec::new();
    let (mut width, mut height) = (0, 0);
    for piece in bytes.chunks(piece) {
        client.receive(piece);
        while let Some(event) = client.poll()? {
            match &event {
                ClientEvent::LoginOffered => client.send_login(&[0; 16]).expect("a login is under way"),
                ClientEvent::Initialised { width: w, height: h, .. } => {
                    (width, height) = (*w, *h);
                    let all = Encoding::ALL;
                    client
                        .set_encodings(if plain {
                            &[Encoding::DesktopSize, Encoding::LastRect]
                        } else {
                            &all
                        })
                        .expect("the server announced what we need");
                }
                ClientEvent::Resized { width: w, height: h } => (width, height) = (*w, *h),
                ClientEvent::Rectangle(rectangle) => assert!(rectangle.rect.is_within(width, height)),
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
    assert_eq!(cut, whole);
    let _ = play(plain, &rest, usize::from(piece) + 1);
});
