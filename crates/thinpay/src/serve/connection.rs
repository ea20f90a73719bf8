//! One terminal's connection: bytes, effects and time between the outside and its session.

use std::sync::Arc;
use std::time::Duration;

use platform::{Answer, Session};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::{Place, Server};
use crate::clock;

/// How much is read at once, in bytes: a terminal's messages are small.
const READ_BYTES: usize = 4 * 1024;
/// The longest a terminal may take to accept what it asked for, over the slowest bearer.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// Runs one session from the first byte to the last.
pub(crate) async fn serve<S>(server: &Arc<Server>, stream: S, place: Place, peer: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = server.platform.session(clock::monotonic());
    run(server, stream, session, place, peer).await;
}

/// Runs a session that is already begun.
pub(crate) async fn run<S>(
    server: &Arc<Server>,
    mut stream: S,
    mut session: Session,
    mut place: Place,
    peer: &str,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut shutdown = server.shutdown.clone();
    let mut work: JoinSet<Answer> = JoinSet::new();
    let mut buffer = vec![0_u8; READ_BYTES];
    loop {
        begin_effects(server, &mut session, &mut work);
        let output = session.take_output();
        if !output.is_empty() {
            match tokio::time::timeout(WRITE_MAX, write(&mut stream, &output)).await {
                Ok(Ok(())) => continue,
                Ok(Err(_)) => session.disconnected(),
                Err(_) => {
                    info!(%peer, "dropped: it did not take what was sent within {} s", WRITE_MAX.as_secs());
                    session.disconnected();
                }
            }
        }
        if session.is_over() {
            break;
        }
        if session.is_signed_in() {
            place.signed_in();
        }
        let wake = tokio::time::sleep(session.deadline().saturating_sub(clock::monotonic()));
        tokio::select! {
            read = stream.read(&mut buffer) => match read {
                Ok(count) if count > 0 => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    tokio::task::block_in_place(|| session.receive(bytes, clock::now(), &mut clock::random()));
                }
                _ => session.disconnected(),
            },
            Some(answer) = work.join_next(), if !work.is_empty() => match answer {
                Ok(answer) => {
                    tokio::task::block_in_place(|| session.answer(answer, clock::now(), &mut clock::random()));
                }
                Err(error) => {
                    warn!(%peer, "a request of the session failed: {error}");
                    session.fail("The server could not finish what it was doing. Look at the history before you pay again.");
                }
            },
            () = wake => session.tick(clock::now()),
            _ = shutdown.changed() => session.shut_down(),
        }
    }
    begin_effects(server, &mut session, &mut work);
    // What was begun is finished, told or not: a posting is never abandoned half way.
    while work.join_next().await.is_some() {}
    let _ = stream.shutdown().await;
    info!(%peer, user = session.account().unwrap_or("-"), "ended: {}", session.end_reason());
}

/// Begins what the session wants done.
fn begin_effects(server: &Arc<Server>, session: &mut Session, work: &mut JoinSet<Answer>) {
    while let Some(effect) = session.take_effect() {
        let books = Arc::clone(&server.books);
        work.spawn(
            async move { books.services.carry_out(effect, clock::wall(), &mut clock::random()).await },
        );
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: &[u8]) -> std::io::Result<()> {
    stream.write_all(output).await?;
    stream.flush().await
}
