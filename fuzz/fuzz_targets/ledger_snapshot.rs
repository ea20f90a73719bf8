//! Snapshots of the book and amounts of money: damage is refused, and what passes is a sound book that encodes to the same bytes.
#![no_main]

use ledger::{Answer, Ledger, Limits};
use libfuzzer_sys::fuzz_target;
use money::Money;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(book) = Ledger::decode(bytes, Limits { keys_max: 64 }) {
        book.check().expect("a book that was read is sound");
        let again = book.encode();
        let read = Ledger::decode(&again, Limits { keys_max: 64 }).expect("what was written reads");
        assert_eq!(read.encode(), again);
    }
    if let Ok(answer) = Answer::decode(bytes) {
        assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(money) = text.parse::<Money>()
    {
        assert_eq!(money.to_string().parse(), Ok(money));
    }
});
