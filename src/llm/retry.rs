//! Whether to try once more, and when: a decision without a clock or a connection.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::ApiError;

/// How often and how patiently a call is tried again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub most: u32,
    /// The wait before the first retry; it doubles with each.
    pub first_wait: Duration,
    /// The longest wait of our own choosing.
    pub longest_wait: Duration,
    /// The longest wait a server may ask for; one that asks for more is not tried again.
    pub longest_asked: Duration,
    /// The share of a wait of our own that chance may add or take away.
    pub jitter: f64,
    /// Chance: a number from 0 up to 1.
    pub chance: fn() -> f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            most: 2,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(8),
            longest_asked: Duration::from_secs(30),
            jitter: 0.25,
            chance,
        }
    }
}

/// A number from 0 up to 1, out of the seed that the standard library's hash maps draw.
#[expect(
    clippy::cast_precision_loss,
    reason = "chance needs no more than 53 bits"
)]
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    (random >> 11) as f64 / (1u64 << 53) as f64
}

/// What is known when a try has failed.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    pub error: &'a ApiError,
    /// How many retries there were already.
    pub retried: u32,
    /// Has the model said anything at all, be it that it begins? No idempotency key exists, so
    /// from then on a retry may be billed twice.
    pub has_begun: bool,
    pub advice: Advice,
}

/// What the server's headers say about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// From `Retry-After`.
    pub wait: Option<Duration>,
    /// From `x-should-retry`.
    pub should_retry: Option<bool>,
}

/// What to do after a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this long.
    Again(Duration),
    Stop,
}

/// Decides whether to try again.
pub fn decide(failed: &Try, policy: &RetryPolicy) -> Decision {
    let Advice { wait, should_retry } = failed.advice;
    if failed.retried >= policy.most
        || failed.has_begun
        || should_retry == Some(false)
        || !passes(failed.error)
        || wait.is_some_and(|wait| wait > policy.longest_asked)
    {
        return Decision::Stop;
    }
    Decision::Again(wait.unwrap_or_else(|| backoff(failed, policy)))
}

/// Is this an error that may be gone in a moment, and did it leave nothing billed? A person
/// must see to all others; and after a timeout the first request may still be at work.
fn passes(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::RateLimited { .. }
            | ApiError::Passing { .. }
            | ApiError::Reset { .. }
            | ApiError::CutOff
            | ApiError::Dns { .. }
            | ApiError::ConnectTimeout { .. }
    )
}

fn backoff(failed: &Try, policy: &RetryPolicy) -> Duration {
    // Most often it was a connection that had been kept and was gone: a new one works.
    if failed.retried == 0 && matches!(failed.error, ApiError::Reset { .. }) {
        return Duration::ZERO;
    }
    let limited = matches!(failed.error, ApiError::RateLimited { .. });
    // Limits count by the second, so less than one is hardly worth the try.
    let doublings = failed.retried.min(16) + u32::from(limited);
    let wait = policy.first_wait.saturating_mul(1 << doublings);
    let shift = ((policy.chance)().clamp(0.0, 1.0) * 2.0 - 1.0) * policy.jitter.clamp(0.0, 1.0);
    wait.min(policy.longest_wait).mul_f64(1.0 + shift)
}

/// The server's clock, from `Date`.
pub fn date(headers: &HeaderMap) -> Option<jiff::Timestamp> {
    moment(headers.get(reqwest::header::DATE)?.to_str().ok()?)
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text.trim()).ok()
}

/// Reads the headers that advise on trying again. `now` counts where the answer has no `Date`.
pub fn advice(headers: &HeaderMap, now: jiff::Timestamp) -> Advice {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let seconds = |text: &str| {
        text.parse::<f64>()
            .ok()
            .and_then(|s| Duration::try_from_secs_f64(s).ok())
    };
    // By the server's clock, where it tells it: ours may be wrong.
    let now = date(headers).unwrap_or(now);
    let until =
        |then: jiff::Timestamp| Duration::try_from(then.duration_since(now)).unwrap_or_default();
    let in_ms = text("retry-after-ms")
        .and_then(|ms| ms.parse().ok())
        .map(Duration::from_millis);
    let after = || {
        let text = text("retry-after")?;
        seconds(text).or_else(|| moment(text).map(until))
    };
    Advice {
        wait: in_ms.or_else(after),
        should_retry: text("x-should-retry")
            .and_then(|text| text.to_ascii_lowercase().parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn policy() -> RetryPolicy {
        RetryPolicy {
            chance: || 0.5,
            ..RetryPolicy::default()
        }
    }

    fn passing() -> ApiError {
        ApiError::Passing {
            status: Some(500),
            said: String::new(),
            wait: None,
        }
    }

    fn limited() -> ApiError {
        ApiError::RateLimited {
            said: String::new(),
            wait: None,
        }
    }

    fn first(error: &ApiError) -> Try<'_> {
        Try {
            error,
            retried: 0,
            has_begun: false,
            advice: Advice::default(),
        }
    }

    fn again(ms: u64) -> Decision {
        Decision::Again(Duration::from_millis(ms))
    }

    #[test]
    fn what_passes_is_tried_twice_more_and_waits_longer_each_time() {
        let error = passing();
        let after = |retried| {
            decide(
                &Try {
                    retried,
                    ..first(&error)
                },
                &policy(),
            )
        };
        assert_eq!(after(0), again(500));
        assert_eq!(after(1), again(1000));
        assert_eq!(after(2), Decision::Stop);
        let error = limited();
        assert_eq!(decide(&first(&error), &policy()), again(1000));
        let patient = RetryPolicy {
            most: 99,
            ..policy()
        };
        assert_eq!(
            decide(
                &Try {
                    retried: 40,
                    ..first(&error)
                },
                &patient
            ),
            again(8000)
        );
    }

    #[test]
    fn a_connection_that_broke_is_replaced_at_once_and_then_with_patience() {
        let error = ApiError::Reset {
            host: String::new(),
            said: String::new(),
        };
        let broken = first(&error);
        assert_eq!(decide(&broken, &policy()), again(0));
        let broken = Try {
            retried: 1,
            ..broken
        };
        assert_eq!(decide(&broken, &policy()), again(1000));
    }

    #[test]
    fn chance_moves_a_wait_by_a_quarter_at_most() {
        let error = passing();
        let with =
            |chance: fn() -> f64| decide(&first(&error), &RetryPolicy { chance, ..policy() });
        assert_eq!(with(|| 0.0), again(375));
        assert_eq!(with(|| 1.0), again(625));
        assert_eq!(with(|| f64::INFINITY), again(625));
        for _ in 0..100 {
            assert!((0.0..1.0).contains(&chance()));
        }
        assert!(
            (0..100).any(|_| (chance() - chance()).abs() > 0.01),
            "chance never moves"
        );
    }

    #[test]
    fn nothing_is_retried_once_the_answer_has_begun() {
        let error = passing();
        let seen = Try {
            has_begun: true,
            ..first(&error)
        };
        assert_eq!(decide(&seen, &policy()), Decision::Stop);
    }

    #[test]
    fn the_servers_wait_is_kept_up_to_thirty_seconds() {
        let error = limited();
        let asked = |seconds| {
            let wait = Some(Duration::from_secs(seconds));
            let advice = Advice {
                wait,
                should_retry: Some(true),
            };
            decide(
                &Try {
                    advice,
                    ..first(&error)
                },
                &policy(),
            )
        };
        assert_eq!(asked(0), again(0));
        assert_eq!(asked(7), again(7000));
        assert_eq!(asked(30), again(30_000));
        assert_eq!(asked(31), Decision::Stop);
    }

    #[test]
    fn a_server_that_says_no_is_believed() {
        let error = limited();
        let advice = Advice {
            wait: Some(Duration::from_secs(1)),
            should_retry: Some(false),
        };
        assert_eq!(
            decide(
                &Try {
                    advice,
                    ..first(&error)
                },
                &policy()
            ),
            Decision::Stop
        );
    }

    #[test]
    fn what_a_person_must_see_to_is_not_retried() {
        let said = String::new;
        let host = said;
        let after = Duration::from_secs(1);
        let check = |error: ApiError, expected: bool| {
            let decision = decide(&first(&error), &policy());
            assert_eq!(decision != Decision::Stop, expected, "{error:?}");
        };
        check(passing(), true);
        check(limited(), true);
        check(ApiError::CutOff, true);
        check(ApiError::Dns { host: host() }, true);
        check(
            ApiError::ConnectTimeout {
                host: host(),
                after,
            },
            true,
        );
        check(
            ApiError::Reset {
                host: host(),
                said: said(),
            },
            true,
        );
        check(ApiError::NoMoney { said: said() }, false);
        check(ApiError::NoKey { host: host() }, false);
        check(ApiError::BadKey { said: said() }, false);
        check(ApiError::ContentRefused { said: said() }, false);
        check(
            ApiError::TooLong {
                limit: None,
                sent: None,
            },
            false,
        );
        check(ApiError::TooBig { bytes: 1 }, false);
        check(ApiError::ConnectionRefused { host: host() }, false);
        check(
            ApiError::Tls {
                host: host(),
                said: said(),
            },
            false,
        );
        check(
            ApiError::FirstByteTimeout {
                host: host(),
                after,
            },
            false,
        );
        check(ApiError::IdleTimeout { after }, false);
        check(ApiError::TotalTimeout { after }, false);
        check(ApiError::Endless { limit: 1 }, false);
        check(ApiError::Empty, false);
        check(ApiError::Nothing, false);
        check(ApiError::Wordless, false);
        check(ApiError::Malformed { said: said() }, false);
    }

    #[test]
    fn headers_are_read_in_every_spelling() {
        let now: jiff::Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        let check = |headers: &[(&'static str, &'static str)], wait: Option<u64>, should_retry| {
            let headers: HeaderMap = headers
                .iter()
                .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
                .collect();
            let wait = wait.map(Duration::from_millis);
            assert_eq!(
                advice(&headers, now),
                Advice { wait, should_retry },
                "{headers:?}"
            );
        };
        check(&[], None, None);
        check(&[("retry-after", "7")], Some(7000), None);
        check(&[("retry-after", " 0 ")], Some(0), None);
        check(&[("retry-after", "0.5")], Some(500), None);
        check(&[("retry-after", "-3")], None, None);
        check(&[("retry-after", "soon")], None, None);
        check(&[("retry-after", "NaN")], None, None);
        check(&[("retry-after", "1e300")], None, None);
        check(
            &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")],
            Some(37_000),
            None,
        );
        check(
            &[("retry-after", "Sun, 06 Nov 1994 08:48:37 GMT")],
            Some(0),
            None,
        );
        check(
            &[
                ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ],
            Some(7000),
            None,
        );
        check(
            &[("retry-after-ms", "250"), ("retry-after", "9")],
            Some(250),
            None,
        );
        check(&[("x-should-retry", "false")], None, Some(false));
        check(&[("x-should-retry", "True")], None, Some(true));
        check(&[("x-should-retry", "perhaps")], None, None);
    }
}
