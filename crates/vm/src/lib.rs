//! Runs a payment app in a virtual machine of its own, one per terminal.
