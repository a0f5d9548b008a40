//! The life of a job: begun in order, reported while it runs, cancelled at once.

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::alt_text;
use super::apply;
use super::argument::Argument;
use super::configuration::{self, AsOf};
use super::context;
use super::explain_file;
use super::job::{Done, Failed, Job, Kind};
use super::links;
use super::memory;
use super::note_commands;
use super::outcome;
use super::progress::{self, Feed};
use super::protocol as lsp;
use super::state::{Server, State, place};
use crate::action;
use crate::config::Outcome;
use crate::document::Snapshot;
use crate::engine::{CodeJob, JobError, Task, work};

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
    let (snapshot, selection) = argument.subject(server)?;
    let given = own_id(&argument)?;
    let title = title(server, &kind, &snapshot, &selection);
    let open = match kind {
        Kind::Code(_) => context::open_beside(server, &snapshot),
        Kind::Describe
        | Kind::NoteToComment
        | Kind::ExplainFile
        | Kind::WriteAltText
        | Kind::WriteAllAltText => Vec::new(),
    };
    let (cancel, cancelled) = oneshot::channel();
    let mut state = server.state();
    let journal = state
        .documents
        .journal(&snapshot.uri)
        .ok_or_else(|| lsp::Error::invalid_params(format!("{} is not open here", snapshot.uri)))?;
    let own = state.engine_for(&snapshot.uri);
    let mut job = Job {
        id: String::new(),
        began: Instant::now(),
        kind,
        title,
        range: argument.range.unwrap_or_default(),
        selection,
        journal,
        argument,
        open,
        engine: own
            .as_ref()
            .map_or_else(|| state.engine.clone(), |own| own.engine.clone()),
        snapshot,
    };
    match server.jobs.enter(given.clone(), &job, cancel) {
        Ok(id) => job.id = id,
        Err(error) => {
            state.documents.release(&job.snapshot.uri, journal);
            return Err(error);
        }
    }
    if matches!(job.kind, Kind::Code(_)) {
        let State {
            answers, documents, ..
        } = &mut *state;
        answers.forget_at(documents, &job.snapshot.uri, &job.selection);
    }
    drop(state);
    let answer = json!({ "id": job.id });
    tokio::spawn(run(
        server.clone(),
        job,
        own,
        given.is_some(),
        answered,
        cancelled,
    ));
    Ok(answer)
}

/// What the job is called. Its subject is named if that takes no parse; it does not where
/// the command was chosen from a menu, since the menu had the tree.
fn title(server: &Server, kind: &Kind, snapshot: &Snapshot, selection: &Range<usize>) -> String {
    let verb = kind.verb();
    if *kind == Kind::WriteAltText {
        return alt_text::title(server, snapshot, selection.start);
    }
    let has_subject = !matches!(
        kind,
        Kind::Describe | Kind::ExplainFile | Kind::WriteAllAltText | Kind::Code(Task::Own(_))
    );
    if !has_subject {
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

/// The id that the client wants the job to have.
fn own_id(argument: &Argument) -> lsp::Result<Option<String>> {
    match &argument.work_done_token {
        None => Ok(None),
        Some(lsp::NumberOrString::String(id)) if !id.is_empty() => Ok(Some(id.clone())),
        Some(_) => Err(lsp::Error::invalid_params(
            "`workDoneToken` should be a text, unique for the client",
        )),
    }
}

/// The whole life of a job. Whatever happens in it, it is forgotten in the end.
async fn run(
    server: Server,
    mut job: Job,
    own: Option<AsOf>,
    own_token: bool,
    answered: oneshot::Receiver<()>,
    cancelled: oneshot::Receiver<()>,
) {
    // Dropped unsent when the client cancelled the command itself; then it wants no job.
    if answered.await.is_ok() {
        let cancelled = cancelled.map(|_| ()).shared();
        tokio::select! {
            engine = configuration::engine_at(&server, &job.snapshot.uri, own) => job.engine = engine,
            // The disk may hang. What is told of the job is told all the same, and no more is done.
            () = cancelled.clone() => {}
        }
        let told = AssertUnwindSafe(tell(&server, &job, own_token, cancelled)).catch_unwind();
        if told.await.is_err() {
            tracing::error!("a job panicked");
        }
    }
    server
        .state()
        .documents
        .release(&job.snapshot.uri, job.journal);
    if server.jobs.leave(&job.id) {
        memory::give_back_soon();
    }
}

/// Works, tells of it meanwhile, and brings the outcome.
async fn tell(server: &Server, job: &Job, own_token: bool, cancelled: impl Future<Output = ()>) {
    let feed = Feed::default();
    let mut reports = progress::begin(server, job, own_token, &feed).await;
    let outcome = async {
        let done = work(server, job, &feed).await.map_err(Failed::from)?;
        outcome::of(server, job, done).await
    };
    let outcome = tokio::select! {
        biased;
        () = cancelled => Err(Failed::Cancelled),
        outcome = AssertUnwindSafe(outcome).catch_unwind() => {
            outcome.unwrap_or_else(|_| Err(Failed::from(JobError::Internal)))
        }
    };
    server.jobs.settle(&job.id);
    reports.streamed(&feed).await;
    outcome::booked(server, job).await;
    outcome::tell(server, job, outcome).await;
    reports.end();
}

/// The work itself. Dropping it closes the connection to the API.
async fn work(server: &Server, job: &Job, feed: &Feed) -> Result<Done, JobError> {
    if job.kind.edits() {
        apply::possible(server, job)?;
    }
    if job.kind == Kind::NoteToComment {
        let rewriting = note_commands::to_comment(server, job).await?;
        return Ok(Done::Rewritten(rewriting));
    }
    let (folders, encoding) = {
        let state = server.state();
        (state.folders.clone(), state.traits.encoding)
    };
    let uri = job.snapshot.uri.clone();
    let open = job.open.clone();
    let around = work::for_job(move || {
        let place = place(&uri, &folders);
        (place, context::neighbours(open, &folders))
    });
    let (place, open) = around.await.ok_or(JobError::Internal)?;
    let mut ear = |heard| feed.hear(heard);
    if job.kind == Kind::ExplainFile {
        let explained = explain_file::explain(server, job, place, &mut ear).await?;
        return Ok(Done::FileExplained(explained));
    }
    if matches!(job.kind, Kind::WriteAltText | Kind::WriteAllAltText) {
        let written = alt_text::write(server, job, place, &mut ear).await?;
        return Ok(Done::Rewritten(written));
    }
    let Kind::Code(task) = job.kind.clone() else {
        let described = links::describe(server, job, place, &mut ear).await?;
        return Ok(Done::Described(described));
    };
    let outcome = task.outcome();
    let hints = context::hints(server, &job.engine, &job.snapshot, &job.selection).await;
    let code = job.argument.code_job(
        task,
        job.snapshot.clone(),
        job.selection.clone(),
        place,
        encoding,
    );
    let code = CodeJob {
        syntax: server.trees.known(&job.snapshot),
        hints,
        kept: server.state().glosses.all(&job.snapshot.uri),
        open,
        ..code
    };
    match outcome {
        Outcome::Edit => job
            .engine
            .rewrite(code, &mut ear)
            .await
            .map(Done::Rewritten),
        Outcome::Explain => job
            .engine
            .explain(code, &mut ear)
            .await
            .map(Done::Explained),
    }
}
