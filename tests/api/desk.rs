//! An engine with a ledger at a server that misbehaves: what is told, what is written down.

use std::time::Duration;

use gloss::config::{Environment, Settings};
use gloss::document::Documents;
use gloss::engine::{CodeJob, Ear, Engine, JobError, Place, Task};
use gloss::llm::{RetryPolicy, Timeouts, Wire};
use gloss::store::{By, Key, Query, Row, Status, Store};

use super::{KEY, fixture, timeouts};

/// How long a server may be silent where it is.
const QUIET: Duration = Duration::from_secs(2);

/// An engine with a ledger of its own.
pub struct Desk {
    engine: Engine,
    folder: tempfile::TempDir,
}

impl Desk {
    pub fn at(wire: Wire, base_url: &str) -> Self {
        Self::by(settings(wire, base_url))
    }

    /// At a server that is to be silent.
    pub fn at_silent(wire: Wire, base_url: &str) -> Self {
        let patience = Timeouts {
            first_byte: QUIET,
            idle: QUIET,
            ping: QUIET / 4,
            ..timeouts()
        };
        Self::waiting(settings(wire, base_url), patience)
    }

    pub fn by(settings: Settings) -> Self {
        Self::waiting(settings, timeouts())
    }

    fn waiting(settings: Settings, patience: Timeouts) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("data"));
        let engine = Engine::new(settings, &environment(), store);
        let retry = RetryPolicy {
            first_wait: Duration::from_millis(1),
            ..RetryPolicy::default()
        };
        Self {
            engine: engine.waiting(patience, retry),
            folder,
        }
    }

    /// Explains something; gives the outcome, and all rows so far, the latest first.
    pub async fn explain(&self) -> (Result<String, String>, Vec<Row>) {
        self.explain_to(&mut |_| {}).await
    }

    /// The same, heard on its way.
    async fn explain_to(&self, ear: Ear<'_>) -> (Result<String, String>, Vec<Row>) {
        let mut documents = Documents::default();
        documents.open("file:///a.rs", "rust", 1, "fn a() {\n    b();\n}\n");
        let snapshot = documents.snapshot("file:///a.rs").unwrap();
        let place = Place::of(&self.folder.path().join("a.rs"), &[]);
        let job = CodeJob {
            again: true,
            ..CodeJob::new(Task::Explain, snapshot, 3..3, place)
        };
        let outcome = self.engine.explain(job, ear).await;
        let outcome = outcome
            .map(|explanation| explanation.markdown)
            .map_err(|error: JobError| error.to_string());
        (outcome, self.rows())
    }

    /// All rows so far, the latest first.
    pub fn rows(&self) -> Vec<Row> {
        let store = self.engine.store();
        assert!(store.flush(Duration::from_secs(20)));
        let query = Query {
            workspace: None,
            since: None,
            by: By::Request,
        };
        let rows = store.usage(&query).unwrap().rows.into_iter();
        let rows = rows.map(|line| match line.key {
            Key::Request(row) => *row,
            other => panic!("{other:?}"),
        });
        rows.collect()
    }

    /// A request that fails in this way, and says so.
    pub async fn fails(&self, what: &str, class: &str, words: &[&str]) {
        self.fails_after(what, class, words, &mut |_| {}).await;
    }

    /// The same, heard until it fails.
    pub async fn fails_after(&self, what: &str, class: &str, words: &[&str], ear: Ear<'_>) {
        let (outcome, rows) = self.explain_to(ear).await;
        let line = outcome.expect_err(what);
        for words in words {
            assert!(line.contains(words), "{what}: {line:?} lacks {words:?}");
        }
        assert!(!line.contains('\n') && line.len() < 400, "{what}: {line}");
        assert!(!line.contains(KEY), "{what}: {line}");
        let row = &rows[0];
        assert_eq!(
            (row.status, row.error.as_deref()),
            (Status::Error, Some(class)),
            "{what}"
        );
    }

    pub async fn works(&self, what: &str) {
        let (outcome, rows) = self.explain().await;
        assert_eq!(outcome.as_deref(), Ok("All is well."), "{what}");
        assert_eq!(rows[0].status, Status::Ok, "{what}");
    }

    /// The same engine where the API is elsewhere by now, its connections kept.
    pub fn moved(mut self, settings: Settings) -> Self {
        self.engine = self.engine.reconfigured(settings, &environment());
        self
    }
}

pub fn settings(wire: Wire, base_url: &str) -> Settings {
    Settings {
        wire,
        base_url: base_url.to_owned(),
        ca_file: Some(fixture("ca.pem")),
        ..Settings::default()
    }
}

fn environment() -> Environment {
    Environment::from([("XAI_API_KEY".to_owned(), KEY.to_owned())])
}
