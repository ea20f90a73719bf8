//! The server, and the operator's and author's tools: thinpay.

fn main() {}
