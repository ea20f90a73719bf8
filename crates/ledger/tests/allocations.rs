//! The hot path's promise: a batch of single transfers costs one allocation, that of its answers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::{AccountId, BalanceRule, Command, Commands, Content, Key, Ledger, Limits, Request, Timestamp};
use money::{Currency, Money};

/// Counts what the standard allocator is asked for.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is handed on to the standard allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
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

// The only test of this program: another one would allocate beside it.
#[test]
fn single_transfers_allocate_nothing_each() {
    // A power of two, as by default: it leaves the table of keys half empty, so that it never has to be rebuilt.
    let mut book = Ledger::new(Limits { keys_max: 1 << 11 });
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
    for round in 1..=20 {
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
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let applied = book.apply(Timestamp(1), &batch);
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        assert_eq!(applied.answers.len(), 1_000);
        // The first batch also makes the currency's line of totals.
        let expected = if round == 1 { 2 } else { 1 };
        assert_eq!(allocations, expected, "in batch {round}");
    }
    book.check().expect("the book is sound");
}
