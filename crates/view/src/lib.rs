//! The semantic view: its layout, and its renderings as picture and text.
//!
//! An app says what is to be seen ([`View`]); the platform adds screens of its own ([`screens`]). Either is a
//! [`Screen`]. What the user is doing with it is a [`Form`]. Both together, a hardware profile and a
//! [`Style`] give a [`Scene`]: a list of drawing operations, which is all that a session keeps. Scenes are
//! compared for damage, and only damaged rectangles are rastered, in the terminal's own pixel layout.
//!
//! ```text
//! View -> Screen --+
//!          Form ---+--> Scene::layout --> damage_from(old) --> raster(rectangle) --> bytes
//!       profile ---+        ^                                       ^
//!         Style ---+      Fonts (shaped paragraphs, shared)      Painter (masks, shared)
//! ```
//!
//! Pure: no socket, file, clock, thread or random source. Programs read the font files
//! ([`KNOWN_FONT_PATHS`]).
#![forbid(unsafe_code)]

mod cells;
mod damage;
mod element;
mod entry;
mod fonts;
mod form;
mod format;
mod geometry;
mod icons;
mod layout;
mod list;
mod pad;
mod pages;
mod pattern;
mod raster;
mod scene;
pub mod screens;
mod semantic;
mod theme;
mod tree;
mod words;

pub use fonts::{
    CHINESE_FONT_PACKAGE, FontData, FontError, Fonts, KNOWN_BOLD_FONT_PATHS, KNOWN_FONT_PATHS, MissingGlyphs,
};
pub use form::{Form, Reaction, keysym};
pub use format::amount_text;
pub use geometry::Rect;
pub use raster::Painter;
pub use scene::{Node, Role, Scene};
pub use screens::Screen;
pub use semantic::*;
pub use theme::{Language, Style, Theme};
