//! What a server says on either wire, in the shapes that xAI gives it.

use gloss::llm::Wire;
use serde_json::{Value, json};

use super::server::{Step, answer, piece, stream_head};

/// One event.
pub fn event(data: &Value) -> Step {
    piece(&format!("data: {data}\n\n"))
}

/// The data of an event with a piece of text.
pub fn text_of(wire: Wire, text: &str) -> Value {
    match wire {
        Wire::Chat => json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }),
        Wire::Responses => json!({
            "type": "response.output_text.delta", "sequence_number": 4, "item_id": "msg_1",
            "output_index": 0, "content_index": 0, "delta": text,
        }),
    }
}

/// One event with a piece of text.
pub fn delta(wire: Wire, text: &str) -> Step {
    event(&text_of(wire, text))
}

/// The event that says that an answer begins, and no more.
pub fn begun(wire: Wire) -> Step {
    event(&match wire {
        Wire::Chat => json!({ "choices": [{ "delta": { "role": "assistant" } }] }),
        Wire::Responses => json!({
            "type": "response.created",
            "response": { "object": "response", "status": "in_progress", "output": [] },
        }),
    })
}

/// The data of an event that shows the model at thinking.
pub fn thought(wire: Wire) -> Value {
    match wire {
        Wire::Chat => json!({ "choices": [{ "delta": { "reasoning_content": "hm" } }] }),
        Wire::Responses => json!({
            "type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "delta": "hm",
        }),
    }
}

/// The data of the event that says why the model ended, without the usage.
pub fn stop(wire: Wire) -> Value {
    match wire {
        Wire::Chat => json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }),
        Wire::Responses => json!({
            "type": "response.completed", "response": { "status": "completed", "output": [] },
        }),
    }
}

/// The event of an error that came once the answer had begun.
pub fn failed(wire: Wire, code: u16, message: &str) -> Step {
    let error = json!({ "code": code, "message": message });
    event(&match wire {
        Wire::Chat => json!({ "error": error }),
        Wire::Responses => json!({
            "type": "response.failed", "response": { "status": "failed", "error": error },
        }),
    })
}

/// The events and the chunk that end a stream.
pub fn end(wire: Wire) -> Step {
    let last = end_of(wire);
    Step::Write(format!("{:x}\r\n{last}\r\n0\r\n\r\n", last.len()).into_bytes())
}

/// The events that end a stream as xAI ends it. They say what it cost, so that no list of prices
/// is asked for.
pub fn end_of(wire: Wire) -> String {
    match wire {
        Wire::Chat => {
            let stop = json!({
                "model": "grok-4.3", "choices": [{ "delta": {}, "finish_reason": "stop" }],
            });
            let usage = json!({ "choices": [], "usage": {
                "prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9,
                "cost_in_usd_ticks": 5,
            } });
            format!("data: {stop}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
        }
        Wire::Responses => {
            let completed = json!({ "type": "response.completed", "response": {
                "model": "grok-4.3", "status": "completed", "output": [],
                "usage": { "input_tokens": 7, "output_tokens": 2, "total_tokens": 9,
                           "cost_in_usd_ticks": 5 },
            } });
            format!("event: response.completed\ndata: {completed}\n\ndata: [DONE]\n\n")
        }
    }
}

/// A whole exchange that goes well and says `text`.
pub fn good(wire: Wire, text: &str) -> Vec<Step> {
    vec![
        Step::Request,
        stream_head(),
        begun(wire),
        delta(wire, text),
        end(wire),
    ]
}

/// The body of an answer that says `text` and is no stream.
pub fn whole(wire: Wire, text: &str) -> Value {
    match wire {
        Wire::Chat => json!({
            "model": "m",
            "choices": [{ "message": { "content": text }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4 },
        }),
        Wire::Responses => json!({
            "model": "m", "object": "response", "status": "completed", "error": null,
            "output": [{
                "type": "message", "role": "assistant",
                "content": [{ "type": "output_text", "text": text, "annotations": [] }],
            }],
            "usage": { "input_tokens": 3, "output_tokens": 1, "total_tokens": 4 },
        }),
    }
}

/// A whole exchange that is no stream and says `text`.
pub fn at_once(wire: Wire, text: &str) -> Vec<Step> {
    let body = whole(wire, text).to_string();
    let head = "200 OK\r\ncontent-type: application/json";
    vec![Step::Request, answer(head, body.as_bytes())]
}
