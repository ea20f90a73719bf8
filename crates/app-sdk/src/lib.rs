//! What the author of a payment app writes against.
