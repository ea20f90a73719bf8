//! The terminal's core: desktop control, driver control and payment module, without any socket.
