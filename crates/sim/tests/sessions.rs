//! Whole sessions, from login to ledger, seen from both sides.
#![allow(clippy::unwrap_used, reason = "a profile that is not one fails the test")]

use std::time::Duration;

use accounts::AccountId;
use identity::Language;
use platform::EndReason;
use profile::{Display, HardwareProfile, PixelLayout};
use sim::{Device, PASSWORD, World};

fn phone() -> HardwareProfile {
    HardwareProfile::from_toml(include_str!("../../../profiles/phone-480x800.toml")).unwrap()
}

/// Alice with this much money in her account and a phone, and the merchant `luckin`.
fn customer_and_shop(seed: u64, minor_units: i64) -> (World, AccountId, Device) {
    let world = World::new(seed);
    let alice = world.customer("alice", "Alice Wang", Language::English, minor_units);
    world.merchant("luckin", "Luckin Coffee");
    let device = world.enrol("alice", &phone());
    (world, alice, device)
}

#[test]
fn a_payment_is_confirmed_signed_and_posted() {
    let world = World::new(1);
    let alice = world.customer("alice", "Alice Wang", Language::English, 50_000);
    let shop = world.merchant("luckin", "Luckin Coffee");
    let device = world.enrol("alice", &phone());
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    assert!(connection.session.is_signed_in());
    connection.expect("500.00");

    connection.order_payment("luckin", "23.50");
    connection.expect("Luckin Coffee");
    connection.expect("23.50");
    assert_eq!(world.balance(alice), 50_000, "nothing moves before the signature");
    connection.tap("platform.confirm");

    assert_eq!(connection.signed.len(), 1);
    let fields = connection.signed[0].fields();
    assert_eq!((fields.amount.minor_units(), fields.payee.name.as_str()), (2_350, "Luckin Coffee"));
    assert_eq!((world.balance(alice), world.balance(shop)), (47_650, 2_350));
    connection.tap("done");
    connection.expect("476.50");
    connection.tap("sign-out");
    assert_eq!(connection.why_over(), &EndReason::Done);
    world.check_books();
}

#[test]
fn the_same_app_serves_every_display_in_both_languages() {
    let world = World::new(2);
    world.customer("mei", "梅", Language::Chinese, 50_000);
    let shop = world.merchant("luckin", "瑞幸咖啡");
    let profiles = [
        include_str!("../../../profiles/phone-240x320.toml"),
        include_str!("../../../profiles/phone-1080x2400.toml"),
        include_str!("../../../profiles/grey-320x240.toml"),
    ];
    for (paid, profile) in (1..).zip(profiles) {
        let device = world.enrol("mei", &HardwareProfile::from_toml(profile).unwrap());
        let mut connection = world.connect(&device, PASSWORD);
        connection.settle();
        connection.order_payment("luckin", "1.00");
        connection.expect("瑞幸咖啡");
        connection.tap("platform.confirm");
        assert_eq!(world.balance(shop), 100 * paid, "at {}", device.profile.model);
    }
    world.check_books();
}

#[test]
fn cancelling_at_each_step_posts_nothing() {
    let (world, alice, device) = customer_and_shop(3, 50_000);
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();

    connection.order_payment("luckin", "23.50");
    connection.tap("platform.cancel");
    connection.expect("You cancelled. Nothing was paid.");
    connection.tap("home");

    connection.willing = false;
    connection.order_payment("luckin", "23.50");
    connection.tap("platform.confirm");
    connection.expect("did not sign");
    connection.tap("home");

    connection.willing = true;
    connection.order_payment("luckin", "23.50");
    world.advance(Duration::from_secs(111));
    connection.tick();
    connection.expect("took too long");
    assert_eq!(world.balance(alice), 50_000);
    world.check_books();
}

#[test]
fn what_was_done_before_the_statement_could_be_read_is_no_consent() {
    let (world, alice, device) = customer_and_shop(11, 50_000);
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    connection.tap("pay");
    connection.tap("payee");
    connection.type_text("luckin");
    connection.key("Enter");
    connection.tap("amount");
    connection.type_text("23.50");
    // Enter is held down, and goes on repeating over the confirmation that comes.
    for _ in 0..20 {
        connection.key("Enter");
    }
    assert!(connection.signed.is_empty());
    assert!(!connection.terminal.outline().iter().any(|node| node.id == "platform.confirm"));
    connection.read();
    assert!(connection.signed.is_empty());
    connection.tap("platform.confirm");
    assert_eq!(connection.signed.len(), 1);
    assert_eq!(world.balance(alice), 47_650);
    world.check_books();
}

#[test]
fn a_suspended_contract_ends_the_session_at_the_next_payment() {
    let (world, alice, device) = customer_and_shop(12, 50_000);
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    connection.order_payment("luckin", "23.50");
    world.services.auth.set_status(&device.bundle.account, auth::CustomerStatus::Suspended).unwrap();
    connection.tap("platform.confirm");
    assert_eq!(connection.why_over(), &EndReason::Revoked);
    assert_eq!(world.balance(alice), 50_000);
    world.check_books();
}

#[test]
fn top_ups_that_nothing_pays_for_are_refused_unless_the_operator_allows_them() {
    let mut world = World::new(13);
    let services = std::sync::Arc::get_mut(&mut world.services).unwrap();
    services.free_top_ups = false;
    let alice = world.customer("alice", "Alice Wang", Language::English, 1_000);
    let device = world.enrol("alice", &phone());
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    connection.tap("top-up");
    connection.tap("amount");
    connection.type_text("100.00");
    connection.key("Enter");
    connection.read();
    connection.expect("not permitted");
    assert_eq!(world.balance(alice), 1_000);
}

#[test]
fn an_app_that_goes_on_by_itself_ends_its_own_session_only() {
    let world = World::without_apps(14);
    world.publish("fault");
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    let (one, other) = (world.enrol("alice", &phone()), world.enrol("alice", &phone()));
    let mut honest = world.connect(&one, PASSWORD);
    honest.settle();
    let mut stormy = world.connect(&other, PASSWORD);
    stormy.settle();
    stormy.tap("storm");
    assert!(matches!(stormy.why_over(), EndReason::App(_)), "{}", stormy.why_over());
    honest.tap("count");
    honest.expect("Counted 1");
}

#[test]
fn more_than_there_is_is_refused_before_anything_is_signed() {
    let (world, alice, device) = customer_and_shop(4, 1_000);
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    connection.order_payment("luckin", "10.01");
    connection.expect("not enough money");
    assert!(connection.signed.is_empty());
    assert_eq!(world.balance(alice), 1_000);
    world.check_books();
}

#[test]
fn a_wrong_password_an_unknown_account_and_an_unknown_terminal_get_one_answer() {
    let world = World::new(5);
    world.customer("alice", "Alice Wang", Language::English, 0);
    world.customer("bob", "Bob Li", Language::English, 0);
    let (mine, strangers) = (world.enrol("alice", &phone()), world.enrol("bob", &phone()));
    let refused = |connection: &mut sim::Connection<'_>| {
        connection.settle();
        assert!(!connection.session.is_signed_in());
        connection.end.clone().expect("it ended")
    };
    let wrong_password = refused(&mut world.connect(&mine, "not the password"));
    // Bob's terminal, used for Alice's account.
    let mut other = world.enrol("alice", &phone());
    other.bundle.terminal = strangers.bundle.terminal;
    let wrong_terminal = refused(&mut world.connect(&other, PASSWORD));
    other.bundle.account = identity::AccountName::new("nobody").unwrap();
    let unknown_account = refused(&mut world.connect(&other, PASSWORD));
    assert_eq!(wrong_password, wrong_terminal);
    assert_eq!(wrong_password, unknown_account);
}

#[test]
fn another_profile_or_element_sees_noise_and_gets_no_virtual_machine() {
    let world = World::new(6);
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    let mut other_profile = world.enrol("alice", &phone());
    if let Display::Picture { dots_per_inch, .. } = &mut other_profile.profile.display {
        *dots_per_inch += 1;
    }
    let mut other_element = world.enrol("alice", &phone());
    other_element.bundle.agreement_key = identity::DevicePrivateKey::generate(&mut *world.random());
    for device in [other_profile, other_element] {
        let mut connection = world.connect(&device, PASSWORD);
        connection.settle();
        assert!(!connection.session.is_signed_in());
        assert!(connection.texts().is_empty());
        assert!(connection.end.is_some(), "the terminal noticed that it cannot open what it got");
        connection.session.disconnected();
        assert_eq!(connection.why_over(), &EndReason::NotAcknowledged);
    }
}

#[test]
fn silence_after_the_login_is_dropped_in_time() {
    let world = World::new(7);
    world.customer("alice", "Alice Wang", Language::English, 0);
    let mut session = world.platform.session(world.now().monotonic);
    world.advance(Duration::from_secs(61));
    session.tick(world.now());
    assert_eq!(session.end_reason(), &EndReason::TooSlow);
}

#[test]
fn an_idle_session_hibernates_wakes_and_ends() {
    let world = World::new(8);
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    let device = world.enrol("alice", &phone());
    let mut connection = world.connect(&device, PASSWORD);
    connection.settle();
    world.advance(Duration::from_secs(60));
    connection.tick();
    connection.tap("history");
    connection.expect("History");
    world.advance(Duration::from_secs(301));
    connection.tick();
    assert_eq!(connection.why_over(), &EndReason::Idle);
    assert!(connection.end.is_some());
}

#[test]
fn a_new_version_and_a_second_app_need_no_change_of_the_terminal() {
    let world = World::without_apps(9);
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    let device = world.enrol("alice", &phone());
    let mut before = world.connect(&device, PASSWORD);
    before.settle();
    before.expect("No service is offered");
    world.publish("bank-card");
    let mut after = world.connect(&device, PASSWORD);
    after.settle();
    after.expect("500.00");
}

#[test]
fn layouts_of_pixels_differ_and_each_is_its_own() {
    let layouts = [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8];
    let world = World::new(10);
    world.customer("alice", "Alice Wang", Language::English, 50_000);
    for layout in layouts {
        let profile = HardwareProfile::picture("test", 320, 480, 160, layout);
        let device = world.enrol("alice", &profile);
        let mut connection = world.connect(&device, PASSWORD);
        connection.settle();
        connection.expect("500.00");
        assert_eq!(connection.terminal.screen().bytes().len(), 320 * 480 * layout.bytes_per_pixel());
    }
}
