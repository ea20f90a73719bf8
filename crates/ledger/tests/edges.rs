//! The ledger at the end of its integers, refunds and captures by example, and snapshots that lie.

use ledger::{
    AccountId, Answer, BalanceRule, Command, Commands, Content, Key, Ledger, Limits, NUMBER_MAX, Number,
    Outcome, Outcomes, Refusal, Request, SnapshotError, TURNOVER_MAX, Timestamp,
};
use money::{Currency, Money};

const PAYER: AccountId = AccountId(1);
const PAYEE: AccountId = AccountId(2);
const MAX: i64 = i64::MAX;

fn yuan(units: i64) -> Money {
    Money::new(units, Currency::CNY)
}

/// A book with two free accounts.
fn book() -> Ledger {
    let mut book = Ledger::new(Limits { keys_max: 8 });
    for account in [PAYER, PAYEE] {
        let rule = BalanceRule::Free;
        one(&mut book, Command::Open { account, currency: Currency::CNY, rule, code: 0 }).expect("opens");
    }
    book
}

fn ask(book: &mut Ledger, commands: Commands) -> Answer {
    let mut applied = book.apply(Timestamp(1), &[Request { key: None, content: Content(0), commands }]);
    book.check().expect("the book is sound");
    applied.answers.pop().expect("one answer")
}

fn one(book: &mut Ledger, command: Command) -> Result<Outcome, Refusal> {
    match ask(book, Commands::One(command)).result? {
        Outcomes::One(outcome) => Ok(outcome),
        Outcomes::Linked(_) => panic!("one command has one outcome"),
    }
}

fn transfer(units: i64) -> Command {
    Command::Transfer { debit: PAYER, credit: PAYEE, amount: yuan(units) }
}

fn refund(original: Number, of: i64, units: i64) -> Command {
    Command::Refund { original, of: yuan(of), debit: PAYEE, credit: PAYER, amount: yuan(units) }
}

#[test]
fn an_account_goes_to_the_limit_and_no_further() {
    assert_eq!(TURNOVER_MAX, MAX.unsigned_abs());
    let mut book = book();
    let moved = one(&mut book, transfer(MAX - 1)).expect("there is room");
    assert_eq!(moved, Outcome::Transferred { debit_balance: 1 - MAX, credit_balance: MAX - 1 });
    assert_eq!(one(&mut book, transfer(2)), Err(Refusal::TurnoverExhausted(PAYEE)));
    assert_eq!(one(&mut book, transfer(MAX)), Err(Refusal::TurnoverExhausted(PAYEE)));
    one(&mut book, transfer(1)).expect("there is room");
    assert_eq!(one(&mut book, transfer(1)), Err(Refusal::TurnoverExhausted(PAYEE)));
    let balance = |book: &Ledger, id| book.account(id).map(|account| account.balance().minor_units());
    assert_eq!((balance(&book, PAYER), balance(&book, PAYEE)), (Some(-MAX), Some(MAX)));
    // All of it the other way: both sides of both accounts are full, and the book reads back.
    let back = Command::Transfer { debit: PAYEE, credit: PAYER, amount: yuan(MAX) };
    one(&mut book, back).expect("the other sides are empty");
    assert_eq!((balance(&book, PAYER), balance(&book, PAYEE)), (Some(0), Some(0)));
    let bytes = book.encode();
    assert_eq!(Ledger::decode(&bytes, Limits { keys_max: 8 }).expect("sound").encode(), bytes);
}

#[test]
fn what_is_held_has_room_to_be_captured() {
    let mut book = book();
    let hold = book.next_number();
    let set_aside = Command::Hold { debit: PAYER, credit: PAYEE, amount: yuan(MAX), expires: None };
    one(&mut book, set_aside).expect("there is room");
    assert_eq!(one(&mut book, transfer(1)), Err(Refusal::TurnoverExhausted(PAYEE)));
    let mut capture = |units, last| one(&mut book, Command::Capture { hold, amount: yuan(units), last });
    let captured = |moved: i64, released, left| {
        Ok(Outcome::Captured {
            debit: PAYER,
            credit: PAYEE,
            released,
            left,
            debit_balance: -moved,
            credit_balance: moved,
        })
    };
    assert_eq!(capture(MAX - 5, false), captured(MAX - 5, 0, 5));
    assert_eq!(capture(6, false), Err(Refusal::CaptureExceedsHold { hold, held: 5 }));
    assert_eq!(capture(2, false), captured(MAX - 3, 0, 3));
    assert_eq!(capture(1, true), captured(MAX - 2, 2, 0));
    assert_eq!(capture(1, true), Err(Refusal::HoldNotOpen(hold)));
}

#[test]
fn a_hold_captured_to_nothing_ends() {
    let mut book = book();
    let hold = book.next_number();
    let expires = Some(Timestamp(9));
    one(&mut book, Command::Hold { debit: PAYER, credit: PAYEE, amount: yuan(5), expires }).expect("held");
    one(&mut book, Command::Capture { hold, amount: yuan(2), last: false }).expect("captured");
    assert_eq!((book.hold(hold).map(|hold| hold.amount), book.next_expiry()), (Some(yuan(3)), expires));
    one(&mut book, Command::Capture { hold, amount: yuan(3), last: false }).expect("captured");
    assert_eq!((book.hold(hold), book.next_expiry()), (None, None));
}

#[test]
fn no_more_is_refunded_than_was_moved() {
    let mut book = book();
    let original = book.next_number();
    one(&mut book, transfer(100)).expect("moves");
    assert_eq!(book.refunded(original), None);
    let refunded = |refunded, balance: i64| {
        Ok(Outcome::Refunded { refunded, debit_balance: balance, credit_balance: -balance })
    };
    assert_eq!(one(&mut book, refund(original, 100, 30)), refunded(30, 70));
    assert_eq!(one(&mut book, refund(original, 100, 71)), Err(Refusal::RefundExceeds { original, left: 70 }));
    // The facts of the first refund stand.
    assert_eq!(one(&mut book, refund(original, 101, 70)), Err(Refusal::RefundDiffers(original)));
    assert_eq!(one(&mut book, refund(original, 100, 70)), refunded(100, 0));
    assert_eq!(book.refunded(original), Some(100));
    assert_eq!(one(&mut book, refund(original, 100, 1)), Err(Refusal::RefundExceeds { original, left: 0 }));
    let itself = book.next_number();
    for unknown in [itself, Number(0), Number(u64::MAX)] {
        assert_eq!(one(&mut book, refund(unknown, 100, 1)), Err(Refusal::UnknownOriginal(unknown)));
    }
}

#[test]
fn a_refused_request_leaves_nothing_but_its_numbers() {
    let mut book = book();
    let original = book.next_number();
    one(&mut book, transfer(100)).expect("moves");
    one(&mut book, refund(original, 100, 1)).expect("refunds");
    let hold = book.next_number();
    let set_aside = |amount, expires| Command::Hold { debit: PAYER, credit: PAYEE, amount, expires };
    one(&mut book, set_aside(yuan(50), Some(Timestamp(9)))).expect("holds");
    let before = book.encode();
    let first = book.next_number();
    let capture = |hold, units, last| Command::Capture { hold, amount: yuan(units), last };
    let account = AccountId(3);
    let linked = [
        Command::Open { account, currency: Currency::JPY, rule: BalanceRule::Free, code: 0 },
        Command::Close { account },
        transfer(7),
        refund(original, 100, 9),
        refund(Number(first.0 + 2), 7, 7),
        capture(hold, 10, false),
        capture(hold, 10, true),
        set_aside(yuan(4), Some(Timestamp(20))),
        capture(Number(first.0 + 7), 3, false),
        Command::Release { hold: Number(first.0 + 7) },
        Command::Note,
        Command::Release { hold },
    ];
    let answer = ask(&mut book, Commands::Linked(Box::new(linked)));
    assert_eq!(answer.result, Err(Refusal::HoldNotOpen(hold)));
    let after = book.encode();
    assert_eq!(before[..16], after[..16]);
    assert_eq!(before[24..], after[24..], "only the next number has gone on");
}

#[test]
fn a_note_takes_a_number_and_keeps_its_key() {
    let mut book = book();
    let number = book.next_number();
    let commands = Commands::One(Command::Note);
    let note = Request { key: Some(Key(7)), content: Content(1), commands };
    let first = book.apply(Timestamp(1), std::slice::from_ref(&note)).answers;
    let again = book.apply(Timestamp(2), &[note]).answers;
    let result = Ok(Outcomes::One(Outcome::Noted));
    assert_eq!(first, [Answer { number, at: Timestamp(1), duplicate: false, result: result.clone() }]);
    assert_eq!(again, [Answer { number, at: Timestamp(1), duplicate: true, result }]);
    assert_eq!(book.next_number(), Number(number.0 + 1));
}

#[test]
fn snapshots_that_lie_are_refused() {
    let limits = Limits { keys_max: 8 };
    let mut book = Ledger::new(limits);
    let commands = Commands::One(Command::Note);
    book.apply(Timestamp(5), &[Request { key: Some(Key(1)), content: Content(1), commands }]);
    let sound = book.encode();
    let patched = |place: usize, bytes: &[u8]| {
        let mut lie = sound.clone();
        lie.splice(place..place + bytes.len(), bytes.iter().copied());
        Ledger::decode(&lie, limits).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(patched(0, b"TPBOOK\x00\x02"), Ok(()));
    assert_eq!(patched(0, b"TPBOOK\x00\x01"), Err(SnapshotError::NotASnapshot.to_string()));
    // The moment is before the answer's.
    assert!(patched(8, &4_u64.to_le_bytes()).is_err_and(|why| why.contains("was not given yet")));
    let next_number = |number: u64| patched(16, &number.to_le_bytes());
    assert!(next_number(0).is_err());
    assert!(next_number(1).is_err_and(|why| why.contains("was not given yet")));
    assert_eq!(next_number(NUMBER_MAX), Ok(()));
    assert!(next_number(NUMBER_MAX + 1).is_err_and(|why| why.contains("impossible")));
    assert!(next_number(u64::MAX).is_err_and(|why| why.contains("impossible")));
    // Accounts, holds and refunds are none; then comes the number of keys forgotten.
    let forgotten = |count: u64| patched(48, &count.to_le_bytes());
    assert_eq!(forgotten(0), Ok(()));
    for count in [1, 2, u64::MAX] {
        assert!(forgotten(count).is_err_and(|why| why.contains("more keys were forgotten")));
    }
}

#[test]
fn new_refusals_say_what_to_do() {
    let original = Number(12);
    for (refusal, words) in [
        (
            Refusal::RefundExceeds { original, left: 70 },
            "70 minor units are left to refund of payment 12: less than what was asked for",
        ),
        (
            Refusal::RefundDiffers(original),
            "payment 12 was refunded before with other accounts or another original amount: name those it was \
             made with",
        ),
        (
            Refusal::UnknownOriginal(original),
            "there was no payment 12 before this refund: name an earlier one",
        ),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}
