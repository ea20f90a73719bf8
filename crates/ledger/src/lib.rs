//! The double-entry state machine: accounts, transfers, holds, linked batches. Pure and deterministic.
