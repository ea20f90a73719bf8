//! What is seen: the text display and the outline as text, fonts that lack characters, and the
//! platform's screens.

mod common;

use common::{CHINESE, Desk, ENGLISH, fonts, painter, phone};
use money::{Currency, Money};
use profile::{HardwareProfile, PixelLayout};
use view::screens::{self, Confirmation, PaymentKind};
use view::{
    Action, CHINESE_FONT_PACKAGE, Choice, Detail, Element, Emphasis, Field, FieldKind, FontData, FontError,
    Fonts, Form, Icon, Scene, Screen, Style, Theme, Tone, View, keysym,
};

fn home() -> View {
    let choice = |id: &str, label: &str, icon| Choice {
        id: id.into(),
        label: label.into(),
        detail: String::new(),
        icon,
        amount: None,
    };
    View {
        title: "Bank card 银行卡".into(),
        elements: vec![
            Element::Amount { label: "Available".into(), amount: Money::new(1_284_650, Currency::CNY) },
            Element::Choices(vec![
                choice("pay", "Pay 付款", Icon::Pay),
                choice("history", "History", Icon::History),
            ]),
            Element::Field(Field {
                id: "note".into(),
                label: "Note".into(),
                hint: String::new(),
                initial: "茶a".into(),
                kind: FieldKind::Text { characters_max: 9 },
            }),
            Element::Details(vec![Detail { label: "Time".into(), value: "14:05".into(), strong: false }]),
            Element::Text { text: "Words that need a second row here.".into(), tone: Tone::Warning },
        ],
        actions: vec![Action { id: "done".into(), label: "Done".into(), emphasis: Emphasis::Primary }],
    }
}

fn statement() -> Confirmation {
    Confirmation {
        kind: PaymentKind::Pay,
        payee: "Blue Lake\u{202E} Tea".into(),
        payee_number: "M-1".into(),
        amount: Money::new(123_450, Currency::CNY),
        fee: Money::new(120, Currency::CNY),
        account: "Everyday".into(),
        memo: String::new(),
    }
}

/// The one place where a text display's picture is compared.
#[track_caller]
fn check(screen: impl Into<Screen>, columns: u16, rows: u16, keys: &[u32], expected: &str) {
    let mut desk = Desk::new(screen, HardwareProfile::text("text", columns, rows), ENGLISH);
    for key in keys {
        desk.key(*key);
    }
    assert_eq!(desk.lines().trim_end(), expected.trim_start_matches('\n').trim_end());
}

#[test]
fn a_view_on_a_text_display() {
    check(
        home(),
        30,
        12,
        &[],
        "
Bank card 银行卡
Available           ¥12,846.50
1 Pay 付款
2 History
Note: >茶a
Time                     14:05
! Words that need a second row
here.



[Done]
",
    );
}

#[test]
fn a_view_on_the_smallest_text_display_is_paged() {
    check(home(), 20, 4, &[], "Bank card 银行卡 1/3\nAvailable ¥12,846.50\n1 Pay 付款\n2 History");
    check(
        home(),
        20,
        4,
        &[keysym::PAGE_DOWN],
        "Bank card 银行卡 2/3\nNote: >茶a\nTime           14:05\n! Words that need a",
    );
    check(
        home(),
        20,
        4,
        &[keysym::PAGE_DOWN, keysym::PAGE_DOWN],
        "Bank card 银行卡 3/3\nsecond row here.\n[Done]",
    );
}

#[test]
fn the_confirmation_on_a_text_display() {
    check(
        screens::confirmation(ENGLISH.language, &statement()),
        60,
        12,
        &[],
        "
 ThinPay · Secure screen | Confirm payment
You pay · CNY                          ¥1,234.50
To                                 Blue Lake Tea
Payee number                                 M-1
From                                    Everyday
Fee                                        ¥1.20
Total                                  ¥1,235.70
Your terminal signs exactly this.



[Confirm] [Cancel]
",
    );
}

#[test]
fn the_outline_says_what_the_picture_shows() {
    let desk = Desk::new(home(), phone(), ENGLISH);
    assert_eq!(
        desk.outline(),
        "title: Bank card 银行卡\n\
         amount: Available: ¥12,846.50\n\
         choice #pay: Pay 付款\n\
         choice #history: History\n\
         label: Note\n\
         *field #note: 茶a\n\
         detail: Time: 14:05\n\
         warning: Words that need a second row here.\n\
         action #done: Done\n"
    );
}

#[test]
fn every_part_in_sight_lies_on_the_screen_and_apart() {
    for (width, height) in [(240, 320), (480, 800), (1080, 2400), (320, 240), (1280, 800)] {
        let profile = HardwareProfile::picture("p", width, height, 200, PixelLayout::Rgb565);
        let desk = Desk::new(screens::confirmation(CHINESE.language, &statement()), profile, CHINESE);
        let buttons: Vec<_> = [screens::CONFIRM, screens::CANCEL].iter().map(|id| desk.rect(id)).collect();
        for rect in &buttons {
            assert!(
                rect.width >= 44 && rect.height >= 28,
                "{rect:?} at {width}x{height} is too small to touch"
            );
        }
        assert!(buttons[0].x >= buttons[1].x + buttons[1].width, "side by side");
    }
}

#[test]
fn missing_glyphs_name_the_package() {
    let latin = Fonts::new(Vec::new()).expect("the embedded fonts");
    assert_eq!(latin.covers("Blue Lake ¥1,234.50 − €"), Ok(()));
    let missing = latin.covers("付款 pay").expect_err("Latin has no Chinese");
    assert_eq!(missing.characters, "付款");
    assert!(missing.to_string().contains(CHINESE_FONT_PACKAGE));
    assert_eq!(Fonts::new(vec![FontData::from(vec![1, 2, 3])]).err(), Some(FontError::NotAFont(0)));
    if fonts().covers("付").is_ok() {
        assert_eq!(fonts().covers_platform(), Ok(()));
    }
}

#[test]
fn a_view_without_its_font_is_still_drawn() {
    let latin = Fonts::new(Vec::new()).expect("the embedded fonts");
    let screen = Screen::from(home());
    let form = Form::new(&screen, &phone());
    let scene = Scene::layout(&screen, &form, &phone(), &CHINESE, &latin);
    assert_eq!(scene.raster(scene.whole(), &latin, painter()).len(), 480 * 800 * 4);
}

#[test]
fn the_welcome_picture_is_unique_to_its_nonce_and_the_same_for_the_same() {
    let picture = |nonce: u8, style: Style| {
        let screen = screens::welcome(style.language, "Li Na", &[nonce; 16]);
        Desk::new(screen, phone(), style).shown
    };
    assert!(picture(1, ENGLISH) == picture(1, ENGLISH));
    assert!(picture(1, ENGLISH) != picture(2, ENGLISH));
    assert!(picture(1, ENGLISH) != picture(1, Style { theme: Theme::Dark, ..ENGLISH }));
}

#[test]
fn an_app_cannot_draw_the_platforms_header() {
    let platform = screens::confirmation(ENGLISH.language, &statement());
    let imitation = Screen::from(platform.view().clone());
    for profile in [phone(), HardwareProfile::text("t", 20, 4)] {
        let real = Desk::new(platform.clone(), profile.clone(), ENGLISH);
        let fake = Desk::new(imitation.clone(), profile, ENGLISH);
        assert!(real.shown[..16] != fake.shown[..16], "the first pixels are in the platform's colour");
    }
}

#[test]
fn amounts_are_written_for_people() {
    for (units, currency, expected) in [
        (123_450, Currency::CNY, "¥1,234.50"),
        (-5, Currency::USD, "−$0.05"),
        (1_000_000, Currency::JPY, "¥1,000,000"),
        (1_234, Currency::KWD, "KWD 1.234"),
        (i64::MIN, Currency::CNY, "−¥92,233,720,368,547,758.08"),
    ] {
        assert_eq!(view::amount_text(Money::new(units, currency)), expected);
    }
}

#[test]
fn a_screen_has_few_colours() {
    let desk = Desk::new(home(), phone(), ENGLISH);
    let mut pixels: Vec<&[u8]> = desk.shown.chunks(4).collect();
    pixels.sort_unstable();
    pixels.dedup();
    assert!(pixels.len() <= 256, "{} colours do not fit a palette", pixels.len());
}

/// A list whose rows say this.
fn list(choices: &[(&str, &str, Option<i64>)]) -> View {
    let choice = |(number, (label, detail, amount)): (usize, &(&str, &str, Option<i64>))| Choice {
        id: format!("c{number}"),
        label: (*label).into(),
        detail: (*detail).into(),
        icon: Icon::None,
        amount: amount.map(|units| Money::new(units, Currency::CNY)),
    };
    View {
        title: "List".into(),
        elements: vec![Element::Choices(choices.iter().enumerate().map(choice).collect())],
        actions: vec![],
    }
}

#[test]
fn what_tells_two_choices_apart_is_never_cut() {
    let payees = [("Blue Lake", "Account ending 0512", None), ("Blue Lake", "Account ending 0513", None)];
    check(list(&payees), 20, 4, &[], "List             1/2\n1 Blue Lake\n  Account ending\n  0512");
    check(
        list(&payees),
        20,
        4,
        &[keysym::PAGE_DOWN],
        "List             2/2\n2 Blue Lake\n  Account ending\n  0513",
    );
}

#[test]
fn an_entry_and_a_name_with_its_value_stay_on_one_page() {
    let entries =
        [("Luckin Coffee", "2026-11-23 14:05", Some(-2_350)), ("Top up", "2026-11-22 09:00", Some(50_000))];
    let second = "List             2/2\n2 Top up     ¥500.00\n  2026-11-22 09:00";
    check(list(&entries), 20, 4, &[keysym::PAGE_DOWN], second);

    let detail =
        |label: &str, value: &str| Detail { label: label.into(), value: value.into(), strong: false };
    let details = vec![detail("To", "Luckin"), detail("A", "1"), detail("Reference", "7K3-M92-QXC-77")];
    let view = View { title: "Entry".into(), elements: vec![Element::Details(details)], actions: vec![] };
    check(view, 20, 4, &[keysym::PAGE_DOWN], "Entry            2/2\nReference\n7K3-M92-QXC-77");
}

#[test]
fn an_apps_title_cannot_look_like_the_platforms_on_a_text_display() {
    let view = View { title: "*Confirm payment".into(), elements: vec![], actions: vec![] };
    check(view.clone(), 20, 4, &[], "Confirm payment");
    let desk = Desk::new(view, HardwareProfile::text("text", 20, 4), ENGLISH);
    assert_eq!(desk.outline(), "title: Confirm payment\n");
    let confirmation = screens::confirmation(ENGLISH.language, &statement());
    let desk = Desk::new(confirmation, HardwareProfile::text("text", 20, 4), ENGLISH);
    assert!(desk.lines().starts_with("*Confirm payment"), "{}", desk.lines());
}
