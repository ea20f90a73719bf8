//! The command line.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use identity::{AccountName, ActivationCode, EnrolmentBundle, Password, TerminalId};
use profile::HardwareProfile;
use rand_core::OsRng;
use terminal::{Config, Opening};

use crate::display::Headless;
use crate::element_file::{self, Content, FileElement};
use crate::report::Reporter;
use crate::script::{SCRIPT_BYTES_MAX, Script};
use crate::secrets;
use crate::session::{self, Code, Event, Options};
use crate::transport::ServerUrl;
use crate::tty::Tty;

/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 128 * 1024;

const EXIT_CODES: &str = "Exit codes:
  0  the session or the script ended as it should
  2  the command line, a file, a password or a PIN cannot be used
  3  signing in was refused
  4  what arrived did not open on this device (wrong element, wrong profile, or somebody in between)
  5  a step of the script failed
  6  the connection was lost, or the server is none of ours
  7  the server ended the session (idle, taken over, stopping, app failed, locked)";

/// A ThinPay terminal: it shows what the server seals to this device, and returns your input.
///
/// First import the enrolment bundle that the operator gave you, then run:
///
///   thinpay-terminal import alice.bundle --element alice.element
///
///   thinpay-terminal run --server rfbs://pay.example:5910 --profile phone-480x800.toml --element alice.element --account alice --display window
#[derive(Debug, Parser)]
#[command(name = "thinpay-terminal", version, after_help = EXIT_CODES, verbatim_doc_comment)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put the keys of an enrolment bundle into a (development) secure element file.
    Import(Import),
    /// Connect, sign in, and show the service.
    Run(Run),
}

#[derive(Debug, Args)]
struct Import {
    /// The bundle, as `thinpay terminal enrol` wrote it.
    bundle: PathBuf,
    /// The element file to write. It must not exist.
    #[arg(long, value_name = "FILE")]
    element: PathBuf,
    /// A file with the activation code, instead of being asked (also: THINPAY_ACTIVATION_CODE).
    #[arg(long, value_name = "FILE")]
    activation_code_file: Option<PathBuf>,
    /// A file with the PIN to set, instead of being asked (also: THINPAY_PIN).
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Run {
    /// rfbs://HOST:PORT or wss://HOST:PORT/PATH; to this machine also rfb:// and ws://.
    #[arg(long, value_name = "URL")]
    server: ServerUrl,
    /// This device's own hardware profile. Another one than was enrolled gives noise.
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// The element file that `import` wrote.
    #[arg(long, value_name = "FILE")]
    element: PathBuf,
    /// The account of the contract; by default the one the element was enrolled for.
    #[arg(long)]
    account: Option<String>,
    /// What to show on.
    #[arg(long, value_enum, default_value_t = DisplayKind::DEFAULT)]
    display: DisplayKind,
    /// Follow the steps of this file instead of a person (docs/scripts.md).
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Write the script's screenshots into this folder.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Print one line of JSON for each event.
    #[arg(long)]
    json: bool,
    /// A file with the password, instead of being asked (also: THINPAY_PASSWORD).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with the element's PIN, instead of being asked (also: THINPAY_PIN).
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// Show what opens without looking at the tags: TO DEMONSTRATE THE GARBLE, never a product's setting.
    #[arg(long)]
    ignore_tags: bool,
    /// Trust this CA certificate (PEM or DER) too, for TLS. For tests with a man in the middle.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Say that this is TERMINAL, whatever the element says: what somebody with a stolen password would
    /// try. To demonstrate that it gives noise.
    #[arg(long, value_name = "TERMINAL")]
    claim: Option<TerminalId>,
    /// Accept an unsealed session when the server offers it (tests on this machine only).
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DisplayKind {
    /// Nothing is shown; for scripts and screenshots.
    Headless,
    /// The terminal emulator, for text displays.
    Tty,
    /// A window, for picture displays.
    #[cfg(feature = "window")]
    Window,
}

impl DisplayKind {
    #[cfg(feature = "window")]
    const DEFAULT: Self = Self::Window;
    #[cfg(not(feature = "window"))]
    const DEFAULT: Self = Self::Headless;
}

/// Does what the command line says.
///
/// # Errors
/// What the caller must put right: exit code 2.
pub fn run(command: Command) -> anyhow::Result<Code> {
    match command.what {
        What::Import(arguments) => import(&arguments),
        What::Run(run) => session(run),
    }
}

fn read(path: &Path, what: &str, bytes_max: u64) -> anyhow::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_string(&mut text))
        .with_context(|| format!("the {what} cannot be read from {}", path.display()))?;
    if text.len() as u64 > bytes_max {
        bail!("{} is too long for a {what}", path.display());
    }
    Ok(text)
}

/// Reads a certificate: the first of a PEM file, or DER.
fn certificate(path: &Path) -> anyhow::Result<Vec<u8>> {
    use rustls::pki_types::pem::PemObject;
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .with_context(|| format!("the certificate cannot be read from {}", path.display()))?;
    if bytes.starts_with(b"-----") {
        let certificate = rustls::pki_types::CertificateDer::from_pem_slice(&bytes)
            .map_err(|error| anyhow::anyhow!("{} is no certificate: {error}", path.display()))?;
        return Ok(certificate.to_vec());
    }
    Ok(bytes)
}

fn import(import: &Import) -> anyhow::Result<Code> {
    let reporter = Reporter::new(false);
    if import.element.exists() {
        bail!("{} exists already: choose another name, or remove it first", import.element.display());
    }
    let text = read(&import.bundle, "enrolment bundle", FILE_BYTES_MAX)?;
    let code = secrets::get(
        "Activation code",
        import.activation_code_file.as_deref(),
        Some("THINPAY_ACTIVATION_CODE"),
    )?;
    let bundle = EnrolmentBundle::open(&text, &ActivationCode::parse(&code)?)?;
    let content = Content {
        terminal: bundle.terminal.as_bytes().to_vec(),
        account: bundle.account.to_string(),
        server_name: bundle.server_name.clone(),
        operator_ca: bundle.operator_ca.clone(),
        certificate: bundle.certificate.clone(),
        signing_key: *bundle.signing_key.to_bytes(),
        agreement_key: *bundle.agreement_key.to_bytes(),
    };
    let pin = secrets::get("New PIN of the element", import.pin_file.as_deref(), Some("THINPAY_PIN"))?;
    let asked = import.pin_file.is_none() && std::env::var_os("THINPAY_PIN").is_none();
    if asked && secrets::ask("The same PIN again")? != pin {
        bail!("the two PINs differ: nothing was written");
    }
    let sealed = element_file::seal(&content, &pin, &mut OsRng)?;
    write_private(&import.element, &sealed)?;
    reporter.say(&format!(
        "The element of terminal {} for account {} is in {}.\nIt is a file, for development only: no product's secure element.",
        bundle.terminal,
        bundle.account,
        import.element.display()
    ));
    Ok(Code::Done)
}

/// Writes a new file that only its owner may read.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn session(run: Run) -> anyhow::Result<Code> {
    let profile = HardwareProfile::from_toml(&read(&run.profile, "hardware profile", FILE_BYTES_MAX)?)
        .with_context(|| format!("{} is no hardware profile", run.profile.display()))?;
    let script = match &run.script {
        Some(path) => Some(
            Script::parse(&read(path, "script", SCRIPT_BYTES_MAX as u64)?)
                .with_context(|| format!("the script {} is not understood", path.display()))?,
        ),
        None => None,
    };
    let script = match script {
        // Without any other wish: what the viewer sees, for the picture of it.
        None if run.ignore_tags && run.record.is_some() && run.display == DisplayKind::Headless => {
            Some(Script::parse("wait 500ms\nscreenshot noise")?)
        }
        script => script,
    };
    if script.is_none() && run.display == DisplayKind::Headless {
        bail!("--display headless shows nothing: give it a --script to follow");
    }
    if run.record.is_none() && script.as_ref().is_some_and(Script::takes_screenshots) {
        bail!("the script takes screenshots: say with --record DIR where they go");
    }
    let text = read(&run.element, "element file", FILE_BYTES_MAX)?;
    let pin = secrets::get("PIN of the element", run.pin_file.as_deref(), Some("THINPAY_PIN"))?;
    let element = FileElement::open(&text, &pin).with_context(|| run.element.display().to_string())?;
    let content = element.content();
    let terminal: [u8; 16] =
        content.terminal.as_slice().try_into().context("the element file holds no terminal's identity")?;
    let account = AccountName::new(run.account.as_deref().unwrap_or(&content.account))?;
    let password = secrets::get(
        &format!("Password of {account}"),
        run.password_file.as_deref(),
        Some("THINPAY_PASSWORD"),
    )?;
    let config = Config {
        account,
        password: Some(Password::new(password.as_str())?),
        terminal: run.claim.unwrap_or_else(|| TerminalId::from_bytes(terminal)),
        profile: profile.clone(),
        outline: script.as_ref().is_some_and(Script::needs_outline),
        opening: Opening::Inside,
        ignore_tags: run.ignore_tags,
        plain: run.plain,
    };
    let reporter = Reporter::new(run.json);
    if run.ignore_tags {
        reporter.say("--ignore-tags: this terminal shows what it cannot verify. For demonstration only.");
    }
    let trust = run.trust.as_deref().map(certificate).transpose()?;
    let options =
        Options { server: &run.server, element: &element, trust, script, record: run.record.as_deref() };
    let (sender, receiver) = channel::<Event>();
    let outcome = match run.display {
        DisplayKind::Headless => {
            session::run(options, config, &mut Headless, &reporter, (sender, &receiver))?
        }
        DisplayKind::Tty => {
            let mut tty = Tty::new(&profile, sender.clone())?;
            session::run(options, config, &mut tty, &reporter, (sender, &receiver))?
        }
        #[cfg(feature = "window")]
        DisplayKind::Window => {
            let events = sender.clone();
            crate::window::run(&profile, events, |display| {
                let receiver = receiver;
                session::run(options, config, display, &reporter, (sender, &receiver))
            })??
        }
    };
    if let Some(sentence) = &outcome.sentence {
        reporter.say(sentence);
    }
    Ok(outcome.code)
}
