//! A connection that is opened before it is needed: the first answer waits for no handshake.

use std::time::Duration;

use gloss::config::{Environment, Settings};
use gloss::engine::{Engine, ImageJob, ImageSource, Place};
use gloss::store::Store;

use super::far::{Api, Nature, Passed, Way, turns_before_the_question};
use super::{KEY, fixture};

/// An engine that asks at this address.
fn engine(base_url: &str, change: impl FnOnce(&mut Settings)) -> Engine {
    let key = ("XAI_API_KEY".to_owned(), KEY.to_owned());
    keyed(
        base_url,
        [key].into_iter().collect(),
        Store::new(None),
        change,
    )
}

fn keyed(
    base_url: &str,
    environment: Environment,
    store: Store,
    change: impl FnOnce(&mut Settings),
) -> Engine {
    let mut settings = Settings {
        base_url: base_url.to_owned(),
        ca_file: Some(fixture("ca.pem")),
        ..Settings::default()
    };
    change(&mut settings);
    Engine::new(settings, &environment, store)
}

const MODELS: &str = "GET /v1/models";

fn local(port: u16) -> String {
    format!("https://localhost:{port}/v1")
}

/// Asks a question that is billed.
async fn ask(engine: &Engine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    image::RgbImage::new(32, 32).save(&path).unwrap();
    let job = ImageJob {
        place: Place::of(&path, &[]),
        source: ImageSource::Named(path),
        again: true,
    };
    let described = engine.describe(job, &mut |_| {}).await.unwrap();
    assert_eq!(described.markdown, "hi");
}

#[tokio::test]
async fn the_first_answer_costs_no_handshake() {
    for (protocols, agreed) in [
        (&["h2", "http/1.1"][..], "h2"),
        (&["http/1.1"], "http/1.1"),
        (&[], ""),
    ] {
        let nature = Nature {
            protocols,
            ..Nature::default()
        };
        let api = Api::start(nature).await;
        let engine = engine(&local(api.port), |_| {});
        engine.warm().await;
        // Nothing that is billed.
        assert_eq!(api.requests(), [(MODELS.to_owned(), 0)]);
        ask(&engine).await;
        let question = "POST /v1/chat/completions".to_owned();
        assert_eq!(api.requests()[1], (question, 0));
        assert_eq!(api.handshakes()[0].protocol, agreed);
    }
}

/// On a long way each turn is time that a person waits.
#[tokio::test]
async fn the_first_question_goes_without_a_turn_before_it() {
    let api = Api::start(Nature::default()).await;
    for (is_warmed, turns) in [(false, 2), (true, 0)] {
        let way = Way::to(api.port, Duration::ZERO, false).await;
        let log = way.log.clone();
        api.on_question(move || log.lock().unwrap().push(Passed::Asked));
        let engine = engine(&local(way.port), |_| {});
        if is_warmed {
            engine.warm().await;
            // By then all is said that both sides say of the connection itself.
            engine.warm().await;
            way.passed();
        }
        ask(&engine).await;
        let passed = way.passed();
        assert_eq!(turns_before_the_question(&passed), turns, "{passed:?}");
    }
}

#[tokio::test]
async fn a_second_connection_takes_up_the_session_of_the_first() {
    let nature = Nature {
        protocols: &["http/1.1"],
        closes: true,
        ..Nature::default()
    };
    let api = Api::start(nature).await;
    let engine = engine(&local(api.port), |_| {});
    engine.warm().await;
    ask(&engine).await;
    let resumed: Vec<_> = api.handshakes().iter().map(|it| it.is_resumed).collect();
    assert_eq!(resumed[..2], [false, true], "{resumed:?}");
}

#[tokio::test]
async fn a_proxy_is_led_through_once() {
    let nature = Nature {
        certificate: "remote.der",
        ..Nature::default()
    };
    let api = Api::start(nature).await;
    let proxy = Way::to(api.port, Duration::ZERO, true).await;
    let engine = engine("https://api.gloss.test/v1", |settings| {
        settings.proxy = Some(format!("http://127.0.0.1:{}", proxy.port));
    });
    engine.warm().await;
    assert_eq!(api.requests(), [(MODELS.to_owned(), 0)]);
    ask(&engine).await;
    assert_eq!(api.handshakes().len(), 1);
    let opened = proxy
        .passed()
        .into_iter()
        .filter(|it| *it == Passed::Opened);
    assert_eq!(opened.count(), 1);
}

#[tokio::test]
async fn nothing_is_opened_where_it_is_not_wanted_or_no_key_is_at_hand() {
    let api = Api::start(Nature::default()).await;
    let url = local(api.port);
    let none = || Environment::new();
    let near = format!("http://localhost:{}/v1", api.port);
    for engine in [
        engine(&url, |settings| settings.warm_connection = false),
        keyed(&url, none(), Store::new(None), |_| {}),
        engine(&near, |_| {}),
    ] {
        engine.warm().await;
    }
    assert_eq!(api.handshakes(), []);
}

/// Where it was kept by `gloss auth login`, and no keyring has to be asked.
#[tokio::test]
async fn a_key_in_a_file_is_at_hand() {
    let api = Api::start(Nature::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(Some(folder.path().to_path_buf()));
    let engine = keyed(&local(api.port), Environment::new(), store, |_| {});
    engine.warm().await;
    assert_eq!(api.handshakes(), []);
    let key = gloss::llm::Key::new(KEY).unwrap();
    engine.keys().keep_in_file(&key).unwrap();
    engine.warm().await;
    assert_eq!(api.requests(), [(MODELS.to_owned(), 0)]);
}
