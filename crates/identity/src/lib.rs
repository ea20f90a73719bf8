//! Who a terminal and its user are: login, the enrolment bundle, the signed statement.
//!
//! Both ends of the login live here ([`ClientLogin`], [`ServerLogin`]), so one test drives the whole
//! handshake in memory. The login is OPAQUE (RFC 9807): the server never sees the password, and a
//! fake server learns nothing. On top of it comes the terminal's secure element, by an elliptic-curve
//! agreement with a key that the server makes for this one login. What comes out is a
//! [`seal::Root`], bound to password, secure element, hardware profile and every byte of the login:
//!
//! - a wrong password, an unknown account, an unknown or revoked terminal and a locked account give
//!   **one** answer, [`LoginError::Refused`];
//! - a wrong secure element or a wrong hardware profile does **not** fail the login: it makes another
//!   root, and what is sealed for the genuine terminal is noise there (R36, R40, CN102103778A ¶44).
//!
//! Reading order: [`name`], [`secret`], `suite`, `frame`, [`client`], [`server`]; then [`bundle`]
//! (what the operator hands to a terminal), [`statement`] and [`evidence`] (what a secure element
//! signs, and how an auditor proves it offline). Byte layouts: `docs/login.md`.
//!
//! Pure: no socket, file, clock, thread or random source; time and randomness are parameters.
#![forbid(unsafe_code)]

pub mod bundle;
pub mod certificate;
pub mod client;
mod codec;
pub mod device;
pub mod evidence;
mod frame;
pub mod name;
pub mod secret;
pub mod server;
pub mod statement;
mod suite;
pub mod time;

pub use bundle::{BundleError, EnrolmentBundle};
pub use certificate::{CertificateError, TerminalCertificate};
pub use client::{AgreementRequest, ClientAgreement, ClientLogin};
pub use device::{DeviceKeyError, DevicePrivateKey, DevicePublicKey};
pub use evidence::{Evidence, EvidenceError, VerifiedEvidence};
pub use frame::{FRAME_BYTES_MAX, Hello, LOGIN_VERSION, LoginError, SUITE_P256};
pub use name::{AccountName, NameError, TerminalId};
pub use secret::{ActivationCode, Password, SecretError};
pub use server::{PasswordRecord, ServerLogin, ServerSetup, TerminalKeys, register};
pub use statement::{Language, Operation, Party, Statement, StatementError, StatementFields, SummaryLine};
pub use suite::{
    STRETCH_ITERATIONS, STRETCH_LANES, STRETCH_MEMORY_KIB, stretch_for_measurement as stretch_password_once,
};
pub use time::UnixTime;
