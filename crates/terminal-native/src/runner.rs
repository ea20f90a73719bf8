//! Follows a script: a state machine that is shown the screen and the time, and says what to do next.
//! It reads no clock and touches no screen, so every wait can be tested at once.

use std::fmt::Write as _;
use std::time::Duration;

use terminal::drivers::{Input, Keysym, WHEEL_DOWN, WHEEL_UP};

use crate::script::{Script, Step, StepKind};

/// After an input, the next step waits for a new screen, at most this long: otherwise it would look at the
/// one before, or type into it.
pub const SETTLE_MAX: Duration = Duration::from_secs(1);
/// A new screen is whole when nothing more of it has come for this long.
pub const SETTLE_REST: Duration = Duration::from_millis(50);
/// The pad's key that puts the pad away: what lies under it can be tapped then.
pub const HIDE_PAD: &str = "pad.hide";
/// A screen is at rest when nothing has arrived for this long.
pub const REST: Duration = Duration::from_millis(150);
/// A screenshot waits for rest, at most this long.
pub const REST_MAX: Duration = Duration::from_secs(3);
/// The most times Tab is pressed, or the wheel turned, to reach one place.
pub const TRIES_MAX: u32 = 80;
/// The role of a place to type into.
const FIELD: &str = "field";

/// A named place on the screen, from the sealed outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The identifier of the action, choice or field; empty for what can only be read.
    pub id: String,
    /// What it is, in a word.
    pub role: String,
    /// What it says.
    pub text: String,
    /// The middle of it, in pixels or cells; nothing when it is scrolled out of sight.
    pub middle: Option<(u16, u16)>,
    /// Whether keys go to it.
    pub focused: bool,
}

/// What can be seen right now.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The named places and texts of the outline.
    pub places: &'a [Place],
    /// The rows of a text display; empty on a picture display.
    pub rows: &'a [String],
    /// Counts screens: grows with everything new.
    pub generation: u64,
    /// When the last of it arrived.
    pub changed_at: Duration,
    /// The sentence the session ended with, when it has.
    pub ended: Option<&'a str>,
    /// Whether taps are to be sent as pointer events; otherwise by Tab and Enter.
    pub touch: bool,
    /// The middle of the screen: where the wheel is turned.
    pub middle: (u16, u16),
}

impl Seen<'_> {
    /// Whether this text can be read, in one place or one row; runs of white space count as one space.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        let wanted = plain(text);
        self.places.iter().map(|place| &place.text).chain(self.rows).any(|line| plain(line).contains(&wanted))
    }

    fn place(&self, id: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.id == id)
    }

    /// What was on the screen, for a person who wonders why a step failed.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for place in self.places {
            let id = if place.id.is_empty() { String::new() } else { format!(" [{}]", place.id) };
            let focus = if place.focused { " *" } else { "" };
            let _ = writeln!(text, "    {}{id}{focus}: {}", place.role, place.text);
        }
        for row in self.rows.iter().filter(|row| !row.trim().is_empty()) {
            let _ = writeln!(text, "    | {}", row.trim_end());
        }
        if text.is_empty() {
            text.push_str("    (nothing that can be read)\n");
        }
        text
    }
}

/// One space for every run of white space.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing until the screen changes, or until this time.
    Wait(Duration),
    /// Send this input, then ask again.
    Send(Vec<Input>),
    /// Record the screen under this name, then ask again.
    Screenshot(String),
    /// This step is done (for reports); ask again.
    Done(Step),
    /// The script is at its end.
    Finished,
    /// A step failed; the script is over.
    Failed(String),
}

/// Follows one script.
#[derive(Debug)]
pub struct Runner {
    steps: Vec<Step>,
    position: usize,
    /// When the step at `position` began, once it has.
    began: Option<Duration>,
    /// What the step at `position` has already done.
    progress: Progress,
    /// The generation and time of the last input sent.
    acted: Option<(u64, Duration)>,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    Sent,
}

impl Runner {
    /// At the script's beginning.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self {
            steps: script.steps,
            position: 0,
            began: None,
            progress: Progress::Nothing,
            acted: None,
            tries: 0,
        }
    }

    /// What to do at this time, seeing this.
    pub fn next(&mut self, now: Duration, seen: &Seen<'_>) -> Next {
        let Some(step) = self.steps.get(self.position).cloned() else {
            return Next::Finished;
        };
        let began = *self.began.get_or_insert(now);
        if self.progress == Progress::Sent {
            return self.done(step);
        }
        match &step.kind {
            StepKind::Wait(time) => {
                let until = began.saturating_add(*time);
                if now >= until { self.done(step) } else { Next::Wait(until) }
            }
            StepKind::Screenshot(name) => {
                let rested =
                    seen.changed_at.max(self.acted.map_or(Duration::ZERO, |(_, at)| at)).saturating_add(REST);
                let until = rested.min(began.saturating_add(REST_MAX));
                if now < until && seen.ended.is_none() {
                    return Next::Wait(until);
                }
                self.progress = Progress::Sent;
                Next::Screenshot(name.clone())
            }
            StepKind::ExpectEnd { text, within } => match seen.ended {
                Some(sentence) if plain(sentence).contains(&plain(text)) => self.done(step),
                Some(sentence) => failed(&step, &format!("the session ended otherwise: {sentence}"), seen),
                None => wait(&step, now, began, *within, "the session has not ended", seen),
            },
            _ if seen.ended.is_some() => {
                failed(&step, &format!("the session has ended: {}", seen.ended.unwrap_or_default()), seen)
            }
            // What follows looks at the screen or types into it, so it waits for the one after the last input.
            _ if let Some(until) = self.unsettled(now, seen) => Next::Wait(until),
            StepKind::Type(text) => {
                let keys = text.chars().filter_map(Keysym::of_char).flat_map(Input::press).collect();
                self.send(now, seen, keys, true)
            }
            StepKind::Key(keysym) => self.send(now, seen, Input::press(*keysym).to_vec(), true),
            StepKind::Expect { text, within } => {
                if seen.shows(text) {
                    self.done(step)
                } else {
                    wait(&step, now, began, *within, "the screen does not show it", seen)
                }
            }
            StepKind::ExpectAction { id, within } => {
                if seen.place(id).is_some() {
                    self.done(step)
                } else {
                    wait(&step, now, began, *within, "nothing on the screen has that name", seen)
                }
            }
            StepKind::Tap { id, within } => match seen.place(id) {
                Some(place) if seen.touch => self.touch(&step, now, seen, place),
                Some(place) => self.tab(step, now, seen, place),
                None => match seen.place(HIDE_PAD).and_then(|pad| pad.middle) {
                    Some((x, y)) if seen.touch => self.send(now, seen, Input::tap(x, y).to_vec(), false),
                    _ => wait(&step, now, began, *within, "nothing on the screen has that name", seen),
                },
            },
        }
    }

    /// Taps a place on a touch screen, once it is in sight.
    fn touch(&mut self, step: &Step, now: Duration, seen: &Seen<'_>, place: &Place) -> Next {
        if let Some((x, y)) = place.middle {
            return self.send(now, seen, Input::tap(x, y).to_vec(), true);
        }
        if self.tries == TRIES_MAX {
            return failed(step, "it does not come into sight", seen);
        }
        self.tries += 1;
        // Down to the end, then up: it is somewhere.
        let buttons = if self.tries <= TRIES_MAX / 2 { WHEEL_DOWN } else { WHEEL_UP };
        let (x, y) = seen.middle;
        let turn = vec![Input::Pointer { buttons, x, y }, Input::Pointer { buttons: 0, x, y }];
        self.send(now, seen, turn, false)
    }

    /// Reaches a place by keys alone. A field is tapped when it has the focus; anything else by Enter, which
    /// first brings it into sight.
    fn tab(&mut self, step: Step, now: Duration, seen: &Seen<'_>, place: &Place) -> Next {
        if place.focused && place.role == FIELD {
            return self.done(step);
        }
        if place.focused && place.middle.is_some() {
            return self.send(now, seen, Input::press(Keysym::ENTER).to_vec(), true);
        }
        if self.tries == TRIES_MAX {
            return failed(&step, "Tab does not reach it", seen);
        }
        self.tries += 1;
        let key = if place.focused { Keysym::ENTER } else { Keysym::TAB };
        self.send(now, seen, Input::press(key).to_vec(), false)
    }

    /// Until when to wait for the screen after the last input; nothing when it is there.
    fn unsettled(&self, now: Duration, seen: &Seen<'_>) -> Option<Duration> {
        let (generation, at) = self.acted?;
        let until = match seen.generation > generation {
            true => seen.changed_at.saturating_add(SETTLE_REST),
            false => at.saturating_add(SETTLE_MAX),
        };
        (now < until).then_some(until)
    }

    fn send(&mut self, now: Duration, seen: &Seen<'_>, inputs: Vec<Input>, whole: bool) -> Next {
        self.acted = Some((seen.generation, now));
        if whole {
            self.progress = Progress::Sent;
        }
        Next::Send(inputs)
    }

    fn done(&mut self, step: Step) -> Next {
        self.position += 1;
        self.began = None;
        self.progress = Progress::Nothing;
        self.tries = 0;
        Next::Done(step)
    }
}

fn wait(step: &Step, now: Duration, began: Duration, within: Duration, why: &str, seen: &Seen<'_>) -> Next {
    let until = began.saturating_add(within);
    if now < until {
        return Next::Wait(until);
    }
    failed(step, &format!("{why} after {} ms", within.as_millis()), seen)
}

fn failed(step: &Step, why: &str, seen: &Seen<'_>) -> Next {
    Next::Failed(format!("line {}: {}\n  {why}. On the screen:\n{}", step.line, step.source, seen.describe()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Seen<'static> = Seen {
        places: &[],
        rows: &[],
        generation: 0,
        changed_at: Duration::ZERO,
        ended: None,
        touch: true,
        middle: (50, 60),
    };

    fn place(id: &str, text: &str, focused: bool) -> Place {
        Place { id: id.into(), role: "action".into(), text: text.into(), middle: Some((12, 34)), focused }
    }

    fn runner(text: &str) -> Runner {
        Runner::new(Script::parse(text).unwrap())
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn expect_waits_then_says_what_was_there() {
        let mut runner = runner("# head\nexpect \"Balance\" within 1s");
        let places = [place("pay", "Pay a merchant", false)];
        let seen = Seen { places: &places, ..NOTHING };
        assert_eq!(runner.next(ms(10), &seen), Next::Wait(ms(1_010)));
        let Next::Failed(why) = runner.next(ms(1_010), &seen) else { panic!() };
        assert!(why.starts_with("line 2: expect \"Balance\" within 1s\n"), "{why}");
        assert!(why.contains("action [pay]: Pay a merchant"), "{why}");
    }

    #[test]
    fn a_tap_goes_to_the_middle_and_the_next_step_waits_for_a_new_screen() {
        let mut runner = runner("tap pay\ntap pay");
        let places = [place("pay", "Pay", false)];
        let seen = Seen { places: &places, generation: 3, ..NOTHING };
        assert_eq!(runner.next(ms(0), &seen), Next::Send(Input::tap(12, 34).to_vec()));
        assert!(matches!(runner.next(ms(1), &seen), Next::Done(_)));
        assert_eq!(runner.next(ms(2), &seen), Next::Wait(SETTLE_MAX));
        let newer = Seen { generation: 4, changed_at: ms(3), ..seen };
        assert_eq!(runner.next(ms(3), &newer), Next::Wait(ms(53)));
        assert_eq!(runner.next(ms(53), &newer), Next::Send(Input::tap(12, 34).to_vec()));
    }

    #[test]
    fn keys_alone_reach_a_place_by_tab_and_enter() {
        let mut runner = runner("tap pay");
        let before = [place("home", "Home", true), place("pay", "Pay", false)];
        let after = [place("home", "Home", false), place("pay", "Pay", true)];
        let seen = Seen { places: &before, touch: false, ..NOTHING };
        assert_eq!(runner.next(ms(0), &seen), Next::Send(Input::press(Keysym::TAB).to_vec()));
        assert_eq!(runner.next(ms(1), &seen), Next::Wait(SETTLE_MAX));
        let seen = Seen { places: &after, generation: 1, ..seen };
        assert_eq!(runner.next(ms(50), &seen), Next::Send(Input::press(Keysym::ENTER).to_vec()));
        assert!(matches!(runner.next(ms(51), &seen), Next::Done(_)));
        assert_eq!(runner.next(ms(51), &seen), Next::Finished);
    }

    #[test]
    fn what_is_out_of_sight_is_brought_into_it() {
        let hidden = [Place { middle: None, ..place("pay", "Pay", true) }];
        let shown = [place("pay", "Pay", true)];
        let mut by_touch = runner("tap pay");
        let seen = Seen { places: &hidden, ..NOTHING };
        let Next::Send(inputs) = by_touch.next(ms(0), &seen) else { panic!() };
        assert_eq!(inputs[0], Input::Pointer { buttons: WHEEL_DOWN, x: 50, y: 60 });
        let mut by_keys = runner("tap pay");
        let seen = Seen { places: &hidden, touch: false, ..NOTHING };
        assert_eq!(by_keys.next(ms(0), &seen), Next::Send(Input::press(Keysym::ENTER).to_vec()));
        assert_eq!(by_keys.next(ms(0), &seen), Next::Wait(SETTLE_MAX));
        let seen = Seen { places: &shown, generation: 1, ..seen };
        assert_eq!(by_keys.next(ms(60), &seen), Next::Send(Input::press(Keysym::ENTER).to_vec()));
        assert!(matches!(by_keys.next(ms(60), &seen), Next::Done(_)));
    }

    #[test]
    fn a_pad_in_the_way_is_put_away() {
        let mut runner = runner("tap next");
        let before = [Place { middle: Some((1, 2)), ..place(HIDE_PAD, "", false) }];
        let after = [place("next", "Next", false)];
        let seen = Seen { places: &before, ..NOTHING };
        assert_eq!(runner.next(ms(0), &seen), Next::Send(Input::tap(1, 2).to_vec()));
        assert_eq!(runner.next(ms(1), &seen), Next::Wait(SETTLE_MAX));
        let seen = Seen { places: &after, generation: 1, ..seen };
        assert_eq!(runner.next(ms(60), &seen), Next::Send(Input::tap(12, 34).to_vec()));
    }

    #[test]
    fn a_screenshot_waits_for_rest() {
        let mut runner = runner("screenshot home");
        let seen = Seen { changed_at: ms(100), ..NOTHING };
        assert_eq!(runner.next(ms(120), &seen), Next::Wait(ms(250)));
        assert_eq!(runner.next(ms(250), &seen), Next::Screenshot("home".into()));
        assert!(matches!(runner.next(ms(250), &seen), Next::Done(_)));
    }

    #[test]
    fn the_end_fails_everything_but_expect_end() {
        let ended = Seen { ended: Some("Goodbye, Mei."), ..NOTHING };
        assert!(matches!(runner("expect \"x\"").next(ms(0), &ended), Next::Failed(_)));
        assert!(matches!(runner("type \"x\"").next(ms(0), &ended), Next::Failed(_)));
        assert!(matches!(runner("expect-end \"Goodbye\"").next(ms(0), &ended), Next::Done(_)));
        assert!(matches!(runner("expect-end \"locked\"").next(ms(0), &ended), Next::Failed(_)));
    }

    #[test]
    fn rows_of_a_text_display_are_read_too() {
        let rows = ["  Balance     23.50 CNY ".to_owned()];
        let seen = Seen { rows: &rows, ..NOTHING };
        assert!(seen.shows("Balance 23.50"));
        assert!(!seen.shows("24.50"));
    }
}
