//! A connection that is opened before it is needed: the first answer waits for no handshake.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gloss::config::{Environment, Settings};
use gloss::engine::{Engine, ImageJob, ImageSource, Place};
use gloss::llm::Wire;
use gloss::store::Store;

use super::wire::whole;
use super::{KEY, fixture, tls};

/// An API over TLS that keeps its connections, and counts them.
struct Api {
    port: u16,
    handshakes: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Api {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let api = Self {
            port: listener.local_addr().unwrap().port(),
            handshakes: Arc::default(),
            requests: Arc::default(),
        };
        let (handshakes, requests) = (api.handshakes.clone(), api.requests.clone());
        let config = Arc::new(tls());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                handshakes.fetch_add(1, Ordering::SeqCst);
                let (config, requests) = (config.clone(), requests.clone());
                std::thread::spawn(move || {
                    let tls = rustls::ServerConnection::new(config).unwrap();
                    serve(rustls::StreamOwned::new(tls, socket.unwrap()), &requests);
                });
            }
        });
        api
    }

    fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }

    fn engine(&self, scheme: &str, key: Option<&str>, warm_connection: bool) -> Engine {
        let settings = Settings {
            base_url: format!("{scheme}://localhost:{}/v1", self.port),
            ca_file: Some(fixture("ca.pem")),
            warm_connection,
            ..Settings::default()
        };
        let key = key.map(|key| ("XAI_API_KEY".to_owned(), key.to_owned()));
        let environment: Environment = key.into_iter().collect();
        Engine::new(settings, &environment, Store::new(None))
    }
}

/// Answers request after request: a list of models, or `hi`.
fn serve(
    mut stream: rustls::StreamOwned<rustls::ServerConnection, std::net::TcpStream>,
    requests: &AtomicUsize,
) {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let asked = seen.starts_with(b"POST");
        let is_whole = if asked {
            seen.ends_with(b"}")
        } else {
            seen.ends_with(b"\r\n\r\n")
        };
        if is_whole {
            requests.fetch_add(1, Ordering::SeqCst);
            let body = if asked {
                whole(Wire::Chat, "hi").to_string()
            } else {
                r#"{"data": []}"#.to_owned()
            };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
            let _ = stream.flush();
            seen.clear();
        }
        match stream.read(&mut piece) {
            Ok(length @ 1..) => seen.extend_from_slice(&piece[..length]),
            _ => return,
        }
    }
}

#[tokio::test]
async fn the_first_answer_costs_no_handshake() {
    let api = Api::start();
    let engine = api.engine("https", Some(KEY), true);
    engine.warm().await;
    assert_eq!(api.handshakes(), 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    image::RgbImage::new(32, 32).save(&path).unwrap();
    let job = ImageJob {
        place: Place::of(&path, &[]),
        source: ImageSource::Named(path),
        again: false,
    };
    let described = engine.describe(job, &mut |_| {}).await.unwrap();
    assert_eq!(described.markdown, "hi");
    assert_eq!(api.handshakes(), 1);
    assert!(api.requests.load(Ordering::SeqCst) >= 2);
}

#[tokio::test]
async fn nothing_is_opened_where_it_is_not_wanted_or_no_key_is_at_hand() {
    let api = Api::start();
    for engine in [
        api.engine("https", Some(KEY), false),
        api.engine("https", None, true),
        api.engine("http", Some(KEY), true),
    ] {
        engine.warm().await;
    }
    assert_eq!(api.handshakes(), 0);
}
