//! chat/completions as the API speaks it: which fields it takes, and the shapes it answers in.

use serde::Deserialize;
use serde_json::{Value, json};

use super::FINGERPRINT;
use super::answer::{Answer, Stamp, Usage, pieces};
use super::errors::Refusal;
use super::models::Model;
use super::request::{
    Detail, Effort, Format, Image, Limit, Piece, Request, Written, check_temperature, effort,
    format_of, model,
};

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Written<Part>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_completion_tokens: Option<u64>,
    max_tokens: Option<u64>,
    temperature: Option<f64>,
    reasoning_effort: Option<Effort>,
    response_format: Option<ResponseFormat>,
    stop: Option<Value>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    search_parameters: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
    #[serde(default)]
    detail: Option<Detail>,
}

impl From<Part> for Piece {
    fn from(part: Part) -> Self {
        match part {
            Part::Text { text } => Self::Text(text),
            Part::ImageUrl { image_url } => Self::Image(Image {
                url: image_url.url,
                detail: image_url.detail,
            }),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Deserialize)]
struct JsonSchema {
    #[serde(default)]
    schema: Value,
}

/// Reads and checks a request's body; with it, whether a stream is to end with the usage.
pub fn parse(body: &[u8]) -> Result<(Request, bool), Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|cause| Refusal::body_not_understood(&cause))?;
    let model = model(&body.model)?;
    check_parameters(model, &body)?;
    let include_usage = body.stream_options.and_then(|asked| asked.include_usage);
    let request = Request {
        model,
        stream: body.stream.unwrap_or(false),
        limit: body
            .max_completion_tokens
            .or(body.max_tokens)
            .map(Limit::Visible),
        effort: effort(model, body.reasoning_effort)?,
        format: body.response_format.as_ref().map_or(Format::Text, format),
        messages: body.messages.into_iter().map(Into::into).collect(),
    };
    Ok((request, include_usage.unwrap_or(false)))
}

fn check_parameters(model: &Model, body: &Body) -> Result<(), Refusal> {
    if body.search_parameters.is_some() {
        return Err(Refusal::live_search_is_gone());
    }
    // Refused even at 0, and named in camel case whatever was sent.
    let refused = [
        (body.stop.is_some(), "stop"),
        (body.presence_penalty.is_some(), "presencePenalty"),
        (body.frequency_penalty.is_some(), "frequencyPenalty"),
    ];
    if let Some((_, parameter)) = refused.iter().find(|(sent, _)| *sent) {
        return Err(Refusal::unsupported_parameter(model.id, parameter));
    }
    check_temperature(body.temperature)?;
    if body.messages.is_empty() {
        return Err(Refusal::bad_value("Messages cannot be empty."));
    }
    Ok(())
}

fn format(asked: &ResponseFormat) -> Format {
    match asked {
        ResponseFormat::Text => Format::Text,
        ResponseFormat::JsonObject => Format::Json,
        ResponseFormat::JsonSchema { json_schema } => format_of(&json_schema.schema),
    }
}

/// Reasoning stands beside the completion, not in it.
fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt() + usage.completion + usage.reasoning,
        "prompt_tokens_details": {
            "text_tokens": usage.text,
            "audio_tokens": 0,
            "image_tokens": usage.image,
            "cached_tokens": usage.cached,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
        "cost_in_usd_ticks": usage.cost_ticks,
    })
}

/// The answer in one piece.
pub fn completion(answer: &Answer, stamp: &Stamp) -> Value {
    json!({
        "id": stamp.id,
        "object": "chat.completion",
        "created": stamp.created,
        "model": answer.model.id,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": answer.content, "refusal": null },
            "finish_reason": answer.finish_reason,
        }],
        "usage": usage(&answer.usage),
        "system_fingerprint": FINGERPRINT,
    })
}

/// The answer as server-sent events, in order.
pub fn events(answer: &Answer, stamp: &Stamp, include_usage: bool) -> Vec<String> {
    let chunk = |choices: Value| {
        json!({
            "id": stamp.id,
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": answer.model.id,
            "choices": choices,
            "system_fingerprint": FINGERPRINT,
        })
    };
    let choice = |delta: Value, finish_reason: Option<&str>| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish_reason }]))
    };
    let pieces = pieces(&answer.content);
    let mut chunks: Vec<Value> = Vec::with_capacity(pieces.len() + 3);
    if pieces.is_empty() {
        chunks.push(choice(json!({ "role": "assistant", "content": "" }), None));
    }
    for (index, piece) in pieces.iter().enumerate() {
        let delta = if index == 0 {
            json!({ "role": "assistant", "content": piece })
        } else {
            json!({ "content": piece })
        };
        chunks.push(choice(delta, None));
    }
    chunks.push(choice(json!({}), Some(answer.finish_reason)));
    if include_usage {
        let mut last = chunk(json!([]));
        if let Value::Object(fields) = &mut last {
            fields.insert("usage".into(), usage(&answer.usage));
        }
        chunks.push(last);
    }
    chunks
        .iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .chain(["data: [DONE]\n\n".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::{RANGE, ask, body, image_part};
    use super::*;

    fn refusal(mut change: Value) -> (u16, String) {
        let mut body =
            json!({ "model": "grok-4.3", "messages": [{ "role": "user", "content": "hi" }] });
        body.as_object_mut()
            .unwrap()
            .append(change.as_object_mut().unwrap());
        let refusal = parse(body.to_string().as_bytes()).unwrap_err();
        (refusal.status.as_u16(), refusal.error)
    }

    #[test]
    fn what_the_api_refuses_is_refused_in_its_words() {
        let check = |change: Value, status: u16, words: &str| {
            let (got, error) = refusal(change.clone());
            assert_eq!(got, status, "{change}: {error}");
            assert!(error.contains(words), "{change}: {error}");
        };
        check(
            json!({ "model": "grok-2-latest" }),
            400,
            "Model not found: grok-2-latest",
        );
        check(
            json!({ "stop": ["x"] }),
            400,
            "Model grok-4.3 does not support parameter stop.",
        );
        check(
            json!({ "presence_penalty": 0 }),
            400,
            "does not support parameter presencePenalty.",
        );
        check(
            json!({ "frequency_penalty": 0 }),
            400,
            "does not support parameter frequencyPenalty.",
        );
        check(
            json!({ "reasoning_effort": "xhigh" }),
            400,
            "does not support parameter reasoningEffort.",
        );
        check(
            json!({ "model": "grok-build-0.1", "reasoning_effort": "low" }),
            400,
            "Model grok-build-0.1 does not support parameter reasoningEffort.",
        );
        check(json!({ "search_parameters": {} }), 410, "deprecated");
        check(json!({ "temperature": 3 }), 400, "temperature");
        check(json!({ "messages": [] }), 400, "Messages cannot be empty");
        check(
            json!({ "messages": "hi" }),
            422,
            "Failed to deserialize the JSON body",
        );
        check(json!({ "messages": [{ "content": "hi" }] }), 422, "role");
        check(json!({ "stream": "yes" }), 422, "expected a boolean");
        check(json!({ "model": null }), 422, "Failed to deserialize");
    }

    #[test]
    fn text_that_is_no_json_is_400_and_not_422() {
        for text in ["", "{", "{\"model\": }", "hello"] {
            let refusal = parse(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.status.as_u16(), 400, "{text}");
            assert!(
                refusal
                    .error
                    .starts_with("Failed to parse the request body as JSON")
            );
        }
    }

    #[test]
    fn unknown_fields_nulls_and_every_shape_of_content_are_taken() {
        let body = json!({
            "model": "grok-code-fast-1", "stream": null, "stop": null, "colour": "blue", "max_tokens": 9,
            "messages": [
                { "role": "system", "content": "s" },
                { "role": "assistant", "content": null },
                { "role": "user", "content": [
                    { "type": "text", "text": "a" },
                    { "type": "image_url", "image_url": { "url": "https://x", "detail": "low" } },
                    { "type": "text", "text": "b" },
                ] },
            ],
        });
        let (request, _) = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(request.model.id, "grok-build-0.1");
        assert_eq!(request.limit, Some(Limit::Visible(9)));
        assert_eq!(request.effort, Effort::Low);
        let texts = request
            .messages
            .iter()
            .map(|message| message.texts().collect());
        let texts: Vec<Vec<_>> = texts.collect();
        assert_eq!(texts, [vec!["s"], vec![], vec!["a", "b"]]);
    }

    #[test]
    fn what_the_answer_looks_like_is_asked_for_in_three_ways() {
        let check = |response_format: Value, expected: Format| {
            let body = json!({
                "model": "grok-4.3", "response_format": response_format,
                "messages": [{ "role": "user", "content": "x" }],
            });
            let (request, _) = parse(body.to_string().as_bytes()).unwrap();
            assert_eq!(request.format, expected);
        };
        let schema = json!({ "properties": { "alt": {}, "decorative": {} } });
        check(
            json!({ "type": "json_schema", "json_schema": { "name": "x", "strict": true, "schema": schema } }),
            Format::AltText,
        );
        check(
            json!({ "type": "json_schema", "json_schema": {} }),
            Format::Json,
        );
        check(json!({ "type": "json_object" }), Format::Json);
        check(json!({ "type": "text" }), Format::Text);
        check(Value::Null, Format::Text);
    }

    #[test]
    fn usage_adds_up_as_the_api_has_it() {
        let request = body(
            "Describe.",
            json!([{ "type": "text", "text": "What is it?" }, image_part()]),
        );
        let json = usage(&ask(&request).usage);
        // "system", "Describe" in two, ".", "user", and "What is it?" in four.
        let number = |pointer: &str| json.pointer(pointer).unwrap().as_u64().unwrap();
        assert_eq!(number("/prompt_tokens_details/text_tokens"), 9);
        assert_eq!(number("/prompt_tokens_details/image_tokens"), 2 * 2 + 2);
        let reasoning = number("/completion_tokens_details/reasoning_tokens");
        assert!(reasoning > 0);
        assert_eq!(
            number("/total_tokens"),
            number("/prompt_tokens") + number("/completion_tokens") + reasoning
        );
        assert_eq!(
            number("/cost_in_usd_ticks"),
            15 * 12_500 + (number("/completion_tokens") + reasoning) * 25_000
        );
    }

    #[test]
    fn events_carry_the_role_once_the_end_once_and_the_whole_text() {
        let stamp = Stamp {
            id: "id".into(),
            created: 1,
        };
        let check = |content: &str| {
            let answer = Answer {
                content: content.into(),
                ..ask(&body("Explain.", RANGE))
            };
            let mut events = events(&answer, &stamp, true);
            assert_eq!(events.pop().unwrap(), "data: [DONE]\n\n");
            let chunks: Vec<Value> = events
                .iter()
                .map(|event| {
                    let data = event
                        .strip_prefix("data: ")
                        .and_then(|event| event.strip_suffix("\n\n"));
                    serde_json::from_str(data.unwrap()).unwrap()
                })
                .collect();
            let (usage, chunks) = chunks.split_last().unwrap();
            assert_eq!(
                (&usage["choices"], usage["usage"].is_object()),
                (&json!([]), true)
            );
            let (last, chunks) = chunks.split_last().unwrap();
            assert_eq!(
                last["choices"][0],
                json!({ "index": 0, "delta": {}, "finish_reason": "stop" })
            );
            for (index, chunk) in chunks.iter().enumerate() {
                let choice = &chunk["choices"][0];
                assert_eq!(choice["delta"]["role"].is_string(), index == 0);
                assert!(choice["finish_reason"].is_null());
            }
            let text: String = chunks
                .iter()
                .map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().unwrap())
                .collect();
            assert_eq!(text, content);
            assert!(chunks.len() <= 400);
        };
        check("");
        check("Größe 😀 and more");
        check(&"many words ".repeat(5_000));
    }
}
