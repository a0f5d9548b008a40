//! The stand-in over a real socket, read byte by byte rather than by a client that forgives.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Options, Sim};

/// A stand-in that is served for as long as this lives.
struct Served {
    address: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn serve(options: Options) -> Served {
    let sim = Sim::bind(0).unwrap().with(options);
    assert_eq!(
        sim.url(),
        format!("http://127.0.0.1:{}/v1", sim.address.port())
    );
    Served {
        address: sim.address,
        task: tokio::spawn(sim.serve()),
    }
}

fn quick() -> Options {
    Options {
        chunk_delay: Duration::ZERO,
        ..Options::default()
    }
}

/// A response as it came, chunked transfer undone.
struct Raw {
    status: u16,
    head: String,
    body: String,
}

impl Raw {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key.eq_ignore_ascii_case(name)).then_some(value)
        })
    }
}

async fn send(address: SocketAddr, method: &str, path: &str, extra: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{extra}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

async fn read(mut stream: TcpStream) -> Raw {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Raw {
        status,
        head: head.to_owned(),
        body,
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

async fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> Raw {
    read(send(address, method, path, "", body).await).await
}

fn question(stream: bool) -> String {
    json!({
        "model": "grok-4.3",
        "stream": stream,
        "stream_options": { "include_usage": true },
        "messages": [
            { "role": "system", "content": "Explain." },
            { "role": "user", "content": "<range-1f language=\"rust\">\nfn f(a: A) { if a {} }\n</range-1f>" },
        ],
    })
    .to_string()
}

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

/// The same question by the other wire.
fn input(stream: bool) -> String {
    let question: Value = serde_json::from_str(&question(stream)).unwrap();
    json!({ "model": "grok-4.3", "stream": stream, "store": false, "input": question["messages"] })
        .to_string()
}

#[tokio::test]
async fn an_answer_in_one_piece_has_the_shape_of_the_api() {
    let served = serve(quick());
    let raw = call(served.address, "POST", CHAT, &question(false)).await;
    assert_eq!(
        (raw.status, raw.header("content-type")),
        (200, Some("application/json"))
    );
    for name in [
        "x-request-id",
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-tokens",
    ] {
        assert!(raw.header(name).is_some(), "{name}: {}", raw.head);
    }
    let json = raw.json();
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["id"].as_str(), raw.header("x-request-id"));
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
    let content = json["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        content.starts_with("Rust function `f` with 1 parameter and 1 branch."),
        "{content}"
    );
    assert!(json["usage"]["cost_in_usd_ticks"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_streamed_answer_joined_equals_the_one_in_one_piece() {
    let served = serve(quick());
    let whole = call(served.address, "POST", CHAT, &question(false))
        .await
        .json();
    let raw = call(served.address, "POST", CHAT, &question(true)).await;
    assert_eq!(raw.header("content-type"), Some("text/event-stream"));
    let mut data: Vec<&str> = raw
        .body
        .split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").unwrap())
        .collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    let chunks: Vec<Value> = data
        .iter()
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text.as_str());
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(
        usage["completion_tokens"],
        whole["usage"]["completion_tokens"]
    );
    // The second call says what the first said, and caches work in blocks of 16.
    let prompt = usage["prompt_tokens"].as_u64().unwrap();
    let cached = usage["prompt_tokens_details"]["cached_tokens"].as_u64();
    assert_eq!(cached, Some(prompt / 16 * 16));
}

#[tokio::test]
async fn the_other_wire_answers_the_same_streamed_and_in_one_piece() {
    let served = serve(quick());
    let chat = call(served.address, "POST", CHAT, &question(false)).await;
    let said = &chat.json()["choices"][0]["message"]["content"];
    let whole = call(served.address, "POST", RESPONSES, &input(false)).await;
    assert_eq!(
        (whole.status, whole.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(whole.header("x-ratelimit-remaining-tokens").is_some());
    let whole = whole.json();
    assert_eq!(&whole["output"][0]["content"][0]["text"], said);
    let raw = call(served.address, "POST", RESPONSES, &input(true)).await;
    assert_eq!(raw.header("content-type"), Some("text/event-stream"));
    let events: Vec<Value> = raw
        .body
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.split_once("\ndata: ").unwrap().1).unwrap())
        .collect();
    let deltas = events.iter().filter_map(|event| event["delta"].as_str());
    assert_eq!(said, deltas.collect::<String>().as_str());
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!(
        last["response"]["output"][0]["content"],
        whole["output"][0]["content"]
    );
    assert_eq!(
        last["response"]["usage"]["output_tokens"],
        whole["usage"]["output_tokens"]
    );
}

#[tokio::test]
async fn refusals_are_flat_json_with_the_status_of_the_api() {
    let served = serve(Options {
        max_body: 2_000,
        ..quick()
    });
    let check = async |method: &str, path: &str, body: &str, status: u16, words: &str| {
        let raw = call(served.address, method, path, body).await;
        let json = raw.json();
        assert_eq!(raw.status, status, "{method} {path}: {json}");
        assert!(json["error"].as_str().unwrap().contains(words), "{json}");
        assert!(json["code"].is_string() && raw.header("x-request-id").is_some());
    };
    for (wire, asked) in [(CHAT, "messages"), (RESPONSES, "input")] {
        check("POST", wire, "{", 400, "Failed to parse").await;
        let body = json!({ "model": 1, asked: [] }).to_string();
        check("POST", wire, &body, 422, "Failed to deserialize").await;
        let body = json!({ "model": "grok-3", asked: [] }).to_string();
        check("POST", wire, &body, 400, "Model not found: grok-3").await;
        check("POST", wire, &"x".repeat(2_001), 413, "2000 bytes").await;
        check("GET", wire, "", 405, "does not take GET").await;
    }
    check("POST", "/v1/completions", "{}", 404, "/v1/completions").await;
    check("GET", "/", "", 404, "not found").await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused_at_the_limit() {
    let served = serve(Options {
        max_body: 100,
        ..quick()
    });
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let body = format!("c8\r\n{}\r\n", "x".repeat(200));
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    assert_eq!(read(stream).await.status, 413);
}

#[tokio::test]
async fn any_key_will_do_but_the_one_called_incorrect() {
    let served = serve(quick());
    let check = async |header: &str, status: u16| {
        let raw = read(send(served.address, "GET", "/v1/api-key", header, "").await).await;
        assert_eq!(raw.status, status, "{header}");
        raw.json()
    };
    assert_eq!(check("", 200).await["team_blocked"], false);
    check("authorization: Bearer xai-anything\r\n", 200).await;
    let json = check("authorization: Bearer incorrect\r\n", 400).await;
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .starts_with("Incorrect API key provided")
    );
}

#[tokio::test]
async fn the_lists_and_the_tokenizer_answer() {
    let served = serve(quick());
    let models = call(served.address, "GET", "/v1/models", "").await.json();
    assert_eq!(models["data"].as_array().unwrap().len(), 7);
    let models = call(served.address, "GET", "/v1/language-models", "")
        .await
        .json();
    assert_eq!(
        models["models"][3]["input_modalities"],
        json!(["text", "image"])
    );
    let body = json!({ "model": "grok-4.3", "text": "Hello, world" }).to_string();
    let tokens = call(served.address, "POST", "/v1/tokenize-text", &body)
        .await
        .json();
    let tokens = tokens["token_ids"].as_array().unwrap();
    assert_eq!(
        (tokens.len(), &tokens[2]["string_token"]),
        (3, &json!(" world"))
    );
}

/// One place and a pause of an hour: the second call is answered only because
/// serving the first stopped when its client went away.
#[tokio::test]
async fn a_client_that_goes_away_ends_its_answer() {
    let served = serve(Options {
        chunk_delay: Duration::from_secs(3600),
        max_connections: 1,
        ..Options::default()
    });
    let mut first = send(served.address, "POST", CHAT, "", &question(true)).await;
    let mut head = [0; 15];
    first.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    drop(first);
    let second = call(served.address, "GET", "/v1/models", "");
    let raw = tokio::time::timeout(Duration::from_secs(30), second).await;
    assert_eq!(raw.expect("the first answer ends").status, 200);
}

#[tokio::test]
async fn dropping_the_server_ends_its_connections() {
    let served = serve(Options {
        chunk_delay: Duration::from_secs(3600),
        ..Options::default()
    });
    let mut stream = send(served.address, "POST", CHAT, "", &question(true)).await;
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    drop(served);
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection ends");
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let first = Sim::bind(0).unwrap();
    assert!(Sim::bind(first.address.port()).is_err());
}
