//! The plain embodiment on loopback (CN102103778A ¶88, R42): any stock viewer sees one customer's apps,
//! nothing is sealed, and nobody can pay.

use std::sync::Arc;

use anyhow::{Context, Result};
use auth::SignedIn;
use identity::AccountName;
use seal::Root;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::{Server, connection};
use crate::clock;
use crate::config::Plain;
use crate::directory::Books;

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
        match plain_identity(&server.books, &plain) {
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

/// The customer and terminal that the plain embodiment shows, as if they had signed in.
fn plain_identity(books: &Books, plain: &Plain) -> Result<SignedIn> {
    let auth = &books.services.auth;
    let account = AccountName::new(&plain.account)?;
    let terminal = plain.terminal.parse().context("[plain] terminal is no terminal's identifier.")?;
    let customer = auth.customer(&account)?.with_context(|| format!("There is no customer {account}."))?;
    let terminal = auth.terminal(terminal)?.filter(|terminal| terminal.account == account);
    let terminal = terminal.with_context(|| format!("The terminal in [plain] is not one of {account}'s."))?;
    let nobody = Root::derive(&[0; 32], &[], &[], &terminal.profile.digest());
    Ok(SignedIn {
        customer,
        terminal: terminal.id,
        profile: terminal.profile,
        // Nothing is sealed with it.
        root: nobody,
        signing_public: terminal.signing_public,
        certificate: terminal.certificate,
        at: clock::wall(),
    })
}
