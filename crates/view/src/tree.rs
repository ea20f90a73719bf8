//! The layout tree: boxes and texts laid out by taffy, then turned into drawing operations.

use crate::fonts::{Fonts, Paragraph, TextSpec, Weight};
use crate::geometry::{Area, float, int, px};
use crate::icons::Glyph;
use crate::scene::{Align, Modules, Node, Op, Role, Target};
use crate::theme::{Color, Metrics, Palette};
use std::sync::Arc;
use taffy::Rect as Sides;
use taffy::prelude::{
    AlignItems, AvailableSpace, Dimension, FlexDirection, JustifyContent, LengthPercentage,
    LengthPercentageAuto, NodeId, Size, Style, TaffyTree,
};

/// What a box shows.
#[derive(Debug, Clone, Default)]
pub(crate) enum Content {
    #[default]
    Nothing,
    Box {
        radius: i32,
        fill: Color,
        border: i32,
        border_color: Color,
    },
    Text {
        spec: TextSpec,
        color: Color,
        align: Align,
    },
    Icon {
        glyph: Glyph,
        color: Color,
    },
    Modules {
        modules: Arc<Modules>,
        module: i32,
    },
    /// A field's text with its caret, scrolled so that the caret can be seen.
    Entry {
        text: Box<EntryText>,
    },
    /// The torn lower edge of a receipt, cut out in this colour.
    Torn {
        ground: Color,
    },
}

/// What stands in a field.
#[derive(Debug, Clone)]
pub(crate) struct EntryText {
    pub(crate) shown: TextSpec,
    pub(crate) color: Color,
    /// What is before the caret, and the caret's colour, while the field has the focus.
    pub(crate) caret: Option<(TextSpec, Color)>,
    pub(crate) caret_width: i32,
}

/// A box of the layout tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    pub(crate) content: Content,
    pub(crate) target: Option<Target>,
    /// Role, identifier, text and focus for the outline.
    pub(crate) node: Option<(Role, String, String, bool)>,
    /// A ring around it, in this colour, on this ground.
    pub(crate) ring: Option<(Color, Color)>,
    /// What is scrolled into sight when asked for.
    pub(crate) revealed: bool,
}

impl Leaf {
    pub(crate) fn content(content: Content) -> Self {
        Self { content, ..Self::default() }
    }

    pub(crate) fn filled(fill: Color, radius: i32) -> Self {
        Self::content(Content::Box { radius, fill, border: 0, border_color: fill })
    }

    pub(crate) fn bordered(fill: Color, radius: i32, border: i32, border_color: Color) -> Self {
        Self::content(Content::Box { radius, fill, border, border_color })
    }

    pub(crate) fn node(mut self, role: Role, id: &str, text: impl Into<String>, focused: bool) -> Self {
        self.node = Some((role, id.to_owned(), text.into(), focused));
        self
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }
}

/// Builds a tree; knows the display and the colours.
pub(crate) struct Tree<'a> {
    taffy: TaffyTree<Leaf>,
    pub(crate) fonts: &'a Fonts,
    pub(crate) metrics: Metrics,
    pub(crate) palette: &'static Palette,
}

/// What a tree becomes.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) operations: Vec<Op>,
    pub(crate) targets: Vec<(Area, Target)>,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) fn style() -> Style {
    Style {
        min_size: Size { width: LengthPercentageAuto::length(0.0), height: LengthPercentageAuto::auto() },
        ..Style::default()
    }
}

pub(crate) fn column(gap: f32) -> Style {
    Style {
        flex_direction: FlexDirection::Column,
        gap: Size { width: LengthPercentage::length(0.0), height: LengthPercentage::length(gap) },
        ..style()
    }
}

pub(crate) fn row(gap: f32) -> Style {
    Style {
        flex_direction: FlexDirection::Row,
        align_items: AlignItems::CENTER,
        gap: Size { width: LengthPercentage::length(gap), height: LengthPercentage::length(0.0) },
        ..style()
    }
}

pub(crate) fn padding(x: f32, y: f32) -> Sides<LengthPercentage> {
    let (x, y) = (LengthPercentage::length(x), LengthPercentage::length(y));
    Sides { left: x, right: x, top: y, bottom: y }
}

pub(crate) fn fixed(width: i32, height: i32) -> Style {
    let size = Size { width: Dimension::length(float(width)), height: Dimension::length(float(height)) };
    Style { size, flex_shrink: 0.0, ..Style::default() }
}

pub(crate) fn grow(mut style: Style, factor: f32) -> Style {
    style.flex_grow = factor;
    style.flex_shrink = 1.0;
    style.flex_basis = Dimension::length(0.0);
    style
}

pub(crate) fn rigid(mut style: Style) -> Style {
    style.flex_shrink = 0.0;
    style
}

pub(crate) fn centered(mut style: Style) -> Style {
    style.justify_content = JustifyContent::CENTER;
    style.align_items = AlignItems::CENTER;
    style
}

pub(crate) fn margin_top(mut style: Style, top: f32) -> Style {
    let zero = LengthPercentageAuto::length(0.0);
    style.margin = Sides { left: zero, right: zero, top: LengthPercentageAuto::length(top), bottom: zero };
    style
}

impl<'a> Tree<'a> {
    pub(crate) fn new(fonts: &'a Fonts, metrics: Metrics, palette: &'static Palette) -> Self {
        Self { taffy: TaffyTree::new(), fonts, metrics, palette }
    }

    /// Adds a box around others. A full tree, which the bounds of a view rule out, gives an empty box.
    pub(crate) fn add(&mut self, style: Style, leaf: Leaf, children: &[NodeId]) -> NodeId {
        let made = if children.is_empty() {
            self.taffy.new_leaf_with_context(style, leaf)
        } else {
            self.taffy.new_with_children(style, children).inspect(|node| {
                let _ = self.taffy.set_node_context(*node, Some(leaf));
            })
        };
        made.unwrap_or(NodeId::new(0))
    }

    #[allow(clippy::too_many_arguments, reason = "a text has this many properties, and a style of its own")]
    pub(crate) fn text(
        &mut self,
        style: Style,
        text: &str,
        size: i32,
        weight: Weight,
        color: Color,
        align: Align,
        lines_max: usize,
    ) -> NodeId {
        let spec = TextSpec { text: text.to_owned(), size, weight, lines_max };
        self.add(style, Leaf::content(Content::Text { spec, color, align }), &[])
    }

    pub(crate) fn icon(&mut self, glyph: Glyph, size: i32, color: Color) -> NodeId {
        self.add(fixed(size, size), Leaf::content(Content::Icon { glyph, color }), &[])
    }

    /// A hairline.
    pub(crate) fn line(&mut self) -> NodeId {
        let thickness = self.metrics.dp(0.6);
        let style = Style {
            size: Size { width: Dimension::auto(), height: Dimension::length(float(thickness)) },
            align_self: Some(AlignItems::STRETCH),
            flex_shrink: 0.0,
            ..Style::default()
        };
        let color = self.palette.line;
        self.add(style, Leaf::filled(color, 0), &[])
    }

    pub(crate) fn measure_text(&self, text: &str, size: i32, weight: Weight) -> Arc<Paragraph> {
        self.fonts.paragraph(&TextSpec { text: text.to_owned(), size, weight, lines_max: 0 }, None)
    }

    /// Lays the tree under this root out; returns its height.
    pub(crate) fn compute(&mut self, root: NodeId, width: i32) -> i32 {
        let fonts = self.fonts;
        let space =
            Size { width: AvailableSpace::Definite(float(width)), height: AvailableSpace::MaxContent };
        let done = self.taffy.compute_layout_with_measure(root, space, |inputs, _, leaf, style| {
            taffy::compute_leaf_layout(
                inputs,
                style,
                |_, _| 0.0,
                |known, available| measure(fonts, leaf.as_deref(), known, available),
            )
        });
        match done.and_then(|()| self.taffy.layout(root)) {
            Ok(layout) => px(layout.size.height),
            Err(_) => 0,
        }
    }

    /// Where the part to reveal lies, relative to the root.
    pub(crate) fn revealed(&self, root: NodeId) -> Option<Area> {
        self.find_revealed(root, 0, 0)
    }

    fn find_revealed(&self, node: NodeId, x: i32, y: i32) -> Option<Area> {
        let layout = self.taffy.layout(node).ok()?;
        let (x, y) = (x + px(layout.location.x), y + px(layout.location.y));
        if self.taffy.get_node_context(node).is_some_and(|leaf| leaf.revealed) {
            return Some(Area::new(x, y, px(layout.size.width), px(layout.size.height)));
        }
        let children = self.taffy.children(node).ok()?;
        children.into_iter().find_map(|child| self.find_revealed(child, x, y))
    }

    /// Turns the tree under this root, placed here and cut to `clip`, into drawing operations.
    pub(crate) fn draw(
        &self,
        root: NodeId,
        x: i32,
        y: i32,
        clip: Area,
        screen: (u16, u16),
        drawing: &mut Drawing,
    ) {
        let Ok(layout) = self.taffy.layout(root) else { return };
        let (x, y) = (x + px(layout.location.x), y + px(layout.location.y));
        let area = Area::new(x, y, px(layout.size.width), px(layout.size.height));
        if let Some(leaf) = self.taffy.get_node_context(root) {
            self.draw_leaf(leaf, area, clip, screen, drawing);
        }
        for child in self.taffy.children(root).unwrap_or_default() {
            self.draw(child, x, y, clip, screen, drawing);
        }
    }

    fn draw_leaf(&self, leaf: &Leaf, area: Area, clip: Area, screen: (u16, u16), drawing: &mut Drawing) {
        if let Some(target) = leaf.target {
            let visible = area.intersect(clip);
            if !visible.is_empty() {
                drawing.targets.push((visible, target));
            }
        }
        if let Some((role, id, text, focused)) = &leaf.node {
            let rect = area.intersect(clip).on_screen(screen.0, screen.1).unwrap_or_default();
            drawing.nodes.push(Node {
                role: *role,
                id: id.clone(),
                text: text.clone(),
                rect,
                focused: *focused,
            });
        }
        if let (Some((color, ground)), Content::Box { radius, .. }) = (leaf.ring, &leaf.content) {
            let (gap, width) = (self.metrics.dp(2.0), self.metrics.dp(2.0));
            let ring = area.grow(gap + width);
            if !ring.intersect(clip).is_empty() {
                drawing.operations.push(Op::Box {
                    area: ring,
                    clip,
                    radius: radius + gap + width,
                    fill: ground,
                    border: width,
                    border_color: color,
                });
            }
        }
        // What cannot be seen is not drawn, but still in the outline.
        let reach = self.metrics.dp(8.0);
        if area.grow(reach).intersect(clip).is_empty() {
            return;
        }
        match &leaf.content {
            Content::Nothing => {}
            Content::Box { radius, fill, border, border_color } => drawing.operations.push(Op::Box {
                area,
                clip,
                radius: *radius,
                fill: *fill,
                border: *border,
                border_color: *border_color,
            }),
            Content::Text { spec, color, align } => {
                let paragraph = self.fonts.paragraph(spec, Some(area.w));
                let (x, y, width) = (area.x, area.y, area.w);
                drawing.operations.push(Op::Text {
                    paragraph,
                    x,
                    y,
                    width,
                    align: *align,
                    color: *color,
                    clip,
                });
            }
            Content::Icon { glyph, color } => drawing.operations.push(Op::Icon {
                glyph: *glyph,
                x: area.x,
                y: area.y,
                size: area.w.min(area.h),
                color: *color,
                clip,
            }),
            Content::Modules { modules, module } => drawing.operations.push(Op::Modules {
                modules: Arc::clone(modules),
                x: area.x,
                y: area.y,
                module: *module,
                clip,
            }),
            Content::Entry { text } => self.draw_entry(text, area, clip, drawing),
            Content::Torn { ground } => self.draw_torn(*ground, area, clip, drawing),
        }
    }

    fn draw_entry(&self, entry: &EntryText, area: Area, clip: Area, drawing: &mut Drawing) {
        let clip = clip.intersect(area);
        let paragraph = self.fonts.paragraph(&entry.shown, None);
        let caret = entry.caret.as_ref().map(|(before, color)| {
            let x = if before.text.is_empty() { 0 } else { self.fonts.paragraph(before, None).advance };
            (x, *color)
        });
        // The text moves left as far as the caret needs.
        let caret_x = caret.map_or(0, |(x, _)| x);
        let shift = (caret_x + 2 * entry.caret_width - area.w).max(0);
        let y = area.y + (area.h - paragraph.line_height) / 2;
        drawing.operations.push(Op::Text {
            x: area.x - shift,
            y,
            width: area.w,
            align: Align::Start,
            color: entry.color,
            clip,
            paragraph: Arc::clone(&paragraph),
        });
        if let Some((x, color)) = caret {
            let height = px(float(entry.shown.size) * 1.15);
            let middle = y + paragraph.baseline - px(float(entry.shown.size) * 0.36);
            drawing.operations.push(Op::Box {
                area: Area::new(area.x - shift + x, middle - height / 2, entry.caret_width, height),
                clip,
                radius: 0,
                fill: color,
                border: 0,
                border_color: color,
            });
        }
    }

    /// Half discs of the ground along the lower edge.
    fn draw_torn(&self, ground: Color, area: Area, clip: Area, drawing: &mut Drawing) {
        let radius = self.metrics.dp(4.0);
        let pitch = 3 * radius;
        let count = (area.w / pitch).clamp(0, 200);
        let start = area.x + (area.w - count * pitch) / 2 + pitch / 2;
        for number in 0..count {
            let middle = start + number * pitch;
            drawing.operations.push(Op::Box {
                area: Area::new(middle - radius, area.bottom() - radius, 2 * radius, 2 * radius),
                clip,
                radius,
                fill: ground,
                border: 0,
                border_color: ground,
            });
        }
    }
}

fn measure(
    fonts: &Fonts,
    leaf: Option<&Leaf>,
    known: Size<Option<f32>>,
    available: Size<AvailableSpace>,
) -> Size<f32> {
    let paragraph = match leaf.map(|leaf| &leaf.content) {
        Some(Content::Text { spec, .. }) => {
            let limit = match (known.width, available.width) {
                (Some(width), _) | (None, AvailableSpace::Definite(width)) => Some(px(width)),
                (None, AvailableSpace::MaxContent) => None,
                (None, AvailableSpace::MinContent) => {
                    let natural = fonts.paragraph(spec, None);
                    Some(natural.width_min)
                }
            };
            fonts.paragraph(spec, limit)
        }
        Some(Content::Entry { text }) => {
            let paragraph = fonts.paragraph(&text.shown, None);
            return Size { width: known.width.unwrap_or(0.0), height: float(paragraph.line_height) };
        }
        Some(Content::Modules { modules, module }) => {
            let side = float(int(modules.side) * module);
            return Size { width: side, height: side };
        }
        _ => return Size { width: known.width.unwrap_or(0.0), height: known.height.unwrap_or(0.0) },
    };
    Size {
        width: known.width.unwrap_or(float(paragraph.width)),
        height: known.height.unwrap_or(float(paragraph.height())),
    }
}
