//! Runs an app natively, for its author's unit tests: the same functions, with the model encoded and decoded at
//! every step as the platform does.

use crate::bindings::Guest;
use crate::{
    Account, Acted, Answer, App, Command, CommandKind, Context, Element, Event, Exported, FieldValue, Money,
    Replied, Reply, Step, View,
};

/// One user's session with an app.
#[derive(Debug)]
pub struct Session<A> {
    step: Step,
    app: std::marker::PhantomData<A>,
}

/// A context for tests: a customer called Lin with these accounts of (identifier, name, balance).
#[must_use]
pub fn context(language: &str, accounts: &[(&str, &str, Money)]) -> Context {
    let accounts = accounts.iter().map(|(id, name, balance)| account(id, name, balance.clone())).collect();
    Context { customer: "Lin".into(), language: language.into(), accounts, kept: None }
}

/// An account for tests, all of its balance available.
#[must_use]
pub fn account(id: &str, name: &str, balance: Money) -> Account {
    Account { id: id.into(), name: name.into(), available: balance.clone(), balance }
}

impl<A: App> Session<A> {
    /// Opens the app.
    #[must_use]
    pub fn start(context: Context) -> Self {
        Self { step: Exported::<A>::start(context), app: std::marker::PhantomData }
    }

    /// Something happened.
    pub fn event(&mut self, event: Event) {
        self.step = Exported::<A>::update(std::mem::take(&mut self.step.model), event);
    }

    /// The user chose this action or choice, which must be on the screen, with nothing filled in.
    pub fn act(&mut self, id: &str) {
        self.act_with(id, &[]);
    }

    /// The user chose this after filling in; the fields must be on the screen.
    pub fn act_with(&mut self, id: &str, answers: &[(&str, FieldValue)]) {
        assert!(self.offers(id), "{id:?} is not on the screen: {:#?}", self.step.view);
        for (field, _) in answers {
            let there = self
                .step
                .view
                .elements
                .iter()
                .any(|element| matches!(element, Element::Field(shown) if shown.id == *field));
            assert!(there, "no field {field:?} on the screen: {:#?}", self.step.view);
        }
        let answers =
            answers.iter().map(|(id, value)| Answer { id: (*id).into(), value: value.clone() }).collect();
        self.event(Event::Acted(Acted { id: id.into(), answers }));
    }

    /// The platform answers the only command of the last step.
    pub fn reply(&mut self, reply: Reply) {
        let tag = match self.step.commands.as_slice() {
            [only] => only.tag,
            other => panic!("expected one command, got {other:#?}"),
        };
        self.event(Event::Replied(Replied { tag, reply }));
    }

    /// The platform answers the command with this tag.
    pub fn reply_to(&mut self, tag: u32, reply: Reply) {
        self.event(Event::Replied(Replied { tag, reply }));
    }

    /// Whether the user can choose this.
    #[must_use]
    pub fn offers(&self, id: &str) -> bool {
        let view = &self.step.view;
        view.actions.iter().any(|action| action.id == id)
            || view.elements.iter().any(
                |element| matches!(element, Element::Choices(choices) if choices.iter().any(|choice| choice.id == id)),
            )
    }

    /// What is on the screen.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.step.view
    }

    /// What the last step asked for.
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.step.commands
    }

    /// The only thing that the last step asked for.
    #[must_use]
    pub fn command(&self) -> &CommandKind {
        match self.step.commands.as_slice() {
            [only] => &only.command,
            other => panic!("expected one command, got {other:#?}"),
        }
    }

    /// The encoded model's size in bytes.
    #[must_use]
    pub fn model_bytes(&self) -> usize {
        self.step.model.len()
    }
}
