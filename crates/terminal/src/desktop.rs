//! Desktop control (CN102103778A ¶24-¶26, ¶41, ¶84): signs in over the remote protocol, opens what
//! arrives sealed to this device, presents it, and returns the user's input sealed.
//!
//! Sans-IO: bytes go in by [`Terminal::receive`], and what is to be done comes out by
//! [`Terminal::next_effect`]. Whatever the surroundings answer later (secure element, an outside
//! cipher) is handed in by [`Terminal::agreed`], [`Terminal::signed`] and [`Terminal::opened`].
//!
//! The rule of every error in here: a bad tag, a replay, a gap, a rectangle outside the display or an
//! unsealed one makes the display dark and ends the session with one sentence (R40).

use std::collections::VecDeque;

use identity::{ClientAgreement, ClientLogin, LoginError};
use profile::PixelLayout;
use rand_core::{CryptoRng, RngCore};
use rfb::client::{Client, ClientEvent, ClientOptions, RectangleIn};
use rfb::sealed::{Control, EndReason, Input as SealedInput, Node};
use rfb::{Encoding, Misuse};
use seal::picture::{Format, Geometry};
use seal::{CONTROL_ASSOCIATED, INPUT_ASSOCIATED, OpenError, OpenJob, Opener, Root, Sealer, Stream};
use zeroize::Zeroizing;

use crate::drivers::Input;
use crate::effect::{Config, Effect, End, EndKind, Opening, Phase, Statistics, whole_sentence};
use crate::framebuffer::{Area, Framebuffer};
use crate::payment_module::{self, ElementError};

/// The most sealed units that wait for an outside cipher at once; a server that sends more without
/// waiting for requests breaks the protocol.
pub const PENDING_MAX: usize = 4096;
/// The most bytes of sealed units that wait for an outside cipher at once: several of the largest pictures.
pub const PENDING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What waits in order for its turn.
enum Pending {
    Rectangle { geometry: Geometry, format: Format, slot: Slot },
    Control(Slot),
    UpdateEnd,
}

/// The plaintext of a sealed unit, or the ticket under which it will come.
enum Slot {
    Waiting { ticket: u64, bytes: usize },
    Opened(Vec<u8>),
}

enum Login {
    None,
    Hello(Box<ClientLogin>),
    Agreement(Box<ClientAgreement>),
    Finished,
}

struct Keys {
    display: Opener,
    control: Opener,
    input: Sealer,
}

impl Keys {
    fn new(root: &Root) -> Self {
        Self {
            display: Opener::new(root, Stream::Display),
            control: Opener::new(root, Stream::Control),
            input: Sealer::new(root, Stream::Input),
        }
    }
}

/// One session of one terminal, from the first byte to the dark display.
pub struct Terminal<R> {
    config: Config,
    rng: R,
    client: Client,
    phase: Phase,
    login: Login,
    keys: Option<Keys>,
    screen: Framebuffer,
    outline: Vec<Node>,
    effects: VecDeque<Effect>,
    pending: VecDeque<Pending>,
    ticket: u64,
    signing: Option<[u8; 32]>,
    statistics: Statistics,
    /// The statistics when the last update was whole.
    statistics_before: Statistics,
}

impl<R> std::fmt::Debug for Terminal<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Terminal")
            .field("account", &self.config.account)
            .field("phase", &self.phase)
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

impl<R: CryptoRng + RngCore> Terminal<R> {
    /// A terminal whose connection was just made.
    pub fn new(config: Config, rng: R) -> Self {
        let client = Client::new(ClientOptions { plain: config.plain, shared: false });
        let screen = Framebuffer::new(&config.profile);
        let mut terminal = Self {
            config,
            rng,
            client,
            phase: Phase::Connecting,
            login: Login::None,
            keys: None,
            screen,
            outline: Vec::new(),
            effects: VecDeque::new(),
            pending: VecDeque::new(),
            ticket: 0,
            signing: None,
            statistics: Statistics::default(),
            statistics_before: Statistics::default(),
        };
        terminal.flush();
        terminal
    }

    /// How far the session is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What the display shows.
    pub fn screen(&self) -> &Framebuffer {
        &self.screen
    }

    /// What is on the display, as words; empty unless it was asked for.
    pub fn outline(&self) -> &[Node] {
        &self.outline
    }

    /// What has arrived so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Whether this terminal demonstrates the garble.
    pub fn ignores_tags(&self) -> bool {
        self.config.ignore_tags
    }

    /// The key of a stream that is opened outside, once there is one.
    pub fn stream_key(&self, stream: Stream) -> Option<Zeroizing<[u8; 32]>> {
        let keys = self.keys.as_ref()?;
        match stream {
            Stream::Display => Some(keys.display.key()),
            Stream::Control => Some(keys.control.key()),
            _ => None,
        }
    }

    /// The next thing to do, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Takes what came from the server.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.phase == Phase::Ended {
            return;
        }
        self.client.receive(bytes);
        self.advance();
    }

    /// Takes the secure element's answer to [`Effect::Agree`].
    pub fn agreed(&mut self, answer: Result<[u8; 32], ElementError>) {
        let Login::Agreement(agreement) = std::mem::replace(&mut self.login, Login::Finished) else {
            return;
        };
        match answer {
            Ok(shared) => {
                let shared = Zeroizing::new(shared);
                let (finish, root) = agreement.finish(&shared, &self.config.profile.digest());
                self.keys = Some(Keys::new(&root));
                let told = self.client.send_login(&finish);
                self.told(told);
                self.advance();
            }
            Err(ElementError::NotAPoint) => self.end(EndKind::Protocol, &ElementError::NotAPoint.to_string()),
            Err(error) => self.end(EndKind::Element, &error.to_string()),
        }
    }

    /// Takes the secure element's answer to [`Effect::Sign`]; an error declines.
    pub fn signed(&mut self, answer: Result<[u8; 64], ElementError>) {
        let Some(digest) = self.signing.take() else { return };
        self.send_sealed(&match answer {
            Ok(signature) => SealedInput::Signed { digest, signature },
            Err(_) => SealedInput::Declined { digest },
        });
        self.flush();
    }

    /// Takes the plaintext of [`Effect::Open`], or nothing when the tag was wrong.
    pub fn opened(&mut self, ticket: u64, plaintext: Option<Vec<u8>>) {
        if self.phase == Phase::Ended {
            return;
        }
        let Some(plaintext) = plaintext else {
            return self.unsealed(&OpenError::Tag.to_string());
        };
        for pending in &mut self.pending {
            let (Pending::Rectangle { slot, .. } | Pending::Control(slot)) = pending else { continue };
            if matches!(slot, Slot::Waiting { ticket: waiting, .. } if *waiting == ticket) {
                *slot = Slot::Opened(plaintext);
                break;
            }
        }
        self.settle();
        self.flush();
    }

    /// Sends the user's input, sealed. Ignored until the welcome picture is acknowledged, and after the end.
    pub fn input(&mut self, input: Input) {
        if self.phase != Phase::Live {
            return;
        }
        if self.keys.is_some() {
            self.send_sealed(&match input {
                Input::Key { keysym, down } => SealedInput::Key { keysym: keysym.0, down },
                Input::Pointer { buttons, x, y } => SealedInput::Pointer { buttons, x, y },
            });
        } else {
            let told = match input {
                Input::Key { keysym, down } => self.client.key(keysym.0, down),
                Input::Pointer { buttons, x, y } => self.client.pointer(buttons, x, y),
            };
            self.told(told);
        }
        self.flush();
    }

    /// The user leaves: the display is dark at once, whatever the server says.
    pub fn leave(&mut self) {
        self.end(EndKind::Done, "You have left.");
    }

    /// The connection is gone, for this reason when one is known.
    pub fn closed(&mut self, reason: Option<&str>) {
        let sentence = match (reason, self.phase) {
            (Some(reason), _) => reason.to_owned(),
            (None, Phase::Welcome) => {
                "The server ended the session before this terminal could confirm its keys: \
                                       its element or its hardware profile is not the enrolled one."
                    .to_owned()
            }
            (None, _) => "The connection was lost.".to_owned(),
        };
        self.end(EndKind::Connection, &sentence);
    }

    /// Handles everything that has arrived.
    fn advance(&mut self) {
        while self.phase != Phase::Ended {
            match self.client.poll() {
                Ok(Some(event)) => self.happened(event),
                Ok(None) => break,
                Err(error) => self.end(EndKind::Protocol, &error.to_string()),
            }
        }
        self.settle();
        self.flush();
    }

    fn flush(&mut self) {
        let output = self.client.take_output();
        if !output.is_empty() && self.phase != Phase::Ended {
            self.effects.push_back(Effect::Send(output));
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase != phase && self.phase != Phase::Ended {
            self.phase = phase;
            self.effects.push_back(Effect::Phase(phase));
        }
    }

    /// Ends the session: dark display, no keys, one sentence.
    fn end(&mut self, kind: EndKind, sentence: &str) {
        if self.phase == Phase::Ended {
            return;
        }
        self.flush();
        self.enter(Phase::Ended);
        self.keys = None;
        self.login = Login::Finished;
        self.pending.clear();
        self.outline.clear();
        self.screen.blank();
        self.effects.push_back(Effect::Present(self.screen.area()));
        self.effects.push_back(Effect::Ended(End { kind, sentence: whole_sentence(sentence) }));
    }

    fn unsealed(&mut self, why: &str) {
        let sentence = if self.phase != Phase::Live {
            format!(
                "The first picture does not open on this device: its element or hardware profile is not the \
                 enrolled one, or somebody is in between ({why})."
            )
        } else {
            format!("What arrived was not sealed for this moment of this session: it is closed ({why}).")
        };
        self.end(EndKind::Unsealed, &sentence);
    }

    fn happened(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::LoginOffered => self.begin_login(),
            ClientEvent::LoginMessage(reply) => self.answer_login(&reply),
            ClientEvent::Refused(reason) => {
                let kind = match self.phase {
                    Phase::Connecting => EndKind::Protocol,
                    _ => EndKind::LoginRefused,
                };
                self.end(kind, &reason);
            }
            ClientEvent::Initialised { width, height, layout, .. } => self.initialised(width, height, layout),
            ClientEvent::Rectangle(rectangle) => self.rectangle(rectangle),
            ClientEvent::UpdateEnd => self.wait_in_order(Pending::UpdateEnd),
            ClientEvent::Resized { width, height } => {
                if (width, height) != (self.screen.width(), self.screen.height()) {
                    self.unsealed("the server draws for a display of another size");
                }
            }
            ClientEvent::SealedControl(unit) => self.control(unit),
            ClientEvent::Bell => self.effects.push_back(Effect::Bell),
        }
    }

    fn initialised(&mut self, width: u16, height: u16, layout: PixelLayout) {
        if self.keys.is_none() && !self.config.plain {
            return self.end(EndKind::Protocol, "The server skipped the login: this session is not begun.");
        }
        if (width, height, layout) != (self.screen.width(), self.screen.height(), self.screen.layout()) {
            if !self.config.ignore_tags {
                return self.unsealed("the server draws for a display of another size or pixel layout");
            }
            self.screen = Framebuffer::of_size(width, height, layout);
        }
        let mut encodings = match self.keys {
            Some(_) => {
                vec![Encoding::SealedTile, Encoding::SealedRaw, Encoding::DesktopSize, Encoding::LastRect]
            }
            None => vec![Encoding::Raw, Encoding::DesktopSize, Encoding::LastRect],
        };
        if self.config.outline && self.keys.is_some() {
            encodings.push(Encoding::Outline);
        }
        let asked =
            self.client.set_encodings(&encodings).and_then(|()| self.client.request_full_update(false));
        self.enter(if self.keys.is_some() { Phase::Welcome } else { Phase::Live });
        self.told(asked);
    }

    /// The server left this side no way to say what it must.
    fn told(&mut self, told: Result<(), Misuse>) {
        if let Err(misuse) = told {
            self.end(
                EndKind::Protocol,
                &format!("The server does not take what a terminal must say: {misuse}."),
            );
        }
    }

    fn rectangle(&mut self, rectangle: RectangleIn) {
        let RectangleIn { rect, encoding, data } = rectangle;
        let layout = self.screen.layout();
        let geometry = Geometry { x: rect.x, y: rect.y, width: rect.width, height: rect.height, layout };
        let format = match encoding {
            Encoding::SealedRaw => Format::Raw,
            Encoding::SealedTile => Format::Tile,
            // The plain embodiment alone has unsealed pixels.
            Encoding::Raw if self.keys.is_none() && self.config.plain => {
                self.statistics.rectangles += 1;
                return self.place(&geometry, &data);
            }
            _ => return self.end(EndKind::Protocol, "The server sent a picture that is not sealed."),
        };
        let Some(keys) = &mut self.keys else {
            return self
                .end(EndKind::Protocol, "The server sent a sealed picture before the login was done.");
        };
        self.statistics.rectangles += 1;
        self.statistics.sealed_bytes += u64::try_from(data.len()).unwrap_or(0);
        if self.config.ignore_tags {
            let pixels = garble(&keys.display, format, &geometry, data);
            return self.place(&geometry, &pixels);
        }
        let slot = match self.config.opening {
            Opening::Inside => keys
                .display
                .open(&geometry.associated(format), &data)
                .map(|plaintext| (Slot::Opened(plaintext), None)),
            Opening::Outside => {
                seal::picture::begin(&mut keys.display, format, &geometry, &data).map(|job| {
                    (Slot::Waiting { ticket: self.ticket, bytes: data.len() }, Some((Stream::Display, job)))
                })
            }
        };
        self.begun(slot, |slot| Pending::Rectangle { geometry, format, slot });
    }

    fn control(&mut self, unit: Vec<u8>) {
        let Some(keys) = &mut self.keys else {
            return self
                .end(EndKind::Protocol, "The server sent a control message before the login was done.");
        };
        if self.config.ignore_tags {
            return;
        }
        let slot = match self.config.opening {
            Opening::Inside => {
                keys.control.open(CONTROL_ASSOCIATED, &unit).map(|plaintext| (Slot::Opened(plaintext), None))
            }
            Opening::Outside => keys.control.begin(CONTROL_ASSOCIATED, &unit).map(|job| {
                (Slot::Waiting { ticket: self.ticket, bytes: unit.len() }, Some((Stream::Control, job)))
            }),
        };
        self.begun(slot, Pending::Control);
    }

    /// Puts a unit into its place in the order; when it is opened outside, asks for that.
    fn begun(
        &mut self,
        slot: Result<(Slot, Option<(Stream, OpenJob)>), OpenError>,
        pending: impl FnOnce(Slot) -> Pending,
    ) {
        match slot {
            Ok((slot, job)) => {
                if let Some((stream, job)) = job {
                    self.effects.push_back(Effect::Open { ticket: self.ticket, stream, job });
                    self.ticket += 1;
                }
                self.wait_in_order(pending(slot));
            }
            Err(error) => self.unsealed(&error.to_string()),
        }
    }

    fn wait_in_order(&mut self, pending: Pending) {
        let waiting = |pending: &Pending| match pending {
            Pending::Rectangle { slot: Slot::Waiting { bytes, .. }, .. }
            | Pending::Control(Slot::Waiting { bytes, .. }) => *bytes,
            _ => 0,
        };
        let bytes: usize = self.pending.iter().chain([&pending]).map(waiting).sum();
        if self.pending.len() == PENDING_MAX || bytes > PENDING_BYTES_MAX {
            return self.end(EndKind::Protocol, "The server sends more than this terminal asked for.");
        }
        self.pending.push_back(pending);
        self.settle();
    }

    /// Carries out what has been opened, strictly in the order it arrived.
    fn settle(&mut self) {
        while self.phase != Phase::Ended {
            match self.pending.pop_front() {
                Some(Pending::Rectangle { geometry, format, slot: Slot::Opened(plaintext) }) => {
                    self.opened_rectangle(&geometry, format, plaintext);
                }
                Some(Pending::Control(Slot::Opened(plaintext))) => self.opened_control(&plaintext),
                Some(Pending::UpdateEnd) => self.update_end(),
                Some(waiting) => {
                    self.pending.push_front(waiting);
                    return;
                }
                None => return,
            }
        }
    }

    fn update_end(&mut self) {
        self.statistics.frames += 1;
        self.effects.push_back(Effect::Frame {
            rectangles: self.statistics.rectangles - self.statistics_before.rectangles,
            sealed_bytes: self.statistics.sealed_bytes - self.statistics_before.sealed_bytes,
        });
        self.statistics_before = self.statistics;
        // The first update that opens whole confirms the keys: what is seen is said back, sealed.
        if self.phase == Phase::Welcome && !self.config.ignore_tags {
            let digest = rfb::sealed::acknowledgement(self.screen.bytes());
            self.send_sealed(&SealedInput::Acknowledge { digest });
            self.enter(Phase::Live);
        }
        let asked = self.client.request_full_update(true);
        self.told(asked);
    }

    fn opened_rectangle(&mut self, geometry: &Geometry, format: Format, plaintext: Vec<u8>) {
        let pixels = match seal::picture::finish(format, geometry, plaintext) {
            Ok(pixels) => pixels,
            Err(error) => return self.unsealed(&error.to_string()),
        };
        let pixels = match format {
            Format::Raw => pixels,
            Format::Tile => {
                match rfb::tile::decode(&pixels, geometry.width, geometry.height, geometry.layout) {
                    Ok(pixels) => pixels,
                    Err(error) => return self.end(EndKind::Protocol, &error.to_string()),
                }
            }
        };
        self.place(geometry, &pixels);
    }

    fn place(&mut self, geometry: &Geometry, pixels: &[u8]) {
        let area = Area { x: geometry.x, y: geometry.y, width: geometry.width, height: geometry.height };
        match self.screen.place(area, pixels) {
            Ok(()) => self.effects.push_back(Effect::Present(area)),
            Err(error) => self.end(EndKind::Protocol, &error.to_string()),
        }
    }

    fn opened_control(&mut self, plaintext: &[u8]) {
        match Control::decode(plaintext) {
            Ok(Control::Sign { statement }) => self.sign(&statement),
            Ok(Control::End { reason, text }) => {
                let kind = match reason {
                    EndReason::SignedOut => EndKind::Done,
                    _ => EndKind::Server,
                };
                self.end(kind, &text);
            }
            Ok(Control::Outline(nodes)) => {
                self.outline = nodes;
                self.effects.push_back(Effect::Outline);
            }
            Err(error) => self.end(EndKind::Protocol, &error.to_string()),
        }
    }

    fn sign(&mut self, statement: &[u8]) {
        if self.phase != Phase::Live || self.signing.is_some() {
            return self.end(EndKind::Protocol, "The server asked for a signature out of turn.");
        }
        match payment_module::check(statement, self.config.terminal, &self.config.account) {
            Ok(request) => {
                self.signing = Some(request.digest);
                self.effects.push_back(Effect::Sign(Box::new(request)));
            }
            Err(error) => self.end(EndKind::Protocol, &error.to_string()),
        }
    }

    fn send_sealed(&mut self, input: &SealedInput) {
        let Some(keys) = &mut self.keys else { return };
        match keys.input.seal(INPUT_ASSOCIATED, input.encode()) {
            Ok(unit) => {
                let told = self.client.sealed_input(&unit);
                self.told(told);
            }
            Err(error) => self.end(EndKind::Unsealed, &error.to_string()),
        }
    }

    fn begin_login(&mut self) {
        let config = &mut self.config;
        let Some(password) = config.password.take() else {
            return self.end(EndKind::LoginRefused, "The server asks for a password, and none was given.");
        };
        match ClientLogin::start(&mut self.rng, &config.account, &password, config.terminal) {
            Ok((login, hello)) => {
                self.login = Login::Hello(Box::new(login));
                self.enter(Phase::SigningIn);
                let told = self.client.send_login(&hello);
                self.told(told);
            }
            Err(error) => self.end(EndKind::LoginRefused, &error.to_string()),
        }
    }

    fn answer_login(&mut self, reply: &[u8]) {
        let Login::Hello(login) = std::mem::replace(&mut self.login, Login::None) else {
            return self.end(EndKind::Protocol, "The server sent a login message out of turn.");
        };
        match login.answer(&mut self.rng, reply) {
            Ok((request, agreement)) => {
                self.login = Login::Agreement(Box::new(agreement));
                self.effects.push_back(Effect::Agree { server_public: request.server_public });
            }
            Err(error @ LoginError::Refused) => self.end(EndKind::LoginRefused, &error.to_string()),
            Err(error) => self.end(EndKind::Protocol, &error.to_string()),
        }
    }
}

/// What a viewer shows that ignores the tag: the sealed bytes as a sealed picture of the rectangle, so with
/// zeros behind them when they are fewer, XOR its own keystream picture. A tile that does open is shown.
fn garble(display: &Opener, format: Format, geometry: &Geometry, mut unit: Vec<u8>) -> Vec<u8> {
    let seen = display.garble(&unit);
    if format == Format::Raw {
        return seen;
    }
    let tile = seal::unpad(&seen)
        .ok()
        .and_then(|coded| rfb::tile::decode(coded, geometry.width, geometry.height, geometry.layout).ok());
    tile.unwrap_or_else(|| {
        unit.truncate(unit.len().saturating_sub(seal::TAG_BYTES));
        let head = unit.len().saturating_sub(seen.len());
        unit.resize(head + geometry.bytes() + seal::TAG_BYTES, 0);
        display.garble(&unit)
    })
}
