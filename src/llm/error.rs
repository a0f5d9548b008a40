//! Why a call failed, told apart by what a person can do about it.

use std::time::Duration;

use super::key::{Key, scrub};

/// Why a call failed. Its text is one line that says what to do next.
///
/// Texts of the server come shortened, never as raw HTML, and without the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    #[error("no API key for {host}: set XAI_API_KEY, or run `gloss auth login`")]
    NoKey { host: String },
    #[error(
        "the API key was not accepted{}: set XAI_API_KEY to a valid key, or run `gloss auth login`",
        told(said)
    )]
    BadKey { said: String },
    #[error(
        "the model {model} is gone, or not open to this key{}: set `model` to another one",
        told(said)
    )]
    ModelGone { model: String, said: String },
    #[error(
        "the prompt is too long for the model{}: select less, or lower `max_prompt_tokens`",
        of_limit(*sent, *limit)
    )]
    TooLong {
        /// The most tokens the model takes, and what was sent, where the server says so.
        limit: Option<u64>,
        sent: Option<u64>,
    },
    #[error(
        "the model does not take the parameter {parameter}{}: choose another model",
        told(said)
    )]
    ParameterRefused {
        /// In `snake_case`, as it stands in the request where it is known.
        parameter: String,
        said: String,
    },
    #[error(
        "the image was refused{}: use a JPEG or PNG of at least 512 pixels in all, each side at \
         least 8, under 20 MiB, and a model that sees images",
        told(said)
    )]
    ImageRefused { said: String },
    #[error(
        "the account has no credit left{}: add credit or raise the spending limit (for xAI at \
         https://console.x.ai)",
        told(said)
    )]
    NoMoney { said: String },
    #[error("the API declined this content{}: change what is asked", told(said))]
    ContentRefused { said: String },
    #[error(
        "the request is too big ({} MB): select less, or use smaller images",
        bytes.div_ceil(1_000_000)
    )]
    TooBig { bytes: u64 },
    #[error(
        "the rate limit is reached{}: try again {}, or lower `concurrency`",
        told(said),
        in_a_while(*wait)
    )]
    RateLimited {
        said: String,
        /// How long the server asked to wait.
        wait: Option<Duration>,
    },
    #[error(
        "the API is failing for the moment ({}{}): try again {}",
        status_words(*status),
        after_comma(said),
        in_a_while(*wait)
    )]
    Passing {
        /// The HTTP status; `None` for an error inside an answer that began well.
        status: Option<u16>,
        said: String,
        wait: Option<Duration>,
    },
    #[error(
        "the API does not allow this{}: check what the key may do (for xAI at \
         https://console.x.ai)",
        told(said)
    )]
    Forbidden { said: String },
    #[error(
        "there is no chat API at this address (HTTP {status}{}): check `base_url`, which usually \
         ends in /v1, and `wire`",
        after_comma(said)
    )]
    NotFound { status: u16, said: String },
    #[error(
        "the API refused the request ({}{}): check `model` and `base_url`",
        status_words(*status),
        after_comma(said)
    )]
    Rejected { status: Option<u16>, said: String },
    #[error(
        "the address answers with a redirect to {to}, which is not followed, so that the key and \
         the text go nowhere else: set `base_url` to where the API is"
    )]
    Redirected { to: String },
    #[error("the answer is not one of a chat API{}: check `base_url`", told(said))]
    NotAnApi { said: String },
    #[error("the API sent something unreadable{}: try again", told(said))]
    Malformed { said: String },
    #[error("the name {host} cannot be resolved: check the network connection and `base_url`")]
    Dns { host: String },
    #[error("nothing listens at {host}: check that the server runs, and `base_url`")]
    ConnectionRefused { host: String },
    #[error("{host} cannot be reached ({said}): check the network connection and `proxy`")]
    Unreachable { host: String, said: String },
    #[error("no secure connection to {host}: {}", said.trim_end_matches('.'))]
    Tls {
        host: String,
        /// What is wrong, and what to do about it.
        said: String,
    },
    #[error(
        "the certificate of {host} is not valid at this machine's time ({said}): set the clock; if it \
         is right, the certificate has to be renewed"
    )]
    OutOfDate { host: String, said: String },
    #[error("the proxy on the way to {host} failed ({said}): check `proxy` and HTTPS_PROXY")]
    Proxy { host: String, said: String },
    #[error(
        "no connection to {host} within {}: check the network connection and `proxy`",
        seconds(*after)
    )]
    ConnectTimeout { host: String, after: Duration },
    #[error("no answer from {host} within {}: try again", seconds(*after))]
    FirstByteTimeout { host: String, after: Duration },
    #[error("the answer stalled for {}: try again", seconds(*after))]
    IdleTimeout { after: Duration },
    #[error(
        "the answer took longer than {}: ask for less at once, or try again",
        seconds(*after)
    )]
    TotalTimeout { after: Duration },
    #[error("the connection to {host} broke before an answer came ({said}): try again")]
    Reset { host: String, said: String },
    #[error("the answer was cut off before its end: try again")]
    CutOff,
    #[error(
        "the answer was stopped, having grown past {} MiB: ask for less at once",
        limit >> 20
    )]
    Endless {
        /// In bytes.
        limit: usize,
    },
    #[error(
        "the answer was empty: the prompt may be too long for this server's context, so select \
         less or lower `max_prompt_tokens`"
    )]
    Empty,
    #[error(
        "the API answered with nothing at all: try again; if it stays so, check `base_url`, `model` and \
         whatever stands between, such as a proxy"
    )]
    Nothing,
    #[error(
        "the model had used up its tokens before it said anything: raise `max_output_tokens`, or \
         lower `reasoning_effort`"
    )]
    Wordless,
    #[error("{said}")]
    Setting {
        /// What is wrong with which setting, and what to do.
        said: String,
    },
}

impl ApiError {
    /// The class in one word, as the ledger keeps it.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NoKey { .. } => "no_key",
            Self::BadKey { .. } => "bad_key",
            Self::ModelGone { .. } => "model_gone",
            Self::TooLong { .. } => "too_long",
            Self::ParameterRefused { .. } => "parameter_refused",
            Self::ImageRefused { .. } => "image_refused",
            Self::NoMoney { .. } => "no_money",
            Self::ContentRefused { .. } => "content_refused",
            Self::TooBig { .. } => "too_big",
            Self::RateLimited { .. } => "rate_limit",
            Self::Passing { .. } => "passing",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Rejected { .. } => "rejected",
            Self::Redirected { .. } => "redirected",
            Self::NotAnApi { .. } | Self::Malformed { .. } => "malformed",
            Self::Dns { .. } | Self::ConnectionRefused { .. } | Self::Unreachable { .. } => {
                "unreachable"
            }
            Self::Tls { .. } | Self::OutOfDate { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            Self::ConnectTimeout { .. }
            | Self::FirstByteTimeout { .. }
            | Self::IdleTimeout { .. }
            | Self::TotalTimeout { .. } => "timeout",
            Self::Reset { .. } | Self::CutOff => "cut_off",
            Self::Endless { .. } => "endless",
            Self::Empty | Self::Nothing | Self::Wordless => "empty",
            Self::Setting { .. } => "setting",
        }
    }

    /// Whether the request may have reached the API.
    pub fn was_sent(&self) -> bool {
        !matches!(
            self,
            Self::NoKey { .. }
                | Self::Setting { .. }
                | Self::Dns { .. }
                | Self::ConnectionRefused { .. }
                | Self::Unreachable { .. }
                | Self::Tls { .. }
                | Self::OutOfDate { .. }
                | Self::Proxy { .. }
                | Self::ConnectTimeout { .. }
        )
    }

    /// The same error without the key, should the server have repeated it.
    pub(super) fn without_key(self, key: Option<&Key>) -> Self {
        self.map_said(|said| scrub(said, key))
    }

    /// The same error with its texts passed through `clean`.
    fn map_said(mut self, clean: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::ParameterRefused { parameter, said } => {
                *parameter = clean(parameter);
                *said = clean(said);
            }
            Self::Redirected { to } => *to = clean(to),
            Self::BadKey { said }
            | Self::ModelGone { said, .. }
            | Self::ImageRefused { said }
            | Self::NoMoney { said }
            | Self::ContentRefused { said }
            | Self::RateLimited { said, .. }
            | Self::Passing { said, .. }
            | Self::Forbidden { said }
            | Self::NotFound { said, .. }
            | Self::Rejected { said, .. }
            | Self::NotAnApi { said }
            | Self::Malformed { said }
            | Self::Unreachable { said, .. }
            | Self::Tls { said, .. }
            | Self::OutOfDate { said, .. }
            | Self::Proxy { said, .. }
            | Self::Reset { said, .. }
            | Self::Setting { said } => *said = clean(said),
            Self::NoKey { .. }
            | Self::TooLong { .. }
            | Self::TooBig { .. }
            | Self::Dns { .. }
            | Self::ConnectionRefused { .. }
            | Self::ConnectTimeout { .. }
            | Self::FirstByteTimeout { .. }
            | Self::IdleTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::CutOff
            | Self::Endless { .. }
            | Self::Empty
            | Self::Nothing
            | Self::Wordless => {}
        }
        self
    }
}

fn told(said: &str) -> String {
    match said.trim_end_matches(['.', ' ']) {
        "" => String::new(),
        said => format!(" ({said})"),
    }
}

fn after_comma(said: &str) -> String {
    match said.trim_end_matches(['.', ' ']) {
        "" => String::new(),
        said => format!(", {said}"),
    }
}

fn status_words(status: Option<u16>) -> String {
    status.map_or_else(
        || "an error inside the answer".to_owned(),
        |s| format!("HTTP {s}"),
    )
}

fn of_limit(sent: Option<u64>, limit: Option<u64>) -> String {
    match (sent, limit) {
        (Some(sent), Some(limit)) => format!(" ({sent} tokens, {limit} at most)"),
        (None, Some(limit)) => format!(" ({limit} tokens at most)"),
        _ => String::new(),
    }
}

/// When to try again, within what a person can wait for: some servers name a moment in another unit, or
/// one that has passed.
fn in_a_while(wait: Option<Duration>) -> String {
    match wait {
        Some(wait) if wait > Duration::from_secs(24 * 3600) => "tomorrow".to_owned(),
        Some(wait) if wait >= Duration::from_millis(100) => format!("in {}", seconds(wait)),
        _ => "in a moment".to_owned(),
    }
}

fn seconds(duration: Duration) -> String {
    if duration.as_millis().is_multiple_of(1000) || duration >= Duration::from_secs(10) {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_one_that_a_person_can_wait_for() {
        let check = |wait: Duration, expected: &str| {
            assert_eq!(in_a_while(Some(wait)), expected);
        };
        check(Duration::ZERO, "in a moment");
        check(Duration::from_millis(99), "in a moment");
        check(Duration::from_millis(500), "in 0.5 s");
        check(Duration::from_secs(7), "in 7 s");
        check(Duration::from_secs(3_600), "in 3600 s");
        check(Duration::from_secs(u64::MAX / 1000), "tomorrow");
        check(Duration::MAX, "tomorrow");
    }

    #[test]
    fn every_error_says_what_to_do_on_one_line() {
        let text = |s: &str| s.to_owned();
        let (host, said) = (text("api.x.ai"), text("why."));
        let after = Duration::from_millis(1500);
        let check = |error: ApiError, expected: &[&str]| {
            let line = error.to_string();
            for expected in expected {
                assert!(line.contains(expected), "{line:?} lacks {expected:?}");
            }
            assert!(
                !line.contains('\n') && !line.contains("..") && !line.ends_with('.'),
                "{line}"
            );
        };
        let advice = ["XAI_API_KEY", "`gloss auth login`"];
        check(ApiError::NoKey { host: host.clone() }, &advice);
        check(ApiError::BadKey { said: said.clone() }, &advice);
        check(
            ApiError::ModelGone {
                model: text("grok-2"),
                said: said.clone(),
            },
            &["grok-2", "`model`"],
        );
        check(
            ApiError::TooLong {
                limit: None,
                sent: None,
            },
            &["`max_prompt_tokens`"],
        );
        check(
            ApiError::ParameterRefused {
                parameter: text("stop"),
                said: said.clone(),
            },
            &["stop"],
        );
        check(
            ApiError::ImageRefused { said: said.clone() },
            &["512 pixels"],
        );
        check(ApiError::NoMoney { said: said.clone() }, &["add credit"]);
        check(ApiError::ContentRefused { said: said.clone() }, &["(why)"]);
        check(ApiError::TooBig { bytes: 1 }, &["1 MB", "select less"]);
        check(
            ApiError::RateLimited {
                said: said.clone(),
                wait: None,
            },
            &["in a moment", "`concurrency`"],
        );
        check(
            ApiError::Passing {
                status: Some(503),
                said: said.clone(),
                wait: None,
            },
            &["HTTP 503, why", "try again"],
        );
        check(
            ApiError::Passing {
                status: None,
                said: text(""),
                wait: None,
            },
            &["inside the answer)"],
        );
        check(
            ApiError::Forbidden { said: said.clone() },
            &["console.x.ai"],
        );
        check(
            ApiError::NotFound {
                status: 404,
                said: said.clone(),
            },
            &["404", "`base_url`"],
        );
        check(
            ApiError::Rejected {
                status: Some(422),
                said: said.clone(),
            },
            &["422", "why"],
        );
        check(
            ApiError::Redirected {
                to: text("https://a"),
            },
            &["https://a", "`base_url`"],
        );
        check(ApiError::NotAnApi { said: said.clone() }, &["`base_url`"]);
        check(ApiError::Malformed { said: said.clone() }, &["try again"]);
        check(
            ApiError::Dns { host: host.clone() },
            &["api.x.ai", "resolved"],
        );
        check(
            ApiError::ConnectionRefused { host: host.clone() },
            &["api.x.ai", "listens"],
        );
        check(
            ApiError::Unreachable {
                host: host.clone(),
                said: said.clone(),
            },
            &["reached"],
        );
        check(
            ApiError::Tls {
                host: host.clone(),
                said: said.clone(),
            },
            &["api.x.ai", "why"],
        );
        check(
            ApiError::OutOfDate {
                host: host.clone(),
                said: said.clone(),
            },
            &["set the clock"],
        );
        check(
            ApiError::Proxy {
                host: host.clone(),
                said: said.clone(),
            },
            &["`proxy`"],
        );
        check(
            ApiError::ConnectTimeout {
                host: host.clone(),
                after,
            },
            &["1.5 s"],
        );
        check(
            ApiError::FirstByteTimeout {
                host: host.clone(),
                after,
            },
            &["1.5 s"],
        );
        check(
            ApiError::IdleTimeout {
                after: Duration::from_secs(60),
            },
            &["60 s"],
        );
        check(
            ApiError::TotalTimeout {
                after: Duration::from_secs(300),
            },
            &["300 s"],
        );
        check(
            ApiError::Reset {
                host,
                said: said.clone(),
            },
            &["try again"],
        );
        check(ApiError::CutOff, &["cut off"]);
        check(ApiError::Endless { limit: 4 << 20 }, &["4 MiB"]);
        check(ApiError::Empty, &["`max_prompt_tokens`"]);
        check(ApiError::Nothing, &["nothing at all", "try again"]);
        check(
            ApiError::Wordless,
            &["`max_output_tokens`", "`reasoning_effort`"],
        );
        check(
            ApiError::Setting {
                said: text("do this"),
            },
            &["do this"],
        );
    }
}
