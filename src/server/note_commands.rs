//! What is done with notes by command: listed, forgotten, copied into the code.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ropey::Rope;
use serde_json::{Value, json};

use super::argument::Argument;
use super::glosses::Standing;
use super::job::Job;
use super::links::LONG;
use super::state::{Server, State, place};
use super::{convert, notes, protocol as lsp};
use crate::engine::{self, Commented, JobError, Listed, Located, Rewriting, work};
use crate::store::Note;
use crate::syntax::Language;
use crate::text::{self, Encoding};

/// The notes of a workspace, or of those that the editor has open.
pub async fn list(server: &Server, argument: &Argument) -> lsp::Result<Value> {
    let (store, folders, open, encoding) = {
        let state = server.state();
        let open = state.documents.uris().filter_map(|uri| {
            let snapshot = state.snapshot(uri)?;
            let path = convert::file_path(uri)?;
            Some((path, snapshot.text, snapshot.language))
        });
        (
            state.engine.store().clone(),
            state.folders.clone(),
            open.collect::<Vec<_>>(),
            state.traits.encoding,
        )
    };
    let wanted = argument.workspace.clone();
    let listing = work::for_answer(move || {
        let workspaces = match wanted {
            Some(named) => vec![workspace_of(&named)],
            None => workspaces(&folders, &open),
        };
        let open: Vec<(PathBuf, Rope, Option<Language>)> = open
            .into_iter()
            .map(|(path, text, language)| (path.canonicalize().unwrap_or(path), text, language))
            .collect();
        let text_of = |path: &Path| {
            let found = open.iter().find(|(open, ..)| open == path)?;
            Some((found.1.clone(), found.2))
        };
        let mut all = Vec::new();
        for workspace in workspaces {
            let notes = store.notes(Some(workspace.display().to_string())).wait()?;
            all.extend(engine::listed(notes, &text_of));
        }
        let told = all.iter().map(|listed| told(listed, encoding));
        Ok::<_, crate::store::StoreError>(Value::Array(told.collect()))
    });
    let listed = listing.await.ok_or_else(lsp::Error::internal_error)?;
    listed.map_err(|error| lsp::failed(&error.to_string()))
}

/// A workspace as a path or a uri names it.
fn workspace_of(named: &str) -> PathBuf {
    let path = convert::file_path(named).unwrap_or_else(|| PathBuf::from(named));
    path.canonicalize().unwrap_or(path)
}

/// The editor's folders, and the workspaces of what else is open.
fn workspaces(folders: &[PathBuf], open: &[(PathBuf, Rope, Option<Language>)]) -> Vec<PathBuf> {
    let own = folders
        .iter()
        .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone()));
    let others = open
        .iter()
        .map(|(path, ..)| engine::Place::of(path, folders).workspace);
    let mut all: Vec<_> = own.chain(others).collect();
    all.sort();
    all.dedup();
    all
}

fn told(listed: &Listed, encoding: Encoding) -> Value {
    let uri = url::Url::from_file_path(&listed.path).map_or_else(|()| String::new(), String::from);
    json!({
        "uri": uri,
        "range": convert::range(&listed.text, &listed.range, encoding),
        "summary": listed.note.summary,
        "markdown": listed.note.markdown,
        "stale": listed.stale,
        "time": listed.note.time.to_string(),
    })
}

/// Forgets the notes at a range of a document, or all of it.
///
/// # Errors
/// When the document is not open.
pub async fn clear(server: &Server, argument: &Argument) -> lsp::Result<()> {
    let uri = argument.uri.clone();
    let uri = uri.ok_or_else(|| lsp::Error::invalid_params("`uri` is missing"))?;
    let (snapshot, encoding) = {
        let state = server.state();
        (state.snapshot(&uri), state.traits.encoding)
    };
    let snapshot =
        snapshot.ok_or_else(|| lsp::Error::invalid_params(format!("{uri} is not open here")))?;
    let standing = notes::standing(server, &snapshot, notes::EVERYWHERE).await;
    let about = argument.range.map(|range| {
        let range = convert::bytes(&snapshot.text, range, encoding);
        meant(&snapshot.text, &standing, &range)
    });
    // Nothing that was read before is put back.
    let turn = server.state().glosses.turn(&uri);
    let _turn = match turn {
        Some(turn) => Some(turn.lock_owned().await),
        None => None,
    };
    let (store, folders, about) = {
        let mut state = server.state();
        let State {
            glosses, documents, ..
        } = &mut *state;
        let all = glosses.all(&uri);
        let about = about.map(|meant| with_earlier(meant, &all, &standing));
        glosses.forget(documents, &uri, about.as_deref().unwrap_or(&all));
        (state.engine.store().clone(), state.folders.clone(), about)
    };
    let forgetting = work::for_answer(move || {
        let is_there = store.path().is_some_and(|path| path.exists());
        let place = place(&uri, &folders);
        if is_there && place.path.is_some() {
            let about = about.map(|about| about.iter().map(|note| note.as_ref().clone()).collect());
            store.forget_notes(&place.workspace.display().to_string(), &place.shown, about);
        }
    });
    let _ = forgetting.await;
    notes::refresh(server);
    Ok(())
}

/// The notes that a person means by a range: those of which a part is in it, or that are shown in
/// its lines; else the innermost around it.
fn meant(text: &Rope, standing: &[Standing], range: &Range<usize>) -> Vec<Arc<Note>> {
    // Lines that are selected whole end where the next one begins.
    let last = range.end.saturating_sub(1).max(range.start);
    let lines = text::line_of(text, range.start)..=text::line_of(text, last);
    let is_around = |it: &Standing| {
        it.range.start <= range.start && range.end <= it.range.end && !lines.contains(&it.line)
    };
    let has_part = |it: &Standing| {
        lines.contains(&it.line) || it.range.start < range.end && range.start < it.range.end
    };
    let (around, others): (Vec<_>, Vec<_>) = standing.iter().partition(|it| is_around(it));
    let mut meant: Vec<_> = others.into_iter().filter(|it| has_part(it)).collect();
    if meant.is_empty() {
        meant.extend(around.into_iter().min_by_key(|it| it.range.len()));
    }
    meant.into_iter().map(|it| it.note.clone()).collect()
}

/// With them those about earlier texts of the same, which would be shown in their place.
fn with_earlier(meant: Vec<Arc<Note>>, all: &[Arc<Note>], standing: &[Standing]) -> Vec<Arc<Note>> {
    let stands = |note: &Note| standing.iter().any(|it| it.note.is_of_same_text(note));
    let earlier = all
        .iter()
        .filter(|note| meant.iter().any(|it| it.is_of_same(note)) && !stands(note));
    let earlier: Vec<_> = earlier.cloned().collect();
    meant.into_iter().chain(earlier).collect()
}

/// Whether a note is about a part of the range, or shown on its first line.
fn touches(text: &Rope, standing: &Standing, range: &Range<usize>) -> bool {
    standing.range.start <= range.end && range.start <= standing.range.end
        || standing.line == text::line_of(text, range.start)
}

/// The edit that copies the innermost note at the job's selection into the code.
///
/// # Errors
/// When there is none, it is stale, or the language has no comments.
pub async fn to_comment(server: &Server, job: &Job) -> Result<Rewriting, JobError> {
    let snapshot = job.snapshot.clone();
    let standing = notes::standing(server, &snapshot, notes::EVERYWHERE).await;
    let here = standing
        .into_iter()
        .filter(|it| touches(&snapshot.text, it, &job.selection));
    let here = here
        .min_by_key(|it| (!it.is_fresh, it.range.len()))
        .ok_or(JobError::NoNote)?;
    if !here.is_fresh {
        return Err(JobError::StaleNote);
    }
    let syntax = server.trees.of(&snapshot, LONG).await;
    let (text, language) = (snapshot.text.clone(), snapshot.language);
    let made = work::for_answer(move || {
        let notes = [here.note];
        // What is alike elsewhere is not meant.
        let mut located = engine::locate(&notes, &text, syntax.as_deref()).into_iter();
        let located =
            located.find(|it| it.range.start < here.range.end && here.range.start < it.range.end);
        let located = located.unwrap_or(Located {
            note: 0,
            shown_at: here.range.start,
            range: here.range,
            is_fresh: true,
        });
        let [note] = &notes;
        engine::as_comment(note, &located, &text, language, syntax.as_deref())
    });
    let Commented { rewriting, note } = made.await.ok_or(JobError::Internal)??;
    if let Some(note) = note {
        also_about(server, &snapshot.uri, note);
    }
    Ok(rewriting)
}

/// Keeps a note of the text that an edit leads to, beside that of the text as it is.
fn also_about(server: &Server, uri: &str, note: Note) {
    let mut state = server.state();
    if convert::file_path(uri).is_some() {
        state.engine.store().keep_note(note.clone());
    }
    if let Some(margin) = state.glosses.known(uri) {
        margin.add(Arc::new(note));
    }
}
