//! Asks for what is neither an answer nor billed: lists of models, what a key may do.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::address::below;
use super::classify::{Refusal, classify};
use super::key::may_see_key;
use super::said::Said;
use super::transport::{self, Sending};
use super::{ApiError, Client, Endpoint, RateLimits, retry};

/// The most that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// An answer, whatever it is, and what its headers told beside it.
pub(super) struct Answer {
    /// What was asked for, or why it was refused.
    pub body: Result<Value, ApiError>,
    pub limits: RateLimits,
    /// By the server's clock, where it tells it.
    pub time: Option<Timestamp>,
}

/// What stands at `name` below the base address; from `base_url`'s very host, with the key where
/// that may see it.
pub(super) async fn fetched(
    client: &Client,
    endpoint: &Endpoint,
    name: &str,
    patience: Duration,
) -> Result<Value, ApiError> {
    answered(client, endpoint, name, patience).await?.body
}

/// The same, with all that came.
///
/// # Errors
/// When no answer came.
pub(super) async fn answered(
    client: &Client,
    endpoint: &Endpoint,
    name: &str,
    patience: Duration,
) -> Result<Answer, ApiError> {
    let base = &endpoint.base_url;
    let url = below(base, name)?;
    let mut request = client.pool(&url).await?.get(url.clone());
    if let Some(key) = endpoint.key.as_ref().filter(|_| may_see_key(&url, base))
        && let Some(value) = key.header()
    {
        request = request.header(AUTHORIZATION, value);
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let late = |_| ApiError::FirstByteTimeout {
        host: host.clone(),
        after: patience,
    };
    let deadline = Instant::now() + patience;
    let sent = timeout_at(deadline, request.send()).await.map_err(late)?;
    let mut response = sent.map_err(|error| {
        let sending = Sending {
            host: match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.clone(),
            },
            bytes: 0,
            connect: client.options().timeouts.connect,
            proxied: client.is_proxied(&url),
        };
        transport::no_answer(&error, sending)
    })?;
    let status = response.status();
    if let Some(error) = transport::wants_password(status, &host) {
        return Err(error);
    }
    let limits = RateLimits::of(response.headers());
    let time = retry::date(response.headers());
    let mut body = Vec::new();
    while let Some(more) = timeout_at(deadline, response.chunk())
        .await
        .map_err(late)?
        .map_err(|error| transport::broken_answer(&error))?
    {
        if body.len() + more.len() > LONGEST {
            return Err(ApiError::Endless { limit: LONGEST });
        }
        body.extend_from_slice(&more);
    }
    let body = if status.is_success() {
        serde_json::from_slice(&body).map_err(|_| ApiError::NotAnApi {
            said: format!("what stands at /{name} is no JSON"),
        })
    } else {
        let error = classify(&Refusal {
            status: Some(status.as_u16()),
            said: &Said::from_body(&body),
            model: "",
            bytes: 0,
            wait: None,
            key: endpoint.key.as_ref(),
        });
        Err(error)
    };
    Ok(Answer { body, limits, time })
}
