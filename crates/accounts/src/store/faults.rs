//! What stores do when the world fails: full disks, folders that are not theirs, torn files, lost connections.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests compute small numbers, and a child prints for its parent"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use ledger::Timestamp;
use private_postgres::PrivatePostgres;

use super::{AppendError, Location, StoreChoice};
use crate::Error;
use crate::journal::{self, Journal};

const FOLDER_VARIABLE: &str = "THINPAY_TEST_STORE_FOLDER";
const ROW_BYTES: usize = 16 << 10;

fn sqlite(folder: &Path) -> Location {
    Location::new(&StoreChoice::Sqlite, &folder.join("journal.sqlite")).expect("a file needs no words")
}

fn rows(location: &Location) -> Result<u64, Error> {
    let mut count = 0;
    journal::read(location, u64::MAX, |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// The child: appends until it cannot, and prints how often it could and why it could not.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let opened = Journal::open(&sqlite(Path::new(&folder)));
    let mut appended = 0;
    let why = match opened {
        Err(error) => error.to_string(),
        Ok(mut journal) => loop {
            match journal.append(Timestamp(appended), &vec![1; ROW_BYTES]) {
                Ok(()) => appended += 1,
                Err(error) => break error.to_string(),
            }
            if appended > 10_000 {
                break "nothing".to_owned();
            }
        },
    };
    println!("appended {appended} until {why}");
}

/// Runs the child by way of `wrap`, and returns what it printed.
fn run_child(folder: &Path, wrap: impl FnOnce(&Path, &[&str]) -> Command) -> (u64, String) {
    let program = std::env::current_exe().expect("knows itself");
    let name = format!("{}::child", module_path!().split_once("::").expect("is in a crate").1);
    let output = wrap(&program, &[&name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER_VARIABLE, folder)
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.split("appended ").nth(1).unwrap_or_else(|| panic!("the child said: {text} {output:?}"));
    let (count, why) = line.lines().next().expect("a line").split_once(" until ").expect("both");
    (count.parse().expect("a number"), why.to_owned())
}

#[test]
fn a_full_disk_stops_posting_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (appended, why) = run_child(folder.path(), |program, arguments| {
        // No file may grow beyond this many blocks: what a full disk does, without filling one.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"]).arg(program).args(arguments);
        command
    });
    assert!(appended > 10 && appended < 1000, "{appended}: {why}");
    assert!(why.contains("free space") || why.contains("is full"), "{why}");
    // With room again, all that was acknowledged is there, and it goes on.
    let location = sqlite(folder.path());
    let mut journal = Journal::open(&location).expect("opens");
    assert!(journal.sequence == appended || journal.sequence == appended + 1, "{}", journal.sequence);
    journal.append(Timestamp(u64::from(u32::MAX)), b"on").expect("goes on");
    assert_eq!(rows(&location), Ok(journal.sequence));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    Journal::open(&sqlite(folder.path())).expect("opens").append(Timestamp(1), b"row").expect("appends");
    for (name, mode) in [("journal.sqlite", 0o444), ("", 0o555)] {
        let path = folder.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is ours");
    }
    let (appended, why) = run_child(folder.path(), |program, arguments| {
        // Root may write anywhere, so somebody else tries.
        let is_root = fs::metadata("/proc/self").is_ok_and(|entry| {
            use std::os::unix::fs::MetadataExt as _;
            entry.uid() == 0
        });
        let mut command = Command::new(program);
        if is_root {
            use std::os::unix::process::CommandExt as _;
            command.uid(65_534).gid(65_534);
        }
        command.args(arguments);
        command
    });
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("is ours");
    assert_eq!(appended, 0);
    assert!(why.contains("cannot be written") && why.contains("journal.sqlite"), "{why}");
    assert_eq!(rows(&sqlite(folder.path())), Ok(1));
}

#[test]
fn a_torn_file_is_named() {
    let whole = tempfile::tempdir().expect("a folder");
    {
        let mut journal = Journal::open(&sqlite(whole.path())).expect("opens");
        for number in 0..64 {
            journal.append(Timestamp(number), &vec![1; 4000]).expect("appends");
        }
    }
    let bytes = fs::read(whole.path().join("journal.sqlite")).expect("reads");
    assert!(bytes.len() > 200_000, "the log was copied into the file at the end");
    let half = bytes.len() / 2;
    let page = |number: usize| number * 4096;
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = bytes.clone();
        change(&mut changed);
        changed
    };
    let torn = [
        ("cut in the middle", with(&|bytes| bytes.truncate(half))),
        ("one byte of a row", with(&|bytes| bytes[half] ^= 1)),
        ("a page of nothing", with(&|bytes| bytes[page(9)..page(10)].fill(0))),
        ("a page of rubbish", with(&|bytes| bytes[page(3)..page(4)].fill(0xa5))),
        ("the first page", with(&|bytes| bytes[..100].fill(0))),
    ];
    for (name, bytes) in torn {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("journal.sqlite"), bytes).expect("writes");
        let found = Journal::open(&sqlite(folder.path())).and_then(|_| rows(&sqlite(folder.path())));
        let Err(Error::Damaged(why)) = found else { panic!("{name}: {found:?}") };
        eprintln!("{name}: {why}");
    }
}

/// What the go-between does to the next message.
const PASS: u8 = 0;
/// Lets the request through and cuts the connection when the answer comes: the row is there.
const CUT_BEFORE_ANSWER: u8 = 1;
/// Cuts the connection before the request gets through: the row is not there.
const CUT_BEFORE_REQUEST: u8 = 2;

/// Somebody between client and server who cuts connections when told.
fn go_between(server: u16) -> (u16, Arc<AtomicU8>, Arc<AtomicU64>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("has one").port();
    let mode = Arc::new(AtomicU8::new(PASS));
    let cuts = Arc::new(AtomicU64::new(0));
    let (told, counted) = (Arc::clone(&mode), Arc::clone(&cuts));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
            let both = (
                (
                    client.try_clone().expect("clones"),
                    server.try_clone().expect("clones"),
                    CUT_BEFORE_REQUEST,
                ),
                (server, client, CUT_BEFORE_ANSWER),
            );
            for (mut from, mut to, cut_at) in [both.0, both.1] {
                let (told, counted) = (Arc::clone(&told), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(count @ 1..) = from.read(&mut buffer) {
                        if told.compare_exchange(cut_at, PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                            counted.fetch_add(1, Ordering::SeqCst);
                            break;
                        }
                        if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
                            break;
                        }
                    }
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    (port, mode, cuts)
}

#[test]
fn a_connection_lost_in_a_commit_is_settled_by_the_journal() {
    let mut server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let (port, mode, cuts) = go_between(server.port());
    let words = format!("host=127.0.0.1 port={port} user=thinpay dbname=postgres");
    let location = Location::new(&StoreChoice::Postgres(words), "".as_ref()).expect("reads");
    let mut journal = Journal::open(&location).expect("opens");
    let mut number = 0;
    let mut append = |journal: &mut Journal| {
        number += 1;
        journal.append(Timestamp(number), &number.to_le_bytes())
    };
    for round in 0..20 {
        append(&mut journal).expect("appends");
        mode.store(if round % 2 == 0 { CUT_BEFORE_ANSWER } else { CUT_BEFORE_REQUEST }, Ordering::SeqCst);
        append(&mut journal).expect("is settled");
        assert_eq!(mode.load(Ordering::SeqCst), PASS);
    }
    assert_eq!(cuts.load(Ordering::SeqCst), 20);
    assert_eq!(rows(&location), Ok(40));

    // Somebody else has written that row meanwhile: this one is told that it is behind.
    let mut other = Journal::open(&location).expect("opens");
    mode.store(CUT_BEFORE_REQUEST, Ordering::SeqCst);
    // The other one's request is cut, asked again, and in.
    append(&mut other).expect("is settled");
    mode.store(CUT_BEFORE_ANSWER, Ordering::SeqCst);
    assert_eq!(append(&mut journal), Err(AppendError::Fenced(41)));
    let mut journal = Journal::open(&location).expect("opens");
    assert_eq!(rows(&location), Ok(41));

    // The server kills the sessions of everybody, again and again; then it crashes and comes back.
    let killer = super::words::place(&server.words()).expect("reads").connect().expect("connects");
    std::thread::scope(|scope| {
        let mut killer = killer;
        let kills = scope.spawn(move || {
            let mut killed = 0;
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(40));
                killed += killer
                    .execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
                        &[],
                    )
                    .expect("kills");
            }
            killed
        });
        let mut appended = 0;
        while appended < 300 || !kills.is_finished() {
            append(&mut journal).expect("is settled");
            appended += 1;
        }
        assert!(kills.join().expect("kills") > 10);
        assert_eq!(rows(&location), Ok(41 + appended));
    });
    let before = rows(&location).expect("is sound");
    server.crash_and_restart().expect("starts again");
    append(&mut journal).expect("is settled");
    assert_eq!(rows(&location), Ok(before + 1));
    drop(server);
    let lost = append(&mut journal);
    assert!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
}

#[test]
fn a_server_elsewhere_is_spoken_to_over_tls_and_must_be_who_it_says() {
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .expect("a name")
        .self_signed(&key)
        .expect("signs");
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, certificate.pem()).expect("writes");
    let owner = {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(server.data()).map(|entry| (entry.uid(), entry.gid())).expect("is there")
    };
    for (name, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let file = server.data().join(name);
        fs::write(&file, text).expect("writes");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("is ours");
        std::os::unix::fs::chown(&file, Some(owner.0), Some(owner.1)).expect("is ours");
    }
    let mut session = super::words::place(&server.words()).expect("reads").connect().expect("connects");
    session.batch_execute("ALTER SYSTEM SET ssl = on").expect("is set");
    session.batch_execute("SELECT pg_reload_conf()").expect("is loaded");
    std::thread::sleep(Duration::from_millis(300));

    let words = |host: &str, roots: &Path| {
        format!(
            "host={host} hostaddr=127.0.0.1 port={} user=thinpay dbname=postgres sslmode=require sslrootcert={}",
            server.port(),
            roots.display()
        )
    };
    let location = Location::new(&StoreChoice::Postgres(words("localhost", &roots)), "".as_ref());
    let Location::Postgres(place) = location.expect("reads") else { panic!("is PostgreSQL") };
    let mut session = place.connect().expect("connects over TLS");
    let row = session
        .query_one("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[])
        .expect("answers");
    assert_eq!((row.get::<_, bool>(0), row.get::<_, String>(1).as_str()), (true, "TLSv1.3"));

    // Another name, and another authority.
    let other = super::words::place(&words("db.example", &roots)).expect("reads");
    assert!(other.connect().is_err(), "the certificate names another host");
    let stranger = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let stranger = stranger.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("signs");
    fs::write(&roots, stranger.pem()).expect("writes");
    let other = super::words::place(&words("localhost", &roots)).expect("reads");
    assert!(other.connect().is_err(), "nobody vouches for the certificate");
}
