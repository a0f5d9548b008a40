//! Tells the editor what is wrong with links to images, once typing rests.
//!
//! Each open document has at most one task: it waits until nothing happened for a moment, looks,
//! and publishes what changed. All that is published of a document comes from its task, so that
//! it comes in order.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::state::{Server, place};
use super::{configuration, convert, links, protocol as lsp};
use crate::document::Snapshot;
use crate::image::{self, Finding, Problem};
use crate::text::visible;

/// How long nothing may be typed before a document is looked at.
const REST: Duration = Duration::from_millis(300);

/// Nobody reads more, and a broken folder may make them all wrong.
const MOST: usize = 1000;

/// A repository's globs can take a second for each path: once they took so long for a document, no more
/// of its missing files are told of.
const ASKING: Duration = Duration::from_secs(1);

/// Disks are looked at by this many tasks at once.
const LOOKING: usize = 2;

/// What each open document is shown, and when it is looked at next.
pub struct Diagnostics {
    documents: Mutex<HashMap<Arc<str>, Entry>>,
    looking: Semaphore,
}

#[derive(Default)]
struct Entry {
    /// When to look; `None` when all is told.
    due: Option<Instant>,
    has_task: bool,
    is_closed: bool,
    shown: Vec<lsp::Diagnostic>,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self {
            documents: Mutex::default(),
            looking: Semaphore::new(LOOKING),
        }
    }
}

impl Diagnostics {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// When a document's task is to look next; `None` ends the task.
    fn next(&self, uri: &str) -> Option<Instant> {
        let mut documents = self.lock();
        let entry = documents.get_mut(uri)?;
        if entry.due.is_none() {
            entry.has_task = false;
            if entry.is_closed {
                documents.remove(uri);
            }
            return None;
        }
        entry.due
    }

    /// What a look at `due` found, if it is to be published. A look that is out of date is
    /// dropped, for the next one is due.
    fn news(
        &self,
        uri: &str,
        due: Instant,
        found: Vec<lsp::Diagnostic>,
    ) -> Option<Vec<lsp::Diagnostic>> {
        let mut documents = self.lock();
        let entry = documents
            .get_mut(uri)
            .filter(|entry| entry.due == Some(due))?;
        entry.due = None;
        (entry.shown != found).then(|| {
            entry.shown.clone_from(&found);
            found
        })
    }
}

/// A document was opened: it is looked at right away.
pub fn opened(server: &Server, uri: &str) {
    soon(server, uri, Duration::ZERO);
}

pub fn changed(server: &Server, uri: &str) {
    soon(server, uri, REST);
}

/// Files or settings changed, which may concern each document.
pub fn all_changed(server: &Server) {
    let open: Vec<_> = server.state().documents.uris().cloned().collect();
    for uri in open {
        soon(server, &uri, REST);
    }
}

/// What was shown of a document is taken back.
pub fn closed(server: &Server, uri: &str) {
    let mut documents = server.diagnostics.lock();
    let Some(entry) = documents.get_mut(uri) else {
        return;
    };
    entry.is_closed = true;
    entry.due = Some(Instant::now());
    if !std::mem::replace(&mut entry.has_task, true) {
        tokio::spawn(look(server.clone(), uri.into()));
    }
}

fn soon(server: &Server, uri: &str, rest: Duration) {
    let may_have_links = {
        let state = server.state();
        let snapshot = state.snapshot(uri);
        snapshot.is_some_and(|snapshot| links::may_have(&snapshot))
    };
    if !may_have_links {
        return;
    }
    let mut documents = server.diagnostics.lock();
    let uri: Arc<str> = uri.into();
    let entry = documents.entry(uri.clone()).or_default();
    entry.is_closed = false;
    entry.due = Some(Instant::now() + rest);
    if !std::mem::replace(&mut entry.has_task, true) {
        tokio::spawn(look(server.clone(), uri));
    }
}

/// Looks at a document until nothing is due any more.
async fn look(server: Server, uri: Arc<str>) {
    while let Some(due) = server.diagnostics.next(&uri) {
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
            continue;
        }
        let snapshot = server.state().snapshot(&uri);
        let version = snapshot.as_ref().map(|snapshot| snapshot.version);
        let found = match snapshot {
            Some(snapshot) => found(&server, snapshot).await,
            None => Vec::new(),
        };
        if let Some(news) = server.diagnostics.news(&uri, due, found)
            && let Ok(uri) = uri.parse()
        {
            server.client.publish_diagnostics(uri, news, version).await;
        }
    }
}

async fn found(server: &Server, snapshot: Snapshot) -> Vec<lsp::Diagnostic> {
    let engine = configuration::engine_at(server, &snapshot.uri, None).await;
    let (folders, encoding) = {
        let state = server.state();
        (state.folders.clone(), state.traits.encoding)
    };
    if !engine.settings().diagnostics {
        return Vec::new();
    }
    let Ok(_turn) = server.diagnostics.looking.acquire().await else {
        return Vec::new();
    };
    let links = server.links.of(&snapshot, links::LONG).await;
    let Some(links) = links.filter(|links| !links.is_empty()) else {
        return Vec::new();
    };
    let checked = tokio::task::spawn_blocking(move || {
        let place = place(&snapshot.uri, &folders);
        let roots = links::roots(&folders, &place);
        let document = convert::file_path(&snapshot.uri);
        let hints = links::hints(&snapshot);
        let workspaces = place.folders();
        let left = Cell::new(ASKING);
        let is_excluded = |path: &std::path::Path| {
            let began = Instant::now();
            let is_excluded = left.get().is_zero() || engine.excludes_file(path, &workspaces);
            left.set(left.get().saturating_sub(began.elapsed()));
            is_excluded
        };
        let mut findings = image::check(&links, document.as_deref(), &roots, &hints, &is_excluded);
        findings.truncate(MOST);
        let told = findings.into_iter().map(|finding| {
            let range = convert::range(&snapshot.text, &finding.range, encoding);
            diagnostic(&finding, range)
        });
        told.collect()
    });
    checked.await.unwrap_or_default()
}

fn diagnostic(finding: &Finding, range: lsp::Range) -> lsp::Diagnostic {
    let severity = match finding.problem {
        Problem::MissingFile(_) => lsp::DiagnosticSeverity::WARNING,
        Problem::MissingAlt(_) => lsp::DiagnosticSeverity::HINT,
    };
    lsp::Diagnostic {
        range,
        severity: Some(severity),
        code: Some(lsp::NumberOrString::String(finding.problem.code().into())),
        source: Some("gloss".into()),
        message: visible(&finding.problem.to_string()).into_owned(),
        ..lsp::Diagnostic::default()
    }
}

/// Asks the editor to say when images come and go.
pub async fn watch_images(server: Server) {
    let endings = "png,jpg,jpeg,gif,webp,svg,bmp,tif,tiff,ico,avif,heic,pdf,eps";
    let options = serde_json::json!({
        "watchers": [{ "globPattern": format!("**/*.{{{endings}}}") }],
    });
    let registration = lsp::Registration {
        id: "gloss-images".into(),
        method: "workspace/didChangeWatchedFiles".into(),
        register_options: Some(options),
    };
    if let Err(error) = server.client.register_capability(vec![registration]).await {
        tracing::warn!("the editor does not watch images: {error}");
    }
}
