//! An edit for the text as it stands now: moved past what was typed while the model answered.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use ropey::Rope;

use super::convert;
use super::job::{Failed, Job};
use super::protocol as lsp;
use super::state::Server;
use crate::action::Subject;
use crate::document::{Said, Snapshot};
use crate::engine::{JobError, Rewriting, RewrittenPart};
use crate::text::{self, Edit, Shifted};

/// What an editor asks of a person before it applies an edit.
pub struct Annotation {
    pub label: String,
    pub description: String,
}

/// The one annotation that an edit has.
const ANNOTATION: &str = "gloss";

/// Edits to a document as it stands now.
pub struct Moved {
    pub current: Snapshot,
    pub edits: Vec<Edit>,
    /// Which parts of the rewriting they make: those that nothing was typed into.
    pub parts: BTreeSet<usize>,
}

/// The document as it stands now, and the edits to it.
///
/// # Errors
/// When something was typed into each part, or the document was closed.
pub fn edits(server: &Server, job: &Job, rewriting: &Rewriting) -> Result<Moved, Failed> {
    let modified = |message| Failed::modified(message, job, rewriting);
    let Some((current, places)) = current(server, job, rewriting) else {
        return Err(modified(
            "the document was closed before the answer came, so nothing was changed",
        ));
    };
    let mut parts = BTreeSet::new();
    let mut moved = Vec::new();
    for (at, (part, shifted)) in rewriting.parts.iter().zip(places).enumerate() {
        if let Some(range) = unchanged(job, &current, shifted, &part.subject) {
            parts.insert(at);
            moved.push(moved_to(part, &range));
        }
    }
    // One that was cut and pasted elsewhere stands behind those that it stood before.
    moved.sort_by_key(|edits| edits.first().map(|edit| edit.range.start));
    let edits: Vec<Edit> = moved.into_iter().flatten().collect();
    let overlap = |pair: &[Edit]| matches!(pair, [a, b] if a.range.end > b.range.start);
    if edits.is_empty() || edits.windows(2).any(overlap) {
        return Err(modified(
            "the text was changed while the answer was on its way, so nothing was changed",
        ));
    }
    // What was added at a part's borders is none of it, and would be added again.
    if is_done(server, job, rewriting) {
        return Err(modified("the text is what the answer makes of it already"));
    }
    let end = edits.last().map_or(0, |edit| edit.range.end);
    if holds_lone_carriage_return(&current.text, end) {
        let why = JobError::LoneCarriageReturn.to_string();
        return Err(Failed::unapplied(&why, job, rewriting));
    }
    Ok(Moved {
        current,
        edits,
        parts,
    })
}

/// The document as it stands now, and where each part does; `None` when it was closed since
/// the job began, be it open again or not.
fn current(server: &Server, job: &Job, rewriting: &Rewriting) -> Option<(Snapshot, Vec<Shifted>)> {
    let state = server.state();
    let parts = rewriting.parts.iter();
    let shifted: Option<Vec<_>> = parts
        .map(|part| job.subject_now(&state.documents, &part.subject))
        .collect();
    Some((state.snapshot(&job.snapshot.uri)?, shifted?))
}

/// The edits of a part that now stands at `range`.
fn moved_to(part: &RewrittenPart, range: &Range<usize>) -> Vec<Edit> {
    let began = part.subject.range.start;
    let edits = part.edits.iter().map(|edit| Edit {
        range: edit.range.start - began + range.start..edit.range.end - began + range.start,
        text: edit.text.clone(),
    });
    edits.collect()
}

/// Where the subject's text stands, if nothing in it is another than it was. What is typed and
/// taken back is no change, nor is a whole document sent anew with the same text in it.
fn unchanged(
    job: &Job,
    current: &Snapshot,
    shifted: Shifted,
    subject: &Subject,
) -> Option<Range<usize>> {
    match shifted {
        Shifted::Outside(range) => Some(range),
        Shifted::Touched(range) => {
            let old = text::slice(&job.snapshot.text, subject.range.clone()).to_string();
            text::only_place(&current.text, range, &old)
        }
    }
}

/// Whether the text has become what the edits would make of it, by another job with the same answer
/// or by hand: each part is the new text, and nothing else came to its borders.
pub fn is_done(server: &Server, job: &Job, rewriting: &Rewriting) -> bool {
    let state = server.state();
    let Some(current) = state.snapshot(&job.snapshot.uri) else {
        return false;
    };
    rewriting.parts.iter().all(|part| {
        let place = job.came_around(&state.documents, &part.subject);
        place.is_some_and(|place| text::slice(&current.text, place) == *part.new)
    })
}

/// Whether something came into each of these parts or to its borders, and the new text now stands
/// there.
pub fn shows(server: &Server, job: &Job, rewriting: &Rewriting, parts: &BTreeSet<usize>) -> bool {
    let Some((current, places)) = current(server, job, rewriting) else {
        return false;
    };
    let all = rewriting.parts.iter().zip(places).enumerate();
    let mut these = all.filter(|(at, _)| parts.contains(at));
    these.all(|(_, (part, shifted))| shows_part(server, job, &current, part, shifted))
}

fn shows_part(
    server: &Server,
    job: &Job,
    current: &Snapshot,
    part: &RewrittenPart,
    shifted: Shifted,
) -> bool {
    let around = match shifted {
        // What an edit puts at the very start or end of the range counts as outside of it.
        Shifted::Outside(range) => {
            let came = job.came_around(&server.state().documents, &part.subject);
            came.unwrap_or(range)
        }
        Shifted::Touched(range) => {
            let slack = part.new.len();
            range.start.saturating_sub(slack)..range.end.saturating_add(slack)
        }
    };
    text::slice(&current.text, around)
        .to_string()
        .contains(&part.new)
}

/// The text that edits lead to.
pub fn edited(current: &Snapshot, edits: &[Edit]) -> Rope {
    let mut text = current.text.clone();
    for edit in edits.iter().rev() {
        replace(&mut text, edit);
    }
    text
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

/// The edits as the protocol has them, of this very version where the client takes versions;
/// an annotation wants them, too. What they say is no person's from here on.
///
/// # Errors
/// When the document's uri is none.
pub fn workspace_edit(
    server: &Server,
    current: &Snapshot,
    edits: &[Edit],
    annotation: Option<&Annotation>,
) -> Result<lsp::WorkspaceEdit, Failed> {
    let brought = Said::brought(&current.text, &edited(current, edits));
    let traits = {
        let mut state = server.state();
        state.documents.disown(&current.uri, &brought);
        state.traits
    };
    let edits = convert::text_edits(&current.text, edits, traits.encoding).into_iter();
    let uri: lsp::Uri = current
        .uri
        .parse()
        .map_err(|_| Failed::Job(JobError::Internal))?;
    if !traits.document_changes {
        return Ok(lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(uri, edits.collect())])),
            ..lsp::WorkspaceEdit::default()
        });
    }
    let edits = edits.map(|text_edit| match annotation {
        None => lsp::OneOf::Left(text_edit),
        Some(_) => lsp::OneOf::Right(lsp::AnnotatedTextEdit {
            text_edit,
            annotation_id: ANNOTATION.to_owned(),
        }),
    });
    Ok(lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Edits(vec![lsp::TextDocumentEdit {
            text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                uri,
                version: Some(current.version),
            },
            edits: edits.collect(),
        }])),
        change_annotations: annotation.map(|annotation| {
            let shown = lsp::ChangeAnnotation {
                label: annotation.label.clone(),
                needs_confirmation: Some(true),
                description: Some(annotation.description.clone()),
            };
            HashMap::from([(ANNOTATION.to_owned(), shown)])
        }),
        ..lsp::WorkspaceEdit::default()
    })
}

/// Whether a `\r` without `\n` stands above `end`: the protocol counts a line there, and most
/// editors do not.
pub fn holds_lone_carriage_return(text: &Rope, end: usize) -> bool {
    let end = end.min(text.len_bytes());
    let Some(above) = text.get_byte_slice(..end) else {
        return true;
    };
    let mut start = 0;
    for chunk in above.chunks() {
        for (at, _) in chunk.match_indices('\r') {
            if text.get_byte(start + at + 1) != Some(b'\n') {
                return true;
            }
        }
        start += chunk.len();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_carriage_return_above_is_found() {
        let check = |text: &str, end: usize, found: bool| {
            assert_eq!(
                holds_lone_carriage_return(&Rope::from_str(text), end),
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
        check(&"0123456789\r\n".repeat(1_000), usize::MAX, false);
        check(&format!("{}\r", "\r\n".repeat(5_000)), usize::MAX, true);
    }
}
