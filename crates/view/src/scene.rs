//! The scene: what is on a screen, as a retained list of drawing operations.
//!
//! A session keeps its scene and no framebuffer. What changed is found by comparing two scenes
//! ([`Scene::damage_from`]); only that is rastered, and a rectangle rastered alone is byte for byte
//! what it is in the whole picture ([`Scene::raster`]).

use crate::cells;
use crate::damage;
use crate::fonts::{Fonts, Paragraph};
use crate::form::Form;
use crate::geometry::{Area, Rect, px};
use crate::icons::Glyph;
use crate::layout;
use crate::raster::{self, Painter};
use crate::screens::Screen;
use crate::theme::{Color, Style};
use profile::{Display, HardwareProfile, PixelLayout};
use std::sync::Arc;

/// Where the lines of a paragraph stand in their box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Align {
    Start,
    Center,
    End,
}

/// One drawing operation; nothing is drawn outside of its bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    /// A rectangle with round corners and, unless 0, a border inside its edge.
    Box { area: Area, clip: Area, radius: i32, fill: Color, border: i32, border_color: Color },
    /// A paragraph in a box of this place and width.
    Text { paragraph: Arc<Paragraph>, x: i32, y: i32, width: i32, align: Align, color: Color, clip: Area },
    /// An icon in a square.
    Icon { glyph: Glyph, x: i32, y: i32, size: i32, color: Color, clip: Area },
    /// Square modules, row by row, as a QR code has them.
    Modules { modules: Arc<Modules>, x: i32, y: i32, module: i32, clip: Area },
}

/// A square pattern of modules.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Modules {
    /// Modules on a side.
    pub(crate) side: usize,
    /// What each module is: 0 is not drawn, otherwise an index into the colours, from 1.
    pub(crate) cells: Vec<u8>,
    pub(crate) colors: Vec<Color>,
}

impl Op {
    /// The pixels it may touch.
    pub(crate) fn bounds(&self) -> Area {
        match self {
            Self::Box { area, clip, .. } => area.intersect(*clip),
            Self::Text { paragraph, x, y, width, align, clip, .. } => {
                // Ink may leave the box by a little: accents, overhangs.
                let slack = px(crate::geometry::float(paragraph.size) * 0.22) + 1;
                let start = match align {
                    Align::Start => *x,
                    Align::Center => x + (width - paragraph.width) / 2,
                    Align::End => x + width - paragraph.width,
                };
                Area::new(start - slack, *y, paragraph.width + 2 * slack, paragraph.height()).intersect(*clip)
            }
            Self::Icon { x, y, size, clip, .. } => Area::new(*x, *y, *size, *size).intersect(*clip),
            Self::Modules { modules, x, y, module, clip } => {
                let side = crate::geometry::int(modules.side) * module;
                Area::new(*x, *y, side, side).intersect(*clip)
            }
        }
    }
}

/// What a touch or a choice at a place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// The thing with this number in the form's order of focus.
    Item(usize),
    /// A key of the pad on the screen.
    Pad(PadKey),
    /// The cancelling action, from the header.
    Back,
}

/// A key of the pad on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PadKey {
    Character(char),
    Backspace,
    Shift,
    Symbols,
    Enter,
    Hide,
}

/// A part of the screen for scripts and for people who do not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub role: Role,
    /// The identifier of an action, choice or field; empty for the rest.
    pub id: String,
    /// What it says; for a field, what is filled in.
    pub text: String,
    /// Where it is; empty when it is scrolled out of sight.
    pub rect: Rect,
    /// Whether keys go to it.
    pub focused: bool,
}

/// What a part of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The title.
    Title,
    /// Words to read.
    Text,
    /// A heading in the body.
    Heading,
    /// A warning.
    Warning,
    /// A sum of money.
    Amount,
    /// The label of the field that follows.
    Label,
    /// Something to fill in.
    Field,
    /// One choice of a list.
    Choice,
    /// A button.
    Action,
    /// A name and its value.
    Detail,
    /// A row of a table.
    Row,
    /// A picture described by its text.
    Picture,
    /// How something ended.
    Outcome,
    /// Something under way.
    Progress,
    /// A key of the pad on the screen.
    Key,
}

impl Role {
    /// A lower-case word for it, for scripts and protocols.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Heading => "heading",
            Self::Warning => "warning",
            Self::Amount => "amount",
            Self::Label => "label",
            Self::Field => "field",
            Self::Choice => "choice",
            Self::Action => "action",
            Self::Detail => "detail",
            Self::Row => "row",
            Self::Picture => "picture",
            Self::Outcome => "outcome",
            Self::Progress => "progress",
            Self::Key => "key",
        }
    }
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Surface {
    Picture(Vec<Op>),
    /// Cells row by row, as the terminal's layout has them.
    Text(Vec<u32>),
}

/// What is on one screen.
#[derive(Debug, Clone)]
pub struct Scene {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) pixels: PixelLayout,
    pub(crate) surface: Surface,
    pub(crate) targets: Vec<(Area, Target)>,
    pub(crate) nodes: Vec<Node>,
    /// How far the body is scrolled, and how far it can be, in pixels or pages.
    pub(crate) scroll: i32,
    pub(crate) scroll_max: i32,
    /// The part of the screen that scrolls.
    pub(crate) viewport: Area,
}

impl Scene {
    /// Lays a screen out for a terminal. Never fails: what does not fit is scrolled, paged or cut off
    /// with an ellipsis.
    #[must_use]
    pub fn layout(
        screen: &Screen,
        form: &Form,
        profile: &HardwareProfile,
        style: &Style,
        fonts: &Fonts,
    ) -> Self {
        match profile.display {
            Display::Picture { .. } => layout::picture(screen, form, profile, *style, fonts),
            Display::Text { columns, rows } => cells::text(screen, form, *style, columns, rows),
        }
    }

    /// Width and height, in pixels or cells.
    #[must_use]
    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// The whole screen as a rectangle.
    #[must_use]
    pub const fn whole(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// The rectangles in which this scene differs from an older one, not overlapping; the whole screen
    /// when the sizes differ, nothing when the two look the same.
    #[must_use]
    pub fn damage_from(&self, old: &Self) -> Vec<Rect> {
        if (self.width, self.height, self.pixels) != (old.width, old.height, old.pixels) {
            return vec![self.whole()];
        }
        match (&self.surface, &old.surface) {
            (Surface::Picture(new), Surface::Picture(old)) => {
                damage::of_operations(new, old, self.width, self.height)
            }
            (Surface::Text(new), Surface::Text(old)) => damage::of_cells(new, old, self.width, self.height),
            _ => vec![self.whole()],
        }
    }

    /// The pixels of a rectangle in the terminal's own layout, row by row without gaps. The part of the
    /// rectangle outside of the screen is left out: the result has the bytes of `rect` cut to the screen.
    #[must_use]
    pub fn raster(&self, rect: Rect, fonts: &Fonts, painter: &Painter) -> Vec<u8> {
        let Some(rect) = Area::from(rect).on_screen(self.width, self.height) else { return Vec::new() };
        match &self.surface {
            Surface::Picture(operations) => raster::picture(operations, rect, self.pixels, fonts, painter),
            Surface::Text(cells) => raster::cells(cells, rect, self.width),
        }
    }

    /// The screen as a list of its parts in reading order, for scripts and for people who do not see it.
    #[must_use]
    pub fn outline(&self) -> &[Node] {
        &self.nodes
    }

    /// What a touch at this place means.
    pub(crate) fn target_at(&self, x: u16, y: u16) -> Option<Target> {
        let (x, y) = (i32::from(x), i32::from(y));
        self.targets.iter().rev().find(|(area, _)| area.contains(x, y)).map(|(_, target)| *target)
    }

    /// The memory that this scene holds for itself, in bytes; shaped paragraphs are shared with the
    /// fonts' cache and counted where nobody else holds them.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let surface = match &self.surface {
            Surface::Picture(operations) => operations.capacity() * size_of::<Op>(),
            Surface::Text(cells) => cells.capacity() * size_of::<u32>(),
        };
        let texts: usize = self.nodes.iter().map(|node| node.text.capacity() + node.id.capacity()).sum();
        size_of::<Self>()
            + surface
            + self.targets.capacity() * size_of::<(Area, Target)>()
            + self.nodes.capacity() * size_of::<Node>()
            + texts
    }

    /// The number of drawing operations, or of cells.
    #[must_use]
    pub fn operations(&self) -> usize {
        match &self.surface {
            Surface::Picture(operations) => operations.len(),
            Surface::Text(cells) => cells.len(),
        }
    }
}
