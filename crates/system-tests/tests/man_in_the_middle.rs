//! Somebody ends TLS in between and the terminal trusts them: they see noise, and no byte they change passes.

use anyhow::Result;
use system_tests::noise::randomness;
use system_tests::{ALICE, Device, Flip, Intercepted, Interceptor, Outcome, Server, Site, scripts};

/// How many bytes are changed, one a run, in each direction.
const FLIPS: usize = 12;
/// The same in a long run.
const FLIPS_LONG: usize = 150;

fn intercepted(
    site: &Site,
    server: &Server,
    device: &Device,
    flip: Option<Flip>,
) -> Result<(Outcome, Intercepted)> {
    let folder = tempfile::tempdir()?;
    let interceptor = Interceptor::start(&site.operator.programs, server, folder.path(), flip)?;
    let trust = interceptor.trust.to_string_lossy().into_owned();
    let outcome =
        device.with_arguments(&["--trust", &trust]).run(&interceptor.address, &scripts::payment("3.00"))?;
    Ok((outcome, interceptor.finish()?))
}

/// Whether an offset of what a terminal sent lies in one of the three messages of RFB (RFC 6143) that stand
/// outside the login and the seal: ClientInit, SetEncodings and FramebufferUpdateRequest. They say what the
/// display takes and when, and nothing of the person; `docs/protocol.md` has the layout of all.
fn is_outside_the_seal(up: &[u8], offset: usize) -> bool {
    const CLIENT_INIT: usize = 1;
    let length_at = |at: usize| {
        let bytes = up.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        bytes.and_then(|bytes| usize::try_from(u32::from_be_bytes(bytes)).ok()).unwrap_or(usize::MAX / 4)
    };
    // Banner, security type, authentication; then the two login frames.
    let mut at = 12 + 1 + 4;
    for _ in 0..2 {
        at = length_at(at).saturating_add(at + 4);
        if at > offset {
            return false;
        }
    }
    if offset < at + CLIENT_INIT {
        return true;
    }
    at += CLIENT_INIT;
    while at <= offset {
        let (length, is_outside) = match up.get(at) {
            Some(2) => (4 + 4 * (length_at(at) & 0xffff), true),
            Some(3) => (10, true),
            Some(_) => (length_at(at + 4).saturating_add(8), false),
            None => return false,
        };
        if offset < at.saturating_add(length) {
            return is_outside;
        }
        at = at.saturating_add(length);
    }
    false
}

#[test]
fn a_recorder_that_ends_tls_has_only_noise() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let device = site.enrol(&ALICE, "phone-480x800")?;
    let (outcome, recorded) = intercepted(&site, &server, &device, None)?;
    outcome.expect_success()?;
    assert!(recorded.sealed.len() > 8_000, "a payment's pictures: {} bytes", recorded.sealed.len());
    // One byte's neighbour is the next: ciphertext has no pixels.
    let measured = randomness(&recorded.sealed, 1);
    assert!(measured.chi_square < system_tests::noise::CHI_SQUARE_MAX, "{measured:?}");
    for secret in [ALICE.password, ALICE.name, "Luckin", "500.00", "497.00"] {
        for bytes in [&recorded.down, &recorded.up] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{secret} is in the clear"
            );
        }
    }
    Ok(())
}

#[test]
fn a_terminal_that_was_not_told_to_trust_it_does_not_talk_to_it() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let device = site.enrol(&ALICE, "phone-480x800")?;
    let folder = tempfile::tempdir()?;
    let interceptor = Interceptor::start(&site.operator.programs, &server, folder.path(), None)?;
    let outcome = device.run(&interceptor.address, "expect-action pay within 10s\n")?;
    assert!(!outcome.success());
    Ok(())
}

#[test]
fn every_changed_byte_is_refused() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let device = site.enrol(&ALICE, "phone-240x320")?;
    let (outcome, recorded) = intercepted(&site, &server, &device, None)?;
    outcome.expect_success()?;

    let flips = if std::env::var_os("THINPAY_TEST_LONG").is_some() { FLIPS_LONG } else { FLIPS };
    // The last fifth may come after the receipt, when there is nothing left to refuse.
    let spread = |length: usize| (0..flips).map(move |number| length * 4 / 5 * number / flips + 12);
    let down = spread(recorded.down.len()).map(Flip::Down);
    let up = spread(recorded.up.len()).map(Flip::Up);
    for flip in down.chain(up) {
        let before = site.balances()?;
        let (outcome, seen) = intercepted(&site, &server, &device, Some(flip))?;
        // What is outside the seal may cost a picture more or less; everything else is refused.
        let harmless = matches!(flip, Flip::Up(offset) if is_outside_the_seal(&seen.up, offset));
        if !harmless && outcome.success() {
            let (Flip::Down(offset) | Flip::Up(offset)) = flip;
            let sent = if matches!(flip, Flip::Up(_)) { &seen.up } else { &seen.down };
            let around = sent.get(offset.saturating_sub(16)..offset + 16).unwrap_or_default();
            panic!("{flip:?} passed unnoticed; the 16 bytes before it and from it on: {around:02x?}");
        }
        let after = site.balances()?;
        // Whatever was changed after the confirmation cannot take back what was rightly posted.
        let paid = before[0] - after[0];
        assert!(paid == 0 || paid == 300, "{flip:?} moved {paid}");
        assert_eq!(after[2] - before[2], paid, "{flip:?}");
        // Failed logins count; the customer is not to be locked out by the test.
        site.operator.run(&["customer", "unlock", ALICE.account])?;
    }
    site.verify()
}
