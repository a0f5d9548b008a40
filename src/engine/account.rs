//! One row in the ledger for each request, whatever becomes of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Engine, Place};
use crate::llm::{Completion, Failure, Usage, models};
use crate::prompt::estimate_tokens;
use crate::store::{Row, Status, Store};

/// What a job is booked on.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub action: &'static str,
    pub place: Place,
    pub lines: Option<String>,
    pub masked: usize,
}

/// What a job cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    pub model: String,
    pub usage: Usage,
    /// `None` where no price is known.
    pub cost_usd: Option<f64>,
    /// Nothing was asked: the answer was kept from an earlier time.
    pub from_store: bool,
}

impl Spent {
    /// The tokens and the price, in a few words.
    pub fn in_words(&self) -> String {
        if self.from_store {
            return "kept from earlier, nothing spent".into();
        }
        let cost = self
            .cost_usd
            .map_or_else(String::new, |usd| format!(", ${usd:.4}"));
        format!("{}, {} tokens{cost}", self.model, self.usage.total_tokens)
    }

    /// As commands hand it out: the fields of the API's own `usage`, model and price.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "model": self.model,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "total_tokens": self.usage.total_tokens,
            "text_tokens": self.usage.text_tokens,
            "image_tokens": self.usage.image_tokens,
            "audio_tokens": self.usage.audio_tokens,
            "cached_tokens": self.usage.cached_tokens,
            "reasoning_tokens": self.usage.reasoning_tokens,
            "cost_usd": self.cost_usd,
            "from_store": self.from_store,
        })
    }
}

impl Account {
    /// A stable name for the conversation about one file, so that its prompts share a cache.
    pub(super) fn conversation(&self) -> String {
        let name = format!("{}\0{}", self.place.workspace.display(), self.place.shown);
        let hash = Sha256::digest(name.as_bytes());
        let start = hash.iter().take(8).map(|byte| format!("{byte:02x}"));
        format!("gloss-{}", start.collect::<String>())
    }

    /// Opens the account as the request is sent. Dropping it unsettled books a cancel.
    pub(super) fn open(self, engine: &Engine, model: &str, prompt_tokens: u64) -> OpenAccount {
        OpenAccount {
            store: engine.store.clone(),
            prices: engine.prices(),
            row: Some(Row {
                status: Status::Cancelled,
                model: model.to_owned(),
                ..self.row()
            }),
            prompt_tokens,
            received: AtomicUsize::new(0),
            since: Instant::now(),
        }
    }

    /// Books an answer that was kept, for which nothing was sent.
    pub(super) fn kept(self, engine: &Engine, model: &str) -> Spent {
        engine.store.record(Row {
            status: Status::FromStore,
            model: model.to_owned(),
            ..self.row()
        });
        Spent {
            model: model.to_owned(),
            from_store: true,
            ..Spent::default()
        }
    }

    /// Books a job that was refused before anything was sent.
    pub(super) fn refused(self, engine: &Engine, model: &str, class: &str) {
        engine.store.record(Row {
            status: Status::Refused,
            model: model.to_owned(),
            error: Some(class.to_owned()),
            ..self.row()
        });
    }

    fn row(self) -> Row {
        Row {
            time: Timestamp::now(),
            workspace: self.place.workspace.display().to_string(),
            action: self.action.to_owned(),
            file: Some(self.place.shown),
            lines: self.lines,
            masked: u32::try_from(self.masked).unwrap_or(u32::MAX),
            ..Row::default()
        }
    }
}

/// A request that is under way.
pub(super) struct OpenAccount {
    store: Store,
    prices: BTreeMap<String, models::Price>,
    /// `None` once it is settled.
    row: Option<Row>,
    prompt_tokens: u64,
    received: AtomicUsize,
    since: Instant,
}

impl OpenAccount {
    /// So many more bytes of the answer came.
    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn completed(mut self, completion: &Completion) -> Spent {
        let Some(row) = self.row.take() else {
            return Spent::default();
        };
        let model = completion
            .model
            .clone()
            .unwrap_or_else(|| row.model.clone());
        let cost_usd = models::cost_usd(&model, &completion.usage, &self.prices);
        self.store.record(Row {
            status: Status::Ok,
            model: model.clone(),
            finish_reason: completion.finish_reason.clone(),
            retries: completion.retries,
            first_token_ms: completion.first_token_ms,
            total_ms: Some(completion.total_ms),
            request_id: completion.request_id.clone(),
            ..with_usage(row, &completion.usage, cost_usd)
        });
        Spent {
            model,
            usage: completion.usage,
            cost_usd,
            from_store: false,
        }
    }

    pub(super) fn failed(mut self, failure: &Failure) {
        let Some(row) = self.row.take() else {
            return;
        };
        let cost_usd = models::cost_usd(&row.model, &failure.usage, &self.prices);
        self.store.record(Row {
            status: Status::Error,
            error: Some(failure.error.class().to_owned()),
            retries: failure.retries,
            first_token_ms: failure.first_token_ms,
            total_ms: Some(failure.total_ms),
            request_id: failure.request_id.clone(),
            ..with_usage(row, &failure.usage, cost_usd)
        });
    }
}

impl Drop for OpenAccount {
    /// A cancelled request never says what it used, but it is billed: what was sent and
    /// what came until then stand in the ledger as estimates.
    fn drop(&mut self) {
        let Some(row) = self.row.take() else {
            return;
        };
        let received = " ".repeat(self.received.load(Ordering::Relaxed).min(1 << 24));
        let completion_tokens = estimate_tokens(&received);
        let usage = Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens,
            total_tokens: self.prompt_tokens + completion_tokens,
            ..Usage::default()
        };
        let cost_usd = models::cost_usd(&row.model, &usage, &self.prices);
        self.store.record(Row {
            total_ms: u64::try_from(self.since.elapsed().as_millis()).ok(),
            ..with_usage(row, &usage, cost_usd)
        });
    }
}

fn with_usage(row: Row, usage: &Usage, cost_usd: Option<f64>) -> Row {
    Row {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.total_tokens,
        text_tokens: usage.text_tokens,
        image_tokens: usage.image_tokens,
        audio_tokens: usage.audio_tokens,
        cached_tokens: usage.cached_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        num_sources_used: usage.num_sources_used,
        cost_usd,
        ..row
    }
}
