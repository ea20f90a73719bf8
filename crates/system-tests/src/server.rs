//! `thinpay serve` as a process: started on free ports, killed or stopped, its log read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Operator;

/// A server that is not ready by then will not be.
const READY_MAX: Duration = Duration::from_secs(60);
/// How often a log is looked at while something is awaited in it.
const LOG_LOOK: Duration = Duration::from_millis(20);

/// A running server. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where terminals connect, host and port.
    pub address: String,
    /// The browser terminal's page.
    pub url: Option<String>,
}

impl Server {
    /// Starts the server on the operator's folder and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or says nothing for a minute; the sentence holds its log.
    pub fn start(operator: &Operator) -> Result<Self> {
        let log = operator.folder.join("serve.log");
        let log_file =
            File::options().create(true).append(true).open(&log).context("opening the server's log")?;
        let mut child = Command::new(&operator.programs.thinpay)
            .arg("serve")
            .arg("--config")
            .arg(operator.folder.join("thinpay.toml"))
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .context("starting `thinpay serve`")?;
        let events = child.stdout.take().context("the server's standard output")?;
        match ready(events) {
            Ok(event) => {
                let first = |key: &str| {
                    event.get(key).and_then(|list| list.get(0)).and_then(Value::as_str).map(str::to_owned)
                };
                let address = first("rfb").with_context(|| format!("no address in {event}"))?;
                Ok(Self { child, log, address, url: first("web") })
            }
            Err(problem) => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("{problem:#}; its log:\n{}", std::fs::read_to_string(&log).unwrap_or_default())
            }
        }
    }

    /// What the server has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log holds a text, and gives back the first line with it.
    ///
    /// # Errors
    /// When it does not within this time; the sentence holds the log.
    pub fn log_line(&self, text: &str, within: Duration) -> Result<String> {
        let start = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return Ok(line.to_owned());
            }
            if start.elapsed() > within {
                bail!("the server's log does not hold \"{text}\":\n{log}");
            }
            std::thread::sleep(LOG_LOOK);
        }
    }

    /// Ends it with SIGKILL: it has no moment to write anything.
    ///
    /// # Errors
    /// When it is gone already, which means that it failed.
    pub fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server was gone already: {status}\n{}", self.log());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn stop(mut self) -> Result<ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("sending SIGTERM")?;
        Ok(self.child.wait()?)
    }

    /// Waits until it ends by itself or by the person's Ctrl-C.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The server's process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Where its log is.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the server's events until it is ready; later ones are read and dropped, so that it never blocks.
fn ready(events: impl std::io::Read + Send + 'static) -> Result<Value> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(events).lines().map_while(Result::ok) {
            if let Ok(event) = serde_json::from_str::<Value>(&line) {
                // Nobody listens after the first.
                let _ = sender.send(event);
            }
        }
    });
    let start = Instant::now();
    loop {
        let left = READY_MAX.checked_sub(start.elapsed()).context("`thinpay serve` was not ready in time")?;
        match receiver.recv_timeout(left) {
            Ok(event) if event.get("event").and_then(Value::as_str) == Some("ready") => return Ok(event),
            Ok(_) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => bail!("`thinpay serve` was not ready in time"),
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("`thinpay serve` ended before it was ready"),
        }
    }
}
