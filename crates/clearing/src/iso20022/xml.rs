//! Writes XML: elements in the order they are asked for, indented, escaped.

use money::Money;

/// A document being written.
#[derive(Debug)]
pub(crate) struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// A document whose root is `Document` in this namespace.
    pub(crate) fn document(namespace: &str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"{namespace}\">\n");
        Self { text, open: vec!["Document"] }
    }

    /// An element with what `inner` writes inside.
    pub(crate) fn element(&mut self, name: &'static str, inner: impl FnOnce(&mut Self)) {
        self.indent();
        self.text.push_str(&format!("<{name}>\n"));
        self.open.push(name);
        inner(self);
        self.open.pop();
        self.indent();
        self.text.push_str(&format!("</{name}>\n"));
    }

    /// An element with text.
    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.indent();
        self.text.push_str(&format!("<{name}>"));
        self.escaped(text);
        self.text.push_str(&format!("</{name}>\n"));
    }

    /// An element with text that may be left out: it is, if nothing printable is in it. What is longer than
    /// `chars_max` is cut.
    pub(crate) fn free_text(&mut self, name: &str, text: &str, chars_max: usize) {
        let printable = printable(text, chars_max);
        if !printable.is_empty() {
            self.leaf(name, &printable);
        }
    }

    /// An amount, without its sign, and its currency.
    pub(crate) fn amount(&mut self, name: &str, amount: Money) {
        self.indent();
        let (digits, currency) = (amount.decimal().to_string(), amount.currency());
        let digits = digits.trim_start_matches('-');
        self.text.push_str(&format!("<{name} Ccy=\"{currency}\">{digits}</{name}>\n"));
    }

    /// The document's text.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</Document>\n");
        self.text
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.text.push_str("  ");
        }
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                _ => self.text.push(character),
            }
        }
    }
}

/// Whether XML 1.0 has this character and a person can see it or the room it takes.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// The text with every run of white space and unprintable characters as one space, none at the ends, cut to so
/// many characters.
pub(crate) fn printable(text: &str, chars_max: usize) -> String {
    let mut result = String::new();
    let words = text.split(|character: char| character.is_whitespace() || !is_printable(character));
    for word in words.filter(|word| !word.is_empty()) {
        if !result.is_empty() {
            result.push(' ');
        }
        result.push_str(word);
    }
    let cut: String = result.chars().take(chars_max).collect();
    cut.trim_end().to_owned()
}
