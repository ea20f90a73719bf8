//! Choices, as tiles or as rows of a card, and tables.

use crate::element::Body;
use crate::fonts::Weight;
use crate::format::amount_text;
use crate::geometry::{float, int};
use crate::icons::Glyph;
use crate::scene::{Align, Role, Target};
use crate::semantic::{Choice, Icon};
use crate::theme::Color;
use crate::tree::{Content, Leaf, Tree, centered, column, fixed, grow, padding, rigid, row, style};
use taffy::prelude::{
    AlignItems, Dimension, FlexWrap, JustifyContent, LengthPercentage, LengthPercentageAuto, NodeId, Size,
    Style,
};

impl Body<'_, '_> {
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
    pub(crate) fn tiles(&mut self, choices: &[Choice]) -> NodeId {
        let (metrics, palette) = (self.tree.metrics, self.tree.palette);
        let gap = metrics.dp(if metrics.compact { 8.0 } else { 12.0 });
        let fourth = (self.width - 3 * gap) / 4;
        let widest = |tree: &Tree<'_>, size: i32| {
            let width = |choice: &Choice| tree.measure_text(&choice.label, size, Weight::Bold).width;
            choices.iter().map(width).max().unwrap_or(0)
        };
        // Small letters rather than a second row of tiles, where they are not too small.
        let sizes = [(metrics.label(), 12.0), (metrics.caption(), 6.0)];
        let fitting =
            sizes.into_iter().find(|(size, slack)| widest(self.tree, *size) + metrics.dp(*slack) <= fourth);
        let four = fourth >= metrics.dp(44.0) && fitting.is_some();
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
            let size = match fitting {
                Some((size, _)) if narrow && columns == 4 => size,
                _ if narrow => metrics.label(),
                _ => metrics.body(),
            };
            let label =
                self.tree.text(style(), &choice.label, size, Weight::Bold, palette.text, Align::Center, 2);
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
    pub(crate) fn choices(&mut self, choices: &[Choice]) -> NodeId {
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

    pub(crate) fn table(&mut self, columns: &[String], rows: &[Vec<String>]) -> NodeId {
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
            .map(
                |column| {
                    if column > 0 && column == last && numeric(column) { Align::End } else { Align::Start }
                },
            )
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
pub(crate) fn are_tiles(choices: &[Choice]) -> bool {
    (2..=8).contains(&choices.len())
        && choices.iter().all(|choice| {
            choice.icon != Icon::None
                && choice.detail.is_empty()
                && choice.amount.is_none()
                && choice.label.chars().count() <= 14
        })
}
