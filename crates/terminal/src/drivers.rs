//! Driver control (CN102103778A ¶47): what the terminal's keys, touch and pointer say, in the words
//! of the remote protocol.
//!
//! A key travels as an X keysym (RFC 6143 §7.5.4), so every terminal speaks of the same keys whatever
//! its hardware calls them; a pointer travels as a position and a button mask (§7.5.5), a touch as the
//! first button.

use std::fmt;

/// An X keysym (RFC 6143 §7.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keysym(pub u32);

/// Where the Unicode keysyms begin: keysym = this + code point, for code points of 0x100 and above.
const UNICODE_KEYSYMS: u32 = 0x0100_0000;

impl Keysym {
    /// Backspace.
    pub const BACKSPACE: Self = Self(0xff08);
    /// Tab: the next field or action.
    pub const TAB: Self = Self(0xff09);
    /// Shift and Tab: the one before.
    pub const SHIFT_TAB: Self = Self(0xfe20);
    /// Enter.
    pub const ENTER: Self = Self(0xff0d);
    /// Escape: back, cancel.
    pub const ESCAPE: Self = Self(0xff1b);
    /// Delete the character after the caret.
    pub const DELETE: Self = Self(0xffff);
    /// To the beginning.
    pub const HOME: Self = Self(0xff50);
    /// Left arrow.
    pub const LEFT: Self = Self(0xff51);
    /// Up arrow.
    pub const UP: Self = Self(0xff52);
    /// Right arrow.
    pub const RIGHT: Self = Self(0xff53);
    /// Down arrow.
    pub const DOWN: Self = Self(0xff54);
    /// A page up.
    pub const PAGE_UP: Self = Self(0xff55);
    /// A page down.
    pub const PAGE_DOWN: Self = Self(0xff56);
    /// To the end.
    pub const END: Self = Self(0xff57);
    /// The first function key; the twelfth is eleven higher.
    pub const F1: Self = Self(0xffbe);

    /// The keysym of a character: Latin-1 by its own number, everything else by its code point in the
    /// Unicode range. The line feed is [`Keysym::ENTER`], the tab [`Keysym::TAB`]; other control
    /// characters have none.
    #[must_use]
    pub fn of_char(character: char) -> Option<Self> {
        let code = u32::from(character);
        match code {
            0x0a | 0x0d => Some(Self::ENTER),
            0x09 => Some(Self::TAB),
            0x08 | 0x7f => Some(Self::BACKSPACE),
            0x1b => Some(Self::ESCAPE),
            0x20..=0x7e | 0xa0..=0xff => Some(Self(code)),
            0..=0x9f => None,
            _ => UNICODE_KEYSYMS.checked_add(code).map(Self),
        }
    }

    /// The keysym of a named key: the names of the browser's `KeyboardEvent.key` and their short
    /// forms ("Enter", "Tab", "Escape", "Backspace", "ArrowLeft" or "Left", "F1"), or one character.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            return Self::of_char(only);
        }
        Some(match name {
            "Enter" | "Return" => Self::ENTER,
            "Tab" => Self::TAB,
            "ShiftTab" => Self::SHIFT_TAB,
            "Escape" | "Esc" | "Cancel" | "GoBack" => Self::ESCAPE,
            "Backspace" => Self::BACKSPACE,
            "Delete" => Self::DELETE,
            "Space" => Self(0x20),
            "Home" => Self::HOME,
            "End" => Self::END,
            "ArrowLeft" | "Left" => Self::LEFT,
            "ArrowRight" | "Right" => Self::RIGHT,
            "ArrowUp" | "Up" => Self::UP,
            "ArrowDown" | "Down" => Self::DOWN,
            "PageUp" => Self::PAGE_UP,
            "PageDown" => Self::PAGE_DOWN,
            _ => {
                let number: u32 = name.strip_prefix('F')?.parse().ok()?;
                if !(1..=12).contains(&number) {
                    return None;
                }
                Self(Self::F1.0 + number - 1)
            }
        })
    }
}

/// The pointer's first button, and a finger on the glass.
pub const FIRST_BUTTON: u8 = 1;
/// One step of the wheel away from the user (RFC 6143 §7.5.5: button 4).
pub const WHEEL_UP: u8 = 8;
/// One step of the wheel towards the user (button 5).
pub const WHEEL_DOWN: u8 = 16;

/// One thing the user did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A key went down or up.
    Key {
        /// Which.
        keysym: Keysym,
        /// Down, or up.
        down: bool,
    },
    /// The pointer moved, or a button or finger went down or up.
    Pointer {
        /// Buttons that are down, bit 0 the first.
        buttons: u8,
        /// Pixels or cells from the left of the screen.
        x: u16,
        /// Pixels or cells from the top.
        y: u16,
    },
}

impl Input {
    /// A key pressed and let go.
    #[must_use]
    pub fn press(keysym: Keysym) -> [Self; 2] {
        [Self::Key { keysym, down: true }, Self::Key { keysym, down: false }]
    }

    /// A tap at this place.
    #[must_use]
    pub fn tap(x: u16, y: u16) -> [Self; 2] {
        [Self::Pointer { buttons: FIRST_BUTTON, x, y }, Self::Pointer { buttons: 0, x, y }]
    }
}

/// What the user types is nobody else's business, so it is not printed.
impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Key { .. } => "Key(..)",
            Self::Pointer { .. } => "Pointer(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_keysyms() {
        assert_eq!(Keysym::of_char('a'), Some(Keysym(0x61)));
        assert_eq!(Keysym::of_char('é'), Some(Keysym(0xe9)));
        assert_eq!(Keysym::of_char('€'), Some(Keysym(0x0100_20ac)));
        assert_eq!(Keysym::of_char('钱'), Some(Keysym(0x0100_94b1)));
        assert_eq!(Keysym::of_char('\n'), Some(Keysym::ENTER));
        assert_eq!(Keysym::of_char('\u{1}'), None);
    }

    #[test]
    fn names_become_keysyms() {
        assert_eq!(Keysym::named("Enter"), Some(Keysym::ENTER));
        assert_eq!(Keysym::named("ArrowLeft"), Some(Keysym::LEFT));
        assert_eq!(Keysym::named("F12"), Some(Keysym(0xffc9)));
        assert_eq!(Keysym::named("F13"), None);
        assert_eq!(Keysym::named("7"), Some(Keysym(0x37)));
        assert_eq!(Keysym::named(""), None);
        assert_eq!(Keysym::named("Nonsense"), None);
    }
}
