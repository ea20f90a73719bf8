//! The bank card: balance, payments, transfers, top-ups and history.
