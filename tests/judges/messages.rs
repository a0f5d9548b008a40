//! A whole conversation with the language server, whatever the editor says in it.

use std::collections::BTreeMap;

use gloss::config::{Environment, Layers};
use gloss::server;
use gloss::store::Store;
use serde_json::{Value, json};

use super::frames::{converse, every_probe_is_answered, runtime};

/// Nothing listens there, so that every job ends at once.
const NOWHERE: &str = "http://127.0.0.1:9/v1";
const KEY: &str = "xai-0123456789abcdefghijklmnop";

/// The input is the bodies of an editor's messages.
pub fn judge(input: &[u8]) {
    let bodies: Vec<&[u8]> = super::parts(input);
    let layers = Layers {
        environment: Environment::from([
            ("XAI_API_KEY".to_owned(), KEY.to_owned()),
            ("XAI_BASE_URL".to_owned(), NOWHERE.to_owned()),
        ]),
        ..Layers::default()
    };
    let runtime = runtime();
    let said = runtime.block_on(converse(&bodies, |input, output| async move {
        let stays = std::future::pending();
        server::serve(layers, Store::new(None), None, input, output, stays).await;
    }));
    runtime.shutdown_background();
    every_probe_is_answered(&bodies, &said);
    tells_no_mistake(&said);
    if !bodies
        .iter()
        .any(|body| String::from_utf8_lossy(body).contains(KEY))
    {
        tells_no_key(&said);
    }
    answers_once(&said);
}

fn tells_no_mistake(said: &[Value]) {
    for message in said {
        assert!(message["error"]["code"] != json!(-32603), "{message}");
    }
}

/// Of an editor that did not name it itself.
fn tells_no_key(said: &[Value]) {
    for message in said {
        assert!(!message.to_string().contains(KEY), "{message}");
    }
}

/// An id that the editor used once is answered once.
fn answers_once(said: &[Value]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for message in said
        .iter()
        .filter(|message| message.get("method").is_none())
    {
        *seen.entry(message["id"].to_string()).or_default() += 1;
    }
    let probes = seen.iter().filter(|(id, _)| id.starts_with("\"probe "));
    for (id, times) in probes {
        assert_eq!(*times, 1, "{id}");
    }
}
