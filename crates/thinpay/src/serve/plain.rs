//! The plain embodiment on loopback (CN102103778A ¶88, R42): any stock viewer sees one customer's apps,
//! nothing is sealed, and nobody can pay.

use std::sync::Arc;

use tokio::net::TcpListener;
use tracing::{info, warn};

use super::{Server, connection, effects};
use crate::clock;
use crate::config::Plain;

/// Accepts stock viewers until the server shuts down.
pub(crate) async fn accept(server: Arc<Server>, listener: TcpListener, plain: Plain) {
    let mut shutdown = server.shutdown.clone();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    info!("cannot accept a connection: {error}");
                    continue;
                }
            },
            _ = shutdown.changed() => return,
        };
        let Some(place) = server.admit() else { continue };
        match effects::plain_identity(&server.books, &plain.account, &plain.terminal) {
            Ok(signed_in) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let session = server.platform.plain_session(signed_in, clock::monotonic());
                    connection::run(&server, stream, session, place, &peer.to_string()).await;
                });
            }
            Err(error) => warn!("{error:#}"),
        }
    }
}
