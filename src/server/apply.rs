//! Brings an edit into the editor's text: moved past what was typed, versioned, and seen to be there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ropey::Rope;
use tokio::sync::Semaphore;

use super::convert;
use super::job::{Failed, Job};
use super::protocol as lsp;
use super::state::Server;
use crate::document::{Anchor, Snapshot};
use crate::engine::{JobError, Rewriting};
use crate::text::{Edit, Shifted};

/// How often an edit is sent because the text moved on meanwhile.
const ATTEMPTS: usize = 3;
/// How long the editor's text may take to show an edit that was applied.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a person may look at an edit before they answer.
const LONGEST_REPLY: Duration = Duration::from_secs(600);

/// Lets one edit of a document be under way at a time: of two, the second would be made for a
/// text that the first is just changing.
#[derive(Default)]
pub struct Turns {
    by_uri: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl Turns {
    fn of(&self, uri: &Arc<str>) -> Arc<Semaphore> {
        let mut by_uri = self.by_uri.lock().unwrap_or_else(PoisonError::into_inner);
        by_uri.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = by_uri.get(uri).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Semaphore::new(1));
        by_uri.insert(uri.clone(), Arc::downgrade(&turn));
        turn
    }
}

/// Refuses at once what could not be applied once it is paid for.
///
/// # Errors
/// When the document has lines that editors and the protocol count differently.
pub fn possible(job: &Job) -> Result<(), JobError> {
    if holds_lone_carriage_return(&job.snapshot.text, job.selection.end) {
        return Err(JobError::LoneCarriageReturn);
    }
    Ok(())
}

/// The edit against the text as it stands now.
///
/// # Errors
/// When something was typed into the range, or the document is gone.
pub fn edit_now(
    server: &Server,
    job: &Job,
    rewriting: &Rewriting,
) -> Result<lsp::WorkspaceEdit, Failed> {
    let (current, edits) = edits_now(server, job, rewriting)?;
    workspace_edit(server, &current, &edits)
}

/// Applies the edit; whether it was seen in the text. A person's no is final.
///
/// # Errors
/// When something was typed into the range, the document is gone, or the editor takes no edits.
pub async fn apply(server: &Server, job: &Job, rewriting: &Rewriting) -> Result<bool, Failed> {
    let traits = server.state().traits;
    if !traits.apply_edit {
        return Err(Failed::Job(JobError::CannotApply));
    }
    let turn = server.turns.of(&job.snapshot.uri);
    let _turn = turn
        .acquire()
        .await
        .map_err(|_| Failed::Job(JobError::Closing))?;
    for attempt in 0..ATTEMPTS {
        let now = edits_now(server, job, rewriting);
        let (current, edits) = now.map_err(|failed| {
            if attempt > 0 {
                maybe_applied(failed)
            } else {
                failed
            }
        })?;
        let expected = Expected::of(server, &current, &edits);
        let params = lsp::ApplyWorkspaceEditParams {
            label: Some(format!("Gloss: {}", job.title)),
            edit: workspace_edit(server, &current, &edits)?,
        };
        let reply = server
            .client
            .send_request::<lsp::request::ApplyWorkspaceEdit>(params);
        let reply = tokio::time::timeout(LONGEST_REPLY, reply).await;
        let taken = reply.is_ok_and(|reply| reply.is_ok_and(|reply| reply.applied));
        if expected.is_met() || (taken && expected.comes(server).await) {
            return Ok(true);
        }
        if !traits.document_changes {
            // Without versions a second edit could double the first; and what was typed
            // beside it makes another text than was expected.
            return Ok(taken && shows(server, job, rewriting));
        }
        let moved_on = server
            .state()
            .snapshot(&job.snapshot.uri)
            .map(|now| now.version)
            != Some(current.version);
        if !moved_on {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The document as it stands now, and the edits to it.
fn edits_now(
    server: &Server,
    job: &Job,
    rewriting: &Rewriting,
) -> Result<(Snapshot, Vec<Edit>), Failed> {
    let state = server.state();
    let modified = |message: &str| Failed::Modified {
        message: message.to_owned(),
        answer: format!(
            "```{}\n{}\n```",
            job.snapshot.language_id,
            rewriting.new.trim_end_matches(['\r', '\n'])
        ),
    };
    let Some(current) = state.documents.snapshot(&job.snapshot.uri) else {
        return Err(modified(
            "the document was closed before the answer came, so nothing was changed",
        ));
    };
    let Some(Shifted::Outside(range)) = job.subject_now(&state.documents, &rewriting.subject)
    else {
        return Err(modified(
            "the text was changed while the answer was on its way, so nothing was changed",
        ));
    };
    let began = rewriting.subject.range.start;
    let edits: Vec<Edit> = rewriting
        .edits
        .iter()
        .map(|edit| Edit {
            range: edit.range.start - began + range.start..edit.range.end - began + range.start,
            text: edit.text.clone(),
        })
        .collect();
    let end = edits.last().map_or(0, |edit| edit.range.end);
    if holds_lone_carriage_return(&current.text, end) {
        return Err(Failed::Job(JobError::LoneCarriageReturn));
    }
    Ok((current, edits))
}

/// After an edit was sent nobody can say any more that nothing was changed.
fn maybe_applied(failed: Failed) -> Failed {
    match failed {
        Failed::Modified { answer, .. } => Failed::Modified {
            message: "the text was changed while the edit was on its way to the editor: see whether it is there, or undo"
                .into(),
            answer,
        },
        other => other,
    }
}

fn workspace_edit(
    server: &Server,
    current: &Snapshot,
    edits: &[Edit],
) -> Result<lsp::WorkspaceEdit, Failed> {
    let traits = server.state().traits;
    let edits = convert::text_edits(&current.text, edits, traits.encoding);
    let uri: lsp::Uri = current
        .uri
        .parse()
        .map_err(|_| Failed::Job(JobError::Internal))?;
    if !traits.document_changes {
        return Ok(lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(uri, edits)])),
            ..lsp::WorkspaceEdit::default()
        });
    }
    Ok(lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Edits(vec![lsp::TextDocumentEdit {
            text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                uri,
                version: Some(current.version),
            },
            edits: edits.into_iter().map(lsp::OneOf::Left).collect(),
        }])),
        ..lsp::WorkspaceEdit::default()
    })
}

/// The text that an edit should lead to, watched for as long as this lives: some editors say
/// that they applied an edit and dropped it, others show it a moment after they said so, and
/// a person may have typed on by then.
struct Expected {
    server: Server,
    uri: Arc<str>,
    anchor: Option<Anchor>,
}

impl Expected {
    fn of(server: &Server, current: &Snapshot, edits: &[Edit]) -> Self {
        let mut text = current.text.clone();
        for edit in edits.iter().rev() {
            replace(&mut text, edit);
        }
        Self {
            server: server.clone(),
            uri: current.uri.clone(),
            anchor: server.state().documents.watch_for(&current.uri, text),
        }
    }

    fn is_met(&self) -> bool {
        let state = self.server.state();
        self.anchor
            .is_some_and(|anchor| state.documents.met(&self.uri, anchor))
    }

    /// Waits a moment for the text to come.
    async fn comes(&self, server: &Server) -> bool {
        let mut changes = server.jobs.changes();
        let met = async { while !self.is_met() && changes.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(PATIENCE, met).await;
        self.is_met()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(anchor) = self.anchor {
            self.server.state().documents.release(&self.uri, anchor);
        }
    }
}

/// One edit of a rope; its range lies within the text, on the boundaries of characters.
fn replace(text: &mut Rope, edit: &Edit) {
    let chars = text
        .try_byte_to_char(edit.range.start)
        .ok()
        .zip(text.try_byte_to_char(edit.range.end).ok());
    if let Some((start, end)) = chars
        && text.try_remove(start..end).is_ok()
    {
        let _ = text.try_insert(start, &edit.text);
    }
}

/// Whether the range was changed, and the new text now stands near it.
fn shows(server: &Server, job: &Job, rewriting: &Rewriting) -> bool {
    let state = server.state();
    let Some(Shifted::Touched(range)) = job.subject_now(&state.documents, &rewriting.subject)
    else {
        return false;
    };
    state.snapshot(&job.snapshot.uri).is_some_and(|current| {
        let slack = rewriting.new.len() + 4 * 1024;
        let around = range.start.saturating_sub(slack)..range.end.saturating_add(slack);
        crate::text::slice(&current.text, around)
            .to_string()
            .contains(&rewriting.new)
    })
}

/// Whether a `\r` without `\n` stands above `end`: the protocol counts a line there.
fn holds_lone_carriage_return(text: &ropey::Rope, end: usize) -> bool {
    let Some(above) = text.get_byte_slice(..end.min(text.len_bytes())) else {
        return true;
    };
    let mut after_return = false;
    for byte in above.bytes() {
        if after_return && byte != b'\n' {
            return true;
        }
        after_return = byte == b'\r';
    }
    after_return && text.get_byte(end) != Some(b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_carriage_return_above_is_found() {
        let check = |text: &str, end: usize, found: bool| {
            assert_eq!(
                holds_lone_carriage_return(&ropey::Rope::from_str(text), end),
                found,
                "{text:?} {end}"
            );
        };
        check("a\nb\r\nc", 6, false);
        check("a\rb", 3, true);
        check("a\rb", 1, false);
        check("a\r\nb", 2, false);
        check("a\r", 2, true);
        check("a\nb\rc", 2, false);
        check("", 0, false);
    }
}
