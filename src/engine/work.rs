//! What takes its time, on threads made for that: so few at once that the ones which answer the
//! editor keep their share of the machine, however many jobs run.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a thread that works waits for more.
pub const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// How long a step holds its turn: one that hangs, as on a disk of a network that is gone, is not
/// waited for any longer by those behind it.
const HANGING: Duration = Duration::from_secs(10);
/// How many may hang so; past it they do hold up the others.
const MOST_HANGING: usize = 60;
/// By how much the threads of jobs are nicer than those that answer: they get a third of what these
/// do, where both want the same core.
#[cfg(target_os = "linux")]
const NICER: i32 = 5;

/// For the steps of jobs.
static JOBS: Threads = Threads::new("gloss-job", 4, HANGING, be_nicer);
/// For what is soon done and a menu or a hover waits for, however many jobs wait.
static ANSWERS: Threads = Threads::new("gloss-answer", 4, HANGING, || {});

/// Runs a step of a job in its turn. `None` where it panicked.
pub async fn for_job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    JOBS.run(work).await
}

/// Runs what the editor waits for, beside the steps of jobs. `None` where it panicked.
pub async fn for_answer<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    ANSWERS.run(work).await
}

/// A few threads, begun when there is work.
struct Threads {
    name: &'static str,
    most: usize,
    patience: Duration,
    begin: fn(),
    /// Who gives up while it waits for its turn is never begun.
    turns: Semaphore,
    hanging: Semaphore,
    runtime: OnceLock<Option<Runtime>>,
}

impl Threads {
    const fn new(name: &'static str, most: usize, patience: Duration, begin: fn()) -> Self {
        Self {
            name,
            most,
            patience,
            begin,
            turns: Semaphore::const_new(most),
            hanging: Semaphore::const_new(MOST_HANGING),
            runtime: OnceLock::new(),
        }
    }

    async fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = self.turns.acquire().await.ok()?;
        // What is begun meanwhile goes on here, and not there, where nobody drives it.
        let here = Handle::current();
        let mut working = self.handle().spawn_blocking(move || {
            let _here = here.enter();
            work()
        });
        // A task of its own, since the work goes on when nobody waits for it any more.
        let watching = tokio::spawn(async move {
            if let Ok(done) = timeout(self.patience, &mut working).await {
                drop(turn);
                return done.ok();
            }
            // One or the other is held until it has ended.
            let _counted = self.hanging.try_acquire().unwrap_or(turn);
            working.await.ok()
        });
        watching.await.ok().flatten()
    }

    /// A runtime of their own: the pool of the other one begins a thread for whatever finds none at
    /// rest just then, and has dozens in the end.
    fn handle(&self) -> Handle {
        let runtime = self.runtime.get_or_init(|| {
            tokio::runtime::Builder::new_current_thread()
                .thread_name(self.name)
                .thread_keep_alive(KEEP_ALIVE)
                .max_blocking_threads(self.most + MOST_HANGING)
                .on_thread_start(self.begin)
                .build()
                .ok()
        });
        let own = runtime.as_ref().map(|runtime| runtime.handle().clone());
        own.unwrap_or_else(Handle::current)
    }
}

/// On Linux alone a thread has a priority of its own.
#[cfg(target_os = "linux")]
fn be_nicer() {
    use rustix::process::{getpriority_process, setpriority_process};
    let _ = getpriority_process(None).and_then(|now| setpriority_process(None, now + NICER));
}

#[cfg(not(target_os = "linux"))]
fn be_nicer() {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::{Engine, ImageJob, ImageSource, Place};
    use crate::store::Store;

    #[tokio::test]
    async fn few_run_at_once_also_of_those_that_nobody_waits_for() {
        static THREADS: Threads = Threads::new("gloss-test", 2, HANGING, || {});
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let working = (0..100).map(|number| {
            let (running, most) = (running.clone(), most.clone());
            let work = THREADS.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            });
            async move {
                tokio::pin!(work);
                // Every other is begun and given up.
                if number % 2 == 0 || futures::poll!(work.as_mut()).is_pending() && number % 3 == 0
                {
                    work.await;
                }
            }
        });
        futures::future::join_all(working).await;
        assert!(most.load(Ordering::SeqCst) <= 2);
        let panicking = THREADS.run(|| panic!("on purpose"));
        assert_eq!(panicking.await, None::<()>);
        assert_eq!(THREADS.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn those_that_hang_hold_up_the_others_for_a_while_only() {
        static THREADS: Threads = Threads::new("gloss-test", 2, Duration::from_millis(1), || {});
        let (go, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let hang = || {
            let held = held.clone();
            // Until the other end is gone.
            tokio::spawn(THREADS.run(move || {
                let _ = held.lock().map(|held| held.recv());
            }))
        };
        let hanging: Vec<_> = (0..MOST_HANGING).map(|_| hang()).collect();
        let after = timeout(Duration::from_secs(30), THREADS.run(|| 7)).await;
        assert_eq!(after, Ok(Some(7)));
        // No more threads than that, whatever hangs.
        let one_more: Vec<_> = (0..THREADS.most).map(|_| hang()).collect();
        while THREADS.turns.available_permits() > 0 || THREADS.hanging.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let after = THREADS.run(|| 7);
        tokio::pin!(after);
        assert!(futures::poll!(after.as_mut()).is_pending());
        drop(go);
        assert_eq!(after.await, Some(7));
        for hung in hanging.into_iter().chain(one_more) {
            assert_eq!(hung.await.unwrap(), Some(()));
        }
    }

    #[tokio::test]
    async fn what_a_hover_asks_of_an_image_waits_behind_no_step_of_a_job() {
        let (go, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let (begun, mut begins) = tokio::sync::mpsc::channel(JOBS.most);
        let holding = (0..JOBS.most).map(|_| {
            let (begun, held) = (begun.clone(), held.clone());
            tokio::spawn(for_job(move || {
                let _ = begun.blocking_send(());
                // Until the other end is gone.
                let _ = held.lock().map(|held| held.recv());
            }))
        });
        let holding: Vec<_> = holding.collect();
        for _ in 0..JOBS.most {
            begins.recv().await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        std::fs::write(&path, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        let settings = crate::config::Settings::default();
        let environment = crate::config::Environment::new();
        let engine = Engine::new(settings, &environment, Store::new(None));
        let job = ImageJob {
            place: Place::of(&path, &[]),
            source: ImageSource::Named(path),
            again: false,
        };
        let known = tokio::time::timeout(Duration::from_secs(30), engine.known(job)).await;
        drop(go);
        assert_eq!(known.expect("it should not wait").unwrap().markdown, None);
        futures::future::join_all(holding).await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn steps_of_jobs_let_answers_go_first_and_begin_tasks_where_they_came_from() {
        use rustix::process::getpriority_process;
        let nice = || getpriority_process(None).unwrap();
        let for_answer = for_answer(nice).await.unwrap();
        assert_eq!(for_job(nice).await, Some(for_answer + NICER));
        let task = for_job(|| tokio::spawn(async { 7 })).await.unwrap();
        assert_eq!(task.await.unwrap(), 7);
    }
}
