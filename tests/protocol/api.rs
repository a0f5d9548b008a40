//! An API that answers when it is told to: it holds each request until the test lets it go.

use std::sync::{Arc, Mutex};

use gloss::llm::Wire;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use super::WIRE;

/// A listening API.
pub struct Api {
    pub url: String,
    requests: mpsc::Receiver<Held>,
    /// How many sockets are open.
    open: watch::Receiver<usize>,
}

/// A request that waits for its answer.
pub struct Held {
    pub head: String,
    pub body: Value,
    answer: oneshot::Sender<Answer>,
}

pub enum Answer {
    /// A whole answer of the model that was asked, streamed.
    Text(String),
    /// The same of this model.
    TextOf(&'static str, String),
    /// A text that ends for this reason.
    Ended(&'static str, String),
    /// Pieces, then silence.
    Stall(Vec<String>),
    /// Pieces as they are told, those of one message in one write, until no more are; then the
    /// answer's end, and that of the connection.
    Told(mpsc::UnboundedReceiver<Vec<String>>),
    /// Any status and body.
    Status(u16, String),
    /// That there were too many, and after how many seconds to come again.
    TooMany(u64),
}

impl Api {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel(1000);
        let (open_sender, open) = watch::channel(0);
        let open_sender = Arc::new(Mutex::new(open_sender));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (sender, open) = (sender.clone(), open_sender.clone());
                open.lock().unwrap().send_modify(|count| *count += 1);
                tokio::spawn(async move {
                    let _ = serve(socket, sender).await;
                    open.lock().unwrap().send_modify(|count| *count -= 1);
                });
            }
        });
        Self {
            url,
            requests,
            open,
        }
    }

    /// The next request.
    pub async fn next(&mut self) -> Held {
        let next = tokio::time::timeout(super::editor::PATIENCE, self.requests.recv());
        next.await.expect("no request came").unwrap()
    }

    /// Answers whatever is asked from now on, at once.
    pub fn answer_all(mut self, answer: impl Fn(&Held) -> String + Send + 'static) {
        tokio::spawn(async move {
            while let Some(held) = self.requests.recv().await {
                let text = answer(&held);
                held.text(&text);
            }
        });
    }

    /// Whether nothing was asked that was not taken by [`Api::next`].
    pub fn is_quiet(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }

    /// Waits until no socket is open.
    pub async fn all_closed(&mut self) {
        let closed = self.open.wait_for(|count| *count == 0);
        tokio::time::timeout(super::editor::PATIENCE, closed)
            .await
            .expect("a socket stays open")
            .unwrap();
    }
}

impl Held {
    pub fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }

    pub fn text(self, text: &str) {
        self.answer(Answer::Text(text.to_owned()));
    }

    /// Everything the model would read.
    pub fn prompt(&self) -> String {
        messages(&self.body).to_string()
    }

    /// The text that was asked about; none in what is no question about one.
    pub fn range(&self) -> Option<String> {
        let prompt = self.prompt();
        let (_, marked) = prompt.rsplit_once(r"\n<range-")?;
        let (_, body) = marked.split_once(r">\n")?;
        let (range, _) = body.rsplit_once("</range-")?;
        serde_json::from_str(&format!("\"{range}\"")).ok()
    }
}

/// The messages of a request, as JSON.
pub fn messages(body: &Value) -> &Value {
    match WIRE {
        Wire::Chat => &body["messages"],
        Wire::Responses => &body["input"],
    }
}

/// How hard a request asks the model to think.
pub fn effort(body: &Value) -> Option<&str> {
    let effort = match WIRE {
        Wire::Chat => body.get("reasoning_effort"),
        Wire::Responses => body.pointer("/reasoning/effort"),
    };
    effort.and_then(Value::as_str)
}

/// The schema that a request asks the answer to fit.
pub fn schema(body: &Value) -> &Value {
    match WIRE {
        Wire::Chat => &body["response_format"]["json_schema"]["schema"],
        Wire::Responses => &body["text"]["format"]["schema"],
    }
}

/// The address of the image that a part of a message is, if it is one.
pub fn image(part: &Value) -> Option<&str> {
    let address = match WIRE {
        Wire::Chat => &part["image_url"]["url"],
        Wire::Responses => &part["image_url"],
    };
    address.as_str()
}

async fn serve(mut socket: TcpStream, requests: mpsc::Sender<Held>) -> std::io::Result<()> {
    loop {
        let Some((head, body)) = read(&mut socket).await? else {
            return Ok(());
        };
        let line = format!("POST /v1/{} ", WIRE.path());
        assert!(
            head.starts_with(&line) || head.starts_with("GET "),
            "{head}"
        );
        let (answer, answered) = oneshot::channel();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let asked = body["model"].as_str().unwrap_or("grok-4.3").to_owned();
        if requests.send(Held { head, body, answer }).await.is_err() {
            return Ok(());
        }
        let mut byte = [0];
        let answer = tokio::select! {
            answer = answered => answer,
            // The client went away first: that is what some tests wait for.
            _ = socket.read(&mut byte) => return Ok(()),
        };
        match answer {
            Ok(Answer::Text(text)) => stream(&mut socket, &[text], Some((&asked, "stop"))).await?,
            Ok(Answer::TextOf(model, text)) => {
                stream(&mut socket, &[text], Some((model, "stop"))).await?;
            }
            Ok(Answer::Ended(why, text)) => {
                stream(&mut socket, &[text], Some((&asked, why))).await?;
            }
            Ok(Answer::Stall(pieces)) => {
                stream(&mut socket, &pieces, None).await?;
                let _ = socket.read(&mut byte).await;
                return Ok(());
            }
            Ok(Answer::Told(mut told)) => {
                let head = HEAD.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
                socket.write_all(head.as_bytes()).await?;
                while let Some(pieces) = told.recv().await {
                    let chunks: String = pieces.iter().map(|piece| chunk(&delta(piece))).collect();
                    socket.write_all(chunks.as_bytes()).await?;
                }
                finish(&mut socket, &asked, "stop").await?;
                let _ = socket.read(&mut byte).await;
                return Ok(());
            }
            Ok(Answer::Status(status, body)) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                socket.write_all(head.as_bytes()).await?;
                socket.write_all(body.as_bytes()).await?;
            }
            Ok(Answer::TooMany(seconds)) => {
                let head = format!(
                    "HTTP/1.1 429 X\r\nretry-after: {seconds}\r\ncontent-length: 2\r\n\r\n{{}}"
                );
                socket.write_all(head.as_bytes()).await?;
            }
            Err(_) => return Ok(()),
        }
    }
}

/// Pieces of an answer, and its end where there is one, by this model for this reason.
async fn stream(
    socket: &mut TcpStream,
    pieces: &[String],
    end: Option<(&str, &str)>,
) -> std::io::Result<()> {
    socket.write_all(HEAD.as_bytes()).await?;
    for piece in pieces {
        socket.write_all(chunk(&delta(piece)).as_bytes()).await?;
    }
    match end {
        Some((model, why)) => finish(socket, model, why).await,
        None => socket.flush().await,
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: r-1\r\ntransfer-encoding: chunked\r\n\r\n";

/// The end of an answer by this model, for this reason.
async fn finish(socket: &mut TcpStream, model: &str, why: &str) -> std::io::Result<()> {
    for data in ending(model, why) {
        socket.write_all(chunk(&data).as_bytes()).await?;
    }
    socket.write_all(b"0\r\n\r\n").await?;
    socket.flush().await
}

/// The event that brings a piece of text.
fn delta(piece: &str) -> String {
    let delta = match WIRE {
        Wire::Chat => json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] }),
        Wire::Responses => json!({ "type": "response.output_text.delta", "delta": piece }),
    };
    delta.to_string()
}

/// The events that end an answer by this model for this reason.
fn ending(model: &str, why: &str) -> Vec<String> {
    match WIRE {
        Wire::Chat => {
            let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": why }] });
            let usage = json!({ "choices": [], "model": model, "usage": {
                "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 125,
                "prompt_tokens_details": { "text_tokens": 100, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 40 },
                "completion_tokens_details": { "reasoning_tokens": 5 },
                "cost_in_usd_ticks": 1_500_000 } });
            vec![end.to_string(), usage.to_string(), "[DONE]".to_owned()]
        }
        Wire::Responses => {
            let (status, incomplete) = match why {
                "stop" => ("completed", Value::Null),
                "length" => ("incomplete", json!({ "reason": "max_output_tokens" })),
                why => ("incomplete", json!({ "reason": why })),
            };
            let response = json!({ "status": status, "incomplete_details": incomplete, "model": model, "output": [], "usage": {
                "input_tokens": 100, "output_tokens": 25, "total_tokens": 125,
                "input_tokens_details": { "cached_tokens": 40 },
                "output_tokens_details": { "reasoning_tokens": 5 },
                "cost_in_usd_ticks": 1_500_000 } });
            let event = json!({ "type": format!("response.{status}"), "response": response });
            vec![event.to_string()]
        }
    }
}

/// An event with this data, as a chunk of a body.
fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

async fn read(socket: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap());
            while bytes.len() < end + 4 + length {
                let count = socket.read(&mut chunk).await?;
                if count == 0 {
                    return Ok(None);
                }
                bytes.extend_from_slice(&chunk[..count]);
            }
            return Ok(Some((head, bytes[end + 4..end + 4 + length].to_vec())));
        }
        let count = socket.read(&mut chunk).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}
