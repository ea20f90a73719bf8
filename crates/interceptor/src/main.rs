//! A man in the middle, for the tests and for the picture in `docs/`: ends TLS between a terminal and the
//! server, records what it sees of one connection, and changes a byte when told to.
//!
//! It is the attacker that a bad certificate authority, a company's proxy or a broken TLS library lets in:
//! the terminal has to be told to trust it (`thinpay-terminal run --trust FILE`). What it cannot do is the
//! point: read a screen, or change anything without being noticed.
//!
//! ```text
//! interceptor --server HOST:PORT --record DIR [--flip down:OFFSET | --flip up:OFFSET]
//! ```
//! Prints one line of JSON when ready: its address, and the certificate to trust. Writes `down.bin` and
//! `up.bin` (everything that passed, in the clear under TLS), `sealed.bin` (the contents of the pictures) and
//! `recorded.png` (those as pixels: all it has to show) when the connection ends.

mod picture;
mod relay;

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use relay::{Direction, Flip};

/// What the command line says.
struct Options {
    server: String,
    record: PathBuf,
    flip: Option<Flip>,
}

fn main() -> Result<()> {
    let options = options()?;
    std::fs::create_dir_all(&options.record).context("making the folder for the record")?;
    let certificate = options.record.join("interceptor.der");
    let identity = relay::Identity::new()?;
    std::fs::write(&certificate, identity.authority()).context("writing the certificate to trust")?;

    let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
    let ready = serde_json::json!({
        "event": "ready",
        "address": listener.local_addr()?.to_string(),
        "trust": certificate,
    });
    writeln!(std::io::stdout(), "{ready}")?;

    let (terminal, _) = listener.accept().context("waiting for the terminal")?;
    let recorded = relay::relay(terminal, &options.server, &identity, options.flip)?;
    std::fs::write(options.record.join("down.bin"), &recorded.down)?;
    std::fs::write(options.record.join("up.bin"), &recorded.up)?;
    let sealed = picture::sealed_contents(&recorded.down);
    std::fs::write(options.record.join("sealed.bin"), &sealed)?;
    picture::write(&options.record.join("recorded.png"), &sealed)
}

fn options() -> Result<Options> {
    let mut words = std::env::args().skip(1);
    let (mut server, mut record, mut flip) = (None, None, None);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} wants a value"));
        match word.as_str() {
            "--server" => server = Some(value()?),
            "--record" => record = Some(PathBuf::from(value()?)),
            "--flip" => flip = Some(parse_flip(&value()?)?),
            _ => bail!("`{word}` is not known; see the head of src/main.rs"),
        }
    }
    Ok(Options {
        server: server.context("--server is missing")?,
        record: record.context("--record is missing")?,
        flip,
    })
}

fn parse_flip(text: &str) -> Result<Flip> {
    let (direction, offset) = text.split_once(':').context("write down:OFFSET or up:OFFSET")?;
    let direction = match direction {
        "down" => Direction::Down,
        "up" => Direction::Up,
        _ => bail!("write down:OFFSET or up:OFFSET"),
    };
    Ok(Flip { direction, offset: offset.parse().context("the offset is a number of bytes")? })
}
