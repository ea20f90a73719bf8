//! The step-up: only the session's own, fresh statement counts, and its evidence convinces a stranger.

use auth::{
    Auth, CustomerStatus, STATEMENT_AGE_SECONDS_MAX, STATEMENT_SKEW_SECONDS_MAX, SignedIn, StatementRefusal,
};
use identity::{
    Evidence, EvidenceError, Operation, Party, Statement, StatementError, StatementFields, TerminalId,
};
use money::{Currency, Money};
use proptest::prelude::*;

use crate::world::{PASSWORD, START, World, account, contains, customer, options, phone};

fn fields(world: &World) -> StatementFields {
    StatementFields {
        payment_key: [5; 16],
        operation: Operation::Pay,
        payer: Party { account: "1001".to_owned(), name: "Alice".to_owned() },
        payee: Party { account: "2001".to_owned(), name: "Luckin".to_owned() },
        amount: Money::new(2350, Currency::CNY),
        fee: Money::new(0, Currency::CNY),
        at: START,
        terminal: world.terminal.terminal,
        customer: account("alice"),
        memo: String::new(),
    }
}

fn statement(fields: StatementFields) -> Statement {
    Statement::new(fields).unwrap()
}

fn sign(world: &World, statement: &Statement) -> [u8; 64] {
    world.terminal.signing_key.sign_digest(&statement.digest()).unwrap()
}

fn verify(
    world: &World,
    by: &SignedIn,
    statement: &Statement,
    seconds: u64,
) -> Result<Vec<u8>, StatementRefusal> {
    world.auth.verify_statement(by, statement, &sign(world, statement), START.plus_seconds(seconds))
}

#[test]
fn evidence_convinces_an_auditor_who_has_the_ca_certificate_alone() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let signed = statement(fields(&world));
    let bytes = verify(&world, &by, &signed, 1).unwrap();
    let ca = world.auth.operator_ca().to_vec();
    let evidence = Evidence::parse(&bytes).unwrap();
    assert_eq!(evidence.to_bytes(), bytes);
    let proven = evidence.verify(&ca).unwrap();
    assert_eq!(proven.statement, signed);
    assert_eq!(proven.certificate.account, account("alice"));
    assert_eq!(proven.certificate.terminal, world.terminal.terminal);
    // The evidence outlives the terminal's revocation.
    world.auth.revoke_terminal(world.terminal.terminal).unwrap();
    assert!(Evidence::parse(&bytes).unwrap().verify(&ca).is_ok());
    assert!(!contains(&bytes, PASSWORD.as_bytes()));
}

#[test]
fn another_operators_ca_proves_nothing() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let bytes = verify(&world, &by, &statement(fields(&world)), 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Even one of the same name: the signature does not verify.
    let other = Auth::init(folder.path(), &options(), START, &mut world.rng).unwrap();
    let error = Evidence::parse(&bytes).unwrap().verify(other.operator_ca()).unwrap_err();
    assert_eq!(error, EvidenceError::Certificate(identity::CertificateError::Signature));
    // A terminal's certificate is no authority.
    let leaf = Evidence::parse(&bytes).unwrap().verify(&world.terminal.certificate).unwrap_err();
    assert_eq!(leaf, EvidenceError::Certificate(identity::CertificateError::NotAuthority));
}

#[test]
fn only_the_sessions_own_statement_counts() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let elsewhere =
        statement(StatementFields { terminal: TerminalId::from_bytes([1; 16]), ..fields(&world) });
    assert!(matches!(verify(&world, &by, &elsewhere, 0), Err(StatementRefusal::AnotherTerminal)));
    let other = statement(StatementFields { customer: account("bob"), ..fields(&world) });
    assert!(matches!(verify(&world, &by, &other, 0), Err(StatementRefusal::AnotherCustomer)));
}

#[test]
fn a_statement_is_good_for_two_minutes() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let signed = statement(fields(&world));
    assert!(verify(&world, &by, &signed, STATEMENT_AGE_SECONDS_MAX).is_ok());
    assert!(matches!(
        verify(&world, &by, &signed, STATEMENT_AGE_SECONDS_MAX + 1),
        Err(StatementRefusal::Stale)
    ));
    let ahead = |seconds| statement(StatementFields { at: START.plus_seconds(seconds), ..fields(&world) });
    assert!(verify(&world, &by, &ahead(STATEMENT_SKEW_SECONDS_MAX), 0).is_ok());
    let future = verify(&world, &by, &ahead(STATEMENT_SKEW_SECONDS_MAX + 1), 0);
    assert!(matches!(future, Err(StatementRefusal::FromTheFuture)));
}

#[test]
fn a_signature_by_another_key_or_over_another_statement_is_refused() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let shown = statement(fields(&world));
    let dearer =
        statement(StatementFields { amount: Money::new(9_999_999, Currency::CNY), ..fields(&world) });
    let other_key = world.terminal.agreement_key.sign_digest(&shown.digest()).unwrap();
    for signature in [sign(&world, &dearer), other_key, [0; 64], [0xff; 64]] {
        let refused = world.auth.verify_statement(&by, &shown, &signature, START).unwrap_err();
        assert!(matches!(
            refused,
            StatementRefusal::Evidence(EvidenceError::Statement(StatementError::Signature))
        ));
    }
}

#[test]
fn a_revoked_terminal_or_a_suspended_customer_signs_nothing_more() {
    let mut world = World::new();
    let by = world.confirmed(START);
    let signed = statement(fields(&world));
    world.auth.set_status(&account("alice"), CustomerStatus::Suspended).unwrap();
    assert!(matches!(verify(&world, &by, &signed, 0), Err(StatementRefusal::NoLongerAllowed)));
    world.auth.set_status(&account("alice"), CustomerStatus::Active).unwrap();
    assert!(verify(&world, &by, &signed, 0).is_ok());
    world.auth.revoke_terminal(world.terminal.terminal).unwrap();
    assert!(matches!(verify(&world, &by, &signed, 0), Err(StatementRefusal::NoLongerAllowed)));
}

#[test]
fn evidence_with_a_borrowed_certificate_is_refused() {
    let mut world = World::new();
    world.auth.add_customer(&customer("bob", "another password"), START, &mut world.rng).unwrap();
    let bobs = world.auth.enrol_terminal(&account("bob"), &phone(), START, &mut world.rng).unwrap();
    let bobs = identity::EnrolmentBundle::open(&bobs.bundle, &bobs.activation_code).unwrap();
    let signed = statement(fields(&world));
    let signature = bobs.signing_key.sign_digest(&signed.digest()).unwrap();
    let evidence = Evidence::new(signed, signature, bobs.certificate).unwrap();
    assert_eq!(evidence.verify(world.auth.operator_ca()).unwrap_err(), EvidenceError::AnotherTerminal);
}

#[test]
fn a_certificate_that_was_not_valid_at_the_statements_time_proves_nothing() {
    let world = World::new();
    for days in [-3_i64, 5 * 365 + 2] {
        let at = START.seconds().checked_add_signed(days * 86_400).unwrap();
        let signed =
            statement(StatementFields { at: identity::UnixTime::from_seconds(at), ..fields(&world) });
        let signature = sign(&world, &signed);
        let evidence = Evidence::new(signed, signature, world.terminal.certificate.clone()).unwrap();
        let error = evidence.verify(world.auth.operator_ca()).unwrap_err();
        assert!(
            matches!(error, EvidenceError::Certificate(identity::CertificateError::Validity(_))),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn every_changed_byte_of_evidence_is_noticed(seed in any::<prop::sample::Index>(), bit in 0_u8..8) {
        // One world for many positions: making it stretches a password.
        thread_local!(static BYTES: (Vec<u8>, Vec<u8>) = {
            let mut world = World::new();
            let by = world.confirmed(START);
            let bytes = verify(&world, &by, &statement(fields(&world)), 0).unwrap();
            (bytes, world.auth.operator_ca().to_vec())
        });
        BYTES.with(|(bytes, ca)| {
            for step in 0..64 {
                let at = (seed.index(bytes.len()) + step * 17) % bytes.len();
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let believed = Evidence::parse(&changed).and_then(|evidence| evidence.verify(ca));
                assert!(believed.is_err(), "byte {at}");
                assert!(Evidence::parse(&bytes[..at]).is_err());
                let mut ca_changed = ca.clone();
                let at = at % ca.len();
                ca_changed[at] ^= 1 << bit;
                // The CA's own signature is not what it is trusted for; whatever else changes is noticed or
                // does not change what is proven.
                let _ = Evidence::parse(bytes).unwrap().verify(&ca_changed);
            }
        });
    }
}
