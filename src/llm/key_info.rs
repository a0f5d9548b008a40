//! A look at the endpoint, and what it says of a key: whose it is, whether it is blocked. Unbilled.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::get::{Answer, answered};
use super::key::scrub;
use super::said::short;
use super::{ApiError, Client, Endpoint, RateLimits};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What `GET /api-key` tells (xAI's API reference). Texts come shortened, and without the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// What its owner calls it.
    pub name: Option<String>,
    pub team: Option<String>,
    pub team_blocked: bool,
    pub key_blocked: bool,
    pub key_disabled: bool,
    pub rate_limits: RateLimits,
}

impl KeyInfo {
    /// Why nothing can be asked with this key, if so.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self {
                key_disabled: true, ..
            } => Some("the key is disabled"),
            Self {
                key_blocked: true, ..
            } => Some("the key is blocked"),
            Self {
                team_blocked: true, ..
            } => Some("its team is blocked"),
            _ => None,
        }
    }
}

/// What a look at an endpoint came to.
#[derive(Clone, Debug)]
pub struct Look {
    /// An error when the key is not accepted, or the endpoint does not say.
    pub told: Result<KeyInfo, ApiError>,
    /// The time by the endpoint's clock, as its answer was begun; `None` where none came, or it
    /// does not tell.
    pub time: Option<Timestamp>,
}

impl Client {
    /// Asks the endpoint what it says of the key that goes along. Costs nothing.
    pub async fn look(&self, endpoint: &Endpoint) -> Look {
        match answered(self, endpoint, "api-key", PATIENCE).await {
            Ok(answer) => Look {
                time: answer.time,
                told: info(answer, endpoint),
            },
            Err(error) => Look {
                told: Err(error),
                time: None,
            },
        }
    }
}

fn info(answer: Answer, endpoint: &Endpoint) -> Result<KeyInfo, ApiError> {
    let body = answer.body?;
    if !body.is_object() {
        let said = "what stands at /api-key is no object".into();
        return Err(ApiError::NotAnApi { said });
    }
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).map(short)?;
        Some(scrub(&text, endpoint.key.as_ref())).filter(|text| !text.is_empty())
    };
    let is = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
    Ok(KeyInfo {
        name: text("name"),
        team: text("team_name").or_else(|| text("team_id")),
        team_blocked: is("team_blocked"),
        key_blocked: is("api_key_blocked"),
        key_disabled: is("api_key_disabled"),
        rate_limits: answer.limits,
    })
}
