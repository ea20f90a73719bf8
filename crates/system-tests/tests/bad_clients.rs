//! Clients that send garbage, half a message, or nothing are dropped, with a line in the log that says why;
//! nobody else notices.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use system_tests::{ALICE, Site, scripts};

/// The server lets nobody hold a connection longer than this without saying anything sensible.
const DROPPED_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn garbage_half_messages_and_silence_are_dropped_with_a_reason() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;

    // Garbage: no TLS at all.
    let mut garbage = TcpStream::connect(&server.address)?;
    garbage.write_all(&[0xff; 4_096])?;
    // Half a message: a TLS record that announces more than ever comes.
    let mut half = TcpStream::connect(&server.address)?;
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])?;
    // Nothing.
    let mut silent = TcpStream::connect(&server.address)?;
    // Comes and goes.
    drop(TcpStream::connect(&server.address)?);

    // Meanwhile somebody pays.
    let before = site.balances()?;
    let phone = site.enrol(&ALICE, "phone-240x320")?;
    phone.run(&server.address, &scripts::payment("2.00"))?.expect_success()?;
    assert_eq!(site.balances()?[0], before[0] - 200);

    for (name, client) in [("garbage", &mut garbage), ("half", &mut half), ("silent", &mut silent)] {
        client.set_read_timeout(Some(DROPPED_WITHIN))?;
        let peer = client.local_addr()?.to_string();
        let mut rest = Vec::new();
        // Closed by the server, cleanly or with a reset; never left hanging.
        if let Err(error) = client.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{name}: {error}");
        }
        let line = server.log_line(&peer, Duration::from_secs(5))?;
        assert!(line.contains("dropped: "), "{name}: {line}");
    }
    Ok(())
}

#[test]
fn a_crowd_of_bad_clients_does_not_keep_anybody_out() -> Result<()> {
    let (site, _folder) = Site::temporary()?;
    let server = site.serve()?;
    let phone = site.enrol(&ALICE, "phone-240x320")?;
    let mut crowd = Vec::new();
    for number in 0_u8..200 {
        let mut client = TcpStream::connect(&server.address)?;
        client.write_all(&[0x16, 0x03, number])?;
        crowd.push(client);
    }
    phone.run(&server.address, &scripts::payment("1.00"))?.expect_success()?;
    Ok(())
}
