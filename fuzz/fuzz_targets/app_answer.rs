//! Any memory as an app's answer: the model, view and commands in it are checked or refused, never a panic or
//! more memory than an answer may take. The app is made once, by hand, and answers with whatever it kept.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use vm::{
    App, Approval, Bundle, CommandName, Context, Engine, Limits, Machine, SigningKey, Ticker, VerifyingKey,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const MANIFEST: &str = r#"
id = "forged"
version = "1.0.0"
publisher = "somebody"
commands = ["query-accounts", "query-history", "find-payees", "pay", "transfer", "top-up", "keep", "end"]
title = { en = "Forged" }
"#;
/// The canonical ABI's step: five pairs of pointer and length.
const STEP_BYTES: usize = 40;

/// Answers `start` with the address of what was kept: the eighth of the context's words.
const MODULE: &str = r#"(module
    (memory (export "memory") 32)
    (global $next (mut i32) (i32.const 1048576))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
    (func (export "start") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local.get 7))
    (func (export "update") (param i32) (result i32) (i32.const 0))
    (func (export "show") (param i32 i32) (result i32) (i32.const 0)))"#;

static APP: LazyLock<(Arc<App>, Ticker)> = LazyLock::new(|| {
    let mut module = wat::parse_str(MODULE).expect("a module");
    let mut resolve = Resolve::default();
    let contract = include_str!("../../crates/app-sdk/wit/payment-app.wit");
    let package = resolve.push_str("payment-app.wit", contract).expect("the contract is read");
    let world = resolve.select_world(&[package], Some("payment-app")).expect("its world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the contract fits");
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).expect("of the right types");
    let component = encoder.encode().expect("a component");

    let key = SigningKey::from_slice(&[7; 32]).expect("a number in range");
    let bundle = Bundle::pack(MANIFEST, &component, &key).expect("a bundle");
    let bundle = Bundle::parse(&bundle).expect("what was packed");
    let approval = Approval {
        publisher: "somebody".to_owned(),
        key: VerifyingKey::from(&key),
        commands: CommandName::all(),
    };
    let bundle = bundle.verify(&approval).expect("our own signature");
    let engine = Engine::new(Limits::default()).expect("an engine");
    let ticker = engine.start_ticker();
    (engine.load(&bundle).expect("the app loads"), ticker)
});

fuzz_target!(|bytes: &[u8]| {
    let mut answer = bytes.to_vec();
    answer.resize(answer.len().max(STEP_BYTES), 0);
    let context = Context {
        customer: "Alice".to_owned(),
        language: "en".to_owned(),
        accounts: Vec::new(),
        kept: Some(answer),
    };
    // Either it is an answer within the contract's bounds, or the machine ends with the app to blame.
    let _ = Machine::start(&APP.0, context);
});
