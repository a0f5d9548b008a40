//! Reads the notes on a document from the store, and finds them in its text, behind the requests.
//!
//! A note is followed through edits by its range at once; once typing rests, the tree says what
//! became of its symbol. What other editors write is asked for with each request.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::glosses::{Home, Standing};
use super::links::LONG;
use super::renamed;
use super::state::{Server, State, place};
use crate::document::Snapshot;
use crate::engine::{self, work};
use crate::store::{Stamp, Store};

/// How long nothing may be typed before the tree is asked.
const REST: Duration = Duration::from_millis(200);

/// How long a request may wait for the store to say whether another editor wrote something, which
/// takes it a fraction of a millisecond unless the machine is busy.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it may wait for notes that are there to be read, and found in the text.
const LONG_PATIENCE: Duration = Duration::from_millis(500);

/// How long an editor may take to say that it will ask for hints again.
const LONGEST_REFRESH: Duration = Duration::from_secs(10);

/// Up to so many bytes a text is parsed before it is known to have notes, which wait for its tree: some
/// milliseconds for nothing where it has none.
const PARSED_AHEAD: usize = 64 * 1024;

/// Any byte of a document.
pub const EVERYWHERE: Range<usize> = 0..usize::MAX;

/// A document was opened: its notes are read, and then, behind what is asked of it first, those that
/// it had under another name.
pub fn opened(server: &Server, uri: &str) {
    let (server, uri) = (server.clone(), Arc::<str>::from(uri));
    tokio::spawn(async move {
        look(server.clone(), uri.clone(), true, None).await;
        let Some((Home::File { workspace, file }, store, _)) = home(&server, &uri).await else {
            return;
        };
        if renamed::adopt(&server, &uri, &store, (&workspace, &file)).await {
            look(server, uri, true, None).await;
        }
    });
}

/// A document with notes was changed: they are looked for in its new text, once typing rests.
pub fn changed(server: &Server, uri: &str) {
    soon(server, uri, REST);
}

/// A note was written about a text that may have changed since.
pub fn soon(server: &Server, uri: &str, rest: Duration) {
    let mut state = server.state();
    if !state.glosses.has_any(uri) {
        return;
    }
    let margin = state.glosses.margin(uri);
    margin.due = Some(Instant::now() + rest);
    if !std::mem::replace(&mut margin.has_task, true) {
        tokio::spawn(keep_looking(server.clone(), uri.into()));
    }
}

/// Looks until nothing is due any more.
async fn keep_looking(server: Server, uri: Arc<str>) {
    loop {
        let due = {
            let mut state = server.state();
            let Some(margin) = state.glosses.known(&uri) else {
                return;
            };
            let due = margin.due;
            margin.has_task = due.is_some();
            margin.due = due.filter(|due| *due > Instant::now());
            due
        };
        match due {
            None => return,
            Some(due) if due > Instant::now() => tokio::time::sleep_until(due).await,
            Some(_) => look(server.clone(), uri.clone(), true, None).await,
        }
    }
}

/// The notes on a document, shown at bytes `within` these, as a request should see them: as of now,
/// and, once awaited, with what other editors wrote, if the store tells soon.
pub fn standing(
    server: &Server,
    snapshot: &Snapshot,
    within: Range<usize>,
) -> impl Future<Output = Vec<Standing>> + use<> {
    let (before, is_read, is_finding) = {
        let mut state = server.state();
        let State {
            glosses, documents, ..
        } = &mut *state;
        let before = glosses.standing(documents, snapshot, &within);
        let margin = glosses.margin(&snapshot.uri);
        (before, margin.is_read, margin.is_finding)
    };
    let (server, snapshot) = (server.clone(), snapshot.clone());
    async move {
        // What is found is told by a refresh; typing does not wait for a tree.
        if is_read && is_finding {
            return before;
        }
        let may_be_parsed =
            snapshot.language.is_some() && snapshot.text.len_bytes() <= PARSED_AHEAD;
        if !is_read && may_be_parsed {
            server.trees.begin_ahead(&snapshot);
        }
        let (news, told) = oneshot::channel();
        // On a task of its own, so that it goes on when nobody waits any more.
        let looking = tokio::spawn(look(
            server.clone(),
            snapshot.uri.clone(),
            false,
            Some(news),
        ));
        // Dropped unsent where there are none.
        let has_news = matches!(tokio::time::timeout(PATIENCE, told).await, Ok(Ok(())));
        if is_read && !has_news {
            return before;
        }
        let _ = tokio::time::timeout(LONG_PATIENCE, looking).await;
        let state = server.state();
        match state.snapshot(&snapshot.uri) {
            // What was typed meanwhile is none of this request's.
            Some(now) if now.text.is_instance(&snapshot.text) => {
                state.glosses.standing(&state.documents, &snapshot, &within)
            }
            _ => before,
        }
    }
}

/// Reads the notes anew where they changed, and finds them in the text where they or, if that is
/// asked for, the text did. Tells on `news` that there is something to be found.
async fn look(server: Server, uri: Arc<str>, by_text: bool, news: Option<oneshot::Sender<()>>) {
    let turn = {
        let mut state = server.state();
        if state.snapshot(&uri).is_none() {
            return;
        }
        state.glosses.margin(&uri).turn.clone()
    };
    let _turn = turn.clone().lock_owned().await;
    let Some((home, store, known)) = home(&server, &uri).await else {
        return;
    };
    let read = match home {
        Home::None => None,
        // Unless they are still those of the stamp.
        Home::File { workspace, file } => {
            let read = store.notes_of(workspace, file, known).await;
            read.ok().flatten()
        }
    };
    let (snapshot, journal, notes, before) = {
        let mut state = server.state();
        let Some(snapshot) = state.snapshot(&uri) else {
            return;
        };
        let State {
            glosses, documents, ..
        } = &mut *state;
        let margin = glosses.margin(&uri);
        let mut has_news = false;
        if let Some((notes, stamp)) = read {
            margin.stamp = stamp;
            let same = notes.len() == margin.notes.len()
                && notes
                    .iter()
                    .all(|note| margin.notes.iter().any(|known| **known == *note));
            if !same {
                has_news = true;
                margin.notes = notes.into_iter().map(Arc::new).collect();
            }
        }
        let is_moved = by_text && !margin.is_found_in(&snapshot.text);
        if !(has_news || is_moved && !margin.is_empty()) {
            margin.is_read = true;
            return;
        }
        let Some(journal) = documents.journal(&uri) else {
            return;
        };
        margin.is_finding = true;
        let notes = margin.notes.clone();
        // Still where they were found before.
        let before = glosses.standing(documents, &snapshot, &EVERYWHERE);
        (snapshot, journal, notes, before)
    };
    if let Some(news) = news {
        let _ = news.send(());
    }
    let syntax = server.trees.of(&snapshot, LONG).await;
    // One that was typed over has no tree, nor has one whose turn did not come; one that cannot be
    // parsed is searched without.
    let is_passed = syntax.is_none() && !server.trees.is_beyond(&snapshot);
    let located = {
        let (notes, text) = (notes.clone(), snapshot.text.clone());
        let stood = before.iter().map(|it| (it.note.clone(), it.range.clone()));
        let stood: Vec<_> = stood.collect();
        // A thread for each document would leave no time to those that answer.
        let _one_at_a_time = server.finding.acquire().await;
        let finding = tokio::task::spawn_blocking(move || {
            engine::locate_again(&notes, &stood, &text, syntax.as_deref())
        });
        finding.await.unwrap_or_default()
    };
    let has_changed = {
        let mut state = server.state();
        let State {
            glosses, documents, ..
        } = &mut *state;
        if !is_passed {
            glosses.place(documents, &snapshot, journal, &notes, &located);
        }
        documents.release(&uri, journal);
        // One that was opened anew meanwhile has a look of its own.
        let margin = glosses.known(&uri);
        if let Some(margin) = margin.filter(|margin| Arc::ptr_eq(&margin.turn, &turn)) {
            margin.is_finding = false;
            margin.is_read = true;
        }
        let after = documents
            .snapshot(&uri)
            .map(|now| glosses.standing(documents, &now, &EVERYWHERE));
        after.is_some_and(|after| hinted(&after) != hinted(&before))
    };
    if is_passed {
        // Where nobody types, the tree is there by then.
        soon(&server, &uri, REST);
    }
    if has_changed {
        refresh(&server);
    }
}

/// What hints are made of.
fn hinted(standing: &[Standing]) -> Vec<(usize, &str)> {
    let fresh = standing.iter().filter(|standing| standing.is_fresh);
    fresh
        .map(|standing| (standing.line, standing.note.markdown.as_str()))
        .collect()
}

/// Where a document's notes are kept, the store, and the stamp of what was read of it.
async fn home(server: &Server, uri: &Arc<str>) -> Option<(Home, Store, Option<Stamp>)> {
    let (known, folders) = {
        let mut state = server.state();
        let store = state.engine.store().clone();
        let folders = state.folders.clone();
        let margin = state.glosses.known(uri)?;
        (
            margin.home.clone().map(|home| (home, store, margin.stamp)),
            folders,
        )
    };
    if known.is_some() {
        return known;
    }
    let finding = {
        let (server, uri) = (server.clone(), uri.clone());
        work::for_answer(move || {
            let store = server.state().engine.store().clone();
            // Where nothing was ever kept there is nothing to read, and no file is made.
            if !store.path().is_some_and(|path| path.exists()) {
                return (None, store);
            }
            let place = place(&uri, &folders);
            let home = match place.path {
                Some(_) => Home::File {
                    workspace: place.workspace.display().to_string(),
                    file: place.shown,
                },
                None => Home::None,
            };
            (Some(home), store)
        })
    };
    let (home, store) = finding.await?;
    let Some(home) = home else {
        return Some((Home::None, store, None));
    };
    server.state().glosses.known(uri)?.home = Some(home.clone());
    Some((home, store, None))
}

/// Asks the editor to ask for hints again, where it can be asked and shows any.
pub fn refresh(server: &Server) {
    if !server.state().traits.refreshes_hints || !server.refreshes.begin() {
        return;
    }
    let server = server.clone();
    tokio::spawn(async move {
        loop {
            let refreshed = server.client.inlay_hint_refresh();
            if let Ok(Err(error)) = tokio::time::timeout(LONGEST_REFRESH, refreshed).await {
                tracing::info!("the editor refreshes no hints: {}", error.message);
            }
            if !server.refreshes.is_wanted_again() {
                return;
            }
        }
    });
}

/// Lets one refresh at a time be under way: of many wishes meanwhile one comes after it.
#[derive(Default)]
pub struct Refreshes(Mutex<UnderWay>);

#[derive(Default)]
struct UnderWay {
    is_sent: bool,
    is_wanted: bool,
}

impl Refreshes {
    /// Whether to send one now.
    fn begin(&self) -> bool {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.is_wanted = under_way.is_sent;
        !std::mem::replace(&mut under_way.is_sent, true)
    }

    /// Whether to send another, now that the one before was answered.
    fn is_wanted_again(&self) -> bool {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.is_sent = std::mem::take(&mut under_way.is_wanted);
        under_way.is_sent
    }
}
