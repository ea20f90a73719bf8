//! JSON of the reports.

use serde::Serialize;

/// The document as indented text with a line end. Reports are plain structs of text and numbers with text for
/// keys, which always serialise.
pub(crate) fn text(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}
