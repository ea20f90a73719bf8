//! What a terminal shows: the screen, what its user has typed into it, and what the terminal already has.

use std::sync::Arc;
use std::time::Duration;

use profile::HardwareProfile;
use rfb::Rect;
use rfb::sealed::Node;
use rfb::server::Server;
use view::{Fonts, Painter, Reaction, Role, Scene, Style, Theme};

use crate::desk::Stop;
use crate::lines::{Form, Lines};

/// The most bytes of one sealed picture: above it a confirmation travels compressed like the rest, so
/// that a large screen on a slow bearer is not held up for minutes.
const PICTURE_BYTES_MAX: usize = 1024 * 1024;

/// How long a statement is shown before input is taken: longer than a double tap.
const READING_MIN: Duration = Duration::from_millis(500);

/// What screens are drawn with; shared by all sessions.
#[derive(Debug)]
pub struct Drawing {
    /// The faces.
    pub fonts: Fonts,
    /// Light or dark.
    pub theme: Theme,
    painter: Painter,
}

impl Drawing {
    /// Draws with these faces.
    #[must_use]
    pub fn new(fonts: Fonts, theme: Theme) -> Self {
        Self { fonts, theme, painter: Painter::new() }
    }

    fn raster(&self, scene: &Scene, rect: view::Rect) -> Vec<u8> {
        scene.raster(rect, &self.fonts, &self.painter)
    }
}

/// How far a screen that states what will be signed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    /// The screen states nothing.
    None,
    /// The terminal does not have it yet.
    Unsent,
    /// It is on its way.
    Sent,
    /// The terminal asked for the next update, so it shows this one; its user begins to read.
    Shown { ready_at: Duration },
    /// Its user can have read it: what they do is meant for it.
    Ready,
}

/// What a terminal asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Everything,
    Changes,
}

/// One terminal's screen as the platform sees it.
#[derive(Debug)]
pub(crate) struct Window {
    profile: HardwareProfile,
    style: Style,
    screen: view::Screen,
    form: view::Form,
    scene: Arc<Scene>,
    /// What the terminal shows; nothing before the first update.
    sent: Option<Arc<Scene>>,
    /// Whether the screen states what will be signed, and whether its user can have read it.
    statement: Statement,
    request: Option<Request>,
    outline_is_stale: bool,
}

impl Window {
    pub(crate) fn new(
        profile: &HardwareProfile,
        style: Style,
        screen: view::Screen,
        drawing: &Drawing,
    ) -> Self {
        let form = view::Form::new(&screen, profile);
        let scene = Arc::new(Scene::layout(&screen, &form, profile, &style, &drawing.fonts));
        Self {
            profile: profile.clone(),
            style,
            screen,
            form,
            scene,
            sent: None,
            statement: Statement::None,
            request: None,
            outline_is_stale: true,
        }
    }

    /// Shows another screen. What was typed stays where the new one has the same fields.
    pub(crate) fn show(&mut self, screen: view::Screen, drawing: &Drawing) {
        self.statement = Statement::None;
        if screen == self.screen {
            return;
        }
        let mut form = view::Form::new(&screen, &self.profile);
        if screen.view().title == self.screen.view().title {
            form = form.carried_over(&self.form);
        }
        // A finger that was down before the screen came presses nothing on it.
        form.hold(self.form.buttons());
        self.form = form;
        self.screen = screen;
        self.lay_out(drawing);
    }

    /// Shows a screen that states what will be signed.
    pub(crate) fn show_statement(&mut self, screen: view::Screen, drawing: &Drawing) {
        self.show(screen, drawing);
        self.statement = Statement::Unsent;
    }

    /// Whether what the user does is meant for the screen that is shown. What was done before a statement
    /// could be read - the second tap of a double tap, a key held down, a touch still on its way - is not
    /// consent to it (R23).
    pub(crate) fn takes_input(&self) -> bool {
        matches!(self.statement, Statement::None | Statement::Ready)
    }

    /// The pointer pressed or let go while no input is taken.
    pub(crate) fn hold(&mut self, buttons: u8) {
        self.form.hold(buttons);
    }

    /// When a statement that is shown begins to take input.
    pub(crate) fn statement_ready_at(&self) -> Option<Duration> {
        match self.statement {
            Statement::Shown { ready_at } => Some(ready_at),
            _ => None,
        }
    }

    /// Lets a statement that was shown for long enough take input.
    pub(crate) fn tick(&mut self, monotonic: Duration) {
        if self.statement_ready_at().is_some_and(|ready_at| monotonic >= ready_at) {
            self.statement = Statement::Ready;
        }
    }

    pub(crate) fn key(&mut self, keysym: u32, down: bool, drawing: &Drawing) -> Reaction {
        let reaction = self.form.key(keysym, down, &self.scene);
        self.react(reaction, drawing)
    }

    pub(crate) fn pointer(&mut self, buttons: u8, x: u16, y: u16, drawing: &Drawing) -> Reaction {
        let reaction = self.form.pointer(buttons, x, y, &self.scene);
        self.react(reaction, drawing)
    }

    fn react(&mut self, reaction: Reaction, drawing: &Drawing) -> Reaction {
        if !matches!(reaction, Reaction::None) {
            self.lay_out(drawing);
        }
        reaction
    }

    fn lay_out(&mut self, drawing: &Drawing) {
        self.scene =
            Arc::new(Scene::layout(&self.screen, &self.form, &self.profile, &self.style, &drawing.fonts));
        self.outline_is_stale = true;
    }

    /// The terminal asks for an update, which it does once it shows the last one.
    pub(crate) fn request(&mut self, incremental: bool, monotonic: Duration) {
        if self.statement == Statement::Sent {
            self.statement = Statement::Shown { ready_at: monotonic.saturating_add(READING_MIN) };
        }
        let request = if incremental { Request::Changes } else { Request::Everything };
        // Asking for everything is not taken back by asking for changes after it.
        if self.request != Some(Request::Everything) {
            self.request = Some(request);
        }
    }

    /// What a terminal that sees the screen right acknowledges.
    pub(crate) fn acknowledgement(&self, drawing: &Drawing) -> [u8; 16] {
        rfb::sealed::acknowledgement(&drawing.raster(&self.scene, self.whole()))
    }

    /// Sends what the terminal asked for and does not have; keeps the request open when there is nothing.
    pub(crate) fn paint(
        &mut self,
        lines: &mut Lines,
        rfb: &mut Server,
        drawing: &Drawing,
    ) -> Result<(), Stop> {
        let Some(request) = self.request else { return Ok(()) };
        let damage = match (&self.sent, request) {
            (Some(sent), Request::Changes) => self.scene.damage_from(sent),
            _ => vec![self.whole()],
        };
        if damage.is_empty() {
            self.sent = Some(Arc::clone(&self.scene));
            if self.statement == Statement::Unsent {
                // The very same is shown already.
                self.statement = Statement::Ready;
            }
            return Ok(());
        }
        let layout = self.profile.pixel_layout();
        let mut rectangles = Vec::new();
        for (rect, form) in self.forms(damage) {
            let pixels = drawing.raster(&self.scene, rect);
            let rect = Rect { x: rect.x, y: rect.y, width: rect.width, height: rect.height };
            rectangles.push(lines.rectangle(rect, layout, pixels, form)?);
        }
        rfb.update(&rectangles).map_err(|misuse| Stop::Server(misuse.to_string()))?;
        self.sent = Some(Arc::clone(&self.scene));
        self.request = None;
        if self.statement == Statement::Unsent {
            self.statement = Statement::Sent;
        }
        Ok(())
    }

    /// What the screen says, for whoever cannot see it, when it has changed since the last time. It never
    /// runs ahead of the picture, nor of the time from which input is taken: a touch meant for what it
    /// names must find that there.
    pub(crate) fn take_outline(&mut self) -> Option<Vec<Node>> {
        let is_shown = self.sent.as_ref().is_some_and(|sent| Arc::ptr_eq(sent, &self.scene));
        if !is_shown || !self.takes_input() {
            return None;
        }
        std::mem::take(&mut self.outline_is_stale).then(|| self.scene.outline().iter().map(node).collect())
    }

    fn whole(&self) -> view::Rect {
        let (width, height) = self.profile.size();
        view::Rect { x: 0, y: 0, width, height }
    }

    /// Splits the damage by how it travels: what states the payment as a picture, the rest compressed.
    fn forms(&self, damage: Vec<view::Rect>) -> Vec<(view::Rect, Form)> {
        let Some(statement) = self.statement_area() else {
            return damage.into_iter().map(|rect| (rect, Form::Tile)).collect();
        };
        let mut forms = Vec::new();
        for rect in damage {
            match shared(rect, statement) {
                Some(shared) => {
                    forms.push((shared, Form::Picture));
                    forms.extend(around(rect, shared).map(|rest| (rest, Form::Tile)));
                }
                None => forms.push((rect, Form::Tile)),
            }
        }
        forms
    }

    /// The rectangle around the amount and the details of what will be signed, where it is small enough.
    fn statement_area(&self) -> Option<view::Rect> {
        let is_statement = self.statement != Statement::None;
        let stated = is_statement.then(|| self.scene.outline())?.iter();
        let area = stated
            .filter(|node| matches!(node.role, Role::Amount | Role::Detail) && node.rect.area() > 0)
            .map(|node| node.rect)
            .reduce(around_both)?;
        let bytes = area.area() * self.profile.pixel_layout().bytes_per_pixel();
        (bytes <= PICTURE_BYTES_MAX).then_some(area)
    }
}

/// A part of the screen as the terminal is told of it.
fn node(node: &view::Node) -> Node {
    Node {
        role: node.role.name().to_owned(),
        id: node.id.clone(),
        text: node.text.clone(),
        x: node.rect.x,
        y: node.rect.y,
        width: node.rect.width,
        height: node.rect.height,
        focused: node.focused,
    }
}

const fn right(rect: view::Rect) -> u16 {
    rect.x.saturating_add(rect.width)
}

const fn bottom(rect: view::Rect) -> u16 {
    rect.y.saturating_add(rect.height)
}

/// The rectangle between these edges, unless it is empty.
fn between(left: u16, top: u16, right: u16, bottom: u16) -> Option<view::Rect> {
    (left < right && top < bottom).then(|| view::Rect::new(left, top, right - left, bottom - top))
}

/// What two rectangles have in common.
fn shared(one: view::Rect, other: view::Rect) -> Option<view::Rect> {
    between(
        one.x.max(other.x),
        one.y.max(other.y),
        right(one).min(right(other)),
        bottom(one).min(bottom(other)),
    )
}

/// The smallest rectangle that holds both.
fn around_both(one: view::Rect, other: view::Rect) -> view::Rect {
    let (left, top) = (one.x.min(other.x), one.y.min(other.y));
    view::Rect::new(left, top, right(one).max(right(other)) - left, bottom(one).max(bottom(other)) - top)
}

/// What is left of a rectangle around a hole in it: above, below, left and right.
fn around(rect: view::Rect, hole: view::Rect) -> impl Iterator<Item = view::Rect> {
    [
        between(rect.x, rect.y, right(rect), hole.y),
        between(rect.x, bottom(hole), right(rect), bottom(rect)),
        between(rect.x, hole.y, hole.x, bottom(hole)),
        between(right(hole), hole.y, right(rect), bottom(hole)),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_and_what_is_around_it_cover_the_rectangle_once() {
        let rect = view::Rect::new(2, 3, 9, 8);
        for hole in [view::Rect::new(4, 5, 3, 2), view::Rect::new(2, 3, 9, 8), view::Rect::new(2, 3, 1, 8)] {
            let mut seen = [[0_u8; 16]; 16];
            for part in std::iter::once(hole).chain(around(rect, hole)) {
                for y in part.y..bottom(part) {
                    for x in part.x..right(part) {
                        seen[usize::from(y)][usize::from(x)] += 1;
                    }
                }
            }
            for (y, row) in seen.iter().enumerate() {
                for (x, count) in row.iter().enumerate() {
                    let inside = (2..11).contains(&x) && (3..11).contains(&y);
                    assert_eq!(*count, u8::from(inside), "at {x}, {y} with the hole {hole:?}");
                }
            }
        }
    }
}
