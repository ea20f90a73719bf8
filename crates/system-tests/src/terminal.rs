//! A terminal in somebody's hand: its secure element and profile, and `thinpay-terminal` following scripts.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::operator::text;
use crate::{ACTIVATION_PIN, Operator, Person, Programs, Site};

/// An enrolled terminal.
#[derive(Debug, Clone)]
pub struct Device {
    programs: Programs,
    /// The secure element's file.
    pub element: PathBuf,
    /// The hardware profile's file.
    pub profile: PathBuf,
    /// Who signs in.
    pub account: String,
    /// With which password.
    pub password: String,
    /// The terminal's identifier at the operator's.
    pub terminal: String,
    /// More arguments for `thinpay-terminal run`.
    pub arguments: Vec<String>,
}

/// What the operator gives a customer for a new terminal.
#[derive(Debug)]
pub(crate) struct Enrolment {
    name: String,
    pub(crate) bundle: PathBuf,
    pub(crate) activation_code: String,
    terminal: String,
}

impl Enrolment {
    pub(crate) fn make(operator: &Operator, person: &Person, profile: &str) -> Result<Self> {
        let name = unused(&format!("{}-{profile}", person.account));
        let bundle = operator.folder.join(format!("{name}.bundle"));
        let enrolled = operator.run(&[
            "terminal",
            "enrol",
            "--account",
            person.account,
            "--profile",
            &operator.programs.profile(profile).to_string_lossy(),
            "--out",
            &bundle.to_string_lossy(),
        ])?;
        let activation_code = text(&enrolled, "activation_code")?;
        Ok(Self { name, bundle, activation_code, terminal: text(&enrolled, "terminal")? })
    }
}

/// How a terminal's run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; the terminal's `--help` lists them.
    pub exit: Option<i32>,
    /// What `--json` printed, an event a line.
    pub events: Vec<Value>,
    /// What it wrote to standard error.
    pub log: String,
    /// Where its screenshots are.
    pub record: PathBuf,
}

impl Device {
    pub(crate) fn enrol(operator: &Operator, person: &Person, profile: &str) -> Result<Self> {
        let programs = operator.programs.clone();
        let Enrolment { name, bundle, activation_code, terminal } =
            Enrolment::make(operator, person, profile)?;
        let element = operator.folder.join(format!("{name}.element"));
        let code_file = operator.folder.join(format!("{name}.code"));
        std::fs::write(&code_file, &activation_code).context("writing the activation code")?;
        let output = Command::new(&programs.terminal)
            .arg("import")
            .arg(&bundle)
            .arg("--element")
            .arg(&element)
            .arg("--activation-code-file")
            .arg(&code_file)
            .env("THINPAY_PIN", ACTIVATION_PIN)
            .stdin(Stdio::null())
            .output()
            .context("starting `thinpay-terminal import`")?;
        if !output.status.success() {
            bail!("`thinpay-terminal import` failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Self {
            programs,
            element,
            profile: operator.programs.profile(profile),
            account: person.account.to_owned(),
            password: person.password.to_owned(),
            terminal,
            arguments: Vec::new(),
        })
    }

    /// The same terminal with the hardware profile of another model of the same display: the smallest
    /// difference there can be.
    ///
    /// # Errors
    /// When the profile cannot be read or written.
    pub fn with_other_model(&self, site: &Site) -> Result<Self> {
        let text = std::fs::read_to_string(&self.profile).context("reading the profile")?;
        let profile = site.operator.folder.join(format!("{}.toml", unused("other-model")));
        std::fs::write(&profile, text.replacen("model = \"", "model = \"Other ", 1))
            .context("writing a profile")?;
        Ok(Self { profile, ..self.clone() })
    }

    /// The same terminal with another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self.clone() }
    }

    /// The same terminal for another account name.
    #[must_use]
    pub fn with_account(&self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self.clone() }
    }

    /// The same terminal with one more argument for `thinpay-terminal run`.
    #[must_use]
    pub fn with_arguments(&self, arguments: &[&str]) -> Self {
        let mut device = self.clone();
        device.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        device
    }

    /// Signs in at an address and follows a script to its end.
    ///
    /// # Errors
    /// When the program cannot be started; a script that fails is an [`Outcome`].
    pub fn run(&self, address: &str, script: &str) -> Result<Outcome> {
        self.start(address, script)?.finish()
    }

    /// Begins to; several terminals run at once this way.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self, address: &str, script: &str) -> Result<Running> {
        let folder = self.element.parent().context("the element lies in a folder")?;
        let record = folder.join(unused("record"));
        std::fs::create_dir_all(&record).context("making the folder for recordings")?;
        let script_file = record.join("script.txt");
        std::fs::write(&script_file, script).context("writing the script")?;
        let child = Command::new(&self.programs.terminal)
            .args(["run", "--json", "--display", "headless", "--server"])
            .arg(if address.contains("://") { address.to_owned() } else { format!("rfbs://{address}") })
            .arg("--profile")
            .arg(&self.profile)
            .arg("--element")
            .arg(&self.element)
            .args(["--account", &self.account])
            .arg("--script")
            .arg(&script_file)
            .arg("--record")
            .arg(&record)
            .args(&self.arguments)
            .env("THINPAY_PASSWORD", &self.password)
            .env("THINPAY_PIN", ACTIVATION_PIN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting `thinpay-terminal run`")?;
        Ok(Running { child: Some(child), record })
    }
}

/// A terminal that runs. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    record: PathBuf,
}

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn finish(mut self) -> Result<Outcome> {
        let child = self.child.take().context("a running terminal")?;
        let output = child.wait_with_output().context("waiting for `thinpay-terminal`")?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        Ok(Outcome {
            exit: output.status.code(),
            events: stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
            record: self.record.clone(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Gone already is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Outcome {
    /// Whether the script was followed to its end.
    #[must_use]
    pub fn success(&self) -> bool {
        self.exit == Some(0)
    }

    /// Fails, with everything that was said, unless the script was followed to its end.
    ///
    /// # Errors
    /// When the run was no success.
    pub fn expect_success(self) -> Result<Self> {
        if !self.success() {
            bail!("the terminal did not follow its script to the end (exit {:?}):\n{}", self.exit, self.log);
        }
        Ok(self)
    }

    /// The first event of a name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&Value> {
        self.events.iter().find(|event| event.get("event").and_then(Value::as_str) == Some(name))
    }

    /// The sentence that the session ended with.
    #[must_use]
    pub fn ended(&self) -> &str {
        self.event("ended")
            .and_then(|event| event.get("sentence"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A recorded file.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.record.join(name)
    }
}

/// A name that this process has not given yet; the folders are fresh, so nobody else has either.
fn unused(stem: &str) -> String {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    format!("{stem}-{}", GIVEN.fetch_add(1, Ordering::Relaxed) + 1)
}
