//! Tiles are lossless in every layout, small on flat pictures, and no coding makes the decoder misbehave.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::string_slice,
    reason = "test patterns and hexadecimal digits"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use profile::PixelLayout;
use proptest::prelude::*;
use rfb::tile::{coded_bytes_max, decode, encode};

const LAYOUTS: [PixelLayout; 4] =
    [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8, PixelLayout::Cells];

/// A picture from a function of place, as 32-bit values cut to the layout.
fn picture(width: u16, height: u16, layout: PixelLayout, pixel: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    let mut out = Vec::new();
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            out.extend(&pixel(x, y).to_le_bytes()[..layout.bytes_per_pixel()]);
        }
    }
    out
}

fn coded(pixels: &[u8], width: u16, height: u16, layout: PixelLayout) -> usize {
    let coded = encode(pixels, width, height, layout);
    assert_eq!(decode(&coded, width, height, layout).unwrap(), pixels, "{layout:?} {width}x{height}");
    assert!(coded.len() <= coded_bytes_max(usize::from(width) * usize::from(height), layout));
    coded.len()
}

/// A repeatable noise.
fn noise(x: u32, y: u32) -> u32 {
    let mut hash = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^= hash >> 12;
    hash.wrapping_mul(0x297a_2d39) ^ hash >> 15
}

#[test]
fn solid_rectangles_are_one_pixel() {
    for layout in LAYOUTS {
        let pixels = picture(480, 800, layout, |_, _| 0x00f1_f2f3);
        assert_eq!(coded(&pixels, 480, 800, layout), 1 + layout.bytes_per_pixel());
    }
    assert_eq!(encode(&[], 0, 0, PixelLayout::Grey8), [0], "nothing is nothing");
    assert_eq!(decode(&[0], 0, 0, PixelLayout::Grey8), Ok(vec![]));
}

#[test]
fn flat_pictures_are_tiny_and_noise_costs_a_byte() {
    for layout in LAYOUTS {
        let card = picture(480, 800, layout, |x, y| match (20..460).contains(&x) && (40..300).contains(&y) {
            true => 0x0020_4080,
            false => 0x00ff_ffff,
        });
        assert!(coded(&card, 480, 800, layout) < 120);
        let rough = picture(60, 50, layout, noise);
        assert!(coded(&rough, 60, 50, layout) <= rough.len() + 1);
        let slope = picture(200, 100, layout, |x, y| x + y);
        assert!(coded(&slope, 200, 100, layout) < slope.len() / 4);
    }
}

/// More colours than a palette holds: a photograph-like slope in all three channels.
#[test]
fn many_colours_are_coded_as_differences() {
    let pixels = picture(256, 256, PixelLayout::Rgb888, |x, y| (x << 16) | (y << 8) | ((x + y) / 2 % 256));
    let bytes = coded(&pixels, 256, 256, PixelLayout::Rgb888);
    assert!(bytes < pixels.len() / 8, "{bytes}");
}

/// A screen of text: glyphs that repeat, in anti-aliased greys. Deflate over indexes is the measure.
#[test]
fn repeated_glyphs_cost_less_than_by_deflate() {
    let glyph = |number: u32, x: u32, y: u32| match noise(number * 64 + x / 2, y / 3) % 5 {
        0 | 1 => 255,
        2 => 16 * (noise(x + number, y) % 16),
        _ => 0,
    };
    let pixels = picture(320, 240, PixelLayout::Grey8, |x, y| match y % 24 < 16 && x % 12 < 10 {
        true => glyph(noise(x / 12 % 7, y / 24) % 10, x % 12, y % 24),
        false => 255,
    });
    let deflated = miniz_oxide::deflate::compress_to_vec(&pixels, 9).len();
    let ours = coded(&pixels, 320, 240, PixelLayout::Grey8);
    assert!(ours < deflated, "{ours} against {deflated}");
}

#[test]
fn wrong_codings_are_refused() {
    let refused = |bytes: &[u8]| decode(bytes, 4, 4, PixelLayout::Rgb565).unwrap_err().to_string();
    assert_eq!(refused(&[]), "a coded tile is wrong: it is empty");
    assert_eq!(refused(&[0, 1]), "a coded tile is wrong: its raw pixels do not fit its size");
    assert_eq!(refused(&[1, 1]), "a coded tile is wrong: its one pixel does not fit its layout");
    assert_eq!(refused(&[4]), "a coded tile is wrong: its kind has no such number");
    assert_eq!(refused(&[2; 34]), "a coded tile is wrong: it is longer than its pixels");
    let coded = encode(&picture(4, 4, PixelLayout::Rgb565, |x, _| x / 2), 4, 4, PixelLayout::Rgb565);
    let longer = [coded.as_slice(), &[0]].concat();
    assert_eq!(refused(&longer), "a coded tile is wrong: it does not end where its pixels do");
}

fn any_layout() -> impl Strategy<Value = PixelLayout> {
    (0usize..4).prop_map(|at| LAYOUTS[at])
}

proptest! {
    #[test]
    fn every_picture_reads_back(
        layout in any_layout(),
        width in 1u16..40,
        height in 1u16..40,
        colours in proptest::collection::vec(any::<u32>(), 1..300),
        block in 1u32..6,
        seed in any::<u32>(),
    ) {
        let pixels = picture(width, height, layout, |x, y| {
            let at = noise((x / block) ^ seed, y / block) as usize;
            colours[at % colours.len()]
        });
        coded(&pixels, width, height, layout);
    }

    #[test]
    fn changed_cut_and_random_codings_are_survived(
        layout in any_layout(),
        width in 1u16..30,
        height in 1u16..30,
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        kind in 0u8..5,
    ) {
        let area = usize::from(width) * usize::from(height);
        let check = |bytes: &[u8]| if let Ok(pixels) = decode(bytes, width, height, layout) {
            assert_eq!(pixels.len(), area * layout.bytes_per_pixel());
        };
        check(&bytes);
        check(&[&[kind], bytes.as_slice()].concat());
        let pixels = picture(width, height, layout, |x, y| noise(x / 3, y / 3) % 7);
        let mut coded = encode(&pixels, width, height, layout);
        let at = at.index(coded.len());
        check(&coded[..at]);
        coded[at] = to;
        check(&coded);
    }
}
