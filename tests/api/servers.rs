//! Compatible servers, each with what it does in its own way: transcripts in their shapes.

use gloss::llm::{ApiError, Call, Wire};

use super::server::{Server, Step, answer, piece, stream_head};
use super::{against, ask, call, client, joined};

/// What one server sends for one answer, and what must come of it.
struct Transcript {
    server: &'static str,
    wire: Wire,
    body: &'static str,
    text: &'static str,
    finish_reason: Option<&'static str>,
    /// Of the prompt, of all that was written, and of the thoughts among that.
    tokens: [u64; 3],
}

const TRANSCRIPTS: &[Transcript] = &[
    Transcript {
        server: "Ollama, whose models think under `reasoning`",
        wire: Wire::Chat,
        body: r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"qwen3:4b","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm."},"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"qwen3:4b","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"It "},"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"qwen3:4b","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"adds."},"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"qwen3:4b","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"qwen3:4b","system_fingerprint":"fp_ollama","choices":[],"usage":{"prompt_tokens":26,"completion_tokens":9,"total_tokens":35}}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [26, 9, 0],
    },
    Transcript {
        server: "llama.cpp, with content that is null and its own timings",
        wire: Wire::Chat,
        body: r#"data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1,"id":"chatcmpl-1","model":"tiny","system_fingerprint":"b1-1","object":"chat.completion.chunk"}

data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"It adds."}}],"created":1,"id":"chatcmpl-1","model":"tiny","object":"chat.completion.chunk"}

data: {"choices":[{"finish_reason":"length","index":0,"delta":{}}],"created":1,"id":"chatcmpl-1","model":"tiny","object":"chat.completion.chunk"}

data: {"choices":[],"created":1,"id":"chatcmpl-1","model":"tiny","object":"chat.completion.chunk","usage":{"completion_tokens":4,"prompt_tokens":12,"total_tokens":16},"timings":{"prompt_n":12,"predicted_per_second":41.5}}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("length"),
        tokens: [12, 4, 0],
    },
    Transcript {
        server: "vLLM, with thoughts under `reasoning` and details that are null",
        wire: Wire::Chat,
        body: r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"reasoning":"Hm."},"logprobs":null,"finish_reason":null,"token_ids":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"It adds."},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":12,"total_tokens":21,"completion_tokens":9,"prompt_tokens_details":null}}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 0],
    },
    Transcript {
        server: "OpenRouter, with comments while it waits and reasons of two kinds",
        wire: Wire::Chat,
        body: r#": OPENROUTER PROCESSING

: OPENROUTER PROCESSING

data: {"id":"gen-1","provider":"A","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"It ","reasoning":null},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}

: OPENROUTER PROCESSING

data: {"id":"gen-1","provider":"A","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"adds."},"finish_reason":"stop","native_finish_reason":"end_turn","logprobs":null}]}

data: {"id":"gen-1","provider":"A","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21,"cost":0.0001,"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]
"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 5],
    },
    Transcript {
        server: "OpenAI, with usage that is null until the last chunk, and padding",
        wire: Wire::Chat,
        body: r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x-2026-01-01","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aK"}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x-2026-01-01","choices":[{"index":0,"delta":{"content":"It adds."},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x-2026-01-01","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null,"obfuscation":""}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x-2026-01-01","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0}},"obfuscation":"q"}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 5],
    },
    Transcript {
        server: "a gateway that keeps alive by data, and ends lines by CR alone",
        wire: Wire::Chat,
        body: "\u{feff}data:\r\rdata: ping\r\revent: ping\rdata: {\"type\":\"ping\"}\r\r\
               data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"It adds, μ.\"}]}}]}\r\r\
               data: {\"choices\":[{\"delta\":{\"content\":null},\"finish_reason\":\"stop\"}]}\r\r",
        text: "It adds, μ.",
        finish_reason: Some("stop"),
        tokens: [0, 0, 0],
    },
    Transcript {
        server: "xAI by responses, which thinks in summaries",
        wire: Wire::Responses,
        body: r#"data: {"sequence_number":0,"type":"response.created","response":{"created_at":1,"id":"a","model":"grok-4.3","object":"response","output":[],"reasoning":{"effort":"low","summary":null},"incomplete_details":null,"status":"in_progress","store":false}}

data: {"sequence_number":1,"type":"response.in_progress","response":{"created_at":1,"id":"a","model":"grok-4.3","object":"response","output":[],"incomplete_details":null,"status":"in_progress","store":false}}

data: {"sequence_number":2,"type":"response.output_item.added","item":{"id":"rs_a","summary":[],"type":"reasoning","status":"in_progress"},"output_index":0}

data: {"sequence_number":3,"type":"response.reasoning_summary_text.delta","delta":"Hm.","item_id":"rs_a","output_index":0,"summary_index":0}

data: {"sequence_number":4,"type":"response.output_item.added","item":{"content":[],"id":"msg_a","role":"assistant","type":"message","status":"in_progress"},"output_index":1}

data: {"sequence_number":5,"type":"response.output_text.delta","content_index":0,"delta":"It ","item_id":"msg_a","logprobs":[],"output_index":1}

data: {"sequence_number":6,"type":"response.output_text.delta","content_index":0,"delta":"adds.","item_id":"msg_a","logprobs":[],"output_index":1}

data: {"sequence_number":7,"type":"response.output_text.done","content_index":0,"item_id":"msg_a","output_index":1,"text":"It adds."}

data: {"sequence_number":8,"type":"response.completed","response":{"created_at":1,"id":"a","model":"grok-4.3","object":"response","output":[{"id":"rs_a","summary":[{"text":"Hm.","type":"summary_text"}],"type":"reasoning","status":"completed"},{"content":[{"type":"output_text","text":"It adds.","logprobs":[],"annotations":[]}],"id":"msg_a","role":"assistant","type":"message","status":"completed"}],"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":8},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":21,"num_sources_used":0,"num_server_side_tools_used":0},"incomplete_details":null,"status":"completed","store":false}}

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 5],
    },
    Transcript {
        server: "OpenAI by responses, cut at its limit, with names of events and padding",
        wire: Wire::Responses,
        body: r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"incomplete_details":null,"instructions":null,"model":"gpt-x","output":[],"usage":null}}

event: keepalive
data: {"type":"keepalive","sequence_number":1}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"It adds.","logprobs":[],"obfuscation":"aKx"}

event: response.incomplete
data: {"type":"response.incomplete","sequence_number":3,"response":{"id":"resp_1","object":"response","status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"model":"gpt-x","output":[{"id":"msg_1","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"It adds.","annotations":[]}]}],"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":21}}}

"#,
        text: "It adds.",
        finish_reason: Some("length"),
        tokens: [12, 9, 5],
    },
    Transcript {
        server: "vLLM by responses, whose thoughts are texts",
        wire: Wire::Responses,
        body: r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","model":"m","object":"response","output":[],"status":"in_progress","usage":null}}

event: response.reasoning_text.delta
data: {"type":"response.reasoning_text.delta","sequence_number":1,"item_id":"1","output_index":0,"content_index":0,"delta":"Hm."}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"2","output_index":1,"content_index":0,"delta":"It adds.","logprobs":[]}

event: response.completed
data: {"type":"response.completed","sequence_number":3,"response":{"id":"resp_1","model":"m","object":"response","output":[],"status":"completed","usage":{"input_tokens":12,"output_tokens":9,"total_tokens":21,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":5,"tool_output_tokens":0}}}}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 5],
    },
    Transcript {
        server: "OpenRouter by responses, with comments while it waits",
        wire: Wire::Responses,
        body: r#": OPENROUTER PROCESSING

data: {"type":"response.created","sequence_number":0,"response":{"id":"gen-1","object":"response","status":"in_progress","model":"m","output":[],"error":null,"usage":null}}

: OPENROUTER PROCESSING

data: {"type":"response.output_text.delta","sequence_number":1,"logprobs":[],"output_index":0,"item_id":"msg_1","content_index":0,"delta":"It adds."}

data: {"type":"response.completed","sequence_number":2,"response":{"id":"gen-1","object":"response","status":"completed","model":"m","output":[{"type":"message","content":[{"type":"output_text","text":"It adds.","annotations":[]}]}],"error":null,"incomplete_details":null,"usage":{"input_tokens":12,"output_tokens":9,"total_tokens":21,"cost":0.0001}}}

data: [DONE]

"#,
        text: "It adds.",
        finish_reason: Some("stop"),
        tokens: [12, 9, 0],
    },
    Transcript {
        server: "llama.cpp by responses, cut at its limit, which it calls completed",
        wire: Wire::Responses,
        body: r#"event: response.created
data: {"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress"}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"msg_1","delta":"It adds."}

event: response.completed
data: {"type":"response.completed","response":{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"tiny","output":[{"type":"message","status":"completed","id":"msg_1","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"It adds."}],"role":"assistant"}],"usage":{"input_tokens":12,"output_tokens":4100,"total_tokens":4112,"input_tokens_details":{"cached_tokens":0}}}}

"#,
        text: "It adds.",
        finish_reason: Some("length"),
        // All that `call` allows: 100 of text and 4,000 of thoughts.
        tokens: [12, 4100, 0],
    },
];

/// A stream with this body, as HTTP chunks of so many bytes.
fn stream(body: &str, size: usize) -> Vec<Step> {
    let pieces = body.as_bytes().chunks(size);
    let chunk = |piece: &[u8]| {
        let head = format!("{:x}\r\n", piece.len());
        [head.as_bytes(), piece, b"\r\n"].concat()
    };
    let chunks: Vec<u8> = pieces.flat_map(chunk).collect();
    let end = Step::Write(b"0\r\n\r\n".to_vec());
    vec![Step::Request, stream_head(), Step::Write(chunks), end]
}

#[tokio::test]
async fn every_servers_answer_is_read_however_it_is_cut() {
    for transcript in TRANSCRIPTS {
        for size in [1 << 20, 7] {
            let script = stream(transcript.body, size);
            let (outcome, events, _server) = against(transcript.wire, vec![script]).await;
            let completion = outcome.unwrap_or_else(|failure| {
                panic!("{}: {failure:?}", transcript.server);
            });
            let usage = completion.usage;
            assert_eq!(completion.text, transcript.text, "{}", transcript.server);
            assert_eq!(joined(&events), transcript.text, "{}", transcript.server);
            assert_eq!(
                completion.finish_reason.as_deref(),
                transcript.finish_reason,
                "{}",
                transcript.server
            );
            assert_eq!(
                [
                    usage.prompt_tokens,
                    usage.output_tokens(),
                    usage.reasoning_tokens
                ],
                transcript.tokens,
                "{}",
                transcript.server
            );
            assert_eq!(completion.retries, 0, "{}", transcript.server);
        }
    }
}

/// The kind of an error by its name alone.
fn kind(error: &ApiError) -> String {
    let debug = format!("{error:?}");
    debug.split(' ').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_servers_refusal_is_told_for_what_it_is() {
    let check = async |server: &str, head: &str, body: &str, expected: &str| {
        for wire in Wire::ALL {
            let script = vec![Step::Request, answer(head, body.as_bytes())];
            let failure = against(wire, vec![script]).await.0.unwrap_err();
            assert_eq!(kind(&failure.error), expected, "{server}: {failure:?}");
            assert!(!failure.is_billed, "{server}");
        }
    };
    check(
        "Ollama, of a model that was not pulled",
        "404 Not Found",
        r#"{"error":{"message":"model 'grok-4.3' not found","type":"not_found_error","param":null,"code":null}}"#,
        "ModelGone",
    )
    .await;
    check(
        "Ollama, of an image by its address",
        "400 Bad Request",
        r#"{"error":{"message":"invalid image input","type":"invalid_request_error","param":null,"code":null}}"#,
        "ImageRefused",
    )
    .await;
    check(
        "llama.cpp, of a prompt beyond its context",
        "400 Bad Request",
        r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
        "TooLong",
    )
    .await;
    check(
        "llama.cpp, of an image without a projector",
        "500 Internal Server Error",
        r#"{"error":{"code":500,"message":"image input is not supported - hint: if this is unexpected, you may need to provide the mmproj","type":"server_error"}}"#,
        "ImageRefused",
    )
    .await;
    check(
        "LM Studio, with nothing loaded",
        "404 Not Found",
        r#"{"error":{"message":"No models loaded. Please load a model in the developer page or use the `lms load` command.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
        "ModelGone",
    )
    .await;
    check(
        "vLLM, flat, of a prompt beyond its context",
        "400 Bad Request",
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}"#,
        "TooLong",
    )
    .await;
    check(
        "OpenRouter, without credit",
        "402 Payment Required",
        r#"{"error":{"code":402,"message":"This request requires more credits, or fewer max_tokens."},"user_id":"u"}"#,
        "NoMoney",
    )
    .await;
    check(
        "OpenAI, of a key",
        "401 Unauthorized",
        r#"{"error":{"message":"Incorrect API key provided: sk-…","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        "BadKey",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_waited_for() {
    let loading = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
    for wire in Wire::ALL {
        let script = vec![
            Step::Request,
            answer(
                "503 Service Unavailable\r\nconnection: close",
                loading.as_bytes(),
            ),
        ];
        let again = super::good(wire, "hi");
        let completion = against(wire, vec![script, again]).await.0.unwrap();
        assert_eq!((completion.text.as_str(), completion.retries), ("hi", 1));
    }
}

#[tokio::test]
async fn an_error_within_a_stream_is_found_wherever_a_server_puts_it() {
    let check = async |server: &str, wire: Wire, event: &str, expected: &str| {
        let script = vec![
            Step::Request,
            stream_head(),
            super::delta(wire, "half"),
            piece(event),
            Step::Write(b"0\r\n\r\n".to_vec()),
        ];
        let failure = against(wire, vec![script]).await.0.unwrap_err();
        assert_eq!(kind(&failure.error), expected, "{server}: {failure:?}");
        assert_eq!((failure.text.as_str(), failure.retries), ("half", 0));
    };
    for wire in Wire::ALL {
        check(
            "llama.cpp of old, by a field of its own",
            wire,
            "error: {\"code\":500,\"message\":\"context shift is disabled\",\"type\":\"server_error\"}\n\n",
            "Passing",
        )
        .await;
        check(
            "llama.cpp",
            wire,
            "data: {\"error\":{\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}}\n\n",
            "Passing",
        )
        .await;
        check(
            "LM Studio",
            wire,
            "event: error\ndata: {\"error\":{\"message\":\"The model has crashed without additional information.\"}}\n\n",
            "Rejected",
        )
        .await;
        check(
            "vLLM",
            wire,
            "data: {\"error\":{\"message\":\"boom\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\ndata: [DONE]\n\n",
            "Passing",
        )
        .await;
    }
    check(
        "OpenRouter, beside a chunk",
        Wire::Chat,
        "data: {\"id\":\"gen-1\",\"object\":\"chat.completion.chunk\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
        "Passing",
    )
    .await;
    check(
        "xAI, which says it flat",
        Wire::Responses,
        "data: {\"type\":\"error\",\"sequence_number\":3,\"code\":\"server_error\",\"message\":\"boom\",\"param\":null}\n\n",
        "Passing",
    )
    .await;
    check(
        "OpenAI, by a response that failed",
        Wire::Responses,
        "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"Rate limit reached\"},\"usage\":null}}\n\n",
        "RateLimited",
    )
    .await;
}

#[tokio::test]
async fn an_overflow_that_is_told_as_an_answer_of_nothing_is_an_error() {
    // So LM Studio, of a prompt longer than its context.
    for wire in Wire::ALL {
        let script = stream("data: [DONE]\n\n", 100);
        let failure = against(wire, vec![script]).await.0.unwrap_err();
        assert_eq!(failure.error, ApiError::Empty);
        assert!(failure.to_string().contains("max_prompt_tokens"));
    }
}

#[tokio::test]
async fn an_answer_that_was_thought_away_is_an_error_and_is_billed() {
    let ends = [
        (
            Wire::Chat,
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\
             data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":16}}\n\n",
        ),
        (
            Wire::Responses,
            "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\
             \"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[],\
             \"usage\":{\"input_tokens\":7,\"total_tokens\":16}}}\n\n",
        ),
    ];
    for (wire, end) in ends {
        let body = format!("data: {}\n\n{end}", super::thought(wire));
        let failure = against(wire, vec![stream(&body, 100)]).await.0.unwrap_err();
        assert_eq!(failure.error, ApiError::Wordless);
        assert_eq!((failure.usage.total_tokens, failure.retries), (16, 0));
        assert!(failure.is_billed);
    }
}

#[tokio::test]
async fn a_local_model_gets_what_every_server_takes_and_needs_no_key() {
    for wire in Wire::ALL {
        for model in [
            "llama3.2",
            "qwen3:4b",
            "openai/gpt-oss-20b",
            "x-ai/grok-4.3",
        ] {
            let mut server = Server::start(vec![super::good(wire, "hi")]).await;
            let mut call = Call {
                model: model.to_owned(),
                ..call(wire, &server.url())
            };
            call.endpoint.key = None;
            ask(&client(), &call).await.0.unwrap();
            let request = server.request().await;
            let limit = match wire {
                Wire::Chat => "\"max_tokens\":100",
                Wire::Responses => "\"max_output_tokens\":100",
            };
            assert!(request.contains(limit), "{request}");
            for absent in [
                "authorization",
                "x-grok",
                "reasoning",
                "prompt_cache_key",
                "max_completion_tokens",
                "\"stop\"",
            ] {
                assert!(!request.contains(absent), "{absent} in {request}");
            }
        }
    }
}

#[tokio::test]
async fn openais_newer_models_get_the_limit_by_its_newer_name() {
    let refused = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
    let refuse = vec![
        Step::Request,
        answer("400 Bad Request\r\nconnection: close", refused.as_bytes()),
    ];
    let mut server = Server::start(vec![refuse, super::good(Wire::Chat, "hi")]).await;
    let call = Call {
        model: "gpt-x".to_owned(),
        ..call(Wire::Chat, &server.url())
    };
    let completion = ask(&client(), &call).await.0.unwrap();
    assert_eq!((completion.text.as_str(), completion.retries), ("hi", 1));
    assert!(server.request().await.contains("\"max_tokens\":100"));
    let again = server.request().await;
    assert!(again.contains("\"max_completion_tokens\":100"), "{again}");
    assert!(!again.contains("\"max_tokens\""), "{again}");
}
