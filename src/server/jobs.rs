//! Work that outlives its command: begun in order, reported while it runs, cancelled at once.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::commands::{self, Argument};
use super::outcome::{self, Failed};
use super::progress::{self, Feed};
use super::protocol as lsp;
use super::state::{Server, place};
use crate::action;
use crate::document::{Anchor, Snapshot};
use crate::engine::{CodeJob, Description, Engine, Explanation, JobError, Rewriting};

/// Most jobs at once; a person does not start so many, a broken script does.
const MOST: usize = 512;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Explain,
    Refactor,
    Describe,
}

impl Kind {
    pub fn of_command(command: &str) -> Option<Self> {
        match command {
            "gloss.explain" => Some(Self::Explain),
            "gloss.refactor" => Some(Self::Refactor),
            "gloss.describeImage" => Some(Self::Describe),
            _ => None,
        }
    }

    pub fn command(self) -> &'static str {
        match self {
            Self::Explain => "gloss.explain",
            Self::Refactor => "gloss.refactor",
            Self::Describe => "gloss.describeImage",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Explain => "Explain",
            Self::Refactor => "Refactor",
            Self::Describe => "Describe image",
        }
    }
}

/// A job as it began.
pub struct Job {
    pub id: String,
    pub kind: Kind,
    pub title: String,
    pub snapshot: Snapshot,
    /// The bytes of the snapshot that were asked about.
    pub selection: Range<usize>,
    pub range: lsp::Range,
    /// Records what is typed while the job runs.
    pub journal: Anchor,
    pub argument: Argument,
    pub engine: Engine,
}

/// What a job came to.
pub enum Done {
    Explained(Explanation),
    Rewritten(Rewriting),
    Described(Description),
}

/// The jobs that run.
#[derive(Clone, Default)]
pub struct Jobs {
    running: Arc<Mutex<Running>>,
    /// Counts changes of documents, for those who wait to see one.
    changes: Arc<watch::Sender<u64>>,
    count: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct Running {
    jobs: Vec<Entry>,
    last_id: u64,
}

struct Entry {
    id: String,
    uri: Arc<str>,
    journal: Anchor,
    selection: Range<usize>,
    title: String,
    /// Taken when the job is cancelled.
    cancel: Option<oneshot::Sender<()>>,
}

/// Begins a job; answers its id. Nothing is sent before `answered`.
///
/// # Errors
/// When the argument is wrong, which is the command's own error.
pub fn start(
    server: &Server,
    kind: Kind,
    argument: Argument,
    answered: oneshot::Receiver<()>,
) -> lsp::Result<Value> {
    let (snapshot, selection) = commands::subject(server, &argument)?;
    let given = argument.work_done_token.as_ref().map(|token| match token {
        lsp::NumberOrString::String(id) => id.clone(),
        lsp::NumberOrString::Number(id) => id.to_string(),
    });
    let (cancel, cancelled) = oneshot::channel();
    let mut state = server.state();
    let journal = state
        .documents
        .journal(&snapshot.uri)
        .ok_or_else(|| lsp::Error::invalid_params(format!("{} is not open here", snapshot.uri)))?;
    let mut job = Job {
        id: String::new(),
        kind,
        title: title(server, kind, &snapshot, &selection),
        range: argument.range.unwrap_or_default(),
        selection,
        journal,
        argument,
        engine: state.engine.clone(),
        snapshot,
    };
    match server.jobs.enter(given.clone(), &job, cancel) {
        Ok(id) => job.id = id,
        Err(error) => {
            state.documents.release(&job.snapshot.uri, journal);
            return Err(error);
        }
    }
    drop(state);
    let answer = json!({ "id": job.id });
    tokio::spawn(run(
        server.clone(),
        job,
        given.is_some(),
        answered,
        cancelled,
    ));
    Ok(answer)
}

/// What the job is called. Its subject is named if that takes no parse; it does not where
/// the command was chosen from a menu, since the menu had the tree.
fn title(server: &Server, kind: Kind, snapshot: &Snapshot, selection: &Range<usize>) -> String {
    let verb = kind.verb();
    if kind == Kind::Describe {
        return verb.to_owned();
    }
    let syntax = server.trees.known(snapshot);
    if syntax.is_none() && snapshot.language.is_some() {
        return verb.to_owned();
    }
    let subject = action::subject(&snapshot.text, syntax.as_deref(), selection);
    subject.map_or_else(
        || verb.to_owned(),
        |subject| format!("{verb} {}", subject.title()),
    )
}

/// The whole life of a job.
async fn run(
    server: Server,
    job: Job,
    own_token: bool,
    answered: oneshot::Receiver<()>,
    cancelled: oneshot::Receiver<()>,
) {
    // Dropped unsent when the client cancelled the command itself; then it wants no job.
    let wanted = answered.await.is_ok();
    if wanted {
        let feed = Feed::default();
        let mut reports = progress::begin(&server, &job, own_token, &feed).await;
        outcome::say_status(&server).await;
        let work = AssertUnwindSafe(work(&server, &job, &feed)).catch_unwind();
        let done = tokio::select! {
            done = work => match done {
                Ok(done) => done.map_err(Failed::from),
                Err(_) => Err(Failed::from(JobError::Internal)),
            },
            _ = cancelled => Err(Failed::Cancelled),
        };
        server.jobs.settle(&job.id);
        reports.streamed(&feed).await;
        outcome::deliver(&server, &job, done).await;
        reports.end();
    }
    server
        .state()
        .documents
        .release(&job.snapshot.uri, job.journal);
    server.jobs.leave(&job.id);
    if wanted {
        outcome::say_status(&server).await;
    }
}

/// The work itself. Dropping it closes the connection to the API.
async fn work(server: &Server, job: &Job, feed: &Feed) -> Result<Done, JobError> {
    let folders = server.state().folders.clone();
    let uri = job.snapshot.uri.clone();
    let place = tokio::task::spawn_blocking(move || place(&uri, &folders))
        .await
        .map_err(|_| JobError::Internal)?;
    let mut ear = |heard| feed.hear(heard);
    if job.kind == Kind::Describe {
        let described = super::hover::describe(server, job, place, &mut ear).await?;
        return Ok(Done::Described(described));
    }
    let code = CodeJob {
        snapshot: job.snapshot.clone(),
        selection: job.selection.clone(),
        place,
        wish: job
            .argument
            .question
            .clone()
            .or_else(|| job.argument.instruction.clone()),
        history: job.argument.history.clone(),
    };
    match job.kind {
        Kind::Refactor => job
            .engine
            .refactor(code, &mut ear)
            .await
            .map(Done::Rewritten),
        _ => job
            .engine
            .explain(code, &mut ear)
            .await
            .map(Done::Explained),
    }
}

impl Jobs {
    /// Cancels a job; the latest without an id. Unknown ids mean one that has ended.
    pub fn cancel(&self, id: Option<&str>) {
        let mut running = self.lock();
        let job = match id {
            Some(id) => running.jobs.iter_mut().find(|job| job.id == id),
            None => running
                .jobs
                .iter_mut()
                .rev()
                .find(|job| job.cancel.is_some()),
        };
        if let Some(cancel) = job.and_then(|job| job.cancel.take()) {
            let _ = cancel.send(());
        }
    }

    pub fn cancel_all(&self) {
        for job in &mut self.lock().jobs {
            if let Some(cancel) = job.cancel.take() {
                let _ = cancel.send(());
            }
        }
    }

    /// Waits a moment for cancelled jobs to be gone.
    pub async fn ended(&self) {
        let mut count = self.count.subscribe();
        let _ =
            tokio::time::timeout(Duration::from_secs(1), count.wait_for(|count| *count == 0)).await;
    }

    /// Whether any job runs.
    pub fn busy(&self) -> bool {
        *self.count.borrow() > 0
    }

    /// Id and title of the jobs on a document, with what is needed to see where they are now.
    pub fn on(&self, uri: &str) -> Vec<(String, String, Anchor, Range<usize>)> {
        self.lock()
            .jobs
            .iter()
            .filter(|job| &*job.uri == uri && job.cancel.is_some())
            .map(|job| {
                (
                    job.id.clone(),
                    job.title.clone(),
                    job.journal,
                    job.selection.clone(),
                )
            })
            .collect()
    }

    /// Says that a document changed or closed.
    pub fn document_changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Follows changes of documents from now on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn enter(
        &self,
        given: Option<String>,
        job: &Job,
        cancel: oneshot::Sender<()>,
    ) -> lsp::Result<String> {
        let mut running = self.lock();
        if running.jobs.len() >= MOST {
            return Err(commands::failed(
                "too many jobs run at once; wait for some, or cancel them",
            ));
        }
        running.last_id += 1;
        let id = given.unwrap_or_else(|| format!("gloss-{}", running.last_id));
        if running.jobs.iter().any(|job| job.id == id) {
            return Err(lsp::Error::invalid_params(format!(
                "`workDoneToken` {id} is in use"
            )));
        }
        running.jobs.push(Entry {
            id: id.clone(),
            uri: job.snapshot.uri.clone(),
            journal: job.journal,
            selection: job.selection.clone(),
            title: job.title.clone(),
            cancel: Some(cancel),
        });
        self.count.send_replace(running.jobs.len());
        Ok(id)
    }

    /// From now on the job cannot be cancelled: its outcome is on its way.
    fn settle(&self, id: &str) {
        if let Some(job) = self.lock().jobs.iter_mut().find(|job| job.id == id) {
            job.cancel = None;
        }
    }

    fn leave(&self, id: &str) {
        let mut running = self.lock();
        running.jobs.retain(|job| job.id != id);
        self.count.send_replace(running.jobs.len());
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
