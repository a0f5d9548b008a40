//! The descriptions that hovers asked for: each once, however many wait, and kept if none does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::engine::JobError;

/// How long it is told again what became of asking, where the store does not keep it: each hover would
/// ask anew, and perhaps pay, while the API fails.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// A description on its way, for everyone who waits for it.
pub type OnItsWay = Shared<BoxFuture<'static, Told>>;

/// What became of asking about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// In Markdown, or why there is nothing, in words.
    pub said: Result<String, String>,
    /// Whether who comes next is told the same: the store does not have it, and asking may cost.
    pub stays: bool,
}

impl Told {
    fn by_mistake() -> Self {
        Self {
            said: Err(JobError::Internal.to_string()),
            stays: true,
        }
    }
}

/// The descriptions that were asked for by hovers and are not in the store.
#[derive(Clone, Default)]
pub struct Descriptions {
    asked: Arc<Mutex<HashMap<String, Asked>>>,
}

struct Asked {
    told: OnItsWay,
    abort: AbortHandle,
    /// When it ended with what stays.
    ended: Option<Instant>,
}

impl Descriptions {
    /// The description of an image, by what tells the question from others: `work` is begun unless it
    /// is under way, or ended a moment before `now` with what stays, and goes on to its end even if nobody waits
    /// any more.
    pub fn ask(
        &self,
        question: &str,
        now: Instant,
        work: impl Future<Output = Told> + Send + 'static,
    ) -> OnItsWay {
        let mut all = self.lock();
        let is_news = |ended: Instant| now.saturating_duration_since(ended) < TOLD_AGAIN;
        all.retain(|_, asked| asked.ended.is_none_or(is_news));
        if let Some(asked) = all.get(question) {
            return asked.told.clone();
        }
        let (own, key) = (self.clone(), question.to_owned());
        let work = tokio::spawn(work);
        let abort = work.abort_handle();
        let done = tokio::spawn(async move {
            let told = work.await.unwrap_or_else(|_| Told::by_mistake());
            own.end(&key, &told);
            told
        });
        let told = async { done.await.unwrap_or_else(|_| Told::by_mistake()) };
        let told = told.boxed().shared();
        let asked = Asked {
            told: told.clone(),
            abort,
            ended: None,
        };
        all.insert(question.to_owned(), asked);
        told
    }

    /// Drops all that is on its way, and waits until it is gone and booked.
    pub async fn cancel_all(&self) {
        let both = |asked: &Asked| (asked.told.clone(), asked.abort.clone());
        let all: Vec<_> = self.lock().values().map(both).collect();
        for (_, abort) in &all {
            abort.abort();
        }
        for (told, _) in all {
            let _ = told.await;
        }
    }

    fn end(&self, question: &str, told: &Told) {
        let mut all = self.lock();
        if !told.stays {
            all.remove(question);
        } else if let Some(asked) = all.get_mut(question) {
            asked.ended = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_not_kept_is_told_again_for_a_minute() {
        let told = |stays| Told {
            said: Ok("A square.".to_owned()),
            stays,
        };
        let failed = |stays| Told {
            said: Err("the API is failing".to_owned()),
            stays,
        };
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        for (outcome, again, expected) in [
            (failed(true), later(0), 1),
            (failed(true), later(59), 1),
            (failed(true), later(61), 2),
            (failed(false), later(0), 2),
            (told(true), later(0), 1),
            (told(true), later(61), 2),
            (told(false), later(0), 2),
        ] {
            let descriptions = Descriptions::default();
            let count = Arc::new(AtomicUsize::new(0));
            let work = || {
                let (count, outcome) = (count.clone(), outcome.clone());
                async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    outcome
                }
            };
            let first = descriptions.ask("a", Instant::now(), work()).await;
            assert_eq!(first, outcome);
            assert_eq!(descriptions.ask("a", again, work()).await, outcome);
            assert_eq!(count.load(Ordering::SeqCst), expected, "{outcome:?}");
            assert_eq!(descriptions.ask("b", again, work()).await, outcome);
            assert_eq!(count.load(Ordering::SeqCst), expected + 1, "{outcome:?}");
        }
    }
}
