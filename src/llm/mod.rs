//! The way to the model: a prompt in, a stream of text and a usage out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

pub use crate::prompt::Effort;
use crate::prompt::Prompt;

mod address;
mod answer;
mod chat;
mod classify;
mod error;
mod exchange;
mod field;
mod get;
mod key;
mod key_info;
mod messages;
pub mod models;
pub mod reading;
mod record;
mod request;
mod responses;
pub mod retry;
mod said;
pub mod sse;
mod tokenize;
mod transport;
mod usage;
mod wire;

pub use classify::{Refusal, classify};
pub use error::ApiError;
pub use key::{Key, UnfitKey, is_loopback, scrubbed};
pub use key_info::{KeyInfo, Look};
pub use models::ListedModel;
pub use retry::RetryPolicy;
pub use said::Said;
pub use transport::{PROXY_EXPECTED, Proxy, is_usable_proxy, proxy_of, proxy_to, root_cause, tls};
pub use usage::Usage;
pub use wire::Wire;

use field::Field;

/// How long warming a connection may take before it is given up.
const WARMING: Duration = Duration::from_secs(10);

/// The fingerprint of the offline stand-in, which thinks nothing and bills nothing.
pub const STAND_IN: &str = "fp_offline_stand_in";

/// A client of the API. Clones share their connections and what they learned.
///
/// Making one does nothing yet: certificates are read and connections opened by the
/// first call.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: Options,
    pools: transport::Pools,
    /// The fields that models were seen to refuse.
    refused: Mutex<BTreeMap<String, BTreeSet<Field>>>,
}

/// How a client connects, waits and tries again.
#[derive(Clone, Default)]
pub struct Options {
    pub timeouts: Timeouts,
    pub retry: RetryPolicy,
    /// The proxy's URL; without it the environment's.
    pub proxy: Option<String>,
    /// A PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

impl Options {
    fn proxy(&self) -> Option<&str> {
        let proxy = self.proxy.as_deref().map(str::trim);
        proxy.filter(|proxy| !proxy.is_empty())
    }
}

/// The proxy's URL may hold a password, so it is not printed.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("proxy", &self.proxy.as_ref().map(|_| "…"))
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// How long what may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// From there until the answer's head; a large request gets more, for its upload.
    pub first_byte: Duration,
    /// Between two chunks. Keep-alives are none.
    pub idle: Duration,
    /// After the model has said why it ended, for the usage that should follow.
    pub after_end: Duration,
    /// For the whole call, retries and waits included.
    pub total: Duration,
    /// How often a connection of HTTP/2 is asked whether it lives, and how long it may take to
    /// say so: one that died in the machine's sleep is found out by that.
    pub ping: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            after_end: Duration::from_secs(5),
            total: Duration::from_secs(300),
            ping: Duration::from_secs(15),
        }
    }
}

/// Where the API is, and the key to it.
#[derive(Clone)]
pub struct Endpoint {
    /// Such as `https://api.x.ai/v1`.
    pub base_url: Url,
    /// Sent to `base_url`'s very host only, and only over https or to loopback.
    pub key: Option<Key>,
}

/// The address may hold a password, so only its host is printed.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.base_url.host_str())
            .field("key", &self.key)
            .finish()
    }
}

/// One thing to ask.
#[derive(Clone, Debug)]
pub struct Call {
    pub endpoint: Endpoint,
    pub wire: Wire,
    pub model: String,
    pub prompt: Prompt,
    /// The most tokens of visible text; at xAI reasoning comes on top.
    pub max_output_tokens: Option<u32>,
    /// From 0 to 2.
    pub temperature: Option<f64>,
    /// Sent only to models known to take it, and fitted to those they know.
    pub effort: Option<Effort>,
    /// A stable id that keeps a conversation on one cache; sent to Grok only.
    pub conversation: Option<String>,
}

/// What happens while a call is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The API has accepted the request, and the model is at work. Comes again with a retry.
    Began,
    /// Nobody thinks: it is the offline stand-in that answers. Comes before any of its text.
    StandIn,
    /// A piece of the answer's text, never empty.
    Delta(String),
    /// The call waits before it tries again. What was tried so far is not billed.
    Waiting {
        /// Rounded up.
        seconds: u64,
        /// In a few words.
        why: String,
    },
    /// The wait is over, and the call is sent again.
    Again,
}

/// An answer that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// All deltas, joined, and without the key.
    pub text: String,
    /// `stop` if it ended normally; `length` and others as the server says them.
    pub finish_reason: Option<String>,
    pub usage: Usage,
    /// The model that answered, by its own account.
    pub model: Option<String>,
    /// What the server calls the system that answered; see [`STAND_IN`].
    pub system_fingerprint: Option<String>,
    pub request_id: Option<String>,
    /// Requests after the first.
    pub retries: u32,
    /// From the start of the call, retries included.
    pub first_token_ms: Option<u64>,
    pub total_ms: u64,
    pub rate_limits: RateLimits,
}

/// A call that failed, with all that the ledger wants to know of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    pub error: ApiError,
    /// As far as it was reported.
    pub usage: Usage,
    /// What came of the answer.
    pub text: String,
    /// The model has read the prompt, or may have: it is billed, even where `usage` is silent.
    pub is_billed: bool,
    pub model: Option<String>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    pub request_id: Option<String>,
    pub retries: u32,
    /// Requests that were tried; 0 if the call could not even begin.
    pub requests: u32,
    pub first_token_ms: Option<u64>,
    pub total_ms: u64,
    pub rate_limits: RateLimits,
}

/// The limits that an answer's headers told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RateLimits {
    pub limit_requests: Option<u64>,
    pub remaining_requests: Option<u64>,
    pub limit_tokens: Option<u64>,
    pub remaining_tokens: Option<u64>,
    /// Does the API keep nothing of what it is sent?
    pub zero_data_retention: Option<bool>,
}

impl RateLimits {
    fn of(headers: &reqwest::header::HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|value| value.trim().parse().ok());
        Self {
            limit_requests: number("x-ratelimit-limit-requests"),
            remaining_requests: number("x-ratelimit-remaining-requests"),
            limit_tokens: number("x-ratelimit-limit-tokens"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            zero_data_retention: text("x-zero-data-retention")
                .and_then(|value| value.trim().to_ascii_lowercase().parse().ok()),
        }
    }
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Shared {
            options,
            pools: transport::Pools::default(),
            refused: Mutex::default(),
        }))
    }

    /// Asks, and hands over events as they come.
    ///
    /// Dropping the future drops the connection at once, so that nothing goes on billing.
    pub async fn stream(
        &self,
        call: &Call,
        on_event: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Completion, Failure> {
        exchange::run(self, call, on_event).await
    }

    /// Opens a connection to the endpoint, which is kept for a while, by a question that is not
    /// billed. What comes of it does not matter.
    pub async fn warm(&self, endpoint: &Endpoint) {
        let _ = get::fetched(self, endpoint, "models", WARMING).await;
    }

    /// The models that the endpoint offers, with prices where it names them. Asks for no answer
    /// and costs nothing.
    pub async fn models(&self, endpoint: &Endpoint) -> Result<Vec<ListedModel>, ApiError> {
        models::fetch(self, endpoint).await
    }

    /// The way to any server by the same proxy and certificates. The key does not go along.
    ///
    /// # Errors
    /// When the settings of the way cannot work.
    pub async fn http(&self, url: &Url) -> Result<reqwest::Client, ApiError> {
        self.pool(url).await
    }

    /// How it connects, waits and tries again.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    async fn pool(&self, url: &Url) -> Result<reqwest::Client, ApiError> {
        let options = self.options();
        transport::check_proxy(url, options.proxy())?;
        let route = transport::Route::to(url);
        self.0.pools.get(route, options).await
    }

    /// Whether a proxy stands on the way to `url`.
    fn is_proxied(&self, url: &Url) -> bool {
        proxy_to(url, self.options().proxy()).is_ok_and(|proxy| proxy.is_some())
    }

    /// The fields that `model` was seen to refuse.
    fn refused_by(&self, model: &str) -> BTreeSet<Field> {
        let refused = self
            .0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refused.get(model).cloned().unwrap_or_default()
    }

    fn remember_refused(&self, model: &str, field: Field) {
        let mut refused = self
            .0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refused.entry(model.to_owned()).or_default().insert(field);
    }
}
