//! An answer as far as it was read, whichever wire it came by.

use serde_json::Value;

use super::said::{Said, short};
use super::{ApiError, Usage, Wire};

/// The most text an answer may have, in bytes; past it the answer counts as endless.
pub const LONGEST_ANSWER: usize = 4 << 20;

/// The most of a refusal that is kept, in bytes.
const LONGEST_REFUSAL: usize = 4096;

/// An answer as far as it was read.
#[derive(Debug, Default)]
pub struct Answer {
    wire: Wire,
    pub text: String,
    /// `stop`, `length` and whatever else servers say, as they say it.
    pub finish_reason: Option<String>,
    pub usage: Usage,
    /// The model that answered, by its own account.
    pub model: Option<String>,
    /// What the server calls the system that answered.
    pub fingerprint: Option<String>,
    /// The most tokens that the request allowed in all, where it named a limit for all of them.
    pub most_tokens: Option<u32>,
    refusal: String,
    done: bool,
    has_chunks: bool,
    has_reasoning: bool,
}

/// What one piece of data was.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A keep-alive: the server lives, the model may not.
    Nothing,
    /// A chunk without text: a role, reasoning, usage, the reason for the end.
    Activity,
    /// A piece of the answer's text.
    Text(String),
    /// Nothing more comes.
    Done,
}

/// Why data could not be taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is an error that the server reports inside a 200.
    Said(Said),
    /// It is no JSON; here is its beginning.
    Malformed(String),
    /// It is neither an answer nor known to be an error; here is what it says.
    Foreign(Said),
    /// With it the answer would grow past the limit, which is in bytes.
    Endless(usize),
}

impl Answer {
    /// Nothing yet of an answer by `wire`.
    pub fn by(wire: Wire) -> Self {
        Self {
            wire,
            ..Self::default()
        }
    }

    /// Takes the data of one event.
    pub fn take(&mut self, data: &str) -> Result<Heard, Fault> {
        let data = data.trim();
        if data.is_empty() || data.eq_ignore_ascii_case("ping") {
            return Ok(Heard::Nothing);
        }
        if data == "[DONE]" {
            self.done = true;
            return Ok(Heard::Done);
        }
        match serde_json::from_str::<Value>(data) {
            Ok(chunk) if chunk.is_object() || chunk.is_array() => self.take_chunk(&chunk),
            _ => Err(Fault::Malformed(short(data))),
        }
    }

    /// Takes a whole body that came instead of a stream: an answer, or an error.
    pub fn take_body(&mut self, body: &[u8]) -> Result<Heard, Fault> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Err(Fault::Foreign(Said::from_body(body)));
        };
        if !self.wire.is_answer(&value) && error_in(&value).is_none() {
            return Err(Fault::Foreign(Said::from_json(&value)));
        }
        let heard = self.take_chunk(&value)?;
        self.done = true;
        Ok(heard)
    }

    /// Has the model said why it ended? Then only usage may still come.
    pub fn has_ended(&self) -> bool {
        self.done || self.finish_reason.is_some()
    }

    /// Has the server said that nothing more comes?
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Notes that the connection ended within a chunk, which is lost.
    pub fn lose_end(&mut self) {
        self.has_chunks = true;
    }

    /// Has the model said anything at all, be it that it begins, so that it must have read the
    /// prompt, which is billed?
    pub fn has_begun(&self) -> bool {
        self.has_chunks || !self.text.is_empty() || self.has_reasoning || self.usage.is_reported()
    }

    /// Has the model written as much as the request allowed, by what the server counted?
    pub(super) fn is_at_limit(&self) -> bool {
        self.most_tokens
            .is_some_and(|most| self.usage.output_tokens() >= u64::from(most))
    }

    /// Whether the answer, now that the connection has ended, is whole.
    pub fn check_end(&self) -> Result<(), ApiError> {
        if self.text.is_empty() && !self.refusal.is_empty() {
            let said = short(&self.refusal);
            return Err(ApiError::ContentRefused { said });
        }
        // Thoughts count against the limit on one wire, and with most servers on the other.
        if self.text.is_empty() && self.finish_reason.as_deref() == Some("length") {
            return Err(ApiError::Wordless);
        }
        match (self.finish_reason.is_some(), self.done) {
            (true, _) => Ok(()),
            (false, true) if !self.text.is_empty() => Ok(()),
            // LM Studio answers a prompt longer than its context like this.
            (false, true) => Err(ApiError::Empty),
            (false, false) if !self.has_chunks => Err(ApiError::Nothing),
            (false, false) => Err(ApiError::CutOff),
        }
    }

    fn take_chunk(&mut self, chunk: &Value) -> Result<Heard, Fault> {
        if is_keep_alive(chunk) {
            return Ok(Heard::Nothing);
        }
        if let Some(error) = error_in(chunk) {
            return Err(Fault::Said(Said::from_json(error)));
        }
        let heard = self.wire.read(chunk, self)?;
        self.has_chunks = true;
        Ok(heard)
    }

    /// Takes what either wire tells of an answer beside its text, where `head` holds it.
    pub(super) fn take_head(&mut self, head: &Value) {
        if let Some(usage) = head.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Usage::read(usage);
        }
        if let Some(model) = text_at(head, "model") {
            self.model = Some(short(model));
        }
        if let Some(fingerprint) = text_at(head, "system_fingerprint") {
            self.fingerprint = Some(short(fingerprint));
        }
    }

    /// Takes a piece of the text, which may be empty.
    pub(super) fn take_text(&mut self, text: String) -> Result<Heard, Fault> {
        if text.is_empty() {
            return Ok(Heard::Activity);
        }
        if self.text.len() + text.len() > LONGEST_ANSWER {
            return Err(Fault::Endless(LONGEST_ANSWER));
        }
        self.text.push_str(&text);
        Ok(Heard::Text(text))
    }

    /// Takes a piece of the refusal that a model gives in place of an answer.
    pub(super) fn take_refusal(&mut self, refusal: &str) {
        if self.refusal.len() < LONGEST_REFUSAL {
            self.refusal.push_str(refusal);
        }
    }

    /// Has the model begun to refuse?
    pub(super) fn is_refused(&self) -> bool {
        !self.refusal.is_empty()
    }

    /// Notes that the model thinks, which is billed.
    pub(super) fn note_reasoning(&mut self) {
        self.has_reasoning = true;
    }

    /// Notes why the model ended.
    pub(super) fn end(&mut self, reason: &str) {
        self.finish_reason = Some(short(reason));
    }

    /// Notes that nothing more comes.
    pub(super) fn close(&mut self) {
        self.done = true;
    }
}

/// A text that is there and not empty.
pub(super) fn text_at<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// Is there an error in this value, and not merely the place for one?
pub(super) fn is_set(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

fn is_keep_alive(chunk: &Value) -> bool {
    matches!(text_at(chunk, "type"), Some("ping" | "keepalive"))
}

/// The error that a chunk is, in any of the shapes servers give it on either wire.
fn error_in(chunk: &Value) -> Option<&Value> {
    if let Some(first) = chunk.as_array() {
        return first.iter().find_map(error_in);
    }
    let says_so = |name: &str| text_at(chunk, name) == Some("error");
    if chunk.get("error").is_some_and(is_set) || says_so("object") || says_so("type") {
        return Some(chunk);
    }
    let is_answer = ["choices", "usage", "id", "response", "output"]
        .iter()
        .any(|name| chunk.get(*name).is_some());
    let has_words = ["detail", "message", "msg"]
        .iter()
        .any(|name| chunk.get(*name).is_some());
    (!is_answer && has_words).then_some(chunk)
}
