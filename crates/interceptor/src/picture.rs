//! What a recorder has to show: the sealed contents of the pictures, as pixels.

use std::path::Path;

use anyhow::{Context, Result};
use rfb::Encoding;
use rfb::client::{Client, ClientEvent, ClientOptions};

/// What is said in place of a login frame; a frame has 16 bytes at least.
const LOGIN_FRAME: [u8; 16] = [0; 16];
/// Rows for every three columns, as on a phone.
const ROWS_A_COLUMN: (usize, usize) = (5, 3);

/// The contents of all sealed rectangles, in order, out of everything the server sent.
///
/// Reads as a terminal would that holds no keys; where the bytes stop making sense it stops too.
pub(crate) fn sealed_contents(down: &[u8]) -> Vec<u8> {
    let mut client = Client::new(ClientOptions::default());
    client.receive(down);
    let mut contents = Vec::new();
    while let Ok(Some(event)) = client.poll() {
        // What is said back goes nowhere; the client only wants to have said it.
        let said = match event {
            ClientEvent::LoginOffered | ClientEvent::LoginMessage(_) => client.send_login(&LOGIN_FRAME),
            ClientEvent::Initialised { .. } => client
                .set_encodings(&[Encoding::SealedTile, Encoding::SealedRaw, Encoding::Outline])
                .and_then(|()| client.request_full_update(false)),
            ClientEvent::UpdateEnd => client.request_full_update(true),
            ClientEvent::Rectangle(rectangle) => {
                contents.extend_from_slice(&rectangle.data);
                Ok(())
            }
            _ => Ok(()),
        };
        if said.is_err() {
            break;
        }
        let _nobody_hears = client.take_output();
    }
    contents
}

/// Writes bytes as the pixels of a picture of a phone's shape, as large as they fill.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let (rows, columns) = ROWS_A_COLUMN;
    let pixels = bytes.len() / 3;
    let mut width = 1_usize;
    while (width + 1) * ((width + 1) * rows / columns) <= pixels {
        width += 1;
    }
    let height = (width * rows / columns).max(1);
    let mut filled: Vec<u8> = bytes.iter().copied().take(width * height * 3).collect();
    filled.resize(width * height * 3, 0);

    let out = std::fs::File::create(file).with_context(|| format!("writing {}", file.display()))?;
    let mut encoder =
        png::Encoder::new(std::io::BufWriter::new(out), u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&filled)?;
    writer.finish()?;
    Ok(())
}
