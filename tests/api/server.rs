//! A server that misbehaves as told: raw bytes over real loopback sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// What the server does on one connection, step by step.
pub enum Step {
    /// Read a whole request, and report it, or that the client was gone before its end.
    Request,
    /// Write these bytes.
    Write(Vec<u8>),
    /// Write these bytes again and again until the client is gone, then report that.
    WriteForever(Vec<u8>),
    /// Go on when the test says so.
    Wait(Arc<Notify>),
    /// Hold the connection without a word until the client is gone, then report that.
    AwaitClose,
    /// Say no more, and read on without a word until the client is gone, then report that.
    HalfClose,
    /// End the connection with a reset instead of an orderly close.
    Reset,
}

/// What the server saw.
#[derive(Debug)]
pub enum Seen {
    /// Head and body of a request.
    Request(String),
    /// The client closed its side.
    Closed,
}

pub struct Server {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Server {
    /// A server that plays one script a connection, in order, and then listens no more.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, scripts)
    }

    /// The same on a listener that is there already.
    pub fn on(listener: TcpListener, scripts: Vec<Vec<Step>>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (report, seen) = mpsc::unbounded_channel();
        let count = connections.clone();
        tokio::spawn(async move {
            for script in scripts {
                let Ok((socket, _)) = listener.accept().await else {
                    return;
                };
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(play(socket, script, report.clone()));
            }
        });
        Self {
            port,
            connections,
            seen,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The next request, its head in lower case.
    pub async fn request(&mut self) -> String {
        match self.seen.recv().await {
            Some(Seen::Request(request)) => request,
            other => panic!("no request, but {other:?}"),
        }
    }

    /// Returns when the client has closed a connection.
    pub async fn closed(&mut self) {
        loop {
            match self.seen.recv().await {
                Some(Seen::Closed) => return,
                Some(Seen::Request(_)) => {}
                None => panic!("the client closed nothing"),
            }
        }
    }

    /// Has nothing more been seen?
    pub fn saw_nothing(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

async fn play(mut socket: TcpStream, script: Vec<Step>, report: mpsc::UnboundedSender<Seen>) {
    for step in script {
        match step {
            Step::Request => {
                let Some(request) = read_request(&mut socket).await else {
                    let _ = report.send(Seen::Closed);
                    return;
                };
                let _ = report.send(Seen::Request(request));
            }
            Step::Write(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::WriteForever(bytes) => {
                while socket.write_all(&bytes).await.is_ok() {}
                let _ = report.send(Seen::Closed);
            }
            Step::Wait(signal) => signal.notified().await,
            Step::HalfClose | Step::AwaitClose => {
                if matches!(step, Step::HalfClose) {
                    let _ = socket.shutdown().await;
                }
                let mut rest = [0; 1024];
                while matches!(socket.read(&mut rest).await, Ok(1..)) {}
                let _ = report.send(Seen::Closed);
            }
            Step::Reset => {
                let _ = socket.set_zero_linger();
                return;
            }
        }
    }
}

/// A request with its whole body; `None` if the client went away before its end.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(format!("{head}\r\n\r\n{body}"));
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer with `head` (status and headers), and a body whose length is told.
pub fn answer(head: &str, body: &[u8]) -> Step {
    let mut bytes =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Step::Write(bytes)
}

/// The head of a stream, sent in HTTP chunks.
pub fn stream_head() -> Step {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                transfer-encoding: chunked\r\nx-request-id: req-7\r\n\
                x-ratelimit-limit-requests: 480\r\nx-ratelimit-remaining-requests: 479\r\n\
                x-ratelimit-limit-tokens: 2000000\r\nx-ratelimit-remaining-tokens: 1999000\r\n\
                x-zero-data-retention: true\r\n\r\n";
    Step::Write(head.into())
}

/// One HTTP chunk.
pub fn piece(text: &str) -> Step {
    Step::Write(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
}
