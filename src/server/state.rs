//! What the server knows between messages, behind one plain lock that is never held for long.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use tower_lsp::Client;

use super::capabilities::Traits;
use super::glosses::Glosses;
use super::hover::Descriptions;
use super::jobs::Jobs;
use super::protocol as lsp;
use super::trees::Trees;
use super::{convert, process};
use crate::config::{Layers, Notice};
use crate::document::{Documents, Snapshot};
use crate::engine::{Engine, Place};
use crate::store::Store;

/// One editor's server.
pub struct Shared {
    pub client: Client,
    pub jobs: Jobs,
    pub trees: Trees,
    pub descriptions: Descriptions,
    state: Mutex<State>,
    editor: watch::Sender<Option<u32>>,
}

/// Everything that messages change.
pub struct State {
    pub documents: Documents,
    pub glosses: Glosses,
    pub traits: Traits,
    pub folders: Vec<PathBuf>,
    /// Replaced as a whole when the configuration changes; jobs keep the one they began with.
    pub engine: Engine,
    layers: Layers,
    locale: Option<String>,
    store: Store,
    /// Said when there is somebody to hear it.
    unsaid: Vec<Notice>,
}

impl Shared {
    pub fn new(client: Client, layers: Layers, store: Store) -> Self {
        let resolved = layers.resolve();
        let engine = Engine::new(resolved.settings, &layers.environment, store.clone());
        Self {
            client,
            jobs: Jobs::default(),
            trees: Trees::default(),
            descriptions: Descriptions::default(),
            state: Mutex::new(State {
                documents: Documents::default(),
                glosses: Glosses::default(),
                traits: Traits::default(),
                folders: Vec::new(),
                engine,
                layers,
                locale: None,
                store,
                unsaid: resolved.notices,
            }),
            editor: watch::Sender::new(None),
        }
    }

    /// The state, for a few lines without an await. A panic elsewhere does not take it away.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn watch_editor(&self, process: u32) {
        self.editor.send_replace(Some(process));
    }

    /// Resolves once the editor's process, if one was named, is gone.
    pub async fn editor_died(&self) {
        let mut editor = self.editor.subscribe();
        let named = editor
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|process| *process);
        match named {
            Some(process) => process::gone(process).await,
            None => std::future::pending().await,
        }
    }

    /// Tells the person, in one message a thing, what is wrong with the configuration.
    pub async fn say_notices(&self) {
        let notices = std::mem::take(&mut self.state().unsaid);
        for notice in notices {
            self.client
                .show_message(lsp::MessageType::WARNING, format!("Gloss: {notice}"))
                .await;
        }
    }
}

impl State {
    /// Takes over what the client said of itself.
    pub fn initialize(&mut self, params: &lsp::InitializeParams) {
        self.traits = Traits::of(&params.capabilities);
        self.locale = params.locale.as_deref().map(language_of_locale);
        self.folders = folders(params);
        self.configure(params.initialization_options.clone());
    }

    /// Lays the editor's settings over the others; the rest of the layers stays as it was read.
    pub fn configure(&mut self, editor: Option<Value>) {
        self.layers.editor = editor.unwrap_or_default();
        let resolved = self.layers.resolve();
        self.unsaid = resolved.notices;
        self.engine = Engine::new(
            resolved.settings,
            &self.layers.environment,
            self.store.clone(),
        )
        .with_locale(self.locale.as_deref());
    }

    pub fn change_folders(&mut self, event: &lsp::WorkspaceFoldersChangeEvent) {
        let path = |folder: &lsp::WorkspaceFolder| convert::file_path(folder.uri.as_str());
        let removed: Vec<_> = event.removed.iter().filter_map(path).collect();
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(event.added.iter().filter_map(path));
    }

    /// Who works on what: all that a job needs, as of this message.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        self.documents.snapshot(uri)
    }
}

/// The place of a document. Reads the disk, so not for the threads that answer.
pub fn place(uri: &str, folders: &[PathBuf]) -> Place {
    match convert::file_path(uri) {
        Some(path) => Place::of(&path, folders),
        None => Place::untitled(&convert::untitled_name(uri), folders),
    }
}

#[allow(
    deprecated,
    reason = "clients older than workspace folders name their root only so"
)]
fn folders(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    let named = params
        .workspace_folders
        .iter()
        .flatten()
        .map(|folder| folder.uri.as_str());
    let named: Vec<_> = named.filter_map(convert::file_path).collect();
    if !named.is_empty() {
        return named;
    }
    let root = params
        .root_uri
        .as_ref()
        .and_then(|uri| convert::file_path(uri.as_str()));
    root.or_else(|| params.root_path.as_ref().map(PathBuf::from))
        .into_iter()
        .collect()
}

/// A locale such as `de-CH` as the model should read it.
fn language_of_locale(locale: &str) -> String {
    match locale.split(['-', '_', '.']).next().unwrap_or_default() {
        "" | "en" | "C" | "POSIX" => "English".into(),
        _ => format!(
            "the language of the locale {}",
            locale
                .chars()
                .take(35)
                .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                .collect::<String>()
        ),
    }
}

/// Shared by everyone who answers.
pub type Server = Arc<Shared>;
