//! What the user does: focus, typing, pads, scrolling, choosing; and what a key press costs.

mod common;

use common::{CHINESE, Desk, ENGLISH, desktop, phone};
use money::{Currency, Money};
use profile::{HardwareProfile, Keys, PixelLayout};
use view::screens::{self, Confirmation, PaymentKind};
use view::{
    Action, Choice, Element, Emphasis, Field, FieldKind, FieldValue, Icon, Reaction, Screen, Tone, View,
    keysym,
};

fn field(id: &str, kind: FieldKind) -> Element {
    Element::Field(Field {
        id: id.into(),
        label: format!("The {id}"),
        hint: "hint".into(),
        initial: String::new(),
        kind,
    })
}

fn action(id: &str, emphasis: Emphasis) -> Action {
    Action { id: id.into(), label: id.into(), emphasis }
}

fn pay() -> View {
    View {
        title: "Pay".into(),
        elements: vec![
            field("payee", FieldKind::Text { characters_max: 12 }),
            field("amount", FieldKind::Amount { currency: Currency::CNY }),
            field("code", FieldKind::Digits { digits_max: 4 }),
        ],
        actions: vec![action("go", Emphasis::Primary), action("back", Emphasis::Cancel)],
    }
}

fn amount_only() -> View {
    View { elements: vec![field("amount", FieldKind::Amount { currency: Currency::CNY })], ..pay() }
}

fn choices(count: usize) -> View {
    let choice = |number| Choice {
        id: format!("c{number}"),
        label: format!("Choice {number}"),
        detail: "with more to say".into(),
        icon: Icon::None,
        amount: None,
    };
    View {
        title: "Choose".into(),
        elements: vec![Element::Choices((1..=count).map(choice).collect())],
        actions: vec![],
    }
}

fn statement() -> Confirmation {
    Confirmation {
        kind: PaymentKind::Pay,
        payee: "Blue Lake Tea House".into(),
        payee_number: String::new(),
        amount: Money::new(2_350, Currency::CNY),
        fee: Money::new(0, Currency::CNY),
        account: "Everyday".into(),
        memo: String::new(),
    }
}

/// The values of the fields after an action with this identifier.
#[track_caller]
fn acted(reaction: Reaction, wanted: &str) -> Vec<(String, FieldValue)> {
    match reaction {
        Reaction::Action { id, fields } => {
            assert_eq!(id, wanted);
            fields
        }
        other => panic!("{other:?} is not an action"),
    }
}

#[test]
fn a_form_is_filled_in_by_keys() {
    let mut desk = Desk::new(pay(), desktop(), ENGLISH);
    desk.type_text("李 Na");
    desk.key(keysym::RETURN);
    desk.type_text("1234.567");
    desk.key(keysym::TAB);
    desk.type_text("12a345");
    let fields = acted(desk.key(keysym::RETURN), "go");
    assert_eq!(
        fields,
        [
            ("payee".to_owned(), FieldValue::Text("李 Na".into())),
            ("amount".to_owned(), FieldValue::Amount(Some(Money::new(123_456, Currency::CNY)))),
            ("code".to_owned(), FieldValue::Text("1234".into())),
        ]
    );
    acted(desk.key(keysym::ESCAPE), "back");
}

#[test]
fn text_is_edited_at_the_caret_and_bounded() {
    let mut desk = Desk::new(pay(), desktop(), ENGLISH);
    desk.type_text("ac");
    desk.key(keysym::LEFT);
    desk.type_text("b");
    desk.key(keysym::HOME);
    desk.key(keysym::DELETE);
    desk.key(keysym::END);
    desk.key(keysym::BACKSPACE);
    desk.type_text("0123456789012345");
    assert_eq!(desk.form.fields()[0].1, FieldValue::Text("b01234567890".into()));
    // What hides or reorders text is not typed.
    desk.key(keysym::CLEAR);
    desk.key(keysym::of('\u{202E}'));
    assert_eq!(desk.form.fields()[0].1, FieldValue::Text(String::new()));
}

#[test]
fn an_amount_stays_well_formed() {
    for (typed, wanted) in [
        ("", None),
        ("0", Some(0)),
        ("00012", Some(1_200)),
        (".5", Some(50)),
        ("1..5", Some(150)),
        ("12,5", Some(1_250)),
        ("-3", Some(300)),
        ("99999999999999", Some(999_999_999_900)),
    ] {
        let mut desk = Desk::new(amount_only(), desktop(), ENGLISH);
        desk.type_text(typed);
        let wanted = wanted.map(|units| Money::new(units, Currency::CNY));
        assert_eq!(desk.form.fields()[0].1, FieldValue::Amount(wanted), "typed {typed:?}");
    }
}

#[test]
fn an_amount_is_entered_on_the_pad() {
    let mut desk = Desk::new(amount_only(), phone(), ENGLISH);
    for key in ["pad.4", "pad.2", "pad..", "pad.5", "pad.9", "pad.backspace", "pad.0"] {
        assert_eq!(desk.tap(key), Reaction::Changed);
    }
    let fields = acted(desk.tap("pad.enter"), "go");
    assert_eq!(fields[0].1, FieldValue::Amount(Some(Money::new(4_250, Currency::CNY))));
    // Put away, the actions come back; a touch on the field opens it again.
    desk.tap("pad.hide");
    assert!(desk.scene.outline().iter().any(|node| node.id == "go"));
    desk.tap("amount");
    assert!(desk.scene.outline().iter().any(|node| node.id == "pad.7"));
}

#[test]
fn a_text_is_entered_on_the_letter_pad() {
    let mut desk = Desk::new(pay(), phone(), ENGLISH);
    assert!(!desk.scene.outline().iter().any(|node| node.id == "pad.q"), "a form is shown whole first");
    desk.tap("payee");
    for key in
        ["pad.shift", "pad.T", "pad.e", "pad.a", "pad.space", "pad.symbols", "pad.1", "pad.symbols", "pad.x"]
    {
        desk.tap(key);
    }
    assert_eq!(desk.form.fields()[0].1, FieldValue::Text("Tea 1x".into()));
    assert_eq!(desk.tap("pad.enter"), Reaction::Changed);
    assert_eq!(desk.form.focused(), Some("amount"));
    desk.tap("pad.9");
    assert_eq!(desk.form.fields()[1].1, FieldValue::Amount(Some(Money::new(900, Currency::CNY))));
}

#[test]
fn a_pad_is_drawn_only_where_keys_are_missing() {
    let has_pad = |touch, keys, view: View| {
        let desk = Desk::new(view, HardwareProfile { touch, keys, ..phone() }, ENGLISH);
        desk.scene.outline().iter().any(|node| node.id == "pad.5")
    };
    assert!(has_pad(true, Keys::None, amount_only()));
    // A number block may have no point.
    assert!(has_pad(true, Keys::Digits, amount_only()));
    assert!(!has_pad(true, Keys::Full, amount_only()));
    assert!(!has_pad(false, Keys::None, amount_only()));
}

#[test]
fn a_key_press_repaints_the_field_only() {
    for (width, height, density) in [(240, 320, 167), (480, 800, 233), (1080, 2400, 405)] {
        let profile = HardwareProfile::picture("p", width, height, density, PixelLayout::Rgb888);
        let profile = HardwareProfile { keys: Keys::Full, ..profile };
        let mut desk = Desk::new(pay(), profile, ENGLISH);
        for character in ['B', 'l', ' ', '中'] {
            desk.type_text(&character.to_string());
            let field = desk.rect("payee");
            for rect in &desk.damage {
                assert!(field.contains(rect.x, rect.y), "{rect:?} outside of {field:?}");
                assert!(
                    field.contains(rect.x + rect.width - 1, rect.y + rect.height - 1),
                    "{rect:?} outside of {field:?}"
                );
            }
            let share: usize = desk.damage.iter().map(|rect| rect.area()).sum();
            assert!(share * 25 < usize::from(width) * usize::from(height), "{share} pixels for a key");
        }
        assert!(desk.key(keysym::of('\u{7}')) == Reaction::None && desk.damage.is_empty());
    }
}

#[test]
fn a_touch_presses_and_a_release_elsewhere_does_not_act() {
    let mut desk = Desk::new(screens::confirmation(CHINESE.language, &statement()), phone(), CHINESE);
    let rect = desk.rect(screens::CONFIRM);
    assert_eq!(desk.pointer(1, rect.x + 5, rect.y + 5), Reaction::Changed);
    assert!(!desk.damage.is_empty(), "pressed looks different");
    assert_eq!(desk.pointer(0, 5, 200), Reaction::Changed);
    acted(desk.tap(screens::CONFIRM), screens::CONFIRM);
    acted(desk.tap(screens::CANCEL), screens::CANCEL);
}

#[test]
fn a_long_list_scrolls_by_keys_by_wheel_and_by_finger() {
    let mut desk = Desk::new(choices(40), phone(), ENGLISH);
    for _ in 0..39 {
        desk.key(keysym::DOWN);
    }
    assert_eq!(desk.form.focused(), Some("c40"));
    assert!(desk.rect("c40").area() > 0, "the focus is scrolled into sight");
    assert_eq!(desk.rect("c1").area(), 0);
    desk.key(keysym::HOME);
    assert!(desk.rect("c1").area() > 0);
    // Enter takes nothing that cannot be seen.
    assert_eq!(desk.key(keysym::RETURN), Reaction::Changed);
    assert!(desk.rect("c40").area() > 0);
    acted(desk.key(keysym::RETURN), "c40");
    desk.key(keysym::HOME);
    for y in [600, 560, 500, 400, 300] {
        desk.pointer(1, 240, y);
    }
    assert_eq!(desk.pointer(0, 240, 300), Reaction::Changed, "a drag is not a choice");
    assert_eq!(desk.rect("c1").area(), 0);
    desk.pointer(8, 240, 300);
    desk.pointer(0, 240, 300);
    desk.key(keysym::HOME);
    acted(desk.tap("c2"), "c2");
}

#[test]
fn digit_keys_choose_by_number() {
    let mut desk = Desk::new(choices(12), HardwareProfile::text("t", 20, 4), ENGLISH);
    acted(desk.key(keysym::of('3')), "c3");
    acted(desk.key(0xFFB9), "c9");
    assert_eq!(desk.key(keysym::of('0')), Reaction::None);
}

#[test]
fn on_a_small_text_display_enter_shows_every_page_before_it_confirms() {
    let screen = screens::confirmation(ENGLISH.language, &statement());
    let mut desk = Desk::new(screen, HardwareProfile::text("t", 20, 4), ENGLISH);
    let mut pages = 1;
    loop {
        match desk.key(keysym::RETURN) {
            Reaction::Changed => pages += 1,
            reaction => {
                acted(reaction, screens::CONFIRM);
                break;
            }
        }
        assert!(pages < 10);
    }
    assert!(pages >= 2);
}

#[test]
fn typed_text_is_carried_over_to_the_view_sent_again() {
    let mut desk = Desk::new(pay(), desktop(), ENGLISH);
    desk.type_text("Tea");
    desk.key(keysym::TAB);
    desk.type_text("5");
    let mut again = pay();
    again.elements.insert(0, Element::Text { text: "No such payee.".into(), tone: Tone::Warning });
    let form = view::Form::new(&Screen::from(again), &desk.profile).carried_over(&desk.form);
    assert_eq!(form.fields()[0].1, FieldValue::Text("Tea".into()));
    assert_eq!(form.focused(), Some("amount"));
}

#[test]
fn nothing_changes_without_a_cause() {
    let mut desk = Desk::new(pay(), phone(), ENGLISH);
    desk.refresh();
    assert_eq!(desk.damage, []);
    for keysym in [keysym::BACKSPACE, keysym::LEFT, 0xFFE1, 0xFFFF_FFFF] {
        assert_eq!(desk.key(keysym), Reaction::None, "{keysym:#x}");
        assert_eq!(desk.damage, []);
    }
}

#[test]
fn a_small_display_has_one_way_back_at_a_time() {
    let top_left = |desk: &mut Desk| {
        desk.pointer(1, 12, 12);
        desk.pointer(0, 12, 12)
    };
    let view = View { elements: vec![], ..pay() };
    acted(top_left(&mut Desk::new(view.clone(), phone(), ENGLISH)), "back");
    let small = HardwareProfile::picture("small", 240, 320, 167, PixelLayout::Rgb565);
    let mut desk = Desk::new(view, small.clone(), ENGLISH);
    assert_eq!(top_left(&mut desk), Reaction::None);
    acted(desk.tap("back"), "back");
    // The pad hides the button, so the arrow is there.
    let mut desk = Desk::new(amount_only(), small, ENGLISH);
    assert!(desk.scene.outline().iter().all(|node| node.id != "back"));
    acted(top_left(&mut desk), "back");
}
