//! The request by its JSON, the answer by its events.

use serde_json::json;

use super::*;
use crate::llm::answer::LONGEST_ANSWER;
use crate::llm::{ApiError, Wire, chat};
use crate::prompt::Image;

fn call(model: &str) -> Call {
    Call {
        wire: Wire::Responses,
        conversation: Some("c-1".to_owned()),
        ..chat::tests::call(model)
    }
}

fn json_of(call: &Call, refused: &[Field]) -> Value {
    serde_json::to_value(body(call, &refused.iter().copied().collect())).unwrap()
}

#[test]
fn a_request_to_grok_has_every_field() {
    let mut call = call("grok-4.3");
    let schema = json!({"type": "object", "properties": {"alt": {"type": "string"}}});
    call.prompt.schema = Some(Schema {
        name: "alt_text",
        schema: schema.clone(),
    });
    assert_eq!(
        json_of(&call, &[]),
        json!({
            "model": "grok-4.3",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is this?"},
            ],
            "stream": true,
            "store": false,
            "max_output_tokens": 6000,
            "temperature": 0.0,
            "reasoning": {"effort": "low"},
            "text": {"format": {
                "type": "json_schema", "name": "alt_text", "strict": true, "schema": schema,
            }},
            "prompt_cache_key": "c-1",
        })
    );
}

#[test]
fn what_is_not_given_is_not_sent_and_nothing_is_ever_stored() {
    let call = Call {
        max_output_tokens: None,
        temperature: None,
        effort: None,
        conversation: None,
        ..call("grok-4.3")
    };
    assert_eq!(
        json_of(&call, &[]),
        json!({
            "model": "grok-4.3",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is this?"},
            ],
            "stream": true,
            "store": false,
        })
    );
}

#[test]
fn an_image_is_a_part_whose_address_is_a_string() {
    let mut call = call("grok-4.3");
    call.prompt.parts = vec![
        Part::Text("a".to_owned()),
        Part::Image(Image {
            url: "data:image/png;base64,AAAA".to_owned(),
            detail: Detail::Low,
            pixels: None,
        }),
    ];
    assert_eq!(
        json_of(&call, &[])["input"][1]["content"],
        json!([
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
        ])
    );
}

#[test]
fn what_only_xai_takes_goes_to_grok_alone() {
    let check = |model: &str, effort: Value, key: Value| {
        let body = json_of(&call(model), &[]);
        let at = |pointer: &str| body.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/reasoning/effort"), effort, "{model}");
        assert_eq!(at("/prompt_cache_key"), key, "{model}");
    };
    check("grok-4.7", json!("low"), json!("c-1"));
    check("grok-build-0.1", Value::Null, json!("c-1"));
    check("grok-unheard-of", Value::Null, json!("c-1"));
    check("llama3.2", Value::Null, Value::Null);
    check("x-ai/grok-4.3", Value::Null, Value::Null);
}

#[test]
fn thoughts_have_room_beside_the_text() {
    let check = |model: &str, effort: Effort, expected: u32| {
        let call = Call {
            effort: Some(effort),
            ..call(model)
        };
        let body = json_of(&call, &[]);
        assert_eq!(body["max_output_tokens"], expected, "{model} {effort:?}");
    };
    check("grok-4.3", Effort::None, 2_000);
    check("grok-4.3", Effort::Low, 6_000);
    check("grok-4.3", Effort::Medium, 10_000);
    check("grok-4.3", Effort::Xhigh, 18_000);
    check("grok-4.7", Effort::Xhigh, 34_000);
    check("grok-build-0.1", Effort::Low, 10_000);
    check("grok-4.20-0309-reasoning", Effort::Low, 10_000);
    check("grok-4.20-0309-non-reasoning", Effort::Low, 2_000);
    check("llama3.2", Effort::High, 2_000);
}

#[test]
fn fields_that_were_refused_are_left_out() {
    let mut call = call("grok-4.3");
    call.prompt.schema = Some(Schema {
        name: "alt_text",
        schema: json!({"type": "object"}),
    });
    let check = |field: Field, absent: &str| {
        let body = json_of(&call, &[field]);
        assert_eq!(body.get(absent), None);
        assert!(Wire::Responses.sends(field, &call, &BTreeSet::new()));
        assert!(!Wire::Responses.sends(field, &call, &[field].into()));
    };
    check(Field::ReasoningEffort, "reasoning");
    check(Field::Temperature, "temperature");
    check(Field::MaxOutputTokens, "max_output_tokens");
    check(Field::ResponseFormat, "text");
    check(Field::PromptCacheKey, "prompt_cache_key");
    for field in [
        Field::MaxTokens,
        Field::MaxCompletionTokens,
        Field::StreamOptions,
    ] {
        assert!(!Wire::Responses.sends(field, &call, &BTreeSet::new()));
    }
}

/// What the events give, and the answer after them.
fn take(events: &[Value]) -> (Vec<Heard>, Answer) {
    let mut answer = Answer::by(Wire::Responses);
    let heard = events
        .iter()
        .map(|event| answer.take(&event.to_string()).unwrap())
        .collect();
    (heard, answer)
}

fn delta(text: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": 1, "delta": text})
}

/// The last event, which says that the response is in this state.
fn last(status: &str, more: Value) -> Value {
    let mut response = json!({"object": "response", "status": status, "output": []});
    if let (Value::Object(response), Value::Object(more)) = (&mut response, more) {
        response.extend(more);
    }
    json!({"type": format!("response.{status}"), "response": response})
}

fn message(parts: Value) -> Value {
    json!({"output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "message", "role": "assistant", "content": parts},
    ]})
}

fn text(text: &str) -> Heard {
    Heard::Text(text.to_owned())
}

#[test]
fn a_stream_as_xai_sends_it_is_read() {
    let begun = json!({"model": "grok-4.3", "status": "in_progress", "output": [], "error": null});
    let item = |item: Value| json!({"output_index": 0, "item": item});
    let mut thinking = item(json!({"type": "reasoning", "summary": [], "status": "in_progress"}));
    thinking["type"] = json!("response.output_item.added");
    let (heard, answer) = take(&[
        json!({"type": "response.created", "sequence_number": 0, "response": begun}),
        json!({"type": "response.in_progress", "sequence_number": 1, "response": begun}),
        thinking,
        json!({"type": "response.reasoning_summary_text.delta", "delta": "Hm."}),
        json!({"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}}),
        delta("Hel"),
        delta("lo"),
        json!({"type": "response.output_text.done", "text": "Hello"}),
        json!({"type": "response.content_part.done", "part": {"type": "output_text", "text": "Hello"}}),
        json!({"type": "response.output_item.done", "item": {
            "type": "message", "content": [{"type": "output_text", "text": "Hello"}]}}),
        last("completed", {
            let mut whole = message(json!([{"type": "output_text", "text": "Hello"}]));
            whole["model"] = json!("grok-4.3");
            whole["usage"] = json!({
                "input_tokens": 199, "input_tokens_details": {"cached_tokens": 163},
                "output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 30},
                "total_tokens": 239, "num_sources_used": 0, "cost_in_usd_ticks": 15_000_000,
            });
            whole
        }),
    ]);
    let activity = |count| std::iter::repeat_with(|| Heard::Activity).take(count);
    let mut expected: Vec<_> = activity(5).collect();
    expected.extend([text("Hel"), text("lo")]);
    expected.extend(activity(4));
    assert_eq!(heard, expected);
    assert_eq!(answer.text, "Hello");
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    assert_eq!(answer.model.as_deref(), Some("grok-4.3"));
    assert_eq!(answer.usage.prompt_tokens, 199);
    assert_eq!(answer.usage.cached_tokens, 163);
    assert_eq!(answer.usage.reasoning_tokens, 30);
    // Thoughts are among them here.
    assert_eq!(answer.usage.output_tokens(), 40);
    assert_eq!(answer.usage.total_tokens, 239);
    assert_eq!(answer.usage.cost_in_usd_ticks, Some(15_000_000));
    // With the last event comes the usage, so nothing is waited for.
    assert!(answer.has_ended() && answer.is_done());
    assert_eq!(answer.check_end(), Ok(()));
}

#[test]
fn the_end_says_why_in_the_words_of_the_other_wire() {
    let check = |status: &str, more: Value, expected: &str| {
        let (_, answer) = take(&[delta("a"), last(status, more)]);
        assert_eq!(answer.finish_reason.as_deref(), Some(expected));
        assert_eq!(answer.check_end(), Ok(()));
        assert!(answer.is_done());
    };
    let reason = |reason: &str| json!({"incomplete_details": {"reason": reason}});
    check("completed", json!({}), "stop");
    check("completed", json!({"status": null}), "stop");
    check("incomplete", reason("max_output_tokens"), "length");
    check("incomplete", reason("content_filter"), "content_filter");
    check("incomplete", reason("something_new"), "something_new");
    check(
        "incomplete",
        json!({"incomplete_details": null}),
        "incomplete",
    );
    check("incomplete", json!({}), "incomplete");
    check("cancelled", json!({}), "cancelled");
    let done = json!({"type": "response.done", "response": {"status": "completed"}});
    assert_eq!(take(&[done]).1.finish_reason.as_deref(), Some("stop"));
}

#[test]
fn a_response_that_thought_its_tokens_away_is_an_error() {
    let mut thought = message(json!([]));
    thought["incomplete_details"] = json!({"reason": "max_output_tokens"});
    thought["usage"] = json!({"input_tokens": 7, "output_tokens": 9, "total_tokens": 16});
    let (_, answer) = take(&[last("incomplete", thought)]);
    assert_eq!(answer.finish_reason.as_deref(), Some("length"));
    assert_eq!((answer.text.as_str(), answer.usage.total_tokens), ("", 16));
    assert_eq!(answer.check_end(), Err(ApiError::Wordless));
}

#[test]
fn text_that_came_without_deltas_is_taken_once() {
    let parts = json!([
        {"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}, null, 7,
        {"type": "something_else", "text": "c"},
    ]);
    let (heard, answer) = take(&[last("completed", message(parts))]);
    assert_eq!((heard, answer.text.as_str()), (vec![text("ab")], "ab"));
    let done = json!({"type": "response.output_text.done", "text": "ab"});
    let whole = last(
        "completed",
        message(json!([{"type": "output_text", "text": "ab"}])),
    );
    let (heard, _) = take(&[done, whole]);
    assert_eq!(heard, [text("ab"), Heard::Activity]);
}

#[test]
fn events_in_an_order_of_their_own_are_taken_as_they_come() {
    let created = json!({"type": "response.created", "response": {"model": "m"}});
    let unknown = json!({"type": "response.something_new", "delta": "no", "text": "no"});
    let call = json!({"type": "response.function_call_arguments.delta", "delta": "no"});
    let (heard, answer) = take(&[
        delta("a"),
        created,
        unknown,
        call,
        delta("b"),
        json!({"type": "response.in_progress", "response": {"status": "in_progress"}}),
    ]);
    let nothing = || Heard::Activity;
    assert_eq!(
        heard,
        [
            text("a"),
            nothing(),
            nothing(),
            nothing(),
            text("b"),
            nothing()
        ]
    );
    assert_eq!(answer.model.as_deref(), Some("m"));
    assert!(!answer.has_ended());
    assert_eq!(answer.check_end(), Err(ApiError::CutOff));
}

#[test]
fn every_field_is_optional_and_nullable() {
    let check = |event: Value| {
        let (heard, answer) = take(std::slice::from_ref(&event));
        assert_eq!(heard, [Heard::Activity], "{event}");
        assert!(!answer.has_ended(), "{event}");
    };
    check(json!({}));
    check(json!({"type": null}));
    check(json!({"type": 7, "response": null}));
    check(json!({"type": "response.output_text.delta"}));
    check(json!({"type": "response.output_text.delta", "delta": null}));
    check(json!({"type": "response.output_text.delta", "delta": ["a"]}));
    check(json!({"type": "response.output_text.done", "text": null}));
    check(json!({"type": "response.refusal.delta", "delta": null}));
    check(json!({"type": "response.created", "response": "none", "error": null}));
    check(json!({"type": "response.created", "response": {"usage": null, "model": 7}}));
    check(json!({"response": {"output": "none"}}));
    check(json!({"output": [null, 7, {"content": "none"}]}));
}

#[test]
fn keep_alives_are_nothing() {
    for event in [
        json!({"type": "ping"}),
        json!({"type": "keepalive", "sequence_number": 3}),
    ] {
        assert_eq!(take(&[event]).0, [Heard::Nothing]);
    }
}

#[test]
fn errors_are_seen_in_every_place_they_come_in() {
    let check = |event: Value, text: &str, code: &str| {
        let fault = Answer::by(Wire::Responses).take(&event.to_string());
        match fault {
            Err(Fault::Said(said)) => {
                assert_eq!(
                    (said.text.as_str(), said.code.as_str()),
                    (text, code),
                    "{event}"
                );
            }
            other => panic!("{event}: {other:?}"),
        }
    };
    let error = json!({"code": "server_error", "message": "x"});
    check(
        json!({"type": "error", "sequence_number": 0, "code": "c", "message": "x", "param": null}),
        "x",
        "c",
    );
    check(
        json!({"type": "error", "error": {"type": "api_error", "message": "x"}}),
        "x",
        "error",
    );
    check(json!({"error": {"message": "x", "type": "t"}}), "x", "t");
    check(json!({"code": "c", "error": "x"}), "x", "c");
    check(last("failed", json!({"error": error})), "x", "server_error");
    check(last("failed", json!({"error": null})), "", "failed");
    check(
        json!({"type": "response.done", "response": {"status": "failed", "error": error}}),
        "x",
        "server_error",
    );
    check(json!({"detail": "x"}), "x", "");
}

#[test]
fn a_failed_response_has_used_what_it_says() {
    let mut answer = Answer::by(Wire::Responses);
    let usage = json!({"input_tokens": 7, "output_tokens": 2, "total_tokens": 9});
    let failed = last("failed", json!({"usage": usage, "error": {"message": "x"}}));
    assert!(answer.take(&failed.to_string()).is_err());
    assert_eq!(answer.usage.total_tokens, 9);
    assert!(answer.has_begun());
}

#[test]
fn a_refusal_in_place_of_an_answer_is_an_error() {
    let refused = Err(ApiError::ContentRefused {
        said: "I cannot.".to_owned(),
    });
    let whole = || {
        last(
            "completed",
            message(json!([{"type": "refusal", "refusal": "I cannot."}])),
        )
    };
    let delta = |delta: &str| json!({"type": "response.refusal.delta", "delta": delta});
    for events in [
        vec![delta("I can"), delta("not."), last("completed", json!({}))],
        vec![delta("I can"), delta("not."), whole()],
        vec![whole()],
    ] {
        assert_eq!(take(&events).1.check_end(), refused);
    }
}

#[test]
fn what_the_model_did_is_billed_even_without_text() {
    let check = |event: Value, expected: bool| assert_eq!(take(&[event]).1.has_begun(), expected);
    check(json!({"type": "keepalive"}), false);
    check(json!({"type": "response.created", "response": {}}), true);
    check(delta("a"), true);
    check(
        json!({"type": "response.reasoning_summary_part.added"}),
        true,
    );
    check(
        json!({"type": "response.reasoning_text.delta", "delta": "a"}),
        true,
    );
    check(
        json!({"type": "response.output_item.added", "item": {"type": "reasoning"}}),
        true,
    );
    check(
        json!({"type": "response.output_item.added", "item": {"type": "message"}}),
        true,
    );
    check(
        last("completed", json!({"usage": {"total_tokens": 3}})),
        true,
    );
}

#[test]
fn an_endless_answer_is_stopped_at_its_limit() {
    let mut answer = Answer::by(Wire::Responses);
    let half = delta(&"a".repeat(LONGEST_ANSWER / 2)).to_string();
    assert!(answer.take(&half).is_ok());
    assert!(answer.take(&half).is_ok());
    assert_eq!(answer.take(&half), Err(Fault::Endless(LONGEST_ANSWER)));
    assert_eq!(answer.text.len(), LONGEST_ANSWER);
    let whole = message(json!([{"type": "output_text", "text": "a".repeat(LONGEST_ANSWER + 1)}]));
    let whole = last("completed", whole).to_string();
    let mut answer = Answer::by(Wire::Responses);
    assert_eq!(answer.take(&whole), Err(Fault::Endless(LONGEST_ANSWER)));
}

#[test]
fn a_body_that_is_no_stream_is_an_answer_or_an_error() {
    let take = |body: Value| {
        let mut answer = Answer::by(Wire::Responses);
        answer
            .take_body(body.to_string().as_bytes())
            .map(|_| answer)
            .map_err(|fault| match fault {
                Fault::Said(said) | Fault::Foreign(said) => said.text,
                other => panic!("{other:?}"),
            })
    };
    let mut whole = message(json!([{"type": "output_text", "text": "hi"}]));
    let answer = take(whole.clone()).unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason), ("hi", None));
    whole["status"] = json!("completed");
    whole["error"] = json!(null);
    let answer = take(whole).unwrap();
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    let check = |body: Value, expected: &str| assert_eq!(take(body).unwrap_err(), expected);
    check(json!({"error": {"message": "x"}}), "x");
    check(
        json!({"output": [], "status": "failed", "error": {"message": "x"}}),
        "x",
    );
    check(json!({"ok": true}), "");
    // It is an answer, but none of this wire.
    check(json!({"choices": [{"message": {"content": "hi"}}]}), "");
}
