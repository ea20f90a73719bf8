//! Misbehaves on request: what the tests of the virtual machine run. Never shipped.
//!
//! Each action is one misdeed, done at once. "count" is the honest one; what was kept at the last session can name a
//! misdeed for the start.

use app_sdk::serde::{Deserialize, Serialize};
use app_sdk::{Action, App, Choice, Commands, Context, Event, Field, Icon, Money, View, command};

/// What the app remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(crate = "app_sdk::serde")]
pub struct Model {
    counted: u32,
    /// What the view does wrong.
    misdeed: String,
    ballast: Vec<u8>,
}

/// The app.
#[derive(Debug)]
pub struct Fault;

impl App for Fault {
    type Model = Model;

    fn start(context: Context) -> (Model, Commands) {
        let mut model = Model::default();
        let misdeed = context.kept.and_then(|kept| String::from_utf8(kept).ok()).unwrap_or_default();
        let commands = misbehave(&mut model, &misdeed);
        (model, commands)
    }

    fn update(model: &mut Model, event: Event) -> Commands {
        match event {
            Event::Acted(acted) => misbehave(model, &acted.id),
            // It never takes no for an answer.
            Event::Replied(_) if model.misdeed == "storm" => storm(3),
            Event::Replied(_) => Commands::none(),
        }
    }

    fn view(model: &Model) -> View {
        let view = View::new("Fault").body(format!("Counted {}", model.counted));
        let choice = |id: &str| Choice::new(id, "A choice", Icon::None);
        match model.misdeed.as_str() {
            "long-title" => View::new("x".repeat(2_001)),
            "many-elements" => (0..65).fold(view, |view, _| view.body("again")),
            "many-choices" => view.choices((0..101).map(|number| choice(&number.to_string()))),
            "many-actions" => {
                (0..7).fold(view, |view, number| view.action(Action::secondary(number.to_string(), "Go")))
            }
            "two-primary" => view.action(Action::primary("a", "A")).action(Action::primary("b", "B")),
            "same-identifier" => view.choices([choice("same")]).action(Action::cancel("same", "Same")),
            "blank-identifier" => view.action(Action::primary("", "Go")),
            "spaced-identifier" => view.action(Action::primary("a b", "Go")),
            "long-identifier" => view.action(Action::primary("x".repeat(65), "Go")),
            "ragged-table" => view.table(vec!["A".into(), "B".into()], vec![vec!["1".into()]]),
            "wide-table" => view.table(vec!["A".into(); 7], Vec::new()),
            "long-code" => view.qr_code("x".repeat(301), "A code"),
            "no-digits" => view.field(Field::digits("f", "F", 0)),
            "letters" => view.field(Field::digits("f", "F", 4).initial("abc")),
            "currency" => view.amount("Sum", Money::new(1, "ABC")),
            "disturbing" => view.body("12\u{202e}34\u{7}\nend"),
            "largest" => (0..60).fold(view, |view, _| view.body("x".repeat(2_000))),
            // What a person at a terminal can ask for.
            _ => view
                .choices(["panic", "loop", "grow", "storm"].map(choice))
                .action(Action::primary("count", "Count")),
        }
    }
}

fn misbehave(model: &mut Model, id: &str) -> Commands {
    let sum = |minor_units| Money::new(minor_units, "CNY");
    match id {
        "count" => model.counted = model.counted.saturating_add(1),
        "panic" => panic!("as asked"),
        "loop" => loop {
            std::hint::black_box(());
        },
        "recurse" => {
            std::hint::black_box(recurse(1));
        }
        "grow" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "large-model" => model.ballast = vec![7; 65 * 1024],
        "unlisted" => return Commands::one(1, command::transfer("a", "b", sum(1), "")),
        "negative" => return Commands::one(1, command::pay("a", "b", sum(-1), "")),
        "nothing" => return Commands::one(1, command::pay("a", "b", sum(0), "")),
        "nobody" => return Commands::one(1, command::pay("a", "", sum(1), "")),
        "long-memo" => return Commands::one(1, command::pay("a", "b", sum(1), "x".repeat(561))),
        "coin" => return Commands::one(1, command::pay("a", "b", Money::new(1, "cny"), "")),
        "same-tag" => {
            return Commands::one(1, command::query_accounts()).and(1, command::query_accounts());
        }
        "many-commands" => {
            return (0..9).fold(Commands::none(), |all, tag| all.and(tag, command::query_accounts()));
        }
        "storm" => {
            model.misdeed = id.to_owned();
            return storm(1).and(2, command::pay("a", "b", sum(1), ""));
        }
        "large-keep" => return Commands::one(1, command::keep(vec![0; 65 * 1024])),
        _ => model.misdeed = id.to_owned(),
    }
    Commands::none()
}

/// An order that will be refused.
fn storm(tag: u32) -> Commands {
    Commands::one(tag, command::pay("a", "b", Money::new(1, "CNY"), ""))
}

/// Deeper than any stack.
fn recurse(depth: u64) -> u64 {
    let pad = std::hint::black_box([depth; 64]);
    if depth == 0 { 0 } else { recurse(depth.wrapping_add(1)).wrapping_add(pad[0]) }
}

app_sdk::export_app!(Fault);
