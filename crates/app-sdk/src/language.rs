//! The languages an app speaks, and how it says a thing in the user's.

use serde::{Deserialize, Serialize};

use crate::Context;

/// A language that every app speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// English, "en"; also spoken when the platform asks for one that the app does not know.
    #[default]
    English,
    /// Chinese in simplified characters, "zh".
    Chinese,
}

impl Language {
    /// The language that the platform asks for.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        match context.language.as_str() {
            "zh" => Self::Chinese,
            _ => Self::English,
        }
    }

    /// A message in this language. Both stand side by side in the code, so none is forgotten.
    #[must_use]
    pub fn say(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// A message with a part put in for each `{}`, in order.
    #[must_use]
    pub fn say_with(self, english: &'static str, chinese: &'static str, parts: &[&str]) -> String {
        let mut parts = parts.iter();
        let mut pieces = self.say(english, chinese).split("{}");
        let mut said = String::from(pieces.next().unwrap_or_default());
        for piece in pieces {
            said.push_str(parts.next().copied().unwrap_or_default());
            said.push_str(piece);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_in_by_order() {
        assert_eq!(Language::English.say_with("{} to {}", "给{1}", &["5", "Li"]), "5 to Li");
        assert_eq!(Language::Chinese.say_with("To {}", "给{}转账", &["李"]), "给李转账");
        assert_eq!(Language::English.say_with("no part", "无", &["left over"]), "no part");
    }
}
