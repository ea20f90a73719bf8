//! The native terminal program: thinpay-terminal.

fn main() {}
