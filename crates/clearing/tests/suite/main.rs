//! Tests of clearing and settlement as its users see it; one program, so that it is linked once.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod confirm;
mod files;
mod nets;
mod reader;
mod schema;
mod support;
mod totals;
