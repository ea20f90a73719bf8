//! Contracts and enrolment: what is kept, what is refused, and that it is there after a restart.

use auth::{
    Auth, AuthError, CustomerStatus, InitOptions, NewCustomer, Parameters, TERMINALS_PER_CUSTOMER_MAX,
    TerminalStatus,
};
use identity::{ActivationCode, BundleError, EnrolmentBundle, Language, Password};
use profile::HardwareProfile;

use crate::world::{PASSWORD, START, World, account, customer, message, options, phone};

#[test]
fn everything_is_there_after_a_restart() {
    let mut world = World::new();
    world.confirmed(START);
    world.auth.set_language(&account("alice"), Language::English).unwrap();
    let (customers, terminals) = (world.auth.customers().unwrap(), world.auth.terminals(None).unwrap());
    let (ca, tls) =
        (world.auth.operator_ca().to_vec(), world.auth.tls_identity(START, &mut world.rng).unwrap());
    world.reopen();
    assert_eq!(world.auth.customers().unwrap(), customers);
    assert_eq!(world.auth.terminals(Some(&account("alice"))).unwrap(), terminals);
    assert_eq!(world.auth.operator_ca(), ca);
    let again = world.auth.tls_identity(START.plus_seconds(60), &mut world.rng).unwrap();
    assert_eq!(again.certificate_chain, tls.certificate_chain);
    assert_eq!(customers[0].language, Language::English);
    assert_eq!(customers[0].status, CustomerStatus::Active);
    assert!(world.sign_in(PASSWORD, START).is_ok());
}

#[test]
fn an_account_name_is_taken_once() {
    let mut world = World::new();
    let error = world.auth.add_customer(&customer("ALICE", "another password"), START, &mut world.rng);
    assert!(matches!(error, Err(AuthError::CustomerExists(_))));
    // And the first contract is untouched.
    assert!(world.sign_in(PASSWORD, START).is_ok());
}

#[test]
fn a_name_that_deceives_is_refused() {
    let mut world = World::new();
    for name in ["", "Alice\u{202E}", "a\nb", &"x".repeat(200)] {
        let new = NewCustomer { name: name.to_owned(), ..customer("carol", PASSWORD) };
        assert!(matches!(world.auth.add_customer(&new, START, &mut world.rng), Err(AuthError::Text(_))));
    }
}

#[test]
fn who_is_not_there_is_said_to_the_operator() {
    let mut world = World::new();
    let nobody = account("nobody");
    let password = Password::chosen("long enough").unwrap();
    for error in [
        world.auth.set_password(&nobody, &password, &mut world.rng).unwrap_err(),
        world.auth.set_status(&nobody, CustomerStatus::Suspended).unwrap_err(),
        world.auth.unlock(&nobody).unwrap_err(),
        world.auth.enrol_terminal(&nobody, &phone(), START, &mut world.rng).unwrap_err(),
    ] {
        assert!(matches!(error, AuthError::UnknownCustomer(_)), "{}", message(&error));
    }
    assert!(world.auth.customer(&nobody).unwrap().is_none());
    let terminal = identity::TerminalId::from_bytes([0; 16]);
    assert!(matches!(world.auth.revoke_terminal(terminal), Err(AuthError::UnknownTerminal(_))));
    assert!(world.auth.terminal(terminal).unwrap().is_none());
}

#[test]
fn a_bundle_opens_with_its_own_code_alone() {
    let mut world = World::new();
    let other = ActivationCode::generate(&mut world.rng);
    assert_eq!(EnrolmentBundle::open(&world.bundle_text, &other).unwrap_err(), BundleError::WrongCode);
    let typed = ActivationCode::parse(&world.code.reveal().to_lowercase()).unwrap();
    let opened = EnrolmentBundle::open(&world.bundle_text, &typed).unwrap();
    assert_eq!(opened.server_name, "pay.example");
    assert_eq!(HardwareProfile::from_canonical(&opened.profile).unwrap(), phone());
}

#[test]
fn a_customer_has_a_bounded_number_of_terminals() {
    let mut world = World::new();
    let alice = account("alice");
    for _ in 1..TERMINALS_PER_CUSTOMER_MAX {
        world.auth.enrol_terminal(&alice, &phone(), START, &mut world.rng).unwrap();
    }
    let full = world.auth.enrol_terminal(&alice, &phone(), START, &mut world.rng);
    assert!(matches!(full, Err(AuthError::TooManyTerminals(_))));
    world.auth.revoke_terminal(world.terminal.terminal).unwrap();
    world.auth.enrol_terminal(&alice, &phone(), START, &mut world.rng).unwrap();
    let kept = world.auth.terminal(world.terminal.terminal).unwrap().unwrap();
    assert_eq!(kept.status, TerminalStatus::Revoked);
}

#[test]
fn a_directory_is_initialised_once_and_must_be() {
    let mut world = World::new();
    let again = Auth::init(world.folder.path(), &options(), START, &mut world.rng);
    assert!(matches!(again, Err(AuthError::AlreadyInitialised)));
    assert!(world.sign_in(PASSWORD, START).is_ok());
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Auth::open(empty.path(), Parameters::default()), Err(AuthError::NotInitialised)));
    for name in ["", "-x", "a b", "pay_example", "https://pay.example", "a..b"] {
        let options = InitOptions { server_name: name.to_owned(), names: Vec::new() };
        let refused = Auth::init(empty.path(), &options, START, &mut world.rng);
        assert!(matches!(refused, Err(AuthError::HostName(_))), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
    }
}

#[test]
fn a_damaged_file_is_said_to_be_damaged() {
    let world = World::new();
    let path = world.folder.path().join("auth.sqlite");
    drop(world.auth);
    std::fs::remove_file(world.folder.path().join("auth.sqlite-wal")).ok();
    std::fs::write(&path, b"this is no database, whatever its name says, and never was one").unwrap();
    let error = Auth::open(world.folder.path(), Parameters::default()).unwrap_err();
    assert!(matches!(error, AuthError::Store(_)), "{}", message(&error));
}
