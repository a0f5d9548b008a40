//! chat/completions as pure functions: the request's body, and the reading of its chunks.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::answer::{Answer, Fault, Heard, is_set, text_at};
use super::field::Field;
use super::messages::{Message, messages};
use super::said::Said;
use super::{Call, Effort, models};
use crate::prompt::{Detail, Part, Schema};

/// The JSON body of a request.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a, ContentPart<'a>>>,
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
    Body {
        model: &call.model,
        messages: messages(&call.prompt, content_part),
        stream: true,
        stream_options: taken(Field::StreamOptions).then_some(StreamOptions {
            include_usage: true,
        }),
        max_completion_tokens: limit(Field::MaxCompletionTokens),
        max_tokens: limit(Field::MaxTokens),
        temperature: call.temperature_unless(refused),
        reasoning_effort: call.effort_unless(refused),
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
            Field::MaxOutputTokens | Field::PromptCacheKey => false,
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

/// Reads one chunk, or a whole completion that came instead of a stream.
pub fn read(chunk: &Value, answer: &mut Answer) -> Result<Heard, Fault> {
    let choice = first_choice(chunk);
    let error = choice.and_then(|choice| choice.get("error"));
    if let Some(error) = error.filter(|error| is_set(error)) {
        return Err(Fault::Said(Said::from_json(error)));
    }
    answer.take_head(chunk);
    let Some(choice) = choice else {
        return Ok(Heard::Activity);
    };
    if let Some(reason) = text_at(choice, "finish_reason") {
        answer.end(reason);
    }
    if let Some(message) = choice.get("delta").or_else(|| choice.get("message")) {
        take_asides(message, answer);
    }
    answer.take_text(text_of(choice, answer))
}

/// What a message holds beside its content: thoughts, which only count as activity, and
/// the refusal that OpenAI's models give in place of an answer.
fn take_asides(message: &Value, answer: &mut Answer) {
    let thoughts = ["reasoning_content", "reasoning"];
    if thoughts.iter().any(|name| text_at(message, name).is_some()) {
        answer.note_reasoning();
    }
    answer.take_refusal(text_at(message, "refusal").unwrap_or_default());
}

/// The text of a choice: its delta, or the bare text of old completions; or its whole
/// message, if none of it came as deltas.
fn text_of(choice: &Value, answer: &Answer) -> String {
    let content = |name: &str| choice.get(name).and_then(|message| message.get("content"));
    let pieces = [content("delta"), choice.get("text")];
    let piece: String = pieces.into_iter().flatten().map(text_in).collect();
    if !piece.is_empty() || !answer.text.is_empty() {
        return piece;
    }
    content("message").map(text_in).unwrap_or_default()
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

/// We ask for one choice; of several the one numbered 0 counts.
fn first_choice(chunk: &Value) -> Option<&Value> {
    let choices = chunk.get("choices")?.as_array()?;
    let is_first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
    choices.iter().find(is_first)
}

#[cfg(test)]
pub(super) mod tests;
