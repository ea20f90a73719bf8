//! The right account and password on the wrong device: noise, and nothing can be paid (R40).

use anyhow::Result;
use system_tests::noise::Picture;
use system_tests::{ALICE, Device, Site};

/// A viewer that ignores the tags shows what it decrypts, records it as `noise.png`, and gives up.
fn check(site: &Site, device: &Device) -> Result<()> {
    let server = site.serve()?;
    let before = site.balances()?;

    let blank = device.run(&server.address, "expect-action pay within 5s\n")?;
    assert!(!blank.success(), "a terminal that checks the tags does not come in");

    let ignores =
        device.with_arguments(&["--ignore-tags"]).run(&server.address, "wait 3s\nscreenshot noise\n")?;
    let noise = Picture::read(&ignores.file("noise.png"))?;
    let measured = noise.randomness();
    assert!(measured.is_noise(), "{measured:?}; the picture is in {}", ignores.file("noise.png").display());

    let pays = device
        .with_arguments(&["--ignore-tags"])
        .run(&server.address, &system_tests::scripts::payment("1.00"))?;
    assert!(!pays.success());
    assert_eq!(site.balances()?, before);
    site.verify()
}

#[test]
fn another_hardware_profile_sees_noise_and_cannot_pay() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let genuine = site.enrol(&ALICE, "phone-480x800")?;
    check(&site, &genuine.with_other_model(&site)?)
}

#[test]
fn another_secure_element_sees_noise_and_cannot_pay() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let genuine = site.enrol(&ALICE, "phone-480x800")?;
    // A whole other terminal of the same customer, which claims to be the first: only the keys differ.
    let other = site.enrol(&ALICE, "phone-480x800")?;
    check(&site, &other.with_arguments(&["--claim", &genuine.terminal]))
}

#[test]
fn the_genuine_terminal_sees_a_screen_and_no_noise() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let genuine = site.enrol(&ALICE, "phone-480x800")?;
    let outcome =
        genuine.run(&server.address, "expect-action pay within 20s\nscreenshot home\n")?.expect_success()?;
    let measured = Picture::read(&outcome.file("home.png"))?.randomness();
    assert!(!measured.is_noise(), "{measured:?}");
    Ok(())
}
