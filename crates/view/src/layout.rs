//! A screen on a picture display: header, scrolling body, actions or pad.

use crate::element::{Body, is_announcement};
use crate::fonts::{Fonts, TextSpec, Weight};
use crate::form::{Form, ItemKind, reveal};
use crate::geometry::{Area, float};
use crate::icons::Glyph;
use crate::pad;
use crate::scene::{Align, Node, Op, Role, Scene, Surface, Target};
use crate::screens::Screen;
use crate::semantic::{Element, Emphasis};
use crate::theme::{Color, Metrics, Palette, Style};
use crate::tree::{Drawing, Leaf, Tree, column, grow, padding, row, style as plain};
use crate::words::Word;
use profile::HardwareProfile;
use taffy::prelude::{AlignItems, Dimension, JustifyContent, LengthPercentageAuto, NodeId};

pub(crate) fn picture(
    screen: &Screen,
    form: &Form,
    profile: &HardwareProfile,
    style: Style,
    fonts: &Fonts,
) -> Scene {
    let metrics = Metrics::of(&profile.display);
    let palette = Palette::of(style.theme);
    let size = profile.size();
    let whole = Area::new(0, 0, metrics.width, metrics.height);
    let mut drawing = Drawing::default();
    drawing.operations.push(solid(whole, palette.background));

    // A small display has one way back at a time: the button, or the arrow while the pad hides the button.
    let has_arrow = !metrics.compact || form.pad().is_some();
    let header = header(screen, form, profile, style, fonts, &metrics, palette, has_arrow, &mut drawing);
    let mut body_area = Area::new(0, header, metrics.width, metrics.height - header);

    let pad_area = form.pad().map(|pad| pad::area(pad, &metrics, header));
    let mut tree = Tree::new(fonts, metrics, palette);
    let mut footer = None;
    match pad_area {
        Some(area) if area.x > 0 => body_area.w = area.x,
        Some(area) => body_area.h = (area.y - header).max(0),
        None => {
            footer = actions(screen, form, &mut tree, metrics.width, style)
                // A bar that would take much of a small display scrolls with the body instead.
                .filter(|(_, height)| *height * 5 <= metrics.height * 2);
            if let Some((_, height)) = footer {
                body_area.h = (body_area.h - height).max(0);
            }
        }
    }
    let with_actions = pad_area.is_none() && footer.is_none();
    let scrolled = body(screen, form, style, &mut tree, body_area, with_actions, size, &mut drawing);

    if let Some((root, height)) = footer {
        let top = metrics.height - height;
        drawing.operations.push(solid(Area::new(0, top, metrics.width, height), palette.surface));
        drawing.operations.push(solid(Area::new(0, top, metrics.width, metrics.dp(0.6)), palette.line));
        tree.draw(root, 0, top, Area::new(0, top, metrics.width, height), size, &mut drawing);
    }
    if let (Some(area), Some(pad)) = (pad_area, form.pad()) {
        let enter = enter_label(screen, form, style);
        pad::draw(pad, area, &enter, form, fonts, &metrics, palette, size, &mut drawing);
    }
    if screen.is_platform() {
        frame(&metrics, palette, &mut drawing);
    }
    drawing.operations.shrink_to_fit();
    drawing.targets.shrink_to_fit();
    drawing.nodes.shrink_to_fit();
    Scene {
        width: size.0,
        height: size.1,
        pixels: profile.pixel_layout(),
        surface: Surface::Picture(drawing.operations),
        targets: drawing.targets,
        nodes: drawing.nodes,
        scroll: scrolled.0,
        scroll_max: scrolled.1,
        viewport: body_area,
    }
}

pub(crate) fn solid(area: Area, fill: Color) -> Op {
    Op::Box { area, clip: area, radius: 0, fill, border: 0, border_color: fill }
}

/// What the pad's large key says: on to the next field, or the primary action.
fn enter_label(screen: &Screen, form: &Form, style: Style) -> String {
    if form.has_next_field() {
        return Word::Next.text(style.language).to_owned();
    }
    let primary = screen.view().actions.iter().find(|action| action.emphasis == Emphasis::Primary);
    primary.map_or_else(|| Word::Done.text(style.language).to_owned(), |action| action.label.clone())
}

/// Draws the header; returns its height.
#[allow(clippy::too_many_arguments, reason = "one place of use")]
fn header(
    screen: &Screen,
    form: &Form,
    profile: &HardwareProfile,
    style: Style,
    fonts: &Fonts,
    metrics: &Metrics,
    palette: &Palette,
    has_arrow: bool,
    drawing: &mut Drawing,
) -> i32 {
    let platform = screen.is_platform();
    let height = metrics.dp(match (platform, metrics.compact || metrics.landscape) {
        (true, false) => 62.0,
        (true, true) => 50.0,
        (false, false) => 54.0,
        (false, true) => 42.0,
    });
    let height = height.min(metrics.height / 4);
    let area = Area::new(0, 0, metrics.width, height);
    let (ground, color) =
        if platform { (palette.platform, palette.on_platform) } else { (palette.surface, palette.text) };
    drawing.operations.push(solid(area, ground));
    if !platform {
        let line = metrics.dp(0.6);
        drawing.operations.push(solid(Area::new(0, height - line, metrics.width, line), palette.line));
    }
    let margin = column_margin(metrics, platform);
    let mut left = margin;
    let has_cancel = form.items.iter().any(|item| item.kind == ItemKind::Action(Emphasis::Cancel));
    if platform {
        let side = metrics.dp(if metrics.compact { 24.0 } else { 30.0 });
        let (x, y) = (left, (height - side) / 2);
        drawing.operations.push(Op::Icon {
            glyph: Glyph::Shield,
            x,
            y,
            size: side,
            color: palette.on_platform_muted,
            clip: area,
        });
        left += side + metrics.dp(10.0);
    } else if has_cancel && has_arrow && profile.touch {
        let touch = height.max(metrics.dp(40.0));
        let side = metrics.dp(24.0);
        let place = Area::new((margin - metrics.dp(14.0)).max(0), 0, touch, height);
        if form.pressed() == Some(Target::Back) {
            let radius = (height - metrics.dp(6.0)) / 2;
            let middle = (place.x + margin + side) / 2;
            let area = Area::new(middle - radius, metrics.dp(3.0), 2 * radius, 2 * radius);
            let fill = palette.surface_pressed;
            let clip = Area::new(0, 0, metrics.width, height - metrics.dp(0.6));
            drawing.operations.push(Op::Box { area, clip, radius, fill, border: 0, border_color: fill });
        }
        let y = (height - side) / 2;
        let x = margin - metrics.dp(5.0);
        drawing.operations.push(Op::Icon { glyph: Glyph::Back, x, y, size: side, color, clip: area });
        drawing.targets.push((place, Target::Back));
        left += side + metrics.dp(4.0);
    }
    let width = (metrics.width - left - margin).max(1);
    let text = |text: &str, size: i32, weight: Weight| {
        let spec = TextSpec { text: text.to_owned(), size, weight, lines_max: 1 };
        fonts.paragraph(&spec, Some(width))
    };
    let title = text(&screen.view().title, metrics.title(), Weight::Bold);
    let mut top = (height - title.line_height) / 2;
    if platform {
        let words =
            format!("{} · {}", Word::Platform.text(style.language), Word::Secure.text(style.language));
        let caption = text(&words, metrics.caption(), Weight::Regular);
        let together = caption.line_height + title.line_height;
        if together <= height {
            top = (height - together) / 2;
            let color = palette.on_platform_muted;
            drawing.operations.push(Op::Text {
                paragraph: caption.clone(),
                x: left,
                y: top,
                width,
                align: Align::Start,
                color,
                clip: area,
            });
            top += caption.line_height;
        }
    }
    drawing.operations.push(Op::Text {
        paragraph: title,
        x: left,
        y: top,
        width,
        align: Align::Start,
        color,
        clip: area,
    });
    if let Some(rect) = area.on_screen(profile.size().0, profile.size().1) {
        let text = screen.view().title.clone();
        drawing.nodes.push(Node { role: Role::Title, id: String::new(), text, rect, focused: false });
    }
    height
}

/// A frame in the platform's colour around its own screens.
fn frame(metrics: &Metrics, palette: &Palette, drawing: &mut Drawing) {
    let width = metrics.dp(FRAME);
    for area in [
        Area::new(0, 0, width, metrics.height),
        Area::new(metrics.width - width, 0, width, metrics.height),
        Area::new(0, metrics.height - width, metrics.width, width),
    ] {
        drawing.operations.push(solid(area, palette.platform));
    }
}

/// The width of the frame around the platform's own screens.
const FRAME: f32 = 3.0;

/// From the edge of the screen to the column of content.
fn column_margin(metrics: &Metrics, platform: bool) -> i32 {
    let frame = if platform { metrics.dp(FRAME) } else { 0 };
    let margin = crate::geometry::px(metrics.margin()) + frame;
    let column = metrics.dp(Metrics::COLUMN_WIDTH_MAX);
    margin.max((metrics.width - column) / 2)
}

/// The bar of actions with its height, or nothing when there are none.
fn actions(
    screen: &Screen,
    form: &Form,
    tree: &mut Tree<'_>,
    width: i32,
    style: Style,
) -> Option<(NodeId, i32)> {
    let metrics = tree.metrics;
    let margin = column_margin(&metrics, screen.is_platform());
    let root = buttons(screen, form, tree, width - 2 * margin, tree.palette.surface, style)?;
    let mut bar = column(0.0);
    bar.padding = padding(float(margin), metrics.dpf(if metrics.compact { 7.0 } else { 12.0 }));
    if screen.is_platform() {
        bar.padding.bottom =
            taffy::LengthPercentage::length(metrics.dpf(if metrics.compact { 9.0 } else { 15.0 }));
    }
    bar.size.width = Dimension::length(float(width));
    let bar = tree.add(bar, Leaf::default(), &[root]);
    let height = tree.compute(bar, width);
    Some((bar, height))
}

/// The buttons of a view: two side by side, or the primary one above the others.
fn buttons(
    screen: &Screen,
    form: &Form,
    tree: &mut Tree<'_>,
    width: i32,
    ground: Color,
    style: Style,
) -> Option<NodeId> {
    let view = screen.view();
    if view.actions.is_empty() {
        return None;
    }
    let metrics = tree.metrics;
    let gap = metrics.dp(10.0);
    let first = form.items.len().saturating_sub(view.actions.len());
    let fits = |tree: &Tree<'_>, label: &str, width: i32| {
        tree.measure_text(label, metrics.body(), Weight::Bold).width + metrics.dp(20.0) <= width
    };
    let mut body = Body { tree, form, language: style.language, width, height: 0, item: 0, centered: true };
    // Rows of numbers of actions; the primary one goes last in its row, where the thumb is.
    let mut order: Vec<usize> = (0..view.actions.len()).collect();
    order.sort_by_key(|number| view.actions.get(*number).map(|action| action.emphasis != Emphasis::Primary));
    let half = (width - gap) / 2;
    let all_fit = view.actions.iter().all(|action| fits(body.tree, &action.label, half));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    if order.len() == 2 && all_fit {
        order.reverse();
        rows.push(order);
    } else if let Some((primary, others)) = order.split_first() {
        rows.push(vec![*primary]);
        rows.extend(others.chunks(if all_fit { 2 } else { 1 }).map(<[usize]>::to_vec));
    }
    let mut nodes = Vec::new();
    for numbers in rows {
        let mut parts = Vec::new();
        for number in numbers {
            let Some(action) = view.actions.get(number) else { continue };
            let share =
                if action.emphasis == Emphasis::Primary && view.actions.len() == 2 { 1.5 } else { 1.0 };
            let share = grow(plain(), share);
            parts.push(body.button(
                &action.id,
                &action.label,
                action.emphasis,
                first + number,
                ground,
                share,
            ));
        }
        let mut line = row(float(gap));
        line.align_items = AlignItems::STRETCH;
        nodes.push(body.tree.add(line, Leaf::default(), &parts));
    }
    Some(body.tree.add(column(metrics.dpf(8.0)), Leaf::default(), &nodes))
}

/// Draws the part that scrolls; returns how far it is and how far it can be scrolled.
#[allow(clippy::too_many_arguments, reason = "one place of use")]
fn body(
    screen: &Screen,
    form: &Form,
    style: Style,
    tree: &mut Tree<'_>,
    area: Area,
    with_actions: bool,
    size: (u16, u16),
    drawing: &mut Drawing,
) -> (i32, i32) {
    let metrics = tree.metrics;
    let palette = tree.palette;
    let margin = if area.w < metrics.width {
        crate::geometry::px(metrics.margin())
    } else {
        column_margin(&metrics, screen.is_platform())
    };
    let width = (area.w - 2 * margin).max(1);
    let view = screen.view();
    let centered = screen.emblem().is_some() || is_announcement(view);
    let mut builder = Body { tree, form, language: style.language, width, height: area.h, item: 0, centered };
    let mut parts = Vec::new();
    if let Some(nonce) = screen.emblem() {
        parts.push(builder.emblem(nonce));
    }
    for element in &view.elements {
        parts.extend(builder.element(view, element));
    }
    if with_actions {
        parts.extend(buttons(screen, form, builder.tree, width, palette.background, style));
    }
    let mut column = column(metrics.gap());
    column.padding = padding(float(margin), metrics.dpf(if metrics.compact { 9.0 } else { 16.0 }));
    column.size.width = Dimension::length(float(area.w));
    column.min_size.height = LengthPercentageAuto::length(float(area.h));
    let is_short = screen.emblem().is_some()
        || view.elements.iter().any(|element| match element {
            Element::Progress { .. } => true,
            Element::Outcome { .. } => screen.is_platform(),
            _ => false,
        });
    if is_short && !metrics.compact {
        column.justify_content = JustifyContent::CENTER;
    }
    let root = tree.add(column, Leaf::default(), &parts);
    let height = tree.compute(root, area.w);
    let scroll_max = (height - area.h).max(0);
    let mut scroll = form.scroll.clamp(0, scroll_max);
    if form.reveal
        && let Some(target) = tree.revealed(root)
    {
        let slack = metrics.dp(10.0);
        let target = Area::new(target.x, target.y + area.y, target.w, target.h);
        scroll = reveal(scroll, target, area, slack).clamp(0, scroll_max);
    }
    // What does not fit goes on below a strip that says so, and no line of words is cut through its middle.
    let more = if scroll < scroll_max { metrics.dp(MORE) } else { 0 };
    let seen = Area { h: (area.h - more).max(0), ..area };
    let drawn = drawing.operations.len();
    tree.draw(root, area.x, area.y - scroll, seen, size, drawing);
    for operation in drawing.operations.iter_mut().skip(drawn) {
        whole_lines(operation, seen.bottom());
    }
    if more > 0 {
        let strip = Area::new(area.x, seen.bottom(), area.w, more);
        drawing.operations.push(solid(strip, palette.background));
        drawing.operations.push(Op::Icon {
            glyph: Glyph::Hide,
            x: area.x + (area.w - more) / 2,
            y: strip.y,
            size: more,
            color: palette.muted,
            clip: strip,
        });
    }
    if scroll_max > 0 && area.h > 8 {
        // Where in the body this is.
        let thickness = metrics.dp(3.0);
        let track = area.h - 2 * thickness;
        let length = (track * area.h / height.max(1)).clamp(thickness * 2, track.max(thickness * 2));
        let top = area.y + thickness + (track - length) * scroll / scroll_max;
        let inset = if screen.is_platform() { metrics.dp(FRAME) } else { 0 };
        let bar = Area::new(area.right() - thickness - metrics.dp(2.0) - inset, top, thickness, length);
        let fill = palette.field_line;
        drawing.operations.push(Op::Box {
            area: bar,
            clip: area,
            radius: thickness / 2,
            fill,
            border: 0,
            border_color: fill,
        });
    }
    (scroll, scroll_max)
}

/// The height of the strip below a body that goes on: no more than what is kept free around the part in focus.
const MORE: f32 = 10.0;

/// Takes the last line off a text that the edge at `bottom` would cut through.
fn whole_lines(operation: &mut Op, bottom: i32) {
    if let Op::Text { paragraph, y, clip, .. } = operation
        && clip.bottom() == bottom
        && *y + paragraph.height() > bottom
    {
        let lines = (bottom - *y).max(0) / paragraph.line_height.max(1);
        clip.h = (*y + lines * paragraph.line_height - clip.y).max(0).min(clip.h);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::{Confirmation, PaymentKind, confirmation};
    use crate::theme::Language;
    use money::{Currency, Money};
    use profile::PixelLayout;

    #[test]
    fn no_line_of_words_is_cut_where_the_body_goes_on() {
        let statement = Confirmation {
            kind: PaymentKind::Pay,
            payee: "Blue Lake Tea House".into(),
            payee_number: "1000000172".into(),
            amount: Money::new(2_350, Currency::CNY),
            fee: Money::new(120, Currency::CNY),
            account: "Everyday".into(),
            memo: "two lattes and a long note that needs a second line".into(),
        };
        let fonts = Fonts::new(Vec::new()).expect("the embedded fonts");
        let screen = confirmation(Language::English, &statement);
        let profile = HardwareProfile::picture("small", 240, 320, 167, PixelLayout::Rgb565);
        let mut form = Form::new(&screen, &profile);
        let mut strips = 0;
        for scroll in 0..400 {
            form.scroll = scroll;
            let scene = Scene::layout(&screen, &form, &profile, &Style::default(), &fonts);
            let Surface::Picture(operations) = &scene.surface else { panic!("a picture") };
            let goes_on = scene.scroll < scene.scroll_max;
            let has_strip =
                operations.iter().any(|operation| matches!(operation, Op::Icon { glyph: Glyph::Hide, .. }));
            assert_eq!(goes_on, has_strip, "at {scroll}");
            strips += usize::from(has_strip);
            for operation in operations {
                if let Op::Text { paragraph, y, clip, .. } = operation
                    && (y + 1..y + paragraph.height()).contains(&clip.bottom())
                    && clip.h > 0
                {
                    assert_eq!((clip.bottom() - y) % paragraph.line_height, 0, "at {scroll}");
                }
            }
        }
        assert!(strips > 20, "the screen is too small for the whole statement");
    }
}
