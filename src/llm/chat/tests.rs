//! The request by its JSON, the answer by its chunks.

use serde_json::json;

use super::*;
use crate::llm::answer::LONGEST_ANSWER;
use crate::llm::{ApiError, Endpoint, Wire};
use crate::prompt::{Image, Prompt};

/// A question to `model` with all that can be asked for but a schema.
pub(in crate::llm) fn call(model: &str) -> Call {
    Call {
        wire: Wire::Chat,
        endpoint: Endpoint {
            base_url: "https://api.x.ai/v1".parse().unwrap(),
            key: None,
        },
        model: model.to_owned(),
        prompt: Prompt {
            instructions: "Be brief.".to_owned(),
            parts: vec![Part::Text("What is this?".to_owned())],
            schema: None,
        },
        max_output_tokens: Some(2000),
        temperature: Some(0.0),
        effort: Some(Effort::Low),
        conversation: None,
    }
}

fn json_of(call: &Call, refused: &[Field]) -> Value {
    serde_json::to_value(body(call, &refused.iter().copied().collect())).unwrap()
}

#[test]
fn a_request_to_grok_has_every_field() {
    assert_eq!(
        json_of(&call("grok-4.3"), &[]),
        json!({
            "model": "grok-4.3",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is this?"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_completion_tokens": 2000,
            "temperature": 0.0,
            "reasoning_effort": "low",
        })
    );
}

#[test]
fn what_only_xai_takes_goes_to_grok_alone() {
    let check = |model: &str, limit: &str, effort: Value| {
        let body = json_of(&call(model), &[]);
        assert_eq!(body[limit], 2000, "{model}");
        let both = ["max_tokens", "max_completion_tokens"];
        assert_eq!(
            both.iter()
                .filter(|name| body.get(**name).is_some())
                .count(),
            1
        );
        assert_eq!(
            body.get("reasoning_effort").cloned().unwrap_or_default(),
            effort,
            "{model}"
        );
    };
    check("grok-4.7", "max_completion_tokens", json!("low"));
    check(
        "grok-4.20-0309-reasoning",
        "max_completion_tokens",
        json!(null),
    );
    check("grok-build-0.1", "max_completion_tokens", json!(null));
    check("grok-unheard-of", "max_completion_tokens", json!(null));
    check("llama3.2", "max_tokens", json!(null));
    check("x-ai/grok-4.3", "max_tokens", json!(null));
}

#[test]
fn fields_that_were_refused_are_left_out() {
    let check = |model: &str, refused: &[Field], absent: &[&str], present: &[&str]| {
        let mut call = call(model);
        call.prompt.schema = Some(Schema {
            name: "alt_text",
            schema: json!({"type": "object"}),
        });
        let body = json_of(&call, refused);
        let has = |name: &&&str| body.get(**name).is_some();
        assert_eq!(absent.iter().find(has), None, "{model} {refused:?}");
        assert_eq!(
            present.iter().filter(has).count(),
            present.len(),
            "{model} {refused:?}"
        );
    };
    check(
        "grok-4.3",
        &[Field::ReasoningEffort],
        &["reasoning_effort"],
        &["temperature"],
    );
    check(
        "grok-4.3",
        &[Field::Temperature],
        &["temperature"],
        &["reasoning_effort"],
    );
    check(
        "grok-4.3",
        &[Field::ResponseFormat],
        &["response_format"],
        &["temperature"],
    );
    check(
        "grok-4.3",
        &[Field::StreamOptions],
        &["stream_options"],
        &["stream"],
    );
    check(
        "gpt-5",
        &[Field::MaxTokens],
        &["max_tokens"],
        &["max_completion_tokens"],
    );
    check(
        "grok-4.3",
        &[Field::MaxCompletionTokens],
        &["max_completion_tokens"],
        &["max_tokens"],
    );
    check(
        "grok-4.3",
        &[Field::MaxCompletionTokens, Field::MaxTokens],
        &["max_completion_tokens", "max_tokens"],
        &["messages"],
    );
    let all: BTreeSet<Field> = Field::ALL.into();
    let call = call("grok-4.3");
    let body = body(&call, &all);
    assert!(!Field::ALL.into_iter().any(|field| body.has(field)));
}

#[test]
fn nothing_that_current_models_refuse_is_ever_sent() {
    let text = json_of(&call("grok-4.3"), &[]).to_string();
    for name in [
        "stop",
        "presence_penalty",
        "frequency_penalty",
        "search_parameters",
    ] {
        assert!(!text.contains(name));
    }
}

#[test]
fn what_is_not_given_is_not_sent() {
    let mut call = call("grok-4.3");
    call.max_output_tokens = None;
    call.temperature = None;
    call.effort = None;
    call.prompt.instructions = String::new();
    assert_eq!(
        json_of(&call, &[]),
        json!({
            "model": "grok-4.3",
            "messages": [{"role": "user", "content": "What is this?"}],
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

#[test]
fn temperature_stays_within_what_the_api_takes() {
    let check = |temperature: f64, expected: Value| {
        let mut call = call("grok-4.3");
        call.temperature = Some(temperature);
        let body = json_of(&call, &[]);
        assert_eq!(
            body.get("temperature").cloned().unwrap_or_default(),
            expected
        );
    };
    check(0.7, json!(0.7));
    check(-1.0, json!(0.0));
    check(9.0, json!(2.0));
    check(f64::NAN, json!(null));
    check(f64::INFINITY, json!(null));
}

#[test]
fn content_is_a_string_unless_there_is_an_image() {
    let check = |parts: Vec<Part>, expected: Value| {
        let mut call = call("grok-4.3");
        call.prompt.parts = parts;
        assert_eq!(json_of(&call, &[])["messages"][1]["content"], expected);
    };
    let text = |text: &str| Part::Text(text.to_owned());
    let image = Part::Image(Image {
        url: "data:image/png;base64,AAAA".to_owned(),
        detail: Detail::Low,
        pixels: None,
    });
    check(vec![], json!(""));
    check(vec![text("a")], json!("a"));
    check(vec![text("a"), text("b")], json!("a\n\nb"));
    check(
        vec![text("a"), image, text("b")],
        json!([
            {"type": "text", "text": "a"},
            {"type": "image_url",
             "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            {"type": "text", "text": "b"},
        ]),
    );
}

#[test]
fn a_schema_is_asked_for_strictly() {
    let mut call = call("grok-4.3");
    let schema = json!({"type": "object", "properties": {"alt": {"type": "string"}}});
    call.prompt.schema = Some(Schema {
        name: "alt_text",
        schema: schema.clone(),
    });
    assert_eq!(
        json_of(&call, &[])["response_format"],
        json!({
            "type": "json_schema",
            "json_schema": {"name": "alt_text", "strict": true, "schema": schema},
        })
    );
}

/// What the chunks give, and the answer after them.
fn take(chunks: &[Value]) -> (Vec<Heard>, Answer) {
    let mut answer = Answer::default();
    let heard = chunks
        .iter()
        .map(|chunk| answer.take(&chunk.to_string()).unwrap())
        .collect();
    (heard, answer)
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn text(text: &str) -> Heard {
    Heard::Text(text.to_owned())
}

#[test]
fn a_stream_as_xai_sends_it_is_read() {
    let (heard, answer) = take(&[
        json!({
            "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "grok-4.3",
            "choices": [{"index": 0, "delta": {"content": "", "role": "assistant"}}],
            "system_fingerprint": "fp"
        }),
        delta(json!({"reasoning_content": "Hm."})),
        delta(json!({"content": "Hel"})),
        json!({"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": null}], "usage": null}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        json!({
            "choices": [],
            "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 12,
                      "completion_tokens_details": {"reasoning_tokens": 3}}
        }),
    ]);
    let activity = || Heard::Activity;
    assert_eq!(
        heard,
        [
            activity(),
            activity(),
            text("Hel"),
            text("lo"),
            activity(),
            activity()
        ]
    );
    assert_eq!(answer.text, "Hello");
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    assert_eq!(answer.model.as_deref(), Some("grok-4.3"));
    assert_eq!(answer.usage.output_tokens(), 5);
    assert!(answer.has_ended() && !answer.is_done());
    assert_eq!(answer.check_end(), Ok(()));
}

#[test]
fn content_may_be_a_string_an_array_or_null() {
    let check = |delta_json: Value, expected: Heard| {
        let (heard, _) = take(&[delta(delta_json.clone())]);
        assert_eq!(heard, [expected], "{delta_json}");
    };
    check(json!({"content": "a"}), text("a"));
    check(
        json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
        text("ab"),
    );
    check(json!({"content": ["a", "b"]}), text("ab"));
    check(
        json!({"content": [{"type": "thinking", "thinking": []}, null, 7]}),
        Heard::Activity,
    );
    check(json!({"content": null}), Heard::Activity);
    check(json!({"content": 7}), Heard::Activity);
    check(json!({}), Heard::Activity);
    check(json!(null), Heard::Activity);
    check(json!({"reasoning": "vLLM"}), Heard::Activity);
    check(
        json!({"role": null, "content": " ", "tool_calls": null}),
        text(" "),
    );
}

#[test]
fn every_field_is_optional_and_nullable() {
    let check = |chunk: Value| assert_eq!(take(&[chunk]).0, [Heard::Activity]);
    check(json!({}));
    check(json!({"choices": null}));
    check(json!({"choices": "none"}));
    check(json!({"choices": [null]}));
    check(json!({"choices": [{}]}));
    check(json!({"choices": [{"delta": null, "message": null, "finish_reason": 7}], "model": 7}));
    check(json!({"choices": [{"delta": {}}], "usage": [], "error": null}));
    check(json!({"choices": [], "error": "", "id": null, "object": null}));
}

#[test]
fn of_several_choices_the_first_counts() {
    let (heard, _) = take(&[
        json!({"choices": [
            {"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}
        ]}),
        json!({"choices": [{"index": 1, "delta": {"content": "no"}}]}),
    ]);
    assert_eq!(heard, [text("yes"), Heard::Activity]);
}

#[test]
fn a_message_after_its_deltas_is_not_taken_twice() {
    let whole = json!({"choices": [{"message": {"content": "ab"}, "finish_reason": "stop"}]});
    let (heard, answer) = take(&[
        delta(json!({"content": "a"})),
        delta(json!({"content": "b"})),
        whole,
    ]);
    assert_eq!(heard, [text("a"), text("b"), Heard::Activity]);
    assert_eq!(answer.text, "ab");
}

#[test]
fn any_reason_for_the_end_is_kept_as_text() {
    for reason in [
        "stop",
        "length",
        "tool_calls",
        "content_filter",
        "something_new",
    ] {
        let (_, answer) = take(&[json!({"choices": [{"delta": {}, "finish_reason": reason}]})]);
        assert_eq!(answer.finish_reason.as_deref(), Some(reason));
    }
}

#[test]
fn the_last_usage_counts() {
    let usage = |total: u64| json!({"choices": [], "usage": {"total_tokens": total}});
    let (_, answer) = take(&[usage(1), usage(2), json!({"choices": [], "usage": null})]);
    assert_eq!(answer.usage.total_tokens, 2);
}

#[test]
fn an_endless_answer_is_stopped_at_its_limit() {
    let mut answer = Answer::default();
    let chunk = delta(json!({"content": "a".repeat(LONGEST_ANSWER / 2)})).to_string();
    assert!(answer.take(&chunk).is_ok());
    assert!(answer.take(&chunk).is_ok());
    assert_eq!(answer.take(&chunk), Err(Fault::Endless(LONGEST_ANSWER)));
    assert_eq!(answer.text.len(), LONGEST_ANSWER);
}

#[test]
fn errors_are_seen_before_a_chunk_is_read() {
    let check = |chunk: Value, expected: &str| {
        let fault = Answer::default().take(&chunk.to_string());
        match fault {
            Err(Fault::Said(said)) => assert_eq!(said.text, expected, "{chunk}"),
            other => panic!("{chunk}: {other:?}"),
        }
    };
    check(json!({"error": "x"}), "x");
    check(json!({"code": "c", "error": "x"}), "x");
    check(json!({"error": {"message": "x", "code": 500}}), "x");
    check(
        json!({"error": {"message": "x"}, "choices": [{"delta": {"content": "y"}}]}),
        "x",
    );
    check(json!({"object": "error", "message": "x", "code": 400}), "x");
    check(
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
        "x",
    );
    check(json!([{"error": {"message": "x"}}]), "x");
    check(json!({"detail": "x"}), "x");
    check(json!({"message": "x"}), "x");
    check(json!({"choices": [{"error": {"message": "x"}}]}), "x");
}

#[test]
fn a_refusal_in_place_of_an_answer_is_an_error() {
    let stop = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let (_, answer) = take(&[
        delta(json!({"refusal": "I can"})),
        delta(json!({"refusal": "not."})),
        stop,
    ]);
    let said = "I cannot.".to_owned();
    assert_eq!(answer.check_end(), Err(ApiError::ContentRefused { said }));
}

#[test]
fn what_the_model_did_is_billed_even_without_text() {
    let check = |chunk: Value, expected: bool| assert_eq!(take(&[chunk]).1.has_begun(), expected);
    check(json!({"type": "ping"}), false);
    check(delta(json!({"role": "assistant", "content": ""})), true);
    check(delta(json!({"content": "a"})), true);
    check(delta(json!({"reasoning_content": "a"})), true);
    check(delta(json!({"reasoning": "a"})), true);
    check(json!({"choices": [], "usage": {"total_tokens": 3}}), true);
}
