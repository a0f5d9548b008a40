//! The few syntax trees worth keeping between requests, parsed off the threads that answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ropey::Rope;

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

#[derive(Clone)]
struct Kept {
    uri: Arc<str>,
    /// Shares its memory with the document for as long as that is not changed.
    text: Rope,
    syntax: Option<Arc<Syntax>>,
    used: Instant,
}

impl Trees {
    /// The snapshot's tree, if it can be had within `patience`. A parse that takes longer
    /// goes on, and is there for the next request.
    pub async fn of(&self, snapshot: &Snapshot, patience: Duration) -> Option<Arc<Syntax>> {
        let language = snapshot.language?;
        if let Some(parsed) = self.parsed(snapshot) {
            return parsed.syntax;
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

    /// The snapshot's tree, if it was parsed and could be.
    pub fn known(&self, snapshot: &Snapshot) -> Option<Arc<Syntax>> {
        self.parsed(snapshot)?.syntax
    }

    /// What came of parsing this very text.
    fn parsed(&self, snapshot: &Snapshot) -> Option<Kept> {
        let mut kept = self.lock();
        let at = kept
            .iter()
            .position(|kept| kept.text.is_instance(&snapshot.text))?;
        let found = Kept {
            used: Instant::now(),
            ..kept.remove(at)?
        };
        kept.push_back(found.clone());
        Some(found)
    }

    fn keep(&self, snapshot: &Snapshot, syntax: Option<Arc<Syntax>>) {
        let mut kept = self.lock();
        kept.retain(|other| other.uri != snapshot.uri);
        kept.push_back(Kept {
            uri: snapshot.uri.clone(),
            text: snapshot.text.clone(),
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
