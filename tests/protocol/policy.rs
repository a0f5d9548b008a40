//! The administrator's policy while the server runs. Its place is fixed, so here the server runs
//! within the test, with a policy of the test's own.

use gloss::config::{ConfigFile, Layers};
use gloss::server::{self, frames};
use gloss::store::Store;
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader, DuplexStream};

use super::api::Api;
use super::editor::{PATIENCE, range, wire};

struct Editor {
    input: DuplexStream,
    output: BufReader<DuplexStream>,
}

impl Editor {
    fn of(layers: Layers, store: Store) -> Self {
        let (input, far_input) = tokio::io::duplex(1 << 20);
        let (far_output, output) = tokio::io::duplex(1 << 20);
        let stays = std::future::pending();
        tokio::spawn(server::serve(
            layers, store, None, far_input, far_output, stays,
        ));
        Self {
            input,
            output: BufReader::new(output),
        }
    }

    async fn send(&mut self, message: Value) {
        let framed = frames::framed(message.to_string().as_bytes());
        self.input.write_all(&framed).await.unwrap();
    }

    async fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let next = async {
            loop {
                let body = frames::read(&mut self.output).await.unwrap().unwrap();
                let message: Value = serde_json::from_slice(&body).unwrap();
                if fits(&message) {
                    return message;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("waited in vain")
    }

    async fn explain(&mut self, uri: &str) {
        let argument = json!({ "uri": uri, "range": range((0, 3), (0, 3)) });
        let params = json!({ "command": "gloss.explain", "arguments": [argument] });
        let request = json!({ "jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": params });
        self.send(request).await;
    }
}

#[tokio::test]
async fn a_policy_that_changes_binds_from_the_next_job_on() {
    let mut api = Api::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let own = format!(
        "base_url = '{}'\nwire = '{}'\nmodel = 'grok-4.5'\n",
        api.url,
        wire()
    );
    let user_file = folder.path().join("config.toml");
    std::fs::write(&user_file, own).unwrap();
    let layers = Layers {
        policy: ConfigFile::read(path.clone()),
        user_file: ConfigFile::read(user_file),
        ..Layers::default()
    };
    let mut editor = Editor::of(layers, Store::new(folder.path().join("data")));
    let capabilities = json!({ "experimental": { "gloss": { "stream": true } } });
    let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    editor.send(initialize).await;
    editor.wait(|message| message["id"] == 1).await;
    let uri = format!("file://{}/a.rs", folder.path().display());
    let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": "fn a() {}\n" });
    let params = json!({ "textDocument": document });
    let open = json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params });
    editor.send(open).await;

    for (policy, model) in [
        (None, "grok-4.5"),
        (Some("model = 'grok-4.3'\n"), "grok-4.3"),
        (Some("model = 'grok-build-0.1'\n"), "grok-build-0.1"),
        (None, "grok-4.5"),
    ] {
        match policy {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => drop(std::fs::remove_file(&path)),
        }
        editor.explain(&uri).await;
        let held = api.next().await;
        assert_eq!(held.body["model"], model, "{policy:?}");
        held.text("It does nothing.");
        editor
            .wait(|message| message["method"] == "gloss/finished")
            .await;
    }

    // One that cannot be read stops everything until it is mended.
    std::fs::write(&path, "model = ").unwrap();
    editor.explain(&uri).await;
    let finished = editor
        .wait(|message| message["method"] == "gloss/finished")
        .await;
    let error = finished["params"]["error"]["message"].to_string();
    assert!(error.contains("policy.toml:1"), "{error}");
    assert!(api.is_quiet());
}
