//! The bytes of entries and decisions: what is written reads back, damage is refused, and batches of version 1
//! make the same book as they made when they were written.
#![allow(clippy::arithmetic_side_effects, reason = "tests compute small numbers")]

use ledger::{
    BalanceRule, Command, Commands, Content, Key, Ledger, Limits, Number, Outcome, Request, Timestamp,
};
use money::{Currency, Money};
use parameters::Section;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::decision::{Control, ControlRefusal, Decision, Leg, Verdict};
use crate::journal::{CHAIN_START, Journal, Row};
use crate::recovery::{Files, apply, recover};
use crate::{Consent, EntryKind, HolderId, Kind, Operation, Origin, PaymentId, Timestamp as Moment};

type Made = (Entry, Option<Box<Decision>>);

fn account() -> impl Strategy<Value = AccountId> + Clone {
    prop_oneof![1..20_u64, any::<u64>()].prop_map(AccountId)
}

fn payment_number() -> impl Strategy<Value = PaymentId> + Clone {
    any::<u64>().prop_map(PaymentId)
}

fn money() -> impl Strategy<Value = Money> + Clone {
    (any::<i64>(), select(vec![Currency::CNY, Currency::USD, Currency::EUR, Currency::JPY]))
        .prop_map(|(units, currency)| Money::new(units, currency))
}

fn origin() -> impl Strategy<Value = Origin> + Clone {
    ("\\PC{0,12}", "[a-z0-9-]{0,12}", "[A-Z-]{0,5}").prop_map(|(app, terminal, region)| Origin {
        app,
        terminal,
        region,
    })
}

fn moment() -> impl Strategy<Value = Option<Moment>> + Clone {
    // The last moment of all stands for never.
    proptest::option::of((0..u64::MAX).prop_map(Timestamp))
}

fn consent() -> impl Strategy<Value = Consent> + Clone {
    select(vec![Consent::None, Consent::Signed, Consent::SteppedUp, Consent::Operator])
}

fn evidence() -> impl Strategy<Value = Vec<u8>> + Clone {
    proptest::collection::vec(any::<u8>(), 0..40)
}

/// What a request about money has beside its amounts.
fn trimmings() -> impl Strategy<Value = (String, String, Origin, Consent, Vec<u8>)> + Clone {
    ("\\PC{0,20}", "[A-Z0-9]{0,10}", origin(), consent(), evidence())
}

fn section() -> impl Strategy<Value = Section> {
    select(Section::ALL.to_vec())
}

fn step() -> impl Strategy<Value = ParameterStep> {
    prop_oneof![
        (section(), "\\PC{0,80}", moment(), "\\PC{0,20}").prop_map(|(section, text, effective, note)| {
            ParameterStep::Draft { section, text, effective, note }
        }),
        (section(), any::<u32>()).prop_map(|(section, version)| ParameterStep::Approve { section, version }),
        (section(), any::<u32>()).prop_map(|(section, version)| ParameterStep::Withdraw { section, version }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let key = any::<[u8; 16]>;
    let text = || "\\PC{0,20}";
    let money_moves = prop_oneof![
        (
            key(),
            select(Operation::ALL.to_vec()),
            account(),
            account(),
            money(),
            proptest::option::of(money()),
            trimmings()
        )
            .prop_map(
                |(
                    key,
                    operation,
                    from,
                    to,
                    amount,
                    agreed_fee,
                    (memo, reference, origin, consent, evidence),
                )| {
                    Entry::Payment(Payment {
                        key,
                        operation,
                        from,
                        to,
                        amount,
                        agreed_fee,
                        memo,
                        reference,
                        origin,
                        consent,
                        evidence,
                    })
                }
            ),
        (key(), account(), account(), money(), moment(), trimmings()).prop_map(
            |(key, from, to, amount, expires, (memo, reference, origin, consent, evidence))| {
                Entry::Hold(NewHold {
                    key,
                    from,
                    to,
                    amount,
                    expires,
                    memo,
                    reference,
                    origin,
                    consent,
                    evidence,
                })
            }
        ),
        (key(), payment_number(), money(), any::<bool>(), "[A-Z0-9]{0,10}", evidence()).prop_map(
            |(key, hold, amount, last, reference, evidence)| {
                Entry::Capture(Capture { key, hold, amount, last, reference, evidence })
            }
        ),
        (key(), payment_number()).prop_map(|(key, hold)| Entry::Release(Release { key, hold })),
        (key(), payment_number(), money(), money(), account(), account(), trimmings()).prop_map(
            |(key, original, amount, of, from, to, (memo, reference, _, _, evidence))| {
                let refund = Refund { key, original, amount, memo, reference, evidence };
                Entry::Refund(RefundEntry { refund, of, from, to })
            }
        ),
        (key(), account(), account(), money(), proptest::option::of(money()), trimmings()).prop_map(
            |(key, from, to, amount, agreed, (memo, reference, origin, consent, evidence))| {
                Entry::Exchange(Exchange {
                    key,
                    from,
                    to,
                    amount,
                    agreed,
                    memo,
                    reference,
                    origin,
                    consent,
                    evidence,
                })
            }
        ),
        (key(), payment_number(), any::<bool>(), text(), text(), evidence()).prop_map(
            |(key, payment, post, operator, note, evidence)| {
                Entry::Resolve(Resolution { key, payment, post, operator, note, evidence })
            }
        ),
    ];
    let others = prop_oneof![
        (account(), key(), text(), select(Kind::ALL.to_vec()), text(), money()).prop_map(
            |(account, key, holder, kind, name, money)| {
                let currency = money.currency();
                Entry::Open {
                    account,
                    new: NewAccount { key, holder: HolderId(holder), kind, name, currency },
                }
            }
        ),
        (key(), account()).prop_map(|(key, account)| Entry::Close { key, account }),
        (key(), text(), text(), text(), "\\PC{0,60}").prop_map(|(key, actor, action, subject, detail)| {
            Entry::Act(Act { key, actor, action, subject, detail })
        }),
        (key(), text(), step(), evidence()).prop_map(|(key, operator, step, evidence)| {
            Entry::Parameter(ParameterChange { key, operator, step, evidence })
        }),
        (key(), account(), text(), text()).prop_map(|(key, account, tier, operator)| Entry::Tier {
            key,
            account,
            tier,
            operator
        }),
        (key(), proptest::collection::vec(any::<u8>(), 0..150))
            .prop_map(|(key, bytes)| Entry::Head { key, bytes }),
    ];
    prop_oneof![money_moves, others]
}

fn decision() -> impl Strategy<Value = Option<Box<Decision>>> {
    let refusal = (select(Control::ALL.to_vec()), "\\PC{0,40}")
        .prop_map(|(control, words)| Verdict::Refuse(ControlRefusal { control, words }));
    let verdict = prop_oneof![Just(Verdict::Post), Just(Verdict::Review), refusal];
    let leg = (select(EntryKind::ALL.to_vec()), account(), account(), money())
        .prop_map(|(kind, debit, credit, amount)| Leg { kind, debit, credit, amount });
    let legs = proptest::collection::vec(leg, 0..17);
    let reasons = proptest::collection::vec("\\PC{0,30}", 0..17);
    proptest::option::of(
        (verdict, legs, reasons, "[0-9.]{0,12}")
            .prop_map(|(verdict, legs, reasons, rate)| Box::new(Decision { verdict, legs, reasons, rate })),
    )
}

fn made(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Made>> {
    proptest::collection::vec((entry(), decision()), count)
}

fn encode(made: &[Made]) -> Vec<u8> {
    let mut bytes = batch_header(made.len()).to_vec();
    for (entry, decision) in made {
        bytes.extend_from_slice(&Item::new(entry.clone()).encoded);
        Decision::encode(decision.as_deref(), &mut bytes);
    }
    bytes
}

/// The entry without what may differ between two tellings of the same request.
fn bare(mut entry: Entry) -> Entry {
    match &mut entry {
        Entry::Open { account, .. } => *account = AccountId(0),
        Entry::Payment(Payment { consent, evidence, .. })
        | Entry::Hold(NewHold { consent, evidence, .. })
        | Entry::Exchange(Exchange { consent, evidence, .. }) => {
            *consent = Consent::None;
            evidence.clear();
        }
        Entry::Capture(Capture { evidence, .. })
        | Entry::Refund(RefundEntry { refund: Refund { evidence, .. }, .. })
        | Entry::Resolve(Resolution { evidence, .. })
        | Entry::Parameter(ParameterChange { evidence, .. }) => evidence.clear(),
        Entry::Close { .. } | Entry::Release(_) | Entry::Act(_) | Entry::Tier { .. } | Entry::Head { .. } => {
        }
    }
    entry
}

proptest! {
    #[test]
    fn batches_read_back(made in made(0..8)) {
        let bytes = encode(&made);
        let read = decode_batch(7, &bytes).expect("reads");
        prop_assert_eq!(read.len(), made.len());
        let mut end = 5;
        for (read, (entry, decision)) in read.iter().zip(&made) {
            prop_assert_eq!(&read.entry, entry);
            prop_assert_eq!(&read.decision, decision);
            prop_assert_eq!(read.content, Item::new(entry.clone()).content);
            prop_assert_eq!(read.range.0, end);
            end = read.range.1;
            prop_assert_eq!(decode_entry(&bytes[read.range.0..end]), Some((entry.clone(), decision.clone())));
        }
        prop_assert_eq!(end, bytes.len());
    }

    #[test]
    fn what_a_node_passes_on_reads_back(made in made(0..8)) {
        let items: Vec<Item> = made.into_iter().map(|(entry, _)| Item::new(entry)).collect();
        let read = decode_items(&encode_items(items.iter())).expect("reads");
        prop_assert_eq!(read.len(), items.len());
        for (read, item) in read.iter().zip(&items) {
            prop_assert_eq!((&read.entry, read.content, &read.encoded), (&item.entry, item.content, &item.encoded));
        }
    }

    /// What still reads after damage is another batch, written as a batch is written.
    #[test]
    fn damage_is_refused_or_is_another_batch(
        made in made(1..4),
        flips in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        keep in any::<Index>(),
    ) {
        let mut bytes = encode(&made);
        let truncated = &bytes[..keep.index(bytes.len())];
        prop_assert_eq!(decode_batch(1, truncated), None);
        let _ = decode_items(truncated);
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= value;
        }
        if bytes.first() == Some(&2) && let Some(read) = decode_batch(1, &bytes) {
            let again: Vec<Made> = read.into_iter().map(|read| (read.entry, read.decision)).collect();
            prop_assert_eq!(encode(&again), bytes.clone());
        }
        let _ = (decode_items(&bytes), decode_entry(&bytes), decode_batch(1, &[&[1], &bytes[1..]].concat()));
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), version in 0..4_u8) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        let _ = (decode_batch(1, &bytes), decode_items(&bytes), decode_entry(&bytes));
    }

    #[test]
    fn evidence_and_consent_are_no_part_of_the_content_and_all_else_is(one in entry(), other in entry()) {
        let content = |entry: &Entry| Item::new(entry.clone()).content;
        prop_assert_eq!(content(&one), content(&bare(one.clone())));
        prop_assert_eq!(content(&one) == content(&other), bare(one) == bare(other));
    }

    /// Two requests that differ in one of the things that people agree to are two requests.
    #[test]
    fn each_field_of_a_payment_is_part_of_its_content(
        (memo, reference, origin, consent, evidence) in trimmings(), amount in money(), fee in money(),
        from in account(), to in account(), key: [u8; 16],
    ) {
        let payment = Payment {
            key, operation: Operation::Pay, from, to, amount, agreed_fee: Some(fee), memo, reference, origin, consent,
            evidence,
        };
        let content = |payment: &Payment| Item::new(Entry::Payment(payment.clone())).content;
        let changes: [fn(&mut Payment); 11] = [
            |payment| payment.key[3] ^= 1,
            |payment| payment.operation = Operation::Transfer,
            |payment| payment.from.0 ^= 1,
            |payment| payment.to.0 ^= 1,
            |payment| payment.amount = Money::new(payment.amount.minor_units() ^ 1, payment.amount.currency()),
            |payment| payment.agreed_fee = None,
            |payment| payment.memo.push('x'),
            |payment| payment.reference.push('x'),
            |payment| payment.origin.app.push('x'),
            |payment| payment.origin.terminal.push('x'),
            |payment| payment.origin.region.push('x'),
        ];
        for change in changes {
            let mut changed = payment.clone();
            change(&mut changed);
            prop_assert_ne!(content(&changed), content(&payment));
        }
    }
}

#[test]
fn long_decisions_are_cut_and_still_read() {
    let long = "字".repeat(2_000);
    let refusal = ControlRefusal { control: Control::Risk, words: long.clone() };
    let made = Decision { verdict: Verdict::Refuse(refusal), reasons: vec![long; 40], ..Decision::default() };
    let made = made.bounded();
    let mut bytes = Vec::new();
    Decision::encode(Some(&made), &mut bytes);
    let read = Decision::decode(&mut crate::codec::Reader(&bytes)).flatten().expect("reads");
    assert_eq!(*read, made, "what is decided is what is journaled");
    assert!(read.reasons.len() <= 16 && read.reasons.iter().all(|reason| reason.len() <= 1024));
}

/// What version 1 of the format knew, with the encoder and the requests of its time.
mod version_one_then {
    use super::*;

    #[derive(Debug, Clone)]
    pub(super) enum Then {
        Open { account: u64, holder: String, kind: Kind },
        Close { account: u64 },
        Payment { key: u64, operation: Operation, from: u64, to: u64, units: i64, fee: Option<(i64, u64)> },
        Hold { key: u64, from: u64, to: u64, units: i64, expires: Option<u64> },
        Capture { key: u64, hold: u64, units: i64 },
        Release { key: u64, hold: u64 },
    }

    fn put_text(out: &mut Vec<u8>, text: &[u8]) {
        out.extend_from_slice(&u16::try_from(text.len()).expect("short").to_le_bytes());
        out.extend_from_slice(text);
    }

    fn put_yuan(out: &mut Vec<u8>, units: i64) {
        out.extend_from_slice(&units.to_le_bytes());
        out.extend_from_slice(&Currency::CNY.to_bytes());
    }

    fn key_bytes(key: u64) -> [u8; 16] {
        u128::from(key).to_le_bytes()
    }

    impl Then {
        pub(super) fn encode(&self, out: &mut Vec<u8>) -> Content {
            let start = out.len();
            let mut evidence: &[u8] = b"";
            let (tag, key) = match self {
                Self::Open { .. } => (1, None),
                Self::Close { .. } => (2, None),
                Self::Payment { key, .. } => (3, Some(key)),
                Self::Hold { key, .. } => (4, Some(key)),
                Self::Capture { key, .. } => (5, Some(key)),
                Self::Release { key, .. } => (6, Some(key)),
            };
            out.push(tag);
            out.extend(key.iter().flat_map(|key| key_bytes(**key)));
            match self {
                Self::Open { account, holder, kind } => {
                    out.extend_from_slice(&account.to_le_bytes());
                    put_text(out, holder.as_bytes());
                    out.extend_from_slice(&kind.code().to_le_bytes());
                    put_text(out, b"an account");
                    out.extend_from_slice(&Currency::CNY.to_bytes());
                }
                Self::Close { account } => out.extend_from_slice(&account.to_le_bytes()),
                Self::Payment { operation, from, to, units, fee, .. } => {
                    out.push(match operation {
                        Operation::Pay => 0,
                        Operation::Transfer => 1,
                        _ => 2,
                    });
                    out.extend_from_slice(&from.to_le_bytes());
                    out.extend_from_slice(&to.to_le_bytes());
                    put_yuan(out, *units);
                    out.push(u8::from(fee.is_some()));
                    if let Some((fee, account)) = fee {
                        put_yuan(out, *fee);
                        out.extend_from_slice(&account.to_le_bytes());
                    }
                    put_text(out, "a memo 备注".as_bytes());
                    evidence = b"signed";
                }
                Self::Hold { from, to, units, expires, .. } => {
                    out.extend_from_slice(&from.to_le_bytes());
                    out.extend_from_slice(&to.to_le_bytes());
                    put_yuan(out, *units);
                    out.extend_from_slice(&expires.unwrap_or(u64::MAX).to_le_bytes());
                    put_text(out, b"deposit");
                    evidence = b"signed too";
                }
                Self::Capture { hold, units, .. } => {
                    out.extend_from_slice(&hold.to_le_bytes());
                    put_yuan(out, *units);
                }
                Self::Release { hold, .. } => out.extend_from_slice(&hold.to_le_bytes()),
            }
            let content = digest(&out[start..]);
            put_text(out, evidence);
            content
        }

        /// What it asked of the ledger. A capture always gave the rest back; opening and closing had no key.
        pub(super) fn request(&self, content: Content) -> Request {
            let yuan = |units| Money::new(units, Currency::CNY);
            let side = ledger::AccountId;
            let (key, commands) = match self.clone() {
                Self::Open { account, kind, .. } => {
                    let rule = match kind {
                        Kind::Settlement => BalanceRule::Free,
                        _ => BalanceRule::DebitsWithinCredits,
                    };
                    let open = Command::Open {
                        account: side(account),
                        currency: Currency::CNY,
                        rule,
                        code: kind.code(),
                    };
                    (None, Commands::One(open))
                }
                Self::Close { account } => (None, Commands::One(Command::Close { account: side(account) })),
                Self::Payment { key, from, to, units, fee, .. } => {
                    let leg = |to, units| Command::Transfer {
                        debit: side(from),
                        credit: side(to),
                        amount: yuan(units),
                    };
                    let commands = match fee {
                        None => Commands::One(leg(to, units)),
                        Some((fee, account)) => {
                            Commands::Linked(Box::new([leg(to, units), leg(account, fee)]))
                        }
                    };
                    (Some(key), commands)
                }
                Self::Hold { key, from, to, units, expires } => {
                    let expires = expires.map(Timestamp);
                    let hold =
                        Command::Hold { debit: side(from), credit: side(to), amount: yuan(units), expires };
                    (Some(key), Commands::One(hold))
                }
                Self::Capture { key, hold, units } => {
                    let capture = Command::Capture { hold: Number(hold), amount: yuan(units), last: true };
                    (Some(key), Commands::One(capture))
                }
                Self::Release { key, hold } => {
                    (Some(key), Commands::One(Command::Release { hold: Number(hold) }))
                }
            };
            Request { key: key.map(|key| Key(key.into())), content, commands }
        }
    }
}

use version_one_then::Then;

/// Five accounts: the bank's, the one for fees, a merchant's, two customers'.
fn then() -> impl Strategy<Value = Then> {
    let (units, key) = (-1..400_i64, 1..60_u64);
    prop_oneof![
        6 => (key.clone(), units.clone(), any::<bool>(), proptest::option::of(1..9_i64)).prop_map(|(key, units, second, fee)| {
            let from = if second { 5 } else { 4 };
            let fee = fee.map(|fee| (fee, 2));
            Then::Payment { key, operation: Operation::Pay, from, to: 3, units, fee }
        }),
        2 => (key.clone(), units.clone()).prop_map(|(key, units)| {
            Then::Payment { key, operation: Operation::Transfer, from: 4, to: 5, units, fee: None }
        }),
        3 => (key.clone(), units.clone(), 4..6_u64).prop_map(|(key, units, to)| {
            Then::Payment { key, operation: Operation::TopUp, from: 1, to, units, fee: None }
        }),
        3 => (key.clone(), units.clone(), proptest::option::of(0..60_u64))
            .prop_map(|(key, units, expires)| Then::Hold { key, from: 4, to: 3, units, expires }),
        2 => (key.clone(), 6..60_u64, units).prop_map(|(key, hold, units)| Then::Capture { key, hold, units }),
        2 => (key, 6..60_u64).prop_map(|(key, hold)| Then::Release { key, hold }),
        2 => (1..7_u64).prop_map(|account| Then::Close { account }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Requests repeated under their keys, keys used for something else, closings refused and tried again,
    /// holds that expire: all of it replays to what it was.
    #[test]
    fn batches_of_version_one_make_the_same_book(
        rows in proptest::collection::vec(proptest::collection::vec(then(), 0..6), 1..25),
    ) {
        let kinds = [Kind::Settlement, Kind::Fees, Kind::Merchant, Kind::Customer, Kind::Customer];
        let opened = (1..).zip(kinds).map(|(account, kind)| Then::Open { account, holder: format!("h{account}"), kind });
        let rows = std::iter::once(opened.collect()).chain(rows);
        let mut was = Ledger::new(Limits::default());
        let mut book = crate::book::Book::new(Limits::default());
        let mut written = Vec::new();
        for (sequence, row) in (1..).zip(rows) {
            let at = Timestamp(sequence * 3);
            let mut batch = vec![1];
            batch.extend_from_slice(&u32::try_from(row.len()).expect("few").to_le_bytes());
            was.advance(at);
            let mut answers = Vec::new();
            for then in &row {
                let content = then.encode(&mut batch);
                answers.push(was.answer(&then.request(content)));
            }
            written.push((at, batch.clone()));
            let now = apply(&mut book, Row { sequence, hash: [0; 32], at, batch }).expect("reads");
            prop_assert_eq!(&now.answers, &answers, "row {}", sequence);
        }
        prop_assert!(book.ledger.accounts().eq(was.accounts()), "the accounts differ");
        prop_assert_eq!(book.ledger.holds().len(), was.holds().len());
        book.check().expect("is sound");
        // And from the disk, with the projections; not always, since that takes its time.
        if written.len() % 6 == 0 {
            let folder = tempfile::tempdir().expect("a folder");
            let files = Files::new(folder.path());
            let mut journal = Journal::open(files.journal()).expect("opens");
            prop_assert_eq!(journal.hash, CHAIN_START);
            for (at, batch) in written {
                journal.append(at, &batch).expect("appends");
            }
            drop(journal);
            let found = recover(&files, Limits::default(), &|_, _| {}).expect("opens");
            prop_assert_eq!(found.book.encode(), book.encode());
        }
    }
}

#[test]
fn a_batch_of_version_one_reads_as_what_it_meant() {
    let mut batch = vec![1, 3, 0, 0, 0];
    let payment =
        Then::Payment { key: 9, operation: Operation::Pay, from: 4, to: 3, units: 250, fee: Some((5, 2)) };
    let hold = Then::Hold { key: 10, from: 4, to: 3, units: 70, expires: None };
    let capture = Then::Capture { key: 11, hold: 8, units: 60 };
    let contents = [payment.encode(&mut batch), hold.encode(&mut batch), capture.encode(&mut batch)];
    let read = decode_batch(1, &batch).expect("reads");
    assert_eq!(read.iter().map(|read| read.content).collect::<Vec<_>>(), contents);
    let yuan = |units| Money::new(units, Currency::CNY);
    let Entry::Payment(payment) = &read[0].entry else { panic!("is a payment") };
    assert_eq!((payment.agreed_fee, payment.memo.as_str()), (Some(yuan(5)), "a memo 备注"));
    assert_eq!((payment.consent, payment.evidence.as_slice()), (Consent::Signed, b"signed".as_slice()));
    let fee = Leg { kind: EntryKind::Fee, debit: AccountId(4), credit: AccountId(2), amount: yuan(5) };
    assert_eq!(read[0].decision.as_ref().map(|decision| decision.legs.clone()), Some(vec![fee]));
    let Entry::Hold(hold) = &read[1].entry else { panic!("is a hold") };
    assert_eq!((hold.expires, hold.evidence.as_slice()), (None, b"signed too".as_slice()));
    let Entry::Capture(capture) = &read[2].entry else { panic!("is a capture") };
    assert!(capture.last, "a capture gave the rest back");
    // What no version has.
    assert_eq!(decode_batch(1, &[0, 0, 0, 0, 0]), None);
    assert_eq!(decode_batch(1, &[3, 0, 0, 0, 0]), None);
    assert_eq!(decode_batch(1, &[2, 255, 255, 255, 255]), None);
}

#[test]
fn a_note_moves_nothing() {
    let note = Entry::Act(Act {
        key: [1; 16],
        actor: "ada".to_owned(),
        action: "sign-in".to_owned(),
        subject: String::new(),
        detail: String::new(),
    });
    let item = Item::new(note);
    let mut ledger = Ledger::new(Limits::default());
    let answer = ledger.answer(&item.entry.request(item.content, None));
    assert!(matches!(answer.result.expect("is noted").as_slice(), [Outcome::Noted]));
}
