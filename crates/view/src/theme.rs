//! The design system: colours, the type scale and the spacing grid.
//!
//! One accent colour; everything else is a neutral. Sizes are in density-independent pixels (1/160
//! inch), scaled to the display ([`Metrics`]).

use crate::geometry::{float, px};
use profile::Display;

/// How views are worded and coloured for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// The language of the platform's own words.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
}

/// A language that the platform speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// From a language tag: `zh...` is Chinese, everything else English.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("zh")) {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// The tag that apps are told: `en` or `zh`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Dark words on light surfaces.
    #[default]
    Light,
    /// Light words on dark surfaces.
    Dark,
}

/// An opaque colour, 0x00RRGGBB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Color(pub(crate) u32);

/// The colours by their use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    /// Behind everything.
    pub(crate) background: Color,
    /// Cards, bars, fields.
    pub(crate) surface: Color,
    /// A surface under a finger or chosen.
    pub(crate) surface_pressed: Color,
    /// Hairlines and the borders of cards.
    pub(crate) line: Color,
    /// The border of a field that waits for input.
    pub(crate) field_line: Color,
    /// Words.
    pub(crate) text: Color,
    /// Words that matter less.
    pub(crate) muted: Color,
    /// The one accent: primary action, focus, amounts to act on.
    pub(crate) accent: Color,
    /// The accent under a finger.
    pub(crate) accent_pressed: Color,
    /// A tint of the accent, behind icons.
    pub(crate) accent_tint: Color,
    /// Words and icons on the tint.
    pub(crate) on_tint: Color,
    /// Words on the accent.
    pub(crate) on_accent: Color,
    /// Words that matter less, on the accent.
    pub(crate) on_accent_muted: Color,
    /// It went well.
    pub(crate) success: Color,
    /// Behind the mark of success.
    pub(crate) success_tint: Color,
    /// It went wrong.
    pub(crate) danger: Color,
    /// Behind the mark of failure.
    pub(crate) danger_tint: Color,
    /// Take care.
    pub(crate) warning: Color,
    /// Behind a warning.
    pub(crate) warning_tint: Color,
    /// The keypad's ground.
    pub(crate) pad: Color,
    /// The platform's own header; no app can draw in this colour.
    pub(crate) platform: Color,
    /// Words on the platform's header.
    pub(crate) on_platform: Color,
    /// Lesser words on the platform's header.
    pub(crate) on_platform_muted: Color,
}

impl Palette {
    pub(crate) const fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }
}

static LIGHT: Palette = Palette {
    background: Color(0xF2_F4_F7),
    surface: Color(0xFF_FF_FF),
    surface_pressed: Color(0xE6_EB_F2),
    line: Color(0xE1_E6_EC),
    field_line: Color(0xB9_C2_CE),
    text: Color(0x14_1B_26),
    muted: Color(0x5C_67_78),
    accent: Color(0x14_57_D9),
    accent_pressed: Color(0x0E_43_AD),
    accent_tint: Color(0xE5_EE_FD),
    on_tint: Color(0x14_57_D9),
    on_accent: Color(0xFF_FF_FF),
    on_accent_muted: Color(0xC9_DB_FB),
    success: Color(0x0B_7F_4A),
    success_tint: Color(0xDD_F3_E7),
    danger: Color(0xC4_2B_2B),
    danger_tint: Color(0xFB_E4_E4),
    warning: Color(0x8A_55_00),
    warning_tint: Color(0xFD_F1_D8),
    pad: Color(0xDD_E2_E9),
    platform: Color(0x0B_2A_4A),
    on_platform: Color(0xFF_FF_FF),
    on_platform_muted: Color(0x9F_C0_E4),
};

static DARK: Palette = Palette {
    background: Color(0x0E_12_18),
    surface: Color(0x19_1F_28),
    surface_pressed: Color(0x2A_33_40),
    line: Color(0x2B_33_3F),
    field_line: Color(0x4A_56_66),
    text: Color(0xF1_F4_F8),
    muted: Color(0x9A_A6_B6),
    accent: Color(0x2F_6F_ED),
    accent_pressed: Color(0x25_59_C2),
    accent_tint: Color(0x1C_2C_4A),
    on_tint: Color(0x8F_B8_FF),
    on_accent: Color(0xFF_FF_FF),
    on_accent_muted: Color(0xD3_E2_FF),
    success: Color(0x4A_D0_8E),
    success_tint: Color(0x14_35_27),
    danger: Color(0xFF_7B_7B),
    danger_tint: Color(0x43_1D_20),
    warning: Color(0xF5_BF_59),
    warning_tint: Color(0x3A_2D_12),
    pad: Color(0x12_17_1E),
    platform: Color(0x0D_3B_66),
    on_platform: Color(0xFF_FF_FF),
    on_platform_muted: Color(0xB5_D2_F0),
};

/// The type scale and the spacing grid on one display, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metrics {
    /// Pixels in one density-independent pixel.
    pub(crate) scale: f32,
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Narrow or low: smaller margins, no decoration that costs lines.
    pub(crate) compact: bool,
    /// Wider than high, and low: a pad goes beside the content.
    pub(crate) landscape: bool,
}

impl Metrics {
    /// The widest column of content, in density-independent pixels.
    pub(crate) const COLUMN_WIDTH_MAX: f32 = 560.0;

    pub(crate) fn of(display: &Display) -> Self {
        let (width, height, dots_per_inch) = match *display {
            Display::Picture { width, height, dots_per_inch, .. } => (width, height, dots_per_inch),
            Display::Text { columns, rows } => (columns, rows, 160),
        };
        let shorter = f32::from(width.min(height));
        let longer = f32::from(width.max(height));
        // Physical size first, but no smaller than a desktop display's 96 dots an inch allow at their
        // distance. The shorter side must hold 272 units and the longer 320, so that a small display
        // gets smaller letters instead of a cut-off button; below 0.72 letters stop being legible. On a
        // large display everything grows with the room, to a third larger.
        let fits = (shorter / 272.0).min(longer / 320.0);
        let scale = (f32::from(dots_per_inch) / 160.0).max(1.0).min(fits).clamp(0.72, 6.0);
        let scale = scale.max((shorter / 640.0).min(scale * 1.34));
        let units_wide = f32::from(width) / scale;
        let units_high = f32::from(height) / scale;
        Self {
            scale,
            width: i32::from(width),
            height: i32::from(height),
            compact: units_wide < 320.0 || units_high < 400.0,
            landscape: width > height && units_high < 520.0,
        }
    }

    /// Units to whole pixels; a positive length is never 0.
    pub(crate) fn dp(&self, units: f32) -> i32 {
        let pixels = px(units * self.scale);
        if units > 0.0 { pixels.max(1) } else { pixels }
    }

    /// Units to whole pixels, for the layout engine.
    pub(crate) fn dpf(&self, units: f32) -> f32 {
        float(self.dp(units))
    }

    /// A letter size: whole pixels, at least 9.
    pub(crate) fn letter(&self, units: f32) -> i32 {
        px(units * self.scale).max(9)
    }

    /// Height of a thing to touch.
    pub(crate) fn touch(&self) -> f32 {
        self.dpf(if self.compact { 42.0 } else { 50.0 })
    }

    pub(crate) fn margin(&self) -> f32 {
        self.dpf(if self.compact { 10.0 } else { 16.0 })
    }

    pub(crate) fn gap(&self) -> f32 {
        self.dpf(if self.compact { 8.0 } else { 12.0 })
    }

    pub(crate) fn radius(&self) -> i32 {
        self.dp(if self.compact { 8.0 } else { 12.0 })
    }

    pub(crate) fn caption(&self) -> i32 {
        self.letter(12.5)
    }

    pub(crate) fn label(&self) -> i32 {
        self.letter(14.0)
    }

    pub(crate) fn body(&self) -> i32 {
        self.letter(if self.compact { 15.0 } else { 16.0 })
    }

    pub(crate) fn title(&self) -> i32 {
        self.letter(if self.compact { 17.0 } else { 19.0 })
    }

    pub(crate) fn headline(&self) -> i32 {
        self.letter(if self.compact { 20.0 } else { 24.0 })
    }

    pub(crate) fn amount(&self) -> i32 {
        self.letter(if self.compact { 30.0 } else { 40.0 })
    }
}
