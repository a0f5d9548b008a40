//! What stands between a person and an answer: each thing looked at, and what to do where it fails.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::{Engine, JobError};
use crate::config::Resolved;
use crate::llm::{self, ApiError, Endpoint, Key, KeyInfo, Look, Proxy, RateLimits};

/// How a check went, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    Warning,
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    pub name: &'static str,
    pub state: State,
    /// What was found, and what to do about it where it is not well.
    pub told: String,
}

/// Everything that was looked at.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub checks: Vec<Check>,
    pub resolved: Resolved,
    limits: Option<RateLimits>,
}

impl Diagnosis {
    /// Whether nothing failed.
    pub fn is_well(&self) -> bool {
        self.checks.iter().all(|check| check.state < State::Failure)
    }

    /// The report as programs read it.
    pub fn to_json(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "ok": self.is_well(),
            "checks": self.checks,
            "limits": self.limits,
            "configuration": self.resolved.to_json(None),
        })
    }
}

impl Engine {
    /// Looks at everything that a request needs, by one call that is not billed. `resolved` is what
    /// this engine was made of.
    pub async fn diagnose(&self, resolved: Resolved) -> Diagnosis {
        let mut checks = vec![configuration(&resolved)];
        let mut limits = self.learned.limits();
        let search = self.keys().find().await;
        let host = self.keys().host();
        match self.base_url() {
            Ok(base_url) => {
                checks.push(key_check(&search, llm::is_loopback(&base_url), host));
                let found = search.ok().and_then(|search| search.found);
                let endpoint = Endpoint {
                    base_url,
                    key: found.map(|found| found.key),
                };
                checks.extend(self.way_checks(endpoint, &mut limits).await);
            }
            Err(error) => {
                checks.push(key_check(&search, false, host));
                checks.push(failure("endpoint", error.to_string()));
            }
        }
        checks.push(limits_check(limits));
        checks.push(self.store_check().await);
        Diagnosis {
            checks,
            resolved,
            limits,
        }
    }

    /// What lies on the way to the endpoint, and whether it answers.
    async fn way_checks(&self, endpoint: Endpoint, limits: &mut Option<RateLimits>) -> Vec<Check> {
        let host = self.keys().host();
        let proxy = llm::proxy_to(&endpoint.base_url, self.settings.proxy.as_deref());
        let certificates = self.certificates_check(&endpoint.base_url).await;
        let can_be_tried = certificates.state < State::Failure;
        let mut checks = vec![proxy_check(proxy, host), certificates];
        if !can_be_tried {
            checks.push(warning("endpoint", "not tried without certificates".into()));
            return checks;
        }
        let began = Instant::now();
        let Look { told, time } = self.look(&endpoint).await;
        let took = began.elapsed().as_millis();
        if let Ok(info) = &told
            && info.rate_limits != RateLimits::default()
        {
            *limits = Some(info.rate_limits);
        }
        let clock = clock_check(&told, time, Timestamp::now(), host);
        checks.push(endpoint_check(told, endpoint.key.as_ref(), host, took));
        checks.push(clock);
        checks
    }

    async fn certificates_check(&self, base_url: &Url) -> Check {
        if base_url.scheme() == "http" {
            return ok("certificates", "none needed for plain http".into());
        }
        let ca_file = self.settings.ca_file.clone();
        let trusted = match &ca_file {
            Some(path) => format!("the system's, and those in {}", path.display()),
            None => "the system's".into(),
        };
        // Reading the system's takes milliseconds, and blocks.
        let read = tokio::task::spawn_blocking(move || llm::tls(ca_file.as_deref()));
        match read.await {
            Ok(Ok(_)) => ok("certificates", trusted),
            Ok(Err(error)) => failure("certificates", error.to_string()),
            Err(_) => failure("certificates", JobError::Internal.to_string()),
        }
    }

    async fn store_check(&self) -> Check {
        match self.store.probe().await {
            Ok(()) => {
                let path = self.store.path().unwrap_or_default();
                ok("store", format!("{} can be written", path.display()))
            }
            Err(error) => failure("store", error.to_string()),
        }
    }
}

fn ok(name: &'static str, told: String) -> Check {
    Check {
        name,
        state: State::Ok,
        told,
    }
}

fn warning(name: &'static str, told: String) -> Check {
    Check {
        name,
        state: State::Warning,
        told,
    }
}

fn failure(name: &'static str, told: String) -> Check {
    Check {
        name,
        state: State::Failure,
        told,
    }
}

fn configuration(resolved: &Resolved) -> Check {
    if let Some(why) = &resolved.settings.blocked {
        return failure("configuration", why.clone());
    }
    match resolved.notices.as_slice() {
        [] => {
            let set = resolved.origins.len();
            ok(
                "configuration",
                format!("read; keys that are set: {set}, all else is built in"),
            )
        }
        [only] => warning("configuration", only.to_string()),
        [first, rest @ ..] => warning(
            "configuration",
            format!("{first}; and {} more: see `gloss config show`", rest.len()),
        ),
    }
}

fn key_check(search: &crate::auth::Outcome, is_local: bool, host: &str) -> Check {
    match search {
        Err(fault) => failure("key", fault.clone()),
        Ok(search) => match (&search.found, &search.passed_over) {
            (Some(found), None) => ok("key", format!("found in {}", found.source)),
            (Some(found), Some(why)) => {
                warning("key", format!("found in {}, but {why}", found.source))
            }
            (None, _) if is_local => ok("key", format!("none, and {host} needs none")),
            (None, Some(why)) => failure("key", JobError::NoKeyBut(why.clone()).to_string()),
            (None, None) => failure("key", JobError::NoKey.to_string()),
        },
    }
}

fn proxy_check(proxy: Result<Option<Proxy>, ApiError>, host: &str) -> Check {
    let told = match proxy {
        Err(error) => return failure("proxy", error.to_string()),
        Ok(None) => format!("none on the way to {host}"),
        Ok(Some(Proxy { address, is_set })) => {
            let by = if is_set {
                "the setting `proxy`"
            } else {
                "the environment (such as HTTPS_PROXY) or the system"
            };
            format!("{address} on the way to {host}, by {by}")
        }
    };
    ok("proxy", told)
}

/// How far the clocks may be apart before it is worth a word.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// This machine's clock beside that of the endpoint.
fn clock_check(
    told: &Result<KeyInfo, ApiError>,
    time: Option<Timestamp>,
    now: Timestamp,
    host: &str,
) -> Check {
    if let Err(ApiError::OutOfDate { said, .. }) = told {
        let told = format!("{said}, the certificate of {host}: set the clock if it is wrong");
        return warning("clock", told);
    }
    let Some(time) = time else {
        return ok("clock", format!("not compared: {host} told no time"));
    };
    let ahead = now.duration_since(time);
    if ahead.abs() <= SKEW {
        return ok("clock", format!("that of {host} says the same"));
    }
    let minutes = SignedDuration::from_mins(ahead.abs().as_mins());
    let side = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    warning(
        "clock",
        format!(
            "{minutes:#} {side} that of {host}: set it, for the ledger and the budget go by it"
        ),
    )
}

/// What one unbilled call came to: whether it got there counts first, the key second.
fn endpoint_check(
    told: Result<KeyInfo, ApiError>,
    key: Option<&Key>,
    host: &str,
    milliseconds: u128,
) -> Check {
    let reached = format!("{host} answered in {milliseconds} ms");
    match told {
        Ok(info) => match (info.fault(), &info.team) {
            (Some(fault), _) => failure(
                "endpoint",
                format!("{reached}, but {fault}: see https://console.x.ai"),
            ),
            (None, Some(team)) if key.is_some() => ok(
                "endpoint",
                format!("{reached}, and takes the key of team {team}"),
            ),
            (None, _) => ok("endpoint", reached),
        },
        // Most compatible servers have no such call.
        Err(ApiError::NotFound { .. } | ApiError::NotAnApi { .. } | ApiError::Rejected { .. }) => {
            warning(
                "endpoint",
                format!(
                    "{reached}, but does not say what a key may do, so the key was not tried; xAI's own does at /v1"
                ),
            )
        }
        Err(ApiError::Forbidden { said }) => warning(
            "endpoint",
            format!("{reached}, but this key may not ask about itself ({said})"),
        ),
        Err(ApiError::BadKey { .. } | ApiError::NoKey { .. }) if key.is_none() => {
            warning("endpoint", format!("{reached}, and wants a key"))
        }
        Err(error) => failure("endpoint", error.to_string()),
    }
}

fn limits_check(limits: Option<RateLimits>) -> Check {
    let Some(limits) = limits else {
        return ok(
            "limits",
            "not told yet: the endpoint tells them with an answer".into(),
        );
    };
    let left = |what: &str, left: Option<u64>, of: Option<u64>| match (left, of) {
        (Some(left), Some(of)) => Some(format!("{left} of {of} {what} left")),
        (None, Some(of)) => Some(format!("{of} {what}")),
        (Some(left), None) => Some(format!("{left} {what} left")),
        (None, None) => None,
    };
    let told: Vec<_> = [
        left("requests", limits.remaining_requests, limits.limit_requests),
        left("tokens", limits.remaining_tokens, limits.limit_tokens),
        limits.zero_data_retention.map(|keeps_nothing| {
            let word = if keeps_nothing {
                "nothing is kept"
            } else {
                "what is sent may be kept"
            };
            word.to_owned()
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    ok("limits", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_was_reached_is_told_from_a_key_that_is_wrong() {
        let check = |told: Result<KeyInfo, ApiError>, has_key: bool, state: State, words: &str| {
            let key = has_key.then(|| Key::new("xai-0123456789").unwrap());
            let found = endpoint_check(told, key.as_ref(), "api.x.ai", 5);
            assert_eq!(found.state, state, "{}", found.told);
            assert!(found.told.contains(words), "{}", found.told);
        };
        let said = String::new;
        let info = KeyInfo {
            team: Some("t".into()),
            ..KeyInfo::default()
        };
        check(Ok(info.clone()), true, State::Ok, "team t");
        check(
            Ok(KeyInfo {
                team_blocked: true,
                ..info.clone()
            }),
            true,
            State::Failure,
            "team is blocked",
        );
        check(
            Ok(KeyInfo {
                key_disabled: true,
                ..info
            }),
            true,
            State::Failure,
            "disabled",
        );
        check(
            Err(ApiError::BadKey { said: said() }),
            true,
            State::Failure,
            "gloss auth login",
        );
        check(
            Err(ApiError::BadKey { said: said() }),
            false,
            State::Warning,
            "wants a key",
        );
        check(
            Err(ApiError::NotFound {
                status: 404,
                said: said(),
            }),
            true,
            State::Warning,
            "answered in 5 ms",
        );
        let host = || "api.x.ai".to_owned();
        check(
            Err(ApiError::Dns { host: host() }),
            false,
            State::Failure,
            "cannot be resolved",
        );
        check(
            Err(ApiError::Tls {
                host: host(),
                said: said(),
            }),
            false,
            State::Failure,
            "no secure connection to api.x.ai",
        );
        check(
            Err(ApiError::Proxy {
                host: host(),
                said: said(),
            }),
            false,
            State::Failure,
            "`proxy`",
        );
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_by_how_much() {
        let check = |time: Option<&str>, state: State, words: &str| {
            let time = time.map(|time| time.parse().unwrap());
            let now = "2026-11-30T12:00:00Z".parse().unwrap();
            let told = Ok(KeyInfo::default());
            let found = clock_check(&told, time, now, "api.x.ai");
            assert_eq!(found.state, state, "{}", found.told);
            assert!(found.told.contains(words), "{}", found.told);
        };
        check(None, State::Ok, "not compared");
        check(Some("2026-11-30T11:58:30Z"), State::Ok, "the same");
        check(Some("2026-11-30T12:02:00Z"), State::Ok, "the same");
        check(Some("2026-11-30T09:59:01Z"), State::Warning, "2h ahead of");
        check(
            Some("2026-12-02T12:05:00Z"),
            State::Warning,
            "48h 5m behind",
        );
        let out_of_date = ApiError::OutOfDate {
            host: "api.x.ai".into(),
            said: "2016-01-01 00:00, it does not hold yet".into(),
        };
        let found = clock_check(&Err(out_of_date), None, Timestamp::now(), "api.x.ai");
        assert_eq!(found.state, State::Warning);
        assert!(found.told.contains("2016-01-01"), "{}", found.told);
    }

    #[test]
    fn limits_are_told_as_far_as_they_are_known() {
        let check = |limits: Option<RateLimits>, expected: &str| {
            assert_eq!(limits_check(limits).told, expected);
        };
        check(None, "not told yet: the endpoint tells them with an answer");
        let limits = RateLimits {
            limit_requests: Some(480),
            remaining_requests: Some(479),
            limit_tokens: Some(1000),
            remaining_tokens: None,
            zero_data_retention: Some(true),
        };
        check(
            Some(limits),
            "479 of 480 requests left, 1000 tokens, nothing is kept",
        );
    }
}
