//! Risk rules as data: a readable file format with tests of its own, histories, decisions with reasons.
#![forbid(unsafe_code)]
