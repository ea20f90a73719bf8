//! The remote protocol, both ends: RFB 3.8 (RFC 6143) and this project's extensions of it.
