//! Where the measurements take place: a workspace, two stand-ins for the API, and the programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::api::{Api, authority};
use super::table::Peer;
use crate::support;
use crate::support::editor::{Editor, uri};

/// Where the figures of each stand among three.
pub const GLOSS: usize = 0;
pub const FLOOR: usize = 1;
pub const PEER: usize = 2;

pub struct Bench {
    pub api: Api,
    pub tls: Api,
    /// The peer's program, if it is there.
    pub peer: Option<PathBuf>,
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("workspace/.git")).unwrap();
        Self {
            api: Api::start(),
            tls: Api::start_tls(),
            peer: peer(),
            folder,
        }
    }

    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// A new folder for what a program keeps, or one that was made under this name before.
    pub fn data(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// A file in the workspace; gives its uri.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.workspace().join(name);
        std::fs::write(&path, text).unwrap();
        uri(&path)
    }

    /// The release binary, over stdio, with what it keeps in `data`.
    pub fn gloss(&self, data: &Path) -> Command {
        let mut command = Command::new(support::program());
        command
            .arg("lsp")
            .env_clear()
            .env("HOME", data)
            .env("GLOSS_DATA_DIR", data)
            .env("XAI_BASE_URL", &self.api.url)
            .env("XAI_API_KEY", "xai-bench");
        command
    }

    /// The same against the API that speaks TLS.
    pub fn gloss_by_tls(&self, data: &Path) -> Command {
        let mut command = self.gloss(data);
        command
            .env("XAI_BASE_URL", &self.tls.url)
            .env("GLOSS_CA_FILE", authority());
        command
    }

    /// Gloss, initialized with these options.
    pub fn start(&self, data: &str, options: &Value) -> Editor {
        let command = self.gloss(&self.data(data));
        Editor::start(command, Some(&self.workspace()), options)
    }

    pub fn peer(&self) -> Option<Command> {
        let mut command = Command::new(self.peer.as_ref()?);
        command.env_clear().env("HOME", self.data("peer"));
        Some(command)
    }

    /// The peer, initialized.
    pub fn start_peer(&self) -> Option<Editor> {
        let command = self.peer()?;
        let options = self.peer_options();
        Some(Editor::start(command, Some(&self.workspace()), &options))
    }

    /// What the peer has nothing of.
    pub fn none(&self) -> Peer {
        match self.peer {
            Some(_) => Peer::Cannot("none"),
            None => Peer::Absent,
        }
    }

    /// One action, and one whose menu looks into the text, so that an answer comes after the edits
    /// before it.
    pub fn peer_options(&self) -> Value {
        json!({
            "memory": { "file_store": {} },
            "models": { "model": {
                "type": "open_ai",
                "chat_endpoint": format!("{}/chat/completions", self.api.url),
                "model": "grok-4.3",
                "auth_token": "bench",
            } },
            "actions": [{
                "action_display_name": "Explain",
                "model": "model",
                "parameters": {
                    "max_tokens": 2000,
                    "messages": [{ "role": "user", "content": "{CODE}" }],
                },
            }],
            "chats": [{ "trigger": "fn ", "action_display_name": "Chat", "model": "model" }],
        })
    }
}

/// `GLOSS_PEER`, else `lsp-ai` on the path.
fn peer() -> Option<PathBuf> {
    let named = std::env::var_os("GLOSS_PEER").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&paths).map(|folder| folder.join("lsp-ai"));
    let found = named.or_else(|| on_path.find(|path| path.is_file()))?;
    assert!(found.is_file(), "{} is no file", found.display());
    Some(found)
}

/// What asks the peer to do its action at a place.
pub fn peer_action(uri: &str, line: usize) -> Value {
    let range = super::support::editor::range((line, 3), (line, 3));
    let data = json!({ "text_document": { "uri": uri }, "range": range });
    json!({ "title": "Explain", "data": data })
}
