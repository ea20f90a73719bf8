//! What a display back end does: headless, tty or window.

use terminal::framebuffer::{Area, Framebuffer};

/// A place where the terminal's picture is shown.
pub trait Display {
    /// Shows an area of the screen that has changed.
    ///
    /// # Errors
    /// The display is gone; the session ends.
    fn present(&mut self, screen: &Framebuffer, area: Area) -> anyhow::Result<()>;

    /// Says something of the terminal's own: what it waits for, why it ended. Outside the sealed picture.
    ///
    /// # Errors
    /// The display is gone.
    fn say(&mut self, sentence: &str) -> anyhow::Result<()>;
}

/// No display at all: scripts and screenshots.
#[derive(Debug, Default)]
pub struct Headless;

impl Display for Headless {
    fn present(&mut self, _screen: &Framebuffer, _area: Area) -> anyhow::Result<()> {
        Ok(())
    }

    fn say(&mut self, _sentence: &str) -> anyhow::Result<()> {
        Ok(())
    }
}
