//! An editor for tests: starts the real program, remembers all it says, answers what it asks.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use gloss::document::{ContentChange, Documents};
use gloss::llm::Wire;
use gloss::server::frames;
use gloss::text::{Encoding, Position};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

/// How long anything may take before a test gives up; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How an editor starts the server.
pub struct Setup {
    pub api: String,
    pub key: Option<&'static str>,
    pub capabilities: Value,
    pub options: Value,
    pub environment: Vec<(&'static str, String)>,
    /// Whether a hover waits for an answer as long as a test does, and not as it is set.
    pub is_patient: bool,
    /// Whether nobody reads what the server says on standard error.
    pub leaves_errors: bool,
    /// Shell's words that come first, as root of a namespace where mounts are its own.
    pub script: Option<String>,
}

impl Setup {
    pub fn new(api: &str) -> Self {
        Self {
            api: api.to_owned(),
            key: None,
            capabilities: plain(),
            options: Value::Null,
            environment: Vec::new(),
            is_patient: true,
            leaves_errors: false,
            script: None,
        }
    }

    fn program(&self) -> Command {
        let program = program();
        let Some(script) = &self.script else {
            return Command::new(program);
        };
        let mut command = Command::new("unshare");
        let script = format!("PATH=/usr/sbin:/usr/bin:/sbin:/bin; {script} && exec \"$0\" \"$@\"");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
        command.arg(program);
        command
    }

    /// With the capability that gets outcomes as data.
    pub fn streaming(api: &str) -> Self {
        let mut setup = Self::new(api);
        setup.capabilities["experimental"] = json!({ "gloss": { "stream": true } });
        setup
    }
}

/// The program that is tested: the one built for this, or that of `GLOSS_PROGRAM`, as it is installed.
fn program() -> OsString {
    std::env::var_os("GLOSS_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_gloss").into())
}

/// An editor that takes versioned edits and progress, and counts in UTF-16.
fn plain() -> Value {
    json!({
        "window": { "workDoneProgress": true },
        "workspace": { "applyEdit": true, "workspaceEdit": { "documentChanges": true } },
    })
}

/// What the setting `wire` is for all of these tests.
pub fn wire() -> &'static str {
    match super::WIRE {
        Wire::Chat => "chat",
        Wire::Responses => "responses",
    }
}

pub struct Editor {
    pub folder: tempfile::TempDir,
    pub child: Child,
    input: Option<ChildStdin>,
    /// Whether it reads what comes.
    pub reads: watch::Sender<bool>,
    output: mpsc::UnboundedReceiver<Value>,
    /// What came and was not waited for yet, in order.
    pub heard: VecDeque<Value>,
    pub documents: Documents,
    /// Answers to `workspace/applyEdit`, or errors as `{"error": …}`; applied where there is none.
    pub apply_answers: VecDeque<Value>,
    /// What is answered to `gloss/context`; nothing at all where it is "silence".
    pub context_answer: Value,
    /// The edits that were asked for, in order.
    pub asked_to_apply: Vec<Value>,
    /// Answers to `window/showMessageRequest`; dismissed where there is none.
    pub chosen: VecDeque<Value>,
    /// What the server asked for or told, by name.
    pub methods: BTreeSet<String>,
    /// The answer to `workspace/configuration`.
    pub settings: Value,
    versions: HashMap<String, i32>,
    last_id: i64,
}

impl Editor {
    pub async fn start(setup: &Setup) -> Self {
        let mut editor = Self::spawn(setup);
        let folder = editor.folder.path().canonicalize().unwrap();
        let result = editor
            .request(
                "initialize",
                json!({
                    "processId": null,
                    "rootUri": null,
                    "workspaceFolders": [{ "uri": uri(&folder), "name": "test" }],
                    "capabilities": setup.capabilities,
                    "initializationOptions": setup.options,
                }),
            )
            .await
            .unwrap();
        assert_eq!(result["serverInfo"]["name"], "gloss");
        editor.notify("initialized", json!({})).await;
        editor
    }

    /// Starts the program and says nothing yet.
    pub fn spawn(setup: &Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = setup.program();
        command
            .arg("lsp")
            .env_clear()
            .env("HOME", folder.path().join("home"))
            .env("GLOSS_DATA_DIR", folder.path().join("data"))
            .env("XAI_BASE_URL", &setup.api)
            .env("GLOSS_WIRE", wire())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(key) = setup.key {
            command.env("XAI_API_KEY", key);
        }
        if setup.is_patient {
            command.env("GLOSS_HOVER_WAIT_MS", PATIENCE.as_millis().to_string());
        }
        if setup.leaves_errors {
            command.stderr(Stdio::piped());
        }
        command.envs(setup.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::unbounded_channel();
        let (reads, mut may_read) = watch::channel(true);
        tokio::spawn(async move {
            while may_read.wait_for(|may| *may).await.is_ok()
                && let Ok(Some(body)) = frames::read(&mut output).await
            {
                let message: Value =
                    serde_json::from_slice(&body).expect("stdout carries the protocol alone");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            reads,
            output: receiver,
            folder,
            heard: VecDeque::new(),
            documents: Documents::default(),
            apply_answers: VecDeque::new(),
            context_answer: Value::Null,
            asked_to_apply: Vec::new(),
            chosen: VecDeque::new(),
            methods: BTreeSet::new(),
            settings: Value::Null,
            versions: HashMap::new(),
            last_id: 0,
        }
    }

    /// Writes a file into the workspace and opens it; gives its uri.
    pub async fn open(&mut self, name: &str, language: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let uri = uri(&path);
        self.open_uri(&uri, language, text).await;
        uri
    }

    pub async fn open_uri(&mut self, uri: &str, language: &str, text: &str) {
        self.documents.open(uri, language, 1, text);
        self.versions.insert(uri.to_owned(), 1);
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))
            .await;
    }

    /// Types `text` over a range, on both sides.
    pub async fn type_at(&mut self, uri: &str, start: (u32, u32), end: (u32, u32), text: &str) {
        let message = self.changed(uri, &[(Some((start, end)), text)]);
        self.send(message).await;
    }

    /// Changes the editor's text; gives the notification of it, still to be sent.
    pub fn changed(&mut self, uri: &str, changes: &[Change<'_>]) -> Value {
        let version = self.versions.get_mut(uri).unwrap();
        *version += 1;
        let position = |(line, character)| Position { line, character };
        let content = changes.iter().map(|(range, text)| ContentChange {
            range: range.map(|(start, end)| (position(start), position(end))),
            text: (*text).to_owned(),
        });
        let content: Vec<_> = content.collect();
        assert!(
            self.documents
                .change(uri, *version, &content, Encoding::Utf16)
        );
        let content = changes.iter().map(|(at, text)| match at {
            Some((start, end)) => json!({ "range": range(*start, *end), "text": text }),
            None => json!({ "text": text }),
        });
        let content: Vec<_> = content.collect();
        json!({
            "jsonrpc": "2.0",
            "method": "textDocument/didChange",
            "params": { "textDocument": { "uri": uri, "version": version }, "contentChanges": content },
        })
    }

    /// Waits to be asked for an edit that is to be answered by hand; see [`reply_to`].
    pub async fn asked(&mut self) -> Value {
        self.wait(|message| message["method"] == "workspace/applyEdit")
            .await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn text(&self, uri: &str) -> String {
        self.documents.snapshot(uri).unwrap().text.to_string()
    }

    /// Sends a request and gives its answer; what comes before it is kept or answered.
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params).await;
        self.answer(id).await
    }

    /// Sends a request and does not wait.
    pub async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    pub async fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let message = self
            .wait(|message| message["id"] == id && message.get("method").is_none())
            .await;
        match message.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(message["result"].clone()),
        }
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
            .await;
    }

    pub async fn execute(&mut self, command: &str, argument: Value) -> Result<Value, Value> {
        self.request(
            "workspace/executeCommand",
            json!({ "command": command, "arguments": [argument] }),
        )
        .await
    }

    /// Begins a job, an explanation whatever notes are kept; gives its id.
    pub async fn job(
        &mut self,
        command: &str,
        uri: &str,
        start: (u32, u32),
        end: (u32, u32),
    ) -> String {
        let begun = self
            .execute(
                command,
                json!({ "uri": uri, "range": range(start, end), "again": command == "gloss.explain" }),
            )
            .await
            .unwrap();
        begun["id"].as_str().unwrap().to_owned()
    }

    /// Waits for a job's `gloss/finished`.
    pub async fn finished(&mut self, id: &str) -> Value {
        let id = id.to_owned();
        let finished = self
            .wait(move |message| {
                message["method"] == "gloss/finished" && message["params"]["id"] == id.as_str()
            })
            .await;
        finished["params"].clone()
    }

    /// Waits for the text of a `window/showMessage`.
    pub async fn message(&mut self) -> String {
        let message = self
            .wait(|message| message["method"] == "window/showMessage")
            .await;
        message["params"]["message"].as_str().unwrap().to_owned()
    }

    /// Waits for the parameters of a `window/showMessageRequest`.
    pub async fn question(&mut self) -> Value {
        let asked = self
            .wait(|message| message["method"] == "window/showMessageRequest")
            .await;
        asked["params"].clone()
    }

    /// Waits for the end of a job's progress.
    pub async fn ended(&mut self, id: &str) {
        let id = id.to_owned();
        self.wait(move |message| {
            message["method"] == "$/progress"
                && message["params"]["token"] == id.as_str()
                && message["params"]["value"]["kind"] == "end"
        })
        .await;
    }

    pub async fn hover(&mut self, uri: &str, line: u32, character: u32) -> Option<String> {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        let hover = self.request("textDocument/hover", params).await.unwrap();
        hover["contents"]["value"].as_str().map(str::to_owned)
    }

    /// The titles in the menu at a cursor, once this one is among them: a menu waits for a parse
    /// only a moment, and a busy machine may take longer.
    pub async fn titles_with(&mut self, uri: &str, at: (u32, u32), wanted: &str) -> Vec<String> {
        let has_it = |titles: &Vec<String>| titles.iter().any(|title| title == wanted);
        let titles = until(async || self.titles(uri, at, at).await, has_it).await;
        assert!(has_it(&titles), "{wanted}: {titles:?}");
        titles
    }

    /// The titles in the menu, by what is known of the text within the moment that a menu waits.
    pub async fn titles(&mut self, uri: &str, start: (u32, u32), end: (u32, u32)) -> Vec<String> {
        let context = json!({ "diagnostics": [] });
        let params = json!({ "textDocument": { "uri": uri }, "range": range(start, end), "context": context });
        let actions = self
            .request("textDocument/codeAction", params)
            .await
            .unwrap();
        let titles = actions
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action["title"].as_str().unwrap().to_owned());
        titles.collect()
    }

    /// The first message that fits, kept or to come; those that do not are kept.
    pub async fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&fits) {
            return self.heard.remove(at).unwrap();
        }
        loop {
            let message = self.next().await;
            self.reply(&message).await;
            if fits(&message) {
                return message;
            }
            self.heard.push_back(message);
        }
    }

    /// The next message to come, not answered yet; see [`Editor::reply`].
    pub async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(PATIENCE, self.output.recv()).await;
        let Ok(Some(message)) = next else {
            panic!("waited in vain; heard: {:#?}", self.heard);
        };
        let method = message["method"].as_str();
        self.methods.extend(method.map(str::to_owned));
        message
    }

    /// Whether a message with these words has come and was not waited for.
    pub fn was_told(&self, words: &str) -> bool {
        let mut messages = self
            .heard
            .iter()
            .filter(|it| it["method"] == "window/showMessage");
        messages.any(|it| {
            it["params"]["message"]
                .as_str()
                .is_some_and(|said| said.contains(words))
        })
    }

    /// Takes what is there by now without waiting for anything to come.
    pub async fn drain(&mut self) {
        // An answer to a request of our own is behind everything that was sent before it.
        let _ = self.request("gloss/none", Value::Null).await;
    }

    /// `shutdown`, `exit`, and how the process ended.
    pub async fn stop(mut self) -> ExitStatus {
        self.request("shutdown", Value::Null).await.unwrap();
        self.notify("exit", Value::Null).await;
        self.exited().await
    }

    /// The memory that is the server's own, and no file's, in KiB.
    #[cfg(target_os = "linux")]
    pub fn own_kib(&self) -> u64 {
        self.status("RssAnon:")
    }

    #[cfg(target_os = "linux")]
    pub fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    /// How many files, sockets and the like the server has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> u64 {
        let folder = format!("/proc/{}/fd", self.child.id().unwrap());
        std::fs::read_dir(folder).unwrap().count() as u64
    }

    /// What the system says of the server's process under that name.
    #[cfg(target_os = "linux")]
    fn status(&self, name: &str) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let number = status.lines().find_map(|line| line.strip_prefix(name));
        let number = number.unwrap().trim().trim_end_matches(" kB");
        number.parse().unwrap()
    }

    /// Kills the server, as nothing can end it worse. What it said until then is heard, and the
    /// edits that it asked for are applied.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
        self.close_input();
        while let Some(message) = self.output.recv().await {
            if message["method"] == "workspace/applyEdit" {
                self.applied(&message["params"]["edit"]);
            }
            self.heard.push_back(message);
        }
    }

    pub fn close_input(&mut self) {
        self.input = None;
    }

    pub async fn exited(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it outlives its editor")
            .unwrap()
    }

    pub async fn send(&mut self, message: Value) {
        self.send_bytes(&frames::framed(message.to_string().as_bytes()))
            .await;
    }

    /// Messages that arrive together.
    pub async fn send_together(&mut self, messages: &[Value]) {
        let framed = messages
            .iter()
            .map(|message| frames::framed(message.to_string().as_bytes()));
        self.send_bytes(&framed.collect::<Vec<_>>().concat()).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).await.unwrap();
        input.flush().await.unwrap();
    }

    /// Answers a message if it asks something.
    pub async fn reply(&mut self, message: &Value) {
        let (Some(method), Some(_)) = (message["method"].as_str(), message.get("id")) else {
            return;
        };
        let answer = match method {
            "workspace/applyEdit" => {
                let edit = message["params"]["edit"].clone();
                self.asked_to_apply.push(edit.clone());
                match self.apply_answers.front() {
                    // Never answered, for as long as there is such a word in line.
                    Some(answer) if *answer == json!("silence") => return,
                    Some(_) => self.apply_answers.pop_front().unwrap(),
                    None => json!({ "applied": self.apply(&edit).await }),
                }
            }
            "window/showMessageRequest" if self.chosen.front() == Some(&json!("silence")) => {
                return;
            }
            "gloss/context" if self.context_answer == "silence" => return,
            "gloss/context" => self.context_answer.clone(),
            "window/showMessageRequest" => self.chosen.pop_front().unwrap_or(Value::Null),
            "workspace/configuration" => json!([self.settings]),
            "window/showDocument" => json!({ "success": true }),
            _ => Value::Null,
        };
        self.send(reply_to(message, answer)).await;
    }

    /// Applies an edit as editors do, of the present version only where it names one, and
    /// tells of the change.
    pub async fn apply(&mut self, edit: &Value) -> bool {
        let Some(changes) = self.applied(edit) else {
            return false;
        };
        for change in changes {
            self.send(change).await;
        }
        true
    }

    /// Applies an edit as a whole; gives the notifications of it, still to be sent.
    fn applied(&mut self, edit: &Value) -> Option<Vec<Value>> {
        let (uri, edits) = if let Some(changes) = edit["changes"].as_object() {
            let (uri, edits) = changes.iter().next().unwrap();
            (uri.clone(), edits.clone())
        } else {
            let change = &edit["documentChanges"][0];
            let uri = change["textDocument"]["uri"].as_str().unwrap().to_owned();
            if change["textDocument"]["version"] != self.versions[&uri] {
                return None;
            }
            (uri, change["edits"].clone())
        };
        let position = |value: &Value| {
            let number = |name: &str| u32::try_from(value[name].as_u64().unwrap()).unwrap();
            (number("line"), number("character"))
        };
        let edits = edits.as_array().unwrap().iter().rev();
        let changes = edits.map(|edit| {
            let (start, end) = (
                position(&edit["range"]["start"]),
                position(&edit["range"]["end"]),
            );
            self.changed(
                &uri,
                &[(Some((start, end)), edit["newText"].as_str().unwrap())],
            )
        });
        Some(changes.collect())
    }
}

/// What is told, asked for until it fits or a test's patience is over: what the server looks up
/// within a bound of its own it has later on a busy machine.
pub async fn until<T>(mut ask: impl AsyncFnMut() -> T, fits: impl Fn(&T) -> bool) -> T {
    let given_up = Instant::now() + PATIENCE;
    loop {
        let told = ask().await;
        if fits(&told) || Instant::now() > given_up {
            return told;
        }
    }
}

/// A range, none for the whole document, and what comes in its place.
pub type Change<'a> = (Option<((u32, u32), (u32, u32))>, &'a str);

/// The answer to a request of the server; an error if it is `{"error": …}`.
pub fn reply_to(request: &Value, answer: Value) -> Value {
    match answer.get("error") {
        Some(error) => json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }),
        None => json!({ "jsonrpc": "2.0", "id": request["id"], "result": answer }),
    }
}

pub fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    let position = |(line, character)| json!({ "line": line, "character": character });
    json!({ "start": position(start), "end": position(end) })
}

pub fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().into()
}
