//! Ends days by itself when the cut-off time has passed. Payments go on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin::clearing;
use crate::directory::Books;

/// How long to wait at most before looking again: the parameters may have changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long to wait at least.
const REST: Duration = Duration::from_millis(50);

/// Makes the cut-offs that are due until the server shuts down.
pub(super) async fn watch(books: Arc<Books>, mut shutdown: watch::Receiver<bool>) {
    loop {
        match clearing::make_due(&books).await {
            Ok(Some(day)) => info!("{day} has ended: its payments can be cleared"),
            Ok(None) => {}
            Err(error) => warn!("the day's cut-off was not made and is tried again: {error:#}"),
        }
        let wait = clearing::runs_for(&books).clamp(REST, LOOK_EVERY);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = shutdown.changed() => return,
        }
    }
}
