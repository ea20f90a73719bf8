//! One server, one customer, one terminal, and a login between them.

use std::sync::OnceLock;

use identity::{
    AccountName, ClientLogin, DevicePrivateKey, Hello, LoginError, Password, PasswordRecord, ServerLogin,
    ServerSetup, TerminalId, TerminalKeys, register,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use seal::Root;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const PROFILE: [u8; 32] = [0x11; 32];

pub(crate) struct World {
    pub(crate) setup: ServerSetup,
    pub(crate) account: AccountName,
    pub(crate) record: PasswordRecord,
    pub(crate) terminal: TerminalId,
    pub(crate) element: DevicePrivateKey,
    pub(crate) keys: TerminalKeys,
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// Made once: registering stretches the password.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut rng = rng(1);
        let setup = ServerSetup::generate(&mut rng);
        let account = AccountName::new("alice").unwrap();
        let record = register(&mut rng, &setup, &account, &password(PASSWORD)).unwrap();
        let element = DevicePrivateKey::generate(&mut rng);
        let keys = TerminalKeys { agreement_public: element.public(), profile_digest: PROFILE };
        World { setup, account, record, terminal: TerminalId::generate(&mut rng), element, keys }
    })
}

/// A login, from which a test departs in one place.
pub(crate) struct Attempt<'a> {
    pub(crate) account: &'a str,
    pub(crate) password: &'a str,
    pub(crate) record: Option<&'a PasswordRecord>,
    pub(crate) keys: Option<&'a TerminalKeys>,
    pub(crate) element: &'a DevicePrivateKey,
    pub(crate) profile: [u8; 32],
    pub(crate) seed: u64,
}

impl Default for Attempt<'static> {
    fn default() -> Self {
        let world = world();
        Self {
            account: "alice",
            password: PASSWORD,
            record: Some(&world.record),
            keys: Some(&world.keys),
            element: &world.element,
            profile: PROFILE,
            seed: 2,
        }
    }
}

/// What became of it, at the terminal and at the server.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Vec<u8>,
    pub(crate) client: Result<Root, LoginError>,
    pub(crate) server: Result<Root, LoginError>,
}

impl Attempt<'_> {
    pub(crate) fn run(&self) -> Outcome {
        let world = world();
        let mut rng = rng(self.seed);
        let account = AccountName::new(self.account).unwrap();
        let (client, hello) =
            ClientLogin::start(&mut rng, &account, &password(self.password), world.terminal).unwrap();
        let hello = Hello::parse(&hello).unwrap();
        let (server, reply) =
            ServerLogin::start(&mut rng, &world.setup, self.record, self.keys, &hello).unwrap();
        match client.answer(&mut rng, &reply) {
            Ok((request, agreement)) => {
                let shared = self.element.agree(&request.server_public).unwrap();
                let (finish, root) = agreement.finish(&shared, &self.profile);
                Outcome { reply, client: Ok(root), server: server.finish(&finish) }
            }
            // A terminal that was refused has nothing to send; a hostile one makes something up.
            Err(error) => {
                let finish = [&[1, 3, 0, 1][..], &[7; 32]].concat();
                Outcome { reply, client: Err(error), server: server.finish(&finish) }
            }
        }
    }
}
