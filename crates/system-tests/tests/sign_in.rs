//! Who may not come in hears one answer, whatever the reason; who guesses is locked out for a time.

use std::time::Duration;

use anyhow::Result;
use system_tests::{ALICE, BO, Outcome, Site};

/// What a terminal says when it was refused.
fn refusal(outcome: &Outcome) -> String {
    assert_eq!(outcome.exit, Some(3), "refused at signing in: {}", outcome.log);
    outcome.ended().to_owned()
}

const HOME: &str = "expect-action pay within 20s\n";

#[test]
fn wrong_password_unknown_account_wrong_terminal_and_locked_get_one_answer() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let alices = site.enrol(&ALICE, "phone-480x800")?;
    let bos = site.enrol(&BO, "phone-480x800")?;
    let revoked = site.enrol(&ALICE, "phone-480x800")?;
    site.operator.run(&["terminal", "revoke", &revoked.terminal])?;

    let wrong_password = alices.with_password("not the password").run(&server.address, HOME)?;
    let answer = refusal(&wrong_password);
    assert!(!wrong_password.success());
    assert!(!answer.is_empty(), "{}", wrong_password.log);

    let unknown_account = alices.with_account("nobody").run(&server.address, HOME)?;
    assert_eq!(refusal(&unknown_account), answer);
    let not_her_terminal = bos.with_account(ALICE.account).with_password(ALICE.password);
    assert_eq!(refusal(&not_her_terminal.run(&server.address, HOME)?), answer);
    assert_eq!(refusal(&revoked.run(&server.address, HOME)?), answer);
    site.operator.run(&["customer", "lock", ALICE.account])?;
    assert_eq!(refusal(&alices.run(&server.address, HOME)?), answer);

    site.operator.run(&["customer", "unlock", ALICE.account])?;
    alices.run(&server.address, HOME)?.expect_success()?;
    Ok(())
}

#[test]
fn five_wrong_passwords_lock_even_the_right_one_out() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let phone = site.enrol(&ALICE, "phone-480x800")?;
    for guess in ["one guess", "two guesses", "three guesses", "four guesses", "five guesses"] {
        assert!(!phone.with_password(guess).run(&server.address, HOME)?.success());
    }
    let right = phone.run(&server.address, HOME)?;
    assert!(!right.success(), "after five failures the account is locked for a time");
    // It outlives the server, and touches nobody else.
    server.kill()?;
    let server = site.serve()?;
    assert!(!phone.run(&server.address, HOME)?.success());
    site.enrol(&BO, "phone-240x320")?.run(&server.address, HOME)?.expect_success()?;
    site.operator.run(&["customer", "unlock", ALICE.account])?;
    phone.run(&server.address, HOME)?.expect_success()?;
    server.log_line("ended", Duration::from_secs(5)).map(drop)
}
