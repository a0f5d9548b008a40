//! Downloading images that are linked by URL, from servers over TLS on loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use gloss::config::{Environment, Settings};
use gloss::engine::fetch::{AddressRule, FetchError, FetchOptions, Fetcher};
use gloss::engine::{Engine, ImageJob, ImageSource, Place};
use gloss::image::Hints;
use gloss::llm::Wire;
use gloss::store::Store;
use url::Url;

use super::server::{Server, Step, answer};
use super::wire::good;
use super::{LONG, SHORT, fixture, tls};

/// A web server that gives each path its answer, one a connection.
struct Web {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    /// `answers` has the whole answer to a path; where that is empty the connection is held.
    fn start(answers: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let config = Arc::new(tls());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let tls = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut stream = rustls::StreamOwned::new(tls, socket.unwrap());
                let mut head = Vec::new();
                let mut piece = [0; 4096];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(length @ 1..) => head.extend_from_slice(&piece[..length]),
                        _ => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                let Some(path) = head.split(' ').nth(1) else {
                    continue;
                };
                let answer = answers(path);
                seen.lock().unwrap().push(head);
                if answer.is_empty() {
                    while matches!(stream.read(&mut piece), Ok(1..)) {}
                    continue;
                }
                let _ = stream.write_all(&answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { port, requests }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("https://localhost:{}{path}", self.port)).unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    with_head(&format!("200 OK\r\ncontent-length: {}", body.len()), body)
}

fn with_head(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\nset-cookie: a=b\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn to(location: &str) -> Vec<u8> {
    with_head(
        &format!("302 Found\r\nlocation: {location}\r\ncontent-length: 0"),
        b"",
    )
}

fn options() -> FetchOptions {
    FetchOptions {
        addresses: AddressRule::PublicAndLoopback,
        connect: LONG,
        total: LONG,
        max_bytes: 1000,
        ca_file: Some(fixture("ca.pem")),
        ..FetchOptions::default()
    }
}

#[tokio::test]
async fn a_download_carries_nothing_but_the_request() {
    let web = Web::start(|path| match path {
        "/a.png" => to("/b.png?x=y"),
        _ => ok(b"bytes"),
    });
    let fetched = Fetcher::new(options()).fetch(&web.url("/a.png")).await;
    assert_eq!(fetched.unwrap(), b"bytes");
    let requests = web.requests();
    assert!(requests[1].starts_with("get /b.png?x=y "), "{requests:?}");
    for request in requests {
        assert!(request.contains("user-agent: gloss/"), "{request}");
        for absent in ["authorization", "cookie", "referer", "origin"] {
            assert!(!request.contains(absent), "{request}");
        }
    }
}

#[tokio::test]
async fn each_redirect_is_checked_anew_and_three_are_followed() {
    let web = Web::start(|path| match path {
        "/1" => to("/2"),
        "/2" => to("/3"),
        "/3" => to("/4"),
        "/4" => ok(b"there"),
        "/0" => to("/1"),
        "/plain" => to("http://localhost/x.png"),
        "/inside" => to("https://10.0.0.1/x.png"),
        "/metadata" => to("https://169.254.169.254/latest"),
        "/mapped" => to("https://[::ffff:10.0.0.1]/x.png"),
        "/password" => to("https://a:b@example.com/x.png"),
        "/file" => to("file:///etc/passwd"),
        "/nowhere" => with_head("302 Found\r\ncontent-length: 0", b""),
        _ => with_head("404 Not Found\r\ncontent-length: 4", b"gone"),
    });
    let fetcher = Fetcher::new(options());
    assert_eq!(fetcher.fetch(&web.url("/1")).await.unwrap(), b"there");
    for (path, words) in [
        ("/0", "leads on and on"),
        ("/plain", "only over https"),
        ("/inside", "10.0.0.1 is no public address"),
        ("/metadata", "169.254.169.254 is no public address"),
        ("/mapped", "is no public address"),
        ("/password", "password"),
        ("/file", "only over https"),
        ("/nowhere", "localhost answered 302"),
        ("/gone", "localhost answered 404 Not Found"),
    ] {
        let error = fetcher.fetch(&web.url(path)).await.unwrap_err().to_string();
        assert!(error.contains(words), "{path}: {error}");
    }
}

#[tokio::test]
async fn this_machine_is_not_reached_by_any_of_its_names() {
    let web = Web::start(|_| ok(b"secret"));
    let fetcher = Fetcher::new(FetchOptions {
        addresses: AddressRule::Public,
        ..options()
    });
    for host in [
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ] {
        let url = Url::parse(&format!("https://{host}:{}/x.png", web.port)).unwrap();
        let refused = fetcher.fetch(&url).await;
        // A machine may not know the name with the dot at all.
        let is_refused = matches!(
            refused,
            Err(FetchError::NotPublic(_) | FetchError::NoAddress(_))
        );
        assert!(is_refused, "{host}: {refused:?}");
    }
    assert!(web.requests().is_empty());
}

#[tokio::test]
async fn no_more_is_read_than_an_image_may_have() {
    let web = Web::start(|path| match path {
        "/most" => ok(&[7; 1000]),
        "/declared" => with_head("200 OK\r\ncontent-length: 99999999999", b"x"),
        "/undeclared" => with_head("200 OK", &vec![7; 100_000]),
        _ => with_head("200 OK\r\ncontent-length: 900", &[7; 10]),
    });
    let fetcher = Fetcher::new(options());
    let most = fetcher.fetch(&web.url("/most")).await;
    assert_eq!(most.unwrap().len(), 1000);
    for path in ["/declared", "/undeclared"] {
        let error = fetcher.fetch(&web.url(path)).await.unwrap_err();
        assert_eq!(error, FetchError::TooLarge { max_bytes: 1000 }, "{path}");
    }
    let cut = fetcher.fetch(&web.url("/cut")).await;
    assert!(matches!(cut, Err(FetchError::Failed { .. })), "{cut:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let web = Web::start(|_| Vec::new());
    let fetcher = Fetcher::new(FetchOptions {
        total: SHORT,
        ..options()
    });
    let error = fetcher.fetch(&web.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_read() {
    let web = Web::start(|_| ok(b"bytes"));
    let fetcher = Fetcher::new(FetchOptions {
        ca_file: None,
        ..options()
    });
    let error = fetcher.fetch(&web.url("/")).await.unwrap_err().to_string();
    assert!(error.contains("localhost"), "{error}");
    assert!(web.requests().is_empty());
    let plain = Url::parse(&format!("http://localhost:{}/", web.port)).unwrap();
    assert_eq!(fetcher.fetch(&plain).await, Err(FetchError::NotHttps));
}

#[tokio::test]
async fn behind_a_proxy_what_is_known_to_be_inside_is_still_refused() {
    let mut proxy = Server::start(vec![vec![
        Step::Request,
        answer("403 Forbidden", b"not for you"),
    ]])
    .await;
    let fetcher = Fetcher::new(FetchOptions {
        addresses: AddressRule::Public,
        proxy: Some(format!("http://127.0.0.1:{}", proxy.port)),
        ..options()
    });
    for inside in ["https://localhost/x.png", "https://10.1.2.3/x.png"] {
        let refused = fetcher.fetch(&Url::parse(inside).unwrap()).await;
        assert!(matches!(refused, Err(FetchError::NotPublic(_))), "{inside}");
    }
    assert!(proxy.saw_nothing());
    let outside = Url::parse("https://picture.invalid/x.png").unwrap();
    let failed = fetcher.fetch(&outside).await;
    assert!(
        matches!(failed, Err(FetchError::Failed { .. })),
        "{failed:?}"
    );
    let request = proxy.request().await;
    assert!(
        request.starts_with("connect picture.invalid:443"),
        "{request}"
    );
}

/// A PNG of one colour.
fn png(red: u8) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(32, 32, image::Rgb([red, 0, 0]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

#[tokio::test]
async fn an_image_behind_urls_is_downloaded_converted_and_paid_for_once() {
    let web = Web::start(|path| match path {
        "/text.png" => ok(b"This is text."),
        _ => ok(&png(200)),
    });
    let mut api = Server::start(vec![good(Wire::Chat, "A red square.")]).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        base_url: api.url(),
        ca_file: Some(fixture("ca.pem")),
        ..Settings::default()
    };
    let store = Store::new(Some(folder.path().join("data")));
    let engine = Engine::new(settings, &Environment::new(), store)
        .downloading_from(AddressRule::PublicAndLoopback);
    let job = |path: &str| ImageJob {
        source: ImageSource::Linked {
            target: web.url(path).into(),
            document: None,
            folders: Vec::new(),
            hints: Hints::default(),
        },
        place: Place::of(&folder.path().join("a.md"), &[]),
        again: false,
    };
    // Nothing is downloaded to show what is known, or what would be sent.
    let known = engine.known(job("/a.png")).await.unwrap();
    assert_eq!(
        (known.facts.as_str(), known.markdown),
        ("linked by URL", None)
    );
    engine.prepare_description(job("/a.png")).await.unwrap();
    assert!(web.requests().is_empty());

    let (mut one, mut other) = (|_| {}, |_| {});
    let (first, second) = tokio::join!(
        engine.describe(job("/a.png"), &mut one),
        engine.describe(job("/b.png"), &mut other)
    );
    for described in [first, second] {
        let described = described.unwrap();
        assert_eq!(described.markdown, "A red square.");
        assert!(described.facts.starts_with("PNG, 32 x 32 pixels"));
    }
    let request = api.request().await;
    assert!(request.contains("data:image/png;base64,"));
    assert!(!request.contains("/a.png"));
    let known = engine.known(job("/b.png")).await.unwrap();
    assert_eq!(known.markdown.as_deref(), Some("A red square."));
    let wrong = engine.describe(job("/text.png"), &mut |_| {}).await;
    let words = wrong.unwrap_err().to_string();
    assert!(words.contains("not an image"), "{words}");
    assert_eq!(api.connections(), 1);
}
