//! The text display in a terminal emulator: cells, centred; the screen before is put back at the end,
//! after an error and after a panic.

use std::io::{Stdout, Write, stdout};
use std::sync::mpsc::Sender;

use anyhow::{Context, bail};
use crossterm::event::{
    DisableMouseCapture, EnableMouseCapture, Event as TtyEvent, KeyCode, KeyEventKind, KeyModifiers,
    MouseButton, MouseEventKind,
};
use crossterm::style::{Attribute, Color, Print, SetAttribute, SetForegroundColor};
use crossterm::{cursor, execute, queue, terminal as screen};
use profile::{HardwareProfile, PixelLayout};
use terminal::drivers::{FIRST_BUTTON, Input, Keysym};
use terminal::framebuffer::{Area, Cell, Framebuffer};

use crate::display::Display;
use crate::session::Event;

/// Bit 0 of a cell's attributes: bold.
const BOLD: u32 = 1;
/// Bit 1: underlined.
const UNDERLINE: u32 = 2;
/// Bit 2: inverse.
const INVERSE: u32 = 4;
/// Bit 3: dim.
const DIM: u32 = 8;

/// A text display in the terminal emulator that the program was started in.
pub struct Tty {
    out: Stdout,
    /// Columns and rows of the profile.
    wanted: (u16, u16),
    /// Columns and rows of the emulator's window.
    window: (u16, u16),
    said: String,
    _restore: Restore,
}

impl std::fmt::Debug for Tty {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Tty({:?} in {:?})", self.wanted, self.window)
    }
}

/// Puts the emulator back as it was.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let _nothing_more_to_do = execute!(
        stdout(),
        SetAttribute(Attribute::Reset),
        DisableMouseCapture,
        cursor::Show,
        screen::LeaveAlternateScreen
    );
    let _nothing_more_to_do = screen::disable_raw_mode();
}

impl Tty {
    /// Takes the emulator over and sends its keys and mouse as events.
    ///
    /// # Errors
    /// The profile has no text display, or standard output is no terminal emulator.
    pub fn new(profile: &HardwareProfile, events: Sender<Event>) -> anyhow::Result<Self> {
        if profile.pixel_layout() != PixelLayout::Cells {
            bail!(
                "--display tty shows text displays only; this profile has a picture display: use --display window"
            );
        }
        let window = screen::size().context("standard output is no terminal emulator")?;
        screen::enable_raw_mode().context("standard input is no terminal emulator")?;
        let restore_later = Restore;
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            hook(panic);
        }));
        let mut out = stdout();
        execute!(
            out,
            screen::EnterAlternateScreen,
            EnableMouseCapture,
            cursor::Hide,
            screen::Clear(screen::ClearType::All)
        )?;
        let wanted = profile.size();
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read(wanted, &events))?;
        Ok(Self { out, wanted, window, said: String::new(), _restore: restore_later })
    }

    fn draw(&mut self, picture: &Framebuffer, area: Area) -> anyhow::Result<()> {
        let (left, top) = origin(self.wanted, self.window);
        if self.wanted.0 > self.window.0 || self.wanted.1 > self.window.1 {
            let (columns, rows) = self.wanted;
            queue!(
                self.out,
                screen::Clear(screen::ClearType::All),
                cursor::MoveTo(0, 0),
                Print(format!("This window needs {columns} x {rows} characters."))
            )?;
            return Ok(self.out.flush()?);
        }
        let rows = picture.cells().enumerate().skip(usize::from(area.y)).take(usize::from(area.height));
        for (row, cells) in rows {
            let row = u16::try_from(row).unwrap_or(u16::MAX);
            queue!(self.out, cursor::MoveTo(left, top.saturating_add(row)))?;
            let mut style = None;
            let mut after_wide = false;
            // The whole row: a wide character must never be cut by the area's edge.
            for cell in cells {
                if style != Some(cell.attributes()) {
                    style = Some(cell.attributes());
                    set_style(&mut self.out, cell)?;
                }
                match cell.character() {
                    Some(character) => queue!(self.out, Print(character))?,
                    None if after_wide => {}
                    None => queue!(self.out, Print(' '))?,
                }
                after_wide = cell.is_wide();
            }
            queue!(self.out, SetAttribute(Attribute::Reset))?;
        }
        self.out.flush()?;
        Ok(())
    }
}

fn set_style(out: &mut Stdout, cell: Cell) -> std::io::Result<()> {
    let bits = cell.attributes();
    queue!(out, SetAttribute(Attribute::Reset))?;
    let attributes = [
        (BOLD, Attribute::Bold),
        (UNDERLINE, Attribute::Underlined),
        (INVERSE, Attribute::Reverse),
        (DIM, Attribute::Dim),
    ];
    for (bit, attribute) in attributes {
        if bits & bit != 0 {
            queue!(out, SetAttribute(attribute))?;
        }
    }
    let colour = match (bits >> 4) & 15 {
        1 => Color::Black,
        2 => Color::DarkRed,
        3 => Color::DarkGreen,
        4 => Color::DarkYellow,
        5 => Color::DarkBlue,
        6 => Color::DarkMagenta,
        7 => Color::DarkCyan,
        8 => Color::White,
        _ => return Ok(()),
    };
    queue!(out, SetForegroundColor(colour))
}

impl Display for Tty {
    fn present(&mut self, picture: &Framebuffer, area: Area) -> anyhow::Result<()> {
        let window = screen::size()?;
        if window == self.window {
            return self.draw(picture, area);
        }
        self.window = window;
        queue!(self.out, screen::Clear(screen::ClearType::All))?;
        self.draw(picture, picture.area())?;
        let said = std::mem::take(&mut self.said);
        self.say(&said)
    }

    /// On the line below the display, where the emulator's window has one.
    fn say(&mut self, sentence: &str) -> anyhow::Result<()> {
        sentence.clone_into(&mut self.said);
        let (left, top) = origin(self.wanted, self.window);
        let row = top.saturating_add(self.wanted.1);
        if row < self.window.1 {
            let line: String =
                sentence.chars().take(usize::from(self.window.0.saturating_sub(left))).collect();
            queue!(
                self.out,
                cursor::MoveTo(left, row),
                screen::Clear(screen::ClearType::CurrentLine),
                SetAttribute(Attribute::Dim),
                Print(line),
                SetAttribute(Attribute::Reset)
            )?;
            self.out.flush()?;
        }
        Ok(())
    }
}

/// Where the display's first cell lies in the window: centred.
fn origin(wanted: (u16, u16), window: (u16, u16)) -> (u16, u16) {
    (window.0.saturating_sub(wanted.0) / 2, window.1.saturating_sub(wanted.1) / 2)
}

/// Reads keys and mouse until nobody listens.
fn read(wanted: (u16, u16), events: &Sender<Event>) {
    let mut buttons = 0;
    while let Ok(event) = crossterm::event::read() {
        let sent = match event {
            TtyEvent::Key(key) if key.kind == KeyEventKind::Release => Ok(()),
            TtyEvent::Key(key)
                if key.modifiers.contains(KeyModifiers::CONTROL)
                    && matches!(key.code, KeyCode::Char('c' | 'q')) =>
            {
                events.send(Event::Quit)
            }
            TtyEvent::Key(key) => match keysym(key.code) {
                Some(keysym) => {
                    Input::press(keysym).into_iter().try_for_each(|input| events.send(Event::Input(input)))
                }
                None => Ok(()),
            },
            TtyEvent::Mouse(mouse) => {
                match mouse.kind {
                    MouseEventKind::Down(MouseButton::Left) => buttons = FIRST_BUTTON,
                    MouseEventKind::Up(MouseButton::Left) => buttons = 0,
                    MouseEventKind::Drag(MouseButton::Left) => {}
                    _ => continue,
                }
                let Ok(window) = screen::size() else { continue };
                let (left, top) = origin(wanted, window);
                let (Some(x), Some(y)) = (mouse.column.checked_sub(left), mouse.row.checked_sub(top)) else {
                    continue;
                };
                if x >= wanted.0 || y >= wanted.1 {
                    continue;
                }
                events.send(Event::Input(Input::Pointer { buttons, x, y }))
            }
            TtyEvent::Resize(..) => events.send(Event::Redraw),
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}

fn keysym(code: KeyCode) -> Option<Keysym> {
    Some(match code {
        KeyCode::Char(character) => return Keysym::of_char(character),
        KeyCode::Enter => Keysym::ENTER,
        KeyCode::Esc => Keysym::ESCAPE,
        KeyCode::Backspace => Keysym::BACKSPACE,
        KeyCode::Delete => Keysym::DELETE,
        KeyCode::Tab => Keysym::TAB,
        KeyCode::BackTab => Keysym::SHIFT_TAB,
        KeyCode::Left => Keysym::LEFT,
        KeyCode::Right => Keysym::RIGHT,
        KeyCode::Up => Keysym::UP,
        KeyCode::Down => Keysym::DOWN,
        KeyCode::PageUp => Keysym::PAGE_UP,
        KeyCode::PageDown => Keysym::PAGE_DOWN,
        KeyCode::Home => Keysym::HOME,
        KeyCode::End => Keysym::END,
        KeyCode::F(number) => return Keysym::named(&format!("F{number}")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_display_is_centred() {
        assert_eq!(origin((20, 4), (80, 24)), (30, 10));
        assert_eq!(origin((80, 24), (80, 24)), (0, 0));
        assert_eq!(origin((80, 24), (40, 12)), (0, 0));
    }

    #[test]
    fn keys_have_keysyms() {
        assert_eq!(keysym(KeyCode::Enter), Some(Keysym::ENTER));
        assert_eq!(keysym(KeyCode::F(1)), Some(Keysym::F1));
        assert_eq!(keysym(KeyCode::Char('钱')), Some(Keysym(0x0100_94b1)));
    }
}
