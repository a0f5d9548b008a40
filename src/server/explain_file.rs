//! Explains every function of a document: planned, asked about where it is dear, noted one by one.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::commands::previewed;
use super::job::Job;
use super::state::{Server, place};
use super::{confirm, notes, outcome, protocol as lsp};
use crate::document::Snapshot;
use crate::engine::{Ear, Engine, FileExplained, FileJob, JobError, Place, work};

/// Explains what no note explains yet. What came is noted, also if the rest does not.
///
/// # Errors
/// A [`JobError`], whose text is for the person.
pub async fn explain(
    server: &Server,
    job: &Job,
    place: Place,
    ear: Ear<'_>,
) -> Result<FileExplained, JobError> {
    let file = FileJob {
        snapshot: job.snapshot.clone(),
        place,
        syntax: server.trees.known(&job.snapshot),
        kept: server.state().glosses.all(&job.snapshot.uri),
    };
    let plan = job.engine.plan_file(file).await?;
    job.engine.load_prices().await;
    let (functions, requests) = (plan.to_ask(), plan.requests());
    let what = format!("explain {functions} functions in {requests} requests");
    confirm::spending(server, &job.engine, &job.engine.estimate_file(&plan), &what).await?;
    let _shown = Shown(server, job);
    let mut noted = |note, subject: &_| {
        outcome::note_down(&mut server.state(), job, subject, note);
        notes::refresh(server);
    };
    job.engine.explain_file(plan, ear, &mut noted).await
}

/// However it ends, what came is shown: also what was typed over meanwhile finds its place.
struct Shown<'a>(&'a Server, &'a Job);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        notes::refresh(self.0);
        notes::soon(self.0, &self.1.snapshot.uri, Duration::ZERO);
    }
}

/// What would be sent, for a person to read before anything is.
///
/// # Errors
/// When nothing can be.
pub async fn preview(
    server: &Server,
    engine: &Engine,
    snapshot: Snapshot,
    folders: Vec<PathBuf>,
) -> lsp::Result<Value> {
    let uri = snapshot.uri.clone();
    let place = work::for_answer(move || place(&uri, &folders));
    let place = place.await.ok_or_else(lsp::Error::internal_error)?;
    let file = FileJob {
        syntax: server.trees.known(&snapshot),
        kept: server.state().glosses.all(&snapshot.uri),
        snapshot,
        place,
    };
    let plan = engine.plan_file(file).await;
    let plan = plan.map_err(|error| lsp::failed(&error.to_string()))?;
    engine.load_prices().await;
    let estimate = engine.estimate_file(&plan);
    Ok(previewed(plan.prompts(), &estimate))
}
