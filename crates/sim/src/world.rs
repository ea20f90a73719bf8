//! An operator with customers, a merchant and published apps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::{
    AccountId, Accounts, HolderId, Kind, NewAccount, Operation, ParameterChange, ParameterStep, Payment,
    Timestamp,
};
use auth::{Auth, InitOptions, NewCustomer, Parameters};
use identity::{AccountName, EnrolmentBundle, Language, Password, UnixTime};
use money::{Currency, Money};
use parameters::{INSTALLATION, Section};
use platform::{Drawing, HOUSE, Keeping, Limits, Now, Platform, Registry, Services};
use profile::HardwareProfile;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vm::{App, Approval, Bundle, CommandName, Engine, SigningKey, Ticker, VerifyingKey};

use crate::Connection;

/// Every customer's password.
pub const PASSWORD: &str = "correct horse battery";
/// When the world begins: 2026-11-23 00:00 UTC, in nanoseconds.
const BEGINNING_NS: u64 = 1_795_392_000_000_000_000;

/// An enrolled terminal: what its secure element holds, and its own hardware profile.
#[derive(Debug)]
pub struct Device {
    /// What the operator handed over.
    pub bundle: EnrolmentBundle,
    /// Its own hardware, whatever was enrolled.
    pub profile: HardwareProfile,
}

/// The system.
#[derive(Debug)]
pub struct World {
    /// What sessions share.
    pub platform: Arc<Platform>,
    /// The books.
    pub services: Arc<Services>,
    /// Compiles and runs apps.
    pub engine: Engine,
    runtime: Runtime,
    clock: Arc<AtomicU64>,
    random: Mutex<ChaCha20Rng>,
    _ticker: Ticker,
    _folder: TempDir,
}

impl World {
    /// A world from a seed, with an operator and the app `bank-card`, and nobody in it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let world = Self::without_apps(seed);
        world.publish("bank-card");
        world
    }

    /// A world from a seed with nothing published.
    #[must_use]
    pub fn without_apps(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let clock = Arc::new(AtomicU64::new(BEGINNING_NS));
        let options = InitOptions { server_name: "localhost".to_owned(), names: Vec::new() };
        let now = UnixTime::from_nanoseconds(BEGINNING_NS);
        let auth = folder.path().join("auth");
        drop(Auth::init(&auth, &options, now, &mut random).expect("an authentication centre"));
        let auth = Auth::open(&auth, Parameters::default()).expect("the authentication centre");
        let ledger_clock = Arc::clone(&clock);
        let accounts = Accounts::open(accounts::Options::new(
            folder.path().join("ledger"),
            Arc::new(move || Timestamp(ledger_clock.load(Ordering::Relaxed))),
        ))
        .expect("an account platform");
        let engine = Engine::new(vm::Limits::default()).expect("an engine");
        let platform = Platform {
            name: "ThinPay".to_owned(),
            drawing: Drawing::new(fonts(), view::Theme::Light),
            registry: Registry::default(),
            limits: Limits::default(),
            minutes_east_of_utc: 0,
        };
        let world = Self {
            platform: Arc::new(platform),
            services: Arc::new(Services {
                auth,
                accounts,
                kept: Box::new(InMemory::default()),
                acts: platform::Acts::default(),
                free_top_ups: true,
            }),
            _ticker: engine.start_ticker(),
            engine,
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads"),
            clock,
            random: Mutex::new(random),
            _folder: folder,
        };
        for (kind, name) in [(Kind::Settlement, "Settlement"), (Kind::Fees, "Fees")] {
            world.open(HOUSE, kind, name);
        }
        world
    }

    /// Puts a section of the parameters into effect, as two operators would.
    pub fn put_into_effect(&self, section: Section, text: &str) {
        let registry = self.services.accounts.registry();
        if registry.versions(Section::Operators).is_empty() {
            let operators = Section::Operators.template();
            let operators = operators.replace("first.operator", "ada").replace("second.operator", "ben");
            self.approve(Section::Operators, &operators, [INSTALLATION, INSTALLATION]);
        }
        self.approve(section, text, ["ada", "ben"]);
    }

    fn approve(&self, section: Section, text: &str, operators: [&str; 2]) {
        let version = self.services.accounts.registry().versions(section).len() + 1;
        let version = u32::try_from(version).expect("few");
        let draft =
            ParameterStep::Draft { section, text: text.to_owned(), effective: None, note: String::new() };
        for (operator, step) in
            operators.into_iter().zip([draft, ParameterStep::Approve { section, version }])
        {
            let mut key = [0; 16];
            self.random().fill_bytes(&mut key);
            let change = ParameterChange { key, operator: operator.to_owned(), step, evidence: Vec::new() };
            self.wait(self.services.accounts.change_parameter(change)).expect("a good parameter");
        }
    }

    /// Builds one of the workspace's apps and serves it.
    pub fn publish(&self, package: &str) -> Arc<App> {
        let workspace = workspace();
        let manifest = workspace.join("apps").join(package).join("app.toml");
        let manifest = std::fs::read_to_string(manifest).expect("the app's manifest");
        let built = app_build::build(&app_build::Options {
            target_directory: app_build::target_directory(&workspace),
            directory: workspace,
            package: package.to_owned(),
            show_progress: false,
            offline: false,
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let key = SigningKey::from_slice(&[7; 32]).expect("a key");
        let bundle = Bundle::pack(&manifest, &built.component, &key).expect("a bundle");
        let bundle = Bundle::parse(&bundle).expect("what was packed");
        let publisher = bundle.manifest().publisher.clone();
        let approval = Approval { publisher, key: VerifyingKey::from(&key), commands: CommandName::all() };
        let bundle = bundle.verify(&approval).expect("our own signature");
        let app = self.engine.load(&bundle).expect("an app");
        self.platform.registry.serve(Arc::clone(&app));
        app
    }

    /// A customer with an account and this much money in it, in minor units of CNY.
    pub fn customer(&self, account: &str, name: &str, language: Language, minor_units: i64) -> AccountId {
        let new = NewCustomer {
            account: AccountName::new(account).expect("an account name"),
            name: name.to_owned(),
            language,
            password: Password::new(PASSWORD).expect("a password"),
        };
        self.services.auth.add_customer(&new, self.now().wall, &mut *self.random()).expect("a customer");
        let id = self.open(account, Kind::Customer, name);
        if minor_units > 0 {
            self.top_up(id, minor_units);
        }
        id
    }

    /// A merchant with an account.
    pub fn merchant(&self, id: &str, name: &str) -> AccountId {
        self.open(id, Kind::Merchant, name)
    }

    /// Enrols a terminal.
    pub fn enrol(&self, account: &str, profile: &HardwareProfile) -> Device {
        let account = AccountName::new(account).expect("an account name");
        let enrolled = self
            .services
            .auth
            .enrol_terminal(&account, profile, self.now().wall, &mut *self.random())
            .expect("an enrolled terminal");
        let bundle = EnrolmentBundle::open(&enrolled.bundle, &enrolled.activation_code).expect("the bundle");
        Device { bundle, profile: profile.clone() }
    }

    /// A connection of the device, before its first byte.
    pub fn connect<'a>(&'a self, device: &'a Device, password: &str) -> Connection<'a> {
        Connection::new(self, device, password)
    }

    /// What an account holds, in minor units.
    pub fn balance(&self, account: AccountId) -> i64 {
        let account = self.wait(self.services.accounts.account(account)).expect("the books");
        account.expect("the account").balance.minor_units()
    }

    /// Checks the whole book. Every test that moves money ends with it.
    pub fn check_books(&self) {
        self.wait(self.services.accounts.verify()).expect("the books are sound");
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).expect("a short time");
        self.clock.fetch_add(by, Ordering::Relaxed);
    }

    /// The time.
    pub fn now(&self) -> Now {
        let now = self.clock.load(Ordering::Relaxed);
        Now { monotonic: Duration::from_nanos(now - BEGINNING_NS), wall: UnixTime::from_nanoseconds(now) }
    }

    /// The random source of this world.
    pub fn random(&self) -> std::sync::MutexGuard<'_, ChaCha20Rng> {
        self.random.lock().expect("nobody panicked with it")
    }

    /// A random source that continues differently from every other.
    pub(crate) fn fork_random(&self) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(self.random().next_u64())
    }

    /// Runs something that waits, on the world's threads.
    pub fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        std::thread::scope(|scope| {
            let handle = self.runtime.handle();
            scope.spawn(move || handle.block_on(work)).join().expect("it did not panic")
        })
    }

    fn open(&self, holder: &str, kind: Kind, name: &str) -> AccountId {
        let mut key = [0; 16];
        self.random().fill_bytes(&mut key);
        let (holder, name) = (HolderId(holder.to_owned()), name.to_owned());
        let new = NewAccount { key, holder, kind, name, currency: cny() };
        self.wait(self.services.accounts.open_account(new)).expect("an account")
    }

    fn top_up(&self, to: AccountId, minor_units: i64) {
        let settlement = self.wait(self.services.settlement_account(cny())).expect("the books");
        let mut key = [0; 16];
        self.random().fill_bytes(&mut key);
        let settlement = settlement.expect("a settlement account").id;
        let payment = Payment::new(key, Operation::TopUp, settlement, to, Money::new(minor_units, cny()));
        self.wait(self.services.accounts.post(payment)).expect("a top-up");
    }
}

fn cny() -> Currency {
    Currency::new("CNY").expect("a currency")
}

/// The workspace that this was built from: where the apps' sources are.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The system's Chinese font where there is one; Latin is always there.
fn fonts() -> view::Fonts {
    let found = view::KNOWN_FONT_PATHS.iter().find_map(|path| std::fs::read(path).ok());
    let faces = found.map(|bytes| view::FontData(Arc::from(bytes)));
    view::Fonts::new(faces.into_iter().collect()).expect("a font")
}

/// What apps keep, in memory.
#[derive(Debug, Default)]
struct InMemory(Mutex<BTreeMap<(String, String), Vec<u8>>>);

impl Keeping for InMemory {
    fn keep(&self, holder: &str, app: &str, bytes: &[u8]) -> Result<(), String> {
        let mut kept = self.0.lock().expect("nobody panicked with it");
        kept.insert((holder.to_owned(), app.to_owned()), bytes.to_vec());
        Ok(())
    }

    fn of(&self, holder: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let kept = self.0.lock().expect("nobody panicked with it");
        let of_holder = kept.iter().filter(|((of, _), _)| of == holder);
        Ok(of_holder.map(|((_, app), bytes)| (app.clone(), bytes.clone())).collect())
    }
}
