//! Draws a payment's screens in sizes, languages and themes to PNG files.
//!
//! ```text
//! cargo run -p view --example gallery -- DIRECTORY [FONT]...
//! cargo run -p view --example gallery -- --documentation docs/screens
//! ```
//! Without fonts, the first of `KNOWN_FONT_PATHS` that is there is used. `DIRECTORY/sheet-*.png` are contact
//! sheets, `DIRECTORY/text-*.txt` the text display. With `--documentation`, only the few sheets that the
//! documentation shows are written.
#![allow(clippy::print_stdout, reason = "a command-line tool")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example stops at an error"
)]

use money::{Currency, Money};
use profile::{HardwareProfile, Keys, PixelLayout};
use std::path::{Path, PathBuf};
use view::screens::{Confirmation, PaymentKind};
use view::{
    Action, Choice, Detail, Element, Emphasis, Field, FieldKind, FontData, Fonts, Form, Icon,
    KNOWN_BOLD_FONT_PATHS, KNOWN_FONT_PATHS, Language, Painter, Scene, Screen, Style, Theme, Tone, View,
    keysym, screens,
};

type Bitmap = (usize, usize, Vec<u8>);

fn yuan(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::CNY)
}

/// A phrase in the language of the sheet.
fn say(language: Language, english: &str, chinese: &str) -> String {
    if language == Language::English { english } else { chinese }.to_owned()
}

fn action(id: &str, label: String, emphasis: Emphasis) -> Action {
    Action { id: id.to_owned(), label, emphasis }
}

fn choice(id: &str, label: String, detail: String, icon: Icon, amount: Option<Money>) -> Choice {
    Choice { id: id.to_owned(), label, detail, icon, amount }
}

fn detail(label: String, value: &str, strong: bool) -> Detail {
    Detail { label, value: value.to_owned(), strong }
}

fn home(l: Language) -> View {
    View {
        title: say(l, "Bank card", "银行卡"),
        elements: vec![
            Element::Amount { label: say(l, "Everyday account", "日常账户"), amount: yuan(1_284_650) },
            Element::Choices(vec![
                choice("pay", say(l, "Pay", "付款"), String::new(), Icon::Pay, None),
                choice("transfer", say(l, "Transfer", "转账"), String::new(), Icon::Transfer, None),
                choice("topup", say(l, "Top up", "充值"), String::new(), Icon::TopUp, None),
                choice("history", say(l, "History", "明细"), String::new(), Icon::History, None),
            ]),
            Element::Text { text: say(l, "Recent", "最近"), tone: Tone::Heading },
            Element::Choices(vec![
                choice(
                    "1",
                    say(l, "Blue Lake Tea House", "蓝湖茶馆"),
                    say(l, "Today 14:05", "今天 14:05"),
                    Icon::Merchant,
                    Some(yuan(-2_350)),
                ),
                choice(
                    "2",
                    say(l, "Wang Fang", "王芳"),
                    say(l, "Yesterday", "昨天"),
                    Icon::Incoming,
                    Some(yuan(50_000)),
                ),
            ]),
        ],
        actions: vec![],
    }
}

fn pay(l: Language) -> View {
    View {
        title: say(l, "Pay a merchant", "向商户付款"),
        elements: vec![
            Element::Field(Field {
                id: "merchant".into(),
                label: say(l, "Merchant's name or number", "商户名称或编号"),
                hint: say(l, "for example Blue Lake", "例如 蓝湖"),
                initial: String::new(),
                kind: FieldKind::Text { characters_max: 40 },
            }),
            Element::Field(Field {
                id: "amount".into(),
                label: say(l, "Amount", "金额"),
                hint: String::new(),
                initial: String::new(),
                kind: FieldKind::Amount { currency: Currency::CNY },
            }),
            Element::Text {
                text: say(
                    l,
                    "From Everyday account, ¥12,846.50 available.",
                    "从日常账户支付，可用 ¥12,846.50。",
                ),
                tone: Tone::Muted,
            },
        ],
        actions: vec![
            action("go", say(l, "Continue", "继续"), Emphasis::Primary),
            action("back", say(l, "Back", "返回"), Emphasis::Cancel),
        ],
    }
}

fn amount(l: Language) -> View {
    View {
        title: say(l, "How much?", "付款金额"),
        elements: vec![
            Element::Details(vec![detail(
                say(l, "To", "收款方"),
                &say(l, "Blue Lake Tea House", "蓝湖茶馆"),
                true,
            )]),
            Element::Field(Field {
                id: "amount".into(),
                label: say(l, "Amount", "金额"),
                hint: String::new(),
                initial: "1234.5".into(),
                kind: FieldKind::Amount { currency: Currency::CNY },
            }),
        ],
        actions: vec![
            action("go", say(l, "Continue", "继续"), Emphasis::Primary),
            action("back", say(l, "Back", "返回"), Emphasis::Cancel),
        ],
    }
}

fn statement(l: Language) -> Confirmation {
    Confirmation {
        kind: PaymentKind::Pay,
        payee: say(l, "Blue Lake Tea House", "蓝湖茶馆"),
        payee_number: "M-100233".into(),
        amount: yuan(123_450),
        fee: yuan(120),
        account: say(l, "Everyday account ··6021", "日常账户 ··6021"),
        memo: say(l, "Table 12", "12 号桌"),
    }
}

fn receipt(l: Language) -> View {
    View {
        title: say(l, "Receipt", "收据"),
        elements: vec![
            Element::Outcome { success: true, text: say(l, "Payment successful", "付款成功") },
            Element::Amount {
                label: say(l, "Paid to Blue Lake Tea House", "支付给 蓝湖茶馆"),
                amount: yuan(123_450),
            },
            Element::Details(vec![
                detail(say(l, "Fee", "手续费"), "¥1.20", false),
                detail(say(l, "Balance", "余额"), "¥11,610.80", false),
                detail(say(l, "Time", "时间"), "2026-11-23 14:05", false),
                detail(say(l, "Payment", "交易号"), "P-7F3K-20Q9", true),
            ]),
        ],
        actions: vec![
            action("done", say(l, "Done", "完成"), Emphasis::Primary),
            action("again", say(l, "Pay again", "再付一笔"), Emphasis::Secondary),
        ],
    }
}

fn history(l: Language) -> View {
    let entry = |id: &str, name: String, when: &str, icon, minor| {
        choice(id, name, when.to_owned(), icon, Some(yuan(minor)))
    };
    View {
        title: say(l, "History", "交易明细"),
        elements: vec![Element::Choices(vec![
            entry(
                "1",
                say(l, "Blue Lake Tea House", "蓝湖茶馆"),
                "2026-11-23 14:05",
                Icon::Outgoing,
                -123_450,
            ),
            entry("2", say(l, "Wang Fang", "王芳"), "2026-11-22 09:31", Icon::Incoming, 50_000),
            entry(
                "3",
                say(l, "North Gate Metro and Suburban Railway Company", "北门地铁与市郊铁路运营有限责任公司"),
                "2026-11-21 18:12",
                Icon::Outgoing,
                -400,
            ),
            entry("4", say(l, "Top up", "充值"), "2026-11-20 08:00", Icon::Incoming, 1_000_000),
            entry("5", say(l, "City Water", "城市水务"), "2026-11-18 12:44", Icon::Outgoing, -8_210),
            entry("6", say(l, "Corner Bakery", "街角面包房"), "2026-11-17 07:58", Icon::Outgoing, -1_850),
            entry("7", say(l, "Li Wei", "李伟"), "2026-11-16 20:03", Icon::Outgoing, -30_000),
        ])],
        actions: vec![
            action("more", say(l, "Older", "更早"), Emphasis::Secondary),
            action("back", say(l, "Back", "返回"), Emphasis::Cancel),
        ],
    }
}

fn code(l: Language) -> View {
    View {
        title: say(l, "Receive", "收款"),
        elements: vec![
            Element::QrCode {
                content: "thinpay:pay?m=100233&a=23.50".into(),
                caption: say(l, "Show this code to the payer", "请付款方扫描此码"),
            },
            Element::Table {
                columns: vec![say(l, "Item", "项目"), say(l, "Count", "数量"), say(l, "Sum", "金额")],
                rows: vec![
                    vec![say(l, "Jasmine tea", "茉莉花茶"), "2".into(), "¥36.00".into()],
                    vec![
                        say(l, "Sesame cake with red bean filling", "红豆芝麻饼"),
                        "1".into(),
                        "¥12.50".into(),
                    ],
                ],
            },
            Element::Text {
                text: say(l, "The price includes a service charge.", "价格已含服务费。"),
                tone: Tone::Warning,
            },
        ],
        actions: vec![action("back", say(l, "Close", "关闭"), Emphasis::Cancel)],
    }
}

/// A screen with what has been typed on it.
struct Shot {
    name: &'static str,
    screen: Screen,
    /// Parts to move the focus on by, and characters to type then.
    tabs: usize,
    typed: &'static str,
    /// The identifier of what is touched then, or empty.
    touched: &'static str,
}

fn shots(l: Language) -> Vec<Shot> {
    let nonce = *b"\x8c\x31\xf0\x5a\x97\x22\x6e\xb4\x19\xd5\x70\x3f\xaa\x4c\x81\xe6";
    let customer = say(l, "Li Na", "李娜");
    let declined = say(
        l,
        "There is not enough money in Everyday account: ¥1,234.50 asked, ¥846.50 available.",
        "日常账户余额不足：需要 ¥1,234.50，可用 ¥846.50。",
    );
    let shot = |name, screen: Screen, tabs, typed, touched| Shot { name, screen, tabs, typed, touched };
    vec![
        shot("welcome", screens::welcome(l, &customer, &nonce), 0, "", ""),
        shot("home", home(l).into(), 0, "", ""),
        shot("pay", pay(l).into(), 0, "Blue L", ""),
        shot("letters", pay(l).into(), 0, "Blue L", "merchant"),
        shot("amount", amount(l).into(), 0, "", ""),
        shot("confirmation", screens::confirmation(l, &statement(l)), 0, "", ""),
        shot("signing", screens::waiting_for_signature(l, &statement(l)), 0, "", ""),
        shot("receipt", receipt(l).into(), 0, "", ""),
        shot("history", history(l).into(), 0, "", ""),
        shot("code", code(l).into(), 0, "", ""),
        shot("declined", screens::declined(l, &declined), 0, "", ""),
        shot("ended", screens::ended(l, &say(l, "You signed out.", "您已退出登录。"), true), 0, "", ""),
    ]
}

fn scene(shot: &Shot, profile: &HardwareProfile, style: &Style, fonts: &Fonts) -> Scene {
    let mut form = Form::new(&shot.screen, profile);
    let mut scene = Scene::layout(&shot.screen, &form, profile, style, fonts);
    let keys = std::iter::repeat_n(keysym::TAB, shot.tabs).chain(shot.typed.chars().map(keysym::of));
    for key in keys {
        form.key(key, true, &scene);
        scene = Scene::layout(&shot.screen, &form, profile, style, fonts);
    }
    if let Some(node) = scene.outline().iter().find(|node| profile.touch && node.id == shot.touched) {
        let (x, y) = (node.rect.x + 2, node.rect.y + 2);
        for buttons in [1, 0] {
            form.pointer(buttons, x, y, &scene);
        }
        scene = Scene::layout(&shot.screen, &form, profile, style, fonts);
    }
    scene
}

/// Any layout as 8-bit RGB.
fn rgb(bytes: &[u8], layout: PixelLayout) -> Vec<u8> {
    let widen = |value: u16, bits: u32| {
        let max = (1 << bits) - 1;
        u8::try_from(u32::from(value) * 255 / max).unwrap()
    };
    match layout {
        PixelLayout::Rgb888 | PixelLayout::Cells => {
            bytes.chunks(4).flat_map(|p| [p[2], p[1], p[0]]).collect()
        }
        PixelLayout::Rgb565 => bytes
            .chunks(2)
            .map(|p| u16::from_le_bytes([p[0], p[1]]))
            .flat_map(|p| [widen(p >> 11, 5), widen((p >> 5) & 63, 6), widen(p & 31, 5)])
            .collect(),
        PixelLayout::Grey8 => bytes.iter().flat_map(|p| [*p; 3]).collect(),
    }
}

/// Writes a PNG, with a palette where the colours fit one.
fn write(path: &Path, (width, height, pixels): &Bitmap) {
    let file = std::fs::File::create(path).expect("the directory can be written");
    let size = |side: &usize| u32::try_from(*side).unwrap();
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), size(width), size(height));
    encoder.set_compression(png::Compression::High);
    let colors: std::collections::BTreeSet<&[u8]> = pixels.chunks(3).collect();
    if colors.len() > 256 {
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        return;
    }
    let palette: Vec<&[u8]> = colors.into_iter().collect();
    let indexes: Vec<u8> =
        pixels.chunks(3).map(|pixel| u8::try_from(palette.binary_search(&pixel).unwrap()).unwrap()).collect();
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.concat());
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(&indexes).unwrap();
}

/// A sheet of many screens has a few more colours than a palette; the rarest become their nearest.
fn fewer_colors(pixels: &mut [u8]) {
    let mut counts = std::collections::BTreeMap::<[u8; 3], usize>::new();
    for pixel in pixels.chunks(3) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
    }
    let mut colors: Vec<([u8; 3], usize)> = counts.into_iter().collect();
    colors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (kept, rare) = colors.split_at(colors.len().min(256));
    let nearest = |color: &[u8; 3]| {
        let far = |other: &[u8; 3]| -> u32 {
            color.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b)) * u32::from(a.abs_diff(*b))).sum()
        };
        kept.iter().map(|(kept, _)| *kept).min_by_key(far).unwrap()
    };
    let rare: std::collections::BTreeMap<[u8; 3], [u8; 3]> =
        rare.iter().map(|(color, _)| (*color, nearest(color))).collect();
    for pixel in pixels.chunks_mut(3) {
        if let Some(other) = rare.get(&[pixel[0], pixel[1], pixel[2]]) {
            pixel.copy_from_slice(other);
        }
    }
}

/// The sheets of the documentation: display, language, theme, screens, and how many stand in a row.
type Sheet = (&'static str, Language, Theme, &'static [&'static str], usize);
const DOCUMENTATION: &[Sheet] = &[
    (
        "480x800",
        Language::English,
        Theme::Light,
        &["welcome", "home", "letters", "amount", "confirmation", "receipt", "history", "declined"],
        4,
    ),
    (
        "480x800",
        Language::Chinese,
        Theme::Dark,
        &["welcome", "home", "letters", "amount", "confirmation", "receipt", "history", "declined"],
        4,
    ),
    (
        "240x320",
        Language::English,
        Theme::Light,
        &["home", "amount", "confirmation", "receipt", "history"],
        5,
    ),
    ("240x320", Language::Chinese, Theme::Dark, &["home", "amount", "confirmation", "receipt", "history"], 5),
    ("1080x2400", Language::Chinese, Theme::Light, &["home", "confirmation"], 2),
    ("1280x800", Language::English, Theme::Light, &["home"], 1),
    ("grey-320x240", Language::English, Theme::Light, &["home", "pay", "confirmation"], 3),
];

/// Pictures in rows on a grey ground.
fn sheet(pictures: &[Bitmap], columns: usize) -> Bitmap {
    const GAP: usize = 12;
    let (w, h) = (pictures[0].0, pictures[0].1);
    let rows = pictures.len().div_ceil(columns);
    let (width, height) = (columns * (w + GAP) + GAP, rows * (h + GAP) + GAP);
    let mut pixels = vec![0x80; width * height * 3];
    for (number, (pw, ph, picture)) in pictures.iter().enumerate() {
        let (x, y) = (GAP + number % columns * (w + GAP), GAP + number / columns * (h + GAP));
        for row in 0..*ph {
            let start = ((y + row) * width + x) * 3;
            pixels[start..start + pw * 3].copy_from_slice(&picture[row * pw * 3..(row + 1) * pw * 3]);
        }
    }
    (width, height, pixels)
}

/// One screen as a bitmap.
fn picture(
    shot: &Shot,
    profile: &HardwareProfile,
    style: &Style,
    fonts: &Fonts,
    painter: &Painter,
) -> Bitmap {
    let scene = scene(shot, profile, style, fonts);
    let (width, height) = scene.size();
    let bytes = scene.raster(scene.whole(), fonts, painter);
    (usize::from(width), usize::from(height), rgb(&bytes, profile.pixel_layout()))
}

/// A text display's cells as lines of text.
fn lines(scene: &Scene, fonts: &Fonts, painter: &Painter) -> String {
    let (width, _) = scene.size();
    let bytes = scene.raster(scene.whole(), fonts, painter);
    let mut text = String::new();
    for row in bytes.chunks(usize::from(width) * 4) {
        text.push('|');
        for cell in row.chunks(4) {
            let cell = u32::from_le_bytes(cell.try_into().unwrap());
            match char::from_u32(cell & 0x1F_FFFF) {
                Some('\0') | None => {}
                Some(character) => text.push(character),
            }
        }
        text.push_str("|\n");
    }
    text
}

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let documentation = arguments.next_if_eq("--documentation").is_some();
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| "target/gallery".into()));
    std::fs::create_dir_all(&directory).expect("the directory can be made");
    let mut paths: Vec<String> = arguments.collect();
    if paths.is_empty() {
        let known = KNOWN_FONT_PATHS.iter().find(|path| Path::new(path).exists());
        paths.extend(known.map(|path| (*path).to_owned()));
        let bold = KNOWN_BOLD_FONT_PATHS.iter().find(|(regular, _)| Some(regular) == known);
        paths.extend(bold.map(|(_, bold)| (*bold).to_owned()));
    }
    let faces =
        paths.iter().map(|path| FontData::from(std::fs::read(path).expect("the font can be read"))).collect();
    let fonts = Fonts::new(faces).expect("the fonts are fonts");
    if let Err(missing) = fonts.covers_platform() {
        println!("{missing}");
    }
    let painter = Painter::new();
    let (mut only, mut displays) = (Vec::new(), Vec::new());
    for (name, width, height, density, layout, columns) in [
        ("240x320", 240, 320, 167, PixelLayout::Rgb565, 6),
        ("480x800", 480, 800, 233, PixelLayout::Rgb888, 6),
        ("1080x2400", 1080, 2400, 405, PixelLayout::Rgb888, 6),
        ("1280x800", 1280, 800, 150, PixelLayout::Rgb888, 4),
        ("320x240", 320, 240, 167, PixelLayout::Rgb565, 6),
        ("800x480", 800, 480, 217, PixelLayout::Rgb888, 4),
        ("grey-320x240", 320, 240, 143, PixelLayout::Grey8, 6),
    ] {
        let mut profile = HardwareProfile::picture(name, width, height, density, layout);
        if name == "grey-320x240" {
            profile.touch = false;
            profile.keys = Keys::Digits;
        }
        displays.push((name, profile, columns));
    }
    if documentation {
        for (name, language, theme, wanted, columns) in DOCUMENTATION {
            let (_, profile, _) =
                displays.iter().find(|(display, ..)| display == name).expect("a known display");
            let style = Style { language: *language, theme: *theme };
            let all = shots(*language);
            let pictures: Vec<Bitmap> = wanted
                .iter()
                .map(|name| all.iter().find(|shot| shot.name == *name).expect("a known screen"))
                .map(|shot| picture(shot, profile, &style, &fonts, &painter))
                .collect();
            let file = format!("{name}-{}.png", language.tag());
            let mut sheet = sheet(&pictures, *columns);
            fewer_colors(&mut sheet.2);
            write(&directory.join(file), &sheet);
        }
        return;
    }
    for (name, profile, columns) in &displays {
        for (language, language_name) in [(Language::English, "en"), (Language::Chinese, "zh")] {
            for (theme, theme_name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
                let style = Style { language, theme };
                let mut pictures = Vec::new();
                for shot in shots(language) {
                    let picture = picture(&shot, profile, &style, &fonts, &painter);
                    write(
                        &directory.join(format!("{name}-{language_name}-{theme_name}-{}.png", shot.name)),
                        &picture,
                    );
                    pictures.push(picture);
                }
                only.push(pictures.len());
                write(
                    &directory.join(format!("sheet-{name}-{language_name}-{theme_name}.png")),
                    &sheet(&pictures, *columns),
                );
            }
        }
    }
    for (columns, rows) in [(80, 24), (40, 12), (20, 4)] {
        for (language, language_name) in [(Language::English, "en"), (Language::Chinese, "zh")] {
            let profile = HardwareProfile::text("text", columns, rows);
            let style = Style { language, theme: Theme::Light };
            let mut text = String::new();
            for shot in shots(language) {
                text.push_str(&format!(
                    "{}\n{}",
                    shot.name,
                    lines(&scene(&shot, &profile, &style, &fonts), &fonts, &painter)
                ));
            }
            std::fs::write(directory.join(format!("text-{columns}x{rows}-{language_name}.txt")), text)
                .unwrap();
        }
    }
    println!(
        "{} screens in {}; masks take {} KiB",
        only.iter().sum::<usize>(),
        directory.display(),
        painter.memory_bytes() / 1024
    );
}
