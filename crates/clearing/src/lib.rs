//! Clearing and settlement: netting, matching, instructions, ISO 20022 files.
#![forbid(unsafe_code)]
