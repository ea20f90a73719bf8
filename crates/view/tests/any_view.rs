//! Any view within its bounds, on any display, under any input: nothing panics, the damage that is sent
//! is exactly what changed, and everything stays on the screen.

mod common;

use common::{CHINESE, Desk};
use money::{Currency, Money};
use profile::{HardwareProfile, Keys, PixelLayout};
use proptest::prelude::*;
use view::screens::{self, Confirmation, PaymentKind};
use view::{
    Action, Choice, Detail, Element, Emphasis, Field, FieldKind, Icon, Screen, Style, Theme, Tone, View,
    keysym,
};

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Za-z ,.]{0,24}",
        2 => "[\u{4e00}-\u{4f00}，。 a-z]{0,20}",
        1 => "\\PC{0,40}",
        1 => any::<String>().prop_map(|text| text.chars().take(60).collect()),
        1 => "[\u{0}-\u{20}\u{200b}-\u{202e}\u{300}-\u{310}\u{1f600}-\u{1f610}a中\n]{0,30}",
        1 => "[a-z]{80,300}",
    ]
}

fn money() -> impl Strategy<Value = Money> {
    let currency =
        prop_oneof![Just(Currency::CNY), Just(Currency::JPY), Just(Currency::KWD), Just(Currency::SGD)];
    let units = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), -1_000_000_i64..1_000_000];
    (units, currency).prop_map(|(units, currency)| Money::new(units, currency))
}

fn icon() -> impl Strategy<Value = Icon> {
    prop_oneof![
        Just(Icon::None),
        Just(Icon::Pay),
        Just(Icon::Transfer),
        Just(Icon::TopUp),
        Just(Icon::History),
        Just(Icon::Merchant),
        Just(Icon::Person),
        Just(Icon::Card),
        Just(Icon::Incoming),
        Just(Icon::Outgoing),
    ]
}

fn kind() -> impl Strategy<Value = FieldKind> {
    prop_oneof![
        (0_u16..200).prop_map(|characters_max| FieldKind::Text { characters_max }),
        (0_u16..40).prop_map(|digits_max| FieldKind::Digits { digits_max }),
        money().prop_map(|money| FieldKind::Amount { currency: money.currency() }),
    ]
}

fn element() -> impl Strategy<Value = Element> {
    let tone = prop_oneof![Just(Tone::Body), Just(Tone::Muted), Just(Tone::Heading), Just(Tone::Warning)];
    let choice = (words(), words(), icon(), proptest::option::of(money()))
        .prop_map(|(label, detail, icon, amount)| Choice { id: "c".into(), label, detail, icon, amount });
    let detail =
        (words(), words(), any::<bool>()).prop_map(|(label, value, strong)| Detail { label, value, strong });
    let table = (0_usize..=6, 0_usize..5).prop_flat_map(|(columns, rows)| {
        let row = || proptest::collection::vec(words(), columns);
        (row(), proptest::collection::vec(row(), rows))
    });
    prop_oneof![
        (words(), tone).prop_map(|(text, tone)| Element::Text { text, tone }),
        (words(), money()).prop_map(|(label, amount)| Element::Amount { label, amount }),
        (words(), words(), words(), kind()).prop_map(|(label, hint, initial, kind)| {
            Element::Field(Field { id: "f".into(), label, hint, initial, kind })
        }),
        proptest::collection::vec(choice, 0..7).prop_map(Element::Choices),
        proptest::collection::vec(detail, 0..6).prop_map(Element::Details),
        table.prop_map(|(columns, rows)| Element::Table { columns, rows }),
        ("\\PC{0,80}", words()).prop_map(|(content, caption)| Element::QrCode { content, caption }),
        (any::<bool>(), words()).prop_map(|(success, text)| Element::Outcome { success, text }),
        words().prop_map(|text| Element::Progress { text }),
    ]
}

fn screen() -> impl Strategy<Value = Screen> {
    let emphasis = prop_oneof![Just(Emphasis::Primary), Just(Emphasis::Secondary), Just(Emphasis::Cancel)];
    let action = (words(), emphasis).prop_map(|(label, emphasis)| Action { id: "a".into(), label, emphasis });
    let view =
        (words(), proptest::collection::vec(element(), 0..7), proptest::collection::vec(action, 0..=6))
            .prop_map(|(title, elements, actions)| {
                let mut view = View { title, elements, actions };
                number(&mut view);
                Screen::from(view)
            });
    let platform = (words(), words(), money(), money(), any::<[u8; 16]>(), 0_u8..6).prop_map(
        |(payee, account, amount, fee, nonce, which)| {
            let language = CHINESE.language;
            let statement = Confirmation {
                kind: PaymentKind::Transfer,
                payee,
                payee_number: String::new(),
                amount,
                fee,
                account,
                memo: "·".into(),
            };
            match which {
                0 => screens::welcome(language, &statement.payee, &nonce),
                1 => screens::confirmation(language, &statement),
                2 => screens::waiting_for_signature(language, &statement),
                3 => screens::declined(language, &statement.payee),
                4 => screens::ended(language, &statement.payee, false),
                _ => screens::busy(language),
            }
        },
    );
    prop_oneof![5 => view, 1 => platform]
}

/// Gives every action, choice and field an identifier of its own, as the bounds of a view ask.
fn number(view: &mut View) {
    let mut next = 0;
    let mut fresh = |letter: char| {
        next += 1;
        format!("{letter}{next}")
    };
    for element in &mut view.elements {
        match element {
            Element::Field(field) => field.id = fresh('f'),
            Element::Choices(choices) => choices.iter_mut().for_each(|choice| choice.id = fresh('c')),
            _ => {}
        }
    }
    view.actions.iter_mut().for_each(|action| action.id = fresh('a'));
}

#[derive(Debug, Clone)]
enum Input {
    Key(u32),
    Pointer(u8, u16, u16),
}

/// Positions are in thousandths of the screen.
fn input() -> impl Strategy<Value = Input> {
    let named = prop_oneof![
        Just(keysym::TAB),
        Just(keysym::SHIFT_TAB),
        Just(keysym::RETURN),
        Just(keysym::ESCAPE),
        Just(keysym::BACKSPACE),
        Just(keysym::DELETE),
        Just(keysym::LEFT),
        Just(keysym::RIGHT),
        Just(keysym::HOME),
        Just(keysym::END),
        Just(keysym::PAGE_DOWN),
        Just(keysym::PAGE_UP),
        Just(keysym::CLEAR),
        Just(keysym::of('中')),
    ];
    prop_oneof![
        3 => named.prop_map(Input::Key),
        3 => (0x20_u32..0x7F).prop_map(Input::Key),
        1 => any::<u32>().prop_map(Input::Key),
        4 => (prop_oneof![Just(0_u8), Just(1), Just(8), Just(16), any::<u8>()], 0_u16..1100, 0_u16..1100)
            .prop_map(|(buttons, x, y)| Input::Pointer(buttons, x, y)),
    ]
}

fn drive(desk: &mut Desk, inputs: &[Input]) {
    let (width, height) = desk.scene.size();
    let at = |share: u16, side: u16| {
        u16::try_from(u32::from(share) * u32::from(side) / 1_000).expect("on the screen")
    };
    for input in inputs {
        match input {
            Input::Key(keysym) => desk.key(*keysym),
            Input::Pointer(buttons, x, y) => desk.pointer(*buttons, at(*x, width), at(*y, height)),
        };
    }
}

fn profile() -> impl Strategy<Value = HardwareProfile> {
    let side = |max: u16| prop_oneof![3 => 16_u16..320, 2 => 200_u16..500, 1 => 16_u16..=max];
    let layout = prop_oneof![Just(PixelLayout::Rgb888), Just(PixelLayout::Rgb565), Just(PixelLayout::Grey8)];
    let keys = prop_oneof![Just(Keys::None), Just(Keys::Digits), Just(Keys::Full)];
    (side(1080), side(2400), 1_u16..700, layout, keys, any::<bool>()).prop_map(
        |(width, height, density, layout, keys, touch)| {
            let picture = HardwareProfile::picture("any", width, height, density, layout);
            HardwareProfile { keys, touch, ..picture }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// `Desk::refresh` compares the damaged picture with a full redraw after each input.
    #[test]
    fn any_view_on_any_picture_display(
        screen in screen(),
        profile in profile(),
        dark in any::<bool>(),
        inputs in proptest::collection::vec(input(), 0..10),
    ) {
        let theme = if dark { Theme::Dark } else { Theme::Light };
        let mut desk = Desk::new(screen, profile, Style { theme, ..CHINESE });
        prop_assert_eq!(desk.shown.len(), desk.profile.screen_bytes());
        drive(&mut desk, &inputs);
    }

    #[test]
    fn any_view_on_any_text_display(
        screen in screen(),
        columns in 1_u16..=90,
        rows in 1_u16..=30,
        inputs in proptest::collection::vec(input(), 0..14),
    ) {
        let mut desk = Desk::new(screen, HardwareProfile::text("any", columns, rows), CHINESE);
        drive(&mut desk, &inputs);
        let cells: Vec<u32> =
            desk.shown.chunks(4).map(|cell| u32::from_le_bytes(cell.try_into().expect("four bytes"))).collect();
        prop_assert_eq!(cells.len(), usize::from(columns) * usize::from(rows));
        for row in cells.chunks(usize::from(columns)) {
            let mut after_wide = false;
            for cell in row {
                let point = cell & 0x1F_FFFF;
                // The second half of a wide character stands behind one, and nowhere else.
                prop_assert_eq!(point == 0, after_wide);
                let character = char::from_u32(point);
                prop_assert!(character.is_some_and(|character| point == 0 || !character.is_control()));
                // Two cells are the most that one character takes, also where Unicode says three (U+17D8).
                let width = unicode_width::UnicodeWidthChar::width(character.expect("checked"));
                after_wide = point != 0 && width >= Some(2);
            }
            prop_assert!(!after_wide, "half a wide character at the edge");
        }
    }

    /// A part of the picture rastered alone is the same part of the whole.
    #[test]
    fn a_rectangle_alone_is_the_same_as_in_the_whole(
        screen in screen(),
        profile in profile(),
        (x, y, width, height) in (0_u16..1200, 0_u16..2500, 1_u16..500, 1_u16..500),
    ) {
        let desk = Desk::new(screen, profile, CHINESE);
        let (screen_width, screen_height) = desk.scene.size();
        let part = desk.scene.raster(view::Rect::new(x, y, width, height), common::fonts(), common::painter());
        let size = desk.profile.pixel_layout().bytes_per_pixel();
        let mut expected = Vec::new();
        for row in y..y.saturating_add(height).min(screen_height) {
            let end = x.saturating_add(width).min(screen_width);
            if x < end {
                let start = (usize::from(row) * usize::from(screen_width) + usize::from(x)) * size;
                expected.extend_from_slice(&desk.shown[start..start + usize::from(end - x) * size]);
            }
        }
        prop_assert!(part == expected);
    }
}

/// The largest display, once: the random ones are smaller.
#[test]
fn a_view_of_the_most_elements_on_the_largest_display() {
    let rows: Vec<Choice> = (0..view::ROWS_MAX)
        .map(|number| Choice {
            id: format!("c{number}"),
            label: format!("Choice {number} 选择"),
            detail: "detail".into(),
            icon: Icon::Merchant,
            amount: Some(Money::new(12_345, Currency::CNY)),
        })
        .collect();
    let elements = vec![Element::Choices(rows); view::ELEMENTS_MAX];
    let mut view = View { title: "Much".into(), elements, actions: Vec::new() };
    number(&mut view);
    let profile = HardwareProfile::picture("large", 1080, 2400, 405, PixelLayout::Rgb565);
    let mut desk = Desk::new(view, profile, CHINESE);
    for _ in 0..3 {
        desk.key(keysym::PAGE_DOWN);
        desk.key(keysym::SHIFT_TAB);
    }
}
