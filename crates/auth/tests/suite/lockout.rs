//! Five failures lock for fifteen minutes, whatever the attacker does with time, threads or the process.

use std::sync::Barrier;

use auth::{Auth, AuthError, LOCK_FAILURES, LOCK_SECONDS, Parameters};
use identity::{ClientLogin, Password, TerminalId, UnixTime};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::world::{PASSWORD, START, World, account, finish};

fn after(seconds: u64) -> UnixTime {
    START.plus_seconds(seconds)
}

fn fail(world: &mut World, times: u32, now: UnixTime) {
    for _ in 0..times {
        world.sign_in("not the password", now).unwrap_err();
    }
}

#[test]
fn the_fifth_attempt_is_answered_and_the_sixth_is_not() {
    let mut world = World::new();
    fail(&mut world, LOCK_FAILURES - 1, START);
    world.confirmed(START);
    fail(&mut world, LOCK_FAILURES, START);
    let locked = world.sign_in(PASSWORD, after(1)).unwrap_err();
    assert!(locked.contains("locked until 2026-11-23 00:37:13 UTC"), "{locked}");
}

#[test]
fn a_lock_lasts_fifteen_minutes_to_the_millisecond_and_attempts_do_not_lengthen_it() {
    let mut world = World::new();
    fail(&mut world, LOCK_FAILURES, START);
    fail(&mut world, 3, after(LOCK_SECONDS - 1));
    let last = UnixTime::from_milliseconds(after(LOCK_SECONDS).milliseconds() - 1);
    assert!(world.sign_in(PASSWORD, last).is_err());
    world.confirmed(after(LOCK_SECONDS));
    // And it counts anew: five more, then locked again.
    fail(&mut world, LOCK_FAILURES, after(LOCK_SECONDS + 1));
    assert!(world.sign_in(PASSWORD, after(LOCK_SECONDS + 2)).is_err());
}

#[test]
fn after_a_lock_five_attempts_are_answered_not_one() {
    let mut world = World::new();
    fail(&mut world, LOCK_FAILURES, START);
    fail(&mut world, LOCK_FAILURES - 1, after(LOCK_SECONDS));
    assert!(world.sign_in(PASSWORD, after(LOCK_SECONDS)).is_ok());
}

#[test]
fn a_right_password_without_confirmation_does_not_reset_the_count() {
    // A stolen password with another secure element: login succeeds, nothing is ever acknowledged.
    let mut world = World::new();
    for _ in 0..LOCK_FAILURES {
        world.sign_in(PASSWORD, START).unwrap();
    }
    assert!(world.sign_in(PASSWORD, START).is_err());
}

#[test]
fn a_clock_that_goes_back_does_not_open_a_lock() {
    let mut world = World::new();
    fail(&mut world, LOCK_FAILURES, START);
    let earlier = UnixTime::from_milliseconds(START.milliseconds() - 3_600_000);
    assert!(world.sign_in(PASSWORD, earlier).is_err());
}

#[test]
fn attempts_are_on_disk_before_they_are_answered() {
    let mut world = World::new();
    for _ in 0..LOCK_FAILURES {
        // The reply is made, and then the server dies: the file is all that is left.
        let password = Password::new("guess").unwrap();
        let (_, hello) =
            ClientLogin::start(&mut world.rng, &account("alice"), &password, world.terminal.terminal)
                .unwrap();
        let _ = world.auth.login_begin(&hello, START, &mut world.rng).unwrap();
        world.reopen();
    }
    assert!(world.sign_in(PASSWORD, START).is_err());
    let kept = world.auth.customer(&account("alice")).unwrap().unwrap();
    assert_eq!(kept.locked_until, Some(after(LOCK_SECONDS)));
}

#[test]
fn the_operator_can_lift_a_lock() {
    let mut world = World::new();
    fail(&mut world, LOCK_FAILURES, START);
    world.auth.unlock(&account("alice")).unwrap();
    assert!(world.sign_in(PASSWORD, START).is_ok());
}

#[test]
fn nobody_without_the_terminal_can_lock_an_account() {
    let mut world = World::new();
    for _ in 0..3 * LOCK_FAILURES {
        world.sign_in_as("alice", PASSWORD, TerminalId::from_bytes([3; 16]), START).unwrap_err();
    }
    assert!(world.sign_in(PASSWORD, START).is_ok());
}

#[test]
fn attempts_at_once_are_answered_five_times_and_no_more() {
    const AT_ONCE: u64 = 12;
    let world = World::new();
    let barrier = Barrier::new(usize::try_from(AT_ONCE).unwrap());
    let signed_in: usize = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..AT_ONCE)
            .map(|seed| {
                let (auth, terminal, barrier) = (world.auth.clone(), &world.terminal, &barrier);
                scope.spawn(move || {
                    let mut rng = ChaCha20Rng::seed_from_u64(100 + seed);
                    let password = Password::new(PASSWORD).unwrap();
                    let (client, hello) =
                        ClientLogin::start(&mut rng, &account("alice"), &password, terminal.terminal)
                            .unwrap();
                    barrier.wait();
                    let (pending, reply) = auth.login_begin(&hello, START, &mut rng).unwrap();
                    let Ok((request, agreement)) = client.answer(&mut rng, &reply) else { return false };
                    let (frame, _) = finish(terminal, &request.server_public, agreement);
                    auth.login_finish(pending, &frame, START).is_ok()
                })
            })
            .collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(signed_in, usize::try_from(LOCK_FAILURES).unwrap());
}

#[test]
fn two_processes_share_one_count() {
    let mut world = World::new();
    fail(&mut world, 3, START);
    let second = Auth::open(world.folder.path(), Parameters::default()).unwrap();
    let first = std::mem::replace(&mut world.auth, second);
    fail(&mut world, 2, START);
    world.auth = first;
    assert!(world.sign_in(PASSWORD, START).is_err());
}

#[test]
fn the_lock_cannot_be_configured_away() {
    let world = World::new();
    for (lock_failures, lock_seconds) in [(0, 900), (6, 900), (5, 0)] {
        let error = Auth::open(world.folder.path(), Parameters { lock_failures, lock_seconds }).unwrap_err();
        assert!(matches!(error, AuthError::Parameters));
    }
}
