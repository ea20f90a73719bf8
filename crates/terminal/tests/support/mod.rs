//! A small payment platform without any socket, to test terminals against: the real server halves of
//! login, protocol and sealing, and two screens of its own.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure in here fails the test")]

use identity::{
    AccountName, DevicePrivateKey, Hello, Operation, Party, Password, PasswordRecord, ServerLogin,
    ServerSetup, Statement, StatementFields, TerminalId, TerminalKeys, UnixTime, register,
};
use money::{Currency, Money};
use profile::{HardwareProfile, PixelLayout};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rfb::sealed::{Control, EndReason, Input, Node};
use rfb::server::{ClientEncodings, RectangleOut, Server, ServerEvent, ServerOptions};
use rfb::{Encoding, Rect};
use seal::picture::{Format, Geometry};
use seal::{CONTROL_ASSOCIATED, INPUT_ASSOCIATED, Opener, Root, Sealer, Stream};

pub(crate) const ACCOUNT: &str = "mei";
pub(crate) const PASSWORD: &str = "correct horse";

/// What the operator knows of one enrolled terminal, and the keys the terminal got.
#[derive(Clone)]
pub(crate) struct Enrolment {
    pub(crate) terminal: TerminalId,
    pub(crate) signing: DevicePrivateKey,
    pub(crate) agreement: DevicePrivateKey,
    pub(crate) profile: HardwareProfile,
}

impl Enrolment {
    pub(crate) fn new(seed: u64, profile: HardwareProfile) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Self {
            terminal: TerminalId::generate(&mut rng),
            signing: DevicePrivateKey::generate(&mut rng),
            agreement: DevicePrivateKey::generate(&mut rng),
            profile,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Welcome,
    Home,
    Confirm,
    Paid,
}

/// The server's side of one connection.
pub(crate) struct Platform {
    pub(crate) server: Server,
    rng: ChaCha20Rng,
    setup: ServerSetup,
    record: PasswordRecord,
    enrolment: Enrolment,
    login: Option<ServerLogin>,
    root: Option<Root>,
    pub(crate) display: Option<Sealer>,
    pub(crate) control: Option<Sealer>,
    input: Option<Opener>,
    encodings: ClientEncodings,
    requested: bool,
    pub(crate) screen: Screen,
    shown: Option<Screen>,
    welcome: Vec<u8>,
    typed: String,
    statement: Option<Statement>,
    /// What arrived, opened.
    pub(crate) inputs: Vec<Input>,
    /// Whether the payment was signed and verified.
    pub(crate) paid: bool,
    /// Why the server gave up.
    pub(crate) failed: Option<String>,
    /// Corrupts the next display unit at this position.
    pub(crate) corrupt_display: Option<usize>,
    /// Statement bytes to be signed in place of the right ones.
    pub(crate) other_statement: Option<Vec<u8>>,
}

impl Platform {
    pub(crate) fn new(enrolment: &Enrolment) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let setup = ServerSetup::generate(&mut rng);
        let account = AccountName::new(ACCOUNT).unwrap();
        let record = register(&mut rng, &setup, &account, &Password::new(PASSWORD).unwrap()).unwrap();
        Self {
            server: Server::new(ServerOptions { name: "test".into(), plain: false }),
            rng,
            setup,
            record,
            enrolment: enrolment.clone(),
            login: None,
            root: None,
            display: None,
            control: None,
            input: None,
            encodings: ClientEncodings::default(),
            requested: false,
            screen: Screen::Welcome,
            shown: None,
            welcome: Vec::new(),
            typed: String::new(),
            statement: None,
            inputs: Vec::new(),
            paid: false,
            failed: None,
            corrupt_display: None,
            other_statement: None,
        }
    }

    /// Takes bytes and gives the answer.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.server.receive(bytes);
        while self.failed.is_none() {
            match self.server.poll() {
                Ok(Some(event)) => self.happened(event),
                Ok(None) => break,
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        self.draw();
        self.server.take_output()
    }

    fn happened(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::LoginMessage(frame) => self.login(&frame),
            ServerEvent::Ready { .. } => {
                let (width, height) = self.enrolment.profile.size();
                self.server.init(width, height, self.enrolment.profile.pixel_layout()).unwrap();
            }
            ServerEvent::SetEncodings(encodings) => self.encodings = encodings,
            ServerEvent::UpdateRequest { .. } => self.requested = true,
            ServerEvent::SealedInput(unit) => {
                match self.input.as_mut().unwrap().open(INPUT_ASSOCIATED, &unit) {
                    Ok(plaintext) => self.input(Input::decode(&plaintext).unwrap()),
                    Err(error) => self.failed = Some(error.to_string()),
                }
            }
            ServerEvent::Key { .. } | ServerEvent::Pointer { .. } => {
                self.failed = Some("unsealed input".into());
            }
        }
    }

    fn login(&mut self, frame: &[u8]) {
        if let Some(login) = self.login.take() {
            match login.finish(frame) {
                Ok(root) => {
                    self.display = Some(Sealer::new(&root, Stream::Display));
                    self.control = Some(Sealer::new(&root, Stream::Control));
                    self.input = Some(Opener::new(&root, Stream::Input));
                    self.root = Some(root);
                    self.server.accept().unwrap();
                }
                Err(error) => self.server.refuse(&error.to_string()).unwrap(),
            }
            return;
        }
        let hello = Hello::parse(frame).unwrap();
        let known = hello.account().as_str() == ACCOUNT && hello.terminal() == self.enrolment.terminal;
        let keys = TerminalKeys {
            agreement_public: self.enrolment.agreement.public(),
            profile_digest: self.enrolment.profile.digest(),
        };
        let (login, reply) = ServerLogin::start(
            &mut self.rng,
            &self.setup,
            known.then_some(&self.record),
            Some(&keys),
            &hello,
        )
        .unwrap();
        self.login = Some(login);
        self.server.send_login(&reply).unwrap();
    }

    fn input(&mut self, input: Input) {
        self.inputs.push(input.clone());
        match (self.screen, input) {
            (Screen::Welcome, Input::Acknowledge { digest }) => {
                if digest == rfb::sealed::acknowledgement(&self.welcome) {
                    self.screen = Screen::Home;
                } else {
                    self.failed = Some("another picture was seen".into());
                }
            }
            (Screen::Home, Input::Pointer { buttons: 0, x, y }) if inside(self.button(), x, y) => {
                self.screen = Screen::Confirm;
            }
            (Screen::Home, Input::Key { keysym, down: true }) => {
                if keysym == 0xff0d {
                    self.screen = Screen::Confirm;
                } else if let Some(character) = char::from_u32(keysym) {
                    self.typed.push(character);
                    self.shown = None;
                }
            }
            (Screen::Confirm, Input::Pointer { buttons: 0, x, y }) if inside(self.button(), x, y) => {
                self.ask()
            }
            (Screen::Confirm, Input::Key { keysym: 0xff0d, down: true }) => self.ask(),
            (Screen::Confirm, Input::Signed { digest, signature }) => {
                let statement = self.statement.take().unwrap();
                assert_eq!(digest, statement.digest());
                statement.verify(&signature, &self.enrolment.signing.public()).unwrap();
                self.paid = true;
                self.screen = Screen::Paid;
            }
            (Screen::Confirm, Input::Declined { .. }) => self.screen = Screen::Home,
            (Screen::Paid, Input::Pointer { buttons: 0, .. } | Input::Key { down: true, .. }) => {
                self.control(&Control::End { reason: EndReason::SignedOut, text: "Goodbye, Mei.".into() });
            }
            _ => {}
        }
    }

    fn ask(&mut self) {
        let canonical = self.statement_bytes();
        let statement = Statement::parse(&canonical).unwrap();
        let bytes = self.other_statement.clone().unwrap_or(canonical);
        self.statement = Some(statement);
        self.control(&Control::Sign { statement: bytes });
    }

    pub(crate) fn control(&mut self, control: &Control) {
        let unit =
            self.control.as_mut().unwrap().seal(CONTROL_ASSOCIATED, control.encode().unwrap()).unwrap();
        self.server.sealed_control(&unit).unwrap();
    }

    fn button(&self) -> Rect {
        let (width, height) = self.enrolment.profile.size();
        Rect { x: width / 4, y: height / 2, width: width / 2, height: (height / 4).max(1) }
    }

    /// Sends the screen when it is asked for and has changed.
    fn draw(&mut self) {
        if !self.requested || self.shown == Some(self.screen) || self.failed.is_some() {
            return;
        }
        self.requested = false;
        self.shown = Some(self.screen);
        let (width, height) = self.enrolment.profile.size();
        let layout = self.enrolment.profile.pixel_layout();
        let text = match self.screen {
            Screen::Welcome => "Welcome",
            Screen::Home => "Home: balance 100.00 CNY",
            Screen::Confirm => "Pay 23.50 CNY to Luckin",
            Screen::Paid => "Paid",
        };
        let pixels = picture(text, width, height, layout);
        let (format, encoding) = match self.screen {
            Screen::Welcome | Screen::Confirm => (Format::Raw, Encoding::SealedRaw),
            Screen::Home | Screen::Paid => (Format::Tile, Encoding::SealedTile),
        };
        if self.screen == Screen::Welcome {
            self.welcome.clone_from(&pixels);
        }
        let plain = match format {
            Format::Raw => pixels,
            Format::Tile => rfb::tile::encode(&pixels, width, height, layout),
        };
        let geometry = Geometry { x: 0, y: 0, width, height, layout };
        let mut data = seal::picture::seal(self.display.as_mut().unwrap(), format, &geometry, plain).unwrap();
        if let Some(position) = self.corrupt_display.take() {
            let index = position % data.len();
            data[index] ^= 1;
        }
        self.server.update(&[RectangleOut { rect: Rect::of_size(width, height), encoding, data }]).unwrap();
        if self.encodings.outline && self.screen != Screen::Welcome {
            let button = self.button();
            let (id, label) = match self.screen {
                Screen::Home => ("pay", format!("Pay a merchant {}", self.typed)),
                Screen::Confirm => ("confirm", "Confirm".into()),
                _ => ("close", "Close".into()),
            };
            let node = |role: &str, id: &str, text: &str, rect: Rect| Node {
                role: role.into(),
                id: id.into(),
                text: text.into(),
                x: rect.x,
                y: rect.y,
                width: rect.width,
                height: rect.height,
                focused: !id.is_empty(),
            };
            self.control(&Control::Outline(vec![
                node("title", "", text, Rect::of_size(width, 1)),
                node("action", id, &label, button),
            ]));
        }
    }
}

fn inside(rect: Rect, x: u16, y: u16) -> bool {
    (rect.x..rect.x + rect.width).contains(&x) && (rect.y..rect.y + rect.height).contains(&y)
}

/// A picture that differs for each text: cells hold it, pixels vary with it.
pub(crate) fn picture(text: &str, width: u16, height: u16, layout: PixelLayout) -> Vec<u8> {
    let count = usize::from(width) * usize::from(height);
    match layout {
        PixelLayout::Cells => text
            .chars()
            .map(u32::from)
            .chain(std::iter::repeat(0))
            .take(count)
            .flat_map(u32::to_le_bytes)
            .collect(),
        _ => {
            let bytes = text.as_bytes();
            (0..count)
                .flat_map(|index| {
                    let shade = bytes[(index / 16) % bytes.len()];
                    let pixel = [shade, shade / 2, 255 - shade, 0];
                    pixel.into_iter().take(layout.bytes_per_pixel())
                })
                .collect()
        }
    }
}

impl Platform {
    /// The canonical bytes of the statement that would be asked for now.
    pub(crate) fn statement_bytes(&mut self) -> Vec<u8> {
        let party = |account: &str, name: &str| Party { account: account.into(), name: name.into() };
        Statement::new(StatementFields {
            payment_key: [9; 16],
            operation: Operation::Pay,
            payer: party("1", "Mei"),
            payee: party("2", "Luckin"),
            amount: Money::new(2350, Currency::CNY),
            fee: Money::zero(Currency::CNY),
            at: UnixTime::from_seconds(1_800_000_000),
            terminal: self.enrolment.terminal,
            customer: AccountName::new(ACCOUNT).unwrap(),
            memo: String::new(),
        })
        .unwrap()
        .canonical_bytes()
    }
}
