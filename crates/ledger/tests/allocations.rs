//! The hot path's promise: a batch of single transfers costs one allocation, that of its answers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ledger::{AccountId, BalanceRule, Command, Commands, Content, Key, Ledger, Limits, Request, Timestamp};
use money::{Currency, Money};

/// Counts what the standard allocator is asked for, by thread: the one that waits for a test allocates as well.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the standard allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn single_transfers_allocate_nothing_each() {
    // So few keys that each batch forgets some, and as full a table as there is.
    let mut book = Ledger::new(Limits { keys_max: 1 << 9 });
    let request = |key: u128, command| Request {
        key: Some(Key(key)),
        content: Content(key),
        commands: Commands::One(command),
    };
    let open = |number| Command::Open {
        account: AccountId(number),
        currency: Currency::CNY,
        rule: BalanceRule::Free,
        code: 0,
    };
    book.apply(Timestamp(1), &[request(1, open(1)), request(2, open(2))]);
    let transfer =
        Command::Transfer { debit: AccountId(1), credit: AccountId(2), amount: Money::new(1, Currency::CNY) };
    let nothing =
        Command::Transfer { debit: AccountId(1), credit: AccountId(2), amount: Money::new(0, Currency::CNY) };
    for round in 1..=50 {
        let batch: Vec<Request> = (0..1_000)
            .map(|place| {
                let command = match place % 10 {
                    0 => Command::Note,
                    1 => nothing,
                    _ => transfer,
                };
                request(round * 1_000 + place, command)
            })
            .collect();
        let before = ALLOCATIONS.get();
        let applied = book.apply(Timestamp(1), &batch);
        let allocations = ALLOCATIONS.get() - before;
        assert_eq!(applied.answers.len(), 1_000);
        // The first batch also makes the currency's line of totals.
        let expected = if round == 1 { 2 } else { 1 };
        assert_eq!(allocations, expected, "in batch {round}");
    }
    book.check().expect("the book is sound");
}
