//! What the tests share: fonts, profiles, and one screen driven by keys and touches.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::indexing_slicing, reason = "a test stops at an error")]

use profile::{HardwareProfile, Keys, PixelLayout};
use std::sync::OnceLock;
use view::{
    FontData, Fonts, Form, KNOWN_FONT_PATHS, Language, Painter, Reaction, Rect, Scene, Screen, Style, Theme,
    keysym,
};

/// The fonts of this machine; Latin alone where no Chinese font is installed.
pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| {
        let found = KNOWN_FONT_PATHS.iter().find_map(|path| std::fs::read(path).ok());
        Fonts::new(found.into_iter().map(FontData::from).collect()).expect("system fonts are fonts")
    })
}

/// One cache of masks for a test program.
pub(crate) fn painter() -> &'static Painter {
    static PAINTER: OnceLock<Painter> = OnceLock::new();
    PAINTER.get_or_init(Painter::new)
}

pub(crate) const ENGLISH: Style = Style { language: Language::English, theme: Theme::Light };
pub(crate) const CHINESE: Style = Style { language: Language::Chinese, theme: Theme::Light };

/// A touch terminal of 480x800 without keys.
pub(crate) fn phone() -> HardwareProfile {
    HardwareProfile::picture("phone", 480, 800, 233, PixelLayout::Rgb888)
}

/// The same with a full keyboard and no touch.
pub(crate) fn desktop() -> HardwareProfile {
    HardwareProfile { keys: Keys::Full, touch: false, ..phone() }
}

/// One screen with somebody at it, whose terminal shows only what it is sent.
pub(crate) struct Desk {
    pub(crate) screen: Screen,
    pub(crate) profile: HardwareProfile,
    pub(crate) style: Style,
    pub(crate) form: Form,
    pub(crate) scene: Scene,
    pub(crate) shown: Vec<u8>,
    /// What the last reaction damaged.
    pub(crate) damage: Vec<Rect>,
}

impl Desk {
    pub(crate) fn new(screen: impl Into<Screen>, profile: HardwareProfile, style: Style) -> Self {
        let screen = screen.into();
        let form = Form::new(&screen, &profile);
        let scene = Scene::layout(&screen, &form, &profile, &style, fonts());
        let shown = scene.raster(scene.whole(), fonts(), painter());
        Self { screen, profile, style, form, scene, shown, damage: Vec::new() }
    }

    /// Lays out again, sends the damage, and compares the terminal's picture with a full redraw.
    pub(crate) fn refresh(&mut self) {
        let new = Scene::layout(&self.screen, &self.form, &self.profile, &self.style, fonts());
        self.damage = new.damage_from(&self.scene);
        let (width, height) = new.size();
        let size = self.profile.pixel_layout().bytes_per_pixel();
        for (number, rect) in self.damage.iter().enumerate() {
            assert!(rect.width > 0 && rect.height > 0, "empty damage {rect:?}");
            assert!(
                rect.x + rect.width <= width && rect.y + rect.height <= height,
                "damage outside: {rect:?}"
            );
            for other in &self.damage[number + 1..] {
                let apart = rect.x + rect.width <= other.x
                    || other.x + other.width <= rect.x
                    || rect.y + rect.height <= other.y
                    || other.y + other.height <= rect.y;
                assert!(apart, "{rect:?} and {other:?} overlap");
            }
            let bytes = new.raster(*rect, fonts(), painter());
            assert_eq!(bytes.len(), rect.area() * size);
            for (row, line) in bytes.chunks(usize::from(rect.width) * size).enumerate() {
                let start = ((usize::from(rect.y) + row) * usize::from(width) + usize::from(rect.x)) * size;
                self.shown[start..start + line.len()].copy_from_slice(line);
            }
        }
        let full = new.raster(new.whole(), fonts(), painter());
        assert!(self.shown == full, "damage {:?} does not cover the change", self.damage);
        self.scene = new;
    }

    pub(crate) fn key(&mut self, keysym: u32) -> Reaction {
        let reaction = self.form.key(keysym, true, &self.scene);
        self.form.key(keysym, false, &self.scene);
        self.refresh();
        reaction
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.key(keysym::of(character));
        }
    }

    pub(crate) fn pointer(&mut self, buttons: u8, x: u16, y: u16) -> Reaction {
        let reaction = self.form.pointer(buttons, x, y, &self.scene);
        self.refresh();
        reaction
    }

    /// Touches the middle of the part with this identifier.
    pub(crate) fn tap(&mut self, id: &str) -> Reaction {
        let node =
            self.scene.outline().iter().find(|node| node.id == id).unwrap_or_else(|| panic!("no {id}"));
        let (x, y) = (node.rect.x + node.rect.width / 2, node.rect.y + node.rect.height / 2);
        assert!(node.rect.area() > 0, "{id} is out of sight");
        self.pointer(1, x, y);
        self.pointer(0, x, y)
    }

    /// The rectangle of a part.
    pub(crate) fn rect(&self, id: &str) -> Rect {
        self.scene.outline().iter().find(|node| node.id == id).expect("in the outline").rect
    }

    /// A text display's cells as lines of text, without attributes.
    pub(crate) fn lines(&self) -> String {
        let (width, _) = self.scene.size();
        let mut text = String::new();
        for row in self.shown.chunks(usize::from(width) * 4) {
            let mut line = String::new();
            for cell in row.chunks(4) {
                let cell = u32::from_le_bytes(cell.try_into().expect("four bytes"));
                line.extend(char::from_u32(cell & 0x1F_FFFF).filter(|character| *character != '\0'));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The outline, one part a line: role, identifier, text, and a star at the focus.
    pub(crate) fn outline(&self) -> String {
        let line = |node: &view::Node| {
            let star = if node.focused { "*" } else { "" };
            let id = if node.id.is_empty() { String::new() } else { format!(" #{}", node.id) };
            format!("{star}{}{id}: {}\n", node.role.name(), node.text)
        };
        self.scene.outline().iter().map(line).collect()
    }
}
