//! What takes its time, on threads made for that: so few at once that the ones which answer the
//! editor keep their share of the machine, however many jobs run.

use tokio::sync::Semaphore;

/// How many of the steps of jobs run at once.
const STEPS_OF_JOBS: usize = 4;
/// How many of what a menu or a hover waits for run at once, however many jobs wait.
const FOR_ANSWERS: usize = 4;

static JOBS: Semaphore = Semaphore::const_new(STEPS_OF_JOBS);
static ANSWERS: Semaphore = Semaphore::const_new(FOR_ANSWERS);

/// Runs a step of a job in its turn. `None` where it panicked.
pub async fn for_job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    on_thread(&JOBS, work).await
}

/// Runs what the editor waits for, beside the steps of jobs. `None` where it panicked.
pub async fn for_answer<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    on_thread(&ANSWERS, work).await
}

async fn on_thread<T: Send + 'static>(
    turns: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let turn = turns.acquire().await.ok()?;
    let working = tokio::task::spawn_blocking(move || {
        // Held by the work itself, which goes on when nobody waits for it any more.
        let _turn = turn;
        work()
    });
    working.await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn few_run_at_once_also_of_those_that_nobody_waits_for() {
        static TURNS: Semaphore = Semaphore::const_new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let working = (0..100).map(|number| {
            let (running, most) = (running.clone(), most.clone());
            let work = on_thread(&TURNS, move || {
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
        let panicking = on_thread(&TURNS, || panic!("on purpose"));
        assert_eq!(panicking.await, None::<()>);
        assert_eq!(on_thread(&TURNS, || 7).await, Some(7));
    }
}
