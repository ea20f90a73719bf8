//! Signing in: who gets a session, who does not, and that nobody is told why.

use auth::{AuthError, CustomerStatus, LOGIN_SECONDS_MAX};
use identity::{ClientLogin, DevicePrivateKey, LoginError, Password, TerminalId};
use profile::{HardwareProfile, PixelLayout};

use crate::world::{PASSWORD, START, World, account, customer, finish, phone, told};

#[test]
fn the_right_customer_with_the_right_terminal_signs_in() {
    let mut world = World::new();
    let (signed_in, root) = world.sign_in(PASSWORD, START).unwrap();
    assert_eq!(signed_in.root, root);
    assert_eq!(signed_in.customer.name, "Alice Liddell");
    assert_eq!(signed_in.profile, phone());
    assert_eq!(signed_in.signing_public, world.terminal.signing_key.public());
    assert_eq!(
        signed_in.event().to_string(),
        format!("alice signed in from {}, keys not yet confirmed", world.terminal.terminal)
    );
    world.auth.login_confirmed(&signed_in, START.plus_seconds(1)).unwrap();
    let kept = world.auth.terminal(world.terminal.terminal).unwrap().unwrap();
    assert_eq!(kept.last_used_at, Some(START.plus_seconds(1)));
}

#[test]
fn each_wrong_thing_is_refused_and_only_the_log_knows_which() {
    let mut world = World::new();
    let id = world.terminal.terminal;
    world.auth.add_customer(&customer("bob", "another password"), START, &mut world.rng).unwrap();
    let wrong = world.sign_in("not the password", START).unwrap_err();
    assert!(wrong.contains("the password is not right (attempt 1 since"), "{wrong}");
    let unknown = world.sign_in_as("nobody", PASSWORD, id, START).unwrap_err();
    assert!(unknown.contains("no such account"), "{unknown}");
    let elsewhere = world.sign_in_as("alice", PASSWORD, TerminalId::from_bytes([9; 16]), START).unwrap_err();
    assert!(elsewhere.contains("no such terminal for this account"), "{elsewhere}");
    let borrowed = world.sign_in_as("bob", "another password", id, START).unwrap_err();
    assert!(borrowed.contains("no such terminal for this account"), "{borrowed}");
    world.auth.set_status(&account("alice"), CustomerStatus::Suspended).unwrap();
    let suspended = world.sign_in(PASSWORD, START).unwrap_err();
    assert!(suspended.contains("the contract is suspended"), "{suspended}");
    world.auth.set_status(&account("alice"), CustomerStatus::Active).unwrap();
    assert!(world.sign_in(PASSWORD, START).is_ok());
    world.auth.revoke_terminal(id).unwrap();
    let revoked = world.sign_in(PASSWORD, START).unwrap_err();
    assert!(revoked.contains("the terminal is revoked"), "{revoked}");
}

#[test]
fn replies_to_the_refused_are_as_long_as_to_the_welcome() {
    let mut world = World::new();
    let mut reply_length = |name: &str, terminal| {
        let password = Password::new(PASSWORD).unwrap();
        let (_, hello) = ClientLogin::start(&mut world.rng, &account(name), &password, terminal).unwrap();
        world.auth.login_begin(&hello, START, &mut world.rng).unwrap().1.len()
    };
    let id = TerminalId::from_bytes([1; 16]);
    let unknown = reply_length("nobody", id);
    assert_eq!(unknown, reply_length("alice", id));
    let world = World::new();
    let mut rng = world.rng.clone();
    let password = Password::new(PASSWORD).unwrap();
    let (_, hello) =
        ClientLogin::start(&mut rng, &account("alice"), &password, world.terminal.terminal).unwrap();
    assert_eq!(unknown, world.auth.login_begin(&hello, START, &mut rng).unwrap().1.len());
}

#[test]
fn another_element_or_profile_signs_in_to_another_root() {
    let mut world = World::new();
    let genuine = world.terminal.clone();
    world.terminal.agreement_key = DevicePrivateKey::generate(&mut world.rng);
    let (signed_in, root) = world.sign_in(PASSWORD, START).unwrap();
    assert_ne!(signed_in.root, root, "another secure element");
    world.terminal = genuine;
    world.terminal.profile =
        HardwareProfile::picture("phone", 480, 801, 220, PixelLayout::Rgb888).canonical_bytes();
    let (signed_in, root) = world.sign_in(PASSWORD, START).unwrap();
    assert_ne!(signed_in.root, root, "another hardware profile");
}

#[test]
fn a_login_must_be_finished_in_time_and_while_it_is_allowed() {
    let mut world = World::new();
    let password = Password::new(PASSWORD).unwrap();
    for (late, revoke) in [(true, false), (false, true)] {
        let (client, hello) =
            ClientLogin::start(&mut world.rng, &account("alice"), &password, world.terminal.terminal)
                .unwrap();
        let (pending, reply) = world.auth.login_begin(&hello, START, &mut world.rng).unwrap();
        let (request, agreement) = client.answer(&mut world.rng, &reply).unwrap();
        let (frame, _) = finish(&world.terminal, &request.server_public, agreement);
        let now = START.plus_seconds(if late { LOGIN_SECONDS_MAX + 1 } else { 1 });
        if revoke {
            world.auth.revoke_terminal(world.terminal.terminal).unwrap();
        }
        let told = told(&world.auth.login_finish(pending, &frame, now).unwrap_err());
        assert!(told.contains(if late { "it took too long" } else { "meanwhile" }), "{told}");
    }
}

#[test]
fn a_changed_password_is_the_only_one_that_works() {
    let mut world = World::new();
    let new = Password::chosen("a newer password").unwrap();
    world.auth.set_password(&account("alice"), &new, &mut world.rng).unwrap();
    assert!(world.sign_in(PASSWORD, START).is_err());
    assert!(world.sign_in("a newer password", START).is_ok());
}

#[test]
fn malformed_hellos_are_the_peers_fault_and_count_for_nobody() {
    let mut world = World::new();
    for garbage in [&[][..], &[1], &[0; 2000], b"GET / HTTP/1.1\r\n\r\n"] {
        let error = world.auth.login_begin(garbage, START, &mut world.rng).unwrap_err();
        assert!(matches!(error, AuthError::Login(LoginError::Malformed(_) | LoginError::UnknownVersion(_))));
    }
    for _ in 0..10 {
        let _ = world.auth.login_begin(&[1, 1, 0, 1], START, &mut world.rng).unwrap_err();
    }
    assert!(world.sign_in(PASSWORD, START).is_ok());
}
