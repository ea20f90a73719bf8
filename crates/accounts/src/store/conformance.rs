//! What every store must do, run on each: the same cases on SQLite's file and on PostgreSQL's schema.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests compute small numbers")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ledger::Timestamp;
use private_postgres::PrivatePostgres;
use tempfile::TempDir;

use super::{AppendError, End, Location, StoreChoice, copy, follow};
use crate::Error;
use crate::journal::{self, Journal};

/// Where a case keeps its journals, and how it reaches behind the store's back.
pub(super) enum Site {
    Sqlite(TempDir),
    Postgres(Box<PrivatePostgres>, AtomicU32),
}

impl Site {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    pub(super) fn postgres() -> Self {
        let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
        Self::Postgres(Box::new(server), AtomicU32::new(0))
    }

    /// A place where no journal is yet.
    pub(super) fn place(&self) -> Place<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let location = match self {
            Self::Sqlite(folder) => {
                let file = folder.path().join(format!("{}.sqlite", NUMBER.fetch_add(1, Ordering::Relaxed)));
                Location::new(&StoreChoice::Sqlite, &file)
            }
            Self::Postgres(server, number) => {
                let schema = format!("books{}", number.fetch_add(1, Ordering::Relaxed));
                let words = format!("{} schema={schema}", server.words());
                Location::new(&StoreChoice::Postgres(words), "".as_ref())
            }
        };
        Place { location: location.expect("can be reached"), site: self }
    }
}

pub(super) struct Place<'a> {
    pub(super) location: Location,
    site: &'a Site,
}

impl Place<'_> {
    fn open(&self) -> Journal {
        Journal::open(&self.location).expect("opens")
    }

    /// Does something to the tables that no store would do.
    fn tamper(&self, sql: &str) {
        match &self.location {
            Location::Sqlite(file) => {
                rusqlite::Connection::open(file).expect("opens").execute_batch(sql).expect("is done");
            }
            Location::Postgres(place) => {
                place.connect().expect("connects").batch_execute(sql).expect("is done");
            }
        }
    }

    /// Everything in the journal, checked.
    pub(super) fn rows(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut rows = Vec::new();
        journal::read(&self.location, u64::MAX, |row| {
            assert_eq!(usize::try_from(row.sequence).expect("small"), rows.len() + 1);
            rows.push(row.batch);
            Ok(())
        })?;
        Ok(rows)
    }

    /// A constant of bytes as this store's SQL writes it.
    fn bytes(&self, hex: &str) -> String {
        match self.site {
            Site::Sqlite(_) => format!("X'{hex}'"),
            Site::Postgres(..) => format!("'\\x{hex}'::bytea"),
        }
    }
}

fn moment(number: u64) -> Timestamp {
    Timestamp(1_760_000_000_000_000_000 + number)
}

fn batch(number: u64) -> Vec<u8> {
    format!("batch {number}").into_bytes()
}

fn append(journal: &mut Journal, numbers: std::ops::Range<u64>) {
    for number in numbers {
        journal.append(moment(number), &batch(number)).expect("appends");
    }
}

fn what_is_appended_is_read(site: &Site) {
    let place = site.place();
    let mut journal = place.open();
    assert_eq!((journal.sequence, journal.hash), (0, [0; 32]));
    assert_eq!(place.rows(), Ok(Vec::new()));
    append(&mut journal, 0..150);
    let large = vec![7; 9 << 20];
    journal.append(moment(150), &large).expect("takes nine megabytes");
    journal.append(moment(151), b"").expect("takes nothing");
    let end = (journal.sequence, journal.hash);
    drop(journal);

    let mut journal = place.open();
    assert_eq!((journal.sequence, journal.hash), end);
    let rows = place.rows().expect("is sound");
    assert_eq!(rows.len(), 152);
    assert_eq!((&rows[3], rows[150] == large, rows[151].len()), (&batch(3), true, 0));

    // From the middle, as a node does that follows.
    let mut store = place.location.open_to_read().expect("opens");
    let middle = follow(store.as_mut(), End::START, 70, |_| Ok(())).expect("is sound");
    append(&mut journal, 152..155);
    let mut seen = Vec::new();
    let last = follow(store.as_mut(), middle, u64::MAX, |row| {
        seen.push(row.sequence);
        Ok(())
    });
    assert_eq!(last.map(|end| end.hash), Ok(journal.hash));
    assert_eq!(seen, (71..=155).collect::<Vec<u64>>());
    let beyond = journal::read(&place.location, 156, |_| Ok(()));
    assert_eq!(beyond, Err(Error::Damaged("it ends before row 156".to_owned())));
    assert_eq!(store.check(), Ok(()));
}

fn a_changed_row_is_named(site: &Site) {
    let changes = [
        ("UPDATE journal SET batch = BYTES WHERE sequence = 3", "row 3 does not match its hash"),
        ("UPDATE journal SET at = at + 1 WHERE sequence = 3", "row 3 does not match its hash"),
        ("UPDATE journal SET hash = previous WHERE sequence = 3", "row 3 does not match its hash"),
        ("UPDATE journal SET previous = hash WHERE sequence = 3", "row 3 does not follow"),
        ("UPDATE journal SET hash = BYTES WHERE sequence = 3", "row 3 has a value of the wrong shape"),
        ("DELETE FROM journal WHERE sequence = 3", "row 3 is missing"),
        ("DELETE FROM journal WHERE sequence = 1", "row 1 is missing"),
        (
            "UPDATE journal SET sequence = 99 WHERE sequence = 3;
             UPDATE journal SET sequence = 3 WHERE sequence = 4;
             UPDATE journal SET sequence = 4 WHERE sequence = 99",
            "row 3 does not follow",
        ),
    ];
    for (sql, expected) in changes {
        let place = site.place();
        append(&mut place.open(), 0..6);
        assert!(place.rows().is_ok());
        place.tamper(&sql.replace("BYTES", &place.bytes("00ff")));
        let told = place.rows().expect_err("is noticed").to_string();
        assert!(told.contains(expected), "{sql}: {told}");
    }
}

fn whoever_comes_second_is_fenced(site: &Site) {
    let place = site.place();
    let (mut first, mut second) = (place.open(), place.open());
    append(&mut first, 0..3);
    for _ in 0..2 {
        assert_eq!(second.append(moment(9), b"stale"), Err(AppendError::Fenced(1)));
    }
    assert_eq!(place.rows().expect("is sound"), (0..3).map(batch).collect::<Vec<_>>());
    let mut third = place.open();
    append(&mut third, 3..5);
    assert_eq!(first.append(moment(9), b"stale"), Err(AppendError::Fenced(4)));
    assert_eq!(place.rows().expect("is sound").len(), 5);
}

fn writers_race_and_nothing_is_lost_or_doubled(site: &Site) {
    const WRITERS: u64 = 4;
    const EACH: u64 = 25;
    let place = site.place();
    drop(place.open());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let location = &place.location;
            scope.spawn(move || {
                let mut done = 0;
                while done < EACH {
                    // A fenced one starts over from the journal, as a node does.
                    let mut journal = Journal::open(location).expect("opens");
                    while done < EACH {
                        match journal.append(moment(0), &batch(writer * EACH + done)) {
                            Ok(()) => done += 1,
                            Err(AppendError::Fenced(_)) => break,
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    let rows = place.rows().expect("is sound");
    let distinct: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!((rows.len(), distinct.len()), (100, 100));
}

fn older_tables_are_brought_up_to_date(site: &Site) {
    let place = site.place();
    append(&mut place.open(), 0..4);
    // What version 1 had.
    place.tamper(match site {
        Site::Sqlite(_) => "DROP TABLE meta",
        Site::Postgres(..) => {
            "UPDATE meta SET value = '1' WHERE name = 'version'; DROP TABLE lease, requests, answers"
        }
    });
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| place.open());
        }
    });
    assert_eq!(place.location.open_to_read().expect("opens").version(), Ok(2));
    append(&mut place.open(), 4..5);
    assert_eq!(place.rows().expect("is sound").len(), 5);

    place.tamper("UPDATE meta SET value = '3' WHERE name = 'version'");
    let told = Journal::open(&place.location).expect_err("is not understood").to_string();
    assert!(told.contains("version 3") && told.contains("newer program"), "{told}");
    place.tamper("UPDATE meta SET value = 'x' WHERE name = 'version'");
    assert!(matches!(Journal::open(&place.location), Err(Error::Damaged(_))));
}

fn a_copy_is_made_while_it_is_written(site: &Site) {
    let (place, target, file) = (site.place(), site.place(), Site::sqlite());
    let file = file.place();
    append(&mut place.open(), 0..300);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut journal = place.open();
            let mut number = 300;
            while !stop.load(Ordering::Relaxed) {
                append(&mut journal, number..number + 1);
                number += 1;
            }
        });
        for _ in 0..3 {
            let mut told = Vec::new();
            let end = copy(&place.location, &target.location, &mut |done, of| told.push((done, of)));
            let end = end.expect("copies");
            assert!(end.sequence >= 300);
            assert_eq!(told.last(), Some(&(end.sequence, end.sequence)));
            let copied = target.rows().expect("is sound");
            assert_eq!(u64::try_from(copied.len()).expect("small"), end.sequence);
            // From whichever store to a file, too.
            copy(&place.location, &file.location, &mut |_, _| ()).expect("copies");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let mut copied = file.open();
    append(&mut copied, 0..1);
    let refused = copy(&place.location, &file.location, &mut |_, _| ()).expect_err("went on by itself");
    assert!(refused.to_string().contains("another journal"), "{refused}");

    place.tamper("UPDATE journal SET at = at + 1 WHERE sequence = 5");
    let refused = copy(&place.location, &site.place().location, &mut |_, _| ());
    assert!(matches!(refused, Err(Error::Damaged(_))), "{refused:?}");
}

type Case = (&'static str, fn(&Site));

const CASES: &[Case] = &[
    ("what is appended is read", what_is_appended_is_read),
    ("a changed row is named", a_changed_row_is_named),
    ("whoever comes second is fenced", whoever_comes_second_is_fenced),
    ("writers race and nothing is lost or doubled", writers_race_and_nothing_is_lost_or_doubled),
    ("older tables are brought up to date", older_tables_are_brought_up_to_date),
    ("a copy is made while it is written", a_copy_is_made_while_it_is_written),
];

fn conforms(site: &Site) {
    for (name, case) in CASES {
        let since = std::time::Instant::now();
        case(site);
        eprintln!("{name}: {} ms", since.elapsed().as_millis());
    }
}

#[test]
fn sqlite_conforms() {
    conforms(&Site::sqlite());
}

#[test]
fn postgres_conforms() {
    conforms(&Site::postgres());
}
