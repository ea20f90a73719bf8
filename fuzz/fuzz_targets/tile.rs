//! Tiles: any coding decodes to exactly its rectangle or to an error; any picture reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::PixelLayout;
use rfb::tile;

fuzz_target!(|input: (u8, u8, u8, Vec<u8>)| {
    let (layout, width, height, bytes) = input;
    let layout = PixelLayout::from_code(layout % 4 + 1).expect("1 to 4 are layouts");
    let (width, height) = (u16::from(width % 80), u16::from(height % 80));
    let size = usize::from(width) * usize::from(height) * layout.bytes_per_pixel();
    if let Ok(pixels) = tile::decode(&bytes, width, height, layout) {
        assert_eq!(pixels.len(), size);
    }
    let mut picture = bytes;
    picture.resize(size, 0);
    let coded = tile::encode(&picture, width, height, layout);
    assert_eq!(tile::decode(&coded, width, height, layout), Ok(picture));
});
