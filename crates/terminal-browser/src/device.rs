//! The browser's own hardware profile (R33, R36), computed anew at every sign-in from what the browser
//! says of its screen.
//!
//! It is one of five **classes**, coarse on purpose: what a browser reports changes with zoom, docking and
//! updates, and a profile that changes would make noise of a rightful session. Two facts decide: whether
//! the shorter side of the screen is a phone's, and how many device pixels make a CSS pixel. The
//! profile is no secret and makes no security by itself; it is bound into the keys like every terminal's.

use profile::{HardwareProfile, Keys, PixelLayout};

/// Screens whose shorter side has fewer CSS pixels than this are a phone's.
pub const PHONE_SHORTER_SIDE_MAX: f64 = 600.0;

/// The picture of a phone, in CSS pixels: fits every current one beside the browser's own bars.
const PHONE: (u16, u16) = (360, 640);
/// The picture in a wider window, in CSS pixels.
const WIDE: (u16, u16) = (480, 800);
/// Dots per inch of a CSS pixel, as the operator's views understand it.
const DOTS_PER_INCH: u16 = 160;

/// The name of the class, for example `browser-wide-1x`: also the name of its file in `profiles/`.
#[must_use]
pub fn class(screen_width: f64, screen_height: f64, pixel_ratio: f64) -> String {
    let (phone, density) = facts(screen_width, screen_height, pixel_ratio);
    format!("browser-{}-{density}x", if phone { "phone" } else { "wide" })
}

/// The hardware profile of a screen of this size (CSS pixels) and pixel ratio.
#[must_use]
pub fn profile(screen_width: f64, screen_height: f64, pixel_ratio: f64) -> HardwareProfile {
    let (phone, density) = facts(screen_width, screen_height, pixel_ratio);
    let (width, height) = if phone { PHONE } else { WIDE };
    let model = format!("Browser {} {density}x", if phone { "phone" } else { "wide" });
    let mut profile = HardwareProfile::picture(
        &model,
        width * density,
        height * density,
        DOTS_PER_INCH * density,
        PixelLayout::Rgb888,
    );
    profile.keys = Keys::Full;
    profile.touch = true;
    profile.secure_element = "webcrypto".to_owned();
    profile
}

/// Whether it is a phone's, and the density: 1, 2 or 3.
fn facts(screen_width: f64, screen_height: f64, pixel_ratio: f64) -> (bool, u16) {
    let phone = screen_width.min(screen_height) < PHONE_SHORTER_SIDE_MAX;
    let density = match pixel_ratio {
        ratio if ratio >= 2.5 && phone => 3,
        ratio if ratio >= 1.5 => 2,
        _ => 1,
    };
    (phone, density)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_fall_into_classes() {
        let check = |width, height, ratio, name: &str| assert_eq!(class(width, height, ratio), name);
        check(1280.0, 720.0, 1.0, "browser-wide-1x");
        check(1920.0, 1080.0, 1.25, "browser-wide-1x");
        check(1512.0, 982.0, 2.0, "browser-wide-2x");
        check(3840.0, 2160.0, 3.0, "browser-wide-2x");
        check(390.0, 844.0, 3.0, "browser-phone-3x");
        check(844.0, 390.0, 3.0, "browser-phone-3x");
        check(412.0, 915.0, 2.625, "browser-phone-3x");
        check(360.0, 640.0, 2.0, "browser-phone-2x");
        check(320.0, 568.0, 1.0, "browser-phone-1x");
        check(f64::NAN, f64::NAN, f64::NAN, "browser-wide-1x");
    }

    #[test]
    fn the_shipped_profiles_are_the_computed_ones() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../profiles/");
        for (width, ratio) in [(1280.0, 1.0), (1280.0, 2.0), (400.0, 1.0), (400.0, 2.0), (400.0, 3.0)] {
            let own = profile(width, 900.0, ratio);
            own.validate().unwrap();
            let path = format!("{folder}{}.toml", class(width, 900.0, ratio));
            if std::env::var_os("THINPAY_WRITE_PROFILES").is_some() {
                let head = "# The browser terminal on this class of screen; the page computes it (see `device.rs`).\n";
                std::fs::write(&path, format!("{head}{}", own.to_toml())).unwrap();
            }
            let shipped = HardwareProfile::from_toml(&std::fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(shipped.digest(), own.digest(), "{path}");
        }
    }
}
