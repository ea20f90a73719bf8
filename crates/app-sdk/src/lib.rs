//! What the author of a payment app writes against.
//!
//! An app is three functions over a model: [`App::start`] makes the model, [`App::update`] changes it for what
//! happened and says what the platform shall do, [`App::view`] says what to show. There is nothing else to call: no
//! clock, network, file, random source or account. The platform keeps the model between the calls, so an app has
//! no other memory; what it puts into a `static` is gone when its user comes back after a pause.
//!
//! ```
//! use app_sdk::{Action, App, Commands, Context, Event, View, command};
//! use app_sdk::serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(crate = "app_sdk::serde")]
//! struct Counter { taps: u32 }
//!
//! struct Taps;
//! impl App for Taps {
//!     type Model = Counter;
//!     fn start(_: Context) -> (Counter, Commands) { (Counter { taps: 0 }, Commands::none()) }
//!     fn update(model: &mut Counter, event: Event) -> Commands {
//!         match event {
//!             Event::Acted(acted) if acted.id == "tap" => { model.taps += 1; Commands::none() }
//!             Event::Acted(acted) if acted.id == "leave" => Commands::one(0, command::end()),
//!             _ => Commands::none(),
//!         }
//!     }
//!     fn view(model: &Counter) -> View {
//!         View::new("Taps").body(format!("{} so far", model.taps))
//!             .action(Action::primary("tap", "Tap")).action(Action::cancel("leave", "Leave"))
//!     }
//! }
//! app_sdk::export_app!(Taps);
//!
//! // The same functions run natively, so a flow is an ordinary unit test.
//! let mut session = app_sdk::testing::Session::<Taps>::start(app_sdk::testing::context("en", &[]));
//! session.act("tap");
//! assert_eq!(session.view().title, "Taps");
//! ```

#![deny(unsafe_op_in_unsafe_fn)]

#[doc(hidden)]
pub mod bindings {
    //! What `wit-bindgen` makes of `wit/payment-app.wit`: the types, and how they cross the boundary.
    #![allow(
        missing_docs,
        missing_debug_implementations,
        unreachable_pub,
        unused_qualifications,
        clippy::all,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::undocumented_unsafe_blocks,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::allow_attributes_without_reason,
        reason = "generated code; the contract documents itself"
    )]
    wit_bindgen::generate!({
        path: "wit",
        world: "payment-app",
        pub_export_macro: true,
        default_bindings_module: "app_sdk::bindings",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        generate_all,
    });
}

mod app;
mod build;
pub mod command;
mod language;
mod money_text;
pub mod testing;

pub use app::{App, Commands, Exported, decode, encode};
pub use bindings::thinpay::app::types::{
    Account, Acted, Action, Amount, Answer, Choice, Command, CommandKind, Context, Detail, Element, Emphasis,
    Event, Field, FieldKind, FieldValue, HistoryEntry, HistoryPage, HistoryQuery, Icon, Money, Outcome, Pay,
    Payee, PayeeKind, PayeeQuery, QrCode, Receipt, Refusal, RefusalReason, Replied, Reply, Step, Table, Text,
    Tone, TopUp, Transfer, View,
};
pub use language::Language;
pub use serde;

/// Makes the type, an [`App`], the app of this component. Does nothing outside WebAssembly, so that the same crate
/// is an ordinary library in its own tests.
#[macro_export]
macro_rules! export_app {
    ($app:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs, reason = "the entry points that the platform calls")]
        mod exported_app {
            use super::*;
            type TheApp = $crate::Exported<$app>;
            $crate::bindings::export!(TheApp with_types_in $crate::bindings);
        }
    };
}
