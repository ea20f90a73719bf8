//! Sealing against the standard, against another implementation, and against an attacker.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::string_slice,
    reason = "test patterns and hexadecimal digits"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use profile::PixelLayout;
use proptest::prelude::*;
use seal::picture::{self, Format, Geometry, KeyStream};
use seal::{Header, HeaderError, OpenError, Opener, Root, SealError, Sealer, Stream};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn root(seed: u8) -> Root {
    Root::derive(&[seed; 32], &[seed; 32], &[seed; 32], &[seed; 32])
}

fn pair(stream: Stream) -> (Sealer, Opener) {
    (Sealer::new(&root(1), stream), Opener::new(&root(1), stream))
}

/// RFC 9605 appendix C.1, a selection of every width.
#[test]
fn rfc_9605_headers() {
    let most = u64::MAX;
    let vectors = [
        (0, 0, "00"),
        (0, 1, "01"),
        (0, 255, "08ff"),
        (0, 256, "090100"),
        (0, 65535, "09ffff"),
        (0, 65536, "0a010000"),
        (0, 16777216, "0b01000000"),
        (0, 4294967296, "0c0100000000"),
        (0, 1099511627776, "0d010000000000"),
        (0, 281474976710656, "0e01000000000000"),
        (0, 72057594037927936, "0f0100000000000000"),
        (0, most, "0fffffffffffffffff"),
        (1, 0, "10"),
        (1, 65535, "19ffff"),
        (1, most, "1fffffffffffffffff"),
        (255, 0, "80ff"),
        (255, 1, "81ff"),
        (255, 255, "88ffff"),
        (255, 16777216, "8bff01000000"),
        (65536, 255, "a8010000ff"),
        (65536, most, "af010000ffffffffffffffff"),
        (most, 0, "f0ffffffffffffffff"),
        (most, 16777216, "fbffffffffffffffff01000000"),
        (most, most, "ffffffffffffffffffffffffffffffffff"),
    ];
    for (key_id, counter, encoded) in vectors {
        let header = Header { key_id, counter };
        let mut written = Vec::new();
        header.write(&mut written);
        assert_eq!(written, hex(encoded));
        assert_eq!(header.written_length(), written.len());
        written.extend(b"text");
        assert_eq!(Header::read(&written), Ok((header, b"text".as_slice())));
    }
    assert_eq!(Header::read(&hex("0807")), Err(HeaderError::NotShortest));
    assert_eq!(Header::read(&hex("090009")), Err(HeaderError::NotShortest));
    assert_eq!(Header::read(&hex("0901")), Err(HeaderError::Short));
    assert_eq!(Header::read(&[]), Err(HeaderError::Short));
}

/// The crate `sframe` opens what we seal and seals what we open, given the same base key.
#[test]
fn another_implementation_of_sframe_agrees() {
    use hkdf::Hkdf;
    use sframe::CipherSuite;
    use sframe::frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter};
    use sframe::key::{DecryptionKey, EncryptionKey};

    // The key schedule as docs/protocol.md states it, written a second time.
    let mut root_bytes = [0; 32];
    let info = [b"thinpay seal v1".as_slice(), &[1; 32]].concat();
    Hkdf::<sha2::Sha256>::new(Some(&[1; 32]), &[1; 64]).expand(&info, &mut root_bytes).unwrap();
    let mut base = [0; 32];
    Hkdf::<sha2::Sha256>::new(None, &root_bytes)
        .expand(b"thinpay seal v1 stream control", &mut base)
        .unwrap();

    let theirs = DecryptionKey::derive_from(CipherSuite::AesGcm256Sha512, 2u64, base).unwrap();
    let theirs_out = EncryptionKey::derive_from(CipherSuite::AesGcm256Sha512, 2u64, base).unwrap();
    let mut their_counter = MonotonicCounter::default();
    let (mut sealer, mut opener) = pair(Stream::Control);
    for length in [0usize, 1, 15, 16, 17, 255, 5000] {
        let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let unit = sealer.seal(b"about", text.clone()).unwrap();
        let frame = EncryptedFrameView::try_with_meta_data(&unit, b"about").unwrap();
        assert_eq!(frame.decrypt(&theirs).unwrap().payload(), text);

        let frame = MediaFrameView::try_with_meta_data(&mut their_counter, &text, b"about")
            .unwrap()
            .encrypt(&theirs_out)
            .unwrap();
        // Theirs carries the metadata in front of the unit; ours keeps it outside.
        let unit = frame.as_ref().strip_prefix(b"about".as_slice()).unwrap();
        assert_eq!(opener.open(b"about", unit).unwrap(), text);
    }
}

/// The cipher of the browser terminal (RustCrypto) and of the native one (ring) are the same cipher.
#[test]
fn an_outside_cipher_opens_the_jobs() {
    use aes_gcm::aead::{Aead as _, Payload};
    use aes_gcm::{Aes256Gcm, KeyInit as _};
    let (mut sealer, mut opener) = pair(Stream::Display);
    let cipher = Aes256Gcm::new((&*opener.key()).into());
    for round in 0u8..20 {
        let unit = sealer.seal(&[round], vec![round; 100]).unwrap();
        let job = opener.begin(&[round], &unit).unwrap();
        let payload = Payload { msg: &job.ciphertext_and_tag, aad: &job.associated_data };
        assert_eq!(cipher.decrypt(&job.nonce.into(), payload).unwrap(), vec![round; 100]);
    }
}

#[test]
fn replay_gap_and_other_streams_are_refused_for_good() {
    let units = || {
        let mut sealer = Sealer::new(&root(1), Stream::Input);
        [0u8, 1, 2].map(|at| sealer.seal(&[], vec![at]).unwrap())
    };
    let check = |order: &[usize], expect: OpenError| {
        let units = units();
        let mut opener = Opener::new(&root(1), Stream::Input);
        let (last, first) = order.split_last().unwrap();
        for at in first {
            opener.open(&[], &units[*at]).unwrap();
        }
        assert_eq!(opener.open(&[], &units[*last]), Err(expect));
        assert_eq!(opener.open(&[], &units[first.len()]), Err(OpenError::Failed));
    };
    check(&[0, 0], OpenError::Replayed { expected: 1, found: 0 });
    check(&[0, 1, 0], OpenError::Replayed { expected: 2, found: 0 });
    check(&[1], OpenError::Gap { expected: 0, found: 1 });
    check(&[0, 2], OpenError::Gap { expected: 1, found: 2 });

    let mut display = Sealer::new(&root(1), Stream::Display);
    let unit = display.seal(&[], vec![1]).unwrap();
    let mut input = Opener::new(&root(1), Stream::Input);
    assert_eq!(input.open(&[], &unit), Err(OpenError::Stream { expected: 3, found: 1 }));
}

/// Changed key identifier, so that the header looks right: still another key.
#[test]
fn a_unit_moved_between_streams_does_not_open() {
    let mut unit = Sealer::new(&root(1), Stream::Control).seal(&[9], vec![7; 40]).unwrap();
    unit[0] = 0x30;
    assert_eq!(Opener::new(&root(1), Stream::Input).open(&[9], &unit), Err(OpenError::Tag));
}

#[test]
fn another_root_does_not_open_and_sees_noise() {
    let picture = vec![0xff; 240 * 320 * 2];
    let geometry = Geometry { x: 0, y: 0, width: 240, height: 320, layout: PixelLayout::Rgb565 };
    let (mut sealer, mut right) = pair(Stream::Display);
    let unit = picture::seal(&mut sealer, Format::Raw, &geometry, picture.clone()).unwrap();
    let mut wrong = Opener::new(&root(2), Stream::Display);
    assert_eq!(right.garble(&unit), picture, "with the right key, ignoring the tag shows the picture");
    let noise = wrong.garble(&unit);
    assert_eq!(noise.len(), picture.len());
    let ones: u32 = noise.iter().map(|byte| byte.count_ones()).sum();
    let share = f64::from(ones) / (noise.len() as f64 * 8.0);
    assert!((share - 0.5).abs() < 0.005, "{share}");
    assert_eq!(picture::open(&mut wrong, Format::Raw, &geometry, &unit), Err(OpenError::Tag));
    assert_eq!(picture::open(&mut right, Format::Raw, &geometry, &unit).unwrap(), picture);
}

/// R35-R37: sealed picture = picture XOR keystream picture, at the rectangle's own size and layout.
#[test]
fn a_sealed_picture_is_the_picture_xor_a_keystream_picture() {
    let layouts = [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8, PixelLayout::Cells];
    let mut sealer = Sealer::new(&root(1), Stream::Display);
    let mut seen = Vec::new();
    for (counter, layout) in (0u64..).zip(layouts) {
        let geometry = Geometry { x: 3, y: 4, width: 31, height: 17, layout };
        let pixels: Vec<u8> = (0..geometry.bytes()).map(|at| (at * 7 % 256) as u8).collect();
        let unit = picture::seal(&mut sealer, Format::Raw, &geometry, pixels.clone()).unwrap();
        let keystream = KeyStream::new(&root(1), counter).picture(31, 17, layout);
        assert_eq!(keystream.len(), pixels.len());
        let expect: Vec<u8> = pixels.iter().zip(&keystream).map(|(pixel, key)| pixel ^ key).collect();
        let (header, text) = Header::read(&unit).unwrap();
        assert_eq!(header, Header { key_id: 1, counter });
        assert_eq!(text[..text.len() - seal::TAG_BYTES], expect);
        assert!(!seen.contains(&keystream), "no keystream twice");
        seen.push(keystream);
    }
}

#[test]
fn a_picture_opens_at_its_own_place_size_and_layout_only() {
    let right = Geometry { x: 1, y: 2, width: 4, height: 6, layout: PixelLayout::Rgb888 };
    let wrong = [
        Geometry { x: 2, ..right },
        Geometry { y: 1, ..right },
        Geometry { width: 6, height: 4, ..right },
        Geometry { layout: PixelLayout::Cells, ..right },
    ];
    for format in [Format::Raw, Format::Tile] {
        for geometry in wrong {
            let (mut sealer, mut opener) = pair(Stream::Display);
            let unit = picture::seal(&mut sealer, format, &right, vec![5; right.bytes()]).unwrap();
            assert_eq!(picture::open(&mut opener, format, &geometry, &unit), Err(OpenError::Tag));
        }
    }
    let (mut sealer, mut opener) = pair(Stream::Display);
    let refused = picture::seal(&mut sealer, Format::Raw, &right, vec![5; 3]);
    assert_eq!(refused, Err(SealError::Geometry { bytes: 3, expected: 96 }));
    let unit = picture::seal(&mut sealer, Format::Tile, &right, vec![5; 96]).unwrap();
    assert_eq!(picture::open(&mut opener, Format::Raw, &right, &unit), Err(OpenError::Tag));
}

#[test]
fn sealing_onto_a_message_is_the_same_unit() {
    let (mut one, mut opener) = pair(Stream::Control);
    let mut two = Sealer::new(&root(1), Stream::Control);
    for length in [0, 20, 300] {
        let text = vec![8; length];
        let mut message = b"head".to_vec();
        two.seal_onto(b"x", &text, &mut message).unwrap();
        assert_eq!(message[4..], one.seal(b"x", text.clone()).unwrap());
        assert_eq!(opener.open(b"x", &message[4..]).unwrap(), text);
    }
    let long = one.seal(&[], vec![0; seal::PLAINTEXT_BYTES_MAX + 1]);
    assert!(matches!(long, Err(SealError::TooLong { .. })));
    assert_eq!(one.counter(), 3, "a refused plaintext consumes no counter");
}

#[test]
fn size_classes() {
    let classes: Vec<usize> = [0, 252, 253, 2044, 2045, 2556, 2557, 4092, 4093, 16380, 16381, 1_536_000]
        .into_iter()
        .map(seal::padded_length)
        .collect();
    assert_eq!(classes, [256, 256, 512, 2048, 2560, 2560, 3072, 4096, 5120, 16384, 20480, 1_572_864]);
}

#[test]
fn nothing_secret_is_printed() {
    let (sealer, opener) = pair(Stream::Display);
    let stream = KeyStream::new(&root(1), 0);
    let key = format!("{:?}", &opener.key()[..4]);
    for text in [format!("{sealer:?}"), format!("{opener:?}"), format!("{stream:?}")] {
        assert!(!text.contains(key.trim_matches(['[', ']'])), "{text}");
    }
}

proptest! {
    #[test]
    fn opens_what_was_sealed(texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 1..20)) {
        let (mut sealer, mut opener) = pair(Stream::Display);
        for text in texts {
            let unit = sealer.seal(b"a", text.clone()).unwrap();
            prop_assert_eq!(opener.open(b"a", &unit).unwrap(), text);
        }
    }

    /// Every single changed byte, every cut and every addition is refused.
    #[test]
    fn any_change_is_refused(text in proptest::collection::vec(any::<u8>(), 0..100), flip in 1u8.., more in any::<u8>()) {
        let unit = Sealer::new(&root(1), Stream::Input).seal(b"a", text).unwrap();
        let refused = |changed: &[u8]| Opener::new(&root(1), Stream::Input).open(b"a", changed).is_err();
        for at in 0..unit.len() {
            let mut changed = unit.clone();
            changed[at] ^= flip;
            prop_assert!(refused(&changed));
            prop_assert!(refused(&unit[..at]));
        }
        prop_assert!(refused(&[unit.as_slice(), &[more]].concat()));
        prop_assert!(Opener::new(&root(1), Stream::Input).open(b"b", &unit).is_err());
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut opener = Opener::new(&root(1), Stream::Display);
        prop_assert!(opener.garble(&bytes).len() <= bytes.len());
        prop_assert!(opener.open(&[], &bytes).is_err());
        let _ = seal::unpad(&bytes);
    }

    #[test]
    fn headers_read_back(key_id in any::<u64>(), counter in any::<u64>(), shift in 0u32..64, bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        let header = Header { key_id: key_id >> shift, counter: counter >> (63 - shift) };
        let mut written = Vec::new();
        header.write(&mut written);
        prop_assert_eq!(Header::read(&written), Ok((header, [].as_slice())));
        // What reads as a header is that header's only form.
        if let Ok((read, rest)) = Header::read(&bytes) {
            let mut again = Vec::new();
            read.write(&mut again);
            prop_assert_eq!(&bytes[..bytes.len() - rest.len()], again.as_slice());
        }
    }

    #[test]
    fn padding_reads_back_and_is_canonical(content in proptest::collection::vec(any::<u8>(), 0..6000), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let padded = seal::pad(content.clone());
        prop_assert_eq!(padded.len(), seal::padded_length(content.len()));
        prop_assert!(padded.len() <= 256.max((content.len() + 4) * 5 / 4 + 256));
        prop_assert_eq!(seal::unpad(&padded).unwrap(), content.as_slice());
        let mut changed = padded.clone();
        let at = at.index(changed.len());
        changed[at] ^= flip;
        match seal::unpad(&changed) {
            Ok(other) => prop_assert_eq!(seal::pad(other.to_vec()), changed),
            Err(_) => prop_assert!(at < 4 || at >= 4 + content.len()),
        }
        prop_assert!(seal::unpad(&padded[..padded.len() - 1]).is_err());
    }
}
