//! How long the first command waits for its answer, from a server over TLS that is 50 ms away, with the
//! connection opened as the editor starts and without: `cargo bench --bench first_answer`.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../tests/api/far.rs"]
mod far;

use std::process::Stdio;
use std::time::{Duration, Instant};

use far::{Api, Nature, Passed, Way, turns_before_the_question};
use gloss::server::frames;
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// One way.
const LONG: Duration = Duration::from_millis(50);
const RUNS: usize = 9;

#[tokio::main]
async fn main() {
    println!("the first command, its API 50 ms away     to the answer   turns before the question");
    for (what, is_warmed) in [("a connection opened at the start", true), ("none", false)] {
        let (mut times, mut turns) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let (time, turned) = first_command(is_warmed).await;
            times.push(time);
            turns = turns.max(turned);
        }
        times.sort();
        let time = times[RUNS / 2].as_secs_f64() * 1e3;
        println!("{what:<40} {time:>11.1} ms {turns:>14}");
    }
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(bare().await);
    }
    times.sort();
    let floor = times[RUNS / 2].as_secs_f64() * 1e3;
    let what = "a bare client, its connection open";
    println!("{what:<40} {floor:>11.1} ms {:>14}", 0);
}

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/ca.pem");

/// The floor: the same question by an HTTP client alone, on a connection that is open.
async fn bare() -> Duration {
    let api = Api::start(Nature::default()).await;
    let way = Way::to(api.port, LONG, false).await;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(gloss::llm::tls(Some(AUTHORITY.as_ref())).unwrap())
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/v1", way.port);
    let opened = client.get(format!("{url}/models")).send().await.unwrap();
    opened.bytes().await.unwrap();
    let began = Instant::now();
    let asked = client.post(format!("{url}/chat/completions")).body("{}");
    asked.send().await.unwrap().bytes().await.unwrap();
    began.elapsed()
}

/// The time from the command to the end of its job, and the turns before its question.
async fn first_command(is_warmed: bool) -> (Duration, usize) {
    let api = Api::start(Nature::default()).await;
    let way = Way::to(api.port, LONG, false).await;
    let log = way.log.clone();
    api.on_question(move || log.lock().unwrap().push(Passed::Asked));
    let folder = tempfile::tempdir().unwrap();
    let mut editor = Editor::start(
        Command::new(env!("CARGO_BIN_EXE_gloss"))
            .arg("lsp")
            // Without a workspace to look for definitions in.
            .current_dir(folder.path())
            .env("GLOSS_DATA_DIR", folder.path())
            .env("HOME", folder.path())
            .env("XAI_API_KEY", "xai-4f0c2a9e8b7d6c5b4a39281706f5e4d3")
            .env("XAI_BASE_URL", format!("https://localhost:{}/v1", way.port))
            .env("GLOSS_CA_FILE", AUTHORITY)
            .env("GLOSS_WARM_CONNECTION", is_warmed.to_string()),
    );
    let capabilities = json!({ "experimental": { "gloss": { "stream": true } } });
    let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
    editor
        .send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }))
        .await;
    editor.read_until(|message| message["id"] == 1).await;
    editor
        .send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }))
        .await;
    let text = "fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n";
    let document = json!({ "uri": "untitled:a", "languageId": "rust", "version": 1, "text": text });
    let params = json!({ "textDocument": document });
    editor
        .send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params }))
        .await;
    // A person reads before the first command; half a second is enough for this way.
    tokio::time::sleep(10 * LONG).await;
    assert_eq!(api.requests().len(), usize::from(is_warmed));
    way.passed();
    let at = json!({ "line": 0, "character": 4 });
    let argument = json!({ "uri": "untitled:a", "range": { "start": at, "end": at } });
    let params = json!({ "command": "gloss.explain", "arguments": [argument] });
    let began = Instant::now();
    editor
        .send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": params }))
        .await;
    let finished = editor
        .read_until(|message| message["method"] == "gloss/finished")
        .await;
    let took = began.elapsed();
    assert_eq!(finished["params"]["result"]["markdown"], "hi", "{finished}");
    assert_eq!(api.handshakes().len(), 1);
    (took, turns_before_the_question(&way.passed()))
}

struct Editor {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Ends with this.
    _child: Child,
}

impl Editor {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            _child: child,
        }
    }

    async fn send(&mut self, message: &Value) {
        let frame = frames::framed(message.to_string().as_bytes());
        self.input.write_all(&frame).await.unwrap();
    }

    async fn read_until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let body = frames::read(&mut self.output).await.unwrap().unwrap();
            let message: Value = serde_json::from_slice(&body).unwrap();
            if fits(&message) {
                return message;
            }
        }
    }
}
