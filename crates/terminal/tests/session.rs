//! Whole sessions against the server halves of the same crates, byte for byte, without a socket.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a failure in here fails the test"
)]

mod support;

use identity::{AccountName, DevicePrivateKey, Password};
use profile::{HardwareProfile, PixelLayout};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rfb::sealed::{Control, EndReason, Input as SealedInput};
use seal::Stream;
use support::{Enrolment, PASSWORD, Platform, Screen, picture};
use terminal::drivers::{Input, Keysym};
use terminal::payment_module::ElementError;
use terminal::{Config, Effect, End, EndKind, Opening, Phase, Terminal};

/// A terminal, its secure element, the platform, and what came out.
struct World {
    terminal: Terminal<ChaCha20Rng>,
    platform: Platform,
    device: Enrolment,
    ended: Option<End>,
    outlines: usize,
    declines: bool,
    /// Jobs of an outside cipher, answered by [`World::open`].
    jobs: Vec<(u64, Stream, seal::OpenJob)>,
    /// Delivers the server's bytes in pieces of this size.
    piece: usize,
}

fn phone() -> HardwareProfile {
    HardwareProfile::picture("phone", 60, 40, 160, PixelLayout::Rgb565)
}

fn config(device: &Enrolment) -> Config {
    Config {
        account: AccountName::new(support::ACCOUNT).unwrap(),
        password: Some(Password::new(PASSWORD).unwrap()),
        terminal: device.terminal,
        profile: device.profile.clone(),
        outline: true,
        opening: Opening::Inside,
        ignore_tags: false,
        plain: false,
    }
}

impl World {
    /// A terminal with this device's keys and profile, a platform that enrolled another perhaps.
    fn new(enrolled: &Enrolment, device: &Enrolment, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(device);
        change(&mut config);
        Self {
            terminal: Terminal::new(config, ChaCha20Rng::seed_from_u64(3)),
            platform: Platform::new(enrolled),
            device: device.clone(),
            ended: None,
            outlines: 0,
            declines: false,
            jobs: Vec::new(),
            piece: usize::MAX,
        }
    }

    /// The genuine terminal of this profile.
    fn genuine(profile: HardwareProfile) -> Self {
        let device = Enrolment::new(1, profile);
        Self::new(&device, &device, |_| {})
    }

    /// Carries bytes and effects until nothing moves.
    fn run(&mut self) -> &mut Self {
        let mut to_server = Vec::new();
        loop {
            while let Some(effect) = self.terminal.next_effect() {
                match effect {
                    Effect::Send(bytes) => to_server.extend(bytes),
                    Effect::Agree { server_public } => {
                        let shared = self.device.agreement.agree(&server_public).unwrap();
                        self.terminal.agreed(Ok(*shared));
                    }
                    Effect::Sign(request) => {
                        let answer = if self.declines {
                            Err(ElementError::Failed("declined".into()))
                        } else {
                            Ok(self.device.signing.sign_digest(&request.digest).unwrap())
                        };
                        self.terminal.signed(answer);
                    }
                    Effect::Open { ticket, stream, job } => self.jobs.push((ticket, stream, job)),
                    Effect::Outline => self.outlines += 1,
                    Effect::Ended(end) => {
                        assert!(self.ended.is_none(), "a session ends once");
                        self.ended = Some(end);
                    }
                    Effect::Present(_) | Effect::Frame { .. } | Effect::Phase(_) | Effect::Bell => {
                        assert!(self.ended.is_none(), "nothing follows the end");
                    }
                }
            }
            let answer = self.platform.receive(&std::mem::take(&mut to_server));
            if answer.is_empty() {
                return self;
            }
            for piece in answer.chunks(self.piece) {
                self.terminal.receive(piece);
            }
        }
    }

    fn tap(&mut self, id: &str) -> &mut Self {
        let node = self.terminal.outline().iter().find(|node| node.id == id).unwrap().clone();
        for input in Input::tap(node.x + node.width / 2, node.y + node.height / 2) {
            self.terminal.input(input);
        }
        self.run()
    }

    fn shows(&self, text: &str) -> bool {
        let screen = self.terminal.screen();
        screen.bytes() == picture(text, screen.width(), screen.height(), screen.layout())
    }

    fn dark(&self) -> bool {
        self.terminal.screen().bytes().iter().all(|byte| *byte == 0)
    }

    #[track_caller]
    fn ended(&self, kind: EndKind, says: &str) {
        let end = self.ended.as_ref().expect("the session has ended");
        assert_eq!(end.kind, kind, "{}", end.sentence);
        assert!(end.sentence.contains(says), "{}", end.sentence);
        assert!(self.dark(), "the display is dark at the end");
    }
}

#[test]
fn a_payment_from_the_login_to_the_end() {
    let text = HardwareProfile::text("text", 30, 4);
    let grey = HardwareProfile::picture("grey", 33, 21, 96, PixelLayout::Grey8);
    let large = HardwareProfile::picture("large", 120, 90, 320, PixelLayout::Rgb888);
    for profile in [phone(), text, grey, large] {
        let mut world = World::genuine(profile);
        world.run();
        assert_eq!(world.terminal.phase(), Phase::Live);
        assert_eq!(world.platform.screen, Screen::Home);
        assert!(world.shows("Home: balance 100.00 CNY"));
        world.tap("pay");
        assert!(world.shows("Pay 23.50 CNY to Luckin"));
        world.tap("confirm");
        assert!(world.platform.paid);
        assert!(world.shows("Paid"));
        world.tap("close");
        world.ended(EndKind::Done, "Goodbye, Mei.");
        assert_eq!(world.platform.failed, None);
        assert!(world.outlines >= 3);
    }
}

#[test]
fn bytes_may_arrive_one_by_one() {
    let mut world = World::genuine(phone());
    world.piece = 1;
    world.run().tap("pay").tap("confirm");
    assert!(world.platform.paid);
}

#[test]
fn keys_are_sealed_and_arrive() {
    let mut world = World::genuine(phone());
    world.run();
    for input in [Keysym(0x31), Keysym::ENTER].into_iter().flat_map(Input::press) {
        world.terminal.input(input);
    }
    world.run();
    assert_eq!(world.platform.screen, Screen::Confirm);
    assert!(world.platform.inputs.contains(&SealedInput::Key { keysym: 0x31, down: true }));
}

#[test]
fn a_wrong_password_account_or_terminal_is_refused_alike() {
    let device = Enrolment::new(1, phone());
    let other = Enrolment::new(2, phone());
    let mut sentences = Vec::new();
    let changes: [fn(&mut Config); 3] = [
        |config| config.password = Some(Password::new("wrong").unwrap()),
        |config| config.account = AccountName::new("nobody").unwrap(),
        |config| config.terminal = identity::TerminalId::from_bytes([7; 16]),
    ];
    for change in changes {
        let mut world = World::new(&device, &device, change);
        world.run();
        assert_eq!(world.ended.as_ref().unwrap().kind, EndKind::LoginRefused);
        sentences.push(world.ended.unwrap().sentence);
    }
    assert!(sentences.iter().all(|sentence| *sentence == sentences[0]), "{sentences:?}");
    let mut world = World::new(&device, &other, |_| {});
    world.run();
    world.ended(EndKind::LoginRefused, "refused");
}

#[test]
fn another_profile_or_element_sees_nothing_and_cannot_acknowledge() {
    let enrolled = Enrolment::new(1, phone());
    let same_size = HardwareProfile { model: "another phone".into(), ..phone() };
    let smaller = HardwareProfile::picture("phone", 30, 40, 160, PixelLayout::Rgb565);
    let other_layout = HardwareProfile::picture("phone", 60, 40, 160, PixelLayout::Rgb888);
    for profile in [same_size, smaller, other_layout] {
        let device = Enrolment { profile, ..enrolled.clone() };
        let mut world = World::new(&enrolled, &device, |_| {});
        world.run();
        world.ended(EndKind::Unsealed, "element or hardware profile is not the enrolled one");
        assert_eq!(world.platform.inputs, []);
        assert_eq!(world.platform.screen, Screen::Welcome);
    }
    let mut rng = ChaCha20Rng::seed_from_u64(99);
    let device = Enrolment { agreement: DevicePrivateKey::generate(&mut rng), ..enrolled.clone() };
    let mut world = World::new(&enrolled, &device, |_| {});
    world.run();
    world.ended(EndKind::Unsealed, "element or hardware profile is not the enrolled one");
    assert_eq!(world.platform.inputs, []);
}

#[test]
fn ignoring_the_tags_shows_noise_and_says_nothing() {
    let enrolled = Enrolment::new(1, HardwareProfile::picture("phone", 240, 320, 160, PixelLayout::Grey8));
    let profile = HardwareProfile::picture("phone", 100, 100, 160, PixelLayout::Rgb888);
    let device = Enrolment { profile, ..enrolled.clone() };
    let mut world = World::new(&enrolled, &device, |config| config.ignore_tags = true);
    world.run();
    assert_eq!(world.terminal.phase(), Phase::Welcome);
    let bytes = world.terminal.screen().bytes();
    assert_eq!(bytes.len(), 240 * 320);
    // Noise: every value about equally often (chi-square with 255 degrees of freedom, far in the tail).
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let expected = 240.0 * 320.0 / 256.0;
    let chi: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    assert!((150.0..400.0).contains(&chi), "chi-square {chi}");
    for input in Input::tap(120, 200) {
        world.terminal.input(input);
    }
    world.run();
    assert_eq!(world.platform.inputs, []);
    // The genuine device, ignoring the tags too, sees the picture.
    let mut world = World::new(&enrolled, &enrolled, |config| config.ignore_tags = true);
    world.run();
    assert!(world.shows("Welcome"));
}

#[test]
fn a_changed_unit_blanks_and_ends() {
    for position in [0, 1, 5, 100, 1000, usize::MAX] {
        let mut world = World::genuine(phone());
        world.run();
        world.platform.corrupt_display = Some(position);
        world.tap("pay");
        world.ended(EndKind::Unsealed, "it is closed");
        assert!(!world.platform.paid);
    }
}

#[test]
fn the_outside_cipher_is_answered_in_any_order_and_applied_in_order() {
    use aes_gcm::Aes256Gcm;
    use aes_gcm::aead::{Aead, KeyInit, Payload};
    let device = Enrolment::new(1, phone());
    let mut world = World::new(&device, &device, |config| config.opening = Opening::Outside);
    let open = |world: &mut World| {
        world.run();
        // The last one first.
        while let Some((ticket, stream, job)) = world.jobs.pop() {
            let key = world.terminal.stream_key(stream).unwrap();
            let plaintext = Aes256Gcm::new_from_slice(&*key).unwrap().decrypt(
                &job.nonce.into(),
                Payload { msg: &job.ciphertext_and_tag, aad: &job.associated_data },
            );
            world.terminal.opened(ticket, plaintext.ok());
            world.run();
        }
    };
    open(&mut world);
    assert!(world.shows("Home: balance 100.00 CNY"));
    for input in Input::tap(30, 25) {
        world.terminal.input(input);
    }
    open(&mut world);
    assert!(world.shows("Pay 23.50 CNY to Luckin"));
    world.platform.corrupt_display = Some(700);
    for input in Input::tap(30, 25) {
        world.terminal.input(input);
    }
    open(&mut world);
    world.ended(EndKind::Unsealed, "does not authenticate");
}

#[test]
fn a_statement_of_somebody_else_is_not_signed() {
    let device = Enrolment::new(1, phone());
    let mut world = World::genuine(phone());
    world.run().tap("pay");
    world.platform.other_statement = Some(b"pay everything".to_vec());
    world.tap("confirm");
    world.ended(EndKind::Protocol, "what is no statement");
    assert!(!world.platform.paid);

    let other = Enrolment::new(2, phone());
    let theirs = Platform::new(&other).statement_bytes();
    let mut world = World::new(&device, &device, |_| {});
    world.run().tap("pay");
    world.platform.other_statement = Some(theirs);
    world.tap("confirm");
    world.ended(EndKind::Protocol, "another terminal");
}

#[test]
fn declining_goes_back() {
    let mut world = World::genuine(phone());
    world.declines = true;
    world.run().tap("pay").tap("confirm");
    assert_eq!(world.platform.screen, Screen::Home);
    assert!(!world.platform.paid);
}

#[test]
fn the_servers_reasons_are_told() {
    let mut world = World::genuine(phone());
    world.run();
    world.platform.control(&Control::End { reason: EndReason::Idle, text: "Nothing was entered.".into() });
    world.run();
    world.ended(EndKind::Server, "Nothing was entered.");
}

#[test]
fn leaving_and_losing_the_connection_blank_the_display() {
    let mut world = World::genuine(phone());
    world.run();
    world.terminal.leave();
    world.run();
    world.ended(EndKind::Done, "You have left.");
    let mut world = World::genuine(phone());
    world.run();
    world.terminal.closed(None);
    world.run();
    world.ended(EndKind::Connection, "lost");
}

#[test]
fn a_server_that_skips_the_login_is_refused() {
    let mut terminal = Terminal::new(config(&Enrolment::new(1, phone())), ChaCha20Rng::seed_from_u64(1));
    let mut server = rfb::server::Server::new(rfb::server::ServerOptions { name: "x".into(), plain: false });
    let mut ended = None;
    loop {
        let mut sent = Vec::new();
        while let Some(effect) = terminal.next_effect() {
            match effect {
                Effect::Send(bytes) => sent.extend(bytes),
                Effect::Ended(end) => ended = Some(end),
                _ => {}
            }
        }
        server.receive(&sent);
        while let Ok(Some(event)) = server.poll() {
            match event {
                rfb::server::ServerEvent::LoginMessage(_) => server.accept().unwrap(),
                rfb::server::ServerEvent::Ready { .. } => server.init(60, 40, PixelLayout::Rgb565).unwrap(),
                _ => {}
            }
        }
        let answer = server.take_output();
        if answer.is_empty() {
            break;
        }
        terminal.receive(&answer);
    }
    assert_eq!(ended.unwrap().kind, EndKind::Protocol);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_end_in_a_sentence_or_wait(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut terminal = Terminal::new(config(&Enrolment::new(1, phone())), ChaCha20Rng::seed_from_u64(1));
        terminal.receive(&bytes);
        terminal.receive(b"RFB 003.008\n");
        terminal.receive(&bytes);
    }
}
