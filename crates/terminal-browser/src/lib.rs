//! The browser terminal: the terminal's core as WebAssembly, and its page.
