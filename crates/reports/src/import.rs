//! Reads a bank's or provider's file of comma-separated values into records, by a mapping of its columns.
//!
//! The file comes from outside: it is bounded in size, rows and cells, read once from front to end, and the
//! first thing wrong in it is told with its line and column. Nothing is guessed: a date or an amount that the
//! mapping does not describe is refused.

use money::{Currency, Money};
use serde::Deserialize;

use crate::csv::{CsvFault, Rows, undefuse};
use crate::{Day, RECORDS_MAX, Record};

/// Largest file, in bytes.
pub const IMPORT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most rows.
pub const IMPORT_ROWS_MAX: usize = RECORDS_MAX;
/// Most cells in a row.
pub const IMPORT_CELLS_MAX: usize = 256;
/// Longest cell, in bytes.
pub const IMPORT_CELL_BYTES_MAX: usize = 8192;

/// Which column: by the name in its heading, or by its number from 1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// By its number, counted from 1.
    Number(usize),
    /// By the name in its heading; case and blanks around it do not count.
    Name(String),
}

/// Where the amount stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AmountColumns {
    /// One column, negative where money flows out.
    Signed(Column),
    /// One column for money that came in, one for money that went out; one of the two is empty or nothing.
    InOut(Column, Column),
}

/// Where the currency stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurrencySource {
    /// The whole file is in one.
    Fixed(Currency),
    /// A column with its three-letter code.
    Column(Column),
}

/// How days are written. What follows a day after a blank or a `T` (a time) is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DayFormat {
    /// `2026-11-23`
    #[serde(rename = "YYYY-MM-DD")]
    YearMonthDay,
    /// `20261123`
    #[serde(rename = "YYYYMMDD")]
    Compact,
    /// `2026/11/23`
    #[serde(rename = "YYYY/MM/DD")]
    YearMonthDaySlashes,
    /// `23.11.2026`
    #[serde(rename = "DD.MM.YYYY")]
    DayMonthYear,
    /// `23/11/2026`
    #[serde(rename = "DD/MM/YYYY")]
    DayMonthYearSlashes,
    /// `11/23/2026`
    #[serde(rename = "MM/DD/YYYY")]
    MonthDayYear,
}

/// What the columns of a file mean. Reads from TOML or JSON; what is left out is as in [`Mapping::default`],
/// which reads columns named `reference`, `amount`, `currency` and `date`, as in our own files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mapping {
    /// What stands between cells: `,`, `;`, a tab or `|`.
    pub separator: char,
    /// Rows before the heading (or the first record) that are not looked at.
    pub skip_rows: u32,
    /// Whether the first row after those is a heading.
    pub heading: bool,
    /// The reference that we know the record by.
    pub reference: Column,
    /// The amount.
    pub amount: AmountColumns,
    /// Its currency.
    pub currency: CurrencySource,
    /// The day.
    pub day: Column,
    /// How days are written.
    pub day_format: DayFormat,
    /// Whether amounts are written `1.234,50` rather than `1,234.50`.
    pub decimal_comma: bool,
    /// Whether amounts are whole minor units (`2350` for 23.50 CNY).
    pub minor_units: bool,
    /// Whether the file counts as going out what comes in to us.
    pub negate: bool,
    /// Whether rows without a reference (sums, blank lines, remarks) are left out rather than read.
    pub skip_without_reference: bool,
}

impl Default for Mapping {
    fn default() -> Self {
        let name = |name: &str| Column::Name(name.to_owned());
        Self {
            separator: ',',
            skip_rows: 0,
            heading: true,
            reference: name("reference"),
            amount: AmountColumns::Signed(name("amount")),
            currency: CurrencySource::Column(name("currency")),
            day: name("date"),
            day_format: DayFormat::YearMonthDay,
            decimal_comma: false,
            minor_units: false,
            negate: false,
            skip_without_reference: false,
        }
    }
}

/// A file that was not read, and where it is wrong. Whoever made the file or the mapping is to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the imported file{} {fault}", if *line > 0 { format!(", line {line},") } else { String::new() })]
pub struct ImportError {
    /// The line, counted from 1; 0 when it is about the whole file.
    pub line: u32,
    /// What is wrong.
    pub fault: ImportFault,
}

/// What is wrong with an imported file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The file is too large.
    #[error("has {0} bytes, at most {IMPORT_BYTES_MAX} are read: take a shorter period")]
    TooLarge(usize),
    /// The file has too many rows.
    #[error("is beyond the {IMPORT_ROWS_MAX} rows that are read at once: take a shorter period")]
    TooManyRows,
    /// The file is not UTF-8.
    #[error("is not UTF-8 text: save it as UTF-8 (files from older Chinese systems are often GB18030)")]
    NotUtf8,
    /// The mapping's separator cannot separate.
    #[error("cannot be read with the separator {0:?}: use a comma, a semicolon, a tab or a bar")]
    Separator(char),
    /// Columns are numbered from 1.
    #[error("is mapped with column 0: columns are counted from 1")]
    ColumnZero,
    /// A column is named and there is no heading, or it does not have the name.
    #[error("has no column {0:?} in its heading: compare the mapping with the file")]
    NoColumn(String),
    /// Two columns of the heading have the name.
    #[error("has two columns {0:?} in its heading: give the column's number instead")]
    TwoColumns(String),
    /// The row has fewer cells than the mapping needs.
    #[error("has no cell in column {0}: the row is too short")]
    ShortRow(usize),
    /// The table is broken.
    #[error("is not a table of separated values: {0}")]
    Table(&'static str),
    /// A cell is not what the mapping says.
    #[error("column {column}: {text:?} is not {expected}")]
    Cell {
        /// The column, counted from 1.
        column: usize,
        /// The beginning of what stands there.
        text: String,
        /// What should stand there.
        expected: String,
    },
}

/// Reads records from a file's bytes. Each record knows the line it came from.
///
/// # Errors
/// [`ImportError`]: the first thing that is wrong.
pub fn import(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Record>, ImportError> {
    let whole = |fault| ImportError { line: 0, fault };
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(whole(ImportFault::TooLarge(bytes.len())));
    }
    if !matches!(mapping.separator, ',' | ';' | '\t' | '|') {
        return Err(whole(ImportFault::Separator(mapping.separator)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| whole(ImportFault::NotUtf8))?;
    let mut rows = Rows::new(text, mapping.separator, IMPORT_CELLS_MAX, IMPORT_CELL_BYTES_MAX);
    let mut next = || {
        rows.next_row().map(|(line, row)| match row {
            Ok(cells) => Ok((line, cells)),
            Err(fault) => Err(ImportError { line, fault: ImportFault::Table(explain(fault)) }),
        })
    };
    for _ in 0..mapping.skip_rows {
        if next().transpose()?.is_none() {
            break;
        }
    }
    let heading = if mapping.heading { next().transpose()? } else { None };
    let (line, heading) = heading.unwrap_or_default();
    let places = Places::find(mapping, &heading).map_err(|fault| ImportError { line, fault })?;
    let mut records = Vec::new();
    while let Some((line, cells)) = next().transpose()? {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let record = places.read(mapping, &cells, line).map_err(|fault| ImportError { line, fault })?;
        if let Some(record) = record {
            if records.len() >= IMPORT_ROWS_MAX {
                return Err(ImportError { line, fault: ImportFault::TooManyRows });
            }
            records.push(record);
        }
    }
    Ok(records)
}

const fn explain(fault: CsvFault) -> &'static str {
    match fault {
        CsvFault::Unclosed => "a quoted cell is never closed",
        CsvFault::AfterQuote => "something follows a quoted cell before the next separator",
        CsvFault::TooManyCells => "the row has more than 256 cells",
        CsvFault::CellTooLong => "a cell is longer than 8192 bytes",
    }
}

/// The columns' numbers, from 0.
struct Places {
    reference: usize,
    amount: (usize, Option<usize>),
    currency: Result<usize, Currency>,
    day: usize,
}

impl Places {
    fn find(mapping: &Mapping, heading: &[String]) -> Result<Self, ImportFault> {
        let find = |column: &Column| match column {
            Column::Number(number) => number.checked_sub(1).ok_or(ImportFault::ColumnZero),
            Column::Name(name) => {
                let is_it =
                    |cell: &String| undefuse(cell.trim()).to_lowercase() == name.trim().to_lowercase();
                let mut found =
                    heading.iter().enumerate().filter(|(_, cell)| is_it(cell)).map(|(place, _)| place);
                let place = found.next().ok_or_else(|| ImportFault::NoColumn(start(name)))?;
                if found.next().is_some() { Err(ImportFault::TwoColumns(start(name))) } else { Ok(place) }
            }
        };
        Ok(Self {
            reference: find(&mapping.reference)?,
            amount: match &mapping.amount {
                AmountColumns::Signed(column) => (find(column)?, None),
                AmountColumns::InOut(money_in, money_out) => (find(money_in)?, Some(find(money_out)?)),
            },
            currency: match &mapping.currency {
                CurrencySource::Fixed(currency) => Err(*currency),
                CurrencySource::Column(column) => Ok(find(column)?),
            },
            day: find(&mapping.day)?,
        })
    }

    fn read(&self, mapping: &Mapping, cells: &[String], line: u32) -> Result<Option<Record>, ImportFault> {
        let cell = |place: usize| {
            let cell = cells.get(place).ok_or(ImportFault::ShortRow(place.saturating_add(1)))?;
            Ok::<_, ImportFault>(undefuse(cell.trim()).trim())
        };
        let reference = match cell(self.reference) {
            Ok("") | Err(_) if mapping.skip_without_reference => return Ok(None),
            reference => reference?.to_owned(),
        };
        let currency = match self.currency {
            Err(fixed) => fixed,
            Ok(place) => {
                let text = cell(place)?;
                Currency::new(text).map_err(|_| wrong(place, text, "the three-letter code of a currency"))?
            }
        };
        let amount = |place: usize| {
            let text = cell(place)?;
            parse_amount(text, currency, mapping).ok_or_else(|| {
                let example = match (mapping.minor_units, mapping.decimal_comma) {
                    (true, _) => "2350",
                    (false, false) => "1,234.50",
                    (false, true) => "1.234,50",
                };
                wrong(place, text, &format!("an amount of {currency} written like {example}"))
            })
        };
        let units = match self.amount {
            (place, None) => amount(place)?,
            (money_in, Some(money_out)) => {
                let side = |place| if cell(place)?.is_empty() { Ok(0) } else { amount(place) };
                match (side(money_in)?, side(money_out)?) {
                    (came, 0) => came,
                    // Some files write what went out with a sign of its own.
                    (0, went) => -went.abs(),
                    _ => {
                        let expected = "empty, although the other column has an amount too";
                        return Err(wrong(money_out, cell(money_out)?, expected));
                    }
                }
            }
        };
        let units = if mapping.negate { -units } else { units };
        let minor_units = i64::try_from(units)
            .map_err(|_| wrong(self.amount.0, "the amount", "one that fits 64 bits of minor units"))?;
        let text = cell(self.day)?;
        let day = parse_day(text, mapping.day_format).ok_or_else(|| {
            wrong(self.day, text, &format!("a day written {}", pattern(mapping.day_format)))
        })?;
        Ok(Some(Record { reference, amount: Money::new(minor_units, currency), day, line: Some(line) }))
    }
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

fn wrong(place: usize, text: &str, expected: &str) -> ImportFault {
    ImportFault::Cell { column: place.saturating_add(1), text: start(text), expected: expected.to_owned() }
}

/// Minor units. A sign before, thousands in groups of three, as many decimals as the currency has at most
/// (further ones must be zeros).
fn parse_amount(text: &str, currency: Currency, mapping: &Mapping) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}', '－']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix(['+', '＋']).unwrap_or(text)),
    };
    let (point, group) = if mapping.decimal_comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) =
        if mapping.minor_units { (digits, "") } else { digits.split_once(point).unwrap_or((digits, "")) };
    let whole = ungroup(whole, group)?;
    let places = if mapping.minor_units { 0 } else { usize::from(currency.exponent()) };
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (kept, beyond) = fraction.split_at_checked(places).unwrap_or((fraction, ""));
    if !digits_only(&whole) || !digits_only(fraction) || beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // Shorter than the digits of 128 bits, so that the parse below cannot overflow.
    let joined = format!("0{whole}{kept:0<places$}");
    let units: i128 = if joined.len() <= 38 { joined.parse().ok()? } else { return None };
    Some(if negative { -units } else { units })
}

/// Takes the separators of thousands away, which must stand before groups of three.
fn ungroup(whole: &str, group: char) -> Option<String> {
    let mut parts = whole.split(group);
    let first = parts.next()?;
    let mut text = first.to_owned();
    for (place, part) in parts.enumerate() {
        let first_fits = place > 0 || (1..=3).contains(&first.len());
        if part.len() != 3 || !first_fits {
            return None;
        }
        text.push_str(part);
    }
    Some(text)
}

const fn pattern(format: DayFormat) -> &'static str {
    match format {
        DayFormat::YearMonthDay => "YYYY-MM-DD",
        DayFormat::Compact => "YYYYMMDD",
        DayFormat::YearMonthDaySlashes => "YYYY/MM/DD",
        DayFormat::DayMonthYear => "DD.MM.YYYY",
        DayFormat::DayMonthYearSlashes => "DD/MM/YYYY",
        DayFormat::MonthDayYear => "MM/DD/YYYY",
    }
}

fn parse_day(text: &str, format: DayFormat) -> Option<Day> {
    let text = text.split([' ', 'T']).next()?;
    let pattern = pattern(format);
    if text.len() != pattern.len() || !text.is_ascii() {
        return None;
    }
    let mut numbers = [0_i16; 3];
    for (letter, byte) in pattern.bytes().zip(text.bytes()) {
        let [year, month, day] = &mut numbers;
        let number = match letter {
            b'Y' => year,
            b'M' => month,
            b'D' => day,
            separator if separator == byte => continue,
            _ => return None,
        };
        if !byte.is_ascii_digit() {
            return None;
        }
        *number = number.checked_mul(10)?.checked_add(i16::from(byte.wrapping_sub(b'0')))?;
    }
    let [year, month, day] = numbers;
    Day::from_ymd(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
}
