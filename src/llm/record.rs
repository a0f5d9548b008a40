//! What the ledger wants to know of a call, gathered while it runs.

use std::time::Duration;

use reqwest::Response;
use tokio::time::Instant;

use super::chat::{Fault, Heard};
use super::key::scrub;
use super::reading::Reading;
use super::said::short;
use super::{ApiError, Call, Completion, Event, Failure, RateLimits};

/// What is known of a call so far.
pub struct Record {
    pub started: Instant,
    /// The answer of the latest try.
    pub reading: Reading,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// All that were sent, the retries too.
    pub requests: u32,
    first_token: Option<Duration>,
    rate_limits: RateLimits,
}

impl Record {
    /// Of a call that begins now.
    pub fn begin() -> Self {
        Self {
            started: Instant::now(),
            reading: Reading::default(),
            status: None,
            request_id: None,
            requests: 0,
            first_token: None,
            rate_limits: RateLimits::default(),
        }
    }

    /// Forgets the answer of the try before.
    pub fn begin_try(&mut self) {
        self.reading = Reading::default();
        self.status = None;
        self.request_id = None;
    }

    /// Takes what the headers tell.
    pub fn take_head(&mut self, response: &Response) {
        let text = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let number = |name: &str| text(name).and_then(|value| value.trim().parse().ok());
        self.status = Some(response.status().as_u16());
        self.request_id = text("x-request-id").map(short).filter(|id| !id.is_empty());
        self.rate_limits = RateLimits {
            limit_requests: number("x-ratelimit-limit-requests"),
            remaining_requests: number("x-ratelimit-remaining-requests"),
            limit_tokens: number("x-ratelimit-limit-tokens"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            zero_data_retention: text("x-zero-data-retention")
                .and_then(|value| value.trim().to_ascii_lowercase().parse().ok()),
        };
    }

    /// Reads a piece of the body, passing its text on. True if it was more than keep-alives.
    pub fn take_piece(
        &mut self,
        piece: &[u8],
        on_event: &mut (dyn FnMut(Event) + Send),
    ) -> Result<bool, Fault> {
        let (started, first) = (self.started, &mut self.first_token);
        let mut hear = |heard| pass_on(heard, started, first, on_event);
        self.reading.push(piece, &mut hear)
    }

    /// Reads the end of the body, passing on the text that it completes.
    pub fn take_end(&mut self, on_event: &mut (dyn FnMut(Event) + Send)) -> Result<(), Fault> {
        let (started, first) = (self.started, &mut self.first_token);
        let mut hear = |heard| pass_on(heard, started, first, on_event);
        self.reading.finish(&mut hear)
    }

    /// The outcome of a call that went well.
    pub fn completion(self, call: &Call) -> Completion {
        let clean = |text: String| scrub(&text, call.endpoint.key.as_ref());
        let total_ms = milliseconds(self.started.elapsed());
        let answer = self.reading.answer;
        Completion {
            text: answer.text,
            finish_reason: answer.finish_reason.map(clean),
            usage: answer.usage,
            model: answer.model.map(clean),
            request_id: self.request_id.map(clean),
            retries: self.requests.saturating_sub(1),
            first_token_ms: self.first_token.map(milliseconds),
            total_ms,
            rate_limits: self.rate_limits,
        }
    }

    /// The outcome of a call that failed.
    pub fn failure(self, call: &Call, error: ApiError) -> Failure {
        let requests = self.requests;
        let status = self.status;
        let completion = self.completion(call);
        Failure {
            error,
            usage: completion.usage,
            text: completion.text,
            model: completion.model,
            status,
            request_id: completion.request_id,
            retries: completion.retries,
            requests,
            first_token_ms: completion.first_token_ms,
            total_ms: completion.total_ms,
            rate_limits: completion.rate_limits,
        }
    }
}

/// Passes text on, and notes when the first came.
fn pass_on(
    heard: Heard,
    started: Instant,
    first_token: &mut Option<Duration>,
    on_event: &mut (dyn FnMut(Event) + Send),
) {
    if let Heard::Text(text) = heard {
        first_token.get_or_insert_with(|| started.elapsed());
        on_event(Event::Delta(text));
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
