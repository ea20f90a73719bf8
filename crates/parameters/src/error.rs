//! Why a parameter text was refused.

use std::fmt;

use crate::Section;

/// Why a parameter text was refused: the writing operator's to correct, in that section, at that line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    /// The section that the fault is in. It may be another than the one being changed: a currency cannot go
    /// while the fees in effect still name it.
    pub section: Section,
    /// The line in that section's text, counted from 1; 0 where the text as a whole is meant.
    pub line: u32,
    /// What is wrong and what would be right, in a sentence.
    pub reason: String,
}

impl ParameterError {
    pub(crate) fn new(section: Section, line: u32, reason: impl Into<String>) -> Self {
        Self { section, line, reason: reason.into() }
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(formatter, "{}: {}", self.section, self.reason)
        } else {
            write!(formatter, "{}, line {}: {}", self.section, self.line, self.reason)
        }
    }
}

impl std::error::Error for ParameterError {}
