//! Asks a person first: before an edit is applied, and before many requests are sent.

use std::collections::HashMap;
use std::time::Duration;

use super::job::{Failed, Job};
use super::moved::{self, Annotation};
use super::protocol as lsp;
use super::state::Server;
use crate::engine::{Engine, Estimate, JobError, Rewriting, usd};
use crate::text;

/// How long the question stands before it counts as a no.
const LONGEST_QUESTION: Duration = Duration::from_secs(600);

const APPLY: &str = "Apply";
const DISCARD: &str = "Discard";
const GO_ON: &str = "Go on";
const CANCEL: &str = "Cancel";

/// How a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    None,
    /// By the editor itself, which shows the edit.
    Annotation,
    /// By a message with two buttons.
    Message,
}

/// Whether, and how, this editor's person is to be asked.
pub fn wanted(server: &Server, job: &Job) -> Confirmation {
    let traits = server.state().traits;
    match job.engine.settings().refactor_confirm {
        false => Confirmation::None,
        true if traits.document_changes && traits.change_annotations => Confirmation::Annotation,
        true => Confirmation::Message,
    }
}

/// What the editor shows beside the edit.
pub fn annotation(job: &Job, rewriting: &Rewriting) -> Annotation {
    Annotation {
        label: format!("Gloss: {}", title(job, rewriting)),
        description: rewriting.summary.clone(),
    }
}

/// Asks by a message. No answer is a no.
///
/// # Errors
/// When there is nothing to ask about any more, or the editor cannot ask.
pub async fn asked(server: &Server, job: &Job, rewriting: &Rewriting) -> Result<bool, Failed> {
    // Nobody is asked about an edit that cannot be made any more.
    moved::edits(server, job, rewriting)?;
    let message = question(job, rewriting);
    let chosen = chosen(server, message, [APPLY, DISCARD]).await;
    chosen.map_err(|_| Failed::unapplied(
        "this editor cannot ask before an edit is applied, so nothing was changed; set `refactor_confirm` to false, or run `gloss refactor FILE`",
        job,
        rewriting,
    ))
}

/// Asks before many requests that may come to much; `what` they would do, such as `explain 30
/// functions`.
///
/// # Errors
/// When the person does not want it, or cannot be asked.
pub async fn spending(
    server: &Server,
    engine: &Engine,
    estimate: &Estimate,
    what: &str,
) -> Result<(), JobError> {
    if !engine.asks_first(estimate) {
        return Ok(());
    }
    let cost = match estimate.ticks {
        Some(ticks) => format!("about {}", usd(ticks)),
        None => "of unknown price".to_owned(),
    };
    let what = format!("this would {what}, {cost}");
    let message = format!("Gloss: {what}. Go on?");
    match chosen(server, message, [GO_ON, CANCEL]).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(JobError::Declined),
        Err(CannotAsk) => Err(JobError::CannotAsk(what)),
    }
}

/// The editor has no questions.
struct CannotAsk;

/// Whether a person chooses the first of two buttons. No answer is a no.
async fn chosen(server: &Server, message: String, buttons: [&str; 2]) -> Result<bool, CannotAsk> {
    let button = |title: &str| lsp::MessageActionItem {
        title: title.to_owned(),
        properties: HashMap::new(),
    };
    let params = lsp::ShowMessageRequestParams {
        typ: lsp::MessageType::INFO,
        message: text::visible_message(&message),
        actions: Some(buttons.map(button).to_vec()),
    };
    let chosen = server
        .client
        .send_request::<lsp::request::ShowMessageRequest>(params);
    match tokio::time::timeout(LONGEST_QUESTION, chosen).await {
        Ok(Ok(chosen)) => Ok(chosen.is_some_and(|button| button.title == buttons[0])),
        Ok(Err(_)) => Err(CannotAsk),
        Err(_) => Ok(false),
    }
}

/// What is asked: about what, how much of it, and what the model says of its change.
fn question(job: &Job, rewriting: &Rewriting) -> String {
    let parts = rewriting.parts.iter();
    let lines = parts.map(|part| {
        let old = text::slice(&job.snapshot.text, part.subject.range.clone()).to_string();
        (old.lines().count(), part.new.lines().count())
    });
    let (old, new) = lines.fold((0, 0), |all, part| (all.0 + part.0, all.1 + part.1));
    format!(
        "Gloss, {}: {} ({old} lines, then {new}). Apply it?",
        title(job, rewriting),
        rewriting.summary.trim_end_matches('.'),
    )
}

/// What is done to what: by now the subject's name is known.
fn title(job: &Job, rewriting: &Rewriting) -> String {
    match rewriting.title() {
        Some(title) => format!("{} {title}", job.kind.verb()),
        None => job.kind.verb().to_owned(),
    }
}
