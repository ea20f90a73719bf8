//! The elements of a view, each as a part of the layout tree.

use crate::fonts::{TextSpec, Weight};
use crate::form::{Form, ItemKind};
use crate::format::{amount_text, digits, group, sign};
use crate::geometry::{float, px};
use crate::icons::Glyph;
use crate::list::are_tiles;
use crate::scene::{Align, Role, Target};
use crate::semantic::{Detail, Element, Emphasis, Field, FieldKind, Tone, View};
use crate::theme::{Color, Language};
use crate::tree::{
    Content, EntryText, Leaf, Tree, centered, column, fixed, grow, margin_top, padding, rigid, row, style,
};
use crate::words::Word;
use money::Money;
use taffy::prelude::{AlignItems, Dimension, LengthPercentage, LengthPercentageAuto, NodeId, Size, Style};

/// Builds the body of a view.
pub(crate) struct Body<'t, 'a> {
    pub(crate) tree: &'t mut Tree<'a>,
    pub(crate) form: &'t Form,
    pub(crate) language: Language,
    /// Width of the column, in pixels.
    pub(crate) width: i32,
    /// Height of the part that scrolls.
    pub(crate) height: i32,
    /// The next item of the form's order of focus.
    pub(crate) item: usize,
    /// Words stand in the middle.
    pub(crate) centered: bool,
}

impl Body<'_, '_> {
    /// The element, or nothing when there is nothing to see.
    pub(crate) fn element(&mut self, view: &View, element: &Element) -> Option<NodeId> {
        let palette = self.tree.palette;
        let metrics = self.tree.metrics;
        Some(match element {
            Element::Text { text, tone } => {
                let align = if self.centered { Align::Center } else { Align::Start };
                self.paragraph(text, *tone, align)
            }
            Element::Amount { label, amount } => {
                if view.elements.iter().any(|element| matches!(element, Element::Choices(_))) {
                    self.balance(label, *amount)
                } else {
                    self.amount(label, *amount)
                }
            }
            Element::Field(field) => self.field(field),
            Element::Choices(choices) => {
                if choices.is_empty() {
                    return Some(self.paragraph(Word::Empty.text(self.language), Tone::Muted, Align::Center));
                }
                if are_tiles(choices) { self.tiles(choices) } else { self.choices(choices) }
            }
            Element::Details(details) => {
                let receipt = view
                    .elements
                    .iter()
                    .any(|element| matches!(element, Element::Outcome { success: true, .. }));
                self.details(details, receipt)
            }
            Element::Table { columns, rows } => self.table(columns, rows),
            Element::QrCode { content, caption } => self.code(content, caption),
            Element::Outcome { success, text } => self.outcome(*success, text),
            Element::Progress { text } => {
                let side = metrics.dp(56.0);
                let leaf = Leaf::content(Content::Icon { glyph: Glyph::RingTrack, color: palette.line });
                let ring = self.tree.icon(Glyph::Ring, side, palette.accent);
                let ring = self.tree.add(fixed(side, side), leaf, &[ring]);
                let words = self.tree.text(
                    style(),
                    text,
                    metrics.title(),
                    Weight::Bold,
                    palette.text,
                    Align::Center,
                    0,
                );
                let leaf = Leaf::default().node(Role::Progress, "", text, false);
                let mut style = column(metrics.dpf(16.0));
                style.align_items = AlignItems::CENTER;
                style.padding = padding(0.0, metrics.dpf(20.0));
                self.tree.add(style, leaf, &[ring, words])
            }
        })
    }

    fn paragraph(&mut self, text: &str, tone: Tone, align: Align) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let (size, weight, color, role) = match tone {
            Tone::Body => (metrics.body(), Weight::Regular, palette.text, Role::Text),
            Tone::Muted => (metrics.label(), Weight::Regular, palette.muted, Role::Text),
            Tone::Heading => (metrics.title(), Weight::Bold, palette.text, Role::Heading),
            Tone::Warning => (metrics.label(), Weight::Regular, palette.warning, Role::Warning),
        };
        let leaf = Leaf::default().node(role, "", text, false);
        if tone == Tone::Warning {
            let mark = self.tree.icon(Glyph::Warning, metrics.dp(20.0), palette.warning);
            let words = self.tree.text(grow(style(), 1.0), text, size, weight, color, Align::Start, 0);
            let mut row = row(metrics.dpf(10.0));
            row.padding = padding(metrics.dpf(12.0), metrics.dpf(11.0));
            let content = Leaf::filled(palette.warning_tint, metrics.radius()).content;
            return self.tree.add(row, Leaf { content, ..leaf }, &[mark, words]);
        }
        let words = self.tree.text(style(), text, size, weight, color, align, 0);
        self.tree.add(column(0.0), leaf, &[words])
    }

    /// A sum in large digits with a smaller sign, never cut off: smaller until it fits.
    fn sum(&mut self, amount: Money, size: i32, width: i32, color: Color) -> NodeId {
        let minus = if amount.is_negative() { "−" } else { "" };
        let sign = format!("{minus}{}", sign(amount.currency()));
        let digits = digits(amount);
        let mut size = size;
        let small = |size: i32| px(float(size) * 0.62).max(8);
        while size > 10 {
            let sign_width = self.tree.measure_text(&sign, small(size), Weight::Bold).advance;
            let digits_width = self.tree.measure_text(&digits, size, Weight::Bold).advance;
            if sign_width + digits_width + size / 8 <= width {
                break;
            }
            size = (size * 9 / 10).min(size - 1);
        }
        // Both stand on one baseline.
        let drop = self.tree.measure_text(&digits, size, Weight::Bold).baseline
            - self.tree.measure_text(&sign, small(size), Weight::Bold).baseline;
        let sign = self.tree.text(
            rigid(margin_top(Style::default(), float(drop))),
            sign.trim_end(),
            small(size),
            Weight::Bold,
            color,
            Align::Start,
            0,
        );
        let digits =
            self.tree.text(rigid(Style::default()), &digits, size, Weight::Bold, color, Align::Start, 0);
        let mut row = row(float((size / 10).max(1)));
        row.align_items = AlignItems::FLEX_START;
        self.tree.add(row, Leaf::default(), &[sign, digits])
    }

    /// The balance, as a card in the accent's colour: the first thing to see on a home screen.
    fn balance(&mut self, label: &str, amount: Money) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let pad = metrics.dp(if metrics.compact { 12.0 } else { 18.0 });
        let words = self.tree.text(
            grow(style(), 1.0),
            label,
            metrics.label(),
            Weight::Regular,
            palette.on_accent_muted,
            Align::Start,
            2,
        );
        let code = self.tree.text(
            rigid(Style::default()),
            amount.currency().code(),
            metrics.caption(),
            Weight::Bold,
            palette.on_accent_muted,
            Align::End,
            1,
        );
        let top = self.tree.add(row(metrics.dpf(8.0)), Leaf::default(), &[words, code]);
        let size = metrics.letter(if metrics.compact { 27.0 } else { 36.0 });
        let sum = self.sum(amount, size, self.width - 2 * pad, palette.on_accent);
        let mut style = column(metrics.dpf(if metrics.compact { 0.0 } else { 4.0 }));
        style.padding = padding(float(pad), float(pad) * 0.86);
        let leaf = Leaf::filled(palette.accent, metrics.radius() + metrics.dp(4.0)).node(
            Role::Amount,
            "",
            format!("{label}: {}", amount_text(amount)),
            false,
        );
        self.tree.add(style, leaf, &[top, sum])
    }

    /// A sum on its own, in the middle.
    fn amount(&mut self, label: &str, amount: Money) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let words =
            self.tree.text(style(), label, metrics.label(), Weight::Regular, palette.muted, Align::Center, 0);
        let sum = self.sum(amount, metrics.amount(), self.width, palette.text);
        let mut style = column(0.0);
        style.align_items = AlignItems::CENTER;
        style.padding = padding(0.0, metrics.dpf(if metrics.compact { 2.0 } else { 5.0 }));
        let text = format!("{label}: {}", amount_text(amount));
        self.tree.add(style, Leaf::default().node(Role::Amount, "", text, false), &[words, sum])
    }

    fn field(&mut self, field: &Field) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let item = self.item;
        self.item += 1;
        let focused = self.form.focus == Some(item);
        let entry = self.form.items.get(item).and_then(|item| match item.kind {
            ItemKind::Field(number) => self.form.entries.get(number),
            _ => None,
        });
        let (typed, before) = entry.map_or(("", ""), |entry| (entry.text.as_str(), entry.before_caret()));
        let amount = match field.kind {
            FieldKind::Amount { currency } => Some(currency),
            _ => None,
        };
        let size = if amount.is_some() { metrics.headline() + metrics.dp(3.0) } else { metrics.body() };
        let weight = if amount.is_some() { Weight::Bold } else { Weight::Regular };
        let empty = typed.is_empty();
        let (shown, before) = match (empty, amount) {
            (true, Some(currency)) if field.hint.is_empty() => {
                (Money::zero(currency).decimal().to_string(), String::new())
            }
            (true, _) => (field.hint.clone(), String::new()),
            (false, Some(_)) => {
                let grouped = group(typed);
                let before = before_in_group(&grouped, before.chars().count());
                (grouped, before)
            }
            (false, None) => (typed.to_owned(), before.to_owned()),
        };
        let weight = if empty { Weight::Regular } else { weight };
        let spec = |text: String| TextSpec { text, size, weight, lines_max: 0 };
        let entry_text = EntryText {
            shown: spec(if shown.is_empty() { " ".to_owned() } else { shown }),
            color: if empty { palette.field_line } else { palette.text },
            caret: focused.then(|| (spec(before), palette.accent)),
            caret_width: metrics.dp(1.6),
        };
        let entry_text = Leaf::content(Content::Entry { text: Box::new(entry_text) });
        let content = self.tree.add(grow(style(), 1.0), entry_text, &[]);
        let mut parts = vec![content];
        if let Some(currency) = amount {
            let small = px(float(size) * 0.8);
            let color = if empty { palette.muted } else { palette.text };
            let sign = self.tree.text(
                rigid(Style::default()),
                sign(currency).trim(),
                small,
                Weight::Bold,
                color,
                Align::Start,
                1,
            );
            let code = currency.code();
            let code = self.tree.text(
                rigid(Style::default()),
                code,
                metrics.caption(),
                Weight::Bold,
                palette.muted,
                Align::End,
                1,
            );
            parts = vec![sign, content, code];
        }
        let border = metrics.dp(if focused { 2.0 } else { 1.0 });
        let border_color = if focused { palette.accent } else { palette.field_line };
        let height = if amount.is_some() { metrics.touch() + metrics.dpf(8.0) } else { metrics.touch() };
        let mut row = row(metrics.dpf(8.0));
        row.padding = padding(metrics.dpf(13.0), 0.0);
        row.size = Size { width: Dimension::auto(), height: Dimension::length(height) };
        row.flex_shrink = 0.0;
        let leaf = Leaf {
            revealed: focused,
            ..Leaf::bordered(palette.surface, metrics.radius(), border, border_color)
        }
        .target(Target::Item(item))
        .node(Role::Field, &field.id, typed, focused);
        let input = self.tree.add(row, leaf, &parts);
        if field.label.is_empty() {
            return input;
        }
        let color = if focused { palette.on_tint } else { palette.muted };
        let label =
            self.tree.text(style(), &field.label, metrics.label(), Weight::Regular, color, Align::Start, 0);
        let label =
            self.tree.add(column(0.0), Leaf::default().node(Role::Label, "", &field.label, false), &[label]);
        self.tree.add(column(metrics.dpf(5.0)), Leaf::default(), &[label, input])
    }

    fn details(&mut self, details: &[Detail], receipt: bool) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let mut rows = Vec::new();
        for (number, detail) in details.iter().enumerate() {
            if number > 0 {
                rows.push(self.tree.line());
            }
            let (size, weight) = if detail.strong {
                (metrics.body(), Weight::Bold)
            } else {
                (metrics.label(), Weight::Regular)
            };
            let label_width = self.tree.measure_text(&detail.label, metrics.label(), Weight::Regular).width;
            let value_width = self.tree.measure_text(&detail.value, size, weight).width;
            let inner = self.width - 2 * metrics.dp(14.0);
            // Side by side where both have room, otherwise the value has lines of its own.
            let beside = label_width + value_width + metrics.dp(12.0) <= inner || label_width * 5 < inner * 2;
            let label = self.tree.text(
                rigid(Style::default()),
                &detail.label,
                metrics.label(),
                Weight::Regular,
                palette.muted,
                Align::Start,
                if beside { 1 } else { 0 },
            );
            let align = if beside { Align::End } else { Align::Start };
            let value_style = if beside { grow(style(), 1.0) } else { style() };
            let value = self.tree.text(value_style, &detail.value, size, weight, palette.text, align, 0);
            let mut style = if beside { row(metrics.dpf(12.0)) } else { column(0.0) };
            style.padding = padding(0.0, metrics.dpf(if metrics.compact { 5.0 } else { 9.0 }));
            if beside {
                style.align_items = AlignItems::CENTER;
            }
            let text = format!("{}: {}", detail.label, detail.value);
            rows.push(self.tree.add(
                style,
                Leaf::default().node(Role::Detail, "", text, false),
                &[label, value],
            ));
        }
        let mut card = column(0.0);
        card.padding = padding(metrics.dpf(14.0), metrics.dpf(3.0));
        if receipt {
            card.padding.bottom = LengthPercentage::length(metrics.dpf(9.0));
            let inside = self.tree.add(card, Leaf::filled(palette.surface, 0), &rows);
            let size = Size { width: Dimension::auto(), height: Dimension::length(0.0) };
            let torn = Leaf::content(Content::Torn { ground: palette.background });
            let torn = self.tree.add(Style { size, ..style() }, torn, &[]);
            return self.tree.add(column(0.0), Leaf::default(), &[inside, torn]);
        }
        let leaf = Leaf::bordered(palette.surface, metrics.radius(), metrics.dp(0.6), palette.line);
        self.tree.add(card, leaf, &rows)
    }

    fn outcome(&mut self, success: bool, text: &str) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let (color, tint, glyph) = if success {
            (palette.success, palette.success_tint, Glyph::Check)
        } else {
            (palette.danger, palette.danger_tint, Glyph::Cross)
        };
        let outer = metrics.dp(if metrics.compact { 52.0 } else { 76.0 }) / 2 * 2;
        let inner = (outer * 7 / 10) / 2 * 2;
        let mark = self.tree.icon(glyph, inner * 13 / 20, palette.surface);
        let disc = self.tree.add(centered(fixed(inner, inner)), Leaf::filled(color, inner / 2), &[mark]);
        let halo = self.tree.add(centered(fixed(outer, outer)), Leaf::filled(tint, outer / 2), &[disc]);
        let words =
            self.tree.text(style(), text, metrics.headline(), Weight::Bold, palette.text, Align::Center, 0);
        let mut style = column(metrics.dpf(if metrics.compact { 6.0 } else { 12.0 }));
        style.align_items = AlignItems::CENTER;
        style.padding = padding(0.0, metrics.dpf(if metrics.compact { 2.0 } else { 4.0 }));
        let word = if success { Word::Succeeded } else { Word::Failed };
        let spoken = format!("{}: {text}", word.text(self.language));
        self.tree.add(style, Leaf::default().node(Role::Outcome, "", spoken, false), &[halo, words])
    }

    /// One button. Takes its number in the order of focus.
    pub(crate) fn button(
        &mut self,
        id: &str,
        label: &str,
        emphasis: Emphasis,
        item: usize,
        ground: Color,
        layout: Style,
    ) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let has_focus = self.form.focus == Some(item);
        let pressed = self.form.pressed() == Some(Target::Item(item));
        let (fill, over, line, color) = match emphasis {
            Emphasis::Primary => (palette.accent, palette.accent_pressed, None, palette.on_accent),
            Emphasis::Secondary => (palette.accent_tint, palette.surface_pressed, None, palette.on_tint),
            Emphasis::Cancel => {
                (palette.surface, palette.surface_pressed, Some(palette.field_line), palette.text)
            }
        };
        let fill = if pressed { over } else { fill };
        let border = if line.is_some() { metrics.dp(1.0) } else { 0 };
        let mut leaf = Leaf::bordered(fill, metrics.radius(), border, line.unwrap_or(fill))
            .target(Target::Item(item))
            .node(Role::Action, id, label, has_focus);
        leaf.revealed = has_focus;
        if has_focus && self.form.focus_shown {
            leaf.ring = Some((palette.on_tint, ground));
        }
        let words = self.tree.text(style(), label, metrics.body(), Weight::Bold, color, Align::Center, 2);
        let mut style = centered(layout);
        style.min_size.height = LengthPercentageAuto::length(metrics.touch());
        style.padding = padding(metrics.dpf(10.0), metrics.dpf(4.0));
        self.tree.add(style, leaf, &[words])
    }
}

/// A view that says how something went or goes: its words stand in the middle, under its mark.
pub(crate) fn is_announcement(view: &View) -> bool {
    view.elements.iter().any(|element| matches!(element, Element::Outcome { .. } | Element::Progress { .. }))
        && !view.elements.iter().any(|element| matches!(element, Element::Field(_) | Element::Choices(_)))
}

/// The part of a grouped number that holds this many of its typed characters.
fn before_in_group(grouped: &str, typed: usize) -> String {
    let mut left = typed;
    let mut text = String::new();
    for character in grouped.chars() {
        if character != ',' {
            if left == 0 {
                break;
            }
            left -= 1;
        } else if left == 0 {
            break;
        }
        text.push(character);
    }
    text
}
