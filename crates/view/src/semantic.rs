//! The semantic view: what an app wants shown, never how (R4, R10).
//!
//! The types mirror `crates/app-sdk/wit/payment-app.wit`; the virtual machine converts between the two
//! and checks the bounds below, so everything after it may rely on them.

use money::{Currency, Money};

/// The most elements one view may hold, table cells and choices not counted.
pub const ELEMENTS_MAX: usize = 64;
/// The most choices in one choice list, and rows in one table.
pub const ROWS_MAX: usize = 100;
/// The most columns in one table.
pub const COLUMNS_MAX: usize = 6;
/// The most actions one view may offer.
pub const ACTIONS_MAX: usize = 6;
/// The longest text of one element, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 2_000;
/// The longest identifier of an action, choice or field, in bytes.
pub const IDENTIFIER_BYTES_MAX: usize = 64;

/// One screen of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What the screen is about, in a few words. A text display begins an app's at its first letter or digit, so
    /// that no mark before it can pass for the platform's.
    pub title: String,
    /// The body, from top to bottom.
    pub elements: Vec<Element>,
    /// What the user may do, the primary one first.
    pub actions: Vec<Action>,
}

/// One part of a view's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A paragraph.
    Text {
        /// The words.
        text: String,
        /// What they are for.
        tone: Tone,
    },
    /// A sum of money, the thing to look at on its screen.
    Amount {
        /// What the sum is, for example "Available".
        label: String,
        /// The sum.
        amount: Money,
    },
    /// Something for the user to fill in.
    Field(Field),
    /// A list to choose from; choosing is the action named by the choice.
    Choices(Vec<Choice>),
    /// Name and value pairs, one a row, as on a receipt.
    Details(Vec<Detail>),
    /// Rows and columns with a heading.
    Table {
        /// The heading of each column; their number is the number of columns.
        columns: Vec<String>,
        /// Cells, row by row; each row has as many as there are columns.
        rows: Vec<Vec<String>>,
    },
    /// A QR code.
    QrCode {
        /// What the code holds, at most 300 bytes.
        content: String,
        /// What a reader who cannot see it should know.
        caption: String,
    },
    /// How something ended, large.
    Outcome {
        /// Well or badly.
        success: bool,
        /// In a few words.
        text: String,
    },
    /// Something is under way.
    Progress {
        /// What.
        text: String,
    },
}

/// What a paragraph is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Plain words.
    Body,
    /// Less important than the rest.
    Muted,
    /// A heading inside the body.
    Heading,
    /// Something went wrong, or will.
    Warning,
}

/// Something for the user to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// How the answer is found in the event; unique in the view.
    pub id: String,
    /// What to fill in.
    pub label: String,
    /// An example or hint, shown while the field is empty.
    pub hint: String,
    /// What it starts with.
    pub initial: String,
    /// What may be filled in.
    pub kind: FieldKind,
}

/// What may be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text, at most this many characters.
    Text {
        /// In characters, 1 to 140.
        characters_max: u16,
    },
    /// Digits only.
    Digits {
        /// In digits, 1 to 32.
        digits_max: u16,
    },
    /// A sum of money in this currency; the platform draws a keypad where there are no keys.
    Amount {
        /// The currency.
        currency: Currency,
    },
}

/// One choice in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The action's identifier.
    pub id: String,
    /// What is chosen.
    pub label: String,
    /// More about it, or empty.
    pub detail: String,
    /// A picture for it.
    pub icon: Icon,
    /// A sum shown at the end of the row.
    pub amount: Option<Money>,
}

/// The pictures an app may ask for; each rendering has its own way to show or leave them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// None.
    None,
    /// Pay a merchant.
    Pay,
    /// Send money to somebody.
    Transfer,
    /// Put money in.
    TopUp,
    /// What happened before.
    History,
    /// A shop.
    Merchant,
    /// A person.
    Person,
    /// A card or account.
    Card,
    /// Money came in.
    Incoming,
    /// Money went out.
    Outgoing,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The name.
    pub label: String,
    /// The value.
    pub value: String,
    /// Whether it is the one that matters most.
    pub strong: bool,
}

/// Something the user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// How it is found in the event; unique in the view, among choices too.
    pub id: String,
    /// What the button says.
    pub label: String,
    /// How much it stands out.
    pub emphasis: Emphasis,
}

/// How much an action stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// The one the user most likely wants; at most one a view.
    Primary,
    /// Another way.
    Secondary,
    /// Leaves or gives up; also the terminal's back or cancel key.
    Cancel,
}

/// What the user filled into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Text or digits.
    Text(String),
    /// A sum of money; nothing when left empty.
    Amount(Option<Money>),
}
