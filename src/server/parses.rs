//! What was parsed of documents and is worth keeping for a while; parsed off the threads that answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use ropey::Rope;
use tokio::sync::Semaphore;

use super::memory;
use crate::document::Snapshot;

/// A syntax tree takes some twenty times its text; what waits for its turn takes nothing yet.
const MOST: usize = 4;
const UNUSED: Duration = Duration::from_secs(60);

/// What parsing gives; `None` for what cannot be parsed.
type Parsing<T> = Shared<BoxFuture<'static, Option<Arc<T>>>>;

/// The latest results of one kind of parsing, the most recently used last.
pub struct Parses<T> {
    shared: Arc<Kept<T>>,
}

impl<T> Clone for Parses<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

struct Kept<T> {
    entries: Mutex<Entries<T>>,
    parse: fn(&Snapshot) -> Option<T>,
    /// One parse at a time: a person types faster than a large file is parsed.
    turn: Arc<Semaphore>,
}

/// The most recently used last.
struct Entries<T> {
    kept: VecDeque<Entry<T>>,
    /// Whether somebody looks after what is no longer used.
    is_swept: bool,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            is_swept: false,
        }
    }
}

impl<T> Entries<T> {
    /// Keeps an entry in place of an older one for the same document.
    fn keep(&mut self, entry: Entry<T>) {
        self.kept.retain(|other| other.uri != entry.uri);
        self.kept.push_back(entry);
    }

    /// Marks a text as parsed and drops the parsed one that was used longest ago where there are too
    /// many. Says whether the text was still wanted.
    fn finish(&mut self, text: &Rope) -> bool {
        let of_text = |entry: &&mut Entry<T>| entry.text.is_instance(text);
        let Some(entry) = self.kept.iter_mut().find(of_text) else {
            return false;
        };
        entry.is_parsed = true;
        let parsed = self.kept.iter().filter(|entry| entry.is_parsed).count();
        if parsed > MOST
            && let Some(oldest) = self.kept.iter().position(|entry| entry.is_parsed)
        {
            self.kept.remove(oldest);
        }
        true
    }

    /// Drops what nobody has used for a while, and says how long the next one has;
    /// `None` where nothing is left.
    fn drop_unused(&mut self, now: Instant) -> Option<Duration> {
        let unused = |entry: &Entry<T>| now.saturating_duration_since(entry.used);
        self.kept.retain(|entry| unused(entry) < UNUSED);
        self.kept
            .front()
            .map(|entry| UNUSED.saturating_sub(unused(entry)))
    }
}

struct Entry<T> {
    uri: Arc<str>,
    /// Shares its memory with the document for as long as that is not changed.
    text: Rope,
    parsing: Parsing<T>,
    is_parsed: bool,
    used: Instant,
}

impl<T: Send + Sync + 'static> Parses<T> {
    pub fn by(parse: fn(&Snapshot) -> Option<T>) -> Self {
        Self {
            shared: Arc::new(Kept {
                entries: Mutex::new(Entries::default()),
                parse,
                turn: Arc::new(Semaphore::new(1)),
            }),
        }
    }

    /// What the snapshot parses to, if it can be had within `patience` and is not typed over before
    /// its turn. A parse that takes longer goes on, and is there for the next request.
    pub async fn of(&self, snapshot: &Snapshot, patience: Duration) -> Option<Arc<T>> {
        let parsing = self.entry(snapshot).unwrap_or_else(|| self.begin(snapshot));
        tokio::time::timeout(patience, parsing).await.ok().flatten()
    }

    /// Begins to parse what may soon be asked for, where nothing has to make room for it.
    pub fn begin_ahead(&self, snapshot: &Snapshot) {
        let has_room = self.lock().kept.len() < MOST;
        if has_room && self.entry(snapshot).is_none() {
            drop(self.begin(snapshot));
        }
    }

    /// What the snapshot was parsed to, if it was.
    pub fn known(&self, snapshot: &Snapshot) -> Option<Arc<T>> {
        self.entry(snapshot)?.now_or_never()?
    }

    /// Whether it was tried, and cannot be parsed.
    pub fn is_beyond(&self, snapshot: &Snapshot) -> bool {
        let parsing = self.entry(snapshot);
        parsing.is_some_and(|parsing| matches!(parsing.now_or_never(), Some(None)))
    }

    /// Forgets a document that was closed.
    pub fn forget(&self, uri: &str) {
        self.lock().kept.retain(|entry| &*entry.uri != uri);
    }

    /// The parsing of this very text, now used.
    fn entry(&self, snapshot: &Snapshot) -> Option<Parsing<T>> {
        let mut entries = self.lock();
        let at = entries
            .kept
            .iter()
            .position(|entry| entry.text.is_instance(&snapshot.text))?;
        let mut found = entries.kept.remove(at)?;
        found.used = Instant::now();
        let parsing = found.parsing.clone();
        entries.kept.push_back(found);
        Some(parsing)
    }

    fn begin(&self, snapshot: &Snapshot) -> Parsing<T> {
        let (own, wanted) = (self.clone(), snapshot.clone());
        // Held from here on, so that the work finds its entry when it asks whether it is wanted.
        let mut entries = self.lock();
        let work = tokio::spawn(async move {
            let _turn = own.shared.turn.clone().acquire_owned().await.ok()?;
            // Typed over while it waited: the next text's turn comes.
            own.is_wanted(&wanted).then_some(())?;
            let (parse, text) = (own.shared.parse, wanted.clone());
            let parsed = tokio::task::spawn_blocking(move || parse(&text)).await;
            // Closed while it was parsed: nobody else sees that what it took is free again.
            if !own.lock().finish(&wanted.text) {
                memory::give_back_soon();
            }
            parsed.ok().flatten().map(Arc::new)
        });
        let parsing = async { work.await.ok().flatten() }.boxed().shared();
        entries.keep(Entry {
            uri: snapshot.uri.clone(),
            text: snapshot.text.clone(),
            parsing: parsing.clone(),
            is_parsed: false,
            used: Instant::now(),
        });
        if !std::mem::replace(&mut entries.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.shared)));
        }
        parsing
    }

    fn is_wanted(&self, snapshot: &Snapshot) -> bool {
        self.lock()
            .kept
            .iter()
            .any(|entry| entry.text.is_instance(&snapshot.text))
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.shared.lock()
    }
}

impl<T> Kept<T> {
    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops each result when nobody has used it for a minute, until nothing is left.
async fn sweep<T>(kept: std::sync::Weak<Kept<T>>) {
    let mut next = UNUSED;
    loop {
        tokio::time::sleep(next).await;
        let Some(kept) = kept.upgrade() else {
            return;
        };
        let mut entries = kept.lock();
        let left = entries.drop_unused(Instant::now());
        memory::give_back_soon();
        let Some(left) = left else {
            entries.is_swept = false;
            return;
        };
        next = left;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::document::{ContentChange, Documents};
    use crate::text::Encoding;

    static PARSED: AtomicUsize = AtomicUsize::new(0);

    fn count_bytes(snapshot: &Snapshot) -> Option<usize> {
        PARSED.fetch_add(1, Ordering::SeqCst);
        Some(snapshot.text.len_bytes()).filter(|bytes| *bytes > 0)
    }

    #[tokio::test]
    async fn a_text_is_parsed_once_and_forgotten_with_its_document() {
        let parses = Parses::by(count_bytes);
        let mut documents = Documents::default();
        documents.open("a", "rust", 1, "abc");
        let first = documents.snapshot("a").unwrap();
        let patience = Duration::from_secs(10);
        assert!(parses.known(&first).is_none());
        assert_eq!(parses.of(&first, patience).await.as_deref(), Some(&3));
        assert_eq!(parses.of(&first, patience).await.as_deref(), Some(&3));
        assert_eq!(PARSED.load(Ordering::SeqCst), 1);
        // The same version of another text is another text.
        let change = ContentChange {
            range: None,
            text: "abcdef".into(),
        };
        documents.change("a", 1, &[change], Encoding::Utf8);
        let second = documents.snapshot("a").unwrap();
        assert!(parses.known(&second).is_none());
        assert_eq!(parses.of(&second, patience).await.as_deref(), Some(&6));
        assert!(parses.known(&first).is_none());
        parses.forget("a");
        assert!(parses.known(&second).is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_parsed_is_known_once_it_was_tried() {
        let parses = Parses::<usize>::by(|_| None);
        let mut documents = Documents::default();
        documents.open("a", "rust", 1, "abc");
        let text = documents.snapshot("a").unwrap();
        assert!(!parses.is_beyond(&text));
        assert_eq!(parses.of(&text, Duration::from_secs(10)).await, None);
        assert!(parses.is_beyond(&text));
    }

    fn entry(uri: &str, used: Instant) -> Entry<usize> {
        Entry {
            uri: Arc::from(uri),
            text: Rope::from_str(uri),
            parsing: std::future::ready(None).boxed().shared(),
            is_parsed: false,
            used,
        }
    }

    fn uris(entries: &Entries<usize>) -> String {
        entries.kept.iter().map(|entry| &*entry.uri).collect()
    }

    #[tokio::test]
    async fn all_that_is_asked_for_at_once_is_parsed() {
        let parses = Parses::by(|snapshot| Some(snapshot.text.len_bytes()));
        let mut documents = Documents::default();
        let asked = (1..=20).map(|length| {
            let uri = length.to_string();
            documents.open(&uri, "rust", 1, &"a".repeat(length));
            let (parses, text) = (parses.clone(), documents.snapshot(&uri).unwrap());
            async move { parses.of(&text, Duration::from_secs(10)).await }
        });
        let lengths = futures::future::join_all(asked).await;
        let lengths: Vec<usize> = lengths.into_iter().flatten().map(|it| *it).collect();
        assert_eq!(lengths, (1..=20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_was_parsed_ahead_is_known_though_nobody_waited_for_it() {
        let parses = Parses::by(|snapshot| Some(snapshot.text.len_bytes()));
        let mut documents = Documents::default();
        documents.open("a", "rust", 1, "abc");
        let text = documents.snapshot("a").unwrap();
        parses.begin_ahead(&text);
        let known = async {
            loop {
                if let Some(known) = parses.known(&text) {
                    return *known;
                }
                tokio::task::yield_now().await;
            }
        };
        let known = tokio::time::timeout(Duration::from_secs(10), known).await;
        assert_eq!(known, Ok(3));
    }

    #[test]
    fn only_the_four_used_last_are_kept_of_those_that_are_parsed() {
        let mut entries = Entries::default();
        for uri in ["w", "a", "b", "c", "b", "d", "e"] {
            let entry = entry(uri, Instant::now());
            let text = entry.text.clone();
            entries.keep(entry);
            // The first still waits for its turn.
            assert!(uri == "w" || entries.finish(&text));
        }
        assert_eq!(uris(&entries), "wcbde");
        assert!(!entries.finish(&Rope::from_str("a")));
    }

    #[test]
    fn what_nobody_uses_for_a_minute_is_dropped() {
        let mut entries = Entries::default();
        let start = Instant::now();
        entries.keep(entry("a", start));
        entries.keep(entry("b", start + Duration::from_secs(20)));
        let mut left = |seconds| {
            let left = entries.drop_unused(start + Duration::from_secs(seconds));
            (uris(&entries), left.map(|left| left.as_secs()))
        };
        assert_eq!(left(59), ("ab".into(), Some(1)));
        assert_eq!(left(60), ("b".into(), Some(20)));
        assert_eq!(left(80), (String::new(), None));
    }
}
