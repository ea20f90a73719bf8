//! The view on a text display: cells instead of pixels, pages instead of scrolling.
use crate::form::Form;
use crate::scene::{Scene, Surface};
use crate::screens::Screen;
use crate::theme::Style;
use crate::geometry::Area;
use profile::{HardwareProfile, PixelLayout};

pub(crate) fn text(_screen: &Screen, _form: &Form, profile: &HardwareProfile, _style: Style, columns: u16, rows: u16) -> Scene {
    let (width, height) = profile.size();
    Scene { width, height, pixels: PixelLayout::Cells, surface: Surface::Text(vec![32; usize::from(columns) * usize::from(rows)]), targets: vec![], nodes: vec![], scroll: 0, scroll_max: 0, viewport: Area::new(0,0,i32::from(columns), i32::from(rows)) }
}
