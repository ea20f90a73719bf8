//! Reading the font files that screens are drawn with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tracing::warn;
use view::{FontData, Fonts, Theme};

/// Reads the configured font files, or the first known ones of the system's packages.
pub(crate) fn load(configured: &[PathBuf]) -> Result<Fonts> {
    let mut faces = Vec::new();
    if configured.is_empty() {
        if let Some(regular) = view::KNOWN_FONT_PATHS.iter().find(|path| Path::new(path).exists()) {
            faces.push(read(Path::new(regular))?);
            let bold = view::KNOWN_BOLD_FONT_PATHS.iter().find(|(of, _)| of == regular);
            if let Some((_, bold)) = bold.filter(|(_, bold)| Path::new(bold).exists()) {
                faces.push(read(Path::new(bold))?);
            }
        }
    } else {
        for file in configured {
            faces.push(read(file)?);
        }
    }
    let fonts = Fonts::new(faces).context("A font file is not one that can be used.")?;
    if let Err(missing) = fonts.covers_platform() {
        warn!("{missing}");
    }
    Ok(fonts)
}

fn read(file: &Path) -> Result<FontData> {
    let bytes = std::fs::read(file).with_context(|| format!("Cannot read the font {}.", file.display()))?;
    Ok(FontData(Arc::from(bytes)))
}

/// The configured theme.
pub(crate) fn theme(dark: bool) -> Theme {
    if dark { Theme::Dark } else { Theme::Light }
}
