//! What a server's refusal was: by its text before its status, for statuses lie.

use std::time::Duration;

use super::ApiError;
use super::field::Field;
use super::key::Key;
use super::said::Said;

/// What an error answer was, and what was asked.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// `None` for an error inside an answer with status 200.
    pub status: Option<u16>,
    pub said: &'a Said,
    pub model: &'a str,
    /// The size of the request's body.
    pub bytes: u64,
    /// What `Retry-After` asked for.
    pub wait: Option<Duration>,
    /// The key that went along, should the server repeat it.
    pub key: Option<&'a Key>,
}

/// Tells errors apart, by the text before the status: xAI answers a wrong key with 400,
/// an empty account with 429 and an overlong prompt now and then with 500. The key is in none.
pub fn classify(refusal: &Refusal) -> ApiError {
    let refusal = &Refusal {
        said: &refusal.said.without_key(refusal.key),
        ..*refusal
    };
    by_text(refusal).unwrap_or_else(|| by_status(refusal))
}

fn by_text(refusal: &Refusal) -> Option<ApiError> {
    let Refusal { said, model, .. } = *refusal;
    let text = format!("{} {}", said.code, said.text).to_lowercase();
    let has = |phrase: &str| text.contains(phrase);
    let any = |phrases: &[&str]| phrases.iter().any(|phrase| has(phrase));
    let shown = said.shown().to_owned();

    if any(&[
        "credits or licenses",
        "used all available credits",
        "spending limit",
        "spending-limit",
        "insufficient_quota",
        "exceeded your current quota",
        "insufficient credits",
        "insufficient balance",
        "requires more credits",
    ]) {
        return Some(ApiError::NoMoney { said: shown });
    }
    if any(&[
        "violates usage guidelines",
        "content_policy",
        "content policy",
        "content_filter",
        "content management policy",
        "safety_check",
    ]) {
        return Some(ApiError::ContentRefused { said: shown });
    }
    if has("model")
        && any(&[
            "model not found",
            "model_not_found",
            "does not exist",
            "no such model",
            "not found",
            "not a valid model",
            "invalid model",
            "no longer available",
            "decommissioned",
            "has been retired",
        ])
    {
        let model = model.to_owned();
        return Some(ApiError::ModelGone { model, said: shown });
    }
    let of_key = any(&["api key", "api_key", "api-key", "apikey", "credentials"]);
    if of_key
        && any(&[
            "incorrect",
            "invalid",
            "expired",
            "missing",
            "blocked",
            "disabled",
            "required",
        ])
        || any(&["didn't provide an api key", "no auth credentials"])
    {
        return Some(ApiError::BadKey { said: shown });
    }
    if any(&[
        "maximum prompt length",
        "maximum context length",
        "context_length_exceeded",
        "context length",
        "context size",
        "context window",
        "context overflow",
        "prompt is too long",
        "input is too long",
    ]) {
        let (limit, sent) = lengths(&text);
        return Some(ApiError::TooLong { limit, sent });
    }
    if any(&["below the minimum of", "512 pixels"])
        || has("dimensions") && any(&["too small", "too large", "too big"])
        || any(&["image", " vision", "multimodal"])
            && any(&[
                "invalid",
                "unsupported",
                "not support",
                "too small",
                "too large",
                "decode",
                "download",
                "fetch",
                "failed to load",
                "unrecognized",
            ])
    {
        return Some(ApiError::ImageRefused { said: shown });
    }
    if let Some(parameter) = refused_parameter(&text, said) {
        return Some(ApiError::ParameterRefused {
            parameter,
            said: shown,
        });
    }
    let wait = refusal.wait;
    if any(&[
        "too many requests",
        "rate limit",
        "rate_limit",
        "rate-limit",
    ]) {
        return Some(ApiError::RateLimited { said: shown, wait });
    }
    None
}

fn by_status(refusal: &Refusal) -> ApiError {
    let said = refusal.said.shown().to_owned();
    let wait = refusal.wait;
    let status = refusal.status.or(refusal.said.status);
    match status {
        Some(401) => ApiError::BadKey { said },
        Some(402) => ApiError::NoMoney { said },
        Some(403) => ApiError::Forbidden { said },
        Some(status @ (404 | 405)) => ApiError::NotFound { status, said },
        Some(413) => ApiError::TooBig {
            bytes: refusal.bytes,
        },
        Some(429) => ApiError::RateLimited { said, wait },
        Some(500 | 502 | 503 | 504 | 520..=524 | 529) => ApiError::Passing { status, said, wait },
        None if is_passing(&said) || is_passing(&refusal.said.code) => {
            ApiError::Passing { status, said, wait }
        }
        _ => ApiError::Rejected { status, said },
    }
}

/// Does an error without any status sound as if it passes?
fn is_passing(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "overloaded",
        "temporar",
        "try again",
        "unavailable",
        "server error",
        "server_error",
        "internal error",
        "loading model",
        "timed out",
        "timeout",
        "at capacity",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// The name of the parameter that `text`, in lower case, says is not taken.
fn refused_parameter(text: &str, said: &Said) -> Option<String> {
    let complains = [
        "not support",
        "unsupported",
        "not permitted",
        "not allowed",
        "unrecognized",
        "unknown parameter",
        "unknown field",
        "is deprecated",
    ];
    if !complains.iter().any(|phrase| text.contains(phrase)) {
        return None;
    }
    let named = said
        .parameter
        .clone()
        .or_else(|| word_after(&said.text, "parameter"))
        .or_else(|| word_after(&said.text, "Argument not supported"));
    match named {
        Some(name) => Some(match Field::named(&name) {
            Some(field) => field.name().to_owned(),
            None => snake_case(&name),
        }),
        None => Field::mentioned(text).map(|field| field.name().to_owned()),
    }
}

/// The name that follows `word` in `text`, quotes and punctuation stripped.
fn word_after(text: &str, word: &str) -> Option<String> {
    let (_, rest) = text.split_once(word)?;
    let mut names = rest
        .trim_start_matches("(s)")
        .trim_start_matches('s')
        .split(|c: char| !c.is_alphanumeric() && c != '_');
    names.find(|name| !name.is_empty()).map(str::to_owned)
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The limit and what was sent, out of "maximum prompt length is N but the request contains
/// M" and the sentences of other servers, some of which name what was sent first.
fn lengths(text: &str) -> (Option<u64>, Option<u64>) {
    // Numbers before that are those of the model's name.
    let text = text
        .split_once("length is")
        .map_or(text, |(_, after)| after);
    let text = text.replace(',', "");
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse::<u64>().ok())
        .filter(|number| *number >= 16);
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(second)) => (Some(first.min(second)), Some(first.max(second))),
        (limit, _) => (limit, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(status: Option<u16>, body: &str) -> ApiError {
        classify(&Refusal {
            status,
            said: &Said::from_body(body.as_bytes()),
            model: "grok-x",
            bytes: 50_000_001,
            wait: Some(Duration::from_secs(7)),
            key: None,
        })
    }

    /// The kind of an error by its name alone.
    fn kind(error: &ApiError) -> String {
        let debug = format!("{error:?}");
        debug.split(' ').next().unwrap_or_default().to_owned()
    }

    fn check(status: u16, body: &str, expected: &str) {
        let error = classified(Some(status), body);
        assert_eq!(kind(&error), expected, "{status} {body}");
        let line = error.to_string();
        assert!(
            !line.contains('\n') && !line.contains('<') && line.len() < 700,
            "{line}"
        );
    }

    #[test]
    fn keys_that_are_wrong_or_missing() {
        check(
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yz. You can obtain an API key from https://console.x.ai."}"#,
            "BadKey",
        );
        check(
            400,
            r#"{"code":"invalid-argument","error":"Incorrect API key provided"}"#,
            "BadKey",
        );
        check(
            401,
            r#"{"code":"Unauthenticated","error":"No credentials."}"#,
            "BadKey",
        );
        check(401, "", "BadKey");
        check(401, "<html><title>401</title></html>", "BadKey");
        check(
            401,
            r#"{"error":{"message":"Invalid API key","code":"invalid_api_key"}}"#,
            "BadKey",
        );
        check(
            401,
            r#"{"error":{"message":"You didn't provide an API key."}}"#,
            "BadKey",
        );
        check(
            403,
            r#"{"error":"API key is currently blocked: xai-…"}"#,
            "BadKey",
        );
        check(
            401,
            r#"{"error":{"message":"No auth credentials found","code":401}}"#,
            "BadKey",
        );
    }

    #[test]
    fn models_that_are_gone() {
        check(
            400,
            r#"{"code":"invalid-argument","error":"Model not found: grok-2-latest"}"#,
            "ModelGone",
        );
        check(
            404,
            r#"{"code":"Some requested entity was not found","error":"The model grok-9 does not exist or your team 7f3 does not have access to it. Please ensure you're using the correct API key."}"#,
            "ModelGone",
        );
        check(
            404,
            r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","code":"model_not_found"}}"#,
            "ModelGone",
        );
        check(
            404,
            r#"{"error":"model \"llama3\" not found, try pulling it first"}"#,
            "ModelGone",
        );
        check(
            400,
            r#"{"error":{"message":"x is not a valid model ID","code":400}}"#,
            "ModelGone",
        );
    }

    #[test]
    fn prompts_that_are_too_long() {
        let check = |status: u16, body: &str, limit: Option<u64>, sent: Option<u64>| {
            let error = classified(Some(status), body);
            assert_eq!(error, ApiError::TooLong { limit, sent }, "{body}");
        };
        let xai = r#"{"code":"c","error":"This model's maximum prompt length is 131072 but the request contains 200001 tokens."}"#;
        check(400, xai, Some(131_072), Some(200_001));
        check(500, xai, Some(131_072), Some(200_001));
        check(
            400,
            r#"{"error":{"message":"This model's maximum context length is 8,192 tokens. However, you requested 9,000 tokens (8500 in the messages, 500 in the completion).","code":"context_length_exceeded"}}"#,
            Some(8192),
            Some(9000),
        );
        check(
            400,
            r#"{"error":{"code":400,"message":"request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it"}}"#,
            Some(4096),
            Some(5000),
        );
        check(400, r#"{"error":"prompt is too long"}"#, None, None);
        check(
            400,
            r#"{"error":"grok-4.20-0309: maximum prompt length is 99"}"#,
            Some(99),
            None,
        );
        let line = classified(Some(400), xai).to_string();
        assert!(line.contains("200001") && line.contains("131072"), "{line}");
    }

    #[test]
    fn parameters_that_are_refused() {
        let check = |body: &str, expected: &str| match classified(Some(400), body) {
            ApiError::ParameterRefused { parameter, .. } => {
                assert_eq!(parameter, expected, "{body}");
            }
            other => panic!("{body}: {other:?}"),
        };
        check(
            r#"{"code":"Client specified an invalid argument","error":"Model grok-4 does not support parameter reasoningEffort."}"#,
            "reasoning_effort",
        );
        check(
            r#"{"error":"grok-4 does not support parameter presencePenalty"}"#,
            "presence_penalty",
        );
        check(
            r#"{"error":"This model does not support parameter `stop`."}"#,
            "stop",
        );
        check(
            r#"{"code":"400","error":"Argument not supported: reasoning"}"#,
            "reasoning_effort",
        );
        check(
            r#"{"code":"400","error":"Argument not supported: instructions and previous_response_id together"}"#,
            "instructions",
        );
        check(
            r#"{"error":{"message":"Unsupported parameter: 'text.format' is not supported with this model.","param":"text.format"}}"#,
            "response_format",
        );
        check(
            r#"{"error":"Unsupported parameter(s): max_completion_tokens"}"#,
            "max_completion_tokens",
        );
        check(
            r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
            "max_tokens",
        );
        check(
            r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model.","param":"temperature","code":"unsupported_value"}}"#,
            "temperature",
        );
        check(
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
            "stream_options",
        );
        check(
            r#"{"error":"Structured outputs are not supported by this model"}"#,
            "response_format",
        );
    }

    #[test]
    fn a_key_is_no_refused_parameter() {
        let key = Key::new("xai-S3cr3tS3cr3tS3cr3t").unwrap();
        let body = format!(
            "{{\"error\":\"does not support parameter {}\"}}",
            key.expose()
        );
        let error = classify(&Refusal {
            status: Some(400),
            said: &Said::from_body(body.as_bytes()),
            model: "grok-x",
            bytes: 0,
            wait: None,
            key: Some(&key),
        });
        let parameter = "key".to_owned();
        let said = "does not support parameter [key]".to_owned();
        assert_eq!(error, ApiError::ParameterRefused { parameter, said });
    }

    #[test]
    fn a_value_out_of_bounds_is_no_refused_parameter() {
        check(
            400,
            r#"{"code":"Client specified an invalid argument","error":"Invalid value for parameter max_completion_tokens: 0"}"#,
            "Rejected",
        );
        check(
            422,
            "Failed to deserialize the JSON body into the target type",
            "Rejected",
        );
    }

    #[test]
    fn images_that_are_refused() {
        check(
            400,
            r#"{"code":"invalid-argument","error":"invalid image: cannot decode"}"#,
            "ImageRefused",
        );
        check(
            400,
            r#"{"error":"Image has 64 pixels, which is below the minimum of 512 pixels"}"#,
            "ImageRefused",
        );
        check(
            400,
            r#"{"error":"The dimensions 4x400 are too small"}"#,
            "ImageRefused",
        );
        check(
            400,
            r#"{"error":"Failed to download image from URL"}"#,
            "ImageRefused",
        );
        check(
            400,
            r#"{"error":{"message":"This model does not support image input"}}"#,
            "ImageRefused",
        );
    }

    #[test]
    fn accounts_without_money() {
        check(
            403,
            r#"{"code":"permission-denied","error":"Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai."}"#,
            "NoMoney",
        );
        let used = r#"{"code":"c","error":"Your team 7f3 has either used all available credits or reached its monthly spending limit."}"#;
        check(403, used, "NoMoney");
        check(429, used, "NoMoney");
        check(402, "", "NoMoney");
        check(
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan","code":"insufficient_quota"}}"#,
            "NoMoney",
        );
        check(
            402,
            r#"{"error":{"message":"This request requires more credits","code":402}}"#,
            "NoMoney",
        );
    }

    #[test]
    fn content_that_is_refused() {
        check(
            403,
            r#"{"code":"permission-denied","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_X"}"#,
            "ContentRefused",
        );
        check(
            400,
            r#"{"error":{"message":"The response was filtered due to content management policy","code":"content_filter"}}"#,
            "ContentRefused",
        );
        let error = classified(
            Some(403),
            r#"{"error":"Content violates usage guidelines: why."}"#,
        );
        assert!(
            error.to_string().contains("violates usage guidelines: why"),
            "{error}"
        );
    }

    #[test]
    fn limits_of_rate_and_size() {
        check(
            429,
            r#"{"code":"Some resource has been exhausted","error":"Too many requests for team 7f3 and model grok-4.3. Your team's rate limit is — Requests per Second (actual/limit): 2/2"}"#,
            "RateLimited",
        );
        check(429, "", "RateLimited");
        check(
            429,
            r#"[{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}]"#,
            "RateLimited",
        );
        check(
            413,
            "<html><title>413 Request Entity Too Large</title></html>",
            "TooBig",
        );
        let line = classified(Some(413), "").to_string();
        assert!(line.contains("51 MB"), "{line}");
        let line = classified(Some(429), "").to_string();
        assert!(line.contains("try again in 7 s"), "{line}");
    }

    #[test]
    fn what_passes_and_what_does_not() {
        for status in [500, 502, 503, 504, 520, 521, 522, 523, 524, 529] {
            check(status, "", "Passing");
            check(status, "<html><h1>oops</h1></html>", "Passing");
        }
        check(
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            "Passing",
        );
        for status in [400, 406, 409, 410, 422, 501, 505, 525, 599] {
            check(status, r#"{"error":"no"}"#, "Rejected");
        }
        check(403, r#"{"error":"You may not."}"#, "Forbidden");
        check(404, r#"{"detail":"Not Found"}"#, "NotFound");
        check(404, "404 page not found", "NotFound");
        check(405, "", "NotFound");
    }

    #[test]
    fn errors_inside_a_200_are_told_apart_too() {
        let check = |body: &str, expected: &str| {
            assert_eq!(kind(&classified(None, body)), expected, "{body}");
        };
        check(
            r#"{"error":{"code":502,"message":"Provider disconnected"}}"#,
            "Passing",
        );
        check(r#"{"error":{"code":429,"message":"slow"}}"#, "RateLimited");
        check(
            r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "Passing",
        );
        check(
            r#"{"error":{"message":"Internal server error"}}"#,
            "Passing",
        );
        check(
            r#"{"code":"c","error":"Incorrect API key provided"}"#,
            "BadKey",
        );
        check(
            r#"{"error":"maximum prompt length is 99 but the request contains 100"}"#,
            "TooLong",
        );
        check(r#"{"error":"something else"}"#, "Rejected");
        check("", "Rejected");
    }
}
