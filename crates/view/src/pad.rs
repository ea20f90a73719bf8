//! The pads on the screen: digits for amounts and numbers, letters for texts.

use crate::fonts::{Fonts, TextSpec, Weight};
use crate::form::{Form, Pad, PadPage};
use crate::geometry::{Area, int};
use crate::icons::Glyph;
use crate::layout::solid;
use crate::scene::{Align, Node, Op, PadKey, Role, Target};
use crate::theme::{Metrics, Palette};
use crate::tree::Drawing;

/// A key with its place in a grid of tenths of the width and rows.
struct Key {
    key: PadKey,
    x: i32,
    width: i32,
    row: i32,
    rows: i32,
}

/// Columns of the grid: letters take 2, so that a row may stand half a letter to the right.
const COLUMNS: i32 = 20;
const ROWS: i32 = 4;

/// Where the pad lies: along the bottom, or at the right on a low display.
pub(crate) fn area(pad: Pad, metrics: &Metrics, header: i32) -> Area {
    let room = metrics.height - header;
    if metrics.landscape && !matches!(pad, Pad::Letters(_)) {
        let width = metrics.dp(280.0).min(metrics.width * 48 / 100);
        return Area::new(metrics.width - width, header, width, room);
    }
    let row = match pad {
        Pad::Letters(_) => metrics.dp(if metrics.compact { 40.0 } else { 50.0 }),
        _ => metrics.dp(if metrics.compact { 42.0 } else { 58.0 }),
    };
    let height = (row * ROWS + metrics.dp(8.0)).min(room * 6 / 10);
    Area::new(0, metrics.height - height, metrics.width, height)
}

fn keys(pad: Pad) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut place = |key, x, width, row, rows| keys.push(Key { key, x, width, row, rows });
    match pad {
        Pad::Amount { .. } | Pad::Digits => {
            for (number, digit) in ('1'..='9').enumerate() {
                let number = int(number);
                place(PadKey::Character(digit), number % 3 * 5, 5, number / 3, 1);
            }
            if pad == (Pad::Amount { point: true }) {
                place(PadKey::Character('.'), 0, 5, 3, 1);
                place(PadKey::Character('0'), 5, 5, 3, 1);
            } else {
                place(PadKey::Character('0'), 0, 10, 3, 1);
            }
            place(PadKey::Hide, 10, 5, 3, 1);
            place(PadKey::Backspace, 15, 5, 0, 1);
            place(PadKey::Enter, 15, 5, 1, 3);
        }
        Pad::Letters(page) => {
            let rows: [&str; 3] = match page {
                PadPage::Letters => ["qwertyuiop", "asdfghjkl", "zxcvbnm"],
                PadPage::Capitals => ["QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"],
                PadPage::Symbols => ["1234567890", "@#¥_&-+()", "/*\"':;!"],
            };
            for (row, letters) in rows.into_iter().enumerate() {
                let row = int(row);
                let inset = if row == 2 { 3 } else { row };
                for (column, letter) in letters.chars().enumerate() {
                    place(PadKey::Character(letter), inset + int(column) * 2, 2, row, 1);
                }
            }
            place(PadKey::Shift, 0, 3, 2, 1);
            place(PadKey::Backspace, 17, 3, 2, 1);
            place(PadKey::Symbols, 0, 3, 3, 1);
            place(PadKey::Hide, 3, 3, 3, 1);
            place(PadKey::Character(' '), 6, 7, 3, 1);
            place(PadKey::Character('.'), 13, 2, 3, 1);
            place(PadKey::Enter, 15, 5, 3, 1);
        }
    }
    keys
}

/// The identifier of a key in the outline.
fn identifier(key: PadKey) -> String {
    match key {
        PadKey::Character(' ') => "pad.space".to_owned(),
        PadKey::Character(character) => format!("pad.{character}"),
        PadKey::Backspace => "pad.backspace".to_owned(),
        PadKey::Shift => "pad.shift".to_owned(),
        PadKey::Symbols => "pad.symbols".to_owned(),
        PadKey::Enter => "pad.enter".to_owned(),
        PadKey::Hide => "pad.hide".to_owned(),
    }
}

#[allow(clippy::too_many_arguments, reason = "one place of use")]
pub(crate) fn draw(
    pad: Pad,
    area: Area,
    enter: &str,
    form: &Form,
    fonts: &Fonts,
    metrics: &Metrics,
    palette: &Palette,
    screen: (u16, u16),
    drawing: &mut Drawing,
) {
    drawing.operations.push(solid(area, palette.pad));
    let letters = matches!(pad, Pad::Letters(_));
    let edge = metrics.dp(4.0);
    let gap = metrics.dp(if letters { 4.0 } else { 6.0 });
    // On a wide display the keys keep together, under the column of content.
    let width = (area.w - 2 * edge).min(metrics.dp(if letters { 760.0 } else { Metrics::COLUMN_WIDTH_MAX }));
    let inner = Area::new(area.x + (area.w - width) / 2, area.y + edge, width, area.h - 2 * edge);
    let size = if letters { metrics.letter(18.0) } else { metrics.letter(23.0) };
    for Key { key, x, width, row, rows } in keys(pad) {
        let (left, right) = (inner.x + inner.w * x / COLUMNS, inner.x + inner.w * (x + width) / COLUMNS);
        let (top, bottom) = (inner.y + inner.h * row / ROWS, inner.y + inner.h * (row + rows) / ROWS);
        // The whole cell takes the touch, the gap included.
        let cell = Area::new(left, top, right - left, bottom - top);
        let face = Area::new(left + gap / 2, top + gap / 2, cell.w - gap, cell.h - gap);
        if face.is_empty() {
            continue;
        }
        let pressed = form.pressed() == Some(Target::Pad(key));
        let plain = matches!(key, PadKey::Character(_));
        let (fill, over, color) = match key {
            PadKey::Enter => (palette.accent, palette.accent_pressed, palette.on_accent),
            PadKey::Character(_) => (palette.surface, palette.surface_pressed, palette.text),
            _ => (palette.surface_pressed, palette.surface, palette.text),
        };
        let fill = if pressed { over } else { fill };
        let radius = metrics.dp(if letters { 5.0 } else { 8.0 });
        drawing.operations.push(Op::Box {
            area: face,
            clip: area,
            radius,
            fill,
            border: 0,
            border_color: fill,
        });
        drawing.targets.push((cell, Target::Pad(key)));
        let glyph = match key {
            PadKey::Backspace => Some(Glyph::Backspace),
            PadKey::Hide => Some(Glyph::Hide),
            PadKey::Shift if pad == Pad::Letters(PadPage::Capitals) => Some(Glyph::ShiftOn),
            PadKey::Shift => Some(Glyph::Shift),
            _ => None,
        };
        let label = match key {
            PadKey::Character(' ') => String::new(),
            PadKey::Character(character) => character.to_string(),
            PadKey::Symbols if pad == Pad::Letters(PadPage::Symbols) => "abc".to_owned(),
            PadKey::Symbols => "123".to_owned(),
            PadKey::Enter => enter.to_owned(),
            _ => String::new(),
        };
        if let Some(glyph) = glyph {
            let side = metrics.dp(24.0).min(face.w).min(face.h);
            let (x, y) = (face.x + (face.w - side) / 2, face.y + (face.h - side) / 2);
            drawing.operations.push(Op::Icon { glyph, x, y, size: side, color, clip: face });
        } else if key == PadKey::Enter {
            draw_enter(enter, face, fonts, metrics, palette, drawing);
        } else {
            let size = if plain { size } else { metrics.label() };
            let spec = TextSpec { text: label.clone(), size, weight: Weight::Regular, lines_max: 1 };
            let paragraph = fonts.paragraph(&spec, Some(face.w + size));
            let y = face.y + (face.h - paragraph.line_height) / 2;
            let (x, width) = (face.x, face.w);
            drawing.operations.push(Op::Text {
                paragraph,
                x,
                y,
                width,
                align: Align::Center,
                color,
                clip: face,
            });
        }
        if let Some(rect) = cell.on_screen(screen.0, screen.1) {
            drawing.nodes.push(Node {
                role: Role::Key,
                id: identifier(key),
                text: label,
                rect,
                focused: false,
            });
        }
    }
}

/// The large key: its words where they fit, otherwise a sign.
fn draw_enter(
    words: &str,
    face: Area,
    fonts: &Fonts,
    metrics: &Metrics,
    palette: &Palette,
    drawing: &mut Drawing,
) {
    let color = palette.on_accent;
    let spec = |size| TextSpec { text: words.to_owned(), size, weight: Weight::Bold, lines_max: 0 };
    let room = face.w - metrics.dp(6.0);
    for size in [metrics.body(), metrics.label(), metrics.caption()] {
        let natural = fonts.paragraph(&spec(size), None);
        let paragraph = fonts.paragraph(&spec(size), Some(room));
        if natural.width_min <= room && paragraph.height() <= face.h && !paragraph.lines.is_empty() {
            let y = face.y + (face.h - paragraph.height()) / 2;
            let x = face.x + (face.w - room) / 2;
            drawing.operations.push(Op::Text {
                paragraph,
                x,
                y,
                width: room,
                align: Align::Center,
                color,
                clip: face,
            });
            return;
        }
    }
    let side = metrics.dp(24.0).min(face.w).min(face.h);
    let (x, y) = (face.x + (face.w - side) / 2, face.y + (face.h - side) / 2);
    drawing.operations.push(Op::Icon { glyph: Glyph::Enter, x, y, size: side, color, clip: face });
}
