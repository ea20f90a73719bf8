//! Answers that no compiler makes: a hand-written app that lies about its own memory. What it returns is laid out as
//! the component model's canonical ABI has it: a step is five pairs of pointer and length, for the model, the title,
//! the elements, the actions and the commands; an action is two such pairs and a number.

mod support;

use std::sync::Arc;

use support::{act, bundle, context, engine};
use vm::{App, BadResult, Fault, Machine};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const MANIFEST: &str = r#"
id = "forged"
version = "1.0.0"
publisher = "somebody"
commands = []
title = { en = "Forged" }
"#;
/// Where the words of `app` lie.
const WORDS_AT: u32 = 1_024;
/// Where 900,000 times "A" lie.
const TEXT_AT: u32 = 4_096;
const TEXT_BYTES: u32 = 900_000;

/// An app with so many pages of memory that answers everything with the words at `WORDS_AT`, and does this as it is
/// instantiated.
fn app(words: &[u32], pages: u32, at_once: &str) -> Arc<App> {
    let data: String =
        words.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect();
    let module = format!(
        r#"(module
            (memory (export "memory") {pages})
            (global $next (mut i32) (i32.const 1048576))
            (data (i32.const {WORDS_AT}) "{data}")
            (func $begin (memory.fill (i32.const {TEXT_AT}) (i32.const 65) (i32.const {TEXT_BYTES})) {at_once})
            (start $begin)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            (func (export "start") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const {WORDS_AT}))
            (func (export "update") (param i32) (result i32) (i32.const {WORDS_AT}))
            (func (export "show") (param i32 i32) (result i32) (i32.add (i32.const {WORDS_AT}) (i32.const 8))))"#,
    );
    let mut module = wat::parse_str(&module).expect("a module");
    let contract = include_str!("../../app-sdk/wit/payment-app.wit");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("payment-app.wit", contract).expect("the contract is read");
    let world = resolve.select_world(&[package], Some("payment-app")).expect("its world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the contract fits");
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).expect("of the right types");
    engine().load(&bundle(MANIFEST, &encoder.encode().expect("a component"))).expect("the app loads")
}

fn start(words: &[u32]) -> Result<vm::Step, Fault> {
    Machine::start(&app(words, 32, ""), context("en", None)).map(|(_, step)| step)
}

fn malformed(words: &[u32]) {
    let result = start(words);
    assert!(matches!(result, Err(Fault::BadResult(BadResult::Malformed(_)))), "{result:?}");
}

#[test]
fn an_honest_answer_by_hand_passes() {
    let step = start(&[TEXT_AT, 3, TEXT_AT, 5, 0, 0, 0, 0, 0, 0]).expect("as the contract has it");
    assert_eq!(step.view.title, "AAAAA");
    let honest = app(&[TEXT_AT, 3, TEXT_AT, 5, 0, 0, 0, 0, 0, 0], 32, "");
    let (mut machine, _) = Machine::start(&honest, context("en", None)).expect("as before");
    machine.update(act("anything")).expect("the same");
    assert_eq!(machine.show().expect("the same").title, "AAAAA");
}

#[test]
fn one_text_named_many_times_does_not_multiply_here() {
    // Seven actions of 900,000 bytes each would be six megabytes here for one there; a million would be a terabyte.
    let actions = [TEXT_AT, 1, TEXT_AT, TEXT_BYTES, 0].repeat(7);
    let words = [&[0, 0, TEXT_AT, 1, 0, 0, WORDS_AT + 40, 7, 0, 0], actions.as_slice()].concat();
    assert_eq!(start(&words), Err(Fault::BadResult(BadResult::TooLarge)));
    let one = start(&[0, 0, TEXT_AT, TEXT_BYTES, 0, 0, 0, 0, 0, 0]);
    assert!(matches!(one, Err(Fault::BadResult(BadResult::TooLong { .. }))), "{one:?}");
}

#[test]
fn pointers_out_of_memory_are_refused() {
    malformed(&[u32::MAX, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    malformed(&[0, 0, 2_097_000, 1_000, 0, 0, 0, 0, 0, 0]);
    malformed(&[0, 0, TEXT_AT, 1, TEXT_AT, u32::MAX, 0, 0, 0, 0]);
    malformed(&[0, 0, TEXT_AT, 1, 0, 0, TEXT_AT, 0x1000_0000, 0, 0]);
    // An action list that is not aligned.
    malformed(&[0, 0, TEXT_AT, 1, 0, 0, TEXT_AT + 1, 1, 0, 0]);
}

#[test]
fn text_that_is_not_text_and_unknown_cases_are_refused() {
    malformed(&[0, 0, WORDS_AT + 40, 4, 0, 0, 0, 0, 0, 0, 0xffff_ffff]);
    malformed(&[0, 0, TEXT_AT, 1, 0, 0, WORDS_AT + 40, 1, 0, 0, TEXT_AT, 1, TEXT_AT, 1, 9]);
}

#[test]
fn making_the_instance_is_bounded_too() {
    let words = [0, 0, TEXT_AT, 1, 0, 0, 0, 0, 0, 0];
    let start =
        |pages, at_once| Machine::start(&app(&words, pages, at_once), context("en", None)).map(|_| ());
    assert_eq!(start(32, "(loop $again (br $again))"), Err(Fault::OutOfTime(vm::CALL_MS_MAX)));
    assert_eq!(start(257, ""), Err(Fault::OutOfMemory(vm::MEMORY_BYTES_MAX)));
    assert!(matches!(start(32, "(unreachable)"), Err(Fault::Trapped(_))));
    let hoard = "(loop $again (drop (memory.grow (i32.const 1))) (br $again))";
    assert_eq!(start(32, hoard), Err(Fault::OutOfMemory(vm::MEMORY_BYTES_MAX)));
}
