//! responses as the API speaks it: which fields it takes, and the shapes it answers in.

use serde::Deserialize;
use serde_json::{Value, json};

use super::FINGERPRINT;
use super::answer::{Answer, Stamp, Usage, pieces};
use super::errors::Refusal;
use super::request::{
    Detail, Effort, Format, Image, Limit, Message, Piece, Request, Role, Written,
    check_temperature, effort, format_of, model,
};

#[derive(Deserialize)]
struct Body {
    model: String,
    input: Input,
    instructions: Option<String>,
    stream: Option<bool>,
    max_output_tokens: Option<u64>,
    temperature: Option<f64>,
    reasoning: Option<Reasoning>,
    text: Option<Text>,
    previous_response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Messages(Vec<Written<Part>>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    InputText {
        text: String,
    },
    /// What an answer before was.
    OutputText {
        text: String,
    },
    InputImage {
        image_url: String,
        #[serde(default)]
        detail: Option<Detail>,
    },
}

impl From<Part> for Piece {
    fn from(part: Part) -> Self {
        match part {
            Part::InputText { text } | Part::OutputText { text } => Self::Text(text),
            Part::InputImage { image_url, detail } => Self::Image(Image {
                url: image_url,
                detail,
            }),
        }
    }
}

#[derive(Deserialize)]
struct Reasoning {
    effort: Option<Effort>,
}

#[derive(Deserialize)]
struct Text {
    format: Option<TextFormat>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TextFormat {
    Text,
    JsonObject,
    JsonSchema {
        #[serde(default)]
        schema: Value,
    },
}

/// Reads and checks a request's body.
pub fn parse(body: &[u8]) -> Result<Request, Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|cause| Refusal::body_not_understood(&cause))?;
    let model = model(&body.model)?;
    check_temperature(body.temperature)?;
    if let Some(id) = body.previous_response_id {
        return Err(Refusal::no_such_response(&id));
    }
    let asked = body.reasoning.and_then(|reasoning| reasoning.effort);
    let text = body.text.and_then(|text| text.format);
    let request = Request {
        model,
        stream: body.stream.unwrap_or(false),
        limit: body.max_output_tokens.map(Limit::WithThought),
        effort: effort(model, asked)?,
        format: text.as_ref().map_or(Format::Text, format),
        messages: messages(body.instructions, body.input),
    };
    if request.messages.is_empty() {
        return Err(Refusal::bad_value("Input cannot be empty."));
    }
    Ok(request)
}

fn messages(instructions: Option<String>, input: Input) -> Vec<Message> {
    let instructions = instructions.map(|text| Message::of_text(Role::System, text));
    let mut messages: Vec<Message> = instructions.into_iter().collect();
    match input {
        Input::Text(text) => messages.push(Message::of_text(Role::User, text)),
        Input::Messages(written) => messages.extend(written.into_iter().map(Message::from)),
    }
    messages
}

fn format(asked: &TextFormat) -> Format {
    match asked {
        TextFormat::Text => Format::Text,
        TextFormat::JsonObject => Format::Json,
        TextFormat::JsonSchema { schema } => format_of(schema),
    }
}

/// Other than on chat/completions, reasoning is part of the output.
fn usage(usage: &Usage) -> Value {
    let output = usage.completion + usage.reasoning;
    json!({
        "input_tokens": usage.prompt(),
        "input_tokens_details": { "cached_tokens": usage.cached },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.prompt() + output,
        "num_sources_used": 0,
        "num_server_side_tools_used": 0,
        "cost_in_usd_ticks": usage.cost_ticks,
    })
}

/// The response before anything is said.
fn begun(answer: &Answer, stamp: &Stamp) -> Value {
    json!({
        "id": stamp.id,
        "object": "response",
        "created_at": stamp.created,
        "status": "in_progress",
        "model": answer.model.id,
        "output": [],
        "error": null,
        "incomplete_details": null,
        "previous_response_id": null,
        "store": false,
        "tools": [],
        "metadata": {},
        "system_fingerprint": FINGERPRINT,
    })
}

/// The answer in one piece.
pub fn response(answer: &Answer, stamp: &Stamp) -> Value {
    let incomplete = match answer.finish_reason {
        "length" => json!({ "reason": "max_output_tokens" }),
        _ => Value::Null,
    };
    let end = json!({
        "status": status(answer),
        "output": [message(answer, stamp)],
        "incomplete_details": incomplete,
        "usage": usage(&answer.usage),
    });
    with(begun(answer, stamp), end)
}

fn status(answer: &Answer) -> &'static str {
    match answer.finish_reason {
        "length" => "incomplete",
        _ => "completed",
    }
}

fn message(answer: &Answer, stamp: &Stamp) -> Value {
    json!({
        "id": message_id(stamp),
        "type": "message",
        "role": "assistant",
        "status": status(answer),
        "content": [part(&answer.content)],
    })
}

fn message_id(stamp: &Stamp) -> String {
    format!("msg_{}", stamp.id)
}

fn part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "logprobs": [], "annotations": [] })
}

/// The answer as server-sent events, in order.
pub fn events(answer: &Answer, stamp: &Stamp) -> Vec<String> {
    let of_item = |event: Value| with(json!({ "output_index": 0 }), event);
    let of_part = |event: Value| {
        let place = json!({ "item_id": message_id(stamp), "content_index": 0 });
        of_item(with(place, event))
    };
    let item = with(
        message(answer, stamp),
        json!({ "status": "in_progress", "content": [] }),
    );
    let mut events = vec![
        (
            "response.created",
            json!({ "response": begun(answer, stamp) }),
        ),
        (
            "response.in_progress",
            json!({ "response": begun(answer, stamp) }),
        ),
        (
            "response.output_item.added",
            of_item(json!({ "item": item })),
        ),
        (
            "response.content_part.added",
            of_part(json!({ "part": part("") })),
        ),
    ];
    let deltas = pieces(&answer.content).into_iter();
    events.extend(deltas.map(|piece| {
        let event = of_part(json!({ "delta": piece, "logprobs": [] }));
        ("response.output_text.delta", event)
    }));
    let last = match status(answer) {
        "incomplete" => "response.incomplete",
        _ => "response.completed",
    };
    events.extend([
        (
            "response.output_text.done",
            of_part(json!({ "text": answer.content })),
        ),
        (
            "response.content_part.done",
            of_part(json!({ "part": part(&answer.content) })),
        ),
        (
            "response.output_item.done",
            of_item(json!({ "item": message(answer, stamp) })),
        ),
        (last, json!({ "response": response(answer, stamp) })),
    ]);
    let numbered = events.into_iter().enumerate();
    numbered
        .map(|(number, (kind, event))| {
            let event = with(json!({ "type": kind, "sequence_number": number }), event);
            format!("event: {kind}\ndata: {event}\n\n")
        })
        .collect()
}

/// Both objects in one.
fn with(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::super::answer::answer;
    use super::super::answer::tests::{RANGE, ask, body, fresh, image_part};
    use super::super::tokens;
    use super::*;

    /// A request of chat/completions as this wire has it.
    fn on_this_wire(chat: &Value) -> Value {
        let part = |part: &Value| match part["type"].as_str() {
            Some("text") => json!({ "type": "input_text", "text": part["text"] }),
            _ => json!({
                "type": "input_image",
                "image_url": part["image_url"]["url"],
                "detail": part["image_url"]["detail"],
            }),
        };
        let message = |message: &Value| {
            let content = match &message["content"] {
                Value::Array(parts) => parts.iter().map(part).collect(),
                text => text.clone(),
            };
            json!({ "role": message["role"], "content": content })
        };
        let messages = chat["messages"].as_array().unwrap().iter();
        let mut asked = json!({
            "model": chat["model"],
            "input": messages.map(message).collect::<Vec<_>>(),
            "store": false,
        });
        if let Some(format) = chat.get("response_format") {
            let mut flat = json!({ "type": format["type"] });
            flat = with(flat, format["json_schema"].clone());
            asked["text"] = json!({ "format": flat });
        }
        asked
    }

    fn ask_here(body: &Value) -> Answer {
        answer(&parse(body.to_string().as_bytes()).unwrap(), &fresh()).unwrap()
    }

    #[test]
    fn the_same_is_answered_on_both_wires() {
        let check = |chat: &Value| {
            assert_eq!(ask_here(&on_this_wire(chat)), ask(chat), "{chat}");
        };
        check(&body("Explain.", RANGE));
        check(&body("Answer with one fenced code block.", RANGE));
        let seen = json!([{ "type": "text", "text": "What is it?" }, image_part()]);
        check(&body("Describe.", seen.clone()));
        let mut structured = body("Alt text.", seen);
        structured["response_format"] = json!({ "type": "json_schema", "json_schema": {
            "name": "a", "schema": { "properties": { "alt": {}, "decorative": {} } },
        } });
        check(&structured);
        structured["response_format"] = json!({ "type": "json_object" });
        check(&structured);
    }

    #[test]
    fn instructions_and_a_bare_text_are_messages_too() {
        let asked = json!({ "model": "grok-4.3", "instructions": "Explain.", "input": RANGE });
        let written = on_this_wire(&body("Explain.", RANGE));
        assert_eq!(ask_here(&asked), ask_here(&written));
    }

    #[test]
    fn what_the_api_refuses_is_refused_in_its_words() {
        let check = |change: Value, status: u16, words: &str| {
            let body = with(
                json!({ "model": "grok-4.3", "input": "hi" }),
                change.clone(),
            );
            let refusal = parse(body.to_string().as_bytes()).unwrap_err();
            assert_eq!(refusal.status.as_u16(), status, "{change}");
            assert!(refusal.error.contains(words), "{change}: {}", refusal.error);
        };
        check(json!({ "model": "grok-2" }), 400, "Model not found: grok-2");
        check(json!({ "temperature": 3 }), 400, "temperature");
        check(json!({ "input": [] }), 400, "Input cannot be empty");
        check(
            json!({ "reasoning": { "effort": "xhigh" } }),
            400,
            "does not support parameter reasoningEffort.",
        );
        check(
            json!({ "previous_response_id": "r" }),
            404,
            "id=r not found",
        );
        check(json!({ "input": 7 }), 422, "Failed to deserialize");
        // The parts of the other wire are none of this one.
        let part = json!({ "type": "text", "text": "hi" });
        check(
            json!({ "input": [{ "role": "user", "content": [part] }] }),
            422,
            "Failed to deserialize",
        );
        check(json!({ "max_output_tokens": "many" }), 422, "Failed");
    }

    #[test]
    fn unknown_fields_and_nulls_are_taken() {
        let body = json!({
            "model": "grok-4.3", "input": "hi", "instructions": null, "reasoning": null,
            "text": {}, "store": true, "stop": "x", "colour": "blue", "previous_response_id": null,
        });
        assert!(parse(body.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn usage_adds_up_as_the_api_has_it() {
        let answer = ask(&body("Explain.", RANGE));
        let usage = usage(&answer.usage);
        let number = |pointer: &str| usage.pointer(pointer).unwrap().as_u64().unwrap();
        let reasoning = number("/output_tokens_details/reasoning_tokens");
        assert!(reasoning > 0);
        assert_eq!(
            number("/output_tokens"),
            tokens::count(&answer.content) + reasoning
        );
        assert_eq!(
            number("/total_tokens"),
            number("/input_tokens") + number("/output_tokens")
        );
        assert_eq!(
            number("/cost_in_usd_ticks"),
            number("/input_tokens") * 12_500 + number("/output_tokens") * 25_000
        );
    }

    #[test]
    fn a_limit_counts_what_is_thought_too() {
        let mut asked = on_this_wire(&body("Explain.", RANGE));
        let whole = ask_here(&asked);
        let most = whole.usage.completion + whole.usage.reasoning;
        asked["max_output_tokens"] = most.into();
        assert_eq!(ask_here(&asked), whole);
        asked["max_output_tokens"] = (most - 1).into();
        let cut = ask_here(&asked);
        assert_eq!(cut.finish_reason, "length");
        assert!(cut.usage.completion + cut.usage.reasoning < most);
        assert!(whole.content.starts_with(&cut.content));
        asked["max_output_tokens"] = 1.into();
        assert_eq!(ask_here(&asked).content, "");
    }

    #[test]
    fn events_tell_the_whole_text_once_in_deltas_and_again_at_the_end() {
        let stamp = Stamp {
            id: "id".into(),
            created: 1,
        };
        let check = |content: &str, finish_reason: &'static str, last_kind: &str| {
            let answer = Answer {
                content: content.into(),
                finish_reason,
                ..ask(&body("Explain.", RANGE))
            };
            let events: Vec<Value> = events(&answer, &stamp)
                .iter()
                .enumerate()
                .map(|(number, event)| {
                    let event = event.strip_suffix("\n\n").unwrap();
                    let (kind, data) = event.split_once("\ndata: ").unwrap();
                    let data: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(kind, format!("event: {}", data["type"].as_str().unwrap()));
                    assert_eq!(data["sequence_number"], number);
                    data
                })
                .collect();
            let (last, before) = events.split_last().unwrap();
            assert_eq!(before[0]["type"], "response.created");
            assert_eq!(before[0]["response"]["system_fingerprint"], FINGERPRINT);
            let deltas = before.iter().filter_map(|event| event["delta"].as_str());
            assert_eq!(deltas.collect::<String>(), content);
            assert_eq!(last["type"], last_kind);
            assert_eq!(last["response"], response(&answer, &stamp));
            let part = &last["response"]["output"][0]["content"][0];
            assert_eq!(part["text"], content);
            assert!(last["response"]["usage"].is_object());
        };
        check("", "stop", "response.completed");
        check("Größe 😀 and more", "stop", "response.completed");
        check("cut of", "length", "response.incomplete");
    }
}
