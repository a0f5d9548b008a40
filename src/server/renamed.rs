//! Finds the notes of a file that was renamed by something else than Gloss: its old path is gone,
//! and what it held stands in a document that was opened.

use std::path::Path;
use std::sync::Arc;

use super::links::LONG;
use super::state::Server;
use crate::engine::{self, Located};
use crate::store::{Note, Store};

/// Most files of which is asked whether they are gone.
const MOST: usize = 1_000;

/// Most files that are gone whose notes are looked for.
const MOST_GONE: usize = 50;

/// Most notes that are looked for.
const MOST_NOTES: usize = 2_000;

/// A shorter text, in bytes, may stand in any file: an empty `main`, a `new` that takes no thought.
const SHORT: usize = 64;

/// Gives the document at `uri`, which is this file, the notes on what stands in it that were those
/// of files that are gone; their other notes stay where they are. Whether there were any.
pub async fn adopt(server: &Server, uri: &Arc<str>, store: &Store, home: (&str, &str)) -> bool {
    let (workspace, file) = home;
    let notes = left_behind(server, store, workspace, file).await;
    if notes.is_empty() {
        return false;
    }
    let Some(snapshot) = server.state().snapshot(uri) else {
        return false;
    };
    let syntax = server.trees.of(&snapshot, LONG).await;
    let finding = {
        let _one_at_a_time = server.finding.acquire().await;
        tokio::task::spawn_blocking(move || {
            let located = engine::locate_again(&notes, &[], &snapshot.text, syntax.as_deref());
            fitting(&notes, &located)
        })
        .await
    };
    let found = finding.unwrap_or_default();
    if found.is_empty() {
        return false;
    }
    let moved = store.move_notes(found, file.to_owned());
    moved.await.is_ok_and(|count| count > 0)
}

/// The notes that were written about what stands here. One on a short text counts beside one of the
/// same file on a longer one only.
fn fitting(notes: &[Arc<Note>], located: &[Located]) -> Vec<Note> {
    let fresh = located.iter().filter(|at| at.is_fresh);
    let fresh = fresh.filter_map(|at| Some((notes.get(at.note)?, at.range.len() < SHORT)));
    let fresh: Vec<(&Arc<Note>, bool)> = fresh.collect();
    let is_told_by = |file: &str| {
        let mut others = fresh.iter();
        others.any(|(note, is_short)| !is_short && note.file == file)
    };
    let fitting = fresh.iter().filter(|(note, _)| is_told_by(&note.file));
    fitting.map(|(note, _)| note.as_ref().clone()).collect()
}

/// The notes of files that are gone, the oldest first.
async fn left_behind(
    server: &Server,
    store: &Store,
    workspace: &str,
    file: &str,
) -> Vec<Arc<Note>> {
    let mut left = Vec::new();
    for from in gone(server, store, workspace, file).await {
        let read = store.notes_of(workspace.to_owned(), from, None).await;
        if let Ok(Some((notes, _))) = read {
            left.extend(notes.into_iter().map(Arc::new));
        }
        if left.len() >= MOST_NOTES {
            break;
        }
    }
    left.sort_by_key(|note| note.time);
    left
}

/// The files with notes that are there no more, of the same kind as this one, those of its name
/// first. What an editor still shows is not gone.
async fn gone(server: &Server, store: &Store, workspace: &str, file: &str) -> Vec<String> {
    let Ok(noted) = store.files_with_notes(workspace.to_owned()).await else {
        return Vec::new();
    };
    let kind = |file: &str| Path::new(file).extension().map(ToOwned::to_owned);
    let name = |file: &str| Path::new(file).file_name().map(ToOwned::to_owned);
    let (own, own_name) = (kind(file), name(file));
    let is_shown = |noted: &String| server.state().glosses.is_home(workspace, noted);
    let mut of_kind: Vec<String> = noted
        .into_iter()
        .filter(|noted| noted != file && kind(noted) == own && !is_shown(noted))
        .take(MOST)
        .collect();
    if of_kind.is_empty() {
        return of_kind;
    }
    of_kind.sort_by_key(|noted| name(noted) != own_name);
    let folder = Path::new(workspace).to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let is_gone = |noted: &String| matches!(folder.join(noted).try_exists(), Ok(false));
        let gone = of_kind.into_iter().filter(is_gone);
        gone.take(MOST_GONE).collect()
    });
    looking.await.unwrap_or_default()
}
