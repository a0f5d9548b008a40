//! An editor of a few lines: starts a real `gloss lsp`, opens documents, runs commands, takes edits.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use ropey::Rope;
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use url::Url;

use super::Surroundings;
use crate::server::frames;
use crate::text::{self, Encoding, Position};

/// How long any answer may take; a model that thinks takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// One conversation with a child process.
pub struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    documents: HashMap<String, Document>,
    last_id: i64,
    pub process: u32,
    /// From spawning to the answer to `initialize`.
    pub initialized: Duration,
}

struct Document {
    version: i64,
    text: Rope,
}

impl Editor {
    /// Starts `gloss lsp` for a workspace, in this environment.
    pub async fn start(workspace: &Path, around: &Surroundings) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program stands is unknown")?;
        let began = Instant::now();
        let mut command = Command::new(program);
        for name in &around.without {
            command.env_remove(name);
        }
        let mut child = command
            .arg("lsp")
            .envs(around.with.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("gloss lsp does not start")?;
        let input = child
            .stdin
            .take()
            .context("gloss lsp has no standard input")?;
        let output = BufReader::new(
            child
                .stdout
                .take()
                .context("gloss lsp has no standard output")?,
        );
        let process = child.id().unwrap_or_default();
        let mut editor = Self {
            child,
            input,
            output,
            documents: HashMap::new(),
            last_id: 0,
            process,
            initialized: Duration::ZERO,
        };
        let folder = json!({ "uri": uri(workspace)?, "name": "gloss" });
        editor
            .request(
                "initialize",
                json!({
                    "processId": std::process::id(),
                    "rootUri": null,
                    "workspaceFolders": [folder],
                    "capabilities": super::capabilities(),
                    "initializationOptions": { "hoverWaitMs": 60_000 },
                }),
            )
            .await?;
        editor.initialized = began.elapsed();
        editor.notify("initialized", json!({})).await?;
        Ok(editor)
    }

    pub async fn open(&mut self, path: &Path, language: &str, text: &str) -> anyhow::Result<()> {
        let uri = uri(path)?;
        self.documents.insert(
            uri.clone(),
            Document {
                version: 1,
                text: Rope::from_str(text),
            },
        );
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))
            .await
    }

    /// Runs a command at a place and waits for its job to end.
    pub async fn run(
        &mut self,
        command: &str,
        path: &Path,
        line: u32,
        character: u32,
    ) -> anyhow::Result<()> {
        let at = json!({ "line": line, "character": character });
        let argument = json!({ "uri": uri(path)?, "range": { "start": at, "end": at } });
        let params = json!({ "command": command, "arguments": [argument] });
        let id = self.request("workspace/executeCommand", params).await?;
        let id = id.get("id").cloned().context("the command gave no id")?;
        loop {
            let message = self.next().await?;
            let ended = message.pointer("/params/token") == Some(&id)
                && message
                    .pointer("/params/value/kind")
                    .is_some_and(|kind| kind == "end");
            self.handle(&message).await?;
            if ended {
                return Ok(());
            }
        }
    }

    /// The hover text at a place.
    pub async fn hover(
        &mut self,
        path: &Path,
        line: u32,
        character: u32,
    ) -> anyhow::Result<String> {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri(path)? }, "position": position });
        let hover = self.request("textDocument/hover", params).await?;
        let text = hover.pointer("/contents/value").and_then(Value::as_str);
        text.map(str::to_owned)
            .context("there is no hover text here")
    }

    /// A document as it stands in the editor.
    pub fn text(&self, path: &Path) -> anyhow::Result<String> {
        let document = self
            .documents
            .get(&uri(path)?)
            .context("the document is not open")?;
        Ok(document.text.to_string())
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.request("shutdown", Value::Null).await?;
        self.notify("exit", Value::Null).await?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        if !status.success() {
            bail!("gloss lsp left with {status}");
        }
        Ok(())
    }

    async fn request(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await?;
        loop {
            let message = self.next().await?;
            let is_answer =
                message.get("method").is_none() && message.get("id") == Some(&json!(id));
            if !is_answer {
                self.handle(&message).await?;
                continue;
            }
            return match message.get("error") {
                Some(error) => Err(anyhow!("{method}: {error}")),
                None => Ok(message.get("result").cloned().unwrap_or_default()),
            };
        }
    }

    async fn notify(&mut self, method: &str, params: Value) -> anyhow::Result<()> {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
            .await
    }

    async fn send(&mut self, message: Value) -> anyhow::Result<()> {
        self.input
            .write_all(&frames::framed(&serde_json::to_vec(&message)?))
            .await?;
        self.input.flush().await?;
        Ok(())
    }

    async fn next(&mut self) -> anyhow::Result<Value> {
        let body = tokio::time::timeout(PATIENCE, frames::read(&mut self.output))
            .await
            .context("gloss lsp does not answer")??
            .context("gloss lsp is gone")?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// What the server asks or says by itself.
    async fn handle(&mut self, message: &Value) -> anyhow::Result<()> {
        let method = message
            .get("method")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if method == "window/showMessage" && message.pointer("/params/type") == Some(&json!(1)) {
            bail!(
                "{}",
                message
                    .pointer("/params/message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            );
        }
        let Some(id) = message.get("id").filter(|_| !method.is_empty()) else {
            return Ok(());
        };
        let result = if method == "workspace/applyEdit" {
            json!({ "applied": self.apply(message.get("params").unwrap_or(&Value::Null)).await? })
        } else {
            Value::Null
        };
        self.send(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            .await
    }

    /// Takes an edit as editors do: only of the version it was made for, and tells of it.
    async fn apply(&mut self, params: &Value) -> anyhow::Result<bool> {
        let change = params
            .pointer("/edit/documentChanges/0")
            .context("an edit without changes")?;
        let uri = change
            .pointer("/textDocument/uri")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let document = self
            .documents
            .get_mut(&uri)
            .context("an edit of another document")?;
        if change.pointer("/textDocument/version") != Some(&json!(document.version)) {
            return Ok(false);
        }
        let edits = change
            .get("edits")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut changes = Vec::new();
        // From the end, so that no edit moves another.
        for edit in edits.iter().rev() {
            let at = |which: &str| -> Option<Position> {
                let position = edit.pointer(&format!("/range/{which}"))?;
                let number = |name: &str| u32::try_from(position.get(name)?.as_u64()?).ok();
                Some(Position {
                    line: number("line")?,
                    character: number("character")?,
                })
            };
            let (start, end) = at("start")
                .zip(at("end"))
                .context("an edit without a range")?;
            let bytes = text::byte_range(&document.text, start, end, Encoding::Utf8);
            let chars =
                document.text.byte_to_char(bytes.start)..document.text.byte_to_char(bytes.end);
            let new = edit
                .get("newText")
                .and_then(Value::as_str)
                .unwrap_or_default();
            document.text.remove(chars.clone());
            document.text.insert(chars.start, new);
            changes.push(json!({ "range": edit.get("range"), "text": new }));
        }
        document.version += 1;
        let versioned = json!({ "uri": uri, "version": document.version });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": versioned, "contentChanges": changes }),
        )
        .await?;
        Ok(true)
    }
}

fn uri(path: &Path) -> anyhow::Result<String> {
    let path: PathBuf = path.into();
    Url::from_file_path(&path)
        .map(String::from)
        .map_err(|()| anyhow!("{} has no uri", path.display()))
}
