//! The bank card: balance, payments, transfers, top-ups and history, in English and Chinese.
//!
//! `model` is what the app remembers, `flow` how it changes, `screens` how it looks. The identifiers of actions and
//! fields are promised in `README.md`; scripts of terminals use them.
#![deny(unsafe_code)]

mod flow;
mod model;
mod screens;
#[cfg(test)]
mod tests;

use app_sdk::{App, Commands, Context, Event, View};
pub use model::Model;

/// The app.
#[derive(Debug)]
pub struct BankCard;

impl App for BankCard {
    type Model = Model;

    fn start(context: Context) -> (Model, Commands) {
        (Model::new(context), Commands::none())
    }

    fn update(model: &mut Model, event: Event) -> Commands {
        match event {
            Event::Acted(acted) => flow::acted(model, &acted),
            Event::Replied(replied) => flow::replied(model, replied),
        }
    }

    fn view(model: &Model) -> View {
        screens::view(model)
    }
}

app_sdk::export_app!(BankCard);
