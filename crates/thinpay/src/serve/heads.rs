//! The audit log's heads: signed every minute in which something was logged, and when the server stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use crate::clock;
use crate::directory::Books;

/// How much may be logged before it is signed: after it, nobody changes it unnoticed.
const SIGN_EVERY: Duration = Duration::from_secs(60);

/// Signs until the server shuts down.
pub(super) async fn sign_every_minute(books: Arc<Books>, mut shutdown: watch::Receiver<bool>) {
    let mut minutes = tokio::time::interval(SIGN_EVERY);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = minutes.tick() => {}
            _ = shutdown.changed() => return,
        }
        books.services.turn_minute(clock::wall(), &mut clock::random()).await;
        sign(&books).await;
    }
}

/// Signs all that the sessions have left in the log.
pub(super) async fn sign_last(books: &Books) {
    books.services.finish_acts(&mut clock::random()).await;
    sign(books).await;
}

/// Does nothing when nothing was logged since the last head.
async fn sign(books: &Books) {
    if let Err(error) = books.services.accounts.sign_head().await {
        warn!("the audit log was not signed: {error}");
    }
}
