//! Asks before an edit is applied, where the setting `refactor_confirm` wants it.

use std::collections::HashMap;
use std::time::Duration;

use super::job::{Failed, Job};
use super::moved::{self, Annotation};
use super::protocol as lsp;
use super::state::Server;
use crate::engine::Rewriting;
use crate::text;

/// How long the question stands before it counts as a no.
const LONGEST_QUESTION: Duration = Duration::from_secs(600);

const APPLY: &str = "Apply";
const DISCARD: &str = "Discard";

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
    let button = |title: &str| lsp::MessageActionItem {
        title: title.to_owned(),
        properties: HashMap::new(),
    };
    let params = lsp::ShowMessageRequestParams {
        typ: lsp::MessageType::INFO,
        message: question(job, rewriting),
        actions: Some(vec![button(APPLY), button(DISCARD)]),
    };
    let chosen = server
        .client
        .send_request::<lsp::request::ShowMessageRequest>(params);
    match tokio::time::timeout(LONGEST_QUESTION, chosen).await {
        Ok(Ok(chosen)) => Ok(chosen.is_some_and(|button| button.title == APPLY)),
        Ok(Err(_)) => Err(Failed::unapplied(
            "this editor cannot ask before an edit is applied, so nothing was changed; set `refactor_confirm` to false, or run `gloss refactor FILE`",
            job,
            rewriting,
        )),
        Err(_) => Ok(false),
    }
}

/// What is asked: about what, how much of it, and what the model says of its change.
fn question(job: &Job, rewriting: &Rewriting) -> String {
    let old = text::slice(&job.snapshot.text, rewriting.subject.range.clone()).to_string();
    format!(
        "Gloss, {}: {} ({} lines, then {}). Apply it?",
        title(job, rewriting),
        rewriting.summary.trim_end_matches('.'),
        old.lines().count(),
        rewriting.new.lines().count()
    )
}

/// What is done to what: by now the subject's name is known.
fn title(job: &Job, rewriting: &Rewriting) -> String {
    format!("{} {}", job.kind.verb(), rewriting.subject.title())
}
