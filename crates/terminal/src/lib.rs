//! The terminal's core: desktop control, driver control and payment module, without any socket (R2,
//! CN102103778A ¶26, ¶84-¶87).
//!
//! - [`desktop`] is desktop control: it signs in, opens and presents what is sealed to this device, and
//!   sends input sealed. [`Terminal`] is one session.
//! - [`effect`] has the words between a session and its surroundings.
//! - [`drivers`] is driver control: keys and touch in the words of the remote protocol.
//! - [`framebuffer`] is the display's content in the terminal's own pixel layout.
//! - [`payment_module`] is the payment module: the secure element's trait, and what is checked before it
//!   signs.
//!
//! Nothing in here knows a payment service (R5). Pure: no socket, file, clock or thread; randomness is a
//! parameter. Builds for `wasm32-unknown-unknown`.
#![forbid(unsafe_code)]

pub mod desktop;
pub mod drivers;
pub mod effect;
pub mod framebuffer;
pub mod payment_module;

pub use desktop::Terminal;
pub use effect::{Config, Effect, End, EndKind, Opening, Phase, Statistics};
pub use rfb::sealed::Node;
