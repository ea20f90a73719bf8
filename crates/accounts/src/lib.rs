//! The account platform: the ledger made durable, with customers' operations on it.
