//! Which call gets which answer, and the headers around it.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use hyper::{Method, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answer::{self, Stamp};
use super::errors::Refusal;
use super::models;
use super::{chat, request, responses, tokens};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How long a request's body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What the headers say may be sent in a minute; nothing is held back.
const REQUEST_LIMIT: u64 = 480;
const TOKEN_LIMIT: u64 = 4_000_000;

/// Answers one call.
pub async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let stamp = stamp(&shared);
    let mut spent = 0;
    let mut response = match route(&shared, request, &stamp).await {
        Ok(reply) => {
            spent = reply.spent;
            match reply.body {
                Said::Json(value) => json_response(&value),
                Said::Events(events) => stream_response(events, shared.options.chunk_delay),
            }
        }
        Err(refusal) => {
            let mut response = json_response(&refusal.body());
            *response.status_mut() = refusal.status;
            response
        }
    };
    add_headers(response.headers_mut(), &stamp.id, spent);
    Ok(response)
}

struct Reply {
    body: Said,
    /// The tokens of the prompt.
    spent: u64,
}

enum Said {
    Json(Value),
    /// Server-sent events, in order.
    Events(Vec<String>),
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        let body = Said::Json(value);
        Self { body, spent: 0 }
    }
}

async fn route(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    stamp: &Stamp,
) -> Result<Reply, Refusal> {
    check_key(request.headers())?;
    let path = request.uri().path().to_owned();
    let wanted = match path.as_str() {
        "/v1/models" | "/v1/language-models" | "/v1/api-key" => Method::GET,
        "/v1/chat/completions" | "/v1/responses" | "/v1/tokenize-text" => Method::POST,
        _ => return Err(Refusal::no_such_route(&path)),
    };
    if request.method() != wanted {
        return Err(Refusal::wrong_method(request.method().as_str(), &path));
    }
    match path.as_str() {
        "/v1/models" => Ok(models::models().into()),
        "/v1/language-models" => Ok(models::language_models().into()),
        "/v1/api-key" => Ok(api_key(stamp).into()),
        _ => {
            let body = body(request, shared.options.max_body).await?;
            let (shared, stamp) = (Arc::clone(shared), stamp.clone());
            // Parsing code and decoding images takes long enough to hold up other connections.
            tokio::task::spawn_blocking(move || match path.as_str() {
                "/v1/chat/completions" => by_chat(&shared, &body, &stamp),
                "/v1/responses" => by_responses(&shared, &body, &stamp),
                _ => tokenize(&body),
            })
            .await
            .unwrap_or_else(|_| Err(Refusal::internal()))
        }
    }
}

fn by_chat(shared: &Shared, body: &[u8], stamp: &Stamp) -> Result<Reply, Refusal> {
    let (request, include_usage) = chat::parse(body)?;
    let answer = answer::answer(&request, &shared.prefixes)?;
    let spent = answer.usage.prompt();
    let body = if request.stream {
        Said::Events(chat::events(&answer, stamp, include_usage))
    } else {
        Said::Json(chat::completion(&answer, stamp))
    };
    Ok(Reply { body, spent })
}

fn by_responses(shared: &Shared, body: &[u8], stamp: &Stamp) -> Result<Reply, Refusal> {
    let request = responses::parse(body)?;
    let answer = answer::answer(&request, &shared.prefixes)?;
    let spent = answer.usage.prompt();
    let body = if request.stream {
        Said::Events(responses::events(&answer, stamp))
    } else {
        Said::Json(responses::response(&answer, stamp))
    };
    Ok(Reply { body, spent })
}

fn tokenize(body: &[u8]) -> Result<Reply, Refusal> {
    #[derive(Deserialize)]
    struct Text {
        text: String,
        model: String,
    }
    let Text { text, model } =
        serde_json::from_slice(body).map_err(|cause| Refusal::body_not_understood(&cause))?;
    request::model(&model)?;
    let tokens: Vec<Value> = tokens::tokens(&text)
        .map(|token| json!({ "token_id": token_id(token), "string_token": token, "token_bytes": token.as_bytes() }))
        .collect();
    Ok(json!({ "token_ids": tokens }).into())
}

/// Any number will do, as long as the same token has the same (FNV-1a, folded to the size of a vocabulary).
fn token_id(token: &str) -> u32 {
    let hash = token.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash % 131_072
}

/// A key is neither needed nor kept; one word plays the wrong key, so that clients can be tried.
fn check_key(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_incorrect = headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == b"Bearer incorrect");
    if is_incorrect {
        return Err(Refusal::incorrect_key());
    }
    Ok(())
}

fn api_key(stamp: &Stamp) -> Value {
    json!({
        "redacted_api_key": "offline stand-in",
        "user_id": "00000000-0000-0000-0000-000000000000",
        "name": "Gloss's offline stand-in",
        "create_time": "2026-01-01T00:00:00Z",
        "modify_time": "2026-01-01T00:00:00Z",
        "modified_by": "00000000-0000-0000-0000-000000000000",
        "team_id": "00000000-0000-0000-0000-000000000000",
        "acls": ["api-key:model:*", "api-key:endpoint:*"],
        "api_key_id": stamp.id,
        "team_blocked": false,
        "api_key_blocked": false,
        "api_key_disabled": false,
    })
}

async fn body(request: Request<Incoming>, limit: usize) -> Result<Bytes, Refusal> {
    let announced = request.body().size_hint().lower();
    if usize::try_from(announced).is_ok_and(|announced| announced > limit) {
        return Err(Refusal::body_too_large(limit));
    }
    let collected = Limited::new(request.into_body(), limit).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(Refusal::body_too_large(limit)),
        Ok(Err(_)) => Err(Refusal::body_broke_off()),
        Err(_) => Err(Refusal::body_never_came()),
    }
}

fn json_response(value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string()));
    let mut response = Response::new(body.boxed_unsync());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The events, each after the pause before it. Whoever goes away takes this body along.
fn stream_response(events: Vec<String>, pause: Duration) -> Response<Body> {
    let frames = stream::unfold(events.into_iter(), move |mut events| async move {
        let event = events.next()?;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(event))), events))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn add_headers(headers: &mut HeaderMap, id: &str, spent: u64) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    let limits = [
        ("x-ratelimit-limit-requests", REQUEST_LIMIT),
        ("x-ratelimit-remaining-requests", REQUEST_LIMIT - 1),
        ("x-ratelimit-limit-tokens", TOKEN_LIMIT),
        (
            "x-ratelimit-remaining-tokens",
            TOKEN_LIMIT.saturating_sub(spent),
        ),
    ];
    for (name, value) in limits {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    headers.insert(
        HeaderName::from_static("x-zero-data-retention"),
        HeaderValue::from_static("true"),
    );
}

/// A fresh id in the form of a UUID, and the time.
fn stamp(shared: &Shared) -> Stamp {
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let random = |salt: u8| RandomState::new().hash_one((number, salt));
    let digits = format!("{:016x}{:016x}", random(0), random(1));
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let created = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Stamp {
        id: format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        ),
        created,
    }
}
