//! The descriptions that hovers asked for: each once, however many wait, and kept if none does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};

use tokio::task::AbortHandle;

use crate::engine::JobError;

/// A description on its way, for everyone who waits for it.
pub type OnItsWay = Shared<BoxFuture<'static, Result<String, String>>>;

/// The descriptions that were asked for by hovers and are not there yet.
#[derive(Clone, Default)]
pub struct Descriptions {
    on_their_way: Arc<Mutex<HashMap<String, (OnItsWay, AbortHandle)>>>,
}

impl Descriptions {
    /// The description of the image with this content: `work` is begun unless it is under way,
    /// and goes on to its end even if nobody waits any more.
    pub fn ask(
        &self,
        content: &str,
        work: impl Future<Output = Result<String, String>> + Send + 'static,
    ) -> OnItsWay {
        let mut on_their_way = self.lock();
        if let Some((waiting, _)) = on_their_way.get(content) {
            return waiting.clone();
        }
        let (own, key) = (self.clone(), content.to_owned());
        let work = tokio::spawn(work);
        let abort = work.abort_handle();
        let done = tokio::spawn(async move {
            let described = work.await;
            own.lock().remove(&key);
            described.unwrap_or_else(|_| Err(JobError::Internal.to_string()))
        });
        let waiting = async {
            done.await
                .unwrap_or_else(|_| Err(JobError::Internal.to_string()))
        };
        let waiting = waiting.boxed().shared();
        on_their_way.insert(content.to_owned(), (waiting.clone(), abort));
        waiting
    }

    /// Drops all that is on its way, and waits until it is gone and booked.
    pub async fn cancel_all(&self) {
        let all: Vec<_> = self.lock().values().cloned().collect();
        for (_, abort) in &all {
            abort.abort();
        }
        for (waiting, _) in all {
            let _ = waiting.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (OnItsWay, AbortHandle)>> {
        self.on_their_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
