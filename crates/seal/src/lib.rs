//! Sealing: the key schedule, the code streams and the sealed input, after RFC 9605.
