//! Brings an edit into the editor's text: moved past what was typed, versioned, and seen to be there.

use std::collections::HashMap;
use std::time::Duration;

use super::convert;
use super::job::{Failed, Job};
use super::protocol as lsp;
use super::state::Server;
use crate::engine::{JobError, Rewriting};
use crate::text::{Edit, Shifted};

/// How often an edit is sent again because the text moved on meanwhile.
const ATTEMPTS: usize = 3;
/// How long the editor's text may take to show an edit that was applied.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the text should hold once the edit is in.
pub struct Expected {
    version: i32,
    /// Byte offset of the rewritten range.
    start: usize,
    new: String,
}

/// The edit against the text as it stands now, and what it should lead to.
///
/// # Errors
/// When something was typed into the range, or the document is gone.
pub fn edit_now(
    server: &Server,
    job: &Job,
    rewriting: &Rewriting,
) -> Result<(lsp::WorkspaceEdit, Expected), Failed> {
    let state = server.state();
    let modified = |message: &str| Failed::Modified {
        message: message.to_owned(),
        answer: format!(
            "```{}\n{}\n```",
            job.snapshot.language_id,
            rewriting.new.trim_end_matches(['\r', '\n'])
        ),
    };
    let uri = &job.snapshot.uri;
    let Some(current) = state.documents.snapshot(uri) else {
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
    let old_start = rewriting.subject.range.start;
    let moved: Vec<Edit> = rewriting
        .edits
        .iter()
        .map(|edit| Edit {
            range: edit.range.start - old_start + range.start
                ..edit.range.end - old_start + range.start,
            text: edit.text.clone(),
        })
        .collect();
    if holds_lone_carriage_return(&current.text, moved.last().map_or(0, |edit| edit.range.end)) {
        return Err(modified(
            "the file has a line that ends in a lone carriage return, which most editors do not count as a line, so nothing was changed; convert its line ends first",
        ));
    }
    let traits = state.traits;
    let edits = convert::text_edits(&current.text, &moved, traits.encoding);
    let expected = Expected {
        version: current.version,
        start: range.start,
        new: rewriting.new.clone(),
    };
    let uri: lsp::Uri = uri.parse().map_err(|_| Failed::Job(JobError::Internal))?;
    let edit = if traits.document_changes {
        lsp::WorkspaceEdit {
            document_changes: Some(lsp::DocumentChanges::Edits(vec![lsp::TextDocumentEdit {
                text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                    uri,
                    version: Some(current.version),
                },
                edits: edits.into_iter().map(lsp::OneOf::Left).collect(),
            }])),
            ..lsp::WorkspaceEdit::default()
        }
    } else {
        lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(uri, edits)])),
            ..lsp::WorkspaceEdit::default()
        }
    };
    Ok((edit, expected))
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
    for _ in 0..ATTEMPTS {
        let (edit, expected) = edit_now(server, job, rewriting)?;
        let params = lsp::ApplyWorkspaceEditParams {
            label: Some(format!("Gloss: {}", job.title)),
            edit,
        };
        let reply = server
            .client
            .send_request::<lsp::request::ApplyWorkspaceEdit>(params)
            .await;
        let taken = reply.is_ok_and(|reply| reply.applied);
        if taken && is_seen(server, job, &expected).await {
            return Ok(true);
        }
        // Without versions a second edit could double the first.
        let stale = version_now(server, job) != Some(expected.version);
        if !stale || !traits.document_changes {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Waits until the document's text shows the edit: some editors say that they applied an
/// edit and dropped it, and the change they made comes a moment after they say so.
async fn is_seen(server: &Server, job: &Job, expected: &Expected) -> bool {
    let mut changes = server.jobs.changes();
    let seen = async {
        while !shows(server, job, expected) {
            if changes.changed().await.is_err() {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap_or(false)
}

/// Whether the new text stands where it should, give or take what was typed beside it.
fn shows(server: &Server, job: &Job, expected: &Expected) -> bool {
    let state = server.state();
    let Some(current) = state.documents.snapshot(&job.snapshot.uri) else {
        return false;
    };
    if current.version == expected.version {
        return false;
    }
    let text = &current.text;
    let slack = 4 * 1024;
    let floor = |at: usize| {
        text.try_byte_to_char(at.min(text.len_bytes()))
            .map_or(0, |at| text.char_to_byte(at))
    };
    let around = floor(expected.start.saturating_sub(slack))
        ..floor(expected.start + expected.new.len() + slack);
    text.get_byte_slice(around)
        .is_some_and(|slice| slice.to_string().contains(&expected.new))
}

fn version_now(server: &Server, job: &Job) -> Option<i32> {
    server
        .state()
        .documents
        .snapshot(&job.snapshot.uri)
        .map(|snapshot| snapshot.version)
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
