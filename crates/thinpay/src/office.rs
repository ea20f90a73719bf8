//! How an operator's command reaches the books: the running server's Unix socket, or the directory itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tracing::warn;

use crate::admin::actor::{Envelope, OperatorKey};
use crate::admin::{self, Request};
use crate::cli::output;
use crate::directory::{Books, Directory};

/// The longest request or answer, in bytes: an app's bundle in base64 fits.
const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a command may be in sending its request.
const REQUEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Done(serde_json::Value),
    Failed(String),
}

/// Carries out a request at the running server if there is one, else on the directory itself.
pub(crate) async fn ask(
    directory: &Directory,
    request: &Request,
    operator: Option<&OperatorKey>,
) -> Result<serde_json::Value> {
    let mut door = Door::to(directory);
    let answer = door.ask(request, operator).await;
    door.close().await;
    answer
}

/// A way to the books for several requests in a row: without a server the directory is opened once.
pub(crate) struct Door<'a> {
    directory: &'a Directory,
    books: Option<Books>,
}

impl<'a> Door<'a> {
    pub(crate) const fn to(directory: &'a Directory) -> Self {
        Self { directory, books: None }
    }

    /// Carries out a request as [`ask`] does.
    pub(crate) async fn ask(
        &mut self,
        request: &Request,
        operator: Option<&OperatorKey>,
    ) -> Result<serde_json::Value> {
        let envelope = Envelope::new(serde_json::to_string(request)?, operator);
        let books = match &self.books {
            Some(books) => books,
            None => match UnixStream::connect(self.directory.socket()).await {
                Ok(stream) => return ask_server(stream, &envelope).await,
                Err(_) => self.books.insert(Books::open(self.directory, false)?),
            },
        };
        admin::carry_out(books, &envelope).await
    }

    /// Closes what was opened.
    pub(crate) async fn close(self) {
        if let Some(books) = self.books {
            books.close().await;
        }
    }
}

async fn ask_server(mut stream: UnixStream, envelope: &Envelope) -> Result<serde_json::Value> {
    let gone = "The running server went away before it answered; it may or may not have done what was asked. Look, then ask again.";
    let mut line = serde_json::to_vec(envelope)?;
    line.push(b'\n');
    stream.write_all(&line).await.context(gone)?;
    let mut answer = Vec::new();
    stream.take(MESSAGE_BYTES_MAX).read_to_end(&mut answer).await.context(gone)?;
    match serde_json::from_slice(&answer).context(gone)? {
        Answer::Done(value) => Ok(value),
        Answer::Failed(why) => Err(anyhow!(why)),
    }
}

/// Opens the operator's socket, which is the operator's alone. From here on commands reach the server and
/// not the directory, so this comes before anybody is told that the server is ready.
pub(crate) fn listen(path: &Path) -> Result<UnixListener> {
    // A socket left by a server that was killed: the directory's lock says that none runs now.
    if path.exists() {
        std::fs::remove_file(path).context("Cannot remove the old operator socket.")?;
    }
    let listener = UnixListener::bind(path)
        .with_context(|| format!("Cannot make the operator socket {}.", path.display()))?;
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .context("Cannot keep the operator socket private.")?;
    Ok(listener)
}

/// Answers operators' commands until the server shuts down.
pub(crate) async fn serve(
    listener: UnixListener,
    path: &Path,
    books: Arc<Books>,
    mut shutdown: tokio::sync::watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = shutdown.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let books = Arc::clone(&books);
        tokio::spawn(async move {
            if let Err(error) = answer(stream, &books).await {
                warn!("an operator's command was not answered: {error:#}");
            }
        });
    }
    // Somebody may have removed it already.
    let _ = std::fs::remove_file(path);
}

async fn answer(stream: UnixStream, books: &Books) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = Vec::new();
    tokio::time::timeout(
        REQUEST_WAIT,
        BufReader::new(reader.take(MESSAGE_BYTES_MAX)).read_until(b'\n', &mut line),
    )
    .await
    .context("it did not say what it wants")??;
    let answer = match serde_json::from_slice::<Envelope>(&line) {
        Err(error) => Answer::Failed(format!(
            "The server does not know this request ({error}). Are the command and the server of one version?"
        )),
        Ok(envelope) => match admin::carry_out(books, &envelope).await {
            Ok(value) => Answer::Done(value),
            Err(error) => Answer::Failed(output::sentence(&error)),
        },
    };
    writer.write_all(&serde_json::to_vec(&answer)?).await?;
    writer.shutdown().await?;
    Ok(())
}
