//! The trait an app implements, and how its functions become the component's two entry points.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::Guest;
use crate::{Command, CommandKind, Context, Event, Step, View};

/// A payment app: a model, how it changes, how it looks.
pub trait App {
    /// All that the app remembers; encoded between the calls, at most 64 KiB.
    type Model: Serialize + DeserializeOwned;

    /// The user opened the app: its first model, and what to do first.
    fn start(context: Context) -> (Self::Model, Commands);

    /// Something happened: changes the model, and says what to do.
    fn update(model: &mut Self::Model, event: Event) -> Commands;

    /// What to show. Called after `start` and every `update`; depends on the model alone.
    fn view(model: &Self::Model) -> View;
}

/// What the platform shall do, each with a tag that comes back in its [`crate::Replied`].
#[derive(Debug, Clone, Default)]
pub struct Commands(Vec<Command>);

impl Commands {
    /// Nothing to do.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One thing to do; see [`crate::command`] for the kinds.
    #[must_use]
    pub fn one(tag: u32, command: CommandKind) -> Self {
        Self::none().and(tag, command)
    }

    /// And another. Tags differ within one step.
    #[must_use]
    pub fn and(mut self, tag: u32, command: CommandKind) -> Self {
        self.0.push(Command { tag, command });
        self
    }

    /// The list as the platform gets it.
    #[must_use]
    pub fn into_vec(self) -> Vec<Command> {
        self.0
    }
}

/// An [`App`] as the component's entry points; [`crate::export_app!`] uses it.
#[derive(Debug)]
pub struct Exported<A>(PhantomData<A>);

impl<A: App> Exported<A> {
    fn step(model: &A::Model, commands: Commands) -> Step {
        let view = A::view(model);
        // An app whose model cannot be encoded is broken, and its author learns it in the first test.
        let model = postcard::to_allocvec(model).expect("the model can be encoded");
        Step { model, view, commands: commands.into_vec() }
    }
}

impl<A: App> Guest for Exported<A> {
    fn start(context: Context) -> Step {
        let (model, commands) = A::start(context);
        Self::step(&model, commands)
    }

    fn update(model: Vec<u8>, event: Event) -> Step {
        // The bytes are the platform's copy of what this version returned last; a panic is the platform's `Fault`.
        let mut model: A::Model = postcard::from_bytes(&model).expect("the model is one this app returned");
        let commands = A::update(&mut model, event);
        Self::step(&model, commands)
    }

    fn show(model: Vec<u8>) -> View {
        A::view(&postcard::from_bytes(&model).expect("the model is one this app returned"))
    }
}

/// Encodes what an app keeps between sessions (see [`crate::command::keep`]).
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("what an app keeps can be encoded")
}

/// Decodes what [`encode`] gave; nothing when the bytes are of another version of the app.
#[must_use]
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}
