//! The tables. People may query them; only the projector writes them.
//!
//! Amounts are in minor units of the row's currency, moments in nanoseconds since 1970. Numbers of accounts and
//! payments are running numbers; what people see is derived from them. Money's movements, answers to requests and
//! their keys are in tables of their own: [`crate::legs`], [`crate::answers`], [`crate::key_runs`].

/// Version of the tables. With another one in the file, they are made anew from the journal.
pub(super) const VERSION: i64 = 4;

pub(super) const CREATE: &str = "
    -- How far the tables have followed the journal, and how many records of the audit log they have seen.
    CREATE TABLE position (
        only INTEGER PRIMARY KEY CHECK (only = 0), sequence INTEGER NOT NULL, hash BLOB NOT NULL,
        records INTEGER NOT NULL
    ) STRICT;
    -- The journal's rows: when, and the first record and number in each (none in a row without requests).
    CREATE TABLE rows (
        sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, first_record INTEGER NOT NULL, first_number INTEGER
    ) STRICT;
    CREATE INDEX rows_by_time ON rows (at, sequence);
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY, number INTEGER NOT NULL, holder TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        currency TEXT NOT NULL, tier TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX accounts_by_holder ON accounts (holder, id);
    CREATE INDEX accounts_by_number ON accounts (number);
    -- Every payment that was asked for. state: posted, review, refused. control: which control refused. resolved: the
    -- command that moved it out of review.
    CREATE TABLE payments (
        number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, record INTEGER NOT NULL, at INTEGER NOT NULL,
        operation TEXT NOT NULL, from_account INTEGER NOT NULL, to_account INTEGER NOT NULL, amount INTEGER NOT NULL,
        fee INTEGER NOT NULL, payee_fee INTEGER NOT NULL, currency TEXT NOT NULL, converted INTEGER, rate TEXT,
        memo TEXT NOT NULL, reference TEXT NOT NULL, app TEXT NOT NULL, terminal TEXT NOT NULL, region TEXT NOT NULL,
        hold INTEGER, original INTEGER, state TEXT NOT NULL, control TEXT, refusal TEXT, reasons TEXT,
        evidence BLOB NOT NULL, resolved INTEGER
    ) STRICT;
    CREATE INDEX payments_by_reference ON payments (reference, number) WHERE reference <> '';
    CREATE INDEX payments_by_original ON payments (original) WHERE original IS NOT NULL;
    CREATE INDEX payments_by_hold ON payments (hold) WHERE hold IS NOT NULL;
    CREATE INDEX payments_in_review ON payments (number) WHERE state = 'review';
    CREATE INDEX payments_refused ON payments (number) WHERE state = 'refused';
    -- Amounts set aside. state: open, captured, released, expired. amount is what is still set aside, original what
    -- was set aside at first; ended is when nothing was any more.
    CREATE TABLE holds (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, from_account INTEGER NOT NULL, to_account INTEGER NOT NULL,
        amount INTEGER NOT NULL, currency TEXT NOT NULL, expires INTEGER, state TEXT NOT NULL, memo TEXT NOT NULL,
        reference TEXT NOT NULL, app TEXT NOT NULL, terminal TEXT NOT NULL, region TEXT NOT NULL,
        review INTEGER NOT NULL, evidence BLOB NOT NULL, original INTEGER NOT NULL, ended INTEGER
    ) STRICT;
    CREATE INDEX holds_open ON holds (number) WHERE state = 'open';
    CREATE INDEX holds_ended ON holds (ended) WHERE ended IS NOT NULL;
    -- What was done that moved no money: sign-ins, commands, parameters, cut-offs.
    CREATE TABLE acts (
        number INTEGER PRIMARY KEY, record INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
        action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, key BLOB NOT NULL
    ) STRICT;
    CREATE INDEX acts_by_action ON acts (action, number);
    -- The audit log: hashes of the records by level and tile (docs/audit.md), and the signed heads.
    CREATE TABLE tiles (
        level INTEGER NOT NULL, tile INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, tile)
    ) STRICT;
    CREATE TABLE heads (
        size INTEGER PRIMARY KEY, number INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE snapshot (
        sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, book BLOB NOT NULL
    ) STRICT;
";

/// A payment, as far as the entry says it; captures take the rest from their hold.
pub(super) const INSERT_PAYMENT: &str = "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
    ?13, ?14, ?15, ?16, ?17, ?18, NULL, ?19, ?20, ?21, ?22, ?23, ?24, NULL)";
