//! An app's view, checked against the bounds of `view::semantic` while it is converted.
//!
//! A view over the bounds is the app's fault and ends its session. Control characters and marks that turn the
//! direction of writing are not: they may come from other people through the app (a memo, a shop's name), and would
//! let a stranger end a victim's sessions; they are replaced.

use std::collections::HashSet;

use money::{Currency, Money};
use view::{ACTIONS_MAX, COLUMNS_MAX, ELEMENTS_MAX, IDENTIFIER_BYTES_MAX, ROWS_MAX, TEXT_BYTES_MAX};
use view::{Action, Choice, Detail, Element, Emphasis, Field, FieldKind, Icon, Tone, View};

use crate::contract::generated::thinpay::app::types as wit;
use crate::convert::BadResult;

/// The longest content of a QR code, in bytes.
const QR_BYTES_MAX: usize = 300;
/// The longest text field, in characters.
const FIELD_CHARACTERS_MAX: u16 = 140;
/// The longest field of digits.
const FIELD_DIGITS_MAX: u16 = 32;

/// Checks and converts.
pub(crate) fn view(view: wit::View) -> Result<View, BadResult> {
    let mut seen = Identifiers::default();
    at_most("elements in a view", view.elements.len(), ELEMENTS_MAX)?;
    at_most("actions in a view", view.actions.len(), ACTIONS_MAX)?;
    let title = text("the title", view.title)?;
    let elements =
        view.elements.into_iter().map(|part| element(part, &mut seen)).collect::<Result<Vec<_>, _>>()?;
    let actions =
        view.actions.into_iter().map(|part| action(part, &mut seen)).collect::<Result<Vec<_>, _>>()?;
    let primary = actions.iter().filter(|action| action.emphasis == Emphasis::Primary).count();
    at_most("primary actions in a view", primary, 1)?;
    Ok(View { title, elements, actions })
}

/// Identifiers met so far: actions and choices in one space, fields in another.
#[derive(Default)]
struct Identifiers {
    actions: HashSet<String>,
    fields: HashSet<String>,
}

fn element(element: wit::Element, seen: &mut Identifiers) -> Result<Element, BadResult> {
    Ok(match element {
        wit::Element::Text(part) => {
            let tone = match part.tone {
                wit::Tone::Body => Tone::Body,
                wit::Tone::Muted => Tone::Muted,
                wit::Tone::Heading => Tone::Heading,
                wit::Tone::Warning => Tone::Warning,
            };
            Element::Text { text: text("a paragraph", part.text)?, tone }
        }
        wit::Element::Amount(part) => {
            Element::Amount { label: text("an amount's label", part.label)?, amount: money(&part.amount)? }
        }
        wit::Element::Field(part) => Element::Field(field(part, seen)?),
        wit::Element::Choices(parts) => {
            at_most("choices in a list", parts.len(), ROWS_MAX)?;
            Element::Choices(parts.into_iter().map(|part| choice(part, seen)).collect::<Result<_, _>>()?)
        }
        wit::Element::Details(parts) => {
            at_most("details in a list", parts.len(), ROWS_MAX)?;
            let detail = |part: wit::Detail| {
                Ok::<_, BadResult>(Detail {
                    label: text("a detail's label", part.label)?,
                    value: text("a detail", part.value)?,
                    strong: part.strong,
                })
            };
            Element::Details(parts.into_iter().map(detail).collect::<Result<_, _>>()?)
        }
        wit::Element::Table(part) => table(part)?,
        wit::Element::QrCode(part) => {
            at_most("bytes in a QR code", part.content.len(), QR_BYTES_MAX)?;
            if part.content.is_empty() {
                return Err(BadResult::Empty("a QR code's content"));
            }
            Element::QrCode { content: part.content, caption: text("a QR code's caption", part.caption)? }
        }
        wit::Element::Outcome(part) => {
            Element::Outcome { success: part.success, text: text("an outcome", part.text)? }
        }
        wit::Element::Progress(words) => Element::Progress { text: text("a progress", words)? },
    })
}

fn field(field: wit::Field, seen: &mut Identifiers) -> Result<Field, BadResult> {
    let kind = match field.kind {
        wit::FieldKind::Text(characters_max) => {
            between("characters of a text field", characters_max, FIELD_CHARACTERS_MAX)?;
            at_most("characters a field starts with", field.initial.chars().count(), characters_max.into())?;
            FieldKind::Text { characters_max }
        }
        wit::FieldKind::Digits(digits_max) => {
            between("digits of a field", digits_max, FIELD_DIGITS_MAX)?;
            at_most("digits a field starts with", field.initial.len(), digits_max.into())?;
            if !field.initial.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(BadResult::NotDigits);
            }
            FieldKind::Digits { digits_max }
        }
        wit::FieldKind::Amount(code) => {
            let currency = currency(&code)?;
            if !field.initial.is_empty() && Money::from_decimal(&field.initial, currency).is_err() {
                return Err(BadResult::NotAnAmount);
            }
            FieldKind::Amount { currency }
        }
    };
    Ok(Field {
        id: identifier(field.id, &mut seen.fields)?,
        label: text("a field's label", field.label)?,
        hint: text("a field's hint", field.hint)?,
        initial: text("what a field starts with", field.initial)?,
        kind,
    })
}

fn choice(choice: wit::Choice, seen: &mut Identifiers) -> Result<Choice, BadResult> {
    let icon = match choice.icon {
        wit::Icon::None => Icon::None,
        wit::Icon::Pay => Icon::Pay,
        wit::Icon::Transfer => Icon::Transfer,
        wit::Icon::TopUp => Icon::TopUp,
        wit::Icon::History => Icon::History,
        wit::Icon::Merchant => Icon::Merchant,
        wit::Icon::Person => Icon::Person,
        wit::Icon::Card => Icon::Card,
        wit::Icon::Incoming => Icon::Incoming,
        wit::Icon::Outgoing => Icon::Outgoing,
    };
    Ok(Choice {
        id: identifier(choice.id, &mut seen.actions)?,
        label: text("a choice's label", choice.label)?,
        detail: text("a choice's detail", choice.detail)?,
        icon,
        amount: choice.amount.as_ref().map(money).transpose()?,
    })
}

fn table(table: wit::Table) -> Result<Element, BadResult> {
    let width = table.columns.len();
    if width == 0 {
        return Err(BadResult::Empty("a table's heading"));
    }
    at_most("columns in a table", width, COLUMNS_MAX)?;
    at_most("rows in a table", table.rows.len(), ROWS_MAX)?;
    if table.rows.iter().any(|row| row.len() != width) {
        return Err(BadResult::RaggedTable { columns: width });
    }
    let texts = |cells: Vec<String>| {
        cells.into_iter().map(|cell| text("a table's cell", cell)).collect::<Result<Vec<_>, _>>()
    };
    Ok(Element::Table {
        columns: texts(table.columns)?,
        rows: table.rows.into_iter().map(texts).collect::<Result<_, _>>()?,
    })
}

fn action(action: wit::Action, seen: &mut Identifiers) -> Result<Action, BadResult> {
    let emphasis = match action.emphasis {
        wit::Emphasis::Primary => Emphasis::Primary,
        wit::Emphasis::Secondary => Emphasis::Secondary,
        wit::Emphasis::Cancel => Emphasis::Cancel,
    };
    if action.label.is_empty() {
        return Err(BadResult::Empty("an action's label"));
    }
    Ok(Action {
        id: identifier(action.id, &mut seen.actions)?,
        label: text("an action's label", action.label)?,
        emphasis,
    })
}

/// Text of bounded length, without what would disturb a display.
fn text(what: &'static str, text: String) -> Result<String, BadResult> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(BadResult::TooLong { what, bytes: text.len(), bytes_max: TEXT_BYTES_MAX });
    }
    if text.chars().any(disturbs) {
        return Ok(text.chars().map(|c| if disturbs(c) { ' ' } else { c }).collect());
    }
    Ok(text)
}

/// Control characters other than the line feed, and the marks of Unicode's bidirectional algorithm (UAX #9), with
/// which a text can show its digits in another order than they are.
fn disturbs(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn identifier(id: String, seen: &mut HashSet<String>) -> Result<String, BadResult> {
    if id.len() > IDENTIFIER_BYTES_MAX {
        return Err(BadResult::TooLong {
            what: "an identifier",
            bytes: id.len(),
            bytes_max: IDENTIFIER_BYTES_MAX,
        });
    }
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadResult::BadIdentifier);
    }
    if !seen.insert(id.clone()) {
        return Err(BadResult::Twice(id));
    }
    Ok(id)
}

pub(crate) fn money(money: &wit::Money) -> Result<Money, BadResult> {
    Ok(Money::new(money.minor_units, currency(&money.currency)?))
}

fn currency(code: &str) -> Result<Currency, BadResult> {
    Currency::new(code).map_err(|_| BadResult::UnknownCurrency(code.chars().take(8).collect()))
}

fn between(what: &'static str, count: u16, count_max: u16) -> Result<(), BadResult> {
    if count == 0 {
        return Err(BadResult::Empty(what));
    }
    at_most(what, count.into(), count_max.into())
}

pub(crate) fn at_most(what: &'static str, count: usize, count_max: usize) -> Result<(), BadResult> {
    if count > count_max {
        return Err(BadResult::TooMany { what, count, count_max });
    }
    Ok(())
}
