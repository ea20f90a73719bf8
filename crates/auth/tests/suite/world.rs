//! An authentication centre in a temporary folder, a customer with a terminal, and the terminal's end.

use auth::{Auth, AuthError, Event, InitOptions, NewCustomer, Parameters, Refusal, SignedIn};
use identity::{
    AccountName, ClientAgreement, ClientLogin, EnrolmentBundle, Language, LoginError, Password, TerminalId,
    UnixTime,
};
use profile::{HardwareProfile, PixelLayout};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use seal::Root;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const START: UnixTime = UnixTime::from_seconds(1_795_393_333);

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) auth: Auth,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) terminal: EnrolmentBundle,
    pub(crate) bundle_text: String,
    pub(crate) code: identity::ActivationCode,
}

pub(crate) fn account(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

pub(crate) fn phone() -> HardwareProfile {
    HardwareProfile::picture("phone", 480, 800, 220, PixelLayout::Rgb888)
}

pub(crate) fn customer(name: &str, password: &str) -> NewCustomer {
    NewCustomer {
        account: account(name),
        name: "Alice Liddell".to_owned(),
        language: Language::Chinese,
        password: Password::chosen(password).unwrap(),
    }
}

pub(crate) fn options() -> InitOptions {
    InitOptions {
        server_name: "pay.example".to_owned(),
        names: vec!["192.0.2.7".to_owned(), "pay2.example".to_owned()],
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let auth = Auth::init(folder.path(), &options(), START, &mut rng).unwrap();
        auth.add_customer(&customer("alice", PASSWORD), START, &mut rng).unwrap();
        let enrolled = auth.enrol_terminal(&account("alice"), &phone(), START, &mut rng).unwrap();
        let terminal = EnrolmentBundle::open(&enrolled.bundle, &enrolled.activation_code).unwrap();
        assert_eq!(terminal.terminal, enrolled.terminal);
        Self { folder, auth, rng, terminal, bundle_text: enrolled.bundle, code: enrolled.activation_code }
    }

    pub(crate) fn reopen(&mut self) {
        self.auth = Auth::open(self.folder.path(), Parameters::default()).unwrap();
    }

    /// One whole login, without the confirmation.
    pub(crate) fn sign_in(&mut self, password: &str, now: UnixTime) -> Result<(SignedIn, Root), String> {
        let terminal = self.terminal.terminal;
        self.sign_in_as("alice", password, terminal, now)
    }

    /// `Err` holds what the log was told.
    pub(crate) fn sign_in_as(
        &mut self,
        name: &str,
        password: &str,
        terminal: TerminalId,
        now: UnixTime,
    ) -> Result<(SignedIn, Root), String> {
        let password = Password::new(password).unwrap();
        let (client, hello) = ClientLogin::start(&mut self.rng, &account(name), &password, terminal).unwrap();
        let (pending, reply) = self.auth.login_begin(&hello, now, &mut self.rng).unwrap();
        let (finish, root) = match client.answer(&mut self.rng, &reply) {
            Ok((request, agreement)) => finish(&self.terminal, &request.server_public, agreement),
            Err(error) => {
                assert_eq!(error, LoginError::Refused);
                // What a hostile terminal would try.
                ([&[1, 3, 0, 1][..], &[0; 32]].concat(), Root::derive(&[0; 32], &[], &[], &[0; 32]))
            }
        };
        match self.auth.login_finish(pending, &finish, now) {
            Ok(signed_in) => Ok((signed_in, root)),
            Err(refusal) => Err(told(&refusal)),
        }
    }

    pub(crate) fn confirmed(&mut self, now: UnixTime) -> SignedIn {
        let (signed_in, root) = self.sign_in(PASSWORD, now).unwrap();
        assert_eq!(signed_in.root, root);
        self.auth.login_confirmed(&signed_in, now).unwrap();
        signed_in
    }
}

pub(crate) fn finish(
    terminal: &EnrolmentBundle,
    server_public: &[u8; 65],
    agreement: ClientAgreement,
) -> (Vec<u8>, Root) {
    let shared = terminal.agreement_key.agree(server_public).unwrap();
    let own = HardwareProfile::from_canonical(&terminal.profile).unwrap();
    agreement.finish(&shared, &own.digest())
}

/// What the log is told; and the terminal is told the one answer.
pub(crate) fn told(refusal: &Refusal) -> String {
    assert_eq!(refusal.error, LoginError::Refused);
    assert_eq!(refusal.to_string(), LoginError::Refused.to_string());
    assert!(refusal.fault.is_none());
    assert!(matches!(refusal.event, Event::LoginRefused { .. }));
    refusal.event.to_string()
}

/// The files of the authentication centre, as bytes on the disk.
pub(crate) fn files(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// For tests that look at the error of `Auth` itself.
pub(crate) fn message(error: &AuthError) -> String {
    format!("{error} {error:?}")
}
