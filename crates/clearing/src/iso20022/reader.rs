//! Reads the bank's notifications: camt.054.001.08.
//!
//! The file comes from outside, so it is bounded in size, depth, entries and text before anything is kept of it;
//! document types and entities other than XML's own five are refused; every element must be of the message's
//! namespace, except inside supplementary data, which is skipped. Elements that nothing here needs are skipped
//! too; one that is needed may be there only once where the schema allows it once, and may hold text only.

use super::entry::BankEntry;
use super::notification::{Notification, short};
use super::read_error::ReadError;
use quick_xml::events::Event;
use quick_xml::reader::NsReader;

/// Largest notification that is read, in bytes.
pub const CAMT054_BYTES_MAX: usize = 64 << 20;

/// Deepest nesting of elements that is read; the schema needs 13.
pub const CAMT054_DEPTH_MAX: usize = 32;

/// Most entries (transactions, where an entry has several) of a notification.
pub const CAMT054_ENTRIES_MAX: usize = 100_000;

/// Longest text of an element that is read, in bytes; the schema's longest has 2,048 characters.
pub const CAMT054_TEXT_BYTES_MAX: usize = 8192;

/// Most namespaces declared at one place.
const NAMESPACES_MAX: usize = 16;

/// Reads a notification: one [`BankEntry`] for each transaction of each entry, or for the entry itself where it
/// has no transaction details.
///
/// # Errors
/// [`ReadError`], with the line.
pub fn read_camt054(bytes: &[u8]) -> Result<Vec<BankEntry>, ReadError> {
    if bytes.len() > CAMT054_BYTES_MAX {
        return Err(ReadError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ReadError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut xml = NsReader::from_str(text);
    xml.config_mut().expand_empty_elements = true;
    xml.resolver_mut().set_max_namespace_bindings(NAMESPACES_MAX);
    let mut notification = Notification::of(text);
    loop {
        notification.event_at(usize::try_from(xml.buffer_position()).unwrap_or(text.len()));
        let (namespace, event) = xml.read_resolved_event().map_err(|error| ReadError::NotWellFormed {
            line: notification.line(),
            why: short(&error.to_string()),
        })?;
        match event {
            Event::Start(start) => notification.start(&namespace, &start)?,
            Event::End(_) => notification.end()?,
            Event::Text(content) => notification.push(&content.xml10_content())?,
            Event::CData(content) => notification.push(&content.xml10_content())?,
            Event::GeneralRef(name) => {
                let character = match name.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    _ => predefined(&name).ok_or_else(|| {
                        notification.not_accepted(&format!("the entity &{};", short(&name)))
                    })?,
                };
                notification.push(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding();
                if !matches!(&encoding, None | Some(Ok(_)))
                    || encoding.is_some_and(|name| name.is_ok_and(|name| !name.eq_ignore_ascii_case("UTF-8")))
                {
                    return Err(ReadError::NotUtf8);
                }
            }
            Event::DocType(_) => return Err(notification.not_accepted("a document type")),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    notification.finish()
}

/// XML's own entities.
fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}
