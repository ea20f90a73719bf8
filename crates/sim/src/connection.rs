//! A terminal's core and a session of the platform, joined by passing bytes.

use std::time::{Duration, Instant};

use identity::{AccountName, Password};
use platform::{EndReason, Session};
use rand_chacha::ChaCha20Rng;
use rfb::sealed::Node;
use terminal::drivers::{Input, Keysym, WHEEL_DOWN};
use terminal::payment_module::ElementError;
use terminal::{Config, Effect, End, Opening, Terminal};

use crate::{Device, World};

/// The most passes until both sides must have come to rest.
const PASSES_MAX: usize = 10_000;

/// The most turns of the wheel that bring anything into sight.
const SCROLLS_MAX: usize = 50;

/// One connection.
#[derive(Debug)]
pub struct Connection<'a> {
    /// The platform's end.
    pub session: Session,
    /// The terminal's end.
    pub terminal: Terminal<ChaCha20Rng>,
    /// How the terminal ended, once it has.
    pub end: Option<End>,
    /// What the secure element was asked to sign.
    pub signed: Vec<identity::Statement>,
    /// Whether the secure element signs; otherwise its user refuses.
    pub willing: bool,
    /// Bytes to the terminal so far.
    pub bytes_to_terminal: usize,
    /// How long the platform's end has computed so far; lookups and postings are not in it.
    pub busy: Duration,
    world: &'a World,
    device: &'a Device,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(world: &'a World, device: &'a Device, password: &str) -> Self {
        let config = Config {
            account: AccountName::new(device.bundle.account.as_str()).expect("an account name"),
            password: Some(Password::new(password).expect("a password")),
            terminal: device.bundle.terminal,
            profile: device.profile.clone(),
            outline: true,
            opening: Opening::Inside,
            ignore_tags: false,
            plain: false,
        };
        Self {
            session: world.platform.session(world.now().monotonic),
            terminal: Terminal::new(config, world.fork_random()),
            end: None,
            signed: Vec::new(),
            willing: true,
            bytes_to_terminal: 0,
            busy: Duration::ZERO,
            world,
            device,
        }
    }

    /// Passes bytes and carries out effects until nothing moves any more.
    pub fn settle(&mut self) {
        for _ in 0..PASSES_MAX {
            if !self.pass() {
                return;
            }
        }
        panic!("the two sides never come to rest");
    }

    /// One pass in each direction; whether anything moved.
    pub fn pass(&mut self) -> bool {
        let mut moved = false;
        while let Some(effect) = self.session.take_effect() {
            moved = true;
            let (services, now) = (&self.world.services, self.world.now());
            let mut random = self.world.fork_random();
            // On a thread of the runtime's own, as in the server.
            let answer = self.world.wait(async { services.carry_out(effect, now.wall, &mut random).await });
            let mut random = self.world.fork_random();
            self.timed(|session| session.answer(answer, now, &mut random));
        }
        let output = self.session.take_output();
        if !output.is_empty() {
            moved = true;
            self.bytes_to_terminal += output.len();
            self.terminal.receive(&output);
        }
        if self.session.is_over() && self.end.is_none() {
            moved = true;
            self.terminal.closed(None);
        }
        while let Some(effect) = self.terminal.next_effect() {
            moved = true;
            self.carry_out(effect);
        }
        moved
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(bytes) => {
                if !self.session.is_over() {
                    let (now, mut random) = (self.world.now(), self.world.fork_random());
                    self.timed(|session| session.receive(&bytes, now, &mut random));
                }
            }
            Effect::Agree { server_public } => {
                let agreed = self.device.bundle.agreement_key.agree(&server_public).expect("a point");
                self.terminal.agreed(Ok(*agreed));
            }
            Effect::Sign(request) => {
                let answer = if self.willing {
                    Ok(self.device.bundle.signing_key.sign_digest(&request.digest).expect("a signature"))
                } else {
                    Err(ElementError::Failed("its user refused".to_owned()))
                };
                self.signed.push(request.statement.clone());
                self.terminal.signed(answer);
            }
            Effect::Ended(end) => self.end = Some(end),
            Effect::Open { .. }
            | Effect::Present(_)
            | Effect::Frame { .. }
            | Effect::Outline
            | Effect::Phase(_)
            | Effect::Bell => {}
        }
    }

    fn timed(&mut self, work: impl FnOnce(&mut Session)) {
        let start = Instant::now();
        work(&mut self.session);
        self.busy += start.elapsed();
    }

    /// Goes away without a word and leaves the platform's end.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }

    /// What the screen says, line by line.
    pub fn texts(&self) -> Vec<String> {
        self.terminal.outline().iter().map(|node| node.text.clone()).filter(|text| !text.is_empty()).collect()
    }

    /// Whether the screen says this somewhere.
    pub fn says(&self, words: &str) -> bool {
        self.texts().iter().any(|text| text.contains(words))
    }

    /// Fails unless the screen says this somewhere.
    #[track_caller]
    pub fn expect(&self, words: &str) {
        assert!(self.says(words), "the screen does not say {words:?}, but {:#?}", self.texts());
    }

    /// The part of the screen with this identifier.
    #[track_caller]
    pub fn node(&self, id: &str) -> &Node {
        let found = self.terminal.outline().iter().find(|node| node.id == id);
        found.unwrap_or_else(|| {
            panic!("nothing on the screen is called {id:?}: {:#?}", self.terminal.outline())
        })
    }

    /// Taps what has this identifier, and lets everything settle.
    #[track_caller]
    pub fn tap(&mut self, id: &str) {
        self.scroll_to(id);
        let node = self.node(id);
        let (x, y) = (node.x + node.width / 2, node.y + node.height / 2);
        for input in Input::tap(x, y) {
            self.terminal.input(input);
            self.settle();
        }
    }

    /// Turns the wheel until what has this identifier is in sight.
    #[track_caller]
    fn scroll_to(&mut self, id: &str) {
        let (width, height) = self.device.profile.size();
        for _ in 0..SCROLLS_MAX {
            if self.node(id).width > 0 {
                return;
            }
            for buttons in [WHEEL_DOWN, 0] {
                self.terminal.input(Input::Pointer { buttons, x: width / 2, y: height / 2 });
                self.settle();
            }
        }
        panic!("{id:?} does not come into sight: {:#?}", self.terminal.outline());
    }

    /// Types into what has the focus.
    pub fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            let keysym = Keysym::of_char(character).expect("a key for it");
            self.press(keysym);
        }
    }

    /// Presses a named key, for example "Enter".
    pub fn key(&mut self, name: &str) {
        self.press(Keysym::named(name).expect("a key of that name"));
    }

    fn press(&mut self, keysym: Keysym) {
        for input in Input::press(keysym) {
            self.terminal.input(input);
            self.settle();
        }
    }

    /// Does what is due at the platform.
    pub fn tick(&mut self) {
        self.session.tick(self.world.now());
        self.settle();
    }

    /// Why the platform ended the session.
    pub fn why_over(&self) -> &EndReason {
        self.session.end_reason()
    }

    /// Lets the user read what they are to confirm.
    pub fn read(&mut self) {
        self.world.advance(Duration::from_millis(600));
        self.tick();
    }

    /// Goes from the home screen to the platform's confirmation of a payment, and reads it.
    pub fn order_payment(&mut self, merchant: &str, amount: &str) {
        self.tap("pay");
        self.tap("payee");
        self.type_text(merchant);
        self.key("Enter");
        self.tap("amount");
        self.type_text(amount);
        self.key("Enter");
        self.key("Enter");
        self.read();
    }
}
