//! `thinpay serve`: listeners, the sessions behind them, and a stop that loses nothing.

mod connection;
mod cut_off;
mod heads;
mod listen;
mod plain;
mod web;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use platform::{Drawing, Platform};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::cli::output;
use crate::config::{Config, Limits};
use crate::directory::{Books, Directory};
use crate::{clock, fonts, office};

/// Open files that are not terminals' connections: the books, the page's web connections, and some to spare.
const FILES_RESERVED: usize = 512;
/// How long sessions may take to end when the server stops.
const STOP_MAX: Duration = Duration::from_secs(10);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) platform: Arc<Platform>,
    pub(crate) books: Arc<Books>,
    pub(crate) shutdown: watch::Receiver<bool>,
    limits: Limits,
    connections: Arc<Connections>,
}

/// How many connections there are.
#[derive(Debug, Default)]
struct Connections {
    all: AtomicUsize,
    unauthenticated: AtomicUsize,
}

/// A connection's place among the bounded many; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    signed_in: bool,
}

impl Server {
    /// A place for one more connection, if there is one.
    pub(crate) fn admit(&self) -> Option<Place> {
        let counts = &self.connections;
        // Counted first and looked at after, so that two at once cannot both take the last place.
        let place = Place { connections: Arc::clone(counts), signed_in: false };
        let all = counts.all.fetch_add(1, Ordering::Relaxed);
        let unauthenticated = counts.unauthenticated.fetch_add(1, Ordering::Relaxed);
        let fits = all < self.limits.connections_max
            && unauthenticated < self.limits.connections_unauthenticated_max;
        fits.then_some(place)
    }
}

impl Place {
    /// Its user has signed in.
    pub(crate) fn signed_in(&mut self) {
        if !self.signed_in {
            self.signed_in = true;
            self.connections.unauthenticated.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.signed_in();
        self.connections.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a program that started the server needs to know.
#[derive(Debug, Serialize)]
struct Ready {
    event: &'static str,
    rfb: Vec<SocketAddr>,
    web: Vec<String>,
    plain: Option<SocketAddr>,
}

/// Runs the server until SIGINT or SIGTERM.
pub(crate) async fn run(config_file: &Path, json: bool) -> Result<()> {
    start_logging();
    let files_max = raise_file_limit();
    let config = Config::read(config_file)?;
    let folder =
        config_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = Directory::at(folder);
    let books = Arc::new(Books::open(&directory, config.payments.free_top_ups)?);
    let _ticker = books.apps.engine().start_ticker();

    let (stop, shutdown) = watch::channel(false);
    let platform = Arc::new(Platform {
        name: books.services.auth.server_name().to_owned(),
        drawing: Drawing::new(fonts::load(&config.screens.fonts)?, fonts::theme(config.screens.dark)),
        registry: books.apps.registry().clone(),
        limits: platform::Limits::default(),
        minutes_east_of_utc: config.screens.minutes_east_of_utc,
    });
    let mut limits = config.limits.clone();
    let connections_max = files_max.saturating_sub(FILES_RESERVED);
    if limits.connections_max > connections_max {
        warn!(
            "the operating system allows {files_max} open files, so at most {connections_max} connections are served at once"
        );
        limits.connections_max = connections_max;
    }
    let server = Arc::new(Server {
        platform,
        books: Arc::clone(&books),
        shutdown: shutdown.clone(),
        limits,
        connections: Arc::default(),
    });

    let identity = books.services.auth.tls_identity(clock::wall(), &mut clock::random())?;
    let tls = listen::tls_acceptor(&identity)?;
    let mut tasks = tokio::task::JoinSet::new();
    let mut ready = Ready { event: "ready", rfb: Vec::new(), web: Vec::new(), plain: None };
    for listener in bind(&config.terminals.listen).await? {
        ready.rfb.push(listener.local_addr()?);
        tasks.spawn(listen::accept_terminals(Arc::clone(&server), listener, tls.clone()));
    }
    if let Some(web) = &config.web {
        let scheme = if web.tls { "https" } else { "http" };
        let page = Arc::new(web::read_page(&web.page)?);
        for listener in bind(&web.listen).await? {
            let address = listener.local_addr()?;
            let host =
                if address.ip().is_loopback() { "localhost".to_owned() } else { address.ip().to_string() };
            let url = format!("{scheme}://{host}:{}", address.port());
            if !ready.web.contains(&url) {
                ready.web.push(url);
            }
            let (server, page, tls) = (Arc::clone(&server), Arc::clone(&page), web.tls.then(|| tls.clone()));
            tasks.spawn(web::serve(server, listener, page, tls));
        }
    }
    if let Some(plain) = &config.plain {
        let listener = bind(&[plain.listen]).await?.pop().context("The plain listener did not start.")?;
        ready.plain = Some(listener.local_addr()?);
        tasks.spawn(plain::accept(Arc::clone(&server), listener, plain.clone()));
    }
    let socket = directory.socket();
    let office = office::listen(&socket)?;
    let office_books = Arc::clone(&books);
    let office_shutdown = shutdown.clone();
    tasks.spawn(async move { office::serve(office, &socket, office_books, office_shutdown).await });
    tasks.spawn(cut_off::watch(Arc::clone(&books), shutdown.clone()));
    tasks.spawn(heads::sign_every_minute(Arc::clone(&books), shutdown.clone()));

    announce(&ready, json);
    wait_for_signal().await?;
    info!("stopping");
    stop.send_replace(true);
    if tokio::time::timeout(STOP_MAX, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        warn!("some listeners did not stop within {} s", STOP_MAX.as_secs());
    }
    let ended = async {
        while server.connections.all.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(STOP_MAX, ended).await.is_err() {
        warn!("some sessions did not end within {} s", STOP_MAX.as_secs());
    }
    heads::sign_last(&books).await;
    books.close().await;
    Ok(())
}

/// Binds all addresses; those that leave the port open get one and the same.
async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::with_capacity(addresses.len());
    for address in addresses {
        let mut address = *address;
        if address.port() == 0
            && let Some(first) = listeners.first()
        {
            address.set_port(first.local_addr()?.port());
        }
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("Cannot listen at {address}. Is another server running there?"))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn announce(ready: &Ready, json: bool) {
    let mut text = String::new();
    for address in &ready.rfb {
        text.push_str(&format!("Terminals: rfbs://{address}\n"));
    }
    for url in &ready.web {
        text.push_str(&format!("Browser:   {url}\n"));
    }
    if let Some(address) = ready.plain {
        text.push_str(&format!("Plain RFB: {address} (not sealed; nobody can pay)\n"));
    }
    output::print(json, ready, text.trim_end());
}

/// Raises the limit of open files as far as it goes: every connection is one.
fn raise_file_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Left as it is where the system does not let it be raised.
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files).unwrap_or(usize::MAX)
}

async fn wait_for_signal() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("Signals cannot be caught.")?;
    let mut terminate = signal(SignalKind::terminate()).context("Signals cannot be caught.")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("THINPAY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call, in a test, keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
