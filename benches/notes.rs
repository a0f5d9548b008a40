//! What notes cost on the way of a message: `cargo bench --bench notes`.
//!
//! A document of 10,000 lines has a note on each of 300 functions. Hints are asked for right after
//! a keystroke, for the lines of a screen and for the whole document, and compared with a server
//! that has no notes. An open document is followed by a request that needs nothing of it, so that
//! the time to its answer is what opening holds up.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use gloss::action::Subject;
use gloss::engine::anchor;
use gloss::store::{Note, Store};
use gloss::syntax::{Language, Syntax};
use ropey::Rope;
use serde_json::{Value, json};

const RUNS: usize = 200;
const OPENED: usize = 30;
const LINES: usize = 10_000;
const NOTES: usize = 300;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir(root.join(".git")).unwrap();
    let text = document();
    let path = root.join("large.rs");
    std::fs::write(&path, &text).unwrap();
    let (with, without) = (root.join("with"), root.join("without"));
    keep_notes(&text, &root, &with);
    keep_notes("", &root, &without);
    let uri = url::Url::from_file_path(&path).unwrap().to_string();

    let mut server = Server::start(&with);
    server.open(&uri, &text);
    let found = server.hints(&uri, LINES);
    println!(
        "{} lines, {} kB, {} hints of {} kB",
        text.lines().count(),
        text.len() / 1000,
        found["result"].as_array().unwrap().len(),
        found.to_string().len() / 1000
    );
    let mut bare = Server::start(&without);
    bare.open(&uri, &text);
    bare.hints(&uri, LINES);
    println!("median of {RUNS}                                  with notes    without     hold");
    for (what, lines, hold) in [
        ("hints of a screen after a keystroke", 60, "2 ms"),
        ("hints of the document after a keystroke", LINES, "2 ms"),
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for n in 0..RUNS {
            for (server, times) in [&mut server, &mut bare].into_iter().zip(&mut times) {
                server.type_letter(&uri, n);
                times.push(server.timed_hints(&uri, lines));
            }
        }
        print(what, times, hold);
    }
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..OPENED {
        for (data, times) in [&with, &without].into_iter().zip(&mut times) {
            let mut server = Server::start(data);
            server.ask("gloss/none", &Value::Null);
            let began = Instant::now();
            server.open(&uri, &text);
            server.ask("gloss/none", &Value::Null);
            times.push(began.elapsed());
        }
    }
    print("an open document, to the next answer", times, "");
}

fn print(what: &str, times: [Vec<Duration>; 2], hold: &str) {
    let [with, without] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    println!("{what:<44} {with:>8.3} ms {without:>8.3} ms   {hold}");
}

/// Functions of some thirty lines each.
fn document() -> String {
    let mut text = String::new();
    let mut n = 0;
    while text.lines().count() < LINES - 1 {
        let _ = write!(
            text,
            "/// Works on {n}.\nfn function_{n}(value: u64) -> u64 {{\n"
        );
        for step in 0..28 {
            let _ = writeln!(text, "    let value = value.wrapping_mul({step}) + {n};");
        }
        text.push_str("    value\n}\n\n");
        n += 1;
    }
    text
}

fn keep_notes(text: &str, root: &Path, data: &Path) {
    let store = Store::new(data.to_path_buf());
    let rope = Rope::from_str(text);
    let syntax = Syntax::parse(Language::Rust, &rope).unwrap();
    for symbol in syntax.symbols().iter().take(NOTES) {
        let subject = Subject {
            range: symbol.range.clone(),
            leading: symbol.leading.clone(),
            name: Some(symbol.name.clone()),
            shown_at: symbol.name_range.start,
        };
        let note = |text: &str| Note {
            workspace: root.display().to_string(),
            file: "large.rs".into(),
            action: "explain".into(),
            anchor: anchor(&rope, Some(&syntax), &subject),
            summary: format!("Works on the value of {} again and again.", symbol.name),
            markdown: text.to_owned(),
            model: "grok-4.3".into(),
            cost_ticks: Some(1_000_000),
            asked: None,
            time: jiff::Timestamp::now(),
        };
        store.keep_note(note(
            &"It multiplies, adds, and gives back what is left. ".repeat(12),
        ));
        assert!(store.flush(Duration::from_secs(20)));
    }
    // So that there is a file to look into.
    store.keep_models(
        "none",
        gloss::store::ModelList {
            tried: jiff::Timestamp::now(),
            models: Vec::new(),
        },
    );
    assert!(store.flush(Duration::from_secs(20)));
}

struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    last_id: u64,
    version: u64,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gloss"))
            .arg("lsp")
            .env("GLOSS_DATA_DIR", data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            output,
            last_id: 0,
            version: 1,
        };
        let params = json!({ "processId": null, "rootUri": null, "capabilities": {} });
        server.ask("initialize", &params);
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        server
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        self.send(&json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params }));
    }

    /// A letter in the middle of the document, in a function with a note.
    fn type_letter(&mut self, uri: &str, n: usize) {
        self.version += 1;
        let line = 4_000 + n % 20;
        let at = json!({ "line": line, "character": 8 });
        let change = json!({ "range": { "start": at, "end": at }, "text": "x" });
        let document = json!({ "uri": uri, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        self.send(
            &json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": params }),
        );
    }

    fn hints(&mut self, uri: &str, lines: usize) -> Value {
        let params = Self::all_of(uri, lines);
        self.ask("textDocument/inlayHint", &params)
    }

    /// From asking to the answer's last byte; to read it as JSON is the editor's own time.
    fn timed_hints(&mut self, uri: &str, lines: usize) -> Duration {
        let params = Self::all_of(uri, lines);
        let began = Instant::now();
        let id = self.begin("textDocument/inlayHint", &params);
        loop {
            let body = self.read();
            let took = began.elapsed();
            if is_answer(&body, id) {
                return took;
            }
        }
    }

    fn all_of(uri: &str, lines: usize) -> Value {
        let first = if lines < LINES { 4_000 } else { 0 };
        let at = |line: usize| json!({ "line": line, "character": 0 });
        let range = json!({ "start": at(first), "end": at(first + lines) });
        json!({ "textDocument": { "uri": uri }, "range": range })
    }

    fn begin(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.begin(method, params);
        loop {
            let body = self.read();
            if is_answer(&body, id) {
                return serde_json::from_slice(&body).unwrap();
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    fn read(&mut self) -> Vec<u8> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            match line.trim().strip_prefix("Content-Length:") {
                Some(number) => length = number.trim().parse().unwrap(),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        body
    }
}

/// Whether a message answers the request of this id.
fn is_answer(body: &[u8], id: u64) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        id: Option<Value>,
        method: Option<Value>,
    }
    let head: Head = serde_json::from_slice(body).unwrap();
    head.method.is_none() && head.id == Some(id.into())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
