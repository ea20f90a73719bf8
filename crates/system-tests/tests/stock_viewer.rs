//! Viewers that nobody here wrote are refused cleanly, with a reason a person can read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use system_tests::Site;

/// Part of the reason.
const REASON: &str = "enrolled ThinPay terminals";

/// The bytes of any RFB 3.8 viewer (RFC 6143 §7.1): banner, then no security type, then why.
#[test]
fn a_plain_rfb_viewer_is_told_why() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let mut viewer = TcpStream::connect(&server.address)?;
    viewer.set_read_timeout(Some(Duration::from_secs(15)))?;
    let mut banner = [0_u8; 12];
    viewer.read_exact(&mut banner).context("the server's banner")?;
    assert_eq!(&banner, b"RFB 003.008\n");
    viewer.write_all(b"RFB 003.008\n")?;
    let mut head = [0_u8; 5];
    viewer.read_exact(&mut head)?;
    let [types, length @ ..] = head;
    assert_eq!(types, 0, "no security type: the server refuses");
    let mut reason = vec![0_u8; usize::try_from(u32::from_be_bytes(length))?];
    viewer.read_exact(&mut reason)?;
    let reason = String::from_utf8(reason)?;
    assert!(reason.contains(REASON), "{reason}");
    assert_eq!(viewer.read(&mut [0_u8; 1])?, 0, "then the server closes");
    server.log_line("plain RFB viewer", Duration::from_secs(5)).map(drop)
}

/// TigerVNC's viewer under a virtual X server.
#[test]
#[ignore = "needs TigerVNC's viewer and Xvfb: `cargo xtask test packages system` installs them"]
fn tigervnc_is_refused_with_the_reason() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let mut screen = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("starting Xvfb: is it installed?")?;
    let result = tigervnc(&server.address, &mut screen);
    let _ = screen.kill();
    let _ = screen.wait();
    // The viewer breaks its lines where it likes.
    let said = result?.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(REASON), "TigerVNC said:\n{said}");
    server.log_line("plain RFB viewer", Duration::from_secs(5)).map(drop)
}

/// Runs the viewer until it has said why it does not connect, or a quarter of a minute.
fn tigervnc(address: &str, screen: &mut std::process::Child) -> Result<String> {
    let mut display = [0_u8; 8];
    let count = screen.stdout.as_mut().context("Xvfb's display number")?.read(&mut display)?;
    let display = format!(":{}", String::from_utf8_lossy(display.get(..count).unwrap_or_default()).trim());
    let (host, port) = address.rsplit_once(':').context("host and port")?;
    let log = tempfile::NamedTempFile::new()?;
    let home = tempfile::tempdir()?;
    let mut viewer = Command::new("vncviewer")
        .args(["-Log", "*:stderr:100", "-SecurityTypes", "None,VncAuth,TLSNone,X509None"])
        .arg(format!("{host}::{port}"))
        .env("DISPLAY", display)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(log.reopen()?)
        .stderr(log.reopen()?)
        .spawn()
        .context("starting vncviewer: is tigervnc-viewer installed?")?;
    let start = Instant::now();
    let said = loop {
        let said = std::fs::read_to_string(log.path()).unwrap_or_default();
        if said.contains("failure")
            || start.elapsed() > Duration::from_secs(15)
            || viewer.try_wait()?.is_some()
        {
            break std::fs::read_to_string(log.path()).unwrap_or(said);
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let _ = viewer.kill();
    let _ = viewer.wait();
    Ok(said)
}
