//! Statements, trial balance, day end and reconciliation, as CSV, JSON and printable pages.
#![forbid(unsafe_code)]
