//! The authentication centre: customers' contracts, enrolment, login, certificates (R20-R24).
//!
//! [`Auth`] keeps one SQLite file of its own (`auth.sqlite`, readable by its owner alone): the
//! operator's certification authority, the login secrets, the customers' contracts and their enrolled
//! terminals. Every change is on disk before the method returns (`synchronous = FULL`).
//!
//! - Contracts: [`Auth::add_customer`], [`Auth::set_password`], [`Auth::set_status`], [`Auth::unlock`].
//! - Terminals: [`Auth::enrol_terminal`], [`Auth::revoke_terminal`].
//! - Login: [`Auth::login_begin`] counts the attempt durably, then answers; [`Auth::login_finish`] gives
//!   the root; [`Auth::login_confirmed`] forgets the attempts once the terminal has shown that its keys
//!   are right.
//! - Step-up: [`Auth::verify_statement`] checks a secure element's signature and gives the evidence to
//!   keep with the posting.
//!
//! Time and randomness are parameters. What happened is returned as an [`Event`] for the log; neither
//! events nor errors ever hold a secret.

#![forbid(unsafe_code)]

mod authority;
mod customers;
mod error;
mod event;
mod login;
mod statements;
mod store;
mod terminals;

pub use authority::{TlsIdentity, check_host_name};
pub use customers::{Customer, CustomerStatus, NewCustomer};
pub use error::{AuthError, Refusal, StatementRefusal};
pub use event::{Event, Standing};
pub use login::{LOGIN_SECONDS_MAX, PendingLogin, SignedIn};
pub use statements::{STATEMENT_AGE_SECONDS_MAX, STATEMENT_SKEW_SECONDS_MAX};
pub use store::{Auth, InitOptions, LOCK_FAILURES, LOCK_SECONDS, Parameters};
pub use terminals::{Enrolled, TERMINALS_PER_CUSTOMER_MAX, Terminal, TerminalStatus};
