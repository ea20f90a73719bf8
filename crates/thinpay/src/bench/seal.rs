//! `thinpay bench seal`: what sealing costs beside the bare cipher, and what a screen weighs as a sealed tile
//! beside the codings of RFB.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use money::{Currency, Money};
use profile::{HardwareProfile, PixelLayout};
use seal::picture::{self, Format, Geometry};
use seal::{Opener, Root, Sealer, Stream};
use view::{Form, Language, Painter, Rect, Scene, Screen, Style, screens};

use super::other_codings::{tight, zrle};
use super::{Better, Options, Peer, Row};

/// The design's target for sealing on one core, in GB/s.
const SEAL_GB_PER_SECOND_TARGET: f64 = 1.0;
/// The design's target for a first screen at 480x800, in bytes on the wire.
const FIRST_SCREEN_BYTES_TARGET: f64 = 15_000.0;

/// Runs the benchmark.
pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let time = Duration::from_millis(if options.quick { 50 } else { 1_000 });
    let mut rows = Vec::new();
    for (name, bytes) in [("64B", 64), ("1.5KB", 1_500), ("16KB", 16_000), ("1.5MB", 1_536_000)] {
        rows.extend(units(name, bytes, time)?);
    }
    rows.push(raw_picture(time)?);
    rows.extend(tiles(time)?);
    Ok(rows)
}

fn root() -> Root {
    Root::derive(&[1; 32], &[2; 64], &[3; 32], &[4; 32])
}

/// Does `work`, which handles `bytes`, again and again for `time`; answers GB/s.
fn gb_per_second(bytes: usize, time: Duration, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut rounds = 0u32;
    loop {
        for _ in 0..8 {
            work()?;
        }
        rounds += 8;
        let took = start.elapsed();
        if took >= time {
            return Ok(size(bytes) * f64::from(rounds) / took.as_secs_f64() / 1e9);
        }
    }
}

fn units(name: &str, bytes: usize, time: Duration) -> Result<[Row; 2]> {
    // The cipher's own speed, in the same run: in place, no header, no copy.
    let key =
        ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, &[7; 32]).map_err(|_| anyhow!("no key"))?;
    let key = ring::aead::LessSafeKey::new(key);
    let mut text = vec![5; bytes];
    let cipher = gb_per_second(bytes, time, || {
        let nonce = ring::aead::Nonce::assume_unique_for_key([0; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, ring::aead::Aad::from([0; 12]), &mut text);
        let _ = black_box(tag.map_err(|_| anyhow!("the cipher refuses"))?);
        Ok(())
    })?;

    let mut sealer = Sealer::new(&root(), Stream::Display);
    let text = vec![5; bytes];
    let mut out = Vec::new();
    let sealed = gb_per_second(bytes, time, || {
        out.clear();
        sealer.seal_onto(&[0; 10], &text, &mut out)?;
        black_box(&out);
        Ok(())
    })?;

    // Units must be opened in their order, so they are made ahead of the clock, in batches.
    let batch = (8_000_000 / bytes).clamp(8, 4_000);
    let mut sealer = Sealer::new(&root(), Stream::Display);
    let mut opener = Opener::new(&root(), Stream::Display);
    let mut spent = Duration::ZERO;
    let mut opened = 0.0;
    while spent < time {
        let units = (0..batch).map(|_| sealer.seal(&[0; 10], text.clone())).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        for unit in &units {
            black_box(opener.open(&[0; 10], unit)?);
        }
        spent += start.elapsed();
        opened += size(bytes) * size(batch);
    }
    let opened = opened / spent.as_secs_f64() / 1e9;

    // Small units pay for header, nonce and call; the target is for what fills a screen.
    let target = (bytes > 1_000).then_some(SEAL_GB_PER_SECOND_TARGET);
    let row = |what: &str, value, how: &str| Row {
        name: format!("{what}-{name}"),
        value,
        unit: "GB/s",
        better: Better::Higher,
        target,
        peer: Some(Peer { name: "ring AES-256-GCM alone, in place".to_owned(), value: cipher }),
        how: how.to_owned(),
    };
    Ok([
        row(
            "seal",
            sealed,
            "SFrame units of this plaintext, one after another, on one core: copy, then one pass in place",
        ),
        row("open", opened, "the same units opened in order, on one core: copy, then one pass in place"),
    ])
}

/// A whole sealed picture of 480x800, as PIN and confirmation screens are sent.
fn raw_picture(time: Duration) -> Result<Row> {
    let geometry = Geometry { x: 0, y: 0, width: 480, height: 800, layout: PixelLayout::Rgb888 };
    let pixels = vec![5; geometry.bytes()];
    let mut sealer = Sealer::new(&root(), Stream::Display);
    let speed = gb_per_second(pixels.len(), time, || {
        black_box(picture::seal(&mut sealer, Format::Raw, &geometry, pixels.clone())?);
        Ok(())
    })?;
    Ok(Row {
        name: "raw-picture-480x800".to_owned(),
        value: speed,
        unit: "GB/s",
        better: Better::Higher,
        target: Some(SEAL_GB_PER_SECOND_TARGET),
        peer: None,
        how: "a sealed picture of 480x800 rgb888 from the platform's pixels, with a copy of them".to_owned(),
    })
}

/// The platform's confirmation screen, the densest of its screens.
fn confirmation() -> Screen {
    let statement = screens::Confirmation {
        kind: screens::PaymentKind::Pay,
        payee: "Blue Lake Tea House".to_owned(),
        payee_number: "bluelake".to_owned(),
        amount: Money::new(2_350, Currency::CNY),
        fee: Money::new(0, Currency::CNY),
        account: "Everyday account".to_owned(),
        memo: "Two teas".to_owned(),
    };
    screens::confirmation(Language::English, &statement)
}

fn tiles(time: Duration) -> Result<Vec<Row>> {
    let fonts = crate::fonts::load(&[]).context("The fonts cannot be read.")?;
    let (painter, style) = (Painter::new(), Style::default());
    let mut rows = Vec::new();
    for (name, width, height, density) in [("240x320", 240, 320, 167), ("480x800", 480, 800, 217)] {
        let layout = PixelLayout::Rgb888;
        let profile = HardwareProfile::picture(name, width, height, density, layout);
        let screen = confirmation();
        let form = Form::new(&screen, &profile);
        let scene = Scene::layout(&screen, &form, &profile, &style, &fonts);
        let pixels = scene.raster(Rect { x: 0, y: 0, width, height }, &fonts, &painter);
        let coded = rfb::tile::encode(&pixels, width, height, layout);

        let is_middle = name == "480x800";
        let bytes = |what: &str, value, peer: &str, other, how: &str| Row {
            name: format!("{what}-{name}"),
            value: size(value),
            unit: "bytes",
            better: Better::Lower,
            target: is_middle.then_some(FIRST_SCREEN_BYTES_TARGET),
            peer: Some(Peer { name: peer.to_owned(), value: size(other) }),
            how: how.to_owned(),
        };
        let how = "the platform's confirmation screen as a tile, before padding and sealing; the peer codes the same pixels";
        let tight = tight(&pixels).context("The screen has more colours than a Tight palette.")?;
        rows.push(bytes("tile-against-tight", coded.len(), "Tight (palette, zlib 9)", tight, how));
        rows.push(bytes(
            "tile-against-zrle",
            coded.len(),
            "ZRLE (RFC 6143 §7.7.6, zlib 9)",
            zrle(&pixels, width),
            how,
        ));
        let unit = picture::seal(
            &mut Sealer::new(&root(), Stream::Display),
            Format::Tile,
            &Geometry { x: 0, y: 0, width, height, layout },
            coded.clone(),
        )?;
        let how = "the same with its padding, header and tag: what travels; the peer is what it was before";
        rows.push(bytes("sealed-tile", unit.len(), "the tile itself", coded.len(), how));

        let speed = |what: &str, value: f64, how: &str| Row {
            name: format!("{what}-{name}"),
            value: value * 1e3,
            unit: "MB/s",
            better: Better::Higher,
            target: None,
            peer: None,
            how: how.to_owned(),
        };
        let encode = gb_per_second(pixels.len(), time, || {
            black_box(rfb::tile::encode(&pixels, width, height, layout));
            Ok(())
        })?;
        rows.push(speed("tile-encode", encode, "pixels of that screen coded, on one core"));
        let decode = gb_per_second(pixels.len(), time, || {
            black_box(rfb::tile::decode(&coded, width, height, layout)?);
            Ok(())
        })?;
        rows.push(speed("tile-decode", decode, "pixels of that screen decoded, on one core"));
    }
    Ok(rows)
}

/// A count as a figure; exact below 2^32, far above any here.
fn size(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
