//! Finds the notes of a file that was renamed by something else than Gloss: its old path is gone,
//! and what it held stands in a document that has no notes.

use std::path::Path;
use std::sync::Arc;

use super::links::LONG;
use super::state::Server;
use crate::engine;
use crate::store::Store;

/// Most files that are looked for.
const MOST: usize = 1_000;

/// Gives the document at `uri`, which is this file and has no notes, those of a file that is gone, if
/// one of them was written about what stands in it. Whether there were any.
pub async fn adopt(server: &Server, uri: &Arc<str>, store: &Store, home: (&str, &str)) -> bool {
    let (workspace, file) = home;
    let gone = gone(server, store, workspace, file).await;
    if gone.is_empty() {
        return false;
    }
    let Some(snapshot) = server.state().snapshot(uri) else {
        return false;
    };
    let syntax = server.trees.of(&snapshot, LONG).await;
    let mut best: Option<(usize, String)> = None;
    for from in gone {
        let read = store.notes_of(workspace.to_owned(), from.clone(), None);
        let Ok(Some((notes, _))) = read.await else {
            continue;
        };
        let (text, syntax) = (snapshot.text.clone(), syntax.clone());
        let located = tokio::task::spawn_blocking(move || {
            let notes: Vec<_> = notes.into_iter().map(Arc::new).collect();
            engine::locate_again(&notes, &[], &text, syntax.as_deref())
        });
        let located = located.await.unwrap_or_default();
        let fresh = located.iter().filter(|at| at.is_fresh).count();
        if fresh > best.as_ref().map_or(0, |(most, _)| *most) {
            best = Some((fresh, from));
        }
    }
    let Some((_, from)) = best else {
        return false;
    };
    let renamed = store.rename_notes(workspace.to_owned(), from, file.to_owned());
    renamed.await.is_ok_and(|count| count > 0)
}

/// The files with notes that are there no more, of the same kind as this one. What an editor still
/// shows is not gone.
async fn gone(server: &Server, store: &Store, workspace: &str, file: &str) -> Vec<String> {
    let Ok(noted) = store.files_with_notes(workspace.to_owned()).await else {
        return Vec::new();
    };
    let kind = |file: &str| Path::new(file).extension().map(ToOwned::to_owned);
    let own = kind(file);
    let is_shown = |noted: &String| server.state().glosses.is_home(workspace, noted);
    let of_kind: Vec<String> = noted
        .into_iter()
        .filter(|noted| noted != file && kind(noted) == own && !is_shown(noted))
        .take(MOST)
        .collect();
    if of_kind.is_empty() {
        return of_kind;
    }
    let folder = Path::new(workspace).to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let is_gone = |noted: &String| matches!(folder.join(noted).try_exists(), Ok(false));
        of_kind.into_iter().filter(is_gone).collect()
    });
    looking.await.unwrap_or_default()
}
