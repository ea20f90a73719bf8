//! What a login costs: `cargo run --release -p auth --example login_cost`.
//!
//! Prints medians and 99th percentiles in milliseconds, for accounts that exist and for such that do not.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, reason = "a measuring program")]

use std::time::{Duration, Instant};

use auth::{Auth, InitOptions, NewCustomer};
use identity::{AccountName, ClientLogin, EnrolmentBundle, Language, Password, UnixTime};
use profile::{HardwareProfile, PixelLayout};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const ROUNDS: usize = 400;
const PASSWORD: &str = "correct horse battery";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let now = UnixTime::from_seconds(1_795_393_333);
    let options = InitOptions { server_name: "pay.example".to_owned(), names: Vec::new() };
    let auth = Auth::init(folder.path(), &options, now, &mut rng).unwrap();
    let (alice, nobody) = (AccountName::new("alice").unwrap(), AccountName::new("nobody").unwrap());
    let password = Password::chosen(PASSWORD).unwrap();
    let customer = NewCustomer {
        account: alice.clone(),
        name: "Alice".to_owned(),
        language: Language::English,
        password: password.clone(),
    };
    auth.add_customer(&customer, now, &mut rng).unwrap();
    let profile = HardwareProfile::picture("phone", 480, 800, 220, PixelLayout::Rgb888);
    let enrolled = auth.enrol_terminal(&alice, &profile, now, &mut rng).unwrap();
    let bundle = EnrolmentBundle::open(&enrolled.bundle, &enrolled.activation_code).unwrap();

    let stretching = times(20, || {
        std::hint::black_box(identity::stretch_password_once());
    });
    report("password stretching (terminal)", stretching);

    let mut begin = |account: &AccountName| {
        let (_, hello) = ClientLogin::start(&mut rng, account, &password, bundle.terminal).unwrap();
        let start = Instant::now();
        std::hint::black_box(auth.login_begin(&hello, now, &mut rng).unwrap());
        start.elapsed()
    };
    // In turns, so that both meet the same machine.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if round % 4 == 0 {
            auth.unlock(&alice).unwrap();
        }
        known.push(begin(&alice));
        unknown.push(begin(&nobody));
    }
    report("login_begin, account and terminal right (server)", known);
    report("login_begin, unknown account (server)", unknown);
    auth.unlock(&alice).unwrap();

    let mut finishing = Vec::new();
    for _ in 0..20 {
        let (client, hello) = ClientLogin::start(&mut rng, &alice, &password, bundle.terminal).unwrap();
        let (pending, reply) = auth.login_begin(&hello, now, &mut rng).unwrap();
        let (request, agreement) = client.answer(&mut rng, &reply).unwrap();
        let shared = bundle.agreement_key.agree(&request.server_public).unwrap();
        let (finish, root) = agreement.finish(&shared, &profile.digest());
        let start = Instant::now();
        let signed_in = auth.login_finish(pending, &finish, now).unwrap();
        finishing.push(start.elapsed());
        assert_eq!(signed_in.root, root);
        auth.login_confirmed(&signed_in, now).unwrap();
    }
    report("login_finish (server)", finishing);
}

fn times(rounds: usize, mut body: impl FnMut()) -> Vec<Duration> {
    (0..rounds)
        .map(|_| {
            let start = Instant::now();
            body();
            start.elapsed()
        })
        .collect()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let milliseconds = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1_000.0;
    println!(
        "{what}: median {:.2} ms, 99th percentile {:.2} ms",
        milliseconds(times.len() / 2),
        milliseconds(times.len() * 99 / 100)
    );
}
