//! Counts a text's tokens by the API's own tokenizer, which bills nothing.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::address::below;
use super::classify::{Refusal, classify};
use super::key::{self, may_see_key};
use super::said::Said;
use super::transport::{self, Sending};
use super::{ApiError, Client, Endpoint};

/// How long counting may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes: some sixty for a token.
const LONGEST: usize = 64 << 20;

impl Client {
    /// How many tokens `text` is for `model`, by `POST /tokenize-text` (xAI's API reference).
    ///
    /// # Errors
    /// When the endpoint has no tokenizer, or cannot be asked.
    pub async fn count_tokens(
        &self,
        endpoint: &Endpoint,
        model: &str,
        text: &str,
    ) -> Result<u64, ApiError> {
        let counting = count(self, endpoint, model, text);
        let counted = tokio::time::timeout(PATIENCE, counting).await;
        let counted = counted.unwrap_or(Err(ApiError::TotalTimeout { after: PATIENCE }));
        counted.map_err(|error| error.without_key(endpoint.key.as_ref()))
    }
}

#[derive(Deserialize)]
struct Counted {
    token_ids: Vec<IgnoredAny>,
}

async fn count(
    client: &Client,
    endpoint: &Endpoint,
    model: &str,
    text: &str,
) -> Result<u64, ApiError> {
    let base = &endpoint.base_url;
    let url = below(base, "tokenize-text")?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let body = json!({ "model": model, "text": text }).to_string();
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let mut request = client.pool(&url).await?.post(url.clone());
    match &endpoint.key {
        Some(key) if may_see_key(&url, base) => {
            if let Some(value) = key.header() {
                request = request.header(AUTHORIZATION, value);
            }
        }
        None if url.scheme() == "https" && !key::is_loopback(&url) => {
            return Err(ApiError::NoKey { host });
        }
        _ => {}
    }
    let request = request.header(CONTENT_TYPE, "application/json").body(body);
    let response = request.send().await.map_err(|error| {
        let sending = Sending {
            host: host.clone(),
            bytes,
            connect: client.options().timeouts.connect,
            proxied: client.is_proxied(&url),
        };
        transport::no_answer(&error, sending)
    })?;
    let status = response.status();
    if let Some(error) = transport::wants_password(status, &host) {
        return Err(error);
    }
    let answer = read(response).await?;
    if !status.is_success() {
        return Err(classify(&Refusal {
            status: Some(status.as_u16()),
            said: &Said::from_body(&answer),
            model,
            bytes,
            wait: None,
            key: endpoint.key.as_ref(),
        }));
    }
    let counted: Counted = serde_json::from_slice(&answer).map_err(|error| ApiError::NotAnApi {
        said: error.to_string(),
    })?;
    Ok(counted.token_ids.len() as u64)
}

async fn read(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| transport::broken_answer(&error))?
    {
        if body.len() + piece.len() > LONGEST {
            return Err(ApiError::Endless { limit: LONGEST });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
