//! The payment platform: one session a terminal, from login to a virtual machine, its views, sealed, to
//! the terminal and back (CN102103778A ¶34-35, ¶95-98; R24-R28, R51).
//!
//! A [`Session`] is a state machine without socket, clock or store. Bytes, time and randomness go in;
//! bytes and [`Effect`]s come out. The program carries the effects out - looks up a customer, posts a
//! payment - and brings each [`Answer`] back. So a session can be driven by a test, a benchmark or a
//! simulation as well as by a server.
//!
//! A payment through this crate: [`session`] opens the sealed touch -> [`window`] finds the action it
//! means -> the app's machine answers with a command -> [`payment`] draws the platform's own
//! confirmation, has the secure element sign the statement, and asks for the posting -> the app is told.
#![forbid(unsafe_code)]

mod acts;
mod calendar;
mod desk;
mod effect;
mod lines;
mod machine;
mod payment;
mod registry;
mod services;
mod session;
mod translate;
mod window;
mod words;

pub use acts::Acts;
pub use effect::{Answer, Effect, Order, Prepared, Question, Refusal, Reply, Tag};
pub use registry::{Registry, RegistryError};
pub use services::{AMOUNT_MINOR_UNITS_MAX, HOUSE, Keeping, Services};
pub use session::{EndReason, Limits, Now, Platform, Session};
pub use window::Drawing;
