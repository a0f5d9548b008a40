//! Explains every function of a document: planned, asked about where it is dear, noted one by one.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::job::Job;
use super::state::{Server, place};
use super::{notes, outcome, protocol as lsp};
use crate::document::Snapshot;
use crate::engine::{Ear, Engine, FileExplained, FileJob, FilePlan, JobError, Place, usd};
use crate::llm::models::dollars;

/// How long the question stands before it counts as a no.
const LONGEST_QUESTION: Duration = Duration::from_secs(600);

const EXPLAIN: &str = "Explain";
const CANCEL: &str = "Cancel";

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
    confirm(server, &job.engine, &plan).await?;
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

/// Asks before many requests that may come to much. No answer is a no.
async fn confirm(server: &Server, engine: &Engine, plan: &FilePlan) -> Result<(), JobError> {
    engine.load_prices().await;
    let estimate = engine.estimate_file(plan);
    if !engine.asks_first(&estimate) {
        return Ok(());
    }
    let cost = match estimate.ticks {
        Some(ticks) => format!("about {}", usd(ticks)),
        None => "of unknown price".to_owned(),
    };
    let what = format!(
        "this would explain {} functions in {} requests, {cost}",
        plan.to_ask(),
        plan.requests()
    );
    let button = |title: &str| lsp::MessageActionItem {
        title: title.to_owned(),
        properties: HashMap::new(),
    };
    let params = lsp::ShowMessageRequestParams {
        typ: lsp::MessageType::INFO,
        message: format!("Gloss: {what}. Go on?"),
        actions: Some(vec![button(EXPLAIN), button(CANCEL)]),
    };
    let chosen = server
        .client
        .send_request::<lsp::request::ShowMessageRequest>(params);
    match tokio::time::timeout(LONGEST_QUESTION, chosen).await {
        Ok(Ok(Some(button))) if button.title == EXPLAIN => Ok(()),
        Ok(Err(_)) => Err(JobError::CannotAsk(what)),
        _ => Err(JobError::Declined),
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
    let place = tokio::task::spawn_blocking(move || place(&uri, &folders));
    let place = place.await.map_err(|_| lsp::Error::internal_error())?;
    let file = FileJob {
        syntax: server.trees.known(&snapshot),
        kept: server.state().glosses.all(&snapshot.uri),
        snapshot,
        place,
    };
    let plan = engine.plan_file(file).await;
    let plan = plan.map_err(|error| lsp::failed(&error.to_string()))?;
    engine.load_prices().await;
    let prompts: Vec<_> = plan
        .prompts()
        .map(crate::prompt::Prompt::to_plain_text)
        .collect();
    let estimate = engine.estimate_file(&plan);
    Ok(json!({
        "prompt": prompts.join("\n\n"),
        "tokens": estimate.prompt_tokens,
        "cost_usd": estimate.prompt_ticks.map(dollars),
    }))
}
