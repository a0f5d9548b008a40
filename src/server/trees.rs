//! The few syntax trees worth keeping between requests, parsed off the threads that answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::document::Snapshot;
use crate::syntax::Syntax;

/// A tree takes some twenty times its text.
const MOST: usize = 4;
const UNUSED: Duration = Duration::from_secs(60);

/// The latest trees, the most recently used last.
#[derive(Clone, Default)]
pub struct Trees {
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

struct Kept {
    uri: Arc<str>,
    version: i32,
    syntax: Option<Arc<Syntax>>,
    used: Instant,
}

impl Trees {
    /// The snapshot's tree, if it can be had within `patience`. A parse that takes longer
    /// goes on, and is there for the next request.
    pub async fn of(&self, snapshot: &Snapshot, patience: Duration) -> Option<Arc<Syntax>> {
        let language = snapshot.language?;
        if let Some(known) = self.known(snapshot) {
            return known;
        }
        let (trees, snapshot) = (self.clone(), snapshot.clone());
        let parsing = tokio::task::spawn_blocking(move || {
            let syntax = Syntax::parse(language, &snapshot.text).map(Arc::new);
            trees.keep(&snapshot, syntax.clone());
            syntax
        });
        let syntax = tokio::time::timeout(patience, parsing).await.ok()?.ok()?;
        let trees = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(UNUSED).await;
            trees.drop_unused();
        });
        syntax
    }

    /// Forgets a document that was closed.
    pub fn forget(&self, uri: &str) {
        self.lock().retain(|kept| &*kept.uri != uri);
    }

    /// The snapshot's tree, if it was parsed: `Some(None)` for one that cannot be.
    pub fn known(&self, snapshot: &Snapshot) -> Option<Option<Arc<Syntax>>> {
        let mut kept = self.lock();
        let at = kept
            .iter()
            .position(|kept| kept.uri == snapshot.uri && kept.version == snapshot.version)?;
        let mut found = kept.remove(at)?;
        found.used = Instant::now();
        let syntax = found.syntax.clone();
        kept.push_back(found);
        Some(syntax)
    }

    fn keep(&self, snapshot: &Snapshot, syntax: Option<Arc<Syntax>>) {
        let mut kept = self.lock();
        kept.retain(|other| other.uri != snapshot.uri || other.version > snapshot.version);
        kept.push_back(Kept {
            uri: snapshot.uri.clone(),
            version: snapshot.version,
            syntax,
            used: Instant::now(),
        });
        while kept.len() > MOST {
            kept.pop_front();
        }
    }

    fn drop_unused(&self) {
        self.lock().retain(|kept| kept.used.elapsed() < UNUSED);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
