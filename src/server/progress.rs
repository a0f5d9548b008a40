//! What a person sees while a job runs: progress, and the answer as it comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::job::Job;
use super::outbox::Outbox;
use super::protocol as lsp;
use super::state::Server;
use crate::answer::{BEFORE_CUT, Defanger};
use crate::engine::Heard;
use crate::prompt::estimate_tokens;
use crate::text::visible_message;

/// How often progress is told, so that the seconds run without a flood.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a client may take to create a progress before it has none.
const CREATION: Duration = Duration::from_secs(10);

/// How many pieces may wait one by one: more than one reading of the API's connection brings.
const MOST_PIECES: usize = 1024;

/// What a job has heard and nobody was told yet.
#[derive(Clone, Default)]
pub struct Feed {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    fed: Mutex<Fed>,
    /// There is something to stream, or it has ended.
    text: Notify,
    /// One of many is done.
    step: Notify,
}

#[derive(Default)]
struct Fed {
    defanger: Defanger,
    /// Whether anybody is told the text itself.
    streams: bool,
    /// Defanged, waiting to be streamed, as the API cut it. Bounded by the longest answer that is
    /// taken.
    pieces: VecDeque<String>,
    received: u64,
    status: String,
    /// How many of how many are done.
    share: Option<(usize, usize)>,
    ended: bool,
}

impl Fed {
    fn put(&mut self, piece: String) {
        if piece.is_empty() {
            return;
        }
        let is_full = self.pieces.len() >= MOST_PIECES;
        match self.pieces.back_mut().filter(|_| is_full) {
            Some(last) => last.push_str(&piece),
            None => self.pieces.push_back(piece),
        }
    }
}

impl Feed {
    /// Takes what the engine hears.
    pub fn hear(&self, heard: Heard) {
        let mut fed = self.lock();
        match heard {
            Heard::Queued => fed.status = "waiting for its turn".into(),
            Heard::Asked { prompt_tokens } => {
                fed.status = format!("asked, about {prompt_tokens} tokens");
            }
            Heard::Waiting { seconds, why } => {
                fed.status = format!("{why}, trying again in {seconds} s");
            }
            Heard::StandIn => {}
            Heard::Kept(text) => {
                if fed.streams {
                    fed.put(text);
                }
            }
            Heard::Cut(line) => {
                if fed.streams {
                    let rest = fed.defanger.finish();
                    fed.put(format!("{rest}{BEFORE_CUT}{line}"));
                }
            }
            Heard::Done { count, of, what } => {
                fed.status = format!("{count} of {of} {what}");
                fed.share = Some((count, of));
                self.shared.step.notify_one();
            }
            Heard::Text(text) => {
                fed.received += estimate_tokens(&text);
                fed.status = format!("{} tokens", fed.received);
                if fed.streams {
                    let safe = fed.defanger.push(&text);
                    fed.put(safe);
                }
            }
        }
        drop(fed);
        self.shared.text.notify_one();
    }

    /// No more will come; what was withheld is given.
    fn end(&self) {
        let mut fed = self.lock();
        let rest = fed.defanger.finish();
        fed.put(rest);
        fed.ended = true;
        drop(fed);
        self.shared.text.notify_one();
    }

    /// How much of it is done, in percent, where that is known.
    fn percentage(&self) -> Option<u32> {
        let (count, of) = self.lock().share?;
        u32::try_from(count * 100 / of.max(1)).ok()
    }

    fn status(&self) -> String {
        visible_message(&self.lock().status)
    }

    /// The next text to stream: a piece as the API sent it, or, to an editor that reads more slowly
    /// than that, all that came meanwhile. `None` when all is told.
    async fn next(&self, outbox: &Outbox) -> Option<String> {
        loop {
            let is_behind = outbox.is_behind();
            if is_behind {
                outbox.caught_up().await;
            }
            {
                let mut fed = self.lock();
                let next = fed.pieces.pop_front();
                if let Some(mut next) = next {
                    if is_behind {
                        next.extend(fed.pieces.drain(..));
                    }
                    return Some(next);
                }
                if fed.ended {
                    return None;
                }
            }
            self.shared.text.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fed> {
        self.shared
            .fed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those who tell of a job while it runs.
pub struct Reports {
    stream: Option<JoinHandle<()>>,
    progress: Option<oneshot::Sender<()>>,
}

/// Begins to tell of a job: by progress under its id, by stream, or by a message.
pub async fn begin(server: &Server, job: &Job, own_token: bool, feed: &Feed) -> Reports {
    let traits = server.state().traits;
    let streams = traits.stream && job.kind.explains();
    feed.lock().streams = streams;
    let stream =
        streams.then(|| tokio::spawn(stream(server.clone(), job.id.clone(), feed.clone())));
    if !own_token && !traits.progress {
        if !traits.stream {
            say_begun(server, &job.title).await;
        }
        return Reports {
            stream,
            progress: None,
        };
    }
    let (ended, end) = oneshot::channel();
    let reporting = report(
        server.clone(),
        job.id.clone(),
        job.title.clone(),
        !own_token,
        job.kind.counts(),
        feed.clone(),
        end,
    );
    tokio::spawn(reporting);
    Reports {
        stream,
        progress: Some(ended),
    }
}

impl Reports {
    /// Waits until all that was heard is streamed.
    pub async fn streamed(&mut self, feed: &Feed) {
        feed.end();
        if let Some(stream) = self.stream.take() {
            let _ = stream.await;
        }
    }

    /// Ends the progress, which a client that is slow to create it may see a little later.
    pub fn end(self) {
        if let Some(ended) = self.progress {
            let _ = ended.send(());
        }
    }
}

/// A client without progress is told once.
async fn say_begun(server: &Server, title: &str) {
    let message = format!("{title}…");
    server.say(lsp::MessageType::INFO, &message).await;
}

async fn stream(server: Server, id: String, feed: Feed) {
    while let Some(delta) = feed.next(&server.outbox).await {
        let params = lsp::StreamParams {
            id: id.clone(),
            delta,
        };
        server.client.send_notification::<lsp::Stream>(params).await;
    }
}

/// What a job is doing, and how long it has been at it.
fn after(status: String, elapsed: Duration) -> String {
    let seconds = format!("{} s", elapsed.as_secs());
    if status.is_empty() {
        seconds
    } else {
        format!("{status}, {seconds}")
    }
}

async fn report(
    server: Server,
    id: String,
    title: String,
    create: bool,
    counts: bool,
    feed: Feed,
    mut end: oneshot::Receiver<()>,
) {
    let token = lsp::ProgressToken::String(id);
    if create {
        let created = server.client.create_work_done_progress(token.clone());
        let created = tokio::time::timeout(CREATION, created).await;
        if !created.is_ok_and(|created| created.is_ok()) {
            say_begun(&server, &title).await;
            return;
        }
    }
    let tell = |value| {
        let params = lsp::ProgressParams {
            token: token.clone(),
            value: lsp::ProgressParamsValue::WorkDone(value),
        };
        server
            .client
            .send_notification::<lsp::notification::Progress>(params)
    };
    tell(lsp::WorkDoneProgress::Begin(lsp::WorkDoneProgressBegin {
        title: visible_message(&title),
        cancellable: Some(true),
        message: Some(feed.status()).filter(|status| !status.is_empty()),
        percentage: counts.then(|| feed.percentage().unwrap_or(0)),
    }))
    .await;
    let since = Instant::now();
    let mut interval = tokio::time::interval(INTERVAL);
    interval.reset();
    loop {
        // What was done is told before the end.
        tokio::select! {
            biased;
            () = feed.shared.step.notified() => {}
            _ = &mut end => break,
            _ = interval.tick() => {}
        }
        tell(lsp::WorkDoneProgress::Report(lsp::WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(after(feed.status(), since.elapsed())),
            percentage: feed.percentage(),
        }))
        .await;
    }
    tell(lsp::WorkDoneProgress::End(lsp::WorkDoneProgressEnd {
        message: None,
    }))
    .await;
}
