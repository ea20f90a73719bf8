//! The man in the middle, as a process: between a terminal that trusts it and the server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::operator::text;
use crate::{Programs, Server};

/// A running interceptor, good for one connection. Killed when dropped.
#[derive(Debug)]
pub struct Interceptor {
    child: Child,
    /// Where it listens: terminals go there instead of to the server.
    pub address: String,
    /// The certificate that the terminal has to trust.
    pub trust: PathBuf,
    record: PathBuf,
}

/// One byte that the interceptor changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    /// At this offset of what the server sends.
    Down(usize),
    /// At this offset of what the terminal sends.
    Up(usize),
}

/// What the interceptor has when the connection is over.
#[derive(Debug)]
pub struct Intercepted {
    /// Everything the server sent, under TLS.
    pub down: Vec<u8>,
    /// Everything the terminal sent, under TLS.
    pub up: Vec<u8>,
    /// The contents of the pictures.
    pub sealed: Vec<u8>,
    /// These as a picture.
    pub picture: PathBuf,
}

impl Interceptor {
    /// Starts one in front of a server; it writes its record into this folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(programs: &Programs, server: &Server, record: &Path, flip: Option<Flip>) -> Result<Self> {
        let mut command = Command::new(&programs.interceptor);
        command.args(["--server", &server.address, "--record"]).arg(record);
        match flip {
            Some(Flip::Down(offset)) => command.args(["--flip", &format!("down:{offset}")]),
            Some(Flip::Up(offset)) => command.args(["--flip", &format!("up:{offset}")]),
            None => &mut command,
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the interceptor")?;
        let stdout = child.stdout.take().context("the interceptor's standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value =
            serde_json::from_str(&line).with_context(|| format!("the interceptor said: {line}"))?;
        let address = text(&ready, "address")?.replace("127.0.0.1", "localhost");
        Ok(Self {
            child,
            address,
            trust: PathBuf::from(text(&ready, "trust")?),
            record: record.to_path_buf(),
        })
    }

    /// Waits until its connection is over, and reads what it has.
    ///
    /// # Errors
    /// When it failed.
    pub fn finish(mut self) -> Result<Intercepted> {
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the interceptor ended with {status}");
        let read =
            |name: &str| std::fs::read(self.record.join(name)).with_context(|| format!("reading {name}"));
        Ok(Intercepted {
            down: read("down.bin")?,
            up: read("up.bin")?,
            sealed: read("sealed.bin")?,
            picture: self.record.join("recorded.png"),
        })
    }
}

impl Drop for Interceptor {
    fn drop(&mut self) {
        // Gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
