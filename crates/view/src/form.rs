//! The form: what the user is doing with the view on the screen.
//!
//! Focus, the fields' texts and carets, scrolling, the pad on the screen and what is under the finger
//! belong to the platform, so that typing costs no trip through the app. The app hears of it when an
//! action or a choice is made.

use crate::entry::{Edit, Entry};
use crate::geometry::Area;
use crate::scene::{PadKey, Scene, Target};
use crate::screens::Screen;
use crate::semantic::{Element, Emphasis, FieldKind, FieldValue};
use profile::{Display, HardwareProfile, Keys};

/// Key symbols as X11 and RFB number them (RFC 6143 §7.5.4).
pub mod keysym {
    /// Back space.
    pub const BACKSPACE: u32 = 0xFF08;
    /// Tab.
    pub const TAB: u32 = 0xFF09;
    /// Return.
    pub const RETURN: u32 = 0xFF0D;
    /// Escape.
    pub const ESCAPE: u32 = 0xFF1B;
    /// Cursor left.
    pub const LEFT: u32 = 0xFF51;
    /// Cursor up.
    pub const UP: u32 = 0xFF52;
    /// Cursor right.
    pub const RIGHT: u32 = 0xFF53;
    /// Cursor down.
    pub const DOWN: u32 = 0xFF54;
    /// Home.
    pub const HOME: u32 = 0xFF50;
    /// Page up.
    pub const PAGE_UP: u32 = 0xFF55;
    /// Page down.
    pub const PAGE_DOWN: u32 = 0xFF56;
    /// End.
    pub const END: u32 = 0xFF57;
    /// Cancel, as on a PIN pad.
    pub const CANCEL: u32 = 0xFF69;
    /// Clear, as on a PIN pad.
    pub const CLEAR: u32 = 0xFF0B;
    /// Delete.
    pub const DELETE: u32 = 0xFFFF;
    /// Enter on the number block.
    pub const KEYPAD_ENTER: u32 = 0xFF8D;
    /// Tab with shift.
    pub const SHIFT_TAB: u32 = 0xFE20;

    /// The key symbol of a character.
    #[must_use]
    pub const fn of(character: char) -> u32 {
        let code = character as u32;
        if (code >= 0x20 && code < 0x7F) || (code >= 0xA0 && code < 0x100) {
            code
        } else {
            0x0100_0000 + code
        }
    }

    /// The character that a key symbol types.
    #[must_use]
    pub const fn character(keysym: u32) -> Option<char> {
        match keysym {
            0x20..=0x7E | 0xA0..=0xFF => char::from_u32(keysym),
            // The number block.
            0xFFB0..=0xFFB9 => char::from_u32(keysym - 0xFFB0 + 0x30),
            0xFFAC | 0xFFAE => Some('.'),
            0xFF80 => Some(' '),
            0x0100_0000..=0x0110_FFFF => char::from_u32(keysym - 0x0100_0000),
            _ => None,
        }
    }
}

/// What came of a key or a touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing; the screen stays as it is.
    None,
    /// The screen looks different: lay out and send the damage.
    Changed,
    /// The user chose; lay out too, as the button is no longer pressed.
    Action {
        /// The identifier of the action or choice.
        id: String,
        /// Every field of the view with what is filled in, in the order of the view.
        fields: Vec<(String, FieldValue)>,
    },
}

/// What can have the focus, in reading order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) kind: ItemKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// The number of the field among the fields.
    Field(usize),
    Choice,
    Action(Emphasis),
}

/// Which page of the letter pad is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PadPage {
    Letters,
    Capitals,
    Symbols,
}

/// Which pad is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pad {
    Amount { point: bool },
    Digits,
    Letters(PadPage),
}

/// The state of a finger or a mouse on the screen.
#[derive(Debug, Clone, Copy)]
struct Press {
    y: u16,
    target: Option<Target>,
    scroll: i32,
    dragged: bool,
}

/// The interaction state of one view on one terminal.
#[derive(Debug, Clone)]
pub struct Form {
    pub(crate) items: Vec<Item>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) focus: Option<usize>,
    /// Whether the focus is drawn on choices and buttons too: once keys were used.
    pub(crate) focus_shown: bool,
    pub(crate) scroll: i32,
    /// The next layout scrolls so far that the focus can be seen.
    pub(crate) reveal: bool,
    pub(crate) page: PadPage,
    pad_open: bool,
    press: Option<Press>,
    buttons: u8,
    touch: bool,
    keys: Keys,
    text_display: bool,
    density: i32,
}

impl Form {
    /// The state in which a view starts: the first field has the focus, or the first choice, or the
    /// primary action.
    #[must_use]
    pub fn new(screen: &Screen, profile: &HardwareProfile) -> Self {
        let view = screen.view();
        let mut items = Vec::new();
        let mut entries = Vec::new();
        for element in &view.elements {
            match element {
                Element::Field(field) => {
                    items.push(Item { id: field.id.clone(), kind: ItemKind::Field(entries.len()) });
                    entries.push(Entry::new(field));
                }
                Element::Choices(choices) => items.extend(
                    choices.iter().map(|choice| Item { id: choice.id.clone(), kind: ItemKind::Choice }),
                ),
                _ => {}
            }
        }
        items.extend(
            view.actions
                .iter()
                .map(|action| Item { id: action.id.clone(), kind: ItemKind::Action(action.emphasis) }),
        );
        let first = |wanted: fn(&ItemKind) -> bool| items.iter().position(|item| wanted(&item.kind));
        let focus = first(|kind| matches!(kind, ItemKind::Field(_)))
            .or_else(|| first(|kind| matches!(kind, ItemKind::Choice)))
            .or_else(|| first(|kind| matches!(kind, ItemKind::Action(Emphasis::Primary))))
            .or(if items.is_empty() { None } else { Some(0) });
        // A form of several fields is shown whole first; one that asks for one number opens its pad.
        let pad_open = entries.first().is_some_and(|entry| !matches!(entry.kind, FieldKind::Text { .. }));
        let (text_display, density) = match profile.display {
            Display::Picture { dots_per_inch, .. } => (false, i32::from(dots_per_inch)),
            Display::Text { .. } => (true, 0),
        };
        Self {
            items,
            entries,
            focus,
            focus_shown: !profile.touch,
            scroll: 0,
            reveal: false,
            page: PadPage::Letters,
            pad_open,
            press: None,
            buttons: 0,
            touch: profile.touch,
            keys: profile.keys,
            text_display,
            density,
        }
    }

    /// The field that keys go to.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self.items.get(self.focus?)?.kind {
            ItemKind::Field(number) => self.entries.get(number),
            _ => None,
        }
    }

    fn entry_mut(&mut self) -> Option<&mut Entry> {
        match self.items.get(self.focus?)?.kind {
            ItemKind::Field(number) => self.entries.get_mut(number),
            _ => None,
        }
    }

    /// The pad on the screen: for the field that has the focus, where the terminal has no keys for it.
    pub(crate) fn pad(&self) -> Option<Pad> {
        if !self.touch || self.text_display || !self.pad_open {
            return None;
        }
        match (self.entry()?.kind, self.keys) {
            (_, Keys::Full) | (FieldKind::Digits { .. }, Keys::Digits) => None,
            (FieldKind::Amount { currency }, _) => Some(Pad::Amount { point: currency.exponent() > 0 }),
            (FieldKind::Digits { .. }, Keys::None) => Some(Pad::Digits),
            (FieldKind::Text { .. }, _) => Some(Pad::Letters(self.page)),
        }
    }

    /// Whether another field follows the one that has the focus.
    pub(crate) fn has_next_field(&self) -> bool {
        self.next_field().is_some()
    }

    fn next_field(&self) -> Option<usize> {
        let after = self.focus? + 1;
        let found = self.items.iter().skip(after).position(|item| matches!(item.kind, ItemKind::Field(_)))?;
        Some(after + found)
    }

    /// What is under the finger now.
    pub(crate) fn pressed(&self) -> Option<Target> {
        self.press.filter(|press| !press.dragged).and_then(|press| press.target)
    }

    /// What is filled in, by field, in the order of the view.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, FieldValue)> {
        self.items
            .iter()
            .filter_map(|item| match item.kind {
                ItemKind::Field(number) => Some((item.id.clone(), self.entries.get(number)?.value())),
                _ => None,
            })
            .collect()
    }

    /// The identifier of what has the focus.
    #[must_use]
    pub fn focused(&self) -> Option<&str> {
        self.items.get(self.focus?).map(|item| item.id.as_str())
    }

    /// Takes over what was filled in and where the focus was, where the new view has the same fields:
    /// for a view that the app sends again, say with a message added.
    #[must_use]
    pub fn carried_over(mut self, old: &Self) -> Self {
        let mut carried = 0;
        for item in &self.items {
            let ItemKind::Field(number) = item.kind else { continue };
            let before = old.items.iter().find(|before| before.id == item.id).map(|before| before.kind);
            let Some(ItemKind::Field(before)) = before else { continue };
            if let (Some(entry), Some(before)) = (self.entries.get_mut(number), old.entries.get(before))
                && entry.kind == before.kind
            {
                *entry = before.clone();
                carried += 1;
            }
        }
        if carried > 0 {
            self.focus_shown = old.focus_shown;
            if let Some(focus) = self.items.iter().position(|item| Some(item.id.as_str()) == old.focused()) {
                self.focus = Some(focus);
            }
        }
        self
    }

    fn act(&self, item: usize) -> Reaction {
        match self.items.get(item) {
            Some(item) => Reaction::Action { id: item.id.clone(), fields: self.fields() },
            None => Reaction::None,
        }
    }

    fn action_with(&self, emphasis: Emphasis) -> Option<usize> {
        self.items.iter().position(|item| item.kind == ItemKind::Action(emphasis))
    }

    fn move_focus(&mut self, to: Option<usize>) -> Reaction {
        let Some(to) = to else { return Reaction::None };
        self.focus = Some(to);
        self.reveal = true;
        if let Some(entry) = self.entry_mut() {
            entry.edit(Edit::End);
            self.pad_open = true;
            self.page = PadPage::Letters;
        }
        Reaction::Changed
    }

    fn step_focus(&mut self, back: bool) -> Reaction {
        let count = self.items.len();
        if count == 0 {
            return Reaction::None;
        }
        self.focus_shown = true;
        let next = match (self.focus, back) {
            (None, false) => 0,
            (None, true) => count - 1,
            (Some(focus), false) => (focus + 1) % count,
            (Some(focus), true) => (focus + count - 1) % count,
        };
        self.move_focus(Some(next))
    }

    fn edit(&mut self, edit: Edit) -> Reaction {
        let capitals = self.page == PadPage::Capitals;
        let Some(entry) = self.entry_mut() else { return Reaction::None };
        if !entry.edit(edit) {
            return Reaction::None;
        }
        self.reveal = true;
        if capitals && matches!(edit, Edit::Insert(_)) {
            self.page = PadPage::Letters;
        }
        Reaction::Changed
    }

    /// Enter: on to the next field, or the primary action; a choice or button is taken.
    fn enter(&mut self) -> Reaction {
        match self.focus.and_then(|focus| self.items.get(focus).map(|item| (focus, item.kind))) {
            Some((_, ItemKind::Field(_))) => {
                if let Some(next) = self.next_field() {
                    return self.move_focus(Some(next));
                }
                if let Some(primary) = self.action_with(Emphasis::Primary) {
                    return self.act(primary);
                }
                self.step_focus(false)
            }
            Some((focus, _)) => self.act(focus),
            None => self.action_with(Emphasis::Primary).map_or(Reaction::None, |primary| self.act(primary)),
        }
    }

    /// Enter, but nothing is taken that cannot be seen: a page further first, or the focus into sight.
    fn enter_seen(&mut self, scene: &Scene) -> Reaction {
        let hidden = self
            .focused()
            .is_some_and(|id| scene.nodes.iter().any(|node| node.id == id && node.rect.area() == 0));
        if !hidden {
            return self.enter();
        }
        if self.text_display && self.scroll < scene.scroll_max {
            return self.scroll_to(self.scroll + 1, scene);
        }
        self.reveal = true;
        Reaction::Changed
    }

    fn cancel(&self) -> Reaction {
        self.action_with(Emphasis::Cancel).map_or(Reaction::None, |cancel| self.act(cancel))
    }

    fn scroll_to(&mut self, scroll: i32, scene: &Scene) -> Reaction {
        let scroll = scroll.clamp(0, scene.scroll_max);
        if scroll == self.scroll {
            return Reaction::None;
        }
        self.scroll = scroll;
        Reaction::Changed
    }

    /// A key, by its X11 key symbol, on the screen that the scene shows.
    pub fn key(&mut self, keysym: u32, down: bool, scene: &Scene) -> Reaction {
        if !down {
            return Reaction::None;
        }
        self.scroll = scene.scroll;
        self.reveal = false;
        let page = (scene.viewport.h * 7 / 8).max(1);
        let in_field = self.entry().is_some();
        match keysym {
            keysym::TAB | keysym::DOWN => self.step_focus(false),
            keysym::SHIFT_TAB | keysym::UP => self.step_focus(true),
            keysym::RETURN | keysym::KEYPAD_ENTER => self.enter_seen(scene),
            keysym::ESCAPE | keysym::CANCEL => self.cancel(),
            keysym::BACKSPACE => self.edit(Edit::Backspace),
            keysym::DELETE => self.edit(Edit::Delete),
            keysym::CLEAR => self.clear(),
            keysym::LEFT if in_field => self.edit(Edit::Left),
            keysym::RIGHT if in_field => self.edit(Edit::Right),
            keysym::LEFT => self.step_focus(true),
            keysym::RIGHT => self.step_focus(false),
            keysym::HOME if in_field => self.edit(Edit::Start),
            keysym::END if in_field => self.edit(Edit::End),
            keysym::HOME => self.scroll_to(0, scene),
            keysym::END => self.scroll_to(scene.scroll_max, scene),
            keysym::PAGE_DOWN => {
                self.scroll_to(self.scroll + if self.text_display { 1 } else { page }, scene)
            }
            keysym::PAGE_UP => self.scroll_to(self.scroll - if self.text_display { 1 } else { page }, scene),
            _ => match keysym::character(keysym) {
                Some(character) if in_field => self.edit(Edit::Insert(character)),
                Some(' ') => self.enter_seen(scene),
                Some(digit @ '1'..='9') => self.choose(digit),
                _ => Reaction::None,
            },
        }
    }

    fn clear(&mut self) -> Reaction {
        let Some(entry) = self.entry_mut() else { return Reaction::None };
        if entry.text.is_empty() {
            return Reaction::None;
        }
        entry.text.clear();
        entry.caret = 0;
        Reaction::Changed
    }

    /// A digit outside of fields takes the choice of that number, counted over the view.
    fn choose(&mut self, digit: char) -> Reaction {
        let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(0);
        let chosen = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.kind == ItemKind::Choice)
            .nth(number.saturating_sub(1))
            .map(|(position, _)| position);
        match chosen {
            Some(position) => {
                self.focus = Some(position);
                self.act(position)
            }
            None => Reaction::None,
        }
    }

    /// Which of the pointer's buttons are down.
    #[must_use]
    pub const fn buttons(&self) -> u8 {
        self.buttons
    }

    /// Takes note of buttons that are down, or let go, without acting on them: a press that began on
    /// another screen is not one on this.
    pub fn hold(&mut self, buttons: u8) {
        self.buttons = buttons;
        self.press = None;
    }

    /// The pointer, as RFB sends it: bit 0 of the buttons is the finger or the left button, bits 3 and 4
    /// the wheel (RFC 6143 §7.5.5). Positions are in pixels, or cells of a text display.
    pub fn pointer(&mut self, buttons: u8, x: u16, y: u16, scene: &Scene) -> Reaction {
        let before = std::mem::replace(&mut self.buttons, buttons);
        let pressed_now = |bit: u8| buttons & bit != 0 && before & bit == 0;
        self.scroll = scene.scroll;
        self.reveal = false;
        let line = (scene.viewport.h / 6).max(1);
        if pressed_now(8) {
            return self.scroll_to(self.scroll - line, scene);
        }
        if pressed_now(16) {
            return self.scroll_to(self.scroll + line, scene);
        }
        if pressed_now(1) {
            let target = scene.target_at(x, y);
            self.press = Some(Press { y, target, scroll: self.scroll, dragged: false });
            return if target.is_some() { Reaction::Changed } else { Reaction::None };
        }
        if buttons & 1 != 0 {
            return self.drag(y, scene);
        }
        if before & 1 != 0 {
            return self.release(x, y, scene);
        }
        Reaction::None
    }

    fn drag(&mut self, y: u16, scene: &Scene) -> Reaction {
        let Some(press) = &mut self.press else { return Reaction::None };
        let distance = i32::from(press.y) - i32::from(y);
        let scrolls = scene.scroll_max > 0
            && scene.viewport.contains(scene.viewport.x, i32::from(press.y))
            && !matches!(press.target, Some(Target::Pad(_)));
        // A tenth of an inch is a drag; less is an unsteady finger.
        if !scrolls || (!press.dragged && distance.abs() < (self.density / 10).max(4)) {
            return Reaction::None;
        }
        let had_target = press.target.is_some() && !press.dragged;
        press.dragged = true;
        let scroll = press.scroll + distance;
        let scrolled = self.scroll_to(scroll, scene);
        if had_target { Reaction::Changed } else { scrolled }
    }

    fn release(&mut self, x: u16, y: u16, scene: &Scene) -> Reaction {
        let Some(press) = self.press.take() else { return Reaction::None };
        if press.dragged {
            return Reaction::Changed;
        }
        let Some(target) = press.target else {
            // A touch beside everything puts the pad away.
            if self.pad().is_some() && scene.viewport.contains(i32::from(x), i32::from(y)) {
                self.pad_open = false;
                return Reaction::Changed;
            }
            return Reaction::None;
        };
        if scene.target_at(x, y) != Some(target) {
            return Reaction::Changed;
        }
        self.focus_shown = !self.touch;
        match target {
            Target::Back => or_changed(self.cancel()),
            Target::Pad(key) => or_changed(self.pad_key(key)),
            Target::Item(item) => match self.items.get(item).map(|item| item.kind) {
                Some(ItemKind::Field(_)) => self.move_focus(Some(item)),
                Some(_) => {
                    if self.entry().is_none() {
                        self.focus = Some(item);
                    }
                    self.act(item)
                }
                None => Reaction::Changed,
            },
        }
    }

    fn pad_key(&mut self, key: PadKey) -> Reaction {
        match key {
            PadKey::Character(character) => self.edit(Edit::Insert(character)),
            PadKey::Backspace => self.edit(Edit::Backspace),
            PadKey::Enter => self.enter(),
            PadKey::Hide => {
                self.pad_open = false;
                Reaction::Changed
            }
            PadKey::Shift => {
                self.page = if self.page == PadPage::Capitals { PadPage::Letters } else { PadPage::Capitals };
                Reaction::Changed
            }
            PadKey::Symbols => {
                self.page = if self.page == PadPage::Symbols { PadPage::Letters } else { PadPage::Symbols };
                Reaction::Changed
            }
        }
    }
}

/// A release always changes the screen: the thing is no longer pressed.
fn or_changed(reaction: Reaction) -> Reaction {
    if reaction == Reaction::None { Reaction::Changed } else { reaction }
}

/// How far to scroll so that `area`, at its place before scrolling, can be seen in the viewport.
pub(crate) fn reveal(scroll: i32, area: Area, viewport: Area, slack: i32) -> i32 {
    let top = area.y - viewport.y - slack;
    let bottom = area.bottom() - viewport.y + slack;
    if bottom - scroll > viewport.h && top - scroll > 0 {
        (bottom - viewport.h).min(top)
    } else if top < scroll {
        top.max(0)
    } else {
        scroll
    }
}
