//! What becomes of a finished job: data for clients that take it, else messages, edits and hovers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::answers;
use super::apply::{self, Applied};
use super::explanation_document;
use super::job::{Done, Failed, Job};
use super::notes;
use super::protocol as lsp;
use super::state::{Server, State};
use crate::action::Subject;
use crate::answer;
use crate::config::ExplainOpens;
use crate::engine::{Engine, Explanation, Located, Rewriting};
use crate::store::Note;
use crate::text::{self, Shifted};

/// What a job comes to: the explanation kept, the edit applied.
///
/// # Errors
/// When the edit cannot be applied.
pub async fn of(server: &Server, job: &Job, done: Done) -> Result<Value, Failed> {
    match done {
        Done::Explained(explanation) => Ok(explained(server, job, &explanation).await),
        Done::FileExplained(explained) => {
            if !streams(server) {
                show(server, lsp::MessageType::INFO, &explained.summary).await;
            }
            Ok(json!({
                "summary": text::visible_message(&explained.summary),
                "usage": explained.spent.to_json(),
            }))
        }
        Done::Rewritten(rewriting) => rewritten(server, job, &rewriting).await,
        Done::Described(description) => {
            if !streams(server) {
                // What was cut short is kept for no hover.
                let message = if description.is_cut_short {
                    &description.markdown
                } else {
                    &description.summary
                };
                show(server, lsp::MessageType::INFO, message).await;
            }
            Ok(json!({
                "markdown": description.markdown,
                "summary": text::visible_message(&description.summary),
                "usage": description.spent.to_json(),
            }))
        }
    }
}

/// Tells a client that follows it, for as long as it is there, whether anything runs, and
/// what today came to.
pub async fn follow_status(server: Server) {
    let mut running = server.jobs.count();
    while running.changed().await.is_ok() {
        let busy = *running.borrow_and_update() > 0;
        let store = server.state().engine.store().clone();
        let today = store.today().await.ok();
        let status = json!({
            "busy": busy,
            "today": today.map(|today| json!({
                "requests": today.requests,
                "total_tokens": today.total_tokens,
                "cost_usd": today.cost_usd(),
            })),
        });
        server.client.send_notification::<lsp::Status>(status).await;
    }
}

/// When it is looked where the notes stand now: that takes the store and a thread, as does the outcome,
/// which somebody waits for.
const OUTCOME_FIRST: Duration = Duration::from_millis(20);

/// How long an outcome waits for its row on a disk that is busy; a ledger in trouble holds up none.
const BOOKING: Duration = Duration::from_secs(5);

/// Waits until the job's row is on disk: what the person has seen, a kill does not lose.
/// A ledger that cannot be written is said, once.
pub async fn booked(server: &Server, job: &Job) {
    let _ = tokio::time::timeout(BOOKING, job.engine.store().flushed_unless_locked()).await;
    say_notices(server, &job.engine).await;
}

/// Says what the person is to know: that the ledger is in trouble, a budget nearly used up, or
/// another model answered.
pub async fn say_notices(server: &Server, engine: &Engine) {
    let notices = engine.store().take_notices().into_iter();
    for notice in notices.chain(engine.take_notices()) {
        show(server, lsp::MessageType::WARNING, &notice).await;
    }
}

/// Tells how a job ended, exactly once.
pub async fn tell(server: &Server, job: &Job, result: Result<Value, Failed>) {
    if streams(server) {
        let (result, error) = match result {
            Ok(result) => (Some(result), None),
            Err(failed) => (
                failed
                    .answer()
                    .map(|answer| json!({ "applied": false, "answer": answer.as_str() })),
                Some(lsp::FinishedError {
                    code: failed.code(),
                    message: text::visible_message(&failed.message()),
                }),
            ),
        };
        let params = lsp::FinishedParams {
            id: job.id.clone(),
            command: job.kind.command().to_owned(),
            uri: job.snapshot.uri.to_string(),
            range: job.range,
            result,
            error,
        };
        server
            .client
            .send_notification::<lsp::Finished>(params)
            .await;
        return;
    }
    match result {
        Ok(_) | Err(Failed::Cancelled) => {}
        Err(failed) => {
            let mut message = failed.message();
            if let Some(place) = answers::kept(server, job, &failed).await {
                let _ = write!(message, "; {place}");
            } else if let Some(answer) = failed.answer() {
                let _ = write!(
                    message,
                    ". It said: {}",
                    answer::first_sentence(answer.as_str())
                );
            }
            if server.told.is_news(&message, job.began) {
                show(server, lsp::MessageType::ERROR, &message).await;
            }
        }
    }
}

/// Keeps the explanation with its code and tells that it is there.
async fn explained(server: &Server, job: &Job, explanation: &Explanation) -> Value {
    let opens = {
        let mut state = server.state();
        let state = &mut *state;
        if let Some(note) = explanation.note.clone() {
            note_down(state, job, &explanation.subject, note);
        }
        state.engine.settings().explain_opens
    };
    if explanation.note.is_some() {
        notes::refresh(server);
        notes::soon(server, &job.snapshot.uri, OUTCOME_FIRST);
    }
    let is_shown = streams(server)
        || opens == ExplainOpens::None
        || opens == ExplainOpens::Document
            && explanation_document::shown(server, job, explanation).await;
    if !is_shown {
        // A question's answer has no other place to be read, nor has one that was cut short.
        let message = if explanation.note.is_none() {
            explanation.markdown.clone()
        } else {
            format!("{}{}", explanation.summary, elsewhere(job, explanation))
        };
        show(server, lsp::MessageType::INFO, &message).await;
    }
    json!({
        "markdown": explanation.markdown,
        "summary": text::visible_message(&explanation.summary),
        "usage": explanation.spent.to_json(),
    })
}

/// Puts a note into the margin. One about a text that was changed meanwhile finds its place, and
/// that it is stale, with the next look.
pub fn note_down(state: &mut State, job: &Job, subject: &Subject, note: Arc<Note>) {
    let uri = &job.snapshot.uri;
    match job.subject_now(&state.documents, subject) {
        Some(Shifted::Outside(range)) => {
            let located = Located {
                note: 0,
                shown_at: range.start + subject.shown_at.saturating_sub(subject.range.start),
                range,
                is_fresh: true,
            };
            state
                .glosses
                .keep(&mut state.documents, uri, note, &located);
        }
        Some(Shifted::Touched(_)) => state.glosses.margin(uri).add(note),
        None => {}
    }
}

/// Where to read on, if that is another line than the one that was asked on.
fn elsewhere(job: &Job, explanation: &Explanation) -> String {
    let line = |at| text::line_of(&job.snapshot.text, at);
    let shown_on = line(explanation.subject.shown_at);
    if shown_on == line(job.selection.start) {
        return String::new();
    }
    format!(" Hover over line {} to read on.", shown_on + 1)
}

async fn rewritten(server: &Server, job: &Job, rewriting: &Rewriting) -> Result<Value, Failed> {
    let result = |applied: bool, edit: Option<lsp::WorkspaceEdit>, left_out: usize| {
        let mut result = json!({
            "applied": applied,
            "summary": text::visible_message(&rewriting.summary_without(left_out)),
            "usage": rewriting.spent.to_json(),
        });
        if let (Some(edit), Some(object)) = (edit, result.as_object_mut()) {
            object.insert(
                "edit".into(),
                serde_json::to_value(edit).unwrap_or_default(),
            );
        }
        result
    };
    if rewriting.parts.is_empty() {
        if !streams(server) {
            show(server, lsp::MessageType::INFO, &rewriting.summary).await;
        }
        return Ok(result(false, None, 0));
    }
    if job.argument.apply == Some(false) {
        let (edit, left_out) = apply::edit_now(server, job, rewriting)?;
        return Ok(result(false, Some(edit), left_out));
    }
    match apply::apply(server, job, rewriting).await? {
        Applied::Seen { left_out } => {
            if rewriting.left_out + left_out > 0 && !streams(server) {
                let summary = rewriting.summary_without(left_out);
                show(server, lsp::MessageType::INFO, &summary).await;
            }
            Ok(result(true, None, left_out))
        }
        Applied::Declined => Ok(result(false, None, 0)),
        Applied::Refused => Err(Failed::unapplied(
            "the editor refused the edit, so nothing was changed: see whether the document can be edited there",
            job,
            rewriting,
        )),
        Applied::Never => Err(Failed::unapplied(
            "the editor's text never showed the edit: see whether it is there, or undo",
            job,
            rewriting,
        )),
    }
}

fn streams(server: &Server) -> bool {
    server.state().traits.stream
}

async fn show(server: &Server, kind: lsp::MessageType, message: &str) {
    server.say(kind, &format!("Gloss: {message}")).await;
}
