//! Why a bank's file was not read.

use super::reader::CAMT054_BYTES_MAX;

/// Why a notification was not read. Nothing of it is used then. The sender's to correct, or of whoever chose
/// the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is too large.
    #[error("the file is larger than {CAMT054_BYTES_MAX} bytes; ask the bank for several smaller ones")]
    TooLarge,
    /// The file is not UTF-8.
    #[error("the file is not UTF-8 text; ask the bank for camt.054.001.08 in UTF-8")]
    NotUtf8,
    /// The file is not well-formed XML.
    #[error("line {line}: this is not well-formed XML ({why}); the file is damaged, fetch it again")]
    NotWellFormed {
        /// The line.
        line: usize,
        /// What the XML parser says.
        why: String,
    },
    /// The file has what such a file must not have.
    #[error("line {line}: {what} is not accepted in a bank's file; ask the bank for a plain camt.054.001.08")]
    NotAccepted {
        /// The line.
        line: usize,
        /// What is there.
        what: String,
    },
    /// A limit is exceeded.
    #[error("line {line}: {what}, more than is read; ask the bank for several smaller files")]
    Limit {
        /// The line.
        line: usize,
        /// What exceeds which limit.
        what: String,
    },
    /// The file is another message.
    #[error("line {line}: the file is not a camt.054.001.08 notification but {found}; choose another file")]
    OtherMessage {
        /// The line.
        line: usize,
        /// What it is instead.
        found: String,
    },
    /// An element that every entry must have is missing.
    #[error("line {line}: the entry that ends here has no {element}; the bank must send it again")]
    Missing {
        /// The line.
        line: usize,
        /// The element.
        element: &'static str,
    },
    /// An element is there more often than the schema allows.
    #[error("line {line}: there is a second {element} where one is allowed; the bank must send it again")]
    Twice {
        /// The line.
        line: usize,
        /// The element.
        element: &'static str,
    },
    /// An element's content is not what the schema says.
    #[error("line {line}: {element} is {value:?}, which is not {expected}; the bank must send it again")]
    Value {
        /// The line.
        line: usize,
        /// The element.
        element: &'static str,
        /// Its content, cut short.
        value: String,
        /// What the schema wants.
        expected: &'static str,
    },
}
