//! The offline stand-in: speaks xAI's API on loopback, and answers from the request alone.
//!
//! It shares nothing with the client that talks to it, for a mistake that both
//! made would not show. Nothing it is sent is kept but hashes of how prompts begin.

mod answer;
mod blanks;
mod chat;
mod cleanups;
mod colour;
mod data;
mod definitions;
mod describe;
mod errors;
mod explain;
mod facts;
mod models;
mod parse;
mod picture;
mod range;
mod refactor;
mod request;
mod responses;
mod routes;
#[cfg(test)]
mod socket_tests;
mod tokens;
mod words;

#[cfg(test)]
pub(crate) use models::{language_models, models};

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use tokens::Prefixes;

/// What every answer names as the system it came from.
const FINGERPRINT: &str = "fp_offline_stand_in";

/// How many beginnings of prompts are remembered; 16 tokens and some 40 bytes each.
const REMEMBERED_BLOCKS: usize = 100_000;

/// How long a connection may stay without a request on it. Clients keep
/// theirs for a minute and a half; closing before they do would race with them.
const IDLE: Duration = Duration::from_secs(300);

/// How the stand-in behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The pause before each streamed event; zero for none.
    pub chunk_delay: Duration,
    /// How many connections are served at a time, one at least; others wait to be accepted.
    pub max_connections: usize,
    /// The most bytes a request's body may have; more is answered with 413.
    pub max_body: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk_delay: Duration::from_millis(4),
            max_connections: 128,
            max_body: 64 * 1024 * 1024,
        }
    }
}

/// A stand-in that is bound to a port, and answers once it is served.
#[derive(Debug)]
pub struct Sim {
    listener: TcpListener,
    address: SocketAddr,
    options: Options,
}

/// What all connections share.
struct Shared {
    options: Options,
    prefixes: Mutex<Prefixes>,
    requests: AtomicU64,
}

impl Sim {
    /// Binds to `port` on 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// Fails where the port is taken or may not be bound.
    pub fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            options: Options::default(),
        })
    }

    /// The same with other options.
    #[must_use]
    pub fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// The base URL for clients: `http://127.0.0.1:PORT/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Serves until the future is dropped; all connections end with it.
    ///
    /// # Errors
    /// Fails where the socket cannot be handed to the runtime.
    pub async fn serve(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let places = self
            .options
            .max_connections
            .clamp(1, Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(places));
        let shared = Arc::new(Shared {
            options: self.options,
            prefixes: Mutex::new(Prefixes::new(REMEMBERED_BLOCKS)),
            requests: AtomicU64::new(0),
        });
        let mut connections = JoinSet::new();
        loop {
            let place = Arc::clone(&free)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            match listener.accept().await {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared), place));
                }
                // Out of files or memory, or gone again: better soon than at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Serves one connection; its place is free again when it ends.
async fn connection(
    stream: tokio::net::TcpStream,
    shared: Arc<Shared>,
    place: OwnedSemaphorePermit,
) {
    // A delta that waits for the next one to fill a packet is no stream.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| routes::respond(Arc::clone(&shared), request));
    // What goes wrong here is the client gone, or not speaking HTTP; neither is news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(place);
}
