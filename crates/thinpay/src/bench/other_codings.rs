//! How many bytes RFB's own codings need for a picture of rgb888, to compare tiles with. Written after RFC 6143
//! and rfbproto, with one fresh zlib stream at its best level; only sizes are made.

use std::collections::BTreeSet;

/// A Tight rectangle's head: compression control, filter, palette size.
const TIGHT_HEAD_BYTES: usize = 3;
/// Length fields and zlib's own head.
const STREAM_HEAD_BYTES: usize = 3;

fn deflate(bytes: &[u8]) -> usize {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9).len() + STREAM_HEAD_BYTES
}

/// Red, green, blue of each pixel.
fn colours(pixels: &[u8]) -> Vec<[u8; 3]> {
    let three = |pixel: &[u8]| pixel.first_chunk::<3>().copied().unwrap_or_default();
    pixels.chunks_exact(4).map(three).collect()
}

/// Tight with a palette over the whole picture (rfbproto, "Tight Encoding"); `None` above 256 colours.
pub(super) fn tight(pixels: &[u8]) -> Option<usize> {
    let pixels = colours(pixels);
    let palette: Vec<[u8; 3]> = pixels.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let index = |pixel: &[u8; 3]| palette.binary_search(pixel).ok().and_then(|at| u8::try_from(at).ok());
    let indexes: Option<Vec<u8>> = pixels.iter().map(index).collect();
    Some(TIGHT_HEAD_BYTES + palette.len() * 3 + deflate(&indexes?))
}

/// ZRLE (RFC 6143 §7.7.6): tiles of 64 by 64, each in the shortest of its ways, then zlib over all.
pub(super) fn zrle(pixels: &[u8], width: u16) -> usize {
    let pixels = colours(pixels);
    let width = usize::from(width);
    let rows: Vec<&[[u8; 3]]> = pixels.chunks_exact(width).collect();
    let mut out = Vec::new();
    for band in rows.chunks(64) {
        for x in (0..width).step_by(64) {
            let tile: Vec<&[[u8; 3]]> =
                band.iter().map(|row| row.get(x..(x + 64).min(width)).unwrap_or_default()).collect();
            out.extend(zrle_tile(&tile));
        }
    }
    deflate(&out)
}

fn zrle_tile(rows: &[&[[u8; 3]]]) -> Vec<u8> {
    let pixels: Vec<[u8; 3]> = rows.concat();
    let palette: Vec<[u8; 3]> = pixels.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let index =
        |pixel: &[u8; 3]| palette.binary_search(pixel).ok().and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
    let count = u8::try_from(palette.len()).unwrap_or(u8::MAX);
    let with_palette = |kind: u8| [&[kind], palette.concat().as_slice()].concat();
    let run = |out: &mut Vec<u8>, length: usize| {
        let rest = length - 1;
        out.extend(std::iter::repeat_n(255, rest / 255));
        out.push(u8::try_from(rest % 255).unwrap_or(0));
    };

    let mut ways = vec![[&[0], pixels.concat().as_slice()].concat()];
    if palette.len() == 1 {
        return with_palette(1);
    }
    if palette.len() <= 16 {
        let bits = match palette.len() {
            2 => 1,
            3 | 4 => 2,
            _ => 4,
        };
        let mut packed = with_palette(count);
        for row in rows {
            for group in row.chunks(8 / bits) {
                let value = group.iter().fold(0, |value, pixel| value << bits | index(pixel));
                packed.push(value << (8 - bits * group.len()));
            }
        }
        ways.push(packed);
    }
    let mut plain_runs = vec![128];
    let mut palette_runs = with_palette(128u8.saturating_add(count));
    for same in pixels.chunk_by(|a, b| a == b) {
        let Some(pixel) = same.first() else { continue };
        plain_runs.extend(pixel);
        run(&mut plain_runs, same.len());
        if same.len() == 1 {
            palette_runs.push(index(pixel));
        } else {
            palette_runs.push(index(pixel) | 128);
            run(&mut palette_runs, same.len());
        }
    }
    ways.push(plain_runs);
    if palette.len() <= 127 {
        ways.push(palette_runs);
    }
    ways.into_iter().min_by_key(Vec::len).unwrap_or_default()
}
