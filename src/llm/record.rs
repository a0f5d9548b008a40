//! What the ledger wants to know of a call, gathered while it runs.

use std::time::Duration;

use reqwest::Response;
use tokio::time::Instant;

use super::answer::{Fault, Heard};
use super::key::{Key, scrub, scrub_answer};
use super::reading::Reading;
use super::{ApiError, Call, Completion, Event, Failure, RateLimits, STAND_IN, Wire};

/// What is known of a call so far.
pub struct Record {
    pub started: Instant,
    wire: Wire,
    /// The answer of the latest try.
    pub reading: Reading,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// All that were sent, the retries too.
    pub requests: u32,
    /// What no text that is passed on may hold.
    key: Option<Key>,
    first_token: Option<Duration>,
    is_stand_in: bool,
    rate_limits: RateLimits,
}

impl Record {
    /// Of a call that begins now.
    pub fn begin(call: &Call) -> Self {
        Self {
            started: Instant::now(),
            wire: call.wire,
            reading: Reading::by(call.wire),
            status: None,
            request_id: None,
            requests: 0,
            key: call.endpoint.key.clone(),
            first_token: None,
            is_stand_in: false,
            rate_limits: RateLimits::default(),
        }
    }

    /// Forgets the answer of the try before. The next may have so many tokens in all, where the
    /// request says so.
    pub fn begin_try(&mut self, most_tokens: Option<u32>) {
        self.reading = Reading::by(self.wire);
        self.reading.answer.most_tokens = most_tokens;
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
        self.status = Some(response.status().as_u16());
        self.request_id = text("x-request-id")
            .filter(|id| is_id(id))
            .map(str::to_owned);
        self.rate_limits = RateLimits::of(response.headers());
    }

    /// Reads a piece of the body, passing its text on. True if it was more than keep-alives.
    pub fn take_piece(
        &mut self,
        piece: &[u8],
        on_event: &mut (dyn FnMut(Event) + Send),
    ) -> Result<bool, Fault> {
        let mut texts = Vec::new();
        let taken = self
            .reading
            .push(piece, &mut |heard| keep_text(heard, &mut texts));
        self.pass_on(texts, on_event);
        taken
    }

    /// Reads the end of the body, passing on the text that it completes.
    pub fn take_end(&mut self, on_event: &mut (dyn FnMut(Event) + Send)) -> Result<(), Fault> {
        let mut texts = Vec::new();
        let taken = self
            .reading
            .finish(&mut |heard| keep_text(heard, &mut texts));
        self.pass_on(texts, on_event);
        taken
    }

    /// Passes text on, and notes when the first came, and from whom.
    fn pass_on(&mut self, texts: Vec<String>, on_event: &mut (dyn FnMut(Event) + Send)) {
        let fingerprint = self.reading.answer.fingerprint.as_deref();
        if !self.is_stand_in && fingerprint == Some(STAND_IN) {
            self.is_stand_in = true;
            on_event(Event::StandIn);
        }
        for text in texts {
            let started = self.started;
            self.first_token.get_or_insert_with(|| started.elapsed());
            on_event(Event::Delta(scrub_answer(text, self.key.as_ref())));
        }
    }

    /// The outcome of a call that went well.
    pub fn completion(self, call: &Call) -> Completion {
        let key = call.endpoint.key.as_ref();
        let clean = |text: String| scrub(&text, key);
        let total_ms = milliseconds(self.started.elapsed());
        let answer = self.reading.answer;
        Completion {
            text: scrub_answer(answer.text, key),
            finish_reason: answer.finish_reason.map(clean),
            usage: answer.usage,
            model: answer.model.map(clean).map(|name| plain_name(&name)),
            system_fingerprint: answer.fingerprint.map(clean),
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
        let is_billed = self.reading.answer.has_begun() || may_be_billed(&error);
        let completion = self.completion(call);
        Failure {
            error,
            usage: completion.usage,
            text: completion.text,
            is_billed,
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

fn keep_text(heard: Heard, texts: &mut Vec<String>) {
    if let Heard::Text(text) = heard {
        texts.push(text);
    }
}

/// After a time-out nobody knows, for the request was sent and may be at work yet.
fn may_be_billed(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::FirstByteTimeout { .. }
            | ApiError::IdleTimeout { .. }
            | ApiError::TotalTimeout { .. }
    )
}

/// A model's name as the server gives it, with nothing that means something to Markdown, beside
/// which it is shown.
fn plain_name(name: &str) -> String {
    let is_of_a_name = |c: char| c.is_alphanumeric() || " -_.:/@+(),#".contains(c);
    name.replace(|c| !is_of_a_name(c), "?")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a header holds an identifier and nothing else: what an API is asked could come back in it.
fn is_id(text: &str) -> bool {
    let is_of_id = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    (1..=100).contains(&text.len()) && text.bytes().all(is_of_id)
}
