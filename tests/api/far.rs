//! An API over TLS that tells its handshakes, and a way to it that is long and tells its turns.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// An answer on chat/completions that says `hi`, to who asked for a stream, too.
const HI: &str = r#"{"model":"m","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;

/// A handshake as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// It took up the session of an earlier one.
    pub is_resumed: bool,
    /// Such as `h2`; empty where none was agreed upon.
    pub protocol: String,
}

/// What the server is like.
#[derive(Clone, Copy)]
pub struct Nature {
    /// The file of its certificate.
    pub certificate: &'static str,
    pub protocols: &'static [&'static str],
    /// Each connection ends with its first answer.
    pub closes: bool,
}

impl Default for Nature {
    fn default() -> Self {
        Self {
            certificate: "loopback.der",
            protocols: &["h2", "http/1.1"],
            closes: false,
        }
    }
}

/// A listening API over TLS.
pub struct Api {
    pub port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    handshakes: Mutex<Vec<Handshake>>,
    /// Their methods and paths, and on which connection they came.
    requests: Mutex<Vec<(String, usize)>>,
    on_question: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Api {
    pub async fn start(nature: Nature) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let acceptor = TlsAcceptor::from(Arc::new(settings(nature)));
        let told = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, acceptor.clone(), nature, told.clone()));
            }
        });
        Self { port, seen }
    }

    pub fn handshakes(&self) -> Vec<Handshake> {
        self.seen.handshakes.lock().unwrap().clone()
    }

    /// The requests that came, as `GET /v1/models`, and the number of the connection of each.
    pub fn requests(&self) -> Vec<(String, usize)> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Does this when a question has come, before it is answered.
    pub fn on_question(&self, act: impl Fn() + Send + 'static) {
        *self.seen.on_question.lock().unwrap() = Some(Box::new(act));
    }
}

fn settings(nature: Nature) -> rustls::ServerConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let read = |name| std::fs::read(folder.join(name)).unwrap();
    let certificate = CertificateDer::from(read(nature.certificate));
    let key = PrivateKeyDer::try_from(read("loopback.key.der")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    settings.alpn_protocols = nature
        .protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    settings
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, nature: Nature, seen: Arc<Seen>) {
    socket.set_nodelay(true).unwrap();
    let Ok(stream) = acceptor.accept(socket).await else {
        return;
    };
    let tls = stream.get_ref().1;
    let protocol = tls.alpn_protocol().unwrap_or_default();
    let protocol = String::from_utf8(protocol.to_vec()).unwrap();
    let is_resumed = tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    let is_second = protocol == "h2";
    let handshake = Handshake {
        is_resumed,
        protocol,
    };
    let number = {
        let mut handshakes = seen.handshakes.lock().unwrap();
        handshakes.push(handshake);
        handshakes.len() - 1
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let seen = seen.clone();
        async move {
            let line = format!("{} {}", request.method(), request.uri().path());
            let is_question = line.starts_with("POST");
            request.into_body().collect().await.unwrap();
            if let Some(act) = seen
                .on_question
                .lock()
                .unwrap()
                .as_ref()
                .filter(|_| is_question)
            {
                act();
            }
            seen.requests.lock().unwrap().push((line, number));
            let body = if is_question { HI } else { r#"{"data":[]}"# };
            let mut answer = Response::builder();
            if nature.closes && !is_second {
                answer = answer.header("connection", "close");
            }
            Ok::<_, Infallible>(answer.body(Full::new(Bytes::from(body))).unwrap())
        }
    });
    let stream = TokioIo::new(stream);
    if is_second {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(stream, service).await;
    } else {
        let builder = hyper::server::conn::http1::Builder::new();
        let _ = builder.serve_connection(stream, service).await;
    }
}

/// What passed on a long way, in order.
pub type Log = Arc<Mutex<Vec<Passed>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    Opened,
    FromClient,
    FromServer,
    /// The question has come to the server.
    Asked,
}

/// A long way to a server on this machine: whatever is sent arrives later, in order.
pub struct Way {
    pub port: u16,
    pub log: Log,
}

impl Way {
    /// To `port`, so long one way. A proxy is told first, by `CONNECT`, where it is to lead.
    pub async fn to(port: u16, long: Duration, is_proxy: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let passed = Log::default();
        let way = Self {
            port: listener.local_addr().unwrap().port(),
            log: passed.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                passed.lock().unwrap().push(Passed::Opened);
                tokio::spawn(lead(client, port, long, is_proxy, passed.clone()));
            }
        });
        way
    }

    /// What passed since this was asked for last.
    pub fn passed(&self) -> Vec<Passed> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// How often something had to come back before the question could come: once for a connection of
/// its own, and once for each time the client spoke after the server had.
pub fn turns_before_the_question(passed: &[Passed]) -> usize {
    let asked = passed.iter().position(|it| *it == Passed::Asked);
    let before = &passed[..asked.expect("nothing was asked")];
    let opened = before.iter().filter(|it| **it == Passed::Opened);
    let spoke_again = before
        .windows(2)
        .filter(|pair| *pair == [Passed::FromServer, Passed::FromClient]);
    opened.count() + spoke_again.count()
}

async fn lead(client: TcpStream, port: u16, long: Duration, is_proxy: bool, passed: Log) {
    let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
    }
    let (from_client, mut to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut from_client = BufReader::new(from_client);
    if is_proxy {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            from_client.read_line(&mut line).await.unwrap();
        }
        let agreed = b"HTTP/1.1 200 OK\r\n\r\n";
        to_client.write_all(agreed).await.unwrap();
    }
    // The connection itself stands here at once; on a long way that is a turn.
    let opened = Instant::now() + 2 * long;
    let told = passed.clone();
    tokio::spawn(delay(from_client, to_server, opened, long, move || {
        told.lock().unwrap().push(Passed::FromClient);
    }));
    let from_server = BufReader::new(from_server);
    delay(from_server, to_client, opened, long, move || {
        passed.lock().unwrap().push(Passed::FromServer);
    })
    .await;
}

async fn delay(
    mut from: BufReader<OwnedReadHalf>,
    mut to: OwnedWriteHalf,
    opened: Instant,
    long: Duration,
    tell: impl Fn() + Send + 'static,
) {
    let (under_way, mut arriving) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, bytes)) = arriving.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    });
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        tell();
        let at = opened.max(Instant::now()) + long;
        let _ = under_way.send((at, piece[..length].to_vec()));
    }
}
