//! The terminal's core: desktop control, driver control and payment module, without any socket.
#![forbid(unsafe_code)]

pub mod drivers;
pub mod framebuffer;
pub mod payment_module;
