//! `thinpay bench view`: what a screen costs, from view to pixels and to coded bytes, on three displays.

use std::time::Duration;

use anyhow::{Context as _, Result};
use money::{Currency, Money};
use profile::{HardwareProfile, Keys, PixelLayout};
use view::{
    Action, Choice, Element, Emphasis, Field, FieldKind, Fonts, Form, Icon, Painter, Rect, Scene, Screen,
    Style, Tone, View, keysym,
};

use super::{Better, Options, Row, percentile, sample};

/// A key press to damage, 480x800, p99 (without sealing, which is measured by `bench seal`).
const KEY_PRESS_MS_TARGET: f64 = 3.0;
/// The first screen at 480x800, coded.
const FIRST_SCREEN_BYTES_TARGET: f64 = 15_000.0;
/// A key press at 480x800, coded.
const KEY_PRESS_BYTES_TARGET: f64 = 1_500.0;
/// What 1,000 idle sessions may take, shared among them (the scene is a part of a session).
const SCENE_BYTES_TARGET: f64 = 100_000.0;

/// Runs the benchmark. Chinese needs one of the known fonts; without, its letters are the missing-glyph box.
pub(crate) fn run(options: &Options) -> Result<Vec<Row>> {
    let runs = if options.quick { 50 } else { 1_000 };
    let fonts = crate::fonts::load(&[]).context("The fonts cannot be read.")?;
    let painter = Painter::new();
    let mut rows = Vec::new();
    for (name, width, height, density, layout) in [
        ("240x320", 240, 320, 167, PixelLayout::Rgb565),
        ("480x800", 480, 800, 233, PixelLayout::Rgb888),
        ("1080x2400", 1080, 2400, 405, PixelLayout::Rgb888),
    ] {
        let profile = HardwareProfile::picture(name, width, height, density, layout);
        let profile = HardwareProfile { keys: Keys::Full, ..profile };
        rows.extend(display(name, &profile, runs, &fonts, &painter));
    }
    rows.push(row(
        "masks-shared",
        size(painter.memory_bytes()),
        "bytes",
        None,
        "the masks of all letters, icons and corners that the above needed, shared by every session",
    ));
    Ok(rows)
}

fn display(name: &str, profile: &HardwareProfile, runs: usize, fonts: &Fonts, painter: &Painter) -> Vec<Row> {
    let style = Style::default();
    let is_middle = name == "480x800";
    let target = |value: f64| is_middle.then_some(value);
    let mut rows = Vec::new();

    let scene_of = |screen: &Screen, form: &Form| Scene::layout(screen, form, profile, &style, fonts);
    // Numbers that were not on any screen before, as a new balance is.
    let mut number = 0;
    let mut first = sample(runs, || {
        number += 1;
        let screen = Screen::from(home(number));
        let scene = scene_of(&screen, &Form::new(&screen, profile));
        std::hint::black_box(scene.raster(scene.whole(), fonts, painter));
    });
    let cold = first.iter().max().copied().unwrap_or_default();
    rows.push(row(
        &format!("first-screen-cold/{name}"),
        millis(cold),
        "ms",
        None,
        "the slowest of the next row's runs: the first, with nothing cached",
    ));
    rows.extend(times(
        &format!("new-screen/{name}"),
        &mut first,
        None,
        "view to layout to all pixels, with amounts never shown before",
    ));

    let screen = Screen::from(home(0));
    let form = Form::new(&screen, profile);
    let scene = scene_of(&screen, &form);
    let coded = code(&scene, scene.whole(), fonts, painter, profile);
    rows.push(row(
        &format!("first-screen-bytes/{name}"),
        size(coded),
        "bytes",
        target(FIRST_SCREEN_BYTES_TARGET),
        "a home screen of balance, four choices and three payments, in the sealed tile's coding",
    ));
    rows.push(row(
        &format!("scene-memory/{name}"),
        size(scene.memory_bytes()),
        "bytes",
        target(SCENE_BYTES_TARGET),
        "what a session keeps of its screen, instead of a picture",
    ));
    rows.push(row(
        &format!("scene-operations/{name}"),
        size(scene.operations()),
        "operations",
        None,
        "drawing operations of the home screen",
    ));

    let screen = Screen::from(pay());
    let mut form = Form::new(&screen, profile);
    let mut scene = scene_of(&screen, &form);
    let mut letters = "The quick brown fox jumps".chars().cycle();
    let (mut damaged, mut bytes, mut presses) = (0, 0, 0_usize);
    let mut sent: Vec<(Scene, Vec<Rect>)> = Vec::new();
    let mut press = sample(runs, || {
        let letter = letters.next().unwrap_or('a');
        form.key(keysym::of(letter), true, &scene);
        let next = scene_of(&screen, &form);
        let damage = next.damage_from(&scene);
        for rect in &damage {
            std::hint::black_box(next.raster(*rect, fonts, painter));
        }
        sent.push((std::mem::replace(&mut scene, next), damage));
        if form
            .fields()
            .iter()
            .any(|(_, value)| matches!(value, view::FieldValue::Text(text) if text.chars().count() >= 30))
        {
            form.key(keysym::CLEAR, true, &scene);
        }
    });
    sent.push((scene, Vec::new()));
    // The scene after each press is the one stored with the next.
    for pair in sent.windows(2) {
        let [(_, damage), (after, _)] = pair else { continue };
        presses += 1;
        for rect in damage {
            damaged += rect.area();
            bytes += code(after, *rect, fonts, painter, profile);
        }
    }
    let (width, height) = profile.size();
    let all = size(usize::from(width) * usize::from(height)) * size(presses.max(1));
    rows.extend(times(
        &format!("key-press/{name}"),
        &mut press,
        target(KEY_PRESS_MS_TARGET),
        "key to layout to damage to the damaged pixels",
    ));
    rows.push(row(
        &format!("key-press-bytes/{name}"),
        size(bytes) / size(presses.max(1)),
        "bytes",
        target(KEY_PRESS_BYTES_TARGET),
        "the damaged rectangles of a key press in the sealed tile's coding, mean",
    ));
    rows.push(row(
        &format!("key-press-damage/{name}"),
        100.0 * size(damaged) / all,
        "percent",
        None,
        "damaged pixels of all, mean",
    ));
    rows
}

/// Bytes of a rectangle in the sealed tile's coding.
fn code(scene: &Scene, rect: Rect, fonts: &Fonts, painter: &Painter, profile: &HardwareProfile) -> usize {
    let pixels = scene.raster(rect, fonts, painter);
    rfb::tile::encode(&pixels, rect.width, rect.height, profile.pixel_layout()).len()
}

fn home(number: i64) -> View {
    let yuan = |minor_units| Money::new(minor_units, Currency::CNY);
    let choice = |id: &str, label: &str, detail: &str, icon, amount| Choice {
        id: id.to_owned(),
        label: label.to_owned(),
        detail: detail.to_owned(),
        icon,
        amount,
    };
    View {
        title: "Bank card".to_owned(),
        elements: vec![
            Element::Amount { label: "Everyday account".to_owned(), amount: yuan(1_284_650 + number * 37) },
            Element::Choices(vec![
                choice("pay", "Pay", "", Icon::Pay, None),
                choice("transfer", "Transfer", "", Icon::Transfer, None),
                choice("top-up", "Top up", "", Icon::TopUp, None),
                choice("history", "History", "", Icon::History, None),
            ]),
            Element::Text { text: "Recent 最近".to_owned(), tone: Tone::Heading },
            Element::Choices(vec![
                choice(
                    "1",
                    "Blue Lake Tea House",
                    "Today 14:05",
                    Icon::Outgoing,
                    Some(yuan(-2_350 - number)),
                ),
                choice("2", "王芳", "Yesterday", Icon::Incoming, Some(yuan(50_000 + number))),
                choice("3", "City Water", "2026-11-18", Icon::Outgoing, Some(yuan(-8_210))),
            ]),
        ],
        actions: Vec::new(),
    }
}

fn pay() -> View {
    let field = |id: &str, label: &str, kind| {
        Element::Field(Field {
            id: id.to_owned(),
            label: label.to_owned(),
            hint: String::new(),
            initial: String::new(),
            kind,
        })
    };
    let action =
        |id: &str, label: &str, emphasis| Action { id: id.to_owned(), label: label.to_owned(), emphasis };
    View {
        title: "Pay a merchant".to_owned(),
        elements: vec![
            field("merchant", "Merchant's name or number", FieldKind::Text { characters_max: 40 }),
            field("amount", "Amount", FieldKind::Amount { currency: Currency::CNY }),
            Element::Text {
                text: "From Everyday account, ¥12,846.50 available.".to_owned(),
                tone: Tone::Muted,
            },
        ],
        actions: vec![action("go", "Continue", Emphasis::Primary), action("back", "Back", Emphasis::Cancel)],
    }
}

fn times(name: &str, samples: &mut [Duration], target: Option<f64>, how: &str) -> [Row; 2] {
    let half = millis(percentile(samples, 500));
    let slow = millis(percentile(samples, 990));
    [row(&format!("{name}/p50"), half, "ms", None, how), row(&format!("{name}/p99"), slow, "ms", target, how)]
}

fn row(name: &str, value: f64, unit: &'static str, target: Option<f64>, how: &str) -> Row {
    Row { name: name.to_owned(), value, unit, better: Better::Lower, target, peer: None, how: how.to_owned() }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A count as a figure; exact below 2^32, far above any here.
fn size(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
