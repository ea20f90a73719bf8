//! A profile as people write it: TOML. `profiles/*.toml` in the repository are examples.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::{Display, HardwareProfile, Keys, PixelLayout, ProfileError, TOML_BYTES_MAX, VERSION};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u8,
    model: String,
    #[serde(default = "no_keys")]
    keys: WrittenKeys,
    #[serde(default)]
    touch: bool,
    #[serde(default)]
    speaker: bool,
    #[serde(default)]
    camera: bool,
    #[serde(default)]
    codecs: Vec<String>,
    secure_element: String,
    bearer: String,
    display: WrittenDisplay,
}

const fn no_keys() -> WrittenKeys {
    WrittenKeys::None
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKeys {
    None,
    Digits,
    Full,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenLayout {
    Rgb888,
    Rgb565,
    Grey8,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum WrittenDisplay {
    Picture { width: u16, height: u16, dots_per_inch: u16, layout: WrittenLayout },
    Text { columns: u16, rows: u16 },
}

impl HardwareProfile {
    /// Reads a profile from TOML; the codecs are sorted and made single.
    ///
    /// # Errors
    /// The text is too long, not TOML, has an unknown or missing field, or breaks a bound.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        if text.len() > TOML_BYTES_MAX {
            return Err(ProfileError::TextTooLong { bytes: text.len() });
        }
        let written: Written = toml::from_str(text).map_err(|error| ProfileError::Toml(error.to_string()))?;
        if written.version != VERSION {
            return Err(ProfileError::Version(written.version));
        }
        let mut codecs = written.codecs;
        codecs.sort_unstable();
        codecs.dedup();
        let profile = Self {
            model: written.model,
            display: match written.display {
                WrittenDisplay::Picture { width, height, dots_per_inch, layout } => Display::Picture {
                    width,
                    height,
                    dots_per_inch,
                    layout: match layout {
                        WrittenLayout::Rgb888 => PixelLayout::Rgb888,
                        WrittenLayout::Rgb565 => PixelLayout::Rgb565,
                        WrittenLayout::Grey8 => PixelLayout::Grey8,
                    },
                },
                WrittenDisplay::Text { columns, rows } => Display::Text { columns, rows },
            },
            keys: match written.keys {
                WrittenKeys::None => Keys::None,
                WrittenKeys::Digits => Keys::Digits,
                WrittenKeys::Full => Keys::Full,
            },
            touch: written.touch,
            speaker: written.speaker,
            camera: written.camera,
            codecs,
            secure_element: written.secure_element,
            bearer: written.bearer,
        };
        profile.validate()?;
        Ok(profile)
    }

    /// Writes the profile as TOML that [`HardwareProfile::from_toml`] reads back to the same value.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let keys = match self.keys {
            Keys::None => "none",
            Keys::Digits => "digits",
            Keys::Full => "full",
        };
        let codecs: Vec<String> = self.codecs.iter().map(|codec| quoted(codec)).collect();
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "version = {VERSION}");
        let _ = writeln!(out, "model = {}", quoted(&self.model));
        let _ = writeln!(out, "keys = \"{keys}\"");
        let _ = writeln!(out, "touch = {}", self.touch);
        let _ = writeln!(out, "speaker = {}", self.speaker);
        let _ = writeln!(out, "camera = {}", self.camera);
        let _ = writeln!(out, "codecs = [{}]", codecs.join(", "));
        let _ = writeln!(out, "secure_element = {}", quoted(&self.secure_element));
        let _ = writeln!(out, "bearer = {}", quoted(&self.bearer));
        let _ = writeln!(out, "\n[display]");
        match self.display {
            Display::Picture { width, height, dots_per_inch, layout } => {
                let _ = writeln!(out, "kind = \"picture\"\nwidth = {width}\nheight = {height}");
                let _ = writeln!(out, "dots_per_inch = {dots_per_inch}\nlayout = \"{}\"", layout.name());
            }
            Display::Text { columns, rows } => {
                let _ = writeln!(out, "kind = \"text\"\ncolumns = {columns}\nrows = {rows}");
            }
        }
        out
    }
}

/// A TOML basic string. Control characters, which validation refuses, are written as escapes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
