//! A PostgreSQL server of one's own, for tests and benchmarks: made in a temporary folder from the programs
//! that Debian's package `postgresql` installs, reachable by a Unix socket and by a free port on loopback,
//! and gone with the value - or with the process, however that ends.
//!
//! It syncs as a real server does (`fsync` is on): what is measured on it is durable. Everybody on this
//! machine may connect to it without a password, so it is not for data that matters.
#![forbid(unsafe_code)]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian and the makers' own packages put the programs: one folder for each major version.
const INSTALLATIONS: &[&str] = &["/usr/lib/postgresql", "/usr/pgsql", "/opt/postgresql"];

/// Oldest major version that serves.
pub const VERSION_MIN: u32 = 15;

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(30);

/// How long a stop may take before it is given up.
const STOP_MAX: Duration = Duration::from_secs(10);

/// How often a port is looked for that is still free when the server takes it.
const PORT_ATTEMPTS: u32 = 5;

/// The role that owns everything.
pub const USER: &str = "thinpay";

/// Runs the server, and ends it when standard input ends: by a word, or because the process that started it
/// has died. `$1` is the folder of the programs, `$2` ours, `$3` the port.
const SUPERVISOR: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -h 127.0.0.1 -p "$3" >>"$2/log" 2>&1 &
server=$!
read -r how
case "$how" in
    keep) kill -KILL "$server"; wait "$server" ;;
    *) kill -QUIT "$server"; wait "$server"; rm -rf "$2" ;;
esac
"#;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// PostgreSQL is not installed, or is too old.
    #[error(
        "PostgreSQL {VERSION_MIN} or later is not installed here: on Debian, sudo apt-get install postgresql"
    )]
    NotInstalled,
    /// A folder or process could not be made.
    #[error("a private PostgreSQL could not be set up: {0}")]
    Io(#[from] std::io::Error),
    /// The server did not start.
    #[error("the private PostgreSQL did not start: {0}")]
    Start(String),
}

/// Whether [`PrivatePostgres::start`] can work here: the programs are installed.
#[must_use]
pub fn installed() -> bool {
    programs().is_some()
}

/// The folder of the newest installed version's programs.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = INSTALLATIONS
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            let complete = ["postgres", "initdb"].iter().all(|name| programs.join(name).is_file());
            (complete && version >= VERSION_MIN).then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

/// A running server. Dropped, it is stopped and its folder removed.
#[derive(Debug)]
pub struct PrivatePostgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    supervisor: Child,
}

impl PrivatePostgres {
    /// Makes a server and starts it. Takes a second or two.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::Start`] with the end of the server's own log.
    pub fn start() -> Result<Self, Error> {
        let programs = programs().ok_or(Error::NotInstalled)?;
        let folder = tempfile::Builder::new().prefix("thinpay-postgres-").tempdir()?;
        if let Some((user, group)) = server_user()? {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let made = command(&programs.join("initdb"), folder.path())?
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .stdin(Stdio::null())
            .output()?;
        if !made.status.success() {
            return Err(Error::Start(String::from_utf8_lossy(&made.stderr).trim().to_owned()));
        }
        let mut last = Error::Start("no port was free".to_owned());
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            match serve(&programs, folder.path(), port) {
                Ok(supervisor) => return Ok(Self { folder, programs, port, supervisor }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What a client is told to connect by the Unix socket: `host=... port=... user=... dbname=...`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("host={} port={} user={USER} dbname=postgres", self.folder.path().display(), self.port)
    }

    /// What a client is told to connect by loopback.
    #[must_use]
    pub fn loopback_words(&self) -> String {
        format!("host=127.0.0.1 port={} user={USER} dbname=postgres", self.port)
    }

    /// The port on loopback, which the Unix socket is named after too.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of the data, which the server's user owns.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills the server as a failing machine would, without a goodbye to anybody, and starts it again on what
    /// is on disk.
    ///
    /// # Errors
    /// As [`PrivatePostgres::start`].
    pub fn crash_and_restart(&mut self) -> Result<(), Error> {
        self.crash();
        self.restart()
    }

    /// Kills the server as a failing machine would.
    pub fn crash(&mut self) {
        stop(&mut self.supervisor, b"keep\n");
    }

    /// Starts a server that was killed again.
    ///
    /// # Errors
    /// As [`PrivatePostgres::start`].
    pub fn restart(&mut self) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            match serve(&self.programs, self.folder.path(), self.port) {
                Ok(supervisor) => {
                    self.supervisor = supervisor;
                    return Ok(());
                }
                // The killed server's helpers have not noticed yet.
                Err(Error::Start(why)) if why.contains("still in use") && since.elapsed() < START_MAX => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        stop(&mut self.supervisor, b"end\n");
    }
}

/// Starts the server and waits until it takes connections.
fn serve(programs: &Path, folder: &Path, port: u16) -> Result<Child, Error> {
    let ready_line = folder.join("data/postmaster.pid");
    // What a killed server leaves behind would look like a sign of life.
    if ready_line.exists() {
        fs::remove_file(&ready_line)?;
    }
    let mut supervisor = command(Path::new("/bin/sh"), folder)?
        .args(["-c", SUPERVISOR, "thinpay-private-postgres"])
        .args([programs, folder])
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let since = Instant::now();
    while since.elapsed() < START_MAX {
        // Eighth line of the file: the server's state (PostgreSQL, "miscadmin.h").
        if fs::read_to_string(&ready_line).is_ok_and(|text| text.lines().any(|line| line.trim() == "ready")) {
            return Ok(supervisor);
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains("could not bind") || log.contains("database system is shut down") {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    stop(&mut supervisor, b"keep\n");
    let _ = fs::remove_file(folder.join("log"));
    let end: Vec<&str> = log.lines().rev().take(5).collect();
    Err(Error::Start(end.into_iter().rev().collect::<Vec<_>>().join("; ")))
}

/// Tells the supervisor to end, and waits until it has.
fn stop(supervisor: &mut Child, word: &[u8]) {
    if let Some(mut input) = supervisor.stdin.take() {
        // A supervisor that has ended already needs no word.
        let _ = input.write_all(word);
    }
    let since = Instant::now();
    while since.elapsed() < STOP_MAX {
        if !matches!(supervisor.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = supervisor.kill();
    let _ = supervisor.wait();
}

/// A command run as the server's user, apart from the keyboard's signals: the server refuses to run as root.
fn command(program: &Path, folder: &Path) -> Result<Command, Error> {
    let mut command = Command::new(program);
    command.current_dir(folder).process_group(0).env("LC_ALL", "C").env_remove("PGDATA");
    if let Some((user, group)) = server_user()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// The user and group to run as: nobody else when this process is not root's, else those of `postgres`, or
/// of `nobody`.
fn server_user() -> Result<Option<(u32, u32)>, Error> {
    use std::os::unix::fs::MetadataExt as _;
    // The owner of a process's own entry is who it runs as.
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then_some(())?;
            Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .ok_or_else(|| Error::Start("there is no user but root to run it as".to_owned()))
}

fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
