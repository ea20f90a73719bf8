//! Views, put together part by part from top to bottom.

use crate::{
    Acted, Action, Amount, Choice, Detail, Element, Emphasis, Field, FieldKind, FieldValue, Icon, Money,
    Outcome, QrCode, Table, Text, Tone, View,
};

impl View {
    /// An empty screen about this.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), elements: Vec::new(), actions: Vec::new() }
    }

    /// Adds any element.
    #[must_use]
    pub fn element(mut self, element: Element) -> Self {
        self.elements.push(element);
        self
    }

    fn words(self, text: impl Into<String>, tone: Tone) -> Self {
        self.element(Element::Text(Text { text: text.into(), tone }))
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn body(self, text: impl Into<String>) -> Self {
        self.words(text, Tone::Body)
    }

    /// Adds words of less weight.
    #[must_use]
    pub fn muted(self, text: impl Into<String>) -> Self {
        self.words(text, Tone::Muted)
    }

    /// Adds a heading.
    #[must_use]
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.words(text, Tone::Heading)
    }

    /// Adds a warning.
    #[must_use]
    pub fn warning(self, text: impl Into<String>) -> Self {
        self.words(text, Tone::Warning)
    }

    /// Adds a warning if there is one.
    #[must_use]
    pub fn warning_if(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.warning(text),
            None => self,
        }
    }

    /// Adds the sum of money that the screen is about.
    #[must_use]
    pub fn amount(self, label: impl Into<String>, amount: Money) -> Self {
        self.element(Element::Amount(Amount { label: label.into(), amount }))
    }

    /// Adds something to fill in.
    #[must_use]
    pub fn field(self, field: Field) -> Self {
        self.element(Element::Field(field))
    }

    /// Adds a list to choose from.
    #[must_use]
    pub fn choices(self, choices: impl IntoIterator<Item = Choice>) -> Self {
        self.element(Element::Choices(choices.into_iter().collect()))
    }

    /// Adds names and values.
    #[must_use]
    pub fn details(self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.element(Element::Details(details.into_iter().collect()))
    }

    /// Adds rows and columns.
    #[must_use]
    pub fn table(self, columns: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        self.element(Element::Table(Table { columns, rows }))
    }

    /// Adds a QR code of at most 300 bytes.
    #[must_use]
    pub fn qr_code(self, content: impl Into<String>, caption: impl Into<String>) -> Self {
        self.element(Element::QrCode(QrCode { content: content.into(), caption: caption.into() }))
    }

    /// Adds how it ended, large.
    #[must_use]
    pub fn outcome(self, success: bool, text: impl Into<String>) -> Self {
        self.element(Element::Outcome(Outcome { success, text: text.into() }))
    }

    /// Adds what is under way.
    #[must_use]
    pub fn progress(self, text: impl Into<String>) -> Self {
        self.element(Element::Progress(text.into()))
    }

    /// Adds something the user may do; at most six, the primary one first.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

impl Action {
    fn new(id: impl Into<String>, label: impl Into<String>, emphasis: Emphasis) -> Self {
        Self { id: id.into(), label: label.into(), emphasis }
    }

    /// What the user most likely wants; at most one a view.
    #[must_use]
    pub fn primary(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(id, label, Emphasis::Primary)
    }

    /// Another way.
    #[must_use]
    pub fn secondary(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(id, label, Emphasis::Secondary)
    }

    /// Leaves or gives up; also the terminal's back key and the arrow in the header, so not what ends the session.
    #[must_use]
    pub fn cancel(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(id, label, Emphasis::Cancel)
    }
}

impl Field {
    fn new(id: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self { id: id.into(), label: label.into(), hint: String::new(), initial: String::new(), kind }
    }

    /// One line of words, of at most so many characters (1 to 140).
    #[must_use]
    pub fn text(id: impl Into<String>, label: impl Into<String>, characters_max: u16) -> Self {
        Self::new(id, label, FieldKind::Text(characters_max))
    }

    /// Digits only, at most so many (1 to 32).
    #[must_use]
    pub fn digits(id: impl Into<String>, label: impl Into<String>, digits_max: u16) -> Self {
        Self::new(id, label, FieldKind::Digits(digits_max))
    }

    /// A sum of money in this currency.
    #[must_use]
    pub fn amount(id: impl Into<String>, label: impl Into<String>, currency: impl Into<String>) -> Self {
        Self::new(id, label, FieldKind::Amount(currency.into()))
    }

    /// Shown while the field is empty.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What the field starts with; cut to what it may hold.
    #[must_use]
    pub fn initial(mut self, initial: impl Into<String>) -> Self {
        let initial = initial.into();
        self.initial = match self.kind {
            FieldKind::Text(characters_max) => initial.chars().take(characters_max.into()).collect(),
            FieldKind::Digits(digits_max) => initial.chars().take(digits_max.into()).collect(),
            FieldKind::Amount(_) => initial,
        };
        self
    }
}

impl Choice {
    /// One row to choose; its identifier is the action's.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>, icon: Icon) -> Self {
        Self { id: id.into(), label: label.into(), detail: String::new(), icon, amount: None }
    }

    /// More about it, in small letters.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// A sum at the end of the row.
    #[must_use]
    pub fn amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }
}

impl Detail {
    /// A name and its value.
    #[must_use]
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), strong: false }
    }

    /// The value that matters most.
    #[must_use]
    pub fn strong(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { strong: true, ..Self::new(label, value) }
    }
}

impl Acted {
    /// What was filled into the text or digits field, without space around it; empty when there is no such field.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        match self.answers.iter().find(|answer| answer.id == field).map(|answer| &answer.value) {
            Some(FieldValue::Text(text)) => text.trim(),
            _ => "",
        }
    }

    /// What was filled into the amount field, if anything.
    #[must_use]
    pub fn amount(&self, field: &str) -> Option<&Money> {
        match self.answers.iter().find(|answer| answer.id == field).map(|answer| &answer.value) {
            Some(FieldValue::Amount(amount)) => amount.as_ref(),
            _ => None,
        }
    }
}
