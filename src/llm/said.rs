//! What a server said when it refused, out of any shape it may have said it in.

use super::key::{Key, scrub};
use crate::text;
use serde_json::Value;

/// The longest text of a server that is passed on, in characters.
const LONGEST: usize = 300;

/// The gist of an error body: never raw HTML, never long, never a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The sentence for people; empty when there was none.
    pub text: String,
    /// The kind of error by the server's own name, a sentence or kebab-case.
    pub code: String,
    /// The parameter that the server complains about, where it names one apart.
    pub parameter: Option<String>,
    /// The HTTP status, where the body repeats one.
    pub status: Option<u16>,
}

impl Said {
    /// Reads a whole body: JSON of any shape, HTML or plain text.
    pub fn from_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self {
                text: short(&without_html(text)),
                ..Self::default()
            },
        }
    }

    /// Reads a JSON value: xAI's flat shape, nested objects, arrays, bare strings.
    pub fn from_json(value: &Value) -> Self {
        let mut said = Self::default();
        said.take(value, 0);
        said.text = short(&said.text);
        said.code = short(&said.code);
        said.parameter = said.parameter.as_deref().map(short);
        said
    }

    /// The same without the key, before it is taken apart.
    pub(super) fn without_key(&self, key: Option<&Key>) -> Self {
        Self {
            text: scrub(&self.text, key),
            code: scrub(&self.code, key),
            parameter: self.parameter.as_deref().map(|name| scrub(name, key)),
            status: self.status,
        }
    }

    /// What is shown: the sentence, else the code.
    pub fn shown(&self) -> &str {
        if self.text.is_empty() {
            &self.code
        } else {
            &self.text
        }
    }

    fn take(&mut self, value: &Value, depth: u8) {
        if depth > 6 {
            return;
        }
        match value {
            Value::String(text) => self.take_text(text, depth),
            Value::Array(items) => {
                for item in items {
                    self.take(item, depth + 1);
                }
            }
            Value::Object(fields) => {
                for name in ["code", "type", "status", "status_code", "statusCode"] {
                    self.take_code(fields.get(name));
                }
                if let Some(Value::String(name)) = fields.get("param") {
                    self.parameter.get_or_insert_with(|| name.clone());
                }
                // FastAPI names the place of the fault, the field last.
                if let Some(Value::Array(place)) = fields.get("loc")
                    && let Some(Value::String(name)) = place.last()
                {
                    self.parameter.get_or_insert_with(|| name.clone());
                }
                // OpenRouter wraps the provider's own words, and its sentence says nothing.
                let wrapped = fields.get("metadata").and_then(|m| m.get("raw"));
                let sentences = [
                    "error",
                    "message",
                    "detail",
                    "errors",
                    "msg",
                    "error_description",
                    "title",
                ];
                for sentence in wrapped
                    .into_iter()
                    .chain(sentences.iter().filter_map(|n| fields.get(*n)))
                {
                    self.take(sentence, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The first sentence found counts; one that is JSON or HTML itself is opened.
    fn take_text(&mut self, text: &str, depth: u8) {
        let text = text.trim();
        if !self.text.is_empty() {
            return;
        }
        if text.starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str::<Value>(text)
        {
            self.take(&inner, depth + 1);
        }
        if self.text.is_empty() {
            self.text = without_html(text);
        }
    }

    fn take_code(&mut self, value: Option<&Value>) {
        let number = match value {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => {
                let number = text.parse().ok();
                if number.is_none() && self.code.is_empty() {
                    self.code.clone_from(text);
                }
                number
            }
            _ => None,
        };
        let status = number.and_then(|n| u16::try_from(n).ok());
        self.status = self.status.or(status.filter(|s| (400..600).contains(s)));
    }
}

/// `text` with the HTML page at its start or within it replaced by the page's title.
fn without_html(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let starts = ["<!doctype", "<html", "<head", "<body"];
    let start = if lower.starts_with('<') {
        Some(0)
    } else {
        starts.iter().filter_map(|tag| lower.find(tag)).min()
    };
    match start.and_then(|at| text.split_at_checked(at)) {
        Some((before, page)) => format!("{before}{}", html(page)),
        None => text.to_owned(),
    }
}

/// The title of an HTML page, in words.
fn html(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let inside = |tag: &str| {
        let from = lower.find(&format!("<{tag}"))?;
        let from = from + lower.get(from..)?.find('>')? + 1;
        let to = from + lower.get(from..)?.find("</")?;
        let title = short(page.get(from..to)?);
        (!title.is_empty() && !title.contains('<')).then_some(title)
    };
    match inside("title").or_else(|| inside("h1")) {
        Some(title) => format!("a web page titled \"{title}\""),
        None => "a web page".to_owned(),
    }
}

/// `long` on one line, cut at 300 characters.
pub(super) fn short(long: &str) -> String {
    text::one_line(long, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(body: &str, text: &str, code: &str) {
        let said = Said::from_body(body.as_bytes());
        assert_eq!(
            (said.text.as_str(), said.code.as_str()),
            (text, code),
            "{body}"
        );
    }

    #[test]
    fn every_shape_gives_its_sentence() {
        // xAI: flat, the code a sentence or kebab-case.
        check(
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***yz."}"#,
            "Incorrect API key provided: xa***yz.",
            "Client specified an invalid argument",
        );
        check(
            r#"{"code":"personal-team-blocked:spending-limit","error":"You have run out."}"#,
            "You have run out.",
            "personal-team-blocked:spending-limit",
        );
        // OpenAI and most others: nested.
        check(
            r#"{"error":{"message":"No.","type":"invalid_request_error","param":"x","code":null}}"#,
            "No.",
            "invalid_request_error",
        );
        check(r#"{"error":"model not loaded"}"#, "model not loaded", "");
        check(
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            "Loading model",
            "unavailable_error",
        );
        check(
            r#"{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}"#,
            "too long",
            "BadRequestError",
        );
        check(
            r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]"#,
            "slow",
            "RESOURCE_EXHAUSTED",
        );
        check(
            r#"{"detail":[{"loc":["body","model"],"msg":"field required","type":"missing"}]}"#,
            "field required",
            "missing",
        );
        check(r#"{"detail":"Not Found"}"#, "Not Found", "");
        check(r#"{"message":"no Route matched"}"#, "no Route matched", "");
        check(
            r#"{"errors":[{"message":"first"},{"message":"second"}]}"#,
            "first",
            "",
        );
        check(r#"{"title":"Bad Gateway","status":502}"#, "Bad Gateway", "");
        check(
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"the real one\"}}"}}}"#,
            "the real one",
            "",
        );
        check(
            r#"{"error":{"message":"{\"error\":\"inner\"}"}}"#,
            "inner",
            "",
        );
        check(r#""just a string""#, "just a string", "");
        check(
            "upstream connect error\r\n\treset",
            "upstream connect error reset",
            "",
        );
        check("\u{feff}  plain ", "plain", "");
        check("", "", "");
        check("{}", "", "");
        check("null", "", "");
        check("[]", "", "");
        check(r#"{"error":null}"#, "", "");
        check(r#"{"error":true,"code":[]}"#, "", "");
        check(r#"{"error": {"mess"#, r#"{"error": {"mess"#, "");
    }

    #[test]
    fn html_is_never_shown_raw() {
        check(
            "<!DOCTYPE html><html><head><TITLE>502 Bad\nGateway</TITLE></head><body>…</body></html>",
            "a web page titled \"502 Bad Gateway\"",
            "",
        );
        check(
            "<html><h1 class=x>Denied</h1></html>",
            "a web page titled \"Denied\"",
            "",
        );
        check("<html><title></title><p>x</p></html>", "a web page", "");
        check("<html><title>open", "a web page", "");
        check("<", "a web page", "");
        check(
            "bad gateway: <html><title>x</title>",
            "bad gateway: a web page titled \"x\"",
            "",
        );
        check(
            r#"{"error":"<html><title>Oops</title></html>"}"#,
            "a web page titled \"Oops\"",
            "",
        );
    }

    #[test]
    fn numbers_that_are_statuses_are_found() {
        let check = |body: &str, expected: Option<u16>| {
            assert_eq!(Said::from_body(body.as_bytes()).status, expected, "{body}");
        };
        check(r#"{"error":{"code":429,"message":"m"}}"#, Some(429));
        check(r#"{"error":{"code":"503","message":"m"}}"#, Some(503));
        check(r#"{"status":502}"#, Some(502));
        check(r#"{"code":7,"error":"m"}"#, None);
        check(r#"{"code":70000}"#, None);
    }

    #[test]
    fn long_texts_are_cut_and_control_characters_dropped() {
        let long = Said::from_body("μ".repeat(5000).as_bytes());
        assert_eq!(long.text.chars().count(), LONGEST + 1);
        check("\u{1b}[31mred\u{7}", "[31mred", "");
        for place in [r#""param":"#, r#""loc":["body","#] {
            let close = if place.contains('[') { "]" } else { "" };
            let name = format!("a\\u202e{}", "b".repeat(5_000));
            let body = format!(r#"{{"error":"m",{place}"{name}"{close}}}"#);
            let parameter = Said::from_body(body.as_bytes()).parameter.unwrap();
            assert_eq!(parameter.chars().count(), LONGEST + 1, "{place}");
            assert!(!parameter.contains('\u{202e}'), "{place}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_one_short_line(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            crate::judges::errors::becomes_one_short_line(None, &body);
        }

        #[test]
        fn any_markup_gives_no_markup(page in "<[a-z<>/ ]{0,40}") {
            let said = Said::from_body(page.as_bytes());
            prop_assert!(!said.text.contains('<'));
        }
    }
}
