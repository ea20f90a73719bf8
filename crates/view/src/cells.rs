//! The view on a text display: cells instead of pixels, pages instead of scrolling.
//!
//! A cell is four bytes as the profile's layout has it: bits 0..21 the Unicode code point, then bold (21),
//! underlined (22), inverse (23), dim (24), and in bits 25..29 a foreground colour (0 the display's own,
//! 1..8 the eight of ANSI X3.64). A wide character takes two cells; the second holds code point 0.

use crate::entry::Entry;
use crate::fonts::is_shown;
use crate::form::{Form, ItemKind};
use crate::format::{amount_text, digits, sign};
use crate::geometry::{Area, index, int};
use crate::pages::{app_title, header, page_starts};
use crate::scene::{Node, Role, Scene, Surface, Target};
use crate::screens::Screen;
use crate::semantic::{Action, Choice, Element, Emphasis, Field, FieldKind, Tone};
use crate::theme::{Language, Style};
use crate::words::Word;
use money::Money;
use profile::PixelLayout;
use unicode_width::UnicodeWidthChar;

pub(crate) const BOLD: u32 = 1 << 21;
pub(crate) const UNDERLINED: u32 = 1 << 22;
pub(crate) const INVERSE: u32 = 1 << 23;
const DIM: u32 = 1 << 24;
const RED: u32 = 2 << 25;
const GREEN: u32 = 3 << 25;
const YELLOW: u32 = 4 << 25;
pub(crate) const BLUE: u32 = 5 << 25;

/// From this many rows on, the actions have a row of their own at the bottom of every page.
const ROWS_WITH_BAR: usize = 8;
/// From this many rows on, parts are set apart by empty rows.
const ROWS_WITH_GAPS: usize = 16;

/// One row of the body before it is paged.
#[derive(Debug, Clone, Default)]
struct Row {
    cells: Vec<u32>,
    /// The part it belongs to.
    node: Option<usize>,
    target: Option<Target>,
    /// Stays on one page with the row above, where a page has room for both.
    stays: bool,
}

/// How many cells a character takes: 0 when it cannot stand alone in a cell.
fn width_of(character: char) -> usize {
    if is_shown(character) { character.width().unwrap_or(0).min(2) } else { 0 }
}

pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// Appends text, as much as fits in `limit` cells in all; the last cell is an ellipsis when it is cut.
pub(crate) fn put(cells: &mut Vec<u32>, text: &str, attributes: u32, limit: usize) {
    let room = limit.saturating_sub(cells.len());
    let cut = width(text) > room;
    let room = if cut { room.saturating_sub(1) } else { room };
    let end = cells.len() + room;
    for character in text.chars() {
        let wide = width_of(character);
        if wide == 0 {
            continue;
        }
        if cells.len() + wide > end {
            break;
        }
        cells.push(u32::from(character) | attributes);
        if wide == 2 {
            cells.push(attributes);
        }
    }
    if cut && cells.len() < limit {
        cells.push(u32::from('…') | attributes);
    }
}

/// Fills with spaces up to `limit` cells.
pub(crate) fn pad(cells: &mut Vec<u32>, attributes: u32, limit: usize) {
    while cells.len() < limit {
        cells.push(u32::from(' ') | attributes);
    }
}

/// Breaks text into lines of at most `limit` cells, at spaces and beside wide characters.
fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        // Where the line may end: its length in bytes and cells there.
        let mut breakable: Option<(usize, usize)> = None;
        for character in paragraph.chars() {
            let wide = width_of(character);
            if wide == 0 || wide > limit {
                continue;
            }
            if wide == 2 && !is_closing(character) {
                breakable = Some((line.len(), used));
            }
            if used + wide > limit {
                if character == ' ' {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                    breakable = None;
                    continue;
                }
                let (bytes, cells) = breakable.filter(|(bytes, _)| *bytes > 0).unwrap_or((line.len(), used));
                let rest = line.split_off(bytes);
                lines.push(line.trim_end().to_owned());
                line = rest;
                used -= cells;
                breakable = None;
            }
            line.push(character);
            used += wide;
            if character == ' ' || wide == 2 {
                breakable = Some((line.len(), used));
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Chinese punctuation that does not begin a line.
const fn is_closing(character: char) -> bool {
    matches!(character, '，' | '。' | '、' | '；' | '：' | '！' | '？' | '）' | '”' | '》' | '】')
}

/// Builds the rows of a screen.
struct Page<'a> {
    form: &'a Form,
    language: Language,
    columns: usize,
    gaps: bool,
    rows: Vec<Row>,
    nodes: Vec<(Role, String, String, bool)>,
    item: usize,
    choices: usize,
}

impl Page<'_> {
    fn node(&mut self, role: Role, id: &str, text: impl Into<String>, focused: bool) -> usize {
        self.nodes.push((role, id.to_owned(), text.into(), focused));
        self.nodes.len() - 1
    }

    fn words(&mut self, text: &str, attributes: u32, node: usize) {
        for line in wrap(text, self.columns) {
            let mut cells = Vec::new();
            put(&mut cells, &line, attributes, self.columns);
            self.rows.push(Row { cells, node: Some(node), ..Row::default() });
        }
    }

    /// Keeps the rows from here on, the first of them excepted, on the page of the row above.
    fn stay(&mut self, from: usize) {
        for row in self.rows.iter_mut().skip(from + 1) {
            row.stays = true;
        }
    }

    fn gap(&mut self) {
        if self.gaps && self.rows.last().is_some_and(|row| !row.cells.is_empty()) {
            self.rows.push(Row::default());
        }
    }

    /// A name at the left and a value at the right, or below when they do not fit on one row.
    fn pair(&mut self, label: &str, value: &str, attributes: u32, role: Role) {
        let node = self.node(role, "", format!("{label}: {value}"), false);
        let mut cells = Vec::new();
        if width(label) + width(value) < self.columns {
            put(&mut cells, label, DIM, self.columns);
            // On a wide display the value stands near its name, not at the far edge.
            let edge = self.columns.min(48).max(width(label) + width(value) + 1);
            pad(&mut cells, 0, edge - width(value));
            put(&mut cells, value, attributes, self.columns);
            self.rows.push(Row { cells, node: Some(node), ..Row::default() });
        } else {
            let start = self.rows.len();
            self.words(label, DIM, node);
            self.words(value, attributes, node);
            self.stay(start);
        }
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Text { text, tone } => {
                let (role, attributes) = match tone {
                    Tone::Body => (Role::Text, 0),
                    Tone::Muted => (Role::Text, DIM),
                    Tone::Heading => (Role::Heading, BOLD),
                    Tone::Warning => (Role::Warning, YELLOW),
                };
                let node = self.node(role, "", text, false);
                let text = if *tone == Tone::Warning { format!("! {text}") } else { text.clone() };
                self.words(&text, attributes, node);
            }
            Element::Amount { label, amount } => self.pair(label, &spelled(*amount), BOLD, Role::Amount),
            Element::Field(field) => self.field(field),
            Element::Choices(choices) => {
                if choices.is_empty() {
                    let text = Word::Empty.text(self.language);
                    let node = self.node(Role::Text, "", text, false);
                    self.words(text, DIM, node);
                }
                for choice in choices {
                    self.choice(choice);
                }
            }
            Element::Details(details) => {
                for detail in details {
                    let attributes = if detail.strong { BOLD } else { 0 };
                    self.pair(&detail.label, &detail.value, attributes, Role::Detail);
                }
            }
            Element::Table { columns, rows } => self.table(columns, rows),
            Element::QrCode { content, caption } => {
                let node = self.node(Role::Picture, "", caption, false);
                self.words(caption, 0, node);
                self.words(content, BOLD, node);
            }
            Element::Outcome { success, text } => {
                let (mark, color, word) =
                    if *success { ("[OK] ", GREEN, Word::Succeeded) } else { ("[X] ", RED, Word::Failed) };
                let spoken = format!("{}: {text}", word.text(self.language));
                let node = self.node(Role::Outcome, "", spoken, false);
                self.words(&format!("{mark}{text}"), BOLD | color, node);
            }
            Element::Progress { text } => {
                let node = self.node(Role::Progress, "", text, false);
                self.words(&format!("... {text}"), BOLD, node);
            }
        }
    }

    fn field(&mut self, field: &Field) {
        let item = self.item;
        self.item += 1;
        let focused = self.form.focus == Some(item);
        let entry = self.form.items.get(item).and_then(|item| match item.kind {
            ItemKind::Field(number) => self.form.entries.get(number),
            _ => None,
        });
        let typed = entry.map_or("", |entry| entry.text.as_str());
        let (sign, length_max) = match field.kind {
            FieldKind::Text { characters_max } => (String::new(), usize::from(characters_max)),
            FieldKind::Digits { digits_max } => (String::new(), usize::from(digits_max)),
            FieldKind::Amount { currency } => (sign(currency), 14),
        };
        let label_node = self.node(Role::Label, "", &field.label, false);
        let node = self.node(Role::Field, &field.id, typed, focused);
        let label = format!("{}: ", field.label);
        let wanted = (length_max + 1).clamp(4, 30) + width(&sign) + 2;
        let start = self.rows.len();
        let mut cells = Vec::new();
        if width(&label) + wanted <= self.columns {
            put(&mut cells, &label, if focused { BOLD } else { 0 }, self.columns);
        } else {
            for line in wrap(label.trim_end(), self.columns) {
                let mut cells = Vec::new();
                put(&mut cells, &line, if focused { BOLD } else { 0 }, self.columns);
                self.rows.push(Row { cells, node: Some(label_node), ..Row::default() });
            }
        }
        let edge = (cells.len() + wanted).min(self.columns);
        put(&mut cells, &sign, 0, edge);
        put(&mut cells, if focused { ">" } else { " " }, BOLD, edge);
        let room = edge.saturating_sub(cells.len()).max(1);
        entry_cells(&mut cells, entry, &field.hint, focused, room);
        cells.truncate(self.columns);
        self.item_row(cells, node, item);
        self.stay(start);
    }

    /// A row that can be chosen.
    fn item_row(&mut self, cells: Vec<u32>, node: usize, item: usize) {
        let target = Some(Target::Item(item));
        self.rows.push(Row { cells, node: Some(node), target, stays: false });
    }

    fn choice(&mut self, choice: &Choice) {
        let item = self.item;
        self.item += 1;
        self.choices += 1;
        let focused = self.form.focus == Some(item);
        let attributes = if focused { INVERSE } else { 0 };
        let amount = choice.amount.map(amount_text).unwrap_or_default();
        let mut text = choice.label.clone();
        for part in [&choice.detail, &amount] {
            if !part.is_empty() {
                text.push(' ');
                text.push_str(part);
            }
        }
        let node = self.node(Role::Choice, &choice.id, text, focused);
        let start = self.rows.len();
        let mut cells = Vec::new();
        // A digit key takes a choice by its number.
        let number = if self.choices <= 9 { format!("{} ", self.choices) } else { "  ".to_owned() };
        let edge = self.columns.min(64);
        let room = edge.saturating_sub(if amount.is_empty() { 0 } else { width(&amount) + 1 });
        put(&mut cells, &number, attributes | DIM, self.columns);
        put(&mut cells, &choice.label, attributes | BOLD, room.max(self.columns / 2));
        let mut below = None;
        if !choice.detail.is_empty() {
            if cells.len() + 2 + width(&choice.detail) <= room {
                put(&mut cells, "  ", attributes, room);
                put(&mut cells, &choice.detail, attributes | DIM, room);
            } else {
                below = Some(&choice.detail);
            }
        }
        if !amount.is_empty() {
            if cells.len() + 1 + width(&amount) <= edge {
                pad(&mut cells, attributes, edge - width(&amount));
                put(&mut cells, &amount, attributes, self.columns);
            } else {
                pad(&mut cells, attributes, self.columns);
                self.item_row(std::mem::take(&mut cells), node, item);
                pad(&mut cells, attributes, self.columns.saturating_sub(width(&amount)));
                put(&mut cells, &amount, attributes, self.columns);
            }
        }
        pad(&mut cells, attributes, edge);
        self.item_row(cells, node, item);
        // Whole, on as many rows as it needs: its end may be what tells two choices apart.
        for line in below.iter().flat_map(|detail| wrap(detail, edge.saturating_sub(2))) {
            let mut cells = Vec::new();
            put(&mut cells, "  ", attributes, self.columns);
            put(&mut cells, &line, attributes | DIM, self.columns);
            pad(&mut cells, attributes, edge);
            self.item_row(cells, node, item);
        }
        self.stay(start);
    }

    fn table(&mut self, columns: &[String], rows: &[Vec<String>]) {
        let mut widths: Vec<usize> = columns.iter().map(|heading| width(heading)).collect();
        for row in rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        let gaps = 2 * columns.len().saturating_sub(1);
        let natural: usize = widths.iter().sum::<usize>() + gaps;
        if natural > self.columns && self.columns < 40 {
            // Too narrow for a table: each row as name and value pairs.
            for row in rows {
                for (heading, cell) in columns.iter().zip(row) {
                    self.pair(heading, cell, 0, Role::Row);
                }
                self.gap();
            }
            return;
        }
        // Too wide by some cells: the widest column gives them.
        for _ in 0..natural.saturating_sub(self.columns) {
            if let Some(widest) = widths.iter_mut().max_by_key(|width| **width) {
                *widest = widest.saturating_sub(1).max(1);
            }
        }
        let heading = std::iter::once((columns, BOLD | UNDERLINED));
        for (cells_of_row, attributes) in heading.chain(rows.iter().map(|row| (row.as_slice(), 0))) {
            let node = self.node(Role::Row, "", cells_of_row.join(" | "), false);
            let mut cells = Vec::new();
            let mut edge = 0;
            let last = widths.len().saturating_sub(1);
            for (column, (cell, wide)) in cells_of_row.iter().zip(&widths).enumerate() {
                edge += wide;
                if column == last && column > 0 {
                    pad(&mut cells, attributes, edge.saturating_sub(width(cell)).min(self.columns));
                }
                put(&mut cells, cell, attributes, edge.min(self.columns));
                pad(&mut cells, attributes, edge.min(self.columns));
                edge += 2;
                if column < last {
                    pad(&mut cells, attributes, edge.min(self.columns));
                }
            }
            self.rows.push(Row { cells, node: Some(node), ..Row::default() });
        }
    }

    /// One button as a row of its own.
    fn button_row(&mut self, action: &Action, item: usize) {
        let focused = self.form.focus == Some(item);
        let node = self.node(Role::Action, &action.id, &action.label, focused);
        let mut cells = Vec::new();
        put(&mut cells, &button_text(action), button_attributes(focused, action.emphasis), self.columns);
        self.item_row(cells, node, item);
    }
}

/// A sum with its currency's code where the sign alone could be another's.
fn spelled(amount: Money) -> String {
    let minus = if amount.is_negative() { "−" } else { "" };
    format!("{minus}{}{}", sign(amount.currency()), digits(amount))
}

fn button_text(action: &Action) -> String {
    format!("[{}]", action.label)
}

const fn button_attributes(focused: bool, emphasis: Emphasis) -> u32 {
    let weight = if matches!(emphasis, Emphasis::Primary) { BOLD } else { 0 };
    if focused { INVERSE | weight } else { weight }
}

/// The cells of what is typed, with the caret inverse, moved so that the caret can be seen.
fn entry_cells(cells: &mut Vec<u32>, entry: Option<&Entry>, hint: &str, focused: bool, room: usize) {
    let start = cells.len();
    let typed = entry.map_or("", |entry| entry.text.as_str());
    let caret = entry.map_or(0, |entry| width(entry.before_caret()));
    let mut all: Vec<u32> = Vec::new();
    if typed.is_empty() {
        put(&mut all, hint, DIM | UNDERLINED, room);
    } else {
        put(&mut all, typed, UNDERLINED, usize::MAX);
    }
    pad(&mut all, UNDERLINED, caret + 1);
    // A wide character is not cut in half at the left edge.
    let mut skip = (caret + 1).saturating_sub(room);
    if all.get(skip).is_some_and(|cell| cell & 0x1F_FFFF == 0) {
        skip += 1;
    }
    let caret_is_wide = all.get(caret + 1).is_some_and(|cell| cell & 0x1F_FFFF == 0);
    if focused {
        for cell in all.iter_mut().skip(caret).take(if caret_is_wide { 2 } else { 1 }) {
            *cell |= INVERSE;
        }
    }
    for cell in all.into_iter().skip(skip).take(room) {
        cells.push(cell);
    }
    pad(cells, UNDERLINED, start + room);
    // Nor at the right edge.
    whole_characters(cells);
}

/// Replaces a wide character whose second cell is missing at the end by a space.
fn whole_characters(cells: &mut [u32]) {
    if let Some(last) = cells.last_mut() {
        let is_wide = char::from_u32(*last & 0x1F_FFFF).is_some_and(|character| width_of(character) == 2);
        if is_wide {
            *last = (*last & !0x1F_FFFF) | u32::from(' ');
        }
    }
}

/// Lays a screen out on cells.
pub(crate) fn text(screen: &Screen, form: &Form, style: Style, columns: u16, rows: u16) -> Scene {
    let (width_cells, height) = (usize::from(columns), usize::from(rows));
    let view = screen.view();
    let mut page = Page {
        form,
        language: style.language,
        columns: width_cells,
        gaps: height >= ROWS_WITH_GAPS,
        rows: Vec::new(),
        nodes: Vec::new(),
        item: 0,
        choices: 0,
    };
    let title =
        if screen.is_platform() { view.title.as_str() } else { app_title(&view.title, style.language) };
    page.nodes.push((Role::Title, String::new(), title.to_owned(), false));
    for element in &view.elements {
        page.element(element);
        page.gap();
    }
    while page.rows.last().is_some_and(|row| row.cells.is_empty()) {
        page.rows.pop();
    }
    let first_action = form.items.len().saturating_sub(view.actions.len());
    let bar_width: usize = view.actions.iter().map(|action| width(&button_text(action)) + 1).sum();
    let has_bar = height >= ROWS_WITH_BAR && !view.actions.is_empty() && bar_width + 7 <= width_cells;
    let mut bar = Vec::new();
    for (number, action) in view.actions.iter().enumerate() {
        if has_bar {
            let focused = form.focus == Some(first_action + number);
            bar.push((
                page.node(Role::Action, &action.id, &action.label, focused),
                action,
                first_action + number,
                focused,
            ));
        } else {
            page.button_row(action, first_action + number);
        }
    }
    let header_rows = usize::from(height > 1);
    // A gap above the bar where there is room.
    let bar_rows = if has_bar { 1 + usize::from(height >= ROWS_WITH_GAPS) } else { 0 };
    let top = header_rows + usize::from(height >= ROWS_WITH_GAPS);
    let body_rows = height.saturating_sub(top + bar_rows).max(1);
    let stays: Vec<bool> = page.rows.iter().map(|row| row.stays).collect();
    let starts = page_starts(&stays, body_rows);
    let pages = starts.len();
    let mut shown = index(form.scroll).min(pages - 1);
    if form.reveal
        && let Some(focus) = form.focus
        && let Some(row) = page.rows.iter().position(|row| row.target == Some(Target::Item(focus)))
    {
        shown = starts.partition_point(|start| *start <= row).saturating_sub(1);
    }

    let mut cells = vec![u32::from(' '); width_cells * height];
    let mut place = |row: usize, from: &[u32]| {
        let start = row * width_cells;
        for (into, cell) in cells.iter_mut().skip(start).take(width_cells).zip(from) {
            *into = *cell;
        }
    };
    let mut rects = vec![Area::default(); page.nodes.len()];
    let mut targets = Vec::new();
    if header_rows > 0 {
        place(0, &header(screen.is_platform(), title, style.language, width_cells, (shown, pages)));
        if let Some(rect) = rects.first_mut() {
            *rect = Area::new(0, 0, int(width_cells), 1);
        }
    }
    let first = starts.get(shown).copied().unwrap_or(0);
    let end = starts.get(shown + 1).copied().unwrap_or(page.rows.len());
    let visible = page.rows.iter().skip(first).take(end - first);
    for (number, row) in visible.enumerate() {
        place(top + number, &row.cells);
        let area = Area::new(0, int(top + number), int(row.cells.len().clamp(1, width_cells)), 1);
        if let Some(rect) = row.node.and_then(|node| rects.get_mut(node)) {
            *rect = rect.union(area);
        }
        targets.extend(row.target.map(|target| (area, target)));
    }
    if has_bar {
        let row = height - 1;
        let mut line = Vec::new();
        for (node, action, item, focused) in bar {
            let start = line.len();
            put(&mut line, &button_text(action), button_attributes(focused, action.emphasis), width_cells);
            let area = Area::new(int(start), int(row), int(line.len() - start), 1);
            if let Some(rect) = rects.get_mut(node) {
                *rect = area;
            }
            targets.push((area, Target::Item(item)));
            let next = (line.len() + 1).min(width_cells);
            pad(&mut line, 0, next);
        }
        place(row, &line);
    }
    let nodes = page
        .nodes
        .into_iter()
        .zip(rects)
        .map(|((role, id, text, focused), area)| {
            let rect = area.on_screen(columns, rows).unwrap_or_default();
            Node { role, id, text, rect, focused }
        })
        .collect();
    Scene {
        width: columns,
        height: rows,
        pixels: PixelLayout::Cells,
        surface: Surface::Text(cells),
        targets,
        nodes,
        scroll: int(shown),
        scroll_max: int(pages - 1),
        viewport: Area::new(0, int(top), int(width_cells), int(body_rows)),
    }
}
