//! chat/completions as pure functions: the request's body, and the reading of its chunks.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::said::{Said, short};
use super::{ApiError, Call, Effort, Usage, models};
use crate::prompt::{Detail, Part, Prompt, Schema};

/// The most text an answer may have, in bytes; past it the answer counts as endless.
pub const LONGEST_ANSWER: usize = 4 << 20;

/// A field of the request that a model may refuse, and that we can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    ReasoningEffort,
    Temperature,
    MaxCompletionTokens,
    MaxTokens,
    ResponseFormat,
    StreamOptions,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ReasoningEffort,
        Self::Temperature,
        Self::MaxCompletionTokens,
        Self::MaxTokens,
        Self::ResponseFormat,
        Self::StreamOptions,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReasoningEffort => "reasoning_effort",
            Self::Temperature => "temperature",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::MaxTokens => "max_tokens",
            Self::ResponseFormat => "response_format",
            Self::StreamOptions => "stream_options",
        }
    }

    /// The field called `name`, in whatever case: servers write `reasoningEffort` too.
    pub fn named(name: &str) -> Option<Self> {
        let name = letters(name);
        Self::ALL
            .into_iter()
            .find(|field| letters(field.name()) == name)
    }

    /// The field that `text` mentions first.
    pub fn mentioned(text: &str) -> Option<Self> {
        let text = letters(text);
        let mut places: Vec<(usize, Self)> = Vec::new();
        for field in Self::ALL {
            places.extend(text.find(&letters(field.name())).map(|at| (at, field)));
        }
        for name in ["jsonschema", "structuredoutput"] {
            places.extend(text.find(name).map(|at| (at, Self::ResponseFormat)));
        }
        places.into_iter().min().map(|(_, field)| field)
    }
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The JSON body of a request.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
    detail: Detail,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Debug, Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a Value,
}

/// The body for `call`, without the fields that its model was seen to refuse.
///
/// Never `stop` nor the penalties: current models answer them with 400, even at 0.
pub fn body<'a>(call: &'a Call, refused: &BTreeSet<Field>) -> Body<'a> {
    let taken = |field: Field| !refused.contains(&field);
    let limit = |field: Field| {
        call.max_output_tokens
            .filter(|_| limits_by(call, refused) == Some(field))
    };
    let effort = call
        .effort
        .filter(|_| models::is_grok(&call.model) && taken(Field::ReasoningEffort));
    let temperature = call
        .temperature
        .filter(|t| t.is_finite() && taken(Field::Temperature));
    Body {
        model: &call.model,
        messages: messages(&call.prompt),
        stream: true,
        stream_options: taken(Field::StreamOptions).then_some(StreamOptions {
            include_usage: true,
        }),
        max_completion_tokens: limit(Field::MaxCompletionTokens),
        max_tokens: limit(Field::MaxTokens),
        temperature: temperature.map(|t| t.clamp(0.0, 2.0)),
        reasoning_effort: effort.and_then(|effort| models::effort(&call.model, effort)),
        response_format: call
            .prompt
            .schema
            .as_ref()
            .filter(|_| taken(Field::ResponseFormat))
            .map(response_format),
    }
}

impl Body<'_> {
    /// Is `field` part of this body?
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::ReasoningEffort => self.reasoning_effort.is_some(),
            Field::Temperature => self.temperature.is_some(),
            Field::MaxCompletionTokens => self.max_completion_tokens.is_some(),
            Field::MaxTokens => self.max_tokens.is_some(),
            Field::ResponseFormat => self.response_format.is_some(),
            Field::StreamOptions => self.stream_options.is_some(),
        }
    }
}

/// Which field carries the limit: at xAI `max_tokens` is deprecated, Ollama reads nothing
/// else, and OpenAI's newer models refuse it for the other.
fn limits_by(call: &Call, refused: &BTreeSet<Field>) -> Option<Field> {
    let by_preference = if models::is_grok(&call.model) {
        [Field::MaxCompletionTokens, Field::MaxTokens]
    } else {
        [Field::MaxTokens, Field::MaxCompletionTokens]
    };
    by_preference
        .into_iter()
        .find(|field| !refused.contains(field))
}

/// The instructions come first: an unchanged beginning is billed at the cached rate.
fn messages(prompt: &Prompt) -> Vec<Message<'_>> {
    let mut messages = Vec::with_capacity(2);
    if !prompt.instructions.is_empty() {
        messages.push(Message {
            role: "system",
            content: Content::Text(Cow::Borrowed(&prompt.instructions)),
        });
    }
    messages.push(Message {
        role: "user",
        content: content(&prompt.parts),
    });
    messages
}

/// Text alone is one string, since not every compatible server takes parts.
fn content(parts: &[Part]) -> Content<'_> {
    let texts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image(_) => None,
        })
        .collect();
    match texts.as_deref() {
        Some([text]) => Content::Text(Cow::Borrowed(text)),
        Some(texts) => Content::Text(Cow::Owned(texts.join("\n\n"))),
        None => Content::Parts(parts.iter().map(content_part).collect()),
    }
}

fn content_part(part: &Part) -> ContentPart<'_> {
    match part {
        Part::Text(text) => ContentPart::Text { text },
        Part::Image(image) => ContentPart::ImageUrl {
            image_url: ImageUrl {
                url: &image.url,
                detail: image.detail,
            },
        },
    }
}

fn response_format(schema: &Schema) -> ResponseFormat<'_> {
    ResponseFormat::JsonSchema {
        json_schema: JsonSchema {
            name: schema.name,
            strict: true,
            schema: &schema.schema,
        },
    }
}

/// An answer as far as it was read.
#[derive(Debug, Default)]
pub struct Answer {
    pub text: String,
    /// `stop`, `length` and whatever else servers say, as they say it.
    pub finish_reason: Option<String>,
    pub usage: Usage,
    /// The model that answered, by its own account.
    pub model: Option<String>,
    /// What the server calls the system that answered.
    pub fingerprint: Option<String>,
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
    /// `[DONE]`.
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
        if value.get("choices").is_none() && error_in(&value).is_none() {
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

    /// Has the model been seen at work, so that what it did is billed?
    pub fn is_billed(&self) -> bool {
        !self.text.is_empty() || self.has_reasoning || self.usage.is_reported()
    }

    /// Has the model said anything at all, so that it must have read the prompt?
    pub fn has_begun(&self) -> bool {
        self.has_chunks || self.is_billed()
    }

    /// Whether the answer, now that the connection has ended, is whole.
    pub fn check_end(&self) -> Result<(), ApiError> {
        if self.text.is_empty() && !self.refusal.is_empty() {
            let said = short(&self.refusal);
            return Err(ApiError::ContentRefused { said });
        }
        match (self.finish_reason.is_some(), self.done) {
            (true, _) => Ok(()),
            (false, true) if !self.text.is_empty() => Ok(()),
            // LM Studio answers a prompt longer than its context like this.
            (false, true) => Err(ApiError::Empty),
            (false, false) if !self.has_chunks => Err(ApiError::Empty),
            (false, false) => Err(ApiError::CutOff),
        }
    }

    fn take_chunk(&mut self, chunk: &Value) -> Result<Heard, Fault> {
        if is_ping(chunk) {
            return Ok(Heard::Nothing);
        }
        if let Some(error) = error_in(chunk) {
            return Err(Fault::Said(Said::from_json(error)));
        }
        self.has_chunks = true;
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Usage::read(usage);
        }
        if let Some(model) = text_at(chunk, "model") {
            self.model = Some(short(model));
        }
        if let Some(fingerprint) = text_at(chunk, "system_fingerprint") {
            self.fingerprint = Some(short(fingerprint));
        }
        let Some(choice) = first_choice(chunk) else {
            return Ok(Heard::Activity);
        };
        if let Some(reason) = text_at(choice, "finish_reason") {
            self.finish_reason = Some(short(reason));
        }
        if let Some(message) = choice.get("delta").or_else(|| choice.get("message")) {
            self.take_asides(message);
        }
        let text = self.text_of(choice);
        if text.is_empty() {
            return Ok(Heard::Activity);
        }
        if self.text.len() + text.len() > LONGEST_ANSWER {
            return Err(Fault::Endless(LONGEST_ANSWER));
        }
        self.text.push_str(&text);
        Ok(Heard::Text(text))
    }

    /// What a message holds beside its content: thoughts, which only count as activity, and
    /// the refusal that OpenAI's models give in place of an answer.
    fn take_asides(&mut self, message: &Value) {
        let thoughts = ["reasoning_content", "reasoning"];
        self.has_reasoning |= thoughts.iter().any(|name| text_at(message, name).is_some());
        let refusal = text_at(message, "refusal").filter(|_| self.refusal.len() < 4096);
        self.refusal.push_str(refusal.unwrap_or_default());
    }

    /// The text of a choice: its delta, or the bare text of old completions; or its whole
    /// message, if none of it came as deltas.
    fn text_of(&self, choice: &Value) -> String {
        let content = |name: &str| choice.get(name).and_then(|message| message.get("content"));
        let pieces = [content("delta"), choice.get("text")];
        let piece: String = pieces.into_iter().flatten().map(text_in).collect();
        if !piece.is_empty() || !self.text.is_empty() {
            return piece;
        }
        content("message").map(text_in).unwrap_or_default()
    }
}

/// Content is a string, an array of parts, or null.
fn text_in(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(text_of_part).collect(),
        _ => String::new(),
    }
}

fn text_of_part(part: &Value) -> Option<&str> {
    part.as_str()
        .or_else(|| part.get("text").and_then(Value::as_str))
}

/// A text that is there and not empty.
fn text_at<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// We ask for one choice; of several the one numbered 0 counts.
fn first_choice(chunk: &Value) -> Option<&Value> {
    let choices = chunk.get("choices")?.as_array()?;
    let is_first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
    choices.iter().find(is_first)
}

fn is_ping(chunk: &Value) -> bool {
    text_at(chunk, "type") == Some("ping")
}

/// The error that a chunk is, or carries, in any of the shapes servers give it.
fn error_in(chunk: &Value) -> Option<&Value> {
    if let Some(first) = chunk.as_array() {
        return first.iter().find_map(error_in);
    }
    let is_set = |error: &&Value| match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    let says_so = |name: &str| text_at(chunk, name) == Some("error");
    if chunk.get("error").as_ref().is_some_and(is_set) || says_so("object") || says_so("type") {
        return Some(chunk);
    }
    if let Some(choice) = first_choice(chunk) {
        return choice.get("error").filter(is_set);
    }
    let is_answer = ["choices", "usage", "id"]
        .iter()
        .any(|name| chunk.get(*name).is_some());
    let has_words = ["detail", "message", "msg"]
        .iter()
        .any(|name| chunk.get(*name).is_some());
    (!is_answer && has_words).then_some(chunk)
}

#[cfg(test)]
mod tests;
