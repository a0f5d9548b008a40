//! The ledger of requests, the descriptions of images and the notes on code, kept in one SQLite
//! file.
//!
//! A [`Store`] is a handle that costs nothing until it is used. The first use
//! starts one thread, which alone touches the disk: recording never waits for
//! it, and what cannot be written now waits in bounded memory and is tried
//! again. No text of the user's code comes here.

mod budget;
mod database;
mod error;
mod notes;
mod overview;
pub mod private;
mod report;
mod row;
mod tables;
mod worker;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sha2::{Digest, Sha256};

use crate::llm::ListedModel;

pub use budget::{Amount, Claim, Limit, Reservation, Standing, Verdict};
pub use error::StoreError;
pub use notes::{Anchor, Hash, Note, Part, Stamp};
pub use overview::{Latency, Overview};
pub use report::{By, Key, Line, Query, Report, Totals};
pub use row::{Row, Status};

use database::Database;
use tables::{Waiting, Write};
use worker::{Budget, READ_PATIENCE, Shared};

/// Where Gloss keeps its data: `GLOSS_DATA_DIR`, else `gloss` in the user's data folder.
///
/// `None` where neither is known.
pub fn data_folder() -> Option<PathBuf> {
    match std::env::var_os("GLOSS_DATA_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => std::path::absolute(folder).ok(),
        None => Some(dirs::data_dir()?.join("gloss")),
    }
}

/// A handle to the store in one folder; clones are cheap and share everything.
///
/// When the last one goes, what still waits is tried once more in the
/// background; [`Store::flush`] before the end of the process makes sure of it.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

struct Handle {
    folder: Option<PathBuf>,
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("folder", &self.handle.folder)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// The store in `folder`, such as [`data_folder`] gives. Touches nothing yet.
    ///
    /// Without a folder all questions fail with [`StoreError::NoFolder`].
    pub fn new(folder: impl Into<Option<PathBuf>>) -> Store {
        let handle = Handle {
            folder: folder.into(),
            shared: Arc::new(Shared::default()),
        };
        Store {
            handle: Arc::new(handle),
        }
    }

    /// The database file, there already or not.
    pub fn path(&self) -> Option<PathBuf> {
        Some(self.folder()?.join(database::FILE))
    }

    /// The folder that it is in, there already or not.
    pub fn folder(&self) -> Option<&Path> {
        self.handle.folder.as_deref()
    }

    /// Notes one request. Never waits for the disk.
    pub fn record(&self, row: Row) {
        self.write(Write::Row(Box::new(row)));
    }

    fn write(&self, write: Write) {
        self.handle.shared.write(self.folder(), write);
    }

    /// Lays a claim on what the limits leave, before anything is sent.
    ///
    /// Fails where the ledger cannot be read, or would lose the request's row.
    pub fn reserve(&self, claim: Claim, limits: Vec<Limit>) -> Reply<Verdict> {
        let store = self.clone();
        self.ask(move |database, waiting| {
            if store.handle.shared.is_full() {
                return Err(StoreError::Busy);
            }
            let reserved = database.run(READ_PATIENCE, |connection| {
                budget::reserve(&store, connection, waiting, &claim, &limits)
            });
            reserved.inspect_err(|_| store.budget_is(Budget::Stops))
        })
    }

    fn budget_is(&self, budget: Budget) {
        self.handle.shared.budget_is(budget);
    }

    /// Whether the ledger can be written just now. Writes nothing.
    pub fn probe(&self) -> Reply<()> {
        self.ask(|database, _| database.run(READ_PATIENCE, tables::write_nothing))
    }

    /// Tells the user something that [`Store::take_notices`] then hands out.
    pub fn notice(&self, words: String) {
        self.handle.shared.notice(words);
    }

    /// Keeps what an endpoint offers, in the place of what was kept. Never waits for the disk.
    pub fn keep_models(&self, endpoint: &str, list: ModelList) {
        self.write(Write::ModelList(Box::new((endpoint.to_owned(), list))));
    }

    /// What is kept of an endpoint's offer.
    pub fn models(&self, endpoint: String) -> Reply<Option<ModelList>> {
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                tables::model_list(connection, waiting, &endpoint)
            })
        })
    }

    /// Keeps a description; it replaces one of the same key. Never waits for the disk.
    pub fn keep_description(&self, key: DescriptionKey, markdown: String) {
        let description = Description {
            markdown,
            time: Timestamp::now(),
        };
        self.write(Write::Description(Box::new((key, description))));
    }

    /// The description kept under the key, by this process or any other.
    pub fn description(&self, key: DescriptionKey) -> Reply<Option<Description>> {
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                tables::description(connection, waiting, &key)
            })
        })
    }

    /// Keeps a note; it replaces one about the same text. Never waits for the disk.
    pub fn keep_note(&self, note: Note) {
        self.write(Write::Note(Box::new(note)));
    }

    /// Forgets these notes of a file, or all without.
    /// Never waits for the disk.
    pub fn forget_notes(&self, workspace: &str, file: &str, about: Option<Vec<Note>>) {
        self.write(Write::ForgetNotes(Box::new(notes::Forgotten {
            workspace: workspace.to_owned(),
            file: file.to_owned(),
            about,
        })));
    }

    /// The notes of a file, by this process or any other, the oldest first, and their stamp;
    /// `None` where nothing changed since the stamp that is `known`.
    pub fn notes_of(
        &self,
        workspace: String,
        file: String,
        known: Option<Stamp>,
    ) -> Reply<Option<(Vec<Note>, Option<Stamp>)>> {
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                notes::of_file(connection, waiting, (&workspace, &file), known)
            })
        })
    }

    /// All notes, or those of one workspace, by file, the oldest first.
    pub fn notes(&self, workspace: Option<String>) -> Reply<Vec<Note>> {
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                notes::all(connection, waiting, workspace.as_deref())
            })
        })
    }

    /// The files of a workspace that have notes on the disk.
    pub fn files_with_notes(&self, workspace: String) -> Reply<Vec<String>> {
        self.ask(move |database, _| {
            database.run(READ_PATIENCE, |connection| {
                notes::files(connection, &workspace)
            })
        })
    }

    /// Keeps these notes as those of another file of their workspace from now on, but where it has one
    /// of the same text. How many there were.
    pub fn move_notes(&self, notes: Vec<Note>, to: String) -> Reply<u64> {
        self.ask(move |database, _| {
            database.run(READ_PATIENCE, |connection| {
                notes::move_to(connection, &notes, &to)
            })
        })
    }

    /// Deletes all notes of a workspace. How many there were.
    pub fn forget_workspace(&self, workspace: String) -> Reply<u64> {
        self.ask(move |database, _| {
            database.run(READ_PATIENCE, |connection| {
                notes::forget_workspace(connection, &workspace)
            })
        })
    }

    /// What [`Store::usage`] gives, without holding up the caller.
    pub fn report(&self, query: Query) -> Reply<Report> {
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                tables::report(connection, waiting, &query, TimeZone::system())
            })
        })
    }

    /// The report that the query asks for; all rows recorded before are in it.
    ///
    /// Waits for the disk: not for async code.
    pub fn usage(&self, query: &Query) -> Result<Report, StoreError> {
        self.report(query.clone()).wait()
    }

    /// What the page shows beside the report of the same query.
    ///
    /// Waits for the disk: not for async code.
    pub fn overview(&self, query: &Query) -> Result<Overview, StoreError> {
        let query = query.clone();
        self.ask(move |database, waiting| {
            database.run(READ_PATIENCE, |connection| {
                tables::overview(connection, waiting, &query, &TimeZone::system())
            })
        })
        .wait()
    }

    /// How many rows on the disk are from before that time.
    ///
    /// Waits for the disk: not for async code.
    pub fn count_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.ask(move |database, _| {
            database.run(READ_PATIENCE, |connection| {
                tables::count_before(connection, before)
            })
        })
        .wait()
    }

    /// Deletes the rows from before that time for good; nothing else ever deletes one. How many
    /// there were.
    ///
    /// Waits for the disk: not for async code.
    pub fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.ask(move |database, _| {
            database.run(READ_PATIENCE, |connection| {
                tables::delete_before(connection, before)
            })
        })
        .wait()
    }

    /// The sums since local midnight, over all workspaces.
    pub fn today(&self) -> Reply<Totals> {
        self.ask(move |database, waiting| {
            // The first question for the time of day goes through the system's time zones.
            let now = Zoned::now();
            let midnight = now
                .start_of_day()
                .map_or(now.timestamp(), |day| day.timestamp());
            let query = Query {
                since: Some(midnight),
                ..Query::default()
            };
            let report = database.run(READ_PATIENCE, |connection| {
                tables::report(connection, waiting, &query, TimeZone::system())
            })?;
            Ok(report.total)
        })
    }

    /// Whether all that was recorded so far is on the disk, after at most `timeout`.
    ///
    /// `false` comes early where the reason is not one that passes by itself. Waits for the disk:
    /// not for async code.
    pub fn flush(&self, timeout: Duration) -> bool {
        let flushed = self.flushed().wait_at_most(timeout);
        matches!(flushed, Some(Ok(true)))
    }

    /// The same for async code, which says itself how long it waits.
    pub fn flushed(&self) -> Reply<bool> {
        Reply(State::Asked(self.handle.shared.flush(true)))
    }

    /// As [`Store::flushed`], but `false` comes early, too, where another program locks the ledger
    /// for longer than one attempt to write waits.
    pub fn flushed_unless_locked(&self) -> Reply<bool> {
        Reply(State::Asked(self.handle.shared.flush(false)))
    }

    /// Closes the file, whose log goes into it where nobody else has it open; the next use opens it
    /// again. Fails where there was no use yet.
    pub fn closed(&self) -> Reply<()> {
        if !self.handle.shared.is_running() {
            return Reply(State::Failed(StoreError::Gone));
        }
        self.ask(|database, _| {
            database.close();
            Ok(())
        })
    }

    /// The same, within at most `timeout`. Waits for the disk: not for async code.
    pub fn close(&self, timeout: Duration) {
        let _ = self.closed().wait_at_most(timeout);
    }

    /// How many requests are not on the disk, or were given up.
    pub fn unwritten_rows(&self) -> u64 {
        self.handle.shared.unwritten_rows()
    }

    /// What the user should know, in words, each once: the ledger cannot be
    /// written, rows were lost, a damaged file was put aside.
    pub fn take_notices(&self) -> Vec<String> {
        self.handle.shared.take_notices()
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Database, &Waiting) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (sender, receiver) = oneshot::channel();
        let question = Box::new(move |database: &mut Database, waiting: &Waiting| {
            // Whoever asked may have gone meanwhile; then there is nothing to find out.
            if !sender.is_canceled() {
                let _ = sender.send(question(database, waiting));
            }
        });
        match self.handle.shared.ask(self.folder(), question) {
            Ok(()) => Reply(State::Asked(receiver)),
            Err(error) => Reply(State::Failed(error)),
        }
    }
}

/// An answer on its way: await it, or [`Reply::wait`] where nothing is async.
#[must_use = "dropping a reply takes the question back"]
pub struct Reply<T>(State<T>);

enum State<T> {
    Asked(oneshot::Receiver<Result<T, StoreError>>),
    Failed(StoreError),
}

impl<T> Future for Reply<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Asked(receiver) => Pin::new(receiver)
                .poll(context)
                .map(|answer| answer.unwrap_or(Err(StoreError::Gone))),
            State::Failed(error) => Poll::Ready(Err(error.clone())),
        }
    }
}

impl<T> Reply<T> {
    /// Holds up this thread until the answer is there.
    pub fn wait(self) -> Result<T, StoreError> {
        let answer = self.wait_at_most(Duration::MAX);
        answer.unwrap_or(Err(StoreError::Gone))
    }

    /// The same, for at most `timeout`.
    fn wait_at_most(mut self, timeout: Duration) -> Option<Result<T, StoreError>> {
        let end = Instant::now().checked_add(timeout);
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(answer) = Pin::new(&mut self).poll(&mut context) {
                return Some(answer);
            }
            let Some(end) = end else {
                std::thread::park();
                continue;
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::park_timeout(left);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What a description depends on; the same image is paid for once, wherever it is linked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescriptionKey {
    /// SHA-256 of the image's bytes.
    pub content: [u8; 32],
    /// The language of the answer.
    pub language: String,
    /// Rises when the prompt changes, so that old answers are not mistaken for new ones.
    pub prompt_version: u32,
    pub model: String,
}

impl DescriptionKey {
    /// The key for an image with these bytes.
    pub fn new(image: &[u8], language: &str, prompt_version: u32, model: &str) -> DescriptionKey {
        DescriptionKey {
            content: Sha256::digest(image).into(),
            language: language.into(),
            prompt_version,
            model: model.into(),
        }
    }
}

/// What an endpoint offers, as it said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// When it was last asked, whether or not it answered.
    pub tried: Timestamp,
    pub models: Vec<ListedModel>,
}

/// What a model said of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub markdown: String,
    pub time: Timestamp,
}

#[cfg(test)]
mod tests;
