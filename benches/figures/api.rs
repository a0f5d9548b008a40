//! A stand-in for the API that knows when each of its bytes left, and when its sockets closed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What it says, piece by piece: plain prose.
pub const PIECES: usize = 30;

/// How it answers from now on.
#[derive(Clone, Copy)]
pub enum Manner {
    /// [`PIECES`] so far apart.
    Whole(Duration),
    /// Pieces so far apart, for as long as somebody listens.
    Endless(Duration),
    /// One piece, and nothing more for as long as somebody listens.
    Held,
}

pub struct Api {
    pub url: String,
    manner: Arc<Mutex<Manner>>,
    asked: Receiver<Value>,
    calls: Receiver<Call>,
}

/// A call that was answered, or given up.
pub struct Call {
    /// When all of the request was there.
    pub arrived: Instant,
    /// When each piece began to be written, the last of them the end of the answer.
    pub wrote: Vec<Instant>,
    /// When the client was seen to be gone, where it did not wait for the end.
    pub closed: Option<Instant>,
}

impl Call {
    /// The time that the API itself took.
    pub fn took(&self) -> Duration {
        self.wrote[self.wrote.len() - 1].duration_since(self.arrived)
    }
}

impl Api {
    /// One that speaks plain http on this machine.
    pub fn start() -> Self {
        Self::serve("http", |socket| socket)
    }

    /// One that speaks TLS, with the certificate of an authority that [`authority`] names.
    pub fn start_tls() -> Self {
        let config = Arc::new(certified());
        Self::serve("https", move |socket| {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            rustls::StreamOwned::new(session, socket)
        })
    }

    fn serve<S: Read + Write + Send + 'static>(
        scheme: &str,
        wrapped: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let manner = Arc::new(Mutex::new(Manner::Whole(Duration::ZERO)));
        let (asked_sender, asked) = channel();
        let (call_sender, calls) = channel();
        let shared = manner.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let socket = socket.unwrap();
                socket.set_nodelay(true).unwrap();
                let mut connection = Connection {
                    stream: wrapped(socket),
                    manner: shared.clone(),
                    asked: asked_sender.clone(),
                    calls: call_sender.clone(),
                };
                std::thread::spawn(move || while connection.answer().is_some() {});
            }
        });
        Self {
            url: format!("{scheme}://localhost:{port}/v1"),
            manner,
            asked,
            calls,
        }
    }

    pub fn answers(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The body of the next request; `None` where none comes in time.
    pub fn asked(&self) -> Option<Value> {
        self.asked.recv_timeout(Duration::from_secs(30)).ok()
    }

    /// The next call that came to its end; `None` where none does in time.
    pub fn call_within(&self, patience: Duration) -> Option<Call> {
        self.calls.recv_timeout(patience).ok()
    }

    pub fn call(&self) -> Call {
        self.call_within(Duration::from_secs(30))
            .expect("no call came to its end")
    }

    /// Forgets what was asked and answered.
    pub fn forget(&self) {
        while self.asked.try_recv().is_ok() || self.calls.try_recv().is_ok() {}
    }
}

struct Connection<S> {
    stream: S,
    manner: Arc<Mutex<Manner>>,
    asked: Sender<Value>,
    calls: Sender<Call>,
}

impl<S: Read + Write> Connection<S> {
    /// Reads a request and answers it; `None` at the end of the connection.
    fn answer(&mut self) -> Option<()> {
        let (head, body) = request(&mut self.stream)?;
        let arrived = Instant::now();
        if head.starts_with("GET") {
            return self.json(&json!({ "data": [] }));
        }
        let body: Value = serde_json::from_slice(&body).unwrap();
        let is_streamed = body["stream"] == true;
        self.asked.send(body).ok()?;
        let mut call = Call {
            arrived,
            wrote: Vec::new(),
            closed: None,
        };
        let manner = *self.manner.lock().unwrap();
        let kept = if is_streamed {
            self.stream(manner, &mut call.wrote)
        } else {
            self.whole(manner, &mut call.wrote)
        };
        if kept.is_none() {
            call.closed = Some(Instant::now());
        }
        self.calls.send(call).ok()?;
        kept
    }

    fn stream(&mut self, manner: Manner, wrote: &mut Vec<Instant>) -> Option<()> {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        self.stream.write_all(head.as_bytes()).ok()?;
        let (gap, pieces) = match manner {
            Manner::Whole(gap) => (gap, PIECES),
            Manner::Endless(gap) => (gap, usize::MAX),
            Manner::Held => (Duration::ZERO, 1),
        };
        for n in 0..pieces {
            std::thread::sleep(gap);
            let delta = json!({ "content": piece(n) });
            let event = json!({ "choices": [{ "index": 0, "delta": delta }] });
            self.write(wrote, chunk(&event.to_string()).as_bytes())?;
        }
        if matches!(manner, Manner::Held) {
            return self.gone();
        }
        std::thread::sleep(gap);
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        let usage = json!({ "choices": [], "model": "grok-4.3", "usage": usage() });
        let last: String = [&end.to_string(), &usage.to_string(), "[DONE]"]
            .map(chunk)
            .concat();
        self.write(wrote, (last + "0\r\n\r\n").as_bytes())
    }

    /// The answer at once, when it would have ended as a stream.
    fn whole(&mut self, manner: Manner, wrote: &mut Vec<Instant>) -> Option<()> {
        let gap = match manner {
            Manner::Whole(gap) => gap,
            Manner::Endless(_) | Manner::Held => return self.gone(),
        };
        std::thread::sleep(gap * u32::try_from(PIECES + 1).unwrap());
        let content: String = (0..PIECES).map(piece).collect();
        let message = json!({ "role": "assistant", "content": content });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        wrote.push(Instant::now());
        self.json(&json!({ "choices": [choice], "model": "grok-4.3", "usage": usage() }))
    }

    /// Waits for the client to go: nothing else comes from it.
    fn gone(&mut self) -> Option<()> {
        let _ = self.stream.read(&mut [0]);
        None
    }

    fn json(&mut self, body: &Value) -> Option<()> {
        let body = body.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
        let answer = format!("{head}{}\r\n\r\n{body}", body.len());
        self.stream.write_all(answer.as_bytes()).ok()
    }

    fn write(&mut self, wrote: &mut Vec<Instant>, bytes: &[u8]) -> Option<()> {
        wrote.push(Instant::now());
        self.stream.write_all(bytes).ok()
    }
}

fn piece(n: usize) -> String {
    format!(" and then it does number {n} of what is left")
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "cost_in_usd_ticks": 1_500_000,
    })
}

fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// The next request's head and body; `None` where the client is gone.
fn request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap());
            while bytes.len() < end + 4 + length {
                let count = more(stream, &mut piece)?;
                bytes.extend_from_slice(&piece[..count]);
            }
            return Some((head, bytes.split_off(end + 4)));
        }
        let count = more(stream, &mut piece)?;
        bytes.extend_from_slice(&piece[..count]);
    }
}

fn more(stream: &mut impl Read, piece: &mut [u8]) -> Option<usize> {
    stream.read(piece).ok().filter(|count| *count > 0)
}

/// The file of the authority that certifies this machine, for tests.
pub fn authority() -> PathBuf {
    fixture("ca.pem")
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api")
        .join(name)
}

fn certified() -> rustls::ServerConfig {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let read = |name| std::fs::read(fixture(name)).unwrap();
    let certificate = CertificateDer::from(read("loopback.der"));
    let key = PrivateKeyDer::try_from(read("loopback.key.der")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}
