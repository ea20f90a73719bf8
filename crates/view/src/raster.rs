//! Rastering: drawing operations to pixels.
//!
//! Everything curved is a mask in its own coordinates, made once and kept in the shared cache, and laid
//! down at whole pixels. So a pixel never depends on which rectangle is being rastered. Coverage has 16
//! levels: nobody sees the difference, and the coded screens are less than half as large.

use crate::fonts::{Fonts, Generations, PlacedGlyph, lock};
use crate::geometry::{Area, Rect, float, index};
use crate::icons::{self, Glyph};
use crate::scene::{Align, Modules, Op};
use crate::theme::Color;
use profile::PixelLayout;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::{LocationRef, Size};
use skrifa::{GlyphId, MetadataProvider};
use std::fmt;
use std::sync::{Arc, Mutex};
use zeno::{Cap, Command, Fill, Join, Mask, Point, Stroke, Transform, Vector};

/// Masks kept in each of the cache's two generations.
const MASKS_MAX: usize = 4_096;
/// The highest level of coverage.
const LEVEL_MAX: u8 = 15;

/// The shared cache of masks: letters, icons, corners. One for the whole program.
pub struct Painter {
    masks: Mutex<Generations<MaskKey, Arc<Coverage>>>,
}

impl fmt::Debug for Painter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Painter").field("masks", &lock(&self.masks).values().count()).finish()
    }
}

impl Default for Painter {
    fn default() -> Self {
        Self { masks: Mutex::new(Generations::new(MASKS_MAX)) }
    }
}

impl Painter {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of all masks in the cache.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        lock(&self.masks)
            .values()
            .map(|mask| mask.levels.len() + size_of::<Coverage>() + size_of::<MaskKey>())
            .sum()
    }

    fn mask(&self, key: MaskKey, fonts: &Fonts) -> Arc<Coverage> {
        if let Some(found) = lock(&self.masks).get(&key) {
            return found;
        }
        let made = Arc::new(match key {
            MaskKey::Letter { face, glyph, size, quarter, embolden } => {
                letter(fonts, face, glyph, size, quarter, embolden)
            }
            MaskKey::Icon { glyph, size } => icon(glyph, size),
        });
        lock(&self.masks).insert(key, Arc::clone(&made));
        made
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum MaskKey {
    Letter { face: u16, glyph: u16, size: i32, quarter: u8, embolden: bool },
    Icon { glyph: Glyph, size: i32 },
}

/// Coverage in levels 0 to 15, row by row.
#[derive(Debug, Default)]
struct Coverage {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    levels: Box<[u8]>,
}

impl Coverage {
    fn new(bytes: &[u8], placement: zeno::Placement) -> Self {
        let size = |side: u32| i32::try_from(side).unwrap_or(0);
        Self {
            left: placement.left,
            top: placement.top,
            width: size(placement.width),
            height: size(placement.height),
            levels: bytes.iter().map(|byte| level(*byte)).collect(),
        }
    }

    fn row(&self, y: i32) -> &[u8] {
        let start = index(y) * index(self.width);
        self.levels.get(start..start + index(self.width)).unwrap_or_default()
    }
}

/// 256 levels to 16.
fn level(coverage: u8) -> u8 {
    u8::try_from((u16::from(coverage) * u16::from(LEVEL_MAX) + 127) / 255).unwrap_or(LEVEL_MAX)
}

/// Collects a glyph's outline, turned so that y grows downwards.
struct Outline(Vec<Command>);

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.push(Command::MoveTo(Point::new(x, -y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.push(Command::LineTo(Point::new(x, -y)));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.push(Command::QuadTo(Point::new(cx, -cy), Point::new(x, -y)));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.push(Command::CurveTo(Point::new(ax, -ay), Point::new(bx, -by), Point::new(x, -y)));
    }

    fn close(&mut self) {
        self.0.push(Command::Close);
    }
}

fn letter(fonts: &Fonts, face: u16, glyph: u16, size: i32, quarter: u8, embolden: bool) -> Coverage {
    let Some(font) = fonts.font(face) else { return Coverage::default() };
    let Some(outline) = font.outline_glyphs().get(GlyphId::new(u32::from(glyph))) else {
        return Coverage::default();
    };
    let mut pen = Outline(Vec::new());
    let settings = DrawSettings::unhinted(Size::new(float(size)), LocationRef::default());
    if outline.draw(settings, &mut pen).is_err() || pen.0.is_empty() {
        return Coverage::default();
    }
    let offset = Vector::new(f32::from(quarter) / 4.0, 0.0);
    let (mut bytes, mut placement) = Mask::new(&pen.0).style(Fill::NonZero).offset(offset).render();
    if embolden {
        let mut stroke = Stroke::new(float(size) / 22.0);
        stroke.join(Join::Round);
        let (bold, place) = Mask::new(&pen.0).style(stroke).offset(offset).render();
        (bytes, placement) = lighten((&bytes, placement), (&bold, place));
    }
    Coverage::new(&bytes, placement)
}

/// Two masks on each other, the higher coverage of each pixel.
fn lighten(first: (&[u8], zeno::Placement), second: (&[u8], zeno::Placement)) -> (Vec<u8>, zeno::Placement) {
    let area = |place: zeno::Placement| {
        let size = |side: u32| i32::try_from(side).unwrap_or(0);
        Area::new(place.left, place.top, size(place.width), size(place.height))
    };
    let both = area(first.1).union(area(second.1));
    let mut bytes = vec![0; index(both.w) * index(both.h)];
    for (source, place) in [(first.0, area(first.1)), (second.0, area(second.1))] {
        for (y, row) in source.chunks(index(place.w).max(1)).enumerate() {
            let start = (y + index(place.y - both.y)) * index(both.w) + index(place.x - both.x);
            for (into, from) in bytes.iter_mut().skip(start).zip(row) {
                *into = (*into).max(*from);
            }
        }
    }
    let side = |side: i32| u32::try_from(side).unwrap_or(0);
    (bytes, zeno::Placement { left: both.x, top: both.y, width: side(both.w), height: side(both.h) })
}

fn icon(glyph: Glyph, size: i32) -> Coverage {
    let (path, stroke) = icons::drawing(glyph);
    if path.is_empty() || size < 1 {
        return Coverage::default();
    }
    let scale = Transform::scale(float(size) / 24.0, float(size) / 24.0);
    let mut mask = Mask::new(path);
    mask.transform(Some(scale));
    let mut pen = Stroke::new(stroke);
    pen.join(Join::Round).cap(Cap::Round);
    if stroke > 0.0 {
        mask.style(pen);
    } else {
        mask.style(Fill::NonZero);
    }
    let side = u32::try_from(size).unwrap_or(1);
    let (bytes, placement) = mask.size(side, side).render();
    Coverage::new(&bytes, placement)
}

/// A rectangle of the picture under the brush: pixels as 0x00RRGGBB.
struct Canvas {
    area: Area,
    pixels: Vec<u32>,
}

impl Canvas {
    /// The part of row `y` from `x` on, `width` long, all inside the canvas.
    fn span(&mut self, x: i32, y: i32, width: i32) -> &mut [u32] {
        let start = index(y - self.area.y) * index(self.area.w) + index(x - self.area.x);
        self.pixels.get_mut(start..start + index(width)).unwrap_or_default()
    }

    fn fill(&mut self, area: Area, color: Color) {
        let area = area.intersect(self.area);
        if area.is_empty() {
            return;
        }
        for y in area.y..area.bottom() {
            self.span(area.x, y, area.w).fill(color.0);
        }
    }

    /// Lays a mask down with its corner at this place.
    fn stamp(&mut self, mask: &Coverage, x: i32, y: i32, color: Color, clip: Area) {
        let visible = Area::new(x, y, mask.width, mask.height).intersect(clip).intersect(self.area);
        if visible.is_empty() {
            return;
        }
        for row in visible.y..visible.bottom() {
            let levels = mask.row(row - y).get(index(visible.x - x)..).unwrap_or_default();
            for (pixel, level) in self.span(visible.x, row, visible.w).iter_mut().zip(levels) {
                *pixel = blend(*pixel, color.0, *level);
            }
        }
    }
}

/// `over` on `under` with a coverage of `level` fifteenths.
fn blend(under: u32, over: u32, level: u8) -> u32 {
    match level {
        0 => under,
        LEVEL_MAX => over,
        _ => {
            let level = u32::from(level);
            let rest = u32::from(LEVEL_MAX) - level;
            let channel = |shift: u32| {
                let mixed = ((under >> shift) & 0xFF) * rest + ((over >> shift) & 0xFF) * level + 7;
                (mixed / 15) << shift
            };
            channel(16) | channel(8) | channel(0)
        }
    }
}

/// A picture is drawn in bands of about this many pixels, which stay in the processor's cache.
const BAND_PIXELS: usize = 65_536;

/// Draws a rectangle of a picture and packs it into the terminal's layout.
pub(crate) fn picture(
    operations: &[Op],
    rect: Rect,
    layout: PixelLayout,
    fonts: &Fonts,
    painter: &Painter,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rect.area() * layout.bytes_per_pixel());
    let whole = Area::from(rect);
    let rows = crate::geometry::int((BAND_PIXELS / usize::from(rect.width).max(1)).max(1));
    let mut canvas = Canvas { area: whole, pixels: Vec::new() };
    let mut top = whole.y;
    while top < whole.bottom() {
        canvas.area = Area::new(whole.x, top, whole.w, rows.min(whole.bottom() - top));
        canvas.pixels.clear();
        canvas.pixels.resize(index(canvas.area.w) * index(canvas.area.h), 0);
        band(operations, &mut canvas, fonts, painter);
        pack(&canvas.pixels, layout, &mut bytes);
        top += rows;
    }
    bytes
}

fn band(operations: &[Op], canvas: &mut Canvas, fonts: &Fonts, painter: &Painter) {
    let area = canvas.area;
    for operation in operations {
        let bounds = operation.bounds().intersect(area);
        if bounds.is_empty() {
            continue;
        }
        match operation {
            Op::Box { area, radius, fill, border, border_color, .. } => {
                if *border > 0 {
                    round_box(canvas, *area, *radius, *border_color, bounds, fonts, painter);
                    let inner = area.grow(-border);
                    round_box(canvas, inner, (radius - border).max(0), *fill, bounds, fonts, painter);
                } else {
                    round_box(canvas, *area, *radius, *fill, bounds, fonts, painter);
                }
            }
            Op::Text { paragraph, x, y, width, align, color, .. } => {
                let mut first = 0;
                let mut top = *y;
                for line in &paragraph.lines {
                    let end = usize::try_from(line.glyphs_end).unwrap_or(0);
                    let glyphs = paragraph.glyphs.get(first..end).unwrap_or_default();
                    let start = match align {
                        Align::Start => *x,
                        Align::Center => x + (width - line.width) / 2,
                        Align::End => x + width - line.width,
                    };
                    let line_area = Area::new(bounds.x, top, bounds.w, paragraph.line_height);
                    if !line_area.grow(paragraph.size / 2).intersect(bounds).is_empty() {
                        let place = (start, top + paragraph.baseline);
                        letters(canvas, glyphs, paragraph.size, place, *color, bounds, fonts, painter);
                    }
                    first = end;
                    top += paragraph.line_height;
                }
            }
            Op::Icon { glyph, x, y, size, color, .. } => {
                let mask = painter.mask(MaskKey::Icon { glyph: *glyph, size: *size }, fonts);
                canvas.stamp(&mask, *x, *y, *color, bounds);
            }
            Op::Modules { modules, x, y, module, .. } => {
                draw_modules(canvas, modules, (*x, *y), *module, bounds)
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one place of use")]
fn letters(
    canvas: &mut Canvas,
    glyphs: &[PlacedGlyph],
    size: i32,
    (x, y): (i32, i32),
    color: Color,
    clip: Area,
    fonts: &Fonts,
    painter: &Painter,
) {
    for glyph in glyphs {
        let (left, top) = (x + i32::from(glyph.x), y + i32::from(glyph.y));
        // No letter is drawn further than this from its origin.
        let reach = Area::new(left - size, top - 2 * size, 3 * size, 3 * size).intersect(clip);
        if !reach.intersect(canvas.area).is_empty() {
            let key = MaskKey::Letter {
                face: glyph.face,
                glyph: glyph.glyph,
                size,
                quarter: glyph.quarter,
                embolden: glyph.embolden,
            };
            let mask = painter.mask(key, fonts);
            canvas.stamp(&mask, left + mask.left, top + mask.top, color, reach);
        }
    }
}

/// A filled rectangle with round corners.
fn round_box(
    canvas: &mut Canvas,
    area: Area,
    radius: i32,
    color: Color,
    clip: Area,
    fonts: &Fonts,
    painter: &Painter,
) {
    let radius = radius.min(area.w / 2).min(area.h / 2).max(0);
    if radius == 0 {
        canvas.fill(area.intersect(clip), color);
        return;
    }
    canvas.fill(Area::new(area.x + radius, area.y, area.w - 2 * radius, area.h).intersect(clip), color);
    canvas.fill(Area::new(area.x, area.y + radius, radius, area.h - 2 * radius).intersect(clip), color);
    canvas.fill(
        Area::new(area.right() - radius, area.y + radius, radius, area.h - 2 * radius).intersect(clip),
        color,
    );
    let disc = painter.mask(MaskKey::Icon { glyph: Glyph::Disc, size: 2 * radius }, fonts);
    let (right, bottom) = (area.right() - 2 * radius, area.bottom() - 2 * radius);
    for (x, y, left, top) in [
        (area.x, area.y, true, true),
        (right, area.y, false, true),
        (area.x, bottom, true, false),
        (right, bottom, false, false),
    ] {
        let quarter =
            Area::new(if left { x } else { x + radius }, if top { y } else { y + radius }, radius, radius);
        canvas.stamp(&disc, x, y, color, quarter.intersect(clip));
    }
}

fn draw_modules(canvas: &mut Canvas, modules: &Modules, (x, y): (i32, i32), module: i32, clip: Area) {
    for (row, cells) in modules.cells.chunks(modules.side.max(1)).enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let color = usize::from(*cell).checked_sub(1).and_then(|color| modules.colors.get(color));
            if let Some(color) = color {
                let place = Area::new(
                    x + crate::geometry::int(column) * module,
                    y + crate::geometry::int(row) * module,
                    module,
                    module,
                );
                canvas.fill(place.intersect(clip), *color);
            }
        }
    }
}

/// Pixels to the terminal's own layout.
fn pack(pixels: &[u32], layout: PixelLayout, bytes: &mut Vec<u8>) {
    match layout {
        PixelLayout::Rgb888 | PixelLayout::Cells => {
            for pixel in pixels {
                bytes.extend_from_slice(&pixel.to_le_bytes());
            }
        }
        PixelLayout::Rgb565 => {
            for pixel in pixels {
                let [blue, green, red, _] = pixel.to_le_bytes();
                let packed =
                    (u16::from(red >> 3) << 11) | (u16::from(green >> 2) << 5) | u16::from(blue >> 3);
                bytes.extend_from_slice(&packed.to_le_bytes());
            }
        }
        PixelLayout::Grey8 => {
            for pixel in pixels {
                let [blue, green, red, _] = pixel.to_le_bytes();
                // ITU-R BT.601 luma in 256ths.
                let luma = (u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29) >> 8;
                bytes.push(u8::try_from(luma).unwrap_or(u8::MAX));
            }
        }
    }
}

/// The cells of a rectangle of a text display.
pub(crate) fn cells(cells: &[u32], rect: Rect, width: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rect.area() * 4);
    for row in
        cells.chunks(usize::from(width).max(1)).skip(usize::from(rect.y)).take(usize::from(rect.height))
    {
        for cell in row.iter().skip(usize::from(rect.x)).take(usize::from(rect.width)) {
            bytes.extend_from_slice(&cell.to_le_bytes());
        }
    }
    bytes
}
