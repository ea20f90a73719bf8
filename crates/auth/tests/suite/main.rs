//! Tests of the authentication centre from outside, with real terminals' ends of the login.

mod certificates;
mod contracts;
mod lockout;
mod login;
mod secrets;
mod statements;
mod world;
