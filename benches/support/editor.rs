//! An editor for measurements: starts a server, speaks to it over stdio, and notes when each answer
//! came. It waits for nothing longer than it was told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

/// How long an answer of a server may take that is not known to give none.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Editor {
    child: Child,
    input: ChildStdin,
    output: Receiver<Heard>,
    /// What came and was not waited for yet, in order.
    heard: VecDeque<Heard>,
    last_id: u64,
    version: i64,
}

/// A message of the server.
pub struct Heard {
    /// When its last byte was read.
    pub at: Instant,
    pub method: Option<String>,
    pub id: Option<Value>,
    body: Vec<u8>,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Editor {
    /// Starts a server and says nothing yet.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, receiver) = channel();
        std::thread::spawn(move || listen(BufReader::new(output), &sender));
        Self {
            child,
            input,
            output: receiver,
            heard: VecDeque::new(),
            last_id: 0,
            version: 1,
        }
    }

    /// Starts a server, and has it initialized with these options.
    pub fn start(command: Command, folder: Option<&Path>, options: &Value) -> Self {
        let mut editor = Self::spawn(command);
        editor.initialize(folder, options);
        editor.notify("initialized", &json!({}));
        editor
    }

    pub fn initialize(&mut self, folder: Option<&Path>, options: &Value) {
        let root = folder.map(uri);
        let folders = root
            .as_ref()
            .map(|uri| json!([{ "uri": uri, "name": "bench" }]));
        let capabilities = json!({ "experimental": { "gloss": { "stream": true } } });
        let params = json!({
            "processId": null,
            "rootUri": root,
            "workspaceFolders": folders,
            "capabilities": capabilities,
            "initializationOptions": options,
        });
        let (answer, _) = self.ask("initialize", &params);
        assert!(answer["result"]["capabilities"].is_object(), "{answer}");
    }

    pub fn open(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    pub fn close(&mut self, uri: &str) {
        let params = json!({ "textDocument": { "uri": uri } });
        self.notify("textDocument/didClose", &params);
    }

    /// The notification of a text typed over some characters of a line, still to be sent.
    pub fn typed(&mut self, uri: &str, line: usize, from: usize, to: usize, text: &str) -> Vec<u8> {
        self.version += 1;
        let change = json!({ "range": range((line, from), (line, to)), "text": text });
        let document = json!({ "uri": uri, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        framed(&json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": params }))
    }

    pub fn notify(&mut self, method: &str, params: &Value) {
        self.send(&framed(
            &json!({ "jsonrpc": "2.0", "method": method, "params": params }),
        ));
    }

    /// Writes frames. A server that is gone shows in that it gives no answer.
    pub fn send(&mut self, frames: &[u8]) {
        let _ = self.input.write_all(frames);
        let _ = self.input.flush();
    }

    /// Sends a request and does not wait; gives its id, and when it began to be sent.
    pub fn begin(&mut self, method: &str, params: &Value) -> (u64, Instant) {
        self.last_id += 1;
        let id = self.last_id;
        let frame =
            framed(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let began = Instant::now();
        self.send(&frame);
        (id, began)
    }

    /// The answer to a request, and how long it took.
    pub fn ask(&mut self, method: &str, params: &Value) -> (Value, Duration) {
        let asked = self.ask_within(PATIENCE, method, params);
        asked.unwrap_or_else(|| panic!("`{method}` is not answered"))
    }

    /// The same; `None` where none came in time.
    pub fn ask_within(
        &mut self,
        patience: Duration,
        method: &str,
        params: &Value,
    ) -> Option<(Value, Duration)> {
        let (id, began) = self.begin(method, params);
        let heard = self.answer_within(patience, id)?;
        Some((heard.json(), heard.at.duration_since(began)))
    }

    pub fn answer(&mut self, id: u64) -> Heard {
        self.answer_within(PATIENCE, id)
            .unwrap_or_else(|| panic!("request {id} is not answered"))
    }

    pub fn answer_within(&mut self, patience: Duration, id: u64) -> Option<Heard> {
        self.wait_within(patience, |heard| {
            heard.method.is_none() && heard.id == Some(id.into())
        })
    }

    /// The next message that was asked for, and no others before it.
    pub fn wait(&mut self, is_wanted: impl Fn(&Heard) -> bool) -> Heard {
        self.wait_within(PATIENCE, is_wanted)
            .expect("what is waited for does not come")
    }

    fn wait_within(
        &mut self,
        patience: Duration,
        is_wanted: impl Fn(&Heard) -> bool,
    ) -> Option<Heard> {
        if let Some(at) = self.heard.iter().position(&is_wanted) {
            return self.heard.remove(at);
        }
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let heard = self.output.recv_timeout(left).ok()?;
            if is_wanted(&heard) {
                return Some(heard);
            }
            self.heard.push_back(heard);
        }
    }

    /// Forgets what came and was not waited for.
    pub fn forget(&mut self) {
        self.heard.clear();
        while self.output.try_recv().is_ok() {}
    }

    /// Begins a job; gives its id.
    pub fn job(&mut self, command: &str, argument: &Value) -> String {
        let params = json!({ "command": command, "arguments": [argument] });
        let (answer, _) = self.ask("workspace/executeCommand", &params);
        let id = answer["result"]["id"].as_str();
        id.unwrap_or_else(|| panic!("{command}: {answer}"))
            .to_owned()
    }

    /// Waits for the end of a job that is expected to succeed.
    pub fn finished(&mut self, id: &str) -> Heard {
        loop {
            let heard = self.wait(|heard| heard.method.as_deref() == Some("gloss/finished"));
            let params = &heard.json()["params"];
            assert!(params["error"].is_null(), "{params}");
            if params["id"] == id {
                return heard;
            }
        }
    }

    /// Resident memory in bytes, as Linux counts it.
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// What of that is in no file.
    pub fn anonymous(&self) -> u64 {
        self.memory("RssAnon:")
    }

    fn memory(&self, what: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.map_or(0, |number| number.parse::<u64>().unwrap() * 1024)
    }

    /// Lets the server end by itself, so that it keeps what it has to keep.
    pub fn leave(mut self) {
        self.ask("shutdown", &Value::Null);
        self.notify("exit", &Value::Null);
        let _ = self.child.wait();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().into()
}

/// From one line and character to another.
pub fn range(start: (usize, usize), end: (usize, usize)) -> Value {
    let at = |(line, character)| json!({ "line": line, "character": character });
    json!({ "start": at(start), "end": at(end) })
}

/// The parameters of a hover.
pub fn at(uri: &str, line: usize, character: usize) -> Value {
    let position = json!({ "line": line, "character": character });
    json!({ "textDocument": { "uri": uri }, "position": position })
}

/// The parameters of a codeAction at a cursor that a person put there.
pub fn menu(uri: &str, line: usize, character: usize) -> Value {
    json!({
        "textDocument": { "uri": uri },
        "range": range((line, character), (line, character)),
        "context": { "diagnostics": [], "triggerKind": 1 },
    })
}

pub fn framed(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Hands on what the server says until it ends.
fn listen(mut output: BufReader<ChildStdout>, sender: &Sender<Heard>) {
    #[derive(Deserialize)]
    struct Head {
        method: Option<String>,
        id: Option<Value>,
    }
    while let Some(body) = read(&mut output) {
        let at = Instant::now();
        let Head { method, id } =
            serde_json::from_slice(&body).expect("stdout carries the protocol alone");
        let heard = Heard {
            at,
            method,
            id,
            body,
        };
        if sender.send(heard).is_err() {
            return;
        }
    }
}

fn read(output: &mut BufReader<ChildStdout>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().strip_prefix("Content-Length:") {
            Some(number) => length = number.trim().parse().unwrap(),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(body)
}
