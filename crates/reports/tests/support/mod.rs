//! Reports with invented figures, as tests and the sample pages use them.
#![allow(dead_code, reason = "each test program uses some of it")]

use ledger::Timestamp;
use money::{Currency, Money};
use reports::{
    AccountKind, AuditHead, ClearingCycle, ClearingPosition, Day, DayEnd, DeclineTotal, EntryKind, FeeTotal,
    HoldTotal, Language, Letterhead, OperationTotal, Record, ReviewQueue, Statement, StatementLine,
    TrialBalance, TrialBalanceRow, Zone,
};

/// 2026-11-01 08:00 in Shanghai.
pub(crate) const START_NS: u64 = 1_793_491_200_000_000_000;
/// A minute.
pub(crate) const MINUTE_NS: u64 = 60_000_000_000;

pub(crate) fn letterhead(language: Language) -> Letterhead {
    Letterhead {
        operator: match language {
            Language::English => "Harbour Payment Services".to_owned(),
            Language::Chinese => "海港支付服务有限公司".to_owned(),
        },
        language,
        zone: Zone::new("Asia/Shanghai").expect("a zone"),
        issued: Timestamp(START_NS + 30 * 1440 * MINUTE_NS),
    }
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

pub(crate) fn yuan(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::CNY)
}

/// A statement whose balances follow.
pub(crate) fn statement(
    language: Language,
    kind: AccountKind,
    opening: i64,
    entries: &[Entry<'_>],
) -> Statement {
    let mut balance = opening;
    let lines = entries.iter().enumerate().map(|(index, entry)| {
        balance += entry.amount;
        let index = u64::try_from(index).expect("small");
        StatementLine {
            at: Timestamp(START_NS + index * 701 * MINUTE_NS),
            payment: format!("7K{}-M{:02}-QXC", index % 10, (index * 37) % 100),
            kind: EntryKind::from(entry.kind),
            counterparty: entry.counterparty.to_owned(),
            reference: entry.reference.to_owned(),
            memo: entry.memo.to_owned(),
            amount: yuan(entry.amount),
            balance_after: yuan(balance),
        }
    });
    let lines = lines.collect();
    Statement {
        letterhead: letterhead(language),
        account: "1000000172".to_owned(),
        holder: "li.ming".to_owned(),
        name: match language {
            Language::English => "Li Ming".to_owned(),
            Language::Chinese => "李明".to_owned(),
        },
        kind,
        currency: Currency::CNY,
        from: day("2026-11-01"),
        to: day("2026-11-30"),
        opening_balance: yuan(opening),
        closing_balance: yuan(balance),
        held: Some(yuan(5000)),
        lines,
    }
}

/// A line to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: &'a str,
    pub(crate) amount: i64,
    pub(crate) counterparty: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) memo: &'a str,
}

const fn entry<'a>(
    kind: &'a str,
    amount: i64,
    counterparty: &'a str,
    reference: &'a str,
    memo: &'a str,
) -> Entry<'a> {
    Entry { kind, amount, counterparty, reference, memo }
}

/// Forty lines of a customer.
pub(crate) fn customer(language: Language) -> Statement {
    let english = [
        entry("top-up", 200_000, "Bank of Communications", "PAYROLL 11/2026", "Salary November"),
        entry("pay", -2350, "Corner Tea House", "", ""),
        entry("transfer", -80_000, "Wang Fang", "", "Rent, November"),
        entry(
            "capture",
            -45_600,
            "Grand Harbour Hotel and Conference Centre, Pudong Riverside, Shanghai",
            "INV-2026-00098172",
            "Room 1204, two nights, breakfast included; deposit returned at the desk",
        ),
        entry("fee", -120, "", "", ""),
        entry(
            "refund",
            12_000,
            "Grand Harbour Hotel and Conference Centre, Pudong Riverside, Shanghai",
            "INV-2026-00098172",
            "",
        ),
        entry("pay", -1990, "Line 2 Metro", "", ""),
        entry("transfer", 5000, "Zhao Wei", "", "Dinner on Friday, thank you!"),
    ];
    let chinese = [
        entry("top-up", 200_000, "交通银行", "工资 2026-11", "十一月工资"),
        entry("pay", -2350, "街角茶馆", "", ""),
        entry("transfer", -80_000, "王芳", "", "十一月房租"),
        entry(
            "capture",
            -45_600,
            "上海浦东滨江海港国际大酒店暨会议中心有限责任公司",
            "INV-2026-00098172",
            "1204 房，两晚，含早餐；押金已在前台退还",
        ),
        entry("fee", -120, "", "", ""),
        entry("refund", 12_000, "上海浦东滨江海港国际大酒店暨会议中心有限责任公司", "INV-2026-00098172", ""),
        entry("pay", -1990, "地铁二号线", "", ""),
        entry("transfer", 5000, "赵伟", "", "周五晚餐，谢谢！"),
    ];
    let pattern = if language == Language::English { english } else { chinese };
    let entries: Vec<Entry<'_>> = pattern.into_iter().cycle().take(40).collect();
    statement(language, AccountKind::Customer, 123_456, &entries)
}

pub(crate) fn merchant(language: Language) -> Statement {
    let pattern = [
        entry("pay", 2350, "Li Ming", "T-0001", ""),
        entry("pay", 128_800, "王芳", "T-0002", "Oolong, 2 kg"),
        entry("fee", -773, "", "", ""),
        entry("capture", 45_600, "Zhao Wei", "T-0003", ""),
        entry("refund", -2350, "Li Ming", "T-0001", ""),
        entry("settlement", -150_000, "Bank of Communications", "20261101-1-0003", ""),
    ];
    let entries: Vec<Entry<'_>> = pattern.into_iter().cycle().take(18).collect();
    let mut statement = statement(language, AccountKind::Merchant, 50_000, &entries);
    (statement.account, statement.holder) = ("1000000269".to_owned(), "tea-house".to_owned());
    statement.name = language_name(language, "Corner Tea House", "街角茶馆");
    statement.held = None;
    statement
}

fn language_name(language: Language, english: &str, chinese: &str) -> String {
    if language == Language::English { english.to_owned() } else { chinese.to_owned() }
}

pub(crate) fn empty(language: Language) -> Statement {
    let mut statement = statement(language, AccountKind::Customer, 0, &[]);
    statement.held = None;
    statement
}

/// The operator's mirror of its bank account: below nothing, with the largest figures there are.
pub(crate) fn overdrawn(language: Language) -> Statement {
    let entries = [
        entry("top-up", -9_000_000_000_000_000_000, "Li Ming", "", "as large as they get"),
        entry(
            "settlement",
            8_999_999_999_999_999_999,
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
            "RF18539007547034",
            "",
        ),
        entry(
            "tithe",
            -1,
            "<script>alert('x')</script> & \u{202e}txt.exe",
            "=HYPERLINK(\"http://evil\")",
            "a\nb",
        ),
    ];
    let mut statement = statement(language, AccountKind::Settlement, -100_000, &entries);
    statement.name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, Konto bei der Zweiten Bank".to_owned();
    statement.letterhead.operator =
        "The Very Long-Named Harbour and Hinterland Payment Services Company (Shanghai) Limited".to_owned();
    statement
}

pub(crate) fn trial_balance(language: Language, broken: bool) -> TrialBalance {
    let row = |account: u64, name: &str, kind: &str, debits: i64, credits: i64, currency: Currency| {
        TrialBalanceRow {
            account: format!("10000{account:05}"),
            holder: name.to_lowercase().replace(' ', "."),
            name: name.to_owned(),
            kind: AccountKind::from(kind),
            debits: Money::new(debits, currency),
            credits: Money::new(credits, currency),
            balance: Money::new(credits - debits, currency),
        }
    };
    let mut rows = Vec::new();
    let mut sum = 0;
    for number in 0_i32..30 {
        let (credits, debits) =
            (1_234_500 + i64::from(number) * 77_777, 234_500 + i64::from(number) * 12_345);
        sum += credits - debits;
        let kind = if number % 5 == 4 { "merchant" } else { "customer" };
        let name = if kind == "merchant" { "Corner Tea House" } else { "Li Ming" };
        rows.push(row(
            u64::from(number.unsigned_abs()) * 97 + 172,
            name,
            kind,
            debits,
            credits,
            Currency::CNY,
        ));
    }
    rows.push(row(
        9001,
        "Settlement account at the Bank of Communications",
        "settlement",
        sum + 4_567,
        0,
        Currency::CNY,
    ));
    rows.push(row(9002, "Fees", "fees", 0, 4_567, Currency::CNY));
    rows.push(row(9003, "Settlement account", "settlement", 120_000, 0, Currency::JPY));
    rows.push(row(9004, "Wang Fang", "customer", 20_000, 140_000, Currency::JPY));
    rows.push(row(9005, "Line 2 Metro", "merchant", 0, 0, Currency::JPY));
    let mut balance = TrialBalance {
        letterhead: letterhead(language),
        as_of: Timestamp(START_NS + 29 * 1440 * MINUTE_NS),
        rows,
    };
    if broken {
        if let Some(row) = balance.rows.get_mut(3) {
            row.balance = yuan(1);
        }
        balance.rows.retain(|row| row.name != "Wang Fang");
    }
    balance
}

pub(crate) fn day_end(language: Language, broken: bool) -> DayEnd {
    let position = |participant: &str, name: &str, debit: i64, credit: i64| ClearingPosition {
        participant: participant.to_owned(),
        name: name.to_owned(),
        gross_debit: yuan(debit),
        gross_credit: yuan(credit),
        net: yuan(credit - debit),
    };
    let operation =
        |word: &str, count, amount| OperationTotal { operation: EntryKind::from(word), count, amount };
    DayEnd {
        letterhead: letterhead(language),
        day: day("2026-11-23"),
        cut_off: Timestamp(START_NS + 22 * 1440 * MINUTE_NS + 900 * MINUTE_NS),
        operations: vec![
            operation("pay", 18_204, yuan(91_238_450)),
            operation("transfer", 1_922, yuan(30_118_400)),
            operation("top-up", 804, yuan(64_000_000)),
            operation("refund", 31, yuan(88_120)),
            operation("pay", 12, Money::new(48_000, Currency::JPY)),
        ],
        fees: vec![
            FeeTotal { schedule: "merchants, standard".to_owned(), count: 18_204, amount: yuan(547_431) },
            FeeTotal { schedule: String::new(), count: 3, amount: yuan(90) },
        ],
        declines: vec![
            DeclineTotal { reason: "insufficient-funds".to_owned(), count: 212 },
            DeclineTotal { reason: "limit".to_owned(), count: 41 },
            DeclineTotal { reason: "risk".to_owned(), count: 7 },
            DeclineTotal { reason: "something-new".to_owned(), count: 1 },
        ],
        holds: vec![HoldTotal { count: 88, amount: yuan(1_204_400) }],
        review: ReviewQueue {
            waiting: 3,
            oldest: Some(Timestamp(START_NS + 22 * 1440 * MINUTE_NS)),
            released: 12,
            refused: 2,
        },
        clearing: vec![ClearingCycle {
            cycle: 1,
            positions: vec![
                position("operator", "Harbour Payment Services", 0, 547_521),
                position("bocom", "Bank of Communications", 64_000_000, 2_000_000),
                position("tea-house", "Corner Tea House", 88_120, if broken { 1 } else { 61_540_599 }),
            ],
            instructions: 2,
            confirmed: 1,
            discrepancies: u64::from(broken),
            held_out: if broken { vec!["metro-line-2".to_owned()] } else { Vec::new() },
        }],
        audit: Some(AuditHead {
            size: 1_204_882,
            root: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            at: Timestamp(START_NS + 22 * 1440 * MINUTE_NS + 901 * MINUTE_NS),
        }),
    }
}

pub(crate) fn record(reference: &str, minor_units: i64, date: &str, line: Option<u32>) -> Record {
    Record { reference: reference.to_owned(), amount: yuan(minor_units), day: day(date), line }
}
