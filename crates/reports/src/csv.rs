//! Comma-separated values (RFC 4180): written for spreadsheets and programs, read with limits.

use std::borrow::Cow;

/// Characters that make a spreadsheet run a cell as a formula when they come first; the wide ones are taken
/// for the narrow ones by some.
const FORMULA_STARTS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{2212}'];

/// Puts a byte order mark before the text. Excel takes a file without one for the machine's old code page and
/// garbles everything that is not English; programs that follow RFC 4180 do not expect one.
#[must_use]
pub fn with_byte_order_mark(csv: &str) -> String {
    format!("\u{feff}{csv}")
}

/// What a cell holds.
#[derive(Debug, Clone)]
pub(crate) enum Cell<'a> {
    /// Text that came from outside: defused.
    Foreign(&'a str),
    /// A number, a moment or a word of ours.
    Own(String),
}

impl Cell<'_> {
    pub(crate) fn own(text: impl ToString) -> Self {
        Self::Own(text.to_string())
    }

    pub(crate) const fn empty() -> Self {
        Self::Own(String::new())
    }
}

/// The text of a table.
#[derive(Debug, Default)]
pub(crate) struct Csv {
    text: String,
}

impl Csv {
    /// A table with this heading.
    pub(crate) fn new(heading: &[&str]) -> Self {
        let mut csv = Self::default();
        csv.row(&heading.iter().map(Cell::own).collect::<Vec<_>>());
        csv
    }

    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            match cell {
                Cell::Foreign(text) => self.write(&defuse(text)),
                Cell::Own(text) => self.write(text),
            }
        }
        self.text.push_str("\r\n");
    }

    fn write(&mut self, text: &str) {
        let plain = !text.starts_with([' ', '\'']) && !text.ends_with(' ');
        if plain && !text.contains(['"', ',', ';', '\r', '\n']) {
            self.text.push_str(text);
        } else {
            self.text.push('"');
            self.text.push_str(&text.replace('"', "\"\""));
            self.text.push('"');
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Makes text harmless for a spreadsheet: an apostrophe goes before what would be run as a formula (however
/// many blanks or apostrophes hide it) and before what begins with an apostrophe already, so that taking one
/// apostrophe off gives the text back. Tabs become blanks and other controls the replacement character, since
/// RFC 4180 has no place for them.
pub(crate) fn defuse(text: &str) -> Cow<'_, str> {
    // Nearly every cell: nothing to change, nothing to copy.
    if text.starts_with(char::is_alphanumeric) && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let clean: String = text
        .chars()
        .map(|character| match character {
            '\t' => ' ',
            '\r' | '\n' => character,
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect();
    let hidden = |character: char| {
        character.is_whitespace()
            || matches!(character, '\'' | '"' | '\u{feff}' | '\u{fffd}' | '\u{ad}')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    let formula = clean.trim_start_matches(hidden).starts_with(FORMULA_STARTS);
    Cow::Owned(if formula || clean.starts_with('\'') { format!("'{clean}") } else { clean })
}

/// Takes off the apostrophe that [`defuse`] puts before a cell.
pub(crate) fn undefuse(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// What is wrong with a table's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CsvFault {
    /// A quoted cell is not ended.
    Unclosed,
    /// Something stands between a quoted cell's end and the next separator.
    AfterQuote,
    /// More cells in a row than allowed.
    TooManyCells,
    /// A cell is longer than allowed.
    CellTooLong,
}

/// Reads a table row by row. Looks at each byte once and keeps one row.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    rest: &'a str,
    separator: char,
    /// The line that the next row begins on, counted from 1.
    line: u32,
    cells_max: usize,
    cell_bytes_max: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(text: &'a str, separator: char, cells_max: usize, cell_bytes_max: usize) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest, separator, line: 1, cells_max, cell_bytes_max }
    }

    /// The next row and the line it begins on; none at the end. Empty lines are rows of one empty cell.
    pub(crate) fn next_row(&mut self) -> Option<(u32, Result<Vec<String>, CsvFault>)> {
        if self.rest.is_empty() {
            return None;
        }
        let begins = self.line;
        let row = self.read_row();
        if row.is_err() {
            self.rest = "";
        }
        Some((begins, row))
    }

    fn read_row(&mut self) -> Result<Vec<String>, CsvFault> {
        let mut cells = Vec::new();
        loop {
            if cells.len() >= self.cells_max {
                return Err(CsvFault::TooManyCells);
            }
            let cell = match self.rest.strip_prefix('"') {
                Some(rest) => self.quoted(rest)?,
                None => self.bare(),
            };
            if cell.len() > self.cell_bytes_max {
                return Err(CsvFault::CellTooLong);
            }
            cells.push(cell);
            if let Some(rest) = self.rest.strip_prefix(self.separator) {
                self.rest = rest;
                continue;
            }
            let ends = ["\r\n", "\n", "\r"].iter().find_map(|end| self.rest.strip_prefix(end));
            match ends {
                Some(rest) => {
                    self.rest = rest;
                    self.line = self.line.saturating_add(1);
                }
                None if self.rest.is_empty() => {}
                None => return Err(CsvFault::AfterQuote),
            }
            return Ok(cells);
        }
    }

    fn bare(&mut self) -> String {
        let separator = self.separator;
        let end = self.rest.find([separator, '\r', '\n']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        // One byte too many is enough to notice.
        cell.chars().take(self.cell_bytes_max.saturating_add(1)).collect()
    }

    /// A quoted cell, from after its first quote.
    fn quoted(&mut self, mut rest: &'a str) -> Result<String, CsvFault> {
        let mut cell = String::new();
        loop {
            let end = rest.find('"').ok_or(CsvFault::Unclosed)?;
            let (part, after) = rest.split_at_checked(end).ok_or(CsvFault::Unclosed)?;
            if cell.len().saturating_add(part.len()) > self.cell_bytes_max {
                return Err(CsvFault::CellTooLong);
            }
            cell.push_str(part);
            let breaks = part.bytes().filter(|byte| *byte == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            rest = after.strip_prefix('"').unwrap_or(after);
            match rest.strip_prefix('"') {
                Some(more) => {
                    cell.push('"');
                    rest = more;
                }
                None => {
                    self.rest = rest;
                    return Ok(cell);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(u32, Result<Vec<String>, CsvFault>)> {
        let mut rows = Rows::new(text, ',', 4, 20);
        std::iter::from_fn(|| rows.next_row()).collect()
    }

    fn cells(cells: &[&str]) -> Result<Vec<String>, CsvFault> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn reads_what_rfc_4180_shows() {
        assert_eq!(
            read("aaa,bbb\r\n\"b\"\"b\",\"c\r\nc\"\r\nd"),
            [(1, cells(&["aaa", "bbb"])), (2, cells(&["b\"b", "c\r\nc"])), (4, cells(&["d"])),]
        );
        assert_eq!(read("\u{feff}a,,\n\n"), [(1, cells(&["a", "", ""])), (2, cells(&[""]))]);
        assert_eq!(read("a\"b,c"), [(1, cells(&["a\"b", "c"]))]);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(read("a\n\"b"), [(1, cells(&["a"])), (2, Err(CsvFault::Unclosed))]);
        assert_eq!(read("\"b\"c"), [(1, Err(CsvFault::AfterQuote))]);
        assert_eq!(read("1,2,3,4,5"), [(1, Err(CsvFault::TooManyCells))]);
        assert_eq!(read(&"x".repeat(21)), [(1, Err(CsvFault::CellTooLong))]);
        assert_eq!(read(&format!("\"{}\"", "x".repeat(21))), [(1, Err(CsvFault::CellTooLong))]);
    }

    #[test]
    fn formulas_are_defused() {
        for text in
            ["=1+1", "+86 138", "-2", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "'=1", "''=1", "＝1", "\u{200b}=1"]
        {
            assert!(defuse(text).starts_with('\''), "{text:?}");
        }
        for text in ["", "Tea House", "1-2", "a=b", "茶馆"] {
            assert_eq!(defuse(text), text);
        }
    }

    proptest! {
        #[test]
        fn defusing_is_taken_back(text in "[ -~]{0,4}\\PC{0,20}") {
            let defused = defuse(&text);
            prop_assert_eq!(undefuse(&defused), text.as_str());
        }

        #[test]
        fn no_cell_begins_a_formula(text in "[\\x00-\\x20'\"=+@\u{200b}\u{feff}-]{0,6}.{0,6}") {
            let defused = defuse(&text);
            prop_assert!(!defused.trim_start().starts_with(['=', '+', '-', '@']), "{:?}", defused);
        }

        #[test]
        fn no_text_panics_and_reading_ends(text in "[a\",;\r\n\u{feff}茶]{0,60}") {
            prop_assert!(read(&text).len() <= text.len() + 1);
        }
    }
}
