//! The API's client against servers that misbehave, over real loopback sockets.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "api/desk.rs"]
mod desk;
#[path = "api/far.rs"]
mod far;
#[path = "api/faults.rs"]
mod faults;
#[path = "api/fetch.rs"]
mod fetch;
#[path = "api/multiplexed.rs"]
mod multiplexed;
#[path = "api/server.rs"]
mod server;
#[path = "api/servers.rs"]
mod servers;
#[path = "api/warm.rs"]
mod warm;
#[path = "api/wire.rs"]
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gloss::llm::{
    ApiError, Call, Client, Completion, Effort, Endpoint, Event, Failure, Key, Options, RateLimits,
    RetryPolicy, Timeouts, Wire,
};
use gloss::prompt::{Part, Prompt};
use server::{Server, Step, answer, piece, stream_head};
use wire::{at_once, begun, delta, end, event, failed, good, stop, text_of, thought, whole};

/// Every test of behaviour runs on both wires.
macro_rules! on_both_wires {
    ($($test:ident),* $(,)?) => {
        mod chat {
            $(#[tokio::test]
            async fn $test() {
                super::$test(gloss::llm::Wire::Chat).await;
            })*
        }
        mod responses {
            $(#[tokio::test]
            async fn $test() {
                super::$test(gloss::llm::Wire::Responses).await;
            })*
        }
    };
}

use on_both_wires;

on_both_wires! {
    a_server_that_repeats_the_key_does_not_get_it_into_an_answer,
    the_offline_stand_in_is_told_apart_before_its_first_word,
    a_failure_says_whether_the_model_has_read_the_prompt,
    an_answer_is_streamed_and_accounted_for,
    what_is_xais_own_goes_to_grok_alone_and_no_key_is_no_header,
    a_refused_connection_names_the_place,
    a_reset_before_the_answer_is_retried_and_then_told,
    a_reset_under_a_huge_body_means_that_it_is_too_big,
    a_server_that_speaks_no_http_is_told,
    a_slow_first_byte_ends_the_wait_and_the_connection,
    a_stall_keeps_what_had_come,
    keep_alives_do_not_reset_the_idle_timer,
    the_whole_call_is_bounded_even_while_chunks_come,
    an_endless_answer_is_bounded,
    a_line_without_end_is_bounded,
    a_cut_after_text_is_told_and_not_retried,
    a_cut_before_anything_was_said_is_retried,
    a_cut_once_the_answer_has_begun_is_not_retried_since_it_is_billed,
    a_parameter_that_is_refused_once_the_answer_has_begun_is_dropped_from_the_next,
    an_answer_that_said_why_it_ended_is_whole_whatever_follows,
    a_malformed_chunk_is_told,
    an_error_inside_a_200_is_an_error,
    a_body_that_is_no_stream_is_an_answer_too,
    a_web_page_is_not_shown_raw,
    a_compressed_body_is_read,
    a_redirect_is_not_followed,
    a_rate_limit_is_waited_out_and_told,
    what_must_not_be_retried_is_not,
    two_failures_that_pass_are_survived_and_three_are_not,
    an_error_after_text_is_not_retried,
    a_parameter_that_is_refused_is_dropped_once_and_remembered,
    dropping_the_call_closes_the_connection,
    two_calls_use_one_connection,
    the_answer_does_not_wait_for_the_end_of_its_connection_which_is_kept,
    the_key_goes_to_the_configured_host_alone,
    a_missing_key_is_told_before_anything_is_sent,
    a_key_that_the_server_repeats_is_in_no_text,
    proxies_of_the_settings_are_passed_by_for_loopback,
    a_proxy_that_says_no_is_told_apart,
    tls_trusts_the_extra_authority_and_nobody_unknown,
    one_list_of_models_is_enough,
    calls_run_side_by_side_on_one_client,
}

const KEY: &str = "xai-4f0c2a9e8b7d6c5b4a39281706f5e4d3";

/// Never reached by a test that goes well; short enough not to hang one that does not.
const LONG: Duration = Duration::from_secs(60);
/// For the timeout that a test is about.
const SHORT: Duration = Duration::from_millis(60);

fn timeouts() -> Timeouts {
    Timeouts {
        connect: LONG,
        first_byte: LONG,
        idle: LONG,
        after_end: LONG,
        ping: LONG,
        total: LONG,
    }
}

fn client_with(timeouts: Timeouts) -> Client {
    Client::new(Options {
        timeouts,
        retry: RetryPolicy {
            first_wait: Duration::from_millis(1),
            chance: || 0.5,
            ..RetryPolicy::default()
        },
        ..Options::default()
    })
}

fn client() -> Client {
    client_with(timeouts())
}

fn call(wire: Wire, base_url: &str) -> Call {
    Call {
        wire,
        endpoint: Endpoint {
            base_url: base_url.parse().unwrap(),
            key: Some(Key::new(KEY).unwrap()),
        },
        model: "grok-4.3".to_owned(),
        prompt: Prompt {
            instructions: "Be brief.".to_owned(),
            parts: vec![Part::Text("What is this?".to_owned())],
            schema: None,
        },
        max_output_tokens: Some(100),
        temperature: Some(0.0),
        effort: Some(Effort::Low),
        conversation: Some("conversation-1".to_owned()),
    }
}

/// The outcome of a call, and what was told on the way.
async fn ask(client: &Client, call: &Call) -> (Result<Completion, Failure>, Vec<Event>) {
    let mut events = Vec::new();
    let outcome = client.stream(call, &mut |event| events.push(event)).await;
    (outcome, events)
}

/// The outcome of one call with the usual client to a server that plays `scripts`.
async fn against(
    wire: Wire,
    scripts: Vec<Vec<Step>>,
) -> (Result<Completion, Failure>, Vec<Event>, Server) {
    let server = Server::start(scripts).await;
    let (outcome, events) = ask(&client(), &call(wire, &server.url())).await;
    (outcome, events, server)
}

fn joined(events: &[Event]) -> String {
    let text = |event: &Event| match event {
        Event::Delta(text) => Some(text.clone()),
        Event::Began | Event::StandIn | Event::Waiting { .. } | Event::Again => None,
    };
    events.iter().filter_map(text).collect()
}

async fn a_server_that_repeats_the_key_does_not_get_it_into_an_answer(wire: Wire) {
    let said = format!("You sent Bearer {KEY}.");
    let script = vec![Step::Request, stream_head(), delta(wire, &said), end(wire)];
    let (outcome, events, _server) = against(wire, vec![script]).await;
    assert_eq!(outcome.unwrap().text, "You sent Bearer [key].");
    assert_eq!(joined(&events), "You sent Bearer [key].");

    let (one, other) = said.split_at(20);
    let script = vec![
        Step::Request,
        stream_head(),
        delta(wire, one),
        delta(wire, other),
        end(wire),
    ];
    let (outcome, _, _server) = against(wire, vec![script]).await;
    assert_eq!(outcome.unwrap().text, "You sent Bearer [key].");
}

async fn the_offline_stand_in_is_told_apart_before_its_first_word(wire: Wire) {
    let sim = gloss::sim::Sim::bind(0).unwrap();
    let url = sim.url();
    let serving = tokio::spawn(sim.serve());
    let (outcome, events) = ask(&client(), &call(wire, &url)).await;
    serving.abort();
    assert_eq!(
        outcome.unwrap().system_fingerprint.as_deref(),
        Some(gloss::llm::STAND_IN)
    );
    assert_eq!(events[..2], [Event::Began, Event::StandIn]);
    assert!(!joined(&events).is_empty());
}

async fn a_failure_says_whether_the_model_has_read_the_prompt(wire: Wire) {
    const WRONG_KEY: &str = "{\"code\":\"c\",\"error\":\"Incorrect API key provided\"}";
    let check = async |steps: Vec<Step>, expected: bool| {
        let script = [Step::Request].into_iter().chain(steps).collect();
        let (outcome, _, server) = against(wire, vec![script]).await;
        let failure = outcome.unwrap_err();
        assert_eq!(
            (failure.is_billed, failure.requests),
            (expected, 1),
            "{failure}"
        );
        assert_eq!(server.connections(), 1);
    };
    check(vec![answer("400 Bad Request", WRONG_KEY.as_bytes())], false).await;
    let event = piece(&format!("data: {WRONG_KEY}\n\n"));
    check(vec![stream_head(), event], false).await;
    let cut = Step::Write(b"0\r\n\r\n".to_vec());
    check(vec![stream_head(), delta(wire, "Hel"), cut], true).await;
    let (outcome, _) = {
        let server = Server::start(vec![vec![Step::Request, Step::AwaitClose]]).await;
        let first_byte = SHORT;
        let client = client_with(Timeouts {
            first_byte,
            ..timeouts()
        });
        ask(&client, &call(wire, &server.url())).await
    };
    assert!(outcome.unwrap_err().is_billed);
}

async fn an_answer_is_streamed_and_accounted_for(wire: Wire) {
    let script = vec![
        Step::Request,
        stream_head(),
        delta(wire, "Hel"),
        delta(wire, "lo μ"),
        end(wire),
    ];
    let (outcome, events, mut server) = against(wire, vec![script]).await;
    let completion = outcome.unwrap();
    assert_eq!(completion.text, "Hello μ");
    assert_eq!(
        events,
        [
            Event::Began,
            Event::Delta("Hel".to_owned()),
            Event::Delta("lo μ".to_owned())
        ]
    );
    assert_eq!(completion.finish_reason.as_deref(), Some("stop"));
    assert_eq!(completion.model.as_deref(), Some("grok-4.3"));
    assert_eq!(completion.request_id.as_deref(), Some("req-7"));
    assert_eq!(
        (
            completion.usage.prompt_tokens,
            completion.usage.total_tokens
        ),
        (7, 9)
    );
    assert_eq!(completion.retries, 0);
    assert!(completion.first_token_ms.unwrap() <= completion.total_ms);
    assert_eq!(
        completion.rate_limits,
        RateLimits {
            limit_requests: Some(480),
            remaining_requests: Some(479),
            limit_tokens: Some(2_000_000),
            remaining_tokens: Some(1_999_000),
            zero_data_retention: Some(true),
        }
    );
    let request = server.request().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = format!("post /v1/{} http/1.1\r\n", wire.path());
    assert!(head.starts_with(&line), "{head}");
    for line in [
        format!("authorization: bearer {KEY}"),
        "content-type: application/json".to_owned(),
        "x-grok-conv-id: conversation-1".to_owned(),
        concat!("user-agent: gloss/", env!("CARGO_PKG_VERSION")).to_owned(),
    ] {
        assert!(
            head.lines().any(|l| l == line),
            "{line:?} is missing in {head}"
        );
    }
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["model"], "grok-4.3");
    assert_eq!(body["stream"], true);
    assert!(!body.to_string().contains(KEY));
    let (prompt, conversation) = match wire {
        Wire::Chat => ("/messages", None),
        Wire::Responses => ("/input", Some("conversation-1")),
    };
    let at = |pointer: &str| body.pointer(pointer);
    assert_eq!(at(&format!("{prompt}/1/content")).unwrap(), "What is this?");
    let cache_key = at("/prompt_cache_key").and_then(|key| key.as_str());
    assert_eq!(cache_key, conversation);
    // What is not stored by default need not be told.
    let stored = at("/store").and_then(serde_json::Value::as_bool);
    assert_eq!(stored, (wire == Wire::Responses).then_some(false));
}

async fn what_is_xais_own_goes_to_grok_alone_and_no_key_is_no_header(wire: Wire) {
    let mut server = Server::start(vec![good(wire, "hi")]).await;
    let mut call = call(wire, &server.url());
    "llama3.2".clone_into(&mut call.model);
    call.endpoint.key = None;
    ask(&client(), &call).await.0.unwrap();
    let request = server.request().await;
    for absent in [
        "authorization",
        "x-grok-conv-id",
        "reasoning",
        "prompt_cache_key",
        "max_completion_tokens",
    ] {
        assert!(!request.contains(absent), "{absent} in {request}");
    }
}

async fn a_refused_connection_names_the_place(wire: Wire) {
    let port = closed_port().await;
    let (outcome, events) = ask(
        &client(),
        &call(wire, &format!("http://127.0.0.1:{port}/v1")),
    )
    .await;
    let failure = outcome.unwrap_err();
    let host = format!("127.0.0.1:{port}");
    assert_eq!(failure.error, ApiError::ConnectionRefused { host });
    assert_eq!((failure.status, failure.retries, events), (None, 0, vec![]));
}

/// A port at which nothing listens.
async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    listener.unwrap().local_addr().unwrap().port()
}

async fn a_reset_before_the_answer_is_retried_and_then_told(wire: Wire) {
    let reset = || vec![Step::Request, Step::Reset];
    let (outcome, events, server) = against(wire, vec![reset(), reset(), reset()]).await;
    let failure = outcome.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::Reset { .. }),
        "{failure:?}"
    );
    assert_eq!(
        (failure.retries, failure.requests, server.connections()),
        (2, 3, 3)
    );
    assert!(matches!(
        events[..],
        [Event::Waiting { seconds: 1, .. }, Event::Again]
    ));

    // The first time nobody is told: it may have been one that had been kept and was gone.
    let (outcome, events, _) = against(wire, vec![reset(), good(wire, "hi")]).await;
    assert_eq!(outcome.unwrap().retries, 1);
    assert_eq!(events, [Event::Began, Event::Delta("hi".to_owned())]);
}

async fn a_reset_under_a_huge_body_means_that_it_is_too_big(wire: Wire) {
    let server = Server::start(vec![vec![Step::Reset]]).await;
    let mut call = call(wire, &server.url());
    call.prompt.parts = vec![Part::Text("a".repeat(45_000_000))];
    let failure = ask(&client(), &call).await.0.unwrap_err();
    assert!(
        matches!(
            failure.error,
            ApiError::TooBig {
                bytes: 45_000_000..
            }
        ),
        "{failure:?}"
    );
    assert_eq!(failure.retries, 0);
}

async fn a_server_that_speaks_no_http_is_told(wire: Wire) {
    let script = vec![
        Step::Request,
        Step::Write(b"220 mail.example ESMTP\r\n".to_vec()),
    ];
    let failure = against(wire, vec![script]).await.0.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::NotAnApi { .. }),
        "{failure:?}"
    );
}

async fn a_slow_first_byte_ends_the_wait_and_the_connection(wire: Wire) {
    let mut server = Server::start(vec![vec![Step::Request, Step::AwaitClose]]).await;
    let client = client_with(Timeouts {
        first_byte: SHORT,
        ..timeouts()
    });
    let failure = ask(&client, &call(wire, &server.url()))
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(failure.error, ApiError::FirstByteTimeout { .. }),
        "{failure:?}"
    );
    assert_eq!((failure.status, failure.retries), (None, 0));
    server.closed().await;
}

async fn a_stall_keeps_what_had_come(wire: Wire) {
    let script = vec![
        Step::Request,
        stream_head(),
        delta(wire, "one "),
        delta(wire, "two"),
        Step::AwaitClose,
    ];
    let mut server = Server::start(vec![script]).await;
    let client = client_with(Timeouts {
        idle: SHORT,
        ..timeouts()
    });
    let failure = ask(&client, &call(wire, &server.url()))
        .await
        .0
        .unwrap_err();
    assert_eq!(failure.error, ApiError::IdleTimeout { after: SHORT });
    assert_eq!(failure.text, "one two");
    assert_eq!((failure.status, failure.retries), (Some(200), 0));
    assert_eq!(failure.request_id.as_deref(), Some("req-7"));
    assert!(failure.first_token_ms.is_some());
    server.closed().await;
}

async fn keep_alives_do_not_reset_the_idle_timer(wire: Wire) {
    for keep_alive in [
        ": keep-alive\n\n",
        "data: ping\n\n",
        "data:\n\n",
        "event: ping\n\n",
    ] {
        let line = format!("{:x}\r\n{keep_alive}\r\n", keep_alive.len()).into_bytes();
        let script = vec![
            Step::Request,
            stream_head(),
            delta(wire, "a"),
            Step::WriteForever(line),
        ];
        let mut server = Server::start(vec![script]).await;
        let client = client_with(Timeouts {
            idle: SHORT,
            ..timeouts()
        });
        let failure = ask(&client, &call(wire, &server.url()))
            .await
            .0
            .unwrap_err();
        assert_eq!(
            failure.error,
            ApiError::IdleTimeout { after: SHORT },
            "{keep_alive:?}"
        );
        server.closed().await;
    }
}

async fn the_whole_call_is_bounded_even_while_chunks_come(wire: Wire) {
    let chunk = format!("data: {}\n\n", thought(wire));
    let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len()).into_bytes();
    let script = vec![Step::Request, stream_head(), Step::WriteForever(chunk)];
    let mut server = Server::start(vec![script]).await;
    let client = client_with(Timeouts {
        total: SHORT * 3,
        ..timeouts()
    });
    let failure = ask(&client, &call(wire, &server.url()))
        .await
        .0
        .unwrap_err();
    assert_eq!(failure.error, ApiError::TotalTimeout { after: SHORT * 3 });
    server.closed().await;
}

async fn an_endless_answer_is_bounded(wire: Wire) {
    let text = "a".repeat(64 << 10);
    let chunk = format!("data: {}\n\n", text_of(wire, &text));
    let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len()).into_bytes();
    let script = vec![Step::Request, stream_head(), Step::WriteForever(chunk)];
    let (outcome, _, mut server) = against(wire, vec![script]).await;
    let failure = outcome.unwrap_err();
    assert_eq!(failure.error, ApiError::Endless { limit: 4 << 20 });
    assert_eq!(failure.text.len(), 4 << 20);
    server.closed().await;
}

async fn a_line_without_end_is_bounded(wire: Wire) {
    let chunk = format!("{:x}\r\n{}\r\n", 64 << 10, "d".repeat(64 << 10)).into_bytes();
    let script = vec![Step::Request, stream_head(), Step::WriteForever(chunk)];
    let (outcome, _, mut server) = against(wire, vec![script]).await;
    assert_eq!(
        outcome.unwrap_err().error,
        ApiError::Endless { limit: 8 << 20 }
    );
    server.closed().await;
}

async fn a_cut_after_text_is_told_and_not_retried(wire: Wire) {
    let event = format!("data: {}\n\n", text_of(wire, "more"));
    let half = &event[..event.len() / 2];
    let cut_in_chunk = Step::Write(format!("{:x}\r\n{half}", event.len()).into_bytes());
    let cuts: Vec<Vec<Step>> = vec![
        vec![cut_in_chunk],
        vec![piece(half), Step::Write(b"0\r\n\r\n".to_vec())],
        vec![Step::Write(b"0\r\n\r\n".to_vec())],
        vec![],
    ];
    for cut in cuts {
        let script = vec![Step::Request, stream_head(), delta(wire, "half")];
        let script = script.into_iter().chain(cut).collect();
        let (outcome, events, server) = against(wire, vec![script, good(wire, "again")]).await;
        let failure = outcome.unwrap_err();
        assert_eq!(failure.error, ApiError::CutOff);
        assert_eq!((failure.text.as_str(), failure.retries), ("half", 0));
        assert_eq!(
            (joined(&events).as_str(), server.connections()),
            ("half", 1)
        );
    }
}

async fn a_cut_before_anything_was_said_is_retried(wire: Wire) {
    let script = vec![Step::Request, stream_head()];
    let (outcome, events, _) = against(wire, vec![script, good(wire, "hi")]).await;
    let completion = outcome.unwrap();
    assert_eq!((completion.text.as_str(), completion.retries), ("hi", 1));
    assert_eq!(joined(&events), "hi");
}

async fn a_cut_once_the_answer_has_begun_is_not_retried_since_it_is_billed(wire: Wire) {
    let half = Step::Write(b"40\r\ndata: {\"choices\":[{\"delta\":{\"con".to_vec());
    for said in [
        vec![begun(wire)],
        vec![begun(wire), half],
        vec![event(&thought(wire))],
        vec![begun(wire), failed(wire, 503, "at capacity")],
    ] {
        let script = [Step::Request, stream_head()].into_iter().chain(said);
        let scripts = vec![script.collect(), good(wire, "hi")];
        let (outcome, _, server) = against(wire, scripts).await;
        let failure = outcome.unwrap_err();
        assert_eq!((failure.retries, server.connections()), (0, 1), "{failure}");
        assert!(failure.is_billed, "{failure}");
    }
}

async fn an_answer_that_said_why_it_ended_is_whole_whatever_follows(wire: Wire) {
    for rest in [vec![], vec![Step::Reset], vec![Step::AwaitClose]] {
        let script = vec![
            Step::Request,
            stream_head(),
            delta(wire, "hi"),
            event(&stop(wire)),
        ];
        let script = script.into_iter().chain(rest).collect();
        let server = Server::start(vec![script]).await;
        let client = client_with(Timeouts {
            after_end: SHORT,
            ..timeouts()
        });
        let completion = ask(&client, &call(wire, &server.url())).await.0.unwrap();
        assert_eq!(completion.text, "hi");
        assert_eq!(completion.finish_reason.as_deref(), Some("stop"));
    }
}

async fn a_malformed_chunk_is_told(wire: Wire) {
    let (outcome, events, _) = against(
        wire,
        vec![vec![
            Step::Request,
            stream_head(),
            delta(wire, "a"),
            piece("data: {nonsense\n\n"),
        ]],
    )
    .await;
    let failure = outcome.unwrap_err();
    let said = "{nonsense".to_owned();
    assert_eq!(failure.error, ApiError::Malformed { said });
    assert_eq!(
        (failure.text.as_str(), joined(&events).as_str()),
        ("a", "a")
    );

    let bad_size = Step::Write(b"zz\r\ndata\r\n".to_vec());
    let failure = against(
        wire,
        vec![vec![
            Step::Request,
            stream_head(),
            delta(wire, "a"),
            bad_size,
        ]],
    )
    .await
    .0;
    assert!(matches!(
        failure.unwrap_err().error,
        ApiError::Malformed { .. }
    ));
}

async fn an_error_inside_a_200_is_an_error(wire: Wire) {
    let wrong_key = r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yz."}"#;
    let scripts = [
        vec![
            Step::Request,
            answer(
                "200 OK\r\ncontent-type: application/json",
                wrong_key.as_bytes(),
            ),
        ],
        vec![
            Step::Request,
            stream_head(),
            piece(&format!("data: {wrong_key}\n\n")),
        ],
    ];
    for script in scripts {
        let failure = against(wire, vec![script]).await.0.unwrap_err();
        assert!(
            matches!(failure.error, ApiError::BadKey { .. }),
            "{failure:?}"
        );
        assert_eq!((failure.status, failure.retries), (Some(200), 0));
    }
    let passing = failed(wire, 503, "Loading model");
    let script = vec![Step::Request, stream_head(), passing];
    assert_eq!(
        against(wire, vec![script, good(wire, "hi")])
            .await
            .0
            .unwrap()
            .retries,
        1
    );
}

async fn a_body_that_is_no_stream_is_an_answer_too(wire: Wire) {
    let (outcome, events, _) = against(wire, vec![at_once(wire, "hi")]).await;
    let completion = outcome.unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.usage.total_tokens),
        ("hi", 4)
    );
    assert_eq!(joined(&events), "hi");
}

async fn a_web_page_is_not_shown_raw(wire: Wire) {
    let page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    for head in ["200 OK", "403 Forbidden", "502 Bad Gateway"] {
        let script = || vec![Step::Request, answer(head, page)];
        let failure = against(wire, vec![script(), script(), script()])
            .await
            .0
            .unwrap_err();
        let line = failure.error.to_string();
        assert!(
            line.contains("a web page titled \"Sign in\"") && !line.contains('<'),
            "{line}"
        );
    }
}

async fn a_compressed_body_is_read(wire: Wire) {
    // gzip of the stream's text, stored without compression: header, one block, checksum.
    let text = format!("data: {}\n\ndata: {}\n\n", text_of(wire, "hi"), stop(wire));
    let body = gzip(text.as_bytes());
    let head = "200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip";
    let script = vec![Step::Request, answer(head, &body)];
    assert_eq!(against(wire, vec![script]).await.0.unwrap().text, "hi");
    let script = vec![Step::Request, answer(head, b"this is not gzip at all")];
    let failure = against(wire, vec![script]).await.0.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::Malformed { .. }),
        "{failure:?}"
    );
}

/// `text` as a gzip file of one stored block (RFC 1951, 3.2.4; RFC 1952, 2.3).
fn gzip(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let crc = !text.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    });
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(text);
    file.extend(crc.to_le_bytes());
    file.extend(u32::from(length).to_le_bytes());
    file
}

async fn a_redirect_is_not_followed(wire: Wire) {
    let mut elsewhere = Server::start(vec![good(wire, "stolen")]).await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
    ] {
        let head = format!("{status}\r\nlocation: {}/{}", elsewhere.url(), wire.path());
        let script = vec![Step::Request, answer(&head, b"")];
        let failure = against(wire, vec![script]).await.0.unwrap_err();
        let to = format!("http://127.0.0.1:{}", elsewhere.port);
        assert_eq!(failure.error, ApiError::Redirected { to });
    }
    assert_eq!(elsewhere.connections(), 0);
    assert!(elsewhere.saw_nothing());
}

async fn a_rate_limit_is_waited_out_and_told(wire: Wire) {
    let body = br#"{"code":"c","error":"Too many requests for team 7f3 (actual/limit): 2/2"}"#;
    let script = vec![
        Step::Request,
        answer("429 Too Many Requests\r\nretry-after: 1", body),
    ];
    let started = Instant::now();
    let (outcome, events, server) = against(wire, vec![script, good(wire, "hi")]).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    let completion = outcome.unwrap();
    assert_eq!((completion.retries, completion.text.as_str()), (1, "hi"));
    let why = "the rate limit".to_owned();
    assert_eq!(
        events[..2],
        [Event::Waiting { seconds: 1, why }, Event::Again]
    );
    assert_eq!(server.connections(), 2);
}

async fn what_must_not_be_retried_is_not(wire: Wire) {
    let no_money = r#"{"code":"c","error":"Your team 7f3 has either used all available credits or reached its monthly spending limit."}"#;
    for (head, body) in [
        ("429 Too Many Requests", no_money),
        ("429 Too Many Requests\r\nretry-after: 31", "{}"),
        ("429 Too Many Requests\r\nx-should-retry: false", "{}"),
        ("500 Internal Server Error\r\nx-should-retry: false", "{}"),
        ("400 Bad Request", "{}"),
        ("501 Not Implemented", "{}"),
    ] {
        let script = vec![Step::Request, answer(head, body.as_bytes())];
        let (outcome, _, server) = against(wire, vec![script, good(wire, "hi")]).await;
        let failure = outcome.unwrap_err();
        assert_eq!((failure.retries, server.connections()), (0, 1), "{head}");
    }
}

async fn two_failures_that_pass_are_survived_and_three_are_not(wire: Wire) {
    let fail = || {
        vec![
            Step::Request,
            answer("500 Internal Server Error\r\nconnection: close", b""),
        ]
    };
    let (outcome, ..) = against(wire, vec![fail(), fail(), good(wire, "hi")]).await;
    assert_eq!(outcome.unwrap().retries, 2);
    let (outcome, _, server) = against(wire, vec![fail(), fail(), fail(), good(wire, "hi")]).await;
    let failure = outcome.unwrap_err();
    assert_eq!(
        (failure.status, failure.retries, server.connections()),
        (Some(500), 2, 3)
    );
}

async fn an_error_after_text_is_not_retried(wire: Wire) {
    let error = failed(wire, 500, "boom");
    let script = vec![Step::Request, stream_head(), delta(wire, "half"), error];
    let (outcome, _, server) = against(wire, vec![script, good(wire, "hi")]).await;
    let failure = outcome.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::Passing { .. }),
        "{failure:?}"
    );
    assert_eq!(
        (failure.text.as_str(), failure.retries, server.connections()),
        ("half", 0, 1)
    );
}

async fn a_parameter_that_is_refused_is_dropped_once_and_remembered(wire: Wire) {
    let refusal = r#"{"code":"Client specified an invalid argument","error":"Model grok-4.3 does not support parameter reasoningEffort."}"#;
    let refuse = || {
        vec![
            Step::Request,
            answer("400 Bad Request\r\nconnection: close", refusal.as_bytes()),
        ]
    };
    let mut server = Server::start(vec![
        refuse(),
        good(wire, "one"),
        good(wire, "two"),
        refuse(),
    ])
    .await;
    let (client, call) = (client(), call(wire, &server.url()));
    let completion = ask(&client, &call).await.0.unwrap();
    assert_eq!((completion.text.as_str(), completion.retries), ("one", 1));
    assert!(server.request().await.contains("\"reasoning"));
    assert!(!server.request().await.contains("\"reasoning"));
    // A clone knows it too. A model that refuses what was not sent is not asked again.
    let other = client.clone();
    let mut fresh = Server::start(vec![good(wire, "three"), refuse()]).await;
    let mut call = call;
    call.endpoint.base_url = fresh.url().parse().unwrap();
    assert_eq!(ask(&other, &call).await.0.unwrap().retries, 0);
    assert!(!fresh.request().await.contains("\"reasoning"));
    "grok-build-0.1".clone_into(&mut call.model);
    let refused = Server::start(vec![refuse()]).await;
    call.endpoint.base_url = refused.url().parse().unwrap();
    let failure = ask(&other, &call).await.0.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::ParameterRefused { .. }),
        "{failure:?}"
    );
    assert_eq!(failure.retries, 0);
}

async fn a_parameter_that_is_refused_once_the_answer_has_begun_is_dropped_from_the_next(
    wire: Wire,
) {
    let refusal = failed(
        wire,
        400,
        "grok-4.3 does not support parameter reasoningEffort.",
    );
    let script = vec![Step::Request, stream_head(), begun(wire), refusal];
    let mut server = Server::start(vec![script, good(wire, "two")]).await;
    let (client, call) = (client(), call(wire, &server.url()));
    let failure = ask(&client, &call).await.0.unwrap_err();
    let is_of_parameter = matches!(failure.error, ApiError::ParameterRefused { .. });
    assert!(is_of_parameter && failure.is_billed, "{failure:?}");
    assert_eq!((failure.retries, server.connections()), (0, 1));
    assert!(server.request().await.contains("\"reasoning"));
    ask(&client, &call).await.0.unwrap();
    assert!(!server.request().await.contains("\"reasoning"));
}

async fn dropping_the_call_closes_the_connection(wire: Wire) {
    // Before the answer's head, and in the middle of it.
    let waiting = vec![Step::Request, Step::AwaitClose];
    let speaking = vec![
        Step::Request,
        stream_head(),
        delta(wire, "a"),
        Step::AwaitClose,
    ];
    for script in [waiting, speaking] {
        let speaks = script.len() > 2;
        let mut server = Server::start(vec![script]).await;
        let (client, call) = (client(), call(wire, &server.url()));
        let (began, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let job = tokio::spawn(async move {
            let mut tell = |event| drop(began.send(event));
            client.stream(&call, &mut tell).await
        });
        server.request().await;
        if speaks {
            assert_eq!(has_begun.recv().await, Some(Event::Began));
            assert_eq!(has_begun.recv().await, Some(Event::Delta("a".to_owned())));
        }
        let started = Instant::now();
        job.abort();
        server.closed().await;
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(job.await.unwrap_err().is_cancelled());
    }
}

async fn two_calls_use_one_connection(wire: Wire) {
    let both = vec![good(wire, "one"), good(wire, "two")]
        .into_iter()
        .flatten()
        .collect();
    let server = Server::start(vec![both, good(wire, "on another")]).await;
    let (client, call) = (client(), call(wire, &server.url()));
    assert_eq!(ask(&client, &call).await.0.unwrap().text, "one");
    // The connection returns to the pool by tasks of this runtime, which run in turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&client.clone(), &call).await.0.unwrap().text, "two");
    assert_eq!(server.connections(), 1);
}

async fn the_answer_does_not_wait_for_the_end_of_its_connection_which_is_kept(wire: Wire) {
    let signal = Arc::new(tokio::sync::Notify::new());
    let mut script = vec![
        Step::Request,
        stream_head(),
        delta(wire, "one"),
        piece("data: [DONE]\n\n"),
    ];
    script.push(Step::Wait(signal.clone()));
    script.push(Step::Write(b"0\r\n\r\n".to_vec()));
    script.extend(good(wire, "two"));
    let server = Server::start(vec![script, good(wire, "on another")]).await;
    let (client, call) = (client(), call(wire, &server.url()));
    assert_eq!(ask(&client, &call).await.0.unwrap().text, "one");
    signal.notify_one();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&client, &call).await.0.unwrap().text, "two");
    assert_eq!(server.connections(), 1);
}

async fn the_key_goes_to_the_configured_host_alone(wire: Wire) {
    let mut server = Server::start(vec![good(wire, "a")]).await;
    ask(&client(), &call(wire, &server.url())).await.0.unwrap();
    assert!(server.request().await.contains(KEY));

    // With userinfo, nothing is sent at all.
    let mut server = Server::start(vec![good(wire, "b")]).await;
    let tricky = format!("http://api.x.ai@127.0.0.1:{}/v1", server.port);
    let failure = ask(&client(), &call(wire, &tricky)).await.0.unwrap_err();
    assert!(
        matches!(failure.error, ApiError::Setting { .. }),
        "{failure:?}"
    );
    assert_eq!((failure.requests, server.connections()), (0, 0));
    assert!(server.saw_nothing());
}

async fn a_missing_key_is_told_before_anything_is_sent(wire: Wire) {
    let mut call = call(wire, "https://api.x.ai/v1");
    call.endpoint.key = None;
    let failure = ask(&client(), &call).await.0.unwrap_err();
    let line = failure.to_string();
    assert!(
        line.contains("XAI_API_KEY") && line.contains("`gloss auth login`"),
        "{line}"
    );
    assert_eq!(failure.requests, 0);
}

async fn a_key_that_the_server_repeats_is_in_no_text(wire: Wire) {
    let echo =
        format!(r#"{{"code":"{KEY}","error":"Incorrect API key provided: {KEY}. Bearer {KEY}"}}"#);
    let in_stream = piece(&format!("data: {echo}\n\n"));
    let scripts = [
        vec![Step::Request, answer("400 Bad Request", echo.as_bytes())],
        vec![Step::Request, answer("418 Teapot", KEY.as_bytes())],
        vec![
            Step::Request,
            answer(
                &format!("302 Found\r\nlocation: https://{KEY}.example/"),
                b"",
            ),
        ],
        vec![
            Step::Request,
            answer(&format!("400 Bad\r\nx-request-id: {KEY}"), b""),
        ],
        vec![Step::Request, stream_head(), in_stream],
        vec![
            Step::Request,
            stream_head(),
            piece(&format!("data: {KEY}\n\n")),
        ],
    ];
    for script in scripts {
        let failure = against(wire, vec![script]).await.0.unwrap_err();
        assert!(
            !format!("{failure:?} {failure}").contains("4f0c2a9e"),
            "{failure:?}"
        );
    }
}

async fn proxies_of_the_settings_are_passed_by_for_loopback(wire: Wire) {
    let server = Server::start(vec![good(wire, "hi")]).await;
    let mut proxy = Server::start(vec![good(wire, "from the proxy")]).await;
    let client = Client::new(Options {
        proxy: Some(format!("http://127.0.0.1:{}", proxy.port)),
        timeouts: timeouts(),
        ..Options::default()
    });
    assert_eq!(
        ask(&client, &call(wire, &server.url()))
            .await
            .0
            .unwrap()
            .text,
        "hi"
    );
    assert!(proxy.saw_nothing());
    // All else goes through it; a plain request shows that without any certificates.
    let elsewhere = call(wire, "http://model.invalid/v1");
    let outcome = ask(&client, &elsewhere).await.0;
    assert_eq!(outcome.unwrap().text, "from the proxy");
    let request = proxy.request().await;
    let line = format!("post http://model.invalid/v1/{} ", wire.path());
    assert!(request.starts_with(&line), "{request}");
    assert!(!request.contains(KEY), "the key went over plain http");
}

async fn a_proxy_that_says_no_is_told_apart(wire: Wire) {
    let check = async |proxy: u16, url: &str, words: &str| {
        let client = Client::new(Options {
            proxy: Some(format!("http://127.0.0.1:{proxy}")),
            timeouts: timeouts(),
            ca_file: Some(fixture("ca.pem")),
            ..Options::default()
        });
        let failure = ask(&client, &call(wire, url)).await.0.unwrap_err();
        let is_of_proxy = matches!(failure.error, ApiError::Proxy { .. });
        assert!(is_of_proxy, "{url}: {failure:?}");
        let line = failure.to_string();
        assert!(line.contains(words) && line.contains("`proxy`"), "{line}");
    };
    let refusal = || {
        vec![
            Step::Request,
            answer("407 Proxy Authentication Required", b"no credentials"),
        ]
    };
    for (url, words) in [
        ("https://model.invalid/v1", "model.invalid"),
        ("http://model.invalid/v1", "a name and a password"),
    ] {
        let proxy = Server::start(vec![refusal()]).await;
        check(proxy.port, url, words).await;
        check(closed_port().await, url, "model.invalid").await;
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api")
        .join(name)
}

/// The test authority's certificate for `localhost`.
fn tls() -> rustls::ServerConfig {
    tls_with("loopback.der")
}

/// A certificate of a test authority for `localhost`.
fn tls_with(certificate: &str) -> rustls::ServerConfig {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let certificate = CertificateDer::from(std::fs::read(fixture(certificate)).unwrap());
    let key = PrivateKeyDer::try_from(std::fs::read(fixture("loopback.key.der")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// A server with that certificate, for one connection.
/// It answers `hi`, and gives back what it was sent.
fn tls_server(wire: Wire) -> (u16, std::thread::JoinHandle<String>) {
    tls_server_with(wire, "loopback.der")
}

/// The same with another certificate.
fn tls_server_with(wire: Wire, certificate: &str) -> (u16, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};

    let config = tls_with(certificate);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        let mut seen = Vec::new();
        let mut piece = [0; 4096];
        while !seen.ends_with(b"}") {
            match stream.read(&mut piece) {
                Ok(length @ 1..) => seen.extend_from_slice(&piece[..length]),
                _ => return String::from_utf8_lossy(&seen).into_owned(),
            }
        }
        let body = whole(wire, "hi").to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.flush();
        String::from_utf8_lossy(&seen).into_owned()
    });
    (port, serve)
}

async fn tls_trusts_the_extra_authority_and_nobody_unknown(wire: Wire) {
    let (port, server) = tls_server(wire);
    let with_ca = Client::new(Options {
        ca_file: Some(fixture("ca.pem")),
        timeouts: timeouts(),
        ..Options::default()
    });
    let outcome = ask(
        &with_ca,
        &call(wire, &format!("https://localhost:{port}/v1")),
    )
    .await
    .0;
    assert_eq!(outcome.unwrap().text, "hi");
    assert!(server.join().unwrap().contains(KEY));

    // The certificate is for another name.
    let (port, server) = tls_server(wire);
    let failure = ask(
        &with_ca,
        &call(wire, &format!("https://[::ffff:127.0.0.1]:{port}/v1")),
    )
    .await
    .0;
    let failure = failure.unwrap_err();
    assert!(matches!(failure.error, ApiError::Tls { .. }), "{failure:?}");
    assert!(!server.join().unwrap().contains(KEY));
}

async fn one_list_of_models_is_enough(wire: Wire) {
    let check = async |answers: [(&str, &str); 2]| {
        let scripts =
            answers.map(|(head, body)| vec![Step::Request, answer(head, body.as_bytes())]);
        let mut server = Server::start(scripts.into()).await;
        let listed = client().models(&call(wire, &server.url()).endpoint).await;
        let mut asked = [server.request().await, server.request().await];
        asked.sort();
        assert!(
            asked[0].starts_with("get /v1/language-models "),
            "{asked:?}"
        );
        assert!(asked[1].starts_with("get /v1/models "), "{asked:?}");
        let has_key = |request: &String| request.contains(&format!("bearer {KEY}"));
        assert!(asked.iter().all(has_key), "{asked:?}");
        listed.map(|models| models.into_iter().map(|model| model.id).collect::<Vec<_>>())
    };
    let list = ("200 OK", r#"{"data":[{"id":"llama3"}]}"#);
    let forbidden = (
        "403 Forbidden",
        r#"{"code":"The caller does not have permission","error":"no lists for you"}"#,
    );
    assert_eq!(check([forbidden, list]).await.unwrap(), ["llama3"]);
    assert_eq!(check([list, forbidden]).await.unwrap(), ["llama3"]);
    let refused = check([forbidden, forbidden]).await;
    assert!(
        matches!(refused, Err(ApiError::Forbidden { .. })),
        "{refused:?}"
    );
    let wrong = format!(r#"{{"code":"x","error":"Incorrect API key provided: {KEY}"}}"#);
    let wrong = ("400 Bad Request", &*wrong);
    let refused = check([wrong, wrong]).await.unwrap_err();
    assert!(matches!(refused, ApiError::BadKey { .. }), "{refused:?}");
    assert!(!refused.to_string().contains(KEY), "{refused}");
    let none = ("200 OK", "<html>");
    assert!(matches!(
        check([none, none]).await,
        Err(ApiError::NotAnApi { .. })
    ));
}

async fn calls_run_side_by_side_on_one_client(wire: Wire) {
    let scripts = (0..8)
        .map(|number| good(wire, &format!("answer {number}")))
        .collect();
    let server = Server::start(scripts).await;
    let (client, url) = (client(), server.url());
    let texts = Arc::new(Mutex::new(Vec::new()));
    let jobs: Vec<_> = (0..8)
        .map(|_| {
            let (client, call, texts) = (client.clone(), call(wire, &url), texts.clone());
            tokio::spawn(async move {
                let text = ask(&client, &call).await.0.unwrap().text;
                texts.lock().unwrap().push(text);
            })
        })
        .collect();
    for job in jobs {
        job.await.unwrap();
    }
    let mut texts = texts.lock().unwrap().clone();
    texts.sort();
    let expected: Vec<String> = (0..8).map(|number| format!("answer {number}")).collect();
    assert_eq!(texts, expected);
}
