//! The jobs that run: entered, found where they are, cancelled, left.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::job::Job;
use super::protocol as lsp;
use crate::document::Anchor;

/// Most jobs at once; a person does not start so many, a broken script does.
const MOST: usize = 512;

/// The jobs that run.
#[derive(Clone, Default)]
pub struct Jobs {
    running: Arc<Mutex<Running>>,
    /// Counts changes of documents, for those who wait to see one.
    changes: Arc<watch::Sender<u64>>,
    count: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct Running {
    jobs: Vec<Entry>,
    last_id: u64,
}

impl Running {
    /// An id that no job has, also none that a client named.
    fn next_id(&mut self) -> String {
        loop {
            self.last_id += 1;
            let id = format!("gloss-{}", self.last_id);
            if self.jobs.iter().all(|job| job.id != id) {
                return id;
            }
        }
    }
}

struct Entry {
    id: String,
    uri: Arc<str>,
    journal: Anchor,
    selection: Range<usize>,
    title: String,
    /// Taken when the job is cancelled.
    cancel: Option<oneshot::Sender<()>>,
}

impl Jobs {
    /// Cancels a job; the latest without an id. Unknown ids mean one that has ended.
    pub fn cancel(&self, id: Option<&str>) {
        let mut running = self.lock();
        let job = match id {
            Some(id) => running.jobs.iter_mut().find(|job| job.id == id),
            None => running
                .jobs
                .iter_mut()
                .rev()
                .find(|job| job.cancel.is_some()),
        };
        if let Some(cancel) = job.and_then(|job| job.cancel.take()) {
            let _ = cancel.send(());
        }
    }

    pub fn cancel_all(&self) {
        for job in &mut self.lock().jobs {
            if let Some(cancel) = job.cancel.take() {
                let _ = cancel.send(());
            }
        }
    }

    /// Waits a moment for cancelled jobs to be gone.
    pub async fn ended(&self) {
        let mut count = self.count.subscribe();
        let _ =
            tokio::time::timeout(Duration::from_secs(1), count.wait_for(|count| *count == 0)).await;
    }

    /// Follows how many jobs run.
    pub fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// Id and title of the jobs on a document, with what is needed to see where they are now.
    pub fn on(&self, uri: &str) -> Vec<(String, String, Anchor, Range<usize>)> {
        self.lock()
            .jobs
            .iter()
            .filter(|job| &*job.uri == uri && job.cancel.is_some())
            .map(|job| {
                (
                    job.id.clone(),
                    job.title.clone(),
                    job.journal,
                    job.selection.clone(),
                )
            })
            .collect()
    }

    /// Says that a document changed or closed.
    pub fn document_changed(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Follows changes of documents from now on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Enters a job, under the id that the client gave or one of our own.
    ///
    /// # Errors
    /// When the id is in use, or too many run.
    pub fn enter(
        &self,
        given: Option<String>,
        job: &Job,
        cancel: oneshot::Sender<()>,
    ) -> lsp::Result<String> {
        let mut running = self.lock();
        if running.jobs.len() >= MOST {
            return Err(lsp::failed(
                "too many jobs run at once; wait for some, or cancel them",
            ));
        }
        let id = given.unwrap_or_else(|| running.next_id());
        if running.jobs.iter().any(|job| job.id == id) {
            return Err(lsp::Error::invalid_params(format!(
                "`workDoneToken` {id} is in use"
            )));
        }
        running.jobs.push(Entry {
            id: id.clone(),
            uri: job.snapshot.uri.clone(),
            journal: job.journal,
            selection: job.selection.clone(),
            title: job.title.clone(),
            cancel: Some(cancel),
        });
        self.count.send_replace(running.jobs.len());
        Ok(id)
    }

    /// From now on the job cannot be cancelled: its outcome is on its way.
    pub fn settle(&self, id: &str) {
        if let Some(job) = self.lock().jobs.iter_mut().find(|job| job.id == id) {
            job.cancel = None;
        }
    }

    /// Forgets a job that has ended; whether it was the last.
    pub fn leave(&self, id: &str) -> bool {
        let mut running = self.lock();
        running.jobs.retain(|job| job.id != id);
        self.count.send_replace(running.jobs.len());
        running.jobs.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
