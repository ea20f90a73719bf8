//! The elements of a view, each as a part of the layout tree.

use crate::fonts::{TextSpec, Weight};
use crate::form::{Form, ItemKind};
use crate::format::{amount_text, digits, group, sign};
use crate::geometry::{float, int, px};
use crate::icons::Glyph;
use crate::scene::{Align, Modules, Role, Target};
use crate::semantic::{Choice, Detail, Element, Emphasis, Field, FieldKind, Icon, Tone, View};
use crate::theme::{Color, Language};
use crate::tree::{
    Content, EntryText, Leaf, Tree, centered, column, fixed, grow, margin_top, padding, rigid, row, style,
};
use crate::words::Word;
use money::Money;
use std::sync::Arc;
use taffy::prelude::{AlignItems, Dimension, FlexWrap, JustifyContent, LengthPercentage, LengthPercentageAuto, NodeId, Size, Style};

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
}

impl Body<'_, '_> {
    /// The element, or nothing when there is nothing to see.
    pub(crate) fn element(&mut self, view: &View, element: &Element) -> Option<NodeId> {
        let palette = self.tree.palette;
        let metrics = self.tree.metrics;
        Some(match element {
            Element::Text { text, tone } => {
                let align = if is_announcement(view) { Align::Center } else { Align::Start };
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
                let receipt =
                    view.elements.iter().any(|element| matches!(element, Element::Outcome { success: true, .. }));
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
        let digits = self.tree.text(rigid(Style::default()), &digits, size, Weight::Bold, color, Align::Start, 0);
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
        style.padding = padding(0.0, metrics.dpf(if metrics.compact { 2.0 } else { 10.0 }));
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
            let sign =
                self.tree.text(rigid(Style::default()), sign(currency).trim(), small, Weight::Bold, color, Align::Start, 1);
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

    fn choice_leaf(&mut self, choice: &Choice, ground: Color, radius: i32) -> (Leaf, bool) {
        let palette = self.tree.palette;
        let item = self.item;
        self.item += 1;
        let has_focus = self.form.focus == Some(item);
        let focused = has_focus && self.form.focus_shown;
        let pressed = self.form.pressed() == Some(Target::Item(item));
        let fill = if pressed { palette.surface_pressed } else { ground };
        let border = if focused { self.tree.metrics.dp(2.0) } else { 0 };
        let mut text = choice.label.clone();
        if !choice.detail.is_empty() {
            text.push_str(" — ");
            text.push_str(&choice.detail);
        }
        if let Some(amount) = choice.amount {
            text.push(' ');
            text.push_str(&amount_text(amount));
        }
        let leaf = Leaf { revealed: has_focus, ..Leaf::bordered(fill, radius, border, palette.accent) }
            .target(Target::Item(item))
            .node(Role::Choice, &choice.id, text, has_focus);
        (leaf, focused)
    }

    /// The icon on its tinted disc.
    fn badge(&mut self, icon: Icon, side: i32) -> NodeId {
        let palette = self.tree.palette;
        let (tint, color) = match icon {
            Icon::Incoming => (palette.success_tint, palette.success),
            Icon::Outgoing => (palette.surface_pressed, palette.muted),
            _ => (palette.accent_tint, palette.on_tint),
        };
        let glyph = self.tree.icon(Glyph::App(icon), side * 5 / 9, color);
        self.tree.add(centered(fixed(side, side)), Leaf::filled(tint, side / 2), &[glyph])
    }

    /// Choices as tiles, side by side.
    fn tiles(&mut self, choices: &[Choice]) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let gap = metrics.dp(if metrics.compact { 8.0 } else { 12.0 });
        let fourth = (self.width - 3 * gap) / 4;
        let widest = |tree: &Tree<'_>, size: i32| {
            let width = |choice: &Choice| tree.measure_text(&choice.label, size, Weight::Bold).width;
            choices.iter().map(width).max().unwrap_or(0)
        };
        let four = fourth >= metrics.dp(44.0) && widest(self.tree, metrics.label()) + metrics.dp(4.0) <= fourth;
        let columns = match choices.len() {
            3 => 3,
            4.. if four => 4,
            _ => 2,
        };
        let width = (self.width - (columns - 1) * gap) / columns;
        let mut tiles = Vec::new();
        for choice in choices {
            let (leaf, _) = self.choice_leaf(choice, palette.surface, metrics.radius());
            let leaf = bordered_card(leaf, metrics.dp(0.6), palette.line);
            let badge = self.badge(choice.icon, metrics.dp(if metrics.compact { 34.0 } else { 44.0 }));
            let narrow = metrics.compact || width < metrics.dp(96.0);
            let size = if narrow { metrics.label() } else { metrics.body() };
            let label = self.tree.text(style(), &choice.label, size, Weight::Bold, palette.text, Align::Center, 2);
            let mut style = column(metrics.dpf(if metrics.compact { 5.0 } else { 8.0 }));
            style.align_items = AlignItems::CENTER;
            style.justify_content = JustifyContent::CENTER;
            style.padding = padding(metrics.dpf(1.0), metrics.dpf(if narrow { 9.0 } else { 16.0 }));
            style.size.width = Dimension::length(float(width));
            style.flex_shrink = 0.0;
            tiles.push(self.tree.add(style, leaf, &[badge, label]));
        }
        let gap = LengthPercentage::length(float(gap));
        let style = Style {
            flex_wrap: FlexWrap::Wrap,
            gap: Size { width: gap, height: gap },
            align_items: AlignItems::STRETCH,
            ..style()
        };
        self.tree.add(style, Leaf::default(), &tiles)
    }

    /// Choices as rows of a card.
    fn choices(&mut self, choices: &[Choice]) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let side = metrics.dp(if metrics.compact { 28.0 } else { 40.0 });
        let edge = metrics.dpf(if metrics.compact { 9.0 } else { 14.0 });
        let between = metrics.dpf(if metrics.compact { 8.0 } else { 11.0 });
        let has_icons = choices.iter().any(|choice| choice.icon != Icon::None);
        let mut rows = Vec::new();
        for (number, choice) in choices.iter().enumerate() {
            if number > 0 {
                let line = self.tree.line();
                let inset = if has_icons { edge + between + float(side) } else { edge };
                let mut style = style();
                style.padding.left = LengthPercentage::length(inset);
                style.flex_direction = taffy::FlexDirection::Column;
                rows.push(self.tree.add(style, Leaf::default(), &[line]));
            }
            let (leaf, _) = self.choice_leaf(choice, palette.surface, metrics.radius());
            let mut parts = Vec::new();
            if has_icons {
                parts.push(if choice.icon == Icon::None {
                    self.tree.add(fixed(side, side), Leaf::default(), &[])
                } else {
                    self.badge(choice.icon, side)
                });
            }
            let weight = if choice.detail.is_empty() { Weight::Regular } else { Weight::Bold };
            let label =
                self.tree.text(style(), &choice.label, metrics.body(), weight, palette.text, Align::Start, 2);
            let mut words = vec![label];
            if !choice.detail.is_empty() {
                let size = metrics.caption();
                words.push(self.tree.text(
                    style(),
                    &choice.detail,
                    size,
                    Weight::Regular,
                    palette.muted,
                    Align::Start,
                    2,
                ));
            }
            parts.push(self.tree.add(grow(column(0.0), 1.0), Leaf::default(), &words));
            if let Some(amount) = choice.amount {
                let incoming = choice.icon == Icon::Incoming;
                let color = if incoming { palette.success } else { palette.text };
                let plus = if incoming && amount.is_positive() { "+" } else { "" };
                let text = format!("{plus}{}", amount_text(amount));
                parts.push(self.tree.text(
                    rigid(Style::default()),
                    &text,
                    metrics.body(),
                    Weight::Bold,
                    color,
                    Align::End,
                    0,
                ));
            } else {
                parts.push(self.tree.icon(Glyph::Chevron, metrics.dp(18.0), palette.field_line));
            }
            let mut row = row(between);
            row.padding = padding(edge, metrics.dpf(if metrics.compact { 6.0 } else { 9.0 }));
            row.min_size.height = LengthPercentageAuto::length(metrics.touch() + metrics.dpf(4.0));
            row.flex_shrink = 0.0;
            rows.push(self.tree.add(row, leaf, &parts));
        }
        let mut card = column(0.0);
        card.padding = padding(metrics.dpf(1.0), metrics.dpf(1.0));
        let leaf = Leaf::bordered(palette.surface, metrics.radius(), metrics.dp(0.6), palette.line);
        self.tree.add(card, leaf, &rows)
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
            rows.push(self.tree.add(style, Leaf::default().node(Role::Detail, "", text, false), &[label, value]));
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

    fn table(&mut self, columns: &[String], rows: &[Vec<String>]) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let (size, head_size) = (metrics.label(), metrics.caption());
        let gap = metrics.dp(10.0);
        let inner = self.width - 2 * metrics.dp(14.0);
        let mut widths: Vec<i32> = columns
            .iter()
            .map(|heading| self.tree.measure_text(heading, head_size, Weight::Bold).width)
            .collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(self.tree.measure_text(cell, size, Weight::Regular).width);
            }
        }
        let gaps = gap * (int(columns.len()) - 1).max(0);
        let room = (inner - gaps).max(1);
        let natural: i32 = widths.iter().sum();
        if natural > room {
            // Narrow columns keep their width; the wide ones share what is left.
            let fair = room / int(columns.len()).max(1);
            let kept: i32 = widths.iter().filter(|width| **width <= fair).sum();
            let wide: i32 = widths.iter().filter(|width| **width > fair).sum();
            for width in &mut widths {
                if *width > fair {
                    *width = (*width * (room - kept) / wide.max(1)).max(1);
                }
            }
        } else if let Some(first) = widths.first_mut() {
            *first += room - natural;
        }
        let last = columns.len().saturating_sub(1);
        let numeric = |column: usize| {
            rows.iter().all(|row| row.get(column).is_none_or(|cell| cell.chars().any(|c| c.is_ascii_digit())))
        };
        let aligns: Vec<Align> = (0..columns.len())
            .map(|column| if column > 0 && column == last && numeric(column) { Align::End } else { Align::Start })
            .collect();
        let mut body = Vec::new();
        let heading = std::iter::once((columns, true));
        for (cells, is_heading) in heading.chain(rows.iter().map(|row| (row.as_slice(), false))) {
            if !body.is_empty() {
                body.push(self.tree.line());
            }
            let mut parts = Vec::new();
            for ((cell, width), align) in cells.iter().zip(&widths).zip(&aligns) {
                let (size, weight, color) = if is_heading {
                    (head_size, Weight::Bold, palette.muted)
                } else {
                    (size, Weight::Regular, palette.text)
                };
                let mut cell_style = rigid(Style::default());
                cell_style.size.width = Dimension::length(float(*width));
                parts.push(self.tree.text(cell_style, cell, size, weight, color, *align, 0));
            }
            let mut style = row(float(gap));
            style.align_items = AlignItems::FLEX_START;
            style.padding = padding(0.0, metrics.dpf(8.0));
            let leaf = Leaf::default().node(Role::Row, "", cells.join(" | "), false);
            body.push(self.tree.add(style, leaf, &parts));
        }
        let mut card = column(0.0);
        card.padding = padding(metrics.dpf(14.0), metrics.dpf(2.0));
        let leaf = Leaf::bordered(palette.surface, metrics.radius(), metrics.dp(0.6), palette.line);
        self.tree.add(card, leaf, &body)
    }

    fn code(&mut self, content: &str, caption: &str) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let mut parts = Vec::new();
        if let Some(modules) = code_modules(content) {
            let side = int(modules.side) + 8;
            // As large as is comfortable, and whole on the screen at once.
            let room = self.width.min(metrics.dp(280.0)).min(self.height * 3 / 4);
            let module = (room / side).max(1);
            let node = Leaf::content(Content::Modules { modules: Arc::new(modules), module });
            let code = self.tree.add(rigid(Style::default()), node, &[]);
            let quiet = float(4 * module);
            let mut frame = column(0.0);
            frame.padding = padding(quiet, quiet);
            frame.flex_shrink = 0.0;
            parts.push(self.tree.add(frame, Leaf::filled(Color(0xFF_FF_FF), metrics.radius()), &[code]));
        }
        if !caption.is_empty() {
            parts.push(self.tree.text(
                style(),
                caption,
                metrics.label(),
                Weight::Regular,
                palette.muted,
                Align::Center,
                0,
            ));
        }
        let mut style = column(metrics.dpf(8.0));
        style.align_items = AlignItems::CENTER;
        self.tree.add(style, Leaf::default().node(Role::Picture, "", caption, false), &parts)
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
        style.padding = padding(0.0, metrics.dpf(if metrics.compact { 2.0 } else { 12.0 }));
        let word = if success { Word::Succeeded } else { Word::Failed };
        let spoken = format!("{}: {text}", word.text(self.language));
        self.tree.add(style, Leaf::default().node(Role::Outcome, "", spoken, false), &[halo, words])
    }

    /// The picture that a nonce decides: mirrored, in three colours.
    pub(crate) fn emblem(&mut self, nonce: &[u8; 16]) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let modules = emblem_modules(nonce, &[palette.accent, palette.success, palette.warning]);
        let side = int(modules.side);
        let room = (self.width * 2 / 5).min(self.height / 3).min(metrics.dp(168.0));
        let module = (room / side).max(1);
        let node = Leaf::content(Content::Modules { modules: Arc::new(modules), module });
        let picture = self.tree.add(rigid(Style::default()), node, &[]);
        let mut frame = column(0.0);
        let quiet = float(module);
        frame.padding = padding(quiet, quiet);
        let frame = {
            let leaf = Leaf::bordered(palette.surface, metrics.radius(), metrics.dp(0.6), palette.line);
            self.tree.add(frame, leaf, &[picture])
        };
        let mut style = column(0.0);
        style.align_items = AlignItems::CENTER;
        self.tree.add(style, Leaf::default(), &[frame])
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
            Emphasis::Cancel => (palette.surface, palette.surface_pressed, Some(palette.field_line), palette.text),
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
fn is_announcement(view: &View) -> bool {
    view.elements.iter().any(|element| matches!(element, Element::Outcome { .. } | Element::Progress { .. }))
        && !view.elements.iter().any(|element| matches!(element, Element::Field(_) | Element::Choices(_)))
}

/// A pressed or focused card keeps its own border; one at rest gets a hairline.
fn bordered_card(mut leaf: Leaf, width: i32, color: Color) -> Leaf {
    if let Content::Box { border, border_color, .. } = &mut leaf.content
        && *border == 0
    {
        *border = width;
        *border_color = color;
    }
    leaf
}

/// Choices that are the ways to go from a home screen are tiles: few, each with an icon and nothing else.
fn are_tiles(choices: &[Choice]) -> bool {
    (2..=8).contains(&choices.len())
        && choices.iter().all(|choice| {
            choice.icon != Icon::None
                && choice.detail.is_empty()
                && choice.amount.is_none()
                && choice.label.chars().count() <= 14
        })
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

/// A QR code (ISO/IEC 18004), or nothing when the content is too long for one.
pub(crate) fn code_modules(content: &str) -> Option<Modules> {
    let code = fast_qr::QRBuilder::new(content).ecl(fast_qr::ECL::M).build().ok()?;
    let dark = |row: usize, column: usize| code.data.get(row * code.size + column).is_some_and(|module| module.value());
    let cells = (0..code.size)
        .flat_map(|row| (0..code.size).map(move |column| (row, column)))
        .map(|(row, column)| u8::from(dark(row, column)))
        .collect();
    Some(Modules { side: code.size, cells, colors: vec![Color(0)] })
}

/// Seven by seven modules, mirrored left to right so that the eye takes it for a figure.
pub(crate) fn emblem_modules(nonce: &[u8; 16], colors: &[Color]) -> Modules {
    const SIDE: usize = 7;
    let mut cells = vec![0; SIDE * SIDE];
    for row in 0..SIDE {
        for column in 0..SIDE.div_ceil(2) {
            let position = row * SIDE.div_ceil(2) + column;
            // Four bits for each of 28 modules.
            let byte = nonce.get(position / 2).copied().unwrap_or(0);
            let bits = if position % 2 == 0 { byte & 15 } else { byte >> 4 };
            let color = match bits {
                0..=6 => 0,
                7..=12 => 1,
                13..=14 => 2,
                _ => 3,
            };
            for column in [column, SIDE - 1 - column] {
                if let Some(cell) = cells.get_mut(row * SIDE + column) {
                    *cell = color;
                }
            }
        }
    }
    Modules { side: SIDE, cells, colors: colors.to_vec() }
}
