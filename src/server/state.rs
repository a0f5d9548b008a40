//! What the server knows between messages, behind one plain lock that is never held for long.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tower_lsp::Client;

use super::answers::Answers;
use super::apply::Turns;
use super::configuration::Configuration;
use super::descriptions::Descriptions;
use super::diagnostics::Diagnostics;
use super::glosses::Glosses;
use super::jobs::Jobs;
use super::notes::Refreshes;
use super::outbox::Outbox;
use super::parses::Parses;
use super::protocol as lsp;
use super::told::Told;
use super::traits::Traits;
use super::{convert, links, process};
use crate::config::{self, Layers};
use crate::document::{Documents, Said, Snapshot};
use crate::engine::{self, Engine, Place, work};
use crate::image::ImageLink;
use crate::store::Store;
use crate::syntax::Syntax;

/// One editor's server.
pub struct Shared {
    pub client: Client,
    pub outbox: Outbox,
    pub jobs: Jobs,
    pub trees: Parses<Syntax>,
    pub links: Parses<Vec<ImageLink>>,
    pub descriptions: Descriptions,
    pub diagnostics: Diagnostics,
    /// Lets notes be looked for in one text after the other.
    pub finding: Semaphore,
    pub turns: Turns,
    pub refreshes: Refreshes,
    pub told: Told,
    state: Mutex<State>,
    editor: watch::Sender<Option<u32>>,
    is_initialized: watch::Sender<bool>,
}

/// Everything that messages change.
pub struct State {
    pub documents: Documents,
    pub glosses: Glosses,
    /// What became no edit, and is still to be read.
    pub answers: Answers,
    pub traits: Traits,
    pub folders: Vec<PathBuf>,
    /// By what is configured everywhere; [`State::engine_for`] has a document's own. Replaced as
    /// a whole when the configuration changes; jobs keep the one they began with.
    pub engine: Engine,
    pub configuration: Configuration,
    /// Documents that are being compared with their files, and what of each is to be compared next.
    comparing: HashMap<Arc<str>, Option<Snapshot>>,
}

impl Shared {
    pub fn new(client: Client, outbox: Outbox, layers: Layers, store: Store) -> Self {
        let resolved = layers.resolve();
        let engine = Engine::new(
            resolved.settings.clone(),
            &layers.environment,
            store.clone(),
        );
        Self {
            client,
            outbox,
            jobs: Jobs::default(),
            trees: Parses::by(|snapshot| Syntax::parse(snapshot.language?, &snapshot.text)),
            links: Parses::by(links::of),
            descriptions: Descriptions::default(),
            diagnostics: Diagnostics::default(),
            finding: Semaphore::new(1),
            turns: Turns::default(),
            refreshes: Refreshes::default(),
            told: Told::default(),
            state: Mutex::new(State {
                documents: Documents::default(),
                glosses: Glosses::default(),
                answers: Answers::default(),
                traits: Traits::default(),
                folders: Vec::new(),
                engine,
                configuration: Configuration::new(layers, &resolved),
                comparing: HashMap::new(),
            }),
            editor: watch::Sender::new(None),
            is_initialized: watch::Sender::new(false),
        }
    }

    /// The state, for a few lines without an await. A panic elsewhere does not take it away.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches the editor's process, if it is there.
    pub fn watch_editor(&self, process: u32) {
        if process::is_alive(process) {
            self.editor.send_replace(Some(process));
        }
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

    /// The client said that it is ready.
    pub fn initialized(&self) {
        self.is_initialized.send_replace(true);
    }

    /// Polls this only from when the client is ready, for what a start need not wait for.
    pub async fn when_initialized<T>(&self, later: impl Future<Output = T>) -> T {
        let mut is_initialized = self.is_initialized.subscribe();
        // The sender is here as long as this is.
        let _ = is_initialized.wait_for(|is| *is).await;
        later.await
    }

    /// Tells the person, in one message a thing, what is wrong with the configuration.
    pub async fn say_notices(&self) {
        let news = self.state().news();
        for notice in news {
            self.say(lsp::MessageType::WARNING, &format!("Gloss: {notice}"))
                .await;
        }
    }
}

impl State {
    /// Takes over what the client said of itself.
    pub fn initialize(&mut self, params: &lsp::InitializeParams) {
        self.traits = Traits::of(&params.capabilities);
        self.configuration.locale = params.locale.as_deref().map(language_of_locale);
        self.folders = folders(params);
        self.configure_initially(params.initialization_options.clone());
    }

    pub fn change_folders(&mut self, event: &lsp::WorkspaceFoldersChangeEvent) {
        let path = |folder: &lsp::WorkspaceFolder| convert::file_path(folder.uri.as_str());
        let removed: Vec<_> = event.removed.iter().filter_map(path).collect();
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(event.added.iter().filter_map(path));
        self.configuration.forget_roots();
        self.glosses.forget_homes();
    }

    /// Who works on what: all that a job needs, as of this message.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        self.documents.snapshot(uri)
    }
}

/// The section `gloss` of an editor's settings. Some send all they have, some the section
/// alone; null says only that something changed, and others' settings are none of ours.
pub fn section(settings: Value) -> Option<Value> {
    match settings {
        Value::Object(mut settings) => match settings.remove("gloss") {
            Some(section) => Some(section),
            None => (settings.is_empty() || config::knows_any(settings.keys()))
                .then_some(Value::Object(settings)),
        },
        _ => None,
    }
}

/// Compares what just came into a document with its file. One such comparison of a document runs at
/// a time; of what comes meanwhile the latest waits, which has what is unchecked of all before it.
pub fn compare_soon(server: &Server, changed: Snapshot) {
    match server.state().comparing.entry(changed.uri.clone()) {
        Entry::Occupied(mut running) => {
            running.insert(Some(changed));
            return;
        }
        Entry::Vacant(none) => none.insert(None),
    };
    let server = server.clone();
    tokio::spawn(async move {
        let mut next = Some(changed);
        while let Some(now) = next {
            let uri = now.uri.clone();
            let own = server.clone();
            let _ = work::for_answer(move || compare_with_disk(&own, &now)).await;
            let comparing = &mut server.state().comparing;
            next = comparing.get_mut(&uri).and_then(Option::take);
            if next.is_none() {
                comparing.remove(&uri);
            }
        }
    });
}

/// Reads the disk, so not for the threads that answer.
fn compare_with_disk(server: &Server, changed: &Snapshot) {
    let path = convert::file_path(&changed.uri);
    let on_disk = path.and_then(|path| engine::on_disk(&path));
    // Before anything is locked: a file may be long.
    let on_disk = Said::in_text(&on_disk.unwrap_or_default());
    let documents = &mut server.state().documents;
    documents.compare(&changed.uri, &changed.typed, &on_disk);
}

/// The place of a document. Reads the disk, so not for the threads that answer.
pub fn place(uri: &str, folders: &[PathBuf]) -> Place {
    match convert::file_path(uri) {
        Some(path) => Place::of(&path, folders),
        None => Place::untitled(convert::after_scheme(uri), folders),
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
