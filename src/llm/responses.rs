//! responses as pure functions: the request's body, and the reading of its events.

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
    input: Vec<Message<'a, InputPart<'a>>>,
    stream: bool,
    /// Never: what is asked is nobody's to keep.
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum InputPart<'a> {
    InputText { text: &'a str },
    InputImage { image_url: &'a str, detail: Detail },
}

#[derive(Debug, Serialize)]
struct Reasoning {
    effort: Effort,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    format: Format<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema {
        name: &'static str,
        strict: bool,
        schema: &'a Value,
    },
}

/// The body for `call`, without the fields that its model was seen to refuse.
pub fn body<'a>(call: &'a Call, refused: &BTreeSet<Field>) -> Body<'a> {
    let taken = |field: Field| !refused.contains(&field);
    let effort = call.effort_unless(refused);
    let conversation = call
        .conversation
        .as_deref()
        .filter(|_| models::is_grok(&call.model) && taken(Field::PromptCacheKey));
    let schema = call.prompt.schema.as_ref();
    Body {
        model: &call.model,
        input: messages(&call.prompt, input_part),
        stream: true,
        store: false,
        max_output_tokens: most_tokens(call, refused),
        temperature: call.temperature_unless(refused),
        reasoning: effort.map(|effort| Reasoning { effort }),
        text: schema.filter(|_| taken(Field::ResponseFormat)).map(format),
        prompt_cache_key: conversation,
    }
}

impl Body<'_> {
    /// Is `field` part of this body?
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::ReasoningEffort => self.reasoning.is_some(),
            Field::Temperature => self.temperature.is_some(),
            Field::MaxOutputTokens => self.max_output_tokens.is_some(),
            Field::ResponseFormat => self.text.is_some(),
            Field::PromptCacheKey => self.prompt_cache_key.is_some(),
            Field::MaxCompletionTokens | Field::MaxTokens | Field::StreamOptions => false,
        }
    }
}

/// The most tokens, thoughts among them, that an answer may have by that body.
pub fn most_tokens(call: &Call, refused: &BTreeSet<Field>) -> Option<u32> {
    let visible = call
        .max_output_tokens
        .filter(|_| !refused.contains(&Field::MaxOutputTokens))?;
    let effort = call.effort_unless(refused);
    Some(visible.saturating_add(room_to_think(&call.model, effort)))
}

/// The tokens that a model may think, over those of its text: on this wire, other than on
/// chat/completions, xAI counts both against the limit, and a model that has thought it away
/// says nothing.
fn room_to_think(model: &str, effort: Option<Effort>) -> u32 {
    if !models::is_grok(model) || model.contains("non-reasoning") {
        return 0;
    }
    match effort {
        Some(Effort::None) => 0,
        Some(Effort::Low) => 4_000,
        // Those whose effort is their own affair.
        Some(Effort::Medium) | None => 8_000,
        Some(Effort::High) => 16_000,
        Some(Effort::Xhigh) => 32_000,
    }
}

fn input_part(part: &Part) -> InputPart<'_> {
    match part {
        Part::Text(text) => InputPart::InputText { text },
        Part::Image(image) => InputPart::InputImage {
            image_url: &image.url,
            detail: image.detail,
        },
    }
}

fn format(schema: &Schema) -> Text<'_> {
    Text {
        format: Format::JsonSchema {
            name: schema.name,
            strict: true,
            schema: &schema.schema,
        },
    }
}

/// Reads one event, or a whole response that came instead of a stream.
pub fn read(event: &Value, answer: &mut Answer) -> Result<Heard, Fault> {
    let kind = text_at(event, "type").unwrap_or_default();
    match kind {
        "response.output_text.delta" => answer.take_text(text_of(event, "delta")),
        // Of a server that sends no deltas.
        "response.output_text.done" if answer.text.is_empty() => {
            answer.take_text(text_of(event, "text"))
        }
        "response.refusal.delta" => {
            answer.take_refusal(text_at(event, "delta").unwrap_or_default());
            Ok(Heard::Activity)
        }
        _ if is_thought(kind, event) => {
            answer.note_reasoning();
            Ok(Heard::Activity)
        }
        _ => match event.get("response") {
            Some(response) => read_response(kind, response, answer),
            None if event.get("output").is_some() => read_response("", event, answer),
            None => Ok(Heard::Activity),
        },
    }
}

/// Does an event show the model at thinking? What it thinks is not looked at.
fn is_thought(kind: &str, event: &Value) -> bool {
    let item = event.get("item").and_then(|item| text_at(item, "type"));
    kind.starts_with("response.reasoning") || item == Some("reasoning")
}

/// Reads a response as far as it has come; the last event carries all of it, with its usage.
fn read_response(kind: &str, response: &Value, answer: &mut Answer) -> Result<Heard, Fault> {
    answer.take_head(response);
    let status = match kind.strip_prefix("response.") {
        Some(status @ ("completed" | "incomplete" | "failed" | "cancelled")) => status,
        Some("created" | "queued" | "in_progress") => return Ok(Heard::Activity),
        _ => text_at(response, "status").unwrap_or_default(),
    };
    if status == "failed" {
        let error = response.get("error").filter(|error| is_set(error));
        return Err(Fault::Said(Said::from_json(error.unwrap_or(response))));
    }
    let mut heard = Heard::Activity;
    if answer.text.is_empty() && !answer.is_refused() {
        answer.take_refusal(&said_in(response, "refusal", "refusal"));
        heard = answer.take_text(said_in(response, "output_text", "text"))?;
    }
    let reason = match status {
        // llama.cpp calls an answer completed that its limit cut.
        "completed" if answer.is_at_limit() => "length",
        "completed" => "stop",
        "incomplete" => why_incomplete(response),
        "cancelled" => status,
        _ => return Ok(heard),
    };
    answer.end(reason);
    answer.close();
    Ok(heard)
}

/// Why a response is not whole, in the words of chat/completions where they have one.
fn why_incomplete(response: &Value) -> &str {
    let details = response.get("incomplete_details");
    match details.and_then(|details| text_at(details, "reason")) {
        Some("max_output_tokens" | "max_tokens") => "length",
        Some(reason) => reason,
        None => "incomplete",
    }
}

/// What the parts of this kind in a response's messages say under `name`.
fn said_in(response: &Value, kind: &str, name: &str) -> String {
    let of_kind = |part: &&Value| text_at(part, "type") == Some(kind);
    let parts = items(response, "output").iter();
    let parts = parts.flat_map(|item| items(item, "content"));
    let said = parts.filter(of_kind).filter_map(|part| text_at(part, name));
    said.collect()
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn text_of(event: &Value, name: &str) -> String {
    text_at(event, name).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
