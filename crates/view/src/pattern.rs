//! Patterns of square modules: QR codes, and the picture that a session's nonce decides.

use crate::element::Body;
use crate::fonts::Weight;
use crate::geometry::{float, int};
use crate::scene::{Align, Modules, Role};
use crate::theme::Color;
use crate::tree::{Content, Leaf, column, padding, rigid, style};
use std::sync::Arc;
use taffy::prelude::{AlignItems, NodeId, Style};

impl Body<'_, '_> {
    pub(crate) fn code(&mut self, content: &str, caption: &str) -> NodeId {
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
}

/// A QR code (ISO/IEC 18004), or nothing when the content is too long for one.
fn code_modules(content: &str) -> Option<Modules> {
    let code = fast_qr::QRBuilder::new(content).ecl(fast_qr::ECL::M).build().ok()?;
    let dark = |row: usize, column: usize| {
        code.data.get(row * code.size + column).is_some_and(|module| module.value())
    };
    let cells = (0..code.size)
        .flat_map(|row| (0..code.size).map(move |column| (row, column)))
        .map(|(row, column)| u8::from(dark(row, column)))
        .collect();
    Some(Modules { side: code.size, cells, colors: vec![Color(0)] })
}

/// Seven by seven modules, mirrored left to right so that the eye takes it for a figure.
fn emblem_modules(nonce: &[u8; 16], colors: &[Color]) -> Modules {
    const SIDE: usize = 7;
    let mut cells = vec![0; SIDE * SIDE];
    for row in 0..SIDE {
        for column in 0..SIDE.div_ceil(2) {
            let position = row * SIDE.div_ceil(2) + column;
            // Four bits for each of 28 modules.
            let byte = nonce.get(position / 2).copied().unwrap_or(0);
            let bits = if position.is_multiple_of(2) { byte & 15 } else { byte >> 4 };
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
