//! The words of the command line, and the help that teaches them.

use anyhow::{Result, bail};

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help(&'static str),
    Build(BuildOptions),
    Check(Vec<String>),
    Test(TestOptions),
    Demo(DemoOptions),
    Bench(Vec<String>),
    Screens,
    Garble,
}

/// Options of `build`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BuildOptions {
    pub(crate) release: bool,
}

/// Options of `test`.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct TestOptions {
    pub(crate) long: bool,
    pub(crate) parts: Vec<String>,
}

/// Options of `demo`.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct DemoOptions {
    pub(crate) once: bool,
    pub(crate) release: bool,
}

const HELP: &str = "\
cargo xtask: build, demo, test and check this project

Usage: cargo xtask <COMMAND> [OPTIONS]

Commands:
  demo     build everything, start a server with seeded users, print the URL and the credentials
  test     everything that CI runs
  build    the payment apps, the browser terminal and the programs
  check    formatting, lints, forbidden dependencies, documents against code
  bench    the benchmarks, as one JSON object for each
  screens  make the screenshots in docs/screens again, by the real programs
  garble   make docs/garble.png again: one payment as four viewers see it

`cargo xtask <COMMAND> --help` tells more about one. Progress is written to standard error, results to
standard output. The programs are built into target/debug (or target/release) and work without xtask.

On a fresh machine: rustup and a C compiler are enough for `demo` and `build`. `test` also wants Chromium,
a Chinese font and the TigerVNC viewer; as root on Debian it installs them, elsewhere it says what to install.
";

const BUILD_HELP: &str = "\
cargo xtask build: the payment apps, the browser terminal and the programs

Usage: cargo xtask build [--release]

  --release  optimised programs, in target/release (for benchmarks and for real use)

Makes, in this order:
  1. the Rust target wasm32-unknown-unknown, installed by rustup when it is missing
  2. the programs thinpay and thinpay-terminal, in one cargo invocation
  3. the payment apps of apps/*, as WebAssembly components, in target/apps
  4. the browser terminal, in target/browser: a static page that `thinpay serve` serves

Examples:
  cargo xtask build
  target/debug/thinpay --help
";

const CHECK_HELP: &str = "\
cargo xtask check: what a change must hold to, tests aside

Usage: cargo xtask check [PART...]

Without a part, all of them:
  format     cargo fmt --check
  edges      dependencies between crates that must never exist (the table is in xtask/src/check/edges.rs)
  purity     pure crates use no socket, file, clock, thread or random source
  documents  the code map, docs/requirements.md and every relative link agree with what is there
  words      nothing forbidden in the text: this machine's paths, private keys, left-over marks
  sizes      files over 600 lines, as a warning: they are usually two ideas
  lints      clippy on everything, warnings are errors, native and WebAssembly
  licences   cargo deny, where it is installed

Examples:
  cargo xtask check
  cargo xtask check edges purity documents
";

const TEST_HELP: &str = "\
cargo xtask test: everything that CI runs

Usage: cargo xtask test [--long] [PART...]

  --long  more cases in the property tests, more kills of the server, other seeds each time

Without a part, all of them in this order:
  packages  Debian packages the tests need: installed when root, otherwise named
  check     cargo xtask check
  build     cargo xtask build
  unit      unit and property tests, by cargo nextest when it is installed, and the examples in the documentation
  system    real programs: payments, wrong passwords, wrong devices, a man in the middle, kills, a stock VNC viewer
  browser   Chromium signs in on the browser terminal and pays

Examples:
  cargo xtask test
  cargo xtask test system browser
  cargo nextest run -p ledger        (one crate, while working on it)
";

const DEMO_HELP: &str = "\
cargo xtask demo: the whole system on this machine

Usage: cargo xtask demo [--once] [--release]

  --once     also drive two real terminals through a payment each, print one JSON object, and end
  --release  with optimised programs

Builds everything, makes an operator, two customers, a merchant and their accounts in a fresh folder, with
the commands that a real operator uses (they are shown), starts the server and prints the URL and the
credentials. Runs until Ctrl-C; the folder is removed at the end.

With --once, standard output is one JSON object, and the exit status is 0 only when the money moved exactly:
  {\"ok\":true, \"payments\":[{\"kind\":\"remote\", \"id\", \"amount\", \"currency\", \"payer\":{\"before\",\"after\"},
   \"payee\":{\"before\",\"after\"}, \"steps\":[{\"name\",\"ms\"}], \"frames\", \"bytes\"}]}
Amounts and balances are in minor units (2350 is 23.50 CNY); bytes are those on the wire, both ways, under TLS.
";

const BENCH_HELP: &str = "\
cargo xtask bench: the benchmarks, one JSON object for each on standard output

Usage: cargo xtask bench [WHAT...]

WHAT is one of: seal view vm session ledger. Without it, all of them.
Builds thinpay with --release and runs `thinpay bench WHAT --json`. Close what else runs on the machine first.
";

const SCREENS_HELP: &str = "\
cargo xtask screens: make the screenshots in docs/screens again

Usage: cargo xtask screens

Starts a server, signs real terminals of several hardware profiles in, drives them by scripts through a
payment in English and in Chinese, and keeps what each of them showed. Then draws the gallery of every kind
of view, by the renderer alone.
";

const GARBLE_HELP: &str = "\
cargo xtask garble: make docs/garble.png again

Usage: cargo xtask garble

One payment as four viewers see it, side by side: the enrolled terminal; the same account on another
hardware profile; with another secure element; and a recorder that ends TLS in between.
";

/// Reads the command line, program name left out.
///
/// # Errors
/// For anything it does not know, in a sentence that names it.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Task> {
    let mut words: Vec<String> = arguments.collect();
    if words.is_empty() {
        return Ok(Task::Help(HELP));
    }
    let command = words.remove(0);
    let asked_for_help = words.iter().any(|word| word == "--help" || word == "-h");
    let mut words = Words { command: command.clone(), words };
    let task = match command.as_str() {
        "--help" | "-h" | "help" => Task::Help(HELP),
        "build" if asked_for_help => Task::Help(BUILD_HELP),
        "check" if asked_for_help => Task::Help(CHECK_HELP),
        "test" if asked_for_help => Task::Help(TEST_HELP),
        "demo" if asked_for_help => Task::Help(DEMO_HELP),
        "bench" if asked_for_help => Task::Help(BENCH_HELP),
        "screens" if asked_for_help => Task::Help(SCREENS_HELP),
        "garble" if asked_for_help => Task::Help(GARBLE_HELP),
        "build" => Task::Build(BuildOptions { release: words.flag("--release") }),
        "check" => Task::Check(words.names(crate::check::PARTS)?),
        "test" => {
            Task::Test(TestOptions { long: words.flag("--long"), parts: words.names(crate::test::PARTS)? })
        }
        "demo" => Task::Demo(DemoOptions { once: words.flag("--once"), release: words.flag("--release") }),
        "bench" => Task::Bench(words.names(crate::bench::BENCHES)?),
        "screens" => Task::Screens,
        "garble" => Task::Garble,
        other => bail!("there is no command `{other}`"),
    };
    match task {
        Task::Help(_) => Ok(task),
        task => words.nothing_left().map(|()| task),
    }
}

/// The words after the command, taken one by one.
struct Words {
    command: String,
    words: Vec<String>,
}

impl Words {
    /// Takes a flag, when it is there.
    fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// Takes all the names, each of which must be known.
    fn names(&mut self, known: &[&str]) -> Result<Vec<String>> {
        let (options, names): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.words).into_iter().partition(|word| word.starts_with('-'));
        self.words = options;
        for name in &names {
            if !known.contains(&name.as_str()) {
                bail!("`{}` knows no `{name}`; it knows {}", self.command, known.join(", "));
            }
        }
        Ok(names)
    }

    fn nothing_left(&self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => bail!("`{}` does not know `{word}`", self.command),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_what_the_help_shows() {
        assert_eq!(parsed("demo --once").unwrap(), Task::Demo(DemoOptions { once: true, release: false }));
        assert_eq!(parsed("build --release").unwrap(), Task::Build(BuildOptions { release: true }));
        assert_eq!(parsed("check edges").unwrap(), Task::Check(vec!["edges".into()]));
        assert_eq!(
            parsed("test --long system").unwrap(),
            Task::Test(TestOptions { long: true, parts: vec!["system".into()] })
        );
        assert_eq!(parsed("").unwrap(), Task::Help(HELP));
        assert_eq!(parsed("test --help").unwrap(), Task::Help(TEST_HELP));
    }

    #[test]
    fn names_what_it_does_not_know() {
        assert!(parsed("dance").unwrap_err().to_string().contains("dance"));
        assert!(parsed("demo --twice").unwrap_err().to_string().contains("--twice"));
        assert!(parsed("check everything").unwrap_err().to_string().contains("edges"));
    }
}
