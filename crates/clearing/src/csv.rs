//! Comma-separated values as RFC 4180 has them, and as spreadsheets must not misunderstand them.

/// Longest cell that is read, in bytes.
pub(crate) const CELL_BYTES_MAX: usize = 1024;

/// Most cells of a row that is read.
pub(crate) const CELLS_MAX: usize = 64;

/// A table being written: rows end with CRLF, cells are quoted where they must be.
#[derive(Debug)]
pub(crate) struct Table {
    text: String,
    row_is_empty: bool,
}

impl Table {
    /// A table with this header.
    pub(crate) fn new(header: &[&str]) -> Self {
        let mut table = Self { text: String::new(), row_is_empty: true };
        for name in header {
            table.cell(name);
        }
        table.end_row();
        table
    }

    /// A cell of text that somebody else may have chosen: where a spreadsheet would take it for a formula (it
    /// begins with one of `= + - @`, a tab or a carriage return), an apostrophe before it makes it text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            self.cell(&format!("'{text}"))
        } else {
            self.cell(text)
        }
    }

    /// A cell that we made: a number, a word, a day.
    pub(crate) fn cell(&mut self, text: &str) -> &mut Self {
        if !self.row_is_empty {
            self.text.push(',');
        }
        self.row_is_empty = false;
        if text.contains([',', '"', '\r', '\n']) {
            self.text.push('"');
            self.text.push_str(&text.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(text);
        }
        self
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self) {
        self.text.push_str("\r\n");
        self.row_is_empty = true;
    }

    /// The table's text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Why a row was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowError {
    /// A quoted cell has no end, or something follows its closing quote, or a quote stands inside a bare cell.
    Quotes,
    /// A cell has more than [`CELL_BYTES_MAX`] bytes.
    CellTooLong,
    /// The row has more than [`CELLS_MAX`] cells.
    TooManyCells,
}

/// The rows of a text, each with the number of its first line; empty lines are skipped. Stops at an error.
#[derive(Debug)]
pub(crate) struct Rows<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    line: u64,
}

impl<'t> Rows<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest: text.chars().peekable(), line: 1 }
    }

    fn row(&mut self) -> Result<Vec<String>, RowError> {
        let mut cells = Vec::new();
        loop {
            if cells.len() >= CELLS_MAX {
                return Err(RowError::TooManyCells);
            }
            cells.push(self.cell()?);
            match self.rest.next() {
                Some(',') => {}
                Some('\r') => {
                    self.rest.next_if_eq(&'\n');
                    break;
                }
                _ => break,
            }
        }
        self.line = self.line.saturating_add(1);
        Ok(cells)
    }

    /// Up to the comma, line end or end of text after the cell.
    fn cell(&mut self) -> Result<String, RowError> {
        let mut cell = String::new();
        let quoted = self.rest.next_if_eq(&'"').is_some();
        loop {
            let character = match self.rest.peek() {
                Some('"') if quoted => {
                    self.rest.next();
                    if self.rest.next_if_eq(&'"').is_none() {
                        break;
                    }
                    '"'
                }
                Some('"') => return Err(RowError::Quotes),
                Some(',' | '\r' | '\n') if !quoted => break,
                Some(character) => {
                    let character = *character;
                    self.rest.next();
                    if character == '\n' {
                        self.line = self.line.saturating_add(1);
                    }
                    character
                }
                None if quoted => return Err(RowError::Quotes),
                None => break,
            };
            if cell.len() >= CELL_BYTES_MAX {
                return Err(RowError::CellTooLong);
            }
            cell.push(character);
        }
        match self.rest.peek() {
            None | Some(',' | '\r' | '\n') => Ok(cell),
            Some(_) => Err(RowError::Quotes),
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = (u64, Result<Vec<String>, RowError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest.peek()?;
            let line = self.line;
            let row = self.row();
            if row.is_err() {
                self.rest = "".chars().peekable();
            }
            if row.as_ref().is_ok_and(|cells| cells.iter().all(String::is_empty) && cells.len() == 1) {
                continue;
            }
            return Some((line, row));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_text_and_amounts_are_not() {
        let mut table = Table::new(&["a", "b"]);
        table.text("=1+1").cell("-5.00").end_row();
        table.text("say \"x\", y").text("+7").end_row();
        assert_eq!(table.finish(), "a,b\r\n'=1+1,-5.00\r\n\"say \"\"x\"\", y\",'+7\r\n");
    }

    #[test]
    fn broken_rows_are_named_by_line() {
        let rows: Vec<_> = Rows::new("a,b\n\n\"c\r\nd\",e\n\"f").collect();
        assert_eq!(rows[0], (1, Ok(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(rows[1], (3, Ok(vec!["c\r\nd".to_owned(), "e".to_owned()])));
        assert_eq!(rows[2], (5, Err(RowError::Quotes)));
        assert_eq!(rows.len(), 3);
        assert_eq!(Rows::new("a\"b").next(), Some((1, Err(RowError::Quotes))));
        assert_eq!(Rows::new(&"x".repeat(2000)).next(), Some((1, Err(RowError::CellTooLong))));
        assert_eq!(Rows::new(&",".repeat(2000)).next(), Some((1, Err(RowError::TooManyCells))));
    }

    proptest! {
        #[test]
        fn what_is_written_reads(cells in proptest::collection::vec(proptest::collection::vec("[a-z ,\"\r\n元]{1,6}", 1..5), 1..6)) {
            let mut table = Table::new(&["header"]);
            for row in &cells {
                for cell in row {
                    table.cell(cell);
                }
                table.end_row();
            }
            let text = table.finish();
            let read: Vec<Vec<String>> = Rows::new(&text).skip(1).map(|(_, row)| row.expect("reads")).collect();
            prop_assert_eq!(read, cells);
        }

        #[test]
        fn no_text_panics(text in "[a\",\r\n元]{0,60}") {
            prop_assert!(Rows::new(&text).count() <= 61);
        }
    }
}
