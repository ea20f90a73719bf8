//! One field being filled in: its text, its caret, and what may be typed.

use crate::fonts::is_shown;
use crate::semantic::{Field, FieldKind, FieldValue};
use money::Money;

/// Most digits before the point of an amount.
const WHOLE_DIGITS_MAX: usize = 10;

/// A field's content and caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: FieldKind,
    pub(crate) text: String,
    /// In characters from the start.
    pub(crate) caret: usize,
}

/// How a key moves the caret or takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    Insert(char),
    Backspace,
    Delete,
    Left,
    Right,
    Start,
    End,
}

impl Entry {
    pub(crate) fn new(field: &Field) -> Self {
        let mut entry = Self { kind: field.kind, text: String::new(), caret: 0 };
        // Typed in, so that what the app starts it with obeys the same rules.
        for character in field.initial.chars() {
            entry.edit(Edit::Insert(character));
        }
        entry
    }

    pub(crate) fn length(&self) -> usize {
        self.text.chars().count()
    }

    fn byte_at(&self, character: usize) -> usize {
        self.text.char_indices().nth(character).map_or(self.text.len(), |(byte, _)| byte)
    }

    /// What is before the caret.
    pub(crate) fn before_caret(&self) -> &str {
        self.text.get(..self.byte_at(self.caret)).unwrap_or_default()
    }

    /// Carries a key out; whether anything changed.
    pub(crate) fn edit(&mut self, edit: Edit) -> bool {
        let length = self.length();
        let caret = self.caret;
        match edit {
            Edit::Insert(character) => return self.insert(character),
            Edit::Backspace if caret > 0 => {
                self.text.remove(self.byte_at(caret - 1));
                self.caret -= 1;
                return true;
            }
            Edit::Delete if caret < length => {
                self.text.remove(self.byte_at(caret));
                return true;
            }
            Edit::Backspace | Edit::Delete => {}
            Edit::Left => self.caret = caret.saturating_sub(1),
            Edit::Right => self.caret = (caret + 1).min(length),
            Edit::Start => self.caret = 0,
            Edit::End => self.caret = length,
        }
        self.caret != caret
    }

    fn insert(&mut self, character: char) -> bool {
        let allowed = match self.kind {
            FieldKind::Text { characters_max } => {
                is_shown(character) && self.length() < usize::from(characters_max).min(140)
            }
            FieldKind::Digits { digits_max } => {
                character.is_ascii_digit() && self.length() < usize::from(digits_max).min(32)
            }
            FieldKind::Amount { currency } => {
                return self.insert_amount(character, usize::from(currency.exponent()));
            }
        };
        if allowed {
            self.text.insert(self.byte_at(self.caret), character);
            self.caret += 1;
        }
        allowed
    }

    /// An amount stays well formed while it is typed: one point, no more digits than the currency has.
    fn insert_amount(&mut self, character: char, places: usize) -> bool {
        // The comma of other keyboards, and the ideographic full stop of Chinese ones.
        let character = if matches!(character, ',' | '。' | '．') { '.' } else { character };
        let mut text = self.text.clone();
        let mut caret = self.caret;
        match character {
            '.' if places > 0 && !text.contains('.') => {
                // Only ASCII is in the text, so characters are bytes.
                if caret == 0 {
                    text.insert(0, '0');
                    caret += 1;
                }
                text.insert(caret.min(text.len()), '.');
                caret += 1;
            }
            '0'..='9' => {
                if text == "0" {
                    text.clear();
                    caret = 0;
                }
                text.insert(caret.min(text.len()), character);
                caret += 1;
            }
            _ => return false,
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > places {
            return false;
        }
        self.text = text;
        self.caret = caret;
        true
    }

    /// What is filled in, as the app gets it.
    pub(crate) fn value(&self) -> FieldValue {
        match self.kind {
            FieldKind::Amount { currency } => {
                FieldValue::Amount(Money::from_decimal(&self.text, currency).ok())
            }
            FieldKind::Text { .. } | FieldKind::Digits { .. } => FieldValue::Text(self.text.clone()),
        }
    }
}
