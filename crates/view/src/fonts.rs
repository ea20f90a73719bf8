//! Fonts, shaping and the cache of shaped paragraphs.
//!
//! The Latin faces are embedded (Noto Sans, by the crate `notosans`, SIL Open Font License). Chinese
//! comes from bytes that the program read from one of [`KNOWN_FONT_PATHS`]; this crate opens no file.

use crate::geometry::{int, px, px_ceil};
use crate::words;
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache, SourceKind};
use parley::{
    FontContext, FontFamily, FontFamilyName, FontWeight, Layout, LayoutContext, OverflowWrap,
    PositionedLayoutItem, StyleProperty, WordBreak,
};
use skrifa::MetadataProvider;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Where Debian's packages put Chinese fonts, the preferred one first: program shells read the first
/// that is there and hand its bytes to [`Fonts::new`].
pub const KNOWN_FONT_PATHS: &[&str] = &[
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
];

/// The bold companion of a font in [`KNOWN_FONT_PATHS`], where there is one; without it bold is
/// drawn from the regular face.
pub const KNOWN_BOLD_FONT_PATHS: &[(&str, &str)] = &[(
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
)];

/// The Debian package to name when Chinese cannot be drawn.
pub const CHINESE_FONT_PACKAGE: &str = "fonts-wqy-microhei";

/// Families that hold simplified Chinese, the preferred one first. Noto's collection also has
/// Japanese shapes of the same characters under other names, so the name matters.
const CHINESE_FAMILIES: &[&str] =
    &["Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "Droid Sans Fallback"];
/// The embedded family.
const LATIN_FAMILY: &str = "Noto Sans";
/// Shaped paragraphs kept in each of the cache's two generations.
const PARAGRAPHS_MAX: usize = 2_048;
/// The longest text that is shaped; the rest is cut off with an ellipsis.
const SHAPED_CHARACTERS_MAX: usize = 4_000;

/// The bytes of one font file.
#[derive(Clone)]
pub struct FontData(pub Arc<[u8]>);

impl fmt::Debug for FontData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FontData({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for FontData {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl AsRef<[u8]> for FontData {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A font could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    /// The bytes at this place of the list hold no font.
    #[error("font number {0} is not a TrueType or OpenType font; check the path it was read from")]
    NotAFont(usize),
}

/// Characters that no font has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no font has the characters {characters:?}; install the Debian package {CHINESE_FONT_PACKAGE} (or fonts-noto-cjk), \
     or name a font file that has them"
)]
pub struct MissingGlyphs {
    /// Some of them, at most 16.
    pub characters: String,
}

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// A text and how it is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TextSpec {
    pub(crate) text: String,
    /// Letter size in pixels.
    pub(crate) size: i32,
    pub(crate) weight: Weight,
    /// More lines than this are cut off with an ellipsis; 0 is no limit.
    pub(crate) lines_max: usize,
}

/// One glyph of a paragraph: where its origin is, from the left end of its line's baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacedGlyph {
    pub(crate) face: u16,
    pub(crate) glyph: u16,
    pub(crate) x: i16,
    pub(crate) y: i16,
    /// Quarters of a pixel to the right of `x`.
    pub(crate) quarter: u8,
    /// The face has no bold: draw the letter heavier.
    pub(crate) embolden: bool,
}

/// One line of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where its glyphs end in the list; they start where the line before ends.
    pub(crate) glyphs_end: u32,
    pub(crate) width: i32,
}

/// A shaped text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paragraph {
    pub(crate) size: i32,
    /// Width of the widest line.
    pub(crate) width: i32,
    pub(crate) line_height: i32,
    /// From the top of a line to its baseline.
    pub(crate) baseline: i32,
    /// Width including spaces at the end, for the caret.
    pub(crate) advance: i32,
    /// The width below which a word would have to be broken.
    pub(crate) width_min: i32,
    pub(crate) lines: Box<[Line]>,
    pub(crate) glyphs: Box<[PlacedGlyph]>,
}

impl Paragraph {
    pub(crate) fn height(&self) -> i32 {
        self.line_height * int(self.lines.len())
    }
}

/// One face: the bytes and which font of a collection.
#[derive(Clone)]
struct Face {
    data: Blob<u8>,
    index: u32,
}

/// The fonts of one program, shared by all sessions and threads.
pub struct Fonts {
    faces: Vec<Face>,
    /// The families to try, in order.
    families: Vec<String>,
    /// Faces used to answer [`Fonts::covers`].
    coverage: Vec<u16>,
    context: FontContext,
    shapers: Mutex<Vec<Shaper>>,
    paragraphs: Mutex<Generations<ParagraphKey, Arc<Paragraph>>>,
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts").field("families", &self.families).finish_non_exhaustive()
    }
}

struct Shaper {
    fonts: FontContext,
    layouts: LayoutContext<()>,
    layout: Layout<()>,
}

#[derive(PartialEq, Eq, Hash)]
struct ParagraphKey {
    spec: TextSpec,
    width: Option<i32>,
}

impl Fonts {
    /// Takes the bytes of the program's font files, after the embedded Latin ones.
    ///
    /// # Errors
    /// [`FontError::NotAFont`] when bytes hold no font.
    pub fn new(faces: Vec<FontData>) -> Result<Self, FontError> {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        let mut fonts = Self {
            faces: Vec::new(),
            families: vec![LATIN_FAMILY.to_owned()],
            coverage: Vec::new(),
            context: FontContext::default(),
            shapers: Mutex::default(),
            paragraphs: Mutex::new(Generations::new(PARAGRAPHS_MAX)),
        };
        for bytes in [notosans::REGULAR_TTF, notosans::BOLD_TTF] {
            fonts.register(&mut collection, Blob::new(Arc::new(bytes)));
        }
        let mut found = Vec::new();
        for (position, data) in faces.into_iter().enumerate() {
            let names = fonts.register(&mut collection, Blob::new(Arc::new(data)));
            if names.is_empty() {
                return Err(FontError::NotAFont(position));
            }
            found.extend(names);
        }
        let preferred = CHINESE_FAMILIES.iter().find(|name| found.iter().any(|(family, _)| family == *name));
        // Of a collection that holds one design for several languages, only one family may be used.
        let others = found.iter().map(|(family, _)| family.as_str());
        let chosen: Vec<String> = match preferred {
            Some(name) => vec![(*name).to_owned()],
            None => others.map(str::to_owned).collect(),
        };
        for (family, face) in &found {
            if chosen.contains(family) {
                fonts.coverage.push(*face);
            }
        }
        for name in chosen {
            if !fonts.families.contains(&name) {
                fonts.families.push(name);
            }
        }
        fonts.coverage.push(0);
        fonts.context = FontContext { collection, source_cache: SourceCache::default() };
        Ok(fonts)
    }

    /// Registers one file; returns each family's name with the number of its first face.
    fn register(&mut self, collection: &mut Collection, data: Blob<u8>) -> Vec<(String, u16)> {
        let mut names = Vec::new();
        for (family, members) in collection.register_fonts(data, None) {
            let name = collection.family_name(family).unwrap_or_default().to_owned();
            for member in members {
                if let SourceKind::Memory(data) = member.source().kind() {
                    let number = u16::try_from(self.faces.len()).unwrap_or(u16::MAX);
                    self.faces.push(Face { data: data.clone(), index: member.index() });
                    names.push((name.clone(), number));
                }
            }
        }
        names
    }

    /// Whether every character of the text can be drawn.
    ///
    /// # Errors
    /// [`MissingGlyphs`] names some that cannot, and the package that has them.
    pub fn covers(&self, text: &str) -> Result<(), MissingGlyphs> {
        let maps: Vec<_> =
            self.coverage.iter().filter_map(|face| self.font(*face)).map(|font| font.charmap()).collect();
        let mut characters = String::new();
        for character in text.chars().filter(|character| !character.is_whitespace() && is_shown(*character)) {
            let drawn = maps.iter().any(|map| map.map(character).is_some_and(|glyph| glyph.to_u32() != 0));
            if !drawn && !characters.contains(character) && characters.chars().count() < 16 {
                characters.push(character);
            }
        }
        if characters.is_empty() { Ok(()) } else { Err(MissingGlyphs { characters }) }
    }

    /// Whether the platform's own words can be drawn in every language. A server checks this once
    /// when it starts.
    ///
    /// # Errors
    /// [`MissingGlyphs`] as [`Fonts::covers`].
    pub fn covers_platform(&self) -> Result<(), MissingGlyphs> {
        self.covers(&words::all())
    }

    /// The face with this number.
    pub(crate) fn font(&self, face: u16) -> Option<skrifa::FontRef<'_>> {
        let face = self.faces.get(usize::from(face))?;
        skrifa::FontRef::from_index(face.data.data(), face.index).ok()
    }

    /// Shapes and breaks a text, or finds it in the cache.
    pub(crate) fn paragraph(&self, spec: &TextSpec, width: Option<i32>) -> Arc<Paragraph> {
        let key = ParagraphKey { spec: spec.clone(), width: width.map(|width| width.max(1)) };
        if let Some(found) = lock(&self.paragraphs).get(&key) {
            return found;
        }
        let mut shaper = lock(&self.shapers).pop().unwrap_or_else(|| Shaper {
            fonts: self.context.clone(),
            layouts: LayoutContext::new(),
            layout: Layout::new(),
        });
        let paragraph = Arc::new(self.shape(&mut shaper, spec, key.width));
        lock(&self.shapers).push(shaper);
        lock(&self.paragraphs).insert(key, Arc::clone(&paragraph));
        paragraph
    }

    fn shape(&self, shaper: &mut Shaper, spec: &TextSpec, width: Option<i32>) -> Paragraph {
        let mut text = shown(&spec.text);
        if let Some((cut, _)) = text.char_indices().nth(SHAPED_CHARACTERS_MAX) {
            text.truncate(cut);
            text.push('…');
        }
        let size = spec.size.clamp(1, 2_000);
        let limit = |width: i32| crate::geometry::float(width) + 0.5;
        self.build(shaper, &text, size, spec, width.map(limit));
        let lines_max = if spec.lines_max == 0 { usize::MAX } else { spec.lines_max };
        if shaper.layout.len() > lines_max {
            let end = shaper.layout.get(lines_max - 1).map_or(0, |line| line.text_range().end);
            let mut kept = text.get(..end).unwrap_or_default().trim_end().to_owned();
            loop {
                kept.push('…');
                self.build(shaper, &kept, size, spec, width.map(limit));
                kept.pop();
                if shaper.layout.len() <= lines_max || kept.pop().is_none() {
                    break;
                }
            }
        }
        self.collect(&shaper.layout, spec, size, lines_max)
    }

    fn build(&self, shaper: &mut Shaper, text: &str, size: i32, spec: &TextSpec, width: Option<f32>) {
        let names: Vec<FontFamilyName<'_>> =
            self.families.iter().map(|name| FontFamilyName::Named(Cow::Borrowed(name.as_str()))).collect();
        let mut builder = shaper.layouts.ranged_builder(&mut shaper.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(Cow::Borrowed(&names))));
        builder.push_default(StyleProperty::FontSize(crate::geometry::float(size)));
        builder.push_default(StyleProperty::FontWeight(match spec.weight {
            Weight::Regular => FontWeight::NORMAL,
            Weight::Bold => FontWeight::BOLD,
        }));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::BreakWord));
        if spec.lines_max == 1 {
            // A cut line keeps as many letters as fit, not as many words.
            builder.push_default(StyleProperty::WordBreak(WordBreak::BreakAll));
        }
        builder.build_into(&mut shaper.layout, text);
        shaper.layout.break_all_lines(width);
    }

    fn collect(&self, layout: &Layout<()>, spec: &TextSpec, size: i32, lines_max: usize) -> Paragraph {
        let line_height = px(crate::geometry::float(size) * if size > 26 { 1.24 } else { 1.4 });
        let baseline = px(crate::geometry::float(line_height) / 2.0 + crate::geometry::float(size) * 0.37);
        let mut glyphs = Vec::new();
        let mut lines = Vec::new();
        let mut advance = 0;
        for line in layout.lines().take(lines_max) {
            let metrics = line.metrics();
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else { continue };
                let font = run.run().font();
                let embolden = run.run().synthesis().embolden();
                let face = self
                    .faces
                    .iter()
                    .position(|face| face.data.id() == font.data.id() && face.index == font.index)
                    .and_then(|face| u16::try_from(face).ok());
                let Some(face) = face else { continue };
                for glyph in run.positioned_glyphs() {
                    // Large letters need no quarters: a pixel is a small part of them.
                    let quarters = if size > 24 { px(glyph.x) * 4 } else { px(glyph.x * 4.0) };
                    let placed = (
                        i16::try_from(quarters.div_euclid(4)),
                        i16::try_from(px(glyph.y - run.baseline())),
                        u16::try_from(glyph.id),
                    );
                    if let (Ok(x), Ok(y), Ok(glyph)) = placed {
                        let quarter = u8::try_from(quarters.rem_euclid(4)).unwrap_or(0);
                        glyphs.push(PlacedGlyph { face, glyph, x, y, quarter, embolden });
                    }
                }
            }
            lines.push(Line {
                glyphs_end: u32::try_from(glyphs.len()).unwrap_or(u32::MAX),
                width: px_ceil(metrics.advance - metrics.hanging_advance),
            });
            advance = advance.max(px_ceil(metrics.advance));
        }
        if lines.is_empty() {
            lines.push(Line { glyphs_end: 0, width: 0 });
        }
        let width = lines.iter().map(|line| line.width).max().unwrap_or(0);
        let width_min = if spec.lines_max == 1 {
            width.min(size * 2)
        } else {
            px_ceil(layout.calculate_content_widths().min)
        };
        Paragraph {
            size,
            width,
            line_height,
            baseline,
            advance,
            width_min,
            lines: lines.into(),
            glyphs: glyphs.into(),
        }
    }
}

/// Whether a character may be shown. Control characters and those that reorder or hide text are
/// not: an app or a payee's name must not make words read otherwise than they are.
pub(crate) fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// The text with what may not be shown left out; a line feed stays.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\t' { ' ' } else { character })
        .filter(|character| *character == '\n' || is_shown(*character))
        .collect()
}

/// A bounded cache in two generations: what is used stays, what is not is dropped with its generation.
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    entries_max: usize,
}

impl<K: std::hash::Hash + Eq, V: Clone> Generations<K, V> {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), entries_max }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.entries_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.young.values().chain(self.old.values())
    }
}

/// Locks; a panic elsewhere leaves these caches whole, so its mark is ignored.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
