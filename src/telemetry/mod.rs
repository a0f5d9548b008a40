//! Usage for a company's own collector, by OpenTelemetry: in batches, behind the answers, or lost.

#[cfg(feature = "otlp")]
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::config::{Settings, ToldWorkspace};
use crate::llm::Client;
use crate::store::{Row, Store};

/// How long the first request of a batch waits for others.
const GATHERING: Duration = Duration::from_secs(5);
/// Requests in a batch, and those that may wait for one; what comes on top is lost.
const MOST: usize = 256;
const WAITING: usize = 2_048;
/// How long the collector may take.
#[cfg(feature = "otlp")]
const PATIENCE: Duration = Duration::from_secs(5);

/// A way to the collector, or none; clones share it.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<Sender>>);

struct Sender {
    target: Target,
    queue: mpsc::Sender<Message>,
    /// Taken by the task, once there is something to send.
    receiver: std::sync::Mutex<Option<mpsc::Receiver<Message>>>,
    client: Client,
    store: Store,
}

/// Where to, and how much is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    /// Such as `http://localhost:4318`; `/v1/traces` and `/v1/metrics` are below it.
    endpoint: Url,
    workspace: ToldWorkspace,
    /// The host that requests go to.
    server: String,
}

enum Message {
    Row(Box<Row>),
    Flush(oneshot::Sender<()>),
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.0.as_ref().map(|sender| &sender.target);
        f.debug_tuple("Telemetry").field(&target).finish()
    }
}

impl Telemetry {
    /// By the settings `otlp_endpoint` and `otlp_workspace`. Starts and sends nothing yet.
    pub fn new(settings: &Settings, client: Client, store: Store) -> Self {
        let endpoint = settings.otlp_endpoint.as_deref();
        let endpoint = endpoint.and_then(|endpoint| Url::parse(endpoint).ok());
        let Some(endpoint) = endpoint.filter(|_| cfg!(feature = "otlp")) else {
            return Self(None);
        };
        let server = Url::parse(&settings.base_url).ok();
        let (queue, receiver) = mpsc::channel(WAITING);
        Self(Some(Arc::new(Sender {
            target: Target {
                endpoint,
                workspace: settings.otlp_workspace,
                server: server
                    .and_then(|url| url.host_str().map(str::to_owned))
                    .unwrap_or_default(),
            },
            queue,
            receiver: std::sync::Mutex::new(Some(receiver)),
            client,
            store,
        })))
    }

    /// The one that is at work already, if it tells the same collector the same.
    #[must_use]
    pub fn sharing(self, other: &Self) -> Self {
        let target = |telemetry: &Self| telemetry.0.as_ref().map(|sender| sender.target.clone());
        if target(&self) == target(other) {
            other.clone()
        } else {
            self
        }
    }

    /// Tells of one request to the API, some time soon. Never waits.
    pub fn record(&self, row: &Row) {
        if let Some(sender) = self.0.as_ref().filter(|_| row.status.is_call()) {
            let _ = sender.queue.try_send(Message::Row(Box::new(row.clone())));
            sender.start();
        }
    }

    /// Waits until all that was recorded is sent or lost, but no longer than `patience`.
    pub async fn flush(&self, patience: Duration) {
        let Some(sender) = &self.0 else {
            return;
        };
        let is_begun = sender
            .receiver
            .lock()
            .is_ok_and(|receiver| receiver.is_none());
        let (done, ended) = oneshot::channel();
        if is_begun && sender.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = tokio::time::timeout(patience, ended).await;
        }
    }
}

impl Sender {
    fn start(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let receiver = self
            .receiver
            .lock()
            .ok()
            .and_then(|mut receiver| receiver.take());
        if let Some(receiver) = receiver {
            let (target, client, store) =
                (self.target.clone(), self.client.clone(), self.store.clone());
            runtime.spawn(run(receiver, target, client, store));
        }
    }
}

/// Sends batches until nobody records any more.
async fn run(mut receiver: mpsc::Receiver<Message>, target: Target, client: Client, store: Store) {
    let is_told = AtomicBool::new(false);
    while let Some(first) = receiver.recv().await {
        let began = Timestamp::now();
        let mut batch = Vec::new();
        let mut flushed = None;
        let deadline = Instant::now() + GATHERING;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Row(row) => batch.push(*row),
                Message::Flush(done) => flushed = Some(done),
            }
            if flushed.is_some() || batch.len() >= MOST {
                break;
            }
            next = timeout_at(deadline, receiver.recv()).await.ok().flatten();
        }
        if !batch.is_empty()
            && let Err(why) = send(&client, &target, &batch, began).await
            && !is_told.swap(true, Ordering::Relaxed)
        {
            store.notice(format!(
                "usage could not be sent to `otlp_endpoint` ({why}), so it is missing there; see whether the collector runs. `gloss usage` has it all. This is said once"
            ));
        }
        if let Some(done) = flushed {
            let _ = done.send(());
        }
    }
}

#[cfg(feature = "otlp")]
async fn send(
    client: &Client,
    target: &Target,
    batch: &[Row],
    began: Timestamp,
) -> Result<(), String> {
    let spans = post(client, target, "v1/traces", otlp::spans(target, batch));
    let metrics = metrics::metrics(target, batch, began);
    let metrics = post(client, target, "v1/metrics", metrics);
    let (spans, metrics) = futures::join!(spans, metrics);
    spans.and(metrics)
}

#[cfg(not(feature = "otlp"))]
async fn send(_: &Client, _: &Target, _: &[Row], _: Timestamp) -> Result<(), String> {
    Ok(())
}

/// Sends one message by OTLP/HTTP (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
#[cfg(feature = "otlp")]
async fn post(client: &Client, target: &Target, path: &str, body: Vec<u8>) -> Result<(), String> {
    let mut url = target.endpoint.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/{path}"));
    let http = client.http(&url).await.map_err(|error| error.to_string())?;
    let request = http
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/x-protobuf")
        .timeout(PATIENCE)
        .body(body);
    let response = request
        .send()
        .await
        .map_err(|error| crate::llm::root_cause(&error))?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}

#[cfg(feature = "otlp")]
#[cfg(test)]
mod tests;
