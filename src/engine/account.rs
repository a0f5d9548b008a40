//! One row in the ledger for each request, whatever becomes of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Engine, Place, Prices};
use crate::llm::{Completion, Failure, Usage, models};
use crate::prompt::estimate_tokens_of;
use crate::store::{Reservation, Row, Status, Store};
use crate::telemetry::Telemetry;

/// What stands behind the name of a model for which the stand-in answered.
pub(super) const STAND_IN: &str = " (stand-in)";

/// What a job is booked on.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub action: String,
    pub place: Place,
    pub lines: Option<String>,
    /// How many other files were drawn in.
    pub context_files: usize,
    pub masked: usize,
}

/// What a job cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    pub model: String,
    pub usage: Usage,
    /// See [`models::TICKS_PER_USD`]; `None` where no price is known.
    pub cost_ticks: Option<u64>,
    /// Nothing was asked: the answer was kept from an earlier time.
    pub from_store: bool,
}

impl Spent {
    /// Both together, as of the later model.
    #[must_use]
    pub(super) fn and(self, later: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        Self {
            model: later.model,
            usage: self.usage.and(&later.usage),
            cost_ticks: sum(self.cost_ticks, later.cost_ticks),
            from_store: self.from_store && later.from_store,
        }
    }

    /// The tokens and the price, in a few words.
    pub fn in_words(&self) -> String {
        if self.from_store {
            return "kept from earlier, nothing spent".into();
        }
        let cost = self.cost_ticks.map_or_else(String::new, |ticks| {
            format!(", ${:.4}", models::dollars(ticks))
        });
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
            "cost_usd": self.cost_ticks.map(models::dollars),
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
    pub(super) fn open(
        self,
        engine: &Engine,
        model: &str,
        prompt_tokens: u64,
        reservation: Option<Reservation>,
    ) -> OpenAccount {
        OpenAccount {
            store: engine.store.clone(),
            telemetry: engine.telemetry.clone(),
            prices: engine.prices.clone(),
            _reservation: reservation,
            row: Some(Row {
                status: Status::Cancelled,
                model: model.to_owned(),
                ..self.row()
            }),
            prompt_tokens,
            received: AtomicUsize::new(0),
            is_stand_in: AtomicBool::new(false),
            waits: AtomicBool::new(false),
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
            repository: self.place.repository,
            action: self.action,
            file: Some(self.place.shown),
            lines: self.lines,
            context_files: u32::try_from(self.context_files).unwrap_or(u32::MAX),
            masked: u32::try_from(self.masked).unwrap_or(u32::MAX),
            ..Row::default()
        }
    }
}

/// A request that is under way.
pub(super) struct OpenAccount {
    store: Store,
    telemetry: Telemetry,
    prices: Prices,
    /// Given back when the row was recorded.
    _reservation: Option<Reservation>,
    /// `None` once it is settled.
    row: Option<Row>,
    prompt_tokens: u64,
    received: AtomicUsize,
    is_stand_in: AtomicBool,
    /// Nothing is under way: what was sent came back unbilled, and is sent again in a while.
    waits: AtomicBool,
    since: Instant,
}

/// What an answer is booked as.
struct Bill {
    model: String,
    usage: Usage,
    cost_ticks: Option<u64>,
    estimated: bool,
}

impl OpenAccount {
    /// So many more bytes of the answer came.
    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The request came back unbilled and waits to be sent again, or is.
    pub(super) fn waits(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }

    /// It is the offline stand-in that answers.
    pub(super) fn is_stand_in(&self) {
        self.is_stand_in.store(true, Ordering::Relaxed);
    }

    /// Whether it was the offline stand-in.
    pub(super) fn is_from_stand_in(&self) -> bool {
        self.is_stand_in.load(Ordering::Relaxed)
    }

    pub(super) fn completed(mut self, completion: &Completion) -> Spent {
        let Some(row) = self.row.take() else {
            return Spent::default();
        };
        let model = completion.model.as_deref().unwrap_or(&row.model);
        let bill = self.bill(&row.model, model, &completion.usage);
        self.book(Row {
            status: Status::Ok,
            finish_reason: completion.finish_reason.clone(),
            retries: completion.retries,
            first_token_ms: completion.first_token_ms,
            total_ms: Some(completion.total_ms),
            request_id: completion.request_id.clone(),
            ..billed(row, &bill)
        });
        Spent {
            model: bill.model,
            usage: bill.usage,
            cost_ticks: bill.cost_ticks,
            from_store: false,
        }
    }

    pub(super) fn failed(mut self, failure: &Failure) {
        let Some(row) = self.row.take() else {
            return;
        };
        let bill = if failure.is_billed {
            let model = failure.model.as_deref().unwrap_or(&row.model);
            self.bill(&row.model, model, &failure.usage)
        } else {
            self.nothing(&row.model)
        };
        self.book(Row {
            status: if failure.requests == 0 {
                Status::Refused
            } else {
                Status::Error
            },
            error: Some(failure.error.class().to_owned()),
            retries: failure.retries,
            first_token_ms: failure.first_token_ms,
            total_ms: Some(failure.total_ms),
            request_id: failure.request_id.clone(),
            ..billed(row, &bill)
        });
    }

    fn book(&self, row: Row) {
        self.telemetry.record(&row);
        self.store.record(row);
    }

    /// What the API reported; where it did not say what went in and what came out, what was sent and
    /// what came, as an estimate: it is billed all the same. What it counts over both is taken for
    /// the model's, which is the dearer.
    fn reported_or_estimated(&self, reported: &Usage) -> Usage {
        if reported.has_counts() {
            return *reported;
        }
        let received = estimate_tokens_of(self.received.load(Ordering::Relaxed));
        let over = reported.total_tokens.saturating_sub(self.prompt_tokens);
        let completion_tokens = received.max(over);
        Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens,
            total_tokens: self.prompt_tokens.saturating_add(completion_tokens),
            ..*reported
        }
    }

    /// What the stand-in reports as its price is what the model would have cost; nobody pays it.
    fn bill(&self, asked: &str, answered: &str, reported: &Usage) -> Bill {
        let usage = self.reported_or_estimated(reported);
        let cost_ticks = if self.is_from_stand_in() {
            Some(0)
        } else {
            self.prices.ticks(asked, answered, &usage)
        };
        Bill {
            model: self.model(answered),
            usage,
            cost_ticks,
            estimated: !reported.has_counts(),
        }
    }

    /// For what no model has read.
    fn nothing(&self, asked: &str) -> Bill {
        Bill {
            model: self.model(asked),
            usage: Usage::default(),
            cost_ticks: Some(0),
            estimated: false,
        }
    }

    /// The model as the ledger names it: what the stand-in said never stands under a model's name.
    fn model(&self, model: &str) -> String {
        if self.is_from_stand_in() {
            format!("{model}{STAND_IN}")
        } else {
            model.to_owned()
        }
    }
}

impl Drop for OpenAccount {
    /// A cancelled request never says what it used, but it is billed: what was sent and
    /// what came until then stand in the ledger as estimates. Not so while nothing is under way.
    fn drop(&mut self) {
        let Some(row) = self.row.take() else {
            return;
        };
        let bill = if self.waits.load(Ordering::Relaxed) {
            self.nothing(&row.model)
        } else {
            self.bill(&row.model, &row.model, &Usage::default())
        };
        self.book(Row {
            total_ms: u64::try_from(self.since.elapsed().as_millis()).ok(),
            ..billed(row, &bill)
        });
    }
}

fn billed(row: Row, bill: &Bill) -> Row {
    let usage = &bill.usage;
    Row {
        model: bill.model.clone(),
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.total_tokens,
        text_tokens: usage.text_tokens,
        image_tokens: usage.image_tokens,
        audio_tokens: usage.audio_tokens,
        cached_tokens: usage.cached_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        num_sources_used: usage.num_sources_used,
        cost_ticks: bill.cost_ticks,
        estimated: bill.estimated,
        ..row
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, Settings};
    use crate::llm::{ApiError, RateLimits};
    use crate::store::{By, Key, Query, Totals};

    /// Books one request with a prompt of 1,000 tokens; gives its row and what it adds to sums.
    fn booked(model: &str, settle: impl FnOnce(OpenAccount)) -> (Row, Totals) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_path_buf());
        let engine = Engine::new(Settings::default(), &Environment::new(), store.clone());
        let account = Account {
            action: "explain".into(),
            place: Place::untitled("a", &[]),
            lines: None,
            context_files: 0,
            masked: 0,
        };
        settle(account.open(&engine, model, 1_000, None));
        assert!(store.flush(Duration::from_secs(20)));
        let query = Query {
            by: By::Request,
            ..Query::default()
        };
        let line = store.usage(&query).unwrap().rows.pop().unwrap();
        match line.key {
            Key::Request(row) => (*row, line.totals),
            other => panic!("{other:?}"),
        }
    }

    fn completion(usage: Usage) -> Completion {
        Completion {
            text: "x".repeat(330),
            finish_reason: Some("stop".into()),
            usage,
            model: None,
            system_fingerprint: None,
            request_id: None,
            retries: 0,
            first_token_ms: None,
            total_ms: 1,
            rate_limits: RateLimits::default(),
        }
    }

    fn failure(is_billed: bool, requests: u32) -> Failure {
        Failure {
            error: ApiError::CutOff,
            usage: Usage::default(),
            text: String::new(),
            is_billed,
            model: None,
            status: Some(200),
            request_id: None,
            retries: requests.saturating_sub(1),
            requests,
            first_token_ms: None,
            total_ms: 1,
            rate_limits: RateLimits::default(),
        }
    }

    fn usage(prompt: u64, completion: u64) -> Usage {
        Usage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: prompt + completion,
            ..Usage::default()
        }
    }

    fn total_of(total_tokens: u64) -> Usage {
        Usage {
            total_tokens,
            ..Usage::default()
        }
    }

    /// Tokens of prompt and answer, the cost, how many requests are without one, and how many
    /// are estimates.
    type Booked = (u64, u64, Option<u64>, u64, u64);

    #[test]
    fn what_was_billed_is_booked_whether_or_not_it_was_reported() {
        let check = |model: &str, settle: fn(OpenAccount), status: Status, expected: Booked| {
            let (row, totals) = booked(model, |open| {
                open.received(330);
                settle(open);
            });
            assert_eq!(row.status, status);
            assert_eq!(
                (
                    row.prompt_tokens,
                    row.completion_tokens,
                    row.cost_ticks,
                    totals.unpriced,
                    totals.estimated
                ),
                expected,
                "{model} {status:?}"
            );
        };
        // 1,000 x $1.25 and 100 x $2.50 a million.
        let estimated = (1_000, 100, Some(15_000_000), 0, 1);
        let unknown = (1_000, 100, None, 1, 1);
        let silent: fn(OpenAccount) = |open| drop(open.completed(&completion(Usage::default())));
        check("grok-4.3", silent, Status::Ok, estimated);
        check("llama", silent, Status::Ok, unknown);
        let reported: fn(OpenAccount) = |open| drop(open.completed(&completion(usage(40, 2))));
        check(
            "grok-4.3",
            reported,
            Status::Ok,
            (40, 2, Some(550_000), 0, 0),
        );
        let cut: fn(OpenAccount) = |open| open.failed(&failure(true, 1));
        check("grok-4.3", cut, Status::Error, estimated);
        check("llama", cut, Status::Error, unknown);
        let turned_away: fn(OpenAccount) = |open| open.failed(&failure(false, 3));
        check("llama", turned_away, Status::Error, (0, 0, Some(0), 0, 0));
        let never_sent: fn(OpenAccount) = |open| open.failed(&failure(false, 0));
        check(
            "grok-4.3",
            never_sent,
            Status::Refused,
            (0, 0, Some(0), 0, 0),
        );
        // A total alone: what is over the prompt is the model's.
        let over: fn(OpenAccount) = |open| drop(open.completed(&completion(total_of(5_000))));
        let dear = (1_000, 4_000, Some(112_500_000), 0, 1);
        check("grok-4.3", over, Status::Ok, dear);
        let under: fn(OpenAccount) = |open| drop(open.completed(&completion(total_of(50))));
        check("grok-4.3", under, Status::Ok, estimated);
        let waiting: fn(OpenAccount) = |open| open.waits(true);
        check(
            "grok-4.3",
            waiting,
            Status::Cancelled,
            (0, 0, Some(0), 0, 0),
        );
        let asked_again: fn(OpenAccount) = |open| {
            open.waits(true);
            open.waits(false);
        };
        check("grok-4.3", asked_again, Status::Cancelled, estimated);
        check("grok-4.3", drop, Status::Cancelled, estimated);
        check("llama", drop, Status::Cancelled, unknown);
    }

    #[test]
    fn what_the_stand_in_says_costs_nothing_and_is_not_the_models() {
        let check = |settle: fn(OpenAccount)| {
            let (row, _) = booked("grok-4.3", |open| {
                open.is_stand_in();
                settle(open);
            });
            assert_eq!(
                (row.model.as_str(), row.cost_ticks),
                ("grok-4.3 (stand-in)", Some(0))
            );
        };
        check(|open| {
            let usage = Usage {
                cost_in_usd_ticks: Some(5_000_000),
                ..usage(40, 2)
            };
            let spent = open.completed(&completion(usage));
            assert_eq!(spent.in_words(), "grok-4.3 (stand-in), 42 tokens, $0.0000");
        });
        check(|open| open.failed(&failure(true, 1)));
        check(drop);
    }
}
