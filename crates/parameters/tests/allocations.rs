//! The hot path allocates nothing: checking and counting what has a counter already.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ledger::Timestamp;
use money::{Currency, Money};
use parameters::{Counters, Day, DayCache, FeeAsk, Fees, LimitAsk, Limits, Section, Zone};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator as it came; the count is beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn checking_counting_charging_and_dating_allocate_nothing() {
    let limits = Limits::parse(Section::Limits.template()).expect("a document");
    let fees = Fees::parse(Section::Fees.template()).expect("a document");
    let mut counters = Counters::default();
    let ask = LimitAsk {
        operation: "pay",
        account: 1_000_000_161,
        tier: "gold",
        app: "shop",
        terminal: "terminal 1",
        merchant: "bakery",
        amount: Money::new(100, Currency::CNY),
        day: Day::from_ymd(2026, 11, 23).expect("a day"),
    };
    counters.count(&limits, &ask);
    let mut days = DayCache::new(Zone::new("Asia/Shanghai").expect("a zone"));
    let at = Timestamp(1_795_000_000_000_000_000);
    days.day_of(at);
    let hot = allocations(|| {
        for number in 0..100 {
            counters.check(&limits, &ask).expect("allowed");
            counters.count(&limits, &ask);
            let ask = FeeAsk { operation: "pay", app: "shop", merchant: "bakery", amount: ask.amount };
            fees.charge(&ask).expect("it fits");
            days.day_and_minutes(at.plus_ns(number));
        }
    });
    assert_eq!(hot, 0);
    assert!(allocations(|| drop(vec![1])) > 0, "allocations are counted");
}
