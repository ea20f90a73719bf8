//! Remote payments by real processes: the money moves exactly, on terminals of different hardware; what may
//! not be paid is said clearly and moves nothing.

use anyhow::Result;
use system_tests::noise::Picture;
use system_tests::{ALICE, BO, MERCHANT, Site, scripts};

#[test]
fn a_payment_moves_exactly_the_amount_on_two_kinds_of_terminal() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let [alice, bo, merchant] = site.balances()?;

    let phone = site.enrol(&ALICE, "phone-480x800")?;
    let outcome = phone.run(&server.address, &scripts::payment("23.50"))?.expect_success()?;
    assert_eq!(site.balances()?, [alice - 2_350, bo, merchant + 2_350]);
    let receipt = Picture::read(&outcome.file("receipt.png"))?;
    assert_eq!((receipt.width, receipt.height), (480, 800));

    let small_phone = site.enrol(&BO, "phone-240x320")?;
    let outcome = small_phone.run(&server.address, &scripts::payment("7.05"))?.expect_success()?;
    assert_eq!(site.balances()?, [alice - 2_350, bo - 705, merchant + 2_350 + 705]);
    let receipt = Picture::read(&outcome.file("receipt.png"))?;
    assert_eq!((receipt.width, receipt.height), (240, 320));
    site.verify()
}

#[test]
fn a_text_display_pays_too() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let before = site.balances()?;
    let console = site.enrol(&BO, "tty-80x24")?;
    let outcome = console.run(&server.address, &scripts::payment("1.00"))?.expect_success()?;
    let after = site.balances()?;
    assert_eq!(after, [before[0], before[1] - 100, before[2] + 100]);
    let receipt = std::fs::read_to_string(outcome.file("receipt.txt"))?;
    assert!(receipt.contains(MERCHANT.1), "{receipt}");
    site.verify()
}

#[test]
fn more_than_there_is_is_refused_and_nothing_moves() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let before = site.balances()?;
    let phone = site.enrol(&ALICE, "phone-480x800")?;
    let filled_in = scripts::fill_in("pay", MERCHANT.1, "500.01");
    // The platform says so before it asks anybody to sign.
    let without_confirmation = filled_in.trim_end().rsplit_once('\n').map_or("", |(before, _)| before);
    let script = format!(
        "expect-action pay within 20s\n{without_confirmation}\nexpect \"not enough money\" within 20s\nscreenshot refused\n"
    );
    phone.run(&server.address, &script)?.expect_success()?;
    assert_eq!(site.balances()?, before);
    site.verify()
}

#[test]
fn an_unknown_payee_is_said_clearly() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let before = site.balances()?;
    let phone = site.enrol(&ALICE, "phone-480x800")?;
    let script = "tap pay within 20s\ntap payee\ntype \"Nobody at all\"\nexpect \"Nobody at all\"\nkey Enter\n\
                  expect \"Nobody by that name\" within 10s\nscreenshot unknown\n";
    phone.run(&server.address, script)?.expect_success()?;
    assert_eq!(site.balances()?, before);
    site.verify()
}

#[test]
fn a_cancelled_payment_moves_nothing() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let before = site.balances()?;
    let phone = site.enrol(&ALICE, "phone-480x800")?;
    let script = format!(
        "{}tap platform.cancel\nexpect \"Cancelled\" within 10s\n",
        scripts::to_confirmation(MERCHANT.1, "10.00")
    );
    phone.run(&server.address, &script)?.expect_success()?;
    assert_eq!(site.balances()?, before);
    site.verify()
}

#[test]
fn a_transfer_and_a_top_up_move_exactly_the_amount() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let [alice, bo, merchant] = site.balances()?;
    let phone = site.enrol(&ALICE, "phone-480x800")?;
    let script = format!(
        "expect-action transfer within 20s\n{}{}tap done\ntap top-up within 10s\ntap amount within 10s\n{}{}",
        scripts::fill_in("transfer", BO.account, "30.00"),
        scripts::confirm(),
        scripts::fill_amount("100.00", 1),
        scripts::confirm()
    );
    phone.run(&server.address, &script)?.expect_success()?;
    assert_eq!(site.balances()?, [alice - 3_000 + 10_000, bo + 3_000, merchant]);
    site.verify()
}
