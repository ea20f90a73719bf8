//! The login: what makes the same root, what makes another, what is refused, and what is garbage.

use identity::{
    AccountName, ClientLogin, DevicePrivateKey, FRAME_BYTES_MAX, Hello, LoginError, PasswordRecord,
    ServerLogin, ServerSetup, TerminalId, TerminalKeys,
};
use proptest::prelude::*;

use crate::world::{Attempt, PASSWORD, password, rng, world};

#[test]
fn both_ends_agree_on_a_root_and_every_login_has_its_own() {
    let first = Attempt::default().run();
    let root = first.client.unwrap();
    assert_eq!(root, first.server.unwrap());
    let second = Attempt { seed: 3, ..Attempt::default() }.run();
    let other = second.client.unwrap();
    assert_eq!(other, second.server.unwrap());
    assert_ne!(root, other);
}

#[test]
fn a_wrong_secure_element_signs_in_but_makes_another_root() {
    let stolen = DevicePrivateKey::generate(&mut rng(77));
    let outcome = Attempt { element: &stolen, ..Attempt::default() }.run();
    assert_ne!(outcome.client.unwrap(), outcome.server.unwrap());
}

#[test]
fn a_wrong_hardware_profile_signs_in_but_makes_another_root() {
    let outcome = Attempt { profile: [0x12; 32], ..Attempt::default() }.run();
    assert_ne!(outcome.client.unwrap(), outcome.server.unwrap());
}

#[test]
fn every_refusal_is_the_same_answer_of_the_same_length() {
    let genuine = Attempt::default().run();
    let refused = [
        Attempt { password: "another password", ..Attempt::default() }.run(),
        Attempt { account: "mallory", record: None, keys: None, ..Attempt::default() }.run(),
        // Known account and right password, but the terminal is unknown, revoked or the account locked.
        Attempt { keys: None, ..Attempt::default() }.run(),
        Attempt { record: None, ..Attempt::default() }.run(),
    ];
    for outcome in refused {
        assert_eq!(outcome.client.unwrap_err(), LoginError::Refused);
        assert_eq!(outcome.server.unwrap_err(), LoginError::Refused);
        assert_eq!(outcome.reply.len(), genuine.reply.len());
    }
}

/// The evaluated element in the reply: the only part of it that repeats when the same hello is sent again.
fn evaluated(reply: &[u8]) -> &[u8] {
    &reply[4 + 65..4 + 65 + 33]
}

#[test]
fn probing_twice_tells_an_unknown_account_from_a_known_one_by_nothing() {
    let world = world();
    let ask = |account: &str, known: bool, seed: u64| {
        let account = AccountName::new(account).unwrap();
        let (_, hello) =
            ClientLogin::start(&mut rng(5), &account, &password("guess"), world.terminal).unwrap();
        let (record, keys) = if known { (Some(&world.record), Some(&world.keys)) } else { (None, None) };
        ServerLogin::start(&mut rng(seed), &world.setup, record, keys, &Hello::parse(&hello).unwrap())
            .unwrap()
            .1
    };
    for (account, known) in [("alice", true), ("nobody", false)] {
        let (first, second) = (ask(account, known, 10), ask(account, known, 11));
        assert_eq!(
            evaluated(&first),
            evaluated(&second),
            "{account}: the same blinded password, the same answer"
        );
        assert_ne!(first, second, "{account}: everything else is fresh");
    }
    // The account that appears later answers as it did before it existed.
    assert_eq!(evaluated(&ask("alice", true, 12)), evaluated(&ask("alice", false, 13)));
    assert_ne!(evaluated(&ask("alice", false, 14)), evaluated(&ask("nobody", false, 14)));
}

#[test]
fn another_server_cannot_play_this_one() {
    let world = world();
    let impostor = ServerSetup::generate(&mut rng(99));
    let mut rng = rng(6);
    let (client, hello) =
        ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
    // Even one that has stolen the record, but not the server's secrets.
    let (_, reply) = ServerLogin::start(
        &mut rng,
        &impostor,
        Some(&world.record),
        Some(&world.keys),
        &Hello::parse(&hello).unwrap(),
    )
    .unwrap();
    assert_eq!(client.answer(&mut rng, &reply).unwrap_err(), LoginError::Refused);
}

#[test]
fn a_relay_cannot_put_its_own_agreement_key_into_the_reply() {
    let world = world();
    let mut rng = rng(8);
    let (client, hello) =
        ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
    let hello = Hello::parse(&hello).unwrap();
    let (_, mut reply) =
        ServerLogin::start(&mut rng, &world.setup, Some(&world.record), Some(&world.keys), &hello).unwrap();
    let own = DevicePrivateKey::generate(&mut rng);
    reply[4..69].copy_from_slice(&own.public().to_sec1());
    assert_eq!(client.answer(&mut rng, &reply).unwrap_err(), LoginError::Refused);
}

#[test]
fn a_relay_cannot_move_a_login_to_another_terminal_or_account() {
    let world = world();
    for (from, to) in
        [(4..20, TerminalId::generate(&mut rng(1)).as_bytes().to_vec()), (21..26, b"alicf".to_vec())]
    {
        let mut rng = rng(9);
        let (client, mut hello) =
            ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
        hello[from].copy_from_slice(&to);
        let hello = Hello::parse(&hello).unwrap();
        let (_, reply) =
            ServerLogin::start(&mut rng, &world.setup, Some(&world.record), Some(&world.keys), &hello)
                .unwrap();
        assert_eq!(client.answer(&mut rng, &reply).unwrap_err(), LoginError::Refused);
    }
}

#[test]
fn a_finish_frame_of_one_login_does_not_finish_another() {
    let world = world();
    let mut rng = rng(10);
    let (client, hello) =
        ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
    let hello = Hello::parse(&hello).unwrap();
    let mut begin = || {
        ServerLogin::start(&mut rng, &world.setup, Some(&world.record), Some(&world.keys), &hello).unwrap()
    };
    let ((_, reply), (second, _)) = (begin(), begin());
    let (request, agreement) = client.answer(&mut rng, &reply).unwrap();
    let shared = world.element.agree(&request.server_public).unwrap();
    let (finish, _) = agreement.finish(&shared, &crate::world::PROFILE);
    assert_eq!(second.finish(&finish).unwrap_err(), LoginError::Refused);
}

#[test]
fn what_the_server_keeps_survives_being_kept() {
    let world = world();
    let setup = ServerSetup::from_bytes(&world.setup.to_bytes()).unwrap();
    assert_eq!(setup.to_bytes(), world.setup.to_bytes());
    let record = PasswordRecord::from_bytes(&world.record.to_bytes()).unwrap();
    assert_eq!(record.to_bytes(), world.record.to_bytes());
    for broken in [&[][..], &[9; 20], &world.record.to_bytes()[..60]] {
        assert!(PasswordRecord::from_bytes(broken).is_err());
        assert!(ServerSetup::from_bytes(broken).is_err());
    }
}

#[test]
fn other_versions_and_suites_are_named_in_the_answer() {
    assert_eq!(Hello::parse(&[2, 1, 0, 1]).unwrap_err(), LoginError::UnknownVersion(2));
    assert_eq!(Hello::parse(&[1, 1, 0, 9]).unwrap_err(), LoginError::UnknownSuite(9));
    assert!(matches!(Hello::parse(&[1, 3, 0, 1]).unwrap_err(), LoginError::Malformed(_)));
    assert!(matches!(Hello::parse(&[1; FRAME_BYTES_MAX + 1]).unwrap_err(), LoginError::Malformed(_)));
}

#[test]
fn nothing_of_a_login_prints_a_secret() {
    let world = world();
    let canary = "canary-7d1f-password";
    let mut rng = rng(12);
    let (client, hello) =
        ClientLogin::start(&mut rng, &world.account, &password(canary), world.terminal).unwrap();
    let hello = Hello::parse(&hello).unwrap();
    let (server, reply) =
        ServerLogin::start(&mut rng, &world.setup, Some(&world.record), Some(&world.keys), &hello).unwrap();
    let mut printed = format!("{client:?} {hello:?} {server:?} {:?} {:?}", world.setup, world.record);
    printed += &format!("{:?} {:?}", client.answer(&mut rng, &reply), server.finish(&[]));
    assert!(!printed.contains(canary));
    for secret in [&world.setup.to_bytes()[3..35], &world.record.to_bytes()[36..68]] {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!printed.contains(&hex));
    }
    assert!(printed.contains("redacted"));
}

/// One genuine login, taken apart so that a test can change any frame on its way.
fn with_changed_frames(change: impl Fn(usize, &mut Vec<u8>)) {
    let world = world();
    let mut rng = rng(20);
    let (client, mut hello) =
        ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
    change(0, &mut hello);
    let Ok(hello) = Hello::parse(&hello) else { return };
    let (server, mut reply) =
        ServerLogin::start(&mut rng, &world.setup, Some(&world.record), Some(&world.keys), &hello).unwrap();
    change(1, &mut reply);
    let Ok((request, agreement)) = client.answer(&mut rng, &reply) else { return };
    let shared = world.element.agree(&request.server_public).unwrap();
    let (mut finish, root) = agreement.finish(&shared, &crate::world::PROFILE);
    change(2, &mut finish);
    let Ok(server_root) = server.finish(&finish) else { return };
    assert_ne!(root, server_root, "a changed frame was not noticed");
}

#[test]
fn no_prefix_of_a_frame_is_a_frame() {
    let world = world();
    let mut rng = rng(21);
    let (_, hello) =
        ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
    let parsed = Hello::parse(&hello).unwrap();
    let begin = || {
        ServerLogin::start(
            &mut crate::world::rng(22),
            &world.setup,
            Some(&world.record),
            Some(&world.keys),
            &parsed,
        )
        .unwrap()
    };
    let reply = begin().1;
    for length in 0..hello.len() {
        assert!(Hello::parse(&hello[..length]).is_err());
    }
    for length in (0..reply.len()).step_by(7).chain([reply.len() - 1]) {
        let (client, _) =
            ClientLogin::start(&mut rng, &world.account, &password(PASSWORD), world.terminal).unwrap();
        assert!(client.answer(&mut rng, &reply[..length]).is_err());
    }
    for length in 0..36 {
        assert!(begin().0.finish(&[&[1, 3, 0, 1][..], &[0; 32]].concat()[..length]).is_err());
    }
    assert!(Hello::parse(&[hello, vec![0]].concat()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_bit_in_any_frame_leaves_no_common_root(
        frame in 0_usize..3, position in any::<proptest::sample::Index>(), bit in 0_u8..8
    ) {
        with_changed_frames(|index, bytes| {
            if index == frame {
                let at = position.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        });
    }
}

proptest! {
    #[test]
    fn garbage_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 1_u8..4) {
        let world = world();
        let framed = [&[1, kind, 0, 1][..], &bytes].concat();
        for garbage in [&bytes, &framed] {
            if let Ok(hello) = Hello::parse(garbage) {
                let keys: Option<&TerminalKeys> = None;
                let (server, _) =
                    ServerLogin::start(&mut rng(1), &world.setup, None, keys, &hello).unwrap();
                prop_assert!(server.finish(garbage).is_err());
            }
            let _ = ServerSetup::from_bytes(garbage);
            let _ = PasswordRecord::from_bytes(garbage);
        }
    }
}
