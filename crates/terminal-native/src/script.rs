//! Scripts: a plain text file of steps that drives a terminal as a person would. The language is
//! described in `docs/scripts.md`; this file reads it, [`crate::runner`] follows it.

use std::time::Duration;

use terminal::drivers::Keysym;

/// The longest script, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 64 * 1024;
/// The most steps of one script.
pub const STEPS_MAX: usize = 2_000;
/// The longest text in quotes, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_000;
/// The longest identifier or name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// How long `expect` and `tap` wait when the step does not say.
pub const WITHIN_DEFAULT: Duration = Duration::from_secs(5);
/// The longest time a step may wait.
pub const WITHIN_MAX: Duration = Duration::from_secs(600);

/// A script that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The line as it was written, without indentation or comment.
    pub source: String,
    /// What to do.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Wait until the screen shows this text.
    Expect {
        /// The text, anywhere in one line or one part of the screen.
        text: String,
        /// At most this long.
        within: Duration,
    },
    /// Wait until the screen offers the action, choice or field of this name.
    ExpectAction {
        /// Its identifier in the outline.
        id: String,
        /// At most this long.
        within: Duration,
    },
    /// Wait until the session has ended with a sentence that holds this text.
    ExpectEnd {
        /// The text; empty for any.
        text: String,
        /// At most this long.
        within: Duration,
    },
    /// Type this text, key by key.
    Type(String),
    /// Press and let go one key.
    Key(Keysym),
    /// Tap the action, choice or field of this name, once it is there.
    Tap {
        /// Its identifier in the outline.
        id: String,
        /// Wait for it at most this long.
        within: Duration,
    },
    /// Record the screen under this name, once it has come to rest.
    Screenshot(String),
    /// Do nothing for this long.
    Wait(Duration),
}

/// Why a script was not understood: always the writer's to put right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// Too long.
    #[error("the script has more than {SCRIPT_BYTES_MAX} bytes: split it")]
    TooLong,
    /// Too many steps.
    #[error("line {line}: a script has at most {STEPS_MAX} steps: split it")]
    TooManySteps {
        /// The first line too many.
        line: usize,
    },
    /// A line that is no step.
    #[error("line {line}: {why}\n    {source_line}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to write instead.
        why: String,
        /// The line itself.
        source_line: String,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first line that is no step, with what to write instead; or a limit that was passed.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > SCRIPT_BYTES_MAX {
            return Err(ScriptError::TooLong);
        }
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let failed = |why: String| ScriptError::Line {
                line: number,
                why,
                source_line: line.trim().chars().take(200).collect(),
            };
            let words = words(line).map_err(failed)?;
            if words.is_empty() {
                continue;
            }
            if steps.len() == STEPS_MAX {
                return Err(ScriptError::TooManySteps { line: number });
            }
            let kind = step(&words).map_err(failed)?;
            let source = line.trim().to_owned();
            steps.push(Step { line: number, source, kind });
        }
        Ok(Self { steps })
    }

    /// Whether a step needs the screen's outline: then the terminal asks the server for it.
    #[must_use]
    pub fn needs_outline(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step.kind,
                StepKind::Expect { .. } | StepKind::ExpectAction { .. } | StepKind::Tap { .. }
            )
        })
    }

    /// Whether a step records the screen.
    #[must_use]
    pub fn takes_screenshots(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.kind, StepKind::Screenshot(_)))
    }
}

/// A word of a line: bare, or in double quotes.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Bare(String),
    Quoted(String),
}

/// Splits a line into words; `#` outside quotes begins a comment.
fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut characters = line.chars().peekable();
    while let Some(&first) = characters.peek() {
        if first.is_whitespace() {
            characters.next();
        } else if first == '#' {
            break;
        } else if first == '"' {
            characters.next();
            let mut text = String::new();
            loop {
                match characters.next() {
                    None => return Err("the closing quotation mark is missing".to_owned()),
                    Some('"') => break,
                    Some('\\') => match characters.next() {
                        Some(escaped @ ('"' | '\\')) => text.push(escaped),
                        Some('t') => text.push('\t'),
                        Some('n') => text.push('\n'),
                        _ => return Err("after \\ only \", \\, t and n can stand".to_owned()),
                    },
                    Some(other) => text.push(other),
                }
            }
            if text.len() > TEXT_BYTES_MAX {
                return Err(format!("a text has at most {TEXT_BYTES_MAX} bytes"));
            }
            if characters.peek().is_some_and(|next| !next.is_whitespace() && *next != '#') {
                return Err("a space is missing after the closing quotation mark".to_owned());
            }
            words.push(Word::Quoted(text));
        } else {
            let mut text = String::new();
            while let Some(&next) = characters.peek() {
                if next.is_whitespace() || next == '"' {
                    break;
                }
                text.push(next);
                characters.next();
            }
            words.push(Word::Bare(text));
        }
    }
    Ok(words)
}

/// Reads one step from its words, of which there is at least one.
fn step(words: &[Word]) -> Result<StepKind, String> {
    let Some((Word::Bare(verb), rest)) = words.split_first() else {
        return Err("a line begins with what to do, for example: expect \"Balance\"".to_owned());
    };
    match (verb.as_str(), rest) {
        ("expect", [Word::Quoted(text), within @ ..]) if !text.trim().is_empty() => {
            Ok(StepKind::Expect { text: text.clone(), within: duration_within(within)? })
        }
        ("expect", _) => Err("write: expect \"text\" [within 5s]".to_owned()),
        ("expect-action", [id, within @ ..]) => {
            Ok(StepKind::ExpectAction { id: identifier(id)?, within: duration_within(within)? })
        }
        ("expect-action", _) => Err("write: expect-action ID [within 5s]".to_owned()),
        ("expect-end", []) => Ok(StepKind::ExpectEnd { text: String::new(), within: WITHIN_DEFAULT }),
        ("expect-end", [Word::Quoted(text), within @ ..]) => {
            Ok(StepKind::ExpectEnd { text: text.clone(), within: duration_within(within)? })
        }
        ("expect-end", within) => {
            Ok(StepKind::ExpectEnd { text: String::new(), within: duration_within(within)? })
        }
        ("type", [Word::Quoted(text)]) if !text.is_empty() => {
            if let Some(wrong) = text.chars().find(|character| Keysym::of_char(*character).is_none()) {
                return Err(format!("no key types the control character {wrong:?}"));
            }
            Ok(StepKind::Type(text.clone()))
        }
        ("type", _) => Err("write: type \"text\"".to_owned()),
        ("key", [Word::Bare(name) | Word::Quoted(name)]) => Keysym::named(name).map(StepKind::Key).ok_or_else(|| {
            "no key has that name: Enter, Tab, ShiftTab, Escape, Backspace, Delete, Up, Down, Left, Right, \
             PageUp, PageDown, Home, End, Space, F1 to F12, or one character"
                .to_owned()
        }),
        ("key", _) => Err("write: key Enter".to_owned()),
        ("tap", [id, within @ ..]) => {
            Ok(StepKind::Tap { id: identifier(id)?, within: duration_within(within)? })
        }
        ("tap", _) => Err("write: tap ID [within 5s]".to_owned()),
        ("screenshot", [Word::Bare(name) | Word::Quoted(name)]) => {
            let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(fits) {
                return Err(format!(
                    "a screenshot's name has 1 to {NAME_BYTES_MAX} letters, digits, - and _ (no folder, no ending)"
                ));
            }
            Ok(StepKind::Screenshot(name.clone()))
        }
        ("screenshot", _) => Err("write: screenshot NAME".to_owned()),
        ("wait", [Word::Bare(time)]) => Ok(StepKind::Wait(duration(time)?)),
        ("wait", _) => Err("write: wait 200ms".to_owned()),
        (other, _) => Err(format!(
            "\"{}\" is no step: expect, expect-action, expect-end, type, key, tap, screenshot or wait",
            other.chars().take(40).collect::<String>()
        )),
    }
}

/// Reads an identifier, bare or quoted.
fn identifier(word: &Word) -> Result<String, String> {
    let (Word::Bare(id) | Word::Quoted(id)) = word;
    if id.is_empty() || id.len() > NAME_BYTES_MAX {
        return Err(format!("an identifier has 1 to {NAME_BYTES_MAX} bytes"));
    }
    Ok(id.clone())
}

/// Reads `within 5s`, or nothing.
fn duration_within(words: &[Word]) -> Result<Duration, String> {
    match words {
        [] => Ok(WITHIN_DEFAULT),
        [Word::Bare(within), Word::Bare(time)] if within == "within" => duration(time),
        _ => Err("after it only \"within 5s\" can stand".to_owned()),
    }
}

/// Reads `200ms` or `5s`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is written 200ms or 5s, at most 600s".to_owned();
    let (digits, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1_000),
        (None, None) => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_too_large| wrong())?;
    let time = Duration::from_millis(number.checked_mul(unit_ms).ok_or_else(wrong)?);
    if time > WITHIN_MAX { Err(wrong()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<StepKind> {
        Script::parse(text).unwrap().steps.into_iter().map(|step| step.kind).collect()
    }

    #[test]
    fn every_step_is_read() {
        let script = r##"
            # a payment
            expect "Balance"            # default time
            expect "23.50 \"CNY\"" within 800ms
            expect-action pay within 2s
            tap pay
            tap "merchant:1" within 1s
            type "23.50"
            type "钱 é"
            key Enter
            screenshot home_1
            wait 200ms
            expect-end
            expect-end "ended" within 10s
            expect-end within 3s
        "##;
        let kinds = kinds(script);
        assert_eq!(kinds.len(), 13);
        assert_eq!(kinds[0], StepKind::Expect { text: "Balance".into(), within: WITHIN_DEFAULT });
        assert_eq!(
            kinds[1],
            StepKind::Expect { text: "23.50 \"CNY\"".into(), within: Duration::from_millis(800) }
        );
        assert_eq!(kinds[4], StepKind::Tap { id: "merchant:1".into(), within: Duration::from_secs(1) });
        assert_eq!(kinds[7], StepKind::Key(Keysym::ENTER));
        assert_eq!(kinds[12], StepKind::ExpectEnd { text: String::new(), within: Duration::from_secs(3) });
    }

    #[test]
    fn mistakes_name_the_line_and_the_remedy() {
        let check = |text: &str, says: &str| {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        check("\n\nexpect Balance", "line 3: write: expect \"text\" [within 5s]");
        check("expect \"Balance", "closing quotation mark");
        check("expect \"a\" within 5m", "a time is written 200ms or 5s");
        check("expect \"a\" soon", "only \"within 5s\"");
        check("press Enter", "\"press\" is no step");
        check("key Entre", "no key has that name");
        check("screenshot ../../etc/x", "no folder");
        check("wait 601s", "at most 600s");
        check("wait +5s", "a time is written");
        check("type \"\\u0001\"", "after \\ only");
        check("\"expect\"", "begins with what to do");
        check(&"wait 1ms\n".repeat(STEPS_MAX + 1), "at most 2000 steps");
        check(&" ".repeat(SCRIPT_BYTES_MAX + 1), "more than");
    }

    #[test]
    fn nothing_is_a_script_too() {
        assert_eq!(kinds(""), vec![]);
        assert_eq!(kinds("\u{feff}# only a comment\r\n\r\n"), vec![]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "(?s).{0,400}") {
            let _ = Script::parse(&text);
        }

        #[test]
        fn mutated_scripts_never_panic(position in 0usize..120, with in any::<char>()) {
            let mut characters: Vec<char> =
                "expect \"Balance\" within 5s\ntap pay\ntype \"23.50\"\nkey Enter\nscreenshot a\nwait 20ms\nexpect-end \"x\" within 1s".chars().collect();
            if let Some(place) = characters.get_mut(position) {
                *place = with;
            }
            let _ = Script::parse(&characters.into_iter().collect::<String>());
        }

        #[test]
        fn quoted_texts_come_back_as_they_were(text in "[^\\p{Cc}]{1,60}") {
            prop_assume!(!text.trim().is_empty());
            let written = text.replace('\\', "\\\\").replace('"', "\\\"");
            let expected = vec![StepKind::Expect { text, within: WITHIN_DEFAULT }];
            prop_assert_eq!(kinds(&format!("expect \"{written}\"")), expected);
        }
    }
}
