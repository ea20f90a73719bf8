//! Where passwords, PINs and activation codes come from: a file, the environment, or the person at the
//! keyboard, whose typing is not shown. Never from the command line, which other users can read.

use std::io::{BufRead, IsTerminal, Read, Write, stderr, stdin};
use std::path::Path;

use anyhow::{Context, bail};
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use zeroize::Zeroizing;

/// The longest secret that is read, in bytes.
pub const SECRET_BYTES_MAX: usize = 1024;

/// Gets a secret: from the file when there is one, else from the environment, else by asking.
///
/// # Errors
/// A file that cannot be read, or nobody to ask.
pub fn get(what: &str, file: Option<&Path>, variable: Option<&str>) -> anyhow::Result<Zeroizing<String>> {
    if let Some(path) = file {
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(path)
            .and_then(|file| file.take(SECRET_BYTES_MAX as u64 + 1).read_to_string(&mut text))
            .with_context(|| format!("the {what} cannot be read from {}", path.display()))?;
        return first_line(what, &text);
    }
    if let Some(value) = variable.and_then(|name| std::env::var(name).ok()) {
        return first_line(what, &Zeroizing::new(value));
    }
    ask(what)
}

fn first_line(what: &str, text: &str) -> anyhow::Result<Zeroizing<String>> {
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || line.len() > SECRET_BYTES_MAX {
        bail!("the {what} is empty or too long");
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Asks the person at the keyboard; what is typed is not shown.
///
/// # Errors
/// Nobody is there, or they gave up with Ctrl-C.
pub fn ask(what: &str) -> anyhow::Result<Zeroizing<String>> {
    if !stdin().is_terminal() {
        let mut line = Zeroizing::new(String::new());
        stdin().lock().take(SECRET_BYTES_MAX as u64 + 1).read_line(&mut line)?;
        return first_line(what, &line).with_context(|| {
            format!("the {what} is asked on standard input, or given by a file (see --help)")
        });
    }
    write!(stderr(), "{what}: ")?;
    stderr().flush()?;
    enable_raw_mode()?;
    let typed = type_hidden();
    disable_raw_mode()?;
    writeln!(stderr())?;
    first_line(what, &typed?)
}

fn type_hidden() -> anyhow::Result<Zeroizing<String>> {
    let mut typed = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX));
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(typed),
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => bail!("given up"),
            KeyCode::Char(character) if typed.len() + 4 <= SECRET_BYTES_MAX => typed.push(character),
            _ => {}
        }
    }
}
