//! The one thread that touches the disk, and what waits for it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::channel::oneshot;

use super::database::{Database, MOMENT};
use super::error::StoreError;
use super::tables::{self, Waiting, Write};

/// How many rows may wait for the disk; what comes on top is lost, and counted.
pub(super) const MAX_WAITING_ROWS: usize = 10_000;
/// Descriptions are kilobytes, not bytes, and can be had again. So are notes and lists of models.
/// All functions of a large file are noted at once, and each a second time with its price.
const MAX_WAITING_DESCRIPTIONS: usize = 2_000;
/// A reservation is one, and its release another.
const MAX_WAITING_NOTES: usize = 2 * MAX_WAITING_ROWS;
const MAX_WAITING_QUESTIONS: usize = 1_000;

/// How long a question may wait for locks that others hold.
pub(super) const READ_PATIENCE: Duration = Duration::from_secs(5);
/// Short, so that a question is not held up behind a row; the row is tried again.
const WRITE_PATIENCE: Duration = MOMENT;
/// A lock is worth a word once it has lasted this long.
const LOCK_WORTH_A_WORD: Duration = Duration::from_secs(5);
/// An attempt waits for the lock by itself, but now and then SQLite gives up at once.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After this the connection is closed, so that an idle Gloss is in nobody's way.
const IDLE: Duration = Duration::from_secs(60);

/// What is asked of the database by the thread that owns it.
pub(super) type Question = Box<dyn FnOnce(&mut Database, &Waiting) + Send>;

/// What a budget comes to while the ledger is in trouble, by the latest claim that was laid on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Budget {
    /// None is set, or all processes hold it together.
    #[default]
    Shared,
    /// Claims are in memory, and other processes see nothing of them.
    Alone,
    /// Nothing can be counted, so nothing is sent.
    Stops,
}

/// What the handles and the thread share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something for the thread.
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    /// The last handle is gone.
    closed: bool,
    /// Do not wait for the pause to end.
    hurry: bool,
    writes: Waiting,
    questions: VecDeque<Question>,
    waiting_rows: usize,
    waiting_descriptions: usize,
    waiting_notes: usize,
    /// Writes taken in, and those that reached the disk.
    accepted: u64,
    written: u64,
    /// How often writing failed for a reason that does not pass by itself.
    failures: u64,
    /// How often it failed for another's lock.
    locks: u64,
    budget: Budget,
    lost: u64,
    said_lost: bool,
    notices: Vec<String>,
    flushes: Vec<Flush>,
}

/// Someone who waits until what was taken in so far is on the disk.
struct Flush {
    accepted: u64,
    failures: u64,
    /// `None` where locks that others hold are waited through.
    locks: Option<u64>,
    told: oneshot::Sender<Result<bool, StoreError>>,
}

impl Shared {
    /// A panic while the lock was held leaves nothing half done that matters here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes something to be written; never waits for the disk.
    pub(super) fn write(self: &Arc<Self>, folder: Option<&Path>, write: Write) {
        let mut state = self.lock();
        if state.has_room(&write) {
            state.count_waiting(&write, usize::saturating_add);
            state.accepted += 1;
            state.writes.push_back(write);
        } else if matches!(write, Write::Row(_)) {
            state.lose_row();
        }
        // Where no thread can be had now, the next use tries again.
        let _ = self.start(&mut state, folder);
        self.arrived.notify_one();
    }

    /// Hands the question to the thread; gives it back with the reason where that is impossible.
    pub(super) fn ask(
        self: &Arc<Self>,
        folder: Option<&Path>,
        question: Question,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.questions.len() >= MAX_WAITING_QUESTIONS {
            return Err(StoreError::Busy);
        }
        self.start(&mut state, folder)?;
        state.questions.push_back(question);
        self.arrived.notify_one();
        Ok(())
    }

    fn start(self: &Arc<Self>, state: &mut State, folder: Option<&Path>) -> Result<(), StoreError> {
        if state.running {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let listener = Arc::clone(self);
        let database = Database::new(folder, move |aside| listener.say_put_aside(aside));
        std::thread::Builder::new()
            .name("gloss-store".into())
            .spawn(move || Worker::new(shared, database).run())
            .map_err(|_| StoreError::Gone)?;
        state.running = true;
        Ok(())
    }

    /// Whether all that was taken in so far reached the disk: known once it did, or once it will
    /// not soon, for which another's lock is a reason unless it is waited for, `through_locks`.
    pub(super) fn flush(&self, through_locks: bool) -> oneshot::Receiver<Result<bool, StoreError>> {
        let (told, flushed) = oneshot::channel();
        let mut state = self.lock();
        state.hurry = true;
        let flush = Flush {
            accepted: state.accepted,
            failures: state.failures,
            locks: (!through_locks).then_some(state.locks),
            told,
        };
        state.flushes.push(flush);
        state.settle();
        self.arrived.notify_one();
        flushed
    }

    /// Whether rows that come now would be lost.
    pub(super) fn is_full(&self) -> bool {
        self.lock().waiting_rows >= MAX_WAITING_ROWS
    }

    /// Whether anything was asked or written yet.
    pub(super) fn is_running(&self) -> bool {
        self.lock().running
    }

    pub(super) fn budget_is(&self, budget: Budget) {
        self.lock().budget = budget;
    }

    /// The rows that wait, and those that were lost since it could be written last.
    pub(super) fn unwritten_rows(&self) -> u64 {
        let state = self.lock();
        state.lost.saturating_add(state.waiting_rows as u64)
    }

    /// Says something to the user, as if the store had found it.
    pub(super) fn notice(&self, words: String) {
        say(&mut self.lock(), words);
    }

    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().notices)
    }

    fn say_put_aside(&self, aside: &Path) {
        let words = format!(
            "The ledger was damaged; it was put aside as {} and a new one begun: \
             what was spent before is in no report any more, and no budget counts it",
            aside.display()
        );
        say(&mut self.lock(), words);
    }

    /// The last handle is gone: what waits is tried once more, then the thread ends.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }
}

impl State {
    /// How many of its kind wait, and how many may.
    fn waiting(&mut self, write: &Write) -> (&mut usize, usize) {
        match write {
            Write::Row(_) => (&mut self.waiting_rows, MAX_WAITING_ROWS),
            Write::Description(_)
            | Write::ModelList(_)
            | Write::Note(_)
            | Write::ForgetNotes(_) => (&mut self.waiting_descriptions, MAX_WAITING_DESCRIPTIONS),
            Write::Reserve(_) | Write::Release(_) | Write::Warned(_) => {
                (&mut self.waiting_notes, MAX_WAITING_NOTES)
            }
        }
    }

    fn has_room(&mut self, write: &Write) -> bool {
        let (count, most) = self.waiting(write);
        *count < most
    }

    fn count_waiting(&mut self, write: &Write, change: fn(usize, usize) -> usize) {
        let (count, _) = self.waiting(write);
        *count = change(*count, 1);
    }

    /// Tells those who wait for the disk what is known by now.
    fn settle(&mut self) {
        for flush in std::mem::take(&mut self.flushes) {
            let is_written = self.written >= flush.accepted;
            let is_held_up = flush.locks.is_some_and(|locks| self.locks > locks);
            if is_written || is_held_up || self.failures > flush.failures || !self.running {
                let _ = flush.told.send(Ok(is_written));
            } else if !flush.told.is_canceled() {
                self.flushes.push(flush);
            }
        }
    }

    fn lose_row(&mut self) {
        self.lost += 1;
        if !std::mem::replace(&mut self.said_lost, true) {
            let words = format!(
                "{MAX_WAITING_ROWS} requests wait for the ledger; \
                 those that come now will be missing from it"
            );
            say(self, words);
        }
    }
}

fn say(state: &mut State, words: String) {
    tracing::warn!("{words}");
    state.notices.push(words);
}

struct Worker {
    shared: Arc<Shared>,
    database: Database,
    backlog: Waiting,
    /// Until when writing is not tried again.
    pause: Option<Instant>,
    next_pause: Duration,
    locked_since: Option<Instant>,
    /// The kinds of trouble that were said already, and what a budget came to.
    said: Vec<(std::mem::Discriminant<StoreError>, Budget)>,
}

/// What there is to do.
struct Work {
    questions: VecDeque<Question>,
    idle: bool,
    closed: bool,
}

impl Worker {
    fn new(shared: Arc<Shared>, database: Database) -> Worker {
        Worker {
            shared,
            database,
            backlog: Waiting::new(),
            pause: None,
            next_pause: FIRST_PAUSE,
            locked_since: None,
            said: Vec::new(),
        }
    }

    fn run(mut self) {
        loop {
            let work = self.next_work();
            for question in work.questions {
                // What the question before it wrote, it sees.
                self.take_writes();
                question(&mut self.database, &self.backlog);
            }
            if work.idle {
                self.database.close();
            }
            if self.backlog.is_empty() {
                if work.closed {
                    return;
                }
            } else if self.may_write() && !self.write_one() && work.closed {
                return;
            }
        }
    }

    fn take_writes(&mut self) {
        let mut state = self.shared.lock();
        self.backlog.append(&mut state.writes);
    }

    /// Waits until there is something to do. Whatever waits is in the backlog
    /// before the questions are answered, so that they see it.
    fn next_work(&mut self) -> Work {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            self.backlog.append(&mut state.writes);
            let questions = std::mem::take(&mut state.questions);
            if std::mem::take(&mut state.hurry) || state.closed {
                self.pause = None;
            }
            let closed = state.closed;
            let can_write = !self.backlog.is_empty() && self.may_write();
            if !questions.is_empty() || closed || can_write {
                return Work {
                    questions,
                    idle: false,
                    closed,
                };
            }
            let (next, waited) = self.wait(state);
            state = next;
            if waited
                && self.backlog.is_empty()
                && state.writes.is_empty()
                && self.database.is_open()
            {
                return Work {
                    questions: VecDeque::new(),
                    idle: true,
                    closed: false,
                };
            }
        }
    }

    /// The guard again, and whether the whole time went by in silence.
    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> (MutexGuard<'a, State>, bool) {
        let limit = match self.pause {
            Some(end) if !self.backlog.is_empty() => {
                Some(end.saturating_duration_since(Instant::now()))
            }
            _ => self.database.is_open().then_some(IDLE),
        };
        let arrived = &self.shared.arrived;
        match limit {
            Some(limit) => {
                let (state, result) = arrived
                    .wait_timeout(state, limit)
                    .unwrap_or_else(PoisonError::into_inner);
                (state, result.timed_out())
            }
            None => (
                arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                false,
            ),
        }
    }

    fn may_write(&self) -> bool {
        self.pause.is_none_or(|end| Instant::now() >= end)
    }

    /// Writes what has waited longest; one at a time, so that questions need not wait for all.
    fn write_one(&mut self) -> bool {
        let Some(write) = self.backlog.front() else {
            return true;
        };
        match self.database.run(WRITE_PATIENCE, |connection| {
            tables::write(connection, write)
        }) {
            Ok(()) => {
                self.written();
                true
            }
            Err(error) => {
                self.failed(&error);
                false
            }
        }
    }

    fn written(&mut self) {
        self.pause = None;
        self.next_pause = FIRST_PAUSE;
        self.locked_since = None;
        let Some(write) = self.backlog.pop_front() else {
            return;
        };
        let mut state = self.shared.lock();
        state.count_waiting(&write, usize::saturating_sub);
        state.written += 1;
        if self.backlog.is_empty() && state.lost > 0 {
            let words = format!(
                "the ledger can be written again; {} requests are missing from it",
                state.lost
            );
            (state.lost, state.said_lost) = (0, false);
            say(&mut state, words);
        }
        state.settle();
    }

    fn failed(&mut self, error: &StoreError) {
        let now = Instant::now();
        if error.is_passing() {
            self.pause = now.checked_add(LOCK_PAUSE);
            if now - *self.locked_since.get_or_insert(now) >= LOCK_WORTH_A_WORD {
                self.say_once(error);
            }
            let mut state = self.shared.lock();
            state.locks += 1;
            state.settle();
            return;
        }
        self.locked_since = None;
        self.pause = now.checked_add(self.next_pause);
        self.next_pause = LONGEST_PAUSE.min(self.next_pause * 2);
        // Said before whoever waits is told, and so finds the words.
        self.say_once(error);
        let mut state = self.shared.lock();
        state.failures += 1;
        state.settle();
    }

    fn say_once(&mut self, error: &StoreError) {
        let mut state = self.shared.lock();
        let kind = (std::mem::discriminant(error), state.budget);
        if !self.said.contains(&kind) {
            self.said.push(kind);
            let so = match state.budget {
                Budget::Shared => ", requests go on",
                Budget::Alone => {
                    ", requests go on, and each editor and command holds the budget by itself"
                }
                // Each request says it.
                Budget::Stops => "",
            };
            let words = format!("The ledger cannot be written for now{so}: {error}");
            say(&mut state, words);
        }
    }
}

/// Also when the thread panics: who waits for the disk must not wait for it,
/// and the next use starts another.
impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.running = false;
        // What was not written waits for the next thread, in its order.
        while let Some(write) = self.backlog.pop_back() {
            state.writes.push_front(write);
        }
        let unanswered = std::mem::take(&mut state.questions);
        state.settle();
        drop(state);
        // One may hold the last handle to the store, which takes the lock when it goes.
        drop(unanswered);
    }
}
