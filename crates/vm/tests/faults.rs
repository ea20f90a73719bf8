//! Every misdeed of an app ends its own machine, with a fault that says what it was, and no other machine notices.

mod support;

use std::time::{Duration, Instant};

use support::{act, context, engine, fault_app};
use view::Element;
use vm::{Fault, Machine};

fn counted(step: &vm::Step) -> String {
    match step.view.elements.first() {
        Some(Element::Text { text, .. }) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// Lets one machine do this while another counts before and after; returns the fault.
fn misbehave(misdeed: &str) -> Fault {
    let (mut bystander, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    bystander.update(act("count")).expect("an honest step");
    let (mut machine, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    let fault = machine.update(act(misdeed)).expect_err("a fault");
    assert_eq!(machine.update(act("count")), Err(Fault::Ended), "{misdeed}");
    assert_eq!(machine.show(), Err(Fault::Ended), "{misdeed}");
    assert_eq!(machine.hibernate(), Err(Fault::Ended), "{misdeed}");
    assert_eq!(counted(&bystander.update(act("count")).expect("unharmed")), "Counted 2", "{misdeed}");
    // The same at the very start of a session.
    assert_eq!(Machine::start(fault_app(), context("en", Some(misdeed))).err(), Some(fault.clone()));
    fault
}

#[test]
fn a_panic_traps() {
    assert!(matches!(misbehave("panic"), Fault::Trapped(_)));
}

#[test]
fn endless_recursion_traps() {
    assert!(matches!(misbehave("recurse"), Fault::Trapped(_)));
}

#[test]
fn an_endless_loop_runs_out_of_time() {
    let (mut machine, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    let begin = Instant::now();
    assert_eq!(machine.update(act("loop")), Err(Fault::OutOfTime(vm::CALL_MS_MAX)));
    assert!(begin.elapsed() >= Duration::from_millis(vm::CALL_MS_MAX));
    assert_eq!(misbehave("loop"), Fault::OutOfTime(vm::CALL_MS_MAX));
}

#[test]
fn each_call_has_its_own_time() {
    let (mut machine, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    std::thread::sleep(Duration::from_millis(vm::CALL_MS_MAX * 2));
    machine.update(act("count")).expect("waiting between calls costs nothing");
}

#[test]
fn hoarding_runs_out_of_memory() {
    assert_eq!(misbehave("grow"), Fault::OutOfMemory(vm::MEMORY_BYTES_MAX));
}

#[test]
fn wrong_answers_are_named() {
    for (misdeed, words) in [
        ("long-title", "the title of 2001 bytes, at most 2000"),
        ("many-elements", "66 elements in a view, at most 64"),
        ("many-choices", "101 choices in a list, at most 100"),
        ("many-actions", "7 actions in a view, at most 6"),
        ("two-primary", "2 primary actions in a view, at most 1"),
        ("same-identifier", "\"same\" stands twice"),
        ("blank-identifier", "visible ASCII"),
        ("spaced-identifier", "visible ASCII"),
        ("long-identifier", "an identifier of 65 bytes"),
        ("ragged-table", "does not have 2 cells"),
        ("wide-table", "7 columns in a table"),
        ("long-code", "301 bytes in a QR code"),
        ("no-digits", "digits of a field may not be empty or zero"),
        ("letters", "a field of digits starts with something else"),
        ("currency", "\"ABC\" is not one of ISO 4217"),
        ("large-model", "a model of"),
        ("unlisted", "the command transfer is not among those"),
        ("negative", "not positive"),
        ("nothing", "not positive"),
        ("nobody", "a merchant may not be empty"),
        ("long-memo", "a memo of 561 bytes"),
        ("coin", "\"cny\" is not one of ISO 4217"),
        ("same-tag", "the tag 1"),
        ("many-commands", "9 commands in a step, at most 8"),
        ("large-keep", "what is to be kept of 66560 bytes"),
    ] {
        let fault = misbehave(misdeed);
        assert!(matches!(fault, Fault::BadResult(_)), "{misdeed}: {fault:?}");
        let said = fault.to_string();
        assert!(said.starts_with("the app answered wrongly: ") && said.contains(words), "{misdeed}: {said}");
    }
}

#[test]
fn characters_that_disturb_a_display_are_taken_out() {
    let (mut machine, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    let step = machine.update(act("disturbing")).expect("not a fault: other people's words come this way");
    let last = step.view.elements.last().expect("words");
    assert!(matches!(last, Element::Text { text, .. } if text == "12 34 \nend"), "{last:?}");
}

#[test]
fn the_largest_view_passes() {
    let (mut machine, _) = Machine::start(fault_app(), context("en", None)).expect("an honest start");
    machine.update(act("largest")).expect("within every bound");
}

#[test]
fn a_manifest_can_ask_for_less_memory_and_time() {
    let manifest = support::manifest("fault") + "\n[limits]\nmemory_mib = 2\ncall_ms = 50\n";
    let app =
        engine().load(&support::bundle(&manifest, &support::component("fault"))).expect("the app loads");
    let start = |misdeed| Machine::start(&app, context("en", Some(misdeed))).map(|_| ());
    assert_eq!(start("grow"), Err(Fault::OutOfMemory(2 * 1024 * 1024)));
    assert_eq!(start("loop"), Err(Fault::OutOfTime(50)));
    assert_eq!(start("count"), Ok(()));
}
