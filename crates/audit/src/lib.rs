//! The audit log: a Merkle tree over every record, signed heads, proofs and receipts (RFC 9162).
#![forbid(unsafe_code)]
