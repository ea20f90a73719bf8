//! An app that traps, loops for ever or hoards memory ends its own session, clearly; nobody else notices.

use anyhow::Result;
use system_tests::{ALICE, BO, MERCHANT, Site, scripts};

/// The terminal's exit code when the server ended the session.
const ENDED_BY_SERVER: i32 = 7;

#[test]
fn faulty_apps_end_only_their_session() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    site.publish("fault")?;
    let server = site.serve()?;
    let alices = site.enrol(&ALICE, "phone-240x320")?;
    let bos = site.enrol(&BO, "phone-240x320")?;
    for misdeed in ["panic", "loop", "grow"] {
        let before = site.balances()?;
        // Bo is in the middle of a payment while Alice's app fails.
        let paying = format!(
            "tap app:bank-card within 20s\n{}wait 2s\n{}",
            scripts::fill_in("pay", MERCHANT.1, "5.00"),
            scripts::confirm()
        );
        let bo = bos.start(&server.address, &paying)?;
        let failing = format!(
            "tap app:fault within 20s\ntap count within 10s\nexpect \"Counted 1\"\ntap {misdeed}\n\
             expect-end within 20s\nscreenshot ended-{misdeed}\n"
        );
        let alice = alices.run(&server.address, &failing)?;
        assert!(
            alice.success() || alice.exit == Some(ENDED_BY_SERVER),
            "{misdeed}: exit {:?}\n{}",
            alice.exit,
            alice.log
        );
        assert!(!alice.ended().is_empty(), "{misdeed}: the person is told");
        bo.finish()?.expect_success()?;
        let after = site.balances()?;
        assert_eq!(after, [before[0], before[1] - 500, before[2] + 500], "{misdeed}");
        // And she comes in again.
        alices.run(&server.address, "expect-action app:bank-card within 20s\n")?.expect_success()?;
    }
    site.verify()
}
