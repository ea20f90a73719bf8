//! What the tests share: apps built to components, bundled, loaded, and a context to start them with.
//!
//! Apps are built by `app-build` into `target/apps` (cargo's own lock there lets one test program build while the
//! others wait; without changes it takes a fraction of a second), so `cargo test -p vm` needs nothing built before.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use vm::{
    Account, App, Approval, Bundle, CommandName, Context, Engine, Event, Limits, SigningKey, Ticker,
    VerifiedBundle, VerifyingKey,
};

/// The publisher's key of every test.
pub fn publisher_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a number in range")
}

/// An approval of all that this publisher wants.
pub fn approval(publisher: &str) -> Approval {
    let key = VerifyingKey::from(&publisher_key());
    Approval { publisher: publisher.into(), key, commands: CommandName::all() }
}

/// The component of one of the workspace's apps.
pub fn component(package: &str) -> Vec<u8> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let options = app_build::Options {
        target_directory: app_build::target_directory(&workspace),
        directory: workspace,
        package: package.into(),
        show_progress: false,
        offline: false,
    };
    app_build::build(&options).unwrap_or_else(|error| panic!("{error}")).component
}

/// The manifest of one of the workspace's apps.
pub fn manifest(package: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps").join(package).join("app.toml");
    std::fs::read_to_string(path).expect("the app has a manifest")
}

/// Signs and verifies.
pub fn bundle(manifest: &str, component: &[u8]) -> VerifiedBundle {
    let bytes = Bundle::pack(manifest, component, &publisher_key()).expect("a bundle");
    let bundle = Bundle::parse(&bytes).expect("what was packed");
    let publisher = bundle.manifest().publisher.clone();
    bundle.verify(&approval(&publisher)).expect("our own signature")
}

/// One engine with its ticker for the test program.
pub fn engine() -> &'static Engine {
    static ENGINE: LazyLock<(Engine, Ticker)> = LazyLock::new(|| {
        let engine = Engine::new(Limits::default()).expect("an engine");
        let ticker = engine.start_ticker();
        (engine, ticker)
    });
    &ENGINE.0
}

/// The app of the misdeeds.
pub fn fault_app() -> &'static Arc<App> {
    static APP: LazyLock<Arc<App>> = LazyLock::new(|| {
        engine().load(&bundle(&manifest("fault"), &component("fault"))).expect("the app loads")
    });
    &APP
}

/// The bank card.
pub fn bank_card() -> &'static Arc<App> {
    static APP: LazyLock<Arc<App>> =
        LazyLock::new(|| engine().load(bank_card_bundle()).expect("the app loads"));
    &APP
}

/// The bank card's bundle.
pub fn bank_card_bundle() -> &'static VerifiedBundle {
    static BUNDLE: LazyLock<VerifiedBundle> =
        LazyLock::new(|| bundle(&manifest("bank-card"), &component("bank-card")));
    &BUNDLE
}

/// A customer with one account of 200.00 CNY.
pub fn context(language: &str, kept: Option<&str>) -> Context {
    Context {
        customer: "Lin".into(),
        language: language.into(),
        accounts: vec![account(20_000)],
        kept: kept.map(|kept| kept.as_bytes().to_vec()),
    }
}

/// The account with this balance.
pub fn account(minor_units: i64) -> Account {
    let sum = money::Money::new(minor_units, money::Currency::CNY);
    Account { id: "a1".into(), name: "Everyday".into(), balance: sum, available: sum }
}

/// The user chose this, with nothing filled in.
pub fn act(id: &str) -> Event {
    Event::Acted { id: id.into(), answers: Vec::new() }
}
