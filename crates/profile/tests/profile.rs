//! The profile's two written forms agree, and no input makes a reader panic.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use profile::{Display, HardwareProfile, Keys, PixelLayout, ProfileError};
use proptest::prelude::*;

const SHIPPED: [(&str, &str); 6] = [
    ("phone-240x320", include_str!("../../../profiles/phone-240x320.toml")),
    ("phone-480x800", include_str!("../../../profiles/phone-480x800.toml")),
    ("phone-1080x2400", include_str!("../../../profiles/phone-1080x2400.toml")),
    ("grey-320x240", include_str!("../../../profiles/grey-320x240.toml")),
    ("tty-80x24", include_str!("../../../profiles/tty-80x24.toml")),
    ("text-20x4", include_str!("../../../profiles/text-20x4.toml")),
];

#[test]
fn shipped_profiles_read_back_in_both_forms() {
    for (name, text) in SHIPPED {
        let profile = HardwareProfile::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(HardwareProfile::from_toml(&profile.to_toml()).unwrap(), profile, "{name}");
        assert_eq!(HardwareProfile::from_canonical(&profile.canonical_bytes()).unwrap(), profile, "{name}");
        let (width, height) = profile.size();
        assert!(name.ends_with(&format!("{width}x{height}")), "{name}");
    }
}

#[test]
fn shipped_profiles_have_different_digests() {
    let mut digests: Vec<[u8; 32]> =
        SHIPPED.iter().map(|(_, text)| HardwareProfile::from_toml(text).unwrap().digest()).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), SHIPPED.len());
}

/// The canonical form is a promise to terminals already enrolled: it never changes.
#[test]
fn canonical_bytes_do_not_change() {
    let mut profile = HardwareProfile::picture("Pocket 9", 480, 800, 217, PixelLayout::Rgb888);
    profile.codecs = vec!["opus".into(), "h264".into(), "opus".into()];
    let expect = b"TNHP\x01\x01\x01\xe0\x03\x20\x00\xd9\x01\x00\x01\x00\x08Pocket 9\x00\x0bdevelopment\x00\x04wifi\x00\x02\x00\x04h264\x00\x04opus";
    assert_eq!(profile.canonical_bytes(), expect);
}

#[test]
fn refuses_what_no_terminal_has() {
    let refused = |profile: HardwareProfile| profile.validate().unwrap_err();
    let picture = |w, h| HardwareProfile::picture("x", w, h, 200, PixelLayout::Rgb888);
    assert!(matches!(refused(picture(0, 10)), ProfileError::OutOfRange { field: "width", .. }));
    assert!(matches!(refused(picture(10, 5000)), ProfileError::OutOfRange { field: "height", .. }));
    assert!(matches!(refused(picture(4096, 4096)), ProfileError::TooManyPixels { .. }));
    assert!(matches!(refused(HardwareProfile::text("x", 401, 1)), ProfileError::OutOfRange { .. }));
    assert!(matches!(refused(HardwareProfile::text("", 4, 1)), ProfileError::Name { field: "model", .. }));
    let cells = HardwareProfile::picture("x", 10, 10, 200, PixelLayout::Cells);
    assert_eq!(refused(cells), ProfileError::CellsInPicture);
    let unknown = SHIPPED[0].1.replace("keys", "kees");
    assert!(matches!(HardwareProfile::from_toml(&unknown), Err(ProfileError::Toml(_))));
    let later = SHIPPED[0].1.replace("version = 1", "version = 2");
    assert_eq!(HardwareProfile::from_toml(&later), Err(ProfileError::Version(2)));
}

fn any_profile() -> impl Strategy<Value = HardwareProfile> {
    let display = prop_oneof![
        (1u16..=1024, 1u16..=4096, 1u16..=1200, 1u8..=3).prop_map(
            |(width, height, dots_per_inch, layout)| {
                Display::Picture {
                    width,
                    height,
                    dots_per_inch,
                    layout: PixelLayout::from_code(layout).unwrap(),
                }
            }
        ),
        (1u16..=400, 1u16..=400).prop_map(|(columns, rows)| Display::Text { columns, rows }),
    ];
    let keys = prop_oneof![Just(Keys::None), Just(Keys::Digits), Just(Keys::Full)];
    let name = "[ -~\u{4e00}-\u{4e40}]{1,16}";
    let codecs = proptest::collection::btree_set("[a-z0-9._-]{1,32}", 0..=16);
    (display, keys, any::<[bool; 3]>(), name, name, name, codecs).prop_map(
        |(display, keys, [touch, speaker, camera], model, secure_element, bearer, codecs)| HardwareProfile {
            model,
            display,
            keys,
            touch,
            speaker,
            camera,
            codecs: codecs.into_iter().collect(),
            secure_element,
            bearer,
        },
    )
}

proptest! {
    #[test]
    fn both_forms_read_back(profile in any_profile()) {
        profile.validate().unwrap();
        prop_assert_eq!(&HardwareProfile::from_toml(&profile.to_toml()).unwrap(), &profile);
        prop_assert_eq!(&HardwareProfile::from_canonical(&profile.canonical_bytes()).unwrap(), &profile);
    }

    /// A changed canonical form is refused or is another profile's only form.
    #[test]
    fn mutated_canonical_bytes_stay_canonical(profile in any_profile(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = profile.canonical_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = HardwareProfile::from_canonical(&bytes) {
            prop_assert_eq!(read.canonical_bytes(), bytes.clone());
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(HardwareProfile::from_canonical(&bytes).is_err());
    }

    #[test]
    fn any_bytes_and_text_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let _ = HardwareProfile::from_canonical(&bytes);
        let _ = HardwareProfile::from_toml(&text);
    }
}
